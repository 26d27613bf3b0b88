//! Canonical bytes: deterministic CBOR under DAG-CBOR's rules (docs/format.md, section 3).
//!
//! Encoding is a function of the value alone. Decoding refuses every byte string that encoding
//! would not have made, so `encode(decode(b)) == b` for whatever decodes.

mod skip;

use crate::cid::Cid;
use crate::error::{Error, Result};
use crate::value::{Map, Value, key_order};

/// Deepest nesting of lists and maps (docs/format.md, section 15). Real records are under 6 deep;
/// the bound keeps hostile bytes from exhausting the stack.
pub const NESTING_MAX: usize = 64;

const MAJOR_UNSIGNED: u8 = 0;
const MAJOR_NEGATIVE: u8 = 1;
const MAJOR_BYTES: u8 = 2;
const MAJOR_TEXT: u8 = 3;
const MAJOR_LIST: u8 = 4;
const MAJOR_MAP: u8 = 5;
const MAJOR_TAG: u8 = 6;
const MAJOR_SIMPLE: u8 = 7;
const TAG_CID: u64 = 42;

/// The canonical bytes of a value.
#[must_use]
pub fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    write_value(&mut bytes, value);
    bytes
}

/// The canonical bytes of a map.
#[must_use]
pub fn encode_map(map: &Map) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1024);
    write_map(&mut bytes, map);
    bytes
}

/// How many canonical bytes a value has.
#[must_use]
pub fn encoded_length(value: &Value) -> usize {
    let head = |argument: u64| match argument {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    };
    let text = |text: &str| head(text.len() as u64) + text.len();
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Int(number) => {
            let magnitude = if *number < 0 { -1 - *number } else { *number };
            head(u64::try_from(magnitude).unwrap_or(u64::MAX))
        }
        Value::Float(_) => 9,
        Value::Text(value) => text(value),
        Value::Bytes(bytes) => head(bytes.len() as u64) + bytes.len(),
        Value::List(items) => {
            head(items.len() as u64) + items.iter().map(encoded_length).sum::<usize>()
        }
        Value::Map(map) => {
            let entries = map.iter().map(|(key, value)| text(key) + encoded_length(value));
            head(map.len() as u64) + entries.sum::<usize>()
        }
        // Tag, head, a zero byte and the CID.
        Value::Link(cid) => 2 + 2 + 1 + cid.to_bytes().len(),
    }
}

/// Appends a value.
///
/// # Panics
/// On a float or integer that canonical bytes cannot hold: [`Value::float`] makes the former
/// impossible, and no source of ours yields the latter.
pub fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(truth) => out.push(if *truth { 0xf5 } else { 0xf4 }),
        Value::Int(number) => write_int(out, *number),
        Value::Float(number) => write_float(out, *number),
        Value::Text(text) => write_text(out, text),
        Value::Bytes(bytes) => write_bytes(out, bytes),
        Value::List(items) => {
            write_list_head(out, items.len());
            for item in items {
                write_value(out, item);
            }
        }
        Value::Map(map) => write_map(out, map),
        Value::Link(cid) => write_link(out, *cid),
    }
}

/// Appends a map.
///
/// # Panics
/// As [`write_value`].
pub fn write_map(out: &mut Vec<u8>, map: &Map) {
    write_map_head(out, map.len());
    for (key, value) in map.iter() {
        write_text(out, key);
        write_value(out, value);
    }
}

/// Appends the head of a map of so many pairs; the caller writes them in canonical order.
pub fn write_map_head(out: &mut Vec<u8>, pairs: usize) {
    write_head(out, MAJOR_MAP, pairs as u64);
}

/// Appends the head of a list of so many items.
pub fn write_list_head(out: &mut Vec<u8>, items: usize) {
    write_head(out, MAJOR_LIST, items as u64);
}

/// Appends the head of a text of so many bytes; the caller writes them, valid UTF-8.
pub fn write_text_head(out: &mut Vec<u8>, bytes: usize) {
    write_head(out, MAJOR_TEXT, bytes as u64);
}

