//! Stretches of a deployment's log without an event.
//!
//! The counters of batches tell them: each batch says when its first and its last event were and how long it
//! was silent at most. Where batches overlap, the log is silent only where none of them has an event, and where
//! in a batch its silence lies no counter says. There the times of its rows are read, and nothing else of them.

use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{BatchInfo, EventRef, NodeNo, Snapshot};
use lineal_proof::Value;

use crate::past;

/// Types of changes that explain a silence, as `lineal loss` and `lineal downtime` record them.
const EXPLAINS: [&str; 2] = ["loss", "downtime"];
/// The type of a change that puts out of use.
const STOPS: &str = "stop";
/// What a batch counts of its own silence.
const LONGEST: &str = "longest_silence";

/// A stretch without an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Quiet {
    /// The event or the declared start since which there is none; of a stretch within a batch, whose place is
    /// not known, the batch's first event.
    pub(crate) from: i64,
    /// The next event or the end; of a stretch within a batch the batch's last event.
    pub(crate) until: i64,
    /// How long, ns.
    pub(crate) length: i64,
    /// The batch within which it lies, where its counter alone was asked.
    pub(crate) within: Option<NodeNo>,
    /// No event came since, and the deployment is declared to run on.
    pub(crate) lasts: bool,
}

/// From when until when a log is looked at: what lies outside is no silence.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Watched {
    /// The declared start; none is from the first event on.
    from: Option<i64>,
    /// The declared end or, of what is declared to run on, today; none is until the last event.
    until: Option<i64>,
    /// Is it declared to run on?
    lasts: bool,
}

impl Watched {
    /// Of a deployment's declared start and end, where these are declared, seen at a time.
    pub(crate) fn of(from: Option<i64>, until: Option<i64>, now: i64) -> Watched {
        let is_declared = from.is_some() || until.is_some();
        Watched {
            from,
            until: is_declared.then(|| until.map_or(now, |until| until.min(now))),
            lasts: is_declared && until.is_none_or(|until| until > now),
        }
    }

    /// What of it lies in a stretch of time.
    fn within(&self, (first, last): (i64, i64)) -> (i64, i64) {
        let from = self.from.map_or(first, |from| from.max(first));
        (from, self.until.map_or(last, |until| until.min(last)))
    }

    /// Does it begin or end within a stretch of time?
    fn cuts(&self, (first, last): (i64, i64)) -> bool {
        self.within((first, last)) != (first, last)
    }
}

/// Stretches longer than `most` in the log of a deployment, in no order. `batches` are those with dated events, as
/// far as their times have come; in `placed` it matters where a stretch lies. `go_on` is asked at each batch.
///
/// # Errors
/// What `go_on` says, and what the store says.
pub(crate) fn stretches<E: From<lineal_engine::Error>>(
    view: &Snapshot,
    batches: &[BatchInfo],
    watched: Watched,
    most: i64,
    placed: &[(i64, i64)],
    go_on: &dyn Fn() -> Result<(), E>,
) -> Result<Vec<Quiet>, E> {
    let mut found = Vec::new();
    // From which to which event no two lie further apart than that.
    let mut busy: Vec<(i64, i64)> = Vec::new();
    let mut sparse = Vec::new();
    for batch in batches {
        go_on()?;
        match longest_of(view, batch.node)? {
            longest if longest <= most => busy.push(ends(batch)),
            longest => sparse.push((batch, longest)),
        }
    }
    busy.sort_unstable();
    let others = busy.clone();
    for (batch, longest) in sparse {
        go_on()?;
        let (first, last) = ends(batch);
        let meets = |(from, until): (i64, i64)| from < last && until > first;
        let is_alone = !batches.iter().any(|it| it.node != batch.node && meets(ends(it)));
        // What a batch counts of its own silence reaches to events of a time to come, too.
        let is_placed = past::is_cut(view, batch)
            || watched.cuts((first, last))
            || placed.iter().any(|it| meets(*it));
        if is_alone && !is_placed {
            let (from, until, within) = (first, last, Some(batch.node));
            found.push(Quiet { from, until, length: longest, within, lasts: false });
            busy.push((first, last));
        } else if gaps(&others, watched.within((first, last)), most).is_empty() {
            // Whatever it lacks, others have.
            busy.push((first, last));
        } else {
            busy.extend(read(view, batch, most)?);
        }
    }
    busy.sort_unstable();
    let first = watched.from.or(busy.first().map(|(first, _)| *first));
    let last = watched.until.or(busy.iter().map(|(_, last)| *last).max());
    let (Some(first), Some(last)) = (first, last) else { return Ok(found) };
    found.extend(gaps(&busy, (first, last), most).into_iter().map(|(from, until)| Quiet {
        from,
        until,
        length: until.saturating_sub(from),
        within: None,
        lasts: watched.lasts && until == last,
    }));
    Ok(found)
}

