//! `graph.json` and `lineage.car`: the closure for programs, and the record of each of its nodes
//! (not those of batches, nor further heads: these stand in `proofs/` as far as there is a file of them).

use super::making::Making;
use super::{Error, Files};
use crate::Member;
use crate::check::time_text;
use crate::export::{Form, export};
use crate::record::heads;
use lineal_engine::schema::{Kind, RELATIONS, Relation};
use lineal_proof::KeyPart;
use lineal_query::told::{type_of, value_json};
use serde_json::{Map, Value as Json, json};

/// Adds both.
pub(super) fn add(making: &Making<'_>, files: &mut Files) -> Result<(), Error> {
    let closure = &making.closure;
    let nodes: Vec<Json> =
        closure.members.iter().map(|member| node(making, member)).collect::<Result<_, Error>>()?;
    let edges = closure.edges.iter().map(|(from, relation, to)| {
        json!({
            "from": closure.members[*from].id.to_string(), "relation": relation_name(*relation),
            "to": closure.members[*to].id.to_string(),
        })
    });
    let graph = json!({
        "type": "lineal-graph", "root": closure.root().id.to_string(), "commit": closure.commit,
        "recorded": time_text(closure.recorded), "nodes": nodes, "edges": edges.collect::<Json>(),
    });
    files.json("graph.json", &graph)?;
    let car = export(Form::Car, making.store, making.snapshot(), closure, &|| true)?;
    files.add("lineage.car", car)
}

fn relation_name(relation: Relation) -> &'static str {
    RELATIONS[relation as usize].name
}

fn node(making: &Making<'_>, member: &Member) -> Result<Json, Error> {
    let revisions = heads(making.store, making.snapshot(), member.node).into_iter().map(|it| {
        json!({
            "id": it.id.to_string(), "source": it.source, "form": it.form, "commit": it.commit,
            "recorded": time_text(it.recorded), "proof": making.proofs.revisions.get(&it.id),
        })
    });
    let key = member.key.0.iter().map(|part| match part {
        KeyPart::Null => Json::Null,
        KeyPart::Text(text) => json!(text),
        KeyPart::Int(number) => json!({ "int": number.to_string() }),
        KeyPart::Bytes(bytes) => json!({ "bytes": data_encoding::HEXLOWER.encode(bytes) }),
    });
    let mut fields = Map::new();
    for (name, value) in member.fields.iter() {
        fields.insert(name.to_owned(), value_json(value, type_of(member.kind, name)));
    }
    let name = person(making, member)?;
    let mut told = json!({
        "id": member.id.to_string(), "kind": member.kind.name(), "name": member.name,
        "key": key.collect::<Json>(), "missing": member.is_missing(),
        "revisions": revisions.collect::<Json>(), "fields": fields, "sealed": member.sealed,
    });
    if let Some(name) = name {
        told["person"] = json!(name);
    }
    Ok(told)
}

/// What a person is called, in a pack for an authority and where the name can be opened.
fn person(making: &Making<'_>, member: &Member) -> Result<Option<String>, Error> {
    if member.kind != Kind::Actor || making.disclosure.withholds() {
        return Ok(None);
    }
    let name = making.snapshot().field(member.node, "name")?;
    Ok(name.as_ref().and_then(lineal_proof::Value::as_text).map(str::to_owned))
}
