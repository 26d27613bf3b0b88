//! `proofs/`: a proof file for each thing that the pack shows, as `lineal prove` makes them, each
//! against the pack's checkpoint.

use super::making::Making;
use super::{Error, Files};
use crate::record::heads;
use lineal_engine::schema::{Class, Kind, RELATIONS, Relation};
use lineal_engine::{AbsenceSize, Claim, NodeNo, Unproved};
use lineal_proof::Hash;
use lineal_proof::bundle::Bundle;
use lineal_query::prove::{NotProved, Proving, prove};
use lineal_query::{Limits, Parameters, Request};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Most revisions that have a proof file of their own: a verifier in Python takes some 20 ms for each.
/// How many have none is told; `lineal prove` shows any of them.
const REVISIONS_MAX: usize = 1_000;
/// Most paths that are shown: each is a question and a file.
const PATHS_MAX: usize = 200;
/// Hexadecimal digits of an id in a file's name.
const DIGITS: usize = 16;

/// The proofs that were made.
#[derive(Default)]
pub(super) struct Proofs {
    /// Files by the revision that each shows.
    pub(super) revisions: BTreeMap<Hash, String>,
    index: Vec<Json>,
    not_shown: Vec<Json>,
}

impl Proofs {
    /// Adds a proof that was made.
    fn add(
        &mut self,
        files: &mut Files,
        path: &str,
        verdict: &str,
        bundle: &Bundle,
    ) -> Result<(), Error> {
        self.index.push(json!({ "file": path, "verdict": verdict, "shows": bundle.words() }));
        files.add(path, bundle.write().into_bytes())
    }
}

/// What a proof of the pack is in the words of verifiers.
fn verdict(bundle: &Bundle) -> &'static str {
    // It was checked when it was made.
    bundle.holds().map_or("tampered", |verdict| verdict.name())
}

/// Which kinds come first where there are more than [`REVISIONS_MAX`]: what people decided and stated,
/// then what was put to use, then what it rests on.
fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::System | Kind::Incident | Kind::Approval | Kind::Change => 0,
        Kind::Model | Kind::Deployment | Kind::Document | Kind::Evaluation => 1,
        Kind::Dataset | Kind::Monitor | Kind::Alert => 2,
        Kind::Run | Kind::Experiment => 3,
        _ => 4,
    }
}

/// Shows each revision that is current of a node of the closure: one of each source and form.
pub(super) fn revisions(making: &mut Making<'_>, files: &mut Files) -> Result<(), Error> {
    let mut wanted: Vec<(NodeNo, Hash)> = Vec::new();
    let root = making.closure.root;
    let mut order: Vec<usize> = (0..making.closure.members.len()).collect();
    order.sort_by_key(|at| (*at != root, rank(making.closure.members[*at].kind), *at));
    for at in order {
        let node = making.closure.members[at].node;
        let current = heads(making.store, making.snapshot(), node);
        wanted.extend(current.into_iter().map(|revision| (node, revision.id)));
    }
    for deployment in making.closure.of_kind(Kind::Deployment) {
        for batch in making.snapshot().batches_of(deployment.1.node) {
            let parts = making.snapshot().parts_of(batch).into_iter();
            let ids = parts.filter_map(|(part, _)| making.store.revision_of_part(part));
            wanted.extend(ids.map(|id| (batch, id)));
        }
    }
    let mut seen = BTreeSet::new();
    wanted.retain(|(_, id)| seen.insert(*id));
    making.counts.unproved = wanted.len().saturating_sub(REVISIONS_MAX) as u64;
    wanted.truncate(REVISIONS_MAX);
    let count = wanted.len();
    for (at, (node, id)) in wanted.into_iter().enumerate() {
        making.tell("proofs of records", at, count)?;
        let claim = Claim::Revision(node, Some(id));
        let bundle =
            made(making, &claim).map_err(|why| failed(&making.snapshot().name_of(node), why))?;
        let path = format!("proofs/revisions/{id}.proof");
        making.proofs.add(files, &path, verdict(&bundle), &bundle)?;
        making.proofs.revisions.insert(id, path);
        making.counts.proofs += 1;
    }
    Ok(())
}

fn made(making: &Making<'_>, claim: &Claim) -> Result<Bundle, Unproved> {
    let withhold = making.disclosure.withholds();
    making.store.prove(making.snapshot(), claim, &making.note, withhold)
}

fn failed(what: &str, why: Unproved) -> Error {
    match why {
        Unproved::Store(error) => error.into(),
        why => Error::Unproved { what: what.to_owned(), why },
    }
}

/// What became of an event that was to be shown.
pub(super) enum Shown {
    /// It is: the file, and what it says.
    File(String, Box<Bundle>),
    /// It cannot be, and why.
    Not(String),
}

