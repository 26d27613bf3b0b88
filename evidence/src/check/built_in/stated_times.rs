//! Times that are stated: long after they are said to have been, or before they come.

use std::collections::BTreeMap;

use lineal_engine::{NodeNo, Store};
use lineal_proof::Value;

use super::Offence;
use crate::check::Error;
use crate::check::ask::{Asker, DAY, time_text};
use crate::record::SOURCE;
use crate::record::done::done_of;
use crate::rules::Rule;

/// How many days later a statement is recorded in time, where a rule says it.
const LATE_DAYS: &str = "late_days";
/// When it happened, as the source says: a field of every kind.
const TIME: &str = "time";

/// How much later than a time that it claims a statement is still recorded in time, ns.
#[expect(clippy::cast_possible_truncation, reason = "days in ns; out of range is cut at its end")]
pub(super) fn late_after(rule: &Rule) -> i64 {
    (rule.params.get(LATE_DAYS).copied().unwrap_or(7.0) * DAY as f64) as i64
}

/// The times that people state of a node now in some fields, each with since when that is recorded.
///
/// A later statement holds the earlier ones again, so the time of the newest record tells nothing: what counts
/// is the first record of those that claim this time.
pub(super) fn claims(
    store: &Store,
    asker: &Asker<'_>,
    node: NodeNo,
    fields: &[&'static str],
) -> Result<BTreeMap<&'static str, (i64, i64)>, Error> {
    let snapshot = asker.snapshot();
    let mut claims: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    if !snapshot.sources_of(node).iter().any(|(source, _)| *source == SOURCE) {
        return Ok(claims);
    }
    for revision in store.revisions(snapshot, node).iter().filter(|it| it.source == SOURCE) {
        let (_, said) = snapshot.read_revision(revision)?;
        for field in fields.iter().copied() {
            let Some(claimed) = said.get(field).and_then(Value::as_i64) else {
                claims.remove(field);
                continue;
            };
            let is_held = claims.get(field).is_some_and(|(before, _)| *before == claimed);
            if !is_held {
                claims.insert(field, (claimed, revision.recorded));
            }
        }
    }
    Ok(claims)
}

/// Subjects of which people state that something was done long before they stated it.
pub(super) fn late(
    store: &Store,
    asker: &Asker<'_>,
    rule: &Rule,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let most = late_after(rule);
    let mut offences = Vec::new();
    for node in subjects {
        asker.go_on()?;
        let fields: Vec<&str> = done_of(asker.snapshot().kind_of(*node)).collect();
        let claims = claims(store, asker, *node, &fields)?;
        let late = claims
            .into_iter()
            .filter(|(_, (claimed, taken))| taken.saturating_sub(*claimed) > most);
        let late: Vec<String> = late
            .map(|(field, (claimed, taken))| {
                format!(
                    "{field} claims {} and is recorded since {}",
                    time_text(claimed),
                    time_text(taken)
                )
            })
            .collect();
        if !late.is_empty() {
            let say = format!("{}: that it was so is shown only since then", late.join("; "));
            offences.push(Offence::said(*node, say));
        }
    }
    Ok(offences)
}

/// Subjects of which something is said to be done, or to have happened, at a time that is still to come.
pub(super) fn to_come(asker: &Asker<'_>, subjects: &[NodeNo]) -> Result<Vec<Offence>, Error> {
    let mut offences = Vec::new();
    for node in subjects {
        asker.go_on()?;
        let fields = done_of(asker.snapshot().kind_of(*node));
        for field in std::iter::once(TIME).chain(fields) {
            if let Some(at) = asker.time(*node, field)?.filter(|at| *at > asker.now) {
                let say = format!("{field} is {}, which is still to come", time_text(at));
                offences.push(Offence::said(*node, say));
            }
        }
    }
    Ok(offences)
}
