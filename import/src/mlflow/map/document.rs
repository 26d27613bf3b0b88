//! Documents among the artifacts of a run.

use super::super::store::{Run, located};
use super::collector::Collector;
use super::fields::{part, put_text};
use super::{Context, run_reference};
use crate::record::{Edge, NodeRecord, Part, Reference};
use lineal_engine::schema::{Kind, Relation};

pub(super) fn map(run: &Run, collector: &mut Collector, context: &Context<'_>) {
    for artifact in &run.artifacts {
        let rule = context.mapping.documents.iter().find(|rule| rule.path.is_match(&artifact.path));
        let Some(rule) = rule else { continue };
        let key = vec![run.id.as_str().into(), part(&artifact.path), Part::Null];
        let node = Reference::new(Kind::Document, key);
        let mut record = NodeRecord::new(node, located(&artifact.at_file));
        put_text(&mut record, "name", Some(artifact.path.clone()));
        record.set("type", Some(rule.document_type.as_str()));
        record.set("size", Some(artifact.size));
        record.set("digest", artifact.digest.as_deref());
        let place = run.artifact_uri.as_ref();
        let uri = place.map(|place| format!("{}/{}", place.trim_end_matches('/'), artifact.path));
        put_text(&mut record, "uri", uri);
        record.edges.push(Edge::new(Relation::Documents, run_reference(&run.id)));
        collector.add(record);
    }
}
