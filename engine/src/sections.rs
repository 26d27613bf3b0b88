//! Index files that are read in place: sections of plain numbers behind a directory, checked where
//! they are first touched.
//!
//! Opening reads the header and the directory, whatever the file's size. A section is cut into
//! blocks of 16 KiB with a checksum each; a block is checked when something in it is read for the
//! first time, and that it was is remembered. What is damaged counts as nothing and is noted
//! (`damage.rs`). The same sections made in memory need no check (docs/format.md, section 14).

mod file;
mod section;
mod shelf;
mod stream;
mod tail;

pub(crate) use file::{Tag, check};
pub(crate) use section::{Section, share};
pub(crate) use shelf::{Shelf, Shelved};
pub(crate) use stream::{Planned, Stream};

use crate::damage::Damage;
use crate::error::Result;
use crate::head::Head;
use crate::index::IndexKind;
use crate::mapping::{Bytes, Word, Words};
use crate::storage::Storage;
use section::Blocks;
use std::sync::Arc;

/// Bytes with one checksum: few enough to check in two microseconds, since the first question of a
/// process touches some sixty blocks (`query/examples/first_question.rs`), and enough to keep the list
/// of checksums, which is read at every opening, at a four-thousandth of the file.
pub(crate) const BLOCK: usize = 16 << 10;

/// Sections of a file, or made in memory, or of a file and its tail.
#[derive(Clone)]
pub(crate) struct Sections {
    /// Ascending by tag and number.
    entries: Vec<Entry>,
    damage: Arc<Damage>,
    name: String,
    /// Where long ones are laid aside that are made here.
    shelf: Shelf,
}

/// One section.
#[derive(Clone)]
struct Entry {
    tag: Tag,
    /// Which of those of its tag.
    number: u16,
    /// A number that says how to read it.
    extra: u64,
    bytes: Bytes,
    /// Its first byte in the file, and its first block among the file's.
    at: u64,
    first_block: usize,
    /// The blocks of its file; none for a section made here.
    blocks: Option<Arc<Blocks>>,
    /// Where the list goes on, in a tail.
    behind: Option<Box<Entry>>,
}

impl Entry {
    /// What stands here alone; none if these are not whole numbers.
    fn section<T: Word>(&self) -> Option<Section<T>> {
        let checks = self.blocks.as_ref().map(|blocks| (self.at, self.first_block, blocks));
        Section::new(&self.bytes, checks)
    }
}

impl Sections {
    /// None yet, to be made in memory.
    pub(crate) fn new(damage: Arc<Damage>) -> Sections {
        Sections::on(Shelf::default(), damage)
    }

    /// None yet, to be made; long ones are laid aside.
    pub(crate) fn on(shelf: Shelf, damage: Arc<Damage>) -> Sections {
        let name = "a view in memory".to_owned();
        Sections { entries: Vec::new(), damage, name, shelf }
    }

    /// Opens a file: its header and directory are checked, nothing else is looked at.
    pub(crate) fn open(
        path: &str,
        bytes: Bytes,
        kind: IndexKind,
        damage: &Arc<Damage>,
    ) -> Result<(Head, Sections)> {
        file::open(path, bytes, kind, damage)
    }

    /// Adds a section, or puts another in its place.
    pub(crate) fn put<T: Word>(&mut self, tag: Tag, number: u16, extra: u64, words: &[T]) {
        self.put_bytes(tag, number, extra, Bytes::words(words));
    }

    /// The same of a list that nobody else needs: it is not copied.
    pub(crate) fn put_all<T: Word>(&mut self, tag: Tag, number: u16, extra: u64, words: Vec<T>) {
        let list = self.shelf.lay(words);
        self.put_words(tag, number, extra, list);
    }

    /// A list to become one of them, laid aside as it grows.
    pub(crate) fn list<T: Word>(&self) -> Shelved<T> {
        self.shelf.list()
    }

