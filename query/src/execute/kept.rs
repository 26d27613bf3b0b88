//! Working memory that is kept from one asking to the next, so that a prepared question along the
//! graph, or for an event by its hash, allocates nothing once it was asked a few times (`benches/allocations.rs`).
//!
//! What a run holds while it lasts (bindings, sets, memos) is taken from here when it begins and
//! given back when it ends. Sets that are shared come in cells, which are kept apart from the lists
//! within them: a cell is free again when nobody else holds it.

use std::rc::Rc;

use super::Executor;
use super::asked::{Asked, emptied};
use super::item_set::ItemSet;
use super::join::Memo;
use super::late::Late;
use super::list_values::FoundRows;
use super::row_set::RowSet;
use crate::answer::Table;
use crate::source::{NodeNo, Source};
use crate::value::{Item, Value};

/// Sets that are kept: more than any question of the comparison has at once.
const SETS_MAX: usize = 64;
/// Numbers in one list, and values in the rows, that are kept: 1 MiB and less. What a great answer
/// took is given back, so that it does not stay for the life of a service.
const NUMBERS_MAX: usize = 1 << 16;

/// Memory without content.
#[derive(Default, Debug)]
pub(super) struct Kept {
    bindings: Vec<Item>,
    sets: Vec<Option<Rc<ItemSet>>>,
    memos: Vec<(usize, Memo)>,
    lists: Vec<ItemSet>,
    cells: Vec<Rc<ItemSet>>,
    rows: Vec<RowSet>,
    parameters: Vec<Value>,
    found: FoundRows,
    /// The values of the answer before, whose places and texts the next one may use.
    pub(super) before: Vec<Value>,
    /// Of rows that were written down, the memory.
    table: Option<Table>,
    pub(super) late: Late,
    pub(super) asked: Vec<Asked<'static>>,
}

/// What a run holds: its bindings, its sets and its memos.
type Held = (Vec<Item>, Vec<Option<Rc<ItemSet>>>, Vec<(usize, Memo)>);

impl Kept {
    /// Memory for a run with so many variables and sets.
    pub(super) fn begin(&mut self, slots: usize, sets: usize) -> Held {
        let mut held = (
            std::mem::take(&mut self.bindings),
            std::mem::take(&mut self.sets),
            std::mem::take(&mut self.memos),
        );
        held.0.clear();
        held.0.resize(slots, Item::Node(NodeNo::MAX));
        held.1.clear();
        held.1.resize(sets, None);
        held.2.clear();
        held
    }

    /// Values of parameters, of which only the memory is of use.
    pub(super) fn parameters(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.parameters)
    }

    /// Rows to be filled.
    pub(super) fn rows(&mut self) -> RowSet {
        self.rows.pop().unwrap_or_default()
    }

    /// What rows stand for, to be found.
    pub(super) fn found_rows(&mut self) -> FoundRows {
        std::mem::take(&mut self.found)
    }

    /// Of rows that were found, the memory.
    pub(super) fn keep_found_rows(&mut self, found: FoundRows) {
        if found.capacity() <= NUMBERS_MAX {
            self.found = found;
        }
    }

    /// Takes the values of the answer before out of its table.
    pub(super) fn take_answer(&mut self, values: &mut Vec<Value>) {
        // After a question without an answer there are none, but memory of the one before it.
        if !values.is_empty() {
            std::mem::swap(&mut self.before, values);
            values.clear();
        }
    }

    /// What stood in the answer before, to be written over.
    pub(super) fn answer_before(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.before)
    }

    /// Memory that values were taken from, for the table of the answer.
    pub(super) fn keep_answer_before(&mut self, values: Vec<Value>) {
        self.before = values;
    }

    /// The memory of the answer before, without its values, of which the texts are kept.
    pub(super) fn emptied_answer(&mut self) -> Vec<Value> {
        self.late.take_texts(&mut self.before);
        std::mem::take(&mut self.before)
    }

    /// A table without rows.
    pub(super) fn table(&mut self) -> Table {
        self.table.take().unwrap_or_else(Table::empty)
    }

    /// Of a table that is not needed any more, the memory. No value stays: what an answer holds may be
    /// long, and goes with it.
    pub(super) fn keep_table(&mut self, mut table: Table) {
        let values = table.emptied();
        self.late.take_texts(values);
        if values.capacity() <= NUMBERS_MAX {
            self.table = Some(table);
        }
    }

    /// An empty set to be filled.
    fn list(&mut self) -> ItemSet {
        self.lists.pop().unwrap_or_default()
    }

    fn keep_list(&mut self, mut list: ItemSet) {
        let is_small = list.nodes.capacity().max(list.events.capacity()) <= NUMBERS_MAX;
        if is_small && self.lists.len() < SETS_MAX {
            list.nodes.clear();
            list.events.clear();
            self.lists.push(list);
        }
    }

    fn keep_cell(&mut self, mut cell: Rc<ItemSet>) {
        if let Some(list) = Rc::get_mut(&mut cell) {
            let list = std::mem::take(list);
            self.keep_list(list);
            if self.cells.len() < SETS_MAX {
                self.cells.push(cell);
            }
        }
    }
}

