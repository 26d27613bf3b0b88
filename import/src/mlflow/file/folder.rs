//! A folder of a file store, and the files under it as keys and texts.

use super::super::error::Error;
use super::super::store::{Store, Texts, located};
use super::META;
use super::yaml::Document;
use crate::plain;
use crate::record::Location;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Longest file that holds a parameter, a tag or metadata. MLflow itself stops at 8,000
/// characters for a tag; older ones and schemas of wide tables are longer.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// Longest file of metric points: about ten million of them.
const METRIC_BYTES_MAX: u64 = 512 << 20;
/// Deepest key, in parts of its path.
const KEY_DEPTH_MAX: usize = 32;

/// A folder, and what it is called in messages.
#[derive(Clone, Debug)]
pub(in super::super) struct Folder {
    path: PathBuf,
    /// Relative to what was given to read.
    label: String,
}

/// A file with its key.
pub(in super::super) struct Keyed {
    /// The path under the folder, with `/`.
    pub(in super::super) key: String,
    pub(in super::super) path: PathBuf,
    /// The file for messages.
    pub(in super::super) label: String,
}

impl Folder {
    /// The folder at `path`, called in messages by its path under `base`.
    pub(in super::super) fn open(base: &Path, path: &Path) -> Result<Folder, Error> {
        fs::read_dir(path).map_err(Error::io(path))?;
        let label = path.strip_prefix(base).unwrap_or(Path::new(""));
        Ok(Folder { path: path.to_owned(), label: label.to_string_lossy().replace('\\', "/") })
    }

    /// Its own name.
    pub(in super::super) fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// A folder in it, if there is one.
    pub(in super::super) fn child(&self, name: &str) -> Option<Folder> {
        let path = self.path.join(name);
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
        is_folder.then(|| Folder { path, label: joined(&self.label, name) })
    }

    /// The folders in it, in the order of their names.
    pub(in super::super) fn folders(&self, store: &mut Store) -> Result<Vec<Folder>, Error> {
        let mut folders = Vec::new();
        for (name, path, kind) in self.entries(store)? {
            if kind.is_dir() {
                folders.push(Folder { label: joined(&self.label, &name), path });
            }
        }
        Ok(folders)
    }

    /// Its `meta.yaml`. One that is broken is a reject; one that is missing is the
    /// caller's to judge.
    pub(super) fn meta(&self, store: &mut Store) -> Result<Option<Document>, Error> {
        let path = self.path.join(META);
        let label = joined(&self.label, META);
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            store.reject(&label, "a link or a device: only plain files are read");
            return Ok(None);
        }
        let bytes = match read_bounded(&path, FILE_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                store.reject(&label, error.to_string());
                return Ok(None);
            }
        };
        let document = match String::from_utf8(bytes) {
            Ok(text) => Document::parse(&text),
            Err(_) => Err("not UTF-8".to_owned()),
        };
        match document {
            Ok(document) => Ok(Some(document)),
            Err(problem) => {
                store.reject(&label, format!("no readable YAML: {problem}"));
                Ok(None)
            }
        }
    }

    /// Where its `meta.yaml` stands, for messages.
    pub(in super::super) fn meta_location(&self) -> Location {
        located(&joined(&self.label, META))
    }

    /// Its own path, for messages.
    pub(in super::super) fn label(&self) -> &str {
        &self.label
    }

    /// The files of a folder in it as keys and texts: parameters, tags, aliases.
    pub(in super::super) fn texts(&self, name: &str, store: &mut Store) -> Result<Texts, Error> {
        let mut texts = Texts::new();
        let Some(folder) = self.child(name) else { return Ok(texts) };
        for file in folder.files(store)? {
            if let Some(text) = file.text(FILE_BYTES_MAX, store) {
                texts.insert(file.key, text);
            }
        }
        Ok(texts)
    }

    /// All files under it, in the order of their keys.
    pub(in super::super) fn files(&self, store: &mut Store) -> Result<Vec<Keyed>, Error> {
        let mut files = Vec::new();
        self.gather("", 0, &mut files, store)?;
        Ok(files)
    }

    fn gather(
        &self,
        under: &str,
        depth: usize,
        files: &mut Vec<Keyed>,
        store: &mut Store,
    ) -> Result<(), Error> {
        if depth > KEY_DEPTH_MAX {
            store.reject(&self.label, format!("folders nest deeper than {KEY_DEPTH_MAX} levels"));
            return Ok(());
        }
        for (name, path, kind) in self.entries(store)? {
            let (key, label) = (joined(under, &name), joined(&self.label, &name));
            if kind.is_dir() {
                Folder { path, label }.gather(&key, depth + 1, files, store)?;
            } else {
                files.push(Keyed { key, path, label });
            }
        }
        Ok(())
    }

    /// Files and folders in the order of their names, without what cannot be a part of a store.
    fn entries(&self, store: &mut Store) -> Result<Vec<(String, PathBuf, fs::FileType)>, Error> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(Error::io(&self.path))? {
            let entry = entry.map_err(Error::io(&self.path))?;
            let kind = entry.file_type().map_err(Error::io(entry.path()))?;
            match entry.file_name().into_string() {
                Ok(name) if kind.is_dir() || kind.is_file() => {
                    entries.push((name, entry.path(), kind));
                }
                Ok(name) => {
                    let label = joined(&self.label, &name);
                    store.reject(&label, "a link or a device: only plain files are read");
                }
                Err(name) => {
                    let label = joined(&self.label, &name.to_string_lossy());
                    store.reject(&label, "the name is not UTF-8");
                }
            }
        }
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(entries)
    }
}

impl Keyed {
    /// The lines of a file of metric points; a reject where it cannot be read.
    pub(in super::super) fn points(&self, store: &mut Store) -> Option<String> {
        self.text(METRIC_BYTES_MAX, store)
    }

    fn text(&self, bytes_max: u64, store: &mut Store) -> Option<String> {
        let text = read_bounded(&self.path, bytes_max)
            .map_err(|error| error.to_string())
            .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned()));
        text.map_err(|problem| store.reject(&self.label, problem)).ok()
    }
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn read_bounded(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let length = fs::metadata(path)?.len();
    if length > bytes_max {
        return Err(io::Error::other(format!(
            "{length} bytes long; files of this sort are read up to {bytes_max} bytes"
        )));
    }
    plain::read(path)
}
