//! Keys that were written after an erasure, beside a store or a copy of before it: they lack what was destroyed.
//! They pass for whole nowhere, and with the erasures of the later state the copy is put back as with its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::keys::RandomSecrets;
use lineal_engine::schema::Kind;
use lineal_engine::storage::{FileStorage, MemoryStorage, Storage};
use lineal_engine::verify::{Code, Depth, Report, verify};
use lineal_engine::{
    CopiedKeys, Error, HoldScope, Later, NodeDraft, Options, Origin, Restoring, SealedField, Store,
    Target, restore,
};
use lineal_proof::record::node_id;
use lineal_proof::{Key, Value};
use lineal_tests::sample::{
    self, answers, batch_key, erasure_of, saying, write_day, write_numbers,
};
use std::path::Path;
use std::sync::Arc;

const SEEDS: &str = "keys/seeds";

/// A key that is made anew is another one.
fn options() -> Options {
    Options { secrets: Arc::new(RandomSecrets), ..sample::options() }
}

fn shared(memory: &MemoryStorage) -> Arc<dyn Storage> {
    Arc::new(memory.clone())
}

fn open(memory: &MemoryStorage) -> Store {
    Store::open_on(shared(memory), options()).unwrap()
}

fn read(memory: &MemoryStorage, path: &str) -> Vec<u8> {
    memory.read(path).unwrap().unwrap().to_vec()
}

fn report(storage: &dyn Storage) -> Report {
    verify(storage, Depth::Full, &mut |_| {}).unwrap()
}

/// A store with a person's sealed address and three batches of twelve events each.
fn days() -> (MemoryStorage, Store) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(shared(&memory), options()).unwrap();
    name_anna(&store, "anna@bank.example");
    for day in 0..3 {
        write_day(&store, day).unwrap();
    }
    (memory, store)
}

fn event(store: &Store, id: &str) -> Target {
    Target::Events(store.snapshot().unwrap().events_by_id(id).unwrap())
}

fn whole_batch(day: u8) -> Target {
    Target::Batch(node_id(Kind::Batch.name(), &batch_key(day)))
}

fn mail_of_anna(store: &Store) -> Target {
    let anna = Key::text(store.actor_key("anna@bank.example").unwrap());
    Target::Field(node_id(Kind::Actor.name(), &anna), "email".into())
}

/// Seals an address of a person.
fn name_anna(store: &Store, mail: &str) {
    let anna = Key::text(store.actor_key("anna@bank.example").unwrap());
    let mut actor = NodeDraft::new(Kind::Actor, anna.clone());
    let value = Value::text(mail);
    actor.sealed.push(SealedField { field: "email".into(), value, actor: Some(anna) });
    let mut tx = store.begin(None, None).unwrap();
    tx.add_node(&saying("mlflow-1a2b3c4d", "mlflow-sqlite", 400), actor).unwrap();
    tx.commit().unwrap();
    store.write_indexes().unwrap();
}

fn erase(store: &Store, target: Target) {
    store.erase(&erasure_of(store, vec![target]).unwrap(), false).unwrap();
}

#[test]
fn seeds_of_after_an_erasure_do_not_pass_for_whole_beside_the_store_of_before() {
    let (memory, store) = days();
    let before = memory.after_power_cut(100);
    erase(&store, event(&store, "e17"));
    let seeds = read(&memory, SEEDS);
    before.put(SEEDS, &seeds, true).unwrap();
    assert!(report(&before).faults.iter().all(|fault| fault.code == Code::BatchSeed));
    assert!(!report(&before).is_sound());

    let store = open(&before);
    let commit = store.commit();
    let Err(Error::SeedsMissing { what, .. }) = write_day(&store, 4) else { panic!() };
    assert_eq!(what, "salts of rows of 1 batch");
    let Err(Error::KeysUnfit { why, .. }) = store.backup(true).map(drop) else { panic!() };
    assert!(why.contains("salts of rows of 1 batch") && why.contains("later state"), "{why}");
    // An erasure would write them anew, and then nothing tells any more.
    let other = erasure_of(&store, vec![event(&store, "e3")]).unwrap();
    assert!(matches!(store.erase(&other, false), Err(Error::SeedsMissing { .. })));
    // Of the row itself no leaf can be kept, whatever is said; of the whole batch none has to be.
    let same = erasure_of(&store, vec![event(&store, "e17")]).unwrap();
    for refused in [store.erase(&same, false), store.erase_despite_missing_seeds(&same, false)] {
        let refused = refused.unwrap_err();
        assert!(matches!(refused, Error::SeedsMissing { .. }), "{refused}");
        assert!(refused.to_string().contains("`lineal erase batch`"), "{refused}");
    }
    assert_eq!(store.commit(), commit);
    assert!(read(&before, SEEDS) == seeds, "they stay as they are");
    erase(&store, whole_batch(1));
    write_day(&store, 4).unwrap();
    assert!(store.backup(true).is_ok());
    drop(store);
    assert_eq!(report(&before).faults, []);
}

