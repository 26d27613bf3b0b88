//! Rows beside each other in three flat lists, so that a row costs no allocation of its own.

use std::cmp::Ordering;

use crate::source::NodeNo;
use crate::value::{Item, Value};

/// Rows that are sorted between two looks at whether to stop: some tens of milliseconds of work.
const SORTED_AT_ONCE: usize = 1 << 15;

/// Rows of one width, in an order of their own: sorting moves numbers, not values.
#[derive(Clone, Default, Debug)]
pub(super) struct RowSet {
    widths: (usize, usize, usize),
    values: Vec<Value>,
    keys: Vec<Value>,
    items: Vec<Item>,
    order: Vec<u32>,
    /// Rows that were ever added: what the next one is called in the order.
    count: u32,
    /// Its rows were made in the order of their values.
    in_order: bool,
}

/// A row: its values, what it is ordered by, and what its listed variables stand for, the last word
/// in the order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'r> {
    pub(super) values: &'r [Value],
    pub(super) keys: &'r [Value],
    pub(super) items: &'r [Item],
}

impl RowSet {
    /// Appends a row. All rows of a set have as many values, keys and items as the first.
    pub(super) fn push(
        &mut self,
        values: impl IntoIterator<Item = Value>,
        keys: impl IntoIterator<Item = Value>,
        items: impl IntoIterator<Item = Item>,
    ) {
        let before = (self.values.len(), self.keys.len(), self.items.len());
        self.values.extend(values);
        self.keys.extend(keys);
        self.items.extend(items);
        self.end_row(before);
    }

    /// Where the lists end: what is added after it is a row once [`RowSet::end_row`] is called.
    pub(super) fn begin_row(&mut self) -> (&mut Vec<Value>, &mut Vec<Value>, &mut Vec<Item>) {
        (&mut self.values, &mut self.keys, &mut self.items)
    }

    /// The lists as long as they are.
    pub(super) fn lengths(&self) -> (usize, usize, usize) {
        (self.values.len(), self.keys.len(), self.items.len())
    }

    /// What was added since then is a row.
    pub(super) fn end_row(&mut self, before: (usize, usize, usize)) {
        let widths =
            (self.values.len() - before.0, self.keys.len() - before.1, self.items.len() - before.2);
        if self.order.is_empty() && before == (0, 0, 0) {
            self.widths = widths;
        }
        debug_assert_eq!(self.widths, widths, "rows of a set are of one width");
        self.order.push(self.count);
        self.count += 1;
        self.in_order = false;
    }

    /// The values and the keys of the rows from this one on, beside each other, while no row was put
    /// in another place.
    pub(super) fn values_from(&mut self, row: usize) -> (&mut [Value], &mut [Value]) {
        let (values, keys, _) = self.widths;
        let values = self.values.get_mut(row * values..).unwrap_or_default();
        (values, self.keys.get_mut(row * keys..).unwrap_or_default())
    }

    /// The values and the keys of one row, as in [`RowSet::values_from`].
    pub(super) fn values_of(&self, row: usize) -> (&[Value], &[Value]) {
        let of = |list: &'_ [Value], width: usize| row * width..((row + 1) * width).min(list.len());
        let (values, keys, _) = self.widths;
        let values = self.values.get(of(&self.values, values)).unwrap_or_default();
        (values, self.keys.get(of(&self.keys, keys)).unwrap_or_default())
    }

    /// Leaves out the rows from this one on, as in [`RowSet::values_from`].
    pub(super) fn cut(&mut self, row: usize) {
        let (values, keys, items) = self.widths;
        self.cancel_row((row * values, row * keys, row * items));
        self.order.truncate(row);
        self.count = u32::try_from(row).unwrap_or(u32::MAX);
    }

    /// Takes a row that was not ended away again.
    pub(super) fn cancel_row(&mut self, before: (usize, usize, usize)) {
        self.values.truncate(before.0);
        self.keys.truncate(before.1);
        self.items.truncate(before.2);
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub(super) fn clear(&mut self) {
        *self = RowSet::default();
    }

    fn at(&self, number: u32) -> Row<'_> {
        at(&self.values, &self.keys, &self.items, self.widths, number)
    }