/// The longest stretch without an event between the first and the last of these batches, ns.
///
/// # Errors
/// What the store says.
pub(crate) fn longest(view: &Snapshot, batches: &[BatchInfo]) -> lineal_engine::Result<i64> {
    let mut all: Vec<(i64, i64)> = batches.iter().map(ends).collect();
    all.sort_unstable();
    let whole = all.first().map(|(first, _)| *first).zip(all.iter().map(|(_, last)| *last).max());
    let Some(whole) = whole else { return Ok(0) };
    let between = gaps(&all, whole, 0).into_iter().map(|(from, until)| until.saturating_sub(from));
    // What a batch counts is the log's where no other overlaps it, and else no less than that.
    let (mut longest, mut at_most) = (between.max().unwrap_or(0), 0);
    for batch in batches {
        let own = longest_of(view, batch.node)?;
        let (first, last) = ends(batch);
        let meets = |it: &BatchInfo| it.first_time < last && it.last_time > first;
        match batches.iter().any(|it| it.node != batch.node && meets(it)) {
            true => at_most = own.max(at_most),
            false => longest = own.max(longest),
        }
    }
    if at_most > longest {
        let more: Vec<Quiet> = stretches(view, batches, Watched::default(), longest, &[], &|| {
            Ok::<(), lineal_engine::Error>(())
        })?;
        longest = more.iter().map(|quiet| quiet.length).fold(longest, i64::max);
    }
    Ok(longest)
}

fn ends(batch: &BatchInfo) -> (i64, i64) {
    (batch.first_time, batch.last_time)
}

fn longest_of(view: &Snapshot, batch: NodeNo) -> lineal_engine::Result<i64> {
    Ok(view.field(batch, LONGEST)?.and_then(|value| value.as_i64()).unwrap_or(0))
}

/// What stretches, by their beginning, leave of a span in pieces longer than `most`.
fn gaps(busy: &[(i64, i64)], (from, until): (i64, i64), most: i64) -> Vec<(i64, i64)> {
    let (mut at, mut found) = (from, Vec::new());
    if from >= until {
        return found;
    }
    for (begin, end) in busy.iter().copied().chain([(until, until)]) {
        let begin = begin.clamp(from, until);
        if begin.saturating_sub(at) > most {
            found.push((at, begin));
        }
        at = at.max(end.min(until));
    }
    found
}

/// The stretches of a batch in which no two events lie further apart than `most`, by the times of its rows.
/// Rows stand in the order of their times, so what is erased or restricted lay between those beside it: there
/// no silence can be told.
fn read(view: &Snapshot, batch: &BatchInfo, most: i64) -> lineal_engine::Result<Vec<(i64, i64)>> {
    let lacks_rows = view.unshown().any(|of| of.batch == batch.node);
    let rows = view.rows_of(batch.node);
    let (mut busy, mut events) = (Vec::new(), rows.iter());
    let mut open = lacks_rows.then_some((batch.first_time, batch.first_time));
    let mut before: Option<EventRef> = None;
    let mut is_joined = lacks_rows && rows.first().is_none_or(|event| event.row > 0);
    view.visit_events(rows.iter().copied(), EventField::Time, |value| {
        let Some(event) = events.next() else { return };
        let follows =
            |it: EventRef| it.batch == event.batch && it.row.checked_add(1) == Some(event.row);
        is_joined |= lacks_rows && before.is_some_and(|it| !follows(it));
        before = Some(*event);
        let Some(EventValue::Int(time)) = value else { return };
        if time > batch.last_time {
            return;
        }
        let near = |(from, until): (i64, i64)| {
            is_joined || (from.saturating_sub(most) <= time && time <= until.saturating_add(most))
        };
        open = match open {
            Some((from, until)) if near((from, until)) => Some((from.min(time), until.max(time))),
            former => {
                busy.extend(former);
                Some((time, time))
            }
        };
        is_joined = false;
    })?;
    let parts = view.parts_of(batch.node);
    let is_whole =
        before.is_some_and(|it| parts.last() == Some(&(it.batch, it.row.saturating_add(1))));
    if lacks_rows && (!is_whole || is_joined) {
        let (from, until) = open.unwrap_or((batch.first_time, batch.last_time));
        open = Some((from, until.max(batch.last_time)));
    }
    busy.extend(open);
    Ok(busy)
}

