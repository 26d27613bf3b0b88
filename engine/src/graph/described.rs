//! What the records say of each node that is described, read once and laid side by side: a few
//! dozen bytes a node, so that a store of millions of nodes is numbered in hundreds of megabytes
//! (`import/examples/mlflow_import.rs`).

use super::claim_edges::{ClaimEdge, Claims};
use super::former::Known;
use super::label_lists::LabelLists;
use super::links::Links;
use super::named::{Named, Number};
use super::{NodeNo, key_fields, label_hash, labels, tag_hash};
use crate::claims::is_claim;
use crate::draft::{FORM_IN_PASSING, FORM_OF_EVENTS};
use crate::error::{Error, Result};
use crate::ledger::{ChainHead, Ledger, Rank};
use crate::mapping::{Bytes, Words, forget_large};
use crate::schema::{Kind, Relation};
use crate::sections::Shelf;
use crate::segment::{Location, read_frame, segment_path};
use lineal_proof::record::{Edge, Revision, node_id};
use lineal_proof::{Hash, Key, Map, Value};
use rayon::prelude::*;
use std::collections::HashMap;

/// Nodes whose records are held decoded at once.
const CHUNK: usize = 16_384;

/// Relations whose edges are made by the graph.
pub(super) const DERIVED: [Relation; 2] = [Relation::Brought, Relation::Follows];

/// A node that is described.
#[derive(Clone, Copy)]
pub(super) struct Raw {
    /// Its number in the ledger.
    pub(super) entry: Number,
    /// Its number in the former generation, which tells its edges and labels.
    pub(super) known: Option<NodeNo>,
    /// Where its heads end among all.
    pub(super) heads_end: u32,
    pub(super) revisions: u32,
    pub(super) first_commit: u32,
    pub(super) last_commit: u32,
    pub(super) deleted: bool,
}

impl Raw {
    /// As it is laid aside.
    fn to_words(self) -> [u32; 7] {
        let Raw { entry, known, heads_end, revisions, first_commit, last_commit, deleted } = self;
        let known = known.unwrap_or(NONE);
        [entry, known, heads_end, revisions, first_commit, last_commit, u32::from(deleted)]
    }

    fn of_words(words: [u32; 7]) -> Raw {
        let [entry, known, heads_end, revisions, first_commit, last_commit, deleted] = words;
        let (known, deleted) = (Some(known).filter(|known| *known != NONE), deleted == 1);
        Raw { entry, known, heads_end, revisions, first_commit, last_commit, deleted }
    }
}

/// Stands for no node of the former generation.
const NONE: NodeNo = NodeNo::MAX;
/// Set in a head's second word where it vanished; the number of its chain stands below.
const GONE: u32 = 1 << 16;

/// One chain's head.
#[derive(Clone, Copy)]
pub(super) struct RawHead {
    /// Its number in the ledger.
    pub(super) revision: u32,
    pub(super) chain: u16,
    /// Did it vanish from its source?
    pub(super) is_gone: bool,
}

impl RawHead {
    fn to_words(self) -> [u32; 2] {
        [self.revision, u32::from(self.chain) | if self.is_gone { GONE } else { 0 }]
    }

    fn of_words([revision, rest]: [u32; 2]) -> RawHead {
        let chain = u16::try_from(rest & (GONE - 1)).unwrap_or(u16::MAX);
        RawHead { revision, chain, is_gone: rest & GONE != 0 }
    }
}

/// Every node that is described, in the order of the ledger.
pub(super) struct Described {
    nodes: Words<[u32; 7]>,
    /// Of one node after another, the one on top first.
    heads: Words<[u32; 2]>,
    /// Edges whose targets are certain.
    pub(super) links: Links,
    /// Edges whose targets are not; those of a node stand side by side.
    pub(super) claims: Claims,
    /// Hashes by which nodes are looked up, but of those that the former generation knows.
    pub(super) labels: LabelLists,
    /// Aliases of models.
    pub(super) aliases: HashMap<Number, Vec<String>>,
    /// Does a record state an edge of a relation that is derived, too?
    pub(super) states_derived: bool,
}

/// One node, as it was read.
pub(super) struct ReadNode {
    pub(super) raw: Raw,
    pub(super) heads: Vec<RawHead>,
    pub(super) edges: Vec<ReadEdge>,
    pub(super) labels: Vec<u64>,
    aliases: Vec<String>,
}

