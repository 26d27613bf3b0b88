//! How the command ends: one code a reason, and errors as letters to a tired person.

use crate::render::visible_lines;
use lineal_evidence::record::Error as Recording;
use lineal_query::told::Unresolved;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

/// Why the command ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Exit {
    /// There is an answer.
    Answer = 0,
    /// The answer is no, or a check failed.
    No = 1,
    /// The command or the question is wrong.
    Usage = 2,
    /// The store is damaged.
    Damaged = 3,
    /// It cannot be told, and that was to be a failure.
    CannotTell = 4,
    /// It was done as far as the source could be read, the medium took it, or the time to end allowed.
    Partial = 5,
    /// Ctrl-C ended it early: what a shell says of it, 128 + SIGINT.
    Interrupted = 130,
}

impl Exit {
    /// The code after an answer was printed: whoever reads a pipe may have had enough of the words, and
    /// the verdict stands.
    ///
    /// # Errors
    /// What printing gave, unless the pipe was closed.
    pub(crate) fn after(self, printed: Outcome<()>) -> Outcome {
        match printed {
            Err(failure) if !failure.is_broken_pipe() => Err(failure),
            _ => Ok(self),
        }
    }

    /// The exit code.
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}

/// An error on its way to the user.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The store.
    Store(lineal_engine::Error),
    /// An import.
    Import(lineal_import::Error),
    /// A statement that was not recorded, or a policy.
    Record(lineal_evidence::record::Error),
    /// A question, with its text for the caret.
    Query { error: lineal_query::Error, text: String },
    /// The server.
    #[cfg(feature = "server")]
    Server(Box<lineal_server::Error>),
    /// Output that could not be written.
    Output(io::Error),
    /// Something about the command line, in words.
    Usage(String),
    /// A server that was asked, in words, and the code that this ends with.
    Remote { message: String, exit: Exit },
    /// A file in which a server recognised nothing, in its words.
    NotRecognised(String),
    /// A name that nothing has, with what was searched.
    NotFound(String),
}

impl Failure {
    /// Words about the command line.
    pub(crate) fn usage(message: impl Display) -> Failure {
        Failure::Usage(message.to_string())
    }

    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Failure::Output(e) if e.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The code it ends with.
    pub(crate) fn exit(&self) -> Exit {
        let of_store = |error: &lineal_engine::Error| match error {
            // It is done, and something behind it is not.
            lineal_engine::Error::Stands { .. } => Exit::Partial,
            error if error.is_damage() => Exit::Damaged,
            _ => Exit::Usage,
        };
        match self {
            Failure::Store(error) | Failure::Import(lineal_import::Error::Store(error)) => {
                of_store(error)
            }
            Failure::Query { error: lineal_query::Error::Store(source), .. } => {
                source.downcast_ref().map_or(Exit::Damaged, of_store)
            }
            Failure::Record(error) => match error {
                Recording::Store(error) | Recording::Unresolved(Unresolved::Store(error)) => {
                    of_store(error)
                }
                // The answer is no: who asks may be right in every word.
                Recording::FourEyes { .. } | Recording::KeyState { .. } => Exit::No,
                _ => Exit::Usage,
            },
            #[cfg(feature = "server")]
            Failure::Server(error) => match &**error {
                lineal_server::Error::Store { source, .. } => of_store(source),
                lineal_server::Error::BrokenOff { .. } => Exit::Partial,
                _ => Exit::Usage,
            },
            Failure::Remote { exit, .. } => *exit,
            Failure::Import(lineal_import::Error::Begun { source, .. }) => match &**source {
                lineal_import::Error::Store(error) if error.is_damage() => Exit::Damaged,
                _ => Exit::Partial,
            },
            Failure::Import(
                lineal_import::Error::Strict { .. }
                | lineal_import::Error::NoLogs { .. }
                | lineal_import::Error::NoSource { .. },
            ) => Exit::No,
            _ => Exit::Usage,
        }
    }

