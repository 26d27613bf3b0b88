//! W3C PROV-JSON: entities are data sets or models, activities runs, agents actors.
//!
//! A name is what its prefix makes of it, an IRI: the same in two documents that spell prefixes
//! differently. What Lineal itself exported says in `prov:type` what it was: a thing of a kind that
//! PROV has no word for is left out and counted, not taken for data.

use super::artifact::{Digest, best, part};
use super::fields::{actor, seal, set_text, set_time, tag};
use super::json::{Object, canonical, object, text_of, time_or_utc};
use super::told::Told;
use crate::mlflow::json_of_python;
use crate::record::Reference;
use lineal_engine::schema::{Kind, Relation};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The form of what a document says of what it declares.
pub(super) const FORM: &str = "prov-json";
/// The form of what is said in passing, of what was made by whom.
const PART: &str = "prov-json-part";
/// The name space of Lineal's own words.
const OWN: &str = "urn:lineal:";
/// Deepest nesting of bundles; the recommendation allows one.
const BUNDLES_MAX: usize = 4;
/// What a document holds, beside `prefix` and `bundle`.
pub(super) const MEMBERS: [&str; 18] = [
    "entity",
    "activity",
    "agent",
    "used",
    "wasGeneratedBy",
    "wasDerivedFrom",
    "wasAssociatedWith",
    "wasAttributedTo",
    "wasStartedBy",
    "wasEndedBy",
    "wasInformedBy",
    "wasInvalidatedBy",
    "actedOnBehalfOf",
    "wasInfluencedBy",
    "specializationOf",
    "alternateOf",
    "hadMember",
    "mentionOf",
];

pub(super) fn read(bytes: &[u8], told: &mut Told) {
    told.own = FORM;
    match json_of_python(bytes) {
        Ok(Value::Object(document)) => {
            let mut prov = Prov::default();
            prov.declare(&document, &Prefixes::default(), 0, told);
            prov.relate(&document, &Prefixes::default(), 0, told);
            if prov.without_offset > 0 {
                let (times, were) = match prov.without_offset {
                    1 => ("1 time has".to_owned(), "was"),
                    count => (format!("{count} times have"), "were"),
                };
                let file = told.file();
                told.warnings.push(format!("{file}: {times} no offset and {were} taken for UTC"));
            }
        }
        Ok(_) => told.reject("", "a document of PROV-JSON is a JSON object"),
        Err(error) => {
            told.at = (error.line() as u64, 0);
            told.reject("", &format!("no readable JSON from column {} on", error.column()));
        }
    }
}

/// What prefixes stand for.
#[derive(Clone, Default)]
struct Prefixes(BTreeMap<String, String>);

impl Prefixes {
    fn of(&self, document: &Object) -> Prefixes {
        let mut all = self.0.clone();
        for (prefix, iri) in object(document, "prefix").into_iter().flatten() {
            all.extend(iri.as_str().map(|iri| (prefix.clone(), iri.to_owned())));
        }
        Prefixes(all)
    }

    /// The IRI of a qualified name; what has no known prefix stays.
    fn expand(&self, name: &str) -> String {
        match name.split_once(':') {
            Some((prefix, local)) => match self.0.get(prefix) {
                Some(iri) => format!("{iri}{local}"),
                None => name.to_owned(),
            },
            None => match self.0.get("default") {
                Some(iri) => format!("{iri}{name}"),
                None => name.to_owned(),
            },
        }
    }
}

/// The local part of a name: what follows the last separator.
fn local(iri: &str) -> &str {
    iri.rsplit(['/', '#', ':']).find(|part| !part.is_empty()).unwrap_or(iri)
}

/// Is this as mailboxes are written?
fn is_mailbox(text: &str) -> bool {
    text.split_once('@').is_some_and(|(who, at)| !who.is_empty() && at.contains('.'))
}

#[derive(Default)]
struct Prov {
    nodes: BTreeMap<String, Reference>,
    /// What is of a kind that PROV has no word for.
    left_out: BTreeSet<String>,
    without_offset: u64,
}

/// A value, out of `{"$": value, "type": ...}`.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Object(typed) => typed.get("$").and_then(plain),
        Value::Array(items) => items.iter().find_map(plain),
        other => text_of(other),
    }
}

/// All values of an attribute.
fn all_of(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(plain).collect(),
        other => plain(other).into_iter().collect(),
    }
}

