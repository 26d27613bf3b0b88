//! JSON of one log line, read into a flat tape that borrows from the line.
//!
//! `serde_json` would allocate a map a level and turn numbers into floats or into a private map;
//! here a number stays the text it was (trace ids are above 2^53), members keep the order and the
//! duplicates of the source, and the tape is used again for the next line, so that reading a
//! line allocates nothing. What is accepted is what `serde_json` accepts (tested), with a bound
//! on the depth.

use std::fmt;

/// Deepest nesting of a line. Datadog cuts attributes at 20 levels; 64 leaves room for JSON from
/// elsewhere and keeps a hostile line from using up the stack.
pub const DEPTH_MAX: usize = 64;

/// What a node of the tape is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum JsonKind {
    Null,
    Bool,
    Number,
    Text,
    List,
    Object,
}

/// A piece of the source, or of the unescaped texts where the source holds escapes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) unescaped: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) kind: JsonKind,
    pub(super) key: Span,
    pub(super) text: Span,
    /// The node behind this one and all it holds.
    pub(super) next: u32,
}

/// The nodes of one document, in source order.
#[derive(Default, Debug)]
pub(crate) struct Tape {
    pub(super) nodes: Vec<Node>,
    pub(super) unescaped: String,
}

/// Where a text stops being JSON, and what stood to be expected there. Quotes nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct JsonFault {
    /// The byte in the text.
    pub(crate) byte: usize,
    /// Whether the text ends there.
    pub(crate) ended: bool,
    /// What was expected.
    pub(crate) expected: &'static str,
}

impl fmt::Display for JsonFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.ended { "ends" } else { "breaks" };
        write!(out, "{verb} at byte {}: expected {}", self.byte, self.expected)
    }
}

impl Tape {
    /// Reads one JSON value; what was on the tape before is gone.
    pub(crate) fn read(&mut self, source: &str) -> Result<(), JsonFault> {
        self.nodes.clear();
        self.unescaped.clear();
        let bytes = source.as_bytes();
        if u32::try_from(bytes.len()).is_err() {
            return Err(JsonFault { byte: 0, ended: false, expected: "less than 4 GiB" });
        }
        let mut reader = Reader { source, bytes, at: 0, tape: self };
        reader.value(Span::default(), 0)?;
        reader.blanks();
        if reader.at < bytes.len() {
            return Err(reader.fault("nothing after the value"));
        }
        Ok(())
    }
}

struct Reader<'a> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    tape: &'a mut Tape,
}

// Lengths are below 2^32, checked in `read`.
#[allow(clippy::cast_possible_truncation, reason = "the length was checked against u32")]
fn short(position: usize) -> u32 {
    position as u32
}

