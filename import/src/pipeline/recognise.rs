//! What lies at a path: so that `lineal import PATH` just works.

use crate::datadog::recognise::{Archive, list as list_logs, recognise_beside};
use crate::error::{Error, Result};
use crate::exchange::{self, FORMATS, Format};
use crate::{mlflow, openlineage, plain};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How deep below a given folder a source is looked for.
pub(super) const DEPTH_MAX: usize = 3;

/// A source that was found.
#[derive(Debug)]
pub enum Found {
    /// An MLflow store.
    Mlflow {
        /// Where.
        path: PathBuf,
        /// In which form.
        form: mlflow::Form,
        /// Named by the user, not found below something that was.
        given: bool,
    },
    /// Events of OpenLineage.
    OpenLineage {
        /// The file.
        path: PathBuf,
    },
    /// A document of an exchange format.
    Document {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: Format,
    },
    /// Log files.
    Logs {
        /// Where.
        path: PathBuf,
        /// The files.
        archive: Archive,
    },
}

/// Finds the sources at a path. `form` takes it as given: a form's name, `openlineage`, a format's name or
/// `datadog`.
///
/// # Errors
/// [`Error::NoSuchPath`], [`Error::NothingRecognised`], or what reading says.
pub fn recognise(path: &Path, form: Option<&str>) -> Result<Vec<Found>> {
    if !path.exists() {
        return Err(Error::NoSuchPath { path: path.to_owned() });
    }
    plain::check_kind(path)?;
    if let Some(form) = form {
        let path = path.to_owned();
        return Ok(vec![match mlflow::Form::parse(form) {
            Some(form) => Found::Mlflow { path, form, given: true },
            None if form == openlineage::FORM => Found::OpenLineage { path },
            None => match Format::parse(form) {
                Some(format) => Found::Document { path, format },
                None => Found::Logs { archive: list_logs(&path)?, path },
            },
        }]);
    }
    let mut found = Vec::new();
    let mut stores = BTreeSet::new();
    find_stores(path, 0, &mut found, &mut stores)?;
    find_logs(path, 0, &stores, &mut found)?;
    if found.is_empty() {
        let nearest = nearest(path);
        return Err(Error::NothingRecognised { path: path.to_owned(), nearest });
    }
    Ok(found)
}

impl Found {
    /// Leaves these of its files; `false` if it has none of them.
    pub(super) fn keep(&mut self, only: &BTreeSet<PathBuf>) -> bool {
        match self {
            Found::Mlflow { path, form, .. } => {
                if let Ok(Some(bodies)) = mlflow::bodies(path, *form) {
                    return bodies.iter().any(|body| only.contains(body));
                }
                let root = mlflow::root(path, *form);
                if let Some(parts) = mlflow::parts(&root, *form) {
                    let in_part = |file: &PathBuf| parts.iter().any(|part| file.starts_with(part));
                    return only.iter().any(in_part);
                }
                let belongs = |file: &PathBuf| {
                    // Beside a database lies what was not yet moved into it.
                    file.starts_with(&root)
                        || file
                            .to_string_lossy()
                            .strip_prefix(&*root.to_string_lossy())
                            .is_some_and(|rest| {
                                *form == mlflow::Form::Sqlite && matches!(rest, "-wal" | "-shm")
                            })
                };
                only.iter().any(belongs)
            }
            Found::OpenLineage { path } | Found::Document { path, .. } => only.contains(path),
            Found::Logs { archive, path } => {
                archive.files.retain(|file| only.contains(&file.path));
                let left = std::mem::take(&mut archive.passed_over);
                let looked_at = left.names.iter().filter(|name| only.contains(&path.join(name)));
                looked_at.for_each(|name| archive.passed_over.add(name));
                !archive.files.is_empty() || archive.passed_over.files > 0
            }
        }
    }
}

/// What [`recognise`] takes a path for when it is told so.
#[must_use]
pub fn forms() -> Vec<&'static str> {
    let mut all = vec!["mlflow-sqlite", "mlflow-file", "mlflow-rest", "mlflow-export-import"];
    all.push(openlineage::FORM);
    all.extend(FORMATS.iter().map(|format| format.name()));
    all.push("datadog");
    all
}

/// How databases are called.
const DATABASES: [&str; 3] = ["db", "sqlite", "sqlite3"];

/// How files of OpenLineage's events are called.
const EVENTS: [&str; 3] = ["ndjson", "jsonl", "json"];

/// How files of logs are called.
const LOG_ENDINGS: [&str; 7] = [".gz", ".zst", ".json", ".ndjson", ".jsonl", ".log", ".csv"];

/// How documents of exchange formats are called.
const DOCUMENTS: [&str; 8] =
    ["json", "jsonl", "ndjson", "jsonld", "intoto", "sigstore", "zip", "dvc"];

fn may_hold_document(file: &Path) -> bool {
    file.extension().is_some_and(|end| DOCUMENTS.iter().any(|known| end == *known))
        || file.file_name().is_some_and(|name| name == "dvc.lock")
}

