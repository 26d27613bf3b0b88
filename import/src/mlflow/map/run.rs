//! Runs, with the people and the code behind them.

use super::super::point::{Point, sort_points};
use super::super::store::{Run, Texts};
use super::collector::Collector;
use super::dataset::Datasets;
use super::fields::{ns, person, put_map, put_text, put_texts, seal, seal_person};
use super::history::HISTORY;
use super::rules::{self, About, introduce};
use super::{Context, experiment, hints, logged_reference, run_reference};
use crate::mapping::mlflow::Subject;
use crate::record::{Edge, NodeRecord, Reference};
use lineal_engine::schema::{Kind, Relation};
use lineal_proof::{Map, Value};

/// The tag of an input that says what the dataset was for.
const CONTEXT: &str = "mlflow.data.context";
const NAME: &str = "mlflow.runName";
const USER: &str = "mlflow.user";
const PARENT: &str = "mlflow.parentRunId";
const COMMIT: &str = "mlflow.source.git.commit";
const REPO: &str = "mlflow.source.git.repoURL";
const BRANCH: &str = "mlflow.source.git.branch";
const DIRTY: &str = "mlflow.source.git.dirty";
const SOURCE_NAME: &str = "mlflow.source.name";
const ENTRY_POINT: &str = "mlflow.project.entryPoint";

/// Is a tag of that name needed to make what stands beside a run?
pub(in super::super) fn reads_beside(tag: &str) -> bool {
    [NAME, USER, COMMIT, REPO, BRANCH, DIRTY, HISTORY].contains(&tag)
}

/// The record of a run; what stands beside it goes to the collector.
pub(super) fn map(
    mut run: Run,
    datasets: &Datasets,
    beside: &[String],
    context: &Context<'_>,
    collector: &mut Collector,
) -> NodeRecord {
    let mut record = NodeRecord::new(run_reference(&run.id), run.at.clone());
    merge_columns_into_tags(&mut run);
    let about = About {
        on: Subject::Run,
        title: format!("run:{}", run.id),
        variables: [
            ("run", Some(&run.id)),
            ("experiment", run.experiment.as_ref()),
            ("name", run.name.as_ref()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?.as_str())))
        .collect(),
        tags: &run.tags,
        params: &run.params,
        source: None,
        at: &run.at,
    };
    let used = rules::apply(context, &about, &mut record, collector);
    if run.inputs.is_empty() {
        let hints = hints::hints(&run.params, &run.tags, beside, &context.mapping.hints);
        if !hints.is_empty() {
            let list = hints.into_iter().map(Value::Text).collect();
            record.fields.insert("input_hints", Value::List(list));
        }
    }
    run.tags.retain(|key, _| !used.contains(key));

    record.set("time", ns(run.started_ms));
    record.set("started", ns(run.started_ms));
    record.set("ended", ns(run.ended_ms));
    record.set("deleted_time", ns(run.deleted_ms));
    record.set("deleted", run.deleted.then_some(true));
    record.set("status", run.status.take());
    put_text(&mut record, "name", run.name.take());
    put_text(&mut record, "artifact_uri", run.artifact_uri.take());
    put_user(&mut record, &mut run, context, collector);
    put_metrics(&mut record, &mut run);
    put_inputs(&mut record, &run, datasets, context);
    put_links(&mut record, &mut run, context, collector);
    if let Some(note) = run.tags.remove(experiment::NOTE).filter(|note| !note.is_empty()) {
        seal(&mut record, "note", note, None);
    }
    put_texts(&mut record, "params", run.params, context.mapping);
    put_texts(&mut record, "tags", run.tags, context.mapping);
    record
}

