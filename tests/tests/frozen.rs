//! Stores that earlier versions wrote: they open, answer as then, and verify, for ever.
//!
//! What is in `fixtures/store-v1` says its README. The golden answers are those that the version gave
//! that made it; they are never written anew because a store has become unreadable.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use expect_test::expect_file;
use lineal_engine::Store;
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::verify::{Depth, verify};
use lineal_tests::place::{Place, fixture};
use lineal_tests::{questions, sample};
use std::path::Path;
use std::sync::Arc;

/// The files of a frozen store, in memory: the fixture itself is never written.
fn frozen(name: &str, keep: impl Fn(&str) -> bool) -> MemoryStorage {
    let folder = fixture(name);
    let memory = MemoryStorage::new();
    bring(&memory, &folder, &folder, &keep);
    assert!(memory.paths().iter().any(|path| path == "head"), "{}", folder.display());
    memory
}

fn bring(memory: &MemoryStorage, root: &Path, folder: &Path, keep: &dyn Fn(&str) -> bool) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bring(memory, root, &path, keep);
            continue;
        }
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        if name != "README.md" && keep(&name) {
            memory.put(&name, &std::fs::read(&path).unwrap(), false).unwrap();
        }
    }
}

/// Every answer, one a line.
fn told(place: &Place) -> String {
    let lines = questions::answers(place).into_iter().map(|answer| format!("{answer}\n"));
    lines.collect()
}

/// Questions that only this store was made for: the alias, the time before the retraction, names that
/// are sealed.
const OWN: [&str; 7] = [
    "find dataset upstream of model:\"the scorer\"",
    "find inference summarize count(it) as n",
    "find inference summarize count(it) as n as of 4",
    "find import return it, retracted",
    "find actor return it, name, email",
    "find run return it, user order by it limit 5",
    "verify deep (find batch)",
];

fn own(place: &Place) -> String {
    let mut text = String::new();
    for question in OWN {
        let rows = match place.try_answer(question, &[]) {
            Ok(answer) => answer.to_json()["rows"].to_string(),
            Err(error) => error.render(question),
        };
        text.push_str(&format!("{question}\n  {rows}\n"));
    }
    text
}

fn open(memory: &MemoryStorage) -> Place {
    let store = Store::open_read_only_on(Arc::new(memory.clone())).unwrap();
    Place { store: Arc::new(store) }
}

#[test]
fn a_store_of_format_1_answers_as_it_did() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let whole = frozen("store-v1", |_| true);
    let (all, own_answers) = (told(&open(&whole)), own(&open(&whole)));
    expect_file![golden.join("store-v1.ndjson")].assert_eq(&all);
    expect_file![golden.join("store-v1.txt")].assert_eq(&own_answers);
    // Without the index of then, and with one of now, the answers are the same.
    let bare = frozen("store-v1", |path| !path.starts_with("index/"));
    assert_eq!(told(&open(&bare)), all);
    Store::open_on(Arc::new(bare.clone()), sample::options()).unwrap().rebuild().unwrap();
    assert!(bare.paths().iter().any(|path| path.starts_with("index/graph-")));
    assert_eq!((told(&open(&bare)), own(&open(&bare))), (all, own_answers));
}

#[test]
fn a_store_of_format_1_has_no_fault() {
    let memory = frozen("store-v1", |_| true);
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert_eq!(report.faults, [], "nor in an index that nothing is read of any more");
    assert!(report.notes.iter().any(|note| note.contains("earlier version")), "{report:?}");
    assert_eq!((report.commits, report.containers, report.batches), (7, 1, 12));
    assert_eq!((report.records, report.rows), (115, 900));
    assert_eq!((report.sealed, report.sealed_without_key), (67, 0));
}

#[test]
fn a_store_of_format_1_is_written_on() {
    let memory = frozen("store-v1", |_| true);
    let truth = memory.read("segments/00000001.seg").unwrap().unwrap();
    let place = Place::open_on(Arc::new(memory.clone()));
    // All of it is known, but for what the retracted import alone had brought.
    let again = place.import_fixtures(&["datadog-art12-a-nested"]);
    assert_eq!(again.sources[0].counts.accepted, 0, "{again:?}");
    let more = place.import_fixtures(&["openlineage-client-1.54"]);
    assert!(more.sources[0].counts.accepted > 0, "{more:?}");
    place.store.write_indexes().unwrap();
    drop(place);
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert_eq!(report.faults, []);
    assert!(report.commits > 7);
    let after = memory.read("segments/00000001.seg").unwrap().unwrap();
    assert!(after.starts_with(&truth), "what was there stays as it was");
}
