//! What a statement is about: nodes and events, as a proof names them.

use super::fault::Checked;
use super::json::Json;
use super::read::Place;
use crate::hash::Hash;
use crate::key::{Key, KeyPart};
use data_encoding::HEXLOWER;
use std::fmt;

/// A node by its kind and key (docs/format.md, section 6).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Node {
    /// The kind's name.
    pub kind: String,
    /// The key.
    pub key: Key,
}

/// An event by its place: a row of a batch's revision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct EventName {
    /// The id of the batch's revision.
    pub batch: Hash,
    /// The row, from 0.
    pub row: u64,
}

/// A thing on a path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Item {
    /// A node.
    Node(Node),
    /// An event.
    Event(EventName),
}

impl Node {
    pub(super) fn to_json(&self) -> Json {
        let part = |part: &KeyPart| match part {
            KeyPart::Null => Json::Null,
            KeyPart::Text(text) => Json::text(text),
            KeyPart::Bytes(bytes) => Json::map([("bytes", Json::text(HEXLOWER.encode(bytes)))]),
            KeyPart::Int(number) => Json::map([("int", Json::text(number.to_string()))]),
        };
        let key = self.key.0.iter().map(part).collect();
        Json::map([("key", Json::List(key)), ("kind", Json::text(&self.kind))])
    }

    pub(super) fn read(place: &Place<'_>) -> Checked<Node> {
        let [key, kind] = place.members(["key", "kind"])?;
        let part = |part: Place<'_>| match part.json {
            Json::Null => Ok(KeyPart::Null),
            Json::Text(text) => Ok(KeyPart::Text(text.clone())),
            _ if part.has("int") => {
                let [number] = part.members(["int"])?;
                number.whole().map(KeyPart::Int)
            }
            _ => {
                let [bytes] = part.members(["bytes"])?;
                bytes.hex().map(KeyPart::Bytes)
            }
        };
        let key = Key(key.list()?.into_iter().map(part).collect::<Checked<_>>()?);
        Ok(Node { kind: kind.text()?.to_owned(), key })
    }
}

impl EventName {
    pub(super) fn to_json(self) -> Json {
        let row = i64::try_from(self.row).unwrap_or(i64::MAX);
        Json::map([("batch", Json::text(self.batch.to_string())), ("row", Json::Int(row))])
    }

    pub(super) fn read(place: &Place<'_>) -> Checked<EventName> {
        let [batch, row] = place.members(["batch", "row"])?;
        Ok(EventName { batch: batch.hash()?, row: row.count()? })
    }
}

impl Item {
    pub(super) fn to_json(&self) -> Json {
        match self {
            Item::Node(node) => node.to_json(),
            Item::Event(event) => event.to_json(),
        }
    }

    pub(super) fn read(place: &Place<'_>) -> Checked<Item> {
        if place.has("batch") {
            EventName::read(place).map(Item::Event)
        } else {
            Node::read(place).map(Item::Node)
        }
    }
}

/// Kind and parts, `?` for what the source does not know: words for people, no form to parse.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.key.0.iter().map(|part| match part {
            KeyPart::Null => "?".to_owned(),
            KeyPart::Text(text) => text.clone(),
            KeyPart::Bytes(bytes) => HEXLOWER.encode(bytes),
            KeyPart::Int(number) => number.to_string(),
        });
        write!(f, "{}:{}", self.kind, parts.collect::<Vec<_>>().join("/"))
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {} of batch revision {}", self.row, self.batch)
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Item::Node(node) => node.fmt(f),
            Item::Event(event) => event.fmt(f),
        }
    }
}
