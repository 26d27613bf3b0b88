//! Event-key runs: those on disk, and what a view must add to them.

use super::View;
use crate::damage::Damage;
use crate::error::Result;
use crate::events::{Container, IndexedFields, KeyRun, RunOf};
use crate::index::{KeyRuns, RunFiles};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The runs on disk, opened once for all views of a store.
#[derive(Default)]
pub(crate) struct DiskRuns {
    opened: Mutex<Option<(IndexedFields, Arc<KeyRuns>)>>,
}

impl DiskRuns {
    fn opened(&self) -> MutexGuard<'_, Option<(IndexedFields, Arc<KeyRuns>)>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets them: files were written or removed.
    pub(super) fn forget(&self) {
        *self.opened() = None;
    }

    fn get(&self, files: &RunFiles, damage: &Arc<Damage>) -> Result<Arc<KeyRuns>> {
        let mut opened = self.opened();
        if let Some((fields, runs)) = &*opened
            && *fields == files.fields
        {
            return Ok(Arc::clone(runs));
        }
        let runs = Arc::new(files.open(damage)?);
        *opened = Some((files.fields, Arc::clone(&runs)));
        Ok(runs)
    }
}

impl View {
    /// Runs over every batch of the view: those on disk, and one in memory for what they lack. Only for who has
    /// the key under which those on disk were made: under another nothing would be found in them.
    pub(super) fn runs(&self) -> Result<&[KeyRun]> {
        if self.runs.get().is_none() {
            let runs = self.make_runs()?;
            // Another thread may have been quicker: both made the same.
            let _ = self.runs.set(runs);
        }
        Ok(self.runs.get().map_or(&[], Vec::as_slice))
    }

    fn make_runs(&self) -> Result<Vec<KeyRun>> {
        let damage = self.graph.damage();
        let (storage, fields) = (Arc::clone(&self.storage), self.indexed);
        let hasher = self.secrets().keys.value_hasher()?;
        let made_under = hasher.made_under();
        let files = RunFiles { storage, store: self.store, fields, made_under: Some(made_under) };
        let disk = self.disk_runs.get(&files, damage)?;
        files.need_key_of(&disk.runs)?;
        let covered = disk.covered;
        let mut runs = disk.runs.clone();
        // No batch is of a later commit than the view: the list of them need not be read.
        if covered >= self.graph.commit {
            return Ok(runs);
        }
        let mut entries = Vec::new();
        let mut open: Option<(u32, Container)> = None;
        for batch in self.graph.batches().iter().filter(|batch| batch.commit > covered) {
            let Some((place, first_row)) = batch.place else { continue };
            if open.as_ref().is_none_or(|(of, _)| *of != place) {
                let place_of = &self.graph.containers[place as usize];
                open = Some((place, Container::open_checked(&*self.storage, place_of)?));
            }
            let Some((_, container)) = &open else { continue };
            let (from, rows) = (first_row as usize, batch.rows as usize);
            let block = container.read(from..from + rows, &fields.fields())?;
            fields.entries(&hasher, &block, &(0..rows), batch.ordinal, &mut entries);
        }
        if !entries.is_empty() {
            let commits = (covered + 1, self.graph.commit.max(covered + 1));
            runs.push(KeyRun::of(&mut entries, RunOf { commits, fields, made_under }, damage));
        }
        Ok(runs)
    }
}
