//! What batches say of the logs of deployments without reading a row: which times they cover, how much
//! they hold, how often people overrode, and where they are silent.

use super::Error;
use super::document::{Reference, Sentence, Table};
use super::words::{cell_time, thousands};
use crate::check::ask::{HOUR, span_text};
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{BatchInfo, NodeNo, Snapshot};
use lineal_proof::{Map, Value};
use std::collections::BTreeMap;

/// Most deployments that the table of logs lists; all are counted.
const DEPLOYMENTS_MAX: usize = 200;
/// Types of changes that explain a silence, as `lineal loss` and `lineal downtime` record them.
const EXPLAINS: [&str; 2] = ["loss", "downtime"];

/// The field whose presence says that an event tells whether it was overridden.
pub(super) const OVERRIDE: &str = "human_override";

/// The log of one deployment.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct LogOf {
    /// The deployment.
    pub(super) node: NodeNo,
    /// Its declared start, ns; else its first event.
    pub(super) from: Option<i64>,
    /// Its declared end, ns.
    pub(super) until: Option<i64>,
    /// What is silent for longer is told, hours, where the deployment declares it.
    expected_hours: Option<f64>,
    /// Batches with dated events, by their beginning.
    pub(super) batches: Vec<BatchInfo>,
    /// Batches whose events all lack a time: they count, and stand nowhere.
    pub(super) undated: Vec<BatchInfo>,
    /// How many events of a batch say at most whether they were overridden, by its node.
    pub(super) tells: BTreeMap<NodeNo, u64>,
    /// How many rows have a field, by the counters of batches.
    pub(super) presence: BTreeMap<String, u64>,
    /// Rows in all: what `presence` is a part of.
    pub(super) rows: u64,
}

impl LogOf {
    /// Events that count.
    pub(super) fn events(&self) -> u64 {
        self.all().map(|batch| batch.events).sum()
    }

    /// Overrides among them.
    pub(super) fn overrides(&self) -> u64 {
        self.all().map(|batch| batch.overrides).sum()
    }

    /// Events of batches without any time.
    pub(super) fn timeless(&self) -> u64 {
        self.undated.iter().map(|batch| batch.events).sum()
    }

    /// All batches with events, those with a time first.
    pub(super) fn all(&self) -> impl Iterator<Item = &BatchInfo> {
        self.batches.iter().chain(&self.undated)
    }

    /// The first and the last event that have a time.
    pub(super) fn span(&self) -> Option<(i64, i64)> {
        let first = self.batches.iter().map(|batch| batch.first_time).min()?;
        let last = self.batches.iter().map(|batch| batch.last_time).max()?;
        Some((first, last))
    }
}

/// The logs of deployments, in their order. What is declared to begin behind `now` is not yet there.
///
/// # Errors
/// What the store says.
pub(super) fn of(view: &Snapshot, deployments: &[NodeNo], now: i64) -> Result<Vec<LogOf>, Error> {
    let mut logs = Vec::with_capacity(deployments.len());
    for node in deployments {
        let fields = view.fields(*node)?.fields;
        let time = |name: &str| fields.get(name).and_then(Value::as_i64);
        let batches = view.batches_of(*node).into_iter();
        let mut batches: Vec<BatchInfo> =
            batches.filter_map(|it| view.batch(it)).filter(|batch| batch.events > 0).collect();
        batches.sort_by_key(|batch| (batch.first_time, batch.last_time, batch.node));
        let (mut presence, mut rows) = (BTreeMap::new(), 0);
        let mut tells = BTreeMap::new();
        for batch in &batches {
            rows += u64::from(batch.rows);
            let counters = view.fields(batch.node)?.fields;
            let counters = counters.get("presence").and_then(Value::as_map);
            for (field, count) in counters.into_iter().flat_map(Map::iter) {
                let count = count.as_i64().map_or(0, i64::unsigned_abs);
                if field == OVERRIDE {
                    // It is counted of all rows: of events no more can say so than there are.
                    tells.insert(batch.node, count.min(batch.events).max(batch.overrides));
                }
                *presence.entry(field.to_owned()).or_default() += count;
            }
        }
        let (batches, undated) =
            batches.into_iter().partition(|batch: &BatchInfo| batch.first_time <= batch.last_time);
        let expected_hours = match fields.get("expected_max_gap_hours") {
            Some(Value::Float(hours)) => Some(*hours),
            Some(other) => other.as_i64().map(|hours| hours as f64),
            None => None,
        };
        logs.push(LogOf {
            node: *node,
            from: ["from", "time", "first_event"].into_iter().find_map(time),
            until: time("until").filter(|until| *until <= now),
            expected_hours,
            batches,
            undated,
            tells,
            presence,
            rows,
        });
    }
    Ok(logs)
}

