//! A mirror holds what the store holds, whoever serves it: what is not as its hashes say is not kept, and a
//! past that was rewritten is refused by its first commit.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::mirror::{Folder, Mirrored, Offer, Upstream, pull};
use lineal_engine::repair::{Wanted, repair};
use lineal_engine::storage::{FaultyStorage, MemoryStorage, Plan, Storage};
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{
    CopyFault, ErasureOrder, Error, Options, Origin, Restoring, Store, Target, check_copy, restore,
};
use lineal_proof::record::Decision;
use lineal_proof::tlog::{NoteSigner, SignatureKind, SignedCheckpoint};
use lineal_tests::sample::{self, answers, step, write_day};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Small segments, so that some are closed.
fn options() -> Options {
    Options { segment_bytes_max: 20_000, ..sample::options() }
}

#[test]
fn tiles_that_are_served_otherwise_than_the_commits_make_them_are_told() {
    let (memory, store) = early();
    let served = Folder::of(Store::open_read_only_on(shared(&memory)).unwrap());
    let mirror = MemoryStorage::new();
    let done = pull(&mirror, &served, None, &mut |_| {}).unwrap();
    assert!(done.tiles >= 2 && done.notes.is_empty(), "{done:?}");
    let again = pull(&mirror, &served, None, &mut |_| {}).unwrap();
    assert_eq!(again.tiles, 0, "what was compared is not compared again");
    store.checkpoint().unwrap();
    let tiles: Vec<_> =
        memory.paths().into_iter().filter(|p| p.starts_with("tiles/tile/")).collect();
    let newest = format!(".p/{}", store.commit());
    let mut refused = 0;
    for path in tiles.iter().filter(|path| path.ends_with(&newest)) {
        let other = memory.after_power_cut(100);
        other.damage(path, |bytes| bytes[40] ^= 1);
        let served = Folder::of(Store::open_read_only_on(shared(&other)).unwrap());
        for begun in [&mirror, &MemoryStorage::new()] {
            let pulling = begun.after_power_cut(100);
            let before = told(&pulling);
            for _ in 0..2 {
                let error = pulled(&pulling, &served).unwrap_err();
                let said = matches!(&error, Error::Upstream { why, .. } if why.contains(path));
                assert!(said, "each pull refuses it, not the first alone: {error}");
                assert_same(&told(&pulling), &before, "nothing of it is told");
            }
            // Nor is it believed when the server was away at that tile.
            let away = Away { inner: folder(&memory), path: path.clone() };
            assert!(matches!(pulled(&pulling, &away), Err(Error::Upstream { .. })));
            assert!(pulled(&pulling, &served).is_err());
            let done = pulled(&pulling, &folder(&memory)).unwrap();
            assert!(done.tiles >= 2 && done.commit == store.commit(), "{done:?}");
        }
        other.remove(path).unwrap();
        let served = Folder::of(Store::open_read_only_on(shared(&other)).unwrap());
        let done = pull(&mirror.after_power_cut(100), &served, None, &mut |_| {}).unwrap();
        assert!(done.notes.iter().any(|note| note.contains("not compared")), "{done:?}");
        refused += 1;
    }
    assert_eq!(refused, 2, "the tile of hashes and that of entries: {tiles:?}");
}

/// What a mirror says that it holds: its head and list, the checkpoints and their tiles.
fn told(mirror: &MemoryStorage) -> BTreeMap<String, Vec<u8>> {
    let mut files = all(mirror);
    let names = ["head", "backup.sha256", "checkpoints/", "tiles/"];
    files.retain(|path, _| names.iter().any(|name| path.starts_with(name)));
    files
}

/// A server that is away when one file is asked for.
struct Away {
    inner: Folder,
    path: String,
}

