//! Flat little-endian values one after another: what the index files are made of.
//!
//! A reader gives none where bytes are missing or make no sense, and never panics: the file is
//! then left aside.

use super::IndexKind;
use crate::events::{Month, MonthCounts};
use crate::head::{Head, LENGTH as HEAD_LENGTH};
use crate::ledger::is_place;
use crate::schema::{KINDS, RELATION_COUNT};
use crate::segment::Location;
use lineal_proof::{Hash, Key, KeyPart};
use rayon::prelude::*;

pub(crate) const MAGIC: &[u8; 8] = b"LNIDX001";
/// Raised with every change of what the files hold or mean, be it only which names are looked up:
/// an older program's file is made again.
const VERSION: u32 = 19;
/// How far the version's own number stands to the left in what [`version`] says.
const VERSION_BITS: u32 = 16;
const HEADER: usize = 16 + HEAD_LENGTH;
/// Items of a list that are decoded together by one thread.
const CHUNK: usize = 4_096;
/// Bytes of a list that one thread reads: in a new process it is through before others have begun,
/// and no list of a part is copied (the first q1 of a process).
const ALONE_MAX: usize = 2 << 20;

/// A change of the schema changes the numbers of kinds and relations, so it counts as a version.
#[expect(clippy::cast_possible_truncation, reason = "a few dozen kinds and relations")]
pub(crate) const fn version() -> u32 {
    VERSION << VERSION_BITS | (KINDS.len() as u32) << 8 | RELATION_COUNT as u32
}

/// The number of the version that wrote a file, if it is an earlier one: nothing of it is read, so
/// nobody can say whether it is whole.
pub(crate) fn earlier_version(bytes: &[u8]) -> Option<u32> {
    let (magic, rest) = bytes.split_first_chunk()?;
    let (_, rest) = rest.split_first_chunk::<4>()?;
    let number = u32::from_le_bytes(*rest.first_chunk()?) >> VERSION_BITS;
    (magic == MAGIC && (1..VERSION).contains(&number)).then_some(number)
}

/// Writes a file, or by default only values.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(kind: IndexKind, head: &Head) -> Writer {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&(kind as u32).to_le_bytes());
        bytes.extend_from_slice(&version().to_le_bytes());
        bytes.extend_from_slice(&head.to_bytes());
        Writer { bytes }
    }

    /// The values alone.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The whole file.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let crc = crc32c::crc32c(&self.bytes);
        self.u32(crc);
        self.bytes
    }

    pub(crate) fn u8(&mut self, number: u8) {
        self.bytes.push(number);
    }

    pub(crate) fn u32(&mut self, number: u32) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, number: u64) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    pub(crate) fn i64(&mut self, number: i64) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    pub(crate) fn length(&mut self, length: usize) {
        self.u64(length as u64);
    }

    pub(crate) fn hash(&mut self, hash: &Hash) {
        self.bytes.extend_from_slice(&hash.0);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn u32s(&mut self, numbers: &[u32]) {
        self.length(numbers.len());
        self.bytes.reserve(numbers.len() * 4);
        numbers.iter().for_each(|number| self.u32(*number));
    }

    pub(crate) fn location(&mut self, at: Location) {
        self.u32(at.segment);
        self.u64(at.offset);
    }

    pub(crate) fn key(&mut self, key: &Key) {
        self.u8(u8::try_from(key.0.len()).unwrap_or(u8::MAX));
        for part in &key.0 {
            match part {
                KeyPart::Null => self.u8(0),
                KeyPart::Int(number) => {
                    self.u8(1);
                    self.i64(*number);
                }
                KeyPart::Bytes(bytes) => {
                    self.u8(2);
                    self.bytes(bytes);
                }
                KeyPart::Text(text) => {
                    self.u8(3);
                    self.bytes(text.as_bytes());
                }
            }
        }
    }

    /// Rows as runs.
    pub(crate) fn runs(&mut self, runs: &[(u32, u32)]) {
        self.length(runs.len());
        for (first, count) in runs {
            self.u32(*first);
            self.u32(*count);
        }
    }

    /// Counters by month.
    pub(crate) fn months(&mut self, months: &[MonthCounts]) {
        self.length(months.len());
        for counts in months {
            self.u32(counts.month.map_or(u32::MAX, Month::number));
            for count in [counts.events, counts.overrides, counts.art12] {
                self.u64(count);
            }
        }
    }

    /// A list whose items have no fixed length, with marks so that many threads can read it.
    pub(crate) fn items<T>(&mut self, items: &[T], write: impl Fn(&mut Writer, &T)) {
        self.length(items.len());
        let marks = self.bytes.len();
        self.bytes.resize(marks + items.len().div_ceil(CHUNK) * 8, 0);
        for (number, chunk) in items.chunks(CHUNK).enumerate() {
            chunk.iter().for_each(|item| write(self, item));
            let end = (self.bytes.len() as u64).to_le_bytes();
            self.bytes[marks + number * 8..marks + number * 8 + 8].copy_from_slice(&end);
        }
    }
}

