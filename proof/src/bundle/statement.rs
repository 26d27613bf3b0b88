//! What a proof states, in data.

use super::absent::Absent;
use super::fault::Checked;
use super::item::{EventName, Item, Node};
use super::json::Json;
use super::read::Place;
use super::{FORMAT, FORMAT_OF_ABSENCE, HOPS_MAX, PATHS_MAX};
use crate::hash::Hash;

/// A statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Statement {
    /// A revision of a node stands in the log.
    Revision {
        /// The node.
        node: Node,
        /// The revision's id.
        revision: Hash,
    },
    /// Events stand in batches of the log.
    Events {
        /// The events; one at least.
        events: Vec<EventName>,
        /// What each of them says of itself.
        named: Option<Named>,
    },
    /// Edges that are recorded lead from one thing to another.
    Paths {
        /// What every event at an end of a path says of itself.
        named: Option<Named>,
        /// The paths; one at least.
        paths: Vec<Path>,
    },
    /// Something was never recorded.
    Absent(Box<Absent>),
}

/// A field by which an event was asked for, and its value: a hash in hexadecimal, or a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// The field.
    pub field: String,
    /// Its value.
    pub value: String,
}

/// A path: where it begins, then edge by edge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Path {
    /// Its first thing.
    pub start: Item,
    /// The edges; one at least.
    pub hops: Vec<Hop>,
}

/// One edge of a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hop {
    /// Where it leads.
    pub to: Item,
    /// Is it walked from the newer thing, whose revision holds it, to the older?
    pub along: bool,
    /// The relation's name, from newer to older.
    pub relation: String,
    /// The revision that holds the edge: of the newer thing, or of an event's batch.
    pub revision: Hash,
    /// Which of its edges.
    pub edge: u64,
    /// Why the edge means the older thing.
    pub by: By,
}

/// Why an edge means a node (docs/format.md, sections 6 and 13).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// Its key is the node's.
    Exact,
    /// Its pin is a record of the node: it was that node when the edge was written.
    Pin,
    /// It is a claim, and what it knows is so of the node.
    Fits,
    /// It is a claim, and this reference says what its name stands for.
    Alias(Hash),
    /// It is a claim of a logged model: the node itself, or one that this revision says is
    /// registered from it.
    Logged(Option<Hash>),
    /// It is a claim of a model that a run made, as this revision says.
    Run(Hash),
    /// It is a claim of a model with a word in the version's place that this revision lists among its
    /// aliases.
    Version(Hash),
}

impl By {
    fn name(self) -> &'static str {
        match self {
            By::Exact => "exact",
            By::Pin => "pin",
            By::Fits => "fits",
            By::Alias(_) => "alias",
            By::Logged(_) => "logged",
            By::Run(_) => "run",
            By::Version(_) => "version",
        }
    }

    fn record(self) -> Option<Hash> {
        match self {
            By::Exact | By::Pin | By::Fits => None,
            By::Alias(record) | By::Run(record) | By::Version(record) => Some(record),
            By::Logged(record) => record,
        }
    }

    fn read(how: &Place<'_>, record: &Place<'_>) -> Checked<By> {
        let id = record.optional(Place::hash)?;
        Ok(match (how.text()?, id) {
            ("exact", None) => By::Exact,
            ("pin", None) => By::Pin,
            ("fits", None) => By::Fits,
            ("alias", Some(id)) => By::Alias(id),
            ("logged", id) => By::Logged(id),
            ("run", Some(id)) => By::Run(id),
            ("version", Some(id)) => By::Version(id),
            _ => {
                return Err(
                    how.fault("a reason that section 'Proofs' names, with its record or none")
                );
            }
        })
    }
}

impl Named {
    pub(super) fn to_json(&self) -> Json {
        Json::map([("field", Json::text(&self.field)), ("value", Json::text(&self.value))])
    }

    pub(super) fn read(place: &Place<'_>) -> Checked<Named> {
        let [field, value] = place.members(["field", "value"])?;
        Ok(Named { field: field.text()?.to_owned(), value: value.text()?.to_owned() })
    }
}

