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
    use crate::fixtures;

    #[test]
    fn the_fixtures_leave_records_behind() {
        let (storage, _) = fixtures::store().unwrap();
        assert!(super::of(&storage).unwrap().len() > 100);
    }
}
