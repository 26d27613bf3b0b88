//! SPDX 3: the packages and files of models and data in a graph of elements, and what is said between
//! them.
//!
//! Runs are its builds. Where there are none, what `generates` something stands for one, else a model
//! that was `trainedOn` something has one that is marked `inferred`.

use super::artifact::{base_name, best_of, id_of, part};
use super::cyclonedx::inferred;
use super::fields::{actor, figure, parameter, set_text, set_time, tag, tag_json};
use super::json::{Object, list, objects, text, text_of, time_of, values};
use super::told::Told;
use crate::record::Reference;
use lineal_engine::schema::{Kind, Relation};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The form of what a document says of its elements.
pub(super) const FORM: &str = "spdx3";
/// The form of what is said in passing.
const PART: &str = "spdx3-part";
/// Elements that a chain of `contains` may lead through.
const CONTAINED_MAX: usize = 100_000;

pub(super) fn read(bytes: &[u8], told: &mut Told) {
    told.own = FORM;
    let size = i64::try_from(bytes.len()).ok();
    let digest = blake3::hash(bytes).to_hex().to_string();
    values(bytes, told, &mut |value, pointer, told| {
        let graph = value.as_object().map(|document| objects(document, &["@graph"]));
        match graph.filter(|graph| !graph.is_empty()) {
            Some(graph) => Graph::of(&graph).read(&digest, size, told),
            None => told.reject(pointer, "`@graph` with elements was expected"),
        }
    });
}

/// The elements of a document.
struct Graph<'d> {
    all: Vec<&'d Object>,
    by_id: BTreeMap<String, &'d Object>,
    /// The nodes of models and data.
    nodes: BTreeMap<String, Reference>,
    /// Those of builds.
    runs: BTreeMap<String, Reference>,
}

fn id(element: &Object) -> Option<String> {
    text(element, &["spdxId", "@id"])
}

fn kind(element: &Object) -> String {
    text(element, &["type", "@type"]).unwrap_or_default()
}

/// Model or data, where the element is one.
fn thing_of(element: &Object) -> Option<Kind> {
    match kind(element).as_str() {
        "ai_AIPackage" => Some(Kind::Model),
        "dataset_DatasetPackage" => Some(Kind::Dataset),
        "software_File" | "software_Package" => {
            let purposes = list(element, &["software_primaryPurpose"]).into_iter();
            let more = list(element, &["software_additionalPurpose"]);
            purposes.chain(more).filter_map(Value::as_str).find_map(|purpose| match purpose {
                "model" => Some(Kind::Model),
                "data" => Some(Kind::Dataset),
                _ => None,
            })
        }
        _ => None,
    }
}

