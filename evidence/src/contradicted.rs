//! Events that are recorded more than once with different contents: by which imports, and in what they differ.
//!
//! Of the rows of such an event one counts (docs/format.md, section 13.7), whichever was imported first; what
//! the others say is in no figure. Whoever rests on figures is told of how many events that is so. What is told of
//! a system is told of each event of which any row is of that system: the row that counts may name another one,
//! and then the event is in no figure of this one.

use std::collections::{BTreeMap, BTreeSet};

use lineal_engine::event_fields::{EVENT_FIELDS, EventField};
use lineal_engine::events::EventBlock;
use lineal_engine::schema::{Direction, Relation};
use lineal_engine::{Contradicted, Error, EventRef, NodeNo, Snapshot};
use lineal_proof::Value;

use crate::report::words::{counted, thousands};

/// Rows that are read together, of every field: a page of a container. Where many such events stand beside
/// each other the engine keeps what lies around.
const READ_ROWS: u32 = 1_024;
/// Blocks of so many rows that are kept: events that contradict each other stand beside each other in few
/// files.
const BLOCKS_MAX: usize = 64;
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
    /// How many of them count as events of another system, which the view leaves out.
    pub(crate) of_others: u64,
    /// The imports that brought their rows.
    pub(crate) imports: BTreeSet<NodeNo>,
    /// Fields in which rows differ, with the events of which they do.
    pub(crate) fields: BTreeMap<EventField, u64>,
    /// The first of them, by the id that it goes by.
    pub(crate) first: Option<String>,
}

impl Contested {
    /// In words; of imports only those are named that may be seen.
    pub(crate) fn words(&self, view: &Snapshot, sees: &dyn Fn(NodeNo) -> bool) -> String {
        let seen = self.imports.iter().filter(|import| sees(**import)).take(IMPORTS_NAMED);
        let mut imports: Vec<String> = seen.map(|import| view.name_of(*import)).collect();
        if self.imports.len() > imports.len() {
            imports.push(format!("{} more", self.imports.len() - imports.len()));
        }
        let fields: Vec<String> = self
            .fields
            .iter()
            .map(|(field, events)| format!("{} ({})", field.spec().name, thousands(*events)))
            .collect();
        // Of an event that counts elsewhere the fields that were asked about may be the same.
        let differ = match fields.is_empty() {
            true => String::new(),
            false => format!(" they differ in {};", fields.join(", ")),
        };
        let (are, them) = if self.events == 1 { ("is", "it") } else { ("are", "each") };
        let elsewhere = [(self.elsewhere, "deployment"), (self.of_others, "system")];
        let elsewhere = elsewhere.iter().filter(|(events, _)| *events > 0);
        let elsewhere: String = elsewhere
            .map(|(events, of)| format!(", for {} of another {of}", thousands(*events)))
            .collect();
        format!(
            "{} {are} recorded with different contents, by {};{differ} of {them} one row counts{elsewhere}",
            counted(self.events, "event"),
            imports.join(" and "),
        )
    }

    /// Takes note of an event of which this is a row of the deployment.
    fn add(
        &mut self,
        found: &Found<'_>,
        (deployment, own): (NodeNo, EventRef),
    ) -> Result<(), Error> {
        self.events += 1;
        match found.is_of_others {
            true => self.of_others += 1,
            false => self.elsewhere += u64::from(found.at != Some(deployment)),
        }
        self.imports.extend(found.event.rows().flat_map(|row| imports(found.whole, row)));
        for field in &found.differing {
            *self.fields.entry(*field).or_default() += 1;
        }
        if self.first.is_none() {
            self.first = id_of(found.whole, own)?;
        }
        Ok(())
    }
}

/// An event of which rows say different things.
struct Found<'f> {
    whole: &'f Snapshot,
    event: &'f Contradicted,
    /// The deployment of the row that counts.
    at: Option<NodeNo>,
    /// Does the view leave that row out, as it names another system?
    is_of_others: bool,
    differing: Vec<EventField>,
}

/// Of each of these deployments what is contested: all fields, or where some are named only what differs in
/// one of these, or counts elsewhere. Those without such events are left out. In a view that is narrowed to
/// systems an event is told of which any row is of these: of a deployment a row that the view has.
pub(crate) fn contested<E: From<Error>>(
    view: &Snapshot,
    deployments: &[NodeNo],
    fields: &[EventField],
    go_on: &dyn Fn() -> Result<(), E>,
) -> Result<BTreeMap<NodeNo, Contested>, E> {
    let whole = view.clone().of_all_systems();
    let meant: BTreeSet<NodeNo> = deployments.iter().copied().collect();
    let all = whole.contradicted()?;
    let mut found: BTreeMap<NodeNo, Contested> = BTreeMap::new();
    let mut rows = Rows { view: &whole, fields: wanted(fields), blocks: BTreeMap::new() };
    for event in &all {
        go_on()?;
        let mut own: BTreeMap<NodeNo, EventRef> = BTreeMap::new();
        for row in event.rows().filter(|row| view.has_row(*row)) {
            if let Some(of) = whole.event_deployment(row).filter(|of| meant.contains(of)) {
                own.entry(of).or_insert(row);
            }
        }
        if own.is_empty() {
            continue;
        }
        let at = event.counts.and_then(|row| whole.event_deployment(row));
        let is_of_others = event.counts.is_some_and(|row| whole.has_row(row) && !view.has_row(row));
        let differing = rows.differing(event)?;
        let event = Found { whole: &whole, event, at, is_of_others, differing };
        for (deployment, row) in own {
            let is_moved = is_of_others || at.is_some_and(|at| at != deployment);
            if is_moved || !event.differing.is_empty() {
                found.entry(deployment).or_default().add(&event, (deployment, row))?;
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

/// The id that an event goes by, as far as the view shows a row of it.
fn id_of(view: &Snapshot, row: EventRef) -> Result<Option<String>, Error> {
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
