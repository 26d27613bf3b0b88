//! What a mapping makes of a file: each path that was seen, what it became, and which required
//! fields were never found. It shows names, counts and types, never a value, so that it can be
//! passed on when one asks for help with a mapping.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::path::PathBuf;

use lineal_engine::event_fields::{EVENT_FIELDS, EventField};
use serde::Serialize;

use super::document::Document;
use super::error::Error;
use super::event::mark_of;
use super::extract::{EventLine, LineSink, Watch};
use super::json::JsonKind;
use super::line::{Documents, Findings, MARK_BLANK, MARK_REST, Spot};
use super::plan::CompiledMapping;
use super::recognise::list;
use super::report::FileReport;
use super::rest::Embedded;
use super::translate::{Looked, run};
use crate::plural::counted;
use crate::record::{EventSink, EventValue};

/// Most distinct paths that are listed. Where a log puts ids into names, there is no end of them.
pub const PATHS_MAX: usize = 10_000;

/// What was seen, and what the mapping made of it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Explanation {
    /// Files that were opened.
    pub files: u64,
    /// Lines that were looked at.
    pub lines: u64,
    /// Lines that are events.
    pub accepted: u64,
    /// Lines that are no events, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Lines that are broken, and files that are damaged, by what is wrong with the first few.
    pub broken: Vec<String>,
    /// How often each root was the root of a line.
    pub roots: Vec<RootSeen>,
    /// Each path, in the order of its name.
    pub paths: BTreeMap<String, PathSeen>,
    /// Paths beyond [`PATHS_MAX`], counted each time one was met.
    pub further_paths: u64,
    /// How often each field of the mapping was found.
    pub fields: BTreeMap<&'static str, u64>,
    /// Fields of the mapping that were never found.
    pub never_found: Vec<&'static str>,
    /// Required fields that were never found: without them no line is an event.
    pub required_never_found: Vec<&'static str>,
}

/// A root of the mapping.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RootSeen {
    /// As the mapping spells it.
    pub root: String,
    /// Lines of which it was the root.
    pub lines: u64,
}

/// A path of the lines.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct PathSeen {
    /// How often it was met.
    pub count: u64,
    /// The types of its values.
    pub types: BTreeSet<&'static str>,
    /// What became of it: a field's name, `rest`, or `blank`; in lines that are no events,
    /// `no event`.
    pub became: BTreeMap<&'static str, u64>,
}

/// How many broken lines and files are told in full.
const BROKEN_TOLD: usize = 10;
/// Longest path that is listed; names are short, and what is longer is data.
const PATH_BYTES_MAX: usize = 512;

/// Looks at the first `limit` lines under the paths; writes nothing.
///
/// # Errors
/// A path cannot be listed or read.
pub fn explain(
    paths: &[PathBuf],
    mapping: &CompiledMapping,
    limit: u64,
) -> Result<Explanation, Error> {
    let mut fields = FieldCounts::default();
    let mut seen = Seen::new(mapping);
    for path in paths {
        for file in list(path)?.files {
            let left = limit.saturating_sub(seen.explanation.lines);
            if left == 0 {
                return Ok(seen.finish(&fields));
            }
            let label = &file.label;
            let open = |source| Error::Open { label: label.clone(), source };
            let mut input = File::open(&file.path).map_err(open)?;
            let looked = Looked { watch: Some(&mut seen), limit: left };
            let report = run(&mut input, label, mapping, &mut fields, &mut |_| {}, looked)?;
            seen.add(&report);
        }
    }
    Ok(seen.finish(&fields))
}

/// Counts the fields that the events have.
#[derive(Default)]
struct FieldCounts(BTreeMap<EventField, u64>);

impl EventSink for FieldCounts {
    fn set(&mut self, field: EventField, _: EventValue<'_>) {
        *self.0.entry(field).or_default() += 1;
    }

