//! A report as SARIF 2.1.0 (OASIS), for programs that show findings of other tools.

use serde_json::{Value as Json, json};

use super::found::Report;
use crate::rules::{Severity, Status};

/// The schema of SARIF 2.1.0.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The report as one run of one tool; what is met or does not apply is no result.
#[must_use]
pub fn sarif(report: &Report) -> Json {
    let rules: Vec<Json> = report
        .rules
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id,
                "shortDescription": { "text": format!("{}: {}", rule.id, rule.article) },
                "fullDescription": { "text": rule.explain },
                "properties": { "basis": rule.basis, "severity": rule.severity, "status": rule.status },
            })
        })
        .collect();
    let results: Vec<Json> = report
        .rules
        .iter()
        .enumerate()
        .flat_map(|(at, rule)| {
            rule.findings.iter().map(move |finding| {
                let level = match (finding.status, rule.severity) {
                    (Status::Waived | Status::Undeclared, _) => "note",
                    (_, Severity::Blocker) => "error",
                    (_, Severity::Major) => "warning",
                    (_, Severity::Minor) => "note",
                };
                let mut result = json!({
                    "ruleId": rule.id, "ruleIndex": at, "level": level,
                    "kind": "fail",
                    "message": { "text": format!("{}: {} (record it: {})", finding.node, finding.say, finding.fix) },
                    "locations": [{ "logicalLocations": [{
                        "fullyQualifiedName": finding.node, "name": finding.missing, "kind": "resource",
                    }] }],
                    "partialFingerprints": {
                        "lineal/v1": format!("{}/{}/{}", rule.id, finding.node_id, finding.missing),
                    },
                    "properties": { "status": finding.status, "missing": finding.missing, "fix": finding.fix },
                });
                if let Some(waiver) = &finding.waiver {
                    let by = waiver.by.join(", ");
                    let until = waiver.until.as_deref().unwrap_or("without end");
                    result["suppressions"] = json!([{
                        "kind": "external", "status": "accepted",
                        "justification": format!("waived by {by} until {until} ({})", waiver.node),
                    }]);
                }
                result
            })
        })
        .collect();
    json!({
        "$schema": SCHEMA, "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "lineal", "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
                "properties": {
                    "pack": report.pack, "version": report.version, "digest": report.pack_digest,
                },
            } },
            "results": results,
            "properties": {
                "system": report.system, "commit": report.commit, "recorded": report.recorded,
                "checkpoint": report.checkpoint, "disclaimer": report.disclaimer,
                "not_covered": report.not_covered, "counts": report.counts(),
            },
        }],
    })
}
