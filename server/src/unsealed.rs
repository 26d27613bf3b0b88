//! What a store has acknowledged and no commit holds yet: which answers it concerns, and how they say so.
//!
//! What waits is shown (`preview.rs`), and where it is not, an answer that it could be part of cannot tell.
//! Entries are counted by what they bring: logs bring events, events of OpenLineage bring runs and data sets.

use crate::gate::Call;
use crate::preview::Preview;
use crate::problem::Problem;
use crate::tenant::Opened;
use lineal_engine::journal::Pending;
use lineal_engine::schema::Kind;
use lineal_query::Completeness;
use std::sync::Arc;

/// Kinds that logs bring, change or refer to: what is only referred to is a node too, which answers have.
const OF_LOGS: [Kind; 6] =
    [Kind::Inference, Kind::Batch, Kind::Deployment, Kind::Model, Kind::System, Kind::Actor];
/// Kinds that events of OpenLineage bring, change or refer to: a job is an experiment.
pub(crate) const OF_LINEAGE: [Kind; 5] =
    [Kind::Run, Kind::Dataset, Kind::Experiment, Kind::Code, Kind::Actor];

/// What was acknowledged or noted, is in no commit yet, and may be missing in an answer.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Unsealed {
    /// Entries of logs, each an event or not.
    logs: u64,
    /// Events of OpenLineage.
    lineage: u64,
    /// Uses of the store.
    pub(crate) uses: u64,
}

impl Unsealed {
    /// Of what waits in the journals.
    pub(crate) fn new(pending: Pending, uses: u64) -> Unsealed {
        let Pending { entries, lineage, .. } = pending;
        Unsealed { logs: entries.saturating_sub(lineage), lineage, uses }
    }

    /// How many entries may be missing in an answer that comes by such kinds.
    pub(crate) fn concerning(&self, comes_by: impl Fn(Kind) -> bool) -> u64 {
        let those = |count, kinds: &[Kind]| {
            if count > 0 && kinds.iter().any(|kind| comes_by(*kind)) { count } else { 0 }
        };
        those(self.logs, &OF_LOGS) + those(self.lineage, &OF_LINEAGE)
    }

    /// What an answer lacks that comes by such kinds, in words; none where nothing of them waits. Counts are
    /// of the whole store: one who is bound to a part of it learns only that something waits.
    pub(crate) fn words(&self, is_bound: bool, comes_by: impl Fn(Kind) -> bool) -> Option<String> {
        match self.concerning(comes_by) {
            0 => None,
            _ if is_bound => Some("events are not sealed yet: their proof is pending".to_owned()),
            entries => {
                let mut pending = Completeness::default();
                pending.tell_unsealed(entries, 0);
                pending.reasons.first().map(ToString::to_string)
            }
        }
    }

    /// What is left of it where a view shows some.
    pub(crate) fn without(self, shown: Pending) -> Unsealed {
        let shown = Unsealed::new(shown, 0);
        Unsealed {
            logs: self.logs.saturating_sub(shown.logs),
            lineage: self.lineage.saturating_sub(shown.lineage),
            uses: self.uses,
        }
    }

    /// All of it, to tag answers by.
    pub(crate) fn bytes(&self) -> [u8; 24] {
        let mut bytes = [0; 24];
        for (to, from) in bytes.chunks_exact_mut(8).zip([self.logs, self.lineage, self.uses]) {
            to.copy_from_slice(&from.to_le_bytes());
        }
        bytes
    }
}

/// What waits of live intake, in words for whoever is told of single things.
#[derive(Clone)]
pub(crate) struct Waiting {
    unsealed: Unsealed,
    is_bound: bool,
    preview: Option<Arc<Preview>>,
    /// Names an answer that the next one need not be like: what waits may be shown by then.
    own_tag: Option<String>,
}

impl Waiting {
    /// What a call is told. Counts are of the whole store: one who sees a part of it learns only that
    /// something waits.
    pub(crate) fn of(call: &Call) -> Result<Waiting, Problem> {
        let writer = call.app.writer(call.tenant()?.name());
        let pending = writer.map(|writer| writer.intake.pending()).unwrap_or_default();
        let preview = writer.map(|writer| Arc::clone(&writer.preview));
        let waits = preview.is_some() && pending.entries > 0;
        Ok(Waiting {
            unsealed: Unsealed::new(pending, 0),
            is_bound: call.sight()?.is_bound(),
            preview,
            own_tag: waits.then(|| call.app.request_id()),
        })
    }

    /// All of it, to tag answers by that never show it.
    pub(crate) fn bytes(&self) -> [u8; 24] {
        self.unsealed.bytes()
    }

    /// Tags an answer that may show it.
    pub(crate) fn tag(&self) -> &[u8] {
        self.own_tag.as_deref().unwrap_or_default().as_bytes()
    }

    /// A state that shows what waits, if that can be had, and what is lacking there. Blocks for a moment.
    pub(crate) fn shown(&self, opened: &Arc<Opened>) -> (Arc<Opened>, Waiting) {
        match self.preview.as_ref().and_then(|preview| preview.shown(opened)) {
            None => (Arc::clone(opened), self.clone()),
            Some(shown) => {
                let unsealed = self.unsealed.without(shown.entries);
                (Arc::clone(&shown.opened), Waiting { unsealed, ..self.clone() })
            }
        }
    }

    /// What an answer lacks that comes by such kinds; none where nothing of them waits.
    pub(crate) fn words(&self, comes_by: impl Fn(Kind) -> bool) -> Option<String> {
        self.unsealed.words(self.is_bound, comes_by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_engine::schema::KINDS;
    use lineal_engine::storage::MemoryStorage;
    use lineal_engine::{Options, Store};
    use lineal_import::{ImportOptions, LoadedMapping, Progress, import};
    use std::collections::BTreeSet;
    use std::path::Path;

    /// The kinds of all nodes of a store into which nothing but this was imported, also of those that are
    /// only referred to there.
    fn kinds_after(fixture: &str) -> BTreeSet<Kind> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(fixture);
        let store = Store::create_on(Arc::new(MemoryStorage::new()), Options::default())
            .expect("a new store");
        let mapping = LoadedMapping::built_in().expect("the mapping");
        let (options, progress) = (ImportOptions::default(), Progress::default());
        import(&store, &[path], &options, &mapping, &progress).expect("an import");
        let view = store.snapshot().expect("a view");
        KINDS.into_iter().filter(|kind| !view.nodes_of(*kind).is_empty()).collect()
    }

    #[test]
    fn whatever_is_found_once_live_intake_is_sealed_is_told_while_it_waits() {
        // Of imports only what is recorded is told; a batch stands for its events.
        let told = |kinds: &[Kind]| -> BTreeSet<Kind> {
            kinds.iter().copied().chain([Kind::Import]).collect()
        };
        for logs in ["datadog-art12-a-nested", "datadog-art12-c-message"] {
            let found = kinds_after(logs);
            assert!(found.contains(&Kind::Model) && found.is_subset(&told(&OF_LOGS)), "{found:?}");
        }
        let found = kinds_after("openlineage-client-1.54");
        assert!(found.contains(&Kind::Run) && found.is_subset(&told(&OF_LINEAGE)), "{found:?}");
    }
}
