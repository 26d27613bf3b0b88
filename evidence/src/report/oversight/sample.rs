//! A sample of events that nobody chose: it follows from the commit of the view, which fixes all that
//! is recorded, so that whoever has the store draws the same one.

use super::counts::within;
use super::{Oversight, SAMPLE_MAX};
use crate::Error;
use crate::check::time_text;
use crate::report::deployments::Deployments;
use crate::report::document::{Block, Reference, Section, Sentence, Table};
use crate::report::facts::Facts;
use crate::report::words::{NOT_RECORDED, counted, recorded};
use lineal_engine::event_fields::EventField;
use lineal_engine::{EventRef, NodeNo, quoted};
use lineal_proof::{Hash, Map, Value};
use std::collections::BTreeSet;

/// Draws for each event that is wanted: where rows are erased, outweighed or outside of the time, a draw
/// finds none.
const DRAWS: u64 = 64;
/// What the key of the draw is derived for.
const CONTEXT: &str = "lineal report sample v1";

pub(super) fn section(
    facts: &Facts<'_>,
    deployments: &Deployments,
    wanted: &Oversight,
) -> Result<Section, Error> {
    let mut section = facts.asks.section(super::KIND, "sample")?;
    let count = wanted.sample.min(SAMPLE_MAX);
    if count == 0 || deployments.nodes.is_empty() {
        return Ok(section.say("No sample was asked for, or there is nothing to draw from."));
    }
    let draw = Draw::new(facts)?;
    let (overridden, total) = draw.overridden(facts, deployments, wanted, count)?;
    let others = draw.of_all(facts, deployments, wanted, count)?;
    section = section.say(
        "Nobody chose these events: the key of the draw is derived with BLAKE3 from the record of the commit that \
         this report is of. Overridden events stand in the order of the keyed hash of their batch's id and row, the \
         first are shown; of all rows those are taken that the keyed hash of 0, 1, 2, … falls on. Input and output \
         references are left out.",
    );
    let caption = format!("Overridden events: {} of {total}", overridden.len());
    section.push(Block::Table(table(facts, caption, &overridden)?));
    let caption = format!("{} drawn from all", counted(others.len() as u64, "event"));
    section.push(Block::Table(table(facts, caption, &others)?));
    if others.len() < count {
        section = section
            .say("There are fewer events, or too many draws fell on rows that are not shown.");
    }
    Ok(section)
}

/// What decides which events are drawn.
struct Draw {
    key: [u8; 32],
}

impl Draw {
    fn new(facts: &Facts<'_>) -> Result<Draw, Error> {
        let commit = facts.snapshot().commit();
        let payload = match commit {
            0 => Vec::new(),
            commit => facts.store.commit_payload(commit)?,
        };
        Ok(Draw { key: Hash::derive(CONTEXT, &payload) })
    }

    /// Overridden events, the first in the order of their keyed hashes, and how many there are.
    fn overridden(
        &self,
        facts: &Facts<'_>,
        deployments: &Deployments,
        wanted: &Oversight,
        count: usize,
    ) -> Result<(Vec<EventRef>, u64), Error> {
        let (within, given) = within(wanted, &deployments.given);
        let set = &deployments.set;
        let question = format!(
            "{set}find inference as i served_by deployment as d where d in own{within} \
             and i.human_override = true return i"
        );
        let answer = facts.ask(&question, &given)?;
        let view = facts.snapshot();
        let mut placed: Vec<(Hash, EventRef)> = Vec::with_capacity(answer.rows.len());
        for row in &answer.rows {
            if let Some(lineal_query::Value::Event(event)) = row.first() {
                let batch = view.event_batch(*event).map(|batch| view.node_id(batch));
                let mut bytes = batch.map_or_else(Vec::new, |batch| batch.0.to_vec());
                bytes.extend(event.row.to_le_bytes());
                placed.push((Hash::keyed(&self.key, &bytes), *event));
            }
        }
        placed.sort_unstable();
        placed.truncate(count);
        Ok((placed.into_iter().map(|(_, event)| event).collect(), answer.total))
    }

