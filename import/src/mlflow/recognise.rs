//! Tells which form of an MLflow store lies at a path, from its first bytes and names alone.

use super::{Form, file, rest, sqlite};
use crate::plain;
use std::io::Read;
use std::path::{Path, PathBuf};

/// How the database of a tracking server is called when nobody says otherwise.
const DATABASE: &str = "mlflow.db";
/// As much of a JSON file as is looked at.
const HEAD_BYTES: u64 = 4096;

/// The form of what lies at `path`; `None` for what is no MLflow store. Any SQLite database is
/// taken for one, as reading it says best what is wrong with it.
#[must_use]
pub fn recognise(path: &Path) -> Option<Form> {
    if path.is_dir() {
        return recognise_folder(path);
    }
    let head = head(path)?;
    if head.starts_with(sqlite::MAGIC) {
        return Some(Form::Sqlite);
    }
    (rest::head_of(&head) == rest::Head::Body).then_some(Form::Rest)
}

fn recognise_folder(path: &Path) -> Option<Form> {
    let exported = ["experiments/experiments.json", "models/models.json", "manifest.json"];
    let marks = exported.iter().filter(|mark| path.join(mark).is_file()).count();
    if marks > 1 || path.join("experiments/experiments.json").is_file() {
        return Some(Form::ExportImport);
    }
    if database(path).is_file() {
        return Some(Form::Sqlite);
    }
    if file::root(path).is_some() {
        return Some(Form::File);
    }
    // Bodies in folders below are read too, but do not make a folder one of bodies.
    let files = std::fs::read_dir(path).ok()?.flatten().map(|entry| entry.path());
    let mut bodies = files.filter(|file| file.extension().is_some_and(|end| end == "json"));
    bodies
        .any(|body| head(&body).is_some_and(|head| rest::head_of(&head) == rest::Head::Body))
        .then_some(Form::Rest)
}

/// The database that a path means: itself, or the one of the usual name in a folder.
pub(super) fn database(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(DATABASE) } else { path.to_owned() }
}

/// The first bytes of a file; none where it cannot be read.
pub(super) fn head(path: &Path) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    plain::open(path).ok()?.take(HEAD_BYTES).read_to_end(&mut head).ok()?;
    Some(head)
}
