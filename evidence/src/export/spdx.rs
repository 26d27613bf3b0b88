//! SPDX 3.0.1 as JSON-LD (<https://spdx.github.io/spdx-spec/v3.0.1/>): models by its profile for AI, data
//! sets by the one for data sets, runs as builds.
//!
//! The profiles demand who supplied a package, when it was released and under which licence somebody
//! concluded that it stands. What nobody recorded is absent, so the document claims to conform to
//! neither: only to the core and to software.

use super::digests::{bare, urn, uuid_of};
use super::licence;
use crate::go_on::{GoOn, asked};
use crate::{Closure, Error, Member};
use lineal_engine::schema::{Kind, Relation};
use lineal_proof::{Hash, Map as Fields, Value};
use lineal_query::value::time_text;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

const CONTEXT: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
const VERSION: &str = "3.0.1";
/// Where all elements say who made them: one blank node.
const CREATION: &str = "_:creation";
/// The agent that made the document.
const MAKER: &str = "urn:lineal:export";
/// What kind of build a recorded run is.
const BUILD_TYPE: &str = "urn:lineal:run:v1";

/// The document of a model, a data set, a deployment or a system.
pub(super) fn write(closure: &Closure, go_on: GoOn<'_>) -> Result<Json, Error> {
    let root = closure.root();
    let packages: Vec<usize> = of_kinds(closure, &[Kind::Model, Kind::Dataset]).collect();
    let is_fit = matches!(root.kind, Kind::Model | Kind::Dataset | Kind::Deployment | Kind::System);
    if !is_fit || packages.is_empty() {
        let wanted = "a model, a data set, or a deployment or system with one";
        return Err(Error::WrongKind { form: "SPDX", wanted, name: root.name.clone() });
    }
    let mut elements = vec![
        json!({ "type": "CreationInfo", "@id": CREATION, "specVersion": VERSION,
            "created": second(closure.recorded), "createdBy": [MAKER] }),
        element("SoftwareAgent", MAKER, "lineal"),
    ];
    let mut licences: BTreeMap<String, Json> = BTreeMap::new();
    let mut relations: BTreeMap<(String, &str), BTreeSet<String>> = BTreeMap::new();
    for (at, member) in closure.members.iter().enumerate() {
        asked(go_on)?;
        match member.kind {
            Kind::Model => elements.push(model(closure, at, member)),
            Kind::Dataset => elements.push(data(closure, at, member)),
            Kind::Run => elements.push(build(member)),
            Kind::Code => elements.push(source_code(member)),
            Kind::Document => elements.push(document(member)),
            _ => {}
        }
        if let Some(licence) = member.text("license") {
            let (id, element) = self::licence(licence);
            licences.insert(id.clone(), element);
            relations.entry((urn(member), "hasDeclaredLicense")).or_default().insert(id);
        }
    }
    elements.extend(licences.into_values());
    relate(closure, &mut relations, go_on)?;
    elements.extend(relations.into_iter().map(|((from, kind), to)| relation(&from, kind, &to)));
    let roots: Vec<String> = if packages.contains(&closure.root) {
        vec![urn(root)]
    } else {
        let models: Vec<_> = of_kinds(closure, &[Kind::Model]).collect();
        let roots = if models.is_empty() { packages } else { models };
        roots.into_iter().map(|at| urn(&closure.members[at])).collect()
    };
    let said = format!("{} {}", root.revision.unwrap_or(root.id), closure.commit);
    let mut document = element("SpdxDocument", &id_of(&said), &root.name);
    document["profileConformance"] = json!(["core", "software"]);
    document["rootElement"] = json!(roots);
    document["comment"] = json!(format!("as of commit {}", closure.commit));
    elements.push(document);
    Ok(json!({ "@context": CONTEXT, "@graph": elements }))
}

fn of_kinds<'c>(closure: &'c Closure, kinds: &'c [Kind]) -> impl Iterator<Item = usize> + 'c {
    let members = closure.members.iter().enumerate();
    members.filter(|(_, member)| kinds.contains(&member.kind)).map(|(at, _)| at)
}

/// An id of what has no name of its own, from what it says.
fn id_of(said: &str) -> String {
    format!("urn:uuid:{}", uuid_of(&Hash::of(said.as_bytes())))
}

/// A time as SPDX writes it: to the second.
fn second(time: i64) -> String {
    let text = time_text(time.div_euclid(1_000_000_000).saturating_mul(1_000_000_000));
    if text.ends_with('Z') { text } else { time_text(0) }
}

fn element(kind: &str, id: &str, name: &str) -> Json {
    json!({ "type": kind, "spdxId": id, "creationInfo": CREATION, "name": name })
}

