//! What a person means by a name where something is decided about it: erased, restricted or held. What
//! a retracted import brought lies in the store all the same, and so does a row that another row of the same
//! event outweighs, so these are found as well.

use super::target::{Target, Unresolved, only_events, resolve};
use crate::prove::place;
use lineal_engine::event_fields::EventField;
use lineal_engine::{Error, EventRef, Snapshot, Store};
use lineal_proof::{KeyPart, Value};
use std::collections::BTreeSet;

/// A view, and beside it all that lies in the store as of it.
pub struct Stored<'s> {
    store: &'s Store,
    standing: Snapshot,
    /// None where no import is retracted and no row is outweighed.
    all: Option<Snapshot>,
}

/// By what two rows are the same event.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    /// Log source, and event id.
    Event(Option<String>, String),
    /// Log source, and log id where there is no event id.
    Line(Option<String>, String),
    /// None: it is like no other.
    Row(EventRef),
}

impl<'s> Stored<'s> {
    /// What lies in a store as of a view.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a record cannot be read.
    pub fn of(store: &'s Store, standing: Snapshot) -> Result<Stored<'s>, Error> {
        let all = store.stored_rows(&standing)?;
        Ok(Stored { store, standing, all })
    }

    /// The view that shows all of it.
    #[must_use]
    pub fn all(&self) -> &Snapshot {
        self.all.as_ref().unwrap_or(&self.standing)
    }

    /// Reads a text that should name one thing, and says in which view its numbers are meant. What
    /// stands goes before what was retracted; of events all rows are meant, retracted and outweighed ones too,
    /// since each row holds what is decided about. `REVISION/ROW` names one row by its place.
    ///
    /// # Errors
    /// [`Unresolved`]: nothing or several things fit, or the store cannot be read.
    pub fn resolve(&self, text: &str) -> Result<(&Snapshot, Target), Unresolved> {
        let all = self.all();
        if let Some((batch, row)) = place(text.trim())
            && let Some(event) = self.store.event_at(all, &batch, row)
        {
            let by = "place".to_owned();
            return Ok((all, Target::Events { events: vec![event], by }));
        }
        let found = resolve(&self.standing, text);
        if self.all.is_none() {
            return found.map(|target| (all, target));
        }
        match found {
            Ok(Target::Events { events, by }) => {
                let events = with_stored(events, only_events(all, text))?;
                Ok((all, Target::Events { events, by }))
            }
            Err(Unresolved::Nothing { .. } | Unresolved::NoEvent { .. }) => {
                Ok((all, resolve(all, text)?))
            }
            other => other.map(|target| (&self.standing, target)),
        }
    }

    /// How many events some rows are: rows of one identity are one, whichever import brought them.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a column cannot be read.
    pub fn count(&self, events: &[EventRef]) -> Result<usize, Error> {
        let identities = events.iter().map(|event| self.identity(*event));
        Ok(identities.collect::<Result<BTreeSet<Identity>, Error>>()?.len())
    }

    fn identity(&self, event: EventRef) -> Result<Identity, Error> {
        let all = self.all();
        let source = all.event_batch(event).and_then(|batch| match all.key_of(batch).0.first() {
            Some(KeyPart::Text(source)) => Some(source.clone()),
            _ => None,
        });
        let id = |field: EventField| -> Result<Option<String>, Error> {
            Ok(all.event_field(event, field)?.as_ref().and_then(Value::as_text).map(str::to_owned))
        };
        if let Some(id) = id(EventField::EventId)? {
            return Ok(Identity::Event(source, id));
        }
        Ok(id(EventField::LogId)?.map_or(Identity::Row(event), |id| Identity::Line(source, id)))
    }
}

/// Events that stand, and with them rows that do not count or are of retracted imports, where some are found.
fn with_stored(
    mut events: Vec<EventRef>,
    stored: Result<Target, Unresolved>,
) -> Result<Vec<EventRef>, Unresolved> {
    match stored {
        Ok(Target::Events { events: others, .. }) => events.extend(others),
        Err(unread @ Unresolved::Store(_)) => return Err(unread),
        Ok(Target::Node(_)) | Err(_) => {}
    }
    events.sort_unstable();
    events.dedup();
    Ok(events)
}
