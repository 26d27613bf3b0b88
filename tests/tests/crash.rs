//! A crash, a sync that fails, a full disk, at every call that changes the medium: what was
//! acknowledged is there, what is there is whole, and the work can be finished.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::storage::{FaultyStorage, FileStorage, MemoryStorage, Plan, Storage};
use lineal_engine::{Error, Options, Store};
use lineal_tests::sample::{STEPS, answers, finish, options, step};
use std::collections::BTreeSet;
use std::sync::Arc;

const SEGMENT: &str = "segments/00000001.seg";

/// The same steps without a fault: the log's bytes and the answers after each commit.
struct Sound {
    calls: u64,
    segment: Vec<u8>,
    lengths: Vec<usize>,
    answers: Vec<BTreeSet<String>>,
}

impl Sound {
    fn answers_at(&self, commit: u64) -> &BTreeSet<String> {
        &self.answers[usize::try_from(commit).unwrap()]
    }

    fn segment_at(&self, commit: u64) -> &[u8] {
        &self.segment[..self.lengths[usize::try_from(commit).unwrap()]]
    }
}

fn length(storage: &dyn Storage) -> usize {
    storage.read(SEGMENT).unwrap().map_or(0, |bytes| bytes.len())
}

fn sound() -> Sound {
    let storage = Arc::new(FaultyStorage::new(MemoryStorage::new(), Plan::Never));
    let store = Store::create_on(storage.clone(), options()).unwrap();
    let mut lengths = vec![length(&*storage)];
    let mut all = vec![answers(&store.snapshot().unwrap())];
    for number in 1..=STEPS {
        step(&store, number).unwrap();
        lengths.push(length(&*storage));
        all.push(answers(&store.snapshot().unwrap()));
    }
    let segment = storage.read(SEGMENT).unwrap().unwrap().to_vec();
    Sound { calls: storage.calls(), segment, lengths, answers: all }
}

/// Runs the steps until something fails; gives the number of acknowledged commits, or none if the
/// store itself could not be made.
fn run(storage: Arc<FaultyStorage>, sound: &Sound) -> Option<u64> {
    let store = Store::create_on(storage, options()).ok()?;
    for number in 1..=STEPS {
        let Err(error) = step(&store, number) else { continue };
        assert!(matches!(error, Error::Io { .. } | Error::Stands { .. }), "{error}");
        // Poisoned: it refuses to write, says why, and reads on.
        let Err(refused) = store.begin(None, None) else { panic!("must refuse to write") };
        assert!(matches!(refused, Error::Poisoned { .. }), "{refused}");
        let view = store.snapshot().unwrap();
        assert_eq!(view.commit(), number - 1);
        assert_eq!(answers(&view), *sound.answers_at(view.commit()));
        return Some(number - 1);
    }
    Some(STEPS)
}

/// Opens what is left, checks it, and finishes the work.
fn check(disk: &MemoryStorage, acknowledged: Option<u64>, sound: &Sound, told: &str) {
    let opened = match Store::open_on(Arc::new(disk.clone()), options()) {
        Err(Error::NoStore { .. }) if acknowledged.is_none() => {
            Store::create_on(Arc::new(disk.clone()), options())
        }
        other => other,
    };
    let store = opened.unwrap_or_else(|error| panic!("{told}: {error}"));
    let commit = store.commit();
    let acknowledged = acknowledged.unwrap_or(0);
    assert!((acknowledged..=acknowledged + 1).contains(&commit), "{told}: {commit}");
    let bytes = disk.read(SEGMENT).unwrap().unwrap();
    assert!(bytes[..] == *sound.segment_at(commit), "{told}: the log is what it would have been");
    assert_eq!(answers(&store.snapshot().unwrap()), *sound.answers_at(commit), "{told}");
    finish(&store).unwrap_or_else(|error| panic!("{told}: {error}"));
    let finished = answers(&store.snapshot().unwrap());
    assert_eq!(finished, *sound.answers_at(STEPS), "{told}");
    drop(store);
    let again = Store::open_read_only_on(Arc::new(disk.clone())).unwrap();
    assert_eq!(answers(&again.snapshot().unwrap()), finished, "{told}");
}