/// What every package says of its node.
fn package(kind: &str, purpose: &str, member: &Member) -> Json {
    let name = member.text("name").unwrap_or_else(|| bare(member));
    let mut out = element(kind, &urn(member), name);
    out["software_primaryPurpose"] = json!(purpose);
    let mut known = vec![identifier("lineal-node", &member.id)];
    known.extend(member.revision.map(|id| identifier("lineal-revision", &id)));
    out["externalIdentifier"] = Json::Array(known);
    let place = member.text("uri").filter(|uri| is_absolute(uri));
    for (name, value) in
        [("software_packageVersion", member.text("version")), ("software_downloadLocation", place)]
    {
        if let Some(value) = value {
            out[name] = json!(value);
        }
    }
    if let Some(hash) = hash(member) {
        out["verifiedUsing"] = json!([hash]);
    }
    if member.is_missing() {
        out["comment"] = json!("only referred to, never imported");
    }
    out
}

fn identifier(what: &str, id: &Hash) -> Json {
    json!({ "type": "ExternalIdentifier", "externalIdentifierType": "other",
        "identifier": format!("{what}:{id}") })
}

fn hash(member: &Member) -> Option<Json> {
    let (algorithm, digest) = member.digest()?;
    Some(json!({ "type": "Hash", "algorithm": algorithm, "hashValue": digest }))
}

/// Has it a scheme and nothing that a URI may not hold?
fn is_absolute(uri: &str) -> bool {
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    let is_scheme = scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let may_stand = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    is_scheme && uri.bytes().all(may_stand)
}

/// Members of a map as entries of a dictionary, in the order of their names.
fn entries(fields: Option<&Fields>, prefix: &str) -> Vec<Json> {
    let all = fields.into_iter().flat_map(Fields::iter);
    all.filter_map(|(name, value)| {
        let value = match value {
            Value::Text(text) => text.clone(),
            Value::Float(number) => number.to_string(),
            Value::Int(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            _ => return None,
        };
        Some(json!({ "type": "DictionaryEntry", "key": format!("{name}{prefix}"), "value": value }))
    })
    .collect()
}

fn put(out: &mut Json, name: &str, entries: Vec<Json>) {
    if !entries.is_empty() {
        out[name] = Json::Array(entries);
    }
}

/// When the run that made a thing ended.
fn built(closure: &Closure, at: usize) -> Option<String> {
    let mut runs = closure.along(at, Relation::ProducedBy);
    runs.find_map(|run| closure.members[run].number("ended")).map(second)
}

fn model(closure: &Closure, at: usize, member: &Member) -> Json {
    let mut out = package("ai_AIPackage", "model", member);
    if let Some(kind) = member.text("model_type") {
        out["ai_typeOfModel"] = json!([kind]);
    }
    if let Some(purpose) = member.text("intended_purpose") {
        out["ai_informationAboutApplication"] = json!(purpose);
    }
    if let Some(time) = built(closure, at) {
        out["builtTime"] = json!(time);
    }
    put(&mut out, "ai_hyperparameter", entries(member.map("params"), ""));
    let mut figures = entries(member.map("metrics"), "");
    for evaluation in closure.against(at, Relation::Evaluates) {
        let on = closure.along(evaluation, Relation::TestedOn).next();
        let on = on.map(|at| format!(" on {}", closure.members[at].name)).unwrap_or_default();
        figures.extend(entries(closure.members[evaluation].map("metrics"), &on));
    }
    put(&mut out, "ai_metric", figures);
    out
}

fn data(closure: &Closure, at: usize, member: &Member) -> Json {
    let mut out = package("dataset_DatasetPackage", "data", member);
    // Nobody says of what type the data is; the profile has a word for that.
    out["dataset_datasetType"] = json!(["noAssertion"]);
    let truth = |name: &str| member.fields.get(name).and_then(Value::as_bool);
    let sensitive = truth("special_categories").or(truth("personal_data").filter(|held| !held));
    if let Some(sensitive) = sensitive {
        let word = if sensitive { "yes" } else { "no" };
        out["dataset_hasSensitivePersonalInformation"] = json!(word);
    }
    if let Some(how) = member.text("collection_method") {
        out["dataset_dataCollectionProcess"] = json!(how);
    }
    if let Some(time) = built(closure, at) {
        out["builtTime"] = json!(time);
    }
    out
}

fn build(member: &Member) -> Json {
    let name = member.text("name").unwrap_or_else(|| bare(member));
    let mut out = element("build_Build", &urn(member), name);
    out["build_buildType"] = json!(BUILD_TYPE);
    out["build_buildId"] = json!(bare(member));
    for (name, field) in [("build_buildStartTime", "started"), ("build_buildEndTime", "ended")] {
        if let Some(time) = member.number(field) {
            out[name] = json!(second(time));
        }
    }
    put(&mut out, "build_parameter", entries(member.map("params"), ""));
    if member.is_missing() {
        out["comment"] = json!("only referred to, never imported");
    }
    out
}

fn source_code(member: &Member) -> Json {
    let commit = member.text("commit").unwrap_or_else(|| bare(member));
    let mut out = element("software_Package", &urn(member), member.text("repo").unwrap_or(commit));
    out["software_primaryPurpose"] = json!("source");
    out["software_packageVersion"] = json!(commit);
    out
}

fn document(member: &Member) -> Json {
    let name = member.text("name").unwrap_or_else(|| bare(member));
    let mut out = element("software_File", &urn(member), name);
    out["software_primaryPurpose"] = json!("documentation");
    if let Some(kind) = member.text("type") {
        out["summary"] = json!(kind);
    }
    if let Some(hash) = hash(member) {
        out["verifiedUsing"] = json!([hash]);
    }
    out
}

/// A licence by its expression. A name that is none becomes a reference, and stays as the name.
fn licence(name: &str) -> (String, Json) {
    let id = id_of(&format!("license {name}"));
    let mut out = element("simplelicensing_LicenseExpression", &id, name);
    out["simplelicensing_licenseExpression"] = json!(licence::expression(name));
    (id, out)
}

/// Relationships, each from one element to several.
fn relate(
    closure: &Closure,
    relations: &mut BTreeMap<(String, &str), BTreeSet<String>>,
    go_on: GoOn<'_>,
) -> Result<(), Error> {
    let id = |at: usize| urn(&closure.members[at]);
    let mut put = |from: usize, kind: &'static str, to: usize| {
        relations.entry((id(from), kind)).or_default().insert(id(to));
    };
    for (from, relation, to) in &closure.edges {
        asked(go_on)?;
        let (from, to) = (*from, *to);
        match (relation, closure.members[from].kind) {
            (Relation::ProducedBy, _) => put(to, "hasOutput", from),
            (
                Relation::TrainedOn | Relation::ValidatedOn | Relation::TestedOn | Relation::Used,
                Kind::Run,
            ) => {
                put(from, "hasInput", to);
                let word = match relation {
                    Relation::TrainedOn => "trainedOn",
                    Relation::TestedOn => "testedOn",
                    _ => continue,
                };
                for made in made_by(closure, from) {
                    put(made, word, to);
                }
            }
            (Relation::Executes, _) => put(from, "hasInput", to),
            (Relation::TestedOn, Kind::Evaluation) => {
                for model in closure.along(from, Relation::Evaluates) {
                    put(model, "testedOn", to);
                }
            }
            (Relation::DerivedFrom | Relation::RegisteredFrom, _) => put(from, "descendantOf", to),
            (Relation::Documents, _)
                if matches!(closure.members[to].kind, Kind::Model | Kind::Dataset | Kind::Run) =>
            {
                put(to, "hasDocumentation", from);
            }
            _ => {}
        }
    }
    Ok(())
}

