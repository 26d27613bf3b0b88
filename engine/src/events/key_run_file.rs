//! Writing runs of event keys: from entries in memory, or merged from other runs.
//!
//! Nothing is held whole: entries come in ascending order and go out in pieces, and what was read
//! of a mapped run is given back to the system. So a merge takes some megabytes, whatever the size.

use super::KeyEntry;
use super::key_filter;
use super::key_run::{KeyRun, RunOf, fanout_bits};
use crate::error::{Error, Result};
use crate::head::Head;
use crate::index::IndexKind;
use crate::mapping::as_bytes;
use crate::sections::{Planned, Stream, Tag};
use crate::storage::Storage;
use std::ops::Range;

/// Entries that are handed on together.
const PIECE: usize = 8_192;
/// Entries of a run that are looked at before they are given back to the system: 1 MiB of them.
const KEPT: usize = 1 << 16;

/// The places of a run's sections in its file.
const WAYS: usize = 1;
const HASHES: usize = 2;
const ROWS: usize = 3;
const FILTER: usize = 4;

/// A run in the making.
pub(crate) struct KeyRunFile<'a> {
    stream: Stream<'a>,
    bits: u32,
    ways: Vec<u32>,
    count: u32,
    last: u64,
    hashes: Vec<u64>,
    rows: Vec<u64>,
    /// How many words the filter has, and how many of them are written.
    filter: (usize, usize),
    /// The block of the last hash.
    block: Vec<u64>,
}

impl<'a> KeyRunFile<'a> {
    /// Begins a run of so many entries.
    ///
    /// # Errors
    /// [`Error::Limit`] for 2^32 entries and more, or what the medium says.
    pub(crate) fn begin(
        storage: &'a dyn Storage,
        path: &str,
        store: &[u8; 16],
        of: RunOf,
        entries: usize,
    ) -> Result<KeyRunFile<'a>> {
        if u32::try_from(entries).is_err() {
            let what = "the number of values in one run of the index".to_owned();
            return Err(Error::Limit { what, found: entries as u64, limit: u32::MAX.into() });
        }
        let bits = fanout_bits(entries);
        let planned = |tag, extra: u64, length| Planned { tag, number: 0, extra, length };
        let sections = [
            planned(Tag::View, 0, size_of_val(&of.numbers())),
            planned(Tag::KeyWays, bits.into(), ((1 << bits) + 1) * size_of::<u32>()),
            planned(Tag::KeyHashes, 0, entries * size_of::<u64>()),
            planned(Tag::KeyRows, 0, entries * size_of::<u64>()),
            planned(Tag::KeyFilter, 0, key_filter::words_of(entries) * size_of::<u64>()),
        ];
        let head = Head { commit: of.commits.1, ..Head::new(*store) };
        let what = (IndexKind::Keys, head);
        let mut stream = Stream::begin(storage, path, what, sections.into_iter())?;
        stream.push(0, as_bytes(&of.numbers()))?;
        let ways = Vec::with_capacity((1 << bits) + 1);
        let (hashes, rows) = (Vec::with_capacity(PIECE), Vec::with_capacity(PIECE));
        let (filter, block) = ((key_filter::words_of(entries), 0), Vec::new());
        Ok(KeyRunFile { stream, bits, ways, count: 0, last: 0, hashes, rows, filter, block })
    }

    /// Adds an entry that is not below the one before: its hash, its batch and row in one.
    ///
    /// # Errors
    /// What the medium says.
    pub(crate) fn push(&mut self, hash: u64, row: u64) -> Result<()> {
        debug_assert!(hash >= self.last, "entries come in order");
        self.last = hash;
        let way = usize::try_from(hash >> (64 - self.bits)).unwrap_or(0);
        while self.ways.len() <= way {
            self.ways.push(self.count);
        }
        self.count += 1;
        self.filter(hash)?;
        self.hashes.push(hash);
        self.rows.push(row);
        if self.hashes.len() == PIECE { self.flush() } else { Ok(()) }
    }

    /// Adds a hash to the filter, whose blocks ascend with the hashes.
    fn filter(&mut self, hash: u64) -> Result<()> {
        let place = key_filter::block_of(self.filter.0, hash);
        if place.start != self.filter.1 || self.block.is_empty() {
            self.fill_filter(place.start)?;
            self.block.resize(place.len(), 0);
        }
        key_filter::add(&mut self.block, hash);
        Ok(())
    }

    /// Writes the block at hand, and empty ones up to a word.
    fn fill_filter(&mut self, upto: usize) -> Result<()> {
        self.stream.push(FILTER, as_bytes(&self.block))?;
        self.filter.1 += self.block.len();
        self.block.clear();
        let empty = vec![0_u64; upto - self.filter.1];
        self.filter.1 = upto;
        self.stream.push(FILTER, as_bytes(&empty))
    }

    fn flush(&mut self) -> Result<()> {
        self.stream.push(HASHES, as_bytes(&self.hashes))?;
        self.stream.push(ROWS, as_bytes(&self.rows))?;
        self.hashes.clear();
        self.rows.clear();
        Ok(())
    }

    /// Makes the file whole and durable.
    ///
    /// # Errors
    /// What the medium says.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.flush()?;
        self.fill_filter(self.filter.0)?;
        self.ways.resize((1 << self.bits) + 1, self.count);
        self.stream.push(WAYS, as_bytes(&self.ways))?;
        self.stream.finish()
    }
}