fn sweep(plan: fn(u64) -> Plan) {
    let sound = sound();
    assert!(sound.calls > 30, "{} calls", sound.calls);
    for at in 0..sound.calls {
        let memory = MemoryStorage::new();
        let storage = Arc::new(FaultyStorage::new(memory.clone(), plan(at)));
        let acknowledged = run(storage, &sound);
        for kept in [0, 50, 100] {
            let told = format!("{:?}, {kept} % of the unsynced bytes kept", plan(at));
            check(&memory.after_power_cut(kept), acknowledged, &sound, &told);
        }
    }
}

#[test]
fn a_crash_at_any_call_loses_nothing_acknowledged() {
    sweep(Plan::CrashAt);
}

#[test]
fn a_sync_that_fails_poisons_the_store_and_loses_nothing_acknowledged() {
    sweep(Plan::FailSyncAt);
}

#[test]
fn a_disk_that_fills_up_loses_nothing_acknowledged() {
    sweep(Plan::FullAt);
}

#[test]
fn a_crash_during_recovery_is_recovered_from() {
    let sound = sound();
    let mut recoveries = 0;
    for at in (0..sound.calls).rev() {
        let memory = MemoryStorage::new();
        let storage = Arc::new(FaultyStorage::new(memory.clone(), Plan::CrashAt(at)));
        let Some(acknowledged) = run(storage, &sound) else { continue };
        let disk = memory.after_power_cut(50);
        for again in 0.. {
            let copy = disk.after_power_cut(100);
            let faulty = Arc::new(FaultyStorage::new(copy.clone(), Plan::CrashAt(again)));
            let recovered = Store::open_on(faulty.clone(), options()).is_ok();
            let told = format!("crash at {at}, and at {again} of the recovery");
            check(&copy.after_power_cut(50), Some(acknowledged), &sound, &told);
            if recovered && faulty.calls() <= again {
                break;
            }
            recoveries += 1;
        }
    }
    assert!(recoveries > 10, "{recoveries} crashes during recovery");
}

#[test]
fn bytes_of_any_kind_behind_the_synced_ones_are_set_aside() {
    let sound = sound();
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), options()).unwrap();
    for number in 1..=2 {
        step(&store, number).unwrap();
    }
    drop(store);
    let tails: [&[u8]; 4] = [&[0; 64], &[0xff; 97], &[7; 3], &sound.segment[200..700]];
    for tail in tails {
        let disk = memory.after_power_cut(100);
        for path in [SEGMENT, "keys/seeds", "sealed/00000001.seg"] {
            disk.damage(path, |bytes| bytes.extend_from_slice(tail));
        }
        check(&disk, Some(2), &sound, "bytes of any kind");
        let orphans = disk.list("orphans").unwrap();
        assert_eq!(orphans.len(), 1, "{orphans:?}");
        let kept = disk.read(&format!("orphans/{}", orphans[0])).unwrap().unwrap();
        assert_eq!(&kept[..], tail);
    }
}

