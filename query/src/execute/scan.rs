//! Events batch beside batch: the rows of many batches are read on all cores, a part of a batch
//! at a time.
//!
//! What was found is taken in the order of the batches and of their rows, so the number of threads
//! never shows in an answer. Between two rounds it is asked whether to stop.

use std::ops::Range;
use std::rc::Rc;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;
use lineal_engine::schema::FieldType;
use rayon::prelude::*;

use super::blocks::PART_ROWS;
use super::columns::{Bounds, Test};
use super::{Executor, Run, store};
use crate::plan::StepPlan;
use crate::source::{EventColumns, EventRef, NodeNo, Source};

/// The row of an event that stands for all events of its batch.
pub(super) const WHOLE: u32 = u32::MAX;
/// Rows that one thread reads in a round: some milliseconds of work.
const ROUND_ROWS: usize = 2 * PART_ROWS as usize;
/// Rows that one thread reads alone: a fraction of a millisecond where their pages are kept.
const ALONE_ROWS: usize = PART_ROWS as usize / 2;
/// So many parts are asked at once which of them may hold what is wanted, before any is read.
const PARTS_ASKED: usize = 256;
/// Events of whole batches that a scan holds at once: enough for all cores.
const EVENTS_AT_ONCE: u64 = 500_000;
/// From so many events of a part on its columns are read: a value by itself costs a page.
const MANY: usize = 16;
/// Which events of a batch are wanted.
#[derive(Clone, Copy, Default)]
pub(super) struct Window<'w> {
    /// The first time, if there is one.
    pub(super) from: Option<i64>,
    /// The last time, if there is one; both are bounds of batches, not of events.
    pub(super) to: Option<i64>,
    /// What must hold for each event.
    pub(super) tests: &'w [Test],
    /// Batches stand for their events: the rows are looked at later, or their counters.
    pub(super) by_batch: bool,
}

/// Called with some of the events that are scanned; false ends the search.
pub(super) type Take<'t, 'a, S> = &'t mut dyn FnMut(&mut Executor<'a, S>, &[EventRef]) -> Run<bool>;

/// Some rows of a batch.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The number of the batch, as in [`EventRef`].
    pub(super) batch: u32,
    pub(super) rows: Range<u32>,
}

/// What reading events has cost.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Opened {
    /// Batches of which rows were read, each as often as it was.
    pub(super) batches: u64,
    /// Columns of parts of batches.
    pub(super) columns: u64,
}

/// What was found in one part.
struct Found {
    rows: usize,
    wanted: Vec<EventRef>,
    /// Were its columns read? Not where what is known of its pages tells that no row can fit.
    opened: bool,
}

/// The parts in which the rows of a batch are read.
pub(super) fn parts_of<S: Source>(source: &S, batch: NodeNo) -> Vec<Part> {
    let mut out = Vec::new();
    for (number, rows) in source.batch_parts(batch) {
        let mut first = 0;
        while first < rows {
            let end = rows.min(first.saturating_add(PART_ROWS));
            out.push(Part { batch: number, rows: first..end });
            first = end;
        }
    }
    out
}

impl<'a, S: Source> Executor<'a, S> {
    /// Works on tasks side by side, some at a time, and takes what they give in their order.
    pub(super) fn side_by_side<T: Sync, R: Send>(
        &mut self,
        tasks: &[T],
        rows_of: impl Fn(&T) -> usize,
        work: impl Fn(&T) -> Result<R, S::Error> + Sync,
        mut take: impl FnMut(&mut Self, &T, R) -> Run<()>,
    ) -> Run<()> {
        let round_rows = ROUND_ROWS * rayon::current_num_threads();
        let mut left = tasks;
        while !left.is_empty() {
            self.look_now()?;
            let mut rows = 0;
            let begun = |task: &&T| {
                let is_within = rows < round_rows;
                rows += rows_of(task);
                is_within
            };
            let count = left.iter().take_while(begun).count();
            let (round, rest) = left.split_at(count);
            left = rest;
            // To wake another thread takes longer than to read a few rows.
            let is_little = round.iter().map(&rows_of).sum::<usize>() <= ALONE_ROWS;
            let done: Vec<Result<R, S::Error>> = match round {
                [one] => vec![work(one)],
                few if is_little => few.iter().map(&work).collect(),
                several => several.par_iter().map(&work).collect(),
            };
            for (task, done) in round.iter().zip(done) {
                take(self, task, done.map_err(store)?)?;
            }
        }
        Ok(())
    }

