//! A hold: while it stands nothing in its scope is erased (docs/format.md, section 23).

use super::{Parts, Record, optional_text};
use crate::error::Result;
use crate::frame::RecordType;
use crate::key::Key;
use crate::value::{Map, Value};

/// A hold, or its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hold {
    /// What it is called; the last record of a name counts.
    pub name: String,
    /// Kind and key of the deployment, system or batch that it is about; none for all of the store.
    pub scope: Option<(String, Key)>,
    /// Why, in words.
    pub reason: String,
    /// The actor key of who says so.
    pub actor: Option<String>,
    /// Ends it.
    pub release: bool,
}

impl Record for Hold {
    const TYPE: RecordType = RecordType::Hold;

    fn to_map(&self) -> Map {
        let mut map = Map::new();
        map.insert("name", self.name.as_str());
        let scope = self.scope.as_ref().map_or(Value::Null, |(kind, key)| {
            Value::List(vec![Value::text(kind), key.to_value()])
        });
        map.insert("scope", scope);
        map.insert("reason", self.reason.as_str());
        map.insert("actor", optional_text(self.actor.as_ref()));
        map.insert("release", self.release);
        map
    }

    fn from_parts(parts: &mut Parts) -> Result<Hold> {
        let scope = match parts.take("scope")? {
            Value::Null => None,
            value => {
                let pair = value.as_list().and_then(|parts| match parts {
                    [kind, key] => Some((kind.as_text()?.to_owned(), Key::from_value(key)?)),
                    _ => None,
                });
                Some(parts.want(pair)?)
            }
        };
        Ok(Hold {
            name: parts.text("name")?,
            scope,
            reason: parts.text("reason")?,
            actor: parts.optional_text("actor")?,
            release: parts.bool("release")?,
        })
    }
}