/// Older stores say in columns what newer ones say in tags; the tag wins where both do.
fn merge_columns_into_tags(run: &mut Run) {
    let columns = [
        (SOURCE_NAME, run.source_name.take()),
        (ENTRY_POINT, run.entry_point.take()),
        (COMMIT, run.source_version.take()),
    ];
    for (tag, column) in columns {
        let said = run.tags.get(tag).is_some_and(|text| !text.is_empty());
        if let (Some(text), false) = (column, said) {
            run.tags.insert(tag.to_owned(), text);
        }
    }
    match (&run.name, run.tags.get(NAME)) {
        (None, Some(tag)) if !tag.is_empty() => run.name = run.tags.remove(NAME),
        (Some(name), Some(tag)) if name == tag => {
            run.tags.remove(NAME);
        }
        _ => {}
    }
}

/// Newer servers name the user in a tag, older ones in a column; one of them may say `unknown`.
fn put_user(
    record: &mut NodeRecord,
    run: &mut Run,
    context: &Context<'_>,
    collector: &mut Collector,
) {
    let column = run.user.take();
    let logins = [column.as_ref(), run.tags.get(USER)];
    let actor = logins.into_iter().flatten().find_map(|login| person(login, context.mapping));
    if let Some(actor) = actor {
        introduce(NodeRecord::new(actor.clone(), run.at.clone()), collector);
        record.edges.push(Edge::new(Relation::DoneBy, actor));
    }
    if let Some(user) = column {
        seal_person(record, "user", user, context.mapping);
    }
}

/// All points of each series, and the last one of each as its value.
fn put_metrics(record: &mut NodeRecord, run: &mut Run) {
    let mut metrics = Map::new();
    for (key, mut points) in std::mem::take(&mut run.metrics) {
        sort_points(&mut points);
        let Some(last) = points.last() else { continue };
        metrics.insert(key.as_str(), last.value.value());
        record.series.insert(key, points.into_iter().map(Point::of_series).collect());
    }
    put_map(record, "metrics", metrics);
}

fn put_inputs(record: &mut NodeRecord, run: &Run, datasets: &Datasets, context: &Context<'_>) {
    let mut tags = Texts::new();
    for input in &run.inputs {
        let Some(dataset) = datasets.at(input.dataset) else { continue };
        let role = input
            .tags
            .get(CONTEXT)
            .and_then(|role| context.mapping.roles.get(&role.trim().to_lowercase()))
            .copied()
            .unwrap_or(Relation::Used);
        let name: Vec<_> = dataset.key.iter().take(2).filter_map(text_of).collect();
        for (tag, value) in &input.tags {
            tags.insert(format!("{}/{tag}", name.join("@")), value.clone());
        }
        record.edges.push(Edge::new(role, dataset));
    }
    put_texts(record, "input_tags", tags, context.mapping);
    for model in &run.models_used {
        record.edges.push(Edge::new(Relation::Used, logged_reference(model)));
    }
}

fn text_of(part: &crate::record::Part) -> Option<&str> {
    match part {
        crate::record::Part::Text(text) => Some(text),
        _ => None,
    }
}

fn put_links(
    record: &mut NodeRecord,
    run: &mut Run,
    context: &Context<'_>,
    collector: &mut Collector,
) {
    if let Some(id) = &run.experiment {
        let target = experiment::reference(id, context.source);
        record.edges.push(Edge::new(Relation::InExperiment, target));
    }
    if let Some(parent) = run.tags.remove(PARENT).filter(|parent| !parent.is_empty()) {
        record.edges.push(Edge::new(Relation::ChildOf, run_reference(&parent)));
    }
    if let Some(commit) = run.tags.remove(COMMIT).filter(|commit| !commit.is_empty()) {
        let code = Reference::new(Kind::Code, vec![commit.as_str().into()]);
        let mut node = NodeRecord::new(code.clone(), run.at.clone());
        let tag = |name: &str| run.tags.get(name).filter(|text| !text.is_empty()).cloned();
        node.set("commit", Some(commit));
        put_text(&mut node, "repo", tag(REPO));
        put_text(&mut node, "branch", tag(BRANCH));
        // Uncommitted changes are the run's; its tag keeps saying so too.
        let dirty = tag(DIRTY).is_some_and(|text| text.eq_ignore_ascii_case("true"));
        node.set("dirty", dirty.then_some(true));
        collector.add(node);
        record.edges.push(Edge::new(Relation::Executes, code));
    }
}
