//! Which number has an id: a hash table of numbers alone, as the ids stand in lists of their own.

use crate::sections::Section;
use lineal_proof::Hash;

/// Slots of a table that has any.
const SLOTS_MIN: usize = 16;

/// Numbers of what a file holds, and of what came since.
#[derive(Default)]
pub(crate) struct Table {
    base: Slots<Section<u32>>,
    tail: Slots<Vec<u32>>,
    held: usize,
}

/// A power of two of numbers from 1, 0 where nothing stands: each at the place that its id names or
/// at the next that was free.
#[derive(Default)]
struct Slots<T>(T);

/// The place that an id names. An id is a hash already.
fn place(id: &Hash, slots: usize) -> usize {
    let head = id.0.first_chunk().map_or(0, |head| u64::from_le_bytes(*head));
    usize::try_from(head & (slots as u64 - 1)).unwrap_or(0)
}

fn find_in(
    slots: usize,
    get: impl Fn(usize) -> Option<u32>,
    id: &Hash,
    is_it: impl Fn(u32) -> bool,
) -> Option<u32> {
    if slots == 0 {
        return None;
    }
    let start = place(id, slots);
    // A table of a file may be full of anything: once round is enough.
    for step in 0..slots {
        let number = get((start + step) & (slots - 1))?.checked_sub(1)?;
        if is_it(number) {
            return Some(number);
        }
    }
    None
}

impl Table {
    /// A table that goes on from a file's; none if that is no power of two.
    pub(crate) fn new(base: Section<u32>) -> Option<Table> {
        let fits = base.len() == 0 || base.len().is_power_of_two();
        fits.then(|| Table { base: Slots(base), ..Table::default() })
    }

    /// The number of an id, the last that was added if there are several.
    pub(crate) fn find(&self, id: &Hash, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let (base, tail) = (&self.base.0, &self.tail.0);
        find(tail, id, &is_it).or_else(|| find_in(base.len(), |at| base.get(at), id, &is_it))
    }

    /// Adds a number.
    pub(crate) fn add(&mut self, number: u32, id_of: impl Fn(u32) -> Hash) {
        // Two thirds full at most.
        if (self.held + 1) * 3 > self.tail.0.len() * 2 {
            let more = (self.tail.0.len() * 2).max(SLOTS_MIN);
            let old = std::mem::replace(&mut self.tail.0, vec![0; more]);
            for slot in old.into_iter().filter(|slot| *slot > 0) {
                put(&mut self.tail.0, slot - 1, &id_of);
            }
        }
        self.held += usize::from(put(&mut self.tail.0, number, &id_of));
    }
}

/// The slots of one table of all numbers, from 0 to a length.
pub(crate) fn of_all(length: u32, id_of: impl Fn(u32) -> Hash) -> Vec<u32> {
    let slots = (length as usize * 3).div_ceil(2).next_power_of_two().max(SLOTS_MIN);
    let mut table = vec![0; slots];
    for number in 0..length {
        put(&mut table, number, &id_of);
    }
    table
}

/// The number of an id in such a table.
pub(crate) fn find(slots: &[u32], id: &Hash, is_it: impl Fn(u32) -> bool) -> Option<u32> {
    find_in(slots.len(), |at| slots.get(at).copied(), id, is_it)
}

/// Puts a number where it belongs, in the place of another of the same id. Says whether it took a
/// new one. There is room.
fn put(slots: &mut [u32], number: u32, id_of: &impl Fn(u32) -> Hash) -> bool {
    let id = id_of(number);
    let mut at = place(&id, slots.len());
    while let Some(before) = slots[at].checked_sub(1) {
        if id_of(before) == id {
            slots[at] = number + 1;
            return false;
        }
        at = (at + 1) & (slots.len() - 1);
    }
    slots[at] = number + 1;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_by_its_id_and_the_last_of_one_id_counts() {
        let ids: Vec<Hash> = (0..1_000_u32).map(|at| Hash::of(&(at % 900).to_le_bytes())).collect();
        let id_of = |number: u32| ids[number as usize];
        let mut table = Table::default();
        (0..1_000).for_each(|number| table.add(number, id_of));
        let find = |id: &Hash| table.find(id, |number| id_of(number) == *id);
        assert_eq!(
            (find(&ids[5]), find(&ids[905]), find(&ids[500])),
            (Some(905), Some(905), Some(500))
        );
        assert_eq!(find(&Hash::of(b"another")), None);
        let all = of_all(1_000, id_of);
        let of_file = |id: &Hash| super::find(&all, id, |number| id_of(number) == *id);
        assert!(ids.iter().all(|id| of_file(id) == find(id)));
        let full = [1; 16];
        assert_eq!(super::find(&full, &ids[0], |_| false), None);
    }
}
