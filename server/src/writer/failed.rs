//! How a failure is told: a name for programs, and words without the server's folders, in which options are
//! called as requests call them.

use super::Hands;
use std::path::Path;

/// A name for programs, and what happened.
pub(crate) type Failed = (&'static str, String);

/// What is told of an error of the store: its own words name files of the server.
const STORE_FAILED: &str = "the store could not be written; the server's log says why";

impl Hands {
    /// An error of an import as it is told: what was read is called by its label, and no folder of
    /// the server is named.
    pub(crate) fn failed(&self, error: &lineal_import::Error, read: &Path, label: &str) -> Failed {
        let name = match error {
            lineal_import::Error::Store(error) => return self.store_failed(error),
            lineal_import::Error::Strict { .. }
            | lineal_import::Error::NoLogs { .. }
            | lineal_import::Error::NoSource { .. } => "rejected",
            // A database of another program is named by itself here, and lies beside an export elsewhere.
            lineal_import::Error::NothingRecognised { .. }
            | lineal_import::Error::Mlflow(lineal_import::mlflow::Error::NotMlflow { .. }) => {
                "not-recognised"
            }
            _ => "import",
        };
        (name, without_paths(&in_requests(error), read, label, &self.uploads, self.tenant.name()))
    }

    /// An error of the store as it is told.
    pub(crate) fn store_failed(&self, error: &lineal_engine::Error) -> Failed {
        tracing::error!(store = self.tenant.name(), %error, "the store could not be written");
        (if error.is_damage() { "store-damaged" } else { "store" }, STORE_FAILED.to_owned())
    }
}

/// The words of an error that names options: as a request names them, and not a command line.
fn in_requests(error: &lineal_import::Error) -> String {
    match error {
        lineal_import::Error::Strict { count, first } => {
            format!("{count} rejected under `strict`; nothing was imported. The first: {first}")
        }
        lineal_import::Error::NoLogs { files, names } => format!(
            "{files} beside the logs hold none, and `strict` leaves nothing out; nothing was imported: {names}"
        ),
        lineal_import::Error::NoSource { files, names } => format!(
            "{files} in the folder belong to no source, and `strict` leaves nothing out; nothing was imported: {names}"
        ),
        lineal_import::Error::NotPlain { path, what } => {
            format!("{} is {what}: only files and folders are imported", path.display())
        }
        lineal_import::Error::NoTime { label } => {
            format!("{label} does not say when it was exported; give `observed_at`")
        }
        other => other.to_string(),
    }
}

/// The words without the path that was read, the folder above it, and the store's folder.
fn without_paths(words: &str, read: &Path, label: &str, uploads: &Path, store: &str) -> String {
    let mut words = words.replace(&*read.to_string_lossy(), label);
    // What stands beside the file, as a database's write-ahead log does.
    if let Some(folder) = read.parent().filter(|folder| folder.components().count() > 1) {
        words = words.replace(&format!("{}/", folder.to_string_lossy()), "");
    }
    match uploads.parent() {
        Some(folder) => words.replace(&*folder.to_string_lossy(), store),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_options_as_requests_do() {
        let strict = lineal_import::Error::Strict { count: 2, first: "line 7".to_owned() };
        let undated = lineal_import::Error::NoTime { label: "a.json".to_owned() };
        let beside = lineal_import::Error::NoLogs { files: 1, names: "notes.txt".to_owned() };
        let none = lineal_import::Error::NoSource { files: 1, names: "a.zip (empty)".to_owned() };
        for (error, option) in [
            (strict, "`strict`"),
            (beside, "`strict`"),
            (none, "`strict`"),
            (undated, "`observed_at`"),
        ] {
            let words = in_requests(&error);
            assert!(words.contains(option) && !words.contains("--"), "{words}");
        }
    }

    #[test]
    fn an_error_is_told_without_folders_of_the_server() {
        let (read, uploads) = (Path::new("/srv/l/uploads/7/a.db"), Path::new("/srv/l/uploads"));
        let told = |words: &str| without_paths(words, read, "a.db", uploads, "main");
        assert_eq!(told("/srv/l/uploads/7/a.db cannot be read: no"), "a.db cannot be read: no");
        assert_eq!(told("/srv/l/uploads/7/a.db-wal is cut"), "a.db-wal is cut");
        assert_eq!(told("/srv/l/uploads/7/b is not there"), "b is not there");
        assert_eq!(told("/srv/l/segments is full"), "main/segments is full");
        assert_eq!(told("line 7 of a.db"), "line 7 of a.db");
    }
}