/// Reads a file.
pub(crate) struct Reader<'a> {
    /// The whole file without its crc, as marks count from its first byte.
    file: &'a [u8],
    at: usize,
}

/// What `head` was for a file, by its header alone.
pub(crate) fn covered(bytes: &[u8], kind: IndexKind) -> Option<Head> {
    let mut reader = Reader { file: bytes, at: 0 };
    let fits =
        reader.take(8)? == MAGIC && reader.u32()? == kind as u32 && reader.u32()? == version();
    Head::from_bytes(reader.take(HEAD_LENGTH)?).ok().filter(|_| fits)
}

/// Opens a file that is whole and of this program's version; gives what `head` was for it.
pub(crate) fn open(bytes: &[u8], kind: IndexKind) -> Option<(Head, Reader<'_>)> {
    let body = bytes.len().checked_sub(4)?;
    let (file, crc) = bytes.split_at_checked(body)?;
    let mut reader = Reader { file, at: 0 };
    let fits = reader.take(8)? == MAGIC
        && reader.u32()? == kind as u32
        && reader.u32()? == version()
        && crc == crc32c::crc32c(file).to_le_bytes();
    let head = Head::from_bytes(reader.take(HEAD_LENGTH)?).ok().filter(|_| fits)?;
    debug_assert_eq!(reader.at, HEADER);
    Some((head, reader))
}

