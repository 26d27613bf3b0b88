//! Writing a file of sections from its beginning to its end, with no section held whole.
//!
//! How long each section will be is known before; their bytes come in pieces, in any order between
//! sections and from first to last within one. The front of the file, with the checksums, is written
//! last. Until all is synced the file has another name (docs/format.md, section 14).

use super::BLOCK;
use super::file::{Tag, blocks_of, front, front_length};
use crate::error::Result;
use crate::head::Head;
use crate::index::IndexKind;
use crate::mapping::ALIGNMENT;
use crate::storage::Storage;

/// Bytes of a section that are written at once: whole blocks, and enough to make the calls few.
const PIECE: usize = 64 * BLOCK;

/// A section that will be written.
#[derive(Clone, Copy)]
pub(crate) struct Planned {
    pub(crate) tag: Tag,
    pub(crate) number: u16,
    /// A number that says how to read it.
    pub(crate) extra: u64,
    /// In bytes.
    pub(crate) length: usize,
}

/// A section and where it begins in the file.
pub(super) struct Place {
    pub(super) planned: Planned,
    pub(super) at: usize,
}

/// What was written of a section.
#[derive(Default)]
struct Written {
    bytes: usize,
    /// What waits until it fills a piece.
    waiting: Vec<u8>,
    crcs: Vec<u32>,
}

/// A file in the making. Dropping it removes what was written, which may have filled the disk.
pub(crate) struct Stream<'a> {
    storage: &'a dyn Storage,
    path: String,
    beside: String,
    what: (IndexKind, Head),
    places: Vec<Place>,
    written: Vec<Written>,
    /// Has it its name?
    is_named: bool,
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        if !self.is_named {
            // What stays is taken away by the next that writes what is derived.
            let _ = self.storage.remove(&self.beside);
        }
    }
}

impl<'a> Stream<'a> {
    /// Begins a file of sections, which ascend by tag and number.
    ///
    /// # Errors
    /// What the medium says.
    pub(crate) fn begin(
        storage: &'a dyn Storage,
        path: &str,
        what: (IndexKind, Head),
        sections: impl Iterator<Item = Planned>,
    ) -> Result<Stream<'a>> {
        let sections: Vec<Planned> = sections.collect();
        debug_assert!(sections.is_sorted_by_key(|planned| (planned.tag, planned.number)));
        let blocks = sections.iter().map(|planned| blocks_of(planned.length)).sum();
        let mut at = front_length(sections.len(), blocks);
        let mut places = Vec::with_capacity(sections.len());
        for planned in sections {
            at = at.next_multiple_of(ALIGNMENT);
            places.push(Place { planned, at });
            at += planned.length;
        }
        let beside = format!("{path}.tmp");
        storage.remove(&beside)?;
        let written = places.iter().map(|_| Written::default()).collect();
        let path = path.to_owned();
        Ok(Stream { storage, path, beside, what, places, written, is_named: false })
    }

    /// Adds bytes to a section, by its place in the list of sections.
    ///
    /// # Errors
    /// What the medium says.
    pub(crate) fn push(&mut self, section: usize, bytes: &[u8]) -> Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = &mut self.written[section];
            let room = PIECE - written.waiting.len();
            let (now, later) = rest.split_at(room.min(rest.len()));
            written.waiting.extend_from_slice(now);
            rest = later;
            if written.waiting.len() == PIECE {
                self.flush(section)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self, section: usize) -> Result<()> {
        let written = &mut self.written[section];
        if written.waiting.is_empty() {
            return Ok(());
        }
        written.crcs.extend(written.waiting.chunks(BLOCK).map(crc32c::crc32c));
        let at = self.places[section].at + written.bytes;
        self.storage.write_at(&self.beside, at as u64, &written.waiting)?;
        written.bytes += written.waiting.len();
        written.waiting.clear();
        Ok(())
    }

    /// Empty sections at the end have a place of their own, behind bytes that nothing else writes.
    fn fill_up(&self) -> Result<()> {
        let Some(last) = self.places.last().filter(|last| last.planned.length == 0) else {
            return Ok(());
        };
        let full = self.places.iter().rev().find(|place| place.planned.length > 0);
        let end = full.map_or(0, |place| place.at + place.planned.length);
        self.storage.write_at(&self.beside, end as u64, &vec![0; last.at - end])
    }

    /// Writes what is left and the front, and gives the file its name: whole and durable.
    ///
    /// # Errors
    /// What the medium says.
    pub(crate) fn finish(mut self) -> Result<()> {
        for section in 0..self.places.len() {
            self.flush(section)?;
            let (place, written) = (&self.places[section], &self.written[section]);
            assert_eq!(written.bytes, place.planned.length, "a section is as long as was planned");
        }
        self.fill_up()?;
        let crcs: Vec<u32> = self.written.iter().flat_map(|written| written.crcs.clone()).collect();
        self.storage.write_at(&self.beside, 0, &front(&self.what, &self.places, &crcs))?;
        self.storage.sync(&self.beside)?;
        self.storage.rename(&self.beside, &self.path)?;
        self.is_named = true;
        Ok(())
    }
}