/// A link as it was read.
pub(super) struct ReadEdge {
    relation: Relation,
    kind: Kind,
    target: Target,
    beside: Vec<(String, String)>,
}

/// What a link names.
enum Target {
    /// A node of the ledger: nearly always. Keys of data sets are long, and most links lead to one.
    Entry(Number),
    /// A node of that id and key that the ledger does not know, as retracted imports leave it.
    Other(Box<(Hash, Key)>),
}

impl ReadEdge {
    fn new(ledger: &Ledger, relation: Relation, kind: Kind, edge: Edge) -> ReadEdge {
        let id = node_id(kind.name(), &edge.key);
        let target = match ledger.node(&id) {
            Some(number) => Target::Entry(number),
            None => Target::Other(Box::new((id, edge.key))),
        };
        ReadEdge { relation, kind, target, beside: edge.beside }
    }

    fn is_claim(&self, ledger: &Ledger) -> bool {
        let key = match &self.target {
            _ if !matches!(self.kind, Kind::Model | Kind::Dataset) => return false,
            Target::Entry(number) => &ledger.nodes.key(*number),
            Target::Other(named) => &named.1,
        };
        is_claim(self.kind, key)
    }
}

impl Described {
    /// Nothing yet.
    fn empty(shelf: &Shelf) -> Described {
        Described {
            nodes: Words::owned(Vec::new()),
            heads: Words::owned(Vec::new()),
            links: Links::new(shelf),
            claims: Claims::new(shelf),
            labels: LabelLists::new(shelf),
            aliases: HashMap::new(),
            states_derived: false,
        }
    }

    /// Reads every node that is described: as the former generation knows it, or from its records.
    pub(super) fn read(
        named: &mut Named<'_>,
        (ledger, segments): (&Ledger, &[Bytes]),
        upto: u64,
        known: Option<&Known<'_>>,
        shelf: &Shelf,
    ) -> Result<Described> {
        let rank = ledger.rank(upto);
        let from_records = |number: Number| read(ledger, segments, number, upto, &rank);
        // What decides between the candidates of a claim is said by the records of models.
        let reads_models = match known {
            Some(known) => {
                let all = 0..number(ledger.nodes.len());
                let touched = all.into_par_iter().filter(|at| known.of(ledger, *at).is_none());
                let has_claims = touched.map(|at| {
                    let read = from_records(at)?;
                    Ok(read.is_some_and(|read| read.edges.iter().any(|e| e.is_claim(ledger))))
                });
                has_claims.try_reduce(|| false, |one, other| Ok::<_, Error>(one || other))?
            }
            None => true,
        };
        let one = |number: Number| {
            let is_model = ledger.nodes.kind(number) == Kind::Model;
            let known = known.filter(|_| !(reads_models && is_model));
            let Some((old, deleted)) = known.and_then(|known| known.of(ledger, number)) else {
                return from_records(number);
            };
            let heads = ledger.heads(number, upto, &rank);
            let raw = Raw { known: Some(old), deleted, ..raw(ledger, number, upto) };
            let heads: Vec<RawHead> = raw_heads(ledger, &heads, upto);
            let (edges, labels, aliases) = (Vec::new(), Vec::new(), Vec::new());
            Ok((!heads.is_empty()).then_some(ReadNode { raw, heads, edges, labels, aliases }))
        };
        let mut all = Described::empty(shelf);
        let (mut nodes, mut heads) = (shelf.list(), shelf.list());
        for first in (0..ledger.nodes.len()).step_by(CHUNK) {
            let chunk = number(first)..number((first + CHUNK).min(ledger.nodes.len()));
            let read: Vec<Option<ReadNode>> =
                chunk.into_par_iter().map(one).collect::<Result<_>>()?;
            for node in read.into_iter().flatten() {
                node.heads.iter().for_each(|head| heads.push(head.to_words()));
                nodes.push(Raw { heads_end: number(heads.len()), ..node.raw }.to_words());
                all.add(named, ledger, node);
            }
            forget_large(segments);
        }
        all.links.close()?;
        Ok(Described { nodes: nodes.into_words()?, heads: heads.into_words()?, ..all })
    }

