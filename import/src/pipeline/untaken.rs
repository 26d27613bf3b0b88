//! Files below an imported folder that no source takes: passed over in silence they would be lost.
//!
//! What hides itself and what an export carries beside its data is nobody's loss: names that begin with a
//! dot, the logs of a database, sums of checks, what DVC looks after, the artifacts of MLflow.

use super::recognise::{DEPTH_MAX, Found, called_as_source};
use super::staging::first_of;
use crate::error::{Error, Result};
use crate::mlflow::{self, Form};
use crate::report::NoSource;
use std::collections::BTreeSet;
use std::fs::FileType;
use std::io;
use std::path::{Path, PathBuf};

/// How deep folders are gone through, as those of logs are; what is deeper is told by its folder.
const FOLDERS_DEPTH_MAX: usize = 32;
/// Folders in which MLflow keeps artifacts beside its store.
const ARTIFACTS: [&str; 3] = ["mlruns", "mlartifacts", "artifacts"];
/// What SQLite writes beside a database.
const OF_DATABASE: [&str; 3] = ["-wal", "-shm", "-journal"];
/// How files are called that hold sums of others.
const SUMS: [&str; 8] =
    [".md5", ".sha1", ".sha256", ".sha512", ".b3", "md5sums", "sha256sums", "sha512sums"];
/// Why a database was passed over when it was read.
pub(super) const OTHER_DATABASE: &str = "a database, and not MLflow's";

/// Lists the files below these folders that are in none of what was found; of `only` alone, where it is given.
/// Whoever says a form takes all that is there as one source.
pub(super) fn untaken(
    paths: &[PathBuf],
    found: &[Found],
    only: Option<&BTreeSet<PathBuf>>,
) -> NoSource {
    let mut walk = Walk { taken: Taken::by(found), only, none: NoSource::default() };
    for (at, root) in paths.iter().enumerate() {
        if root.is_dir() && !is_covered(root, at, paths) {
            walk.folder(root, "", 0);
        }
    }
    walk.none
}

impl NoSource {
    /// Adds a file below a folder that was looked at by itself, as over a network, and in which nothing was
    /// recognised; not one that an export carries beside its data.
    pub fn add_alone(&mut self, folder: &Path, file: &Path) {
        let name_of = |path: &Path| path.file_name().map(|it| it.to_string_lossy().into_owned());
        let beside = file.parent().and_then(|above| std::fs::read_dir(above).ok());
        let beside: BTreeSet<String> =
            beside.into_iter().flatten().flatten().filter_map(|it| name_of(&it.path())).collect();
        let beside = beside.iter().map(String::as_str).collect();
        if name_of(file).is_some_and(|name| is_carried(&name, &beside)) {
            return;
        }
        let why = match std::fs::metadata(file) {
            Ok(_) if mlflow::recognise(file) == Some(Form::Sqlite) => OTHER_DATABASE,
            // By itself it is not too far down, and a link was followed.
            Ok(about) => why(file, about.file_type(), 0),
            Err(_) => "cannot be read",
        };
        self.add(label(&[folder.to_owned()], file), why);
    }

    /// Leaves nothing out, as `--strict` demands.
    ///
    /// # Errors
    /// [`Error::NoSource`] with the first of them, if there are any.
    pub fn refuse(&self) -> Result<()> {
        if self.files == 0 {
            return Ok(());
        }
        let names = self.named.iter().map(|(name, why)| format!("{name} ({why})"));
        Err(Error::NoSource { files: self.files, names: first_of(names, self.files) })
    }
}

