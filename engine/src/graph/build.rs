//! Building the graph of a view: heads, edges, claims, numbers, look-ups.

use super::csr::Rows;
use super::derived::{add_batches, add_followers, add_imports, import_facts};
use super::draft::{Draft, Node, draft_head};
use super::flatten::flatten;
use super::former::{Former, Known};
use super::resolve::{Link, missing_node, resolve};
use super::{Graph, NodeNo, key_fields, label_hash, labels, tag_hash};
use crate::claims::{Aliases, is_claim};
use crate::damage::Damage;
use crate::error::{Error, Result};
use crate::id_map::IdMap;
use crate::ledger::{ChainHead, Ledger, NodeEntry, Rank};
use crate::mapping::Bytes;
use crate::schema::{Kind, Relation};
use crate::segment::{Location, read_frame, segment_path};
use lineal_proof::record::{Edge, Revision, node_id};
use lineal_proof::{Hash, Key, KeyPart, Map, Value};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A described node on its way into the graph: numbers are places in the list of these.
pub(super) struct Raw {
    pub(super) node: Node,
    pub(super) edges: Vec<RawEdge>,
    pub(super) fields: Map,
    /// Hashes of its tags and of the fields that are looked up, each as name and value.
    pub(super) tags: Vec<u64>,
    /// Its number in the former generation, which tells its edges and labels.
    pub(super) known: Option<NodeNo>,
}

/// A link on its way into the graph. Its key is the ledger's wherever that knows the target, as it
/// does but for retracted imports: keys of data sets are long, and most links lead to one.
pub(super) struct RawEdge {
    pub(super) relation: Relation,
    pub(super) kind: Kind,
    target: Target,
    /// Ids given beside a claim.
    pub(super) beside: Vec<(String, String)>,
}

/// What a link names.
#[derive(PartialEq, Eq)]
enum Target {
    /// A node of the ledger.
    Entry(u32),
    /// A node of that id and key that the ledger does not know.
    Other(Box<(Hash, Key)>),
}

impl RawEdge {
    fn new(ledger: &Ledger, relation: Relation, kind: Kind, edge: Edge) -> RawEdge {
        let id = node_id(kind.name(), &edge.key);
        let target = match ledger.node(&id) {
            Some(number) => Target::Entry(number),
            None => Target::Other(Box::new((id, edge.key))),
        };
        RawEdge { relation, kind, target, beside: edge.beside }
    }

    /// The id of the node that it names.
    pub(super) fn id(&self, ledger: &Ledger) -> Hash {
        match &self.target {
            Target::Entry(number) => ledger.nodes[*number as usize].id,
            Target::Other(named) => named.0,
        }
    }

    /// The key that it names, exact or a claim.
    pub(super) fn key<'a>(&'a self, ledger: &'a Ledger) -> &'a Key {
        match &self.target {
            Target::Entry(number) => &ledger.nodes[*number as usize].key,
            Target::Other(named) => &named.1,
        }
    }

    /// Does another one name the same by the same relation?
    pub(super) fn is_like(&self, other: &RawEdge) -> bool {
        let same = (self.relation, self.kind) == (other.relation, other.kind);
        same && self.target == other.target
    }
}

impl Raw {
    /// A node that nobody describes.
    pub(super) fn bare(node: Node) -> Raw {
        Raw { node, edges: Vec::new(), fields: Map::new(), tags: Vec::new(), known: None }
    }

    /// Does it name something by a key with parts that its source does not know?
    pub(super) fn has_claims(&self, ledger: &Ledger) -> bool {
        self.edges.iter().any(|edge| is_claim(edge.kind, edge.key(ledger)))
    }

    /// Does it state an edge of a relation that is derived, too?
    fn states_derived(&self) -> bool {
        let is_derived = |edge: &RawEdge| DERIVED.contains(&edge.relation);
        self.edges.iter().any(is_derived)
    }
}

/// Relations whose edges are made here.
pub(super) const DERIVED: [Relation; 2] = [Relation::Brought, Relation::Follows];

/// Fields that the graph itself holds, whatever their type: parameters, metrics and series, most of
/// what a run says, are passed over.
fn is_wanted(field: &str, is_list_or_map: bool) -> bool {
    !is_list_or_map || matches!(field, "tags" | "aliases" | "name" | "version")
}

/// The payload of a revision, with the fields that are wanted.
fn revision(segments: &[Bytes], at: Location) -> Result<Revision> {
    let none = || Error::corrupt(segment_path(at.segment), 0, "the segment is there");
    let bytes = segments.get(at.segment as usize - 1).ok_or_else(none)?;
    let frame = read_frame(bytes, at)?;
    Revision::decode_some(frame.payload, is_wanted)
        .map_err(|e| Error::record(&segment_path(at.segment), at.offset, e))
}