impl Upstream for Away {
    fn offer(&self) -> lineal_engine::Result<Offer> {
        self.inner.offer()
    }
    fn bytes(&self, path: &str, from: u64, length: u64) -> lineal_engine::Result<Option<Vec<u8>>> {
        if path == self.path {
            return Err(Error::Upstream { name: self.name(), why: "it is away".to_owned() });
        }
        self.inner.bytes(path, from, length)
    }
    fn name(&self) -> String {
        "a server".to_owned()
    }
}

fn shared(memory: &MemoryStorage) -> Arc<dyn Storage> {
    Arc::new(memory.clone())
}

fn day(store: &Store, day: u8) {
    write_day(store, day).unwrap();
}

/// Three days, two of them signed for.
fn early() -> (MemoryStorage, Store) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(shared(&memory), options()).unwrap();
    for number in 1..=3 {
        step(&store, number).unwrap();
    }
    store.record_log(None, None).unwrap();
    for number in 0..3 {
        day(&store, number);
        if number < 2 {
            store.checkpoint().unwrap();
        }
    }
    (memory, store)
}

/// More days, packing, an erasure, a checkpoint.
fn go_on(store: &Store) {
    for number in 3..6 {
        day(store, number);
    }
    store.compact(false, &mut |_| ControlFlow::Continue(())).unwrap();
    let events = store.snapshot().unwrap().events_by_id("e17").unwrap();
    let order = ErasureOrder {
        targets: vec![Target::Events(events)],
        decision: Decision::Erased,
        basis: "GDPR 17(1)(a)".into(),
        reference: "request 2026-117".into(),
        decided_by: store.actor_key("officer@bank.example").unwrap(),
        executed_by: store.actor_key("admin@bank.example").unwrap(),
    };
    store.erase(&order, false).unwrap();
    store.checkpoint().unwrap();
    day(store, 6);
}

fn folder(memory: &MemoryStorage) -> Folder {
    Folder::of(Store::open_read_only_on(shared(memory)).unwrap())
}

fn pulled(to: &dyn Storage, from: &dyn Upstream) -> lineal_engine::Result<Mirrored> {
    pull(to, from, None, &mut |_| {})
}

/// Every file with its bytes, but what a write that died left beside one where the next write of it takes its
/// place: in the folder itself, and among tiles.
fn all(memory: &MemoryStorage) -> BTreeMap<String, Vec<u8>> {
    let paths = memory.paths().into_iter();
    let is_left = |path: &String| {
        path.ends_with(".tmp") && (!path.contains('/') || path.starts_with("tiles/"))
    };
    let paths = paths.filter(|path| !is_left(path));
    paths.map(|path| (path.clone(), memory.read(&path).unwrap().unwrap().to_vec())).collect()
}

/// Are two media the same? Says which files are not.
fn assert_same(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>, told: &str) {
    let paths = one.keys().chain(other.keys());
    let differing: Vec<_> = paths.filter(|path| one.get(*path) != other.get(*path)).collect();
    assert!(differing.is_empty(), "{told}: {differing:?}");
}

/// What a mirror of a store must be: its copy, and its tiles.
fn expected(memory: &MemoryStorage, store: &Store) -> BTreeMap<String, Vec<u8>> {
    let copy = MemoryStorage::new();
    store.backup(false).unwrap().write_on(&copy, &mut |_| {}).unwrap();
    let mut files = all(&copy);
    files.extend(all(memory).into_iter().filter(|(path, _)| path.starts_with("tiles/")));
    files
}

