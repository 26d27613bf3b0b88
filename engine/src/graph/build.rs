//! Building the graph of a view: heads, edges, claims, numbers, look-ups.

use super::csr::Rows;
use super::draft::{Draft, Node, draft_head};
use super::flatten::flatten;
use super::resolve::{Link, missing_node, resolve};
use super::unread::unread;
use super::{
    Batch, ContainerPlace, Graph, ImportFacts, NodeNo, key_fields, label_hash, labels, tag_hash,
};
use crate::claims::Aliases;
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
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A described node on its way into the graph: numbers are places in the list of these.
pub(super) struct Raw {
    pub(super) node: Node,
    pub(super) edges: Vec<RawEdge>,
    pub(super) fields: Map,
    /// Hashes of its tags and of the fields that are looked up, each as name and value.
    pub(super) tags: Vec<u64>,
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
        Raw { node, edges: Vec::new(), fields: Map::new(), tags: Vec::new() }
    }
}

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
    let commits = entry.revisions.iter().map(|r| ledger.revisions[*r as usize].commit());
    let commits: Vec<u64> = commits.filter(|commit| *commit <= upto).collect();
    let node = Node {
        id: entry.id,
        kind: entry.kind,
        key: entry.key.clone(),
        heads: heads.iter().map(|head| draft_head(ledger, head, upto)).collect(),
        first_commit: commits.first().copied().unwrap_or(0),
        last_commit: commits.last().copied().unwrap_or(0),
        revisions: u32::try_from(commits.len()).unwrap_or(u32::MAX),
        deleted: fields.get("deleted").and_then(Value::as_bool).unwrap_or(false),
        candidates: Vec::new(),
    };
    Ok(Some(Raw { node, edges, fields, tags }))
}

/// Builds the graph of everything committed up to a commit.
pub(crate) fn build(
    ledger: &Ledger,
    segments: &[Bytes],
    upto: u64,
    damage: &Arc<Damage>,
) -> Result<Graph> {
    let rank = ledger.rank(upto);
    let raws = (0..ledger.nodes.len())
        .into_par_iter()
        .map(|number| read(ledger, segments, number, upto, &rank))
        .collect::<Result<Vec<_>>>()?;
    let mut raws: Vec<Raw> = raws.into_iter().flatten().collect();
    let aliases = Aliases::new(ledger.references(upto));
    let edges = resolve(ledger, &mut raws, &aliases);
    flatten(number(ledger, raws, edges, &aliases, upto), damage)
}