    /// Adds such a list.
    ///
    /// # Errors
    /// What the medium said when the list was laid aside.
    pub(crate) fn put_list<T: Word>(
        &mut self,
        tag: Tag,
        number: u16,
        extra: u64,
        list: Shelved<T>,
    ) -> Result<()> {
        self.put_bytes(tag, number, extra, list.into_bytes()?);
        Ok(())
    }

    /// The same of such a list that was read.
    pub(crate) fn put_words<T: Word>(&mut self, tag: Tag, number: u16, extra: u64, list: Words<T>) {
        self.put_bytes(tag, number, extra, list.into_bytes());
    }

    fn put_bytes(&mut self, tag: Tag, number: u16, extra: u64, bytes: Bytes) {
        let (at, first_block, blocks, behind) = (0, 0, None, None);
        let entry = Entry { tag, number, extra, bytes, at, first_block, blocks, behind };
        match self.place(tag, number) {
            Ok(at) => self.entries[at] = entry,
            Err(at) => self.entries.insert(at, entry),
        }
    }

    fn place(&self, tag: Tag, number: u16) -> std::result::Result<usize, usize> {
        self.entries.binary_search_by_key(&(tag, number), |entry| (entry.tag, entry.number))
    }

    fn entry(&self, tag: Tag, number: u16) -> Option<&Entry> {
        self.place(tag, number).ok().and_then(|at| self.entries.get(at))
    }

    /// Is there such a section, be it empty?
    pub(crate) fn holds(&self, tag: Tag, number: u16) -> bool {
        self.entry(tag, number).is_some()
    }

    /// The number beside a section; 0 where there is none.
    pub(crate) fn extra(&self, tag: Tag, number: u16) -> u64 {
        self.entry(tag, number).map_or(0, |entry| entry.extra)
    }

    /// A section; an empty one where there is none.
    pub(crate) fn get<T: Word>(&self, tag: Tag, number: u16) -> Section<T> {
        let Some(entry) = self.entry(tag, number) else { return Section::empty() };
        let section = match &entry.behind {
            None => entry.section(),
            Some(behind) => tail::continued(entry, behind),
        };
        section.unwrap_or_else(|| {
            self.damage.note(&self.name, entry.at, "a section holds whole numbers");
            Section::empty()
        })
    }

    /// A section of numbers that lead to something: each is below a bound.
    pub(crate) fn below(&self, tag: Tag, number: u16, bound: usize) -> Section<u32> {
        let mut section = self.get::<u32>(tag, number);
        section.set_bound(bound);
        section
    }

    /// Notes that sections do not fit one another.
    #[cold]
    pub(crate) fn misfit(&self, rule: &str) {
        self.damage.note(&self.name, 0, rule);
    }

    pub(crate) fn damage(&self) -> &Arc<Damage> {
        &self.damage
    }

    /// The same sections, to be added to; each was read whole.
    ///
    /// # Errors
    /// The damage that was found: a file with new checksums would hide it.
    pub(crate) fn checked_copy(&self) -> Result<Sections> {
        if !self.are_sound() {
            self.damage.found().map_or(Ok(()), Err)?;
        }
        let mut copy = self.clone();
        copy.entries.iter_mut().for_each(|entry| entry.blocks = None);
        Ok(copy)
    }

    /// Are all of them sound? Reads them whole.
    pub(crate) fn are_sound(&self) -> bool {
        let is_sound = |entry: &Entry| entry.section::<u8>().is_some_and(|s| s.all().is_some());
        let behind = |entry: &Entry| entry.behind.as_deref().is_none_or(is_sound);
        self.entries.iter().all(|entry| is_sound(entry) && behind(entry))
    }

    /// Writes them as a file, whole and durable or not at all.
    pub(crate) fn write(
        &self,
        storage: &dyn Storage,
        path: &str,
        kind: IndexKind,
        head: &Head,
    ) -> Result<()> {
        file::write(self, storage, path, kind, head)
    }
}
