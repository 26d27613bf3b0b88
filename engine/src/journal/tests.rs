//! The journal on media that fail: nothing acknowledged is lost, nothing half written is read.

use super::*;
use crate::storage::{FaultyStorage, MemoryStorage, Plan};

const STORE: [u8; 16] = [7; 16];

fn request(name: &str, entries: usize) -> Request {
    let key: [u8; 32] = Hash::of(name.as_bytes()).0;
    Request {
        form: "datadog-logs".to_owned(),
        key: Some(key[..16].try_into().unwrap()),
        body: Hash::of(name.as_bytes()),
        received: 1_000 + i64::try_from(name.len()).unwrap(),
        entries: (0..entries).map(|entry| format!("{name} {entry}").into_bytes()).collect(),
        first: 0,
    }
}

fn open(storage: &MemoryStorage) -> Journal {
    Journal::open_on(Arc::new(storage.clone()), STORE, INTAKE).unwrap()
}

fn path(number: u32) -> String {
    format!("{INTAKE}/{number:08}.lnj")
}

fn texts(journal: &mut Journal) -> Vec<String> {
    let closed = journal.close(0).unwrap();
    let files = journal.files();
    let requests = closed.into_iter().flat_map(|number| files.read(number).unwrap());
    let entries = requests.flat_map(|request| request.entries);
    entries.map(|entry| String::from_utf8(entry).unwrap()).collect()
}

#[test]
fn what_was_taken_is_read_back_in_order_and_numbered_on() {
    let storage = MemoryStorage::new();
    let mut journal = open(&storage);
    journal.append(&[request("a", 2), request("b", 1)]).unwrap();
    journal.append(&[request("c", 1)]).unwrap();
    assert_eq!(journal.pending().entries, 4);
    let mut again = open(&storage);
    assert_eq!((again.pending(), again.next_sequence()), (journal.pending(), 4));
    assert_eq!(again.acknowledged(&request("b", 1).key.unwrap()), Some(request("b", 1).body));
    assert_eq!(texts(&mut again), ["a 0", "a 1", "b 0", "c 0"]);
    again.append(&[request("d", 1)]).unwrap();
    let mut later = open(&storage);
    assert_eq!((later.next_sequence(), later.pending().entries), (5, 5));
    assert_eq!(texts(&mut later).len(), 5, "a closed file stays until it is removed");
}

#[test]
fn a_key_outlives_the_file_of_its_request_but_not_its_day() {
    let storage = MemoryStorage::new();
    let mut journal = open(&storage);
    let (key, body) = (request("a", 1).key.unwrap(), request("a", 1).body);
    journal.append(&[request("a", 1)]).unwrap();
    for number in journal.close(2_000).unwrap() {
        journal.files().remove(number).unwrap();
        journal.sealed(number);
    }
    assert_eq!(journal.pending(), Pending::default());
    let mut again = open(&storage);
    assert_eq!((again.acknowledged(&key), again.next_sequence()), (Some(body), 1));
    again.append(&[request("b", 1)]).unwrap();
    again.close(KEY_LIFE_NS + 5_000).unwrap();
    assert_eq!(open(&storage).acknowledged(&key), Some(body), "the old file still says it");
    again.files().remove(2).unwrap();
    assert_eq!(open(&storage).acknowledged(&key), None);
}

#[test]
fn a_torn_end_is_cut_and_kept_aside_and_damage_before_it_is_told() {
    let storage = MemoryStorage::new();
    let mut journal = open(&storage);
    journal.append(&[request("a", 1)]).unwrap();
    journal.append(&[request("b", 1), request("c", 1)]).unwrap();
    let name = path(1);
    let whole = storage.read(&name).unwrap().unwrap().to_vec();
    for cut in 1..20 {
        storage.put(&name, &whole[..whole.len() - cut], true).unwrap();
        assert_eq!(open(&storage).pending().entries, 2, "{cut}");
        assert_eq!(texts(&mut open(&storage)), ["a 0", "b 0"]);
        storage.remove(&path(2)).unwrap();
    }
    assert_eq!(storage.list("orphans").unwrap().len(), 1);
    // A power cut may keep the end of a write and lose its middle: nothing of it was acknowledged.
    let flipped = |text: &[u8]| {
        let mut damaged = whole.clone();
        let at = damaged.windows(3).position(|three| three == text).unwrap();
        damaged[at] ^= 1;
        damaged
    };
    storage.put(&name, &flipped(b"b 0"), true).unwrap();
    assert_eq!(open(&storage).pending().entries, 1);
    // What a later write stands behind was acknowledged.
    storage.put(&name, &flipped(b"a 0"), true).unwrap();
    let error = Journal::open_on(Arc::new(storage.clone()), STORE, INTAKE).err().unwrap();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
}

#[test]
fn a_crash_at_any_call_loses_nothing_that_was_acknowledged_and_splits_no_request() {
    for at in 0..24 {
        let memory = MemoryStorage::new();
        let faulty = Arc::new(FaultyStorage::new(memory.clone(), Plan::CrashAt(at)));
        let mut acknowledged = Vec::new();
        if let Ok(mut journal) = Journal::open_on(faulty, STORE, INTAKE) {
            for name in ["a", "b", "c", "d", "e"] {
                if journal.append(&[request(name, 3)]).is_err() {
                    break;
                }
                acknowledged.extend((0..3).map(|entry| format!("{name} {entry}")));
                if name == "b" && journal.close(0).is_err() {
                    break;
                }
            }
        }
        let read = texts(&mut open(&memory));
        assert!(read.starts_with(&acknowledged), "call {at}: {read:?}, {acknowledged:?}");
        assert_eq!(read.len() % 3, 0, "call {at}: a request is whole or not there");
    }
}

#[test]
fn after_a_failed_sync_nothing_more_is_taken() {
    let memory = MemoryStorage::new();
    // The first calls make the file.
    let failing = (0..10).find_map(|at| {
        let faulty = FaultyStorage::new(memory.clone(), Plan::FailSyncAt(at));
        let mut journal = Journal::open_on(Arc::new(faulty), STORE, INTAKE).ok()?;
        journal.append(&[request("a", 1)]).is_err().then_some(journal)
    });
    let mut journal = failing.expect("one of the calls is the sync");
    let error = journal.append(&[request("b", 1)]).unwrap_err();
    assert!(matches!(error, Error::Poisoned { .. }), "{error}");
    assert!(journal.close(0).is_err());
}

#[test]
fn a_request_that_is_too_large_is_refused_and_the_next_is_taken() {
    let mut journal = open(&MemoryStorage::new());
    let mut large = request("a", 1);
    large.entries = vec![vec![0; REQUEST_BYTES_MAX / 2]];
    assert!(matches!(journal.append(&[large]).unwrap_err(), Error::Limit { .. }));
    journal.append(&[request("b", 1)]).unwrap();
    assert_eq!(journal.pending().entries, 1);
}
