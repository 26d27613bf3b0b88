//! Compaction: rows, roots and answers stay as they are, a crash at any call leaves the store as it
//! was or further on, and what was replaced stays while a reader may still come to it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::schema::Kind;
use lineal_engine::storage::{FaultyStorage, FileStorage, MemoryStorage, Plan, Storage};
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{Compaction, Error, NodeDraft, Snapshot, Store};
use lineal_proof::{Hash, Value};
use lineal_tests::sample::{self, batch, deployment};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

const DAYS: u32 = 6;
const EVENTS: u32 = 5;

/// Imports of one day each: a container and a run of event keys a day.
fn write_days(store: &Store, days: std::ops::Range<u32>) {
    for day in days {
        let mut tx = store.begin(None, None).unwrap();
        let draft = batch(u8::try_from(day).unwrap(), day * EVENTS..(day + 1) * EVENTS);
        tx.add_node(&draft.saying, NodeDraft::new(Kind::Deployment, deployment())).unwrap();
        tx.add_batch(draft);
        tx.commit().unwrap();
        store.write_indexes().unwrap();
    }
}

fn compact(store: &Store) -> lineal_engine::Result<Compaction> {
    store.compact(false, &mut |_| ControlFlow::Continue(()))
}

fn by_hash(view: &Snapshot, number: u32) -> usize {
    let hash = Hash::of(&number.to_le_bytes());
    let width = if number % 4 == 3 { 20 } else { 32 };
    view.events_by_hash(None, &hash.0[..width]).unwrap().len()
}

/// Everything that a view says of events and batches, ordinals and roots included.
fn told(view: &Snapshot) -> BTreeSet<String> {
    let mut all = sample::answers(view);
    for info in view.batches() {
        all.insert(format!("{info:?}"));
    }
    for number in 0..DAYS * EVENTS {
        let hash = Hash::of(&number.to_le_bytes());
        let width = if number % 4 == 3 { 20 } else { 32 };
        for event in view.events_by_hash(None, &hash.0[..width]).unwrap() {
            for field in lineal_engine::event_fields::EVENT_FIELDS {
                let value: Option<Value> = view.event_field(event, field.field).unwrap();
                all.insert(format!("{event:?} {} {value:?}", field.name));
            }
        }
    }
    assert!(view.damage().is_none());
    all
}

fn days() -> (MemoryStorage, Store) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
    write_days(&store, 0..DAYS);
    (memory, store)
}

#[test]
fn many_containers_become_one_and_every_answer_stays() {
    let (memory, store) = days();
    let before = told(&store.snapshot().unwrap());
    let commit = store.commit();
    let rehearsed = store.compact(true, &mut |_| panic!("nothing is packed")).unwrap();
    assert_eq!((rehearsed.packed, rehearsed.containers), ((6, 1), (6, 1)));
    assert_eq!((store.commit(), memory.list("containers").unwrap().len()), (commit, 6));
    let done = compact(&store).unwrap();
    assert_eq!((done.packed, done.events), ((6, 1), u64::from(DAYS * EVENTS)));
    assert_eq!((done.containers, done.runs.1, done.stopped), ((6, 1), 1, false));
    assert!(done.runs.0 > 1 && done.bytes.1 < done.bytes.0 && done.waiting_bytes == 0, "{done:?}");
    assert_eq!((done.commit, store.commit()), (commit + 1, commit + 1));
    assert_eq!(memory.list("containers").unwrap().len(), 1);
    assert_eq!(told(&store.snapshot().unwrap()), before);
    let as_of = store.snapshot_at(commit).unwrap();
    assert_eq!((as_of.commit(), told(&as_of)), (commit, before.clone()));
    drop((store, as_of));
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound() && report.notes.is_empty(), "{report:?}");
    assert_eq!((report.containers, report.batches), (1, u64::from(DAYS)));
    // What is made anew from the truth alone says the same.
    let store = Store::open_on(Arc::new(memory.clone()), sample::options()).unwrap();
    store.rebuild().unwrap();
    assert_eq!(told(&store.snapshot().unwrap()), before);
    let again = compact(&store).unwrap();
    assert_eq!((again.packed, again.commit), ((0, 0), commit + 1), "nothing is left to do");
}