/// Where a merge stands in one of its runs.
struct Cursor<'r> {
    run: &'r KeyRun,
    hashes: &'r [u64],
    rows: &'r [u64],
    at: usize,
    /// Entries of the run up to the end of what is at hand.
    end: usize,
    /// Entries that were given back.
    forgotten: usize,
}

impl<'r> Cursor<'r> {
    fn new(run: &'r KeyRun) -> Result<Cursor<'r>> {
        let mut cursor = Cursor { run, hashes: &[], rows: &[], at: 0, end: 0, forgotten: 0 };
        cursor.load()?;
        Ok(cursor)
    }

    /// Takes the next stretch of the run; an empty one at its end.
    fn load(&mut self) -> Result<()> {
        if self.end - self.forgotten >= KEPT {
            self.run.forget(self.forgotten..self.end);
            self.forgotten = self.end;
        }
        let next: Range<usize> = self.end..self.run.len().min(self.end + PIECE);
        let Some((hashes, rows)) = self.run.stretch(next.clone()) else {
            // Damage must not get a new checksum: whoever merges leaves the runs as they are.
            let rule = || Error::corrupt("a run of the index", 0, "its entries can be read");
            return Err(self.run.damage().unwrap_or_else(rule));
        };
        (self.hashes, self.rows, self.at, self.end) = (hashes, rows, 0, next.end);
        Ok(())
    }

    fn entry(&self) -> Option<(u64, u64)> {
        self.hashes.get(self.at).copied().zip(self.rows.get(self.at).copied())
    }

    fn step(&mut self) -> Result<()> {
        self.at += 1;
        if self.at < self.hashes.len() { Ok(()) } else { self.load() }
    }
}

/// Writes a run with the entries of others.
///
/// # Errors
/// [`Error::Derived`] if one of them is damaged, or what the medium says; the file has no name then.
pub(crate) fn merge_runs(runs: &[KeyRun], mut file: KeyRunFile<'_>) -> Result<()> {
    let mut cursors = runs.iter().map(Cursor::new).collect::<Result<Vec<_>>>()?;
    // A handful of runs: a look at each is no more than a heap of so few would cost.
    loop {
        let next = cursors.iter().enumerate().filter_map(|(at, c)| Some((c.entry()?, at)));
        let Some(((hash, row), at)) = next.min() else { return file.finish() };
        file.push(hash, row)?;
        cursors[at].step()?;
    }
}

/// How many entries of a run are of rows that stay.
///
/// # Errors
/// [`Error::Derived`] if it is damaged.
pub(crate) fn count_kept(run: &KeyRun, stays: &dyn Fn(u64) -> bool) -> Result<usize> {
    let (mut cursor, mut kept) = (Cursor::new(run)?, 0);
    while let Some((_, row)) = cursor.entry() {
        kept += usize::from(stays(row));
        cursor.step()?;
    }
    Ok(kept)
}

/// Writes a run with the entries of another that are of rows that stay.
///
/// # Errors
/// As [`merge_runs`].
pub(crate) fn write_kept(
    run: &KeyRun,
    stays: &dyn Fn(u64) -> bool,
    mut file: KeyRunFile<'_>,
) -> Result<()> {
    let mut cursor = Cursor::new(run)?;
    while let Some((hash, row)) = cursor.entry() {
        if stays(row) {
            file.push(hash, row)?;
        }
        cursor.step()?;
    }
    file.finish()
}

/// Writes a run over entries, which ascend.
///
/// # Errors
/// What the medium says.
pub(crate) fn write_entries(entries: &[KeyEntry], mut file: KeyRunFile<'_>) -> Result<()> {
    entries.iter().try_for_each(|entry| file.push(entry.hash, entry.packed()))?;
    file.finish()
}
