//! Why an import cannot go on. What is wrong with one item is a reject and stops nothing.

use std::path::PathBuf;

/// Why an import cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A path holds nothing that can be read.
    #[error(
        "nothing recognised under {path}\n  looked for: an MLflow database (mlflow.db), a folder mlruns/, bodies of the MLflow REST API,\n  a folder of mlflow-export-import, events of OpenLineage, ClearML (zip, JSON), dvc.lock, *.dvc, in-toto and SLSA,\n  CycloneDX, SPDX 3, Croissant, PROV-JSON, W&B exports, monitors and audit events of Datadog,\n  Datadog log archives (dt=*/hour=*/*.json.gz), NDJSON, pages of the Logs API{nearest}"
    )]
    NothingRecognised {
        /// The path.
        path: PathBuf,
        /// What came nearest, as a further line; empty if nothing did.
        nearest: String,
    },
    /// There is no such path.
    #[error("{path} is not there")]
    NoSuchPath {
        /// The path.
        path: PathBuf,
    },
    /// A pipe, a socket or a device.
    #[error(
        "{path} is {what}: only files and folders are imported, since each is read more than once\n  write what comes from it into a file first; of logs `lineal import -` does that"
    )]
    NotPlain {
        /// The path.
        path: PathBuf,
        /// What it leads to.
        what: &'static str,
    },
    /// A path cannot be read.
    #[error("{path} cannot be read: {source}")]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Somebody wrote to a file while it was read.
    #[error("{path} changed while it was read; import it again when it is whole")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The MLflow store cannot be read.
    #[error(transparent)]
    Mlflow(#[from] crate::mlflow::Error),
    /// The logs cannot be read.
    #[error(transparent)]
    Datadog(#[from] crate::datadog::Error),
    /// The mapping cannot be used.
    #[error(transparent)]
    Mapping(#[from] crate::mapping::Error),
    /// The mapping's part on logs cannot be used.
    #[error("{file}: {source}")]
    LogMapping {
        /// The file.
        file: String,
        /// What is wrong.
        source: crate::mapping::datadog::MappingError,
    },
    /// `--strict`, and something was rejected.
    #[error("{count} rejected under --strict; nothing was imported. The first: {first}")]
    Strict {
        /// How many.
        count: u64,
        /// The first, with its place.
        first: String,
    },
    /// `--strict`, and files stand beside logs that are none.
    #[error(
        "{files} beside the logs hold none, and --strict leaves nothing out; nothing was imported: {names}\n  move what is no log elsewhere, or leave --strict out: the report then lists it"
    )]
    NoLogs {
        /// How many.
        files: u64,
        /// The first of them, below what was given.
        names: String,
    },
    /// `--strict`, and files stand in an imported folder that no source takes.
    #[error(
        "no source takes {files} of the files in the imported folders, and --strict leaves nothing out; nothing was imported: {names}\n  move what is none elsewhere, fetch again what was cut, or leave --strict out: the report then lists it"
    )]
    NoSource {
        /// How many.
        files: u64,
        /// The first of them, below what was given, each with its reason.
        names: String,
    },
    /// Somebody wished its end before anything was recorded ([`crate::Progress::stop`]).
    #[error("the import was stopped before its first commit: nothing of it is recorded")]
    Stopped,
    /// A link leads out of a folder that was fenced ([`crate::fence()`]).
    #[error(
        "{path} leads out of the folder from which imports may be asked for: nothing was imported\n  put the file itself there, in place of a link"
    )]
    LeadsOut {
        /// The link, or what lies behind one.
        path: PathBuf,
    },
    /// It ended before its end, and what it had committed stands.
    #[error(
        "{source}\n  import:{import} is recorded as far as it came ({commits} {}) and stays: `lineal imports` lists it, and the same import again goes on from there and brings nothing twice",
        if *commits == 1 { "commit" } else { "commits" }
    )]
    Begun {
        /// The import.
        import: u64,
        /// Its commits.
        commits: u64,
        /// What ended it.
        source: Box<Error>,
    },
    /// The state of the source cannot be dated.
    #[error("{label} does not say when it was exported; give --observed-at TIME")]
    NoTime {
        /// The source.
        label: String,
    },
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] lineal_engine::Error),
}

/// A result whose error ends an import.
pub type Result<T, E = Error> = std::result::Result<T, E>;
