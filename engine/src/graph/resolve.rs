//! Where edges lead: exact keys, claims that fit one node, and nodes that are only referred to.

use super::described::{ClaimEdge, Described};
use super::named::{Named, Number};
use crate::claims::{Aliases, ClaimIndex, Facts, Resolution, is_claim};
use crate::error::Result;
use crate::schema::{Kind, Relation};
use std::collections::{BTreeMap, HashMap};

/// Of nodes that are only referred to, by claims: the nodes that fit, where several do.
pub(super) type Candidates = BTreeMap<Number, Vec<Number>>;

/// Makes edges of claims: to the one node that fits, else to the node of the claim itself.
pub(super) fn resolve(
    named: &Named<'_>,
    described: &mut Described,
    aliases: &Aliases,
) -> Result<Candidates> {
    let mut candidates = Candidates::new();
    let claims = std::mem::take(&mut described.claims);
    if claims.is_empty() {
        return Ok(candidates);
    }
    let mut exact = ClaimIndex::default();
    for raw in described.nodes() {
        let (kind, key) = (named.kind(raw.entry), named.key(raw.entry));
        if matches!(kind, Kind::Model | Kind::Dataset) && !is_claim(kind, &key) {
            exact.add(raw.entry, kind, &key);
        }
    }
    let facts = ModelFacts::new(named, described);
    for own in claims.chunk_by(|one, other| one.from == other.from) {
        for claim in own {
            let (kind, key) = (named.kind(claim.target), named.key(claim.target));
            let key_of = |node: Number| named.key(node);
            let mut target = claim.target;
            match exact.resolve(kind, &key, &beside(own, claim), aliases, key_of, &facts) {
                Resolution::One(fitting) => target = fitting,
                Resolution::Many(several) if !described.holds(target) => {
                    candidates.entry(target).or_default().extend(several);
                }
                Resolution::Many(_) | Resolution::None => {}
            }
            described.links.push(claim.relation, claim.from, target);
        }
    }
    described.links.close()?;
    Ok(candidates)
}

/// What stands beside a claim, from every edge of the node that makes the same one: one file of a
/// log may give ids that another leaves out.
fn beside(own: &[ClaimEdge], claim: &ClaimEdge) -> Vec<(String, String)> {
    let is_same =
        |other: &&ClaimEdge| (other.relation, other.target) == (claim.relation, claim.target);
    let same = own.iter().filter(is_same);
    let mut all: Vec<(String, String)> =
        same.flat_map(|other| other.beside.iter().cloned()).collect();
    all.sort();
    all.dedup();
    all
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
    fn new(named: &Named<'_>, described: &Described) -> ModelFacts {
        let mut facts = ModelFacts { aliases: described.aliases.clone(), ..ModelFacts::default() };
        for at in described.nodes().map(|raw| raw.entry) {
            if named.kind(at) == Kind::Model
                && named.key(at).0.len() == 1
                && let Some(id) = named.key_text(at, 0)
            {
                facts.logged.entry(at).or_default().push(id.to_owned());
            }
        }
        let of_models = |relation: Relation| {
            let links = described.links.of(relation as usize);
            let links = links.filter(|(from, _)| named.kind(*from) == Kind::Model);
            links.filter_map(|(from, to)| Some((from, to, named.key_text(to, 0)?)))
        };
        for (model, _, run) in of_models(Relation::ProducedBy) {
            facts.runs.entry(model).or_default().push(run.to_owned());
            facts.by_run.entry(run.to_owned()).or_default().push(model);
        }
        for (model, logged, id) in of_models(Relation::RegisteredFrom) {
            if named.key(logged).0.len() == 1 {
                facts.logged.entry(model).or_default().push(id.to_owned());
            }
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
