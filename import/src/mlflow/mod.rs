//! MLflow: tracking stores and model registries, in four forms.
//!
//! A database, a folder of files, bodies of the REST API, and the folders of mlflow-export-import
//! are each read into one model of a store (`store`), which one mapper (`map`) turns into records.
//! So a run says the same, whatever it was read from, and a thinner form only says less.

mod beside;
mod counts;
mod datasets;
mod error;
mod export_import;
mod file;
mod json;
mod laid;
mod map;
mod personal;
mod point;
mod reading;
mod recognise;
mod rest;
mod runs;
mod sound;
mod source_name;
mod spill;
mod sqlite;
mod store;
mod versions;

pub use counts::Counts;
pub use error::Error;
pub(crate) use file::nests_deeply as yaml_nests_deeply;
pub(crate) use json::parse as json_of_python;
pub(crate) use personal::is_personal;
pub use reading::{Ended, Reading, open, read};
pub use recognise::recognise;

use crate::record::{NodeRecord, Reject};
use std::path::{Path, PathBuf};

/// In which form a store lies before us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// The database of a tracking server.
    Sqlite,
    /// A folder `mlruns`.
    File,
    /// Bodies of the REST API: a file or a folder of them.
    Rest,
    /// A folder made by mlflow-export-import.
    ExportImport,
}

impl Form {
    /// The form's name in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Form::Sqlite => "mlflow-sqlite",
            Form::File => "mlflow-file",
            Form::Rest => "mlflow-rest",
            Form::ExportImport => "mlflow-export-import",
        }
    }

    /// The form of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Form> {
        [Form::Sqlite, Form::File, Form::Rest, Form::ExportImport]
            .into_iter()
            .find(|form| form.name() == name)
    }
}

/// Where the store itself lies that a path means: the database in a folder, `mlruns` in its parent.
#[must_use]
pub fn root(path: &Path, form: Form) -> PathBuf {
    match form {
        Form::Sqlite => recognise::database(path),
        Form::File => file::root(path).unwrap_or_else(|| path.to_owned()),
        Form::Rest | Form::ExportImport => path.to_owned(),
    }
}

/// The files of which a source in a folder consists, where that is not all of the folder: of bodies of the REST API
/// those that are bodies.
///
/// # Errors
/// What the medium says of the folder.
pub fn bodies(path: &Path, form: Form) -> Result<Option<Vec<PathBuf>>, Error> {
    if form == Form::Rest && path.is_dir() { rest::bodies(path).map(Some) } else { Ok(None) }
}

/// What of a folder is the store, where the folder itself is one: its experiments, its registry, its index. None for
/// forms that are files.
#[must_use]
pub fn parts(root: &Path, form: Form) -> Option<Vec<PathBuf>> {
    match form {
        Form::File => Some(file::parts(root)),
        Form::ExportImport => Some(export_import::parts(root)),
        Form::Sqlite | Form::Rest => None,
    }
}

/// Everything one MLflow store says.
#[derive(Debug)]
pub struct Snapshot {
    /// The store's name, which qualifies its keys: `mlflow-` and 8 hex digits, or what was given.
    pub source: String,
    /// The form it was read from.
    pub form: &'static str,
    /// When the export was made, in ns, where it says so.
    pub observed_at: Option<i64>,
    /// The newest time at which something was made, changed, started or ended, in ns. Times of
    /// metric points are left out: users set them as they like.
    pub newest_time: Option<i64>,
    /// Is this all that the store holds? Then what it no longer names is gone from it. Not for
    /// pages and exports, and not where something could not be read.
    pub full: bool,
    /// The records, in the order of kinds and keys.
    pub records: Vec<NodeRecord>,
    /// What was read.
    pub counts: Counts,
    /// What was read and deliberately not imported, with counts.
    pub skipped: Vec<(String, u64)>,
    /// What could not be read.
    pub rejects: Vec<Reject>,
    /// What a reader of the answers should know.
    pub warnings: Vec<String>,
}
