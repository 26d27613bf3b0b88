//! The items of a log file, one after another: lines, the objects of an array, or the logs of
//! pages of the Logs API. Each comes with its number and the byte where it begins.

mod records;

use std::fmt;
use std::io::BufRead;

use self::records::line_ends;
use super::csv::{Columns, RecordFault, record_length};
use super::page::{Member, begins_page_of_version_1};
use super::reader::{Body, Stop};
use super::report::{DamageKind, Shape};

/// Longest line or item. Datadog takes logs of up to 1 MB.
pub const LINE_MAX: usize = 1 << 20;

/// Bytes that are asked for at a time.
const FILL_BYTES: usize = 256 << 10;

/// As much as is looked at for the shape.
const HEAD_BYTES: usize = 16 << 10;

/// The byte order mark that some tools put before UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// One item, or what stands in its place.
pub(super) struct Item<'b> {
    /// The line on which it begins, or the position among the items, from 1.
    pub(super) number: u64,
    /// The byte where it begins, in the decompressed file.
    pub(super) byte: u64,
    /// Its bytes, or why there are none.
    pub(super) text: Result<&'b [u8], Unread>,
}

/// Why an item is no line that a mapping reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unread {
    /// It has more than [`LINE_MAX`] bytes.
    TooLong,
    /// A record of CSV that is none of its table.
    Record(RecordFault),
}

impl fmt::Display for Unread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unread::TooLong => {
                write!(
                    out,
                    "the line is longer than {LINE_MAX} bytes, the most a log line may have"
                )
            }
            Unread::Record(fault) => fault.fmt(out),
        }
    }
}

/// Takes a stream of bytes apart.
pub(super) struct Items<'r> {
    window: Window<'r>,
    shape: Shape,
    number: u64,
    /// Inside the list of an array or page.
    inside: bool,
    /// An item was read and no comma since.
    needs_comma: bool,
    ended: bool,
    /// The member by which the page at hand, or the last one, names a next one.
    next_page: Option<&'static str>,
    /// A page had a list of logs, were it an empty one.
    had_list: bool,
    /// Of CSV.
    columns: Option<Columns>,
    /// A record of CSV as the line that it stands for.
    line: Vec<u8>,
}

/// The part of the stream that is in memory: `buffer[start..end]`.
struct Window<'r> {
    body: Body<'r>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The byte of the stream that stands at `start`.
    byte: u64,
    /// Met while the shape was looked for; told once the lines before it were handed out.
    pending: Option<Stop>,
}

impl<'r> Items<'r> {
    pub(super) fn open(body: Body<'r>) -> Items<'r> {
        let window = Window { body, buffer: Vec::new(), start: 0, end: 0, byte: 0, pending: None };
        let mut items = Items {
            window,
            shape: Shape::Lines,
            number: 0,
            inside: false,
            needs_comma: false,
            ended: false,
            next_page: None,
            had_list: false,
            columns: None,
            line: Vec::new(),
        };
        items.window.pending = items.find_shape().err();
        items
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// Had one of the pages a list of logs? An object may begin like one and be something else.
    pub(super) fn had_list(&self) -> bool {
        self.had_list
    }

    /// How the last page names one behind it, where it does.
    pub(super) fn next_page(&self) -> Option<&'static str> {
        self.next_page
    }

    /// The byte of the stream up to which items were handed out.
    pub(super) fn byte(&self) -> u64 {
        self.window.byte
    }

    pub(super) fn into_body(self) -> Body<'r> {
        self.window.body
    }

