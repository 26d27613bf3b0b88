//! The crash sweep: every operation that writes is stopped at every call that changes the medium, in
//! each way a medium stops; what is left is opened, verified, and held to what was acknowledged.
//!
//! A way to stop is a crash (with half of an append, or of what stands beside a file, written), a sync
//! that fails, a disk that fills up. A crash is followed by a power cut that keeps all, none or any
//! blocks of what was not synced, in any order, and may bring back what was removed. For each: a reader
//! opens at once; verification finds no fault in what was recorded; a writer opens, holds every commit
//! that was acknowledged and at most one more, all whole; the operation is done again and ends where it
//! ends undisturbed. Beside a run without faults a reader opens at every call.
//!
//! By default a part of the calls is tried, the same each time; `LINEAL_SWEEP=all` tries every call
//! with eight power cuts each. The counts that are printed say how much was tried.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::journal::{Journal, Request};
use lineal_engine::storage::{FaultyStorage, MemoryStorage, Plan, Storage};
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{ErasureOrder, Error, Options, Store, Target};
use lineal_import::{ImportOptions, LoadedMapping, Progress, import};
use lineal_proof::Hash;
use lineal_proof::record::Decision;
use lineal_tests::place::fixture;
use lineal_tests::sample::{self, answers, finish, step};
use std::collections::BTreeSet;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

/// Calls of an operation that are tried by default.
const TRIED: u64 = 12;
/// Power cuts after a crash, by default and in all.
const CUTS: (u64, u64) = (2, 8);

/// What an operation does to a medium. Gives the last commit that was acknowledged, none if the store
/// could not even be opened or made.
type Run = fn(Arc<dyn Storage>) -> Acknowledged;
type Acknowledged = Option<u64>;

/// An operation: a name, what is there before it, and what it does. One line each.
struct Operation {
    name: &'static str,
    before: fn(&Arc<dyn Storage>),
    run: Run,
}

/// All of them. Copies and mirrors, which are written from a store onto another medium, are stopped at every
/// call in `copies.rs` and `mirror.rs`.
const OPERATIONS: [Operation; 10] = [
    Operation { name: "init", before: |_| {}, run: init },
    Operation { name: "commits", before: made, run: commits },
    Operation { name: "import of a registry", before: made, run: registry },
    Operation { name: "import of logs", before: made, run: logs },
    Operation { name: "seal of live intake", before: made, run: seal },
    Operation { name: "indexes, merges and tails", before: grown, run: indexes },
    Operation { name: "compaction", before: grown, run: compaction },
    Operation { name: "recovery", before: torn, run: recovery },
    Operation { name: "erasure", before: grown, run: erasure },
    Operation { name: "checkpoint", before: grown, run: checkpoint },
];

fn options() -> Options {
    // Small, so that runs are merged, tails written and segments begun anew.
    Options {
        run_entries_max: 8,
        tail_percent_max: 60,
        segment_bytes_max: 48 << 10,
        ..sample::options()
    }
}

fn made(storage: &Arc<dyn Storage>) {
    drop(Store::create_on(Arc::clone(storage), options()).unwrap());
}

/// A store with several containers, runs and a generation of the index.
fn grown(storage: &Arc<dyn Storage>) {
    made(storage);
    let store = Store::open_on(Arc::clone(storage), options()).unwrap();
    for number in 1..=2 {
        step(&store, number).unwrap();
    }
    store.write_indexes().unwrap();
}

/// What a crash between segment and head leaves, with a tail that was torn.
fn torn(storage: &Arc<dyn Storage>) {
    grown(storage);
    let head = storage.read("head").unwrap().unwrap();
    let store = Store::open_on(Arc::clone(storage), options()).unwrap();
    step(&store, 3).unwrap();
    drop(store);
    storage.put("head", &head, false).unwrap();
    let names = storage.list("segments").unwrap();
    let last = format!("segments/{}", names.last().unwrap());
    storage.append(&last, &[7; 300], false).unwrap();
    storage.sync(&last).unwrap();
    storage.put("containers/stray.1.parquet", b"PAR1", false).unwrap();
}

/// What does not depend on who acknowledged: opens, does, and gives the last commit.
fn on(storage: Arc<dyn Storage>, work: impl FnOnce(&Arc<Store>)) -> Acknowledged {
    let store = Arc::new(Store::open_on(storage, options()).ok()?);
    work(&store);
    Some(store.commit())
}

