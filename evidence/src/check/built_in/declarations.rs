//! Role and class of a system that claim to be declared long before anybody stated them here.

use lineal_engine::{NodeNo, Store};

use super::Offence;
use super::stated_times::{claims, late_after};
use crate::check::Error;
use crate::check::ask::{Asker, time_text};
use crate::rules::Rule;

/// The field in which the time stands that is claimed.
const DECLARED_AT: &str = "declared_at";

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
        let stated = claims(store, asker, *node, &[DECLARED_AT])?;
        let Some((claimed, taken)) = stated.get(DECLARED_AT).copied() else { continue };
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
