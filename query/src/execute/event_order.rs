//! What orders events in every store alike: time, and among those of one time their id. The number of
//! an event's batch differs between stores.

use std::cell::Cell;
use std::cmp::Ordering;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;

use super::row_set::RowSet;
use super::{Executor, Run, store};
use crate::source::{EventRef, Source};
use crate::value::{Item, Value};

/// Events whose times are read between two looks at whether to stop.
const LOOKED_UP_AT_ONCE: usize = 4_096;

/// Events by their numbers, each with its time and, where that does not decide, its id.
#[derive(Default)]
pub(super) struct EventOrder {
    places: Vec<(EventRef, i64, String)>,
    /// Where the last ones were found, of the left and of the right of two: rows mostly stand in the
    /// order of their events, and where two runs of rows are merged each goes on for itself.
    last: [Cell<usize>; 2],
}

impl EventOrder {
    fn get(&self, event: EventRef, last_found: &Cell<usize>) -> Option<(i64, &str)> {
        let last = last_found.get();
        let is_at = |at: &usize| self.places.get(*at).is_some_and(|place| place.0 == event);
        let near = [last, last + 1].into_iter().find(is_at);
        let found = near.or_else(|| self.places.binary_search_by_key(&event, |place| place.0).ok());
        let (_, time, id) = self.places.get(found?)?;
        last_found.set(found?);
        Some((*time, id))
    }

    /// Which of two events stands first?
    pub(super) fn compare(&self, a: EventRef, b: EventRef) -> Ordering {
        let [left, right] = &self.last;
        self.get(a, left).cmp(&self.get(b, right)).then_with(|| a.cmp(&b))
    }
}

impl<S: Source> Executor<'_, S> {
    /// What orders the events that rows list.
    pub(super) fn event_order(&mut self, rows: &RowSet) -> Run<EventOrder> {
        if rows.len() < 2 {
            return Ok(EventOrder::default());
        }
        let mut events: Vec<EventRef> = Vec::new();
        for item in rows.iter().flat_map(|row| row.items) {
            if let Item::Event(event) = item {
                events.push(*event);
            }
        }
        events.sort_unstable();
        events.dedup();
        let mut places = Vec::with_capacity(events.len());
        for some in events.chunks(LOOKED_UP_AT_ONCE) {
            self.look_unless_stopped(some.len())?;
            let mut next = some.iter();
            let put = |found: Option<EventValue<'_>>| {
                let Some(event) = next.next() else { return };
                let time = match found {
                    Some(EventValue::Int(time)) => time,
                    _ => i64::MAX,
                };
                places.push((*event, time, String::new()));
            };
            let events = some.iter().copied();
            self.source.visit_events(events, EventField::Time, put).map_err(store)?;
        }
        let mut times: Vec<i64> = places.iter().map(|(_, time, _)| *time).collect();
        times.sort_unstable();
        // Ids are read only where they decide.
        let mut shared: Vec<i64> = Vec::new();
        shared.extend(times.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]));
        for (event, time, id) in &mut places {
            if !shared.is_empty() && shared.binary_search(time).is_ok() {
                *id = self.event_id(*event)?;
            }
        }
        Ok(EventOrder { places, last: Default::default() })
    }

    pub(super) fn event_id(&self, event: EventRef) -> Run<String> {
        for field in [EventField::LogId, EventField::EventId, EventField::RequestId] {
            if let Value::Text(id) = self.event_value(event, field)? {
                return Ok(id);
            }
        }
        Ok(String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_ordered_by_time_then_id_then_number_wherever_they_are_looked_for() {
        let event = |row: u32| EventRef { batch: 1, row };
        let place = |row: u32, time: i64, id: &str| (event(row), time, id.to_owned());
        let places = vec![place(0, 9, ""), place(2, 5, "b"), place(3, 5, "a"), place(7, 5, "a")];
        let order = EventOrder { places, last: Default::default() };
        let mut rows = [0, 2, 3, 7];
        for _ in 0..3 {
            rows.sort_by(|a, b| order.compare(event(*a), event(*b)));
            assert_eq!(rows, [3, 7, 2, 0]);
            rows.reverse();
        }
        assert_eq!(order.compare(event(4), event(5)), Ordering::Less, "unknown: by number");
    }
}