fn init(storage: Arc<dyn Storage>) -> Acknowledged {
    match Store::create_on(Arc::clone(&storage), options()) {
        // Done again: it is there.
        Err(Error::NotEmpty { .. }) => on(storage, |_| {}),
        other => other.ok().map(|store| store.commit()),
    }
}

fn commits(storage: Arc<dyn Storage>) -> Acknowledged {
    on(storage, |store| {
        let _ = finish(store);
    })
}

fn import_of(store: &Arc<Store>, paths: &[PathBuf]) -> bool {
    let mapping = LoadedMapping::built_in().unwrap();
    let options = ImportOptions { observed_at: Some(500), ..ImportOptions::default() };
    import(store, paths, &options, &mapping, &Progress::default()).is_ok()
}

fn registry(storage: Arc<dyn Storage>) -> Acknowledged {
    on(storage, |store| {
        let _ = import_of(store, &[fixture("rest-3.17")]) && store.write_indexes().is_ok();
    })
}

fn logs(storage: Arc<dyn Storage>) -> Acknowledged {
    on(storage, |store| {
        let _ = import_of(store, &[lines_file()]) && store.write_indexes().is_ok();
    })
}

fn indexes(storage: Arc<dyn Storage>) -> Acknowledged {
    on(storage, |store| {
        for number in store.commit() + 1..=sample::STEPS {
            if step(store, number).is_err() || store.write_indexes().is_err() {
                return;
            }
        }
    })
}

fn compaction(storage: Arc<dyn Storage>) -> Acknowledged {
    on(storage, |store| {
        if finish(store).is_ok() && store.write_indexes().is_ok() {
            let _ = store.compact(false, &mut |_| ControlFlow::Continue(()));
        }
    })
}

fn recovery(storage: Arc<dyn Storage>) -> Acknowledged {
    on(storage, |_| {})
}

/// An event goes. (Of a sealed value the reader that opens between the commit and the end of its key still
/// knows it: that is no state of the log, so it is not held to one here.)
fn erasure(storage: Arc<dyn Storage>) -> Acknowledged {
    on(storage, |store| {
        let _ = erased(store);
    })
}

fn erased(store: &Store) -> lineal_engine::Result<()> {
    let order = ErasureOrder {
        targets: vec![Target::Events(store.snapshot()?.events_by_id("e17")?)],
        decision: Decision::Erased,
        basis: "GDPR 17(1)(a)".into(),
        reference: "request 2026-117".into(),
        decided_by: store.actor_key("officer@bank.example")?,
        executed_by: store.actor_key("admin@bank.example")?,
    };
    match store.erase(&order, false) {
        // Done before.
        Ok(_) | Err(Error::NothingToErase { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The log gets its name and key, and is signed.
fn checkpoint(storage: Arc<dyn Storage>) -> Acknowledged {
    on(storage, |store| {
        let _ = store.record_log(None, None).and_then(|_| store.checkpoint());
    })
}

/// Lines of an archive.
fn lines() -> Vec<Vec<u8>> {
    let folder = fixture("datadog-art12-a-nested/dt=20251103");
    let hour = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).min().unwrap();
    let file = std::fs::read_dir(hour).unwrap().map(|entry| entry.unwrap().path()).min().unwrap();
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(file).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    text.lines().take(12).map(|line| line.as_bytes().to_vec()).collect()
}

/// A file of them, the same for every run of this process.
fn lines_file() -> PathBuf {
    file_of("archive.ndjson", &lines())
}

fn file_of(name: &str, lines: &[Vec<u8>]) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("lineal-sweep-{}", std::process::id()));
    let path = folder.join(Hash::of(&lines.concat()).short()).join(name);
    if !path.exists() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Renamed, since tests of one process run beside one another.
        let beside = path.with_extension(format!("{:?}", std::thread::current().id()));
        std::fs::write(&beside, lines.join(&b'\n')).unwrap();
        std::fs::rename(beside, &path).unwrap();
    }
    path
}

/// Requests of three lines each are acknowledged, then the journal is closed, imported and removed, as
/// the server does it. Every line that was acknowledged is in the journal or in the store.
fn seal(storage: Arc<dyn Storage>) -> Acknowledged {
    let store = Arc::new(Store::open_on(storage, options()).ok()?);
    let mut taken = 0;
    let _ = sealed(&store, &mut taken);
    let commit = store.commit();
    drop(store);
    Some(commit)
}

