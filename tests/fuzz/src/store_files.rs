//! The files of a small store with one of each thing, and random edits of bytes: what the targets that
//! damage stores share.

use super::tape::Tape;
use lineal_engine::Store;
use lineal_engine::journal::{Journal, Request};
use lineal_engine::schema::{Direction, RELATIONS};
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_proof::Hash;
use lineal_tests::place::Place;
use lineal_tests::sample;
use std::sync::{Arc, LazyLock};

/// Most edits of one file: more show nothing that some do not.
const EDITS_MAX: usize = 8;

/// Path and bytes of every file.
pub(crate) static FILES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let storage = MemoryStorage::new();
    let place = Place::on(Arc::new(storage.clone()));
    sample::finish(&place.store).expect("a store in memory takes every step");
    place.store.write_indexes().expect("a store in memory is written");
    let mut journal = Journal::open(&place.store).expect("a journal in memory is made");
    let request = |number: u8| Request {
        form: "datadog-logs".to_owned(),
        key: Some([number; 16]),
        body: Hash::of(&[number]),
        received: i64::from(number),
        entries: vec![vec![number; 40], vec![number; 3]],
        first: 0,
    };
    journal.append(&[request(1), request(2)]).expect("memory takes requests");
    journal.append(&[request(3)]).expect("memory takes requests");
    drop((journal, place));
    let read = |path: String| {
        let bytes = storage.read(&path).ok().flatten().expect("it was listed");
        (path, bytes.to_vec())
    };
    storage.paths().into_iter().map(read).collect()
});

/// The store with one file changed.
pub(crate) fn with(changed: &str, bytes: &[u8]) -> MemoryStorage {
    let storage = MemoryStorage::new();
    for (path, whole) in FILES.iter() {
        let bytes = if path == changed { bytes } else { whole };
        storage.put(path, bytes, false).expect("memory takes files");
    }
    storage
}

/// Flips, cuts, repeats and puts in, as the tape says.
pub(crate) fn edit(bytes: &mut Vec<u8>, tape: &mut Tape<'_>) {
    for _ in 0..EDITS_MAX {
        if tape.is_empty() || bytes.is_empty() {
            return;
        }
        let at = usize::try_from(tape.number() % bytes.len() as u64).unwrap_or(0);
        match tape.byte() % 6 {
            0 | 1 => bytes[at] ^= tape.byte(),
            2 => bytes.truncate(at),
            3 => {
                let count = usize::from(tape.byte());
                let piece = tape.take(count).to_vec();
                bytes.splice(at..at, piece);
            }
            4 => {
                let end = bytes.len().min(at + usize::from(tape.byte()));
                bytes.drain(at..end);
            }
            _ => {
                // A number, as lengths and offsets are written.
                let number = tape.number().to_le_bytes();
                let end = bytes.len().min(at + 4);
                bytes[at..end].copy_from_slice(&number[..end - at]);
            }
        }
    }
}

/// Looks at everything; errors are answers.
pub(crate) fn read_all(store: &Store) {
    for commit in [store.commit(), store.commit() / 2] {
        let Ok(view) = store.snapshot_at(commit) else { continue };
        for node in 0..view.node_count() {
            let _ = view.name_of(node);
            let _ = view.fields(node);
            for spec in &RELATIONS {
                for target in view.edges(node, spec.relation, Direction::Forward) {
                    assert!(*target < view.node_count());
                }
            }
            for event in view.rows_of(node) {
                let _ = view.event(event);
            }
        }
        let _ = view.events_by_id("e1");
        let _ = view.events_by_hash(None, &Hash::of(&1_u32.to_le_bytes()).0);
        let _ = view.damage();
    }
}
