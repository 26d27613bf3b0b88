//! Applies the rules of the mapping file to one subject.

use super::super::store::Texts;
use super::Context;
use super::collector::Collector;
use super::fields::{part, person, put_text, seal};
use crate::mapping::Lookup;
use crate::mapping::mlflow::{
    EdgeTemplate, FieldTemplate, PartTemplate, Read, Rule, Subject, TargetTemplate,
};
use crate::record::{Edge, Location, NodeRecord, Part, Reference};
use lineal_engine::schema::Kind;
use std::collections::{BTreeMap, BTreeSet};

/// What rules are applied to.
pub(super) struct About<'a> {
    pub(super) on: Subject,
    /// As approvals and documents name it: `run:ID`, `model:NAME@VERSION`.
    pub(super) title: String,
    /// The variables that it has beside its tags and parameters.
    pub(super) variables: Vec<(&'static str, &'a str)>,
    pub(super) tags: &'a Texts,
    pub(super) params: &'a Texts,
    /// The source of a dataset.
    pub(super) source: Option<&'a str>,
    pub(super) at: &'a Location,
}

/// Applies all rules, and gives back the tags and parameters that they used up.
pub(super) fn apply(
    context: &Context<'_>,
    about: &About<'_>,
    record: &mut NodeRecord,
    collector: &mut Collector,
) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for rule in context.mapping.rules.iter().filter(|rule| rule.on.contains(&about.on)) {
        for reading in readings(rule, about) {
            let mut made = false;
            for values in reading.values(rule) {
                let words = Words { context, about, reading: &reading, values: &values };
                made |= make(rule, &words, record, collector);
            }
            if made {
                used.extend(reading.tag.clone());
                used.extend(rule.tags_named.iter().cloned());
            } else if reading.json.is_none() && rule.reads_json {
                let what = reading.tag.as_deref().unwrap_or("a dataset's source");
                collector.remark(format!("{what} is not the JSON that the mapping expects"));
            }
        }
    }
    used
}

/// One thing that a rule read.
struct Reading {
    tag: Option<String>,
    value: String,
    suffix: Option<String>,
    json: Option<serde_json::Value>,
}

impl Reading {
    fn new(rule: &Rule, tag: Option<&str>, value: &str, suffix: Option<&str>) -> Reading {
        Reading {
            tag: tag.map(str::to_owned),
            value: value.to_owned(),
            suffix: suffix.map(str::to_owned),
            json: if rule.reads_json { serde_json::from_str(value).ok() } else { None },
        }
    }

    /// What `{value}` stands for, one after another.
    fn values(&self, rule: &Rule) -> Vec<String> {
        match &rule.each {
            None => vec![self.value.clone()],
            Some(path) => self
                .json
                .as_ref()
                .and_then(|json| member(json, path))
                .and_then(serde_json::Value::as_array)
                .map(|items| items.iter().filter_map(scalar).collect())
                .unwrap_or_default(),
        }
    }
}

fn readings(rule: &Rule, about: &About<'_>) -> Vec<Reading> {
    let first = |keys: &[String], texts: &Texts, is_tag: bool| {
        let found = keys.iter().find_map(|key| {
            texts.get(key).filter(|value| !value.is_empty()).map(|value| (key, value))
        });
        found
            .map(|(key, value)| Reading::new(rule, is_tag.then_some(key.as_str()), value, None))
            .into_iter()
            .collect()
    };
    match &rule.read {
        Read::Tag(keys) => first(keys, about.tags, true),
        Read::Param(keys) => first(keys, about.params, false),
        Read::TagPrefix(prefix) => about
            .tags
            .range(prefix.clone()..)
            .map_while(|(key, value)| Some((key, value, key.strip_prefix(prefix.as_str())?)))
            .filter(|(_, value, suffix)| !value.is_empty() && !suffix.is_empty())
            .map(|(key, value, suffix)| Reading::new(rule, Some(key), value, Some(suffix)))
            .collect(),
        Read::Source => {
            about.source.map(|text| Reading::new(rule, None, text, None)).into_iter().collect()
        }
    }
}

/// The values of a rule's variables.
struct Words<'a> {
    context: &'a Context<'a>,
    about: &'a About<'a>,
    reading: &'a Reading,
    values: &'a str,
}

impl Words<'_> {
    fn split(&self, rule: &Rule) -> Option<(String, String)> {
        let (head, tail) = self.values.rsplit_once(rule.split.as_deref()?)?;
        Some((head.to_owned(), tail.to_owned()))
    }
}

/// Words with the halves of a divided value.
struct Divided<'a> {
    words: &'a Words<'a>,
    halves: Option<(String, String)>,
}

