//! Experiments.

use super::super::store::{Experiment, Texts};
use super::Context;
use super::collector::Collector;
use super::fields::{ns, put_text, put_texts, seal};
use super::rules::{self, About};
use crate::mapping::mlflow::Subject;
use crate::record::{NodeRecord, Reference};
use lineal_engine::schema::Kind;

/// The tag that holds the description.
pub(super) const NOTE: &str = "mlflow.note.content";

/// The experiment of that id.
pub(super) fn reference(id: &str, source: &str) -> Reference {
    Reference::new(Kind::Experiment, vec![source.into(), id.into()])
}

pub(super) fn map(mut experiment: Experiment, context: &Context<'_>, collector: &mut Collector) {
    let node = reference(&experiment.id, context.source);
    let mut record = NodeRecord::new(node, experiment.at.clone());
    record.set("time", ns(experiment.created_ms));
    record.set("modified", ns(experiment.updated_ms));
    record.set("deleted", experiment.deleted.then_some(true));
    put_text(&mut record, "name", experiment.name.take());
    put_text(&mut record, "artifact_location", experiment.artifact_location.take());
    let about = About {
        on: Subject::Experiment,
        title: format!("experiment:{}", experiment.id),
        variables: vec![("experiment", &experiment.id)],
        tags: &experiment.tags,
        params: &Texts::new(),
        source: None,
        at: &experiment.at,
    };
    let used = rules::apply(context, &about, &mut record, collector);
    experiment.tags.retain(|key, _| !used.contains(key));
    if let Some(note) = experiment.tags.remove(NOTE).filter(|note| !note.is_empty()) {
        seal(&mut record, "note", note, None);
    }
    put_texts(&mut record, "tags", experiment.tags, context.mapping);
    collector.add(record);
}
