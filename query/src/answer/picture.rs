//! The things of an answer with the edges between them, as Graphviz and Mermaid read them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use lineal_engine::schema::{Direction, Kind, RELATIONS, Relation};

use super::Answer;
use crate::error::{Error, Result};
use crate::source::{EventRef, NodeNo, Source};
use crate::value::{Item, Value, time_text};

/// One thing of a picture.
#[derive(Clone, PartialEq, Debug)]
pub struct Thing {
    /// Its kind.
    pub kind: Kind,
    /// Its name, as it can be pasted back.
    pub name: String,
    /// Only referred to.
    pub missing: bool,
    /// Its time, ns.
    pub time: Option<i64>,
    /// Of a run: its start and its end, ns.
    pub ran: (Option<i64>, Option<i64>),
}

/// One edge, from the newer record to the older one; both by their place among the things.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Line {
    /// Where it begins.
    pub from: usize,
    /// The relation.
    pub relation: Relation,
    /// Where it leads.
    pub to: usize,
}

/// The things of an answer, in the order of kind and key, and the edges between them.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Picture {
    /// The things.
    pub things: Vec<Thing>,
    /// The edges.
    pub lines: Vec<Line>,
}

/// Things in a picture at most: more is no picture.
pub const THINGS_MAX: usize = 20_000;

impl Picture {
    /// The picture of an answer: every node and event in its rows, and each recorded edge between
    /// two of them. The view is the one that was asked, or another of its store.
    ///
    /// # Errors
    /// A store that cannot be read, or more than [`THINGS_MAX`] things.
    pub fn of<S: Source>(answer: &Answer, source: &S) -> Result<Picture> {
        let store = |error: S::Error| Error::Store(Box::new(error));
        if source.commit() != answer.commit {
            let then = source.as_of_commit(answer.commit).map_err(store)?;
            let gone = || Error::Store("the view of the answer is not in this store".into());
            return Picture::drawn(answer, &then.ok_or_else(gone)?);
        }
        Picture::drawn(answer, source)
    }

    fn drawn<S: Source>(answer: &Answer, source: &S) -> Result<Picture> {
        let store = |error: S::Error| Error::Store(Box::new(error));
        let mut items: BTreeSet<Item> = BTreeSet::new();
        answer.rows.iter().flatten().for_each(|value| gather(value, &mut items));
        if items.len() > THINGS_MAX {
            return Err(Error::Picture { things: items.len(), most: THINGS_MAX });
        }
        let places: BTreeMap<Item, usize> = items.iter().copied().zip(0..).collect();
        let mut picture = Picture::default();
        for item in &items {
            picture.things.push(match item {
                Item::Node(node) => thing(source, *node).map_err(store)?,
                Item::Event(event) => happened(answer, source, *event).map_err(store)?,
            });
        }
        for (item, from) in &places {
            for spec in &RELATIONS {
                let relation = spec.relation;
                let ends: Vec<Item> = match item {
                    Item::Node(node) => {
                        let ends = source.edges(*node, relation, Direction::Forward).iter();
                        ends.map(|end| Item::Node(*end)).collect()
                    }
                    Item::Event(event) => match relation {
                        Relation::ServedBy => vec![Item::Node(source.event_deployment(*event))],
                        Relation::PartOf => vec![Item::Node(source.event_batch(*event))],
                        _ => Vec::new(),
                    },
                };
                let known = ends.iter().filter_map(|end| places.get(end));
                picture.lines.extend(known.map(|to| Line { from: *from, relation, to: *to }));
            }
        }
        Ok(picture)
    }

    /// As Graphviz reads it: `dot -Tsvg`. Edges point from the older thing to the newer one, the
    /// way in which things came about.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut out = String::from("digraph lineage {\n  rankdir=LR;\n  node [shape=box];\n");
        for (place, thing) in self.things.iter().enumerate() {
            let style = if thing.missing { ", style=dashed" } else { "" };
            let label = escaped(&thing.name);
            let _ = writeln!(out, "  n{place} [label=\"{label}\"{style}];");
        }
        for line in &self.lines {
            let word = line.relation.spec().inverse;
            let _ = writeln!(out, "  n{} -> n{} [label=\"{word}\"];", line.to, line.from);
        }
        out.push_str("}\n");
        out
    }

    /// As Mermaid reads it, which draws in Markdown pages.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut out = String::from("flowchart LR\n");
        for (place, thing) in self.things.iter().enumerate() {
            // Mermaid takes entities, no backslashes.
            let label = thing.name.replace('&', "&amp;").replace('"', "&quot;");
            let label = label.replace('<', "&lt;").replace('>', "&gt;");
            let _ = writeln!(out, "  n{place}[\"{label}\"]");
            if thing.missing {
                let _ = writeln!(out, "  style n{place} stroke-dasharray: 4 4");
            }
        }
        for line in &self.lines {
            let word = line.relation.spec().inverse;
            let _ = writeln!(out, "  n{} -->|{word}| n{}", line.to, line.from);
        }
        out
    }
}

fn gather(value: &Value, out: &mut BTreeSet<Item>) {
    match value {
        Value::Node(node) => {
            out.insert(Item::Node(*node));
        }
        Value::Event(event) => {
            out.insert(Item::Event(*event));
        }
        Value::List(items) => items.iter().for_each(|item| gather(item, out)),
        Value::Path(path) => {
            out.insert(path.start);
            out.extend(path.steps.iter().map(|step| step.to));
        }
        _ => {}
    }
}

fn thing<S: Source>(source: &S, node: NodeNo) -> Result<Thing, S::Error> {
    let time = |name| source.field(node, name).map(|value| value.and_then(|v| v.as_i64()));
    Ok(Thing {
        kind: source.kind_of(node),
        name: source.name_of(node),
        missing: source.is_stub(node),
        time: time("time")?,
        ran: (time("started")?, time("ended")?),
    })
}

fn happened<S: Source>(answer: &Answer, source: &S, event: EventRef) -> Result<Thing, S::Error> {
    let time = source.event_field(event, lineal_engine::event_fields::EventField::Time)?;
    let mut name = answer.event_name(event).to_owned();
    if name.is_empty() {
        name =
            format!("inference in {} row {}", source.name_of(source.event_batch(event)), event.row);
    }
    let time = time.and_then(|value| value.as_i64());
    Ok(Thing { kind: Kind::Inference, name, missing: false, time, ran: (None, None) })
}

/// Text within quotes of Graphviz.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ")
}

impl Thing {
    /// Its time as other formats write it.
    pub(super) fn written(time: Option<i64>) -> Option<String> {
        time.map(time_text)
    }
}
