//! Order and pins: targets are written before their users, and each edge keeps the id of the
//! revision that was current when it was written (docs/format.md, sections 6 and 7).

use super::StagedNode;
use crate::claims::{Aliases, Facts, Resolution, is_claim};
use crate::ledger::Rank;
use crate::schema::Kind;
use crate::store::State;
use lineal_proof::absence::Entry;
use lineal_proof::absence::names::Naming;
use lineal_proof::record::{Edge, Record, Stub, node_id};
use lineal_proof::{Cid, Hash, Key};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Nothing is known beside names when a pin is chosen: the view joins what comes later.
struct NoFacts;

impl Facts for NoFacts {
    fn produced_by(&self, _model: u32, _run: &str) -> bool {
        false
    }
    fn stems_from(&self, _model: u32, _logged: &str) -> bool {
        false
    }
    fn has_alias(&self, _model: u32, _alias: &str) -> bool {
        false
    }
    fn models_of_run(&self, _run: &str) -> Vec<u32> {
        Vec::new()
    }
}

/// Sorts staged nodes: by kind, then targets before users among nodes of one kind, then by key.
pub(super) fn order(mut nodes: Vec<StagedNode>) -> Vec<StagedNode> {
    nodes.sort_by(|a, b| (a.kind, &a.revision.key).cmp(&(b.kind, &b.revision.key)));
    let mut place: HashMap<Hash, Vec<usize>> = HashMap::new();
    for (at, node) in nodes.iter().enumerate() {
        place.entry(node.node).or_default().push(at);
    }
    let mut ordered = Vec::with_capacity(nodes.len());
    let mut entered = vec![false; nodes.len()];
    // Depth first with a stack of its own: version chains can be long.
    for start in 0..nodes.len() {
        let mut stack = vec![(start, 0)];
        while let Some((at, edge)) = stack.pop() {
            if edge == 0 {
                if entered[at] {
                    continue;
                }
                entered[at] = true;
            }
            let Some(next) = nodes[at].revision.edges.get(edge) else {
                ordered.push(at);
                continue;
            };
            stack.push((at, edge + 1));
            if next.kind == nodes[at].revision.kind {
                let targets = place.get(&node_id(&next.kind, &next.key));
                for target in targets.into_iter().flatten().rev() {
                    if !entered[*target] {
                        stack.push((*target, 0));
                    }
                }
            }
        }
    }
    let mut nodes: Vec<Option<StagedNode>> = nodes.into_iter().map(Some).collect();
    ordered.into_iter().filter_map(|at| nodes[at].take()).collect()
}

/// Node, source and form.
type Chain = (Hash, String, String);

/// Fewer nodes than this are encoded by one thread: a share must be worth handing over.
const MIN_AT_ONCE: usize = 16;

/// A revision as it will stand in the segment.
pub(super) struct Written {
    pub(super) content: Hash,
    pub(super) kind: Kind,
    pub(super) link: Cid,
    pub(super) payload: Vec<u8>,
    /// What it puts into the map of what records name.
    pub(super) entries: Vec<Entry>,
}

/// Chooses pins while records are written one after another.
pub(super) struct Pins<'a> {
    state: &'a State,
    aliases: Aliases,
    rank: Rank,
    /// Revisions written in this transaction, by node, and by chain for `previous`.
    written: HashMap<Hash, Cid>,
    chains: HashMap<Chain, Cid>,
    /// Stubs that this transaction must write.
    pub(super) stubs: BTreeMap<Hash, Vec<u8>>,
}

