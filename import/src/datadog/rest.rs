//! What no rule took of a line, as compact JSON: nothing of a line is lost.
//!
//! Members stand in the order of the source. Left out is what became a field, what is blank at a
//! place of the mapping or in the frame, and tags that repeat another.

use super::document::{Document, write_text};
use super::json::JsonKind;
use super::line::{Documents, Findings, MARK_REST, Spot};
use super::plan::DOCUMENTS_MAX;

/// Members of the archive frame, left out where they are blank.
const FRAME: [&str; 7] = ["_id", "date", "host", "service", "source", "status", "message"];

/// Where each document's text stands, for those whose values were taken.
pub(super) type Embedded = [Option<Spot>; DOCUMENTS_MAX];

/// A value of the line and where it was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    pub(super) node: u32,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What is written, and a note of each value of the line where somebody wants one.
struct Out<'o> {
    text: &'o mut String,
    written: Option<&'o mut Vec<Written>>,
}

impl Out<'_> {
    fn note(&mut self, node: u32, start: usize) {
        let end = self.text.len();
        if let Some(written) = &mut self.written {
            written.push(Written { node, start, end });
        }
    }
}

/// Writes what is left of a line; nothing at all where nothing is left.
pub(super) fn write_rest(
    findings: &mut Findings,
    documents: &Documents<'_>,
    embedded: &Embedded,
    text: &mut String,
    written: Option<&mut Vec<Written>>,
) {
    text.clear();
    let Some(line) = documents[0] else { return };
    drop_emptied_tags(findings, documents, embedded);
    let rest = Rest { findings, documents, embedded };
    let out = &mut Out { text, written };
    out.text.push('{');
    for member in &findings.members {
        let name = member.name(line);
        let from = begin_member(name, out.text);
        let wrote = match name {
            "tags" if findings.tags.is_empty() && line.kind(member.node) == JsonKind::List => false,
            "tags" if !findings.tags.is_empty() => rest.tags(line, member.node, out),
            "attributes" if rest.is_blank(line, member.node) => false,
            _ if FRAME.contains(&name) && rest.is_blank(line, member.node) => false,
            _ => rest.node(0, member.node, out),
        };
        if !wrote {
            out.text.truncate(from);
        }
    }
    if out.text.len() == 1 {
        out.text.clear();
    } else {
        out.text.push('}');
    }
}

/// A tag whose text is JSON of which every value was taken is taken itself.
fn drop_emptied_tags(findings: &mut Findings, documents: &Documents<'_>, embedded: &Embedded) {
    for (document, spot) in embedded.iter().enumerate() {
        let Some(Spot::Tag(tag)) = *spot else { continue };
        let rest = Rest { findings, documents, embedded };
        let out = &mut Out { text: &mut String::new(), written: None };
        if !rest.node(document, 0, out) {
            findings.tags[tag].mark = super::line::MARK_BLANK;
        }
    }
}

struct Rest<'f, 'a> {
    findings: &'f Findings,
    documents: &'f Documents<'a>,
    embedded: &'f Embedded,
}

impl Rest<'_, '_> {
    /// Writes what is left of a node; `false` if nothing is.
    fn node(&self, document: usize, node: u32, out: &mut Out<'_>) -> bool {
        let Some(json) = self.documents[document] else { return false };
        let mark = self.findings.marks[document].get(node as usize);
        if mark.is_some_and(|mark| *mark != MARK_REST) {
            return false;
        }
        match json.kind(node) {
            JsonKind::Object => self.object(document, json, node, out),
            JsonKind::Text => {
                let here = Some(Spot::Node { document, node });
                let inner = self.embedded.iter().position(|spot| *spot == here);
                if let Some(inner) = inner {
                    return self.node(inner, 0, out);
                }
                let start = out.text.len();
                write_text(json.text(node), out.text);
                if document == 0 {
                    out.note(node, start);
                }
                true
            }
            _ => {
                write_whole(json, node, document == 0, out);
                true
            }
        }
    }

    fn object(&self, document: usize, json: Document<'_>, node: u32, out: &mut Out<'_>) -> bool {
        let mut members = json.children(node).peekable();
        if members.peek().is_none() {
            out.text.push_str("{}");
            return true;
        }
        let start = out.text.len();
        out.text.push('{');
        for child in members {
            let from = begin_member(json.key(child), out.text);
            if !self.node(document, child, out) {
                out.text.truncate(from);
            }
        }
        if out.text.len() == start + 1 {
            out.text.truncate(start);
            return false;
        }
        out.text.push('}');
        true
    }

    fn tags(&self, line: Document<'_>, node: u32, out: &mut Out<'_>) -> bool {
        if self.findings.marks[0][node as usize] != MARK_REST {
            return false;
        }
        let start = out.text.len();
        out.text.push('[');
        for tag in &self.findings.tags {
            if tag.mark != MARK_REST || tag.repeated {
                continue;
            }
            if out.text.len() > start + 1 {
                out.text.push(',');
            }
            if tag.odd {
                write_whole(line, tag.node(), true, out);
            } else {
                let start = out.text.len();
                write_text(tag.text(line), out.text);
                out.note(tag.node(), start);
            }
        }
        if out.text.len() == start + 1 {
            out.text.truncate(start);
            return false;
        }
        out.text.push(']');
        true
    }

    fn is_blank(&self, line: Document<'_>, node: u32) -> bool {
        match line.kind(node) {
            JsonKind::Null => true,
            JsonKind::Text => line.text(node).is_empty(),
            JsonKind::Object => line.children(node).next().is_none(),
            _ => false,
        }
    }
}

/// Writes a comma where needed, and the name. Returns where to cut if nothing follows.
fn begin_member(name: &str, out: &mut String) -> usize {
    let from = out.len();
    if !out.ends_with('{') {
        out.push(',');
    }
    write_text(name, out);
    out.push(':');
    from
}

fn write_whole(json: Document<'_>, node: u32, noted: bool, out: &mut Out<'_>) {
    let start = out.text.len();
    match json.kind(node) {
        JsonKind::List => {
            out.text.push('[');
            for (index, child) in json.children(node).enumerate() {
                if index > 0 {
                    out.text.push(',');
                }
                write_whole(json, child, noted, out);
            }
            out.text.push(']');
            return;
        }
        JsonKind::Object => {
            out.text.push('{');
            for child in json.children(node) {
                begin_member(json.key(child), out.text);
                write_whole(json, child, noted, out);
            }
            out.text.push('}');
            return;
        }
        JsonKind::Text => write_text(json.text(node), out.text),
        JsonKind::Null => out.text.push_str("null"),
        JsonKind::Bool | JsonKind::Number => out.text.push_str(json.text(node)),
    }
    if noted {
        out.note(node, start);
    }
}
