//! Words that lead nowhere if they are mistyped: the rule that a waiver is of, which must be one, and the type of
//! a document, which may be any, as a rule file of one's own may ask for it.

use super::closed::nearest;
use super::error::{Error, Result};
use crate::rules::Pack;

/// The name of a rule file that came with a statement, in messages.
const GIVEN: &str = "the rule file";
/// Types of documents that the rules, the reports and the packs which come with the program ask for or make; a
/// test holds them to the files of rules.
const DOCUMENT_TYPES: [&str; 43] = [
    "access_record",
    "attestation",
    "bias_examination",
    "change_log",
    "check_result",
    "classification",
    "copyright_policy",
    "cyber_conformity",
    "data_sheet",
    "design_specification",
    "downstream_information",
    "dpia",
    "dpia_not_required",
    "eu_declaration",
    "evidence_pack",
    "fria",
    "fria_not_required",
    "gpai_technical",
    "input_specification",
    "instructions_for_use",
    "limitations",
    "logging_policy",
    "metric_rationale",
    "ml-bom",
    "model_card",
    "model_signature",
    "notice_to_persons",
    "notified_body_change",
    "notified_body_decision",
    "oversight_assessment",
    "oversight_measures",
    "own_solutions",
    "post_market_plan",
    "qms",
    "risk_assessment",
    "risk_management",
    "rule_pack",
    "security_test",
    "standards",
    "strict_necessity",
    "supplier_agreement",
    "technical_documentation",
    "training_content_summary",
];

/// Refuses a rule that is in no file of rules: those that come with the program, and the text of one that
/// is given. A waiver of it would waive nothing, in silence.
///
/// # Errors
/// [`Error::NoRule`], or [`Error::Rules`] if a file cannot be read.
pub(super) fn hold_rule(rule: &str, given: Option<&str>) -> Result<()> {
    let mut packs = vec![Pack::eu_ai_act()?, Pack::reconcile()?];
    if let Some(text) = given {
        packs.push(Pack::read(text, GIVEN)?);
    }
    let ids: Vec<&str> =
        packs.iter().flat_map(|pack| &pack.rules).map(|rule| rule.id.as_str()).collect();
    if ids.contains(&rule) {
        return Ok(());
    }
    let hint =
        nearest(rule, &ids).map_or_else(String::new, |near| format!("; did you mean {near}?"));
    Err(Error::NoRule { found: rule.to_owned(), hint })
}

/// What is to be said of a type of documents that nothing which comes with the program reads.
#[must_use]
pub(super) fn about_type(found: &str) -> Option<String> {
    let found = found.trim();
    if DOCUMENT_TYPES.contains(&found) {
        return None;
    }
    let near = nearest(found, &DOCUMENT_TYPES);
    let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    Some(format!(
        "no rule and no report that comes with the program asks for documents of type `{found}`, so this one answers none{hint}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Words between double quotes.
    fn quoted(text: &str) -> impl Iterator<Item = &str> {
        text.split('"').skip(1).step_by(2)
    }

    /// Types of documents that a file of rules names.
    fn types(rules: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        for line in rules.lines() {
            if let Some(listed) = line.strip_prefix("documents = [") {
                found.extend(quoted(listed));
            }
            for part in line.split("document[type=").skip(1) {
                found.extend(part.split(']').next());
            }
            // Of documents; `.type` of others stands beside another kind.
            for part in line.split("documents ").skip(1) {
                for asked in part.split(".type = \"").skip(1) {
                    found.extend(asked.split('"').next());
                }
                for asked in part.split(".type in [").skip(1) {
                    found.extend(asked.split(']').next().into_iter().flat_map(quoted));
                }
            }
        }
        found
    }

    #[test]
    fn each_type_that_the_rules_ask_for_is_known() {
        let files = [
            include_str!("../../../rules/eu-ai-act.toml"),
            include_str!("../../../rules/reconcile.toml"),
            include_str!("../../../rules/release.toml"),
            include_str!("../../../rules/annex-iv.toml"),
            include_str!("../../../rules/reports.toml"),
        ];
        let asked: BTreeSet<&str> = files.into_iter().flat_map(types).collect();
        let unknown: Vec<&&str> = asked.iter().filter(|it| about_type(it).is_some()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        assert!(asked.len() > 30, "{asked:?}");
    }

    #[test]
    fn a_type_that_nothing_asks_for_is_told_with_the_nearest() {
        for (found, near) in [
            ("risk-management", Some("risk_management")),
            ("Risk_Management", Some("risk_management")),
            ("post_market_plans", Some("post_market_plan")),
            ("FRIA", Some("fria")),
            ("minutes of the board", None),
        ] {
            let said = about_type(found).unwrap();
            assert_eq!(said.contains("did you mean"), near.is_some(), "{said}");
            assert!(near.is_none_or(|near| said.contains(&format!("mean {near}?"))), "{said}");
        }
        assert_eq!(about_type("risk_management"), None);
    }

    #[test]
    fn a_rule_is_one_of_the_files() {
        for right in ["LOG-04", "REC-08"] {
            assert!(hold_rule(right, None).is_ok(), "{right}");
        }
        for (wrong, near) in [("log-04", "LOG-04"), ("LOG4", "LOG-04"), ("REC_08", "REC-08")] {
            let error = hold_rule(wrong, None).unwrap_err().to_string();
            assert!(error.contains(&format!("did you mean {near}?")), "{error}");
        }
        let own = include_str!("../../../rules/reconcile.toml").replace("REC-08", "OWN-1");
        assert!(hold_rule("OWN-1", None).is_err() && hold_rule("OWN-1", Some(&own)).is_ok());
        assert!(matches!(hold_rule("OWN-1", Some("[pack")), Err(Error::Rules(_))));
    }
}
