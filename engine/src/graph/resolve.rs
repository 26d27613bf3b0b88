//! Where edges lead: exact keys, claims that fit one node, and nodes that are only referred to.

use super::claim_edges::{ClaimEdge, ReadClaims};
use super::described::Described;
use super::named::{Named, Number};
use crate::claims::{Aliases, ClaimIndex, Facts, Resolution, is_claim};
use crate::error::Result;
use crate::schema::{Kind, Relation};
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

/// Of nodes that are only referred to, by claims: the nodes that fit, where several do.
pub(super) type Candidates = BTreeMap<Number, Vec<Number>>;

/// Makes edges of claims: to the one node that fits, else to the node of the claim itself.
pub(super) fn resolve(
    named: &Named<'_>,
    described: &mut Described,
    aliases: &Aliases,
) -> Result<Candidates> {
    let mut candidates = Candidates::new();
    let claims = described.claims.take()?;
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
    let names = std::mem::take(&mut described.aliases);
    let facts = ModelFacts::new(named, described, &names);
    for own in claims.by_node() {
        for at in own.clone() {
            let claim = claims.get(at);
            let (kind, key) = (named.kind(claim.target), named.key(claim.target));
            let key_of = |node: Number| named.key(node);
            let mut target = claim.target;
            let beside = beside(&claims, own.clone(), claim);
            match exact.resolve(kind, &key, &beside, aliases, key_of, &facts) {
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
fn beside(claims: &ReadClaims, own: Range<usize>, claim: ClaimEdge) -> Vec<(String, String)> {
    let same = own.filter(|at| claims.get(*at) == claim);
    let mut all: Vec<(String, String)> =
        same.flat_map(|at| claims.beside(at).iter().cloned()).collect();
    all.sort();
    all.dedup();
    all
}

/// What decides between the candidates of a claim, from the exact edges of models: as numbers, so that a
/// registry of many versions is held in some thirty bytes for each. Texts are read where the ledger has
/// them.
struct ModelFacts<'a> {
    named: &'a Named<'a>,
    aliases: &'a HashMap<Number, Vec<String>>,
    /// A model and the run that produced it. Ascending.
    runs: Vec<(Number, Number)>,
    /// A model and a logged model: itself, or what it was registered from. Ascending.
    logged: Vec<(Number, Number)>,
    /// The hash of a run's id, a model that it produced, and the run. Ascending.
    by_run: Vec<(u64, Number, Number)>,
}

impl<'a> ModelFacts<'a> {
    fn new(
        named: &'a Named<'a>,
        described: &Described,
        aliases: &'a HashMap<Number, Vec<String>>,
    ) -> ModelFacts<'a> {
        let is_logged = |at: Number| named.key(at).0.len() == 1;
        let models = described.nodes().map(|raw| raw.entry);
        let models = models.filter(|at| named.kind(*at) == Kind::Model && is_logged(*at));
        let mut logged: Vec<_> = models.map(|model| (model, model)).collect();
        let of_models = |relation: Relation| {
            let links = described.links.of(relation as usize);
            links.filter(|(from, _)| named.kind(*from) == Kind::Model)
        };
        logged.extend(of_models(Relation::RegisteredFrom).filter(|(_, to)| is_logged(*to)));
        let mut runs: Vec<_> = of_models(Relation::ProducedBy).collect();
        let by_run = runs.iter().filter_map(|(model, run)| {
            let id = named.key_text(*run, 0)?;
            Some((hash_of(id), *model, *run))
        });
        let mut by_run: Vec<_> = by_run.collect();
        logged.sort_unstable();
        runs.sort_unstable();
        by_run.sort_unstable();
        ModelFacts { named, aliases, runs, logged, by_run }
    }

    /// Leads a model to a node with this id?
    fn leads(&self, all: &[(Number, Number)], model: Number, id: &str) -> bool {
        let from = all.partition_point(|(other, _)| *other < model);
        let own = all[from..].iter().take_while(|(other, _)| *other == model);
        own.into_iter().any(|(_, to)| self.named.key_text(*to, 0) == Some(id))
    }
}

/// The hash by which a run is found; what it finds is looked at.
fn hash_of(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

impl Facts for ModelFacts<'_> {
    fn produced_by(&self, model: u32, run: &str) -> bool {
        self.leads(&self.runs, model, run)
    }
    fn stems_from(&self, model: u32, logged: &str) -> bool {
        self.leads(&self.logged, model, logged)
    }
    fn has_alias(&self, model: u32, alias: &str) -> bool {
        self.aliases.get(&model).is_some_and(|aliases| aliases.iter().any(|own| own == alias))
    }
    fn models_of_run(&self, run: &str) -> Vec<u32> {
        let hash = hash_of(run);
        let from = self.by_run.partition_point(|(other, ..)| *other < hash);
        let same = self.by_run[from..].iter().take_while(|(other, ..)| *other == hash);
        let same = same.filter(|(_, _, number)| self.named.key_text(*number, 0) == Some(run));
        same.map(|(_, model, _)| *model).collect()
    }
}