#[test]
fn secrets_behind_a_damaged_one_still_open() {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), options()).unwrap();
    finish(&store).unwrap();
    let before = answers(&store.snapshot().unwrap());
    drop(store);
    for (path, at) in [("sealed/00000001.seg", 120), ("keys/seeds", 80)] {
        let disk = memory.after_power_cut(100);
        let whole = disk.read(path).unwrap().unwrap().len();
        disk.damage(path, |bytes| bytes[at] ^= 1);
        let store = Store::open_on(Arc::new(disk.clone()), options()).unwrap();
        let after = answers(&store.snapshot().unwrap());
        let lost: Vec<_> = before.difference(&after).collect();
        assert!((1..=2).contains(&lost.len()), "{path}: {lost:?}");
        if path == "keys/seeds" {
            // What is sealed beside seeds that lack some is lost with them when the right file is put back.
            let refused = store.begin(None, None).map(drop).unwrap_err();
            assert!(matches!(refused, Error::SeedsMissing { .. }), "{refused}");
        }
        drop(store);
        let despite = Options { despite_missing_seeds: true, ..options() };
        let store = Store::open_on(Arc::new(disk.clone()), despite).unwrap();
        // What is written next does not cut off what stands behind the damage.
        let mut tx = store.begin(None, None).unwrap();
        tx.add_retract(4, false, Some("again")).unwrap();
        tx.commit().unwrap();
        assert!(disk.read(path).unwrap().unwrap().len() > whole, "{path}");
    }
}

#[test]
fn on_a_real_disk_a_torn_tail_and_unnamed_files_go_to_orphans() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::create(&path, options()).unwrap();
    finish(&store).unwrap();
    let before = answers(&store.snapshot().unwrap());
    drop(store);
    let segment = path.join(SEGMENT);
    let whole = std::fs::read(&segment).unwrap();
    for round in 1..=2 {
        std::fs::write(&segment, [&whole[..], &whole[64..300]].concat()).unwrap();
        std::fs::write(path.join("containers/stray.1.parquet"), b"PAR1").unwrap();
        std::fs::write(path.join("segments/00000002.seg"), b"half a header").unwrap();
        let reader = Store::open_read_only(&path).unwrap();
        assert_eq!(answers(&reader.snapshot().unwrap()), before);
        assert_eq!(
            std::fs::read(&segment).unwrap().len(),
            whole.len() + 236,
            "readers cut nothing"
        );
        let store = Store::open(&path, options()).unwrap();
        assert_eq!(answers(&store.snapshot().unwrap()), before);
        assert_eq!(std::fs::read(&segment).unwrap(), whole);
        let orphans = FileStorage::new(&path).list("orphans").unwrap();
        assert_eq!(orphans.len(), 3 * round, "{orphans:?}");
        assert!(!path.join("containers/stray.1.parquet").exists());
    }
}

#[test]
fn a_lost_or_damaged_head_is_found_again_by_the_writer_and_refused_by_readers() {
    let sound = sound();
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), options()).unwrap();
    finish(&store).unwrap();
    drop(store);
    let breaks: [fn(&MemoryStorage); 2] =
        [|disk| disk.remove("head").unwrap(), |disk| disk.damage("head", |bytes| bytes[40] ^= 1)];
    for broken in breaks {
        let disk = memory.after_power_cut(100);
        broken(&disk);
        let Err(error) = Store::open_read_only_on(Arc::new(disk.clone())) else {
            panic!("a reader has nothing to trust")
        };
        assert!(error.to_string().starts_with("head is damaged"), "{error}");
        check(&disk, Some(STEPS), &sound, "head lost");
        // With a torn tail it is found too; damage before a commit is not taken for one.
        let torn = memory.after_power_cut(100);
        broken(&torn);
        torn.damage(SEGMENT, |bytes| bytes.extend_from_slice(&[1; 30]));
        check(&torn, Some(STEPS), &sound, "head lost, tail torn");
        let damaged = memory.after_power_cut(100);
        broken(&damaged);
        damaged.damage(SEGMENT, |bytes| bytes[sound.lengths[2] + 100] ^= 1);
        let before = damaged.read(SEGMENT).unwrap().unwrap();
        let Err(error) = Store::open_on(Arc::new(damaged.clone()), options()) else {
            panic!("it must not cut whole commits off")
        };
        assert!(error.is_damage(), "{error}");
        assert_eq!(&damaged.read(SEGMENT).unwrap().unwrap()[..], &before[..]);
    }
}
