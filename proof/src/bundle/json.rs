//! JSON in its one canonical form: RFC 8785, of whole numbers alone.
//!
//! A proof has one spelling, so that two verifiers cannot read it in two ways: members sorted, none
//! twice, no blanks, the shortest escapes. Parsing refuses whatever writing would not have made.

use std::fmt::Write as _;

/// Deepest nesting. Proofs are under 8 deep; the bound keeps hostile bytes from the stack.
pub const NESTING_MAX: usize = 64;
/// The whole numbers that every reader of JSON knows exactly: up to 2^53 - 1 on both sides.
pub const NUMBER_MAX: i64 = (1 << 53) - 1;

/// A value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number within [`NUMBER_MAX`].
    Int(i64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// A map; its members are sorted when it is written.
    Map(Vec<(String, Json)>),
}

impl Json {
    /// Text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Json {
        Json::Text(text.into())
    }

    /// A map of these members.
    #[must_use]
    pub fn map<const N: usize>(members: [(&str, Json); N]) -> Json {
        Json::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The canonical text.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::new();
        write(self, &mut out);
        out
    }
}

/// RFC 8785, section 3.2.3: by UTF-16 code units.
fn order(a: &str, b: &str) -> std::cmp::Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

fn write(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Json::Int(number) => out.push_str(&number.to_string()),
        Json::Text(text) => write_text(text, out),
        Json::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Json::Map(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| order(a, b));
            out.push('{');
            for (at, (name, value)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_text(name, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            low if low < ' ' => {
                // A string takes whatever is written to it.
                let _ = write!(out, "\\u{:04x}", u32::from(low));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Reads canonical JSON; none for any other text.
#[must_use]
pub fn parse(text: &str) -> Option<Json> {
    let mut reader = Reader { rest: text };
    let value = reader.value(0)?;
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        if depth > NESTING_MAX {
            return None;
        }
        Some(match self.rest.as_bytes().first()? {
            b'"' => Json::Text(self.text()?),
            b'[' => Json::List(self.list(depth)?),
            b'{' => Json::Map(self.map(depth)?),
            b'n' => self.take("null").then_some(Json::Null)?,
            b't' => self.take("true").then_some(Json::Bool(true))?,
            b'f' => self.take("false").then_some(Json::Bool(false))?,
            _ => Json::Int(self.number()?),
        })
    }

    fn number(&mut self) -> Option<i64> {
        let end = self.rest.find(|letter: char| !matches!(letter, '-' | '0'..='9'));
        let (digits, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let number: i64 = digits.parse().ok()?;
        self.rest = rest;
        // One spelling: no zeros in front, no minus before zero.
        (number.abs() <= NUMBER_MAX && number.to_string() == digits).then_some(number)
    }

    fn list(&mut self, depth: usize) -> Option<Vec<Json>> {
        let mut items = Vec::new();
        if !self.take("[") {
            return None;
        }
        if self.take("]") {
            return Some(items);
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.take("]") {
                return Some(items);
            }
            self.take(",").then_some(())?;
        }
    }

    fn map(&mut self, depth: usize) -> Option<Vec<(String, Json)>> {
        let mut members: Vec<(String, Json)> = Vec::new();
        if !self.take("{") {
            return None;
        }
        if self.take("}") {
            return Some(members);
        }
        loop {
            let name = self.text()?;
            if members.last().is_some_and(|(last, _)| order(last, &name).is_ge()) {
                return None;
            }
            self.take(":").then_some(())?;
            members.push((name, self.value(depth + 1)?));
            if self.take("}") {
                return Some(members);
            }
            self.take(",").then_some(())?;
        }
    }

    fn text(&mut self) -> Option<String> {
        self.take("\"").then_some(())?;
        let mut text = String::new();
        let mut letters = self.rest.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.rest = self.rest.get(at + 1..)?;
                    return Some(text);
                }
                '\\' => match letters.next()?.1 {
                    '"' => text.push('"'),
                    '\\' => text.push('\\'),
                    'b' => text.push('\u{8}'),
                    't' => text.push('\t'),
                    'n' => text.push('\n'),
                    'f' => text.push('\u{c}'),
                    'r' => text.push('\r'),
                    'u' => text.push(escaped(self.rest.get(at + 2..at + 6)?, &mut letters)?),
                    _ => return None,
                },
                low if low < ' ' => return None,
                other => text.push(other),
            }
        }
        None
    }
}

/// The letter of `\u00XX`: only where no shorter escape stands for it, in lower case.
fn escaped(digits: &str, letters: &mut std::str::CharIndices<'_>) -> Option<char> {
    let letter = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
    let mut spelt = String::new();
    write_text(&letter.to_string(), &mut spelt);
    letters.nth(3);
    (spelt == format!("\"\\u{digits}\"")).then_some(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let value = Json::map([
            ("b", Json::List(vec![Json::Int(-5), Json::Int(NUMBER_MAX), Json::Null])),
            ("a", Json::text("\u{1}\u{7f}\"\\/\n\t\r\u{8}\u{c}äß\u{1f600}")),
            ("\u{1f600}", Json::Bool(true)),
            ("\u{ffff}", Json::Bool(false)),
            ("", Json::Map(Vec::new())),
            ("e", Json::List(Vec::new())),
        ]);
        let text = value.write();
        assert_eq!(
            text,
            "{\"\":{},\"a\":\"\\u0001\u{7f}\\\"\\\\/\\n\\t\\r\\b\\fäß\u{1f600}\",\
             \"b\":[-5,9007199254740991,null],\"e\":[],\"\u{1f600}\":true,\"\u{ffff}\":false}"
        );
        assert_eq!(parse(&text).map(|again| again.write()), Some(text));
    }

    #[test]
    fn any_other_spelling_is_refused() {
        let refused = [
            "",
            " 1",
            "1 ",
            "01",
            "-0",
            "+1",
            "1.0",
            "1e3",
            "--1",
            "9007199254740992",
            "[1,]",
            "[,1]",
            "[1 ,2]",
            "{\"a\":1,\"a\":1}",
            "{\"b\":1,\"a\":1}",
            "{\"a\" :1}",
            "{a:1}",
            "\"\\u000a\"",
            "\"\\u001F\"",
            "\"\\u0041\"",
            "\"\\/\"",
            "\"\n\"",
            "\"",
            "nul",
            "tru",
            "[1",
            "{\"a\":1",
            "\"\\ud800\"",
            "NaN",
            "1,2",
            "\"\\u00\"",
            "\"\\u00é0\"",
        ];
        for text in refused {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&format!("{}{}", "[".repeat(66), "]".repeat(66))), None);
        assert!(parse(&format!("{}{}", "[".repeat(65), "]".repeat(65))).is_some());
    }
}
