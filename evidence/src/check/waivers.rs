//! Waivers: who decided to leave a finding as it is, and until when.

use std::collections::BTreeMap;

use lineal_engine::NodeNo;
use lineal_query::Value;

use super::Error;
use super::ask::{Asker, node_of, time_text};
use super::found::Waiver;

/// The waivers that are recorded.
const QUESTION: &str = "find approval as a approves node as n where a.decision = \"waived\" and \
     a.rule is not null and (a.expires is null or a.expires > now()) \
     return a, n, a.rule as rule, a.expires as expires, list(find actor did a) as persons";

/// Waivers by rule and node.
pub(super) struct Waivers {
    known: BTreeMap<(String, NodeNo), Waiver>,
}

impl Waivers {
    pub(super) fn read(asker: &mut Asker<'_>) -> Result<Waivers, Error> {
        let answer = asker.ask("waivers", QUESTION, &BTreeMap::new())?;
        let mut known = BTreeMap::new();
        for row in &answer.rows {
            let [approval, node, Value::Text(rule), expires, persons] = row.as_slice() else {
                continue;
            };
            let (Some(approval), Some(node)) = (node_of(approval), node_of(node)) else { continue };
            let by = match persons {
                Value::List(persons) => persons.iter().map(|person| asker.text(person)).collect(),
                _ => Vec::new(),
            };
            let until = match expires {
                Value::Time(until) => Some(time_text(*until)),
                _ => None,
            };
            // A waiver is a person's: one that names nobody waives nothing.
            if !by.is_empty() {
                let waiver = Waiver { node: asker.name(approval), by, until };
                known.insert((rule.clone(), node), waiver);
            }
        }
        Ok(Waivers { known })
    }

    /// The waiver of a finding: over its node, or over the whole system.
    pub(super) fn of(&self, rule: &str, node: NodeNo, system: Option<NodeNo>) -> Option<&Waiver> {
        let over = |node| self.known.get(&(rule.to_owned(), node));
        over(node).or_else(|| system.and_then(over))
    }
}
