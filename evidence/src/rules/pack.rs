//! A pack of rules as it is evaluated: read, checked, nothing left open.

use std::collections::BTreeMap;

use lineal_engine::schema::Kind;
use lineal_proof::Hash;
use serde::{Deserialize, Serialize};

use super::form::Check;

/// What a rule came to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The records that the rule asks for are there, and fit.
    Met,
    /// The declared scope, or what is recorded, leaves nothing to ask for.
    NotApplicable,
    /// Something was found, and a named person waived it until a date.
    Waived,
    /// An attribute of the scope is not declared, so nobody can say.
    Undeclared,
    /// A record is missing, late or incomplete.
    Gap,
    /// Two records contradict each other.
    Conflict,
}

impl Status {
    /// All, as a report counts them.
    pub const ALL: [Status; 6] = [
        Status::Met,
        Status::Gap,
        Status::Conflict,
        Status::Waived,
        Status::Undeclared,
        Status::NotApplicable,
    ];

    /// Its word in reports and rule files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Status::Met => "met",
            Status::NotApplicable => "not_applicable",
            Status::Waived => "waived",
            Status::Undeclared => "undeclared",
            Status::Gap => "gap",
            Status::Conflict => "conflict",
        }
    }

    /// Is there something to do?
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Status::Gap | Status::Conflict)
    }
}

/// How much hangs on a rule, in the judgement of the pack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The least.
    Minor,
    /// Between.
    Major,
    /// The greatest.
    Blocker,
}

impl Severity {
    /// Its word in reports and rule files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Minor => "minor",
            Severity::Major => "major",
            Severity::Blocker => "blocker",
        }
    }
}

/// What a rule rests on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The article names the item.
    Text,
    /// It follows from the article's purpose.
    Derived,
    /// It is about the quality of evidence alone.
    Practice,
}

impl Basis {
    /// Its word in reports and rule files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Basis::Text => "text",
            Basis::Derived => "derived",
            Basis::Practice => "practice",
        }
    }
}

/// What a pack says of itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Its name.
    pub id: String,
    /// Its version.
    pub version: String,
    /// The law and its state.
    pub law: String,
    /// Acts that switch rules off for some products; none so far.
    #[serde(default)]
    pub limited_by: Vec<String>,
    /// What a report of this pack says about itself.
    pub disclaimer: String,
    /// What no report of this pack can tell.
    #[serde(default)]
    pub not_covered: Vec<String>,
}

/// From when a part of the law applies: a row of data, never code.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeline {
    /// The name by which rules refer to it.
    pub id: String,
    /// Only for systems whose declared annex point begins so; absent is any.
    pub annex: Option<String>,
    /// What applies.
    pub what: String,
    /// From which day; absent where the text gives none, and a lawyer must be asked.
    pub applies_from: Option<toml::value::Datetime>,
    /// Where that is said.
    pub source: String,
}

/// A named set of nodes: what questions of rules may be about.
#[derive(Clone, Debug)]
pub struct NodeSet {
    /// Its name in questions.
    pub name: String,
    /// What its members are.
    pub kind: Kind,
    /// What is meant without a system.
    pub anywhere: Option<String>,
    /// What is meant of `$system`.
    pub of_system: Option<String>,
    /// What is meant of `$model`.
    pub of_model: Option<String>,
    /// What is meant of `$deployment`.
    pub of_deployment: Option<String>,
}

/// When rules apply: conditions by the field that they read.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The words by which rules name it.
    pub name: String,
    /// About the system that is checked: all must hold.
    pub system: BTreeMap<String, String>,
    /// About each subject: all must hold.
    pub subject: BTreeMap<String, String>,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// The articles, as they are cited.
    pub article: String,
    /// What it rests on.
    pub basis: Basis,
    /// How much hangs on it.
    pub severity: Severity,
    /// When it applies.
    pub scope: Scope,
    /// Rows of the timeline that say from when.
    pub applies: Vec<String>,
    /// The set that it asks about.
    pub subject: String,
    /// The records that it asks for, in words.
    pub needs: Vec<String>,
    /// What must hold of them, in words.
    pub test: String,
    /// Why, for a reader.
    pub explain: String,
    /// Numbers that are policy and not law. A name that ends with `_days` or `_hours` is a length of time.
    pub params: BTreeMap<String, f64>,
    /// How it is found out. A rule without any finding is met.
    pub checks: Vec<Check>,
}

/// A rule file, read.
#[derive(Clone, Debug)]
pub struct Pack {
    /// What it says of itself.
    pub head: Head,
    /// BLAKE3 of the file's bytes.
    pub digest: Hash,
    /// From when parts of the law apply.
    pub timeline: Vec<Timeline>,
    /// The sets, each after those that it names.
    pub sets: Vec<NodeSet>,
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
}

impl Pack {
    /// Does it need a system to be about?
    #[must_use]
    pub fn needs_system(&self) -> bool {
        self.sets.iter().any(|set| set.anywhere.is_none())
    }

    /// The set of that name.
    #[must_use]
    pub fn set(&self, name: &str) -> Option<&NodeSet> {
        self.sets.iter().find(|set| set.name == name)
    }
}
