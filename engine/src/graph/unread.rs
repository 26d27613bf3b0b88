//! Logs of which lines could not be read: part of every answer over events, so they stand in the
//! index and the log need not be folded to know them.

use super::NodeNo;
use crate::index::{Reader, Writer};
use crate::ledger::Ledger;
use std::collections::BTreeMap;

/// A log of which lines could not be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnreadLog {
    /// Its label: the path below what was given to import.
    pub label: String,
    /// How many lines.
    pub lines: u64,
    /// The import that left them out.
    pub import: NodeNo,
}

/// The logs of a view, by label. One that came again under its label, with more in it, holds the
/// same lines: the greatest count of its states stands.
pub(super) fn unread(
    ledger: &Ledger,
    imports: &BTreeMap<u64, NodeNo>,
    upto: u64,
) -> Vec<UnreadLog> {
    let mut states: BTreeMap<(&str, [u8; 16]), (u64, NodeNo)> = BTreeMap::new();
    for (commit, source) in &ledger.sources {
        let import = ledger.import_of(*commit);
        // Only of logs does a source count lines.
        if *commit > upto || source.lines.is_none() || ledger.is_retracted(import, upto) {
            continue;
        }
        let Some(import) = imports.get(&import) else { continue };
        let state = states.entry((&source.label, source.digest)).or_default();
        *state = (state.0 + source.counts.rejected, *import);
    }
    let mut logs: BTreeMap<&str, (u64, NodeNo)> = BTreeMap::new();
    for ((label, _), state) in states.into_iter().filter(|(_, (lines, _))| *lines > 0) {
        let known = logs.entry(label).or_default();
        *known = state.max(*known);
    }
    let log =
        |(label, (lines, import)): (&str, _)| UnreadLog { label: label.to_owned(), lines, import };
    logs.into_iter().map(log).collect()
}

pub(super) fn write_unread(logs: &[UnreadLog]) -> Vec<u8> {
    let mut out = Writer::default();
    out.items(logs, |out, log| {
        out.bytes(log.label.as_bytes());
        out.u64(log.lines);
        out.u32(log.import);
    });
    out.into_bytes()
}

/// None if the bytes are no such list, or an import leads nowhere.
pub(super) fn read_unread(bytes: &[u8], nodes: usize) -> Option<Vec<UnreadLog>> {
    let mut from = Reader::over(bytes);
    let logs = from.items(|from| {
        Some(UnreadLog { label: from.text()?, lines: from.u64()?, import: from.u32()? })
    })?;
    let fits = |log: &UnreadLog| (log.import as usize) < nodes;
    (from.is_at_end() && logs.iter().all(fits)).then_some(logs)
}