/// What a person recorded about a silence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Explanation {
    /// Since when.
    pub(crate) from: i64,
    /// Until when; none is without an end.
    pub(crate) until: Option<i64>,
    /// The record.
    pub(crate) change: NodeNo,
    /// It was put out of use: that explains only that no event came since.
    pub(crate) is_stop: bool,
}

impl Explanation {
    /// Does it say something of a stretch?
    pub(crate) fn is_about(&self, quiet: &Quiet) -> bool {
        quiet.lasts || !self.is_stop
    }
}

/// Losses and downtimes of a deployment and of its systems, and that these or its models were stopped. In the
/// order of their times.
///
/// # Errors
/// What the store says.
pub(crate) fn explanations(
    view: &Snapshot,
    deployment: NodeNo,
) -> lineal_engine::Result<Vec<Explanation>> {
    let systems = view.edges(deployment, Relation::BelongsTo, Direction::Forward);
    let models = view.edges(deployment, Relation::Deploys, Direction::Forward);
    let own = std::iter::once(&deployment).chain(systems).map(|node| (*node, false));
    let mut found = Vec::new();
    for (node, stops_alone) in own.chain(models.iter().map(|node| (*node, true))) {
        for change in view.edges(node, Relation::Concerns, Direction::Inverse) {
            if view.kind_of(*change) != Kind::Change {
                continue;
            }
            let (fields, _) = view.open_fields(*change)?;
            let time = |name: &str| fields.get(name).and_then(Value::as_i64);
            let said = fields.get("type").and_then(Value::as_text).unwrap_or_default();
            let (from, until, is_stop) = match said {
                STOPS => (time("time"), None, true),
                said if EXPLAINS.contains(&said) && !stops_alone => {
                    (time("from"), time("until"), false)
                }
                _ => continue,
            };
            let change = *change;
            found.extend(from.map(|from| Explanation { from, until, change, is_stop }));
        }
    }
    found.sort_unstable_by_key(|it| (it.from, it.until.unwrap_or(i64::MAX), it.change));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_stretch_covers_is_a_gap() {
        assert_eq!(gaps(&[], (0, 10), 5), [(0, 10)]);
        assert_eq!(gaps(&[(0, 100)], (0, 100), 5), []);
        assert_eq!(gaps(&[(0, 10), (30, 40)], (0, 40), 5), [(10, 30)]);
        // One lies within the other.
        assert_eq!(gaps(&[(0, 100), (10, 20), (104, 110)], (0, 110), 5), []);
        assert_eq!(gaps(&[(0, 100), (10, 20), (106, 110)], (0, 110), 5), [(100, 106)]);
        // Nothing before the start, and nothing behind the end.
        assert_eq!(gaps(&[(0, 10), (50, 60)], (45, 55), 4), [(45, 50)]);
        assert_eq!(gaps(&[(0, 10), (50, 60)], (0, 12), 1), [(10, 12)]);
        assert_eq!(gaps(&[(0, 10), (50, 60)], (70, 80), 5), [(70, 80)]);
        assert_eq!(gaps(&[(50, 60)], (0, 40), 5), [(0, 40)]);
        assert_eq!(gaps(&[(0, 10)], (20, 10), 0), []);
    }

    #[test]
    fn a_log_is_looked_at_until_its_declared_end_or_today() {
        let of = |from, until| Watched::of(from, until, 100);
        assert_eq!(of(None, None), Watched::default());
        assert_eq!(of(Some(5), None), Watched { from: Some(5), until: Some(100), lasts: true });
        let ended = Watched { from: Some(5), until: Some(50), lasts: false };
        assert_eq!(of(Some(5), Some(50)), ended);
        assert_eq!(of(None, Some(500)), Watched { from: None, until: Some(100), lasts: true });
        assert!(ended.cuts((0, 10)) && ended.cuts((40, 60)) && !ended.cuts((5, 50)));
        assert!(!Watched::default().cuts((i64::MIN, i64::MAX)));
    }
}
