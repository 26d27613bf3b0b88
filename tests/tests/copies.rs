//! A copy that is brought up to date is the copy that would be made anew, at every moment the old one or
//! the new, and loses what the store erased; what is put back from an older one loses it again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::journal::{Journal, Request};
use lineal_engine::schema::Kind;
use lineal_engine::storage::{FaultyStorage, FileStorage, MemoryStorage, Plan, Storage};
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{
    CopiedKeys, CopyFault, ErasureOrder, Error, Later, NodeDraft, Options, Origin, Restoring,
    SealedField, Store, Target, check_copy, restore,
};
use lineal_proof::record::{Decision, node_id};
use lineal_proof::{Hash, Value};
use lineal_tests::sample::{self, answers, erasure_of, step, write_day};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// Small segments, so that some are closed.
fn options() -> Options {
    Options { segment_bytes_max: 20_000, ..sample::options() }
}

fn shared(memory: &MemoryStorage) -> Arc<dyn Storage> {
    Arc::new(memory.clone())
}

fn day(store: &Store, day: u8) {
    write_day(store, day).unwrap();
}

fn order(store: &Store, targets: Vec<Target>) -> ErasureOrder {
    erasure_of(store, targets).unwrap()
}

fn live(journal: &mut Journal) {
    let (form, entries) = ("datadog-logs".to_owned(), vec![b"{}".to_vec()]);
    let body = Hash::default();
    journal.append(&[Request { form, key: None, body, received: 1, entries, first: 0 }]).unwrap();
}

/// Three days with a person's sealed names, and something brought live.
fn early() -> (MemoryStorage, Store) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(shared(&memory), options()).unwrap();
    for number in 1..=3 {
        step(&store, number).unwrap();
    }
    store.record_log(None, None).unwrap();
    store.checkpoint().unwrap();
    for number in 0..3 {
        day(&store, number);
    }
    live(&mut Journal::open(&store).unwrap());
    (memory, store)
}

/// What happens until the next copy: more days, packing, an event and a person's name erased, a
/// checkpoint, and the journal sealed.
fn go_on(store: &Store) {
    for number in 3..6 {
        day(store, number);
    }
    store.compact(false, &mut |_| ControlFlow::Continue(())).unwrap();
    let events = store.snapshot().unwrap().events_by_id("e17").unwrap();
    assert!(!events.is_empty());
    let anna = lineal_proof::Key::text(store.actor_key("anna@bank.example").unwrap());
    let field = Target::Field(node_id(Kind::Actor.name(), &anna), "email".into());
    let done = store.erase(&order(store, vec![Target::Events(events), field]), false).unwrap();
    assert!(done.rows > 0 && !done.values.is_empty() && done.files.len() > 1, "{done:?}");
    store.checkpoint().unwrap();
    let mut journal = Journal::open(store).unwrap();
    for number in journal.close(1).unwrap() {
        journal.files().remove(number).unwrap();
        journal.sealed(number);
    }
    day(store, 6);
}

/// Every file with its bytes, but what a write that died left beside one in the folder itself: the next
/// write of that file takes its place on a disk.
fn all(memory: &MemoryStorage) -> BTreeMap<String, Vec<u8>> {
    let read = |path: String| {
        let bytes = memory.read(&path).unwrap().unwrap().to_vec();
        (path, bytes)
    };
    let paths =
        memory.paths().into_iter().filter(|path| path.contains('/') || !path.ends_with(".tmp"));
    paths.map(read).collect()
}

/// Are two media the same? Says which files are not.
fn assert_same(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>, told: &str) {
    let paths = one.keys().chain(other.keys());
    let differing: Vec<_> = paths.filter(|path| one.get(*path) != other.get(*path)).collect();
    assert!(differing.is_empty(), "{told}: {differing:?}");
}

fn fresh(store: &Store) -> MemoryStorage {
    let copy = MemoryStorage::new();
    store.backup(false).unwrap().write_on(&copy, &mut |_| {}).unwrap();
    copy
}

fn names(copy: &MemoryStorage, of: Option<&Store>) -> Vec<(String, CopyFault)> {
    let found = check_copy(&shared(copy), of, None, &mut |_| {}).unwrap();
    found.faults.into_iter().map(|(file, fault, _)| (file, fault)).collect()
}

