//! Which files of rows are in use, by the records themselves.
//!
//! What the index holds of the ledger may be wrong although its checksums fit. It decides where rows are looked
//! for; what goes from its place, or for good, is held to the segments first.

use crate::error::{Error, Result};
use crate::head::Head;
use crate::segment::{open_segment, segment_path};
use crate::skim::Skim;
use crate::storage::Storage;
use crate::transaction::container_path;
use lineal_proof::Cid;
use lineal_proof::frame::RecordType;
use lineal_proof::record::{Manifest, Record};
use std::collections::{BTreeMap, BTreeSet};

/// The containers in which rows stand: for each batch the last manifest counts. Other records are passed over
/// by their length.
///
/// # Errors
/// [`Error::Corrupt`] where a manifest does not read, or what the medium says.
pub(super) fn in_use(storage: &dyn Storage, head: &Head) -> Result<BTreeSet<String>> {
    let mut last: BTreeMap<Cid, (lineal_proof::Hash, u32)> = BTreeMap::new();
    for number in 1..=head.segment {
        let path = segment_path(number);
        let missing = || Error::corrupt(&path, 0, "a segment that `head` vouches for is there");
        let bytes = open_segment(storage, number, &head.store)?.ok_or_else(missing)?;
        for found in Skim::of(number, &bytes, head, RecordType::Manifest) {
            let (at, frame) = found?;
            let manifest = Manifest::decode(frame.payload);
            let manifest = manifest.map_err(|e| Error::record(&path, at, e))?;
            let place = (manifest.container, manifest.generation);
            last.extend(manifest.batches.iter().map(|entry| (entry.batch, place)));
        }
    }
    let places: BTreeSet<_> = last.into_values().collect();
    Ok(places
        .iter()
        .map(|(container, generation)| container_path(container, *generation))
        .collect())
}
