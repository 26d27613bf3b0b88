//! Role and class of a system that claim to be declared long before anybody stated them here.
//!
//! A later statement about the system holds them again, so the time of its newest record tells nothing: what
//! counts is the first record of those that claim this time.

use lineal_engine::{NodeNo, Store};
use lineal_proof::Value;

use super::Offence;
use crate::check::Error;
use crate::check::ask::{Asker, DAY, time_text};
use crate::record::SOURCE;
use crate::rules::Rule;

/// How many days later a statement is recorded in time, where a rule says it.
const LATE_DAYS: &str = "late_days";
/// The field in which the time stands that is claimed.
const DECLARED_AT: &str = "declared_at";

#[expect(clippy::cast_possible_truncation, reason = "days in ns; out of range is cut at its end")]
pub(super) fn late(
    store: &Store,
    asker: &Asker<'_>,
    rule: &Rule,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let most = (rule.params.get(LATE_DAYS).copied().unwrap_or(7.0) * DAY as f64) as i64;
    let mut offences = Vec::new();
    for node in subjects {
        asker.go_on()?;
        let Some((claimed, taken)) = stated(store, asker, *node)? else { continue };
        if taken.saturating_sub(claimed) > most {
            let say = format!(
                "role and class claim to be declared on {} and are recorded since {}: that they were is shown only since then",
                time_text(claimed),
                time_text(taken)
            );
            offences.push(Offence::said(*node, say));
        }
    }
    Ok(offences)
}

/// When role and class of a system are said to be declared, as people state it now, and since when that is
/// recorded.
fn stated(store: &Store, asker: &Asker<'_>, node: NodeNo) -> Result<Option<(i64, i64)>, Error> {
    let snapshot = asker.snapshot();
    let mut stated: Option<(i64, i64)> = None;
    for revision in store.revisions(snapshot, node).iter().filter(|it| it.source == SOURCE) {
        let (_, said) = snapshot.read_revision(revision)?;
        let claimed = said.get(DECLARED_AT).and_then(Value::as_i64);
        stated = match (claimed, stated) {
            // Held again by a later statement.
            (Some(claimed), Some((before, since))) if claimed == before => Some((before, since)),
            (claimed, _) => claimed.map(|claimed| (claimed, revision.recorded)),
        };
    }
    Ok(stated)
}