    fn set_person(&mut self, field: EventField, _: &str) {
        *self.0.entry(field).or_default() += 1;
    }

    fn end_event(&mut self) {}
}

impl LineSink for FieldCounts {
    fn begin_event(&mut self, _: &EventLine) {}
}

struct Seen<'m> {
    explanation: Explanation,
    mapping: &'m CompiledMapping,
}

impl<'m> Seen<'m> {
    fn new(mapping: &'m CompiledMapping) -> Seen<'m> {
        let roots = mapping.roots.iter();
        let roots = roots.map(|root| RootSeen { root: root.clone(), lines: 0 }).collect();
        Seen { explanation: Explanation { roots, ..Explanation::default() }, mapping }
    }

    fn add(&mut self, report: &FileReport) {
        let explanation = &mut self.explanation;
        explanation.files += 1;
        explanation.lines += report.lines;
        explanation.accepted += report.accepted;
        for (reason, count) in &report.skipped {
            *explanation.skipped.entry(reason.clone()).or_default() += count;
        }
        let rejects = report.rejects.iter().map(|reject| {
            let at = &reject.at;
            format!("{} line {} byte {}: {}", at.file, at.line, at.byte, reject.reason)
        });
        let damage = report.damage.iter().map(ToString::to_string);
        let room = BROKEN_TOLD.saturating_sub(explanation.broken.len());
        explanation.broken.extend(damage.chain(rejects).take(room));
    }

    fn finish(mut self, fields: &FieldCounts) -> Explanation {
        let explanation = &mut self.explanation;
        for plan in &self.mapping.fields {
            let name = plan.field.spec().name;
            match fields.0.get(&plan.field) {
                Some(count) => {
                    explanation.fields.insert(name, *count);
                }
                None if plan.required => explanation.required_never_found.push(name),
                None => explanation.never_found.push(name),
            }
        }
        explanation.never_found.sort_unstable();
        self.explanation
    }

    fn meet(&mut self, path: &str, kind: &'static str, became: &'static str) {
        let paths = &mut self.explanation.paths;
        if !paths.contains_key(path) {
            if paths.len() >= PATHS_MAX || path.len() > PATH_BYTES_MAX {
                self.explanation.further_paths += 1;
                return;
            }
            paths.insert(path.to_owned(), PathSeen::default());
        }
        if let Some(seen) = paths.get_mut(path) {
            seen.count += 1;
            seen.types.insert(kind);
            *seen.became.entry(became).or_default() += 1;
        }
    }
}

impl Watch for Seen<'_> {
    fn line(
        &mut self,
        findings: &Findings,
        documents: &Documents<'_>,
        embedded: &Embedded,
        accepted: bool,
    ) {
        let Some(line) = documents[0] else { return };
        if accepted && let Some(root) = findings.root() {
            self.explanation.roots[root].lines += 1;
        }
        let mut walk = Walk { seen: self, findings, documents, embedded, accepted };
        for member in &findings.members {
            match member.name(line) {
                "tags" if !findings.tags.is_empty() => {}
                "attributes" if line.kind(member.node) == JsonKind::Object => {
                    for child in line.children(member.node) {
                        walk.node(0, child, &format!("attributes:{}", line.key(child)));
                    }
                }
                name => walk.node(0, member.node, &format!("frame:{name}")),
            }
        }
        walk.tags(line);
    }
}

struct Walk<'w, 'm, 'a> {
    seen: &'w mut Seen<'m>,
    findings: &'w Findings,
    documents: &'w Documents<'a>,
    embedded: &'w Embedded,
    accepted: bool,
}

