//! Does a rule apply? Only what a named person declared can say so.

use std::collections::{BTreeMap, BTreeSet};

use lineal_engine::NodeNo;

use super::Error;
use super::ask::Asker;
use crate::record::closed;
use crate::rules::Rule;
use lineal_proof::Value;

/// Whether a rule applies, and to what.
pub(super) enum Applies {
    /// It does not: in words why.
    No(String),
    /// Nobody can say: these fields of the system are not declared.
    Undeclared(NodeNo, Vec<String>),
    /// To these subjects; of the others a field is not declared.
    To { subjects: BTreeSet<NodeNo>, excluded: BTreeSet<NodeNo>, undeclared: Vec<(NodeNo, String)> },
}

/// What a condition comes to, of the things of which it can be said.
struct Said {
    holds: BTreeSet<NodeNo>,
    unknown: BTreeSet<NodeNo>,
}

fn said(
    asker: &mut Asker<'_>,
    rule: &Rule,
    set: &str,
    (field, condition): (&str, &str),
) -> Result<Said, Error> {
    let kind = asker.pack.set(set).map_or("node", |set| set.kind.name());
    let holds = format!("find {kind} where it in {set} and {field} is not null and ({condition})");
    let unknown = format!("find {kind} where it in {set} and {field} is null");
    let mut said = Said {
        holds: asker.nodes(&rule.id, &holds, &rule.params)?.into_iter().collect(),
        unknown: asker.nodes(&rule.id, &unknown, &rule.params)?.into_iter().collect(),
    };
    for node in asker.members(set)?.iter() {
        // Of several words one may be enough.
        let is_settled = said.holds.contains(node) && closed::words_of(field).is_some();
        if !is_settled && strange(asker, *node, field)?.is_some() {
            said.holds.remove(node);
            said.unknown.insert(*node);
        }
    }
    Ok(said)
}

/// That something is recorded in a field which is none of the words that it may have, in words: an import may
/// bring any. Nobody can say what it means, so it decides nothing.
pub(super) fn strange(
    asker: &Asker<'_>,
    node: NodeNo,
    field: &str,
) -> Result<Option<String>, Error> {
    let Some(expected) = closed::expected(field) else { return Ok(None) };
    let recorded = asker.snapshot().field(node, field)?;
    let words = match &recorded {
        Some(Value::List(words)) => words.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let mut words = words.iter().filter_map(Value::as_text);
    let strange = words.find(|word| !closed::is_word(field, word));
    let told = |word| format!("{field} is recorded as `{word}`, where {expected} is expected");
    Ok(strange.map(told))
}

/// The set that holds the system of a report.
const SYSTEMS: &str = "systems";

pub(super) fn applies(asker: &mut Asker<'_>, rule: &Rule) -> Result<Applies, Error> {
    let mut undeclared = Vec::new();
    let systems = asker.members(SYSTEMS)?;
    for (field, condition) in &rule.scope.system {
        let said = said(asker, rule, SYSTEMS, (field, condition))?;
        if let Some(system) = systems.iter().find(|node| !said.holds.contains(node)) {
            if !said.unknown.contains(system) {
                let name = asker.name(*system);
                let why =
                    format!("the declared {field} of {name} is outside `{}`", rule.scope.name);
                return Ok(Applies::No(why));
            }
            undeclared.push(field.clone());
        }
    }
    if let (Some(system), false) = (systems.first(), undeclared.is_empty()) {
        return Ok(Applies::Undeclared(*system, undeclared));
    }
    let members = asker.members(&rule.subject)?;
    let kind = asker.pack.set(&rule.subject).map_or("node", |set| set.kind.name());
    if members.is_empty() {
        return Ok(Applies::No(format!("no {kind} to ask about is recorded")));
    }
    let mut subjects: BTreeSet<NodeNo> = members.iter().copied().collect();
    let mut excluded = BTreeSet::new();
    let mut unknown: BTreeMap<NodeNo, String> = BTreeMap::new();
    for (field, condition) in &rule.scope.subject {
        let said = said(asker, rule, &rule.subject, (field, condition))?;
        for node in members.iter().filter(|node| !said.holds.contains(node)) {
            subjects.remove(node);
            if said.unknown.contains(node) {
                unknown.entry(*node).or_insert_with(|| field.clone());
            }
            excluded.insert(*node);
        }
        // What another condition rules out needs no declaration of this one.
        unknown.retain(|node, other| {
            *other == *field || said.holds.contains(node) || said.unknown.contains(node)
        });
    }
    if subjects.is_empty() && unknown.is_empty() {
        return Ok(Applies::No(format!(
            "no {kind} is declared to be within `{}`",
            rule.scope.name
        )));
    }
    Ok(Applies::To { subjects, excluded, undeclared: unknown.into_iter().collect() })
}