/// The records of a member: one id may have several.
fn records<'d>(document: &'d Object, member: &str) -> Vec<(&'d str, &'d Object)> {
    let mut all = Vec::new();
    for (id, record) in object(document, member).into_iter().flatten() {
        match record {
            Value::Object(record) => all.push((id.as_str(), record)),
            Value::Array(several) => {
                all.extend(several.iter().filter_map(Value::as_object).map(|it| (id.as_str(), it)));
            }
            _ => {}
        }
    }
    all
}

impl Prov {
    fn time(&mut self, value: Option<&Value>, told: &mut Told) -> Option<i64> {
        let (time, has_offset) = time_or_utc(&plain(value?)?)?;
        self.without_offset += u64::from(!has_offset);
        told.saw_time(Some(time));
        Some(time)
    }

    /// Entities, activities and agents.
    fn declare(&mut self, document: &Object, above: &Prefixes, depth: usize, told: &mut Told) {
        let prefixes = above.of(document);
        for (member, kinds) in
            [("entity", &["dataset", "model"][..]), ("activity", &["run"]), ("agent", &[])]
        {
            for (id, record) in records(document, member) {
                if let Some(kind) = own_kind(record, &prefixes).filter(|it| !kinds.contains(&&**it))
                {
                    self.left_out.insert(prefixes.expand(id));
                    told.skip(format!("things of a kind that PROV has no word for ({kind})"));
                }
            }
        }
        let is_in = |prov: &Prov, id: &str| !prov.left_out.contains(&prefixes.expand(id));
        for (id, entity) in records(document, "entity") {
            if !is_in(self, id) {
                continue;
            }
            self.entity(&prefixes.expand(id), entity, told);
        }
        for (id, activity) in records(document, "activity") {
            if !is_in(self, id) {
                continue;
            }
            let run = self.activity(&prefixes.expand(id));
            let started = self.time(activity.get("prov:startTime"), told);
            let ended = self.time(activity.get("prov:endTime"), told);
            let record = told.node(FORM, &run);
            set_text(
                record,
                "name",
                Some(&label(activity).unwrap_or_else(|| local(id).to_owned())),
            );
            set_time(record, "time", started.or(ended));
            set_time(record, "started", started);
            set_time(record, "ended", ended);
            attributes(record, activity);
        }
        for (id, agent) in records(document, "agent") {
            self.agent(&prefixes.expand(id), Some(agent));
        }
        for (id, bundle) in object(document, "bundle").into_iter().flatten() {
            match bundle.as_object().filter(|_| depth < BUNDLES_MAX) {
                Some(bundle) => self.declare(bundle, &prefixes, depth + 1, told),
                None => told.reject(
                    &format!("/bundle/{}", local(id)),
                    "no bundle, or bundles nest too deeply",
                ),
            }
        }
    }

    fn entity(&mut self, iri: &str, entity: &Object, told: &mut Told) {
        let types: Vec<String> = entity.get("prov:type").map(all_of).unwrap_or_default();
        let is_model = types.iter().any(|kind| local(kind).to_ascii_lowercase().contains("model"));
        let node = if is_model { model_of(iri) } else { dataset_of(iri) };
        // The same entity may be declared again, with more of it.
        let node = match self.nodes.get(iri) {
            Some(known) if known.kind == Kind::Model || !is_model => known.clone(),
            _ => node,
        };
        self.nodes.insert(iri.to_owned(), node.clone());
        let record = told.node(FORM, &node);
        set_text(record, "name", Some(&label(entity).unwrap_or_else(|| local(iri).to_owned())));
        set_text(record, "uri", Some(iri));
        if node.kind == Kind::Model {
            record.set("form", Some("logged"));
        }
        let noted = entity.iter().filter_map(|(name, value)| {
            let algorithm = local(name).to_ascii_lowercase();
            let known = ["sha256", "sha512", "blake3", "sha1", "md5"].contains(&algorithm.as_str());
            if known { Some((algorithm, plain(value)?)) } else { None }
        });
        let noted: Vec<(String, String)> = noted.collect();
        let digests = noted.iter().filter_map(|(algorithm, value)| Digest::new(algorithm, value));
        if let Some(digest) = best(digests) {
            record.set("digest", Some(digest.value));
            if node.kind == Kind::Dataset {
                record.set("digest_kind", Some(digest.algorithm));
            }
        } else if let Some((_, shortened)) = noted.first() {
            // People shorten digests. It stands as it is told, as that of no algorithm.
            record.set("digest", Some(shortened.as_str()));
        }
        attributes(record, entity);
    }

