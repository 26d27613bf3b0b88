//! Rows put in order by parts without a sort: each row goes to the part that it belongs to, and what
//! does not fit in memory goes to a file that nobody else sees and that vanishes with its owner.
//!
//! A database lists what runs said by table, not by run, and need not have an index by run. So its
//! tables are read once as they lie, and runs are put together part by part.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
#[cfg(not(unix))]
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// Bytes held before everything held goes to the file. A store of some ten thousand runs never
/// touches it.
const HELD_BYTES_MAX: usize = 48 << 20;

/// Rows by their parts.
pub(super) struct Spill {
    parts: Vec<Part>,
    held: usize,
    file: Option<Mutex<TemporaryFile>>,
    length: u64,
}

#[derive(Default)]
struct Part {
    held: Vec<u8>,
    /// Where its earlier rows are in the file: offset and length.
    spilled: Vec<(u64, usize)>,
}

impl Spill {
    /// No rows in so many parts.
    pub(super) fn new(parts: usize) -> Spill {
        let parts = (0..parts).map(|_| Part::default()).collect();
        Spill { parts, held: 0, file: None, length: 0 }
    }

    /// Adds a row to a part that there is.
    ///
    /// # Errors
    /// What the file system says.
    pub(super) fn add(&mut self, part: usize, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let Some(Part { held, .. }) = self.parts.get_mut(part) else { return Ok(()) };
        let before = held.len();
        write(held);
        self.held += held.len() - before;
        if self.held > HELD_BYTES_MAX { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => Mutex::new(TemporaryFile::create()?),
        };
        let opened = self.file.insert(file).get_mut().unwrap_or_else(PoisonError::into_inner);
        for part in self.parts.iter_mut().filter(|part| !part.held.is_empty()) {
            opened.file.write_all(&part.held)?;
            part.spilled.push((self.length, part.held.len()));
            self.length += part.held.len() as u64;
            // It will fill again about as far.
            part.held.clear();
        }
        self.held = 0;
        Ok(())
    }

    /// No more rows come. What is held beside a file goes there too, with the room that it took: rows
    /// are read until the last run is recorded.
    ///
    /// # Errors
    /// What the file system says.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        if self.file.is_some() {
            self.flush()?;
            self.parts.iter_mut().for_each(|part| part.held = Vec::new());
        }
        Ok(())
    }

    /// The rows of a part, in the order in which they were added.
    ///
    /// # Errors
    /// What the file system says.
    pub(super) fn read(&self, part: usize) -> io::Result<Vec<u8>> {
        let Some(Part { held, spilled }) = self.parts.get(part) else { return Ok(Vec::new()) };
        let length = spilled.iter().map(|(_, length)| length).sum::<usize>();
        let mut bytes = vec![0; length];
        if let Some(file) = &self.file {
            let file = &mut file.lock().unwrap_or_else(PoisonError::into_inner).file;
            let mut rest = bytes.as_mut_slice();
            for (offset, length) in spilled {
                let (chunk, behind) = rest.split_at_mut(*length);
                file.seek(SeekFrom::Start(*offset))?;
                file.read_exact(chunk)?;
                rest = behind;
            }
        }
        bytes.extend_from_slice(held);
        Ok(bytes)
    }
}

/// A file of our own that goes with its owner: it holds what the store holds.
pub(super) struct TemporaryFile {
    pub(super) file: File,
    #[cfg(not(unix))]
    path: PathBuf,
}

impl TemporaryFile {
    /// Makes one.
    ///
    /// # Errors
    /// What the file system says.
    pub(super) fn create() -> io::Result<TemporaryFile> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("lineal-rows-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let mut options = OpenOptions::new();
            options.read(true).write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.open(&path) {
                Ok(file) => {
                    // Without a name it goes with the process, also where that is killed.
                    #[cfg(unix)]
                    fs::remove_file(&path)?;
                    return Ok(TemporaryFile {
                        file,
                        #[cfg(not(unix))]
                        path,
                    });
                }
                // Left by a process of the same number that died, or laid there: never reused.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(not(unix))]
impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // What stays behind can be read by its owner alone; nothing to do.
        let _ = fs::remove_file(&self.path);
    }
}

/// Appends a whole number, seven bits a byte: most are small.
pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// Appends a whole number with a sign: numbers near 0 are short.
pub(super) fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_number(out, (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned());
}

/// Appends a text.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Reads rows back; none where they do not read, as after damage to the file.
pub(super) struct Rows<'a>(pub(super) &'a [u8]);

impl<'a> Rows<'a> {
    /// A byte.
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A whole number.
    pub(super) fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
            shift += 7;
        }
    }

    /// A place in a list.
    pub(super) fn place(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    /// A whole number with a sign.
    pub(super) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// Eight bytes of a float.
    pub(super) fn float(&mut self) -> Option<f64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(f64::from_le_bytes(*bytes))
    }

    /// A text.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.place()?;
        self.text_of(length)
    }

    /// A text of so many bytes.
    pub(super) fn text_of(&mut self, length: usize) -> Option<&'a str> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_by_part_in_their_order_whether_in_memory_or_not() {
        for long in [1, HELD_BYTES_MAX / 100] {
            let mut spill = Spill::new(3);
            let text = "x".repeat(long);
            for row in 0..300_u64 {
                let write = |out: &mut Vec<u8>| {
                    put_number(out, row);
                    put_text(out, &text);
                };
                spill.add(usize::try_from(row % 3).unwrap(), write).unwrap();
            }
            assert_eq!(spill.file.is_some(), long > 1);
            spill.settle().unwrap();
            assert_eq!(spill.parts.iter().all(|part| part.held.capacity() == 0), long > 1);
            for part in 0..3 {
                let bytes = spill.read(part).unwrap();
                let mut rows = Rows(&bytes);
                for row in (part as u64..300).step_by(3) {
                    assert_eq!(rows.number(), Some(row));
                    assert_eq!(rows.text(), Some(text.as_str()));
                }
                assert_eq!(rows.byte(), None);
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_has_no_name_that_a_killed_process_could_leave_behind() {
        use std::os::unix::fs::MetadataExt;
        let mut made = TemporaryFile::create().unwrap();
        made.file.write_all(b"held").unwrap();
        assert_eq!(made.file.metadata().unwrap().nlink(), 0);
        made.file.rewind().unwrap();
        assert_eq!(io::read_to_string(&made.file).unwrap(), "held");
    }

    #[test]
    fn numbers_read_back() {
        for number in [0, 1, -1, 63, -64, 64, i64::MAX, i64::MIN] {
            let mut bytes = Vec::new();
            put_signed(&mut bytes, number);
            put_number(&mut bytes, number.cast_unsigned());
            let mut rows = Rows(&bytes);
            assert_eq!(rows.signed(), Some(number));
            assert_eq!(rows.number(), Some(number.cast_unsigned()));
        }
        assert_eq!(Rows(&[0x80; 12]).number(), None);
    }
}
