//! Rows that list events: what a row stands for is found batch by batch and put in order by numbers
//! alone, before a value is written (`list_values.rs`; `benches/asking.rs`, q10).
//!
//! A row that is made before the rows are in order is moved when they are, and some thousand rows
//! of values are more than the nearest memory holds, so each pass over all of them fetches them
//! anew. What the events of a batch are tied to is found for the first of them.

use std::collections::BTreeMap;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;
use lineal_engine::schema::Kind;

use super::late::field_of;
use super::list_values::{Column, FoundRows, Listing};
use super::row_set::RowSet;
use super::{Executor, Run, Stop, store};
use crate::limits::Limit;
use crate::plan::{End, Expression, Generator, Kinds, OutputPlan, SelectPlan, StepPlan};
use crate::source::{EventRef, Source};
use crate::value::{Item, Value};

impl<'a, S: Source> Executor<'a, S> {
    /// The rows of a selection that lists events with their fields and what they are tied to; false,
    /// with nothing done, where it is another one.
    pub(super) fn listed_into(
        &mut self,
        select: &'a SelectPlan,
        items: &'a [Expression],
        out: &mut RowSet,
    ) -> Run<bool> {
        let (Some((first, rest)), true) = (select.steps.split_first(), out.is_empty()) else {
            return Ok(false);
        };
        let Some(listing) = self.listing(select, items) else { return Ok(false) };
        let mut found = self.machine.kept.found_rows();
        found.empty();
        let ended = match self.find_listed(first, rest, &listing, &mut found) {
            Err(Stop::Error(error)) => Err(Stop::Error(error)),
            // What was found before a bound is told all the same.
            ended => {
                let ordered = self.put_found_in_order(&listing, &mut found);
                let written = ordered.and_then(|()| self.write_found(&listing, &mut found, out));
                written.and(ended)
            }
        };
        self.machine.kept.keep_found_rows(found);
        ended.map(|()| true)
    }

    /// Is it a list of events that are found without trying each, with their fields and with what
    /// their batches alone decide?
    fn listing(&self, select: &SelectPlan, items: &[Expression]) -> Option<Listing> {
        let (first, rest) = select.steps.split_first()?;
        let (event, things) = select.listed.split_first()?;
        let is_found = match &first.from {
            Generator::Scan => first.whole.is_empty(),
            Generator::Chain(chain) => matches!(chain.start, End::Set(_)),
            Generator::Set(_) | Generator::Label(_) | Generator::Events(_) => false,
        };
        let is_event = self.slot_kinds(first.slot) == Kinds::one(Kind::Inference)
            && first.chains.is_empty()
            && first.filters.is_empty();
        let is_plain = select.order.is_empty()
            && select.extreme.is_none()
            && !select.has_hidden
            && matches!(select.output, OutputPlan::Rows { distinct: false, .. });
        // Actors are ordered by their names; a profile counts each candidate.
        let are_things = things.len() == rest.len()
            && rest.iter().all(|step| things.contains(&step.slot))
            && !things.iter().any(|slot| {
                let kinds = self.slot_kinds(*slot);
                kinds.has(Kind::Actor) || kinds.has(Kind::Inference)
            });
        let is_told = *event == first.slot
            && is_found
            && is_event
            && is_plain
            && are_things
            && rest.iter().all(|step| self.is_of_batches(step))
            && !self.noting
            && self.counted.is_none();
        if !is_told {
            return None;
        }
        let column = |item: &Expression| match item {
            Expression::Slot(slot) if slot == event => Some(Column::Event),
            Expression::Slot(slot) => {
                things.iter().position(|thing| thing == slot).map(Column::Thing)
            }
            other => field_of(other)
                .filter(|(slot, _)| slot == event)
                .map(|(_, field)| Column::Field(field)),
        };
        let columns = items.iter().map(column).collect::<Option<Vec<_>>>()?;
        (!columns.is_empty()).then(|| Listing { things: things.to_vec(), columns })
    }

    /// Does what a variable stands for depend on no more of an event than its batch?
    fn is_of_batches(&self, step: &StepPlan) -> bool {
        let Generator::Chain(chain) = &step.from else { return false };
        let is_plain = step.chains.is_empty() && step.filters.is_empty() && step.columns.is_empty();
        is_plain && matches!(chain.start, End::Slot(_)) && self.hops_are_fixed(chain)
    }