#[test]
fn a_crash_at_any_call_of_a_compaction_loses_nothing_and_it_can_be_finished() {
    let (memory, store) = days();
    let before = told(&store.snapshot().unwrap());
    drop(store);
    let sound = Arc::new(FaultyStorage::new(memory.after_power_cut(100), Plan::Never));
    let store = Store::open_on(sound.clone(), sample::options()).unwrap();
    let opened = sound.calls();
    compact(&store).unwrap();
    drop(store);
    assert!(sound.calls() > opened + 20, "{} calls", sound.calls());
    for at in opened..sound.calls() {
        let disk = memory.after_power_cut(100);
        let faulty = Arc::new(FaultyStorage::new(disk.clone(), Plan::CrashAt(at)));
        let store = Store::open_on(faulty, sample::options()).unwrap();
        let error = compact(&store).unwrap_err();
        assert!(matches!(error, Error::Io { .. } | Error::Stands { .. }), "{error}");
        drop(store);
        for kept in [0, 50, 100] {
            let left = disk.after_power_cut(kept);
            let what = format!("crash at {at}, {kept} % kept");
            let reader = Store::open_read_only_on(Arc::new(left.clone())).unwrap();
            assert_eq!(told(&reader.snapshot().unwrap()), before, "{what}");
            let store = Store::open_on(Arc::new(left.clone()), sample::options()).unwrap();
            assert_eq!(told(&store.snapshot().unwrap()), before, "{what}");
            compact(&store).unwrap();
            assert_eq!(told(&store.snapshot().unwrap()), before, "{what}");
            assert_eq!(left.list("containers").unwrap().len(), 1, "{what}");
            drop(store);
            let report = verify(&left, Depth::Full, &mut |_| {}).unwrap();
            assert!(report.is_sound(), "{what}: {:?}", report.faults);
        }
    }
}

fn names(path: &Path, folder: &str, begins: &str) -> usize {
    let names = FileStorage::new(path).list(folder).unwrap();
    names.iter().filter(|name| name.starts_with(begins)).count()
}

#[test]
fn what_was_replaced_stays_while_a_reader_may_come_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::create(&path, sample::options()).unwrap();
    write_days(&store, 0..DAYS);
    let before = told(&store.snapshot().unwrap());
    let reader = Store::open_read_only(&path).unwrap();
    // Of its containers it has opened none so far; its runs it has.
    let view = reader.snapshot().unwrap();
    assert_eq!(by_hash(&view, 1_000), 0);
    drop(reader);
    let done = compact(&store).unwrap();
    assert_eq!(done.containers.1, 1);
    assert!(done.waiting_bytes > 0, "{done:?}");
    assert_eq!(names(&path, "containers", ""), 7);
    assert!(names(&path, "index", "keys-") > 1);
    assert_eq!(told(&view), before);
    // Whoever comes now knows what replaced them, and does not keep them.
    let late = Store::open_read_only(&path).unwrap().snapshot().unwrap();
    assert_eq!(told(&late), before);
    drop(view);
    let again = compact(&store).unwrap();
    assert_eq!((again.packed.0, again.waiting_bytes), (0, 0));
    assert_eq!((names(&path, "containers", ""), names(&path, "index", "keys-")), (1, 1));
    assert_eq!(told(&late), before);
}

#[test]
fn a_compaction_that_is_no_import_cannot_be_retracted() {
    let (_, store) = days();
    let imports = |store: &Store| store.snapshot().unwrap().nodes_of(Kind::Import).len();
    let before = imports(&store);
    let number = compact(&store).unwrap().commit;
    assert_eq!(imports(&store), before);
    let mut tx = store.begin(None, None).unwrap();
    let refused = tx.add_retract(number, false, None).unwrap_err();
    assert!(matches!(refused, Error::NothingToRetract { .. }), "{refused}");
}

#[test]
fn runs_that_a_thread_writes_while_an_import_goes_on_hold_every_event() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let options = lineal_engine::Options { run_entries_max: 12, ..sample::options() };
    let store = Store::create(&path, options.clone()).unwrap();
    let write = |store: &Store, days: std::ops::Range<u32>| {
        for day in days {
            let mut tx = store.begin(None, None).unwrap();
            let draft = batch(u8::try_from(day).unwrap(), day * EVENTS..(day + 1) * EVENTS);
            tx.add_node(&draft.saying, NodeDraft::new(Kind::Deployment, deployment())).unwrap();
            tx.add_batch(draft);
            tx.commit().unwrap();
        }
    };
    write(&store, 0..20);
    drop(store);
    let runs = names(&path, "index", "keys-");
    assert!((1..=4).contains(&runs), "{runs} runs, though nobody asked for the index");
    // Another process goes on, behind commits that are in no run.
    let store = Store::open(&path, options).unwrap();
    write(&store, 20..31);
    store.write_indexes().unwrap();
    let view = store.snapshot().unwrap();
    for number in 0..31 * EVENTS {
        assert_eq!(by_hash(&view, number), 1, "event {number}");
    }
    assert!(names(&path, "index", "keys-") <= 6);
}