fn sealed(store: &Arc<Store>, taken: &mut usize) -> lineal_engine::Result<()> {
    let mut journal = Journal::open(store)?;
    for (number, entries) in (0_u8..).zip(lines().chunks(3)) {
        let key = [number; 16];
        if journal.acknowledged(&key).is_none() {
            let body = Hash::of(&entries.concat());
            let (form, entries) = ("datadog-logs".to_owned(), entries.to_vec());
            let request = Request { form, key: Some(key), body, received: 500, entries, first: 0 };
            journal.append(&[request])?;
        }
        *taken += 1;
    }
    for number in journal.close(500)? {
        let requests = journal.files().read(number)?;
        let lines: Vec<_> = requests.into_iter().flat_map(|request| request.entries).collect();
        if import_of(store, &[file_of("intake-00000001.ndjson", &lines)]) {
            journal.files().remove(number)?;
            journal.sealed(number);
        }
    }
    store.write_indexes()
}

/// What an undisturbed run leaves: how many calls it made, and the answers at each commit.
struct Sound {
    before: MemoryStorage,
    calls: u64,
    answers: Vec<BTreeSet<String>>,
}

impl Sound {
    fn of(operation: &Operation) -> Sound {
        let before = MemoryStorage::new();
        (operation.before)(&(Arc::new(before.clone()) as Arc<dyn Storage>));
        // As a medium that was synced and is not in use.
        let before = before.after_power_cut(100);
        let disk = before.after_power_cut(100);
        let faulty = Arc::new(FaultyStorage::new(disk.clone(), Plan::Never));
        (operation.run)(faulty.clone()).unwrap();
        let store = Store::open_on(Arc::new(disk), options()).unwrap();
        let at = |store: &Store, commit| answers(&store.snapshot_at(commit).unwrap());
        // Views of commits that were there before, as they were: an erasure reaches back into them.
        let was = before.after_power_cut(100);
        let was = Store::open_on(Arc::new(was), options()).ok();
        let was_there = was.as_ref().map_or(0, Store::commit);
        let answers = (0..=store.commit()).map(|commit| match &was {
            Some(was) if commit <= was_there => at(was, commit),
            _ => at(&store, commit),
        });
        let answers = answers.collect();
        Sound { before, calls: faulty.calls(), answers }
    }

    fn at(&self, commit: u64) -> &BTreeSet<String> {
        &self.answers[usize::try_from(commit).unwrap()]
    }

    fn last(&self) -> u64 {
        self.answers.len() as u64 - 1
    }
}

/// Holds what a crash left to what was acknowledged.
fn check(
    operation: &Operation,
    sound: &Sound,
    left: &MemoryStorage,
    acked: Acknowledged,
    told: &str,
) {
    let acknowledged = acked.unwrap_or(0);
    let was_there = sound.before.read("head").unwrap().is_some();
    match Store::open_read_only_on(Arc::new(left.clone())) {
        Ok(reader) => {
            let view = reader.snapshot().unwrap_or_else(|error| panic!("{told}: {error}"));
            assert_eq!(answers(&view), *sound.at(view.commit()), "{told}: a reader");
        }
        Err(Error::NoStore { .. } | Error::Corrupt { .. }) if acked.is_none() && !was_there => {}
        Err(error) => panic!("{told}: a reader: {error}"),
    }
    match verify(left, Depth::Full, &mut |_| {}) {
        Ok(report) => {
            let is_made = left.read("head").unwrap().is_some();
            assert!(!is_made || report.is_sound(), "{told}: {:#?}", report.faults);
        }
        Err(Error::NoStore { .. }) if acked.is_none() && !was_there => {}
        Err(error) => panic!("{told}: verify: {error}"),
    }
    match Store::open_on(Arc::new(left.clone()), options()) {
        Ok(store) => {
            let commit = store.commit();
            assert!(commit >= acknowledged, "{told}: {acknowledged} acknowledged, {commit} there");
            let view = store.snapshot().unwrap();
            assert_eq!(answers(&view), *sound.at(commit), "{told}: a writer");
        }
        Err(Error::NoStore { .. } | Error::Corrupt { .. }) if acked.is_none() && !was_there => {
            // `init` that was not acknowledged is begun anew in an empty folder.
            return;
        }
        Err(error) => panic!("{told}: a writer: {error}"),
    }
    let done = (operation.run)(Arc::new(left.clone()));
    let store = Store::open_read_only_on(Arc::new(left.clone())).unwrap();
    assert_eq!(done, Some(store.commit()), "{told}: done again");
    let finished = answers(&store.snapshot().unwrap());
    assert_eq!(finished, *sound.at(sound.last()), "{told}: done again it ends where it ends");
}

