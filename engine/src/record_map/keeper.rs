//! The map of an open store: found on disk when it is first needed, brought up to date from the
//! segments, and taken along from commit to commit.

use super::{Place, RecordMap, Spill, file, follow};
use crate::error::{Error, Result};
use crate::head::Head;
use crate::storage::Storage;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The map as of some commit.
#[derive(Default)]
pub(crate) struct MapKeeper {
    known: Mutex<Option<Known>>,
}

struct Known {
    map: RecordMap,
    place: Place,
    /// The commit that the files cover.
    written: u64,
}

impl MapKeeper {
    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what is known: files were removed.
    pub(crate) fn forget(&self) {
        *self.lock() = None;
    }

    /// The map as of `head`. A writer's large runs go to files.
    ///
    /// # Errors
    /// What the medium says, or what is wrong with the log.
    pub(crate) fn as_of(
        &self,
        storage: &dyn Storage,
        head: &Head,
        spills: bool,
    ) -> Result<(RecordMap, Place)> {
        let mut known = self.lock();
        let known = load(&mut known, storage, head, spills)?;
        Ok((known.map.clone(), known.place))
    }

    /// Is it as of `head`, which was reached by the commit that its map was made for.
    pub(crate) fn take(&self, map: RecordMap, place: Place) {
        let mut known = self.lock();
        let written = known.as_ref().map_or(0, |known| known.written);
        *known = Some(Known { map, place, written });
    }

    /// Writes what commits have brought since it was written, if any did; `wanted` also where none
    /// did, and it is not on disk.
    ///
    /// # Errors
    /// What the medium says.
    pub(crate) fn write(&self, storage: &dyn Storage, head: &Head, wanted: bool) -> Result<()> {
        let mut known = self.lock();
        if wanted {
            load(&mut known, storage, head, true)?;
        }
        let Some(known) = known.as_mut().filter(|known| known.place.commit > known.written) else {
            return Ok(());
        };
        let spill = Spill::to(storage, &head.store);
        known.map = file::write(spill, &known.map, &known.place)?;
        known.written = known.place.commit;
        Ok(())
    }
}

/// Brings what is known up to `head`.
fn load<'k>(
    known: &'k mut Option<Known>,
    storage: &dyn Storage,
    head: &Head,
    spills: bool,
) -> Result<&'k mut Known> {
    let store = &head.store;
    let spill = spills.then_some(Spill::to(storage, store));
    let is_there = |known: &Known| known.place.commit == head.commit;
    if !known.as_ref().is_some_and(is_there) {
        let found = file::read(storage, store)?.filter(|(_, place)| place.commit <= head.commit);
        let written = found.as_ref().map_or(0, |(_, place)| place.commit);
        let upto = (head.commit, head.segment);
        let followed = match found {
            Some(found) => follow(storage, store, found, upto, spill),
            None => follow(storage, store, (RecordMap::default(), Place::START), upto, spill),
        };
        let (map, place, written) = match followed {
            Ok((map, place)) if is_of(&place, head) => (map, place, written),
            Err(error @ Error::Io { .. }) => return Err(error),
            // Damaged, or of another history: whether the log is sound, the log alone tells.
            _ => {
                let start = (RecordMap::default(), Place::START);
                let (map, place) = follow(storage, store, start, upto, spill)?;
                (map, place, 0)
            }
        };
        *known = Some(Known { map, place, written });
    }
    known.as_mut().ok_or_else(|| Error::corrupt(file::LIST, 0, "what was just made is there"))
}

/// Do the files say what the log says up to the commit that they cover? None where there are none, or
/// none that a writer would use.
///
/// # Errors
/// What the medium says, or what is wrong with the log.
pub(crate) fn files_fit_the_log(storage: &dyn Storage, head: &Head) -> Result<Option<bool>> {
    let Some((stored, place)) = file::read(storage, &head.store)? else { return Ok(None) };
    if place.commit > head.commit {
        return Ok(None);
    }
    let start = (RecordMap::default(), Place::START);
    let upto = (place.commit, head.segment);
    let (made, reached) = follow(storage, &head.store, start, upto, None)?;
    if reached.commit_id != place.commit_id {
        return Ok(None);
    }
    if reached != place || stored.heads() != made.heads() {
        return Ok(Some(false));
    }
    for (one, other) in stored.runs.iter().zip(&made.runs) {
        if one.commits != other.commits || one.entries()? != other.entries()? {
            return Ok(Some(false));
        }
    }
    Ok(Some(true))
}

fn is_of(place: &Place, head: &Head) -> bool {
    (place.commit, place.commit_id) == (head.commit, head.commit_id)
}
