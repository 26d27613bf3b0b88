//! A report as JUnit's XML, which programs for continuous integration show.

use std::fmt::Write as _;

use super::found::Report;
use crate::rules::Status;

/// One test case a rule: a failure where something is missing or contradicts, skipped where the rule does
/// not apply, is waived, or nobody can say.
#[must_use]
pub fn junit(report: &Report) -> String {
    let count = |status: Status| report.rules.iter().filter(|rule| rule.status == status).count();
    let failures = count(Status::Gap) + count(Status::Conflict);
    let skipped = count(Status::NotApplicable) + count(Status::Waived) + count(Status::Undeclared);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let name = format!("{} {}", report.pack, report.system.as_deref().unwrap_or("the store"));
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\" timestamp=\"{}\">",
        escaped(&name),
        report.rules.len(),
        escaped(report.today.trim_end_matches('Z')),
    );
    for rule in &report.rules {
        let _ = write!(
            out,
            "  <testcase classname=\"{}\" name=\"{}\"",
            escaped(&report.pack),
            escaped(&format!("{} {}", rule.id, rule.article))
        );
        let lines = || {
            let listed = rule.findings.iter().map(|finding| {
                format!(
                    "{} {}: {} | record it: {}",
                    finding.status.name(),
                    finding.node,
                    finding.say,
                    finding.fix
                )
            });
            listed.collect::<Vec<_>>().join("\n")
        };
        let _ = match rule.status {
            Status::Met => writeln!(out, "/>"),
            Status::Gap | Status::Conflict => writeln!(
                out,
                "><failure type=\"{}\" message=\"{} {}\">{}</failure></testcase>",
                rule.status.name(),
                rule.severity.name(),
                rule.findings_total,
                escaped(&lines())
            ),
            other => writeln!(
                out,
                "><skipped message=\"{}\"/></testcase>",
                escaped(&format!("{}: {}", other.name(), rule.why.clone().unwrap_or_else(lines)))
            ),
        };
    }
    out.push_str("</testsuite>\n");
    out
}

/// Text for XML 1.0; signs that it cannot hold become U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c if c < ' ' || c == '\u{fffe}' || c == '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