/// Some of the calls, spread over all of them, or all.
fn tried(calls: u64, all: bool) -> Vec<u64> {
    let stride = if all { 1 } else { calls.div_ceil(TRIED).max(1) };
    // The first and the last are where most begins and ends.
    let mut tried: BTreeSet<u64> = (0..calls).step_by(usize::try_from(stride).unwrap()).collect();
    tried.extend(calls.checked_sub(1));
    tried.into_iter().collect()
}

fn sweep(name: &str) {
    let all = std::env::var("LINEAL_SWEEP").is_ok_and(|word| word == "all");
    let operation = OPERATIONS.iter().find(|operation| operation.name == name).unwrap();
    let sound = Sound::of(operation);
    let (mut stops, mut states) = (0, 0);
    let plans: [fn(u64) -> Plan; 3] = [Plan::CrashAt, Plan::FailSyncAt, Plan::FullAt];
    for (which, plan) in plans.into_iter().enumerate() {
        for at in tried(sound.calls, all) {
            let disk = sound.before.after_power_cut(100);
            let faulty = Arc::new(FaultyStorage::new(disk.clone(), plan(at)));
            let acked = (operation.run)(faulty);
            stops += 1;
            // At the first call all of them: there blocks were lost before later ones that were kept.
            let cuts = if all || at == 0 { CUTS.1 } else { CUTS.0 };
            for cut in 0..cuts {
                let seed = at << 8 | cut << 2 | which as u64;
                // Nothing of what was not synced, all of it, or any of it.
                let left = match (cut, which) {
                    (0, 0) => disk.after_power_cut(0),
                    (0, _) => disk.after_power_cut(100),
                    _ => disk.after_torn_power_cut(seed),
                };
                let told = format!("{name}: {:?}, power cut {cut} (seed {seed})", plan(at));
                check(operation, &sound, &left, acked, &told);
                states += 1;
            }
        }
    }
    println!("{name}: {} calls, stopped {stops} times, {states} states checked", sound.calls);
    assert!(stops >= 3 && states >= stops, "{stops} {states}");
}

/// A medium beside which a reader opens at every call that changes it.
struct Watched {
    inner: MemoryStorage,
    looks: std::sync::Mutex<Vec<(u64, BTreeSet<String>)>>,
}

impl Watched {
    fn look(&self) {
        if self.inner.read("head").unwrap().is_none() {
            return;
        }
        let reader = Store::open_read_only_on(Arc::new(self.inner.clone())).unwrap();
        let view = reader.snapshot().unwrap();
        self.looks.lock().unwrap().push((view.commit(), answers(&view)));
        assert!(view.damage().is_none(), "{:?}", view.damage());
    }
}

type Done<T = ()> = lineal_engine::Result<T>;

impl Storage for Watched {
    fn read(&self, path: &str) -> Done<Option<lineal_engine::mapping::Bytes>> {
        self.inner.read(path)
    }
    fn list(&self, folder: &str) -> Done<Vec<String>> {
        self.inner.list(folder)
    }
    fn put(&self, path: &str, bytes: &[u8], secret: bool) -> Done {
        self.inner.put(path, bytes, secret)?;
        self.look();
        Ok(())
    }
    fn append(&self, path: &str, bytes: &[u8], secret: bool) -> Done {
        let half = bytes.len() / 2;
        self.inner.append(path, &bytes[..half], secret)?;
        self.look();
        self.inner.append(path, &bytes[half..], secret)
    }
    fn write_at(&self, path: &str, at: u64, bytes: &[u8]) -> Done {
        self.inner.write_at(path, at, bytes)
    }
    fn sync(&self, path: &str) -> Done {
        self.inner.sync(path)?;
        self.look();
        Ok(())
    }
    fn cut(&self, path: &str, length: u64) -> Done {
        self.inner.cut(path, length)?;
        self.look();
        Ok(())
    }
    fn rename(&self, from: &str, to: &str) -> Done {
        self.inner.rename(from, to)?;
        self.look();
        Ok(())
    }
    fn remove(&self, path: &str) -> Done {
        self.inner.remove(path)?;
        self.look();
        Ok(())
    }
    fn lock(&self, holder: &str) -> Done<Box<dyn Send + Sync>> {
        self.inner.lock(holder)
    }
    fn local_path(&self) -> Option<PathBuf> {
        None
    }
    fn name(&self) -> String {
        self.inner.name()
    }
}

