//! Finding the log files under a path, and telling whether they are Datadog's.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::document::Document;
use super::error::Error;
use super::items::Items;
use super::json::{JsonKind, Tape};
use super::reader::Body;
use super::report::Shape;
use crate::plain;
use crate::report::NoLogs;

/// Most files of one import. A year of one archive has some 35,000.
pub const FILES_MAX: usize = 1_000_000;
/// Deepest folder below the path given; archives need three.
pub const FOLDERS_DEPTH_MAX: usize = 32;
/// How many items of a file are looked at: the first may be broken.
const ITEMS_LOOKED_AT: usize = 3;
/// Members of the archive frame; a line with three of them is taken for a log.
const FRAME: [&str; 8] =
    ["_id", "date", "host", "service", "source", "status", "message", "attributes"];
/// How log files are called, with or without `.gz` or `.zst` behind.
const ENDINGS: [&str; 5] = [".json", ".ndjson", ".jsonl", ".log", ".csv"];

/// The log files under a path.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    /// The files, in path order: the order in which they are imported.
    pub files: Vec<ArchiveFile>,
    /// Files that are not called as log files are or hold no logs, and links that lead out of the
    /// folder; not what begins with a dot, which is nobody's export.
    pub passed_over: NoLogs,
}

/// One log file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArchiveFile {
    /// Where to open it.
    pub path: PathBuf,
    /// Its path below what was given, with `/` between the parts on every system.
    pub label: String,
    /// Its size as stored.
    pub size: u64,
}

/// Lists the log files under a file or folder if they are Datadog's; `None` if nothing there is.
///
/// Files below `dt=.../hour=...` are taken by their names; others are opened and looked at, and
/// those that hold no logs are passed over.
///
/// # Errors
/// A folder cannot be listed, or there are too many files.
pub fn recognise(path: &Path) -> Result<Option<Archive>, Error> {
    recognise_beside(path, &BTreeSet::new())
}

/// As [`recognise`], without looking into what is known to be another source.
///
/// # Errors
/// A folder cannot be listed, or there are too many files.
pub fn recognise_beside(path: &Path, others: &BTreeSet<PathBuf>) -> Result<Option<Archive>, Error> {
    let mut archive = list_beside(path, others)?;
    let passed_over = &mut archive.passed_over;
    archive.files.retain(|file| {
        let is_log = in_archive_folder(&file.label) || holds_logs(&file.path);
        if !is_log {
            passed_over.add(&file.label);
        }
        is_log
    });
    Ok((!archive.files.is_empty()).then_some(archive))
}

/// Lists the log files under a file or folder, whatever they hold; for a path that the user says
/// is Datadog's. A file that was named itself is listed whatever it is called.
///
/// # Errors
/// A folder cannot be listed, or there are too many files.
pub fn list(path: &Path) -> Result<Archive, Error> {
    list_beside(path, &BTreeSet::new())
}

fn list_beside(path: &Path, others: &BTreeSet<PathBuf>) -> Result<Archive, Error> {
    let failed = |source| Error::Folder { path: path.to_owned(), source };
    let about = fs::metadata(path).map_err(failed)?;
    let mut archive = Archive::default();
    if about.is_dir() {
        let root = path.canonicalize().map_err(failed)?;
        walk(&root, path, others, &mut Vec::new(), &mut archive)?;
    } else {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        archive.files.push(ArchiveFile { path: path.to_owned(), label: name, size: about.len() });
    }
    Ok(archive)
}

/// Lists a folder in the order of its names. Links to folders are not followed, so that no
/// circle can hold the import; links to files are, if they stay below `root`.
fn walk(
    root: &Path,
    folder: &Path,
    others: &BTreeSet<PathBuf>,
    names: &mut Vec<String>,
    archive: &mut Archive,
) -> Result<(), Error> {
    if names.len() > FOLDERS_DEPTH_MAX {
        return Err(Error::TooDeep { path: folder.to_owned(), max: FOLDERS_DEPTH_MAX });
    }
    let failed = |source| Error::Folder { path: folder.to_owned(), source };
    let entries: Result<Vec<_>, io::Error> = fs::read_dir(folder).map_err(failed)?.collect();
    let mut entries = entries.map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().map_err(failed)?;
        let path = entry.path();
        if others.contains(&path) {
            continue;
        }
        names.push(entry.file_name().to_string_lossy().into_owned());
        if kind.is_dir() {
            walk(root, &path, others, names, archive)?;
        } else if names.last().is_some_and(|name| called_as_log(name)) && stays_below(root, &path) {
            if archive.files.len() >= FILES_MAX {
                return Err(Error::TooManyFiles { path: root.to_owned(), max: FILES_MAX });
            }
            // A link was resolved above; one that broke since is reported when it is opened.
            let size = fs::metadata(&path).map_or(0, |about| about.len());
            archive.files.push(ArchiveFile { path, label: names.join("/"), size });
        } else if names.last().is_some_and(|name| !name.starts_with('.')) {
            archive.passed_over.add(&names.join("/"));
        }
        names.pop();
    }
    Ok(())
}

/// Whether a path is a file and, if it is a link, leads to a file below `root`.
fn stays_below(root: &Path, path: &Path) -> bool {
    match path.canonicalize() {
        Ok(target) => target.starts_with(root) && target.is_file(),
        Err(_) => false,
    }
}

