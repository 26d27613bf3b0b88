//! Stubs, whose ids name nodes, and blobs, which hold what is too large to stand inline.

use super::{Parts, Record};
use crate::error::Result;
use crate::frame::RecordType;
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
    Hash::of(&Stub { kind: kind.to_owned(), key: key.clone() }.encode())
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
