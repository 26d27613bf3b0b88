//! The evaluation: rule by rule, check by check.

use std::collections::BTreeSet;

use lineal_engine::schema::Kind;
use lineal_engine::{NodeNo, Store};
use lineal_query::told::quoted;
use lineal_query::{Source, StoreView};

use super::ask::{Asker, bare, node_of, time_text};
use super::built_in::{self, Offence};
use super::found::{FINDINGS_MAX, Finding, Report, RuleResult};
use super::scope::{Applies, applies, strange};
use super::waivers::Waivers;
use super::{Error, Part, Wanted, header};
use crate::own_events::view_of;
use crate::record::closed;
use crate::rules::{Check, Form, Pack, Rule, Status, Timeline};

/// Evaluates a pack over a view of a store.
///
/// # Errors
/// [`Error::Unknown`] if what it is to be about is not recorded, [`Error::Cut`] if a question reached a
/// bound, [`Error::Ended`] where the part says so, and what the store says.
pub fn check(
    store: &Store,
    view: &StoreView,
    pack: &Pack,
    wanted: &Wanted,
) -> Result<Report, Error> {
    check_part(store, view, view, pack, wanted)
}

/// The same for one who may see a part of the view alone: what rules ask about, and what they find, is of
/// that part. Without a system the tests that are built in look at the whole view, so name one.
///
/// # Errors
/// As [`check`]; of what is not in the part nothing is known.
pub fn check_part(
    store: &Store,
    view: &StoreView,
    part: &dyn Part,
    pack: &Pack,
    wanted: &Wanted,
) -> Result<Report, Error> {
    let known = |kind, name: &Option<String>| known(view, part, kind, name.as_deref());
    let system = known(Kind::System, &wanted.system)?;
    known(Kind::Model, &wanted.model)?;
    known(Kind::Deployment, &wanted.deployment)?;
    if pack.needs_system() && system.is_none() {
        return Err(Error::NoSystemNamed { pack: pack.head.id.clone() });
    }
    // Where a deployment served several systems, the events of this one alone are judged.
    let own = system.map(|system| view_of(view, system)).transpose()?;
    let own = own.filter(|own| own.snapshot().leaves_others_out());
    let narrowed = own.as_ref().map(|own| (own, part.with_events_of(own)));
    let (view, part) = match &narrowed {
        Some((view, part)) => (*view, &**part),
        None => (view, part),
    };
    let mut asker = Asker::new(view, part, pack, wanted);
    let waivers = Waivers::read(&mut asker)?;
    let declared = system.map(|system| header::declared(&asker, system)).transpose()?;
    let checkpoint = header::checkpoint(store, view.commit())?;
    let annex = declared.as_ref().and_then(|declared| declared.annex_point.clone());
    let annex = annex.filter(|point| closed::is_word("annex_point", point));
    let mut rules = Vec::with_capacity(pack.rules.len());
    for rule in &pack.rules {
        asker.go_on()?;
        let mut judge = Judge { store, asker: &mut asker, waivers: &waivers, system, rule };
        let mut result = judge.judge()?;
        result.applies_from = applies_from(pack, rule, annex.as_deref());
        rules.push(result);
    }
    let name = |node: Option<NodeNo>| node.map(|node| view.snapshot().name_of(node));
    Ok(Report {
        pack: pack.head.id.clone(),
        version: pack.head.version.clone(),
        pack_digest: pack.digest.to_string(),
        law: pack.head.law.clone(),
        system: name(system),
        model: wanted.model.clone(),
        deployment: wanted.deployment.clone(),
        commit: view.commit(),
        recorded: time_text(view.recorded()),
        today: time_text(wanted.now),
        checkpoint: checkpoint.map(|(size, _)| size),
        stamped: checkpoint.and_then(|(_, stamped)| stamped).map(time_text),
        declared,
        rules,
        disclaimer: pack.head.disclaimer.clone(),
        not_covered: pack.head.not_covered.clone(),
    })
}

/// The node of a name, or why there is none. A name that fits several versions of a model is none node,
/// and is known.
fn known(
    view: &StoreView,
    part: &dyn Part,
    kind: Kind,
    name: Option<&str>,
) -> Result<Option<NodeNo>, Error> {
    let Some(name) = name else { return Ok(None) };
    Ok(named(view, part, kind, name)?.first().copied())
}