#[test]
fn a_copy_that_is_brought_up_to_date_is_the_copy_made_anew_byte_for_byte() {
    let (memory, store) = early();
    let copy = fresh(&store);
    let before = all(&copy);
    go_on(&store);
    let must_go = names(&copy, Some(&store));
    assert!(must_go.iter().all(|(_, fault)| *fault == CopyFault::MustGo), "{must_go:?}");
    let is_named = |begins: &str| must_go.iter().any(|(file, _)| file.starts_with(begins));
    assert!(is_named("containers/") && is_named("sealed/"), "what was erased since: {must_go:?}");
    assert_eq!(names(&copy, None), [], "the copy alone cannot know");
    let done = store.backup(false).unwrap().write_on(&copy, &mut |_| {}).unwrap();
    assert_same(&all(&copy), &all(&fresh(&store)), "anew");
    assert_eq!(names(&copy, Some(&store)), []);
    assert!(done.was.is_some() && done.kept >= 2, "closed segments and checkpoints stay: {done:?}");
    assert!(done.removed.iter().any(|file| file.starts_with("containers/")), "{done:?}");
    assert!(done.removed.iter().any(|file| file.starts_with("journal/")), "{done:?}");
    let hash = Hash::of(&17_u32.to_le_bytes());
    let holds = |files: &BTreeMap<String, Vec<u8>>| {
        files.values().any(|bytes| bytes.windows(32).any(|part| part == hash.0))
    };
    assert!(holds(&before) && !holds(&all(&copy)), "what was erased is in no file of it");
    let report = verify(&copy, Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound() && report.commits == store.commit(), "{report:?}");
    let kept = all(&copy);
    let done = store.backup(false).unwrap().write_on(&copy, &mut |_| {}).unwrap();
    assert_eq!((done.written, done.bytes, done.removed.len()), (0, 0, 0), "nothing is new");
    assert_same(&all(&copy), &kept, "not touched");
    drop(memory);
}

#[test]
fn an_update_that_is_stopped_at_any_call_leaves_the_old_copy_or_the_new() {
    let (_memory, store) = early();
    let old = fresh(&store);
    let old_answers = answers(&Store::open_read_only_on(shared(&old)).unwrap().snapshot().unwrap());
    let old_commit = store.commit();
    go_on(&store);
    let expected = all(&fresh(&store));
    let new_answers =
        answers(&Store::open_read_only_on(shared(&fresh(&store))).unwrap().snapshot().unwrap());
    let backup = store.backup(false).unwrap();
    let sound = FaultyStorage::new(old.after_power_cut(100), Plan::Never);
    backup.write_on(&sound, &mut |_| {}).unwrap();
    let (mut olds, mut news) = (0, 0);
    for plan in [Plan::CrashAt, Plan::FailSyncAt, Plan::FullAt] as [fn(u64) -> Plan; 3] {
        for at in 0..=sound.calls() {
            for cut in 0..3 {
                let disk = old.after_power_cut(100);
                let told = format!("{:?}, power cut {cut}", plan(at));
                let ended =
                    backup.write_on(&FaultyStorage::new(disk.clone(), plan(at)), &mut |_| {});
                let left = match cut {
                    0 => disk.after_power_cut(0),
                    1 => disk.after_power_cut(100),
                    _ => disk.after_torn_power_cut(at),
                };
                let copy = Store::open_read_only_on(shared(&left)).unwrap();
                let view = copy.snapshot().unwrap();
                if copy.commit() == old_commit {
                    assert!(ended.is_err(), "{told}");
                    assert_eq!(answers(&view), old_answers, "{told}");
                    olds += 1;
                } else {
                    assert_eq!(answers(&view), new_answers, "{told}");
                    news += 1;
                }
                drop((view, copy));
                let report = verify(&left, Depth::Full, &mut |_| {}).unwrap();
                assert!(report.is_sound(), "{told}: {:?}", report.faults);
                // The next one goes on where it broke off.
                backup.write_on(&left, &mut |_| {}).unwrap();
                assert_same(&all(&left), &expected, &told);
            }
        }
    }
    println!("{} calls, {olds} left the old copy, {news} the new", sound.calls());
    assert!(olds > 20 && news > 20, "{olds} {news}");
}

