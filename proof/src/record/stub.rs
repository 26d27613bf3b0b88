//! Stubs, whose ids name nodes, and blobs, which hold what is too large to stand inline.

use super::{Parts, Record};
use crate::cbor;
use crate::error::Result;
use crate::frame::{FORMAT, RecordType};
use crate::hash::Hash;
use crate::key::Key;
use crate::value::{Map, Value};

/// A node that is only referred to: kind and key alone, so it is the same in every store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stub {
    /// The kind's name.
    pub kind: String,
    /// The key.
    pub key: Key,
}

impl Record for Stub {
    const TYPE: RecordType = RecordType::Stub;

    fn to_map(&self) -> Map {
        [("kind", Value::text(&self.kind)), ("key", self.key.to_value())].into_iter().collect()
    }

    fn from_parts(parts: &mut Parts) -> Result<Stub> {
        Ok(Stub { kind: parts.text("kind")?, key: parts.key("key")? })
    }
}

/// The id of a node: the id of its stub, whether that is written or not.
#[must_use]
pub fn node_id(kind: &str, key: &Key) -> Hash {
    Hash::of(&node_bytes(kind, key))
}

/// As [`Stub::encode`], without a map of copies: importing names a node for each link that it writes.
fn node_bytes(kind: &str, key: &Key) -> Vec<u8> {
    let mut out = Vec::with_capacity(160);
    // Keys in canonical order: shorter ones first.
    cbor::write_map_head(&mut out, 4);
    cbor::write_text(&mut out, "key");
    key.write(&mut out);
    for (name, text) in [("kind", kind), ("type", Stub::TYPE.name())] {
        cbor::write_text(&mut out, name);
        cbor::write_text(&mut out, text);
    }
    cbor::write_text(&mut out, "format");
    cbor::write_int(&mut out, i128::from(FORMAT));
    out
}

/// A value of more than 64 KiB, linked from a revision's field.
#[derive(Clone, PartialEq, Debug)]
pub struct Blob {
    /// The value.
    pub value: Value,
}

impl Record for Blob {
    const TYPE: RecordType = RecordType::Blob;

    fn to_map(&self) -> Map {
        [("value", self.value.clone())].into_iter().collect()
    }

    fn from_parts(parts: &mut Parts) -> Result<Blob> {
        Ok(Blob { value: parts.take("value")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyPart;

    #[test]
    fn the_id_of_a_node_is_that_of_its_stub() {
        let long = "x".repeat(300);
        let parts =
            [KeyPart::Null, KeyPart::Int(-7), KeyPart::Bytes(vec![1; 32]), KeyPart::from(&*long)];
        for count in 0..=parts.len() {
            let key = Key::new(parts[..count].to_vec());
            for kind in ["run", "a kind of more than twenty-three bytes"] {
                let stub = Stub { kind: kind.to_owned(), key: key.clone() };
                assert_eq!(node_bytes(kind, &key), stub.encode());
                assert_eq!(node_id(kind, &key), Hash::of(&stub.encode()));
            }
        }
    }
}