    /// The relations of a document without those that lead to what was left out, which are counted.
    fn without_left_out(&self, document: &Object, prefixes: &Prefixes, told: &mut Told) -> Object {
        if self.left_out.is_empty() {
            return document.clone();
        }
        let leads = |record: &Value| {
            let ends = record.as_object().into_iter().flatten();
            let mut ends =
                ends.filter(|(name, _)| name.starts_with("prov:") && *name != "prov:type");
            ends.any(|(_, end)| {
                plain(end).is_some_and(|end| self.left_out.contains(&prefixes.expand(&end)))
            })
        };
        let mut kept = document.clone();
        for (member, held) in &mut kept {
            let (true, Value::Object(records)) = (MEMBERS[3..].contains(&member.as_str()), held)
            else {
                continue;
            };
            let before = records.len();
            records.retain(|_, record| match record {
                Value::Array(several) => !several.iter().any(leads),
                one => !leads(one),
            });
            for _ in records.len()..before {
                told.skip("relations of things of a kind that PROV has no word for");
            }
        }
        kept
    }

    /// The node of an entity that is referred to, declared or not.
    fn held(&mut self, iri: &str, told: &mut Told) -> Reference {
        if let Some(node) = self.nodes.get(iri) {
            return node.clone();
        }
        let node = dataset_of(iri);
        set_text(told.node(PART, &node), "name", Some(local(iri)));
        self.nodes.insert(iri.to_owned(), node.clone());
        node
    }

    fn activity(&mut self, iri: &str) -> Reference {
        Reference::new(Kind::Run, vec![part(iri)])
    }

    /// The actor of an agent: by its mailbox, else by its whole IRI, as `alice` of one name space is not
    /// `alice` of another.
    fn agent(&mut self, iri: &str, agent: Option<&Object>) -> Option<Reference> {
        let key = format!("agent {iri}");
        if let Some(node) = self.nodes.get(&key) {
            return Some(node.clone());
        }
        let mail = agent.and_then(|agent| {
            agent.iter().find(|(name, _)| matches!(local(name), "mbox" | "email"))
        });
        let own = if is_mailbox(local(iri)) { local(iri) } else { iri };
        let login = mail.and_then(|(_, value)| plain(value)).unwrap_or_else(|| own.to_owned());
        let node = actor(&login)?;
        self.nodes.insert(key, node.clone());
        Some(node)
    }