    fn add(&mut self, named: &mut Named<'_>, ledger: &Ledger, node: ReadNode) {
        let from = node.raw.entry;
        node.labels.into_iter().for_each(|label| self.labels.push(label, from));
        if !node.aliases.is_empty() {
            self.aliases.insert(from, node.aliases);
        }
        for edge in node.edges {
            let (relation, is_claim) = (edge.relation, edge.is_claim(ledger));
            self.states_derived |= DERIVED.contains(&relation);
            let target = match edge.target {
                Target::Entry(number) => number,
                Target::Other(other) => {
                    let (id, key) = *other;
                    named.find_or_add(id, edge.kind, || key)
                }
            };
            if is_claim {
                self.claims.push(ClaimEdge { from, relation, target }, edge.beside);
            } else {
                self.links.push(relation, from, target);
            }
        }
    }

    /// All nodes.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Raw> + '_ {
        self.nodes.iter().map(|words| Raw::of_words(*words))
    }

    /// A node by its place among the nodes.
    pub(super) fn node(&self, at: usize) -> Raw {
        Raw::of_words(self.nodes[at])
    }

    /// The heads of a node, by its place among the nodes.
    pub(super) fn heads_of(&self, at: usize) -> impl Iterator<Item = RawHead> + '_ {
        let from = at.checked_sub(1).map_or(0, |before| self.node(before).heads_end);
        let heads = &self.heads[from as usize..self.node(at).heads_end as usize];
        heads.iter().map(|words| RawHead::of_words(*words))
    }

    /// Is a node described?
    pub(super) fn holds(&self, number: Number) -> bool {
        self.place(number).is_some()
    }

    /// The place of a node among the nodes.
    pub(super) fn place(&self, number: Number) -> Option<usize> {
        self.nodes.binary_search_by_key(&number, |raw| raw[0]).ok()
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).expect("fewer than 2^32 nodes and heads")
}

/// Fields that the graph itself holds, whatever their type: parameters, metrics and series, most of
/// what a run says, are passed over.
fn is_wanted(field: &str, is_list_or_map: bool) -> bool {
    !is_list_or_map || matches!(field, "tags" | "aliases" | "name" | "version")
}

/// The payload of a revision, with the fields that are wanted.
fn revision(segments: &[Bytes], at: Location) -> Result<Revision> {
    let none = || Error::corrupt(segment_path(at.segment), 0, "the segment is there");
    let place = (at.segment as usize).checked_sub(1).ok_or_else(none)?;
    let bytes = segments.get(place).ok_or_else(none)?;
    let frame = read_frame(bytes, at)?;
    Revision::decode_some(frame.payload, is_wanted)
        .map_err(|e| Error::record(&segment_path(at.segment), at.offset, e))
}

/// The revisions whose edges hold: the heads of the chains. What logs say of a deployment is only
/// what one file held, an event of OpenLineage and a document in passing what they held themselves, so there every alive
/// revision adds to it (docs/format.md, section 13).
fn stated_by(ledger: &Ledger, node: Number, heads: &[ChainHead], upto: u64) -> Vec<u32> {
    let of_event = |chain: u16| {
        let chain = ledger.chains.get(usize::from(chain));
        chain.is_some_and(|(_, form)| {
            form.starts_with(FORM_OF_EVENTS) || form.ends_with(FORM_IN_PASSING)
        })
    };
    let partial = |chain: u16| {
        (ledger.nodes.kind(node) == Kind::Deployment || of_event(chain))
            && ledger
                .snapshots
                .iter()
                .all(|snapshot| snapshot.chain != chain || !ledger.stands(snapshot.commit, upto))
    };
    let mut stated: Vec<u32> = heads.iter().map(|head| head.revision).collect();
    if heads.iter().any(|head| partial(head.chain)) {
        stated.extend(ledger.revisions_of(node).filter(|revision| {
            partial(ledger.revisions.chain(*revision))
                && ledger.effective(*revision, upto).is_some()
        }));
        stated.sort_unstable();
        stated.dedup();
    }
    stated
}