impl Walk<'_, '_, '_> {
    fn node(&mut self, document: usize, node: u32, path: &str) {
        let Some(json) = self.documents[document] else { return };
        let mark = self.findings.marks[document][node as usize];
        let here = Some(Spot::Node { document, node });
        if let Some(inner) = self.embedded.iter().position(|spot| *spot == here) {
            self.inside(inner);
            return;
        }
        let kind = json.kind(node);
        if kind == JsonKind::Object && mark == MARK_REST && json.children(node).next().is_some() {
            for child in json.children(node) {
                // Longer paths are not listed: no need to build them.
                if path.len() <= PATH_BYTES_MAX {
                    self.node(document, child, &format!("{path}.{}", json.key(child)));
                }
            }
            return;
        }
        let kind = match kind {
            JsonKind::Null => "null",
            JsonKind::Bool => "bool",
            JsonKind::Number => "number",
            JsonKind::Text if json.text(node).trim_start().starts_with('{') => "text with JSON",
            JsonKind::Text => "text",
            JsonKind::List => "list",
            JsonKind::Object => "object",
        };
        self.meet(path, kind, mark);
    }

    /// The members of a text that was read as JSON.
    fn inside(&mut self, document: usize) {
        let Some(json) = self.documents[document] else { return };
        let mapping = self.seen.mapping;
        let spelled = &mapping.documents[document].spelled;
        for child in json.children(0) {
            self.node(document, child, &format!("json({spelled}).{}", json.key(child)));
        }
    }

    fn tags(&mut self, line: Document<'_>) {
        for (index, tag) in self.findings.tags.iter().enumerate() {
            if tag.repeated || tag.odd {
                continue;
            }
            let here = Some(Spot::Tag(index));
            if let Some(inner) = self.embedded.iter().position(|spot| *spot == here) {
                self.inside(inner);
                continue;
            }
            let (name, kind) = match tag.text(line).split_once(':') {
                Some((name, _)) => (name, "tag"),
                None => (tag.text(line), "bare tag"),
            };
            self.meet(&format!("tag:{name}"), kind, tag.mark);
        }
    }

    fn meet(&mut self, path: &str, kind: &'static str, mark: u8) {
        let field = EVENT_FIELDS.iter().find(|spec| mark_of(spec.field) == mark);
        let became = match mark {
            _ if !self.accepted => "no event",
            MARK_REST => "rest",
            MARK_BLANK => "blank",
            _ => field.map_or("rest", |spec| spec.name),
        };
        self.seen.meet(path, kind, became);
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{} of {} looked at: {}",
            counted(self.lines, "line"),
            counted(self.files, "file"),
            match self.accepted {
                1 => "1 is an event".to_owned(),
                events => format!("{events} are events"),
            }
        )?;
        for (reason, count) in &self.skipped {
            writeln!(out, "  {count} {reason}")?;
        }
        for broken in &self.broken {
            writeln!(out, "  broken: {broken}")?;
        }
        for root in &self.roots {
            writeln!(out, "  root {}: {}", root.root, counted(root.lines, "line"))?;
        }
        let width = self.paths.keys().map(|path| path.chars().count()).max().unwrap_or(0).min(60);
        for (path, seen) in &self.paths {
            let types: Vec<_> = seen.types.iter().copied().collect();
            let became = seen.became.iter().map(|(name, count)| {
                if seen.became.len() == 1 {
                    (*name).to_owned()
                } else {
                    format!("{name} ({count})")
                }
            });
            let became: Vec<_> = became.collect();
            writeln!(
                out,
                "{path:width$}  {:>8}  {:14}  -> {}",
                seen.count,
                types.join(", "),
                became.join(", ")
            )?;
        }
        if self.further_paths > 0 {
            writeln!(
                out,
                "and further paths, met {}, not listed",
                counted(self.further_paths, "time")
            )?;
        }
        if !self.never_found.is_empty() {
            writeln!(out, "never found: {}", self.never_found.join(", "))?;
        }
        if !self.required_never_found.is_empty() {
            writeln!(
                out,
                "required and never found: {}; without them no line is an event: give their rules further places",
                self.required_never_found.join(", ")
            )?;
        }
        Ok(())
    }
}
