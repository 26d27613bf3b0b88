//! Versions of registered models.

use super::super::store::{RegisteredModel, Store, Texts, Version};
use super::collector::Collector;
use super::fields::{ns, part, person, put_text, put_texts, seal};
use super::history::Histories;
use super::rules::{self, About, introduce};
use super::{Context, logged_reference, run_reference};
use crate::mapping::mlflow::Subject;
use crate::record::{Edge, NodeRecord, Reference};
use lineal_engine::schema::{Kind, Relation};
use lineal_proof::Value;
use std::collections::BTreeMap;

/// The tag by which a logged model names the versions made from it.
const VERSIONS: &str = "mlflow.modelVersions";
/// The stage of a version that is in none.
const NO_STAGE: &str = "None";

pub(super) fn map(
    store: &mut Store,
    histories: &Histories,
    context: &Context<'_>,
    collector: &mut Collector,
) {
    let named_by_models = named_by_models(store);
    for mut name in std::mem::take(&mut store.registered) {
        if name.is_prompt() {
            store.skip("prompts in the registry", 1);
            store.skip("versions of prompts", name.versions.len() as u64);
            continue;
        }
        if name.versions.is_empty() {
            store.skip("registered names without a version", 1);
        }
        for mut version in std::mem::take(&mut name.versions).iter() {
            version.run = version.run.take().or_else(|| run_of_source(&version));
            let said = named_by_models.get(&(name.name.clone(), version.number.clone()));
            let from = registered_from(&name, &version, said, histories, context);
            version_record(version, &name, from, context, collector);
        }
    }
}

fn reference(name: &str, version: &str, context: &Context<'_>) -> Reference {
    Reference::new(Kind::Model, vec![context.source.into(), part(name), version.into()])
}

fn version_record(
    mut version: Version,
    name: &RegisteredModel,
    from: Option<Reference>,
    context: &Context<'_>,
    collector: &mut Collector,
) {
    let node = reference(&name.name, &version.number, context);
    let mut record = NodeRecord::new(node, version.at.clone());
    let deleted = version.is_deleted();
    record.set("form", Some("registered"));
    record.set("registry", Some(context.source));
    put_text(&mut record, "name", Some(name.name.clone()));
    record.set("version", Some(version.number.as_str()));
    record.set("time", ns(version.created_ms));
    record.set("modified", ns(version.updated_ms));
    record.set("deleted", deleted.then_some(true));
    record.set("stage", version.stage.take().filter(|stage| stage != NO_STAGE && !deleted));
    record.set("status", version.status.take());
    put_aliases(&mut record, name, &version.number);
    put_text(&mut record, "run_link", version.run_link.take());
    let source = version.source.take().filter(|source| !source.starts_with("models:/"));
    let storage = version.storage.take().filter(|storage| Some(storage) != source.as_ref());
    put_text(&mut record, "uri", source);
    put_text(&mut record, "storage", storage);
    for (field, text) in [
        ("note", version.description.take()),
        ("status_message", version.status_message.take()),
        ("name_note", name.description.clone()),
    ] {
        if let Some(text) = text {
            seal(&mut record, field, text, None);
        }
    }
    if let Some(actor) = version.user.as_deref().and_then(|user| person(user, context.mapping)) {
        introduce(NodeRecord::new(actor.clone(), version.at.clone()), collector);
        record.edges.push(Edge::new(Relation::DoneBy, actor));
    }
    let run = version.run.as_deref().map(run_reference);
    record.edges.extend(run.map(|run| Edge::new(Relation::ProducedBy, run)));
    record.edges.extend(from.map(|from| Edge::new(Relation::RegisteredFrom, from)));
    // What the name says holds for its versions, unless a version says otherwise.
    let name_tags = apply_rules(
        Subject::Registered,
        &name.tags,
        &version,
        name,
        context,
        &mut record,
        collector,
    );
    let tags = apply_rules(
        Subject::Version,
        &version.tags,
        &version,
        name,
        context,
        &mut record,
        collector,
    );
    put_texts(&mut record, "name_tags", name_tags, context.mapping);
    put_texts(&mut record, "tags", tags, context.mapping);
    collector.add(record);
}

/// Applies the rules, and gives back the tags that they left.
fn apply_rules(
    on: Subject,
    tags: &Texts,
    version: &Version,
    name: &RegisteredModel,
    context: &Context<'_>,
    record: &mut NodeRecord,
    collector: &mut Collector,
) -> Texts {
    let mut variables = vec![("name", name.name.as_str()), ("version", version.number.as_str())];
    variables.extend(version.run.as_deref().map(|run| ("run", run)));
    let about = About {
        on,
        title: format!("model:{}@{}", name.name, version.number),
        variables,
        tags,
        params: &Texts::new(),
        source: None,
        at: &version.at,
    };
    let used = rules::apply(context, &about, record, collector);
    let left = tags.iter().filter(|(key, _)| !used.contains(*key));
    left.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn put_aliases(record: &mut NodeRecord, name: &RegisteredModel, number: &str) {
    let mut aliases: Vec<_> = name
        .aliases
        .iter()
        .filter(|(_, version)| version == number)
        .map(|(alias, _)| alias)
        .collect();
    aliases.sort_unstable();
    aliases.dedup();
    if !aliases.is_empty() {
        let list = aliases.into_iter().map(Value::text).collect();
        record.fields.insert("aliases", Value::List(list));
    }
}

/// The model that a version was made from: as the registry names it, else as the model itself
/// says, else the one that the run logged at that place.
fn registered_from(
    name: &RegisteredModel,
    version: &Version,
    said: Option<&String>,
    histories: &Histories,
    context: &Context<'_>,
) -> Option<Reference> {
    if let Some(id) = &version.model_id {
        return Some(logged_reference(id));
    }
    let source = version.source.as_deref().unwrap_or_default();
    if let Some(address) = source.strip_prefix("models:/") {
        let address = address.trim_matches('/');
        let first = address.split('/').next().unwrap_or(address);
        if is_model_id(first) {
            return Some(logged_reference(first));
        }
        return match address.rsplit_once('/') {
            // A copy of another version.
            Some((other, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                let is_itself = other == name.name && number == version.number;
                (!is_itself).then(|| reference(other, number, context))
            }
            _ => None,
        };
    }
    if let Some(id) = said {
        return Some(logged_reference(id));
    }
    let run = version.run.as_deref()?;
    histories.model(run, source, version.created_ms).map(logged_reference)
}

/// The run that the source of a version names, `runs:/ID/model`, where the version itself names none.
fn run_of_source(version: &Version) -> Option<String> {
    let address = version.source.as_deref()?.strip_prefix("runs:/")?.trim_start_matches('/');
    let run = address.split('/').next().filter(|run| !run.is_empty())?;
    Some(run.to_owned())
}

/// `m-` and 32 hex digits.
fn is_model_id(text: &str) -> bool {
    let digits = text.strip_prefix("m-").unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Which logged model says that it became that name and version.
fn named_by_models(store: &Store) -> BTreeMap<(String, String), String> {
    let mut named = BTreeMap::new();
    for model in &store.logged {
        let Some(text) = model.tags.get(VERSIONS) else { continue };
        let list: Vec<serde_json::Value> = serde_json::from_str(text).unwrap_or_default();
        for entry in list {
            let name = entry.get("name").and_then(serde_json::Value::as_str);
            let number = entry.get("version").map(|version| match version {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            if let (Some(name), Some(number)) = (name, number) {
                named.insert((name.to_owned(), number), model.id.clone());
            }
        }
    }
    named
}