/// Makes the proof of one row of a part of a batch. Its file is added with [`keep`].
pub(super) fn event(
    making: &Making<'_>,
    batch: &Hash,
    event: lineal_engine::EventRef,
) -> Result<Shown, Error> {
    let claim = Claim::Events { events: vec![event], named: None };
    match made(making, &claim) {
        Ok(bundle) => {
            let batch = &batch.to_string()[..DIGITS];
            let path = format!("proofs/events/{batch}-{}.proof", event.row);
            Ok(Shown::File(path, Box::new(bundle)))
        }
        Err(why @ (Unproved::ErasedSince { .. } | Unproved::Unsalted { .. })) => {
            Ok(Shown::Not(why.to_string()))
        }
        Err(why) => Err(failed("a sampled event", why)),
    }
}

/// Adds a proof.
pub(super) fn keep(
    making: &mut Making<'_>,
    files: &mut Files,
    path: &str,
    bundle: &Bundle,
) -> Result<(), Error> {
    making.counts.proofs += 1;
    making.proofs.add(files, path, verdict(bundle), bundle)
}

/// Shows that deployments deploy their models, and that data sets lie upstream of the models that are
/// deployed or asked about.
pub(super) fn paths(making: &mut Making<'_>, files: &mut Files) -> Result<(), Error> {
    let statements = statements(making);
    let left_out = statements.len().saturating_sub(PATHS_MAX);
    if left_out > 0 {
        let why =
            format!("at most {PATHS_MAX} paths are shown in a pack: `lineal prove` shows any");
        making.proofs.not_shown.push(json!({ "statements": left_out, "why": why }));
    }
    let count = statements.len().min(PATHS_MAX);
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: making.today };
    for (at, (statement, ids)) in statements.into_iter().take(PATHS_MAX).enumerate() {
        making.tell("proofs of paths", at, count)?;
        let proving = Proving {
            statement: &statement,
            checkpoint: &making.note,
            withhold: making.disclosure.withholds(),
            request: &request,
            go_on: &|_: &AbsenceSize| true,
        };
        match prove(&making.view, &proving) {
            Ok(bundle) => {
                let [from, to] = ids.map(|id| id.to_string()[..DIGITS].to_owned());
                let path = format!("proofs/paths/{from}-{to}.proof");
                keep(making, files, &path, &bundle)?;
            }
            Err(NotProved::Unproved(Unproved::Store(error))) => return Err(error.into()),
            // The view may derive what no record states: then it is told and not shown.
            Err(why) => {
                let told = json!({ "statement": statement, "why": why.to_string() });
                making.proofs.not_shown.push(told);
            }
        }
    }
    Ok(())
}

/// The statements with the ids of their two ends.
fn statements(making: &Making<'_>) -> Vec<(String, [Hash; 2])> {
    let closure = &making.closure;
    let mut all = Vec::new();
    let mut models = BTreeSet::new();
    if closure.root().kind == Kind::Model {
        models.insert(closure.root);
    }
    let deploys = closure.edges.iter().filter(|edge| edge.1 == Relation::Deploys);
    for (deployment, _, model) in deploys {
        let (deployment, served) = (&closure.members[*deployment], &closure.members[*model]);
        models.insert(*model);
        let statement = format!("{} deployed_by {}", served.name, deployment.name);
        all.push((statement, [served.id, deployment.id]));
    }
    for model in models {
        for at in upstream(making, model) {
            let (data, model) = (&closure.members[at], &closure.members[model]);
            if data.kind == Kind::Dataset {
                let statement = format!("{} upstream of {}", data.name, model.name);
                all.push((statement, [data.id, model.id]));
            }
        }
    }
    all
}

/// What lies upstream of a member within the closure.
fn upstream(making: &Making<'_>, from: usize) -> BTreeSet<usize> {
    let is_lineage = |relation: Relation| {
        RELATIONS.iter().any(|spec| spec.relation == relation && spec.class == Class::Lineage)
    };
    let mut next: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (from, relation, to) in &making.closure.edges {
        if is_lineage(*relation) {
            next.entry(*from).or_default().push(*to);
        }
    }
    let (mut found, mut waiting) = (BTreeSet::new(), vec![from]);
    while let Some(at) = waiting.pop() {
        for to in next.get(&at).into_iter().flatten() {
            if found.insert(*to) {
                waiting.push(*to);
            }
        }
    }
    found
}

/// `proofs/index.json`: which file shows what, and what is not shown.
pub(super) fn index(making: &Making<'_>, files: &mut Files) -> Result<(), Error> {
    let Proofs { index, not_shown, .. } = &making.proofs;
    let without = making.counts.unproved;
    files.json(
        "proofs/index.json",
        &json!({ "proofs": index, "not_shown": not_shown, "records_without_a_file": without }),
    )
}
