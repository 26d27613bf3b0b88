//! The `[mlflow]` table of a mapping file: roles, people, hints, documents and rules.
//!
//! A rule reads one thing of a subject (a tag, a tag prefix, a parameter, a dataset's source) and
//! says what becomes of it: fields of the subject, edges from it, nodes beside it.

use super::{Conversion, Error, Template};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use lineal_engine::schema::{COMMON_FIELDS, Direction, FieldType, Kind, Relation, fields};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

/// What a mapping file says about MLflow, checked.
#[derive(Clone, Debug)]
pub struct MlflowMapping {
    /// Logins that name no person (`root`), in lower case.
    pub nobody: Vec<String>,
    /// What a dataset was for, by the text of its context in lower case.
    pub roles: BTreeMap<String, Relation>,
    /// Tags whose value is sealed whatever it says.
    pub sealed_tags: GlobSet,
    /// What names data where a run records no input.
    pub hints: Hints,
    /// Which artifacts of a run are documents.
    pub documents: Vec<DocumentRule>,
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
}

/// What names data where a run records no input.
#[derive(Clone, Debug)]
pub struct Hints {
    /// Names of parameters and tags.
    pub keys: GlobSet,
    /// Values of parameters and tags.
    pub values: GlobSet,
}

/// An artifact that is a document.
#[derive(Clone, Debug)]
pub struct DocumentRule {
    /// Its path within the artifacts.
    pub path: GlobSet,
    /// The document's type.
    pub document_type: String,
}

/// What a rule is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// An experiment.
    Experiment,
    /// A run.
    Run,
    /// A dataset.
    Dataset,
    /// A registered name: what it says holds for each of its versions.
    Registered,
    /// A version of a registered model.
    Version,
    /// A logged model.
    Logged,
}

impl Subject {
    /// The kind of node that the subject becomes.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Subject::Experiment => Kind::Experiment,
            Subject::Run => Kind::Run,
            Subject::Dataset => Kind::Dataset,
            Subject::Registered | Subject::Version | Subject::Logged => Kind::Model,
        }
    }
}

/// What a rule reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Read {
    /// The first of these tags that is there.
    Tag(Vec<String>),
    /// Every tag that begins so; the rest of its name is `{suffix}`.
    TagPrefix(String),
    /// The first of these parameters that is there.
    Param(Vec<String>),
    /// The source of a dataset.
    Source,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What it is about.
    pub on: Vec<Subject>,
    /// What it reads.
    pub read: Read,
    /// Goes over the list at this path of the JSON that was read.
    pub each: Option<String>,
    /// Divides the value at the last of these into `{head}` and `{tail}`.
    pub split: Option<String>,
    /// Fields of the subject.
    pub fields: BTreeMap<String, FieldTemplate>,
    /// Edges from the subject.
    pub edges: Vec<EdgeTemplate>,
    /// Nodes beside the subject.
    pub nodes: Vec<NodeTemplate>,
}

/// How a field comes to its value.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldTemplate {
    /// The text.
    pub from: Template,
    /// How the text is read.
    #[serde(rename = "as", default)]
    pub conversion: Conversion,
    /// Words that mean something else here; others stay as written.
    #[serde(default)]
    pub words: BTreeMap<String, String>,
    /// The text where `from` is absent.
    pub default: Option<String>,
    /// Must not stand in the clear.
    #[serde(default)]
    pub seal: bool,
}

/// One part of a key.
#[derive(Clone, PartialEq, Debug)]
pub enum PartTemplate {
    /// Never known: the key is a claim.
    Unknown,
    /// A text; where it is absent there is no node, unless it is optional.
    Text {
        /// The text.
        template: Template,
        /// Null where absent.
        optional: bool,
    },
    /// A person.
    Person(Template),
}

impl PartTemplate {
    /// Its text, if it has one.
    #[must_use]
    pub fn template(&self) -> Option<&Template> {
        match self {
            PartTemplate::Text { template, .. } | PartTemplate::Person(template) => Some(template),
            PartTemplate::Unknown => None,
        }
    }
}

/// An edge from the subject, or from a node beside it.
#[derive(Clone, PartialEq, Debug)]
pub struct EdgeTemplate {
    /// Its name.
    pub relation: Relation,
    /// Where it leads.
    pub target: TargetTemplate,
}

/// Where an edge leads.
#[derive(Clone, PartialEq, Debug)]
pub enum TargetTemplate {
    /// To the rule's subject.
    Subject,
    /// To the node of that kind and key.
    Node {
        /// Its kind.
        kind: Kind,
        /// Its key.
        key: Vec<PartTemplate>,
        /// What the edge says of it.
        fields: BTreeMap<String, FieldTemplate>,
    },
}

/// A node beside the subject.
#[derive(Clone, PartialEq, Debug)]
pub struct NodeTemplate {
    /// Its kind.
    pub kind: Kind,
    /// Its key.
    pub key: Vec<PartTemplate>,
    /// Its fields.
    pub fields: BTreeMap<String, FieldTemplate>,
    /// Its edges.
    pub edges: Vec<EdgeTemplate>,
}

