//! Why there is no pack.

use crate::report::words::counted;
use lineal_query::told::Unresolved;

/// Why there is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store.
    #[error(transparent)]
    Store(#[from] lineal_engine::Error),
    /// The subject is not there, or is several things.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// There is nothing to show anything against.
    #[error(
        "this store keeps no signed checkpoint{upto}: what a pack holds is shown against one\n  \
         `lineal checkpoint` makes one of the newest commit"
    )]
    NoCheckpoint {
        /// ` of commit N or before`, where one was asked for.
        upto: String,
    },
    /// The key that signed it is no longer trusted.
    #[error(
        "the checkpoint of {} is signed by a key that is revoked since, and by no other\n  \
         `lineal checkpoint` makes one of the newest commit, signed by the present key",
        counted(*size, "commit")
    )]
    Untrusted {
        /// Commits in it.
        size: u64,
    },
    /// There is no such commit.
    #[error("there is no commit {number}; the newest is {newest}")]
    NoCommit {
        /// What was asked for.
        number: u64,
        /// What there is.
        newest: u64,
    },
    /// A thing of another kind.
    #[error(
        "a pack is of a model, a system, a deployment or an incident, and {name} is none: name what it belongs to"
    )]
    WrongKind {
        /// What was named.
        name: String,
    },
    /// It is recorded behind the checkpoint.
    #[error(
        "{subject} is not recorded up to the checkpoint of {} ({why})\n  \
         `lineal checkpoint` makes one of the newest commit",
        counted(*size, "commit")
    )]
    NotYet {
        /// What was named.
        subject: String,
        /// Commits in the checkpoint.
        size: u64,
        /// What the view says.
        why: String,
    },
    /// The closure, or a form of it.
    #[error(transparent)]
    Evidence(#[from] crate::Error),
    /// The rules.
    #[error(transparent)]
    Check(#[from] crate::check::Error),
    /// The report that comes along.
    #[error(transparent)]
    Report(#[from] crate::report::Error),
    /// A file of rules.
    #[error(transparent)]
    Rules(#[from] crate::rules::Error),
    /// A key on record.
    #[error(transparent)]
    Record(#[from] crate::record::Error),
    /// A proof that must be there could not be made.
    #[error("{what} cannot be shown: {why}")]
    Unproved {
        /// Of what.
        what: String,
        /// Why.
        why: lineal_engine::Unproved,
    },
    /// More bytes than a pack holds.
    #[error(
        "the pack would have more than {most} bytes, with {path} and what stands before it: name something narrower"
    )]
    TooLarge {
        /// The file at which it was found.
        path: String,
        /// How many there may be.
        most: u64,
    },
    /// Two files would bear one name.
    #[error(
        "two files of the pack would be {path}: nothing was written; tell whoever maintains lineal"
    )]
    TwoOfOnePath {
        /// The path.
        path: String,
    },
    /// The log's key was changed while the pack was made.
    #[error(
        "the log's key changed from {before} to {now} while the pack was made: nothing was written; make it again"
    )]
    KeyChanged {
        /// The key that stands in the pack.
        before: String,
        /// The one that signs now.
        now: String,
    },
    /// Nobody waits for it any more.
    #[error("it was ended before it was whole: nothing was written")]
    Stopped,
    /// The zip could not be written.
    #[error("the zip cannot be written: {0}")]
    Zip(String),
}
