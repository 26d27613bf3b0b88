//! An export of MLflow or events of OpenLineage, edited: the import takes it, in part or not at all,
//! says so, and what is in the store then is sound. Nothing panics.

use super::seeds::files;
use super::store_files::edit;
use super::tape::Tape;
use lineal_engine::storage::MemoryStorage;
use lineal_engine::verify::{Depth, verify};
use lineal_import::ImportOptions;
use lineal_tests::place::{Place, fixture};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

/// A form as it is exported: where it lies below the fixtures, and which of its files are taken.
const FORMS: [&str; 5] = [
    "mlflow-3.17-sqlite/mlflow.db",
    "mlflow-2.9-file/mlruns/194248350866998928",
    "rest-3.17",
    "export-import-2.9",
    "openlineage-client-1.54",
];
/// A file store needs its folder of models.
const FILE_STORE: &str = "mlflow-2.9-file";

/// Paths below the folder that is imported, and the bytes.
type Export = Vec<(PathBuf, Vec<u8>)>;

static EXPORTS: LazyLock<Vec<Export>> =
    LazyLock::new(|| FORMS.iter().map(|form| read(form)).collect());

fn read(form: &str) -> Export {
    let path = fixture(form);
    let root = if path.is_file() || form.starts_with(FILE_STORE) {
        fixture(form.split('/').next().unwrap_or(form))
    } else {
        path.clone()
    };
    let mut all = if path.is_file() { vec![path] } else { files(&path) };
    if form.starts_with(FILE_STORE) {
        all.extend(files(&root.join("mlruns/models")));
        all.extend(files(&root.join("mlruns/0")));
    }
    let one = |path: PathBuf| {
        let bytes = std::fs::read(&path).expect("a fixture can be read");
        (path.strip_prefix(&root).expect("it lies below").to_owned(), bytes)
    };
    all.into_iter().map(one).collect()
}

/// Checks the import of the export that these bytes edit.
pub fn check(bytes: &[u8]) {
    let mut tape = Tape::new(bytes);
    let export = &EXPORTS[tape.below(EXPORTS.len())];
    let edited = tape.below(export.len());
    let folder = tempfile::tempdir().expect("there is room for a folder");
    for (at, (name, whole)) in export.iter().enumerate() {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("it can be made");
        let mut held = whole.clone();
        if at == edited {
            edit(&mut held, &mut tape);
        }
        std::fs::write(path, held).expect("there is room for a file");
    }
    let storage = MemoryStorage::new();
    let place = Place::on(Arc::new(storage.clone()));
    // An error is an answer; what was committed before it must be whole.
    if let Ok(report) = place.try_import(&[folder.path()], &ImportOptions::default()) {
        for source in &report.sources {
            assert!(source.counts.add_up(), "{source:?}");
        }
    }
    let found = verify(&storage, Depth::Full, &mut |_| {}).expect("the store is there");
    assert_eq!(found.faults, []);
    let view = place.view();
    for node in 0..view.node_count() {
        let _ = view.fields(node).expect("what was written reads");
    }
}
