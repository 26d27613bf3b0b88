//! Reads events: one a line, or one document that is an event or a list of them.

use super::{EventSaid, event, map};
use crate::record::{Location, Reject};
use serde_json::Value as Json;
use std::io::{BufRead, Read};

/// Longest event that is read, in bytes. Spark's plans reach a few MiB; with this a record stays
/// well below what the log takes.
pub const EVENT_BYTES_MAX: usize = 8 << 20;
/// Largest document that is no lines: it is in memory whole.
const DOCUMENT_BYTES_MAX: u64 = 1 << 30;

/// What was read of one event.
#[derive(Debug)]
pub enum Item {
    /// It.
    Event(EventSaid),
    /// Why it is none.
    Reject(Reject),
}

/// What was read in all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ended {
    /// Lines with something in them; the events of a document.
    pub events: u64,
    /// Lines of the file; none of a document.
    pub lines: Option<u64>,
}

/// Reads events, in their order.
///
/// # Errors
/// What reading or `each` says.
pub fn read<E: From<std::io::Error>>(
    input: impl BufRead,
    label: &str,
    each: &mut impl FnMut(Item) -> Result<(), E>,
) -> Result<Ended, E> {
    lines(input, label, true, each)
}

fn lines<E: From<std::io::Error>>(
    mut input: impl BufRead,
    label: &str,
    may_be_document: bool,
    each: &mut impl FnMut(Item) -> Result<(), E>,
) -> Result<Ended, E> {
    let mut ended = Ended::default();
    let (mut line, mut byte, mut lines) = (Vec::new(), 0_u64, 0_u64);
    loop {
        line.clear();
        let most = EVENT_BYTES_MAX as u64 + 2;
        let count = input.by_ref().take(most).read_until(b'\n', &mut line)? as u64;
        if count == 0 {
            ended.lines = Some(lines);
            return Ok(ended);
        }
        lines += 1;
        let at = Location { file: label.to_owned(), line: lines, byte };
        byte += count;
        let text = line.trim_ascii();
        let is_whole = line.ends_with(b"\n") || count < most;
        // Only the first line tells that the file is no lines.
        let parsed = serde_json::from_slice::<Json>(text);
        let is_document = match &parsed {
            Ok(json) => json.is_array(),
            Err(error) => error.is_eof() || !is_whole,
        };
        if may_be_document
            && ended.events == 0
            && is_document
            && matches!(text.first(), Some(b'{' | b'['))
        {
            return document(line, input, at, each);
        }
        if text.is_empty() && is_whole {
            continue;
        }
        ended.events += 1;
        if is_whole {
            each(item(parsed, at))?;
        } else {
            byte += skip_line(&mut input)?;
            each(reject(at, format!("the line has more than {EVENT_BYTES_MAX} bytes")))?;
        }
    }
}

/// Passes over the rest of a line; says how many bytes that was.
fn skip_line(input: &mut impl BufRead) -> std::io::Result<u64> {
    let mut passed = 0;
    loop {
        let held = input.fill_buf()?;
        let end = held.iter().position(|byte| *byte == b'\n');
        let count = end.map_or(held.len(), |end| end + 1);
        input.consume(count);
        passed += count as u64;
        if end.is_some() || count == 0 {
            return Ok(passed);
        }
    }
}

fn document<E: From<std::io::Error>>(
    mut bytes: Vec<u8>,
    input: impl Read,
    at: Location,
    each: &mut impl FnMut(Item) -> Result<(), E>,
) -> Result<Ended, E> {
    input.take(DOCUMENT_BYTES_MAX).read_to_end(&mut bytes)?;
    let at = Location { line: 0, ..at };
    if bytes.len() as u64 > DOCUMENT_BYTES_MAX {
        let why = "the document has more than 1 GiB; one event a line is read at any length";
        each(reject(at, why.to_owned()))?;
        return Ok(Ended { events: 1, lines: None });
    }
    let events = match serde_json::from_slice(&bytes) {
        Ok(Json::Array(events)) => events,
        Ok(event) => vec![event],
        // Lines after all, of which the first breaks off; those of a document are indented.
        Err(_)
            if bytes.split(|b| *b == b'\n').filter(|line| line.starts_with(b"{")).count() > 1 =>
        {
            return lines(bytes.as_slice(), &at.file, false, each);
        }
        Err(error) => {
            let at = Location { line: error.line() as u64, ..at };
            each(reject(at, broken(&error)))?;
            return Ok(Ended { events: 1, lines: None });
        }
    };
    let count = events.len() as u64;
    for (number, event) in events.into_iter().enumerate() {
        let mut item = item(Ok(event), at.clone());
        if let Item::Reject(reject) = &mut item {
            reject.reason = format!("event {number}: {}", reject.reason);
        }
        each(item)?;
    }
    Ok(Ended { events: count, lines: None })
}

fn item(parsed: serde_json::Result<Json>, at: Location) -> Item {
    let json = match parsed {
        Ok(json) => json,
        Err(error) => return reject(at, broken(&error)),
    };
    match event::event(&json) {
        Ok(event) => Item::Event(EventSaid { time: event.time, said: map::said(&event, &at) }),
        Err(reason) => reject(at, reason),
    }
}

/// Where JSON breaks off, without its words: they may quote the line.
fn broken(error: &serde_json::Error) -> String {
    format!(
        "no readable JSON from column {} on: an event of OpenLineage was expected",
        error.column()
    )
}

fn reject(at: Location, reason: String) -> Item {
    Item::Reject(Reject { at, reason })
}
