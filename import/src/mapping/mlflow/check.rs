//! Checks what the grammar of the file cannot: names, types, and which edges the graph allows.

use super::written::{Written, WrittenDocument, WrittenEdge, WrittenField, WrittenRule};
use super::{
    DocumentRule, EdgeTemplate, FieldTemplate, Hints, MlflowMapping, NodeTemplate, Read, Rule,
    Subject, TargetTemplate,
};
use crate::mapping::{Conversion, Error};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use lineal_engine::schema::{COMMON_FIELDS, Direction, FieldType, Kind, Relation, fields};
use std::collections::BTreeMap;

impl Written {
    /// The table in checked form; `text` and `file` are for errors.
    pub(in crate::mapping) fn check(self, text: &str, file: &str) -> Result<MlflowMapping, Error> {
        let at = |position: usize, problem: String| Error::Rule {
            file: file.to_owned(),
            line: text.as_bytes().iter().take(position).filter(|byte| **byte == b'\n').count() + 1,
            problem,
        };
        let mut roles = BTreeMap::new();
        for (context, name) in self.roles {
            let start = name.span().start;
            let relation = relation(name.as_ref()).map_err(|problem| at(start, problem))?;
            if !relation.allows(Kind::Run, Kind::Dataset) {
                let problem = format!("`{}` does not lead from a run to a dataset", name.as_ref());
                return Err(at(start, problem));
            }
            roles.insert(context.to_lowercase(), relation);
        }
        let mut rules = Vec::new();
        for written in self.rules {
            let start = written.span().start;
            rules.push(written.into_inner().check().map_err(|problem| at(start, problem))?);
        }
        let mut documents = Vec::new();
        for WrittenDocument { path, document_type } in self.documents {
            let path = globs(&path).map_err(|problem| at(0, problem))?;
            documents.push(DocumentRule { path, document_type });
        }
        Ok(MlflowMapping {
            nobody: self.nobody.iter().map(|login| login.to_lowercase()).collect(),
            roles,
            sealed_tags: globs(&self.sealed_tags).map_err(|problem| at(0, problem))?,
            hints: Hints {
                keys: globs(&self.hints.keys).map_err(|problem| at(0, problem))?,
                values: globs(&self.hints.values).map_err(|problem| at(0, problem))?,
            },
            documents,
            rules,
        })
    }
}

impl WrittenRule {
    fn check(self) -> Result<Rule, String> {
        let mut reads = Vec::new();
        reads.extend(self.tag.map(Read::Tag));
        reads.extend(self.tag_prefix.map(Read::TagPrefix));
        reads.extend(self.param.map(Read::Param));
        reads.extend(self.source.then_some(Read::Source));
        let [read] = <[Read; 1]>::try_from(reads).map_err(|reads| {
            format!(
                "a rule reads one of `tag`, `tag_prefix`, `param`, `source = true`, not {}",
                reads.len()
            )
        })?;
        if read == Read::Source && self.on.iter().any(|on| *on != Subject::Dataset) {
            return Err(
                "`source = true` reads the source of a dataset: `on = [\"dataset\"]`".into()
            );
        }
        let Some(first) = self.on.first() else {
            return Err("`on` names nothing".to_owned());
        };
        let kind = first.kind();
        if self.on.iter().any(|on| on.kind() != kind) && !self.fields.is_empty() {
            // Fields differ between kinds; a rule for several kinds would hide a slip.
            for on in &self.on {
                checked_fields(on.kind(), &self.fields)?;
            }
        }
        let fields = checked_fields(kind, &self.fields)?;
        let mut edges = Vec::new();
        for written in &self.edges {
            for on in &self.on {
                edge(written, on.kind(), None)?;
            }
            edges.push(edge(written, kind, None)?);
        }
        let mut nodes = Vec::new();
        for written in &self.nodes {
            let own = kind_named(&written.kind)?;
            let mut links = Vec::new();
            for link in &written.edges {
                for on in &self.on {
                    edge(link, own, Some(on.kind()))?;
                }
                links.push(edge(link, own, Some(kind))?);
            }
            nodes.push(NodeTemplate {
                kind: own,
                key: written.key.iter().map(|part| part.0.clone()).collect(),
                fields: checked_fields(own, &written.fields)?,
                edges: links,
            });
        }
        if fields.is_empty() && edges.is_empty() && nodes.is_empty() {
            return Err("a rule makes `fields`, `edges` or `nodes`; this one makes nothing".into());
        }
        let mut rule = Rule {
            on: self.on,
            read,
            each: self.each,
            split: self.split,
            fields,
            edges,
            nodes,
            reads_json: false,
            tags_named: Vec::new(),
        };
        let templates = rule.templates();
        let reads_json = templates.iter().any(|template| template.wants_json());
        let tags_named = templates.iter().flat_map(|template| template.tags()).map(str::to_owned);
        rule.tags_named = tags_named.collect();
        rule.reads_json = reads_json || rule.each.is_some();
        Ok(rule)
    }
}

