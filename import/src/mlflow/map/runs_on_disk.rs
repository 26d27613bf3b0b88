//! Packed records in sorted runs of a temporary file, and their merge: what a store says beside its
//! runs need not fit in memory.

use crate::mlflow::spill::TemporaryFile;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Bytes that are read of a run at once: a run is some 48 MiB, so a merge of a hundred holds 25 MiB.
const READ_AT_ONCE: usize = 256 << 10;
/// Bytes that are written at once.
const WRITTEN_AT_ONCE: usize = 1 << 20;
/// Before each record: the lengths of its key and of all.
const HEAD: usize = 8;

/// Sorted runs, one behind another.
pub(super) struct DiskRuns {
    file: TemporaryFile,
    /// Where each ends.
    ends: Vec<u64>,
}

impl DiskRuns {
    pub(super) fn create() -> io::Result<DiskRuns> {
        Ok(DiskRuns { file: TemporaryFile::create()?, ends: Vec::new() })
    }

    /// Writes a run of records, which ascend, each with the length of its key. After an error the
    /// run counts as not written.
    pub(super) fn add<'r>(
        &mut self,
        records: impl Iterator<Item = (&'r [u8], u32)>,
    ) -> io::Result<()> {
        let mut end = self.ends.last().copied().unwrap_or(0);
        self.file.file.seek(SeekFrom::Start(end))?;
        let mut waiting: Vec<u8> = Vec::with_capacity(WRITTEN_AT_ONCE);
        for (record, key) in records {
            if waiting.len() + HEAD + record.len() > WRITTEN_AT_ONCE {
                self.file.file.write_all(&waiting)?;
                end += waiting.len() as u64;
                waiting.clear();
            }
            let all = u32::try_from(record.len()).map_err(io::Error::other)?;
            waiting.extend_from_slice(&key.to_le_bytes());
            waiting.extend_from_slice(&all.to_le_bytes());
            waiting.extend_from_slice(record);
        }
        self.file.file.write_all(&waiting)?;
        self.ends.push(end + waiting.len() as u64);
        Ok(())
    }

    /// All runs as one.
    pub(super) fn merge(self) -> io::Result<Merge> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let readers = starts.zip(&self.ends).map(|(next, end)| Reader {
            next,
            end: *end,
            buffer: Vec::new(),
            at: 0,
        });
        let mut merge = Merge { readers: readers.collect(), file: self.file, first: None };
        for number in 0..merge.readers.len() {
            merge.readers[number].fill(&mut merge.file)?;
        }
        merge.find_first();
        Ok(merge)
    }
}

/// Records of all runs, ascending; what several say alike comes once.
pub(super) struct Merge {
    file: TemporaryFile,
    readers: Vec<Reader>,
    /// The run whose next record is the first of all.
    first: Option<usize>,
}

/// A run that is read.
struct Reader {
    /// The first byte that was not read yet, and the first behind the run.
    next: u64,
    end: u64,
    buffer: Vec<u8>,
    /// Where the next record begins in the buffer.
    at: usize,
}

impl Reader {
    /// The lengths of the next record's key and of all of it, if they are in the buffer.
    fn lengths(&self) -> Option<(usize, usize)> {
        let (head, _) = self.buffer.get(self.at..)?.split_first_chunk::<HEAD>()?;
        let [a, b, c, d, e, f, g, h] = *head;
        let (key, all) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        Some((key as usize, all as usize))
    }

    /// The next record, with the length of its key.
    fn record(&self) -> Option<(&[u8], usize)> {
        let (key, all) = self.lengths()?;
        let from = self.at + HEAD;
        Some((self.buffer.get(from..from + all)?, key))
    }

    /// Reads on until the next record is whole, or the run ends.
    fn fill(&mut self, file: &mut TemporaryFile) -> io::Result<()> {
        while self.record().is_none() && self.next < self.end {
            self.buffer.drain(..std::mem::take(&mut self.at));
            let left = usize::try_from(self.end - self.next).unwrap_or(usize::MAX);
            let before = self.buffer.len();
            self.buffer.resize(before + left.min(READ_AT_ONCE), 0);
            file.file.seek(SeekFrom::Start(self.next))?;
            file.file.read_exact(&mut self.buffer[before..])?;
            self.next += (self.buffer.len() - before) as u64;
        }
        Ok(())
    }

    fn pass(&mut self, file: &mut TemporaryFile) -> io::Result<()> {
        if let Some((_, all)) = self.lengths() {
            self.at += HEAD + all;
        }
        self.fill(file)
    }
}

impl Merge {
    fn find_first(&mut self) {
        let next =
            (0..self.readers.len()).filter_map(|at| Some((self.readers[at].record()?.0, at)));
        self.first = next.min().map(|(_, at)| at);
    }

    /// The next record, with the length of its key.
    pub(super) fn next(&self) -> Option<(&[u8], usize)> {
        self.readers.get(self.first?)?.record()
    }

    /// Passes over the next record, in every run that has it.
    pub(super) fn pass(&mut self) -> io::Result<()> {
        let Some((record, _)) = self.next() else { return Ok(()) };
        let record = record.to_vec();
        for reader in &mut self.readers {
            if reader.record().is_some_and(|(other, _)| other == record.as_slice()) {
                reader.pass(&mut self.file)?;
            }
        }
        self.find_first();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_come_back_as_one_in_order_and_what_is_equal_once() {
        let mut runs = DiskRuns::create().unwrap();
        let record = |number: usize| {
            // Some longer than what is read at once.
            let mut bytes = format!("{number:06}").into_bytes();
            bytes.resize(if number.is_multiple_of(500) { READ_AT_ONCE * 2 } else { 40 }, b'x');
            bytes
        };
        for step in [2, 3, 5] {
            let own: Vec<Vec<u8>> = (0..1_000).step_by(step).map(record).collect();
            runs.add(own.iter().map(|record| (record.as_slice(), 6))).unwrap();
        }
        let mut merge = runs.merge().unwrap();
        let is_there = |number: &usize| [2, 3, 5].iter().any(|step| number.is_multiple_of(*step));
        for number in (0..1_000).filter(is_there) {
            assert!(merge.next() == Some((record(number).as_slice(), 6)), "{number}");
            merge.pass().unwrap();
        }
        assert!(merge.next().is_none());
    }
}
