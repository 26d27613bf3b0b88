//! `CycloneDX` bills of materials with model cards (ECMA-424; <https://cyclonedx.org/docs/1.6/json/>).
//!
//! Models become components of type `machine-learning-model`, data sets of type `data`, code of type
//! `application`; who needs whom follows the lineage, runs left out. A digest goes into `hashes` only
//! under an algorithm that its source named; what `CycloneDX` has no word for is a property of ours.

use super::digests::{bare, urn, uuid_of};
use crate::go_on::{GoOn, asked};
use crate::{Closure, Error, Member};
use lineal_engine::schema::{Kind, Relation};
use lineal_proof::{Hash, Value};
use lineal_query::value::time_text;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// The version of the specification.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// 1.6
    V1_6,
    /// 1.7
    V1_7,
}

impl Version {
    fn name(self) -> &'static str {
        match self {
            Version::V1_6 => "1.6",
            Version::V1_7 => "1.7",
        }
    }
}

/// The bill of materials of a model, a deployment or a system.
pub(super) fn write(closure: &Closure, version: Version, go_on: GoOn<'_>) -> Result<Json, Error> {
    let root = closure.root();
    if !matches!(root.kind, Kind::Model | Kind::Dataset | Kind::Deployment | Kind::System) {
        let wanted = "a model, a data set, a deployment or a system";
        return Err(Error::WrongKind { form: "CycloneDX", wanted, name: root.name.clone() });
    }
    let is_part = |kind: Kind| {
        matches!(kind, Kind::Model | Kind::Dataset | Kind::Code | Kind::Deployment | Kind::System)
    };
    let parts: BTreeMap<usize, &Member> =
        closure.members.iter().enumerate().filter(|(_, member)| is_part(member.kind)).collect();
    asked(go_on)?;
    let needs = needs(closure, &parts);
    let others = parts.iter().filter(|(at, _)| **at != closure.root);
    // Each is looked for among all edges.
    let components = others.map(|(at, part)| asked(go_on).map(|()| component(closure, *at, part)));
    let components = components.collect::<Result<Vec<Json>, Error>>()?;
    let dependencies: Vec<Json> = parts
        .iter()
        .map(|(at, part)| {
            let on = needs.get(at).into_iter().flatten();
            let on: Vec<String> = on.map(|needed| urn(&closure.members[*needed])).collect();
            json!({ "ref": urn(part), "dependsOn": on })
        })
        .collect();
    let serial =
        Hash::of(format!("{} {}", root.revision.unwrap_or(root.id), closure.commit).as_bytes());
    Ok(json!({
        "$schema": format!("http://cyclonedx.org/schema/bom-{}.schema.json", version.name()),
        "bomFormat": "CycloneDX",
        "specVersion": version.name(),
        "serialNumber": format!("urn:uuid:{}", uuid_of(&serial)),
        "version": 1,
        "metadata": {
            "timestamp": time_text(closure.recorded),
            "tools": { "components": [{
                "type": "application", "name": "lineal", "version": env!("CARGO_PKG_VERSION"),
            }] },
            "component": component(closure, closure.root, root),
            "properties": [property("lineal:commit", &closure.commit.to_string())],
        },
        "components": components,
        "dependencies": dependencies,
    }))
}

/// Of each part the parts that it was made of: along the lineage, through the runs between them.
fn needs(closure: &Closure, parts: &BTreeMap<usize, &Member>) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut needs: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut of_runs: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (from, relation, to) in &closure.edges {
        let is_run = closure.members[*from].kind == Kind::Run;
        if is_run && relation.spec().class == lineal_engine::schema::Class::Lineage {
            of_runs.entry(*from).or_default().insert(*to);
        }
    }
    for (from, relation, to) in &closure.edges {
        let is_lineage = relation.spec().class == lineal_engine::schema::Class::Lineage;
        if !parts.contains_key(from) || !is_lineage {
            // What belongs to a system is part of it.
            if *relation == Relation::BelongsTo
                && parts.contains_key(from)
                && parts.contains_key(to)
            {
                needs.entry(*to).or_default().insert(*from);
            }
            continue;
        }
        let own = needs.entry(*from).or_default();
        if parts.contains_key(to) {
            own.insert(*to);
        } else {
            let used = of_runs.get(to).into_iter().flatten();
            own.extend(used.filter(|used| parts.contains_key(used) && *used != from));
        }
    }
    needs
}

fn property(name: &str, value: &str) -> Json {
    json!({ "name": name, "value": value })
}