#[test]
fn a_mirror_is_a_copy_with_tiles_and_follows_what_the_store_adds_and_erases() {
    let (memory, store) = early();
    let mirror = MemoryStorage::new();
    let first = pulled(&mirror, &folder(&memory)).unwrap();
    assert_eq!((first.was, first.commit), (0, store.commit()));
    assert_eq!((first.containers, first.checkpoints), (4, 2), "{first:?}");
    assert_eq!(first.signed, Some(store.commit() - 1));
    assert_same(&all(&mirror), &expected(&memory, &store), "new");
    let before = store.commit();
    go_on(&store);
    let next = pulled(&mirror, &folder(&memory)).unwrap();
    assert_eq!((next.was, next.commit), (before, store.commit()));
    assert!(next.removed.iter().any(|file| file.starts_with("containers/")), "{next:?}");
    assert_same(&all(&mirror), &expected(&memory, &store), "brought up to date");
    let report = verify(&mirror, Depth::Full, &mut |_| {}).unwrap();
    assert!(report.faults.is_empty() && report.checkpoints == 3, "{report:?}");
    let again = pulled(&mirror, &folder(&memory)).unwrap();
    assert_eq!((again.bytes, again.containers, again.removed.len()), (0, 0, 0), "nothing is new");
    // It is a copy in every way, and holds no key.
    let found = check_copy(&shared(&mirror), Some(&store), None, &mut |_| {}).unwrap();
    assert_eq!((found.faults, found.behind), (vec![], Some(0)));
    assert!(!mirror.paths().iter().any(|path| path.starts_with("keys/")));
    let reader = Store::open_read_only_on(shared(&mirror)).unwrap();
    assert!(reader.snapshot().unwrap().events_by_id("e16").is_ok());
    assert!(matches!(reader.actor_key("anna"), Err(Error::NoKey { .. })));
    // Also of a mirror: whoever stands between cannot change anything.
    let third = MemoryStorage::new();
    pulled(&third, &folder(&mirror)).unwrap();
    assert_same(&all(&third), &all(&mirror), "a mirror of a mirror");
}

#[test]
fn a_pull_that_is_stopped_at_any_call_leaves_the_old_state_or_the_new_and_goes_on() {
    let (memory, store) = early();
    let old = MemoryStorage::new();
    pulled(&old, &folder(&memory)).unwrap();
    let (old_commit, seen) = (store.commit(), answers(&store.snapshot().unwrap()).len());
    go_on(&store);
    assert!(seen > 0);
    let whole = expected(&memory, &store);
    let from = folder(&memory);
    let (mut olds, mut news, mut none) = (0, 0, 0);
    for begun in [old, MemoryStorage::new()] {
        let sound = FaultyStorage::new(begun.after_power_cut(100), Plan::Never);
        pulled(&sound, &from).unwrap();
        for plan in [Plan::CrashAt, Plan::FailSyncAt, Plan::FullAt] as [fn(u64) -> Plan; 3] {
            for at in 0..=sound.calls() {
                for cut in 0..2 {
                    let disk = begun.after_power_cut(100);
                    let told = format!("{:?}, power cut {cut}", plan(at));
                    let ended = pulled(&FaultyStorage::new(disk.clone(), plan(at)), &from);
                    let left = match cut {
                        0 => disk.after_power_cut(0),
                        _ => disk.after_torn_power_cut(at),
                    };
                    match Store::open_read_only_on(shared(&left)) {
                        Ok(copy) if copy.commit() == old_commit => {
                            assert!(ended.is_err(), "{told}");
                            olds += 1;
                        }
                        Ok(copy) => {
                            assert_eq!(copy.commit(), store.commit(), "{told}");
                            news += 1;
                        }
                        Err(error) => {
                            assert!(begun.paths().is_empty() && ended.is_err(), "{told}: {error}");
                            none += 1;
                        }
                    }
                    if left.read("head").unwrap().is_some() {
                        let report = verify(&left, Depth::Full, &mut |_| {}).unwrap();
                        assert!(report.is_sound(), "{told}: {:?}", report.faults);
                    }
                    pulled(&left, &from).unwrap();
                    assert_same(&all(&left), &whole, &told);
                }
            }
        }
    }
    println!("{olds} left the old mirror, {news} the new, {none} none yet");
    assert!(olds > 20 && news > 20 && none > 20, "{olds} {news} {none}");
}

