//! How many events have which fields: by the counters that each batch was given when it was imported, and
//! by its rows only where the counters leave it open.

use std::iter::Sum;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;
use lineal_engine::{BatchInfo, EventRef, NodeNo};
use lineal_proof::{Map, Value};

use crate::check::Error;
use crate::check::ask::Asker;

/// A count that lies between two numbers; mostly they are one.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Count {
    /// It is no less.
    pub(super) least: u64,
    /// It is no more.
    pub(super) most: u64,
}

impl Count {
    pub(super) fn exactly(count: u64) -> Count {
        Count { least: count, most: count }
    }

    pub(super) fn is_exact(self) -> bool {
        self.least == self.most
    }

    /// What is left of events when these are taken away.
    pub(super) fn left_of(self, events: u64) -> Count {
        Count { least: events.saturating_sub(self.most), most: events.saturating_sub(self.least) }
    }

    /// Of so many events that were looked at, and so many that could not be.
    fn seen(self, seen: u64, unseen: u64) -> Count {
        let least = self.least.max(seen);
        Count { least, most: self.most.min(seen.saturating_add(unseen)).max(least) }
    }

    /// The number that it is at least, and that it may be more where that is so.
    pub(super) fn words(self) -> String {
        let least = if self.is_exact() { "" } else { "at least " };
        format!("{least}{}", self.least)
    }
}

impl Sum for Count {
    fn sum<I: Iterator<Item = Count>>(counts: I) -> Count {
        counts.fold(Count::default(), |all, count| Count {
            least: all.least.saturating_add(count.least),
            most: all.most.saturating_add(count.most),
        })
    }
}

/// A batch, and how many of the rows that it was imported with have a field.
pub(super) struct Counters {
    pub(super) batch: BatchInfo,
    presence: Map,
    /// Does it stand in one place, so that the counters are of all its rows?
    is_one: bool,
    /// Erased rows that are events of which nothing was counted: a view of some systems counts anew.
    unsaid: u64,
}

impl Counters {
    /// Of all batches of a deployment.
    pub(super) fn all(asker: &Asker<'_>, deployment: NodeNo) -> Result<Vec<Counters>, Error> {
        let snapshot = asker.snapshot();
        let mut all = Vec::new();
        for node in snapshot.batches_of(deployment) {
            asker.go_on()?;
            let Some(batch) = snapshot.batch(node).filter(|batch| batch.events > 0) else {
                continue;
            };
            let fields = snapshot.fields(node)?.fields;
            let presence = fields.get("presence").and_then(Value::as_map).cloned();
            let is_one = snapshot.parts_of(node).len() == 1;
            let unsaid = match snapshot.is_cut(node) {
                true => snapshot.unshown().filter(|it| it.batch == node).map(|it| it.erased).sum(),
                false => 0,
            };
            let presence = presence.unwrap_or_default();
            all.push(Counters { batch, presence, is_one, unsaid });
        }
        Ok(all)
    }

    /// How many events have a field.
    pub(super) fn of(&self, field: EventField) -> Count {
        let events = self.batch.events;
        if !self.is_one {
            return Count { least: 0, most: events };
        }
        let rows = u64::from(self.batch.rows);
        let with = self.presence.get(field.spec().name).and_then(Value::as_i64);
        let with = with.map_or(0, i64::unsigned_abs).min(rows);
        // Rows that another outweighs, or that a retraction took, were counted too.
        let beside = rows.saturating_sub(events);
        let most = with.saturating_add(self.unsaid).min(events);
        Count { least: with.saturating_sub(beside), most }
    }

    /// How many events have one of these fields at least.
    pub(super) fn of_either(&self, fields: &[EventField]) -> Count {
        let counts = || fields.iter().map(|field| self.of(*field));
        let least = counts().map(|count| count.least).max().unwrap_or(0);
        let most = counts().sum::<Count>().most.min(self.batch.events).max(least);
        Count { least, most }
    }

    /// How many events have one of these fields at least, by the rows.
    pub(super) fn either_in_rows(
        &self,
        asker: &Asker<'_>,
        fields: &[EventField],
    ) -> Result<Count, Error> {
        let rows = Rows::of(asker, &self.batch)?;
        let mut has = vec![false; rows.events.len()];
        for field in fields {
            let found = rows.which(asker, *field, |_| true)?;
            has.iter_mut().zip(found).for_each(|(has, found)| *has |= found);
        }
        Ok(self.of_either(fields).seen(counted(&has), rows.unseen))
    }

