//! Events that a recorded decision took from the log of a deployment: what they said nobody can tell.

use std::collections::BTreeSet;

use lineal_engine::{NodeNo, Store};
use lineal_proof::record::Decision;

use super::Offence;
use crate::check::Error;
use crate::check::ask::{Asker, time_text};
use crate::report::words::counted;

/// Decisions that a finding names; `lineal erase list` names all.
const NAMED_MAX: usize = 3;

pub(super) fn events(
    store: &Store,
    asker: &Asker<'_>,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let snapshot = asker.snapshot();
    let mut offences = Vec::new();
    for deployment in subjects {
        let gone = snapshot.unshown().filter(|of| of.deployment == *deployment && of.erased > 0);
        let gone: Vec<_> = gone.collect();
        let erased: u64 = gone.iter().map(|of| of.erased).sum();
        if erased == 0 {
            continue;
        }
        let batches = snapshot.batches_of(*deployment).into_iter();
        let all: u64 = batches.filter_map(|it| snapshot.batch(it)).map(|it| it.events).sum();
        let parts = gone.iter().flat_map(|of| snapshot.parts_of(of.batch));
        let revisions = parts.filter_map(|(number, _)| store.revision_of_part(number));
        let revisions: BTreeSet<_> = revisions.collect();
        let decisions = store.decisions_about(&revisions)?.into_iter();
        let decisions: Vec<String> = decisions
            .filter(|it| it.decision == Decision::Erased)
            .map(|it| format!("{} of {}: {}", it.reference, time_text(it.recorded), it.basis))
            .collect();
        let mut named = decisions.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join("; ");
        if decisions.len() > NAMED_MAX {
            named = format!("{named}; and {} more", decisions.len() - NAMED_MAX);
        }
        let say = format!(
            "erased by recorded decision ({named}): {erased} of {}; what they said cannot be told",
            counted(all, "event")
        );
        offences.push(Offence::said(*deployment, say));
    }
    Ok(offences)
}