impl Hop {
    fn to_json(&self) -> Json {
        let edge = i64::try_from(self.edge).unwrap_or(i64::MAX);
        let record = self.by.record().map_or(Json::Null, |id| Json::text(id.to_string()));
        Json::map([
            ("along", Json::Bool(self.along)),
            ("edge", Json::Int(edge)),
            ("how", Json::text(self.by.name())),
            ("record", record),
            ("relation", Json::text(&self.relation)),
            ("revision", Json::text(self.revision.to_string())),
            ("to", self.to.to_json()),
        ])
    }

    fn read(place: &Place<'_>) -> Checked<Hop> {
        let [along, edge, how, record, relation, revision, to] =
            place.members(["along", "edge", "how", "record", "relation", "revision", "to"])?;
        Ok(Hop {
            along: along.truth()?,
            edge: edge.count()?,
            by: By::read(&how, &record)?,
            relation: relation.text()?.to_owned(),
            revision: revision.hash()?,
            to: Item::read(&to)?,
        })
    }
}

impl Path {
    fn to_json(&self) -> Json {
        let hops = self.hops.iter().map(Hop::to_json).collect();
        Json::map([("hops", Json::List(hops)), ("start", self.start.to_json())])
    }

    fn read(place: &Place<'_>) -> Checked<Path> {
        let [hops, start] = place.members(["hops", "start"])?;
        let list = some(&hops, HOPS_MAX)?;
        let list = list.iter().map(Hop::read).collect::<Checked<_>>()?;
        Ok(Path { start: Item::read(&start)?, hops: list })
    }
}

/// The items of a list that has some, within a bound.
fn some<'a>(place: &Place<'a>, most: usize) -> Checked<Vec<Place<'a>>> {
    let items = place.list()?;
    if items.is_empty() || items.len() > most {
        return Err(
            place.fault("a list of one item or more, within the bounds of section 'Proofs'")
        );
    }
    Ok(items)
}

impl Statement {
    pub(super) fn to_json(&self) -> Json {
        let named = |named: &Option<Named>| named.as_ref().map_or(Json::Null, Named::to_json);
        match self {
            Statement::Revision { node, revision } => Json::map([
                ("kind", Json::text("revision")),
                ("node", node.to_json()),
                ("revision", Json::text(revision.to_string())),
            ]),
            Statement::Events { events, named: by } => Json::map([
                ("events", Json::List(events.iter().map(|event| event.to_json()).collect())),
                ("kind", Json::text("events")),
                ("named", named(by)),
            ]),
            Statement::Paths { named: by, paths } => Json::map([
                ("kind", Json::text("paths")),
                ("named", named(by)),
                ("paths", Json::List(paths.iter().map(Path::to_json).collect())),
            ]),
            Statement::Absent(absent) => absent.to_json(),
        }
    }

    /// The format number of a file that states it.
    pub(super) fn format(&self) -> i64 {
        if matches!(self, Statement::Absent(_)) { FORMAT_OF_ABSENCE } else { FORMAT }
    }

    pub(super) fn read(place: &Place<'_>) -> Checked<Statement> {
        if place.has("map") {
            return Absent::read(place).map(|absent| Statement::Absent(Box::new(absent)));
        }
        if place.has("revision") {
            let [kind, node, revision] = place.members(["kind", "node", "revision"])?;
            is_kind(&kind, "revision")?;
            return Ok(Statement::Revision {
                node: Node::read(&node)?,
                revision: revision.hash()?,
            });
        }
        if place.has("events") {
            let [events, kind, named] = place.members(["events", "kind", "named"])?;
            is_kind(&kind, "events")?;
            let list = some(&events, PATHS_MAX)?;
            return Ok(Statement::Events {
                events: list.iter().map(EventName::read).collect::<Checked<_>>()?,
                named: named.optional(Named::read)?,
            });
        }
        let [kind, named, paths] = place.members(["kind", "named", "paths"])?;
        is_kind(&kind, "paths")?;
        let list = some(&paths, PATHS_MAX)?;
        Ok(Statement::Paths {
            named: named.optional(Named::read)?,
            paths: list.iter().map(Path::read).collect::<Checked<_>>()?,
        })
    }
}

pub(super) fn is_kind(kind: &Place<'_>, name: &str) -> Checked {
    if kind.text()? == name {
        Ok(())
    } else {
        Err(kind.fault("the kind of statement that has these members"))
    }
}
