//! Actors in events: rows hold their keys, answers their names where the register of sealed names
//! may be read. What was erased from the register stays a key.

use std::collections::BTreeMap;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::Kind;
use lineal_engine::{Error, Snapshot};
use lineal_proof::Value;

/// Fields that hold keys of actors, several with blanks between them.
const FIELDS: [EventField; 2] = [EventField::Reviewer, EventField::VerifiedBy];

/// Does a field hold keys of actors?
pub(super) fn is_of_actors(field: EventField) -> bool {
    FIELDS.contains(&field)
}

/// The names of a view's actors, each looked up once.
pub(super) struct Names<'s> {
    snapshot: &'s Snapshot,
    known: BTreeMap<String, String>,
}

impl<'s> Names<'s> {
    pub(super) fn of(snapshot: &'s Snapshot) -> Names<'s> {
        Names { snapshot, known: BTreeMap::new() }
    }

    pub(super) fn in_field(
        mut self,
        field: EventField,
        value: Option<Value>,
    ) -> Result<Option<Value>, Error> {
        Ok(match value {
            Some(Value::Text(keys)) if FIELDS.contains(&field) => {
                Some(Value::Text(self.names(&keys)?))
            }
            value => value,
        })
    }

    /// The same columns with names.
    pub(super) fn in_columns(
        mut self,
        block: &EventBlock,
        fields: &[EventField],
    ) -> Result<EventBlock, Error> {
        let mut named = EventBlock::new();
        for row in 0..block.rows() {
            for field in fields {
                match block.get(row, *field) {
                    Some(EventValue::Text(keys)) if FIELDS.contains(field) => {
                        let names = self.names(keys)?;
                        named.set(*field, EventValue::Text(&names));
                    }
                    Some(value) => {
                        named.set(*field, value);
                    }
                    None => {}
                }
            }
            named.end_row();
        }
        Ok(named)
    }

    fn names(&mut self, keys: &str) -> Result<String, Error> {
        let mut names = Vec::new();
        for key in keys.split(' ') {
            if let Some(name) = self.known.get(key) {
                names.push(name.clone());
                continue;
            }
            let actors = self.snapshot.find(Some(Kind::Actor), key);
            let name = match actors.first() {
                Some(actor) => self.snapshot.field(*actor, "name")?,
                None => None,
            };
            let name = name.as_ref().and_then(Value::as_text).unwrap_or(key).to_owned();
            self.known.insert(key.to_owned(), name.clone());
            names.push(name);
        }
        Ok(names.join(", "))
    }
}