    /// In words.
    pub(crate) fn text(&self) -> String {
        match self {
            Failure::Store(error) => error.to_string(),
            Failure::Import(error) => error.to_string(),
            Failure::Record(Recording::Unresolved(Unresolved::Nothing { text, near }))
                if !near.is_empty() =>
            {
                format!("nothing is called {text}\n  did you mean {}?", near.join(", "))
            }
            Failure::Record(error) => error.to_string(),
            Failure::Query { error, text } => error.render(text),
            #[cfg(feature = "server")]
            Failure::Server(error) => error.to_string(),
            Failure::Remote { message, .. } => message.clone(),
            Failure::Output(error) => format!("cannot write the output: {error}"),
            Failure::Usage(message)
            | Failure::NotRecognised(message)
            | Failure::NotFound(message) => message.clone(),
        }
    }

    /// Prints it on standard error: as words, or for programs as JSON.
    pub(crate) fn print(&self, json: bool) {
        let mut err = io::stderr().lock();
        // Nothing is left to do if even this cannot be written.
        let _ = if json {
            let error = match self {
                Failure::Query { error, .. } if error.mistake().is_some() => {
                    error.mistake().map(lineal_query::Mistake::to_json)
                }
                other => Some(serde_json::json!({ "message": other.text() })),
            };
            writeln!(err, "{}", serde_json::json!({ "error": error, "exit": self.exit() as u8 }))
        } else {
            let text = self.text();
            writeln!(err, "error: {}", visible_lines(text.trim_end()))
        };
    }
}

impl From<lineal_engine::Error> for Failure {
    fn from(error: lineal_engine::Error) -> Failure {
        Failure::Store(error)
    }
}
impl From<lineal_query::told::Untold> for Failure {
    fn from(why: lineal_query::told::Untold) -> Failure {
        match why {
            lineal_query::told::Untold::Store(error) => error.into(),
            stopped @ lineal_query::told::Untold::Stopped => Failure::Usage(stopped.to_string()),
        }
    }
}
impl From<lineal_import::Error> for Failure {
    fn from(error: lineal_import::Error) -> Failure {
        Failure::Import(error)
    }
}
impl From<lineal_evidence::record::Error> for Failure {
    fn from(error: lineal_evidence::record::Error) -> Failure {
        Failure::Record(error)
    }
}
impl From<lineal_evidence::record::KeyError> for Failure {
    fn from(error: lineal_evidence::record::KeyError) -> Failure {
        Failure::Record(error.into())
    }
}
#[cfg(feature = "server")]
impl From<lineal_server::Error> for Failure {
    fn from(error: lineal_server::Error) -> Failure {
        Failure::Server(Box::new(error))
    }
}
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}

/// How a command ended.
pub(crate) type Outcome<T = Exit> = Result<T, Failure>;

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_engine::{Error, Stands};

    #[test]
    fn what_stands_is_not_told_as_if_nothing_had_been_done() {
        let full = || Error::Io {
            action: "write",
            path: "index/graph-000000000002.idx.tmp".into(),
            source: io::ErrorKind::StorageFull.into(),
        };
        assert!(Failure::Store(full()).exit() == Exit::Usage, "nothing is recorded");
        for stands in [Stands::Derived, Stands::Unseen, Stands::Unsure, Stands::Erasing] {
            let error = || Error::Stands { commit: 2, stands, source: Box::new(full()) };
            for failure in [
                Failure::Store(error()),
                Failure::Import(error().into()),
                Failure::Record(error().into()),
            ] {
                assert!(failure.exit() == Exit::Partial, "{stands:?}");
                assert!(failure.text().contains("commit 2"), "{}", failure.text());
            }
        }
        let damaged = || Error::Corrupt { file: "x".into(), at: 0, rule: "it is whole".into() };
        for (source, exit) in [(full(), Exit::Partial), (damaged(), Exit::Damaged)] {
            let source = Box::new(source.into());
            let begun =
                Failure::Import(lineal_import::Error::Begun { import: 2, commits: 1, source });
            assert!(begun.exit() == exit && begun.text().contains("import:2 is recorded"));
        }
    }
}
