//! A store whose segment somebody edited: it is refused or read, never a reason to panic, and
//! verification finds every edit, also where checksum and id of the frame were made to fit.

use std::sync::LazyLock;

use lineal_engine::Store;
use lineal_engine::schema::{Direction, RELATIONS};
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::verify::{Depth, Report, verify};
use lineal_proof::frame::{self, SEGMENT_HEADER};
use lineal_tests::place::Place;
use lineal_tests::sample;

use super::tape::Tape;

/// Where the records of a small store stand.
const SEGMENT: &str = "segments/00000001.seg";
/// Most edits of one store: more show nothing that some do not.
const EDITS_MAX: usize = 8;

/// The files of a store with one of each thing.
static FILES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let storage = MemoryStorage::new();
    let place = Place::on(std::sync::Arc::new(storage.clone()));
    sample::finish(&place.store).expect("a store in memory takes every step");
    place.store.write_indexes().expect("a store in memory is written");
    drop(place);
    let read = |path: String| {
        let bytes = storage.read(&path).ok().flatten().expect("it was listed");
        (path, bytes.to_vec())
    };
    storage.paths().into_iter().map(read).collect()
});

/// Checks the store after the edits that these bytes say.
pub fn check(bytes: &[u8]) {
    let mut tape = Tape::new(bytes);
    let with_index = tape.byte().is_multiple_of(2);
    let storage = MemoryStorage::new();
    let mut is_edited = false;
    for (path, bytes) in FILES.iter().filter(|(path, _)| with_index || !path.starts_with("index/"))
    {
        let mut held = bytes.clone();
        if path == SEGMENT {
            edit(&mut held, &mut tape);
            // What stands behind the last commit is a torn tail: known, noted and no part of the log.
            is_edited = !held.starts_with(bytes);
        }
        storage.put(path, &held, false).expect("memory takes files");
    }
    for depth in [Depth::Fast, Depth::Full] {
        let report = verify(&storage, depth, &mut |_| {});
        let is_sound = report.as_ref().is_ok_and(Report::is_sound);
        // Without reading rows again, an edit of records is found all the same.
        assert_eq!(is_sound, !is_edited, "{depth:?}: {report:?}");
    }
    if let Ok(store) = Store::open_read_only_on(std::sync::Arc::new(storage.clone())) {
        read_all(&store);
    }
    if let Ok(store) = Store::open_on(std::sync::Arc::new(storage), sample::options()) {
        read_all(&store);
        // An error is an answer here; what it must not do is panic.
        let _ = store.rebuild();
        read_all(&store);
    }
}

/// Looks at everything; errors are answers.
fn read_all(store: &Store) {
    for commit in 0..=store.commit() {
        let Ok(view) = store.snapshot_at(commit) else { continue };
        for node in 0..view.node_count() {
            // A key that an edit has bent goes by its id.
            assert!(view.name_of(node).contains([':', '#']));
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
    }
}

fn edit(segment: &mut Vec<u8>, tape: &mut Tape<'_>) {
    for _ in 0..EDITS_MAX {
        if tape.is_empty() || segment.is_empty() {
            return;
        }
        match tape.byte() % 5 {
            0 => {
                let at = tape.below(segment.len());
                segment[at] ^= tape.byte();
            }
            1 => segment.truncate(tape.below(segment.len())),
            2 => segment.extend_from_slice(tape.take(64)),
            3 => {
                let frames = frames(segment);
                let (from, end) = frames.get(tape.below(frames.len())).copied().unwrap_or((0, 0));
                if tape.byte().is_multiple_of(2) {
                    segment.drain(from..end);
                } else {
                    let copy = segment[from..end].to_vec();
                    segment.splice(from..from, copy);
                }
            }
            _ => reseal(segment, tape),
        }
    }
}

/// Where the frames begin and end, as far as they can be read.
fn frames(segment: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = SEGMENT_HEADER;
    while let Some(Ok(frame)) = segment.get(at..).map(frame::read) {
        found.push((at, at + frame.length));
        at += frame.length;
    }
    found
}

/// Changes a payload and makes checksum and id fit, as one does who knows the format.
fn reseal(segment: &mut Vec<u8>, tape: &mut Tape<'_>) {
    let frames = frames(segment);
    let Some((from, end)) = frames.get(tape.below(frames.len())).copied() else { return };
    let Ok(old) = frame::read(&segment[from..end]) else { return };
    let (record_type, mut payload) = (old.record_type, old.payload.to_vec());
    for _ in 0..=tape.byte() % 4 {
        let at = tape.below(payload.len());
        payload[at] = payload[at].wrapping_add(tape.byte());
    }
    let mut fresh = Vec::new();
    frame::write(&mut fresh, record_type, &payload);
    segment.splice(from..end, fresh);
}
