//! Jobs, datasets and runs that events of OpenLineage named, and what is recorded of them in
//! Marquez's words. A job is an experiment; a dataset is one for all its versions.

use crate::problem::Problem;
use crate::scope::Scope;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{FORM_OF_EVENTS, NodeNo, Snapshot};
use lineal_import::openlineage::DATASET_KIND;
use lineal_proof::{Key, KeyPart, Map, Value};
use lineal_query::told::{type_of, value_json};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Stands before the names of facets among the tags.
const FACET: &str = "facet.";
/// Latest runs that are told with a job: Marquez's own.
const LATEST_RUNS: usize = 10;

/// A namespace and a name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Name {
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Name {
    pub(super) fn new(namespace: String, name: String) -> Name {
        Name { namespace, name }
    }

    pub(super) fn json(&self) -> Json {
        json!({ "namespace": self.namespace, "name": self.name })
    }
}

/// A view, as far as it may be seen.
pub(super) struct World<'v> {
    view: &'v Snapshot,
    scope: Option<&'v Scope>,
}

fn text(key: &Key, at: usize) -> Option<&str> {
    match key.0.get(at)? {
        KeyPart::Text(text) => Some(text),
        _ => None,
    }
}

impl<'v> World<'v> {
    pub(super) fn new(view: &'v Snapshot, scope: Option<&'v Scope>) -> World<'v> {
        World { view, scope }
    }

    /// Was it named by an event, and may it be seen?
    fn has(&self, node: NodeNo) -> bool {
        self.scope.is_none_or(|scope| scope.has(node))
            && self.view.sources_of(node).iter().any(|(_, form)| form.starts_with(FORM_OF_EVENTS))
    }

    /// The name of a job or dataset.
    pub(super) fn name_of(&self, node: NodeNo) -> Option<Name> {
        let key = self.view.key_of(node);
        let (namespace, name) = match self.view.kind_of(node) {
            Kind::Experiment => (text(&key, 0)?, text(&key, 1)?),
            Kind::Dataset if text(&key, 2) == Some(DATASET_KIND) => {
                (text(&key, 3)?, text(&key, 0)?)
            }
            _ => return None,
        };
        self.has(node).then(|| Name::new(namespace.to_owned(), name.to_owned()))
    }

    fn all(&self, kind: Kind) -> impl Iterator<Item = (Name, NodeNo)> + '_ {
        self.view.nodes_of(kind).filter_map(|node| Some((self.name_of(node)?, node)))
    }

    fn named<'n>(&'n self, kind: Kind, name: &'n Name) -> impl Iterator<Item = NodeNo> + 'n {
        let found = self.view.find(Some(kind), &name.name).into_iter();
        found.filter(|node| self.name_of(*node).as_ref() == Some(name))
    }

    /// The job of that name.
    pub(super) fn job(&self, name: &Name) -> Option<NodeNo> {
        self.named(Kind::Experiment, name).next()
    }

    /// The versions of the dataset of that name, in the order of their keys.
    pub(super) fn dataset(&self, name: &Name) -> Vec<NodeNo> {
        self.by_version(self.named(Kind::Dataset, name).collect())
    }

    fn by_version(&self, mut nodes: Vec<NodeNo>) -> Vec<NodeNo> {
        let version = |node: &NodeNo| text(&self.view.key_of(*node), 1).map(str::to_owned);
        nodes.sort_by_cached_key(version);
        nodes.dedup();
        nodes
    }

    /// The jobs of a namespace, by name.
    pub(super) fn jobs_of(&self, namespace: &str) -> Vec<(Name, NodeNo)> {
        let all: BTreeMap<Name, NodeNo> =
            self.all(Kind::Experiment).filter(|(name, _)| name.namespace == namespace).collect();
        all.into_iter().collect()
    }

    /// The datasets of a namespace with their versions, by name.
    pub(super) fn datasets_of(&self, namespace: &str) -> Vec<(Name, Vec<NodeNo>)> {
        let mut all: BTreeMap<Name, Vec<NodeNo>> = BTreeMap::new();
        for (name, node) in self.all(Kind::Dataset).filter(|(it, _)| it.namespace == namespace) {
            all.entry(name).or_default().push(node);
        }
        all.into_iter().map(|(name, nodes)| (name, self.by_version(nodes))).collect()
    }

    /// The run of that id.
    pub(super) fn run(&self, id: &str) -> Option<NodeNo> {
        let found = self.view.find(Some(Kind::Run), id).into_iter();
        let mut exact = found.filter(|node| text(&self.view.key_of(*node), 0) == Some(id));
        exact.find(|node| self.has(*node))
    }

    fn neighbours(
        &self,
        node: NodeNo,
        relation: Relation,
        direction: Direction,
    ) -> impl Iterator<Item = NodeNo> + '_ {
        let nodes = self.view.edges(node, relation, direction).iter().copied();
        nodes.filter(|node| self.has(*node))
    }

    fn runs(&self, job: NodeNo) -> impl Iterator<Item = NodeNo> + '_ {
        self.neighbours(job, Relation::InExperiment, Direction::Inverse)
    }

    /// What the runs of a job used.
    pub(super) fn inputs(&self, job: NodeNo) -> BTreeSet<Name> {
        let used = |run| self.neighbours(run, Relation::Used, Direction::Forward);
        self.runs(job).flat_map(used).filter_map(|node| self.name_of(node)).collect()
    }

    /// What the runs of a job made.
    pub(super) fn outputs(&self, job: NodeNo) -> BTreeSet<Name> {
        let made = |run| self.neighbours(run, Relation::ProducedBy, Direction::Inverse);
        self.runs(job).flat_map(made).filter_map(|node| self.name_of(node)).collect()
    }

    /// The jobs whose runs used or made a dataset.
    pub(super) fn jobs_at(&self, versions: &[NodeNo]) -> BTreeSet<Name> {
        let runs = versions.iter().flat_map(|node| {
            let made_by = self.neighbours(*node, Relation::ProducedBy, Direction::Forward);
            made_by.chain(self.neighbours(*node, Relation::Used, Direction::Inverse))
        });
        let job = |run| self.neighbours(run, Relation::InExperiment, Direction::Forward);
        runs.flat_map(job).filter_map(|node| self.name_of(node)).collect()
    }

    /// The runs of a job, the latest first, those without a start last.
    pub(super) fn runs_latest_first(&self, job: NodeNo) -> Result<Vec<NodeNo>, Problem> {
        let mut runs = Vec::new();
        for run in self.runs(job) {
            let started =
                self.view.field(run, "started").map_err(|error| Problem::store(&error))?;
            let started = started.as_ref().and_then(Value::as_i64);
            runs.push((std::cmp::Reverse(started), self.view.key_of(run), run));
        }
        runs.sort();
        Ok(runs.into_iter().map(|(_, _, run)| run).collect())
    }

    fn fields(&self, node: NodeNo) -> Result<Fields, Problem> {
        let fields = self.view.fields(node).map_err(|error| Problem::store(&error))?.fields;
        Ok(Fields { kind: self.view.kind_of(node), fields })
    }

    /// The namespaces, by name, with the times of what is in them.
    pub(super) fn namespaces(&self) -> Result<Vec<Json>, Problem> {
        let mut all: BTreeMap<String, (Json, Json)> = BTreeMap::new();
        for (name, node) in self.all(Kind::Experiment).chain(self.all(Kind::Dataset)) {
            let time = |field: &str| -> Result<Json, Problem> {
                let time = self.view.field(node, field).map_err(|error| Problem::store(&error))?;
                Ok(time.map_or(Json::Null, |it| value_json(&it, type_of(Kind::Dataset, field))))
            };
            let (first, last) = (time("recorded")?, time("updated")?);
            let held = all.entry(name.namespace).or_insert_with(|| (first.clone(), last.clone()));
            // RFC 3339 in UTC: in the order of the times, to the second.
            if first.as_str() < held.0.as_str() {
                held.0 = first;
            }
            if last.as_str() > held.1.as_str() {
                held.1 = last;
            }
        }
        let all = all.into_iter().map(|(name, (first, last))| {
            json!({
                "name": name, "createdAt": first, "updatedAt": last,
                "ownerName": null, "description": null, "isHidden": false,
            })
        });
        Ok(all.collect())
    }

    /// A job.
    pub(super) fn job_json(&self, name: &Name, node: NodeNo) -> Result<Json, Problem> {
        let fields = self.fields(node)?;
        let names = |all: BTreeSet<Name>| all.iter().map(Name::json).collect::<Vec<_>>();
        let runs = self.runs_latest_first(node)?;
        let runs = runs.into_iter().take(LATEST_RUNS).map(|run| self.run_json(run));
        let runs = runs.collect::<Result<Vec<_>, _>>()?;
        let facets = fields.facets();
        Ok(json!({
            "id": name.json(), "namespace": name.namespace, "name": name.name,
            "simpleName": name.name, "type": facets["jobType"]["processingType"],
            "createdAt": fields.get("recorded"), "updatedAt": fields.get("updated"),
            "inputs": names(self.inputs(node)), "outputs": names(self.outputs(node)),
            "location": facets["sourceCodeLocation"]["url"],
            "description": facets["documentation"]["description"],
            "latestRun": runs.first(), "latestRuns": runs, "facets": facets,
            "tags": [], "currentVersion": null, "parentJobName": null, "context": {},
        }))
    }

    /// A run.
    pub(super) fn run_json(&self, node: NodeNo) -> Result<Json, Problem> {
        let fields = self.fields(node)?;
        let names = |relation, direction| -> Vec<Json> {
            let all = self.neighbours(node, relation, direction);
            let all: BTreeSet<Name> = all.filter_map(|node| self.name_of(node)).collect();
            all.iter().map(Name::json).collect()
        };
        let job = self.neighbours(node, Relation::InExperiment, Direction::Forward);
        let job = job.filter_map(|node| self.name_of(node)).next();
        let began = self.view.sources_of(node).iter().any(|(_, form)| {
            let form = form.strip_prefix(FORM_OF_EVENTS).unwrap_or_default();
            matches!(form, "-start" | "-running")
        });
        let state = match fields.get("status").as_str() {
            Some("FINISHED") => "COMPLETED",
            Some("FAILED") => "FAILED",
            Some("KILLED") => "ABORTED",
            _ if began => "RUNNING",
            _ => "NEW",
        };
        let facets = fields.facets();
        let whole = |name: &str| fields.fields.get(name).and_then(Value::as_i64);
        let took = whole("ended").zip(whole("started"));
        let took = took.and_then(|(ended, started)| ended.checked_sub(started));
        Ok(json!({
            "id": text(&self.view.key_of(node), 0), "state": state,
            "createdAt": fields.get("recorded"), "updatedAt": fields.get("updated"),
            "startedAt": fields.get("started"), "endedAt": fields.get("ended"),
            "durationMs": took.map(|ns| ns / 1_000_000),
            "nominalStartTime": facets["nominalTime"]["nominalStartTime"],
            "nominalEndTime": facets["nominalTime"]["nominalEndTime"],
            "job": job.as_ref().map(Name::json),
            "inputs": names(Relation::Used, Direction::Forward),
            "outputs": names(Relation::ProducedBy, Direction::Inverse),
            "args": {}, "facets": facets,
        }))
    }

    /// A dataset: the last of its versions speaks, of its times all of them.
    pub(super) fn dataset_json(&self, name: &Name, versions: &[NodeNo]) -> Result<Json, Problem> {
        let all = versions.iter().map(|node| self.fields(*node));
        let all = all.collect::<Result<Vec<_>, _>>()?;
        let last = all.last().ok_or_else(super::nothing)?;
        let times = |name: &str| all.iter().map(|of| of.get(name)).collect::<Vec<_>>();
        let first = times("recorded").into_iter().min_by(|a, b| a.as_str().cmp(&b.as_str()));
        let updated = times("updated").into_iter().max_by(|a, b| a.as_str().cmp(&b.as_str()));
        let columns = last.get("schema").as_str().map(serde_json::from_str::<Vec<Json>>);
        let columns = columns.and_then(Result::ok).unwrap_or_default();
        let columns: Vec<Json> = columns
            .iter()
            .map(|it| json!({ "name": it["name"], "type": it["type"], "description": it["description"], "tags": [] }))
            .collect();
        let facets = last.facets();
        Ok(json!({
            "id": name.json(), "namespace": name.namespace, "name": name.name,
            "physicalName": name.name, "type": last.get("category"),
            "createdAt": first, "updatedAt": updated,
            "sourceName": null, "fields": columns, "currentVersion": last.get("version"),
            "versions": times("version"), "description": facets["documentation"]["description"],
            "facets": facets, "tags": [], "deleted": false, "lastModifiedAt": null,
        }))
    }
}

/// The fields of a node.
struct Fields {
    kind: Kind,
    fields: Map,
}

impl Fields {
    fn get(&self, name: &str) -> Json {
        let value = self.fields.get(name);
        value.map_or(Json::Null, |value| value_json(value, type_of(self.kind, name)))
    }

    /// The facets that no field holds, as they came.
    fn facets(&self) -> Json {
        let Some(Value::Map(tags)) = self.fields.get("tags") else { return json!({}) };
        let facet = |(name, value): (&str, &Value)| {
            let name = name.strip_prefix(FACET)?;
            Some((name.to_owned(), serde_json::from_str(value.as_text()?).ok()?))
        };
        Json::Object(tags.iter().filter_map(facet).collect())
    }
}