/// Reads the heads of a ledger node.
pub(super) fn read(
    ledger: &Ledger,
    segments: &[Bytes],
    number: Number,
    upto: u64,
    rank: &Rank,
) -> Result<Option<ReadNode>> {
    if !ledger.nodes.is_described(number) || ledger.nodes.born(number) > upto {
        return Ok(None);
    }
    let kind = ledger.nodes.kind(number);
    let heads = ledger.heads(number, upto, rank);
    if heads.is_empty() {
        return Ok(None);
    }
    let mut edges: Vec<ReadEdge> = Vec::new();
    let mut fields = Map::new();
    let mut labels = Vec::new();
    // Each is read once: it is decoded and hashed, and that is most of the work.
    let mut said = Vec::new();
    for number in stated_by(ledger, number, &heads, upto) {
        let at = ledger.revisions.at(number);
        let mut revision = revision(segments, at)?;
        for edge in std::mem::take(&mut revision.edges) {
            let kinds = Relation::parse(&edge.relation).zip(Kind::parse(&edge.kind));
            let Some(((relation, _), kind)) = kinds else {
                let rule = "relations and kinds are those of the schema";
                return Err(Error::corrupt(segment_path(at.segment), at.offset, rule));
            };
            edges.push(ReadEdge::new(ledger, relation, kind, edge));
        }
        if heads.iter().any(|head| head.revision == number) {
            said.push((number, revision.fields));
        }
    }
    for head in &heads {
        let stated = said.iter_mut().find(|(number, _)| *number == head.revision);
        let head_fields = stated.map(|(_, fields)| std::mem::take(fields)).unwrap_or_default();
        // Only what labels and flags need; the fold proper is done when a field is asked for.
        if let Some(all) = head_fields.get("tags").and_then(Value::as_map) {
            let texts = all.iter().filter_map(|(name, value)| Some((name, value.as_text()?)));
            labels.extend(texts.map(|(name, value)| tag_hash(kind, name, value)));
        }
        let texts = head_fields.iter().filter_map(|(name, value)| Some((name, value.as_text()?)));
        labels.extend(labels::field_hashes(kind, texts));
        for (name, value) in head_fields {
            if matches!(name.as_str(), "name" | "version" | "aliases" | "deleted" | "service")
                && value != Value::Null
                && fields.get(&name).is_none()
            {
                fields.insert(name, value);
            }
        }
    }
    let (id, key) = (ledger.nodes.id(number), ledger.nodes.key(number));
    labels.extend(looked_up(kind, &id, &key, &fields));
    let mut aliases = Vec::new();
    if kind == Kind::Model {
        let all = fields.get("aliases").and_then(Value::as_list).unwrap_or_default();
        aliases.extend(all.iter().filter_map(Value::as_text).map(str::to_owned));
    }
    let deleted = fields.get("deleted").and_then(Value::as_bool).unwrap_or(false);
    let raw = Raw { deleted, ..raw(ledger, number, upto) };
    let heads = raw_heads(ledger, &heads, upto);
    Ok(Some(ReadNode { raw, heads, edges, labels, aliases }))
}

/// The hashes by which a node is looked up, from its key and what its heads say; those of tags and
/// fields of its heads come beside.
pub(super) fn looked_up<'a>(
    kind: Kind,
    id: &Hash,
    key: &'a Key,
    fields: &Map,
) -> impl Iterator<Item = u64> + use<'a> {
    let short = matches!(kind, Kind::Batch | Kind::Approval | Kind::Evaluation | Kind::Change)
        .then(|| id.short());
    let all = labels::labels(kind, key, fields).into_iter().chain(short);
    let by_key = labels::field_hashes(kind, key_fields(kind, key).into_iter());
    all.map(move |label| label_hash(kind, &label)).chain(by_key)
}

/// What the ledger knows of a node that is described.
fn raw(ledger: &Ledger, number: Number, upto: u64) -> Raw {
    // The last first.
    let commits = ledger.revisions_of(number).map(|revision| ledger.revisions.commit(revision));
    let mut commits = commits.filter(|commit| *commit <= upto);
    let last_commit = commits.next();
    let short = |commit: u64| u32::try_from(commit).expect("fewer than 2^32 commits");
    let mut revisions = u32::from(last_commit.is_some());
    let last_commit = last_commit.unwrap_or(0);
    let mut first_commit = last_commit;
    for commit in commits {
        (first_commit, revisions) = (commit, revisions.saturating_add(1));
    }
    let (known, deleted, heads_end) = (None, false, 0);
    let (first_commit, last_commit) = (short(first_commit), short(last_commit));
    Raw { entry: number, known, heads_end, revisions, first_commit, last_commit, deleted }
}

fn raw_heads(ledger: &Ledger, heads: &[ChainHead], upto: u64) -> Vec<RawHead> {
    let head = |head: &ChainHead| {
        let is_gone = ledger.gone(head, upto).is_some();
        RawHead { revision: head.revision, chain: head.chain, is_gone }
    };
    heads.iter().map(head).collect()
}
