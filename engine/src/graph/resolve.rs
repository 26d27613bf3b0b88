//! Where edges lead: exact keys, claims that fit one node, and nodes that are only referred to.

use super::build::{Raw, RawEdge};
use super::draft::Node;
use super::former::Known;
use crate::claims::{Aliases, ClaimIndex, Facts, Resolution, is_claim};
use crate::id_map::IdMap;
use crate::ledger::Ledger;
use crate::schema::{Kind, Relation};
use lineal_proof::{Hash, Key, Value};
use std::collections::HashMap;

/// An edge between places in the list of raw nodes.
pub(super) type Link = (u32, Relation, u32);

/// Turns targets into places: exact keys, claims that fit, and missing nodes made here.
pub(super) fn resolve(
    ledger: &Ledger,
    raws: &mut Vec<Raw>,
    aliases: &Aliases,
    known: Option<&Known<'_>>,
) -> Vec<Link> {
    let has_claims = raws.iter().any(|raw| raw.has_claims(ledger));
    let mut places: IdMap<u32> = IdMap::default();
    places.reserve(raws.len());
    let mut claims = ClaimIndex::default();
    for (at, raw) in raws.iter().enumerate() {
        let at = u32::try_from(at).expect("fewer than 2^32 nodes");
        places.insert(raw.node.id, at);
        if has_claims && !is_claim(raw.node.kind, &raw.node.key) {
            claims.add(at, raw.node.kind, &raw.node.key);
        }
    }
    let facts = if has_claims { ModelFacts::new(ledger, raws) } else { ModelFacts::default() };
    let mut links = Vec::new();
    let mut missing: Vec<Node> = Vec::new();
    let described = raws.len();
    for (at, raw) in raws.iter().enumerate() {
        let at = u32::try_from(at).expect("fewer than 2^32 nodes");
        for edge in &raw.edges {
            let (relation, kind, key) = (edge.relation, edge.kind, edge.key(ledger));
            let mut candidates = Vec::new();
            if is_claim(kind, key) {
                let key_of = |node: u32| &raws[node as usize].node.key;
                let beside = beside(raw, edge);
                match claims.resolve(kind, key, &beside, aliases, key_of, &facts) {
                    Resolution::One(target) => {
                        links.push((at, relation, target));
                        continue;
                    }
                    Resolution::Many(several) => candidates = several,
                    Resolution::None => {}
                }
            }
            let id = edge.id(ledger);
            let target = *places.entry(id).or_insert_with(|| {
                missing.push(missing_node(id, kind, key.clone()));
                u32::try_from(described + missing.len() - 1).expect("fewer than 2^32 nodes")
            });
            if let Some(node) = (target as usize).checked_sub(described) {
                missing[node].candidates.extend(candidates);
            }
            links.push((at, relation, target));
        }
    }
    if let Some(known) = known {
        known.take_over(raws, &mut places, &mut missing, &mut links);
    }
    for raw in raws.iter_mut() {
        // Done with: what follows needs the room.
        raw.edges = Vec::new();
    }
    raws.extend(missing.into_iter().map(Raw::bare));
    links
}

/// What stands beside a claim, from every edge of the node that makes the same one: one file of a
/// log may give ids that another leaves out.
fn beside(raw: &Raw, edge: &RawEdge) -> Vec<(String, String)> {
    let same = raw.edges.iter().filter(|other| other.is_like(edge));
    let mut all: Vec<(String, String)> =
        same.flat_map(|other| other.beside.iter().cloned()).collect();
    all.sort();
    all.dedup();
    all
}

pub(super) fn missing_node(id: Hash, kind: Kind, key: Key) -> Node {
    Node {
        id,
        kind,
        key,
        heads: Vec::new(),
        first_commit: 0,
        last_commit: 0,
        revisions: 0,
        deleted: false,
        candidates: Vec::new(),
    }
}

/// What decides between the candidates of a claim, from the exact edges of models.
#[derive(Default)]
struct ModelFacts {
    runs: HashMap<u32, Vec<String>>,
    logged: HashMap<u32, Vec<String>>,
    aliases: HashMap<u32, Vec<String>>,
    by_run: HashMap<String, Vec<u32>>,
}

impl ModelFacts {
    fn new(ledger: &Ledger, raws: &[Raw]) -> ModelFacts {
        let mut facts = ModelFacts::default();
        for (at, raw) in raws.iter().enumerate().filter(|(_, raw)| raw.node.kind == Kind::Model) {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            if let ([_], Some(id)) = (raw.node.key.0.as_slice(), raw.node.key.part_text(0)) {
                facts.logged.entry(at).or_default().push(id.to_owned());
            }
            for edge in &raw.edges {
                let key = edge.key(ledger);
                let Some(id) = key.part_text(0) else { continue };
                match edge.relation {
                    Relation::ProducedBy => {
                        facts.runs.entry(at).or_default().push(id.to_owned());
                        facts.by_run.entry(id.to_owned()).or_default().push(at);
                    }
                    Relation::RegisteredFrom if key.0.len() == 1 => {
                        facts.logged.entry(at).or_default().push(id.to_owned());
                    }
                    _ => {}
                }
            }
            let aliases = raw.fields.get("aliases").and_then(Value::as_list).unwrap_or_default();
            let names = aliases.iter().filter_map(Value::as_text).map(str::to_owned);
            facts.aliases.insert(at, names.collect());
        }
        facts
    }
}

fn holds(map: &HashMap<u32, Vec<String>>, at: u32, text: &str) -> bool {
    map.get(&at).is_some_and(|texts| texts.iter().any(|t| t == text))
}

impl Facts for ModelFacts {
    fn produced_by(&self, model: u32, run: &str) -> bool {
        holds(&self.runs, model, run)
    }
    fn stems_from(&self, model: u32, logged: &str) -> bool {
        holds(&self.logged, model, logged)
    }
    fn has_alias(&self, model: u32, alias: &str) -> bool {
        holds(&self.aliases, model, alias)
    }
    fn models_of_run(&self, run: &str) -> Vec<u32> {
        self.by_run.get(run).cloned().unwrap_or_default()
    }
}