impl<S: Source> Executor<'_, S> {
    /// An empty set to be filled.
    pub(super) fn list(&mut self) -> ItemSet {
        self.machine.kept.list()
    }

    /// Of a set that is not needed any more, the memory.
    pub(super) fn keep_list(&mut self, list: ItemSet) {
        self.machine.kept.keep_list(list);
    }

    /// Of a set that this place does not need any more, the memory if no other place holds it.
    pub(super) fn keep_cell(&mut self, cell: Rc<ItemSet>) {
        self.machine.kept.keep_cell(cell);
    }

    /// Of rows that are not needed any more, the memory.
    pub(super) fn keep_rows(&mut self, mut rows: RowSet) {
        if rows.capacity() <= NUMBERS_MAX && self.machine.kept.rows.is_empty() {
            rows.empty();
            self.machine.kept.rows.push(rows);
        }
    }

    /// A set that several places may hold.
    pub(super) fn shared(&mut self, set: ItemSet) -> Rc<ItemSet> {
        match self.machine.kept.cells.pop() {
            Some(mut cell) => match Rc::get_mut(&mut cell) {
                Some(place) => {
                    *place = set;
                    cell
                }
                None => Rc::new(set),
            },
            None => Rc::new(set),
        }
    }

    /// What is known under a number of the plan.
    pub(super) fn memo(&self, number: usize) -> Option<&Memo> {
        self.memos.iter().find(|(known, _)| *known == number).map(|(_, memo)| memo)
    }

    /// Keeps something under a number of the plan, in the place of what was known.
    pub(super) fn remember(&mut self, number: usize, memo: Memo) {
        match self.memos.iter_mut().find(|(known, _)| *known == number) {
            Some((_, place)) => {
                if let Memo::Chain(_, before) = std::mem::replace(place, memo) {
                    self.keep_cell(before);
                }
            }
            None => self.memos.push((number, memo)),
        }
    }

    /// Gives all memory back when the run is over.
    pub(super) fn give_back(&mut self) {
        let mut sets = std::mem::take(&mut self.sets);
        let mut memos = std::mem::take(&mut self.memos);
        let mut asked = std::mem::take(&mut self.asked);
        let kept = &mut self.machine.kept;
        // These first: what they stand for is mostly a set or a memo too.
        for Asked { tied, kept: left, .. } in asked.drain(..) {
            tied.into_iter().chain(left).for_each(|cell| kept.keep_cell(cell));
        }
        if asked.capacity() > 0 {
            kept.asked = emptied(asked);
        }
        sets.drain(..).flatten().for_each(|cell| kept.keep_cell(cell));
        for (_, memo) in memos.drain(..) {
            if let Memo::Chain(_, cell) = memo {
                kept.keep_cell(cell);
            }
        }
        (kept.sets, kept.memos) = (sets, memos);
        kept.bindings = std::mem::take(&mut self.bindings);
        kept.parameters = std::mem::take(&mut self.parameters);
        // Of a question without an answer.
        let before = kept.emptied_answer();
        if before.capacity() <= NUMBERS_MAX {
            kept.before = before;
        }
    }
}