impl Reader<'_> {
    fn value(&mut self, key: Span, depth: usize) -> Result<(), JsonFault> {
        self.blanks();
        match self.peek() {
            Some(b'"') => {
                let text = self.text()?;
                self.leaf(JsonKind::Text, key, text);
            }
            Some(b'{') => self.object(key, depth)?,
            Some(b'[') => self.list(key, depth)?,
            Some(b't') => self.word("true", JsonKind::Bool, key)?,
            Some(b'f') => self.word("false", JsonKind::Bool, key)?,
            Some(b'n') => self.word("null", JsonKind::Null, key)?,
            Some(b'-' | b'0'..=b'9') => self.number(key)?,
            _ => return Err(self.fault("a value")),
        }
        Ok(())
    }

    fn object(&mut self, key: Span, depth: usize) -> Result<(), JsonFault> {
        let node = self.open(JsonKind::Object, key, depth)?;
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            self.close(node);
            return Ok(());
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(self.fault("the name of a member"));
            }
            let name = self.text()?;
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(self.fault("a colon"));
            }
            self.at += 1;
            self.value(name, depth + 1)?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    self.close(node);
                    return Ok(());
                }
                _ => return Err(self.fault("a comma or a closing brace")),
            }
        }
    }

    fn list(&mut self, key: Span, depth: usize) -> Result<(), JsonFault> {
        let node = self.open(JsonKind::List, key, depth)?;
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            self.close(node);
            return Ok(());
        }
        loop {
            self.value(Span::default(), depth + 1)?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    self.close(node);
                    return Ok(());
                }
                _ => return Err(self.fault("a comma or a closing bracket")),
            }
        }
    }

    /// Reads a text; `at` stands on its opening quote.
    fn text(&mut self) -> Result<Span, JsonFault> {
        self.at += 1;
        let start = self.at;
        self.at = plain_end(self.bytes, self.at);
        if self.peek() == Some(b'"') {
            let span = Span { start: short(start), end: short(self.at), unescaped: false };
            self.at += 1;
            return Ok(span);
        }
        let begin = self.tape.unescaped.len();
        let mut from = start;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.tape.unescaped.push_str(&self.source[from..self.at]);
                    self.at += 1;
                    let end = self.tape.unescaped.len();
                    return Ok(Span { start: short(begin), end: short(end), unescaped: true });
                }
                Some(b'\\') => {
                    self.tape.unescaped.push_str(&self.source[from..self.at]);
                    self.at += 1;
                    let letter = self.escape()?;
                    self.tape.unescaped.push(letter);
                    from = self.at;
                }
                Some(_) => return Err(self.fault("no control character inside a text")),
                None => return Err(self.fault("a closing quote")),
            }
            self.at = plain_end(self.bytes, self.at);
        }
    }

    fn escape(&mut self) -> Result<char, JsonFault> {
        let letter = match self.peek() {
            Some(letter @ (b'"' | b'\\' | b'/')) => char::from(letter),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.fault("an escape")),
        };
        self.at += 1;
        Ok(letter)
    }

    fn unicode(&mut self) -> Result<char, JsonFault> {
        let first = self.hex4()?;
        if let Some(letter) = char::from_u32(first) {
            return Ok(letter);
        }
        // Only a high half is followed by a low half; anything else is half a letter.
        let pair = (0xD800..0xDC00).contains(&first)
            && self.bytes.get(self.at..self.at + 2) == Some(br"\u".as_slice());
        if pair {
            self.at += 2;
            let second = self.hex4()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                if let Some(letter) = char::from_u32(code) {
                    return Ok(letter);
                }
            }
        }
        Err(self.fault("both halves of a surrogate pair"))
    }

    fn hex4(&mut self) -> Result<u32, JsonFault> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else { return Err(self.fault("four hexadecimal digits")) };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }

    fn number(&mut self, key: Span) -> Result<(), JsonFault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = Span { start: short(start), end: short(self.at), unescaped: false };
        self.leaf(JsonKind::Number, key, text);
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonFault> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(self.fault("a digit")) } else { Ok(()) }
    }

    fn word(&mut self, word: &'static str, kind: JsonKind, key: Span) -> Result<(), JsonFault> {
        let start = self.at;
        for letter in word.bytes() {
            if self.peek() != Some(letter) {
                return Err(self.fault(word));
            }
            self.at += 1;
        }
        let text = Span { start: short(start), end: short(self.at), unescaped: false };
        self.leaf(kind, key, text);
        Ok(())
    }

    fn leaf(&mut self, kind: JsonKind, key: Span, text: Span) {
        let next = short(self.tape.nodes.len() + 1);
        self.tape.nodes.push(Node { kind, key, text, next });
    }

    fn open(&mut self, kind: JsonKind, key: Span, depth: usize) -> Result<usize, JsonFault> {
        if depth >= DEPTH_MAX {
            return Err(self.fault("at most 64 levels of nesting"));
        }
        self.at += 1;
        self.tape.nodes.push(Node { kind, key, text: Span::default(), next: 0 });
        Ok(self.tape.nodes.len() - 1)
    }

    fn close(&mut self, node: usize) {
        let next = short(self.tape.nodes.len());
        self.tape.nodes[node].next = next;
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn fault(&self, expected: &'static str) -> JsonFault {
        JsonFault { byte: self.at, ended: self.at >= self.bytes.len(), expected }
    }
}

