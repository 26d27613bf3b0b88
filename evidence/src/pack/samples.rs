//! `logs/samples/`: events drawn from each deployment's log, by a rule that whoever holds the pack can
//! follow: nobody chose them.

use super::coverage::{Covered, Part};
use super::making::Making;
use super::proofs::{self, Shown};
use super::{Error, Files};
use lineal_engine::event_fields::{EVENT_FIELDS, Group};
use lineal_engine::{EventRef, Snapshot};
use lineal_proof::bundle::RowContent;
use lineal_proof::{Hash, Map};
use lineal_query::told::value_json;
use serde_json::{Map as JsonMap, Value as Json, json};
use std::collections::BTreeSet;

/// Events that are drawn of each deployment, where nothing else is said.
pub const SAMPLES_DEFAULT: u32 = 5;
/// Most that may be asked for: each is a proof file, and its batch is hashed whole to make it.
pub(super) const SAMPLES_MAX: u32 = 100;
/// Most events of a pack: of many deployments fewer are drawn of each, and at least one.
const ALL_MAX: u32 = 500;
/// Draws for each event that is wanted: some fall on rows that do not count, or twice on one.
const DRAWS: u64 = 4;
/// What is hashed begins with this.
const LABEL: &[u8] = b"lineal pack sample v1\0";
/// Hexadecimal digits of a deployment's id in a file's name.
const DIGITS: usize = 16;

/// The rule in words, as it stands in each file.
const RULE: &str = "Draw i (from 0) is row n of the deployment's rows: n is the first 8 bytes, little-endian, of BLAKE3 \
of the bytes `lineal pack sample v1`, a zero byte, the 32 bytes of the checkpoint's root, the 32 bytes of the \
deployment's id and i as 8 bytes little-endian, modulo the number of rows. The rows of a deployment are those \
of the revisions in `parts`, in their order, each from row 0. A row that was drawn before is passed over, and so \
is one that does not count because another row tells the same event: it stands in `passed_over`. Drawing ends when \
`wanted` events are drawn, or after four draws for each.";

/// The row that a draw falls on.
fn draw(root: &[u8; 32], deployment: &Hash, number: u64, rows: u64) -> u64 {
    let hashed = [LABEL, root, &deployment.0, &number.to_le_bytes()].concat();
    let hash = Hash::of(&hashed);
    let first = hash.0.first_chunk().copied().unwrap_or_default();
    u64::from_le_bytes(first) % rows
}

/// The row of a part that is row `at` of all.
fn place(parts: &[Part], mut at: u64) -> Option<(Part, u32)> {
    for part in parts {
        match u32::try_from(at) {
            Ok(row) if row < part.rows => return Some((*part, row)),
            _ => at = at.checked_sub(u64::from(part.rows))?,
        }
    }
    None
}

/// Draws of each deployment, and adds a file for each with what was drawn.
pub(super) fn add(
    making: &mut Making<'_>,
    files: &mut Files,
    covered: &[Covered],
) -> Result<(), Error> {
    let with_rows = covered.iter().filter(|it| !it.parts.is_empty()).count();
    let share = ALL_MAX / u32::try_from(with_rows.max(1)).unwrap_or(u32::MAX);
    let each = making.samples.min(share.max(1));
    let restricted = making.snapshot().clone().with_restricted();
    let mut index: Vec<Json> = Vec::new();
    let mut left = ALL_MAX;
    for (at, covered) in covered.iter().enumerate() {
        making.tell("samples of logs", at, with_rows)?;
        let named = &making.closure.members[covered.member];
        let (name, id) = (named.name.clone(), named.id);
        let wanted = each.min(left);
        if covered.parts.is_empty() || wanted == 0 {
            let why = if covered.parts.is_empty() { "no log" } else { "too many deployments" };
            index.push(json!({ "deployment": name, "file": null, "why_no_file": why }));
            continue;
        }
        let drawn =
            Drawing { making: &mut *making, files: &mut *files, restricted: &restricted, covered }
                .draw(&id, wanted)?;
        let (drawn, passed_over) = drawn;
        left -= u32::try_from(drawn.len()).unwrap_or(left).min(left);
        let parts = covered.parts.iter();
        let parts = parts.map(|part| json!([part.revision.to_string(), part.rows]));
        let path = format!("logs/samples/{}.json", &id.to_string()[..DIGITS]);
        let withheld = making.disclosure.withholds().then_some(
            "the subject group of each event: hashes of inputs and outputs, sessions, groups of persons, verifiers",
        );
        files.json(
            path.clone(),
            &json!({
                "deployment": name, "id": id.to_string(), "rule": RULE,
                "root": making.kept.note.checkpoint.root.to_string(),
                "parts": parts.collect::<Vec<_>>(), "withheld": withheld, "wanted": wanted,
                "drawn": drawn, "passed_over": passed_over,
            }),
        )?;
        index.push(json!({ "deployment": name, "file": path, "why_no_file": null }));
    }
    files.json("logs/samples/index.json", &json!({ "samples": index }))
}