    /// How many events there are of a sort, and how many of them lack a field.
    pub(super) fn lacking(
        &self,
        asker: &Asker<'_>,
        sort: Sort,
        lacks: EventField,
    ) -> Result<Lacking, Error> {
        let of = match sort {
            Sort::Overridden => Count::exactly(self.batch.overrides),
            Sort::With(field) => self.of(field),
        };
        let without = self.of(lacks).left_of(self.batch.events);
        let beside = self.batch.events.saturating_sub(of.least);
        let without =
            Count { least: without.least.saturating_sub(beside), most: without.most.min(of.most) };
        if of.is_exact() && without.is_exact() {
            return Ok(Lacking { of, without });
        }
        let rows = Rows::of(asker, &self.batch)?;
        let is_of = match sort {
            Sort::Overridden => rows
                .which(asker, EventField::HumanOverride, |value| value == EventValue::Bool(true))?,
            Sort::With(field) => rows.which(asker, field, |_| true)?,
        };
        let own = rows.only(&is_of);
        let has = own.which(asker, lacks, |_| true)?;
        let lacking = own.events.len() as u64 - counted(&has);
        Ok(Lacking {
            of: of.seen(own.events.len() as u64, rows.unseen),
            without: without.seen(lacking, rows.unseen),
        })
    }
}

/// Which events are meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sort {
    /// Those that a human overrode.
    Overridden,
    /// Those that have a field.
    With(EventField),
}

/// Events of a sort, and those of them that lack a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lacking {
    pub(super) of: Count,
    pub(super) without: Count,
}

/// The events of a batch that a view shows.
pub(super) struct Rows {
    pub(super) events: Vec<EventRef>,
    /// How many it does not show: erased, or restricted.
    pub(super) unseen: u64,
}

impl Rows {
    pub(super) fn of(asker: &Asker<'_>, batch: &BatchInfo) -> Result<Rows, Error> {
        asker.go_on()?;
        let events = asker.snapshot().rows_of(batch.node);
        let unseen = batch.events.saturating_sub(events.len() as u64);
        Ok(Rows { events, unseen })
    }

    /// Of which events a field has a value that is meant, in their order.
    pub(super) fn which(
        &self,
        asker: &Asker<'_>,
        field: EventField,
        mut is_meant: impl FnMut(EventValue<'_>) -> bool,
    ) -> Result<Vec<bool>, Error> {
        let mut found = Vec::with_capacity(self.events.len());
        asker.snapshot().visit_events(self.events.iter().copied(), field, |value| {
            found.push(value.is_some_and(&mut is_meant));
        })?;
        Ok(found)
    }

    /// Those of the events that are marked.
    pub(super) fn only(&self, marked: &[bool]) -> Rows {
        let own = self.events.iter().zip(marked).filter(|(_, is_marked)| **is_marked);
        Rows { events: own.map(|(event, _)| *event).collect(), unseen: self.unseen }
    }
}

/// How many are marked.
pub(super) fn counted(marked: &[bool]) -> u64 {
    marked.iter().filter(|is_marked| **is_marked).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters((rows, events): (u32, u64), presence: &[(EventField, u64)]) -> Counters {
        let batch = BatchInfo {
            node: 1,
            deployment: 0,
            rows,
            events,
            overrides: 0,
            art12: 0,
            ordinal: 0,
            first_time: 0,
            last_time: 1,
        };
        let presence = presence.iter().map(|(field, count)| (field.spec().name, *count));
        Counters { batch, presence: presence.collect(), is_one: true, unsaid: 0 }
    }

    #[test]
    fn counters_say_what_they_can() {
        let (event, log) = (EventField::EventId, EventField::LogId);
        let of = |size, presence: &[_]| counters(size, presence).of_either(&[event, log]);
        assert_eq!(of((9, 9), &[(event, 9), (log, 3)]), Count::exactly(9));
        assert_eq!(of((9, 9), &[(event, 4)]), Count::exactly(4));
        assert_eq!(of((9, 9), &[(event, 4), (log, 3)]), Count { least: 4, most: 7 });
        assert_eq!(of((9, 9), &[(event, 6), (log, 6)]), Count { least: 6, most: 9 });
        // Two rows do not count: which, the counters do not say.
        assert_eq!(of((9, 7), &[(event, 9)]), Count::exactly(7));
        assert_eq!(of((9, 7), &[(event, 5)]), Count { least: 3, most: 5 });
        let several = Counters { is_one: false, ..counters((9, 7), &[(event, 9)]) };
        assert_eq!(several.of_either(&[event, log]), Count { least: 0, most: 7 });
        let erased = Counters { unsaid: 2, ..counters((9, 9), &[(event, 6)]) };
        assert_eq!(erased.of_either(&[event]), Count { least: 6, most: 8 });
    }

    #[test]
    fn what_was_looked_at_narrows_what_counters_say() {
        let open = Count { least: 2, most: 8 };
        assert_eq!(open.seen(5, 0), Count::exactly(5));
        assert_eq!(open.seen(5, 2), Count { least: 5, most: 7 });
        assert_eq!(open.seen(1, 9), open);
        assert_eq!(open.left_of(10), Count { least: 2, most: 8 });
        assert_eq!((open.words(), Count::exactly(3).words()), ("at least 2".into(), "3".into()));
    }
}
