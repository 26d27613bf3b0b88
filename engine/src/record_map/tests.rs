//! The same log gives the same map, in memory or on disk, at once or gone on with.

use super::*;
use crate::draft::{NodeDraft, Saying};
use crate::head::{HEAD, Head};
use crate::schema::{Kind, Relation};
use crate::storage::MemoryStorage;
use crate::store::{Options, Store};
use lineal_proof::Key;
use lineal_proof::absence::MapName;

/// Commits a few runs that use a dataset.
fn commit(store: &Store, number: u64, runs: u64) {
    let saying = Saying { source: "s".into(), form: "f".into(), observed_at: 1 };
    let mut transaction = store.begin(None, None).unwrap();
    for run in 0..runs {
        let mut draft = NodeDraft::new(Kind::Run, Key::text(format!("{number}-{run}")));
        draft.link(Relation::Executes, Kind::Code, Key::text(format!("c{}", run % 7)));
        transaction.add_node(&saying, draft).unwrap();
    }
    transaction.commit().unwrap();
}

fn head(memory: &MemoryStorage) -> Head {
    Head::from_bytes(&memory.read(HEAD).unwrap().unwrap()).unwrap()
}

fn made_anew(memory: &MemoryStorage, upto: u64, spill: Option<Spill<'_>>) -> (RecordMap, Place) {
    let head = head(memory);
    let start = (RecordMap::default(), Place::START);
    follow(memory, &head.store, start, (upto, head.segment), spill).unwrap()
}

/// Sizes of commits that lead to merges of one, some and all runs.
const SIZES: [u64; 14] = [9, 1, 1, 30, 2, 3, 1, 1, 1, 40, 5, 80, 1, 2];

fn written() -> (MemoryStorage, Store) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), Options::default()).unwrap();
    for (number, runs) in (1..).zip(SIZES) {
        commit(&store, number, runs);
    }
    (memory, store)
}

#[test]
fn every_commit_states_the_root_of_the_map_that_the_log_gives() {
    let (memory, _store) = written();
    let mut entries = 0;
    for upto in 1..=SIZES.len() as u64 {
        let (map, place) = made_anew(&memory, upto, None);
        assert_eq!(place.root, Some(map.root()), "commit {upto}");
        let all: u64 = map.heads().iter().map(|head| head.entries).sum();
        assert!(all > entries, "commit {upto} brings entries");
        entries = all;
    }
    let (map, _) = made_anew(&memory, SIZES.len() as u64, None);
    let name = MapName::kind("run");
    let said = |run: &Run| {
        run.entries().unwrap().iter().filter(|entry| entry[..16] == name.0).count() as u64
    };
    assert_eq!(map.runs.iter().map(said).sum::<u64>(), SIZES.iter().sum::<u64>());
}

#[test]
fn a_map_in_files_is_the_map_in_memory() {
    let (memory, _store) = written();
    let head = head(&memory);
    let last = SIZES.len() as u64;
    let (map, _) = made_anew(&memory, last, None);
    let spill = Spill { storage: &memory, store: &head.store, in_memory_max: 20 };
    let (spilt, place) = made_anew(&memory, last, Some(spill));
    let in_files = spilt.runs.iter().filter(|run| matches!(run.entries, Entries::File(_)));
    assert!(in_files.count() > 0, "some runs are large");
    assert_eq!(spilt.root(), map.root());
    for (one, other) in spilt.runs.iter().zip(&map.runs) {
        assert_eq!(one.entries().unwrap(), other.entries().unwrap());
        assert!(one.entries().unwrap().is_sorted());
    }
    let written = file::write(spill, &spilt, &place).unwrap();
    let (read, at) = file::read(&memory, &head.store).unwrap().unwrap();
    assert_eq!((read.root(), at), (written.root(), place));
    for (one, other) in read.runs.iter().zip(&map.runs) {
        assert_eq!(one.entries().unwrap(), other.entries().unwrap());
    }
    let runs = memory.list("index").unwrap();
    let runs = runs.iter().filter(|name| name.starts_with(file::RUN_PREFIX)).count();
    let named = spilt.runs.iter().filter(|run| matches!(run.entries, Entries::File(_))).count();
    assert_eq!(runs, named, "what is not named goes");
}

#[test]
fn a_store_goes_on_from_its_files_from_older_files_and_without_any() {
    let (memory, store) = written();
    let last = SIZES.len() as u64;
    store.write_indexes().unwrap();
    let older = memory.read(file::LIST).unwrap().unwrap();
    commit(&store, 90, 3);
    store.write_indexes().unwrap();
    drop(store);
    let roots = [None, Some(older.to_vec())].into_iter().chain([Some(vec![7; 40])]).map(|list| {
        let disk = memory.after_power_cut(100);
        match list {
            Some(list) => disk.put(file::LIST, &list, false).unwrap(),
            None => disk.remove(file::LIST).unwrap(),
        }
        let store = Store::open_on(Arc::new(disk.clone()), Options::default()).unwrap();
        commit(&store, 91, 2);
        let (map, place) = made_anew(&disk, last + 2, None);
        assert_eq!(place.root, Some(map.root()));
        // Ids of seeds and times differ between the copies, what the map holds does not.
        map.heads()
    });
    let roots: Vec<_> = roots.collect();
    assert!(roots.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_damaged_run_is_made_again_from_the_segments() {
    let (memory, store) = written();
    drop(store);
    let head = head(&memory);
    let spill = Spill { storage: &memory, store: &head.store, in_memory_max: 20 };
    let (map, place) = made_anew(&memory, head.commit, Some(spill));
    file::write(spill, &map, &place).unwrap();
    for name in memory.list("index").unwrap() {
        if name.starts_with(file::RUN_PREFIX) {
            memory.damage(&format!("index/{name}"), |bytes| {
                let last = bytes.len() - 40;
                bytes[last] ^= 1;
            });
        }
    }
    let store = Store::open_on(Arc::new(memory.clone()), Options::default()).unwrap();
    // Larger than all before: every run is merged.
    commit(&store, 92, 300);
    let (map, place) = made_anew(&memory, head.commit + 1, None);
    assert_eq!(place.root, Some(map.root()));
    assert_eq!(map.runs.len(), 1);
}

#[test]
fn files_that_are_whole_and_say_something_else_are_told_from_the_log() {
    let (memory, store) = written();
    store.write_indexes().unwrap();
    drop(store);
    let head = head(&memory);
    assert_eq!(files_fit_the_log(&memory, &head).unwrap(), Some(true));
    let length = memory.read(file::LIST).unwrap().unwrap().len();
    // The last entry, and the root that the commit states, each under a new checksum.
    for at in [length - 10, 160] {
        let disk = memory.after_power_cut(100);
        disk.damage(file::LIST, |bytes| {
            bytes[at] ^= 1;
            let crc = crc32c::crc32c(&bytes[..length - 4]);
            bytes[length - 4..].copy_from_slice(&crc.to_le_bytes());
        });
        assert_eq!(files_fit_the_log(&disk, &head).unwrap(), Some(false), "byte {at}");
    }
    memory.remove(file::LIST).unwrap();
    assert_eq!(files_fit_the_log(&memory, &head).unwrap(), None);
}
