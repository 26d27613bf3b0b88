//! The events of a proof, in the trees of their batches.

use super::commits::{Known, Records};
use super::erasure::{Kept, kept};
use super::fault::{Checked, Fault};
use super::item::EventName;
use super::layout::{BatchPart, RowContent, RowPart};
use super::statement::Named;
use super::subtrees;
use crate::cbor;
use crate::event::leaf_of;
use crate::hash::Hash;
use crate::merkle;
use crate::value::{Map, Value};
use data_encoding::HEXLOWER;
use std::collections::BTreeMap;

/// What a proof discloses of an event.
#[derive(Default)]
pub(super) struct Disclosed {
    open: Option<Map>,
    subject: Option<Map>,
    pub(super) erased: bool,
}

/// The events of a proof: each stands in a batch, whose revision stands in the log.
pub(super) type Events = BTreeMap<EventName, Disclosed>;

impl Disclosed {
    /// Is the subject group kept back, and not by an erasure?
    pub(super) fn is_withheld(&self) -> bool {
        self.subject.is_none() && !self.erased
    }

    /// Does the event say this of itself, as far as it is disclosed?
    pub(super) fn says(&self, named: &Named) -> bool {
        let groups = [&self.open, &self.subject];
        let value = groups.into_iter().flatten().find_map(|group| group.get(&named.field));
        match value {
            Some(Value::Text(text)) => *text == named.value,
            Some(Value::Bytes(bytes)) => HEXLOWER.encode(bytes) == named.value,
            _ => false,
        }
    }
}

/// Checks the events against the revisions of their batches.
pub(super) fn check(parts: &[BatchPart], records: &Records) -> Checked<Events> {
    let mut events = Events::new();
    let mut last: Option<Hash> = None;
    for (number, part) in parts.iter().enumerate() {
        let at = format!("/events/{number}");
        let fault = |member: &str, rule| Fault::new(format!("{at}/{member}"), rule);
        if last.is_some_and(|last| last >= part.batch) {
            return Err(fault("batch", "batches ascend"));
        }
        last = Some(part.batch);
        let (root, rows) = match records.get(&part.batch) {
            Some(Known::Revision(revision)) if revision.kind == "batch" => of(&revision.fields),
            _ => None,
        }
        .ok_or_else(|| fault("batch", "the revision of a batch stands among the records"))?;
        let mut leaves = Vec::new();
        let mut has_tree = true;
        for (number, row) in part.rows.iter().enumerate() {
            let at = format!("{at}/rows/{number}");
            let (leaf, disclosed) = row_of(&at, part, row, records)?;
            has_tree &= leaf.is_some();
            leaves.extend(leaf.map(|leaf| (row.at, leaf)));
            if row.at >= rows || events.contains_key(&name(part, row)) {
                return Err(Fault::new(format!("{at}/at"), "rows ascend, within the batch"));
            }
            events.insert(name(part, row), disclosed);
        }
        // Of a batch that was erased whole nothing leads to the root any more.
        let leads = if has_tree {
            subtrees::root(rows, &leaves, &part.tree, merkle::node) == Some(root)
        } else {
            leaves.is_empty() && part.tree.is_empty()
        };
        if !leads {
            return Err(fault("tree", "rows and tree lead to the root of the batch"));
        }
    }
    Ok(events)
}

fn name(part: &BatchPart, row: &RowPart) -> EventName {
    EventName { batch: part.batch, row: row.at }
}

/// Root and rows of a batch, from its fields.
fn of(fields: &Map) -> Option<(Hash, u64)> {
    let root = Hash::from_slice(fields.get("root")?.as_bytes()?)?;
    Some((root, u64::try_from(fields.get("rows")?.as_i64()?).ok()?))
}

/// The leaf of a row, and what is disclosed of it.
fn row_of(
    at: &str,
    part: &BatchPart,
    row: &RowPart,
    records: &Records,
) -> Checked<(Option<Hash>, Disclosed)> {
    let group = |name: &str, bytes: &[u8]| {
        let rule = "canonical bytes of a map (docs/format.md, section 3)";
        cbor::decode_map(bytes).map_err(|_| Fault::new(format!("{at}/{name}"), rule))
    };
    match &row.content {
        RowContent::Whole { k1, k2, open, subject } => {
            let leaf = leaf_of(k1, open, &Hash::keyed(k2, subject));
            let (open, subject) = (group("open", open)?, group("subject", subject)?);
            let disclosed =
                Disclosed { open: Some(open), subject: Some(subject), ..Disclosed::default() };
            Ok((Some(leaf), disclosed))
        }
        RowContent::Withheld { k1, open, commitment } => {
            let leaf = leaf_of(k1, open, commitment);
            let open = Some(group("open", open)?);
            Ok((Some(leaf), Disclosed { open, ..Disclosed::default() }))
        }
        RowContent::Erased { leaf, record } => {
            let rule = "a recorded erasure of this row, with the leaf that it kept";
            let kept = match records.get(record) {
                Some(Known::Erasure(record)) => kept(record, &part.batch, row.at),
                _ => None,
            };
            let fits = match (kept, leaf) {
                (Some(Kept::Leaf(kept)), Some(leaf)) => kept == *leaf,
                (Some(Kept::Nothing), None) => true,
                _ => false,
            };
            if !fits {
                return Err(Fault::new(format!("{at}/erased"), rule));
            }
            Ok((*leaf, Disclosed { erased: true, ..Disclosed::default() }))
        }
    }
}
