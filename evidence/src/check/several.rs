//! Several reports in one file: what a system is asked for, and what is recorded held against itself.

use serde_json::{Value as Json, json};

use super::{Report, junit, sarif};

/// What a file of XML begins with.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Reports as one log of SARIF 2.1.0, a run each.
#[must_use]
pub fn sarif_log(reports: &[Report]) -> Json {
    let mut whole = json!(null);
    let mut runs = Vec::new();
    for report in reports {
        let mut one = sarif(report);
        runs.extend(one["runs"].as_array_mut().map(std::mem::take).unwrap_or_default());
        whole = one;
    }
    whole["runs"] = json!(runs);
    whole
}

/// Reports as one file of JUnit's XML, a suite each.
#[must_use]
pub fn junit_suites(reports: &[Report]) -> String {
    if let [report] = reports {
        return junit(report);
    }
    let suites: String =
        reports.iter().map(|report| junit(report).replacen(DECLARATION, "", 1)).collect();
    format!("{DECLARATION}<testsuites>\n{suites}</testsuites>\n")
}
