//! What can go wrong when evidence is put together.

/// Why it was not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store.
    #[error(transparent)]
    Store(#[from] lineal_engine::Error),
    /// A file could not be read.
    #[error("cannot read {file}: {source}")]
    Unread {
        /// The file.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is no retention policy.
    #[error("{file} cannot be read as a retention policy: {message}")]
    RetentionPolicy {
        /// The file.
        file: String,
        /// What is wrong, with the line.
        message: String,
    },
    /// What reports ask for and cite, as a file of the program says it, cannot be used.
    #[error("{file}: {message}")]
    ReportData {
        /// The file.
        file: &'static str,
        /// What is wrong.
        message: String,
    },
    /// A question of a report was not answered.
    #[error("a question of the report could not be answered: {message}")]
    Question {
        /// What is wrong, with the question.
        message: String,
    },
    /// A question ended early, so that its counts would be too low.
    #[error(
        "a question of the report reached the limit `{limit}`, and a count over a part would mislead: \
         name one model or deployment, or a shorter time"
    )]
    Cut {
        /// The limit.
        limit: String,
    },
    /// Whoever asked for it no longer waits, or its time is over.
    #[error("it was ended before it was done: its time was over, or nobody waited for it")]
    Ended,
    /// More nodes than are handed over in one piece.
    #[error(
        "{name} rests on more than {most} nodes: name something narrower, or ask with `lineal query`"
    )]
    TooLarge {
        /// What was asked for.
        name: String,
        /// How many there may be.
        most: usize,
    },
    /// A form that has no place for a thing of this kind.
    #[error("{form} describes {wanted}, and {name} is none: name one of these")]
    WrongKind {
        /// The form.
        form: &'static str,
        /// What it describes.
        wanted: &'static str,
        /// What was named.
        name: String,
    },
    /// Something that the form demands is not recorded.
    #[error("{form} wants {what} of {name}, and none is recorded{hint}")]
    Missing {
        /// The form.
        form: &'static str,
        /// What it wants.
        what: &'static str,
        /// Of which node.
        name: String,
        /// What would record it.
        hint: &'static str,
    },
}
