//! `repair` brings back what proves itself, invents nothing, and keeps what was there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::repair::{Repaired, Wanted, repair};
use lineal_engine::storage::{FaultyStorage, MemoryStorage, Plan, Storage};
use lineal_engine::verify::{Code, Depth, verify};
use lineal_engine::{Error, Options, Store};
use lineal_tests::sample::{STEPS, answers, finish, options, step};
use std::collections::BTreeSet;
use std::sync::Arc;

const SEGMENT: &str = "segments/00000001.seg";

fn shared(memory: &MemoryStorage) -> Arc<dyn Storage> {
    Arc::new(memory.clone())
}

fn wanted(from: Option<&MemoryStorage>) -> Wanted {
    Wanted { from: from.map(shared), dry_run: false, options: options() }
}

fn run(memory: &MemoryStorage, from: Option<&MemoryStorage>) -> Repaired {
    repair(&shared(memory), &wanted(from), &mut |_| {}).unwrap()
}

fn all_answers(memory: &MemoryStorage) -> BTreeSet<String> {
    answers(&Store::open_read_only_on(shared(memory)).unwrap().snapshot().unwrap())
}

fn is_sound(memory: &MemoryStorage) -> bool {
    verify(memory, Depth::Full, &mut |_| {}).is_ok_and(|report| report.faults.is_empty())
}

/// The store after all steps, and a copy of it after some.
fn store_and_copy(after: u64) -> (MemoryStorage, MemoryStorage) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(shared(&memory), options()).unwrap();
    for number in 1..=after {
        step(&store, number).unwrap();
    }
    let copy = memory.after_power_cut(100);
    for path in copy.paths().iter().filter(|path| path.starts_with("index/")) {
        copy.remove(path).unwrap();
    }
    finish(&store).unwrap();
    store.write_indexes().unwrap();
    drop(store);
    (memory, copy)
}

fn length(memory: &MemoryStorage, path: &str) -> usize {
    memory.read(path).unwrap().map_or(0, |bytes| bytes.len())
}

/// Every file with its bytes, without what a repair or a crash leaves beside, what is derived, and
/// marks.
fn truth(memory: &MemoryStorage) -> Vec<(String, Vec<u8>)> {
    let beside = ["orphans/", "index/", "readers/"];
    let paths = memory.paths().into_iter();
    paths
        .filter(|path| !beside.iter().any(|folder| path.starts_with(folder)))
        .filter(|path| !path.ends_with(".tmp"))
        .map(|path| (path.clone(), memory.read(&path).unwrap().unwrap().to_vec()))
        .collect()
}

#[test]
fn a_sound_store_is_left_as_it_is() {
    let (memory, copy) = store_and_copy(3);
    let before: Vec<_> = memory.paths();
    let done = run(&memory, Some(&copy));
    assert_eq!(done, Repaired::default());
    assert_eq!(memory.paths(), before);
}

#[test]
fn damage_within_what_an_older_copy_holds_comes_back_and_later_commits_stay() {
    let (memory, copy) = store_and_copy(3);
    let expected = (truth(&memory), all_answers(&memory));
    let container = copy.paths().into_iter().find(|path| path.starts_with("containers/")).unwrap();
    let paths = [SEGMENT, "sealed/00000001.seg", "keys/seeds", "keys/actor.key", &container];
    let mut repaired = 0;
    for path in paths {
        let covered = length(&copy, path);
        for at in (0..covered).step_by(covered.div_ceil(40)) {
            let disk = memory.after_power_cut(100);
            disk.damage(path, |bytes| bytes[at] ^= 0x40);
            let damaged = disk.read(path).unwrap().unwrap().to_vec();
            let done = run(&disk, Some(&copy));
            assert_eq!(done.left, [], "{path}, byte {at}");
            assert_eq!(done.restored.len(), 1, "{path}, byte {at}: {done:?}");
            let restored = &done.restored[0];
            assert_eq!((restored.file.as_str(), restored.from_copy), (path, covered as u64));
            assert_eq!(restored.rests_on_copy, path == "keys/actor.key");
            let kept = restored.aside.as_ref().unwrap();
            assert_eq!(
                disk.read(kept).unwrap().unwrap().to_vec(),
                damaged,
                "the damaged one stays"
            );
            assert_eq!(truth(&disk), expected.0, "{path}, byte {at}");
            assert_eq!(all_answers(&disk), expected.1);
            repaired += 1;
        }
    }
    assert!(repaired > 100, "{repaired}");
    for path in paths.into_iter().take(1).chain([container.as_str()]) {
        // A file that is gone has no tail of its own: only a copy of all of it will do.
        let disk = memory.after_power_cut(100);
        disk.remove(path).unwrap();
        let done = run(&disk, Some(&copy));
        let is_whole = length(&copy, path) == length(&memory, path);
        assert_eq!(done.left.is_empty(), is_whole, "{path}: {done:?}");
        assert_eq!(disk.read(path).unwrap().is_some(), is_whole, "{path}");
    }
}