    pub(super) fn body(&self) -> &Body<'r> {
        &self.window.body
    }

    /// The next item; `None` at the end. Blank lines are numbered and passed over.
    pub(super) fn next(&mut self) -> Result<Option<Item<'_>>, Stop> {
        match self.shape {
            Shape::Lines => self.next_line(),
            Shape::Array | Shape::Pages => self.next_of_list(),
            Shape::Csv => self.next_record(),
        }
    }

    /// Tells the shape by what stands first: `[` for an array, `{"data":[` or `{"meta":{` for a
    /// page of the Logs API, its version 1 by `logs`; the columns of the Explorer for CSV. Everything
    /// else is lines.
    fn find_shape(&mut self) -> Result<(), Stop> {
        while self.window.held().len() < MARK.len() && self.window.fill()? {}
        if self.window.held().starts_with(MARK) {
            self.window.advance(MARK.len());
        }
        if let Some(b'[') = self.window.peek_past_blanks(0)?.map(|(byte, _)| byte) {
            self.shape = Shape::Array;
            return Ok(());
        }
        for (name, opening) in [("data", b'['), ("meta", b'{'), ("links", b'{')] {
            if self.begins_with(name, opening)? {
                self.shape = Shape::Pages;
            }
        }
        if self.shape == Shape::Lines {
            while self.window.held().len() < HEAD_BYTES && self.window.fill()? {}
            let head = &self.window.held()[..self.window.held().len().min(HEAD_BYTES)];
            if begins_page_of_version_1(head) {
                self.shape = Shape::Pages;
            } else if let Some(length) = record_length(head)
                && let Some(columns) = Columns::of(&head[..length])
            {
                self.columns = Some(columns);
                self.shape = Shape::Csv;
                self.number = line_ends(&head[..length]);
                self.window.advance(length);
            }
        }
        Ok(())
    }

    /// Whether the stream begins with an object whose first member has this name and opening.
    fn begins_with(&mut self, name: &str, opening: u8) -> Result<bool, Stop> {
        let quoted = format!("\"{name}\"");
        let mut at = 0;
        for expected in [b"{".as_slice(), quoted.as_bytes(), b":", &[opening]] {
            let Some((_, begin)) = self.window.peek_past_blanks(at)? else { return Ok(false) };
            while self.window.held().len() < begin + expected.len() && self.window.fill()? {}
            if !self.window.held()[begin..].starts_with(expected) {
                return Ok(false);
            }
            at = begin + expected.len();
        }
        Ok(true)
    }

    fn next_line(&mut self) -> Result<Option<Item<'_>>, Stop> {
        loop {
            let byte = self.window.byte;
            let Some((length, whole)) = self.window.line_length()? else { return Ok(None) };
            self.number += 1;
            let number = self.number;
            if !whole {
                return Ok(Some(Item { number, byte, text: Err(Unread::TooLong) }));
            }
            let (start, end) = (self.window.start, self.window.start + length);
            self.window.advance(length);
            let mut line = &self.window.buffer[start..end];
            while let [head @ .., b'\n' | b'\r'] = line {
                line = head;
            }
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            // Found again through its bounds: the loop's borrow ends here.
            let length = line.len();
            let fits = length <= LINE_MAX;
            let text = fits.then(|| &self.window.buffer[start..start + length]);
            let text = text.ok_or(Unread::TooLong);
            return Ok(Some(Item { number, byte, text }));
        }
    }

    fn next_of_list(&mut self) -> Result<Option<Item<'_>>, Stop> {
        if !self.inside && !self.enter_list()? {
            return Ok(None);
        }
        loop {
            let Some((byte, at)) = self.window.peek_past_blanks(0)? else {
                return Err(Stop::Damage(DamageKind::Unclosed(self.shape)));
            };
            self.window.advance(at);
            match (byte, self.needs_comma) {
                (b']', _) => {
                    self.window.advance(1);
                    self.inside = false;
                    self.needs_comma = false;
                    if !self.leave_list()? {
                        return Ok(None);
                    }
                }
                (b',', true) => {
                    self.window.advance(1);
                    self.needs_comma = false;
                }
                (b'{', false) => break,
                _ => return Err(self.broken()),
            }
        }
        let byte = self.window.byte;
        let Some((length, whole)) = self.window.value_length(LINE_MAX)? else {
            return Err(Stop::Damage(DamageKind::Unclosed(self.shape)));
        };
        self.number += 1;
        self.needs_comma = true;
        let start = self.window.start;
        self.window.advance(length);
        let text = whole.then(|| &self.window.buffer[start..start + length]);
        let text = text.ok_or(Unread::TooLong);
        Ok(Some(Item { number: self.number, byte, text }))
    }

    /// Goes to the first item; `false` if the stream ends before.
    fn enter_list(&mut self) -> Result<bool, Stop> {
        if self.ended {
            return Ok(false);
        }
        let Some((byte, at)) = self.window.peek_past_blanks(0)? else { return Ok(false) };
        self.window.advance(at);
        match (self.shape, byte) {
            (Shape::Array, b'[') => {
                self.window.advance(1);
                self.inside = true;
                Ok(true)
            }
            (Shape::Pages, b'{') => {
                self.window.advance(1);
                self.next_page = None;
                if self.find_data()? {
                    self.inside = true;
                    return Ok(true);
                }
                self.enter_list()
            }
            _ => Err(self.broken()),
        }
    }

    /// Behind the end of a list: to the next one; `false` if there is none.
    fn leave_list(&mut self) -> Result<bool, Stop> {
        if self.shape == Shape::Array {
            self.ended = true;
            if self.window.peek_past_blanks(0)?.is_some() {
                return Err(self.broken());
            }
            return Ok(false);
        }
        if self.find_data()? {
            self.inside = true;
            return Ok(true);
        }
        self.enter_list()
    }

    /// Inside a page: goes to the first item of `data`, or behind the page's end (`false`).
    fn find_data(&mut self) -> Result<bool, Stop> {
        loop {
            match self.significant()? {
                b'}' => {
                    self.window.advance(1);
                    return Ok(false);
                }
                b',' => self.window.advance(1),
                b'"' => {
                    let name = self.take_value(Member::of)?;
                    if self.significant()? != b':' {
                        return Err(self.broken());
                    }
                    self.window.advance(1);
                    if name == Some(Member::Logs) && self.significant()? == b'[' {
                        self.window.advance(1);
                        self.had_list = true;
                        return Ok(true);
                    }
                    self.significant()?;
                    let cursor = self.take_value(|value| name?.cursor(value))?;
                    self.next_page = self.next_page.or(cursor);
                }
                _ => return Err(self.broken()),
            }
        }
    }

    /// Passes over a value; what `look` says of it, unless it is too long.
    fn take_value<T>(&mut self, look: impl FnOnce(&[u8]) -> Option<T>) -> Result<Option<T>, Stop> {
        let Some((length, whole)) = self.window.value_length(LINE_MAX)? else {
            return Err(Stop::Damage(DamageKind::Unclosed(self.shape)));
        };
        if length == 0 && whole {
            return Err(self.broken());
        }
        let seen = if whole { look(&self.window.held()[..length]) } else { None };
        self.window.advance(length);
        Ok(seen)
    }

    fn significant(&mut self) -> Result<u8, Stop> {
        match self.window.peek_past_blanks(0)? {
            Some((byte, at)) => {
                self.window.advance(at);
                Ok(byte)
            }
            None => Err(Stop::Damage(DamageKind::Unclosed(self.shape))),
        }
    }

    fn broken(&self) -> Stop {
        Stop::Damage(DamageKind::Structure(self.shape))
    }
}

