//! CycloneDX: the models and data of a bill of materials, with what their cards say.
//!
//! A bill names no run. A model that was made of data has one all the same, without which nothing
//! leads from it to them: it is marked `inferred`, says nothing else, and `used` them, as a card does
//! not tell what was trained on from what was tested on.

use super::artifact::{Artifact, Digest, base_name, best_of, part};
use super::fields::{actor, figure, figures, seal, set_text, set_time, tag, tag_json};
use super::json::{Object, canonical, list, object, objects, text, time_of, values};
use super::told::Told;
use crate::record::{Part, Reference};
use lineal_engine::schema::{Kind, Relation};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The form of what a bill says of its components.
pub(super) const FORM: &str = "cyclonedx";
/// The form of what is said in passing.
const PART: &str = "cyclonedx-part";
/// Deepest nesting of components in components.
const DEPTH_MAX: usize = 32;
/// A component that is a model.
const MODEL: &str = "machine-learning-model";
/// Members of the considerations of a card that are kept, beside the uses.
const CONSIDERATIONS: [&str; 6] = [
    "users",
    "technicalLimitations",
    "performanceTradeoffs",
    "ethicalConsiderations",
    "fairnessAssessments",
    "environmentalConsiderations",
];

pub(super) fn read(bytes: &[u8], told: &mut Told) {
    told.own = FORM;
    values(bytes, told, &mut |value, pointer, told| match value.as_object() {
        Some(bill) if text(bill, &["bomFormat"]).as_deref() == Some("CycloneDX") => {
            Bill { bill, nodes: BTreeMap::new() }.read(bytes, pointer, told);
        }
        _ => told.reject(pointer, "`bomFormat` is not CycloneDX"),
    });
}

struct Bill<'b> {
    bill: &'b Object,
    /// By `bom-ref`: the nodes of each component; one of data may hold several.
    nodes: BTreeMap<String, Vec<Reference>>,
}

