//! Receives the events of a file into blocks, one a stretch of lines.

use crate::datadog::{DIGEST_BYTES, EventLine, LineSink};
use crate::record::{EventSink, EventValue};
use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventBlock;
use lineal_engine::{Error, Result, Store};
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

/// Events of one stretch.
pub(super) struct Stretch {
    /// Its number, from 0.
    pub(super) number: u64,
    pub(super) block: EventBlock,
    /// Does it end the file?
    pub(super) last: bool,
}

/// What is called with each stretch that is whole; it may end the reading.
pub(super) type OnStretch<'s> = dyn FnMut(Stretch) -> ControlFlow<()> + 's;

/// Gathers events.
pub(super) struct BlockSink<'s, 'a> {
    store: &'a Store,
    stretch_lines: u64,
    on_stretch: &'s mut OnStretch<'s>,
    number: u64,
    block: EventBlock,
    /// Lines that have no id of their own, by digest: how often each occurred.
    occurrences: HashMap<[u8; DIGEST_BYTES], u32>,
    people: HashMap<String, String>,
    verified_by: String,
    /// People named: key and login.
    pub(super) named: BTreeMap<String, String>,
    /// What ended the reading.
    pub(super) error: Option<crate::Error>,
    /// Nobody wants more.
    ended: bool,
}

impl<'s, 'a> BlockSink<'s, 'a> {
    pub(super) fn new(
        store: &'a Store,
        stretch_lines: u64,
        on_stretch: &'s mut OnStretch<'s>,
    ) -> BlockSink<'s, 'a> {
        BlockSink {
            store,
            stretch_lines: stretch_lines.max(1),
            on_stretch,
            number: 0,
            block: EventBlock::new(),
            occurrences: HashMap::new(),
            people: HashMap::new(),
            verified_by: String::new(),
            named: BTreeMap::new(),
            error: None,
            ended: false,
        }
    }

    /// Hands over the last stretch: the file was read to its end.
    pub(super) fn finish(&mut self) {
        self.hand_over(true);
    }

    fn hand_over(&mut self, last: bool) {
        if self.block.rows() == 0 || self.stopped() {
            return;
        }
        let (number, block) = (self.number, std::mem::take(&mut self.block));
        self.ended = (self.on_stretch)(Stretch { number, block, last }).is_break();
    }

    fn person(&mut self, person: &str) -> Result<String, Error> {
        if let Some(key) = self.people.get(person) {
            return Ok(key.clone());
        }
        let key = self.store.actor_key(person)?;
        self.people.insert(person.to_owned(), key.clone());
        self.named.insert(key.clone(), person.to_owned());
        Ok(key)
    }
}

impl EventSink for BlockSink<'_, '_> {
    fn set(&mut self, field: EventField, value: EventValue<'_>) {
        self.block.set(field, value);
    }

    fn set_person(&mut self, field: EventField, person: &str) {
        match self.person(person) {
            Ok(key) if field == EventField::VerifiedBy => {
                if !self.verified_by.is_empty() {
                    self.verified_by.push(' ');
                }
                self.verified_by.push_str(&key);
                self.block.set(field, EventValue::Text(&self.verified_by));
            }
            Ok(key) => {
                self.block.set(field, EventValue::Text(&key));
            }
            Err(error) => self.error = Some(error.into()),
        }
    }

    fn end_event(&mut self) {
        self.verified_by.clear();
        self.block.end_row();
    }
}

impl LineSink for BlockSink<'_, '_> {
    fn begin_event(&mut self, line: &EventLine) {
        let stretch = line.number.saturating_sub(1) / self.stretch_lines;
        if stretch != self.number {
            self.hand_over(false);
            self.number = stretch;
        }
        if let Some(digest) = &line.digest {
            // The line itself is the identity: with its occurrence, so that two equal lines of one
            // file are two events and the same file read again is the same two.
            let occurrence = self.occurrences.entry(*digest).or_default();
            let id = format!("line:{}:{occurrence}", data_encoding::HEXLOWER.encode(digest));
            *occurrence += 1;
            self.block.set(EventField::LogId, EventValue::Text(&id));
        }
    }

    fn stopped(&self) -> bool {
        self.error.is_some() || self.ended
    }
}
