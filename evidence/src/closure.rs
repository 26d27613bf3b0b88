//! What one model version, system or other thing rests on, and what was said about it: the part of
//! the graph that is handed over.
//!
//! Upstream along all lineage to its origins; from there one step to what is about these things
//! (evaluations, approvals, documents, changes, incidents), and from those to what they name. Of a
//! model also where it was deployed, of a system what belongs to it, of an incident what it concerns. Sealed fields stay out: what is handed over leaves the hands of
//! who may read them.

use crate::Error;
use crate::go_on::{GoOn, asked};
use lineal_engine::schema::{Class, Direction, Kind, RELATIONS, Relation};
use lineal_engine::{NodeNo, Snapshot};
use lineal_proof::{Hash, Key, Map, Value};
use lineal_query::{Line, Picture, Thing};
use std::collections::{BTreeMap, BTreeSet};

/// Most nodes of a closure: a thing that rests on more is no file that a person or a tool of others
/// reads; `lineal query` narrows it.
pub const NODES_MAX: usize = 20_000;

/// What is about a thing and is found from it.
const ABOUT: [Relation; 4] =
    [Relation::Evaluates, Relation::Approves, Relation::Documents, Relation::Concerns];
/// What a thing names beside its lineage.
const NAMED: [Relation; 6] = [
    Relation::DoneBy,
    Relation::BelongsTo,
    Relation::AuthorizedBy,
    Relation::TestedOn,
    Relation::InExperiment,
    Relation::Cites,
];

/// A node of a closure.
#[derive(Clone, PartialEq, Debug)]
pub struct Member {
    /// Its number in the view.
    pub node: NodeNo,
    /// Its kind.
    pub kind: Kind,
    /// Its key.
    pub key: Key,
    /// What it is called; of a person the key alone.
    pub name: String,
    /// Its node id.
    pub id: Hash,
    /// Its newest revision; none of what is only referred to.
    pub revision: Option<Hash>,
    /// Its fields, derived ones included, sealed ones not.
    pub fields: Map,
    /// Names of what is sealed of it.
    pub sealed: BTreeSet<String>,
}

impl Member {
    /// A field that is text.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_text)
    }

    /// A field that is a time or a whole number.
    #[must_use]
    pub fn number(&self, field: &str) -> Option<i64> {
        self.fields.get(field).and_then(Value::as_i64)
    }

    /// A field that is a map.
    #[must_use]
    pub fn map(&self, field: &str) -> Option<&Map> {
        self.fields.get(field).and_then(Value::as_map)
    }

    /// Is it only referred to?
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.revision.is_none()
    }

    /// The digest of the thing's bytes under the name of its algorithm, where the source says which
    /// one that is: `sha256`, `blake3`, and so on. A digest whose algorithm nobody recorded is none.
    #[must_use]
    pub fn digest(&self) -> Option<(&'static str, String)> {
        if let Some(hex) = self.text("sha256").and_then(|text| hex_of(text, 64)) {
            return Some(("sha256", hex));
        }
        let text = self.text("digest")?;
        if let Some((name, hex)) = text.split_once(':') {
            return known(name, hex);
        }
        match self.text("digest_kind") {
            Some(name) => known(name, text),
            None if self.kind == Kind::Document => known("blake3", text),
            None => None,
        }
    }
}

/// Algorithms by the names under which sources write them, with the length of their digests in
/// hexadecimal digits.
const ALGORITHMS: [(&str, &str, usize); 7] = [
    ("sha256", "sha256", 64),
    ("sha-256", "sha256", 64),
    ("sha512", "sha512", 128),
    ("sha-512", "sha512", 128),
    ("blake3", "blake3", 64),
    ("sha1", "sha1", 40),
    ("md5", "md5", 32),
];

fn known(name: &str, digest: &str) -> Option<(&'static str, String)> {
    let (_, name, length) =
        ALGORITHMS.iter().find(|(written, ..)| name.eq_ignore_ascii_case(written))?;
    Some((name, hex_of(digest, *length)?))
}

fn hex_of(text: &str, length: usize) -> Option<String> {
    let is_hex = text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| text.to_ascii_lowercase())
}

/// The part of a view that a thing rests on.
#[derive(Clone, PartialEq, Debug)]
pub struct Closure {
    /// The nodes, by kind and key; the places in `edges` are places here.
    pub members: Vec<Member>,
    /// Edges between them, from newer to older: sorted, no two alike.
    pub edges: Vec<(usize, Relation, usize)>,
    /// Where the walk began.
    pub root: usize,
    /// The commit of the view.
    pub commit: u64,
    /// When that was recorded, ns.
    pub recorded: i64,
}

impl Closure {
    /// What a node rests on, as of a view.
    ///
    /// # Errors
    /// [`Error::TooLarge`] above [`NODES_MAX`] nodes, and what the store says.
    pub fn of(view: &Snapshot, root: NodeNo) -> Result<Closure, Error> {
        Closure::within(view, root, &|_| true, &|| true)
    }