    /// Relations, when all is declared.
    fn relate(&mut self, document: &Object, above: &Prefixes, depth: usize, told: &mut Told) {
        let prefixes = above.of(document);
        let document = &self.without_left_out(document, &prefixes, told);
        let end = |record: &Object, name: &str| {
            record.get(&format!("prov:{name}")).and_then(plain).map(|name| prefixes.expand(&name))
        };
        for (id, record) in records(document, "wasGeneratedBy") {
            let (Some(entity), Some(activity)) = (end(record, "entity"), end(record, "activity"))
            else {
                told.skip("generations that name no activity");
                continue;
            };
            let _ = id;
            let (entity, run) = (self.held(&entity, told), self.activity(&activity));
            self.time(record.get("prov:time"), told);
            told.link(PART, &entity, Relation::ProducedBy, &run);
        }
        for (_, record) in records(document, "used") {
            let (Some(activity), Some(entity)) = (end(record, "activity"), end(record, "entity"))
            else {
                told.skip("uses that name no entity");
                continue;
            };
            let (run, entity) = (self.activity(&activity), self.held(&entity, told));
            let own = own_kind(record, &prefixes).and_then(|word| Relation::parse(&word));
            let role = own.map(|(role, _)| role).filter(|role| role.allows(run.kind, entity.kind));
            told.link(FORM, &run, role.unwrap_or(Relation::Used), &entity);
        }
        for (_, record) in records(document, "wasDerivedFrom") {
            let (Some(made), Some(from)) =
                (end(record, "generatedEntity"), end(record, "usedEntity"))
            else {
                told.skip("derivations that name one end only");
                continue;
            };
            let (made, from) = (self.held(&made, told), self.held(&from, told));
            if made.kind == from.kind {
                let own = own_kind(record, &prefixes);
                let is_registered = own.as_deref() == Some(Relation::RegisteredFrom.name());
                let relation = match is_registered && made.kind == Kind::Model {
                    true => Relation::RegisteredFrom,
                    false => Relation::DerivedFrom,
                };
                told.link(PART, &made, relation, &from);
            } else {
                // Between a model and data there stands a run, which may have no name here.
                let run =
                    match end(record, "activity").or_else(|| maker(document, record, &prefixes)) {
                        Some(activity) => self.activity(&activity),
                        None => super::cyclonedx::inferred(&made, told),
                    };
                told.link(FORM, &run, Relation::Used, &from);
            }
        }
        for (_, record) in records(document, "wasAssociatedWith") {
            let agent = end(record, "agent").and_then(|agent| self.agent(&agent, None));
            let (Some(activity), Some(agent)) = (end(record, "activity"), agent) else {
                told.skip("associations that name no agent");
                continue;
            };
            told.link(FORM, &self.activity(&activity), Relation::DoneBy, &agent);
        }
        for (_, record) in records(document, "wasAttributedTo") {
            let agent = end(record, "agent").and_then(|agent| self.agent(&agent, None));
            let (Some(entity), Some(agent)) = (end(record, "entity"), agent) else {
                told.skip("attributions that name one end only");
                continue;
            };
            let entity = self.held(&entity, told);
            told.link(PART, &entity, Relation::DoneBy, &agent);
        }
        for (member, field) in [("wasStartedBy", "started"), ("wasEndedBy", "ended")] {
            for (_, record) in records(document, member) {
                let Some(activity) = end(record, "activity") else {
                    told.skip("starts and ends that name no activity");
                    continue;
                };
                let time = self.time(record.get("prov:time"), told);
                let run = self.activity(&activity);
                let said = told.node(FORM, &run);
                if said.fields.get("name").is_none() {
                    set_text(said, "name", Some(local(&activity)));
                }
                set_time(said, field, time);
            }
        }
        for member in MEMBERS.iter().skip(10) {
            for _ in records(document, member) {
                told.skip(format!("relations of PROV that are no lineage here ({member})"));
            }
        }
        for (_, bundle) in object(document, "bundle").into_iter().flatten() {
            if let Some(bundle) = bundle.as_object().filter(|_| depth < BUNDLES_MAX) {
                self.relate(bundle, &prefixes, depth + 1, told);
            }
        }
    }
}

/// The activity that generated what a derivation made.
fn maker(document: &Object, derivation: &Object, prefixes: &Prefixes) -> Option<String> {
    let made = derivation.get("prov:generatedEntity").and_then(plain)?;
    records(document, "wasGeneratedBy").into_iter().find_map(|(_, record)| {
        let entity = record.get("prov:entity").and_then(plain)?;
        let activity = record.get("prov:activity").and_then(plain)?;
        (entity == made).then(|| prefixes.expand(&activity))
    })
}

/// Lineal's own word in `prov:type`, where it stands there.
fn own_kind(record: &Object, prefixes: &Prefixes) -> Option<String> {
    let types = record.get("prov:type").map(all_of).unwrap_or_default();
    types.iter().find_map(|kind| Some(prefixes.expand(kind).strip_prefix(OWN)?.to_owned()))
}

fn model_of(iri: &str) -> Reference {
    Reference::new(Kind::Model, vec![part(iri)])
}

fn dataset_of(iri: &str) -> Reference {
    Reference::new(Kind::Dataset, vec![part(local(iri)), "".into(), FORM.into(), part(iri)])
}

fn label(record: &Object) -> Option<String> {
    record.get("prov:label").and_then(plain).filter(|label| !label.is_empty())
}

/// Attributes that no field holds, under the names that the document gives them.
fn attributes(record: &mut crate::record::NodeRecord, held: &Object) {
    const MAPPED: [&str; 3] = ["prov:label", "prov:startTime", "prov:endTime"];
    for (name, value) in held.iter().filter(|(name, _)| !MAPPED.contains(&name.as_str())) {
        match all_of(value).as_slice() {
            [] => {}
            [one] => tag(record, name, Some(one)),
            _ => seal(record, &format!("tags.{name}"), &canonical(value), None),
        }
    }
}
