//! Pages of texts and hashes in the encodings that this program writes, decoded into one vector of
//! bytes. The library makes an object of each value, which costs more than all else (`benches/scan.rs`,
//! "hash"; making the index of ids spent half its time so). What has another form, or is damaged, is
//! left to the library, which reads it or says what is wrong.

use super::column::{Column, Values, WORDS_MAX};
use super::container::HASH_WIDTH;
use parquet::basic::Encoding;
use parquet::column::page::Page;
use std::ops::Range;

/// Most values of a page that are decoded here: sixteen times what this program writes, and little
/// enough to make room for before they were read.
const VALUES_MAX: usize = 16_384;

/// Values of some rows, one after another; an absent one is empty.
#[derive(Default)]
pub(super) struct Spelled {
    pub(super) present: Vec<bool>,
    /// Where the bytes of each row end.
    pub(super) ends: Vec<usize>,
    pub(super) bytes: Vec<u8>,
}

/// Where each text of a dictionary stands in its page.
pub(super) struct Words<'p> {
    bytes: &'p [u8],
    places: Vec<Range<usize>>,
}

impl<'p> Words<'p> {
    /// None if it is no dictionary of texts.
    pub(super) fn of(page: &'p Page) -> Option<Words<'p>> {
        let Page::DictionaryPage { buf, num_values, .. } = page else { return None };
        let (mut at, mut places) = (0_usize, Vec::new());
        for _ in 0..*num_values {
            let length = u32::from_le_bytes(*buf.get(at..)?.first_chunk()?) as usize;
            let place = at + 4..(at + 4).checked_add(length)?;
            buf.get(place.clone())?;
            at = place.end;
            places.push(place);
        }
        Some(Words { bytes: buf, places })
    }

    fn get(&self, code: u32) -> Option<&[u8]> {
        self.bytes.get(self.places.get(code as usize)?.clone())
    }
}

/// A whole page of hashes where they lie, or of texts as numbers of the words of their dictionary:
/// nothing is copied of the ones, and of the others one byte a row. None if it has another form.
pub(super) fn as_it_lies(page: &Page, dictionary: Option<&Page>, is_fixed: bool) -> Option<Column> {
    let Page::DataPage { buf, num_values, encoding, def_level_encoding, .. } = page else {
        return None;
    };
    let count = *num_values as usize;
    if *def_level_encoding != Encoding::RLE || count > VALUES_MAX {
        return None;
    }
    let (length, rest) = buf.split_first_chunk::<4>()?;
    let (levels, values) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let levels = mixed(levels, 1, count)?;
    let present: Vec<bool> = levels.into_iter().map(|level| level == 1).collect();
    let here = present.iter().filter(|is_there| **is_there).count();
    match (encoding, dictionary) {
        (Encoding::PLAIN, None) if is_fixed && here == count => {
            let hashes = values.get(..count * HASH_WIDTH)?;
            Some(Column { present, values: Values::Fixed(buf.slice_ref(hashes)) })
        }
        (Encoding::RLE_DICTIONARY, Some(page)) if !is_fixed => {
            let words = Words::of(page)?;
            if words.places.len() > WORDS_MAX {
                return None;
            }
            let (width, codes) = values.split_first()?;
            let mut left = mixed(codes, u32::from(*width), here)?.into_iter();
            let mut codes = Vec::with_capacity(count);
            for is_there in &present {
                let code = if *is_there { left.next()? } else { 0 };
                codes.push(u8::try_from(code).ok()?);
            }
            let mut list = Vec::with_capacity(words.places.len());
            for number in (0..).take(words.places.len()) {
                let word = words.get(number)?;
                list.push(std::str::from_utf8(word).ok()?.as_bytes().to_vec());
            }
            let is_known =
                |(code, is_there): (&u8, &bool)| !is_there || usize::from(*code) < list.len();
            if !codes.iter().zip(&present).all(is_known) {
                return None;
            }
            Some(Column { present, values: Values::Words { codes, words: list } })
        }
        _ => None,
    }
}

impl Spelled {
    /// Appends some rows of a page; none, and nothing is of use, if it has another form.
    pub(super) fn append(
        &mut self,
        page: &Page,
        words: Option<&Words<'_>>,
        is_fixed: bool,
        rows: Range<usize>,
    ) -> Option<()> {
        let Page::DataPage { buf, num_values, encoding, def_level_encoding, .. } = page else {
            return None;
        };
        if *def_level_encoding != Encoding::RLE || *num_values as usize > VALUES_MAX {
            return None;
        }
        let (length, rest) = buf.split_first_chunk::<4>()?;
        let (levels, values) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let levels = mixed(levels, 1, *num_values as usize)?;
        let here = levels.iter().filter(|level| **level == 1).count();
        // Values before the first wanted row.
        let skipped = levels.get(..rows.start)?.iter().filter(|level| **level == 1).count();
        let wanted = levels.get(rows)?;
        match (encoding, words) {
            (Encoding::PLAIN, _) if is_fixed => {
                let mut values = values.chunks_exact(HASH_WIDTH).skip(skipped);
                self.spread(wanted, |out| {
                    out.extend_from_slice(values.next()?);
                    Some(())
                })
            }
            (Encoding::RLE_DICTIONARY, Some(words)) => {
                let (width, codes) = values.split_first()?;
                let mut codes = mixed(codes, u32::from(*width), here)?.into_iter().skip(skipped);
                self.spread(wanted, |out| {
                    out.extend_from_slice(words.get(codes.next()?)?);
                    Some(())
                })
            }
            (Encoding::DELTA_BYTE_ARRAY, _) => {
                let (prefixes, rest) = deltas(values, here)?;
                let (suffixes, mut rest) = deltas(rest, here)?;
                let mut parts = prefixes.into_iter().zip(suffixes);
                let mut last: Vec<u8> = Vec::new();
                let mut next = |last: &mut Vec<u8>| {
                    let (prefix, suffix) = parts.next()?;
                    let (own, behind) = rest.split_at_checked(usize::try_from(suffix).ok()?)?;
                    rest = behind;
                    let prefix = usize::try_from(prefix).ok().filter(|at| *at <= last.len())?;
                    last.truncate(prefix);
                    last.extend_from_slice(own);
                    Some(())
                };
                for _ in 0..skipped {
                    next(&mut last)?;
                }
                self.spread(wanted, |out| {
                    next(&mut last)?;
                    out.extend_from_slice(&last);
                    Some(())
                })
            }
            _ => None,
        }
    }