    /// The wanted events of all batches, those of some batches at a time: the events of a whole store
    /// need not stand in memory. False if the search was ended.
    pub(super) fn scanned_events(
        &mut self,
        step: &'a StepPlan,
        take: Take<'_, 'a, S>,
    ) -> Run<bool> {
        let source = self.source;
        let tests = self.tests(&step.columns)?;
        let window = self.window(step, &tests)?;
        let batches = source.batches_within(window.from, window.to);
        let mut left = batches.as_slice();
        let mut events = Vec::new();
        while !left.is_empty() {
            let mut rows = 0;
            let is_within = |batch: &&NodeNo| {
                let before = rows;
                rows += source.batch_counts(**batch).events;
                before < EVENTS_AT_ONCE
            };
            let (some, later) = left.split_at(left.iter().take_while(is_within).count());
            left = later;
            events.clear();
            let clock = self.clock();
            self.batch_events(some, window, &mut events)?;
            self.count_time(step.slot, clock);
            if !take(self, &events)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The wanted events of batches, in the order of the batches.
    pub(super) fn batch_events(
        &mut self,
        batches: &[NodeNo],
        window: Window<'_>,
        out: &mut Vec<EventRef>,
    ) -> Run<()> {
        let source = self.source;
        let mut parts = Vec::new();
        for batch in batches {
            if !window.has(source.batch_times(*batch)) {
                continue;
            }
            if window.by_batch {
                let counts = source.batch_counts(*batch);
                if counts.events > 0 {
                    out.push(EventRef { batch: counts.batch, row: WHOLE });
                }
            } else if window.tests.is_empty() {
                let rows = source.batch_rows(*batch).map_err(store)?;
                self.count_events(rows.len())?;
                for part in parts_of(source, *batch) {
                    self.blocks.borrow_mut().visit(part.batch, part.rows);
                }
                out.extend(rows);
            } else {
                parts.extend(parts_of(source, *batch));
            }
        }
        self.tested_events(&parts, window.tests, out)
    }

    /// The events of these parts for which the tests hold.
    fn tested_events(
        &mut self,
        parts: &[Part],
        tests: &[Test],
        out: &mut Vec<EventRef>,
    ) -> Run<()> {
        let source = self.source;
        let fields = fields_of(tests);
        // What asks for one field is decided on the pages of that field, numbers before texts, each
        // for the events that the others left; what asks for several needs them side by side.
        let mut single: Vec<(EventField, &Test)> =
            tests.iter().filter_map(|test| Some((test.only_field()?, test))).collect();
        single.sort_by_key(|(field, _)| field.spec().field_type == FieldType::Text);
        let several: Vec<&Test> = tests.iter().filter(|test| test.only_field().is_none()).collect();
        let may_hold = |part: &Part| -> Result<bool, S::Error> {
            let within = |field, bounds: Bounds<'_>| {
                source.may_hold(part.batch, part.rows.clone(), field, bounds)
            };
            for test in tests {
                if !test.may_hold(&within)? {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        // Of few parts those that hold nothing are left out first: what is left is often so little
        // that no other thread need be woken.
        let mut likely = Vec::new();
        let is_asked = parts.len() <= PARTS_ASKED;
        for part in parts.iter().filter(|_| is_asked) {
            if may_hold(part).map_err(store)? {
                likely.push(part.clone());
            } else {
                self.count_events(part.rows.len())?;
            }
        }
        let parts = if is_asked { likely.as_slice() } else { parts };
        let read = |part: &Part| -> Result<Found, S::Error> {
            if !is_asked && !may_hold(part)? {
                return Ok(Found { rows: part.rows.len(), wanted: Vec::new(), opened: false });
            }
            let others = fields_of(several.iter().copied());
            let columns = source.read_events(part.batch, part.rows.clone(), &others)?;
            let rows = columns.events.len();
            let mut wanted = columns.events;
            for (field, test) in &single {
                if *field == EventField::Time && test.is_of_a_stretch() {
                    // Rows of a batch stand in the order of their times, those without one first:
                    // where both ends are within a stretch, so is what lies between.
                    let ends = [wanted.first(), wanted.last()].into_iter().flatten().copied();
                    let mut hold = true;
                    source.visit_events(ends, *field, |found| hold &= test.holds_of(&|_| found))?;
                    if hold {
                        continue;
                    }
                }
                let (mut next, mut kept) = (0, 0);
                let events = wanted.clone();
                source.visit_events(events.into_iter(), *field, |found| {
                    if let Some(event) = wanted.get(next).copied()
                        && test.holds_of(&|_| found)
                        && let Some(place) = wanted.get_mut(kept)
                    {
                        *place = event;
                        kept += 1;
                    }
                    next += 1;
                })?;
                wanted.truncate(kept);
            }
            let EventColumns { block, first, .. } = columns;
            wanted.retain(|event| {
                let row = event.row.saturating_sub(first) as usize;
                several.iter().all(|test| test.holds(&block, row))
            });
            Ok(Found { rows, wanted, opened: true })
        };
        // What lies together is read together, and taken in the order of asking.
        let mut order: Vec<usize> = (0..parts.len()).collect();
        order.sort_by_cached_key(|place| {
            parts.get(*place).map(|part| (source.part_place(part.batch), part.rows.start))
        });
        let parts_in_place: Vec<(usize, &Part)> =
            order.into_iter().filter_map(|place| Some((place, parts.get(place)?))).collect();
        let mut all: Vec<Vec<EventRef>> = vec![Vec::new(); parts.len()];
        let rows_of = |(_, part): &(usize, &Part)| part.rows.len();
        let read = |(_, part): &(usize, &Part)| read(part);
        let ended =
            self.side_by_side(&parts_in_place, rows_of, read, |run, (place, part), found| {
                if found.opened {
                    run.opened(part, fields.len());
                }
                run.count_events(found.rows)?;
                // A value by itself costs a page and the dictionary of its column: no less than the part.
                if !found.wanted.is_empty() {
                    run.blocks.borrow_mut().visit(part.batch, part.rows.clone());
                }
                if let Some(slot) = all.get_mut(*place) {
                    *slot = found.wanted;
                }
                Ok(())
            });
        out.extend(all.into_iter().flatten());
        ended
    }

    /// Events that come from an index, ascending: where many lie together, their columns are read.
    pub(super) fn visit_many(&self, events: &[EventRef]) {
        let part = |event: &EventRef| (event.batch, event.row / PART_ROWS);
        for together in events.chunk_by(|a, b| part(a) == part(b)) {
            let Some(first) = together.first().filter(|_| together.len() >= MANY) else { continue };
            let parts = parts_of(self.source, self.source.event_batch(*first));
            let own = |part: &&Part| part.batch == first.batch && part.rows.contains(&first.row);
            if let Some(part) = parts.iter().find(own) {
                self.blocks.borrow_mut().visit(part.batch, part.rows.clone());
            }
        }
    }

    pub(super) fn opened(&mut self, part: &Part, columns: usize) {
        self.opened.batches += u64::from(part.rows.start == 0);
        self.opened.columns += columns as u64;
    }

    /// A recorded field of an event: of a batch of which many rows are visited, from its columns.
    pub(super) fn recorded(
        &self,
        event: EventRef,
        field: EventField,
    ) -> crate::error::Result<Option<lineal_proof::Value>> {
        if event.row == WHOLE {
            return Ok(None);
        }
        let wanted = self.blocks.borrow().wanted(event, field);
        let Some(rows) = wanted else {
            return self.source.event_field(event, field).map_err(store);
        };
        let known = self.blocks.borrow_mut().get(event);
        let columns = match known {
            Some(columns) => columns,
            None => {
                let fields = self.blocks.borrow().fields();
                let read = self.source.read_events(event.batch, rows, &fields).map_err(store)?;
                let read = Rc::new(read);
                self.blocks.borrow_mut().keep(event, Rc::clone(&read));
                read
            }
        };
        Ok(columns.block.get(columns.place(event), field).map(EventValue::to_value))
    }
}

/// Fields that tests ask for.
pub(super) fn fields_of<'t>(tests: impl IntoIterator<Item = &'t Test>) -> Vec<EventField> {
    let mut fields = Vec::new();
    tests.into_iter().for_each(|test| test.fields(&mut fields));
    fields.sort_unstable();
    fields.dedup();
    fields
}