    /// The row at a place in the order.
    pub(super) fn get(&self, place: usize) -> Option<Row<'_>> {
        self.order.get(place).map(|number| self.at(*number))
    }

    pub(super) fn first(&self) -> Option<Row<'_>> {
        self.get(0)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.order.iter().map(|number| self.at(*number))
    }

    /// All rows stand in the order of their values, and nothing else orders them.
    pub(super) fn set_in_order(&mut self) {
        self.in_order = true;
    }

    /// Is nothing left to sort?
    pub(super) fn is_in_order(&self) -> bool {
        self.in_order
    }

    /// Sorts; rows that are equal keep their order.
    pub(super) fn sort_by(&mut self, compare: impl Fn(Row<'_>, Row<'_>) -> Ordering) {
        let RowSet { widths, values, keys, items, order, .. } = self;
        let row = |number: &u32| at(values, keys, items, *widths, *number);
        if !order.is_sorted_by(|a, b| compare(row(a), row(b)).is_le()) {
            order.sort_by(|a, b| compare(row(a), row(b)));
        }
    }

    /// As [`RowSet::sort_by`], asking between two stretches of work whether to go on. Rows that were
    /// not sorted to the end stand in no order.
    pub(super) fn sort_by_asking<E>(
        &mut self,
        compare: impl Fn(Row<'_>, Row<'_>) -> Ordering,
        mut go_on: impl FnMut() -> Result<(), E>,
    ) -> Result<(), E> {
        let RowSet { widths, values, keys, items, order, .. } = self;
        let row = |number: &u32| at(values, keys, items, *widths, *number);
        let compare = |a: &u32, b: &u32| compare(row(a), row(b));
        if order.is_sorted_by(|a, b| compare(a, b).is_le()) {
            return Ok(());
        }
        let mut width = SORTED_AT_ONCE;
        for stretch in order.chunks_mut(width) {
            go_on()?;
            stretch.sort_by(compare);
        }
        // The standard sort finds the sorted runs and only merges them.
        while width < order.len() {
            width *= 2;
            for stretch in order.chunks_mut(width) {
                go_on()?;
                stretch.sort_by(compare);
            }
        }
        Ok(())
    }

    /// Leaves neighbours out that equal the one before them.
    pub(super) fn dedup_by(&mut self, equal: impl Fn(Row<'_>, Row<'_>) -> bool) {
        let RowSet { widths, values, keys, items, order, .. } = self;
        let row = |number: &u32| at(values, keys, items, *widths, *number);
        order.dedup_by(|a, b| equal(row(a), row(b)));
    }

    /// Of rows that are equal keeps the first, in the order as it is.
    pub(super) fn keep_first_by(&mut self, compare: impl Fn(Row<'_>, Row<'_>) -> Ordering) {
        let mut numbered: Vec<(usize, u32)> = self.order.iter().copied().enumerate().collect();
        let order = |a: &(usize, u32), b: &(usize, u32)| compare(self.at(a.1), self.at(b.1));
        numbered.sort_by(order);
        numbered.dedup_by(|a, b| order(a, b).is_eq());
        numbered.sort_unstable_by_key(|(place, _)| *place);
        self.order = numbered.into_iter().map(|(_, number)| number).collect();
    }

    /// Keeps the rows for which the test holds.
    pub(super) fn retain(&mut self, keep: impl Fn(Row<'_>) -> bool) {
        let RowSet { widths, values, keys, items, order, .. } = self;
        order.retain(|number| keep(at(values, keys, items, *widths, *number)));
    }

    /// Keeps so many rows after so many that are left out.
    pub(super) fn page(&mut self, skip: usize, limit: usize) {
        self.order.drain(..skip.min(self.order.len()));
        self.order.truncate(limit);
    }

    /// The rows without what they were ordered by on their side.
    pub(super) fn into_values_alone(mut self) -> RowSet {
        self.keys.clear();
        self.items.clear();
        self.widths = (self.widths.0, 0, 0);
        self
    }

    /// Appends the rows of another set, both with their values alone.
    pub(super) fn append(&mut self, mut other: RowSet) {
        if self.count == 0 {
            *self = other;
            return;
        }
        debug_assert!(other.count == 0 || self.widths == other.widths, "rows are of one width");
        self.values.append(&mut other.values);
        let first = self.count;
        self.order.extend(other.order.iter().map(|number| first.saturating_add(*number)));
        self.count = first.saturating_add(other.count);
        self.in_order = false;
    }

    /// Appends a row of one value for each node.
    pub(super) fn push_nodes(&mut self, nodes: &[NodeNo]) {
        if self.order.is_empty() {
            self.widths = (1, 0, 0);
        }
        self.values.extend(nodes.iter().map(|node| Value::Node(*node)));
        self.number_rows(nodes.len());
    }

    /// Appends a row of these nodes, and of one more, for each of the last.
    pub(super) fn push_behind(&mut self, first: &[NodeNo], last: &[NodeNo]) {
        if self.order.is_empty() {
            self.widths = (first.len() + 1, 0, 0);
        }
        for node in last {
            self.values.extend(first.iter().map(|node| Value::Node(*node)));
            put(&mut self.values, *node, Value::Node);
        }
        self.number_rows(last.len());
    }

    /// Makes rows of these values alone, which stand in their order, where there are none; gives the
    /// memory that its values had.
    pub(super) fn put_values(&mut self, width: usize, values: Vec<Value>) -> Vec<Value> {
        debug_assert!(self.is_empty(), "no rows are lost");
        self.empty();
        self.widths = (width, 0, 0);
        let before = std::mem::replace(&mut self.values, values);
        self.number_rows(self.values.len() / width.max(1));
        self.in_order = true;
        before
    }

    /// So many rows were added behind the others.
    fn number_rows(&mut self, rows: usize) {
        let behind = self.count.saturating_add(u32::try_from(rows).unwrap_or(u32::MAX));
        self.order.extend(self.count..behind);
        self.count = behind;
    }

    /// No rows any more; their memory is kept.
    pub(super) fn empty(&mut self) {
        (self.widths, self.count, self.in_order) = ((0, 0, 0), 0, false);
        self.values.clear();
        self.keys.clear();
        self.items.clear();
        self.order.clear();
    }

    /// How many values a row has; 0 where there is none.
    pub(super) fn width(&self) -> usize {
        self.widths.0
    }

    /// How many values its memory holds.
    pub(super) fn capacity(&self) -> usize {
        self.values.capacity() + self.keys.capacity() + self.items.capacity()
    }

    /// Puts the values of all rows in their order into an empty list; the memory of that list is
    /// taken in return, where that costs nothing.
    pub(super) fn move_values(&mut self, out: &mut Vec<Value>) {
        let width = self.widths.0;
        let is_whole = self.order.len() * width == self.values.len();
        if is_whole && self.order.is_sorted() {
            std::mem::swap(out, &mut self.values);
            return;
        }
        out.reserve(self.order.len() * width);
        for number in &self.order {
            let from = *number as usize * width;
            let row = self.values.get_mut(from..from + width).unwrap_or_default();
            out.extend(row.iter_mut().map(|value| std::mem::replace(value, Value::Absent)));
        }
    }

    /// The values of all rows in their order, and how many a row has.
    pub(super) fn into_values(mut self) -> (usize, Vec<Value>) {
        let mut out = Vec::new();
        self.move_values(&mut out);
        (self.widths.0, out)
    }
}

