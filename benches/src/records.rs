//! The records of a store as they lie in its segments.

use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_proof::frame::{self, RecordType, SEGMENT_HEADER};

/// Type and canonical bytes of each record, in order of writing.
///
/// # Errors
/// What the medium says.
pub fn of(storage: &MemoryStorage) -> lineal_engine::Result<Vec<(RecordType, Vec<u8>)>> {
    let mut found = Vec::new();
    for name in storage.list("segments")? {
        let bytes = storage.read(&format!("segments/{name}"))?;
        let bytes = bytes.as_deref().unwrap_or_default();
        let mut at = SEGMENT_HEADER;
        while let Some(Ok(frame)) = bytes.get(at..).map(frame::read) {
            found.push((frame.record_type, frame.payload.to_vec()));
            at += frame.length;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lineal_proof::frame::RecordType;
    use lineal_proof::record::{Commit, Record};

    use crate::fixtures;

    /// Reading ends where a frame cannot be read: the last commit is there, and each says how many
    /// records of which type lie before it.
    #[test]
    fn every_record_that_the_fixtures_leave_behind_is_found() {
        let (storage, store) = fixtures::store().unwrap();
        let found = super::of(&storage).unwrap();
        let mut counted: BTreeMap<String, u64> = BTreeMap::new();
        let mut told: BTreeMap<String, u64> = BTreeMap::new();
        let mut last = 0;
        for (record_type, payload) in &found {
            if *record_type == RecordType::Commit {
                let commit = Commit::decode(payload).unwrap();
                for (name, count) in commit.counts {
                    *told.entry(name).or_default() += count;
                }
                last = commit.number;
            } else {
                *counted.entry(record_type.name().to_owned()).or_default() += 1;
            }
        }
        assert_eq!(last, store.snapshot().unwrap().commit());
        assert_eq!(counted, told);
        // What the database and the archive describe: 13 runs, 15 data sets, 17 models, and so on.
        assert!(told["revision"] > 13 + 15 + 17, "{told:?}");
    }
}
