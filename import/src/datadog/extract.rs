//! From one line of text to one event: the rules of a mapping, applied.

use lineal_engine::event_fields::{EVENT_FIELDS, EventField};

use super::convert::Raw;
use super::document::Document;
use super::event::Event;
use super::json::{JsonFault, JsonKind, Tape};
use super::line::{Documents, Findings, MARK_BLANK, MARK_REST, Spot};
use super::pattern::{Learned, Patterns, learn};
use super::plan::{CompiledMapping, DOCUMENTS_MAX};
use super::report::SkipReason;
use super::rest::{Embedded, Written, write_rest};
use crate::record::{EventSink, EventValue};

/// Length of a line's digest: enough to tell lines apart, not meant to prove anything.
pub const DIGEST_BYTES: usize = 16;

/// A line that was recognised as an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventLine {
    /// The line or item, from 1.
    pub number: u64,
    /// The byte where it begins, in the decompressed file.
    pub byte: u64,
    /// The first bytes of the line's BLAKE3, its blanks at both ends left out; only where
    /// neither an event id nor a log id is there to identify the event.
    pub digest: Option<[u8; DIGEST_BYTES]>,
}

/// Receives the events of a file.
pub trait LineSink: EventSink {
    /// The next line is an event: its fields follow, then `end_event`.
    fn begin_event(&mut self, line: &EventLine);

    /// Asked before each line: `true` ends the reading of the file.
    fn stopped(&self) -> bool {
        false
    }
}

/// What a line turned out to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// An event of that time, with or without a root; it was given to the sink.
    Event { time: i64, rooted: bool },
    /// No event.
    Skipped(SkipReason),
    /// Broken; the reason quotes nothing of it.
    Rejected(String),
}

/// Sees what became of each value of a line; for `--explain-mapping`.
pub(super) trait Watch {
    /// One line; `accepted` if it is an event.
    fn line(
        &mut self,
        findings: &Findings,
        documents: &Documents<'_>,
        embedded: &Embedded,
        accepted: bool,
    );
}

/// Translates line after line with one mapping; its buffers are used again.
#[derive(Debug)]
pub(super) struct Translator<'m> {
    mapping: &'m CompiledMapping,
    tape: Tape,
    inner: Vec<Tape>,
    findings: Findings,
    rest: String,
    written: Vec<Written>,
    patterns: Option<Patterns>,
    /// Values of each field that its converter could not read.
    pub(super) unreadable: [u64; EVENT_FIELDS.len()],
    /// Values of each field that its converter could not read, and for which another place stands in.
    pub(super) replaced: [u64; EVENT_FIELDS.len()],
}

impl<'m> Translator<'m> {
    pub(super) fn new(mapping: &'m CompiledMapping) -> Translator<'m> {
        let mut inner = Vec::new();
        inner.resize_with(mapping.documents.len() - 1, Tape::default);
        Translator {
            mapping,
            tape: Tape::default(),
            inner,
            findings: Findings::new(mapping),
            rest: String::new(),
            written: Vec::new(),
            patterns: Some(Patterns::default()),
            unreadable: [0; EVENT_FIELDS.len()],
            replaced: [0; EVENT_FIELDS.len()],
        }
    }

    /// Sends every line the long way: what the short one is compared with.
    #[cfg(test)]
    pub(super) fn without_patterns(mut self) -> Translator<'m> {
        self.patterns = None;
        self
    }

    /// How many lines went the short way.
    #[cfg(test)]
    pub(super) fn served_by_patterns(&self) -> u64 {
        self.patterns.as_ref().map_or(0, Patterns::served)
    }