#[test]
fn damage_that_no_copy_can_mend_is_told_and_nothing_is_written() {
    let (memory, copy) = store_and_copy(2);
    let behind = length(&copy, SEGMENT) + 60;
    let disk = memory.after_power_cut(100);
    disk.damage(SEGMENT, |bytes| bytes[behind] ^= 1);
    let before = truth(&disk);
    for from in [None, Some(&copy)] {
        let done = run(&disk, from);
        assert_eq!((done.restored.len(), done.rebuilt), (0, false), "{done:?}");
        assert!(done.left.iter().any(|fault| fault.code == Code::FrameDamaged), "{done:?}");
        assert_eq!(truth(&disk), before);
    }
}

#[test]
fn a_copy_that_does_not_prove_itself_brings_nothing() {
    let (memory, copy) = store_and_copy(STEPS);
    let disk = memory.after_power_cut(100);
    disk.damage(SEGMENT, |bytes| bytes[200] ^= 1);
    let before = truth(&disk);
    // Damaged itself, at the same place or elsewhere in what would be taken.
    for at in [200, 300, length(&copy, SEGMENT) - 20] {
        let bad = copy.after_power_cut(100);
        bad.damage(SEGMENT, |bytes| bytes[at] ^= 2);
        let done = run(&disk, Some(&bad));
        assert_eq!((done.restored.len(), truth(&disk) == before), (0, true), "byte {at}");
    }
    // Of the same store, but another history: written on from an earlier state.
    let (_, early) = store_and_copy(2);
    let fork = Store::open_on(shared(&early), options()).unwrap();
    let mut tx = fork.begin(None, None).unwrap();
    tx.add_retract(1, false, Some("another story")).unwrap();
    tx.commit().unwrap();
    drop(fork);
    let disk = memory.after_power_cut(100);
    disk.damage(SEGMENT, |bytes| bytes.truncate(length(&early, SEGMENT) - 8));
    let before = truth(&disk);
    let done = run(&disk, Some(&early));
    assert!(done.restored.is_empty() && !done.left.is_empty(), "{done:?}");
    assert_eq!(truth(&disk), before);
    // Of another store.
    let other = MemoryStorage::new();
    Store::create_on(shared(&other), Options { store_id: Some([9; 16]), ..options() }).unwrap();
    let Err(error) = repair(&shared(&disk), &wanted(Some(&other)), &mut |_| {}) else {
        panic!("it is a copy of another store")
    };
    assert!(matches!(error, Error::OtherStore { .. }), "{error}");
}

#[test]
fn a_register_of_another_store_is_set_aside_and_the_stores_own_comes_back() {
    const REGISTER: &str = "sealed/00000001.seg";
    let (memory, copy) = store_and_copy(STEPS);
    let (expected, answered) = (truth(&memory), all_answers(&memory));
    let other = MemoryStorage::new();
    let secrets = Options::default().secrets;
    let of_other = Options { store_id: Some([9; 16]), secrets, ..options() };
    let store = Store::create_on(shared(&other), of_other).unwrap();
    finish(&store).unwrap();
    drop(store);
    let foreign = other.read(REGISTER).unwrap().unwrap().to_vec();
    let own = memory.read(REGISTER).unwrap().unwrap().to_vec();
    // In its place; its frames behind the store's own header; and one with the other's header alone.
    let behind = [&own[..64], &foreign[64..]].concat();
    let before = [&foreign[..64], &own[64..]].concat();
    for (bytes, has_keys) in [(&foreign, true), (&foreign, false), (&behind, true), (&before, true)]
    {
        let disk = memory.after_power_cut(100);
        disk.put(REGISTER, bytes, true).unwrap();
        if !has_keys {
            disk.remove("keys/seeds").unwrap();
        }
        assert!(!is_sound(&disk));
        let done = run(&disk, Some(&copy));
        assert_eq!(done.left, [], "{done:?}");
        assert_eq!(done.restored.len(), 1, "{done:?}");
        let aside = done.restored[0].aside.as_ref().unwrap();
        assert_eq!(disk.read(aside).unwrap().unwrap().to_vec(), *bytes, "what was there stays");
        assert_eq!(disk.read(REGISTER).unwrap().unwrap().to_vec(), own);
        if has_keys {
            assert_eq!(truth(&disk), expected);
            assert_eq!(all_answers(&disk), answered);
        }
    }
    // Beside the log of another store it is `head` that looks like the stray one: a copy of what it names is
    // refused, and nothing is touched.
    let disk = memory.after_power_cut(100);
    for path in [REGISTER, SEGMENT] {
        disk.put(path, &other.read(path).unwrap().unwrap(), true).unwrap();
    }
    let before = truth(&disk);
    let refused = repair(&shared(&disk), &wanted(Some(&copy)), &mut |_| {}).unwrap_err();
    assert!(matches!(refused, Error::OtherStore { .. }), "{refused:?}");
    assert_eq!(truth(&disk), before);
}

