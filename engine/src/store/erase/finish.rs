//! What an erasure destroys behind its commit, in an order in which a crash leaves something to do and
//! nothing undone for good: salts and keys, also those in files that were set aside, sealed values,
//! entries of the index, old files. Every step finds out by itself whether it was done.

use super::salts::to_destroy;
use crate::error::{Error, Result};
use crate::keys::{Destroyed, Keys, SeedKind, SeedsAside, seeds_aside};
use crate::ledger::Ledger;
use crate::runs::within_sorted;
use crate::store::{SecretBox, Store, reading};
use lineal_proof::Hash;
use std::collections::BTreeSet;

/// A file of seeds that was not in its place, and held what was erased or did not read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeedsRewritten {
    /// The file.
    pub path: String,
    /// Is it gone, as nothing is left of it that reads? Else it was written anew without what was erased.
    pub removed: bool,
}

/// What was left to be done, and was.
#[derive(Default)]
pub(in crate::store) struct Finished {
    /// Paths that must wait for their readers.
    pub(super) waiting: Vec<String>,
    pub(super) rewritten: Vec<SeedsRewritten>,
}

impl Store {
    /// Destroys what recorded erasures name and is still there. The keys of the subjects `whole` go with
    /// their values, whatever was sealed under them meanwhile; others go when nothing that stands opens under
    /// them, as those of days of the trail.
    ///
    /// # Errors
    /// What the medium says: what is left is done at the next opening for writing.
    pub(in crate::store) fn finish_erasures(&self, whole: &BTreeSet<Hash>) -> Result<Finished> {
        let state = self.state_for_writing()?;
        if state.ledger.destroyed().next().is_none() {
            return Ok(Finished::default());
        }
        let done = || -> Result<Vec<SeedsRewritten>> {
            self.destroy_secrets(&state.ledger, whole)?;
            let rewritten = self.destroy_aside(&state.ledger)?;
            let batches = &state.ledger.batches;
            let is_erased = |packed: u64| {
                let row = u32::try_from(packed & u64::from(u32::MAX)).unwrap_or(u32::MAX);
                let batch = usize::try_from(packed >> 32).ok().and_then(|at| batches.get(at));
                batch.is_some_and(|batch| within_sorted(&batch.erased, row))
            };
            // Views map runs, and hold what they opened.
            self.views.let_go();
            let files = self.run_files(state.ledger.indexed(state.head.commit));
            files.obey(state.ledger.erasures.len() as u64, &is_erased)?;
            Ok(rewritten)
        };
        let rewritten = done().inspect_err(|error| {
            // What is on the medium and what is in memory may differ now.
            self.poison(error);
        })?;
        Ok(Finished {
            waiting: reading::clear_away(self.storage(), &state.ledger, &state.head)?,
            rewritten,
        })
    }

    /// Salts and keys first: without them what is left elsewhere is of no use.
    fn destroy_secrets(&self, ledger: &Ledger, whole: &BTreeSet<Hash>) -> Result<()> {
        let mut secrets = self.secrets_mut();
        let commit = ledger.commit();
        let mut destroyed = salts_of(ledger, &secrets.keys);
        let values = ledger.destroyed().flat_map(|erasure| &erasure.sealed);
        let left: Vec<_> =
            values.filter(|value| secrets.register.holds(&value.commitment)).collect();
        let subjects: BTreeSet<[u8; 32]> = left.iter().map(|value| value.subject.0).collect();
        let erased = ledger.erased_values();
        let is_erased = |commitment: &Hash| erased.contains(commitment);
        let used = secrets.register.in_use(&secrets.keys, &subjects, &is_erased);
        let goes = |subject: &[u8; 32]| whole.contains(&Hash(*subject)) || !used.contains(subject);
        destroyed.subjects.extend(subjects.into_iter().filter(goes));
        // Seeds that came back from a copy of before an erasure open what lies elsewhere.
        destroyed.subjects.extend(of_no_use(ledger, &secrets));
        let commitments: BTreeSet<Hash> = left.iter().map(|value| value.commitment).collect();
        if !destroyed.is_empty() {
            // A copy without its keys has no secrets to lose.
            let file_key = self.options.secrets.secret(&format!("seeds {commit}"));
            match secrets.keys.destroy(self.storage(), file_key, &destroyed) {
                Err(Error::NoKey { .. }) => {}
                other => other?,
            }
        }
        if !commitments.is_empty() {
            secrets.register.destroy(self.storage(), &commitments)?;
        }
        Ok(())
    }

    /// The same in files of seeds that are not in their place. A key is spared that is the one of today: it was made
    /// anew behind the erasure of its subject.
    fn destroy_aside(&self, ledger: &Ledger) -> Result<Vec<SeedsRewritten>> {
        let secrets = self.secrets();
        let mut rewritten = Vec::new();
        for file in seeds_aside(self.storage())? {
            let destroyed = aside(ledger, &file, &secrets);
            if file.is_whole() && destroyed.is_empty() {
                continue;
            }
            let label = format!("{} {}", file.path, ledger.commit());
            let file_key = self.options.secrets.secret(&label);
            let removed = file.destroy(self.storage(), file_key, &destroyed)?;
            rewritten.push(SeedsRewritten { path: file.path, removed });
        }
        Ok(rewritten)
    }
}

/// Salts and seeds that erasures of rows reach.
fn salts_of(ledger: &Ledger, keys: &Keys) -> Destroyed {
    let erased = |ordinal: u32| ledger.batches[ordinal as usize].erased.clone();
    to_destroy(ledger, keys, &erased, ledger.commit()).0
}

/// What erasures reach of a file of seeds that is not in its place; not a key under which something opens
/// that stands.
fn aside(ledger: &Ledger, file: &SeedsAside, today: &SecretBox) -> Destroyed {
    let Some(keys) = &file.keys else { return Destroyed::default() };
    let mut destroyed = salts_of(ledger, keys);
    let values = ledger.destroyed().flat_map(|erasure| &erasure.sealed);
    let subjects: BTreeSet<[u8; 32]> = values
        .map(|value| value.subject.0)
        .filter(|subject| keys.is_other_than(&today.keys, SeedKind::Subject, subject))
        .collect();
    let erased = ledger.erased_values();
    let used = today.register.in_use(keys, &subjects, &|commitment| erased.contains(commitment));
    destroyed.subjects = subjects.difference(&used).copied().collect();
    destroyed
}

/// Subjects whose values were erased, and whose key is here although no value of the register opens under
/// it. Where register or seeds do not read whole nobody can tell.
fn of_no_use(ledger: &Ledger, secrets: &SecretBox) -> BTreeSet<[u8; 32]> {
    let SecretBox { keys, register } = secrets;
    let values = ledger.destroyed().flat_map(|erasure| &erasure.sealed);
    let subjects: BTreeSet<[u8; 32]> = values
        .map(|value| value.subject.0)
        .filter(|subject| keys.seed(SeedKind::Subject, subject).is_some())
        .collect();
    if subjects.is_empty() || !register.is_whole() || keys.may_lack_seeds() {
        return BTreeSet::new();
    }
    let erased = ledger.erased_values();
    let used = register.in_use(keys, &subjects, &|commitment| erased.contains(commitment));
    subjects.difference(&used).copied().collect()
}