/// The nodes that a name fits, or why there is none.
pub(super) fn named(
    view: &StoreView,
    part: &dyn Part,
    kind: Kind,
    name: &str,
) -> Result<Vec<NodeNo>, Error> {
    let name = lineal_engine::unquoted(bare(kind.name(), name));
    let mut found = view.snapshot().find(Some(kind), &name);
    found.retain(|node| part.sees(*node));
    if found.is_empty() {
        let near = match part.is_whole() {
            true => view.snapshot().near(Some(kind), &name),
            false => Vec::new(),
        };
        let near = match near.is_empty() {
            true => String::new(),
            false => format!("; did you mean {}?", near.join(", ")),
        };
        let commit = view.snapshot().commit();
        return Err(Error::Unknown { kind: kind.name(), name, commit, near });
    }
    Ok(found)
}

/// What stands in the place of a day that the law does not give.
const SEE_COUNSEL: &str = "see counsel";

fn applies_from(pack: &Pack, rule: &Rule, annex: Option<&str>) -> Vec<(String, String)> {
    let fits = |wanted: &Option<String>| match (wanted, annex) {
        (Some(wanted), Some(annex)) => annex.split('.').next() == Some(wanted.as_str()),
        _ => true,
    };
    let rows =
        pack.timeline.iter().filter(|row| rule.applies.contains(&row.id) && fits(&row.annex));
    let day = |row: &Timeline| match &row.applies_from {
        Some(day) => day.to_string(),
        None => SEE_COUNSEL.to_owned(),
    };
    rows.map(|row| (day(row), row.source.clone())).collect()
}

/// The evaluation of one rule.
struct Judge<'j, 'a> {
    store: &'j Store,
    asker: &'j mut Asker<'a>,
    waivers: &'j Waivers,
    system: Option<NodeNo>,
    rule: &'j Rule,
}

impl Judge<'_, '_> {
    fn judge(&mut self) -> Result<RuleResult, Error> {
        let rule = self.rule;
        let mut result = RuleResult {
            id: rule.id.clone(),
            article: rule.article.clone(),
            basis: rule.basis,
            severity: rule.severity,
            status: Status::Met,
            why: None,
            subjects: 0,
            findings_total: 0,
            findings: Vec::new(),
            cannot_tell: 0,
            applies_from: Vec::new(),
            explain: rule.explain.clone(),
        };
        match applies(self.asker, rule)? {
            Applies::No(why) => {
                (result.status, result.why) = (Status::NotApplicable, Some(why));
            }
            Applies::Undeclared(system, fields) => {
                let why = format!("not declared: {}", fields.join(", "));
                (result.status, result.why) = (Status::Undeclared, Some(why));
                for field in fields {
                    let finding = self.undeclared(system, &field)?;
                    note(&mut result, finding);
                }
            }
            Applies::To { subjects, excluded, undeclared } => {
                result.subjects = subjects.len() as u64;
                self.checks(&mut result, &subjects, &excluded)?;
                for (node, field) in undeclared {
                    let finding = self.undeclared(node, &field)?;
                    note(&mut result, finding);
                }
            }
        }
        Ok(result)
    }