/// Appends a text.
pub fn write_text(out: &mut Vec<u8>, text: &str) {
    write_text_head(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// Appends bytes.
pub fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_head(out, MAJOR_BYTES, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a whole number.
pub fn write_int(out: &mut Vec<u8>, number: i128) {
    let magnitude = if number < 0 { -1 - number } else { number };
    let magnitude = u64::try_from(magnitude).expect("integers are within -2^64 and 2^64-1");
    write_head(out, if number < 0 { MAJOR_NEGATIVE } else { MAJOR_UNSIGNED }, magnitude);
}

/// Appends a finite float that is not -0.0.
pub fn write_float(out: &mut Vec<u8>, number: f64) {
    assert!(
        number.is_finite() && !(number == 0.0 && number.is_sign_negative()),
        "floats come from Value::float"
    );
    out.push(0xfb);
    out.extend_from_slice(&number.to_bits().swap_bytes().to_le_bytes());
}

/// Appends a link.
pub fn write_link(out: &mut Vec<u8>, cid: Cid) {
    write_head(out, MAJOR_TAG, TAG_CID);
    write_head(out, MAJOR_BYTES, 37);
    out.push(0);
    out.extend_from_slice(&cid.to_bytes());
}

#[expect(clippy::cast_possible_truncation, reason = "each arm holds what fits its width")]
fn write_head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    match argument {
        0..=23 => out.push(major | argument as u8),
        24..=0xff => out.extend_from_slice(&[major | 24, argument as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend_from_slice(&(argument as u16).swap_bytes().to_le_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend_from_slice(&(argument as u32).swap_bytes().to_le_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&argument.swap_bytes().to_le_bytes());
        }
    }
}

/// Reads one canonical item that fills the bytes.
///
/// # Errors
/// [`Error::Cbor`] names the byte and the rule that is broken.
pub fn decode(bytes: &[u8]) -> Result<Value> {
    let mut reader = Reader::new(bytes);
    let value = reader.value(0)?;
    reader.end()?;
    Ok(value)
}

/// Reads one canonical map that fills the bytes.
///
/// # Errors
/// As [`decode`], and if the item is no map.
pub fn decode_map(bytes: &[u8]) -> Result<Map> {
    match decode(bytes)? {
        Value::Map(map) => Ok(map),
        _ => Err(Error::Cbor { at: 0, rule: "a map was expected" }),
    }
}

/// A strict reader over canonical bytes, for those who do not want a whole [`Value`].
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    /// Where it stands.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    fn fail<T>(&self, at: usize, rule: &'static str) -> Result<T> {
        Err(Error::Cbor { at, rule })
    }

    /// Nothing may follow.
    ///
    /// # Errors
    /// If something does.
    pub fn end(&self) -> Result<()> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            self.fail(self.at, "nothing may follow the item")
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(count);
        match end.and_then(|end| self.bytes.get(self.at..end)) {
            Some(slice) => {
                self.at += count;
                Ok(slice)
            }
            None => self.fail(self.at, "the item is cut off"),
        }
    }

    #[inline]
    fn big_endian(&mut self, width: usize) -> Result<u64> {
        Ok(self.take(width)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Reads a head: major type and argument, shortest form only. Major 7 yields the raw byte.
    fn head(&mut self) -> Result<(u8, u64)> {
        let at = self.at;
        let first = *self.take(1)?.first().unwrap_or(&0);
        let (major, short) = (first >> 5, first & 31);
        if major == MAJOR_SIMPLE {
            return Ok((major, u64::from(short)));
        }
        let (argument, least) = match short {
            0..=23 => (u64::from(short), 0),
            24 => (self.big_endian(1)?, 24),
            25 => (self.big_endian(2)?, 0x100),
            26 => (self.big_endian(4)?, 0x1_0000),
            27 => (self.big_endian(8)?, 0x1_0000_0000),
            31 => return self.fail(at, "lengths are definite"),
            _ => return self.fail(at, "a reserved length code"),
        };
        if argument < least {
            return self.fail(at, "numbers and lengths are in their shortest form");
        }
        Ok((major, argument))
    }

    fn length(&self, at: usize, argument: u64) -> Result<usize> {
        // A length beyond the bytes that are left can be refused before anything is allocated.
        match usize::try_from(argument) {
            Ok(length) if length <= self.bytes.len() - self.at => Ok(length),
            _ => self.fail(at, "the item is cut off"),
        }
    }

    /// Reads one item.
    ///
    /// # Errors
    /// [`Error::Cbor`] names the byte and the rule that is broken.
    pub fn value(&mut self, depth: usize) -> Result<Value> {
        let at = self.at;
        if depth > NESTING_MAX {
            return self.fail(at, "nested deeper than 64");
        }
        let (major, argument) = self.head()?;
        Ok(match major {
            MAJOR_UNSIGNED => Value::Int(i128::from(argument)),
            MAJOR_NEGATIVE => Value::Int(-1 - i128::from(argument)),
            MAJOR_BYTES => {
                let length = self.length(at, argument)?;
                Value::Bytes(self.take(length)?.to_vec())
            }
            MAJOR_TEXT => Value::Text(self.text_body(at, argument)?.to_owned()),
            MAJOR_LIST => {
                let length = self.length(at, argument)?;
                let mut items = Vec::with_capacity(length);
                for _ in 0..length {
                    items.push(self.value(depth + 1)?);
                }
                Value::List(items)
            }
            MAJOR_MAP => Value::Map(self.map_body(at, argument, depth)?),
            MAJOR_TAG => {
                if argument != TAG_CID {
                    return self.fail(at, "the only tag is 42");
                }
                self.link_body(at)?
            }
            _ => match argument {
                20 => Value::Bool(false),
                21 => Value::Bool(true),
                22 => Value::Null,
                27 => self.float_body(at)?,
                25 | 26 => return self.fail(at, "floats are 64 bit"),
                _ => return self.fail(at, "the only simple values are false, true and null"),
            },
        })
    }

    /// Reads the head of a map of so many pairs.
    ///
    /// # Errors
    /// As [`Reader::value`].
    pub fn map_head(&mut self, pairs: usize) -> Result<()> {
        let at = self.at;
        if self.map_pairs()? == pairs { Ok(()) } else { self.fail(at, "a map of another size") }
    }

    /// Reads the head of a map and says how many pairs follow.
    ///
    /// # Errors
    /// As [`Reader::value`].
    pub fn map_pairs(&mut self) -> Result<usize> {
        self.items(MAJOR_MAP, "a map was expected")
    }

    /// Reads the head of a list and says how many items follow.
    ///
    /// # Errors
    /// As [`Reader::value`].
    pub fn list_items(&mut self) -> Result<usize> {
        self.items(MAJOR_LIST, "a list was expected")
    }

    fn items(&mut self, wanted: u8, rule: &'static str) -> Result<usize> {
        let at = self.at;
        match self.head()? {
            (major, argument) if major == wanted => self.length(at, argument),
            _ => self.fail(at, rule),
        }
    }

    /// Reads a text in place.
    ///
    /// # Errors
    /// As [`Reader::value`].
    pub fn text(&mut self) -> Result<&'a str> {
        let at = self.at;
        match self.head()? {
            (MAJOR_TEXT, argument) => self.text_body(at, argument),
            _ => self.fail(at, "a text was expected"),
        }
    }

    /// Reads a text that must be this one.
    ///
    /// # Errors
    /// As [`Reader::value`].
    pub fn named(&mut self, name: &'static str) -> Result<()> {
        let at = self.at;
        if self.text()? == name { Ok(()) } else { self.fail(at, "another key was expected") }
    }

    /// Does a list or a map follow?
    #[must_use]
    pub fn is_at_list_or_map(&self) -> bool {
        self.bytes.get(self.at).is_some_and(|head| matches!(head >> 5, MAJOR_LIST | MAJOR_MAP))
    }

    fn text_body(&mut self, at: usize, argument: u64) -> Result<&'a str> {
        let length = self.length(at, argument)?;
        match std::str::from_utf8(self.take(length)?) {
            Ok(text) => Ok(text),
            Err(_) => self.fail(at, "text is UTF-8"),
        }
    }

    fn map_body(&mut self, at: usize, argument: u64, depth: usize) -> Result<Map> {
        let pairs = self.length(at, argument)?;
        let mut map = Map::new();
        let mut previous: Option<&str> = None;
        for _ in 0..pairs {
            let at = self.at;
            let (major, argument) = self.head()?;
            if major != MAJOR_TEXT {
                return self.fail(at, "map keys are text");
            }
            let key = self.text_body(at, argument)?;
            match previous.map(|previous| key_order(previous, key)) {
                Some(std::cmp::Ordering::Equal) => return self.fail(at, "map keys are unique"),
                Some(std::cmp::Ordering::Greater) => {
                    return self.fail(at, "map keys are in order: shorter first, then by bytes");
                }
                _ => previous = Some(key),
            }
            let value = self.value(depth + 1)?;
            map.insert(key, value);
        }
        Ok(map)
    }

    fn link_body(&mut self, at: usize) -> Result<Value> {
        let (major, argument) = self.head()?;
        let body = if major == MAJOR_BYTES && argument == 37 { self.take(37)? } else { &[] };
        let cid = body.strip_prefix(&[0]).and_then(Cid::from_bytes);
        match cid {
            Some(cid) => Ok(Value::Link(cid)),
            None => self.fail(at, "the only link is CIDv1, dag-cbor, blake3, 32 bytes"),
        }
    }

    fn float_body(&mut self, at: usize) -> Result<Value> {
        let number = f64::from_bits(self.big_endian(8)?);
        if !number.is_finite() {
            return self.fail(at, "floats are finite");
        }
        if number == 0.0 && number.is_sign_negative() {
            return self.fail(at, "-0.0 is written 0.0");
        }
        Ok(Value::Float(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(hex: &str) -> &'static str {
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        match decode(&bytes) {
            Err(Error::Cbor { rule, .. }) => rule,
            other => panic!("{hex} must be refused, was {other:?}"),
        }
    }

    #[test]
    fn every_rule_of_section_3_is_enforced() {
        assert_eq!(refused("1817"), "numbers and lengths are in their shortest form");
        assert_eq!(refused("190017"), "numbers and lengths are in their shortest form");
        assert_eq!(refused("9f01ff"), "lengths are definite");
        assert_eq!(refused("fb8000000000000000"), "-0.0 is written 0.0");
        assert_eq!(refused("fb7ff8000000000000"), "floats are finite");
        assert_eq!(refused("fb7ff0000000000000"), "floats are finite");
        assert_eq!(refused("f93c00"), "floats are 64 bit");
        assert_eq!(refused("f7"), "the only simple values are false, true and null");
        assert_eq!(refused("c001"), "the only tag is 42");
        assert_eq!(refused("a201010202"), "map keys are text");
        assert_eq!(refused("a2616101616102"), "map keys are unique");
        assert_eq!(
            refused("a262616101616202"),
            "map keys are in order: shorter first, then by bytes"
        );
        assert_eq!(refused("0000"), "nothing may follow the item");
        assert_eq!(refused("61ff"), "text is UTF-8");
        assert_eq!(refused("6261"), "the item is cut off");
        assert_eq!(refused("9bffffffffffffffff"), "the item is cut off");
        let deep = "81".repeat(70) + "00";
        assert_eq!(refused(&deep), "nested deeper than 64");
        let foreign =
            "d82a5825000155122066687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
        assert_eq!(refused(foreign), "the only link is CIDv1, dag-cbor, blake3, 32 bytes");
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            (-(1_i128 << 64)..(1_i128 << 64)).prop_map(Value::Int),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::float),
            ".{0,12}".prop_map(Value::Text),
            prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
            any::<[u8; 32]>().prop_map(|bytes| Value::Link(Cid(crate::Hash(bytes)))),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::List),
                prop::collection::vec((".{0,6}", inner), 0..8)
                    .prop_map(|pairs| Value::Map(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn decode_of_encode_is_the_value(value in values()) {
            prop_assert_eq!(decode(&encode(&value)).unwrap(), value);
        }

        #[test]
        fn a_length_is_that_of_the_encoding(value in values()) {
            prop_assert_eq!(encoded_length(&value), encode(&value).len());
        }

        #[test]
        fn whatever_decodes_is_what_encode_would_write(bytes in prop::collection::vec(any::<u8>(), 0..24)) {
            if let Ok(value) = decode(&bytes) {
                prop_assert_eq!(encode(&value), bytes);
            }
        }

        #[test]
        fn a_changed_byte_is_refused_or_another_value(value in values(), at in any::<prop::sample::Index>(), flip in 1_u8..) {
            let mut bytes = encode(&value);
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(other) = decode(&bytes) {
                prop_assert_ne!(other, value);
            }
        }
    }
}