#[test]
fn seeds_in_which_a_key_was_made_anew_since_take_no_files_place() {
    let (memory, store) = days();
    let before = memory.after_power_cut(100);
    erase(&store, mail_of_anna(&store));
    name_anna(&store, "anna@new.example");
    assert!(store.backup(true).is_ok());
    before.put(SEEDS, &read(&memory, SEEDS), true).unwrap();
    let Err(Error::KeysUnfit { why, .. }) = open(&before).backup(true).map(drop) else { panic!() };
    assert!(why.contains("sealed value"), "{why}");
}

fn fresh(store: &Store) -> MemoryStorage {
    let copy = MemoryStorage::new();
    store.backup(false).unwrap().write_on(&copy, &mut |_| {}).unwrap();
    copy
}

fn keys_of(store: &Store) -> CopiedKeys {
    store.backup(true).unwrap().keys().cloned().unwrap()
}

fn put_back(
    copy: &MemoryStorage,
    to: &Path,
    keys: &CopiedKeys,
    erasures_of: Option<Later<'_>>,
) -> lineal_engine::Result<u64> {
    let wanted = Restoring { keys: Some(keys.clone()), erasures_of, options: options() };
    restore(Origin::Folder(copy), to, wanted, &mut |_| {}).map(|done| done.erased_again)
}

/// Puts a copy back with the keys that were written with it and with those of the later state, which must come to
/// the same records and answers; gives how many erasures were done again.
fn put_back_alike(copy: &MemoryStorage, own: &CopiedKeys, later: &Store) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let (newest, list) = (keys_of(later), later.decision_log().unwrap());
    let refused = put_back(copy, &folder.path().join("x"), &newest, None).unwrap_err();
    assert!(matches!(refused, Error::KeysNotOfCopy { .. }) && refused.is_damage(), "{refused}");
    assert!(refused.to_string().contains("--erasures-of"), "{refused}");
    let mut counts = Vec::new();
    let mut all = Vec::new();
    for (name, keys, told) in [
        ("own", own, Later::Store(later)),
        ("newest", &newest, Later::Store(later)),
        ("listed", &newest, Later::List(&list)),
    ] {
        let to = folder.path().join(name);
        counts.push(put_back(copy, &to, keys, Some(told)).unwrap());
        let report = report(&FileStorage::new(&to));
        assert!(report.is_sound(), "{name}: {report:?}");
        let back = Store::open(&to, options()).unwrap();
        assert!(back.backup(true).is_ok(), "{name}: the keys are whole again");
        let view = back.snapshot().unwrap();
        let counted = (report.batches, report.rows, report.erased);
        all.push((back.decision_log().unwrap(), answers(&view), counted));
    }
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
    assert_eq!(all[0], all[1], "the keys of today");
    assert_eq!(all[0], all[2], "the keys of today, and a list");
    counts[0]
}

#[test]
fn an_older_copy_is_put_back_with_the_keys_of_today_as_with_its_own() {
    let (_memory, store) = days();
    store.hold("case-4", &HoldScope::Store, "authority request", None).unwrap();
    let (copy, own) = (fresh(&store), keys_of(&store));
    store.release("case-4", "closed", None).unwrap();
    write_day(&store, 3).unwrap();
    erase(&store, event(&store, "e17"));
    erase(&store, event(&store, "e40"));
    erase(&store, whole_batch(2));
    erase(&store, event(&store, "e14"));
    erase(&store, mail_of_anna(&store));
    name_anna(&store, "anna@new.example");
    // That of an event that the copy does not hold is known by its fingerprint.
    assert_eq!(put_back_alike(&copy, &own, &store), 5);
}

#[test]
fn an_older_copy_of_batches_that_share_a_seed_is_put_back_with_the_keys_of_today() {
    let memory = MemoryStorage::new();
    let store = Store::create_on(shared(&memory), options()).unwrap();
    let write = |numbers| write_numbers(&store, 1, numbers).unwrap();
    let first = write(0..12);
    let mut tx = store.begin(None, None).unwrap();
    tx.add_retract(first, false, None).unwrap();
    tx.commit().unwrap();
    let (early, early_keys) = (fresh(&store), keys_of(&store));
    write(0..7);
    store.write_indexes().unwrap();
    let (copy, own) = (fresh(&store), keys_of(&store));
    // Row 0 of the shorter batch stands above row 1 of the longer: its salt goes, though it stays.
    erase(&store, event(&store, "e1"));
    assert_eq!(put_back_alike(&copy, &own, &store), 1);
    assert_eq!(put_back_alike(&early, &early_keys, &store), 1);
}

#[test]
fn erasures_of_a_state_that_is_older_than_the_keys_do_not_make_them_fit() {
    let folder = tempfile::tempdir().unwrap();
    let (_memory, store) = days();
    let copy = fresh(&store);
    erase(&store, event(&store, "e17"));
    let list = store.decision_log().unwrap();
    erase(&store, event(&store, "e3"));
    let (to, keys) = (folder.path().join("x"), keys_of(&store));
    let refused = put_back(&copy, &to, &keys, Some(Later::List(&list))).unwrap_err();
    assert!(matches!(refused, Error::KeysNotOfCopy { count: 1, .. }), "{refused}");
    assert!(!to.exists());
}