#[test]
fn what_was_pulled_before_a_stop_is_not_pulled_again() {
    let (memory, store) = early();
    go_on(&store);
    let whole = pulled(&MemoryStorage::new(), &folder(&memory)).unwrap().bytes;
    let mirror = MemoryStorage::new();
    let broken = Broken { inner: folder(&memory), left: Cell::new(4) };
    let error = pulled(&mirror, &broken).unwrap_err();
    assert!(matches!(error, Error::Upstream { .. }), "{error}");
    let rest = pulled(&mirror, &folder(&memory)).unwrap();
    assert!(rest.bytes + 10_000 < whole, "{} of {whole}", rest.bytes);
    assert_same(&all(&mirror), &expected(&memory, &store), "whole");
}

/// A server that is away after some pieces.
struct Broken {
    inner: Folder,
    left: Cell<u32>,
}

impl Upstream for Broken {
    fn offer(&self) -> lineal_engine::Result<Offer> {
        self.inner.offer()
    }
    fn bytes(&self, path: &str, from: u64, length: u64) -> lineal_engine::Result<Option<Vec<u8>>> {
        if self.left.get() == 0 {
            return Err(Error::Upstream { name: self.name(), why: "it is away".to_owned() });
        }
        self.left.set(self.left.get() - 1);
        self.inner.bytes(path, from, length)
    }
    fn name(&self) -> String {
        "a server".to_owned()
    }
}

#[test]
fn a_past_that_was_rewritten_is_refused_by_its_first_commit() {
    let (memory, store) = early();
    let shared_past = store.commit();
    let fork = memory.after_power_cut(100);
    day(&store, 3);
    day(&store, 4);
    let mirror = MemoryStorage::new();
    pulled(&mirror, &folder(&memory)).unwrap();
    let kept = all(&mirror);
    let refused = |from: &MemoryStorage, expected: u64| {
        let error = pulled(&mirror, &folder(from)).unwrap_err();
        assert!(
            matches!(&error, Error::OtherHistory { commit, .. } if *commit == expected),
            "{error}"
        );
        assert!(error.is_damage());
        assert_same(&all(&mirror), &kept, "not touched");
    };
    // Put back from before: shorter, then as long, then longer, each commit sound by itself.
    refused(&fork, shared_past + 1);
    let forged = Store::open_on(shared(&fork), options()).unwrap();
    for number in 5..9 {
        day(&forged, number);
        refused(&fork, shared_past + 1);
    }
    forged.checkpoint().unwrap();
    refused(&fork, shared_past + 1);
    // From the first commit on, under the same store's id.
    let anew = MemoryStorage::new();
    let forged = Store::create_on(shared(&anew), options()).unwrap();
    for number in 0..12 {
        day(&forged, number);
    }
    refused(&anew, 1);
    let secret = Options { store_id: Some([9; 16]), ..options() };
    let stranger = MemoryStorage::new();
    drop(Store::create_on(shared(&stranger), secret).unwrap());
    let error = pulled(&mirror, &folder(&stranger)).unwrap_err();
    assert!(matches!(error, Error::OtherStore { .. }), "{error}");
}

/// Whoever stands between and changes what comes of one file.
struct Forger<'a> {
    inner: Folder,
    path: String,
    change: &'a dyn Fn(&mut Vec<u8>),
}

impl Upstream for Forger<'_> {
    fn offer(&self) -> lineal_engine::Result<Offer> {
        self.inner.offer()
    }
    fn bytes(&self, path: &str, from: u64, length: u64) -> lineal_engine::Result<Option<Vec<u8>>> {
        let mut bytes = self.inner.bytes(path, from, length)?;
        if let (true, Some(bytes)) = (path == self.path, &mut bytes) {
            (self.change)(bytes);
        }
        Ok(bytes)
    }
    fn name(&self) -> String {
        "a forger".to_owned()
    }
}

