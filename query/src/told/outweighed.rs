//! What is told of a hash or id that no event has: it may stand in a row in whose place another row of the same
//! event counts.

use super::target::{hash, named_event};
use lineal_engine::event_fields::{EventField, Group};
use lineal_engine::events::EventValue;
use lineal_engine::{Error, EventRef, Snapshot};
use lineal_proof::Value;

/// Fields by which an event may be asked for, in the order in which they are tried.
pub(crate) const NAMING: [EventField; 4] =
    [EventField::InputHash, EventField::EventId, EventField::RequestId, EventField::LogId];

/// A row that has a hash or id and does not count, and the row that counts in its place. Where the subject
/// group is withheld nothing is sought in it.
pub(crate) fn outweighed_row(
    view: &Snapshot,
    key: &str,
    withhold: bool,
) -> Result<Option<(EventRef, EventRef)>, Error> {
    if view.outweighed_rows() == 0 {
        return Ok(None);
    }
    let is_shown = |field: &EventField| !(withhold && field.spec().group == Group::Subject);
    let fields: Vec<EventField> = NAMING.into_iter().filter(is_shown).collect();
    let bytes = hash(key).map(|(_, bytes)| bytes);
    view.outweighed_with(&fields, &|value| match value {
        EventValue::Text(text) => text == key,
        EventValue::Hash(found) => bytes.as_deref() == Some(found),
        _ => false,
    })
}

/// The name of the event that counts in the place of a row that a text names; none where no such row is there.
///
/// # Errors
/// [`Error::Corrupt`] if a column cannot be read.
pub fn outweighed_by(view: &Snapshot, text: &str) -> Result<Option<String>, Error> {
    let key = named_event(text);
    let Some((_, counts)) = outweighed_row(view, &key, false)? else { return Ok(None) };
    for field in [EventField::EventId, EventField::LogId, EventField::InputHash] {
        match view.event_field(counts, field)? {
            Some(Value::Text(id)) => return Ok(Some(format!("inference:{id}"))),
            Some(Value::Bytes(hash)) => {
                return Ok(Some(format!("inference:{}", data_encoding::HEXLOWER.encode(&hash))));
            }
            _ => {}
        }
    }
    Ok(None)
}