fn edge(written: &WrittenEdge, from: Kind, subject: Option<Kind>) -> Result<EdgeTemplate, String> {
    let relation = relation(&written.relation)?;
    let (to, target) = match (written.subject, &written.kind, subject) {
        (true, None, Some(kind)) => (kind, TargetTemplate::Subject),
        (false, Some(name), _) => {
            let kind = kind_named(name)?;
            let key = written.key.iter().map(|part| part.0.clone()).collect();
            let fields = checked_fields(kind, &written.fields)?;
            (kind, TargetTemplate::Node { kind, key, fields })
        }
        _ => {
            return Err(format!(
                "edge `{}` leads to `kind` and `key`, or from a node to the `subject`",
                written.relation
            ));
        }
    };
    if !relation.allows(from, to) {
        return Err(format!(
            "`{relation}` does not lead from {from} to {to}",
            relation = relation.name()
        ));
    }
    Ok(EdgeTemplate { relation, target })
}

fn relation(name: &str) -> Result<Relation, String> {
    match Relation::parse(name) {
        Some((relation, Direction::Forward)) => Ok(relation),
        Some((relation, Direction::Inverse)) => {
            Err(format!("`{name}` is the inverse name; write `{}`", relation.name()))
        }
        None => Err(format!("`{name}` is no relation")),
    }
}

fn kind_named(name: &str) -> Result<Kind, String> {
    Kind::parse(name).ok_or_else(|| format!("`{name}` is no kind"))
}

fn checked_fields(
    kind: Kind,
    written: &BTreeMap<String, WrittenField>,
) -> Result<BTreeMap<String, FieldTemplate>, String> {
    let mut checked = BTreeMap::new();
    for (name, WrittenField(template)) in written {
        let spec = fields(kind)
            .iter()
            .chain(COMMON_FIELDS)
            .find(|spec| spec.name == name)
            .ok_or_else(|| format!("a {kind} has no field `{name}`"))?;
        let fits = match template.conversion {
            Conversion::Text => spec.field_type == FieldType::Text,
            Conversion::Int => spec.field_type == FieldType::Int,
            Conversion::Float => spec.field_type == FieldType::Float,
            Conversion::Bool => spec.field_type == FieldType::Bool,
            Conversion::Time | Conversion::Seconds | Conversion::Milliseconds => {
                spec.field_type == FieldType::Time
            }
        };
        if !fits {
            let wanted = spec.field_type.name();
            return Err(format!(
                "`{name}` of a {kind} is a {wanted}: say how to read it with `as`"
            ));
        }
        checked.insert(name.clone(), template.clone());
    }
    Ok(checked)
}

fn globs(patterns: &[String]) -> Result<GlobSet, String> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern)
            .case_insensitive(true)
            .build()
            .map_err(|error| format!("`{pattern}` is no pattern: {error}"))?;
        set.add(glob);
    }
    set.build().map_err(|error| error.to_string())
}
