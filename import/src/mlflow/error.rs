//! Why an MLflow store cannot be read at all. What is wrong with one item of it is a reject.

use std::io;
use std::path::PathBuf;

/// Why a store cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be read.
    #[error("{path} cannot be read: {source}")]
    Io {
        /// What was read.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The database refuses.
    #[error("{path}: the database fails while its {what} are read: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What was being read.
        what: &'static str,
        /// What the database says.
        source: rusqlite::Error,
    },
    /// The database is shorter than it says.
    #[error(
        "{path} is cut off: its header says {expected} bytes, the file has {found}; copy it again from the tracking server"
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The length that the header gives.
        expected: u64,
        /// The length of the file.
        found: u64,
    },
    /// A database of something else.
    #[error(
        "{path} is a SQLite database, but not MLflow's: it has no tables `experiments` and `runs`; found {found}"
    )]
    NotMlflow {
        /// The file.
        path: PathBuf,
        /// The tables that it has.
        found: String,
    },
    /// A folder of artifacts, whose metadata lies elsewhere.
    #[error(
        "{path} holds artifacts but no metadata (no meta.yaml): the experiments and runs are in the tracking server's database; point to its .db file, for example mlflow.db"
    )]
    ArtifactsOnly {
        /// The folder.
        path: PathBuf,
    },
    /// Nothing of MLflow is there.
    #[error("{path} holds nothing of the form {form}: expected {expected}")]
    Empty {
        /// What was read.
        path: PathBuf,
        /// The form it was read as.
        form: &'static str,
        /// What would have been there.
        expected: &'static str,
    },
}

impl Error {
    /// An error of reading a path.
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { path, source }
    }
}
