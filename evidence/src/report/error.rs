//! Why there is no report.

/// Why a report could not be made: it is whole or not at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store.
    #[error(transparent)]
    Store(#[from] lineal_engine::Error),
    /// The closure of the thing, which may be too large.
    #[error(transparent)]
    Closure(#[from] crate::Error),
    /// A question of the report, or the check that goes into it.
    #[error(transparent)]
    Check(#[from] crate::check::Error),
    /// The rules that the check is made by.
    #[error(transparent)]
    Rules(#[from] crate::rules::Error),
    /// What is recorded of decisions and signatures.
    #[error(transparent)]
    Record(#[from] crate::record::Error),
    /// A thing that reports of this kind are not about.
    #[error(
        "a report of the kind {report} is about {wanted}, and {name} is none: name one of these"
    )]
    WrongKind {
        /// The kind of report.
        report: &'static str,
        /// What it is about.
        wanted: &'static str,
        /// What was named.
        name: String,
    },
    /// The file that says the order of a report is none.
    #[error("{file}: {message}")]
    Order {
        /// The file.
        file: String,
        /// What is wrong.
        message: String,
    },
}
