//! Logged models, and what was measured of them on datasets.

use super::super::point::{Figure, Point};
use super::super::runs::Runs;
use super::super::store::{LoggedModel, ModelMetric};
use super::collector::Collector;
use super::dataset::Datasets;
use super::fields::{ns, part, put_map, put_text, put_texts, seal};
use super::rules::{self, About};
use super::{Context, experiment, logged_reference, run_reference};
use crate::mapping::mlflow::Subject;
use crate::record::{Edge, Location, NodeRecord, Part, Reference};
use lineal_engine::schema::{Kind, Relation};
use lineal_proof::Map;
use std::collections::{BTreeMap, BTreeSet};

/// The table of a logged model's figures has no mark for NaN: a database writes 0. The run that
/// logged the figure still knows.
pub(super) fn repair_nan(logged: &mut [LoggedModel], runs: &Runs) {
    for metric in logged.iter_mut().flat_map(|model| &mut model.metrics) {
        if let Some(run) = &metric.run
            && metric.point.value.is_zero()
            && runs.is_nan(run, &metric.name, &metric.point)
        {
            metric.point.value = Figure::NAN;
        }
    }
}

pub(super) fn map(
    mut model: LoggedModel,
    makers: &BTreeMap<String, BTreeSet<String>>,
    datasets: &Datasets,
    context: &Context<'_>,
    collector: &mut Collector,
) {
    let node = logged_reference(&model.id);
    let mut record = NodeRecord::new(node.clone(), model.at.clone());
    record.set("form", Some("logged"));
    record.set("time", ns(model.created_ms));
    record.set("modified", ns(model.updated_ms));
    record.set("deleted", model.deleted.then_some(true));
    record.set("status", model.status.take());
    record.set("model_type", model.model_type.take());
    record.set("framework", model.framework.take());
    put_text(&mut record, "name", model.name.take());
    put_text(&mut record, "uri", model.artifact_uri.take());
    if let Some(message) = model.status_message.take() {
        seal(&mut record, "status_message", message, None);
    }
    let runs = makers.get(&model.id).into_iter().flatten().chain(&model.run);
    record.edges.extend(runs.map(|run| Edge::new(Relation::ProducedBy, run_reference(run))));
    put_metrics(&mut record, &model.metrics);
    evaluations(&node, &model, datasets, collector);
    let about = About {
        on: Subject::Logged,
        title: format!("model:{}", model.id),
        variables: vec![("model", &model.id)],
        tags: &model.tags,
        params: &model.params,
        source: None,
        at: &model.at,
    };
    let used = rules::apply(context, &about, &mut record, collector);
    model.tags.retain(|key, _| !used.contains(key));
    if let Some(note) = model.tags.remove(experiment::NOTE).filter(|note| !note.is_empty()) {
        seal(&mut record, "note", note, None);
    }
    put_texts(&mut record, "params", model.params, context.mapping);
    put_texts(&mut record, "tags", model.tags, context.mapping);
    collector.add(record);
}

/// A model that the store's runs name as their output, whether or not the store describes it.
pub(super) fn map_maker(model: &str, runs: &BTreeSet<String>, collector: &mut Collector) {
    let mut record = NodeRecord::new(logged_reference(model), Location::default());
    record.set("form", Some("logged"));
    record.edges =
        runs.iter().map(|run| Edge::new(Relation::ProducedBy, run_reference(run))).collect();
    collector.add(record);
}

/// The last value of each figure that was measured on no dataset in particular.
fn put_metrics(record: &mut NodeRecord, metrics: &[ModelMetric]) {
    let plain = metrics.iter().filter(|metric| metric.dataset.is_none());
    put_map(record, "metrics", last_values(plain).0);
}

/// The last value of each name, and the time of the latest of them.
fn last_values<'a>(metrics: impl Iterator<Item = &'a ModelMetric>) -> (Map, Option<i64>) {
    let mut last: BTreeMap<&str, Point> = BTreeMap::new();
    for metric in metrics {
        let held = last.entry(&metric.name).or_insert(metric.point);
        *held = metric.point.max(*held);
    }
    let time = last.values().map(|point| point.time_ms).max();
    (last.into_iter().map(|(name, point)| (name, point.value.value())).collect(), time)
}

/// One evaluation for each dataset and run.
fn evaluations(
    model: &Reference,
    logged: &LoggedModel,
    datasets: &Datasets,
    collector: &mut Collector,
) {
    let mut groups: BTreeMap<_, Vec<&ModelMetric>> = BTreeMap::new();
    for metric in &logged.metrics {
        if let Some(dataset) = &metric.dataset {
            groups.entry((&metric.run, dataset)).or_default().push(metric);
        }
    }
    for ((run, (name, digest)), metrics) in groups {
        let key = vec![
            logged.id.as_str().into(),
            run.clone().map_or(Part::Null, Part::Text),
            part(name),
            digest.as_str().into(),
        ];
        let mut record = NodeRecord::new(Reference::new(Kind::Evaluation, key), logged.at.clone());
        let (values, time_ms) = last_values(metrics.into_iter());
        record.set("time", ns(time_ms));
        put_text(&mut record, "name", Some(name.clone()));
        put_map(&mut record, "metrics", values);
        record.edges.push(Edge::new(Relation::Evaluates, model.clone()));
        record.edges.push(Edge::new(Relation::TestedOn, datasets.named(name, digest)));
        collector.add(record);
    }
}