#[test]
fn what_is_no_copy_of_this_store_and_this_past_is_not_touched() {
    let (memory, store) = early();
    let backup = store.backup(false).unwrap();
    // A store put back from before, and continued otherwise.
    let other = memory.after_power_cut(100);
    day(&store, 3);
    let ours = store.backup(false).unwrap();
    let forked = Store::open_on(shared(&other), options()).unwrap();
    day(&forked, 4);
    let copy = fresh(&forked);
    let kept = all(&copy);
    let first = forked.commit();
    let error = ours.write_on(&copy, &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::OtherHistory { commit, .. } if commit == first), "{error}");
    let later = fresh(&store);
    let error = backup.write_on(&later, &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::OtherHistory { commit, .. } if commit == first), "{error}");
    let secret = Options { store_id: Some([9; 16]), ..options() };
    let stranger = Store::create_on(Arc::new(MemoryStorage::new()), secret).unwrap();
    let error = stranger.backup(false).unwrap().write_on(&copy, &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::OtherStore { .. }), "{error}");
    let error = ours.write_on(&memory.after_power_cut(100), &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::NotACopy { .. }), "a store is no copy: {error}");
    assert_same(&all(&copy), &kept, "not touched");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("diary.txt"), "x").unwrap();
    let error = ours.write_to(folder.path(), &mut |_| {}).unwrap_err();
    assert!(matches!(&error, Error::NotACopy { why, .. } if why.contains("diary.txt")), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

fn put_back(
    copy: &MemoryStorage,
    to: &Path,
    keys: Option<CopiedKeys>,
    erasures_of: Option<Later<'_>>,
) -> lineal_engine::Result<lineal_engine::RestoredCopy> {
    let wanted = Restoring { keys, erasures_of, options: options() };
    restore(Origin::Folder(copy), to, wanted, &mut |_| {})
}

#[test]
fn what_is_put_back_is_the_store_and_an_older_copy_loses_again_what_was_erased_since() {
    let folder = tempfile::tempdir().unwrap();
    let (_memory, store) = early();
    // Stands in the copy, and was released before anything was erased.
    store.hold("case-4", &lineal_engine::HoldScope::Store, "authority request", None).unwrap();
    let copy = fresh(&store);
    let keys = store.backup(true).unwrap().keys().cloned();
    let then = answers(&store.snapshot().unwrap());
    let commit = store.commit();
    store.release("case-4", "closed", None).unwrap();
    go_on(&store);
    let plain = folder.path().join("plain");
    let done = put_back(&copy, &plain, keys.clone(), None).unwrap();
    assert_eq!((done.commit, done.erased_again), (commit, 0));
    let reader = Store::open_read_only(&plain).unwrap();
    assert_eq!(answers(&reader.snapshot().unwrap()), then);
    assert!(!reader.snapshot().unwrap().events_by_id("e17").unwrap().is_empty());
    assert!(!plain.join("backup.sha256").exists(), "a store is no copy");
    #[cfg(unix)]
    for secret in ["keys/seeds", "keys/actor.key", "sealed/00000001.seg"] {
        let kept = std::fs::metadata(plain.join(secret)).unwrap();
        assert_eq!(std::os::unix::fs::MetadataExt::mode(&kept) & 0o077, 0, "{secret}");
    }
    // Not over what is there, and not without keys where something must be erased.
    let error = put_back(&copy, &plain, None, None).unwrap_err();
    assert!(matches!(error, Error::NotEmpty { .. }), "{error}");
    let without = folder.path().join("without");
    let error = put_back(&copy, &without, None, Some(Later::Store(&store))).unwrap_err();
    assert!(matches!(error, Error::ErasedSince { count: 1, .. }), "{error}");
    let erased = folder.path().join("erased");
    let later = Later::Store(&store);
    let done = put_back(&copy, &erased, keys.clone(), Some(later)).unwrap();
    assert_eq!((done.commit, done.erased_again), (commit, 1));
    // A list of what was decided does the same, and one of another store nothing.
    let listed = folder.path().join("listed");
    let mut list = store.decision_log().unwrap();
    let done = put_back(&copy, &listed, keys.clone(), Some(Later::List(&list))).unwrap();
    assert_eq!((done.commit, done.erased_again), (commit, 1));
    let both = [&erased, &listed].map(|path| Store::open_read_only(path).unwrap());
    let both = both.map(|store| answers(&store.snapshot().unwrap()));
    assert_eq!(both[0], both[1]);
    list.store[0] ^= 1;
    let error = put_back(&copy, &without, keys, Some(Later::List(&list))).unwrap_err();
    assert!(matches!(error, Error::OtherStore { .. }), "{error}");
    let reader = Store::open_read_only(&erased).unwrap();
    assert_eq!(reader.commit(), commit + 2, "the release, and the erasure");
    assert!(reader.snapshot().unwrap().events_by_id("e17").unwrap().is_empty());
    assert!(!reader.snapshot().unwrap().events_by_id("e16").unwrap().is_empty());
    let report = verify(&FileStorage::new(&erased), Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound() && report.erased > 0, "{report:?}");
    let hash = Hash::of(&17_u32.to_le_bytes());
    for sub in ["containers", "sealed", "segments", "index", "keys"] {
        for file in std::fs::read_dir(erased.join(sub)).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(32).any(|part| part == hash.0), "{sub}");
        }
    }
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "nothing half is left, no empty folder either: {left:?}");
}

