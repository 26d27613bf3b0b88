//! Why there is no report.

use lineal_query::told::Unresolved;

/// Why a report could not be made: it is whole or not at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store.
    #[error(transparent)]
    Store(#[from] lineal_engine::Error),
    /// The closure of the thing, which may be too large; or what a report asks, a policy, another kind.
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
    /// Nothing has the name that was given, or several things have it.
    #[error("{why}")]
    Unresolved {
        /// The commit of the view in which it was looked for.
        commit: u64,
        /// Why.
        #[source]
        why: Unresolved,
    },
    /// Nothing has that name among what may be seen.
    #[error("nothing of that name, or nothing that may be seen")]
    Unseen,
    /// For who is bound to systems: it is not of one of these, or cannot be made of one alone.
    #[error(
        "a report of the kind {report} for who is bound to systems stays within one of these, and {name} does not"
    )]
    Unconfined {
        /// The kind of report.
        report: &'static str,
        /// What was named.
        name: String,
    },
    /// An event was named.
    #[error(
        "{name} is an event, and no report is about one: name its system, its deployment or its model"
    )]
    Event {
        /// What was named.
        name: String,
    },
    /// Something that a report of this kind does not take.
    #[error("a report of the kind {report} does not take `{name}`")]
    Untaken {
        /// The kind of report.
        report: &'static str,
        /// What it does not take.
        name: &'static str,
    },
    /// Something that a report of this kind needs.
    #[error("a report of the kind {report} needs `{name}`: what it is about")]
    Unsaid {
        /// The kind of report.
        report: &'static str,
        /// What is missing.
        name: &'static str,
    },
    /// A time that is none.
    #[error(
        "`{name}`: {text} is no time; write 2026-03-14 or 2026-03-14T09:00:00Z (a time of day needs its zone)"
    )]
    NoTime {
        /// Which of the times.
        name: &'static str,
        /// What was written.
        text: String,
    },
    /// More events than a sample holds.
    #[error("`sample` is {most} at most")]
    SampleTooLarge {
        /// The most.
        most: usize,
    },
}
