//! May an import be retracted, or restored, as things stand?
//!
//! A retraction that would change nothing is refused, so that its success means something. So is a
//! return that would count events twice: while an import is retracted nothing is compared with its
//! events, and they may have come again (docs/format.md, section 13).

use super::{BatchEntry, Ledger};
use crate::error::{Error, Result};
use crate::schema::Kind;
use lineal_proof::Hash;
use std::collections::HashMap;

impl Ledger {
    /// Is there an import of this number that a retraction would undo, or a restore bring back?
    ///
    /// # Errors
    /// The one that says why not.
    pub(crate) fn check_retract(&self, number: u64, restore: bool) -> Result<()> {
        if self.commit_entry(number).is_none_or(|entry| entry.import != number) {
            return Err(Error::NoImport { number });
        }
        if !self.brought_something(number) {
            let mut retractions = self.retractions.iter();
            let own = retractions.find(|(_, commit, _)| self.import_of(*commit) == number);
            return Err(match own {
                Some((of, _, restored)) => {
                    Error::IsRetraction { number, of: *of, restored: *restored }
                }
                None => Error::NothingToRetract { number },
            });
        }
        if self.is_trail(number) {
            return Err(Error::IsTrail { number });
        }
        match (restore, self.is_retracted(number, self.commit())) {
            (false, true) => Err(Error::AlreadyRetracted { number }),
            (true, false) => Err(Error::NotRetracted { number }),
            (false, false) => Ok(()),
            (true, true) => match self.came_again(number) {
                Some(again) => Err(Error::CameAgain { number, again }),
                None => Ok(()),
            },
        }
    }

    /// Did an import say anything, be it what others had said already?
    fn brought_something(&self, import: u64) -> bool {
        let own = |commit: u64| self.import_of(commit) == import;
        let mut revisions = self.revisions.numbers();
        revisions.any(|revision| self.said(revision).any(|(commit, _)| own(commit)))
            || self.snapshots.iter().any(|snapshot| own(snapshot.commit))
            || self.references.iter().any(|(commit, _)| own(*commit))
            || self.settings.iter().any(|(commit, _)| own(*commit))
            || self.sources.iter().any(|(commit, _)| own(*commit))
    }

    /// Does an import hold uses of the store?
    fn is_trail(&self, import: u64) -> bool {
        let own = |revision: &u32| self.import_of(self.revisions.commit(*revision)) == import;
        let mut revisions = self.revisions.numbers().filter(own);
        revisions.any(|revision| self.nodes.kind(self.revisions.node(revision)) == Kind::Access)
    }

    /// An import that came, or came back, while another was retracted, with events of a deployment
    /// of the other from the same log source and time. Whether they are the same ones only reading
    /// all of them would tell.
    fn came_again(&self, import: u64) -> Option<u64> {
        let retractions = self.retractions.iter().rev();
        let (_, since, _) = retractions.into_iter().find(|(of, _, _)| *of == import)?;
        let mut newer: HashMap<(Option<&str>, Hash), Vec<u32>> = HashMap::new();
        for (ordinal, batch) in (0_u32..).zip(&self.batches) {
            if self.grew(ordinal, since - 1) {
                newer.entry(self.line_of(batch)).or_default().push(ordinal);
            }
        }
        for (ordinal, batch) in (0_u32..).zip(&self.batches) {
            let mut said = self.said(batch.revision);
            if !said.any(|(commit, _)| self.import_of(commit) == import) {
                continue;
            }
            let beside = newer.get(&self.line_of(batch)).into_iter().flatten();
            let again = beside.filter(|newer| **newer != ordinal).find(|newer| {
                let newer = &self.batches[**newer as usize];
                newer.first_time <= batch.last_time && batch.first_time <= newer.last_time
            });
            if let Some(again) = again {
                return self.keeper(*again, since - 1);
            }
        }
        None
    }

    /// The log source and deployment of a batch: only events of both may be the same.
    fn line_of(&self, batch: &BatchEntry) -> (Option<&str>, Hash) {
        (self.nodes.key_text(self.revisions.node(batch.revision), 0), batch.deployment)
    }

    /// Do rows of a batch live now that did not as of a commit?
    fn grew(&self, ordinal: u32, upto: u64) -> bool {
        let revision = self.batches[ordinal as usize].revision;
        let now = self.commit();
        if self.effective(revision, now).is_none() {
            return false;
        }
        let kept = self.kept_rows(ordinal, upto);
        self.effective(revision, upto).is_none()
            || (kept.is_some() && kept != self.kept_rows(ordinal, now))
    }

    /// The first import that keeps a batch alive now and did not as of a commit.
    fn keeper(&self, ordinal: u32, upto: u64) -> Option<u64> {
        let commits = self.said(self.batches[ordinal as usize].revision).map(|(commit, _)| commit);
        let newer = commits
            .filter(|commit| self.stands(*commit, self.commit()) && !self.stands(*commit, upto));
        newer.min().map(|commit| self.import_of(commit))
    }
}
