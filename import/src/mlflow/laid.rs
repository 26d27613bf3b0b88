//! Bytes that are written one behind another and then read anywhere: what names the rows of a store,
//! a hundred bytes each and asked for until its last run is made. What is more than some megabytes
//! goes to a temporary file, which is mapped when it is whole: its pages are the system's to take back.

use super::spill::TemporaryFile;
use lineal_engine::mapping::Bytes;
use std::io::{self, Write};
use std::ops::Range;

/// Bytes in memory before they go to the file.
const HELD_BYTES_MAX: usize = 8 << 20;

/// Bytes that are still written.
#[derive(Default)]
pub(super) struct Growing {
    file: Option<TemporaryFile>,
    /// How many bytes of the file count.
    filed: u64,
    /// The file takes no more: what comes stays in memory.
    is_full: bool,
    held: Vec<u8>,
}

impl Growing {
    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        self.filed + self.held.len() as u64
    }

    /// Adds what is written; it is read as a whole, or a part of it.
    pub(super) fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.held);
        if self.held.len() > HELD_BYTES_MAX && !self.is_full {
            self.is_full = self.lay_aside().is_err();
        }
    }

    /// Writes what is held behind what is in the file. After an error all of it is still held.
    fn lay_aside(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(TemporaryFile::create()?),
        };
        file.file.write_all(&self.held)?;
        self.filed += self.held.len() as u64;
        self.held.clear();
        Ok(())
    }

    /// All of them, to be read.
    ///
    /// # Errors
    /// What the file system says of the file.
    pub(super) fn finish(mut self) -> io::Result<Laid> {
        if self.file.is_some() && !self.is_full {
            self.is_full = self.lay_aside().is_err();
        }
        self.held.shrink_to_fit();
        let mapped = self.file.as_ref().map(|file| Bytes::map(&file.file)).transpose()?;
        let filed = usize::try_from(self.filed).map_err(io::Error::other)?;
        let _file = self.file;
        Ok(Laid { mapped, _file, filed, held: self.held })
    }
}

/// Bytes that are whole.
#[derive(Default)]
pub(super) struct Laid {
    mapped: Option<Bytes>,
    /// Goes with the map: elsewhere than on Unix it has a name.
    _file: Option<TemporaryFile>,
    /// How many bytes of the map count; what is held stands behind these.
    filed: usize,
    held: Vec<u8>,
}

impl Laid {
    /// All that can be read from a place on; what was added together stands in it whole.
    pub(super) fn from(&self, at: u64) -> &[u8] {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let found = match at.checked_sub(self.filed) {
            Some(at) => self.held.get(at..),
            None => self.mapped.as_ref().and_then(|bytes| bytes.get(at..self.filed)),
        };
        found.unwrap_or_default()
    }

    /// What was added together, or a part of it; nothing where there is none.
    pub(super) fn get(&self, range: Range<u64>) -> &[u8] {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let (from, to) = (place(range.start), place(range.end));
        let found = match from.checked_sub(self.filed) {
            Some(from) => self.held.get(from..to.saturating_sub(self.filed)),
            None => self.mapped.as_ref().and_then(|bytes| bytes.get(from..to)),
        };
        found.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_back_wherever_they_are_however_many_are_laid_aside() {
        for count in [3_u32, 900_000] {
            let (mut growing, mut ends) = (Growing::default(), vec![0]);
            let text = |number: u32| format!("what stands at {number}");
            for number in 0..count {
                growing.add(|out| out.extend_from_slice(text(number).as_bytes()));
                ends.push(growing.len());
            }
            let laid_aside = growing.filed > 0;
            assert_eq!(laid_aside, count > 3);
            let laid = growing.finish().unwrap();
            assert!(!laid_aside || laid.held.is_empty());
            for (number, range) in (0..).zip(ends.windows(2)).step_by(7) {
                assert_eq!(laid.get(range[0]..range[1]), text(number).as_bytes());
                assert!(laid.from(range[0]).starts_with(text(number).as_bytes()));
            }
            let end = ends[count as usize];
            assert_eq!(laid.get(end..end + 1), b"");
        }
    }

    #[test]
    fn what_the_file_does_not_take_stays_in_memory_and_reads_as_well() {
        let mut growing = Growing::default();
        let block = vec![7; HELD_BYTES_MAX + 1];
        growing.add(|out| out.extend_from_slice(&block));
        growing.is_full = true;
        growing.add(|out| out.extend_from_slice(&block));
        growing.add(|out| out.push(9));
        let end = growing.len();
        let laid = growing.finish().unwrap();
        assert_eq!((laid.filed, laid.held.len()), (block.len(), block.len() + 1));
        assert_eq!((laid.get(end - 1..end), laid.from(end - 1)), (&[9][..], &[9][..]));
        assert_eq!(laid.get(0..block.len() as u64), block);
    }
}