impl<'a> Reader<'a> {
    /// Reads what [`Writer::into_bytes`] gave.
    pub(crate) fn over(bytes: &'a [u8]) -> Reader<'a> {
        Reader { file: bytes, at: 0 }
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.file.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// Was everything read?
    pub(crate) fn is_at_end(&self) -> bool {
        self.at == self.file.len()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    /// The length of a list of items of at least one byte each: never more than bytes are left.
    pub(crate) fn length(&mut self) -> Option<usize> {
        let length = usize::try_from(self.u64()?).ok()?;
        (length <= self.file.len() - self.at).then_some(length)
    }

    pub(crate) fn hash(&mut self) -> Option<Hash> {
        self.array().map(Hash)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        std::str::from_utf8(self.bytes()?).ok().map(str::to_owned)
    }

    pub(crate) fn u32s(&mut self) -> Option<Vec<u32>> {
        let length = self.length()?;
        let (words, _) = self.take(length.checked_mul(4)?)?.as_chunks::<4>();
        Some(words.iter().map(|word| u32::from_le_bytes(*word)).collect())
    }

    /// None too where no log is so long.
    pub(crate) fn location(&mut self) -> Option<Location> {
        let at = Location { segment: self.u32()?, offset: self.u64()? };
        is_place(at).then_some(at)
    }

    pub(crate) fn key(&mut self) -> Option<Key> {
        let parts = self.u8()?;
        let mut key = Vec::with_capacity(usize::from(parts));
        for _ in 0..parts {
            key.push(match self.u8()? {
                0 => KeyPart::Null,
                1 => KeyPart::Int(self.i64()?),
                2 => KeyPart::Bytes(self.bytes()?.to_vec()),
                3 => KeyPart::Text(self.text()?),
                _ => return None,
            });
        }
        Some(Key(key))
    }

    /// What [`Writer::runs`] wrote.
    pub(crate) fn runs(&mut self) -> Option<Vec<(u32, u32)>> {
        (0..self.length()?).map(|_| Some((self.u32()?, self.u32()?))).collect()
    }

    /// What [`Writer::months`] wrote.
    pub(crate) fn months(&mut self) -> Option<Vec<MonthCounts>> {
        let length = self.length()?;
        let month = |number| (number != u32::MAX).then(|| Month::of_number(number));
        let mut counts = || {
            let month = month(self.u32()?);
            let (events, overrides, art12) = (self.u64()?, self.u64()?, self.u64()?);
            Some(MonthCounts { month, events, overrides, art12 })
        };
        (0..length).map(|_| counts()).collect()
    }

    /// A list that [`Writer::items`] wrote.
    pub(crate) fn items<T: Send>(
        &mut self,
        read: impl Fn(&mut Reader<'a>) -> Option<T> + Sync,
    ) -> Option<Vec<T>> {
        self.items_within(ALONE_MAX, read)
    }

    /// [`Reader::items`], on this thread up to so many bytes.
    fn items_within<T: Send>(
        &mut self,
        alone_max: usize,
        read: impl Fn(&mut Reader<'a>) -> Option<T> + Sync,
    ) -> Option<Vec<T>> {
        let length = self.length()?;
        let mut marks = Vec::with_capacity(length.div_ceil(CHUNK));
        for _ in 0..length.div_ceil(CHUNK) {
            marks.push(usize::try_from(self.u64()?).ok()?);
        }
        let start = self.at;
        let end = marks.last().copied().unwrap_or(start);
        let file = self.file;
        if end.saturating_sub(start) <= alone_max {
            // A count that is wrong must not ask for memory: an item takes a byte at least.
            let mut items = Vec::with_capacity(length.min(end.saturating_sub(start)));
            for number in 0..length {
                items.push(read(self)?);
                let is_last = (number + 1) % CHUNK == 0 || number + 1 == length;
                if is_last && marks.get(number / CHUNK) != Some(&self.at) {
                    return None;
                }
            }
            return Some(items);
        }
        let chunk = |number: usize| -> Option<Vec<T>> {
            let from = number.checked_sub(1).map_or(start, |before| marks[before]);
            let mut reader = Reader { file, at: from };
            let count = (length - number * CHUNK).min(CHUNK);
            let mut items = Vec::with_capacity(count);
            for _ in 0..count {
                items.push(read(&mut reader)?);
            }
            (reader.at == marks[number]).then_some(items)
        };
        let chunks: Option<Vec<Vec<T>>> = (0..marks.len()).into_par_iter().map(chunk).collect();
        self.at = end;
        let mut all = Vec::with_capacity(length);
        chunks?.into_iter().for_each(|mut chunk| all.append(&mut chunk));
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Vec<u8> {
        let mut writer = Writer::new(IndexKind::Graph, &Head::new([3; 16]));
        writer.u32s(&[1, 2, 3]);
        let keys: Vec<Key> = (0..10_000_i64)
            .map(|number| Key::new(vec![KeyPart::Int(number), KeyPart::Null, "x".into()]))
            .collect();
        writer.items(&keys, Writer::key);
        writer.items(&keys[..0], Writer::key);
        writer.finish()
    }

    fn read(bytes: &[u8]) -> Option<(Vec<u32>, Vec<Key>)> {
        let (head, mut reader) = open(bytes, IndexKind::Graph)?;
        assert_eq!(head, Head::new([3; 16]));
        let numbers = reader.u32s()?;
        // Many threads read the same as one, or nothing just as well.
        let mut again = Reader { file: reader.file, at: reader.at };
        let keys = reader.items(Reader::key);
        assert_eq!(again.items_within(0, Reader::key), keys);
        let keys = keys?;
        assert_eq!(again.at, reader.at);
        assert!(reader.items(Reader::key)?.is_empty());
        reader.is_at_end().then_some((numbers, keys))
    }

    #[test]
    fn a_place_that_no_log_reaches_is_none() {
        let read = |segment: u32, offset: u64| {
            let mut writer = Writer::new(IndexKind::Graph, &Head::new([3; 16]));
            writer.location(Location { segment, offset });
            let bytes = writer.finish();
            open(&bytes, IndexKind::Graph).unwrap().1.location()
        };
        let last = Location { segment: (1 << 24) - 1, offset: (1 << 40) - 1 };
        assert_eq!(read(last.segment, last.offset), Some(last));
        assert_eq!(read(last.segment + 1, 0), None);
        assert_eq!(read(1, last.offset + 1), None);
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let bytes = file();
        let (numbers, keys) = read(&bytes).unwrap();
        assert_eq!((numbers.as_slice(), keys.len()), (&[1, 2, 3][..], 10_000));
        assert_eq!(keys[9_999].0[0], KeyPart::Int(9_999));
        assert!(open(&bytes, IndexKind::Ledger).is_none());
        for length in (0..bytes.len()).step_by(997) {
            assert!(open(&bytes[..length], IndexKind::Graph).is_none());
        }
    }

    #[test]
    fn senseless_bytes_behind_a_sound_checksum_are_none_and_no_panic() {
        let good = file();
        for at in (HEADER..HEADER + 200).chain((HEADER..good.len() - 4).step_by(1_009)) {
            let mut bad = good.clone();
            bad[at] ^= 0x80;
            let body = bad.len() - 4;
            let crc = crc32c::crc32c(&bad[..body]).to_le_bytes();
            bad[body..].copy_from_slice(&crc);
            let _ = read(&bad);
        }
    }
}