impl<'d> Graph<'d> {
    fn of(all: &[&'d Object]) -> Graph<'d> {
        let by_id = all.iter().filter_map(|element| Some((id(element)?, *element))).collect();
        Graph { all: all.to_vec(), by_id, nodes: BTreeMap::new(), runs: BTreeMap::new() }
    }

    fn read(mut self, digest: &str, size: Option<i64>, told: &mut Told) {
        for element in self.all.clone() {
            if kind(element) == "CreationInfo" {
                told.stated = told.stated.max(element.get("created").and_then(time_of));
            }
        }
        let licences = self.licences();
        for element in self.all.clone() {
            if let Some(what) = thing_of(element) {
                self.thing(element, what, &licences, told);
            } else if kind(element) == "build_Build" {
                self.build(element, told);
            } else if !kind(element).contains("Relationship") {
                match kind(element).as_str() {
                    "CreationInfo" | "SpdxDocument" | "Person" => {}
                    other => told.skip(format!("elements that are no model or data ({other})")),
                }
            }
        }
        self.document(digest, size, told);
        self.relate(told);
    }

    /// What `hasDeclaredLicense` and `hasConcludedLicense` say of each element.
    fn licences(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for kind in ["hasConcludedLicense", "hasDeclaredLicense"] {
            for (from, to) in self.relations(kind) {
                let held = self.by_id.get(&to);
                let named =
                    held.and_then(|it| text(it, &["simplelicensing_licenseExpression", "name"]));
                all.insert(from, named.unwrap_or(to));
            }
        }
        all
    }

    /// The ends of all relationships of a kind.
    fn relations(&self, wanted: &str) -> Vec<(String, String)> {
        let mut ends = Vec::new();
        for element in &self.all {
            if !kind(element).ends_with("Relationship")
                || text(element, &["relationshipType"]).as_deref() != Some(wanted)
            {
                continue;
            }
            let Some(from) = text(element, &["from"]) else { continue };
            let to = list(element, &["to"]).into_iter().filter_map(text_of);
            ends.extend(to.map(|to| (from.clone(), to)));
        }
        ends
    }

    fn thing(
        &mut self,
        element: &Object,
        what: Kind,
        licences: &BTreeMap<String, String>,
        told: &mut Told,
    ) {
        let Some(spdx) = id(element) else {
            return told.reject("/@graph", "an element without `spdxId`");
        };
        let name = text(element, &["name"]).unwrap_or_else(|| spdx.clone());
        let version = text(element, &["software_packageVersion"]).unwrap_or_default();
        let hashes = objects(element, &["verifiedUsing"]).into_iter();
        let hashes = hashes
            .filter_map(|hash| Some((text(hash, &["algorithm"])?, text(hash, &["hashValue"])?)));
        let digest = best_of(hashes, told);
        let source = told.source.clone();
        let key = match (what, &digest) {
            (Kind::Model, Some(digest)) => {
                vec![format!("{}:{}", digest.algorithm, digest.value).into()]
            }
            (Kind::Model, None) if kind(element) == "ai_AIPackage" && !version.is_empty() => {
                vec![source.into(), part(&name), part(&version)]
            }
            (Kind::Model, None) => vec![part(&spdx)],
            // The name without its folders, as in every format, so that bytes meet.
            (_, Some(digest)) => vec![
                part(base_name(&name)),
                digest.value.as_str().into(),
                digest.algorithm.as_str().into(),
                "".into(),
            ],
            (_, None) => vec![part(&name), part(&version), FORM.into(), part(&spdx)],
        };
        let is_registered = key.len() == 3;
        let node = Reference::new(what, key);
        self.nodes.insert(spdx.clone(), node.clone());
        let mut lost = Vec::new();
        let record = told.node(FORM, &node);
        let by_bytes = what == Kind::Dataset && digest.is_some();
        set_text(record, "name", Some(if by_bytes { base_name(&name) } else { &name }));
        if by_bytes && base_name(&name) != name {
            tag(record, "spdx.name", Some(&name));
        }
        set_text(record, "version", Some(&version));
        let place = text(element, &["software_downloadLocation", "software_packageUrl"]);
        set_text(record, "uri", place.as_deref());
        set_text(record, "license", licences.get(&spdx).map(String::as_str));
        tag(record, "spdx.id", Some(&spdx));
        set_time(
            record,
            "time",
            element.get("releaseTime").or(element.get("builtTime")).and_then(time_of),
        );
        if let Some(digest) = &digest {
            record.set("digest", Some(digest.value.as_str()));
            if what == Kind::Dataset {
                record.set("digest_kind", Some(digest.algorithm.as_str()));
            }
        }
        if what == Kind::Model {
            record.set("form", Some(if is_registered { "registered" } else { "logged" }));
            model(element, record, &mut lost);
        } else {
            data(element, record, &mut lost);
        }
        for name in ["description", "summary", "comment"] {
            if let Some(said) = text(element, &[name]) {
                super::fields::seal(record, &format!("tags.{name}"), &said, None);
            }
        }
        told.skip_all(lost);
        for maker in
            list(element, &["suppliedBy"]).into_iter().chain(list(element, &["originatedBy"]))
        {
            if let Some(person) = text_of(maker).and_then(|maker| self.person(&maker)) {
                told.link(FORM, &node, Relation::DoneBy, &person);
            }
        }
    }

    /// A build is a run: by the id that its builder gave it, else by its own.
    fn build(&mut self, element: &Object, told: &mut Told) {
        let Some(spdx) = id(element) else {
            return told.reject("/@graph", "an element without `spdxId`");
        };
        let called = text(element, &["build_buildId"]).unwrap_or_else(|| spdx.clone());
        let node = Reference::new(Kind::Run, vec![part(&called)]);
        self.runs.insert(spdx.clone(), node.clone());
        let time = |name: &str| element.get(name).and_then(time_of);
        let (started, ended) = (time("build_buildStartTime"), time("build_buildEndTime"));
        told.saw_time(started.max(ended));
        let record = told.node(FORM, &node);
        set_text(record, "name", text(element, &["name"]).as_deref());
        set_time(record, "time", started.or(ended));
        set_time(record, "started", started);
        set_time(record, "ended", ended);
        tag(record, "spdx.id", Some(&spdx));
        tag(record, "spdx.build_type", text(element, &["build_buildType"]).as_deref());
        for entry in objects(element, &["build_parameter"]) {
            if let (Some(name), Some(value)) = (text(entry, &["key"]), text(entry, &["value"])) {
                parameter(record, &name, &value);
            }
        }
    }

    /// The actor of a person, by an e-mail, else by the name.
    fn person(&self, spdx: &str) -> Option<Reference> {
        let element = self.by_id.get(spdx).filter(|element| kind(element) == "Person")?;
        let mails = objects(element, &["externalIdentifier"]).into_iter();
        let mut mails =
            mails.filter(|it| text(it, &["externalIdentifierType"]).as_deref() == Some("email"));
        let mail = mails.find_map(|it| text(it, &["identifier"]));
        actor(&mail.or_else(|| text(element, &["name"]))?)
    }

    fn document(&self, digest: &str, size: Option<i64>, told: &mut Told) {
        let Some(element) = self.all.iter().find(|element| kind(element) == "SpdxDocument") else {
            return;
        };
        let Some(spdx) = id(element) else { return };
        let key = vec![told.source.clone().into(), part(&spdx), "".into()];
        let node = Reference::new(Kind::Document, key);
        let time = told.stated;
        let record = told.node(FORM, &node);
        set_text(record, "name", Some(&text(element, &["name"]).unwrap_or(spdx)));
        record.set("type", Some("ml-bom"));
        record.set("digest", Some(digest));
        record.set("size", size);
        set_time(record, "time", time);
        for package in self.all.iter().filter(|it| kind(it) == "ai_AIPackage") {
            if let Some(model) = id(package).and_then(|it| self.nodes.get(&it)) {
                told.link(FORM, &node, Relation::Documents, model);
            }
        }
        for info in self.all.iter().filter(|element| kind(element) == "CreationInfo") {
            for maker in list(info, &["createdBy"]).into_iter().filter_map(text_of) {
                if let Some(person) = self.person(&maker) {
                    told.link(FORM, &node, Relation::DoneBy, &person);
                }
            }
        }
    }

    /// What the elements of a chain of `contains` come to that are models or data.
    fn contained(&self, from: &str, contains: &[(String, String)]) -> BTreeSet<String> {
        let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![from.to_owned()];
        while let Some(at) = open.pop() {
            if seen.len() > CONTAINED_MAX || !seen.insert(at.clone()) {
                continue;
            }
            for (_, to) in contains.iter().filter(|(holder, _)| *holder == at) {
                if self.nodes.contains_key(to) {
                    found.insert(to.clone());
                } else {
                    open.push(to.clone());
                }
            }
        }
        found
    }

    fn relate(&self, told: &mut Told) {
        const READ: [&str; 12] = [
            "trainedOn",
            "testedOn",
            "generates",
            "contains",
            "hasDataFile",
            "ancestorOf",
            "descendantOf",
            "hasConcludedLicense",
            "hasDeclaredLicense",
            "dependsOn",
            "hasInput",
            "hasOutput",
        ];
        for element in &self.all {
            let held = text(element, &["relationshipType"]).unwrap_or_default();
            if kind(element).ends_with("Relationship") && !READ.contains(&held.as_str()) {
                told.skip(format!("relationships that are no lineage here ({held})"));
            }
        }
        // What generates something is the run that made it: a build, a script or a step.
        let mut makers: BTreeMap<&Reference, Reference> = BTreeMap::new();
        for (from, to) in self.relations("hasOutput").into_iter().chain(self.relations("generates"))
        {
            if let (Some(run), Some(made)) = (self.runs.get(&from), self.nodes.get(&to)) {
                told.link(PART, made, Relation::ProducedBy, run);
                makers.insert(made, run.clone());
            }
        }
        for (from, to) in self.relations("generates") {
            if self.runs.contains_key(&from) {
                continue;
            }
            let Some(made) = self.nodes.get(&to) else {
                told.skip("relationships between what is no model or data");
                continue;
            };
            let run = Reference::new(Kind::Run, vec![id_of("inferred", from.as_bytes()).into()]);
            let name = self.by_id.get(&from).and_then(|element| text(element, &["name"]));
            let record = told.node(FORM, &run);
            set_text(record, "name", name.as_deref());
            tag(record, "inferred", Some("the document names no run"));
            tag(record, "spdx.id", Some(&from));
            told.link(FORM, made, Relation::ProducedBy, &run);
            makers.insert(made, run);
        }
        // A role that is said of an input stands for its use.
        let mut roles: BTreeSet<(Reference, Reference)> = BTreeSet::new();
        for (relation, wanted) in [
            (Relation::TrainedOn, "trainedOn"),
            (Relation::TestedOn, "testedOn"),
            (Relation::Used, "hasDataFile"),
            (Relation::Used, "dependsOn"),
        ] {
            for (from, to) in self.relations(wanted) {
                let (from, to) = (self.nodes.get(&from), self.nodes.get(&to));
                let (Some(model), Some(data)) = (from.filter(|it| it.kind == Kind::Model), to)
                else {
                    told.skip("relationships between what is no model or data");
                    continue;
                };
                if data.kind == Kind::Model && relation != Relation::Used {
                    told.skip("models that were trained or tested on models");
                    continue;
                }
                let run = match makers.get(model) {
                    Some(run) => run.clone(),
                    None => inferred(model, told),
                };
                told.link(FORM, &run, relation, data);
                roles.insert((run, data.clone()));
            }
        }
        for (from, to) in self.relations("hasInput") {
            match (self.runs.get(&from), self.nodes.get(&to)) {
                (Some(run), Some(used)) if !roles.contains(&(run.clone(), used.clone())) => {
                    told.link(FORM, run, Relation::Used, used);
                }
                (Some(_), Some(_)) => {}
                _ => told.skip("inputs that are no model or data"),
            }
        }
        let contains = self.relations("contains");
        let holders: BTreeSet<&String> = contains.iter().map(|(from, _)| from).collect();
        for holder in holders {
            let Some(node) = self.nodes.get(holder) else { continue };
            for held in self.contained(holder, &contains) {
                match self.nodes.get(&held) {
                    Some(held) if held.kind == node.kind => {
                        told.link(FORM, node, Relation::DerivedFrom, held);
                    }
                    _ => {
                        told.skip(
                            "data within packages of models, and models within those of data",
                        );
                    }
                }
            }
        }
        for (from, to) in self.relations("descendantOf") {
            self.descend(&from, &to, told);
        }
        for (from, to) in self.relations("ancestorOf") {
            self.descend(&to, &from, told);
        }
    }

    fn descend(&self, child: &str, parent: &str, told: &mut Told) {
        match (self.nodes.get(child), self.nodes.get(parent)) {
            (Some(child), Some(parent)) if child.kind == parent.kind => {
                told.link(PART, child, Relation::DerivedFrom, parent);
            }
            _ => told.skip("relationships between what is no model or data"),
        }
    }
}

fn joined(element: &Object, name: &str) -> Option<String> {
    let all: Vec<String> = list(element, &[name]).into_iter().filter_map(text_of).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn model(element: &Object, record: &mut crate::record::NodeRecord, lost: &mut Vec<&'static str>) {
    set_text(record, "model_type", joined(element, "ai_typeOfModel").as_deref());
    set_text(
        record,
        "intended_purpose",
        text(element, &["ai_informationAboutApplication"]).as_deref(),
    );
    set_text(record, "risk_class", text(element, &["ai_safetyRiskAssessment"]).as_deref());
    for entry in objects(element, &["ai_hyperparameter"]) {
        if let (Some(name), Some(value)) = (text(entry, &["key"]), text(entry, &["value"])) {
            parameter(record, &name, &value);
        }
    }
    for entry in objects(element, &["ai_metric"]) {
        if let (Some(name), Some(value)) = (text(entry, &["key"]), entry.get("value")) {
            lost.extend(figure(record, "metrics", &name, value).err());
        }
    }
    const MAPPED: [&str; 5] = [
        "ai_typeOfModel",
        "ai_informationAboutApplication",
        "ai_safetyRiskAssessment",
        "ai_hyperparameter",
        "ai_metric",
    ];
    for (name, value) in element.iter() {
        if name.starts_with("ai_") && !MAPPED.contains(&name.as_str()) {
            tag_json(record, name, value);
        }
    }
}

fn data(element: &Object, record: &mut crate::record::NodeRecord, lost: &mut Vec<&'static str>) {
    set_text(record, "category", joined(element, "dataset_datasetType").as_deref());
    if let Some(size) = element.get("dataset_datasetSize") {
        lost.extend(figure(record, "stats", "size", size).err());
    }
    let personal = text(element, &["dataset_hasSensitivePersonalInformation"]);
    record.set(
        "personal_data",
        personal.and_then(|word| match word.as_str() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        }),
    );
    for (name, value) in element.iter() {
        if name.starts_with("dataset_")
            && name != "dataset_datasetType"
            && name != "dataset_datasetSize"
        {
            tag_json(record, name, value);
        }
    }
}