/// Sorts nodes by kind and key and renames everything to their final numbers.
fn number(
    ledger: &Ledger,
    mut raws: Vec<Raw>,
    mut links: Vec<Link>,
    aliases: &Aliases,
    upto: u64,
) -> Draft {
    let imports = import_facts(ledger, upto);
    for number in imports.keys() {
        let key = Key::new(vec![KeyPart::Int(i64::try_from(*number).unwrap_or(i64::MAX))]);
        let id = node_id(Kind::Import.name(), &key);
        let node = Node { first_commit: *number, ..missing_node(id, Kind::Import, key) };
        raws.push(Raw::bare(node));
    }
    let mut order: Vec<u32> = (0..u32::try_from(raws.len()).expect("fewer than 2^32")).collect();
    order.par_sort_unstable_by(|a, b| {
        let (a, b) = (&raws[*a as usize].node, &raws[*b as usize].node);
        (a.kind, &a.key).cmp(&(b.kind, &b.key))
    });
    let mut renamed = vec![0_u32; raws.len()];
    for (new, old) in order.iter().enumerate() {
        renamed[*old as usize] = u32::try_from(new).expect("fewer than 2^32");
    }
    put_in_order(&mut raws, order);
    for link in &mut links {
        *link = (renamed[link.0 as usize], link.1, renamed[link.2 as usize]);
    }
    let label_entries: Vec<(u64, NodeNo)> = raws
        .par_iter()
        .enumerate()
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
    for revision in &ledger.revisions {
        let id = ledger.nodes[revision.node as usize].id;
        if revision.commit() <= upto
            && let Some(node) = places.get(&id)
        {
            graph.ids.push((revision.id, *node));
        }
    }
    graph.ids.sort_unstable();
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

fn import_facts(ledger: &Ledger, upto: u64) -> BTreeMap<u64, ImportFacts> {
    let mut imports: BTreeMap<u64, ImportFacts> = BTreeMap::new();
    for (number, entry) in (1..=upto).zip(&ledger.commits) {
        let facts = imports.entry(entry.import).or_insert_with(|| ImportFacts {
            number: entry.import,
            recorded: entry.recorded,
            retracted: ledger.is_retracted(entry.import, upto),
            ..ImportFacts::default()
        });
        facts.recorded = facts.recorded.max(entry.recorded);
        debug_assert!(number >= entry.import, "an import begins with its first commit");
    }
    for revision in ledger.revisions.iter().filter(|revision| revision.commit() <= upto) {
        if let Some(facts) = imports.get_mut(&ledger.import_of(revision.commit())) {
            facts.revisions += 1;
        }
    }
    for batch in &ledger.batches {
        let commit = ledger.revisions[batch.revision as usize].commit();
        if let Some(facts) = imports.get_mut(&ledger.import_of(commit)).filter(|_| commit <= upto) {
            facts.events += u64::from(batch.rows);
        }
    }
    // Commits that brought nothing (an alias, a retraction) are no imports.
    let sources = ledger.sources.iter().map(|(commit, _)| ledger.import_of(*commit));
    let with_sources: std::collections::BTreeSet<u64> = sources.collect();
    imports.retain(|number, facts| facts.revisions > 0 || with_sources.contains(number));
    imports
}

fn add_imports(
    graph: &mut Draft,
    ledger: &Ledger,
    places: &IdMap<NodeNo>,
    imports: BTreeMap<u64, ImportFacts>,
    links: &mut Vec<Link>,
    upto: u64,
) {
    let mut by_number = BTreeMap::new();
    for (at, number) in graph.nodes_of(Kind::Import).zip(imports.into_values()) {
        by_number.insert(number.number, at);
        graph.imports.insert(at, number);
    }
    graph.unread = unread(ledger, &by_number, upto);
    for revision in ledger.revisions.iter().filter(|revision| revision.commit() <= upto) {
        let import = by_number.get(&ledger.import_of(revision.commit()));
        let node = places.get(&ledger.nodes[revision.node as usize].id);
        if let (Some(import), Some(node)) = (import, node) {
            links.push((*import, Relation::Brought, *node));
        }
    }
}

fn add_batches(graph: &mut Draft, ledger: &Ledger, places: &IdMap<NodeNo>, upto: u64) {
    let mut containers: HashMap<u32, u32> = HashMap::new();
    for (ordinal, entry) in (0_u32..).zip(&ledger.batches) {
        let revision = &ledger.revisions[entry.revision as usize];
        let node = places.get(&ledger.nodes[revision.node as usize].id).copied();
        let (Some(node), Some(deployment)) = (node, places.get(&entry.deployment).copied()) else {
            continue;
        };
        // Batches are not folded: each alive revision holds rows of its own.
        if ledger.effective(revision, upto).is_none() {
            continue;
        }
        let place = entry.place.map(|(manifest, first_row)| {
            let next = u32::try_from(graph.containers.len()).unwrap_or(u32::MAX);
            let at = *containers.entry(manifest).or_insert(next);
            if at == next {
                graph.containers.push(container_place(ledger, manifest));
            }
            (at, first_row)
        });
        graph.batches.push(Batch {
            node,
            deployment,
            ordinal,
            commit: revision.commit(),
            rows: entry.rows,
            events: u64::from(entry.rows),
            overrides: entry.overrides,
            art12: entry.art12,
            first_time: entry.first_time,
            last_time: entry.last_time,
            place,
            kept: ledger.kept_rows(ordinal, upto),
            outweighed: Vec::new(),
            doubted: entry.doubted.clone(),
            months: entry.months.clone(),
        });
    }
}

/// What the last manifest of some batch says of its container.
pub(crate) fn container_place(ledger: &Ledger, manifest: u32) -> ContainerPlace {
    let (_, manifest) = &ledger.manifests[manifest as usize];
    ContainerPlace {
        id: manifest.container,
        generation: manifest.generation,
        length: manifest.length,
        sha256: manifest.sha256,
    }
}

/// Succession: registered versions of one name by number, batches of one deployment by time.
fn add_followers(graph: &Draft, links: &mut Vec<Link>) {
    let mut families: BTreeMap<(&str, &str), Vec<(u64, NodeNo)>> = BTreeMap::new();
    for node in graph.nodes_of(Kind::Model) {
        let key = &graph.nodes[node as usize].key;
        let number = key.part_text(2).and_then(|version| version.parse().ok());
        if let (Some(registry), Some(name), Some(number)) =
            (key.part_text(0), key.part_text(1), number)
        {
            families.entry((registry, name)).or_default().push((number, node));
        }
    }
    let mut lines: BTreeMap<NodeNo, Vec<(i64, NodeNo)>> = BTreeMap::new();
    for batch in &graph.batches {
        lines.entry(batch.deployment).or_default().push((batch.first_time, batch.node));
    }
    let families = families.into_values().map(|mut family| {
        family.sort_unstable();
        family.into_iter().map(|(_, node)| node).collect::<Vec<_>>()
    });
    let lines = lines.into_values().map(|mut line| {
        line.sort_unstable();
        line.into_iter().map(|(_, node)| node).collect::<Vec<_>>()
    });
    for line in families.chain(lines) {
        links.extend(line.windows(2).filter_map(|pair| match pair {
            [before, after] => Some((*after, Relation::Follows, *before)),
            _ => None,
        }));
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
