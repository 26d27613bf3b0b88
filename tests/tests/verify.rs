//! `verify` finds every changed byte, says what it costs, and goes on; nothing panics on damage.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::schema::{Kind, Relation};
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::verify::{Depth, Report, verify};
use lineal_engine::{NodeDraft, SealedField, Store};
use lineal_proof::frame::{self, SEGMENT_HEADER};
use lineal_proof::{Key, Value};
use lineal_tests::sample::{answers, batch, finish, options, saying, texts};
use std::sync::Arc;

fn report(storage: &dyn Storage, depth: Depth) -> Report {
    verify(storage, depth, &mut |_| {}).unwrap()
}

/// A store with everything that `sample` writes.
fn full() -> MemoryStorage {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), options()).unwrap();
    finish(&store).unwrap();
    store.write_indexes().unwrap();
    drop(store);
    memory
}

/// One of each sort of record in as few bytes as can be.
fn small() -> MemoryStorage {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), options()).unwrap();
    let mut tx = store.begin(None, None).unwrap();
    let mut run = NodeDraft::new(Kind::Run, Key::text("4cf1"));
    run.sealed.push(SealedField { field: "user".into(), value: Value::text("a"), actor: None });
    run.link(Relation::TrainedOn, Kind::Dataset, texts(&["loans", "d1", "s3", "{}"]));
    tx.add_node(&saying("s", "f", 1), run).unwrap();
    tx.commit().unwrap();
    let mut tx = store.begin(None, None).unwrap();
    tx.add_batch(batch(7, 0..2));
    tx.commit().unwrap();
    drop(store);
    memory
}

#[test]
fn a_sound_store_has_no_fault_and_says_what_was_read() {
    let memory = full();
    for depth in [Depth::Fast, Depth::Full] {
        let mut files = Vec::new();
        let report = verify(&memory, depth, &mut |progress| files.push(progress)).unwrap();
        assert_eq!(report.faults, []);
        assert_eq!(report.notes, [] as [&str; 0]);
        assert_eq!((report.commits, report.containers), (5, 2));
        assert_eq!((report.sealed, report.sealed_without_key), (4, 0));
        let rows = if depth == Depth::Full { (2, 60) } else { (0, 0) };
        assert_eq!((report.batches, report.rows), rows);
        let last = files.last().unwrap();
        assert_eq!(last.done, last.total, "{last:?}");
        assert!(files.iter().any(|step| step.file.starts_with("containers/")));
    }
}

#[test]
fn every_changed_byte_of_the_truth_is_reported_and_nothing_panics() {
    let memory = small();
    assert!(report(&memory, Depth::Full).is_sound());
    let mut flips = 0;
    // Marks of readers say nothing.
    for path in memory.paths().into_iter().filter(|path| !path.starts_with("readers/")) {
        let length = memory.read(&path).unwrap().unwrap().len();
        for at in 0..length {
            let disk = memory.after_power_cut(100);
            disk.damage(&path, |bytes| bytes[at] ^= 1 << (at % 8));
            let depth = if at % 8 == 0 { Depth::Full } else { Depth::Fast };
            let report = verify(&disk, depth, &mut |_| {});
            let named = match &report {
                Ok(report) => !report.is_sound(),
                Err(error) => error.to_string().contains("format"),
            };
            assert!(named, "{path}, byte {at}: {report:?}");
            // Opened, it answers or says what is wrong.
            if at % 5 == 0 {
                let store = Store::open_on(Arc::new(disk), options());
                if let Ok(view) = store.and_then(|store| store.snapshot()) {
                    for node in 0..view.node_count() {
                        let _ = view.fields(node);
                        let _ = view.name_of(node);
                    }
                    let _ = view.events_by_hash(None, &[1; 32]);
                    let _ = view.events_by_id("e1");
                }
            }
            flips += 1;
        }
    }
    assert!(flips > 4_000, "{flips}");
}

