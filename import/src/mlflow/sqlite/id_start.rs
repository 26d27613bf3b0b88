//! Ids by which rows are joined, as the start of their hash: a third of the room of the texts, of
//! which a store may have millions.

/// The start of the BLAKE3 of an id: sixteen bytes meet by chance in no store.
pub(super) type IdStart = [u8; 16];

/// The start of an id's hash.
pub(super) fn id_start(id: &str) -> IdStart {
    let mut start = IdStart::default();
    start.copy_from_slice(&blake3::hash(id.as_bytes()).as_bytes()[..16]);
    start
}
