//! The list of datasets of a store, whose rows may say the same again and again.
//!
//! A store lists a dataset once for each experiment that uses it, in the same words. Rows that say
//! the same are held once, packed: of a store with many experiments they were most of what an import
//! held. What is more than some megabytes goes to a temporary file, and is read again row by row.

use super::spill::TemporaryFile;
use super::store::Dataset;
use std::collections::HashMap;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Bytes of packed rows in memory before they go to the file.
const HELD_BYTES_MAX: usize = 16 << 20;
/// Bytes that are read of the file at once; a row may be longer.
const READ_AT_ONCE: usize = 1 << 20;

/// A list of datasets. A row is named by its place: 0 for the first that was added.
#[derive(Default)]
pub(super) struct DatasetList {
    /// What rows say, each once, in the order of reading: the first of them, packed.
    file: Option<TemporaryFile>,
    /// How many bytes of the file count.
    filed: u64,
    /// The file takes no more: what comes stays in memory.
    is_full: bool,
    /// The rest of them.
    held: Vec<u8>,
    distinct: u32,
    /// For each row, which of these it is.
    rows: Vec<u32>,
    /// The start of the hash of each of these.
    known: HashMap<[u8; 16], u32>,
}

impl DatasetList {
    /// Adds a row. Of rows that say the same the file of the first is kept. Returns its place.
    pub(super) fn add(&mut self, row: &Dataset) -> usize {
        let next = self.distinct;
        let distinct = *self.known.entry(start_of_hash(row)).or_insert(next);
        if distinct == next {
            self.distinct = next.checked_add(1).expect("fewer than 4 Gi data sets are listed");
            put(&mut self.held, row);
            if self.held.len() > HELD_BYTES_MAX && !self.is_full {
                self.is_full = self.lay_aside().is_err();
            }
        }
        self.rows.push(distinct);
        self.rows.len() - 1
    }

    /// Writes what is held behind what is in the file. After an error all of it is still held.
    fn lay_aside(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(TemporaryFile::create()?),
        };
        file.file.seek(SeekFrom::Start(self.filed))?;
        file.file.write_all(&self.held)?;
        self.filed += self.held.len() as u64;
        self.held.clear();
        Ok(())
    }

    /// How many rows were added.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many of them say something new.
    pub(super) fn distinct_len(&self) -> usize {
        self.distinct as usize
    }

    /// What rows say, each once, in the order of reading.
    ///
    /// # Errors
    /// What the file system says of what was laid aside.
    pub(super) fn distinct(&self) -> Distinct<'_> {
        Distinct { list: self, read: 0, buffer: Vec::new(), at: 0 }
    }

    /// For each row its place in [`DatasetList::distinct`].
    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }
}

/// Goes through what rows say.
pub(super) struct Distinct<'a> {
    list: &'a DatasetList,
    /// Bytes that were read of the file.
    read: u64,
    /// Read and not yet unpacked from `at` on; behind the file's end what is held.
    buffer: Vec<u8>,
    at: usize,
}