#[test]
fn no_changed_byte_is_kept() {
    let (memory, store) = early();
    let whole = expected(&memory, &store);
    let mut refused = 0;
    let names = ["segments/", "containers/", "checkpoints/", "sealed/"];
    let paths = whole.keys().filter(|path| names.iter().any(|name| path.starts_with(name)));
    for path in paths {
        let length = whole[path].len();
        for at in (64..length).step_by(length.div_ceil(9)) {
            let change = |bytes: &mut Vec<u8>| {
                let at = at.min(bytes.len() - 1);
                bytes[at] ^= 0x20;
            };
            let forger = Forger { inner: folder(&memory), path: path.clone(), change: &change };
            let mirror = MemoryStorage::new();
            let error = pulled(&mirror, &forger).unwrap_err();
            assert!(
                error.is_damage() || matches!(error, Error::Upstream { .. }),
                "{path}, byte {at}: {error}"
            );
            assert!(mirror.read("head").unwrap().is_none(), "{path}, byte {at}");
            pulled(&mirror, &folder(&memory)).unwrap();
            assert_same(&all(&mirror), &whole, &format!("{path}, byte {at}"));
            refused += 1;
        }
    }
    assert!(refused > 50, "{refused}");
    let cut = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2);
    let path = "segments/00000001.seg".to_owned();
    let short = Forger { inner: folder(&memory), path, change: &cut };
    assert!(matches!(pulled(&MemoryStorage::new(), &short), Err(Error::Upstream { .. })));
}

#[test]
fn a_checkpoint_is_of_the_commits_and_of_a_key_that_is_trusted() {
    let (memory, store) = early();
    let size = store.commit() - 1;
    let path = format!("checkpoints/{size:012}.note");
    let good = store.kept_checkpoint(size).unwrap().note;
    let key = store.log_identity().unwrap().unwrap().signing().clone();
    let origin = key.name().to_owned();
    let other = NoteSigner::new(&origin, SignatureKind::Ed25519, &[5; 32]).unwrap();
    let by_other = good.checkpoint.sign(&other).unwrap();
    let mut rewritten = good.checkpoint.clone();
    rewritten.root = lineal_proof::tlog::TreeHash::leaf(b"another tree");
    for note in [by_other, rewritten.sign(&other).unwrap()] {
        let served = memory.after_power_cut(100);
        served.put(&path, note.to_string().as_bytes(), false).unwrap();
        let mirror = MemoryStorage::new();
        let error = pulled(&mirror, &folder(&served)).unwrap_err();
        assert!(matches!(error, Error::Log { .. } | Error::Rewritten { .. }), "{error}");
        assert!(mirror.read("head").unwrap().is_none());
    }
    // The key that somebody knows the log by.
    let mirror = MemoryStorage::new();
    assert!(pull(&mirror, &folder(&memory), Some(other.verifier()), &mut |_| {}).is_err());
    let done = pull(&mirror, &folder(&memory), Some(&key), &mut |_| {}).unwrap();
    assert_eq!(done.signed, Some(size));
    let kept = mirror.read("tiles/checkpoint").unwrap().unwrap();
    SignedCheckpoint::parse(&kept).unwrap().verify(&key).unwrap();
}

#[test]
fn a_key_that_is_known_holds_the_newest_checkpoint_and_the_log_names_those_of_before() {
    let (memory, store) = early();
    let before = store.log_identity().unwrap().unwrap().signing().clone();
    // One more of before, one signed with both, then one with the new key alone.
    store.rotate_log_key(false, None, None).unwrap();
    day(&store, 3);
    let now = store.log_identity().unwrap().unwrap().signing().clone();
    assert_ne!(before, now);
    store.checkpoint().unwrap();
    let mirror = MemoryStorage::new();
    let done = pull(&mirror, &folder(&memory), Some(&now), &mut |_| {}).unwrap();
    assert_eq!((done.checkpoints, done.signed), (5, Some(store.commit())));
    // Who knows the old key alone is told, also of a mirror that has the checkpoints.
    for mirror in [mirror, MemoryStorage::new()] {
        let error = pull(&mirror, &folder(&memory), Some(&before), &mut |_| {}).unwrap_err();
        assert!(matches!(error, Error::Log { .. }), "{error}");
    }
}