impl<'a> Pins<'a> {
    pub(super) fn new(state: &'a State) -> Pins<'a> {
        let ledger = &state.ledger;
        Pins {
            state,
            aliases: Aliases::new(ledger.references(ledger.commit())),
            rank: ledger.rank(ledger.commit()),
            written: HashMap::new(),
            chains: HashMap::new(),
            stubs: BTreeMap::new(),
        }
    }

    /// The current revision of a node, else its stub.
    fn current(&self, id: Hash) -> Option<Cid> {
        if let Some(link) = self.written.get(&id) {
            return Some(*link);
        }
        let ledger = &self.state.ledger;
        let node = ledger.node(&id)?;
        let head = ledger.heads(node, ledger.commit(), &self.rank).first().copied();
        match head {
            Some(head) => Some(Cid(ledger.revisions.id(head.revision))),
            None if ledger.nodes.has_stub(node) => Some(Cid(id)),
            None => None,
        }
    }

    /// The pin of an edge. A target that is not there gets a stub.
    fn pin(&mut self, edge: &Edge) -> Cid {
        // Staged with the id of the target's node.
        let id = edge.pin.0;
        debug_assert_eq!(id, node_id(&edge.kind, &edge.key), "an edge is staged with its target");
        if let Some(link) = self.current(id) {
            return link;
        }
        if let Some(link) = self.resolved(&edge.kind, &edge.key) {
            return link;
        }
        let stub = Stub { kind: edge.kind.clone(), key: edge.key.clone() };
        self.stubs.entry(id).or_insert_with(|| stub.encode());
        Cid(id)
    }

    fn resolved(&self, kind: &str, key: &Key) -> Option<Cid> {
        let kind = Kind::parse(kind)?;
        if !is_claim(kind, key) {
            return None;
        }
        let nodes = &self.state.ledger.nodes;
        let key_of = |node: u32| nodes.key(node);
        match self.state.claims.resolve(kind, key, &[], &self.aliases, key_of, &NoFacts) {
            Resolution::One(node) => self.current(nodes.id(node)),
            _ => None,
        }
    }

    /// Sets the pins and `previous` of each node and encodes it. Nodes that do not point at one
    /// another are encoded side by side; the outcome is that of one after another.
    pub(super) fn encode_all(&mut self, nodes: Vec<StagedNode>) -> Vec<Written> {
        let mut written = Vec::with_capacity(nodes.len());
        let mut waiting: Vec<(Chain, StagedNode)> = Vec::new();
        let mut ids: HashSet<Hash> = HashSet::new();
        for mut staged in nodes {
            // A claim may lead anywhere.
            let claims =
                |edge: &Edge| Kind::parse(&edge.kind).is_none_or(|kind| is_claim(kind, &edge.key));
            let rests = |edge: &Edge| ids.contains(&edge.pin.0) || claims(edge);
            if ids.contains(&staged.node) || staged.revision.edges.iter().any(rests) {
                self.write(&mut waiting, &mut ids, &mut written);
            }
            for edge in &mut staged.revision.edges {
                edge.pin = self.pin(edge);
            }
            let chain = (staged.node, staged.revision.source.clone(), staged.revision.form.clone());
            staged.revision.previous = self.previous(&chain);
            ids.insert(staged.node);
            waiting.push((chain, staged));
        }
        self.write(&mut waiting, &mut ids, &mut written);
        written
    }

    fn write(
        &mut self,
        waiting: &mut Vec<(Chain, StagedNode)>,
        ids: &mut HashSet<Hash>,
        written: &mut Vec<Written>,
    ) {
        let encode = |(chain, staged): (Chain, StagedNode)| {
            let payload = staged.revision.encode_around(&staged.body);
            let link = Cid(Hash::of(&payload));
            let mut naming = Naming::default();
            naming.add_revision(&staged.revision, &link.0);
            let entries = naming.finish();
            let (content, kind) = (staged.content, staged.kind);
            (chain, Written { content, kind, link, payload, entries })
        };
        let ready = std::mem::take(waiting);
        let done: Vec<_> = ready.into_par_iter().with_min_len(MIN_AT_ONCE).map(encode).collect();
        ids.clear();
        for (chain, one) in done {
            self.written.insert(chain.0, one.link);
            self.chains.insert(chain, one.link);
            written.push(one);
        }
    }

    fn previous(&self, chain: &Chain) -> Option<Cid> {
        if let Some(link) = self.chains.get(chain) {
            return Some(*link);
        }
        let ledger = &self.state.ledger;
        let node = ledger.node(&chain.0);
        let number = ledger.chain(&chain.1, &chain.2);
        let last = node.and_then(|node| {
            let of_chain = |at: &u32| Some(ledger.revisions.chain(*at)) == number;
            ledger.revisions_of(node).find(of_chain)
        });
        match last {
            Some(revision) => Some(Cid(ledger.revisions.id(revision))),
            None if node.is_some_and(|node| ledger.nodes.has_stub(node)) => Some(Cid(chain.0)),
            None if self.stubs.contains_key(&chain.0) => Some(Cid(chain.0)),
            None => None,
        }
    }
}