impl Distinct<'_> {
    /// Reads on. False at the end.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.drain(..std::mem::take(&mut self.at));
        let left = self.list.filed.saturating_sub(self.read);
        match &self.list.file {
            Some(file) if left > 0 => {
                let count = left.min(READ_AT_ONCE as u64);
                let mut file = &file.file;
                file.seek(SeekFrom::Start(self.read))?;
                let read = file.take(count).read_to_end(&mut self.buffer)?;
                self.read += read as u64;
                if (read as u64) < count {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

impl Iterator for Distinct<'_> {
    type Item = io::Result<Dataset>;

    fn next(&mut self) -> Option<io::Result<Dataset>> {
        loop {
            let mut rest = self.buffer.get(self.at..).unwrap_or_default();
            if let Some(row) = take(&mut rest) {
                self.at = self.buffer.len() - rest.len();
                return Some(Ok(row));
            }
            match self.fill() {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Some(Err(error)),
            }
        }
        // What is held begins with a whole row; from here on `read` counts its bytes.
        let past = usize::try_from(self.read - self.list.filed).ok()?;
        let mut rest = self.list.held.get(past..)?;
        let row = take(&mut rest)?;
        self.read = self.list.filed + (self.list.held.len() - rest.len()) as u64;
        Some(Ok(row))
    }
}

/// Packs a row: the length of each text and one more, 0 for one that is absent, and the text.
fn put(out: &mut Vec<u8>, row: &Dataset) {
    let Dataset { name, digest, source_type, source, schema, profile, at_file } = row;
    let present = [name, digest, at_file].map(Some);
    let optional = [source_type, source, schema, profile].map(Option::as_ref);
    for text in present.into_iter().chain(optional) {
        out.extend_from_slice(&text.map_or(0, |text| text.len() as u64 + 1).to_le_bytes());
        out.extend_from_slice(text.map_or(&[], String::as_bytes));
    }
}

/// Unpacks a row; none where it is not whole.
fn take(bytes: &mut &[u8]) -> Option<Dataset> {
    let mut texts = [const { None }; 7];
    let mut rest = *bytes;
    for text in &mut texts {
        let (length, behind) = rest.split_first_chunk()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        rest = behind;
        if let Some(length) = length.checked_sub(1) {
            let (said, behind) = rest.split_at_checked(length)?;
            *text = Some(String::from_utf8_lossy(said).into_owned());
            rest = behind;
        }
    }
    *bytes = rest;
    let [name, digest, at_file, source_type, source, schema, profile] = texts;
    let [name, digest, at_file] = [name, digest, at_file].map(Option::unwrap_or_default);
    Some(Dataset { name, digest, source_type, source, schema, profile, at_file })
}

/// The start of the BLAKE3 of what a row says, wherever it stands.
fn start_of_hash(row: &Dataset) -> [u8; 16] {
    let Dataset { name, digest, source_type, source, schema, profile, at_file: _ } = row;
    let mut hasher = blake3::Hasher::new();
    let present = [Some(name), Some(digest)];
    let optional = [source_type, source, schema, profile].map(Option::as_ref);
    for text in present.into_iter().chain(optional) {
        // One more than the length, so that an empty text is not an absent one.
        hasher.update(&text.map_or(0, |text| text.len() as u64 + 1).to_le_bytes());
        hasher.update(text.map_or(&[], String::as_bytes));
    }
    let mut start = [0; 16];
    hasher.finalize_xof().fill(&mut start);
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(digest: &str, schema: Option<&str>, at_file: &str) -> Dataset {
        Dataset {
            name: "d".into(),
            digest: digest.into(),
            schema: schema.map(str::to_owned),
            at_file: at_file.into(),
            ..Dataset::default()
        }
    }

    #[test]
    fn rows_that_say_the_same_are_held_once() {
        let mut list = DatasetList::default();
        let said = [("a", None), ("b", None), ("a", None), ("a", Some("")), ("b", None)];
        for (place, (digest, schema)) in said.into_iter().enumerate() {
            assert_eq!(list.add(&row(digest, schema, &place.to_string())), place);
        }
        assert_eq!(list.len(), 5);
        assert_eq!(list.rows(), [0, 1, 0, 2, 1]);
        let files: Vec<_> = list.distinct().map(|each| each.unwrap().at_file).collect();
        assert_eq!((files, list.distinct_len()), (vec!["0".into(), "1".into(), "3".into()], 3));
    }

    #[test]
    fn rows_read_back_as_they_were_however_many_are_laid_aside() {
        let said: Vec<_> = (0..HELD_BYTES_MAX / 256)
            .map(|number| row(&number.to_string(), Some(&"s".repeat(number % 700)), "file"))
            .collect();
        let mut list = DatasetList::default();
        for each in &said {
            list.add(each);
        }
        assert!(list.filed > 0 && !list.held.is_empty(), "{} and {}", list.filed, list.held.len());
        let read: Vec<_> = list.distinct().map(Result::unwrap).collect();
        assert!(read == said);
    }
}