    fn checks(
        &mut self,
        result: &mut RuleResult,
        subjects: &BTreeSet<NodeNo>,
        excluded: &BTreeSet<NodeNo>,
    ) -> Result<(), Error> {
        if subjects.is_empty() {
            return Ok(());
        }
        let rule = self.rule;
        for check in &rule.checks {
            let offences = match &check.form {
                Form::Question(question) => {
                    let answer = self.asker.ask(&rule.id, question, &rule.params)?;
                    let told = answer.completeness.reason_count;
                    result.cannot_tell = result.cannot_tell.saturating_add(told);
                    let rows = answer.rows.iter().filter_map(|row| {
                        let node = node_of(row.first()?)?;
                        (!excluded.contains(&node)).then_some((node, row))
                    });
                    let approved = check.unless_approved.as_deref();
                    let approved = approved
                        .and_then(|name| answer.columns.iter().position(|it| it.name == name));
                    let mut offences: Vec<Offence> = Vec::new();
                    for (node, row) in rows {
                        if let Some(of) = approved.and_then(|at| node_of(row.get(at)?))
                            && self.asker.is_approved(self.store, of)?
                        {
                            continue;
                        }
                        // Rows beyond what is listed are counted and not named.
                        if offences.len() + result.findings.len() >= FINDINGS_MAX {
                            offences.push(Offence::unnamed(node));
                            continue;
                        }
                        let columns = answer.columns.iter().zip(row);
                        let values = columns
                            .map(|(column, value)| (column.name.clone(), self.asker.text(value)));
                        let values = values.collect();
                        offences.push(Offence { node, most: None, say: None, values });
                    }
                    offences
                }
                Form::BuiltIn(test) => {
                    let subjects: Vec<NodeNo> = subjects.iter().copied().collect();
                    let found =
                        built_in::run(*test, self.store, self.asker, rule, check, &subjects)?;
                    let untold = self.asker.take_untold();
                    result.cannot_tell = result.cannot_tell.saturating_add(untold);
                    found
                }
            };
            for offence in offences {
                match result.findings.len() < FINDINGS_MAX {
                    true => {
                        let finding = self.finding(check, &offence);
                        note(result, finding);
                    }
                    false => {
                        result.findings_total += 1;
                        result.status = result.status.max(self.status(check, &offence));
                    }
                }
            }
        }
        Ok(())
    }

    fn status(&self, check: &Check, offence: &Offence) -> Status {
        match self.waivers.of(&self.rule.id, offence.node, self.system) {
            Some(_) => Status::Waived,
            None => offence.most.map_or(check.status, |most| most.min(check.status)),
        }
    }

    fn finding(&self, check: &Check, offence: &Offence) -> Finding {
        let waiver = self.waivers.of(&self.rule.id, offence.node, self.system).cloned();
        let say = offence.say.clone().unwrap_or_else(|| self.filled(&check.say, offence, false));
        Finding {
            status: self.status(check, offence),
            node: self.asker.name(offence.node),
            node_id: self.asker.snapshot().node_id(offence.node).to_string(),
            missing: check.missing.clone(),
            say,
            fix: self.filled(&check.fix, offence, true),
            waiver,
        }
    }

    fn undeclared(&self, node: NodeNo, field: &str) -> Result<Finding, Error> {
        let name = self.asker.name(node);
        let why = strange(self.asker, node, field)?;
        let why = why.unwrap_or_else(|| format!("{field} is not declared"));
        let say = format!("{why}, so nobody can say whether the rule applies");
        let fix = if self.asker.snapshot().kind_of(node) != Kind::System {
            format!("lineal declare node {} {field}=... --by WHO", quoted(&name))
        } else if field == "role" {
            format!("lineal declare role {} provider --by WHO", quoted(bare("system", &name)))
        } else {
            format!("lineal declare scope {} {field}=... --by WHO", quoted(bare("system", &name)))
        };
        Ok(Finding {
            status: Status::Undeclared,
            node: name,
            node_id: self.asker.snapshot().node_id(node).to_string(),
            missing: field.to_owned(),
            say,
            fix,
            waiver: None,
        })
    }

    /// Words with their places filled, for a shell where they are a command.
    fn filled(&self, words: &str, offence: &Offence, for_shell: bool) -> String {
        let mut filled = String::new();
        let mut rest = words;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let Some((name, behind)) = after.split_once('}') else { break };
            match self.value(name, offence) {
                Some(value) if for_shell => filled.push_str(&quoted(&value)),
                Some(value) => filled.push_str(&value),
                None => filled.push_str(&name.to_uppercase()),
            }
            rest = behind;
        }
        filled + rest
    }

    fn value(&self, name: &str, offence: &Offence) -> Option<String> {
        let system = || self.system.map(|system| self.asker.name(system));
        if let Some((_, value)) = offence.values.iter().find(|(column, _)| column == name) {
            return Some(value.clone());
        }
        match name {
            "node" => Some(self.asker.name(offence.node)),
            "system" => Some(bare("system", &system()?).to_owned()),
            "system_node" => system(),
            name => self.rule.params.get(name).map(f64::to_string),
        }
    }
}

/// Adds a finding.
fn note(result: &mut RuleResult, finding: Finding) {
    result.status = result.status.max(finding.status);
    result.findings_total += 1;
    if result.findings.len() < FINDINGS_MAX {
        result.findings.push(finding);
    }
}
