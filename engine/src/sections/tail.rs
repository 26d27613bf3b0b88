//! Two files of sections read as one: a base, and a tail that holds what is not as it is there.
//!
//! A section of the tail stands in the place of the base's. Lists that have an item for each node,
//! or for each head of one, go on in the tail instead: the number beside the section is the place of
//! its first item in the whole list, and what the base holds from there on counts no more
//! (docs/format.md, section 14).

use super::{Entry, Section, Sections, Tag};
use crate::mapping::Word;

/// Lists that go on in a tail.
const CONTINUED: [Tag; 11] = [
    Tag::NodeIds,
    Tag::KeyOffsets,
    Tag::KeyBytes,
    Tag::Flags,
    Tag::FirstCommits,
    Tag::LastCommits,
    Tag::RevisionCounts,
    Tag::HeadOffsets,
    Tag::HeadRevisions,
    Tag::HeadChains,
    Tag::HeadPlaces,
];

/// Items that stand at the end of the base's part and again at the beginning of the tail's: an
/// offset is read together with the next.
fn overlap(tag: Tag) -> usize {
    usize::from(matches!(tag, Tag::KeyOffsets | Tag::HeadOffsets))
}

/// A list of a base that goes on in a tail; none if they do not fit.
pub(super) fn continued<T: Word>(base: &Entry, tail: &Entry) -> Option<Section<T>> {
    let from = usize::try_from(tail.extra).ok()?;
    base.section::<T>()?.continued(from.checked_add(overlap(base.tag))?, from, tail.section()?)
}

impl Sections {
    /// Read as one with a tail.
    pub(crate) fn with_tail(&self, tail: &Sections) -> Sections {
        let mut all = self.clone();
        all.name.clone_from(&tail.name);
        for entry in &tail.entries {
            match all.place(entry.tag, entry.number) {
                Ok(at) if CONTINUED.contains(&entry.tag) => {
                    all.entries[at].behind = Some(Box::new(entry.clone()));
                }
                Ok(at) => all.entries[at] = entry.clone(),
                Err(at) => all.entries.insert(at, entry.clone()),
            }
        }
        all
    }

    /// Those that are not as they are in a base, to become its tail; an empty one for each that only
    /// the base has. Some are left out.
    pub(crate) fn other_than(
        &self,
        base: &Sections,
        is_left_out: impl Fn(Tag, u16) -> bool,
    ) -> Sections {
        let mut other = Sections::new(self.damage.clone());
        let wanted = |entry: &&Entry| !is_left_out(entry.tag, entry.number);
        for entry in self.entries.iter().filter(wanted) {
            let is_same =
                |of: &Entry| of.extra == entry.extra && of.bytes.as_ref() == entry.bytes.as_ref();
            if !base.entry(entry.tag, entry.number).is_some_and(is_same) {
                other.entries.push(entry.clone());
            }
        }
        for entry in base.entries.iter().filter(wanted) {
            if !self.holds(entry.tag, entry.number) {
                other.put::<u8>(entry.tag, entry.number, 0, &[]);
            }
        }
        other
    }

    /// Does a list of this tag go on in a tail?
    pub(crate) fn goes_on(tag: Tag) -> bool {
        CONTINUED.contains(&tag)
    }