/// The table as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    #[serde(default)]
    nobody: Vec<String>,
    #[serde(default)]
    sealed_tags: Vec<String>,
    #[serde(default)]
    roles: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    hints: WrittenHints,
    #[serde(default)]
    documents: Vec<WrittenDocument>,
    #[serde(default)]
    rules: Vec<Spanned<WrittenRule>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenHints {
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDocument {
    path: Vec<String>,
    #[serde(rename = "type")]
    document_type: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    on: Vec<Subject>,
    tag: Option<Vec<String>>,
    tag_prefix: Option<String>,
    param: Option<Vec<String>>,
    #[serde(default)]
    source: bool,
    each: Option<String>,
    split: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, WrittenField>,
    #[serde(default)]
    edges: Vec<WrittenEdge>,
    #[serde(default)]
    nodes: Vec<WrittenNode>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEdge {
    relation: String,
    #[serde(default)]
    subject: bool,
    kind: Option<String>,
    #[serde(default)]
    key: Vec<WrittenPart>,
    #[serde(default)]
    fields: BTreeMap<String, WrittenField>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenNode {
    kind: String,
    key: Vec<WrittenPart>,
    #[serde(default)]
    fields: BTreeMap<String, WrittenField>,
    #[serde(default)]
    edges: Vec<WrittenEdge>,
}

/// `"{value}"` or `{ from = "{value}", as = "time" }`.
struct WrittenField(FieldTemplate);

impl<'de> Deserialize<'de> for WrittenField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WrittenField, D::Error> {
        struct TextOrTable;
        impl<'de> Visitor<'de> for TextOrTable {
            type Value = WrittenField;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text with variables, or a table with `from`")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<WrittenField, E> {
                let from = Template::parse(text).map_err(E::custom)?;
                Ok(WrittenField(FieldTemplate {
                    from,
                    conversion: Conversion::Text,
                    words: BTreeMap::new(),
                    default: None,
                    seal: false,
                }))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WrittenField, A::Error> {
                FieldTemplate::deserialize(MapAccessDeserializer::new(map)).map(WrittenField)
            }
        }
        deserializer.deserialize_any(TextOrTable)
    }
}

/// `"{value}"`, `"{tag:date}?"` (may be absent), `""` (never known) or `{ person = "{value}" }`.
struct WrittenPart(PartTemplate);

impl<'de> Deserialize<'de> for WrittenPart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WrittenPart, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Person {
            person: Template,
        }
        struct TextOrPerson;
        impl<'de> Visitor<'de> for TextOrPerson {
            type Value = WrittenPart;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text with variables, or a table with `person`")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<WrittenPart, E> {
                if text.is_empty() {
                    return Ok(WrittenPart(PartTemplate::Unknown));
                }
                let (text, optional) =
                    text.strip_suffix('?').map_or((text, false), |required| (required, true));
                let template = Template::parse(text).map_err(E::custom)?;
                Ok(WrittenPart(PartTemplate::Text { template, optional }))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WrittenPart, A::Error> {
                let person = Person::deserialize(MapAccessDeserializer::new(map))?.person;
                Ok(WrittenPart(PartTemplate::Person(person)))
            }
        }
        deserializer.deserialize_any(TextOrPerson)
    }
}

impl Written {
    /// Checks what the file's grammar cannot: names, and which edges the graph allows.
    pub(super) fn check(self, text: &str, file: &str) -> Result<MlflowMapping, Error> {
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
        Ok(Rule { on: self.on, read, each: self.each, split: self.split, fields, edges, nodes })
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

#[cfg(test)]
mod tests {
    use crate::mapping::Mapping;

    fn problem(rule: &str) -> String {
        let text = format!("format = 1\n[mlflow]\n[[mlflow.rules]]\n{rule}\n");
        Mapping::parse(&text, "m.toml").unwrap_err().to_string()
    }

    #[test]
    fn a_rule_that_cannot_be_is_an_error_with_its_line() {
        let cases = [
            ("on = ['run']\ntag = ['a']", "makes nothing"),
            ("on = ['run']\nfields = { risk_class = '{value}' }", "reads one of"),
            ("on = ['run']\ntag = ['a']\nfields = { risk = '{value}' }", "no field `risk`"),
            ("on = ['run']\ntag = ['a']\nfields = { ended = '{value}' }", "with `as`"),
            (
                "on = ['run']\ntag = ['a']\nedges = [{ relation = 'deploys', kind = 'model', key = ['{value}'] }]",
                "does not lead from run to model",
            ),
            (
                "on = ['run']\ntag = ['a']\nedges = [{ relation = 'comprises', kind = 'system', key = ['{value}'] }]",
                "write `belongs_to`",
            ),
        ];
        for (rule, expected) in cases {
            let problem = problem(rule);
            assert!(problem.contains(expected) && problem.contains("line 3"), "{problem}");
        }
    }

    #[test]
    fn a_misspelt_variable_is_an_error() {
        let problem = problem("on = ['run']\ntag = ['a']\nfields = { risk_class = '{vlaue}' }");
        assert!(problem.contains("{vlaue}"), "{problem}");
    }
}