/// The models that a run made.
fn made_by(closure: &Closure, run: usize) -> impl Iterator<Item = usize> + '_ {
    let made = closure.against(run, Relation::ProducedBy);
    made.filter(|at| closure.members[*at].kind == Kind::Model)
}

fn relation(from: &str, kind: &str, to: &BTreeSet<String>) -> Json {
    let said: Vec<&str> = to.iter().map(String::as_str).collect();
    let id = id_of(&format!("{from} {kind} {}", said.join(" ")));
    let of_build = matches!(kind, "hasInput" | "hasOutput");
    let mut out = Map::new();
    let class = if of_build { "LifecycleScopedRelationship" } else { "Relationship" };
    out.insert("type".to_owned(), json!(class));
    out.insert("spdxId".to_owned(), json!(id));
    out.insert("creationInfo".to_owned(), json!(CREATION));
    out.insert("from".to_owned(), json!(from));
    out.insert("relationshipType".to_owned(), json!(kind));
    out.insert("to".to_owned(), json!(to));
    if of_build {
        out.insert("scope".to_owned(), json!("build"));
    }
    Json::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_to_the_second_and_an_address_only_where_it_is_one() {
        assert_eq!(second(1_700_000_000_999_999_999), "2023-11-14T22:13:20Z");
        assert_eq!(second(-1), "1969-12-31T23:59:59Z");
        assert!(is_absolute("s3://bank/loans.parquet") && is_absolute("urn:x:1"));
        assert!(!is_absolute("data/loans.csv") && !is_absolute("s3://a b") && !is_absolute("://x"));
    }
}