#[test]
fn readers_beside_see_whole_commits_at_every_call() {
    let mut looks = 0;
    // A store that is being made is none yet; and a medium in memory has no marks that hold files.
    for operation in OPERATIONS.iter().filter(|operation| operation.name != "init") {
        let sound = Sound::of(operation);
        let inner = sound.before.after_power_cut(100);
        let watched = Arc::new(Watched { inner, looks: std::sync::Mutex::default() });
        (operation.run)(watched.clone()).unwrap();
        let seen = watched.looks.lock().unwrap();
        let mut last = 0;
        for (commit, found) in seen.iter() {
            assert!(*commit >= last, "{}: never back", operation.name);
            assert_eq!(found, sound.at(*commit), "{}: commit {commit}", operation.name);
            last = *commit;
        }
        looks += seen.len();
    }
    println!("{looks} readers opened beside a writer");
    assert!(looks > 100, "{looks}");
}

#[test]
fn a_copy_that_breaks_off_is_taken_for_none_and_the_store_is_not_touched() {
    let memory = MemoryStorage::new();
    grown(&(Arc::new(memory.clone()) as Arc<dyn Storage>));
    let store = Store::open_read_only_on(Arc::new(memory.clone())).unwrap();
    let backup = store.backup(false).unwrap();
    let undisturbed = MemoryStorage::new();
    let sound = FaultyStorage::new(undisturbed.clone(), Plan::Never);
    backup.write_on(&sound, &mut |_| {}).unwrap();
    // As a copy answers, which has no keys.
    let copy = Store::open_read_only_on(Arc::new(undisturbed)).unwrap();
    let expected = answers(&copy.snapshot().unwrap());
    let mut whole = 0;
    for plan in [Plan::CrashAt, Plan::FailSyncAt, Plan::FullAt] as [fn(u64) -> Plan; 3] {
        for at in 0..=sound.calls() {
            let disk = MemoryStorage::new();
            let ended = backup.write_on(&FaultyStorage::new(disk.clone(), plan(at)), &mut |_| {});
            let left = disk.after_torn_power_cut(at);
            match Store::open_read_only_on(Arc::new(left.clone())) {
                Ok(copy) => {
                    assert_eq!(answers(&copy.snapshot().unwrap()), expected, "{:?}", plan(at));
                    assert!(verify(&left, Depth::Full, &mut |_| {}).unwrap().is_sound());
                    whole += 1;
                }
                Err(error) => assert!(ended.is_err(), "{:?}: {error}", plan(at)),
            }
        }
    }
    assert!(whole >= 3, "{whole}");
}

macro_rules! swept {
    ($($promise:ident: $name:literal;)*) => {
        $(
            #[test]
            fn $promise() {
                sweep($name);
            }
        )*

        #[test]
        fn every_operation_is_swept() {
            assert_eq!(OPERATIONS.each_ref().map(|operation| operation.name), [$($name),*]);
        }
    };
}

swept! {
    init_is_all_or_nothing: "init";
    commits_outlive_a_stop_at_any_call: "commits";
    a_registry_is_imported_whole_or_not_at_all: "import of a registry";
    logs_are_imported_whole_or_not_at_all: "import of logs";
    a_seal_of_live_intake_loses_nothing_acknowledged: "seal of live intake";
    indexes_merges_and_tails_never_mislead: "indexes, merges and tails";
    a_compaction_loses_no_row: "compaction";
    a_recovery_is_recovered_from: "recovery";
    an_erasure_is_all_or_nothing_and_is_finished: "erasure";
    a_checkpoint_is_of_what_stays: "checkpoint";
}