/// The first byte from `at` on that is a quote, a backslash or a control character: eight bytes
/// at a time, because texts are most of a line.
pub(super) fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let zero_byte = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let quote = zero_byte(word ^ (ONES * u64::from(b'"')));
        let slash = zero_byte(word ^ (ONES * u64::from(b'\\')));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let hit = quote | slash | control;
        if hit != 0 {
            // A borrow may mark bytes after the first hit, never before it.
            return at + (hit.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while at < bytes.len() && bytes[at] != b'"' && bytes[at] != b'\\' && bytes[at] >= 0x20 {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datadog::document::{Document, write_text};

    fn write(document: Document<'_>, node: u32, out: &mut String) {
        match document.kind(node) {
            JsonKind::Text => write_text(document.text(node), out),
            JsonKind::List | JsonKind::Object => {
                let object = document.kind(node) == JsonKind::Object;
                out.push(if object { '{' } else { '[' });
                for (index, child) in document.children(node).enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    if object {
                        write_text(document.key(child), out);
                        out.push(':');
                    }
                    write(document, child, out);
                }
                out.push(if object { '}' } else { ']' });
            }
            _ => out.push_str(document.text(node)),
        }
    }

    fn round(source: &str) -> Result<String, JsonFault> {
        let mut tape = Tape::default();
        tape.read(source)?;
        let mut out = String::new();
        write(Document::new(source, &tape), 0, &mut out);
        Ok(out)
    }

    #[test]
    fn what_is_read_is_what_serde_json_reads() {
        let sources = [
            r#"{"a":1,"b":[true,false,null],"c":{"d":"x\ny\u00e9\ud83d\ude00"}}"#,
            " [ ] ",
            "{}",
            "-0.5e+10",
            "123456789012345678901234567890",
            r#""tab\t quote\" slash\/ back\\ \u0001 plain text longer than eight bytes""#,
            "\"é€😀 not ascii, long enough for words\"",
            "[[[[]]]]",
            "{\"a\":{\"b\":{}},\"c\":[{},[]]}",
        ];
        for source in sources {
            let expected: serde_json::Value = serde_json::from_str(source).expect("valid");
            assert_eq!(round(source).as_deref(), Ok(expected.to_string().as_str()), "{source}");
        }
    }

    #[test]
    fn any_cut_or_changed_byte_is_judged_as_serde_json_judges_it() {
        let source = r#"{"a": [1, -2.5e3, "x\u00e9\n", null], "b\\": {"c": true, "d": false}}"#;
        let mut judged = 0;
        for at in 0..source.len() {
            let mut variants = vec![source[..at].to_owned()];
            for letter in
                ["\"", "\\", "{", "}", "[", "]", ",", ":", "0", "u", "\u{1}", " ", "-", "."]
            {
                variants.push(format!("{}{letter}{}", &source[..at], &source[at + 1..]));
            }
            for variant in variants {
                let expected = serde_json::from_str::<serde_json::Value>(&variant).is_ok();
                assert_eq!(round(&variant).is_ok(), expected, "{variant}");
                judged += 1;
            }
        }
        assert!(judged > 900);
    }

    #[test]
    fn half_a_surrogate_pair_is_refused() {
        for source in [r#""\ud800""#, r#""\ud800\u0041""#, r#""\udc00""#, r#""\ud800x""#] {
            assert!(serde_json::from_str::<String>(source).is_err());
            assert!(round(source).is_err(), "{source}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(round(&nested(DEPTH_MAX)).is_ok());
        let fault = round(&nested(DEPTH_MAX + 1)).expect_err("too deep");
        assert_eq!(fault.to_string(), "breaks at byte 64: expected at most 64 levels of nesting");
    }

    #[test]
    fn a_cut_line_says_where_it_ends_and_quotes_nothing() {
        let fault = round(r#"{"user":"ann"#).expect_err("cut");
        assert_eq!(fault.to_string(), "ends at byte 12: expected a closing quote");
    }

    #[test]
    fn plain_ends_are_found_at_every_position() {
        for length in 0..40 {
            for stop in ["\"", "\\", "\u{1f}", "\n"] {
                let text = format!("{}{stop}{}", "é".repeat(length), "x".repeat(20));
                assert_eq!(plain_end(text.as_bytes(), 0), 2 * length);
            }
        }
        assert_eq!(plain_end("none of them here".as_bytes(), 0), 17);
    }
}