/// What a file is called below that of the given folders in which it lies.
pub(super) fn label(paths: &[PathBuf], file: &Path) -> String {
    let below = paths.iter().find_map(|root| file.strip_prefix(root).ok());
    let parts = below.unwrap_or(file).iter().map(|part| part.to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

/// Does another of the given folders hold this one, or is it given twice?
fn is_covered(root: &Path, at: usize, paths: &[PathBuf]) -> bool {
    let mut others = paths.iter().enumerate().filter(|(other, _)| *other != at);
    others.any(|(other_at, other)| root.starts_with(other) && (root != other || other_at < at))
}

/// What sources take.
#[derive(Default)]
struct Taken {
    files: BTreeSet<PathBuf>,
    /// With all that is below: their sources say themselves what of it they leave.
    folders: BTreeSet<PathBuf>,
    /// Is there a store of MLflow among them?
    has_store: bool,
}

impl Taken {
    fn by(found: &[Found]) -> Taken {
        let mut taken = Taken::default();
        for found in found {
            match found {
                Found::Mlflow { path, form, .. } => {
                    taken.has_store = true;
                    let root = mlflow::root(path, *form);
                    match mlflow::bodies(&root, *form) {
                        Ok(Some(bodies)) => taken.files.extend(bodies),
                        // What cannot be listed is told by whoever reads it.
                        Ok(None) | Err(_) => taken.add(root),
                    }
                }
                Found::OpenLineage { path }
                | Found::Document { path, .. }
                | Found::Logs { path, .. } => taken.add(path.clone()),
            }
        }
        taken
    }

    fn add(&mut self, path: PathBuf) {
        if path.is_dir() {
            self.folders.insert(path)
        } else {
            self.files.insert(path)
        };
    }

    fn holds(&self, file: &Path) -> bool {
        self.files.contains(file)
    }
}

/// The way through the folders.
struct Walk<'a> {
    taken: Taken,
    only: Option<&'a BTreeSet<PathBuf>>,
    none: NoSource,
}

impl Walk<'_> {
    /// Goes through a folder that lies `depth` below the given one and is called `below` there.
    fn folder(&mut self, folder: &Path, below: &str, depth: usize) {
        if self.taken.folders.contains(folder) {
            return;
        }
        if depth > FOLDERS_DEPTH_MAX {
            return self.add(folder, format!("{below}/"), "a folder too far down");
        }
        // Where the sources lie it was read before; a folder further down is no reason to import none of them.
        let Ok(entries) = entries(folder) else {
            return self.add(folder, format!("{below}/"), "a folder that cannot be read");
        };
        let names: BTreeSet<&str> = entries.iter().map(|(name, _, _)| name.as_str()).collect();
        for (name, path, kind) in &entries {
            let label = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
            if is_carried(name, &names) || self.taken.holds(path) {
                continue;
            }
            if !kind.is_dir() {
                self.add(path, label, why(path, *kind, depth));
            } else if !(self.taken.has_store && ARTIFACTS.contains(&name.as_str())) {
                self.folder(path, &label, depth + 1);
            }
        }
    }

    fn add(&mut self, path: &Path, label: String, why: &str) {
        if self.only.is_none_or(|only| only.contains(path)) {
            self.none.add(label, why);
        }
    }
}

/// What is in a folder, in the order of names; a name that is no text is told as far as it is one.
fn entries(folder: &Path) -> io::Result<Vec<(String, PathBuf, FileType)>> {
    let all = std::fs::read_dir(folder)?.map(|entry| {
        let entry = entry?;
        Ok((entry.file_name().to_string_lossy().into_owned(), entry.path(), entry.file_type()?))
    });
    let mut all: Vec<_> = all.collect::<io::Result<_>>()?;
    all.sort_by(|(_, one, _), (_, other, _)| one.cmp(other));
    Ok(all)
}

/// Is it what an export has beside its data, as its name and those beside it tell?
fn is_carried(name: &str, beside: &BTreeSet<&str>) -> bool {
    let of_database = OF_DATABASE.iter().filter_map(|end| name.strip_suffix(end));
    let lower = name.to_ascii_lowercase();
    name.starts_with('.')
        || of_database.into_iter().any(|database| beside.contains(database))
        || SUMS.iter().any(|end| lower.strip_suffix(".txt").unwrap_or(&lower).ends_with(end))
        || beside.contains(format!("{name}.dvc").as_str())
        || (beside.contains("dvc.lock") && ["dvc.yaml", "params.yaml"].contains(&name))
}

