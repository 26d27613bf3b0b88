//! How a failure is told: a name for programs, and words without the server's folders, in which options are
//! called as requests call them.

use super::{CANCELLED, Hands};
use serde_json::Value as Json;
use std::path::Path;

/// A name for programs, and what happened.
pub(crate) type Failed = (&'static str, String);

/// What is told of an error of the store: its own words name files of the server.
const STORE_FAILED: &str = "the store could not be written; the server's log says why";

/// The name, for programs, of what was recorded although something behind it failed.
pub(crate) const RECORDED: &str = "recorded";
/// Said of an import that ended early.
const BEGUN: &str = "is recorded as far as it came and stays; asked for again it goes on from there and brings nothing twice";

impl Hands {
    /// An error of an import as it is told: what was read is called by its label, and no folder of
    /// the server is named.
    pub(crate) fn failed(&self, error: &lineal_import::Error, read: &Path, label: &str) -> Failed {
        let name = match error {
            lineal_import::Error::Store(error) => return self.store_failed(error),
            lineal_import::Error::Begun { import, source, .. } => {
                let (name, why) = self.failed(source, read, label);
                let name = if name == "store-damaged" { name } else { RECORDED };
                return (name, format!("{why}; import:{import} {BEGUN}"));
            }
            lineal_import::Error::Stopped => CANCELLED,
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
        if let lineal_engine::Error::Stands { commit, stands, .. } = error {
            return (RECORDED, format!("{}; the server's log says why", stands.words(*commit)));
        }
        (if error.is_damage() { "store-damaged" } else { "store" }, STORE_FAILED.to_owned())
    }
}

impl Hands {
    /// Writes what is derived of what was committed. What the medium does not take is no failure of that: it is
    /// logged, and the next commit writes it.
    ///
    /// # Errors
    /// What else the store says.
    pub(crate) fn derive(&self) -> Result<(), lineal_engine::Error> {
        match self.store.write_indexes() {
            Err(error @ lineal_engine::Error::Stands { .. }) => {
                tracing::error!(store = self.tenant.name(), %error, "what is derived waits");
                Ok(())
            }
            done => done,
        }
    }

    /// The report of an import as it is told: what waits is said without the server's folders.
    pub(crate) fn told(&self, report: &lineal_import::Report, read: &Path, label: &str) -> Json {
        let mut json = report.to_json();
        if let Some(waits) = &report.waits {
            tracing::error!(store = self.tenant.name(), waits, "what is derived waits");
            let told = without_paths(waits, read, label, &self.uploads, self.tenant.name());
            json["waits"] = told.into();
        }
        json
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
    fn what_stands_is_told_as_recorded_and_without_folders() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("store");
        let (hands, _) = Hands::over(&place);
        let full = || lineal_engine::Error::Io {
            action: "write",
            path: place.join("index/graph-000000000002.idx.tmp"),
            source: std::io::ErrorKind::StorageFull.into(),
        };
        assert_eq!(hands.store_failed(&full()).0, "store", "nothing is recorded");
        let stands = lineal_engine::Stands::Unseen;
        let unseen = lineal_engine::Error::Stands { commit: 2, stands, source: Box::new(full()) };
        let (name, why) = hands.store_failed(&unseen);
        assert!(name == RECORDED && why.starts_with("commit 2 is recorded and stays"), "{why}");
        let source = Box::new(lineal_import::Error::Store(full()));
        let begun = lineal_import::Error::Begun { import: 2, commits: 3, source };
        let (name, why) = hands.failed(&begun, Path::new("/srv/a.db"), "a.db");
        assert!(name == RECORDED && why.contains("import:2 is recorded"), "{why}");
        let words = lineal_engine::Stands::Derived.words(2);
        let report = lineal_import::Report {
            import: Some(2),
            commits: 1,
            waits: Some(format!("{words} ({})", full())),
            ..lineal_import::Report::default()
        };
        let told = hands.told(&report, Path::new("/srv/a.db"), "a.db");
        let waits = told["waits"].as_str().unwrap();
        assert!(waits.contains("main/index/graph") && waits.contains("commit 2"), "{waits}");
        assert!(!waits.contains(&*place.to_string_lossy()), "{waits}");
    }

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
