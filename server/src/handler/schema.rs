//! `GET /v1/schema`: the vocabulary. It is that of the program and needs no store.

use crate::accept;
use crate::gate::Call;
use crate::problem::Problem;
use crate::reply::{self, Written};
use crate::wire::{Schema, SchemaField, SchemaKind, SchemaRelation};
use axum::body::Body;
use axum::http::{Response, header};
use lineal_engine::event_fields::EVENT_FIELDS;
use lineal_engine::schema::{FieldType, KINDS, Kind, RELATIONS, fields};

/// Answers.
pub(crate) async fn get(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let tag = reply::tag(0, &[b"schema"]);
    if let Some(response) = reply::unchanged(&call.parts.method, &call.parts.headers, &tag)? {
        return Ok(response);
    }
    let json = serde_json::to_value(schema()).map_err(|_| Problem::fault())?;
    let written = Written::json(&json, accept::takes_gzip(&call.parts.headers));
    let mut response = written.response("application/json");
    reply::set(response.headers_mut(), header::ETAG, &tag);
    Ok(response)
}

fn schema() -> Schema {
    let field = |name: &str, kind: FieldType, meaning: &str| SchemaField {
        name: name.to_owned(),
        r#type: kind.name().to_owned(),
        meaning: meaning.to_owned(),
    };
    let kinds = KINDS.into_iter().map(|kind| SchemaKind {
        name: kind.name().to_owned(),
        meaning: kind.meaning().to_owned(),
        fields: match kind {
            Kind::Inference => {
                let specs = EVENT_FIELDS.iter();
                specs.map(|spec| field(spec.name, spec.field_type, spec.meaning)).collect()
            }
            kind => {
                let specs = fields(kind).iter();
                specs.map(|spec| field(spec.name, spec.field_type, spec.meaning)).collect()
            }
        },
    });
    let names = |kinds: &[Kind]| kinds.iter().map(|kind| kind.name().to_owned()).collect();
    let relations = RELATIONS.iter().map(|spec| SchemaRelation {
        name: spec.name.to_owned(),
        inverse: spec.inverse.to_owned(),
        from: names(spec.from),
        to: names(spec.to),
    });
    Schema {
        card: lineal_query::schema_card().to_owned(),
        kinds: kinds.collect(),
        relations: relations.collect(),
    }
}