/// The revisions whose edges hold: the heads of the chains. What logs say of a deployment is only
/// what one file held, so there every alive revision adds to it (docs/format.md, section 13).
fn stated_by(ledger: &Ledger, entry: &NodeEntry, heads: &[ChainHead], upto: u64) -> Vec<u32> {
    let partial = |chain: u16| {
        entry.kind == Kind::Deployment
            && ledger.snapshots.iter().all(|snapshot| snapshot.chain != chain)
    };
    let mut stated: Vec<u32> = heads.iter().map(|head| head.revision).collect();
    if heads.iter().any(|head| partial(head.chain)) {
        stated.extend(entry.revisions.iter().copied().filter(|number| {
            let revision = &ledger.revisions[*number as usize];
            partial(revision.chain) && ledger.effective(revision, upto).is_some()
        }));
        stated.sort_unstable();
        stated.dedup();
    }
    stated
}

/// Reads the heads of a ledger node.
fn read(
    ledger: &Ledger,
    segments: &[Bytes],
    number: usize,
    upto: u64,
    rank: &Rank,
) -> Result<Option<Raw>> {
    let entry = &ledger.nodes[number];
    if entry.revisions.is_empty() || entry.born > upto {
        return Ok(None);
    }
    let heads = ledger.heads(entry, upto, rank);
    if heads.is_empty() {
        return Ok(None);
    }
    let mut edges: Vec<RawEdge> = Vec::new();
    let mut fields = Map::new();
    let mut tags = Vec::new();
    // Each is read once: it is decoded and hashed, and that is most of the work.
    let mut said = Vec::new();
    for number in stated_by(ledger, entry, &heads, upto) {
        let at = ledger.revisions[number as usize].at;
        let mut revision = revision(segments, at)?;
        // All nodes wait here together: what a list has room for and does not need would add up.
        edges.reserve_exact(revision.edges.len());
        for edge in std::mem::take(&mut revision.edges) {
            let kinds = Relation::parse(&edge.relation).zip(Kind::parse(&edge.kind));
            let Some(((relation, _), kind)) = kinds else {
                let rule = "relations and kinds are those of the schema";
                return Err(Error::corrupt(segment_path(at.segment), at.offset, rule));
            };
            edges.push(RawEdge::new(ledger, relation, kind, edge));
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
            tags.extend(texts.map(|(name, value)| tag_hash(entry.kind, name, value)));
        }
        let texts = head_fields.iter().filter_map(|(name, value)| Some((name, value.as_text()?)));
        tags.extend(labels::field_hashes(entry.kind, texts));
        for (name, value) in head_fields {
            if matches!(name.as_str(), "name" | "version" | "aliases" | "deleted" | "service")
                && value != Value::Null
                && fields.get(&name).is_none()
            {
                fields.insert(name, value);
            }
        }
    }
    tags.shrink_to_fit();
    let deleted = fields.get("deleted").and_then(Value::as_bool).unwrap_or(false);
    let node = described(ledger, entry, &heads, deleted, upto);
    Ok(Some(Raw { node, edges, fields, tags, known: None }))
}

/// What the ledger knows of a node that is described.
fn described(
    ledger: &Ledger,
    entry: &NodeEntry,
    heads: &[ChainHead],
    deleted: bool,
    upto: u64,
) -> Node {
    let commits = entry.revisions.iter().map(|r| ledger.revisions[*r as usize].commit());
    let commits: Vec<u64> = commits.filter(|commit| *commit <= upto).collect();
    Node {
        id: entry.id,
        kind: entry.kind,
        key: entry.key.clone(),
        heads: heads.iter().map(|head| draft_head(ledger, head, upto)).collect(),
        first_commit: commits.first().copied().unwrap_or(0),
        last_commit: commits.last().copied().unwrap_or(0),
        revisions: u32::try_from(commits.len()).unwrap_or(u32::MAX),
        deleted,
        candidates: Vec::new(),
    }
}

/// Every node that is described: as the former generation knows it, or from its records.
fn read_all(
    ledger: &Ledger,
    segments: &[Bytes],
    upto: u64,
    known: Option<&Known<'_>>,
) -> Result<Vec<Raw>> {
    let rank = ledger.rank(upto);
    let raws = (0..ledger.nodes.len()).into_par_iter().map(|number| {
        let Some((old, deleted)) = known.and_then(|known| known.of(ledger, number)) else {
            return read(ledger, segments, number, upto, &rank);
        };
        let entry = &ledger.nodes[number];
        let heads = ledger.heads(entry, upto, &rank);
        let node = described(ledger, entry, &heads, deleted, upto);
        Ok((!heads.is_empty()).then(|| Raw { known: Some(old), ..Raw::bare(node) }))
    });
    let mut raws: Vec<Raw> = raws.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    // What decides between the candidates of a claim is said by the records of models.
    if known.is_some() && raws.iter().any(|raw| raw.has_claims(ledger)) {
        raws.par_iter_mut().filter(|raw| raw.node.kind == Kind::Model).try_for_each(|raw| {
            if let Some(number) = ledger.node(&raw.node.id)
                && let Some(whole) = read(ledger, segments, number as usize, upto, &rank)?
            {
                *raw = whole;
            }
            Ok::<(), Error>(())
        })?;
    }
    Ok(raws)
}

