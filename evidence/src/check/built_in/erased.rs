//! Events that a recorded decision took from the log of a deployment: what they said nobody can tell.
//!
//! A decision's reference and ground may name whom it is about, so they are told to whom decisions are told,
//! and stand in no report that is recorded.

use std::collections::BTreeSet;

use lineal_engine::{NodeNo, Store};
use lineal_proof::record::Decision;

use super::Offence;
use crate::check::Error;
use crate::check::ask::{Asker, time_text};

/// Decisions that a finding names; `lineal erase list` names all.
const NAMED_MAX: usize = 3;
/// What stands before the decisions in a finding.
const BEFORE: &str = " events erased by recorded decision (";
/// What stands behind them.
const BEHIND: &str = "): what they said cannot be told";
/// What stands in their place where they are not told.
const NOT_TOLD: &str = "`lineal erase list` tells it; over a network to a privacy officer, an auditor and an administrator";

pub(super) fn events(
    store: &Store,
    asker: &Asker<'_>,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let snapshot = asker.snapshot();
    let mut offences = Vec::new();
    for deployment in subjects {
        asker.go_on()?;
        let gone = snapshot.unshown().filter(|of| of.deployment == *deployment && of.erased > 0);
        let gone: Vec<_> = gone.collect();
        let erased: u64 = gone.iter().map(|of| of.erased).sum();
        if erased == 0 {
            continue;
        }
        let batches = snapshot.batches_of(*deployment).into_iter();
        let all: u64 = batches.filter_map(|it| snapshot.batch(it)).map(|it| it.events).sum();
        if !asker.part.tells_decisions() {
            offences.push(Offence::said(*deployment, said(erased, all, NOT_TOLD)));
            continue;
        }
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
        offences.push(Offence::said(*deployment, said(erased, all, &named)));
    }
    Ok(offences)
}

fn said(erased: u64, all: u64, decisions: &str) -> String {
    format!("{erased} of {all}{BEFORE}{decisions}{BEHIND}")
}

/// A finding of this test without the decisions that it tells; none where it tells none.
pub(crate) fn without_decisions(say: &str) -> Option<String> {
    let (counts, rest) = say.split_once(BEFORE)?;
    let decisions = rest.strip_suffix(BEHIND)?;
    (decisions != NOT_TOLD).then(|| format!("{counts}{BEFORE}{NOT_TOLD}{BEHIND}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_taken_out_of_a_finding_whatever_its_words_are() {
        let told =
            said(2, 9, "DSR-7 of 2026-01-01T00:00:00Z: GDPR 17 (1) (b): withdrawn; and 1 more");
        let kept = without_decisions(&told).unwrap();
        assert_eq!(kept, said(2, 9, NOT_TOLD));
        assert_eq!(without_decisions(&kept), None);
        assert_eq!(without_decisions("no hold over what it concerns is recorded"), None);
    }
}