/// Why no source takes a file in a folder so deep.
fn why(path: &Path, kind: FileType, depth: usize) -> &'static str {
    if !kind.is_file() {
        return if kind.is_symlink() { "a link, which is not followed" } else { "no plain file" };
    }
    if std::fs::metadata(path).is_ok_and(|about| about.len() == 0) {
        return "empty";
    }
    if depth > DEPTH_MAX {
        return "too far down";
    }
    if called_as_source(path) {
        "begins like no form that is read, or is cut"
    } else {
        "called like no form that is read"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::recognise;

    /// The names of what no source takes below a folder with these files.
    fn listed(files: &[(&str, &str)]) -> Vec<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let paths = [folder.path().to_owned(), folder.path().to_owned()];
        let none = untaken(&paths, &recognise(&paths[0], None).unwrap(), None);
        assert_eq!(none.files, none.named.len() as u64);
        none.named
    }

    const GOOD: &str = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"m.pkl","digest":{"sha256":"3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7"}}],"predicateType":"https://slsa.dev/provenance/v1","predicate":{}}"#;

    #[test]
    fn every_file_that_no_source_takes_is_listed_with_its_reason() {
        let found = listed(&[
            ("good.json", GOOD),
            ("cut.zip", "PK\u{3}\u{4}"),
            ("prov.json", "{\"prefix\": {\"e"),
            ("empty.json", ""),
            ("notes/read.me", "x"),
            ("a/b/c/d/deep.json", "{}"),
        ]);
        let whole = |(name, why): (&str, &str)| (name.to_owned(), why.to_owned());
        let expected = [
            ("a/b/c/d/deep.json", "too far down"),
            ("cut.zip", "begins like no form that is read, or is cut"),
            ("empty.json", "empty"),
            ("notes/read.me", "called like no form that is read"),
            ("prov.json", "begins like no form that is read, or is cut"),
        ];
        assert_eq!(found, expected.map(whole));
    }

    #[test]
    fn what_hides_itself_or_goes_with_an_export_is_not_listed() {
        let found = listed(&[
            ("good.json", GOOD),
            (".git/config", "x"),
            (".DS_Store", "x"),
            ("good.json.sha256", "x"),
            ("SHA256SUMS.txt", "x"),
            ("data.csv.dvc", "outs:\n- md5: 22e4d7c4a8e1a5b2a2c9d4e3a3b1c0d9\n  path: data.csv\n"),
            ("data.csv", "a,b"),
            ("notes.db-wal", "of nothing"),
        ]);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["notes.db-wal"]);
    }

    #[test]
    fn pipes_are_listed_and_hold_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("good.json"), GOOD).unwrap();
        let names = ["a.json", "b.db", "c.json.gz", "d.zip", "mlflow.db"];
        let pipes = names.map(|name| folder.path().join(name));
        assert!(std::process::Command::new("mkfifo").args(&pipes).status().unwrap().success());
        let paths = [folder.path().to_owned()];
        let none = untaken(&paths, &recognise(&paths[0], None).unwrap(), None);
        assert_eq!(none.named, names.map(|name| (name.to_owned(), "no plain file".to_owned())));
        let refused = recognise(&pipes[0], None).unwrap_err();
        assert!(matches!(refused, Error::NotPlain { what: "a pipe", .. }), "{refused}");
    }

    #[test]
    fn a_file_that_was_looked_at_by_itself_is_named_in_the_same_words() {
        let folder = tempfile::tempdir().unwrap();
        let deep = "a/b/c/d/deep.json";
        let files = [
            ("cut.zip", "PK\u{3}\u{4}"),
            ("empty.json", ""),
            ("good.json.sha256", "x"),
            ("notes/read.me", "x"),
            ("other.db", "SQLite format 3\0"),
            (deep, "{}"),
        ];
        let mut none = NoSource::default();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            none.add_alone(folder.path(), &path);
        }
        let cut = "begins like no form that is read, or is cut";
        let expected = [
            ("cut.zip", cut),
            ("empty.json", "empty"),
            ("notes/read.me", "called like no form that is read"),
            ("other.db", OTHER_DATABASE),
            (deep, cut),
        ];
        let expected = expected.map(|(name, why)| (name.to_owned(), why.to_owned()));
        assert_eq!(none.named, expected);
        assert!(matches!(none.refuse(), Err(Error::NoSource { files: 5, .. })));
        assert!(NoSource::default().refuse().is_ok());
    }

    #[test]
    fn a_file_is_called_by_its_path_below_the_folder() {
        let paths = [PathBuf::from("x"), PathBuf::from("team")];
        assert_eq!(label(&paths, Path::new("team/a/b.db")), "a/b.db");
        assert_eq!(label(&paths, Path::new("other.db")), "other.db");
    }
}
