//! A container whose bytes somebody edited, in a log that vouches for the edited bytes: the reader of
//! Parquet meets what no digest kept from it. It reads or refuses, and rows that it gives fit their
//! batch's root or are told not to.

use super::store_files::{FILES, edit, read_all, with};
use super::tape::Tape;
use lineal_engine::Store;
use lineal_engine::head::Head;
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::verify::{Depth, verify};
use lineal_proof::frame::{self, RecordType, SEGMENT_HEADER};
use lineal_proof::merkle::records_root;
use lineal_proof::record::{Commit, Manifest, Record};
use lineal_proof::{Cid, Hash};
use lineal_tests::sample;
use sha2::{Digest, Sha256};
use std::sync::Arc;

const SEGMENT: &str = "segments/00000001.seg";

/// Checks the store after the edits that these bytes say.
pub fn check(bytes: &[u8]) {
    let mut tape = Tape::new(bytes);
    let containers: Vec<_> =
        FILES.iter().filter(|(path, _)| path.starts_with("containers/")).collect();
    let (path, whole) = containers[tape.below(containers.len())];
    let mut held = whole.clone();
    edit(&mut held, &mut tape);
    let storage = vouched(path, whole, &held);
    let report = verify(&storage, Depth::Full, &mut |_| {}).expect("the log is whole");
    let is_log = |file: &str| file == SEGMENT || file == "head";
    for fault in report.faults.iter().filter(|fault| is_log(&fault.file)) {
        assert!(fault.code.name().starts_with("batch-"), "{fault:?}");
    }
    if let Ok(store) = Store::open_read_only_on(Arc::new(storage.clone())) {
        read_all(&store);
    }
    if let Ok(store) = Store::open_on(Arc::new(storage), sample::options()) {
        let _ = store.rebuild();
        read_all(&store);
    }
}

/// The store in whose log a container has always had other bytes.
fn vouched(path: &str, old: &[u8], new: &[u8]) -> MemoryStorage {
    let segment = FILES.iter().find(|(path, _)| path == SEGMENT).map(|(_, bytes)| bytes);
    let segment = segment.expect("the store has a segment");
    let (was, is) = (Hash::of(old), Hash::of(new));
    let mut out = segment[..SEGMENT_HEADER].to_vec();
    let (mut at, mut start, mut ids) = (SEGMENT_HEADER, SEGMENT_HEADER, Vec::new());
    let (mut parent, mut number, mut store) = (None, 0, [0; 16]);
    while let Some(Ok(found)) = segment.get(at..).filter(|rest| !rest.is_empty()).map(frame::read) {
        at += found.length;
        let payload = match found.record_type {
            RecordType::Manifest => {
                let mut manifest = Manifest::decode(found.payload).expect("it was written");
                if manifest.container == was {
                    manifest.container = is;
                    manifest.length = new.len() as u64;
                    manifest.sha256 = Hash(Sha256::digest(new).into());
                }
                manifest.encode()
            }
            RecordType::Commit => {
                let mut commit = Commit::decode(found.payload).expect("it was written");
                commit.parent = parent.map(Cid);
                commit.records_root = records_root(&ids);
                commit.segment_sha256 = Hash(Sha256::digest(&out[start..]).into());
                (number, store) = (commit.number, commit.store);
                commit.encode()
            }
            _ => found.payload.to_vec(),
        };
        let id = frame::write(&mut out, found.record_type, &payload);
        if found.record_type == RecordType::Commit {
            parent = Some(id);
            ids.clear();
            start = out.len();
        } else {
            ids.push(id);
        }
    }
    let storage = with(SEGMENT, &out);
    storage.remove(path).expect("memory removes files");
    storage.put(&format!("containers/{is}.1.parquet"), new, false).expect("memory takes files");
    let head = Head {
        store,
        commit: number,
        commit_id: parent.unwrap_or_default(),
        segment: 1,
        length: out.len() as u64,
    };
    storage.put("head", &head.to_bytes(), false).expect("memory takes files");
    storage
}