/// Drawing of one deployment.
struct Drawing<'d, 'a> {
    making: &'d mut Making<'a>,
    files: &'d mut Files,
    /// The view that shows what is restricted: to know that a row is, not to show it.
    restricted: &'d Snapshot,
    covered: &'d Covered,
}

impl Drawing<'_, '_> {
    fn draw(&mut self, deployment: &Hash, wanted: u32) -> Result<(Vec<Json>, Vec<Json>), Error> {
        let root = self.making.kept.note.checkpoint.root.0;
        let rows: u64 = self.covered.parts.iter().map(|part| u64::from(part.rows)).sum();
        let (mut drawn, mut passed_over, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        for number in 0..u64::from(wanted) * DRAWS {
            if rows == 0 || drawn.len() >= wanted as usize {
                break;
            }
            let at = draw(&root, deployment, number, rows);
            if !seen.insert(at) {
                continue;
            }
            let Some((part, row)) = place(&self.covered.parts, at) else { continue };
            let event = EventRef { batch: part.number, row };
            if self.making.snapshot().leaves_row_out(event) {
                passed_over.push(json!({
                    "draw": number, "row_of_all": at, "why": "it is an event of another system",
                }));
                continue;
            }
            if let Some(mut told) = self.event(part, row)? {
                told["draw"] = json!(number);
                told["row_of_all"] = json!(at);
                drawn.push(told);
            } else {
                passed_over.push(json!({
                    "draw": number, "row_of_all": at, "why": "another row tells the same event",
                }));
            }
        }
        Ok((drawn, passed_over))
    }

    /// What is shown of a row; nothing if it does not count.
    fn event(&mut self, part: Part, row: u32) -> Result<Option<Json>, Error> {
        let event = EventRef { batch: part.number, row };
        let mut told = json!({
            "draw": null, "row_of_all": null,
            "batch": part.revision.to_string(), "row": row, "state": "shown",
        });
        let fields = self.making.snapshot().event(event)?;
        if fields.is_empty() && !self.restricted.event(event)?.is_empty() {
            told["state"] =
                json!("restricted: a recorded decision lets only those who decide about it see it");
            self.making.counts.restricted += 1;
            return Ok(Some(told));
        }
        let (path, bundle) = match proofs::event(self.making, &part.revision, event)? {
            Shown::File(path, bundle) => (path, bundle),
            Shown::Not(why) => {
                told["state"] = json!(format!("not shown: {why}"));
                self.making.counts.not_shown += 1;
                return Ok(Some(told));
            }
        };
        let mut rows = bundle.events.iter().flat_map(|part| &part.rows);
        let erased = rows.any(|row| matches!(row.content, RowContent::Erased { .. }));
        if fields.is_empty() && !erased {
            return Ok(None);
        }
        if erased {
            told["state"] = json!("redacted: a recorded erasure took it");
            self.making.counts.redacted += 1;
        } else {
            told["fields"] = said(&fields, self.making.disclosure.withholds());
            self.making.counts.sampled += 1;
        }
        proofs::keep(self.making, self.files, &path, &bundle)?;
        told["proof"] = json!(path);
        Ok(Some(told))
    }
}

/// The fields of an event that are shown, in the order of the table.
fn said(fields: &Map, withhold: bool) -> Json {
    let shown = EVENT_FIELDS.iter().filter(|spec| !(withhold && spec.group == Group::Subject));
    let mut told = JsonMap::new();
    for spec in shown {
        if let Some(value) = fields.get(spec.name) {
            told.insert(spec.name.to_owned(), value_json(value, Some(spec.field_type)));
        }
    }
    Json::Object(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_follows_from_checkpoint_deployment_and_number_alone() {
        let (root, deployment) = ([7; 32], Hash::of(b"deployment"));
        let drawn: Vec<u64> = (0..6).map(|i| draw(&root, &deployment, i, 1_000)).collect();
        // As verify.py computes it, with a BLAKE3 of its own.
        assert_eq!(drawn, [56, 311, 834, 793, 237, 799]);
        assert_ne!(drawn[0], draw(&[8; 32], &deployment, 0, 1_000));
        assert_ne!(drawn[0], draw(&root, &Hash::of(b"another"), 0, 1_000));
    }

    #[test]
    fn a_row_of_all_is_a_row_of_one_part() {
        let part = |number, rows| Part { number, revision: Hash::of(&[0]), rows };
        let parts = [part(4, 3), part(9, 0), part(2, 2)];
        let found: Vec<Option<(u32, u32)>> =
            (0..6).map(|at| place(&parts, at).map(|(part, row)| (part.number, row))).collect();
        let wanted = [Some((4, 0)), Some((4, 1)), Some((4, 2)), Some((2, 0)), Some((2, 1)), None];
        assert_eq!(found, wanted);
    }
}
