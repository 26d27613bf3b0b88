//! A store one of whose derived files somebody edited, with checksums made to fit or not: it answers
//! or says what is damaged, nothing panics, and no truth is called damaged.

use super::store_files::{FILES, edit, read_all, with};
use super::tape::Tape;
use lineal_engine::Store;
use lineal_engine::verify::{What, verify_all};
use lineal_tests::sample;
use std::sync::Arc;

/// Where the number of sections stands in a file of sections.
const COUNTS: usize = 144;
/// Bytes of an entry of the directory, and of a block.
const ENTRY: usize = 32;
const BLOCK: usize = 16_384;

/// Checks the store after the edits that these bytes say.
pub fn check(bytes: &[u8]) {
    let mut tape = Tape::new(bytes);
    let derived: Vec<_> = FILES.iter().filter(|(path, _)| path.starts_with("index/")).collect();
    let (path, whole) = derived[tape.below(derived.len())];
    let fits = tape.byte().is_multiple_of(2);
    let mut held = whole.clone();
    edit(&mut held, &mut tape);
    if fits {
        reseal(&mut held);
    }
    let storage = with(path, &held);
    let shared: Arc<dyn lineal_engine::storage::Storage> = Arc::new(storage.clone());
    let report = verify_all(&shared, &What::default(), &mut |_| {}).expect("the truth is whole");
    assert!(report.is_sound(), "{path}: {:?}", report.faults);
    read_all(&Store::open_read_only_on(Arc::new(storage.clone())).expect("the truth is whole"));
    let store = Store::open_on(Arc::new(storage.clone()), sample::options());
    let store = store.expect("the truth is whole");
    read_all(&store);
    store.rebuild().expect("the truth is whole");
    drop(store);
    let after = verify_all(&shared, &What::default(), &mut |_| {}).expect("the truth is whole");
    assert_eq!(after.faults, [], "made again it is as the records say");
}

/// Makes the checksums of a file of sections fit, as far as its directory can be read.
fn reseal(bytes: &mut [u8]) {
    let word = |bytes: &[u8], at: usize| -> Option<usize> {
        let four = bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(four)).ok()
    };
    let Some(sections) = word(bytes, COUNTS).filter(|count| *count < 4_096) else { return };
    let mut at = COUNTS + 8 + sections * ENTRY;
    for number in 0..sections {
        let entry = COUNTS + 8 + number * ENTRY;
        let (Some(start), Some(length)) = (word(bytes, entry + 16), word(bytes, entry + 24)) else {
            return;
        };
        for block in (0..length).step_by(BLOCK) {
            let piece = start + block..start.saturating_add(length.min(block + BLOCK));
            let Some(crc) = bytes.get(piece).map(crc32c) else { return };
            let Some(place) = bytes.get_mut(at..at + 4) else { return };
            place.copy_from_slice(&crc.to_le_bytes());
            at += 4;
        }
    }
    let Some(crc) = bytes.get(..at).map(crc32c) else { return };
    if let Some(place) = bytes.get_mut(at..at + 4) {
        place.copy_from_slice(&crc.to_le_bytes());
    }
}

/// The Castagnoli checksum, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 * (crc & 1)))
    })
}
