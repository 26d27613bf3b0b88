//! What lies at a path: so that `lineal import PATH` just works.

use crate::datadog::recognise::{Archive, list as list_logs, recognise as recognise_logs};
use crate::error::{Error, Result};
use crate::mlflow;
use std::path::{Path, PathBuf};

/// How deep below a given folder a source is looked for.
const DEPTH_MAX: usize = 3;

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
    /// Log files.
    Logs {
        /// Where.
        path: PathBuf,
        /// The files.
        archive: Archive,
    },
}

/// Finds the sources at a path. `form` takes it as given: a form's name, or `datadog`.
///
/// # Errors
/// [`Error::NoSuchPath`], [`Error::NothingRecognised`], or what reading says.
pub fn recognise(path: &Path, form: Option<&str>) -> Result<Vec<Found>> {
    if !path.exists() {
        return Err(Error::NoSuchPath { path: path.to_owned() });
    }
    if let Some(form) = form {
        let path = path.to_owned();
        return Ok(vec![match mlflow::Form::parse(form) {
            Some(form) => Found::Mlflow { path, form, given: true },
            None => Found::Logs { archive: list_logs(&path)?, path },
        }]);
    }
    let mut found = Vec::new();
    look(path, 0, &mut found)?;
    if found.is_empty() {
        let nearest = nearest(path);
        return Err(Error::NothingRecognised { path: path.to_owned(), nearest });
    }
    Ok(found)
}

fn look(path: &Path, depth: usize, found: &mut Vec<Found>) -> Result<()> {
    if let Some(form) = mlflow::recognise(path) {
        found.push(Found::Mlflow { path: path.to_owned(), form, given: depth == 0 });
        // A database or folder of runs may have logs beside it.
        if path.is_dir() && form == mlflow::Form::Sqlite {
            return look_below(path, depth, found);
        }
        return Ok(());
    }
    if looks_like_archive(path)
        && let Some(archive) = recognise_logs(path)?
    {
        found.push(Found::Logs { path: path.to_owned(), archive });
        return Ok(());
    }
    look_below(path, depth, found)
}

/// A folder is an archive if its parts are named so, or files of logs stand in it directly; not if
/// they lie in some folder deep below, which is then looked at by itself.
fn looks_like_archive(path: &Path) -> bool {
    if !path.is_dir() {
        return true;
    }
    let named = |name: &str| name.starts_with("dt=") || name.starts_with("hour=");
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_log = [".gz", ".zst", ".json", ".ndjson", ".jsonl", ".log"];
        if entry.path().is_dir() {
            named(&name)
        } else {
            is_log.iter().any(|end| name.ends_with(end))
        }
    })
}

fn look_below(path: &Path, depth: usize, found: &mut Vec<Found>) -> Result<()> {
    if depth >= DEPTH_MAX || !path.is_dir() {
        return Ok(());
    }
    let unreadable = |source| Error::Io { path: path.to_owned(), source };
    let mut below = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.file_type().map_err(unreadable)?.is_dir() {
            below.push(entry.path());
        }
    }
    below.sort();
    for folder in below {
        look(&folder, depth + 1, found)?;
    }
    Ok(())
}

/// What came nearest, for the message.
fn nearest(path: &Path) -> String {
    if path.is_file() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return format!(
            "\n  {name} begins like none of these; `--as FORM` takes it as one (mlflow-sqlite, mlflow-file, mlflow-rest, mlflow-export-import, datadog)"
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