    /// Events of all rows: those on which draws fall.
    fn of_all(
        &self,
        facts: &Facts<'_>,
        deployments: &Deployments,
        wanted: &Oversight,
        count: usize,
    ) -> Result<Vec<EventRef>, Error> {
        let view = facts.snapshot();
        let parts = parts(facts, deployments);
        let ends: Vec<u64> = parts
            .iter()
            .scan(0, |sum, (_, rows)| {
                *sum += u64::from(*rows);
                Some(*sum)
            })
            .collect();
        let total = ends.last().copied().unwrap_or(0);
        let (mut drawn, mut seen) = (Vec::new(), BTreeSet::new());
        if total == 0 {
            return Ok(drawn);
        }
        for number in 0..DRAWS * count as u64 {
            let hash = Hash::keyed(&self.key, &number.to_le_bytes());
            let bytes = hash.0.first_chunk().copied().unwrap_or_default();
            let at = u64::from_le_bytes(bytes) % total;
            let part = ends.partition_point(|end| *end <= at);
            let Some((ordinal, rows)) = parts.get(part) else { continue };
            let row = u32::try_from(at - (ends[part] - u64::from(*rows))).unwrap_or(0);
            if !seen.insert((*ordinal, row)) {
                continue;
            }
            let found = view.read_events(*ordinal, row..row + 1, &[EventField::Time])?;
            let Some(event) = found.events.first().copied() else { continue };
            let time = view.event_field(event, EventField::Time)?.and_then(|time| time.as_i64());
            let is_meant = |time: i64| {
                wanted.from.is_none_or(|from| time >= from)
                    && wanted.until.is_none_or(|until| time < until)
            };
            let is_bounded = wanted.from.is_some() || wanted.until.is_some();
            if time.map_or(!is_bounded, is_meant) {
                drawn.push(event);
            }
            if drawn.len() == count {
                break;
            }
        }
        Ok(drawn)
    }
}

/// The parts of the batches of all deployments with their rows, in an order that every store of the same
/// records has: by the batch's id.
fn parts(facts: &Facts<'_>, deployments: &Deployments) -> Vec<(u32, u32)> {
    let view = facts.snapshot();
    let mut batches: Vec<(Hash, NodeNo)> = Vec::new();
    for deployment in &deployments.nodes {
        let own = view.batches_of(*deployment).into_iter();
        batches.extend(own.map(|batch| (view.node_id(batch), batch)));
    }
    batches.sort_unstable();
    batches.dedup();
    batches.into_iter().flat_map(|(_, batch)| view.parts_of(batch)).collect()
}

/// What is shown of each event: nothing that points at the person concerned.
const SHOWN: [EventField; 6] = [
    EventField::ModelVersion,
    EventField::Decision,
    EventField::OriginalDecision,
    EventField::OversightReviewed,
    EventField::HumanOverride,
    EventField::Reviewer,
];

fn table(facts: &Facts<'_>, caption: String, events: &[EventRef]) -> Result<Table, Error> {
    let mut heads = vec!["event", "time", "batch"];
    heads.extend(SHOWN.map(|field| field.spec().name));
    let mut table = Table::new(caption, &heads);
    for event in events {
        let fields = facts.snapshot().event(*event)?;
        let time = fields.get("time").and_then(Value::as_i64);
        let batch = facts.snapshot().event_batch(*event);
        let mut row = vec![
            name(facts, *event, &fields),
            time.map_or_else(|| NOT_RECORDED.to_owned(), time_text).into(),
            batch.map_or_else(Sentence::new, |batch| facts.cell(batch)),
        ];
        for field in SHOWN {
            let value = fields.get(field.spec().name);
            row.push(match (field, value) {
                (_, None) => NOT_RECORDED.into(),
                (EventField::Reviewer, Some(Value::Text(key))) => facts.reviewer(key),
                (_, Some(value)) => recorded(value, Some(field.spec().field_type)).into(),
            });
        }
        table.push(row, SAMPLE_MAX);
    }
    Ok(table)
}

/// An event by an id that says nothing of a person: the application's, else its place in the batch.
fn name(facts: &Facts<'_>, event: EventRef, fields: &Map) -> Sentence {
    for field in ["event_id", "request_id", "log_id"] {
        if let Some(id) = fields.get(field).and_then(Value::as_text) {
            let name = format!("inference:{}", quoted(id, None));
            return Reference { name, id: id.to_owned(), ..Reference::default() }.into();
        }
    }
    let batch = facts.snapshot().event_batch(event).map(|batch| facts.at(batch));
    let row = format!(" row {}", event.row);
    batch.map_or_else(Sentence::new, Sentence::from).text(row)
}