/// Is a file called as databases, documents, events or logs are, so that it is looked at?
pub(super) fn called_as_source(file: &Path) -> bool {
    let ends = |known: &[&str]| {
        file.extension().is_some_and(|end| known.iter().any(|known| end == *known))
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    ends(&DATABASES) || may_hold_document(file) || LOG_ENDINGS.iter().any(|end| name.ends_with(end))
}

/// Finds MLflow stores and files of events in a folder and below it, and the paths that they take up: what lies beside
/// them is looked at too, since a source that is passed over in silence is lost.
fn find_stores(
    path: &Path,
    depth: usize,
    found: &mut Vec<Found>,
    stores: &mut BTreeSet<PathBuf>,
) -> Result<()> {
    let form = mlflow::recognise(path);
    let mut own = form.map(|form| mlflow::root(path, form));
    if let (Some(form), Some(root)) = (form, &own) {
        let store = || Found::Mlflow { path: path.to_owned(), form, given: depth == 0 };
        if let Some(bodies) = mlflow::bodies(path, form)? {
            // Those of a folder above are its own also here; what lies among them is looked at as anything else.
            if !bodies.iter().all(|body| stores.contains(body)) {
                found.push(store());
                stores.extend(bodies);
            }
            own = None;
        } else if let Some(parts) = mlflow::parts(root, form).filter(|_| root == path) {
            // Of a folder that is a store itself, what is none of its parts is looked at as anything else.
            found.push(store());
            stores.extend(parts);
            own = None;
        } else {
            found.push(store());
            stores.insert(root.clone());
        }
    }
    if !path.is_dir() {
        if own.is_none() && openlineage::recognise(path) {
            stores.insert(path.to_owned());
            found.push(Found::OpenLineage { path: path.to_owned() });
        } else if own.is_none()
            && let Some(format) = exchange::recognise(path)
        {
            stores.insert(path.to_owned());
            found.push(Found::Document { path: path.to_owned(), format });
        }
        return Ok(());
    }
    if own.as_deref() == Some(path) || is_part_of_archive(path) {
        return Ok(());
    }
    let (files, folders) = entries(path)?;
    for file in files {
        if stores.contains(&file) {
            continue;
        }
        let may_hold_events =
            file.extension().is_some_and(|end| EVENTS.iter().any(|known| end == *known));
        if may_hold_events && openlineage::recognise(&file) {
            stores.insert(file.clone());
            found.push(Found::OpenLineage { path: file });
            continue;
        }
        if may_hold_document(&file)
            && let Some(format) = exchange::recognise(&file)
        {
            stores.insert(file.clone());
            found.push(Found::Document { path: file, format });
            continue;
        }
        let called_so =
            file.extension().is_some_and(|end| DATABASES.iter().any(|known| end == *known));
        if called_so && mlflow::recognise(&file) == Some(mlflow::Form::Sqlite) {
            stores.insert(file.clone());
            found.push(Found::Mlflow { path: file, form: mlflow::Form::Sqlite, given: false });
        }
    }
    if depth < DEPTH_MAX {
        for folder in folders {
            if own.as_ref() != Some(&folder) && !stores.contains(&folder) {
                find_stores(&folder, depth + 1, found, stores)?;
            }
        }
    }
    Ok(())
}

/// Finds log archives in a folder and below it, outside of stores.
fn find_logs(
    path: &Path,
    depth: usize,
    stores: &BTreeSet<PathBuf>,
    found: &mut Vec<Found>,
) -> Result<()> {
    if stores.contains(path) {
        return Ok(());
    }
    if looks_like_archive(path)
        && let Some(archive) = recognise_beside(path, stores)?
    {
        found.push(Found::Logs { path: path.to_owned(), archive });
        return Ok(());
    }
    if depth < DEPTH_MAX && path.is_dir() {
        for folder in entries(path)?.1 {
            find_logs(&folder, depth + 1, stores, found)?;
        }
    }
    Ok(())
}

/// Is this the folder of a day or an hour in an archive?
fn is_part_of_archive(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("dt=") || name.starts_with("hour=")
}

/// Files and folders in a folder, each in the order of their names. Links are not followed.
fn entries(path: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let unreadable = |source| Error::Io { path: path.to_owned(), source };
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            folders.push(entry.path());
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    folders.sort();
    Ok((files, folders))
}

/// A folder is an archive if its parts are named so, or files of logs stand in it directly; not if
/// they lie in some folder deep below, which is then looked at by itself.
fn looks_like_archive(path: &Path) -> bool {
    if !path.is_dir() {
        return true;
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            is_part_of_archive(&entry.path())
        } else {
            LOG_ENDINGS.iter().any(|end| name.ends_with(end))
        }
    })
}

/// What came nearest, for the message.
fn nearest(path: &Path) -> String {
    if path.is_file() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return format!(
            "\n  {name} begins like none of these; `--as FORM` takes it as one ({})",
            forms().join(", ")
        );
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    match names.as_slice() {
        [] => "\n  the folder is empty".to_owned(),
        names => {
            let shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
            let more = if names.len() > 5 { ", ..." } else { "" };
            format!("\n  it holds {}{more}", shown.join(", "))
        }
    }
}
