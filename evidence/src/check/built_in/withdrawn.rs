//! Models that rest on data that was taken back (`lineal withdraw`), and that run, or were approved, after that.

use std::collections::{BTreeMap, BTreeSet};

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeNo, Snapshot};
use lineal_proof::Value;
use lineal_query::told::withdrawn;

use super::Offence;
use crate::check::Error;
use crate::check::ask::{Asker, time_text};
use crate::rules::Status;

/// How training hands data on, against the relations: from data to runs, to data and models made of these.
const TRAINING: [Relation; 4] =
    [Relation::TrainedOn, Relation::DerivedFrom, Relation::ProducedBy, Relation::RegisteredFrom];

/// The models that are asked about and rest on data that was taken back, of each data set by itself. Where no role
/// is recorded in which a run used the data, that it trained on it is not known: a gap.
pub(super) fn in_use(asker: &mut Asker<'_>) -> Result<Vec<Offence>, Error> {
    let view = asker.snapshot();
    let mut taken_back = BTreeMap::new();
    for change in view.nodes_of(Kind::Change) {
        for data in view.edges(change, Relation::Concerns, Direction::Forward) {
            if view.kind_of(*data) != Kind::Dataset || taken_back.contains_key(data) {
                continue;
            }
            asker.go_on()?;
            let sees = |node: NodeNo| asker.part.sees(node);
            let found = withdrawn(view, *data, &sees)?.filter(|it| it.at <= asker.now);
            taken_back.insert(*data, found.filter(|_| sees(*data)).map(|it| it.at));
        }
    }
    taken_back.retain(|_, at| at.is_some());
    if taken_back.is_empty() {
        return Ok(Vec::new());
    }
    let models: BTreeSet<NodeNo> = asker.members("models")?.iter().copied().collect();
    let mut offences = Vec::new();
    for (data, at) in taken_back {
        let Some(at) = at else { continue };
        let surely = reached(asker, data, false)?;
        for model in reached(asker, data, true)?.intersection(&models) {
            let since = Since { asker, at };
            let Some((status, said)) = since.of(*model)? else { continue };
            let (status, how) = match surely.contains(model) {
                true => (status, "rests on"),
                false => (Status::Gap, "rests on what used, in a role that is not recorded,"),
            };
            let (name, at) = (asker.name(data), time_text(at));
            let say = format!("it {how} {name}, which was withdrawn at {at}; {said}");
            offences.push(Offence::said(*model, say).at_most(status).with("a", name));
        }
    }
    Ok(offences)
}

/// The models that a data set reached by training; where wanted also by runs that used it in an unrecorded role.
fn reached(asker: &Asker<'_>, data: NodeNo, or_used: bool) -> Result<BTreeSet<NodeNo>, Error> {
    let view = asker.snapshot();
    let (mut seen, mut ahead) = (BTreeSet::from([data]), vec![data]);
    while let Some(node) = ahead.pop() {
        asker.go_on()?;
        let mut take = |relation| {
            for next in view.edges(node, relation, Direction::Inverse) {
                if seen.insert(*next) {
                    ahead.push(*next);
                }
            }
        };
        TRAINING.into_iter().for_each(&mut take);
        if or_used && view.kind_of(node) == Kind::Dataset {
            take(Relation::Used);
        }
    }
    seen.retain(|node| view.kind_of(*node) == Kind::Model);
    Ok(seen)
}

/// What became of a model since its data was taken back.
struct Since<'s, 'a> {
    asker: &'s Asker<'a>,
    at: i64,
}

impl Since<'_, '_> {
    /// That it is in use, or was approved, since then, in words.
    fn of(&self, model: NodeNo) -> Result<Option<(Status, String)>, Error> {
        let (view, at) = (self.asker.snapshot(), self.at);
        let deployments = self.around(view, model, Relation::Deploys, Kind::Deployment);
        let (mut running, mut ended) = (Vec::new(), Vec::new());
        for deployment in &deployments {
            let until = self.asker.time(*deployment, "until")?;
            let mut started = None;
            for field in ["from", "time", "first_event"] {
                if started.is_none() {
                    started = self.asker.time(*deployment, field)?;
                }
            }
            if until.is_none_or(|until| until > self.asker.now)
                || started.is_some_and(|started| started > at)
            {
                running.push(*deployment);
            } else if until > Some(at) || self.asker.time(*deployment, "last_event")? > Some(at) {
                ended.push(*deployment);
            }
        }
        let mut approvals = Vec::new();
        for node in deployments.iter().chain([&model]) {
            for approval in self.around(view, *node, Relation::Approves, Kind::Approval) {
                let decision = view.field(approval, "decision")?;
                let is_granted = decision.as_ref().and_then(Value::as_text) == Some("granted");
                if is_granted && self.asker.time(approval, "time")? > Some(at) {
                    approvals.push(approval);
                }
            }
        }
        let is_only_past = running.is_empty() && approvals.is_empty();
        let mut said = Vec::new();
        for (nodes, words) in [
            (running, "runs today or began after that"),
            (ended, "ran on after that and has ended"),
            (approvals, "approved it after that"),
        ] {
            if let Some(first) = nodes.first() {
                let more = match nodes.len() - 1 {
                    0 => String::new(),
                    more => format!(" (and {more} more)"),
                };
                said.push(format!("{}{more} {words}", self.asker.name(*first)));
            }
        }
        let status = if is_only_past { Status::Gap } else { Status::Conflict };
        Ok((!said.is_empty()).then(|| (status, said.join("; "))))
    }

    /// Nodes of a kind that lead to a node and may be seen, ascending.
    fn around(&self, view: &Snapshot, node: NodeNo, relation: Relation, kind: Kind) -> Vec<NodeNo> {
        let nodes = view.edges(node, relation, Direction::Inverse).iter().copied();
        let mut nodes: Vec<NodeNo> = nodes
            .filter(|node| view.kind_of(*node) == kind && self.asker.part.sees(*node))
            .collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }
}
