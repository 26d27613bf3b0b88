//! Keys as bytes of ledger and graph: short, and one part readable without the others being copied.

use lineal_proof::{Key, KeyPart};
use std::cmp::Ordering;

const NULL: u8 = 0;
const INT: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;

/// Appends a key: how many parts, then each with its type, and its length if it has one.
pub(crate) fn write(out: &mut Vec<u8>, key: &Key) {
    write_length(out, key.0.len());
    for part in &key.0 {
        match part {
            KeyPart::Null => out.push(NULL),
            KeyPart::Int(number) => {
                out.push(INT);
                out.extend_from_slice(&number.to_le_bytes());
            }
            KeyPart::Bytes(bytes) => {
                out.push(BYTES);
                write_length(out, bytes.len());
                out.extend_from_slice(bytes);
            }
            KeyPart::Text(text) => {
                out.push(TEXT);
                write_length(out, text.len());
                out.extend_from_slice(text.as_bytes());
            }
        }
    }
}

/// Seven bits a byte, the lowest first; the last byte is below 128.
fn write_length(out: &mut Vec<u8>, mut length: usize) {
    loop {
        let [low, ..] = (length as u64).to_le_bytes();
        length >>= 7;
        if length == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}

/// One part, where it stands. In the order of [`KeyPart`].
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Null,
    Int(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
}

struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn length(&mut self) -> Option<usize> {
        let mut length = 0_usize;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(length);
            }
        }
        None
    }

    fn part(&mut self) -> Option<Part<'a>> {
        Some(match self.byte()? {
            NULL => Part::Null,
            INT => Part::Int(i64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            BYTES => {
                let length = self.length()?;
                Part::Bytes(self.take(length)?)
            }
            TEXT => {
                let length = self.length()?;
                Part::Text(std::str::from_utf8(self.take(length)?).ok()?)
            }
            _ => return None,
        })
    }
}

/// A whole key; none if the bytes are not one.
pub(crate) fn read(bytes: &[u8]) -> Option<Key> {
    let mut parts = Parts(bytes);
    let count = parts.length().filter(|count| *count <= bytes.len())?;
    let mut key = Vec::with_capacity(count);
    for _ in 0..count {
        key.push(match parts.part()? {
            Part::Null => KeyPart::Null,
            Part::Int(number) => KeyPart::Int(number),
            Part::Bytes(bytes) => KeyPart::Bytes(bytes.to_vec()),
            Part::Text(text) => KeyPart::Text(text.to_owned()),
        });
    }
    parts.0.is_empty().then_some(Key(key))
}

/// The text of a part, if there is such a part and it is one.
pub(crate) fn text(bytes: &[u8], at: usize) -> Option<&str> {
    let mut parts = Parts(bytes);
    let count = parts.length()?;
    for _ in 0..at.min(count) {
        parts.part()?;
    }
    match parts.part()? {
        Part::Text(text) if at < count => Some(text),
        _ => None,
    }
}

/// The order of keys, by their bytes.
pub(crate) fn compare(one: &[u8], other: &[u8]) -> Ordering {
    let (mut one, mut other) = (Parts(one), Parts(other));
    let counts = (one.length().unwrap_or(0), other.length().unwrap_or(0));
    for _ in 0..counts.0.min(counts.1) {
        match one.part().cmp(&other.part()) {
            Ordering::Equal => {}
            different => return different,
        }
    }
    counts.0.cmp(&counts.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part() -> impl Strategy<Value = KeyPart> {
        prop_oneof![
            Just(KeyPart::Null),
            any::<i64>().prop_map(KeyPart::Int),
            proptest::collection::vec(any::<u8>(), 0..300).prop_map(KeyPart::Bytes),
            "\\PC{0,200}".prop_map(KeyPart::Text),
        ]
    }

    proptest! {
        #[test]
        fn a_key_is_read_as_it_was_written_and_each_text_alone(
            parts in proptest::collection::vec(part(), 0..6),
        ) {
            let key = Key(parts);
            let mut bytes = Vec::new();
            write(&mut bytes, &key);
            prop_assert_eq!(read(&bytes), Some(key.clone()));
            for at in 0..key.0.len() + 1 {
                prop_assert_eq!(text(&bytes, at), key.part_text(at));
            }
        }

        #[test]
        fn bytes_are_in_the_order_of_their_keys(
            one in proptest::collection::vec(part(), 0..4),
            other in proptest::collection::vec(part(), 0..4),
            shared in 0..4_usize,
        ) {
            let shared: Vec<KeyPart> = one.iter().take(shared).cloned().collect();
            let other = Key(shared.into_iter().chain(other).collect());
            let one = Key(one);
            let (mut left, mut right) = (Vec::new(), Vec::new());
            write(&mut left, &one);
            write(&mut right, &other);
            prop_assert_eq!(compare(&left, &right), one.cmp(&other));
        }

        #[test]
        fn bytes_that_are_no_key_are_none_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = (read(&bytes), text(&bytes, 1));
        }
    }
}