/// Appends a value that is written where it is to stay. One that is pushed is made on the stack and
/// copied as a whole as soon as it is there, which waits some nanoseconds (`benches/asking.rs`, q5 and
/// q7).
#[inline]
pub(super) fn put<T: Copy>(values: &mut Vec<Value>, of: T, as_value: impl Fn(T) -> Value) {
    values.extend(std::slice::from_ref(&of).iter().map(|of| as_value(*of)));
}

fn at<'r>(
    values: &'r [Value],
    keys: &'r [Value],
    items: &'r [Item],
    widths: (usize, usize, usize),
    number: u32,
) -> Row<'r> {
    let number = number as usize;
    Row {
        values: values.get(number * widths.0..(number + 1) * widths.0).unwrap_or_default(),
        keys: keys.get(number * widths.1..(number + 1) * widths.1).unwrap_or_default(),
        items: items.get(number * widths.2..(number + 1) * widths.2).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(rows: &RowSet) -> Vec<i64> {
        let number = |row: Row<'_>| match row.values.first() {
            Some(Value::Int(number)) => *number,
            _ => -1,
        };
        rows.iter().map(number).collect()
    }

    #[test]
    fn rows_are_sorted_thinned_and_paged_without_moving_values() {
        let mut rows = RowSet::default();
        for number in [3, 1, 2, 1] {
            rows.push([Value::Int(number), Value::Bool(true)], [Value::Int(-number)], []);
        }
        rows.sort_by(|a, b| a.values[0].order(&b.values[0]));
        assert_eq!(numbers(&rows), [1, 1, 2, 3]);
        rows.dedup_by(|a, b| a.values == b.values);
        rows.sort_by(|a, b| a.keys[0].order(&b.keys[0]));
        assert_eq!(numbers(&rows), [3, 2, 1]);
        rows.retain(|row| row.values[0] != Value::Int(2));
        assert_eq!(numbers(&rows), [3, 1]);
        rows.page(1, 5);
        let (width, values) = rows.into_values();
        assert_eq!((width, values), (2, vec![Value::Int(1), Value::Bool(true)]));
    }

    #[test]
    fn a_long_sort_is_that_of_one_go_and_can_be_ended() {
        let length = 5 * SORTED_AT_ONCE / 2;
        let mut rows = RowSet::default();
        for number in (0..).take(length) {
            rows.push([Value::Int(number)], [Value::Int(number * 7919 % 1000)], []);
        }
        let by_key = |a: Row<'_>, b: Row<'_>| a.keys[0].order(&b.keys[0]);
        let mut whole = rows.clone();
        whole.sort_by(by_key);
        let mut asked = 0;
        let mut counted = rows.clone();
        let ended: Result<(), ()> = counted.sort_by_asking(by_key, || {
            asked += 1;
            Ok(())
        });
        assert_eq!(ended, Ok(()));
        assert_eq!(counted.order, whole.order, "equal rows keep their order too");
        assert!(asked > 3, "{asked}");
        let mut looks = 0;
        let ended = rows.sort_by_asking(by_key, || {
            looks += 1;
            if looks > 2 { Err("stop") } else { Ok(()) }
        });
        assert_eq!((ended, looks), (Err("stop"), 3));
        assert_eq!(rows.len(), length, "no row is lost");
    }

    #[test]
    fn sets_are_put_behind_one_another_with_their_values_alone() {
        let set = |numbers: [i64; 3]| {
            let mut rows = RowSet::default();
            for number in numbers {
                rows.push([Value::Int(number)], [Value::Int(0)], [Item::Node(7)]);
            }
            rows.sort_by(|a, b| a.values[0].order(&b.values[0]));
            rows.retain(|row| row.values[0] != Value::Int(2));
            rows.into_values_alone()
        };
        let mut all = RowSet::default();
        all.append(set([3, 2, 1]));
        all.append(RowSet::default());
        all.append(set([2, 9, 4]));
        all.push([Value::Int(5)], [], []);
        assert_eq!(numbers(&all), [1, 3, 4, 9, 5]);
        assert!(all.iter().all(|row| row.keys.is_empty() && row.items.is_empty()));
        let (_, values) = all.into_values();
        assert_eq!(values, [1, 3, 4, 9, 5].map(Value::Int));
    }

    #[test]
    fn a_row_that_is_cancelled_leaves_nothing() {
        let mut rows = RowSet::default();
        rows.push([Value::Int(1)], [], []);
        let before = rows.lengths();
        rows.begin_row().0.push(Value::Int(2));
        rows.cancel_row(before);
        rows.push([Value::Int(3)], [], []);
        assert_eq!(numbers(&rows), [1, 3]);
        let (_, values) = rows.into_values();
        assert_eq!(values.len(), 2);
    }
}
