//! A name given by hand: an alias that applies to past and future.

use super::{Parts, Record};
use crate::error::Result;
use crate::frame::RecordType;
use crate::key::Key;
use crate::value::{Map, Value};

/// `name` stands for a node, or, where the key has nulls, for every node that fits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// The name; for actors the keyed form.
    pub name: String,
    /// The kind of what it stands for.
    pub kind: String,
    /// What it stands for; none removes the name.
    pub key: Option<Key>,
}

impl Record for Reference {
    const TYPE: RecordType = RecordType::Reference;

    fn to_map(&self) -> Map {
        let mut map = Map::new();
        map.insert("name", self.name.as_str());
        map.insert("kind", self.kind.as_str());
        map.insert("key", self.key.as_ref().map_or(Value::Null, Key::to_value));
        map
    }

    fn from_parts(parts: &mut Parts) -> Result<Reference> {
        let key = match parts.take("key")? {
            Value::Null => None,
            value => Some(parts.want(Key::from_value(&value))?),
        };
        Ok(Reference { name: parts.text("name")?, kind: parts.text("kind")?, key })
    }
}
