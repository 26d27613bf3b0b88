//! The `[mlflow]` table of a mapping file: roles, people, hints, documents and rules.
//!
//! A rule reads one thing of a subject (a tag, a tag prefix, a parameter, a dataset's source) and
//! says what becomes of it: fields of the subject, edges from it, nodes beside it.

mod check;
mod written;

pub(super) use written::Written;

use super::{Conversion, Template};
use globset::GlobSet;
use lineal_engine::schema::{Kind, Relation};
use serde::Deserialize;
use std::collections::BTreeMap;

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
    /// It works only on JSON.
    pub reads_json: bool,
    /// The tags that its texts name, beside the one that it reads.
    pub tags_named: Vec<String>,
}

impl MlflowMapping {
    /// Does a rule for runs look at that tag, or else that parameter?
    #[must_use]
    pub(crate) fn reads_of_runs(&self, is_tag: bool, key: &str) -> bool {
        let on_runs = |rule: &&Rule| rule.on.contains(&Subject::Run);
        self.rules.iter().filter(on_runs).any(|rule| {
            let read = match &rule.read {
                Read::Tag(keys) if is_tag => keys.iter().any(|read| read == key),
                Read::TagPrefix(prefix) if is_tag => key.starts_with(prefix.as_str()),
                Read::Param(keys) if !is_tag => keys.iter().any(|read| read == key),
                _ => false,
            };
            let start = if is_tag { "tag:" } else { "param:" };
            let names = |template: &Template| {
                template.variables().any(|name| name.strip_prefix(start) == Some(key))
            };
            read || rule.templates().into_iter().any(names)
        })
    }
}

impl Rule {
    /// All its texts.
    fn templates(&self) -> Vec<&Template> {
        let mut fields: Vec<&BTreeMap<String, FieldTemplate>> = vec![&self.fields];
        let mut keys: Vec<&[PartTemplate]> = Vec::new();
        let edges = self.edges.iter().chain(self.nodes.iter().flat_map(|node| &node.edges));
        for edge in edges {
            if let TargetTemplate::Node { key, fields: said, .. } = &edge.target {
                keys.push(key);
                fields.push(said);
            }
        }
        for node in &self.nodes {
            keys.push(&node.key);
            fields.push(&node.fields);
        }
        let of_fields =
            fields.into_iter().flat_map(|fields| fields.values().map(|field| &field.from));
        of_fields.chain(keys.into_iter().flatten().filter_map(PartTemplate::template)).collect()
    }
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