#[test]
fn a_copy_with_another_past_is_refused_by_the_first_commit_that_differs() {
    let (memory, early) = store_and_copy(2);
    let fork = Store::open_on(shared(&early), options()).unwrap();
    for number in 0..2 {
        let mut tx = fork.begin(None, None).unwrap();
        tx.add_retract(1, number == 1, Some("another story")).unwrap();
        tx.commit().unwrap();
    }
    drop(fork);
    // Sound, with damage of what is derived, and of what is recorded.
    for damaged in [None, Some("index/ledger.idx"), Some(SEGMENT)] {
        for dry_run in [true, false] {
            let disk = memory.after_power_cut(100);
            if let Some(path) = damaged {
                disk.damage(path, |bytes| bytes[200] ^= 1);
            }
            let before = disk.paths();
            let wanted = Wanted { dry_run, ..wanted(Some(&early)) };
            let error = repair(&shared(&disk), &wanted, &mut |_| {}).unwrap_err();
            assert!(matches!(error, Error::OtherHistory { commit: 3, .. }), "{damaged:?}: {error}");
            assert!(error.is_damage() && disk.paths() == before, "nothing was written");
        }
    }
    // One that is only older, or newer, has the same past.
    let (whole, copy) = store_and_copy(2);
    assert_eq!(run(&whole, Some(&copy)), Repaired::default());
    assert_eq!(run(&copy, Some(&whole)).left, []);
}

#[test]
fn a_lost_head_and_damaged_derived_files_need_no_copy() {
    let (memory, _) = store_and_copy(3);
    let expected = all_answers(&memory);
    let index: Vec<_> =
        memory.paths().into_iter().filter(|path| path.starts_with("index/")).collect();
    let disk = memory.after_power_cut(100);
    disk.damage("head", |bytes| bytes[50] ^= 1);
    for path in &index {
        disk.damage(path, |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        });
    }
    // A rehearsal says the same and writes nothing.
    let before = disk.paths();
    let rehearsed = Wanted { dry_run: true, ..wanted(None) };
    let told = repair(&shared(&disk), &rehearsed, &mut |_| {}).unwrap();
    assert_eq!((told.set_aside.len(), told.rebuilt), (index.len(), true), "{told:?}");
    assert_eq!(disk.paths(), before);
    let done = run(&disk, None);
    assert_eq!((done.left, done.rebuilt), (vec![], true));
    assert_eq!(done.set_aside, told.set_aside);
    assert!(done.set_aside.iter().all(|(_, name)| disk.paths().contains(name)));
    assert!(disk.paths().iter().any(|path| path.starts_with("orphans/head")), "the old head stays");
    assert!(is_sound(&disk));
    assert_eq!(all_answers(&disk), expected);
}

