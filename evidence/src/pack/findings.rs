//! `findings.json`: what the rules came to as of the checkpoint, with the digest of each file of rules.

use super::making::Making;
use super::{Error, Files};
use crate::check::{Report, Wanted, check, time_text};
use crate::rules;
use lineal_engine::schema::Kind;
use serde_json::{Value as Json, json};

/// What the rules came to.
pub(super) struct Findings {
    pub(super) reports: Vec<Report>,
    /// What was not asked, and why.
    pub(super) not_asked: Vec<String>,
}

/// Asks the rules, and adds the file.
pub(super) fn add(making: &Making<'_>, files: &mut Files) -> Result<Findings, Error> {
    let root = making.closure.root();
    let own = |kind: Kind| (root.kind == kind).then(|| root.name.clone());
    let systems: Vec<String> =
        making.closure.of_kind(Kind::System).map(|(_, member)| member.name.clone()).collect();
    let wanted = |system: Option<&String>| Wanted {
        system: system.cloned(),
        model: own(Kind::Model),
        deployment: own(Kind::Deployment),
        now: making.today,
    };
    let (mut reports, mut not_asked) = (Vec::new(), Vec::new());
    let law = rules::Pack::eu_ai_act()?;
    for system in &systems {
        reports.push(check(making.store, &making.view, &law, &wanted(Some(system)))?);
    }
    if systems.is_empty() {
        not_asked.push(format!(
            "the rules of {}: they are about a system, and none is recorded that this belongs to \
             (`lineal declare node NODE --belongs-to SYSTEM` records one)",
            law.head.id
        ));
    }
    let own_records = rules::Pack::reconcile()?;
    // Without anything to narrow it they would be about the whole store, and other systems in it.
    let narrow = wanted(systems.first());
    if narrow.system.is_some() || narrow.model.is_some() || narrow.deployment.is_some() {
        let several =
            if systems.is_empty() { vec![None] } else { systems.iter().map(Some).collect() };
        for system in several {
            reports.push(check(making.store, &making.view, &own_records, &wanted(system))?);
        }
    } else {
        not_asked
            .push(format!("the rules of {}: nothing narrows them to this", own_records.head.id));
    }
    let names = if making.disclosure.withholds() {
        let by_keys = reports.iter().map(|report| report.without_people(making.snapshot()));
        reports = by_keys.collect();
        "withheld: persons stand by their keys"
    } else {
        "as the store can open them"
    };
    let told: Json = reports.iter().map(Report::json).collect();
    files.json(
        "findings.json",
        &json!({
            "today": time_text(making.today), "names_of_persons": names, "reports": told,
            "not_asked": not_asked,
        }),
    )?;
    Ok(Findings { reports, not_asked })
}
