//! What a writer does for whoever keeps a store: small containers packed, an import undone, the files hashed
//! again.

use crate::wire::{CompactRequest, RetractRequest, VerifyDepth, VerifyRequest};
use crate::writer::{CANCELLED, ENDED, Failed, Hands};
use lineal_engine::Error;
use lineal_engine::storage::{FileStorage, Storage};
use lineal_engine::verify::{Depth, What, verify_until};
use lineal_evidence::record::Error as Recording;
use lineal_evidence::verified::{verified_json, wrong_approvals};
use lineal_import::Progress;
use lineal_query::told::compacted_json;
use serde_json::{Value as Json, json};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

/// What opens sealed values and salts the leaves of batches (docs/format.md, section 3).
const SEEDS: &str = "keys/seeds";
/// Said of a verification that a server which ended did not wait for.
const BROKEN_OFF: &str = "the server ended before all of it was read; what was read vouches for nothing, so ask for it again";
/// Said of one that somebody cancelled.
const STOPPED: &str =
    "it was cancelled before all of it was read; what was read vouches for nothing";

impl Hands {
    /// Packs small containers, and merges runs of event keys. A server that ends leaves the rest for another
    /// time.
    ///
    /// # Errors
    /// A name for programs, and what happened.
    pub(crate) fn compact(
        &self,
        wanted: &CompactRequest,
        progress: &Progress,
    ) -> Result<Json, Failed> {
        let (begun, mut packed) = (Instant::now(), 0);
        progress.phase("packing");
        let done = self.store.compact(wanted.dry_run, &mut |at| {
            progress.add_items(at.events.saturating_sub(packed));
            packed = at.events;
            self.goes_on(progress)
        });
        let done = done.map_err(|error| self.store_failed(&error))?;
        Ok(compacted_json(&done, wanted.dry_run, begun.elapsed().as_secs_f64()))
    }

    /// Undoes an import, or that.
    ///
    /// # Errors
    /// A name for programs, and what happened.
    pub(crate) fn retract(&self, wanted: &RetractRequest, login: &str) -> Result<Json, Failed> {
        let failed = |error: Error| match error {
            Error::NoImport { .. }
            | Error::NothingToRetract { .. }
            | Error::IsRetraction { .. }
            | Error::AlreadyRetracted { .. }
            | Error::NotRetracted { .. }
            | Error::CameAgain { .. } => ("refused", error.to_string()),
            other => self.store_failed(&other),
        };
        let actor = self.store.actor_key(login).map_err(failed)?;
        let mut transaction = self.store.begin(None, Some(actor)).map_err(failed)?;
        let RetractRequest { import, restore, reason } = wanted;
        transaction.add_retract(*import, *restore, reason.as_deref()).map_err(failed)?;
        let committed = transaction.commit().map_err(failed)?;
        self.derive().map_err(failed)?;
        let done = if *restore { "restored" } else { "retracted" };
        Ok(json!({ "import": import, "done": done, "commit": committed.number }))
    }

    /// Hashes the store's files again. Nothing else is written meanwhile, so that no file goes that is being
    /// read; live intake is acknowledged all the same. A server that ends waits for none of it.
    ///
    /// # Errors
    /// A name for programs, and what happened.
    pub(crate) fn verify(
        &self,
        wanted: &VerifyRequest,
        progress: &Progress,
    ) -> Result<Json, Failed> {
        let failed = |error: Error| self.store_failed(&error);
        let Some(folder) = self.uploads.parent() else {
            return Err(("fault", "the store has no folder".to_owned()));
        };
        let depth = match wanted.depth {
            VerifyDepth::Fast => Depth::Fast,
            VerifyDepth::Bytes => Depth::Bytes,
            VerifyDepth::Full => Depth::Full,
        };
        let has_keys = folder.join(SEEDS).is_file();
        let what = What { since: wanted.since.unwrap_or(0), ..What::all(depth) };
        let storage: Arc<dyn Storage> = Arc::new(FileStorage::new(folder));
        progress.phase("verifying");
        let (mut read, mut all) = (0, 0);
        let report = verify_until(&storage, &what, &mut |at| {
            progress.add_bytes(at.bytes.saturating_sub(read));
            progress.expect_bytes(at.bytes_total.saturating_sub(all));
            (read, all) = (at.bytes.max(read), at.bytes_total.max(all));
            self.goes_on(progress)
        });
        let report = report.map_err(|error| match error {
            Error::Ended { .. } if self.is_ending() => (ENDED, BROKEN_OFF.to_owned()),
            Error::Ended { .. } => (CANCELLED, STOPPED.to_owned()),
            other => failed(other),
        })?;
        let wrong = wrong_approvals(&self.store, &what, &report).map_err(|error| match error {
            Recording::Store(error) => failed(error),
            other => ("refused", other.to_string()),
        })?;
        Ok(verified_json(&report, &what, has_keys, &wrong))
    }

