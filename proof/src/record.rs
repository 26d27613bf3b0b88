//! The records of a segment: what each type holds, to and from canonical bytes.
//!
//! Decoding is strict: a key that the form does not name, or one that is missing, is an error
//! within a format number (docs/format.md, section 3).

mod commit;
mod erasure;
mod hold;
mod manifest;
mod outline;
mod reference;
mod retract;
mod revision;
mod sealed;
mod seen;
mod setting;
mod source;
mod stub;

pub use commit::Commit;
pub use erasure::{Decision, ErasedFile, ErasedKeys, ErasedRows, ErasedValue, Erasure};
pub use hold::Hold;
pub use manifest::{Manifest, ManifestBatch};
pub use outline::{EdgeOutline, RevisionOutline};
pub use reference::Reference;
pub use retract::Retract;
pub use revision::{Edge, Revision};
pub use sealed::Sealed;
pub use seen::{Seen, SeenRows};
pub use setting::Setting;
pub use source::{Counts, Source};
pub use stub::{Blob, Stub, node_id};

use crate::cbor;
use crate::cid::Cid;
use crate::error::{Error, Result};
use crate::frame::{FORMAT, RecordType};
use crate::hash::Hash;
use crate::key::Key;
use crate::value::{Map, Value};

/// A record that has a payload.
pub trait Record: Sized {
    /// Its type.
    const TYPE: RecordType;

    /// The keys beside `type` and `format`.
    fn to_map(&self) -> Map;

    /// Reads the keys.
    ///
    /// # Errors
    /// [`Error::Record`] names the rule that is broken.
    fn from_parts(parts: &mut Parts) -> Result<Self>;

    /// The canonical bytes.
    fn encode(&self) -> Vec<u8> {
        let mut map = self.to_map();
        map.insert("type", Self::TYPE.name());
        map.insert("format", i64::from(FORMAT));
        cbor::encode_map(&map)
    }

    /// Reads canonical bytes strictly.
    ///
    /// # Errors
    /// [`Error::Cbor`], [`Error::Record`] or, for a later format, [`Error::Newer`].
    fn decode(payload: &[u8]) -> Result<Self> {
        let mut parts = Parts { map: cbor::decode_map(payload)?, record: Self::TYPE.name() };
        if parts.text("type")? != Self::TYPE.name() {
            return parts.fail("`type` is the record's type");
        }
        let found = parts.int("format")?;
        if found != i64::from(FORMAT) {
            let newest = i64::from(FORMAT);
            return Err(Error::Newer { record: Self::TYPE.name(), found, newest });
        }
        let record = Self::from_parts(&mut parts)?;
        if parts.map.is_empty() {
            Ok(record)
        } else {
            parts.fail("no key beyond those of its form")
        }
    }
}

/// The map of a record, taken apart key by key.
pub struct Parts {
    map: Map,
    record: &'static str,
}

impl Parts {
    fn fail<T>(&self, rule: &'static str) -> Result<T> {
        Err(Error::Record { record: self.record, rule })
    }

    fn take(&mut self, key: &'static str) -> Result<Value> {
        match self.map.remove(key) {
            Some(value) => Ok(value),
            None => self.fail("every key of its form is present"),
        }
    }

    fn want<T>(&self, value: Option<T>) -> Result<T> {
        match value {
            Some(value) => Ok(value),
            None => self.fail("every key has the type that its form gives"),
        }
    }

    fn text(&mut self, key: &'static str) -> Result<String> {
        match self.take(key)? {
            Value::Text(text) => Ok(text),
            _ => self.want(None),
        }
    }

    fn optional_text(&mut self, key: &'static str) -> Result<Option<String>> {
        match self.take(key)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => self.want(None),
        }
    }

    fn int(&mut self, key: &'static str) -> Result<i64> {
        let value = self.take(key)?;
        self.want(value.as_i64())
    }

    fn count(&mut self, key: &'static str) -> Result<u64> {
        let number = self.int(key)?;
        self.want(u64::try_from(number).ok())
    }

    fn bool(&mut self, key: &'static str) -> Result<bool> {
        let value = self.take(key)?;
        self.want(value.as_bool())
    }

    fn hash(&mut self, key: &'static str) -> Result<Hash> {
        let value = self.take(key)?;
        self.want(value.as_bytes().and_then(Hash::from_slice))
    }

    fn optional_hash(&mut self, key: &'static str) -> Result<Option<Hash>> {
        match self.take(key)? {
            Value::Null => Ok(None),
            value => self.want(value.as_bytes().and_then(Hash::from_slice)).map(Some),
        }
    }

    fn bytes16(&mut self, key: &'static str) -> Result<[u8; 16]> {
        let value = self.take(key)?;
        self.want(value.as_bytes().and_then(|bytes| bytes.try_into().ok()))
    }

    fn optional_link(&mut self, key: &'static str) -> Result<Option<Cid>> {
        match self.take(key)? {
            Value::Null => Ok(None),
            value => self.want(value.as_link()).map(Some),
        }
    }

    fn list(&mut self, key: &'static str) -> Result<Vec<Value>> {
        match self.take(key)? {
            Value::List(items) => Ok(items),
            _ => self.want(None),
        }
    }

    fn map(&mut self, key: &'static str) -> Result<Map> {
        match self.take(key)? {
            Value::Map(map) => Ok(map),
            _ => self.want(None),
        }
    }

    fn key(&mut self, key: &'static str) -> Result<Key> {
        let value = self.take(key)?;
        self.want(Key::from_value(&value))
    }

    /// A map of field names to 32-byte commitments.
    fn commitments(&mut self, key: &'static str) -> Result<Vec<(String, Hash)>> {
        let map = self.map(key)?;
        map.into_iter()
            .map(|(field, value)| {
                self.want(value.as_bytes().and_then(Hash::from_slice)).map(|hash| (field, hash))
            })
            .collect()
    }
}

fn bytes(hash: &Hash) -> Value {
    Value::Bytes(hash.0.to_vec())
}

fn optional_bytes(hash: Option<&Hash>) -> Value {
    hash.map_or(Value::Null, bytes)
}

fn optional_text(text: Option<&String>) -> Value {
    text.map_or(Value::Null, Value::text)
}

fn optional_link(link: Option<Cid>) -> Value {
    link.map_or(Value::Null, Value::Link)
}

fn commitments(pairs: &[(String, Hash)]) -> Value {
    Value::Map(pairs.iter().map(|(field, hash)| (field.clone(), bytes(hash))).collect())
}

#[cfg(test)]
mod tests;
