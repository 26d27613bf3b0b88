//! A disk that fills up under an import: what is said is what stands, and what was half written goes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::schema::Kind;
use lineal_engine::storage::{FaultyStorage, MemoryStorage, Plan, Storage};
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{Error as Stored, Stands, Store};
use lineal_import::{Error, ImportOptions, Limits, LoadedMapping, Progress, Report, import};
use lineal_tests::place::fixture;
use lineal_tests::sample::{answers, options};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Few nodes a commit, so that an import has several.
fn import_on(storage: Arc<dyn Storage>) -> Option<lineal_import::Result<Report>> {
    let store = Store::open_on(storage, options()).ok()?;
    let limits = Limits { transaction_nodes: 8, ..Limits::default() };
    let wanted = ImportOptions { observed_at: Some(500), limits, ..ImportOptions::default() };
    let mapping = LoadedMapping::built_in().unwrap();
    Some(import(&store, &[fixture("rest-3.17")], &wanted, &mapping, &Progress::default()))
}

fn answers_of(disk: &MemoryStorage) -> BTreeSet<String> {
    let store = Store::open_read_only_on(Arc::new(disk.clone())).unwrap();
    answers(&store.snapshot().unwrap())
}

fn counts_of(disk: &MemoryStorage) -> [usize; 4] {
    let store = Store::open_read_only_on(Arc::new(disk.clone())).unwrap();
    let view = store.snapshot().unwrap();
    [Kind::Run, Kind::Model, Kind::Dataset, Kind::Experiment].map(|kind| view.nodes_of(kind).len())
}

#[test]
fn what_is_said_of_an_import_on_a_full_disk_is_what_stands() {
    let empty = MemoryStorage::new();
    drop(Store::create_on(Arc::new(empty.clone()), options()).unwrap());
    let whole = empty.after_power_cut(100);
    let sound = Arc::new(FaultyStorage::new(whole.clone(), Plan::Never));
    let report = import_on(sound.clone()).unwrap().unwrap();
    assert!(report.commits > 2 && report.waits.is_none(), "{report:?}");
    let (mut nothing, mut begun, mut unseen, mut waiting) = (0, 0, 0, 0);
    for at in 0..sound.calls() {
        let disk = empty.after_power_cut(100);
        let faulty = Arc::new(FaultyStorage::new(disk.clone(), Plan::FullAt(at)));
        let Some(told) = import_on(faulty) else { continue };
        let left: Vec<String> = disk.paths();
        assert!(!left.iter().any(|path| path.ends_with(".tmp")), "call {at}: {left:?}");
        // The next opening for writing brings up what `head` does not name.
        let commits = Store::open_on(Arc::new(disk.clone()), options()).unwrap().commit();
        match told {
            Ok(done) => {
                assert_eq!(commits, report.commits, "call {at}");
                if let Some(words) = &done.waits {
                    let told = format!("commit {commits} is recorded and stays");
                    assert!(
                        words.starts_with(&told) && words.contains("lineal rebuild"),
                        "{words}"
                    );
                    waiting += 1;
                }
                assert_eq!((done.import, answers_of(&disk)), (Some(1), answers_of(&whole)));
            }
            Err(Error::Begun { import, commits: told, source }) => {
                assert_eq!((import, told), (1, commits), "call {at}: {source}");
                let of_head =
                    matches!(*source, Error::Store(Stored::Stands { stands: Stands::Unseen, .. }));
                unseen += u64::from(of_head);
                begun += 1;
            }
            Err(error) => {
                assert!(matches!(error, Error::Store(Stored::Io { .. })), "call {at}: {error}");
                assert_eq!(commits, 0, "call {at}: {error}");
                nothing += 1;
            }
        }
        assert!(verify(&disk, Depth::Full, &mut |_| {}).unwrap().is_sound(), "call {at}");
        // With room again it ends where it ends.
        import_on(Arc::new(disk.clone())).unwrap().unwrap();
        assert_eq!(counts_of(&disk), counts_of(&whole), "call {at}");
    }
    let seen = [nothing, begun, unseen, waiting];
    assert!(seen.iter().all(|times| *times > 0), "{seen:?}");
}

#[test]
fn a_commit_that_head_does_not_name_and_one_that_may_be_lost_are_told_apart() {
    let step = |plan: fn(u64) -> Plan| -> Vec<(Stands, u64, u64)> {
        let mut found = Vec::new();
        for at in 0.. {
            let disk = MemoryStorage::new();
            drop(Store::create_on(Arc::new(disk.clone()), options()).unwrap());
            let faulty = Arc::new(FaultyStorage::new(disk.clone(), plan(at)));
            let Ok(store) = Store::open_on(faulty.clone(), options()) else { continue };
            let done = lineal_tests::sample::step(&store, 1);
            drop(store);
            if let Err(Stored::Stands { commit, stands, .. }) = done {
                let after = Store::open_on(Arc::new(disk.after_power_cut(0)), options()).unwrap();
                found.push((stands, commit, after.commit()));
            } else if done.is_ok() && faulty.calls() <= at {
                break;
            }
        }
        found
    };
    let full = step(Plan::FullAt);
    let stands = |found: &(Stands, u64, u64)| *found == (Stands::Unseen, 1, 1);
    assert!(!full.is_empty() && full.iter().all(stands), "what is synced outlives it: {full:?}");
    let unsure = step(Plan::FailSyncAt);
    assert!(unsure.contains(&(Stands::Unsure, 1, 0)), "{unsure:?}");
    assert!(unsure.iter().all(|(stands, ..)| matches!(stands, Stands::Unsure | Stands::Unseen)));
}
