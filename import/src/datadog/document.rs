//! A JSON document on its tape: what a node is, what it holds, and how a text is written back.

use super::json::{JsonKind, Span, Tape, plain_end};

/// A document on a tape: the view that queries it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document<'a> {
    source: &'a str,
    tape: &'a Tape,
}

impl<'a> Document<'a> {
    /// The document that `tape` read from `source`.
    pub(crate) fn new(source: &'a str, tape: &'a Tape) -> Document<'a> {
        Document { source, tape }
    }

    /// How many nodes it has; they are numbered from 0, the outermost value.
    pub(crate) fn len(self) -> usize {
        self.tape.nodes.len()
    }

    pub(crate) fn kind(self, node: u32) -> JsonKind {
        self.tape.nodes[node as usize].kind
    }

    /// The name of a member; empty for what is no member.
    pub(crate) fn key(self, node: u32) -> &'a str {
        self.span(self.tape.nodes[node as usize].key)
    }

    /// The text, or the number or word as it was written; empty for lists and objects.
    pub(crate) fn text(self, node: u32) -> &'a str {
        self.span(self.tape.nodes[node as usize].text)
    }

    /// Where the text, number or word stands in the source; none for a text with escapes.
    pub(crate) fn place(self, node: u32) -> Option<(usize, usize)> {
        let span = self.tape.nodes[node as usize].text;
        (!span.unescaped).then_some((span.start as usize, span.end as usize))
    }

    /// The members or items of a node, in source order.
    pub(crate) fn children(self, node: u32) -> Children<'a> {
        let end = self.tape.nodes[node as usize].next;
        Children { tape: self.tape, at: node + 1, end }
    }

    /// Is a node below another one?
    pub(crate) fn holds(self, node: u32, inner: u32) -> bool {
        (node + 1..self.tape.nodes[node as usize].next).contains(&inner)
    }

    /// The first member of that name.
    pub(crate) fn member(self, node: u32, name: &str) -> Option<u32> {
        self.children(node).find(|child| self.key(*child) == name)
    }

    /// Whether two nodes hold the same, members in the same order.
    pub(crate) fn same(self, left: u32, right: u32) -> bool {
        self.kind(left) == self.kind(right)
            && self.text(left) == self.text(right)
            && self.children(left).count() == self.children(right).count()
            && self
                .children(left)
                .zip(self.children(right))
                .all(|(a, b)| self.key(a) == self.key(b) && self.same(a, b))
    }

    fn span(self, span: Span) -> &'a str {
        let text = if span.unescaped { &self.tape.unescaped } else { self.source };
        &text[span.start as usize..span.end as usize]
    }
}

/// The members or items of a node.
pub(crate) struct Children<'a> {
    tape: &'a Tape,
    at: u32,
    end: u32,
}

impl Iterator for Children<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.at >= self.end {
            return None;
        }
        let node = self.at;
        self.at = self.tape.nodes[node as usize].next;
        Some(node)
    }
}

/// Writes a text as JSON, the way `serde_json` does.
pub(crate) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut from = 0;
    loop {
        let at = plain_end(text.as_bytes(), from);
        out.push_str(&text[from..at]);
        let Some(byte) = text.as_bytes().get(at) else { break };
        write_escape(*byte, out);
        from = at + 1;
    }
    out.push('"');
}

fn write_escape(byte: u8, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        0x08 => out.push_str("\\b"),
        0x0c => out.push_str("\\f"),
        _ => {
            out.push_str("\\u00");
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_as_serde_json_writes_them() {
        let all: String = (0..0x250).filter_map(char::from_u32).collect();
        let mut out = String::new();
        write_text(&all, &mut out);
        assert_eq!(out, serde_json::to_string(&all).expect("text"));
    }
}