/// Builds the graph of everything committed up to a commit. What a former generation of the same
/// history tells need not be read again; the graph is the same with one and without.
pub(crate) fn build(
    ledger: &Ledger,
    segments: &[Bytes],
    upto: u64,
    former: Option<&Former>,
    damage: &Arc<Damage>,
) -> Result<Graph> {
    let known = former.and_then(|former| Known::new(former, ledger, upto));
    let mut raws = read_all(ledger, segments, upto, known.as_ref())?;
    let states_derived = raws.iter().any(Raw::states_derived);
    let aliases = Aliases::new(ledger.references(upto));
    let edges = resolve(ledger, &mut raws, &aliases, known.as_ref());
    let mut draft = number(ledger, raws, edges, &aliases, known.as_ref(), upto);
    draft.states_derived = states_derived;
    if former.is_some_and(|former| !former.is_sound()) {
        return build(ledger, segments, upto, None, damage);
    }
    flatten(draft, damage)
}

/// The order by kind and key: that of the nodes which the former generation knows is known.
fn order(raws: &[Raw]) -> Vec<u32> {
    let all = 0..u32::try_from(raws.len()).expect("fewer than 2^32");
    let raw = |at: &u32| &raws[*at as usize];
    let place = |at: &u32| (raw(at).node.kind, &raw(at).node.key);
    let (mut known, mut new): (Vec<u32>, Vec<u32>) = all.partition(|at| raw(at).known.is_some());
    known.par_sort_unstable_by_key(|at| raw(at).known);
    new.par_sort_unstable_by(|a, b| place(a).cmp(&place(b)));
    merged(known, new, |a, b| place(a) <= place(b))
}

/// Two sorted lists as one.
fn merged<T>(one: Vec<T>, other: Vec<T>, stands_first: impl Fn(&T, &T) -> bool) -> Vec<T> {
    let mut all = Vec::with_capacity(one.len() + other.len());
    let mut one = one.into_iter().peekable();
    for item in other {
        while let Some(first) = one.next_if(|first| stands_first(first, &item)) {
            all.push(first);
        }
        all.push(item);
    }
    all.extend(one);
    all
}