    /// What a node rests on of the part of a view that somebody may see. `go_on` is asked at every node.
    ///
    /// # Errors
    /// As [`Closure::of`], and [`Error::Ended`].
    pub fn within(
        view: &Snapshot,
        root: NodeNo,
        sees: &dyn Fn(NodeNo) -> bool,
        go_on: GoOn<'_>,
    ) -> Result<Closure, Error> {
        let nodes = reached(view, root, sees, go_on)?;
        let places: BTreeMap<NodeNo, usize> = nodes.iter().copied().zip(0..).collect();
        let mut edges = BTreeSet::new();
        for (from, at) in &places {
            asked(go_on)?;
            for spec in &RELATIONS {
                for to in view.edges(*from, spec.relation, Direction::Forward) {
                    if let Some(to) = places.get(to) {
                        edges.insert((*at, spec.relation, *to));
                    }
                }
            }
        }
        let members = nodes.iter().map(|node| asked(go_on).and_then(|()| member(view, *node)));
        let members = members.collect::<Result<Vec<_>, Error>>()?;
        if let Some(error) = view.damage() {
            return Err(error.into());
        }
        Ok(Closure {
            members,
            edges: edges.into_iter().collect(),
            root: places.get(&root).copied().unwrap_or(0),
            commit: view.commit(),
            recorded: view.recorded(),
        })
    }

    /// Where the walk began.
    #[must_use]
    pub fn root(&self) -> &Member {
        &self.members[self.root]
    }

    /// Members of a kind, with their places.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (usize, &Member)> {
        self.members.iter().enumerate().filter(move |(_, member)| member.kind == kind)
    }

    /// Where a relation leads from a member.
    pub fn along(&self, from: usize, relation: Relation) -> impl Iterator<Item = usize> + '_ {
        let own = move |edge: &&(usize, Relation, usize)| edge.0 == from && edge.1 == relation;
        self.edges.iter().filter(own).map(|edge| edge.2)
    }

    /// From where a relation leads to a member.
    pub fn against(&self, to: usize, relation: Relation) -> impl Iterator<Item = usize> + '_ {
        let own = move |edge: &&(usize, Relation, usize)| edge.2 == to && edge.1 == relation;
        self.edges.iter().filter(own).map(|edge| edge.0)
    }

    /// As a picture, from which the forms of the language are drawn: Graphviz, Mermaid, PROV-JSON.
    #[must_use]
    pub fn picture(&self) -> Picture {
        let thing = |member: &Member| Thing {
            kind: member.kind,
            name: member.name.clone(),
            missing: member.is_missing(),
            time: member.number("time"),
            ran: (member.number("started"), member.number("ended")),
        };
        let line = |(from, relation, to): &(usize, Relation, usize)| Line {
            from: *from,
            relation: *relation,
            to: *to,
        };
        Picture {
            things: self.members.iter().map(thing).collect(),
            lines: self.edges.iter().map(line).collect(),
        }
    }
}

/// The nodes of a closure, ascending: nodes are numbered by kind and key.
fn reached(
    view: &Snapshot,
    root: NodeNo,
    sees: &dyn Fn(NodeNo) -> bool,
    go_on: GoOn<'_>,
) -> Result<BTreeSet<NodeNo>, Error> {
    let mut found = BTreeSet::from([root]);
    let mut waiting = vec![root];
    let take = |node: NodeNo, found: &mut BTreeSet<NodeNo>| -> Result<bool, Error> {
        let is_new = sees(node) && !view.hides(view.kind_of(node)) && found.insert(node);
        if found.len() > NODES_MAX {
            return Err(Error::TooLarge { name: view.name_of(root), most: NODES_MAX });
        }
        Ok(is_new)
    };
    let belongs =
        |system| view.edges(system, Relation::BelongsTo, Direction::Inverse).iter().copied();
    let own: Vec<NodeNo> = match view.kind_of(root) {
        Kind::System => belongs(root).collect(),
        Kind::Incident => {
            let concerned = view.edges(root, Relation::Concerns, Direction::Forward);
            let is_system = |node: &NodeNo| view.kind_of(*node) == Kind::System;
            let of_systems = concerned.iter().copied().filter(is_system).flat_map(belongs);
            concerned.iter().copied().chain(of_systems).collect()
        }
        _ => Vec::new(),
    };
    for node in own {
        if take(node, &mut found)? {
            waiting.push(node);
        }
    }
    while let Some(node) = waiting.pop() {
        asked(go_on)?;
        for spec in RELATIONS.iter().filter(|spec| spec.class == Class::Lineage) {
            for to in view.edges(node, spec.relation, Direction::Forward) {
                if take(*to, &mut found)? {
                    waiting.push(*to);
                }
            }
        }
    }
    if view.kind_of(root) == Kind::Model {
        for node in view.edges(root, Relation::Deploys, Direction::Inverse) {
            take(*node, &mut found)?;
        }
    }
    let lineage: Vec<NodeNo> = found.iter().copied().collect();
    for node in lineage {
        asked(go_on)?;
        for relation in ABOUT {
            for about in view.edges(node, relation, Direction::Inverse) {
                take(*about, &mut found)?;
            }
        }
    }
    let all: Vec<NodeNo> = found.iter().copied().collect();
    for node in all {
        asked(go_on)?;
        for relation in NAMED {
            for named in view.edges(node, relation, Direction::Forward) {
                take(*named, &mut found)?;
            }
        }
    }
    Ok(found)
}

fn member(view: &Snapshot, node: NodeNo) -> Result<Member, Error> {
    let (fields, sealed) = view.open_fields(node)?;
    let (kind, key) = (view.kind_of(node), view.key_of(node));
    let name = match (kind, key.0.first()) {
        // The view may hold the name of a person; a key says as much to who may know.
        (Kind::Actor, Some(lineal_proof::KeyPart::Text(key))) => format!("actor:{key}"),
        _ => view.name_of(node),
    };
    let (id, revision) = (view.node_id(node), view.revision_id(node));
    Ok(Member { node, kind, key, name, id, revision, fields, sealed })
}
