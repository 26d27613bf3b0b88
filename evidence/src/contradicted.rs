//! Events that are recorded more than once with different contents: by which imports, and in what they differ.
//!
//! Of the rows of such an event one counts (docs/format.md, section 13.7), whichever was imported first; what
//! the others say is in no figure. Whoever rests on figures is told of how many events that is so.

use std::collections::{BTreeMap, BTreeSet};

use lineal_engine::event_fields::{EVENT_FIELDS, EventField};
use lineal_engine::events::EventBlock;
use lineal_engine::schema::{Direction, Relation};
use lineal_engine::{Contradicted, Error, EventRef, NodeNo, Snapshot};
use lineal_proof::Value;

use crate::report::words::{counted, thousands};

/// Rows that are read together: a row group of a container.
const READ_ROWS: u32 = 16_384;
/// Blocks of so many rows that are kept: events that contradict each other stand beside each other in few
/// files.
const BLOCKS_MAX: usize = 16;
/// Imports that are named; all are counted.
const IMPORTS_NAMED: usize = 5;
/// Fields that say where an event was read, and nothing of it.
const PLACE: [EventField; 2] = [EventField::Line, EventField::LogId];

/// The events of a deployment of which rows say different things.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Contested {
    /// How many.
    pub(crate) events: u64,
    /// How many of them count as events of another deployment.
    pub(crate) elsewhere: u64,
    /// The imports that brought their rows.
    pub(crate) imports: BTreeSet<NodeNo>,
    /// Fields in which rows differ, with the events of which they do.
    pub(crate) fields: BTreeMap<EventField, u64>,
    /// The first of them, by the id that it goes by.
    pub(crate) first: Option<String>,
}

impl Contested {
    /// In words.
    pub(crate) fn words(&self, view: &Snapshot) -> String {
        let mut imports: Vec<String> =
            self.imports.iter().take(IMPORTS_NAMED).map(|import| view.name_of(*import)).collect();
        if self.imports.len() > IMPORTS_NAMED {
            imports.push(format!("{} more", self.imports.len() - IMPORTS_NAMED));
        }
        let fields: Vec<String> = self
            .fields
            .iter()
            .map(|(field, events)| format!("{} ({})", field.spec().name, thousands(*events)))
            .collect();
        let (are, them) = if self.events == 1 { ("is", "it") } else { ("are", "each") };
        let elsewhere = match self.elsewhere {
            0 => String::new(),
            events => format!(", for {} of another deployment", thousands(events)),
        };
        format!(
            "{} {are} recorded with different contents, by {}; they differ in {}; of {them} one row counts{elsewhere}",
            counted(self.events, "event"),
            imports.join(" and "),
            fields.join(", "),
        )
    }
}

/// Of each of these deployments what is contested: all fields, or where some are named only what differs in
/// one of these. Those without such events are left out.
pub(crate) fn contested<E: From<Error>>(
    view: &Snapshot,
    deployments: &[NodeNo],
    fields: &[EventField],
    go_on: &dyn Fn() -> Result<(), E>,
) -> Result<BTreeMap<NodeNo, Contested>, E> {
    let all = view.contradicted()?;
    let mut found: BTreeMap<NodeNo, Contested> = BTreeMap::new();
    let mut rows = Rows { view, fields: wanted(fields), blocks: BTreeMap::new() };
    for event in &all {
        go_on()?;
        let of: BTreeSet<NodeNo> =
            event.rows().filter_map(|row| view.event_deployment(row)).collect();
        let mut own = of.into_iter().filter(|node| deployments.contains(node)).peekable();
        if own.peek().is_none() {
            continue;
        }
        let differing = rows.differing(event)?;
        if differing.is_empty() {
            continue;
        }
        let at = event.counts.and_then(|row| view.event_deployment(row));
        for deployment in own {
            let contested = found.entry(deployment).or_default();
            contested.events += 1;
            contested.elsewhere += u64::from(at != Some(deployment));
            contested.imports.extend(event.rows().flat_map(|row| imports(view, row)));
            for field in &differing {
                *contested.fields.entry(*field).or_default() += 1;
            }
            if contested.first.is_none() {
                contested.first = id_of(view, event)?;
            }
        }
    }
    Ok(found)
}

/// The fields that are compared.
fn wanted(fields: &[EventField]) -> Vec<EventField> {
    let all = || EVENT_FIELDS.iter().map(|spec| spec.field).filter(|field| !PLACE.contains(field));
    if fields.is_empty() { all().collect() } else { fields.to_vec() }
}

fn imports(view: &Snapshot, row: EventRef) -> Vec<NodeNo> {
    let batch = view.event_batch(row);
    let brought = batch.map(|batch| view.edges(batch, Relation::Brought, Direction::Inverse));
    brought.unwrap_or_default().to_vec()
}

/// The id that an event goes by, as far as the view shows the row that counts.
fn id_of(view: &Snapshot, event: &Contradicted) -> Result<Option<String>, Error> {
    let Some(row) = event.rows().next() else { return Ok(None) };
    let fields = view.row_fields(row)?;
    let id = |name: &str| fields.get(name).and_then(Value::as_text).map(str::to_owned);
    Ok(id("event_id").or_else(|| id("log_id")))
}

/// Rows that are compared, read some thousand at a time.
struct Rows<'v> {
    view: &'v Snapshot,
    fields: Vec<EventField>,
    /// By batch and the number of the stretch in it.
    blocks: BTreeMap<(u32, u32), EventBlock>,
}

impl Rows<'_> {
    /// The fields in which rows of an event differ.
    fn differing(&mut self, event: &Contradicted) -> Result<Vec<EventField>, Error> {
        let mut rows = event.rows();
        let Some(first) = rows.next() else { return Ok(Vec::new()) };
        let mut differing = BTreeSet::new();
        for other in rows {
            self.read(&[first, other])?;
            let (Some((one, a)), Some((two, b))) = (self.at(first), self.at(other)) else {
                continue;
            };
            let differ = |field: &&EventField| one.get(a, **field) != two.get(b, **field);
            differing.extend(self.fields.iter().filter(differ).copied());
        }
        Ok(differing.into_iter().collect())
    }

    /// Reads where these rows stand.
    fn read(&mut self, rows: &[EventRef]) -> Result<(), Error> {
        if self.blocks.len() + rows.len() > BLOCKS_MAX {
            self.blocks.clear();
        }
        for row in rows {
            let stretch = row.row / READ_ROWS;
            if !self.blocks.contains_key(&(row.batch, stretch)) {
                let from = stretch * READ_ROWS;
                let rows = from..from.saturating_add(READ_ROWS);
                let read = self.view.read_standing(row.batch, rows, &self.fields)?;
                self.blocks.insert((row.batch, stretch), read.block);
            }
        }
        Ok(())
    }

    fn at(&self, row: EventRef) -> Option<(&EventBlock, usize)> {
        let block = self.blocks.get(&(row.batch, row.row / READ_ROWS))?;
        Some((block, (row.row % READ_ROWS) as usize))
    }
}
