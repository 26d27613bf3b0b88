//! Batches that are alive, read straight from the ledger: what an import compares its events with.

use super::Store;
use crate::error::{Error, Result};
use crate::event_fields::EventField;
use crate::events::{Container, EventBlock};
use crate::runs::{within, within_sorted};
use crate::transaction::container_path;
use lineal_proof::Cid;

/// A batch whose rows may be known already.
#[derive(Clone, Debug)]
pub struct LiveBatch {
    /// Its revision.
    pub revision: Cid,
    /// The import that brought it.
    pub import: u64,
    /// Rows in all.
    pub rows: u32,
    path: String,
    first_row: u32,
    kept: Option<Vec<(u32, u32)>>,
    erased: Vec<(u32, u32)>,
}

impl LiveBatch {
    /// Is a row alive, and there?
    #[must_use]
    pub fn has_row(&self, row: u32) -> bool {
        self.kept.as_ref().is_none_or(|runs| within(runs, row)) && !within_sorted(&self.erased, row)
    }
}

impl Store {
    /// Batches of a log source that are alive and cover a part of a time span, in log order.
    #[must_use]
    pub fn live_batches(&self, source: &str, first: i64, last: i64) -> Vec<LiveBatch> {
        let state = self.read_state();
        let ledger = &state.ledger;
        let upto = ledger.commit();
        let mut live = Vec::new();
        for (ordinal, batch) in (0_u32..).zip(&ledger.batches) {
            if batch.last_time < first || batch.first_time > last {
                continue;
            }
            let revision = batch.revision;
            if ledger.nodes.key_text(ledger.revisions.node(revision), 0) != Some(source) {
                continue;
            }
            let Some((manifest, first_row)) = batch.place else { continue };
            if ledger.effective(revision, upto).is_none() {
                continue;
            }
            let (_, manifest) = &ledger.manifests[manifest as usize];
            live.push(LiveBatch {
                revision: Cid(ledger.revisions.id(revision)),
                import: ledger.import_of(ledger.revisions.commit(revision)),
                rows: batch.rows,
                path: container_path(&manifest.container, manifest.generation),
                first_row,
                kept: ledger.kept_rows(ordinal, upto),
                erased: batch.erased.clone(),
            });
        }
        live
    }

    /// Reads every field of a live batch's rows.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the container cannot be read.
    pub fn read_live(&self, batch: &LiveBatch) -> Result<EventBlock> {
        let first = batch.first_row as usize;
        self.live_container(batch)?.read_all(first..first + batch.rows as usize)
    }

    /// Reads the ids by which the events of live batches are known, a block for each batch. Their
    /// other fields are wanted only where an event is met again.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a container cannot be read.
    pub fn read_live_ids(&self, batches: &[LiveBatch]) -> Result<Vec<EventBlock>> {
        const IDS: [EventField; 2] = [EventField::LogId, EventField::EventId];
        let mut blocks = Vec::with_capacity(batches.len());
        let mut open: Option<(&str, Container)> = None;
        for batch in batches {
            // Batches of one commit lie in one container, one behind another.
            let container = match &mut open {
                Some((path, container)) if *path == batch.path => container,
                other => &mut other.insert((&batch.path, self.live_container(batch)?)).1,
            };
            let first = batch.first_row as usize;
            blocks.push(container.read(first..first + batch.rows as usize, &IDS)?);
        }
        Ok(blocks)
    }

    fn live_container(&self, batch: &LiveBatch) -> Result<Container> {
        let none = || Error::corrupt(&batch.path, 0, "the container is there");
        let bytes = self.storage.read(&batch.path)?.ok_or_else(none)?;
        Container::open(&batch.path, bytes)
    }
}
