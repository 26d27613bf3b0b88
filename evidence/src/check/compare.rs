//! What is new, gone or other between two reports.

use std::collections::BTreeMap;

use serde::Serialize;

use super::found::{Finding, Report};
use crate::rules::Status;

/// A finding with its rule.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Told {
    /// The rule.
    pub rule: String,
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
}

/// A finding that is in both reports and reads otherwise.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Changed {
    /// The rule.
    pub rule: String,
    /// As it was.
    pub before: Finding,
    /// As it is.
    pub after: Finding,
}

/// The difference of two reports.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Comparison {
    /// The commits of the two.
    pub commits: (u64, u64),
    /// Whether both were made by one pack: else a difference may be one of rules.
    pub same_pack: bool,
    /// Rules whose status is another: id, before, after.
    pub rules: Vec<(String, Status, Status)>,
    /// Findings of the second alone.
    pub new: Vec<Told>,
    /// Findings of the first alone.
    pub gone: Vec<Told>,
    /// Findings of both that read otherwise.
    pub changed: Vec<Changed>,
    /// Rules of which a report did not list every finding, so that this comparison cannot tell.
    pub cut: Vec<String>,
}

/// Findings by what they are about. Several of one rule, node and field (stretches of silence) are told
/// apart by their words.
fn by_subject(report: &Report) -> BTreeMap<(String, String, String, u32), &Finding> {
    let mut found = BTreeMap::new();
    for rule in &report.rules {
        for finding in &rule.findings {
            let mut key = (rule.id.clone(), finding.node_id.clone(), finding.missing.clone(), 0);
            while found.contains_key(&key) {
                key.3 += 1;
            }
            found.insert(key, finding);
        }
    }
    found
}

/// Compares two reports, the earlier one first.
#[must_use]
pub fn compare(before: &Report, after: &Report) -> Comparison {
    let (old, new) = (by_subject(before), by_subject(after));
    let told = |(rule, ..): &(String, String, String, u32), finding: &Finding| Told {
        rule: rule.clone(),
        finding: finding.clone(),
    };
    let statuses: BTreeMap<&str, Status> =
        before.rules.iter().map(|rule| (rule.id.as_str(), rule.status)).collect();
    let rules = after.rules.iter().filter_map(|rule| {
        let was = *statuses.get(rule.id.as_str())?;
        (was != rule.status).then(|| (rule.id.clone(), was, rule.status))
    });
    let differs =
        |a: &Finding, b: &Finding| (a.status, &a.say, &a.waiver) != (b.status, &b.say, &b.waiver);
    let changed = new.iter().filter_map(|(key, after)| {
        let before = old.get(key)?;
        differs(before, after).then(|| Changed {
            rule: key.0.clone(),
            before: (*before).clone(),
            after: (*after).clone(),
        })
    });
    let both = before.rules.iter().chain(&after.rules);
    let mut cut: Vec<String> = both
        .filter(|rule| rule.findings_total > rule.findings.len() as u64)
        .map(|rule| rule.id.clone())
        .collect();
    cut.sort();
    cut.dedup();
    Comparison {
        commits: (before.commit, after.commit),
        same_pack: before.pack_digest == after.pack_digest,
        rules: rules.collect(),
        changed: changed.collect(),
        new: new
            .iter()
            .filter(|(key, _)| !old.contains_key(*key))
            .map(|(k, f)| told(k, f))
            .collect(),
        gone: old
            .iter()
            .filter(|(key, _)| !new.contains_key(*key))
            .map(|(k, f)| told(k, f))
            .collect(),
        cut,
    }
}