    /// Tags and numbers, ascending.
    pub(crate) fn each(&self) -> impl Iterator<Item = (Tag, u16)> + '_ {
        self.entries.iter().map(|entry| (entry.tag, entry.number))
    }

    /// How many bytes all sections have.
    pub(crate) fn byte_len(&self) -> u64 {
        self.entries.iter().map(|entry| entry.bytes.len() as u64).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::damage::Damage;
    use crate::head::Head;
    use crate::index::IndexKind;
    use crate::storage::{MemoryStorage, Storage};
    use std::sync::Arc;

    /// Numbers of five nodes with offsets, as a file; and a tail from the third on.
    fn base_and_tail(storage: &MemoryStorage) -> (Sections, Sections) {
        let damage = Arc::new(Damage::default());
        let mut base = Sections::new(damage.clone());
        base.put(Tag::FirstCommits, 0, 0, &[10_u32, 11, 12, 13, 14]);
        base.put(Tag::KeyOffsets, 0, 0, &[0_u32, 2, 5, 6, 8, 9]);
        base.put(Tag::KeyBytes, 0, 0, b"aabbbcdde");
        base.put(Tag::Aliases, 0, 0, b"old");
        base.put(Tag::Codes, 3, 2, &[1_u16]);
        base.write(storage, "index/base", IndexKind::Graph, &Head::new([3; 16])).unwrap();
        let mut tail = Sections::new(damage);
        tail.put(Tag::FirstCommits, 0, 2, &[22_u32, 23, 24, 25]);
        tail.put(Tag::KeyOffsets, 0, 2, &[5_u32, 6, 9, 10, 10]);
        tail.put(Tag::KeyBytes, 0, 5, b"CDDDE");
        tail.put(Tag::Aliases, 0, 0, b"new");
        tail.put::<u8>(Tag::Codes, 3, 0, &[]);
        (open(storage), tail)
    }

    fn open(storage: &MemoryStorage) -> Sections {
        let bytes = storage.read("index/base").unwrap().unwrap();
        let damage = Arc::new(Damage::default());
        Sections::open("index/base", bytes, IndexKind::Graph, &damage).unwrap().1
    }

    #[test]
    fn lists_go_on_in_the_tail_and_other_sections_stand_in_place_of_the_bases() {
        let storage = MemoryStorage::new();
        let (base, tail) = base_and_tail(&storage);
        let all = base.with_tail(&tail);
        let commits = all.get::<u32>(Tag::FirstCommits, 0);
        let read: Vec<_> = (0..7).map(|at| commits.get(at)).collect();
        let expected = [Some(10), Some(11), Some(22), Some(23), Some(24), Some(25), None];
        assert_eq!((read.as_slice(), commits.whole_len()), (&expected[..], 6));
        assert_eq!(commits.range(2..4), Some(&[22, 23][..]));
        assert_eq!(commits.range(1..3), None, "nobody reads across");
        let (offsets, keys) = (all.get::<u32>(Tag::KeyOffsets, 0), all.get::<u8>(Tag::KeyBytes, 0));
        let key = |at: usize| {
            let ends = offsets.range(at..at + 2)?;
            keys.range(ends[0] as usize..ends[1] as usize)
        };
        let read: Vec<_> = (0..7).map(key).collect();
        let expected = [&b"aa"[..], b"bbb", b"C", b"DDD", b"E", b""];
        assert_eq!(read[..6], expected.map(Some));
        assert_eq!((read[6], offsets.whole_len(), keys.whole_len()), (None, 7, 10));
        assert_eq!(all.get::<u8>(Tag::Aliases, 0).all(), Some(&b"new"[..]));
        assert_eq!((all.extra(Tag::Codes, 3), all.get::<u16>(Tag::Codes, 3).len()), (0, 0));
        assert!(all.are_sound());
    }

    #[test]
    fn a_block_of_which_only_a_part_counts_is_checked_whole() {
        let storage = MemoryStorage::new();
        let (_, tail) = base_and_tail(&storage);
        let bytes = storage.read("index/base").unwrap().unwrap();
        let at = bytes.windows(4).position(|word| word == 14_u32.to_le_bytes()).unwrap();
        storage.damage("index/base", |bytes| bytes[at] ^= 1);
        let all = open(&storage).with_tail(&tail);
        let commits = all.get::<u32>(Tag::FirstCommits, 0);
        assert_eq!((commits.get(0), commits.get(2)), (None, Some(22)));
        assert!(all.damage().found().is_some() && !all.are_sound());
    }

    #[test]
    fn what_differs_from_a_base_is_put_behind_it_and_what_does_not_is_not() {
        let storage = MemoryStorage::new();
        let (base, _) = base_and_tail(&storage);
        let mut new = base.checked_copy().unwrap();
        assert_eq!(new.other_than(&base, |_, _| false).each().count(), 0);
        new.put(Tag::Aliases, 0, 0, b"newer");
        new.put(Tag::Codes, 3, 1, &[1_u16]);
        new.put(Tag::Unread, 0, 0, b"more");
        new.put(Tag::FirstCommits, 0, 0, &[1_u32]);
        let other = new.other_than(&base, |tag, _| Sections::goes_on(tag));
        let tags = [(Tag::Aliases, 0), (Tag::Codes, 3), (Tag::Unread, 0)];
        assert_eq!(other.each().collect::<Vec<_>>(), tags);
        let gone = Sections::new(Arc::default()).other_than(&base, |tag, _| tag != Tag::Aliases);
        assert_eq!((gone.each().collect::<Vec<_>>(), gone.byte_len()), (vec![tags[0]], 0));
    }
}
