//! What batches say of the logs of deployments without reading a row: which times they cover, how much
//! they hold, how often people overrode, and where they are silent.

use super::Error;
use super::document::{Reference, Sentence, Table};
use super::words::{cell_time, thousands};
use crate::check::ask::{HOUR, span_text};
use crate::past;
use crate::quiet::{self, Watched};
use lineal_engine::event_fields::EventField;
use lineal_engine::{BatchInfo, NodeNo, Snapshot};
use lineal_proof::Value;
use std::collections::BTreeMap;

/// Most deployments that the table of logs lists; all are counted.
const DEPLOYMENTS_MAX: usize = 200;

/// The log of one deployment.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct LogOf {
    /// The deployment.
    pub(super) node: NodeNo,
    /// Its declared start, ns; else its first event.
    pub(super) from: Option<i64>,
    /// Its declared end, ns.
    pub(super) until: Option<i64>,
    /// From when until when it is looked at for silences.
    watched: Watched,
    /// What is silent for longer is told, hours, where the deployment declares it.
    expected_hours: Option<f64>,
    /// Batches with dated events, by their beginning, as far as their times have come.
    pub(super) batches: Vec<BatchInfo>,
    /// Batches of which no event's time has come: they count, and cover nothing.
    ahead: Vec<BatchInfo>,
    /// How many events are of a time to come.
    pub(super) to_come: u64,
    /// Batches whose events all lack a time: they count, and stand nowhere.
    pub(super) undated: Vec<BatchInfo>,
    /// How many events of a batch say whether they were overridden, by its node.
    pub(super) tells: BTreeMap<NodeNo, u64>,
    /// How many events do not.
    pub(super) silent: u64,
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

    /// Events with a time that has come.
    pub(super) fn come(&self) -> u64 {
        self.events().saturating_sub(self.timeless()).saturating_sub(self.to_come)
    }

    /// All batches with events, those with a time that has come first.
    pub(super) fn all(&self) -> impl Iterator<Item = &BatchInfo> {
        self.batches.iter().chain(&self.ahead).chain(&self.undated)
    }

    /// The first and the last event that have a time, and one that has come.
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
        let (mut tells, mut silent) = (BTreeMap::new(), 0);
        for batch in &batches {
            let presence = view.presence(batch.node)?;
            let count = presence.of(EventField::HumanOverride);
            silent += presence.events.saturating_sub(count);
            tells.insert(batch.node, count.max(batch.overrides));
        }
        let (dated, undated): (Vec<BatchInfo>, _) =
            batches.into_iter().partition(|batch| batch.first_time <= batch.last_time);
        let (mut batches, mut ahead, mut to_come) = (Vec::new(), Vec::new(), 0);
        for batch in dated {
            to_come += past::later(view, &batch, now)?.events;
            match past::until(view, &batch, now)? {
                Some(come) => batches.push(come),
                None => ahead.push(batch),
            }
        }
        let expected_hours = match fields.get("expected_max_gap_hours") {
            Some(Value::Float(hours)) => Some(*hours),
            Some(other) => other.as_i64().map(|hours| hours as f64),
            None => None,
        };
        logs.push(LogOf {
            node: *node,
            from: ["from", "time", "first_event"].into_iter().find_map(time),
            until: time("until").filter(|until| *until <= now),
            watched: Watched::of(time("from").or_else(|| time("time")), time("until"), now),
            expected_hours,
            batches,
            ahead,
            to_come,
            undated,
            tells,
            silent,
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
    /// No event came since, and the deployment is declared to run on.
    pub(super) lasts: bool,
    /// The recorded loss, downtime or stop that reaches into it.
    pub(super) explained: Option<NodeNo>,
}

/// Silences that are longer than declared, or than `hours`. By log, the longest first.
///
/// # Errors
/// What the store says.
#[expect(clippy::cast_possible_truncation, reason = "hours in ns; out of range is cut at its end")]
pub(super) fn silences(view: &Snapshot, logs: &[LogOf], hours: f64) -> Result<Vec<Silence>, Error> {
    let go_on = || Ok::<(), Error>(());
    let mut found = Vec::new();
    for (at, log) in logs.iter().enumerate() {
        let most = (log.expected_hours.unwrap_or(hours) * HOUR as f64) as i64;
        let stretches = |placed: &[(i64, i64)]| {
            quiet::stretches(view, &log.batches, log.watched, most, placed, &go_on)
        };
        let mut own = stretches(&[])?;
        if own.is_empty() {
            continue;
        }
        let known = quiet::explanations(view, log.node)?;
        if !known.is_empty() {
            let spans = known.iter().filter(|it| !it.is_stop);
            let spans: Vec<(i64, i64)> =
                spans.map(|it| (it.from, it.until.unwrap_or(i64::MAX))).collect();
            own = stretches(&spans)?;
        }
        own.sort_by_key(|quiet| (std::cmp::Reverse(quiet.length), quiet.from));
        found.extend(own.into_iter().map(|quiet| {
            let mut fitting = known.iter().filter(|it| it.is_about(&quiet));
            let explained = fitting.find(|it| {
                it.from < quiet.until && it.until.is_none_or(|until| until > quiet.from)
            });
            Silence {
                log: at,
                from: quiet.from,
                until: quiet.until,
                length: quiet.length,
                within: quiet.within,
                lasts: quiet.lasts,
                explained: explained.map(|it| it.change),
            }
        }));
    }
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
        let kinds = [(log.timeless(), "without a time"), (log.to_come, "of a time to come")];
        let beside = kinds.iter().filter(|(events, _)| *events > 0);
        let beside = beside.map(|(events, how)| format!("{} {how}", thousands(*events)));
        let events = match beside.collect::<Vec<_>>().join(", ") {
            beside if beside.is_empty() => thousands(log.events()),
            beside => format!("{} ({beside})", thousands(log.events())),
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
