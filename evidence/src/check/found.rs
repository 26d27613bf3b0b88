//! What a check came to: the report, as it is printed, written as JSON and recorded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::rules::{Basis, Severity, Status};

/// Most findings of one rule that a report lists; all are counted.
pub const FINDINGS_MAX: usize = 1_000;

/// One thing that is missing, late, or contradicts another.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// Gap, conflict, undeclared or waived.
    pub status: Status,
    /// The node that it is about, as it can be pasted into a question.
    pub node: String,
    /// The id of that node, hexadecimal: what two reports are compared by.
    pub node_id: String,
    /// The field or edge.
    pub missing: String,
    /// What was found, in words.
    pub say: String,
    /// The command that would record it.
    pub fix: String,
    /// Who waived it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub waiver: Option<Waiver>,
}

/// A named person's decision to leave a finding as it is until a date.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Waiver {
    /// The record.
    pub node: String,
    /// Who.
    pub by: Vec<String>,
    /// Until when; absent means without end.
    pub until: Option<String>,
}

/// What one rule came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RuleResult {
    /// The rule.
    pub id: String,
    /// The articles.
    pub article: String,
    /// What it rests on.
    pub basis: Basis,
    /// How much hangs on it.
    pub severity: Severity,
    /// The worst of its findings; met if there are none.
    pub status: Status,
    /// Why it does not apply or cannot be said, where so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
    /// How many things it was asked of.
    pub subjects: u64,
    /// All findings, listed or not.
    pub findings_total: u64,
    /// The findings, [`FINDINGS_MAX`] at most.
    pub findings: Vec<Finding>,
    /// References on the way that fit nothing or several things, and logs whose erased or restricted events would
    /// decide, or that are not there: more might be found if they were resolved.
    pub cannot_tell: u64,
    /// From when the article applies, where the pack says so: day and source.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub applies_from: Vec<(String, String)>,
    /// Why the rule asks.
    pub explain: String,
}

/// Which scope a person declared.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Declared {
    /// Roles.
    pub role: Vec<String>,
    /// The risk class.
    pub risk_class: Option<String>,
    /// The point of Annex I or III.
    pub annex_point: Option<String>,
    /// By whom.
    pub by: Vec<String>,
    /// When.
    pub at: Option<String>,
}

/// The outcome of a pack over a view.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The pack: its name.
    pub pack: String,
    /// Its version.
    pub version: String,
    /// BLAKE3 of its bytes, hexadecimal.
    pub pack_digest: String,
    /// The law and its state.
    pub law: String,
    /// The system, if one was named.
    pub system: Option<String>,
    /// The model that it is narrowed to.
    pub model: Option<String>,
    /// The deployment that it is narrowed to.
    pub deployment: Option<String>,
    /// The last commit that was seen.
    pub commit: u64,
    /// When that was recorded.
    pub recorded: String,
    /// What counted as today.
    pub today: String,
    /// The newest signed checkpoint up to this commit: its size.
    pub checkpoint: Option<u64>,
    /// When a time-stamp authority stamped that checkpoint.
    pub stamped: Option<String>,
    /// What a person declared of the system.
    pub declared: Option<Declared>,
    /// The rules, in the order of the pack.
    pub rules: Vec<RuleResult>,
    /// What the pack says about its reports.
    pub disclaimer: String,
    /// What no such report can tell.
    pub not_covered: Vec<String>,
}

impl Report {
    /// How many rules came to each status.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        let mut counts: BTreeMap<&'static str, u64> =
            Status::ALL.into_iter().map(|status| (status.name(), 0)).collect();
        for rule in &self.rules {
            *counts.entry(rule.status.name()).or_default() += 1;
        }
        counts
    }

    /// The greatest severity of a rule with a gap or a conflict.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        let open = self.rules.iter().filter(|rule| rule.status.is_open());
        open.map(|rule| rule.severity).max()
    }

    /// The report for programs.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let mut json = serde_json::to_value(self).unwrap_or_default();
        json["counts"] = serde_json::json!(self.counts());
        json
    }
}
