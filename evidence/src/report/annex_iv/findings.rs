//! The findings of the check that belong to a point.

use super::{Maker, words};
use crate::check::{Finding, RuleResult, quoted};
use crate::report::document::{Block, Gap, Lack, Reference, Section, Sentence};
use crate::report::order::Point;
use crate::rules::Status;
use lineal_engine::schema::Kind;
use lineal_engine::unquoted;
use std::collections::BTreeMap;

/// Most findings of one rule that a point lists; the check lists all.
const FINDINGS_MAX: usize = 20;

impl Maker<'_> {
    pub(super) fn found(&self, point: &Point) -> Option<Section> {
        let report = self.report?;
        let rules = report.rules.iter().filter(|rule| point.rules.contains(&rule.id));
        let mut met = Vec::new();
        let mut gaps = Vec::new();
        let mut undeclared: BTreeMap<(&str, &str), (&Finding, Vec<&str>)> = BTreeMap::new();
        for rule in rules {
            match rule.status {
                Status::Met => met.push(self.closed(rule, "met")),
                Status::NotApplicable => met.push(self.closed(rule, "not applicable")),
                _ => {}
            }
            for finding in rule.findings.iter().take(FINDINGS_MAX) {
                if finding.status == Status::Undeclared {
                    let same = undeclared.entry((&finding.node, &finding.missing));
                    same.or_insert((finding, Vec::new())).1.push(&rule.id);
                } else {
                    gaps.push(self.finding(rule, finding));
                }
            }
            let left = rule.findings_total.saturating_sub(FINDINGS_MAX as u64);
            if left > 0 {
                let say = Sentence::from(format!("{} more findings, of ", words::thousands(left)));
                let system = self.system();
                let fix = format!("lineal check {} --json", quoted(&system.name));
                let gap = Gap::new(Lack::Gap, say.node(system));
                gaps.push(gap.rule(rule.id.as_str()).fix(fix));
            }
            if rule.cannot_tell > 0 {
                let count = words::counted(rule.cannot_tell, "reference");
                let say = Sentence::from(format!(
                    "{count} on the way cannot be told (nothing or several things fit, or events are erased or \
                     restricted), of "
                ));
                let gap = Gap::new(Lack::CannotTell, say.node(self.system()));
                gaps.push(gap.rule(rule.id.as_str()));
            }
        }
        for (finding, rules) in undeclared.into_values() {
            let say = Sentence::new()
                .node(self.named(&finding.node, &finding.node_id))
                .text(": ")
                .code(finding.missing.as_str())
                .text(" is not declared, so nobody can say whether these rules apply");
            let gap = Gap::new(Lack::Undeclared, say).rule(rules.join(", "));
            gaps.push(gap.fix(finding.fix.as_str()));
        }
        if met.is_empty() && gaps.is_empty() {
            return None;
        }
        let section = Section::new("Findings of the check");
        Some(section.block(Block::Gaps(gaps)).block(Block::List(met)))
    }

    fn system(&self) -> Reference {
        self.reference(self.systems.first().copied().unwrap_or(self.subject))
    }

    /// A rule that asks for nothing more.
    fn closed(&self, rule: &RuleResult, status: &str) -> Sentence {
        let begin = format!("{} ({}): {status}", rule.id, rule.article);
        match &rule.why {
            Some(why) => {
                Sentence::from(format!("{begin} to ")).node(self.system()).text(format!("; {why}."))
            }
            None => {
                let asked = words::counted(rule.subjects, "thing");
                let say = Sentence::from(format!("{begin}, asked of {asked} of "));
                say.node(self.system()).text(".")
            }
        }
    }

    fn finding(&self, rule: &RuleResult, finding: &Finding) -> Gap {
        let lack = match finding.status {
            Status::Conflict => Lack::Conflict,
            Status::Undeclared => Lack::Undeclared,
            Status::Waived => Lack::Waived,
            Status::Met | Status::NotApplicable | Status::Gap => Lack::Gap,
        };
        let mut say = Sentence::new()
            .node(self.named(&finding.node, &finding.node_id))
            .text(format!(": {} (", finding.say))
            .code(finding.missing.as_str())
            .text(")");
        if let Some(waiver) = &finding.waiver {
            let until = waiver.until.as_deref().unwrap_or("no end is recorded");
            say = say.text(format!("; waived until {until} by "));
            say = say.node(self.named(&waiver.node, ""));
        }
        let gap = Gap::new(lack, say).rule(format!("{}, {}", rule.id, rule.article));
        match lack {
            Lack::Waived => gap,
            _ => gap.fix(finding.fix.as_str()),
        }
    }

    /// The node that a finding names.
    fn named(&self, name: &str, id: &str) -> Reference {
        let view = self.snapshot();
        let split = name.split_once(':');
        let found = split.and_then(|(kind, key)| {
            let nodes = view.find(Kind::parse(kind), &unquoted(key));
            let is_it = |node: &lineal_engine::NodeNo| {
                id.is_empty() || view.node_id(*node).to_string() == id
            };
            nodes.into_iter().find(is_it)
        });
        match found {
            Some(node) => self.reference(node),
            None => Reference { name: name.to_owned(), id: id.to_owned(), ..Reference::default() },
        }
    }
}
