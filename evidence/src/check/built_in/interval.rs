//! Events of a deployment before its declared start or from its declared end on; and, of one that nobody
//! declared, while another version was declared to run in its place.

use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;
use lineal_engine::schema::Kind;
use lineal_engine::{BatchInfo, NodeNo};

use std::collections::BTreeMap;

use super::Offence;
use crate::check::Error;
use crate::check::ask::{Asker, time_text};
use crate::report::words::counted;

/// Rows that are read for one deployment at most: batches that lie across a limit. Beyond it the
/// counters alone speak, and the finding says `at least`.
const ROWS_MAX: u64 = 2_000_000;

/// Events where they should not be, as far as they were looked at.
#[derive(Default)]
struct Outside {
    events: u64,
    first: Option<i64>,
    last: Option<i64>,
    is_bound_reached: bool,
}

impl Outside {
    fn add(&mut self, events: u64, first: i64, last: i64) {
        self.events += events;
        self.first = Some(self.first.map_or(first, |known| known.min(first)));
        self.last = Some(self.last.map_or(last, |known| known.max(last)));
    }

    /// What was found; none if nothing was.
    fn words(&self) -> Option<String> {
        let least = if self.is_bound_reached { "at least " } else { "" };
        let (first, last) = (time_text(self.first?), time_text(self.last?));
        Some(format!(
            "{least}{}, the first {first}, the last {last}",
            counted(self.events, "event")
        ))
    }
}

/// The interval in which a deployment was declared to run, its end excluded.
#[derive(Clone, Copy)]
pub(super) struct Declared {
    pub(super) from: Option<i64>,
    pub(super) until: Option<i64>,
}

impl Declared {
    pub(super) fn of(asker: &Asker<'_>, deployment: NodeNo) -> Result<Option<Declared>, Error> {
        let from = match asker.time(deployment, "from")? {
            Some(from) => Some(from),
            None => asker.time(deployment, "time")?,
        };
        let until = asker.time(deployment, "until")?;
        Ok((from.is_some() || until.is_some()).then_some(Declared { from, until }))
    }

    fn has(&self, time: i64) -> bool {
        self.from.is_none_or(|from| from <= time) && self.until.is_none_or(|until| time < until)
    }

    fn words(&self) -> String {
        match (self.from, self.until) {
            (Some(from), Some(until)) => format!("{} to {}", time_text(from), time_text(until)),
            (Some(from), None) => format!("from {}", time_text(from)),
            (_, until) => format!("until {}", until.map(time_text).unwrap_or_default()),
        }
    }
}

pub(super) fn outside(asker: &Asker<'_>, subjects: &[NodeNo]) -> Result<Vec<Offence>, Error> {
    let mut offences = Vec::new();
    let mut undeclared = Vec::new();
    for deployment in subjects {
        asker.go_on()?;
        let Some(declared) = Declared::of(asker, *deployment)? else {
            let place = place(asker, *deployment)?;
            undeclared.extend(place.map(|place| (*deployment, place)));
            continue;
        };
        let found = counted_where(asker, *deployment, declared, false)?;
        let said = |found: String| {
            format!("outside the declared interval ({}): {found}", declared.words())
        };
        offences.extend(found.words().map(|found| Offence::said(*deployment, said(found))));
    }
    let in_place = declared_at(asker, &undeclared)?;
    for (deployment, place) in undeclared {
        for (other, declared) in in_place.get(&place).into_iter().flatten() {
            let found = counted_where(asker, deployment, *declared, true)?;
            let name = asker.snapshot().name_of(*other);
            let said = |found: String| {
                format!(
                    "no interval is declared of it, and while {name} was declared to run in its place ({}) it has {found}",
                    declared.words()
                )
            };
            offences.extend(found.words().map(|found| Offence::said(deployment, said(found))));
        }
    }
    offences.sort_by_key(|offence| offence.node);
    Ok(offences)
}

/// Where a deployment runs: service, environment, endpoint.
type Place = [String; 3];

/// The deployments that were declared to run where some of these do: of all that may be seen, as a report on one
/// version alone asks about others that ran in its place too.
fn declared_at(
    asker: &Asker<'_>,
    undeclared: &[(NodeNo, Place)],
) -> Result<BTreeMap<Place, Vec<(NodeNo, Declared)>>, Error> {
    let mut found: BTreeMap<Place, Vec<(NodeNo, Declared)>> =
        undeclared.iter().map(|(_, place)| (place.clone(), Vec::new())).collect();
    if found.is_empty() {
        return Ok(found);
    }
    for deployment in asker.snapshot().nodes_of(Kind::Deployment) {
        asker.go_on()?;
        if !asker.part.sees(deployment) {
            continue;
        }
        let Some(place) = place(asker, deployment)? else { continue };
        let Some(known) = found.get_mut(&place) else { continue };
        known.extend(Declared::of(asker, deployment)?.map(|declared| (deployment, declared)));
    }
    Ok(found)
}

/// Service, environment and endpoint: where one version follows another; none where no endpoint is said.
fn place(asker: &Asker<'_>, deployment: NodeNo) -> Result<Option<Place>, Error> {
    let text = |field: &str| -> Result<Option<String>, Error> {
        let value = asker.snapshot().field(deployment, field)?;
        Ok(value.and_then(|value| value.as_text().map(str::to_owned)))
    };
    // First: most have none, and then nothing else is read of them.
    let Some(endpoint) = text("endpoint")? else { return Ok(None) };
    let [service, environment] =
        [text("service")?, text("environment")?].map(Option::unwrap_or_default);
    Ok(Some([service, environment, endpoint]))
}

/// The events of a deployment within an interval, or outside of it.
fn counted_where(
    asker: &Asker<'_>,
    deployment: NodeNo,
    declared: Declared,
    within: bool,
) -> Result<Outside, Error> {
    let mut found = Outside::default();
    let mut read = 0_u64;
    for node in asker.snapshot().batches_of(deployment) {
        asker.go_on()?;
        let Some(batch) = asker.snapshot().batch(node).filter(|batch| batch.events > 0) else {
            continue;
        };
        let (first, last) = (batch.first_time, batch.last_time);
        let begins = declared.has(first);
        // An interval may lie between the first event and the last.
        let meets = |limit: Option<i64>| limit.is_some_and(|limit| first < limit && limit <= last);
        if begins == declared.has(last) && !meets(declared.from) && !meets(declared.until) {
            if begins == within {
                found.add(batch.events, first, last);
            }
            continue;
        }
        read = read.saturating_add(batch.events);
        if read > ROWS_MAX {
            found.is_bound_reached = true;
            let at = if begins == within { first } else { last };
            found.add(1, at, at);
            continue;
        }
        rows(asker, &batch, (declared, within), &mut found)?;
    }
    Ok(found)
}

/// Counts the rows of a batch that lie within, or outside.
fn rows(
    asker: &Asker<'_>,
    batch: &BatchInfo,
    (declared, within): (Declared, bool),
    found: &mut Outside,
) -> Result<(), Error> {
    let events = asker.snapshot().rows_of(batch.node);
    asker.snapshot().visit_events(events, EventField::Time, |value| {
        if let Some(EventValue::Int(time)) = value
            && declared.has(time) == within
        {
            found.add(1, time, time);
        }
    })?;
    Ok(())
}
