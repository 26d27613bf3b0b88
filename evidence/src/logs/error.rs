//! Why logs were not handed over.

use crate::canonical::NotCanonical;
use lineal_engine::Unproved;
use std::path::PathBuf;

/// Why not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogsError {
    /// The store.
    #[error(transparent)]
    Store(#[from] lineal_engine::Error),
    /// Neither a system nor a deployment.
    #[error("logs are those of a system or of a deployment, and {name} is none: name one of these")]
    WrongKind {
        /// What was named.
        name: String,
    },
    /// A system to which no deployment belongs.
    #[error(
        "no deployment on record belongs to {name}, so it has no logs here; \
         `lineal declare node DEPLOYMENT --belongs-to {name}` records that one does"
    )]
    NoDeployments {
        /// The system.
        name: String,
    },
    /// Nobody waits for it any more.
    #[error("it was ended before it was whole: what stands in the folder has no statement")]
    Stopped,
    /// The folder holds something.
    #[error(
        "{path} is not empty: logs are written into a new or empty folder, so that all of it is in the statement"
    )]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error(
        "{path} cannot be written: {source}; what stands in the folder is not whole, as it has no statement"
    )]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// What the medium says.
        source: std::io::Error,
    },
    /// Parquet's library refuses.
    #[error("{path} cannot be written as Parquet: {why}")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What it says.
        why: String,
    },
    /// Nothing to prove against.
    #[error(
        "no checkpoint of commit {commit} is kept that a key signed which the log trusts now, and a proof is shown against a signed one; \
         `lineal checkpoint` makes one of the newest commit"
    )]
    NoCheckpoint {
        /// The commit of the view.
        commit: u64,
    },
    /// What was to be proved cannot be.
    #[error("the events cannot be proved: {0}")]
    Unproved(#[from] Unproved),
    /// The statement has no canonical form.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
    /// Rows and counters differ.
    #[error(
        "{batch} counts {counted} events and its rows come to {found}: nothing is handed over that does not reconcile; `lineal verify` looks for damage"
    )]
    Unreconciled {
        /// The batch.
        batch: String,
        /// What the counters say.
        counted: u64,
        /// What the rows come to.
        found: u64,
    },
}
