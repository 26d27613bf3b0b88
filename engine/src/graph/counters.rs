//! Counters of events by deployment and month, in plain columns: what counts events without opening
//! a batch, or even the list of them.
//!
//! They are added up from the batches that are alive, after rows were weighed against each other
//! (`snapshot/weigh.rs`), so each event counts once.

use super::{Batch, NodeNo};
use crate::events::{Month, MonthCounts, in_order};
use crate::sections::{Section, Sections, Tag};
use std::collections::BTreeMap;

/// Stands for the month of events without a time.
const NO_MONTH: u32 = u32::MAX;

/// What the batches of deployments count, each list in the order of the deployments.
#[derive(Clone, Copy, Default, Debug)]
pub struct Counters<'c> {
    /// Deployments that have events, ascending.
    pub deployments: &'c [NodeNo],
    /// Where the months of each begin; one more at the end.
    pub offsets: &'c [u32],
    /// The time of the first event of each; [`i64::MAX`] where no event has one.
    pub first_times: &'c [i64],
    /// The time of the last event of each; [`i64::MIN`] where no event has one.
    pub last_times: &'c [i64],
    months: &'c [u32],
    /// Events of each month.
    pub events: &'c [u64],
    /// Human overrides among them.
    pub overrides: &'c [u64],
    /// Events marked for Article 12 among them.
    pub art12: &'c [u64],
}

impl<'c> Counters<'c> {
    /// The months of the deployment at a place in the list, as places in the lists of months.
    #[must_use]
    pub fn months_of(&self, place: usize) -> std::ops::Range<usize> {
        let at = |place: usize| self.offsets.get(place).copied().unwrap_or(0) as usize;
        at(place)..at(place + 1)
    }

    /// The month at a place, ascending within a deployment; none, and last, for events without a
    /// time.
    #[must_use]
    #[inline]
    pub fn month(&self, at: usize) -> Option<Month> {
        let number = self.months.get(at).copied().unwrap_or(NO_MONTH);
        (number != NO_MONTH).then(|| Month::of_number(number))
    }

    /// What is counted at a place.
    #[must_use]
    #[inline]
    pub fn counts(&self, at: usize) -> MonthCounts {
        let of = |column: &'c [u64]| column.get(at).copied().unwrap_or(0);
        MonthCounts {
            month: self.month(at),
            events: of(self.events),
            overrides: of(self.overrides),
            art12: of(self.art12),
        }
    }
}

/// Counters that are added up.
#[derive(Clone, Default, Debug)]
pub struct CounterColumns {
    deployments: Vec<NodeNo>,
    offsets: Vec<u32>,
    first_times: Vec<i64>,
    last_times: Vec<i64>,
    months: Vec<u32>,
    events: Vec<u64>,
    overrides: Vec<u64>,
    art12: Vec<u64>,
}

impl CounterColumns {
    /// Adds up batches: the deployment of each, its first and last time (as in [`Counters`]) and
    /// what it counts by month.
    pub fn of<'b>(
        batches: impl IntoIterator<Item = (NodeNo, (i64, i64), &'b [MonthCounts])>,
    ) -> CounterColumns {
        let mut all: BTreeMap<NodeNo, ((i64, i64), Vec<MonthCounts>)> = BTreeMap::new();
        for (deployment, (first, last), months) in batches {
            let none = ((i64::MAX, i64::MIN), Vec::new());
            let (times, known) = all.entry(deployment).or_insert(none);
            *times = (times.0.min(first), times.1.max(last));
            known.extend_from_slice(months);
        }
        let mut out = CounterColumns { offsets: vec![0], ..CounterColumns::default() };
        for (deployment, ((first, last), months)) in all {
            let months = in_order(months);
            if months.is_empty() {
                continue;
            }
            out.deployments.push(deployment);
            out.first_times.push(first);
            out.last_times.push(last);
            for counts in months {
                out.months.push(counts.month.map_or(NO_MONTH, Month::number));
                out.events.push(counts.events);
                out.overrides.push(counts.overrides);
                out.art12.push(counts.art12);
            }
            out.offsets.push(u32::try_from(out.months.len()).unwrap_or(u32::MAX));
        }
        out
    }

    /// To be read.
    #[must_use]
    pub fn read(&self) -> Counters<'_> {
        Counters {
            deployments: &self.deployments,
            offsets: &self.offsets,
            first_times: &self.first_times,
            last_times: &self.last_times,
            months: &self.months,
            events: &self.events,
            overrides: &self.overrides,
            art12: &self.art12,
        }
    }

    /// Of the batches of a view.
    pub(crate) fn of_batches(batches: &[Batch]) -> CounterColumns {
        CounterColumns::of(batches.iter().map(|batch| {
            let times = (batch.first_time, batch.last_time);
            (batch.deployment, times, batch.months.as_slice())
        }))
    }

    pub(super) fn put(&self, sections: &mut Sections) {
        sections.put(Tag::CountedDeployments, 0, 0, &self.deployments);
        sections.put(Tag::CountedOffsets, 0, 0, &self.offsets);
        sections.put(Tag::CountedTimes, 0, 0, &self.first_times);
        sections.put(Tag::CountedTimes, 1, 0, &self.last_times);
        sections.put(Tag::CountedMonths, 0, 0, &self.months);
        for (number, counts) in (0..).zip([&self.events, &self.overrides, &self.art12]) {
            sections.put(Tag::Counts, number, 0, counts);
        }
    }
}