    /// Translates one line.
    pub(super) fn line(
        &mut self,
        bytes: &[u8],
        number: u64,
        byte: u64,
        sink: &mut dyn LineSink,
        watch: Option<&mut dyn Watch>,
    ) -> Outcome {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Outcome::Rejected("the line is not UTF-8".to_owned());
        };
        let mut patterns = self.patterns.as_mut().filter(|_| watch.is_none());
        if let Some(patterns) = &mut patterns {
            let line = (text, number, byte);
            let short = patterns.translate(self.mapping, line, &mut self.rest, sink);
            if let Some(outcome) = short {
                return outcome;
            }
        }
        let patterns = patterns.filter(|patterns| patterns.wants_more());
        self.written.clear();
        if let Err(fault) = self.tape.read(text) {
            return Outcome::Rejected(format!("the line is no whole JSON value: it {fault}"));
        }
        let line = Document::new(text, &self.tape);
        if line.kind(0) != JsonKind::Object {
            return Outcome::Rejected("the line is no JSON object, as a log line is".to_owned());
        }
        self.findings.begin(self.mapping, line);
        let mut documents: Documents<'_> = [None; DOCUMENTS_MAX];
        documents[0] = Some(line);
        let mut embedded: Embedded = [None; DOCUMENTS_MAX];
        let broken = read_texts(
            self.mapping,
            &mut self.findings,
            &mut self.inner,
            &mut documents,
            &mut embedded,
        );
        let unreadable = (self.unreadable, self.replaced);
        let mut event = Event {
            mapping: self.mapping,
            findings: &mut self.findings,
            documents: &documents,
            unreadable: &mut self.unreadable,
            replaced: &mut self.replaced,
        };
        let outcome = match event.check(broken) {
            Err(outcome) => outcome,
            Ok(time) => {
                let digest = (!event.identified()).then(|| digest(text));
                sink.begin_event(&EventLine { number, byte, digest });
                let line_number = i64::try_from(number).unwrap_or(i64::MAX);
                sink.set(EventField::Line, EventValue::Int(line_number));
                event.emit(sink);
                keep_taken(&mut embedded, event.findings);
                let written = patterns.is_some().then_some(&mut self.written);
                write_rest(event.findings, &documents, &embedded, &mut self.rest, written);
                if !self.rest.is_empty() {
                    sink.set(EventField::Rest, EventValue::Text(&self.rest));
                }
                sink.end_event();
                Outcome::Event { time, rooted: self.findings.root().is_some() }
            }
        };
        if let (Some(patterns), Outcome::Event { .. }) = (patterns, &outcome) {
            let learned = Learned {
                mapping: self.mapping,
                findings: &self.findings,
                documents: &documents,
                text,
                rest: &self.rest,
                written: &self.written,
            };
            let usual = unreadable == (self.unreadable, self.replaced);
            patterns.add(usual.then(|| learn(&learned)).flatten());
        }
        if let Some(watch) = watch {
            let accepted = matches!(outcome, Outcome::Event { .. });
            watch.line(&self.findings, &documents, &embedded, accepted);
        }
        outcome
    }
}

/// Reads the texts that hold JSON and finds the mapping's places in them. Returns what is wrong
/// with the first that may be a root, begins as JSON and is none.
fn read_texts<'a>(
    mapping: &CompiledMapping,
    findings: &mut Findings,
    tapes: &'a mut [Tape],
    documents: &mut Documents<'a>,
    embedded: &mut Embedded,
) -> Option<(usize, JsonFault)> {
    let mut broken = None;
    for (index, tape) in tapes.iter_mut().enumerate() {
        let document = index + 1;
        let plan = &mapping.documents[document];
        let earlier_root = findings.settled_root();
        let wanted = match (plan.root, earlier_root) {
            (Some(root), Some(found)) => root < found,
            (root, _) => root.is_some(),
        };
        if !plan.named && !wanted {
            continue;
        }
        let Some(found) = plan.text.as_ref().and_then(|text| findings.find(text)) else { continue };
        let Raw::Text(text) = findings.raw(documents, found.at) else { continue };
        if !text.trim_start().starts_with('{') {
            continue;
        }
        match tape.read(text) {
            Ok(()) => {
                let json = Document::new(text, tape);
                documents[document] = Some(json);
                embedded[document] = Some(found.at);
                findings.read_document(mapping, document, json);
            }
            Err(fault) if plan.root.is_some() => broken = broken.or(Some((document, fault))),
            Err(_) => {}
        }
    }
    broken
}

/// A text of which nothing was taken stays the text it is in `rest`.
fn keep_taken(embedded: &mut Embedded, findings: &Findings) {
    // From the last on: a text inside a taken text counts for the outer one too.
    for document in (1..findings.marks.len()).rev() {
        let taken = |mark: &u8| *mark != MARK_REST && *mark != MARK_BLANK;
        let inner = embedded[document + 1..].iter().flatten();
        let holds =
            |spot: &Spot| matches!(spot, Spot::Node { document: at, .. } if *at == document);
        if !findings.marks[document].iter().any(taken) && !inner.clone().any(holds) {
            embedded[document] = None;
        }
    }
}

fn digest(text: &str) -> [u8; DIGEST_BYTES] {
    let hash = blake3::hash(text.trim().as_bytes());
    let mut digest = [0; DIGEST_BYTES];
    digest.copy_from_slice(&hash.as_bytes()[..DIGEST_BYTES]);
    digest
}
