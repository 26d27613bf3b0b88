//! Counts of events by model version, month and reviewer, asked through the language: so each event
//! counts once, however often it was imported, and counters answer where they can.

use super::Oversight;
use crate::Error;
use crate::record::same_person;
use crate::report::deployments::Deployments;
use crate::report::document::Gap;
use crate::report::facts::Facts;
use lineal_engine::NodeNo;
use lineal_query::{Parameters, Value};
use std::collections::BTreeMap;

/// What some events say of oversight.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Counts {
    /// Events.
    pub(super) events: u64,
    /// Of these, those that say whether a human overrode them.
    pub(super) recorded: u64,
    /// Of these, those that were.
    pub(super) overrides: u64,
    /// Events that say whether a human reviewed them.
    pub(super) review_recorded: u64,
    /// Of these, those that were.
    pub(super) reviewed: u64,
    /// The first and the last, ns; none where no event has a time.
    pub(super) times: Option<(i64, i64)>,
}

impl Counts {
    /// Events that do not say whether a human overrode them.
    pub(super) fn silent(&self) -> u64 {
        self.events - self.recorded
    }

    pub(super) fn add(&mut self, other: &Counts) {
        self.events += other.events;
        self.recorded += other.recorded;
        self.overrides += other.overrides;
        self.review_recorded += other.review_recorded;
        self.reviewed += other.reviewed;
        self.times = match (self.times, other.times) {
            (Some(own), Some(other)) => Some((own.0.min(other.0), own.1.max(other.1))),
            (own, other) => own.or(other),
        };
    }
}

/// A month by its first moment, ns, or none of events without a time; and a model version, or none
/// where no one version is known.
type OfMonth = (Option<i64>, Option<NodeNo>);
/// The actor key of a reviewer, or none; and a model version.
type OfReviewer = (Option<String>, Option<NodeNo>);

/// All counts.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) by_month: BTreeMap<OfMonth, Counts>,
    /// Events and overrides.
    pub(super) by_reviewer: BTreeMap<OfReviewer, (u64, u64)>,
    pub(super) doubts: Vec<Gap>,
}

impl Counted {
    /// What the events of a model version say.
    pub(super) fn of_model(&self, model: Option<NodeNo>) -> Counts {
        let mut all = Counts::default();
        let own = self.by_month.iter().filter(|((_, of), _)| *of == model);
        own.for_each(|(_, counts)| all.add(counts));
        all
    }
}

/// Conditions on the time of events, and what they are given.
pub(super) fn within(wanted: &Oversight, given: &Parameters) -> (String, Parameters) {
    let (mut words, mut given) = (String::new(), given.clone());
    for (name, sign, bound) in [("from", ">=", wanted.from), ("until", "<", wanted.until)] {
        if let Some(bound) = bound {
            words.push_str(&format!(" and i.time {sign} ${name}"));
            given.set(name, Value::Time(bound));
        }
    }
    (words, given)
}

pub(super) fn counted(
    facts: &Facts<'_>,
    deployments: &Deployments,
    wanted: &Oversight,
) -> Result<Counted, Error> {
    let mut counted = Counted::default();
    if deployments.nodes.is_empty() {
        return Ok(counted);
    }
    let (within, given) = within(wanted, &deployments.given);
    let set = &deployments.set;
    let question = format!(
        "{set}find inference as i served_by deployment as d where d in own{within} \
         summarize count() as events, count(i.human_override) as recorded, \
         count_if(i.human_override) as overrides, count(i.oversight_reviewed) as review_recorded, \
         count_if(i.oversight_reviewed) as reviewed, min(i.time) as first_time, max(i.time) as last_time \
         by d, month(i.time) as month"
    );
    let answer = facts.ask(&question, &given)?;
    counted.doubts = Facts::doubts(&answer, "how many events there are");
    let place = |name: &str| answer.columns.iter().position(|column| column.name == name);
    let places = Places {
        deployment: place("d"),
        month: place("month"),
        figures: ["events", "recorded", "overrides", "review_recorded", "reviewed"].map(place),
        times: ["first_time", "last_time"].map(place),
    };
    for row in &answer.rows {
        let (key, counts) = places.read(facts, row);
        counted.by_month.entry(key).or_default().add(&counts);
    }
    let question = format!(
        "{set}find inference as i served_by deployment as d where d in own{within} \
         and (i.reviewer is not null or i.human_override = true) \
         summarize count() as events, count_if(i.human_override) as overrides by d, i.reviewer as reviewer"
    );
    let answer = facts.ask(&question, &given)?;
    let place = |name: &str| answer.columns.iter().position(|column| column.name == name);
    let (of, who) = (place("d"), place("reviewer"));
    let figures = ["events", "overrides"].map(place);
    for row in &answer.rows {
        let model = model(facts, at(row, of));
        let reviewer = match at(row, who) {
            // Two logins of one person are one reviewer.
            Some(Value::Text(key)) => Some(same_person(facts.snapshot(), key)),
            _ => None,
        };
        let entry = counted.by_reviewer.entry((reviewer, model)).or_default();
        entry.0 += number(at(row, figures[0]));
        entry.1 += number(at(row, figures[1]));
    }
    Ok(counted)
}

/// Where the columns stand.
struct Places {
    deployment: Option<usize>,
    month: Option<usize>,
    figures: [Option<usize>; 5],
    times: [Option<usize>; 2],
}

impl Places {
    fn read(&self, facts: &Facts<'_>, row: &[Value]) -> (OfMonth, Counts) {
        let [events, recorded, overrides, review_recorded, reviewed] =
            self.figures.map(|place| number(at(row, place)));
        let times = self.times.map(|place| time(at(row, place)));
        let counts = Counts {
            events,
            recorded,
            overrides,
            review_recorded,
            reviewed,
            times: times[0].zip(times[1]),
        };
        let month = time(at(row, self.month));
        ((month, model(facts, at(row, self.deployment))), counts)
    }
}

fn at(row: &[Value], place: Option<usize>) -> Option<&Value> {
    place.and_then(|place| row.get(place))
}

fn number(value: Option<&Value>) -> u64 {
    match value {
        Some(Value::Int(number)) => number.unsigned_abs(),
        _ => 0,
    }
}

fn time(value: Option<&Value>) -> Option<i64> {
    match value {
        Some(Value::Time(time)) => Some(*time),
        _ => None,
    }
}

fn model(facts: &Facts<'_>, deployment: Option<&Value>) -> Option<NodeNo> {
    match deployment {
        Some(Value::Node(node)) => Deployments::model_of(facts, *node),
        _ => None,
    }
}