#[test]
fn a_head_that_was_put_back_is_brought_up_with_a_copy_and_without() {
    let memory = MemoryStorage::new();
    let store = Store::create_on(shared(&memory), options()).unwrap();
    for number in 1..=3 {
        step(&store, number).unwrap();
    }
    store.record_log(None, None).unwrap();
    store.checkpoint().unwrap();
    let (early, before) = (store.commit(), memory.read("head").unwrap().unwrap().to_vec());
    // With its keys, as the store was then: what signs now is not among them.
    let copy = memory.after_power_cut(100);
    store.rotate_log_key(false, None, None).unwrap();
    last_steps(&store);
    store.write_indexes().unwrap();
    let late = store.commit();
    drop(store);
    // Tiles are made anew: not all that were of earlier checkpoints.
    let recorded = |disk: &MemoryStorage| -> Vec<_> {
        truth(disk).into_iter().filter(|(path, _)| !path.starts_with("tiles/")).collect()
    };
    let (expected, answered) = (recorded(&memory), all_answers(&memory));
    for from in [None, Some(&copy)] {
        let disk = memory.after_power_cut(100);
        disk.put("head", &before, false).unwrap();
        let report = verify(&disk, Depth::Full, &mut |_| {}).unwrap();
        let told = format!("whole commits follow up to {late}");
        assert!(report.notes.iter().any(|note| note.contains(&told)), "{report:?}");
        let paths = disk.paths();
        let rehearsed = Wanted { dry_run: true, ..wanted(from) };
        let rehearsed = repair(&shared(&disk), &rehearsed, &mut |_| {}).unwrap();
        assert_eq!((rehearsed.brought_up, rehearsed.left), (Some((early, late)), vec![]));
        assert!(disk.paths() == paths && disk.read("head").unwrap().unwrap()[..] == before[..]);

        let done = run(&disk, from);
        assert_eq!((done.brought_up, &done.left), (Some((early, late)), &vec![]), "{done:?}");
        assert_eq!(done.restored, [], "nothing of before takes the place of what came since");
        assert_eq!(disk.read("orphans/head").unwrap().unwrap().to_vec(), before);
        assert!(recorded(&disk) == expected && is_sound(&disk));
        assert_eq!(all_answers(&disk), answered);
        assert_eq!(run(&disk, from), Repaired::default(), "and that was all");
    }
    // A copy that is being brought up has such a `head` too, and is left to who brings it up.
    let disk = memory.after_power_cut(100);
    disk.put("head", &before, false).unwrap();
    disk.put("backup.sha256", b"", false).unwrap();
    assert_eq!(run(&disk, Some(&copy)).brought_up, None);
}

/// Those behind the third.
fn last_steps(store: &Store) {
    for number in 4..=STEPS {
        step(store, number).unwrap();
    }
}

#[test]
fn a_writer_keeps_a_repair_out() {
    let (memory, copy) = store_and_copy(3);
    let store = Store::open_on(shared(&memory), options()).unwrap();
    let Err(error) = repair(&shared(&memory), &wanted(Some(&copy)), &mut |_| {}) else {
        panic!("the store is being written")
    };
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    drop(store);
}

#[test]
fn a_crash_at_any_call_of_a_repair_leaves_a_store_that_can_be_repaired() {
    let (memory, copy) = store_and_copy(3);
    let expected = (truth(&memory), all_answers(&memory));
    let container = copy.paths().into_iter().find(|path| path.starts_with("containers/")).unwrap();
    let damage = |disk: &MemoryStorage| {
        for path in [SEGMENT, "keys/seeds", "index/ledger.idx", &container] {
            disk.damage(path, |bytes| bytes[120] ^= 1);
        }
    };
    // A crash at each call; a sync that fails and a full disk, which end the same way, at every third.
    type At = fn(u64) -> Plan;
    let plans: [(At, usize); 3] = [(Plan::CrashAt, 1), (Plan::FailSyncAt, 3), (Plan::FullAt, 3)];
    let mut crashes = 0;
    for (plan, stride) in plans {
        for at in (0..).step_by(stride) {
            let disk = memory.after_power_cut(100);
            damage(&disk);
            let faulty = Arc::new(FaultyStorage::new(disk.clone(), plan(at)));
            let storage: Arc<dyn Storage> = Arc::clone(&faulty) as Arc<dyn Storage>;
            let ended = repair(&storage, &wanted(Some(&copy)), &mut |_| {});
            drop(storage);
            let kept = [0, 50, 100][usize::try_from(at).unwrap() / stride % 3];
            let left = disk.after_power_cut(kept);
            let done = run(&left, Some(&copy));
            assert_eq!(done.left, [], "{:?}, {kept} %", plan(at));
            assert_eq!(truth(&left), expected.0, "{:?}, {kept} %", plan(at));
            assert_eq!(all_answers(&left), expected.1);
            crashes += 1;
            if ended.is_ok() && faulty.calls() <= at {
                break;
            }
        }
    }
    assert!(crashes > 30, "{crashes}");
}