    fn spread(
        &mut self,
        levels: &[u32],
        mut next: impl FnMut(&mut Vec<u8>) -> Option<()>,
    ) -> Option<()> {
        self.present.reserve(levels.len());
        self.ends.reserve(levels.len());
        for level in levels {
            if *level == 1 {
                next(&mut self.bytes)?;
            }
            self.present.push(*level == 1);
            self.ends.push(self.bytes.len());
        }
        Some(())
    }
}

/// A number in groups of seven bits, and what follows it.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn zigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// The number that stands from a bit on in so many bits, at most 64; zeros behind the end.
fn bits(bytes: &[u8], at: usize, width: u32) -> u64 {
    let rest = bytes.get(at / 8..).unwrap_or_default();
    let word = rest.first_chunk::<16>().copied().unwrap_or_else(|| {
        let mut word = [0; 16];
        word[..rest.len()].copy_from_slice(rest);
        word
    });
    let number = u128::from_le_bytes(word) >> (at % 8) & ((1 << width) - 1);
    u64::try_from(number).unwrap_or(0)
}

/// Numbers as runs and in bits, mixed ("RLE / bit-packing hybrid" of the Parquet format).
fn mixed(mut bytes: &[u8], width: u32, count: usize) -> Option<Vec<u32>> {
    let mut out = Vec::with_capacity(count);
    let value_bytes = width.div_ceil(8) as usize;
    if width > u32::BITS {
        return None;
    }
    while out.len() < count {
        let head = usize::try_from(varint(&mut bytes)?).ok()?;
        let left = count - out.len();
        if head & 1 == 1 {
            let groups = head >> 1;
            let values = groups.checked_mul(8)?.min(left);
            let length = groups.checked_mul(width as usize)?.min(bytes.len());
            let (own, rest) = bytes.split_at_checked(length)?;
            if own.len() * 8 < values * width as usize || values == 0 {
                return None;
            }
            let value = |at| u32::try_from(bits(own, at * width as usize, width)).unwrap_or(0);
            out.extend((0..values).map(value));
            bytes = rest;
        } else {
            let (own, rest) = bytes.split_at_checked(value_bytes)?;
            let value = u32::try_from(bits(own, 0, width)).ok()?;
            let run = (head >> 1).min(left);
            if run == 0 {
                return None;
            }
            out.resize(out.len() + run, value);
            bytes = rest;
        }
    }
    Some(out)
}

/// Numbers by their differences ("delta encoding" of the Parquet format), and what follows them.
fn deltas(mut bytes: &[u8], expected: usize) -> Option<(Vec<i64>, &[u8])> {
    let block = usize::try_from(varint(&mut bytes)?).ok()?;
    let parts = usize::try_from(varint(&mut bytes)?).ok()?;
    let count = usize::try_from(varint(&mut bytes)?).ok()?;
    let mut last = zigzag(varint(&mut bytes)?);
    let per_part = block.checked_div(parts)?;
    if count != expected || per_part == 0 || !per_part.is_multiple_of(8) {
        return None;
    }
    let mut out = Vec::with_capacity(count);
    if count > 0 {
        out.push(last);
    }
    while out.len() < count {
        let least = zigzag(varint(&mut bytes)?);
        let (widths, rest) = bytes.split_at_checked(parts)?;
        bytes = rest;
        for width in widths {
            let left = count - out.len();
            if left == 0 {
                break;
            }
            let (own, rest) = bytes.split_at_checked(per_part / 8 * usize::from(*width))?;
            if *width > 64 {
                return None;
            }
            bytes = rest;
            for at in 0..per_part.min(left) {
                let delta = bits(own, at * usize::from(*width), u32::from(*width));
                last = last.wrapping_add(least).wrapping_add(delta.cast_signed());
                out.push(last);
            }
        }
    }
    Some((out, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_fields::EventField;
    use crate::events::checked::Checked;
    use crate::events::container::{ContainerPart, write_container};
    use crate::events::pages::{Chunk, Pages};
    use crate::events::{EventBlock, EventValue};
    use crate::mapping;
    use proptest::prelude::*;

    /// A container of one column, and what stands in it.
    fn written(field: EventField, values: &[Option<Vec<u8>>]) -> Pages {
        let mut block = EventBlock::new();
        for (row, value) in (0_i64..).zip(values) {
            block.set(EventField::Time, EventValue::Int(row));
            if let Some(value) = value {
                let value = match field {
                    EventField::InputHash => EventValue::Hash(value),
                    _ => EventValue::Text(std::str::from_utf8(value).unwrap()),
                };
                block.set(field, value);
            }
            block.end_row();
        }
        let rows: Vec<u32> = (0..u32::try_from(values.len()).unwrap()).collect();
        let parts = [ContainerPart { block: &block, rows: &rows, erased: &[] }];
        let bytes = mapping::Bytes::held(write_container(&parts, &[1; 16]).unwrap());
        Pages::open(Checked::believed(bytes)).unwrap()
    }

    fn read(pages: &Pages, rows: Range<usize>) -> Vec<Option<Vec<u8>>> {
        let chunk = Chunk { group: 0, index: 1 };
        let dictionary = pages.dictionary(chunk).unwrap();
        let mut out = Spelled::default();
        assert!(pages.spelled(chunk, &rows, dictionary.as_ref(), &mut out).unwrap(), "known here");
        let mut from = 0;
        let each = out.present.iter().zip(&out.ends).map(|(is_there, end)| {
            let value = out.bytes[from..*end].to_vec();
            from = *end;
            is_there.then_some(value)
        });
        each.collect()
    }

    /// Takes each page as it lies: whether it could be, and its rows. What it says is compared here.
    fn lying(
        pages: &Pages,
        field: EventField,
        values: &[Option<Vec<u8>>],
    ) -> Vec<(bool, Range<usize>)> {
        let (chunk, mut from, mut out) = (Chunk { group: 0, index: 1 }, 0, Vec::new());
        let dictionary = pages.dictionary(chunk).unwrap();
        while from < values.len() {
            let rows = pages.page_of(chunk, from).unwrap();
            let column = pages.as_it_lies(chunk, &rows, dictionary.as_ref()).unwrap();
            if let Some(column) = &column {
                let field_type = field.spec().field_type;
                // The rows of the page alone, and among others of the same field.
                let mut others = Column::new(field_type);
                others.extend(column, 0..rows.len());
                others.extend(column, 0..rows.len());
                let part = rows.len() / 2..rows.len();
                others.extend(column, part.clone());
                let expected = |row: usize| {
                    values[rows.start + row].as_deref().map(|bytes| match field {
                        EventField::InputHash => EventValue::Hash(bytes),
                        _ => EventValue::Text(std::str::from_utf8(bytes).unwrap()),
                    })
                };
                for row in 0..rows.len() {
                    assert_eq!(column.value(row, field_type), expected(row), "{rows:?} {row}");
                }
                let all = (0..rows.len()).chain(0..rows.len()).chain(part);
                for (place, row) in all.enumerate() {
                    assert_eq!(others.value(place, field_type), expected(row), "{rows:?} {row}");
                }
            }
            out.push((column.is_some(), rows.clone()));
            from = rows.end;
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_the_library_writes_is_read_as_it_was(
            seed in any::<u64>(), rows in 1_usize..5_000, distinct in 1_u64..4_000, gaps in 1_u64..40,
            part in any::<(usize, usize)>(),
        ) {
            let draw = |row: usize, salt: u64| {
                let mut bytes = seed.to_le_bytes().to_vec();
                bytes.extend_from_slice(&((row as u64) << 8 | salt).to_le_bytes());
                u64::from_le_bytes(*lineal_proof::Hash::of(&bytes).0.first_chunk().unwrap())
            };
            let fields = [EventField::LogId, EventField::Decision, EventField::InputHash];
            for field in fields {
                let value = |row| match field {
                    EventField::InputHash => lineal_proof::Hash::of(&(row as u64).to_le_bytes()).0.to_vec(),
                    EventField::LogId => {
                        let number = draw(row, 1);
                        let length = usize::try_from(draw(row, 2) % 40).unwrap();
                        format!("{:x<length$}{}", "id-", number % distinct).into_bytes()
                    }
                    _ => format!("word {}", draw(row, 1) % distinct.min(300)).into_bytes(),
                };
                // At least one value, or there is no such column.
                let is_there = |row| row == 0 || draw(row, 3) % gaps != 0;
                let all: Vec<_> = (0..rows).map(|row| is_there(row).then(|| value(row))).collect();
                let pages = written(field, &all);
                let from = part.0 % rows;
                let to = from + 1 + part.1 % (rows - from);
                prop_assert_eq!(read(&pages, 0..rows), &all[..]);
                prop_assert_eq!(read(&pages, from..to), &all[from..to], "{:?}", from..to);
                for (is_lying, rows) in lying(&pages, field, &all) {
                    let is_whole = all[rows.clone()].iter().all(Option::is_some);
                    let few = distinct.min(300) <= WORDS_MAX as u64;
                    let (always, never) = match field {
                        EventField::InputHash => (is_whole, !is_whole),
                        EventField::Decision => (few, false),
                        _ => (false, true),
                    };
                    prop_assert!(is_lying || !always, "{field:?} {rows:?}");
                    prop_assert!(!is_lying || !never, "{field:?} {rows:?}");
                }
            }
        }

        #[test]
        fn senseless_bytes_are_left_to_the_library(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            encoding in 0_usize..3, values in 0_u32..20_000,
        ) {
            let encodings = [Encoding::PLAIN, Encoding::RLE_DICTIONARY, Encoding::DELTA_BYTE_ARRAY];
            let page = Page::DataPage {
                buf: bytes.clone().into(), num_values: values, encoding: encodings[encoding],
                def_level_encoding: Encoding::RLE, rep_level_encoding: Encoding::RLE,
                statistics: None,
            };
            let dictionary = Page::DictionaryPage {
                buf: bytes.into(), num_values: values, encoding: Encoding::PLAIN, is_sorted: false,
            };
            let words = Words::of(&dictionary);
            let rows = 0..values as usize;
            let _ = Spelled::default().append(&page, words.as_ref(), true, rows);
            let _ = as_it_lies(&page, None, true);
            let _ = as_it_lies(&page, Some(&dictionary), false);
        }
    }
}
