//! The line editor: rustyline with our ears and eyes, and the history file.

use super::completer::Completer;
use super::highlighter::highlight;
use super::hinter::{self, hint};
use super::history;
use super::validator::is_complete;
use crate::exit::{Failure, Outcome};
use crate::render::{colours, visible};
use rustyline::completion::{self, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::CmdKind;
use rustyline::history::FileHistory;
use rustyline::validate::{self, ValidationContext, ValidationResult};
use rustyline::{ColorMode, CompletionType, Config, Context, Editor, Helper};
use std::borrow::Cow;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Statements remembered from visit to visit.
const HISTORY_MAX: usize = 2_000;
/// More candidates than this are listed only after a question.
const CANDIDATES_MAX: usize = 100;

const PROMPT: &str = "lineal> ";

/// What the editor calls while a line is typed.
pub(crate) struct Guide {
    pub(crate) completer: Completer,
    /// Nobody has asked yet in this visit.
    pub(crate) novice: bool,
}

impl Helper for Guide {}

impl completion::Completer for Guide {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, words) = self.completer.candidates(line, cursor);
        // The only word that fits is whole; a function and a name wait for what follows.
        let alone = words.len() == 1;
        let pair = |word: String| {
            let goes_on = word.ends_with('(') || word.contains(':') || word.starts_with('$');
            let space = if alone && !goes_on { " " } else { "" };
            // A recorded name must not drive the screen; within quotes its escapes mean the same.
            let word = visible(&word).into_owned();
            Pair { replacement: format!("{word}{space}"), display: word }
        };
        Ok((start, words.into_iter().map(pair).collect()))
    }
}

impl rustyline::hint::Hint for hinter::Hint {
    fn display(&self) -> &str {
        &self.shown
    }

    fn completion(&self) -> Option<&str> {
        self.taken.as_deref()
    }
}

impl rustyline::hint::Hinter for Guide {
    type Hint = hinter::Hint;

    fn hint(&self, line: &str, cursor: usize, _: &Context<'_>) -> Option<hinter::Hint> {
        let found = (cursor == line.len()).then(|| hint(&self.completer, line, self.novice))?;
        // Without a faint colour the rest of a word would look as if it had been typed.
        found.filter(|hint| hint.taken.is_none() || colours())
    }
}

impl rustyline::highlight::Highlighter for Guide {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        if colours() { highlight(line).into() } else { line.into() }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if colours() { format!("\x1b[2m{hint}\x1b[0m").into() } else { hint.into() }
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        colours() && kind != CmdKind::MoveCursor
    }
}

impl validate::Validator for Guide {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_complete(context.input()) {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

/// What came from the keyboard.
pub(crate) enum Typed {
    /// Lines, as they stand.
    Text(String),
    /// Ctrl-C: what was typed is thrown away.
    Dropped,
    /// Ctrl-D on an empty line.
    End,
}

/// The editor and its history file.
pub(crate) struct Prompt {
    editor: Editor<Guide, FileHistory>,
    history: Option<PathBuf>,
}

impl Prompt {
    /// Opens it. A history that cannot be read or kept is no reason not to begin.
    pub(crate) fn new(guide: Guide) -> Outcome<Prompt> {
        let config = || -> rustyline::Result<Config> {
            let colours = if colours() { ColorMode::Enabled } else { ColorMode::Disabled };
            Ok(Config::builder()
                .max_history_size(HISTORY_MAX)?
                .history_ignore_dups(true)?
                .history_ignore_space(true)
                .completion_type(CompletionType::List)
                .completion_prompt_limit(CANDIDATES_MAX)
                .completion_show_all_if_ambiguous(true)
                .color_mode(colours)
                .build())
        };
        let mut editor = config().and_then(Editor::with_config).map_err(refused)?;
        editor.set_helper(Some(guide));
        let history = history::file();
        if let Some(file) = &history {
            let _ = history::mend(file);
            let _ = editor.load_history(file);
        }
        Ok(Prompt { editor, history })
    }

    /// What is shown and offered while typing.
    pub(crate) fn guide(&mut self) -> Option<&mut Guide> {
        self.editor.helper_mut()
    }

    /// Lines that fit the screen.
    pub(crate) fn height(&mut self) -> Option<usize> {
        self.editor.dimensions().map(|(_, rows)| usize::from(rows))
    }

    /// Waits for a statement and remembers it.
    pub(crate) fn read(&mut self) -> Outcome<Typed> {
        match self.editor.readline(PROMPT) {
            Ok(text) => {
                if !text.trim().is_empty() {
                    let _ = self.editor.add_history_entry(text.trim_end());
                    self.remember();
                }
                Ok(Typed::Text(text))
            }
            Err(ReadlineError::Interrupted) => Ok(Typed::Dropped),
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(error) => Err(refused(error)),
        }
    }

    /// Written after each statement: two visits at a time lose nothing of each other.
    fn remember(&mut self) {
        if let Some(file) = &self.history {
            let _ = self.editor.append_history(file);
            // A question may hold a person's hash: for nobody else's eyes.
            let _ = std::fs::set_permissions(file, Permissions::from_mode(0o600));
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn refused(error: ReadlineError) -> Failure {
    Failure::usage(format!("the terminal refuses: {error}; `lineal query` needs none"))
}