/// Counters of a view: of its file, or added up.
pub(super) enum Counted {
    Read(Box<ReadColumns>),
    Added(CounterColumns),
}

/// Counters of a file.
pub(super) struct ReadColumns {
    deployments: Section<u32>,
    offsets: Section<u32>,
    times: [Section<i64>; 2],
    months: Section<u32>,
    counts: [Section<u64>; 3],
}

impl Counted {
    /// Of a file; none where it holds none.
    pub(super) fn open(sections: &Sections, nodes: usize) -> Option<Counted> {
        if !sections.holds(Tag::CountedOffsets, 0) {
            return None;
        }
        Some(Counted::Read(Box::new(ReadColumns {
            deployments: sections.below(Tag::CountedDeployments, 0, nodes),
            offsets: sections.get(Tag::CountedOffsets, 0),
            times: [0, 1].map(|number| sections.get(Tag::CountedTimes, number)),
            months: sections.get(Tag::CountedMonths, 0),
            counts: [0, 1, 2].map(|number| sections.get(Tag::Counts, number)),
        })))
    }

    /// All of them; none if they are damaged or do not fit one another.
    #[inline]
    pub(super) fn all(&self) -> Option<Counters<'_>> {
        let read = match self {
            Counted::Added(columns) => return Some(columns.read()),
            Counted::Read(read) => read,
        };
        let [first_times, last_times] = &read.times;
        let [events, overrides, art12] = &read.counts;
        let all = Counters {
            deployments: read.deployments.all()?,
            offsets: read.offsets.all()?,
            first_times: first_times.all()?,
            last_times: last_times.all()?,
            months: read.months.all()?,
            events: events.all()?,
            overrides: overrides.all()?,
            art12: art12.all()?,
        };
        let (deployments, months) = (all.deployments.len(), all.months.len());
        let fits = all.offsets.len() == deployments + 1
            && all.offsets.last().is_some_and(|end| *end as usize == months)
            && [all.first_times.len(), all.last_times.len()] == [deployments; 2]
            && [all.events.len(), all.overrides.len(), all.art12.len()] == [months; 3];
        fits.then_some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::damage::Damage;
    use std::sync::Arc;

    fn counts(month: Option<u32>, events: u64, overrides: u64) -> MonthCounts {
        let month = month.map(Month::of_number);
        MonthCounts { events, overrides, ..MonthCounts::none_in(month) }
    }

    #[test]
    fn batches_of_a_deployment_are_added_up_by_month() {
        let (a, b) = ([counts(Some(7), 2, 1), counts(None, 1, 0)], [counts(Some(6), 5, 5)]);
        let columns = CounterColumns::of([
            (9, (70, 71), &a[..]),
            (4, (i64::MAX, i64::MIN), &[counts(None, 3, 2)][..]),
            (9, (60, 69), &b[..]),
            (9, (72, 73), &a[..1]),
            (5, (1, 2), &[]),
        ]);
        let all = columns.read();
        assert_eq!(all.deployments, [4, 9], "one without events is not listed");
        assert_eq!((all.first_times, all.last_times), (&[i64::MAX, 60][..], &[i64::MIN, 73][..]));
        let months = |place| all.months_of(place).map(|at| all.counts(at)).collect::<Vec<_>>();
        assert_eq!(months(0), [counts(None, 3, 2)]);
        assert_eq!(months(1), [counts(Some(6), 5, 5), counts(Some(7), 4, 2), counts(None, 1, 0)]);
    }

    #[test]
    fn what_was_put_is_read_and_what_does_not_fit_is_not() {
        let mut columns = CounterColumns::of([(3, (1, 2), &[counts(Some(8), 2, 1)][..])]);
        let open = |columns: &CounterColumns| {
            let mut sections = Sections::new(Arc::new(Damage::default()));
            columns.put(&mut sections);
            Counted::open(&sections, 10).expect("it holds counters")
        };
        let read = open(&columns);
        let all = read.all().expect("they fit");
        assert_eq!((all.deployments, all.counts(0)), (&[3][..], counts(Some(8), 2, 1)));
        columns.art12.push(1);
        assert!(open(&columns).all().is_none());
        assert!(Counted::open(&Sections::new(Arc::new(Damage::default())), 10).is_none());
    }
}