/// A time without events that is longer than expected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Silence {
    /// Which log, by its place.
    pub(super) log: usize,
    /// Between which events; of a silence within a batch the batch's ends.
    pub(super) from: i64,
    /// Its end.
    pub(super) until: i64,
    /// How long, ns.
    pub(super) length: i64,
    /// The batch within which it lies, where it is not known when.
    pub(super) within: Option<NodeNo>,
    /// The recorded loss or downtime that reaches into it.
    pub(super) explained: Option<NodeNo>,
}

/// Silences that are longer than declared, or than `hours`. By log, the longest first.
///
/// # Errors
/// What the store says.
#[expect(clippy::cast_possible_truncation, reason = "hours in ns; out of range is cut at its end")]
pub(super) fn silences(view: &Snapshot, logs: &[LogOf], hours: f64) -> Result<Vec<Silence>, Error> {
    let mut found = Vec::new();
    for (at, log) in logs.iter().enumerate() {
        let most = (log.expected_hours.unwrap_or(hours) * HOUR as f64) as i64;
        let mut own = Vec::new();
        let mut covered: Option<i64> = None;
        for batch in &log.batches {
            let (first, last) = (batch.first_time, batch.last_time);
            if let Some(end) = covered.filter(|end| first.saturating_sub(*end) > most) {
                own.push((end, first, first.saturating_sub(end), None));
            }
            covered = Some(covered.map_or(last, |end| end.max(last)));
            let within = view.field(batch.node, "longest_silence")?;
            if let Some(span) = within.and_then(|it| it.as_i64()).filter(|span| *span > most) {
                own.push((first, last, span, Some(batch.node)));
            }
        }
        if own.is_empty() {
            continue;
        }
        let known = explanations(view, log.node)?;
        own.sort_by_key(|(from, _, length, _)| (std::cmp::Reverse(*length), *from));
        found.extend(own.into_iter().map(|(from, until, length, within)| {
            let reaches = |(begin, end, _): &&(i64, i64, NodeNo)| *begin < until && *end > from;
            let explained = known.iter().find(reaches).map(|(.., change)| *change);
            Silence { log: at, from, until, length, within, explained }
        }));
    }
    Ok(found)
}

/// Losses and downtimes of a deployment, and of its systems: from, until, the change.
fn explanations(view: &Snapshot, deployment: NodeNo) -> Result<Vec<(i64, i64, NodeNo)>, Error> {
    let systems = view.edges(deployment, Relation::BelongsTo, Direction::Forward);
    let mut found = Vec::new();
    for node in std::iter::once(&deployment).chain(systems) {
        for change in view.edges(*node, Relation::Concerns, Direction::Inverse) {
            if view.kind_of(*change) != Kind::Change {
                continue;
            }
            let (fields, _) = view.open_fields(*change)?;
            let said = fields.get("type").and_then(Value::as_text).unwrap_or_default();
            let time = |name: &str| fields.get(name).and_then(Value::as_i64);
            if let (true, Some(from)) = (EXPLAINS.contains(&said), time("from")) {
                found.push((from, time("until").unwrap_or(i64::MAX), *change));
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The logs, counted.
pub(super) fn table(view: &Snapshot, logs: &[LogOf], silences: &[Silence]) -> Table {
    let heads = [
        "deployment",
        "first event",
        "last event",
        "#events",
        "#overrides",
        "#batches",
        "silences longer than expected",
    ];
    let mut table = Table::new("Logs, by the counters of their batches", &heads);
    for (at, log) in logs.iter().enumerate() {
        if at >= DEPLOYMENTS_MAX {
            table.omitted += 1;
            continue;
        }
        let mut own = silences.iter().filter(|silence| silence.log == at);
        let longest = own.next();
        let silent = match (longest, own.count()) {
            (None, _) => "none".to_owned(),
            (Some(longest), 0) => format!("1: {}", span_text(longest.length)),
            (Some(longest), more) => {
                format!("{}, the longest {}", thousands(more as u64 + 1), span_text(longest.length))
            }
        };
        let span = log.span();
        let events = match log.timeless() {
            0 => thousands(log.events()),
            timeless => {
                format!("{} ({} without a time)", thousands(log.events()), thousands(timeless))
            }
        };
        table.rows.push(vec![
            Sentence::from(Reference::at(view, log.node)),
            cell_time(span.map(|(first, _)| first)),
            cell_time(span.map(|(_, last)| last)),
            events.into(),
            thousands(log.overrides()).into(),
            thousands(log.all().count() as u64).into(),
            silent.into(),
        ]);
    }
    table
}