fn called_as_log(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let bare = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    ENDINGS.iter().any(|ending| bare.ends_with(ending))
}

fn in_archive_folder(label: &str) -> bool {
    let mut parts = label.rsplit('/').skip(1);
    let hour = parts.next().is_some_and(|name| name.starts_with("hour="));
    hour && parts.next().is_some_and(|name| name.starts_with("dt="))
}

/// Whether one of the first items of a file looks like a Datadog log. An empty page of the Logs
/// API counts: it is whole and says that there was nothing.
pub(crate) fn holds_logs(path: &Path) -> bool {
    let Ok(mut file) = plain::open(path) else { return false };
    let mut progress = |_| {};
    let Ok(body) = Body::open(&mut file, &mut progress) else { return false };
    let mut items = Items::open(body);
    let pages = items.shape() == Shape::Pages;
    let mut tape = Tape::default();
    let mut is_empty = true;
    for _ in 0..ITEMS_LOOKED_AT {
        let Ok(item) = items.next() else { return false };
        let Some(item) = item else { break };
        is_empty = false;
        let text = item.text.ok().and_then(|text| std::str::from_utf8(text).ok());
        if text.is_some_and(|text| is_log(text, &mut tape)) {
            return true;
        }
    }
    pages && is_empty && items.had_list()
}

fn is_log(text: &str, tape: &mut Tape) -> bool {
    if tape.read(text).is_err() {
        return false;
    }
    let line = Document::new(text, tape);
    if line.kind(0) != JsonKind::Object {
        return false;
    }
    let api = line.member(0, "type").is_some_and(|kind| line.text(kind) == "log")
        && line.member(0, "attributes").is_some();
    let first = line.member(0, "id").is_some()
        && line.member(0, "content").is_some_and(|held| line.member(held, "timestamp").is_some());
    api || first || FRAME.iter().filter(|name| line.member(0, name).is_some()).count() >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(archive: &Archive) -> Vec<&str> {
        archive.files.iter().map(|file| file.label.as_str()).collect()
    }

    #[test]
    fn a_folder_is_listed_in_path_order_without_what_is_no_log() {
        let folder = tempfile::tempdir().expect("folder");
        let hour = folder.path().join("dt=20251103/hour=14");
        fs::create_dir_all(&hour).expect("folders");
        for name in ["archive_2.json.gz", "archive_1.json.zst", "notes.txt", ".hidden"] {
            fs::write(hour.join(name), "x").expect("file");
        }
        let log = r#"{"_id":"A","date":"2025-11-03T14:00:00Z","message":"m"}"#;
        fs::write(folder.path().join("export.ndjson"), log).expect("file");
        fs::write(folder.path().join("other.json"), "{\"runs\":[]}").expect("file");
        let archive = recognise(folder.path()).expect("lists").expect("recognised");
        assert_eq!(
            labels(&archive),
            [
                "dt=20251103/hour=14/archive_1.json.zst",
                "dt=20251103/hour=14/archive_2.json.gz",
                "export.ndjson"
            ]
        );
        assert_eq!(archive.passed_over.names, ["dt=20251103/hour=14/notes.txt", "other.json"]);
        assert_eq!(archive.passed_over.files, 2);
    }

    #[test]
    fn a_single_file_is_recognised_by_what_it_holds() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("anything");
        let cases = [
            ("{\"data\":[]}", true),
            ("{\"data\":[],\"meta\":{}}", true),
            ("{\"data\":[{\"type\":\"audit\",\"id\":\"1\",\"attributes\":{}}]}", false),
            ("{\"data\":[{\"type\":\"log\",\"id\":\"1\",\"attributes\":{}}]}", true),
            ("[{\"_id\":\"A\",\"date\":\"x\",\"attributes\":{}}]", true),
            (r#"{"meta":{"page":1},"data":{"customers":[{"name":"x"}]}}"#, false),
            (r#"{"meta":{"page":{}},"data":[]}"#, true),
            ("SQLite format 3\0", false),
            ("", false),
        ];
        for (text, logs) in cases {
            fs::write(&path, text).expect("file");
            assert_eq!(recognise(&path).expect("reads").is_some(), logs, "{text}");
        }
        assert_eq!(list(&path).expect("lists").files.len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_out_or_round_are_not_followed() {
        let outside = tempfile::tempdir().expect("folder");
        fs::write(outside.path().join("a.json"), "{}").expect("file");
        let folder = tempfile::tempdir().expect("folder");
        let hour = folder.path().join("dt=1/hour=1");
        fs::create_dir_all(&hour).expect("folders");
        fs::write(hour.join("b.json"), "{}").expect("file");
        let link = |target: PathBuf, name: &str| {
            std::os::unix::fs::symlink(target, hour.join(name)).expect("link");
        };
        link(outside.path().join("a.json"), "c.json");
        link(outside.path().to_owned(), "d");
        link(folder.path().to_owned(), "e");
        link(hour.join("b.json"), "f.json");
        let archive = recognise(folder.path()).expect("lists").expect("recognised");
        assert_eq!(labels(&archive), ["dt=1/hour=1/b.json", "dt=1/hour=1/f.json"]);
        let left = ["dt=1/hour=1/c.json", "dt=1/hour=1/d", "dt=1/hour=1/e"];
        assert_eq!(archive.passed_over.names, left);
    }
}