/// Has the newest checkpoint signed by the former key alone, after another took its place.
fn signed_by_the_former(compromised: bool) -> (MemoryStorage, Store, NoteSigner) {
    let (memory, store) = early();
    let before = store.log_identity().unwrap().unwrap();
    // Behind eight bytes that say what it is.
    let secret = memory.read("keys/signing.key").unwrap().unwrap()[8..40].try_into().unwrap();
    let former = NoteSigner::new(&before.origin, SignatureKind::Ed25519, &secret).unwrap();
    assert_eq!(former.verifier(), before.signing());
    store.rotate_log_key(compromised, None, None).unwrap();
    day(&store, 3);
    let note = store.checkpoint().unwrap().checkpoint.sign(&former).unwrap().to_string();
    let path = format!("checkpoints/{:012}.note", store.commit());
    memory.put(&path, note.as_bytes(), false).unwrap();
    (memory, store, former)
}

#[test]
fn what_a_former_key_signs_later_is_left_out_and_told_also_to_who_knows_that_key() {
    let (memory, store, former) = signed_by_the_former(false);
    for key in [None, Some(former.verifier())] {
        let done = pull(&MemoryStorage::new(), &folder(&memory), key, &mut |_| {}).unwrap();
        assert_eq!(done.signed, Some(store.commit() - 1), "that which both signed: {done:?}");
        let told = done.notes.iter().any(|note| note.contains("replaced, which signs nothing"));
        assert!(told, "{done:?}");
    }

    let (memory, store, former) = signed_by_the_former(true);
    let done = pulled(&MemoryStorage::new(), &folder(&memory)).unwrap();
    assert_eq!(done.signed, Some(store.commit() - 1), "{done:?}");
    let mirror = MemoryStorage::new();
    let known = Some(former.verifier());
    let error = pull(&mirror, &folder(&memory), known, &mut |_| {}).unwrap_err();
    assert!(error.is_damage() && error.to_string().contains("the log revoked it"), "{error}");
    assert!(mirror.read("head").unwrap().is_none());
}

#[test]
fn a_store_is_repaired_and_put_back_from_its_mirror() {
    let (memory, store) = early();
    go_on(&store);
    let mirror = MemoryStorage::new();
    pulled(&mirror, &folder(&memory)).unwrap();
    let expected = answers(&store.snapshot().unwrap());
    let keys = store.backup(true).unwrap().keys().cloned();
    drop(store);
    let container =
        mirror.paths().into_iter().find(|path| path.starts_with("containers/")).unwrap();
    for path in ["segments/00000001.seg", container.as_str()] {
        memory.damage(path, |bytes| bytes[200] ^= 4);
    }
    let wanted = Wanted { from: Some(shared(&mirror)), dry_run: false, options: options() };
    let done = repair(&shared(&memory), &wanted, &mut |_| {}).unwrap();
    assert_eq!((done.left, done.restored.len()), (vec![], 2));
    let store = Store::open_read_only_on(shared(&memory)).unwrap();
    assert_eq!(answers(&store.snapshot().unwrap()), expected);
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("back");
    let wanted = Restoring { keys, erasures_of: None, options: options() };
    restore(Origin::Folder(&mirror), &to, wanted, &mut |_| {}).unwrap();
    let back = Store::open_read_only(&to).unwrap();
    assert_eq!(answers(&back.snapshot().unwrap()), expected);
    let damaged = mirror.after_power_cut(100);
    damaged.damage(&container, |bytes| bytes[9] ^= 1);
    let found = check_copy(&shared(&damaged), None, None, &mut |_| {}).unwrap();
    assert_eq!(found.faults[0].1, CopyFault::Damaged);
}