    /// Makes everything anew that is derived. Meanwhile questions go on over the generation that is open; then
    /// the store is opened anew, since what was damaged of the former one may be why this was asked for.
    ///
    /// # Errors
    /// A name for programs, and what happened.
    pub(crate) fn rebuild(&self, progress: &Progress) -> Result<Json, Failed> {
        let failed = |error: Error| self.store_failed(&error);
        let begun = Instant::now();
        progress.phase("making anew what is derived");
        self.store.rebuild().map_err(failed)?;
        progress.phase("opening it");
        self.preview.forget();
        self.tenant.open_anew();
        let view = self.store.snapshot().map_err(failed)?;
        let (nodes, seconds) = (view.node_count(), begun.elapsed().as_secs_f64());
        Ok(json!({ "commit": view.commit(), "nodes": nodes, "seconds": seconds }))
    }

    /// Goes on, unless the server ends or somebody wished that this be not done.
    fn goes_on(&self, progress: &Progress) -> ControlFlow<()> {
        match self.is_ending() || progress.is_stopped() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    #[test]
    fn a_verification_that_is_cancelled_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let (hands, _) = Hands::over(&folder.path().join("store"));
        let wanted: VerifyRequest = serde_json::from_value(json!({ "depth": "full" })).unwrap();
        let progress = Progress::default();
        progress.stop();
        let (name, why) = hands.verify(&wanted, &progress).unwrap_err();
        assert_eq!(name, CANCELLED, "{why}");
        assert!(hands.verify(&wanted, &Progress::default()).is_ok());
    }

    #[test]
    fn what_is_derived_is_made_anew_beside_those_who_read() {
        let folder = tempfile::tempdir().unwrap();
        let (hands, _) = Hands::over(&folder.path().join("store"));
        let before = hands.tenant.current();
        let done = hands.rebuild(&Progress::default()).unwrap();
        assert_eq!(done["commit"], before.commit(), "{done}");
        assert!(!Arc::ptr_eq(&before, &hands.tenant.current()), "it was opened anew");
        assert_eq!(before.snapshot().node_count(), hands.tenant.current().snapshot().node_count());
    }

    #[test]
    fn a_server_that_ends_waits_for_no_verification_and_no_report_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let (hands, is_ending) = Hands::over(&folder.path().join("store"));
        let wanted: VerifyRequest = serde_json::from_value(json!({ "depth": "full" })).unwrap();
        let about = serde_json::from_value(json!({})).unwrap();
        let verified = || hands.verify(&wanted, &Progress::default());
        assert_eq!(verified().unwrap()["sound"], true);
        is_ending.store(true, Ordering::Relaxed);
        let commit = hands.store.commit();
        for ended in [verified(), hands.check(&about, "anna@bank.example")] {
            let (name, why) = ended.unwrap_err();
            assert_eq!(name, crate::writer::ENDED, "{why}");
            assert!(why.contains("ask for it again"), "{why}");
        }
        assert_eq!(hands.store.commit(), commit, "nothing was recorded");
        is_ending.store(false, Ordering::Relaxed);
        let done = hands.check(&about, "anna@bank.example").unwrap();
        assert_eq!(done["recorded"][0]["commit"], commit + 1, "{done}");
    }
}