#[test]
fn a_damaged_copy_is_refused_with_the_names_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (_memory, store) = early();
    let copy = fresh(&store);
    let paths = copy.paths();
    let mut refused = 0;
    for path in paths.iter().filter(|path| !["lock", "backup.sha256"].contains(&path.as_str())) {
        let bad = copy.after_power_cut(100);
        bad.damage(path, |bytes| {
            let at = bytes.len() / 2;
            bytes[at] ^= 1;
        });
        let to = folder.path().join("to");
        let error = put_back(&bad, &to, None, None).unwrap_err();
        assert!(
            matches!(&error, Error::DamagedCopy { names, .. } if names[0].starts_with(path.as_str())),
            "{path}: {error}"
        );
        assert!(!to.join("head").exists(), "{path}");
        // Whoever changes the list too is found out by the commits.
        if path.starts_with("segments/") || path.starts_with("containers/") {
            let list =
                String::from_utf8(bad.read("backup.sha256").unwrap().unwrap().to_vec()).unwrap();
            let sum = |memory: &MemoryStorage| {
                use sha2::Digest;
                data_encoding::HEXLOWER
                    .encode(&sha2::Sha256::digest(memory.read(path).unwrap().unwrap()))
            };
            let list = list.replace(&sum(&copy), &sum(&bad));
            bad.put("backup.sha256", list.as_bytes(), false).unwrap();
            let error = put_back(&bad, &to, None, None).unwrap_err();
            assert!(
                error.is_damage() && error.to_string().contains(path.as_str()),
                "{path}: {error}"
            );
        }
        refused += 1;
    }
    assert!(refused >= 6, "{refused}");
    assert_eq!(
        std::fs::read_dir(folder.path())
            .unwrap()
            .filter(|e| e.as_ref().unwrap().file_name() != "to")
            .count(),
        0
    );
}

#[test]
fn what_an_older_copy_does_not_hold_yet_of_what_was_erased_is_known_when_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let (_memory, store) = early();
    let copy = fresh(&store);
    let keys = store.backup(true).unwrap().keys().cloned();
    let commit = store.commit();
    // Behind the copy: events and a person, of which an event and the person are erased, and one is restricted.
    day(&store, 3);
    let name_bert = |store: &Store| {
        let key = lineal_proof::Key::text(store.actor_key("bert@bank.example").unwrap());
        let mut bert = NodeDraft::new(Kind::Actor, key.clone());
        bert.sealed.push(SealedField {
            field: "email".into(),
            value: Value::text("bert@bank.example"),
            actor: Some(key.clone()),
        });
        let mut tx = store.begin(None, None).unwrap();
        tx.add_node(&sample::saying("mlflow-1a2b3c4d", "mlflow-sqlite", 400), bert).unwrap();
        tx.commit().unwrap();
        store.write_indexes().unwrap();
        key
    };
    let bert = name_bert(&store);
    let events = |id: &str| Target::Events(store.snapshot().unwrap().events_by_id(id).unwrap());
    let field = Target::Field(node_id(Kind::Actor.name(), &bert), "email".into());
    store.erase(&order(&store, vec![events("e40"), field]), false).unwrap();
    let restricting =
        ErasureOrder { decision: Decision::Restricted, ..order(&store, vec![events("e41")]) };
    let restricted = store.erase(&restricting, false).unwrap().commit.unwrap();
    let list = store.decision_log().unwrap();

    for (name, later) in [("store", Later::Store(&store)), ("list", Later::List(&list))] {
        let to = folder.path().join(name);
        let done = put_back(&copy, &to, keys.clone(), Some(later)).unwrap();
        assert_eq!((done.commit, done.erased_again), (commit, 1), "{name}");
        let [not_done] = &done.not_done[..] else { panic!("{:?}", done.not_done) };
        assert_eq!((not_done.commit, not_done.decision), (restricted, Decision::Restricted));
        assert_eq!((not_done.rows, not_done.values), (1, 0));
        let back = Store::open(&to, options()).unwrap();
        assert_eq!(back.commit(), commit + 1, "fingerprints of what is not here are recorded");
        let suppressed = back.suppressed("datadog").unwrap().unwrap();
        let batch = sample::batch(3, 36..48);
        let held: Vec<usize> = (0..12).filter(|row| suppressed.holds(&batch.block, *row)).collect();
        assert_eq!(held, [4], "e40 alone");
        let key = name_bert(&back);
        let view = back.snapshot().unwrap();
        let node = view.node_with_key(Kind::Actor, &key).unwrap();
        assert_eq!(view.field(node, "email").unwrap(), None, "it is not sealed anew");
        drop(view);
        drop(back);
        let report = verify(&FileStorage::new(&to), Depth::Full, &mut |_| {}).unwrap();
        assert!(report.is_sound(), "{report:?}");
    }
    // What was lifted since need not be done.
    let officer = store.snapshot().unwrap().with_restricted();
    let lifted = Target::Events(officer.events_by_id("e41").unwrap());
    drop(officer);
    let lifting = ErasureOrder { decision: Decision::Lifted, ..order(&store, vec![lifted]) };
    store.erase(&lifting, false).unwrap();
    let to = folder.path().join("lifted");
    let done = put_back(&copy, &to, keys, Some(Later::Store(&store))).unwrap();
    assert!(done.not_done.is_empty(), "{:?}", done.not_done);
}