impl Lookup for Divided<'_> {
    fn value(&self, variable: &str) -> Option<String> {
        let Words { context, about, reading, values } = self.words;
        if let Some(key) = variable.strip_prefix("tag:") {
            return about.tags.get(key).cloned();
        }
        if let Some(key) = variable.strip_prefix("param:") {
            return about.params.get(key).cloned();
        }
        if let Some(path) = variable.strip_prefix("json.") {
            return scalar(member(reading.json.as_ref()?, path)?);
        }
        match variable {
            "value" => Some((*values).to_owned()),
            "suffix" => reading.suffix.clone(),
            "head" => self.halves.as_ref().map(|(head, _)| head.clone()),
            "tail" => self.halves.as_ref().map(|(_, tail)| tail.clone()),
            "store" => Some(context.source.to_owned()),
            "subject" => Some(about.title.clone()),
            name => about
                .variables
                .iter()
                .find(|(variable, _)| *variable == name)
                .map(|(_, value)| (*value).to_owned()),
        }
    }
}

/// Makes what a rule says of one value; tells whether anything came of it.
fn make(
    rule: &Rule,
    words: &Words<'_>,
    record: &mut NodeRecord,
    collector: &mut Collector,
) -> bool {
    let lookup = Divided { words, halves: words.split(rule) };
    let mut made = put_fields(&rule.fields, &lookup, record, collector);
    for template in &rule.edges {
        let edge = edge(template, &lookup, &record.node, collector);
        made |= edge.is_some();
        record.edges.extend(edge);
    }
    for template in &rule.nodes {
        let Some(key) = key(&template.key, &lookup) else { continue };
        let mut node =
            NodeRecord::new(Reference::new(template.kind, key), lookup.words.about.at.clone());
        put_fields(&template.fields, &lookup, &mut node, collector);
        for template in &template.edges {
            node.edges.extend(edge(template, &lookup, &record.node, collector));
        }
        collector.add(node);
        made = true;
    }
    made
}

fn put_fields(
    templates: &BTreeMap<String, FieldTemplate>,
    lookup: &Divided<'_>,
    record: &mut NodeRecord,
    collector: &mut Collector,
) -> bool {
    let mut made = false;
    for (name, template) in templates {
        let Some(text) = template.from.fill(lookup).or_else(|| template.default.clone()) else {
            continue;
        };
        let text = template.words.get(&text.to_lowercase()).cloned().unwrap_or(text);
        match template.conversion.convert(&text) {
            Ok(lineal_proof::Value::Text(text)) if template.seal => seal(record, name, text, None),
            Ok(lineal_proof::Value::Text(text)) => put_text(record, name, Some(text)),
            Ok(value) => {
                record.fields.insert(name.as_str(), value);
            }
            Err(problem) => {
                let kind = record.node.kind;
                collector.remark(format!("`{name}` of a {kind} is not {}", problem.expected));
                continue;
            }
        }
        made = true;
    }
    made
}

fn edge(
    template: &EdgeTemplate,
    lookup: &Divided<'_>,
    subject: &Reference,
    collector: &mut Collector,
) -> Option<Edge> {
    let target = match &template.target {
        TargetTemplate::Subject => subject.clone(),
        TargetTemplate::Node { kind, key: parts, fields } => {
            let target = Reference::new(*kind, key(parts, lookup)?);
            // All that is to be known of an actor or a system is its name, so it is no stub.
            if matches!(kind, Kind::Actor | Kind::System) || !fields.is_empty() {
                let mut node = NodeRecord::new(target.clone(), lookup.words.about.at.clone());
                put_fields(fields, lookup, &mut node, collector);
                introduce(node, collector);
            }
            target
        }
    };
    Some(Edge::new(template.relation, target))
}

/// Adds a record with the name that its key says.
pub(super) fn introduce(mut node: NodeRecord, collector: &mut Collector) {
    match (node.node.kind, node.node.key.as_slice()) {
        (Kind::Actor, [Part::Personal(login)]) => {
            let login = login.clone();
            if login.contains('@') {
                seal(&mut node, "email", login.clone(), Some(login.clone()));
            }
            seal(&mut node, "name", login.clone(), Some(login));
        }
        (Kind::System, [Part::Text(name) | Part::Personal(name)]) => {
            let name = name.clone();
            put_text(&mut node, "name", Some(name));
        }
        _ => {}
    }
    collector.add(node);
}

fn key(parts: &[PartTemplate], lookup: &Divided<'_>) -> Option<Vec<Part>> {
    parts
        .iter()
        .map(|template| match template {
            PartTemplate::Unknown => Some(Part::Null),
            PartTemplate::Text { template, optional } => match template.fill(lookup) {
                Some(text) => Some(part(&text)),
                None => optional.then_some(Part::Null),
            },
            PartTemplate::Person(template) => {
                let login = template.fill(lookup)?;
                person(&login, lookup.words.context.mapping)?.key.pop()
            }
        })
        .collect()
}

/// The member at a dotted path; a literal name with dots wins.
fn member<'a>(json: &'a serde_json::Value, path: &str) -> Option<&'a serde_json::Value> {
    if let Some(found) = json.get(path) {
        return Some(found);
    }
    let (first, rest) = path.split_once('.')?;
    member(json.get(first)?, rest)
}

/// The text of a member; `None` for null.
fn scalar(json: &serde_json::Value) -> Option<String> {
    match json {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