fn component(closure: &Closure, at: usize, member: &Member) -> Json {
    let mut out = Map::new();
    let mut put = |name: &str, value: Json| {
        out.insert(name.to_owned(), value);
    };
    put("bom-ref", json!(urn(member)));
    put("name", json!(member.text("name").unwrap_or_else(|| bare(member))));
    let version = match member.kind {
        Kind::Code => member.text("commit"),
        Kind::Dataset => member.text("version").or(member.text("digest")),
        Kind::Deployment => member.text("model_version"),
        _ => member.text("version"),
    };
    if let Some(version) = version {
        put("version", json!(version));
    }
    if let Some(license) = member.text("license") {
        put("licenses", json!([{ "license": { "name": license } }]));
    }
    if let Some((algorithm, digest)) = member.digest() {
        let name = match algorithm {
            "sha256" => "SHA-256",
            "sha512" => "SHA-512",
            "sha1" => "SHA-1",
            "md5" => "MD5",
            _ => "BLAKE3",
        };
        put("hashes", json!([{ "alg": name, "content": digest }]));
    }
    let mut properties = vec![
        property("lineal:kind", member.kind.name()),
        property("lineal:node", &member.id.to_string()),
    ];
    if let Some(revision) = member.revision {
        properties.push(property("lineal:revision", &revision.to_string()));
    } else {
        properties.push(property("lineal:missing", "only referred to, never imported"));
    }
    for field in ["registry", "stage", "uri", "digest", "digest_kind", "risk_class"] {
        if let Some(value) = member.text(field) {
            properties.push(property(&format!("lineal:{field}"), value));
        }
    }
    for run in closure.along(at, Relation::ProducedBy) {
        properties.push(property("lineal:produced_by", &closure.members[run].name));
    }
    match member.kind {
        Kind::Model => {
            put("type", json!("machine-learning-model"));
            let card = model_card(closure, at, member);
            if card.as_object().is_some_and(|card| !card.is_empty()) {
                put("modelCard", card);
            }
        }
        Kind::Dataset => {
            put("type", json!("data"));
            put("data", json!([data(member)]));
        }
        _ => put("type", json!("application")),
    }
    put("properties", Json::Array(properties));
    Json::Object(out)
}

fn data(member: &Member) -> Json {
    let mut out = Map::new();
    out.insert("type".to_owned(), json!("dataset"));
    out.insert("name".to_owned(), json!(member.text("name").unwrap_or_else(|| bare(member))));
    if let Some(uri) = member.text("uri") {
        out.insert("contents".to_owned(), json!({ "url": uri }));
    }
    if let Some(class) = member.text("category") {
        out.insert("classification".to_owned(), json!(class));
    }
    Json::Object(out)
}

fn model_card(closure: &Closure, at: usize, member: &Member) -> Json {
    let mut card = Map::new();
    let mut parameters = Map::new();
    let mut runs: Vec<usize> = closure.along(at, Relation::ProducedBy).collect();
    for logged in closure.along(at, Relation::RegisteredFrom) {
        runs.extend(closure.along(logged, Relation::ProducedBy));
    }
    let trained: BTreeSet<usize> =
        runs.iter().flat_map(|run| closure.along(*run, Relation::TrainedOn)).collect();
    if !trained.is_empty() {
        let references = trained.iter().map(|at| json!({ "ref": urn(&closure.members[*at]) }));
        parameters.insert("datasets".to_owned(), references.collect());
    }
    if let Some(kind) = member.text("model_type") {
        parameters.insert("modelArchitecture".to_owned(), json!(kind));
    }
    if !parameters.is_empty() {
        card.insert("modelParameters".to_owned(), Json::Object(parameters));
    }
    let mut metrics = figures(member, None);
    for evaluation in closure.against(at, Relation::Evaluates) {
        let on = closure.along(evaluation, Relation::TestedOn).next();
        let on = on.map(|at| closure.members[at].name.as_str());
        metrics.extend(figures(&closure.members[evaluation], on));
    }
    if !metrics.is_empty() {
        let analysis = json!({ "performanceMetrics": metrics });
        card.insert("quantitativeAnalysis".to_owned(), analysis);
    }
    if let Some(purpose) = member.text("intended_purpose") {
        card.insert("considerations".to_owned(), json!({ "useCases": [purpose] }));
    }
    Json::Object(card)
}

fn figures(member: &Member, slice: Option<&str>) -> Vec<Json> {
    let metrics = member.map("metrics").into_iter().flat_map(lineal_proof::Map::iter);
    metrics
        .filter_map(|(name, value)| {
            let value = match value {
                Value::Float(number) => number.to_string(),
                Value::Int(number) => number.to_string(),
                Value::Text(text) => text.clone(),
                _ => return None,
            };
            let mut out = Map::new();
            out.insert("type".to_owned(), json!(name));
            out.insert("value".to_owned(), json!(value));
            if let Some(slice) = slice {
                out.insert("slice".to_owned(), json!(slice));
            }
            Some(Json::Object(out))
        })
        .collect()
}