impl Window<'_> {
    fn held(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    fn advance(&mut self, count: usize) {
        self.start += count;
        self.byte += count as u64;
    }

    /// Brings more of the stream into memory; `false` at its end. Positions counted from `start`
    /// stay true.
    fn fill(&mut self) -> Result<bool, Stop> {
        if let Some(stop) = self.pending.take() {
            return Err(stop);
        }
        if self.buffer.len() - self.end < FILL_BYTES {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            self.buffer.resize(self.buffer.len().max(self.end + 2 * FILL_BYTES), 0);
        }
        let room = self.end..self.end + FILL_BYTES;
        let count = self.body.read(&mut self.buffer[room])?;
        self.end += count;
        Ok(count > 0)
    }

    /// The length of the next line with its end, and whether it is not too long; one that is too
    /// long was passed over. `None` at the end of the stream.
    fn line_length(&mut self) -> Result<Option<(usize, bool)>, Stop> {
        let mut searched = 0;
        let mut whole = true;
        loop {
            let mut open = &self.buffer[self.start + searched..self.end];
            let before = open.len();
            // `skip_until` on a slice cannot fail; it is the standard library's fast search.
            let passed = open.skip_until(b'\n').unwrap_or(before);
            let found = passed > 0 && self.buffer[self.start + searched + passed - 1] == b'\n';
            searched += passed;
            // With its line end; without, it is measured once it is whole.
            whole &= searched <= LINE_MAX + 2;
            if found && !whole {
                self.advance(searched);
                return Ok(Some((0, false)));
            }
            if found {
                return Ok(Some((searched, true)));
            }
            if !whole {
                self.advance(searched);
                searched = 0;
            }
            if !self.fill()? {
                return match (searched, whole) {
                    (_, false) => Ok(Some((0, false))),
                    (0, true) => Ok(None),
                    (length, true) => Ok(Some((length, true))),
                };
            }
        }
    }

    /// The next byte that is no blank, from `from` on, and where it stands. `None` at the end of
    /// the stream, and behind a start that is followed by more blanks than a line may have.
    fn peek_past_blanks(&mut self, from: usize) -> Result<Option<(u8, usize)>, Stop> {
        let mut at = from;
        loop {
            while let Some(byte) = self.held().get(at).copied() {
                if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                    return Ok(Some((byte, at)));
                }
                at += 1;
            }
            if at > LINE_MAX {
                if from > 0 {
                    return Ok(None);
                }
                // Blanks at the front need no memory.
                self.advance(at);
                at = 0;
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// The length of the JSON value that begins here, by its brackets and quotes alone, and
    /// whether it is not too long; one that is too long was passed over. `None` if the stream
    /// ends inside it.
    fn value_length(&mut self, max: usize) -> Result<Option<(usize, bool)>, Stop> {
        let mut scan = Scan::default();
        let mut at = 0;
        let mut whole = true;
        loop {
            while let Some(byte) = self.held().get(at).copied() {
                match scan.step(byte) {
                    Progress::Inside => at += 1,
                    Progress::Last => return Ok(Some(self.value_end(at + 1, whole))),
                    Progress::Behind => return Ok(Some(self.value_end(at, whole))),
                }
            }
            if at > max {
                whole = false;
                self.advance(at);
                at = 0;
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    fn value_end(&mut self, length: usize, whole: bool) -> (usize, bool) {
        if whole && length <= LINE_MAX {
            return (length, true);
        }
        self.advance(length);
        (0, false)
    }
}

/// Follows a JSON value byte by byte.
#[derive(Default)]
struct Scan {
    depth: u64,
    in_text: bool,
    escaped: bool,
}

enum Progress {
    /// The byte belongs to the value and more follows.
    Inside,
    /// The byte is the value's last.
    Last,
    /// The byte no longer belongs to the value, a number or a word.
    Behind,
}

impl Scan {
    fn step(&mut self, byte: u8) -> Progress {
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_text = false;
                    if self.depth == 0 {
                        return Progress::Last;
                    }
                }
                _ => {}
            }
            return Progress::Inside;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' if self.depth == 0 => return Progress::Behind,
            b'}' | b']' => {
                self.depth -= 1;
                if self.depth == 0 {
                    return Progress::Last;
                }
            }
            b',' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => return Progress::Behind,
            _ => {}
        }
        Progress::Inside
    }
}