#[test]
fn it_goes_on_after_a_fault_and_names_the_others() {
    let memory = full();
    let container = memory.paths().into_iter().find(|path| path.starts_with("containers/"));
    memory.damage(&container.unwrap(), |bytes| bytes[100] ^= 1);
    memory.damage("keys/actor.key", |bytes| bytes[9] ^= 1);
    memory.damage("keys/seeds", |bytes| bytes[64 + 3] ^= 1);
    memory.damage("head", |bytes| bytes[100] ^= 1);
    let segment = "segments/00000001.seg";
    let second = memory.read(segment).unwrap().unwrap();
    let at = SEGMENT_HEADER + frame::read(&second[SEGMENT_HEADER..]).unwrap().length;
    memory.damage(segment, |bytes| bytes[at + 50] ^= 1);
    memory.damage(segment, |bytes| {
        let last = bytes.len() - 60;
        bytes[last] ^= 1;
    });
    let report = report(&memory, Depth::Full);
    let files: Vec<_> = report.faults.iter().map(|fault| (fault.file.as_str(), fault.at)).collect();
    for expected in ["head", "keys/actor.key", "keys/seeds"] {
        assert!(files.iter().any(|(file, _)| *file == expected), "{files:#?}");
    }
    assert!(files.iter().any(|(file, _)| file.starts_with("containers/")), "{files:#?}");
    assert!(files.contains(&(segment, at as u64)), "{files:#?}");
    assert!(report.commits >= 3 && report.batches == 1, "{report:#?}");
    let text = report.faults.iter().find(|fault| fault.at == at as u64).unwrap().to_string();
    assert!(text.contains("crc32c") && text.contains("where records go on"), "{text}");
}

#[test]
fn what_is_lost_is_named_and_what_was_not_brought_along_is_no_fault() {
    let memory = full();
    let container = memory.paths().into_iter().find(|path| path.starts_with("containers/"));
    let gone = memory.after_power_cut(100);
    gone.remove(&container.unwrap()).unwrap();
    let report_gone = report(&gone, Depth::Fast);
    assert_eq!(report_gone.faults.len(), 1);
    assert!(report_gone.faults[0].lost.contains("rows of 1 batches"), "{:?}", report_gone.faults);
    let Err(error) = Store::open_on(Arc::new(gone), options())
        .and_then(|store| store.snapshot())
        .and_then(|view| view.events_by_id("e1"))
    else {
        panic!("the rows are not there")
    };
    assert!(error.to_string().starts_with("containers/"), "{error}");

    let backup = memory.after_power_cut(100);
    for path in ["keys/signing.key", "keys/index.key", "keys/actor.key", "keys/seeds"] {
        backup.remove(path).unwrap();
    }
    let report_backup = report(&backup, Depth::Full);
    assert_eq!(report_backup.faults, []);
    assert_eq!((report_backup.sealed_without_key, report_backup.batches), (4, 0));
    let store = Store::open_read_only_on(Arc::new(backup)).unwrap();
    let view = store.snapshot().unwrap();
    let Err(error) = view.events_by_hash(None, &[1; 32]) else { panic!("it needs the index key") };
    assert!(error.to_string().contains("keys/index.key"), "{error}");
    assert!(!answers(&view).is_empty());
}

#[test]
fn a_damaged_index_is_no_damage_of_the_truth() {
    let memory = full();
    let before =
        answers(&Store::open_read_only_on(Arc::new(memory.clone())).unwrap().snapshot().unwrap());
    for path in memory.paths().into_iter().filter(|path| path.starts_with("index/")) {
        let length = memory.read(&path).unwrap().unwrap().len();
        for at in [0, 9, 20, length / 3, length / 2, length - 1] {
            let disk = memory.after_power_cut(100);
            disk.damage(&path, |bytes| bytes[at] ^= 0x10);
            let report = report(&disk, Depth::Fast);
            assert!(report.is_sound());
            assert!(report.faults.iter().any(|f| f.file == path && f.derived), "{path} {at}");
            let store = Store::open_read_only_on(Arc::new(disk)).unwrap();
            let view = store.snapshot().unwrap();
            let found = answers(&view);
            // What is met on the way is told, as a question tells it in place of an answer.
            match view.damage() {
                Some(error) => assert!(error.to_string().contains(&path), "{path} {at}: {error}"),
                None => assert_eq!(found, before, "{path} {at}"),
            }
        }
    }
}