impl<'b> Bill<'b> {
    fn read(mut self, bytes: &[u8], pointer: &str, told: &mut Told) {
        let metadata = object(self.bill, "metadata");
        told.stated = metadata.and_then(|metadata| metadata.get("timestamp")).and_then(time_of);
        let document = self.document(bytes, told);
        let mut all: Vec<(&'b Object, String)> = Vec::new();
        if let Some(component) = metadata.and_then(|metadata| object(metadata, "component")) {
            gather(component, format!("{pointer}/metadata/component"), 0, &mut all, told);
        }
        for (number, one) in list(self.bill, &["components"]).into_iter().enumerate() {
            let pointer = format!("{pointer}/components/{number}");
            match one.as_object() {
                Some(component) => gather(component, pointer, 0, &mut all, told),
                None => told.reject(&pointer, "a component is a JSON object"),
            }
        }
        let models: Vec<_> = all.iter().filter(|(one, _)| kind(one) == MODEL).collect();
        for (component, pointer) in all.iter().filter(|(one, _)| kind(one) != MODEL) {
            match kind(component).as_str() {
                "data" => self.data(component, pointer, told),
                other => told.skip(format!("components that are no model or data ({other})")),
            }
        }
        for (component, pointer) in &models {
            if let Some(model) = self.model(component, pointer, told) {
                told.link(FORM, &document, Relation::Documents, &model);
            }
        }
        // When all are known, what refers to another is.
        for (component, _) in &models {
            self.card(component, told);
        }
        self.dependencies(told);
        if object(self.bill, "formulation").is_some() || self.bill.contains_key("formulation") {
            told.skip("formulations");
        }
    }

    /// The bill itself.
    fn document(&self, bytes: &[u8], told: &mut Told) -> Reference {
        let digest = blake3::hash(bytes).to_hex().to_string();
        let name =
            text(self.bill, &["serialNumber"]).unwrap_or_else(|| format!("bom:{}", &digest[..32]));
        let version = text(self.bill, &["version"]).unwrap_or_else(|| "1".to_owned());
        let key = vec![told.source.clone().into(), part(&name), version.as_str().into()];
        let node = Reference::new(Kind::Document, key);
        let time = told.stated;
        let record = told.node(FORM, &node);
        set_text(record, "name", Some(&name));
        set_text(record, "version", Some(&version));
        record.set("type", Some("ml-bom"));
        record.set("digest", Some(digest.as_str()));
        record.set("size", i64::try_from(bytes.len()).ok());
        set_time(record, "time", time);
        tag(record, "cyclonedx.spec", text(self.bill, &["specVersion"]).as_deref());
        let metadata = object(self.bill, "metadata");
        for author in metadata.map(|metadata| objects(metadata, &["authors"])).unwrap_or_default() {
            if let Some(actor) = text(author, &["email", "name"]).and_then(|name| actor(&name)) {
                told.link(FORM, &node, Relation::DoneBy, &actor);
            }
        }
        node
    }

    fn hold(&mut self, component: &Object, node: &Reference) {
        if let Some(reference) = text(component, &["bom-ref"]) {
            self.nodes.entry(reference).or_default().push(node.clone());
        }
    }

    fn model(&mut self, component: &Object, pointer: &str, told: &mut Told) -> Option<Reference> {
        let Some(name) = text(component, &["name"]) else {
            told.reject(pointer, "`name` is missing: a component has one");
            return None;
        };
        let name = match text(component, &["group"]) {
            Some(group) => format!("{group}/{name}"),
            None => name,
        };
        let version = text(component, &["version"]).unwrap_or_default();
        let key = vec![told.source.clone().into(), part(&name), part(&version)];
        let node = Reference::new(Kind::Model, key);
        self.hold(component, &node);
        let registry = told.source.clone();
        let digest = digest(component, told);
        let record = told.node(FORM, &node);
        record.set("form", Some("registered"));
        record.set("registry", Some(registry));
        set_text(record, "name", Some(&name));
        set_text(record, "version", Some(&version));
        set_text(record, "uri", text(component, &["purl"]).as_deref());
        set_text(record, "license", licence(component).as_deref());
        tag(record, "publisher", text(component, &["publisher"]).as_deref());
        if let Some(note) = text(component, &["description"]) {
            seal(record, "note", &note, None);
        }
        for property in objects(component, &["properties"]) {
            if let Some(name) = text(property, &["name"]) {
                tag(record, &name, text(property, &["value"]).as_deref());
            }
        }
        if let Some(digest) = digest {
            record.set("digest", Some(digest.value.as_str()));
            let bytes = Artifact {
                name: &name,
                digest: Some(digest),
                kind: Some(Kind::Model),
                ..Artifact::default()
            };
            let bytes = bytes.put(PART, told);
            told.link(FORM, &node, Relation::RegisteredFrom, &bytes);
        }
        for ancestor in
            object(component, "pedigree").map(|it| objects(it, &["ancestors"])).unwrap_or_default()
        {
            if kind(ancestor) == MODEL
                && let Some(ancestor) =
                    self.model(ancestor, &format!("{pointer}/pedigree/ancestors"), told)
            {
                told.link(FORM, &node, Relation::DerivedFrom, &ancestor);
            }
        }
        Some(node)
    }

    /// The model card: parameters, data, figures, uses.
    fn card(&self, component: &Object, told: &mut Told) {
        let held =
            text(component, &["bom-ref"]).and_then(|it| self.nodes.get(&it)?.first().cloned());
        let Some(node) = held.or_else(|| named(component, told)) else { return };
        let Some(card) = object(component, "modelCard") else { return };
        if let Some(given) = object(card, "modelParameters") {
            let record = told.node(FORM, &node);
            set_text(record, "model_type", text(given, &["architectureFamily"]).as_deref());
            for name in ["task", "modelArchitecture"] {
                tag(record, &format!("modelcard.{name}"), text(given, &[name]).as_deref());
            }
            if let Some(approach) = object(given, "approach").and_then(|it| text(it, &["type"])) {
                tag(record, "modelcard.approach", Some(&approach));
            }
            for name in ["inputs", "outputs"] {
                if let Some(value) = given.get(name) {
                    tag_json(record, &format!("modelcard.{name}"), value);
                }
            }
            for one in objects(given, &["datasets"]) {
                let used = match text(one, &["ref"]) {
                    Some(reference) => {
                        match self.nodes.get(&reference) {
                            Some(nodes) => nodes.clone(),
                            None => {
                                told.reject("", &format!("no component has the `bom-ref` {reference:?} of a card's data"));
                                continue;
                            }
                        }
                    }
                    None => dataset(one, told).into_iter().collect(),
                };
                for used in used {
                    use_by(&node, &used, told);
                }
            }
        }
        if let Some(figures) = object(card, "quantitativeAnalysis") {
            evaluation(&node, figures, told);
        }
        if let Some(considered) = object(card, "considerations") {
            let record = told.node(FORM, &node);
            let uses: Vec<&str> =
                list(considered, &["useCases"]).into_iter().filter_map(Value::as_str).collect();
            set_text(record, "intended_purpose", Some(&uses.join("\n")));
            for name in CONSIDERATIONS {
                if let Some(value) = considered.get(name) {
                    tag_json(record, &format!("modelcard.{name}"), value);
                }
            }
        }
        for property in objects(card, &["properties"]) {
            if let Some(name) = text(property, &["name"]) {
                tag(told.node(FORM, &node), &name, text(property, &["value"]).as_deref());
            }
        }
    }

    /// A component of data: each thing in it is one.
    fn data(&mut self, component: &Object, pointer: &str, told: &mut Told) {
        let all = objects(component, &["data"]);
        let all = if all.is_empty() { vec![component] } else { all };
        let single = all.len() == 1;
        for (number, one) in all.into_iter().enumerate() {
            let mut whole = one.clone();
            // What the component says stands for a thing that does not say it itself.
            for name in ["name", "version", "description", "hashes", "licenses"] {
                if let Some(value) =
                    component.get(name).filter(|_| single && !whole.contains_key(name))
                {
                    whole.insert(name.to_owned(), value.clone());
                }
            }
            match dataset(&whole, told) {
                Some(node) => {
                    self.hold(component, &node);
                    self.hold(one, &node);
                }
                None => told
                    .reject(&format!("{pointer}/data/{number}"), "neither `name` nor an address"),
            }
        }
    }

    /// Models that depend on data or models used them.
    fn dependencies(&self, told: &mut Told) {
        for entry in objects(self.bill, &["dependencies"]) {
            let from = text(entry, &["ref"]).and_then(|it| self.nodes.get(&it)).cloned();
            for on in list(entry, &["dependsOn"]).into_iter().filter_map(Value::as_str) {
                match (&from, self.nodes.get(on)) {
                    (Some(from), Some(on)) => {
                        for from in from {
                            for on in on {
                                match from.kind {
                                    Kind::Model => use_by(from, on, told),
                                    _ if from.kind == on.kind => {
                                        told.link(FORM, from, Relation::DerivedFrom, on);
                                    }
                                    _ => told.skip("dependencies of data on models"),
                                }
                            }
                        }
                    }
                    _ => told.skip("dependencies of what is no model or data"),
                }
            }
        }
    }
}

fn kind(component: &Object) -> String {
    text(component, &["type"]).unwrap_or_default()
}

/// Lists a component and those in it.
fn gather<'b>(
    component: &'b Object,
    pointer: String,
    depth: usize,
    all: &mut Vec<(&'b Object, String)>,
    told: &mut Told,
) {
    if depth > DEPTH_MAX {
        return told.reject(&pointer, "more than 32 components in each other");
    }
    for (number, inner) in objects(component, &["components"]).into_iter().enumerate() {
        gather(inner, format!("{pointer}/components/{number}"), depth + 1, all, told);
    }
    all.push((component, pointer));
}

/// The node of a model that has no `bom-ref`.
fn named(component: &Object, told: &Told) -> Option<Reference> {
    let name = text(component, &["name"])?;
    let name = match text(component, &["group"]) {
        Some(group) => format!("{group}/{name}"),
        None => name,
    };
    let version = text(component, &["version"]).unwrap_or_default();
    let key: Vec<Part> = vec![told.source.clone().into(), part(&name), part(&version)];
    Some(Reference::new(Kind::Model, key))
}

fn digest(component: &Object, told: &mut Told) -> Option<Digest> {
    let all = objects(component, &["hashes"]).into_iter();
    best_of(all.filter_map(|it| Some((text(it, &["alg"])?, text(it, &["content"])?))), told)
}

fn licence(component: &Object) -> Option<String> {
    let all: Vec<String> = objects(component, &["licenses"])
        .into_iter()
        .filter_map(|one| {
            let named = object(one, "license").and_then(|it| text(it, &["id", "name"]));
            named.or_else(|| text(one, &["expression"]))
        })
        .collect();
    (!all.is_empty()).then(|| all.join(" AND "))
}

/// A data set that a component or a card describes.
fn dataset(data: &Object, told: &mut Told) -> Option<Reference> {
    let contents = object(data, "contents");
    let url = contents.and_then(|contents| text(contents, &["url"]));
    let name = text(data, &["name"]).or_else(|| url.clone())?;
    let digest = digest(data, told);
    let by_bytes = digest.is_some();
    let node = match digest {
        Some(digest) => {
            let bytes = Artifact {
                name: &name,
                uri: url.as_deref(),
                digest: Some(digest),
                kind: Some(Kind::Dataset),
                media_type: None,
            };
            bytes.put(PART, told)
        }
        None => {
            let version = text(data, &["version"]).unwrap_or_default();
            let place = url.clone().unwrap_or_default();
            let key = vec![part(&name), part(&version), FORM.into(), part(&place)];
            Reference::new(Kind::Dataset, key)
        }
    };
    let version = text(data, &["version"]);
    if by_bytes && version.is_some() {
        // The digest stands for a version only where none is said: the bill would contradict itself.
        told.node(PART, &node).fields.remove("version");
    }
    let record = told.node(FORM, &node);
    set_text(record, "name", Some(if by_bytes { base_name(&name) } else { &name }));
    if by_bytes && base_name(&name) != name {
        tag(record, "cyclonedx.name", Some(&name));
    }
    set_text(record, "version", version.as_deref());
    set_text(record, "uri", url.as_deref());
    set_text(record, "category", text(data, &["classification"]).as_deref());
    set_text(record, "license", licence(data).as_deref());
    tag(record, "cyclonedx.data", text(data, &["type"]).as_deref());
    if let Some(sensitive) = data.get("sensitiveData") {
        tag_json(record, "sensitive_data", sensitive);
    }
    if let Some(description) = text(data, &["description"]) {
        seal(record, "tags.description", &description, None);
    }
    for role in ["custodians", "stewards", "owners"] {
        let parties = object(data, "governance").map(|it| objects(it, &[role])).unwrap_or_default();
        for (number, party) in parties.into_iter().enumerate() {
            let contact = object(party, "contact").or_else(|| object(party, "organization"));
            let name = contact.and_then(|it| text(it, &["email", "name"]));
            let said = canonical(&Value::Object(party.clone()));
            seal(record, &format!("tags.governance.{role}.{number}"), &said, name.as_deref());
        }
    }
    Some(node)
}

/// Notes that a model used something, by a run that no bill names.
fn use_by(model: &Reference, used: &Reference, told: &mut Told) {
    let run = inferred(model, told);
    told.link(FORM, &run, Relation::Used, used);
}

/// The run that made a model, of which nothing is recorded.
pub(super) fn inferred(model: &Reference, told: &mut Told) -> Reference {
    let parts: Vec<String> = model
        .key
        .iter()
        .map(|part| match part {
            Part::Text(text) | Part::Personal(text) => text.clone(),
            Part::Int(number) => number.to_string(),
            Part::Null => String::new(),
        })
        .collect();
    let id = super::artifact::id_of("inferred", parts.join("\n").as_bytes());
    let run = Reference::new(Kind::Run, vec![id.into()]);
    let own = told.own;
    tag(told.node(own, &run), "inferred", Some("the document names no run"));
    told.link(own, model, Relation::ProducedBy, &run);
    run
}

/// The figures of a card.
fn evaluation(model: &Reference, analysis: &Object, told: &mut Told) {
    let all = objects(analysis, &["performanceMetrics"]);
    if all.is_empty() {
        return;
    }
    let id: Vec<&str> = model
        .key
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.as_str(),
            _ => "",
        })
        .collect();
    let key = vec![part(&id.join("/")), Part::Null, Part::Null, Part::Null];
    let node = Reference::new(Kind::Evaluation, key);
    let record = told.node(FORM, &node);
    set_text(record, "type", Some("model card"));
    let mut taken = BTreeSet::new();
    for metric in all {
        let Some(name) = text(metric, &["type"]) else {
            told.reject("", "a figure of a card without `type`");
            continue;
        };
        let name = match text(metric, &["slice"]) {
            Some(slice) => format!("{name}/{slice}"),
            None => name,
        };
        let name = another(name, &mut taken);
        let mut lost = Vec::new();
        let record = told.node(FORM, &node);
        if let Some(value) = metric.get("value") {
            lost.extend(figure(record, "metrics", &name, value).err());
        }
        if let Some(interval) = metric.get("confidenceInterval") {
            let name = format!("{name}.confidenceInterval");
            figures(record, "metrics", &name, interval, &mut lost);
        }
        told.skip_all(lost);
    }
    told.link(FORM, &node, Relation::Evaluates, model);
}

/// A name that no other figure of the card has: the second `acc` is `acc.2`.
fn another(name: String, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2_u32..).map(|number| format!("{name}.{number}"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|it| !taken.contains(it));
    let free = free.unwrap_or(name);
    taken.insert(free.clone());
    free
}