    /// Finds the events, and for those of a batch what they are tied to.
    fn find_listed(
        &mut self,
        first: &'a StepPlan,
        rest: &'a [StepPlan],
        listing: &Listing,
        found: &mut FoundRows,
    ) -> Run<()> {
        let row_bytes = (listing.columns.len() * size_of::<Value>()) as u64;
        let fit = self.bytes_left() / row_bytes.max(1);
        let (rows_max, bytes_max) = (self.limits.rows, self.limits.bytes);
        let most = usize::try_from(rows_max.min(fit)).unwrap_or(usize::MAX);
        let is_one = rest.is_empty();
        let mut take = |run: &mut Executor<'a, S>, events: &[EventRef]| {
            for together in events.chunk_by(|a, b| a.batch == b.batch) {
                run.look(together.len() as u64)?;
                let before = found.ties.len();
                if let (Some(event), Some(place)) =
                    (together.first(), run.bindings.get_mut(first.slot))
                {
                    *place = Item::Event(*event);
                }
                let ties = &mut found.ties;
                let mut note = |run: &mut Executor<'a, S>| {
                    ties.extend(listing.things.iter().map(|slot| run.bound_item(*slot)));
                    Ok(true)
                };
                if !is_one {
                    run.bind(rest, &mut note)?;
                }
                let width = listing.things.len().max(1);
                let behind = if is_one { 1 } else { found.ties.len() / width };
                let own = before / width..behind;
                let own =
                    u32::try_from(own.start).unwrap_or(0)..u32::try_from(own.end).unwrap_or(0);
                let rows = together.iter().flat_map(|event| own.clone().map(|tie| (*event, tie)));
                let room = most.saturating_sub(found.rows.len());
                found.rows.extend(rows.take(room));
                if together.len() * own.len() > room {
                    let of_rows = rows_max <= fit;
                    return Err(Stop::Limit(if of_rows {
                        Limit::Rows(rows_max)
                    } else {
                        Limit::Bytes(bytes_max)
                    }));
                }
            }
            Ok(true)
        };
        if matches!(first.from, Generator::Scan) {
            return self.scanned_events(first, &mut take).map(|_| ());
        }
        let events = self.generated(first)?;
        take(self, &events.events)?;
        self.keep_cell(events);
        Ok(())
    }

    /// Puts rows in the order of the times of their events, of those of one time by their ids.
    fn put_found_in_order(&mut self, listing: &Listing, found: &mut FoundRows) -> Run<()> {
        let mut order = std::mem::take(&mut found.order);
        self.look_unless_stopped(found.rows.len())?;
        let put = |time: Option<EventValue<'_>>| {
            let time = match time {
                Some(EventValue::Int(time)) => time,
                _ => i64::MAX,
            };
            order.push((time, u32::try_from(order.len()).unwrap_or(u32::MAX)));
        };
        let events = found.rows.iter().map(|(event, _)| *event);
        self.source.visit_events(events, EventField::Time, put).map_err(store)?;
        order.sort_by_key(|(time, _)| *time);
        let width = listing.things.len();
        for same in order.chunk_by_mut(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            self.put_in_order_of_ids(same, found, width)?;
        }
        found.order = order;
        Ok(())
    }

    /// Puts rows of one time in order.
    fn put_in_order_of_ids(
        &self,
        rows: &mut [(i64, u32)],
        found: &FoundRows,
        width: usize,
    ) -> Run<()> {
        let mut ids = BTreeMap::new();
        for event in rows.iter().filter_map(|(_, row)| found.event(*row)) {
            ids.insert(event, String::new());
        }
        // Ids are read only where they decide.
        if ids.len() > 1 {
            for (event, id) in &mut ids {
                *id = self.event_id(*event)?;
            }
        }
        let key = |row: u32| {
            let event = found.event(row);
            (event.and_then(|event| ids.get(&event)), event, found.tie(row, width))
        };
        rows.sort_by(|(_, a), (_, b)| key(*a).cmp(&key(*b)));
        Ok(())
    }
}
