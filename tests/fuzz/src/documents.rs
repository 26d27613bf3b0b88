//! A document of an exchange format, edited, or any bytes as one: it is read the same twice, the import
//! counts what it took, and what is in the store then is sound. Nothing panics.

use super::seeds::files;
use super::store_files::edit;
use super::tape::Tape;
use lineal_engine::storage::MemoryStorage;
use lineal_engine::verify::{Depth, verify};
use lineal_import::ImportOptions;
use lineal_import::exchange::{FORMATS, Format};
use lineal_tests::place::{Place, fixture};
use std::sync::{Arc, LazyLock};

/// Where the documents of a format lie, below the folder of all.
const FOLDERS: [(Format, &str); FORMATS.len()] = [
    (Format::Clearml, "clearml"),
    (Format::Dvc, "dvc"),
    (Format::InToto, "in-toto"),
    (Format::Cyclonedx, "cyclonedx-ml"),
    (Format::Spdx, "spdx3-ai"),
    (Format::Croissant, "croissant"),
    (Format::Prov, "prov-json"),
    (Format::Wandb, "wandb"),
    (Format::DatadogWatch, "datadog-watch"),
];

static DOCUMENTS: LazyLock<Vec<(Format, Vec<u8>)>> = LazyLock::new(|| {
    let read = |(format, folder): (Format, &str)| {
        let paths = files(&fixture(&format!("exchange/{folder}"))).into_iter();
        paths.map(move |path| (format, std::fs::read(path).expect("a fixture can be read")))
    };
    FOLDERS.into_iter().flat_map(read).collect()
});

/// Checks the import of the document that these bytes edit.
pub fn check(bytes: &[u8]) {
    // As they are, they are of any format.
    for format in FORMATS {
        let _ = format.read(bytes, "document", "source").take();
    }
    let mut tape = Tape::new(bytes);
    let (format, whole) = &DOCUMENTS[tape.below(DOCUMENTS.len())];
    let mut held = whole.clone();
    edit(&mut held, &mut tape);
    let read = || {
        let mut told = format.read(&held, "document", "source");
        (told.take(), told.rejects, told.skipped, told.stated, told.newest)
    };
    // As text: NaN is no NaN.
    assert_eq!(format!("{:?}", read()), format!("{:?}", read()), "read twice");
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let path = folder.path().join("document");
    std::fs::write(&path, &held).expect("there is room for a file");
    let storage = MemoryStorage::new();
    let place = Place::on(Arc::new(storage.clone()));
    let options =
        ImportOptions { form: Some(format.name().to_owned()), ..ImportOptions::default() };
    if let Ok(report) = place.try_import(&[&path], &options) {
        for source in &report.sources {
            assert!(source.counts.add_up(), "{source:?}");
        }
        let again = place.try_import(&[&path], &options).expect("what was taken is known");
        assert!(again.brought_nothing(), "{again:?}");
    }
    let found = verify(&storage, Depth::Full, &mut |_| {}).expect("the store is there");
    assert_eq!(found.faults, []);
    let view = place.view();
    for node in 0..view.node_count() {
        let _ = view.fields(node).expect("what was written reads");
    }
}