/// Sorts nodes by kind and key and renames everything to their final numbers.
fn number(
    ledger: &Ledger,
    mut raws: Vec<Raw>,
    mut links: Vec<Link>,
    aliases: &Aliases,
    known: Option<&Known<'_>>,
    upto: u64,
) -> Draft {
    let imports = import_facts(ledger, upto);
    for number in imports.keys() {
        let key = Key::new(vec![KeyPart::Int(i64::try_from(*number).unwrap_or(i64::MAX))]);
        let id = node_id(Kind::Import.name(), &key);
        let node = Node { first_commit: *number, ..missing_node(id, Kind::Import, key) };
        raws.push(Raw::bare(node));
    }
    let order = order(&raws);
    let mut renamed = vec![0_u32; raws.len()];
    for (new, old) in order.iter().enumerate() {
        renamed[*old as usize] = u32::try_from(new).expect("fewer than 2^32");
    }
    put_in_order(&mut raws, order);
    for link in &mut links {
        *link = (renamed[link.0 as usize], link.1, renamed[link.2 as usize]);
    }
    let mut label_entries: Vec<(u64, NodeNo)> = raws
        .par_iter()
        .enumerate()
        .filter(|(_, raw)| raw.known.is_none())
        .flat_map_iter(|(at, raw)| {
            let node = u32::try_from(at).unwrap_or(u32::MAX);
            let kind = raw.node.kind;
            let id = matches!(kind, Kind::Batch | Kind::Approval | Kind::Evaluation)
                .then(|| raw.node.id.short());
            let all = labels::labels(kind, &raw.node.key, &raw.fields).into_iter().chain(id);
            let key_fields = key_fields(kind, &raw.node.key).into_iter();
            let by_key = labels::field_hashes(kind, key_fields);
            let tags = raw.tags.iter().copied().chain(by_key).map(move |tag| (tag, node));
            all.map(move |label| (label_hash(kind, &label), node)).chain(tags)
        })
        .collect();
    if let Some(known) = known {
        label_entries.par_sort_unstable();
        label_entries = merged(known.labels(&raws), label_entries, |a, b| a <= b);
    }
    let mut nodes: Vec<Node> = raws.into_iter().map(|raw| raw.node).collect();
    for node in &mut nodes {
        for candidate in &mut node.candidates {
            *candidate = renamed[*candidate as usize];
        }
        node.candidates.sort_unstable();
        node.candidates.dedup();
    }
    let mut kinds = Vec::with_capacity(crate::schema::KINDS.len() + 1);
    for kind in crate::schema::KINDS {
        kinds.push(u32::try_from(nodes.partition_point(|node| node.kind < kind)).unwrap_or(0));
    }
    kinds.push(u32::try_from(nodes.len()).unwrap_or(0));
    let mut graph = Draft {
        commit: upto,
        recorded: ledger.commit_entry(upto).map_or(0, |entry| entry.recorded),
        indexed: ledger.indexed(upto),
        kinds,
        forward: Default::default(),
        inverse: Default::default(),
        labels: label_entries,
        ids: Vec::new(),
        id_places: Vec::new(),
        states_derived: false,
        chains: ledger.chains.clone(),
        batches: Vec::new(),
        containers: Vec::new(),
        imports: BTreeMap::new(),
        commit_times: ledger.commits.iter().map(|entry| entry.recorded).collect(),
        blobs: ledger.blobs.iter().map(|(id, at)| (*id, *at)).collect(),
        aliases: aliases
            .iter()
            .map(|(k, n, key)| (k.to_owned(), n.to_owned(), key.clone()))
            .collect(),
        nodes,
        unread: Vec::new(),
    };
    graph.aliases.sort();
    let places: IdMap<NodeNo> = (0_u32..).zip(&graph.nodes).map(|(at, n)| (n.id, at)).collect();
    add_revisions(&mut graph, ledger, &places, upto);
    add_batches(&mut graph, ledger, &places, upto);
    add_imports(&mut graph, ledger, &places, imports, &mut links, upto);
    add_followers(&graph, &mut links);
    adjacency(&mut graph, &links);
    graph
}

/// Puts at each place what stands where the order says, in the list itself: two more lists of all
/// nodes were a tenth of what the making of a graph held (`import/examples/mlflow_import.rs`).
fn put_in_order<T>(list: &mut [T], mut order: Vec<u32>) {
    const DONE: u32 = u32::MAX;
    for start in 0..list.len() {
        let mut at = start;
        loop {
            let from = std::mem::replace(&mut order[at], DONE);
            if from == DONE || from as usize == start {
                break;
            }
            list.swap(at, from as usize);
            at = from as usize;
        }
    }
}

/// The ids of revisions, and where each stands.
fn add_revisions(graph: &mut Draft, ledger: &Ledger, places: &IdMap<NodeNo>, upto: u64) {
    // By node first: nearly all have one revision, so few are looked up twice.
    let nodes: Vec<Option<NodeNo>> =
        ledger.nodes.iter().map(|node| places.get(&node.id).copied()).collect();
    let revisions = (0_u32..).zip(&ledger.revisions);
    let mut all: Vec<(Hash, NodeNo, u32)> = revisions
        .filter(|(_, revision)| revision.commit() <= upto)
        .filter_map(|(at, of)| Some((of.id, nodes[of.node as usize]?, at)))
        .collect();
    all.par_sort_unstable();
    graph.id_places = vec![u32::MAX; ledger.revisions.len()];
    let mut first = 0;
    for (place, (id, _, revision)) in (0_u32..).zip(&all) {
        if all[first as usize].0 != *id {
            first = place;
        }
        graph.id_places[*revision as usize] = first;
    }
    graph.ids = all.into_iter().map(|(id, node, _)| (id, node)).collect();
}

/// Adjacency of each relation in both directions.
fn adjacency(graph: &mut Draft, links: &[Link]) {
    let mut pairs: Vec<Vec<(NodeNo, NodeNo)>> = vec![Vec::new(); crate::schema::RELATION_COUNT];
    for (from, relation, to) in links {
        pairs[*relation as usize].push((*from, *to));
    }
    for (at, pairs) in pairs.into_iter().enumerate() {
        let turned = pairs.iter().map(|(from, to)| (*to, *from)).collect();
        graph.forward[at] = Rows::new(pairs);
        graph.inverse[at] = Rows::new(turned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_put_in_any_order() {
        let mut list = vec!["a", "b", "c", "d", "e", "f"];
        put_in_order(&mut list, vec![2, 0, 1, 3, 5, 4]);
        assert_eq!(list, ["c", "a", "b", "d", "f", "e"]);
    }
}
