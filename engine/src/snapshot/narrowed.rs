//! Views of the events of some systems alone. One deployment may serve several systems, and rows of one
//! batch may name several: rows that name another system are then as if they were not there, for whatever
//! asks. A row that names no system follows its deployment, which may belong to several.
//!
//! Nodes keep their numbers and rows their places. Of a batch with such rows counters are counted again
//! over what is left; of all others, nearly all, what was known stays as it is.

mod left;
mod named;

pub use named::KnownSystems;

use super::events::EventRef;
use super::{Snapshot, weigh};
use crate::error::Result;
use crate::event_fields::{EVENT_FIELDS, EventField};
use crate::events::BatchCounters;
use crate::graph::{Batch, Batches, CounterColumns, NodeNo, Unshown};
use crate::runs::{count, rows_of, runs_of, within_sorted};
use crate::schema::{Direction, Kind, Relation};
use left::Left;
use lineal_proof::Map;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// What of a batch's fields does not depend on how many rows it has, or on what they say.
const OF_ANY_ROWS: [&str; 17] = [
    "name",
    "root",
    "reason",
    "retention_until",
    "kind",
    "missing",
    "revisions",
    "recorded",
    "updated",
    "id",
    "key",
    "source",
    "sources",
    "gone",
    "conflict",
    "seed",
    "deleted",
];

/// The systems whose events are meant.
#[derive(Clone, Debug)]
pub struct Systems {
    names: Arc<[String]>,
    is_strict: bool,
    known: Arc<KnownSystems>,
}

impl Systems {
    /// Those with these keys.
    #[must_use]
    pub fn new(mut names: Vec<String>, known: Arc<KnownSystems>) -> Systems {
        names.sort_unstable();
        names.dedup();
        Systems { names: names.into(), is_strict: false, known }
    }

    /// For whom nothing of other systems may be told: an erased row of which nobody knows any more whose
    /// it was is then none of theirs. Else it is counted with all whose it may have been.
    #[must_use]
    pub fn strictly(self) -> Systems {
        Systems { is_strict: true, ..self }
    }

    /// Their keys, ascending.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Which systems batches name, as far as that was read.
    #[must_use]
    pub fn known(&self) -> Arc<KnownSystems> {
        Arc::clone(&self.known)
    }

    fn has(&self, name: &str) -> bool {
        self.names.binary_search_by(|own| own.as_str().cmp(name)).is_ok()
    }

    fn are(&self, other: &Systems) -> bool {
        self.names == other.names && self.is_strict == other.is_strict
    }
}

/// What a view is narrowed to.
pub(super) struct Narrowed {
    systems: Systems,
    /// None where every row that is meant names one of the systems, or none.
    own: Option<Own>,
    /// The deployments of which erased rows were left out that may have been theirs.
    leaves_erased: BTreeSet<NodeNo>,
}

/// What differs from the whole view.
struct Own {
    /// Those that have rows of the systems, each with these alone as such that live.
    batches: Batches,
    counters: CounterColumns,
    unshown: Vec<Unshown>,
    /// Of batches with rows of others how many are left, by the place in the log.
    rows: BTreeMap<u32, u32>,
    /// Of these batches what is counted of the rows that are left, when it is first asked for.
    counted: BTreeMap<NodeNo, OnceLock<BatchCounters>>,
}

impl Snapshot {
    /// The same view with the events of some systems alone, as far as the deployments go that belong to
    /// these, or deploy a model that does. What other deployments served stays as it is.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if rows cannot be read.
    pub fn of_systems(&self, systems: &Systems) -> Result<Snapshot> {
        let is_of = |node: &NodeNo| {
            let own = self.edges(*node, Relation::BelongsTo, Direction::Forward).iter();
            own.filter_map(|system| self.graph().key_text(*system, 0)).any(|name| systems.has(name))
        };
        let is_near = |deployment: NodeNo| {
            let models = self.edges(deployment, Relation::Deploys, Direction::Forward);
            is_of(&deployment) || models.iter().any(is_of)
        };
        self.within_systems(systems, &is_near)
    }

    /// The same view with the events of some systems alone, of the deployments that are meant.
    ///
    /// # Errors
    /// As [`Snapshot::of_systems`].
    pub fn within_systems(
        &self,
        systems: &Systems,
        is_meant: &dyn Fn(NodeNo) -> bool,
    ) -> Result<Snapshot> {
        if self.narrowed.as_ref().is_some_and(|narrowed| narrowed.systems.are(systems)) {
            return Ok(self.clone());
        }
        let before = self.narrowed.as_ref().map(|narrowed| narrowed.leaves_erased.clone());
        let mut leaves_erased = before.unwrap_or_default();
        let mut left: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
        for batch in self.listed().iter().filter(|batch| is_meant(batch.deployment)) {
            match self.left(batch, systems)? {
                Left::All => {}
                Left::Rows(rows) => drop(left.insert(batch.ordinal, rows)),
                Left::WithoutErased(rows) => {
                    leaves_erased.insert(batch.deployment);
                    left.insert(batch.ordinal, rows);
                }
            }
        }
        let systems = systems.clone();
        let own = match (left.is_empty(), &self.narrowed) {
            // What it was narrowed to before stays.
            (true, Some(narrowed)) if narrowed.own.is_some() => Some(self.cut(&left)?),
            (true, _) => None,
            (false, _) => Some(self.cut(&left)?),
        };
        let narrowed = Some(Arc::new(Narrowed { systems, own, leaves_erased }));
        Ok(Snapshot { narrowed, ..self.clone() })
    }

    /// The same view narrowed as another of the same commit of the same store is.
    #[must_use]
    pub fn narrowed_as(self, other: &Snapshot) -> Snapshot {
        Snapshot { narrowed: other.narrowed.clone(), ..self }
    }

    /// The same view with the events of all systems.
    #[must_use]
    pub fn of_all_systems(self) -> Snapshot {
        Snapshot { narrowed: None, ..self }
    }

    /// What it is narrowed to.
    #[must_use]
    pub fn systems(&self) -> Option<&Systems> {
        self.narrowed.as_ref().map(|narrowed| &narrowed.systems)
    }

    /// Was anything of another system left out?
    #[must_use]
    pub fn leaves_others_out(&self) -> bool {
        self.own().is_some()
    }

    /// Were erased events left out, as nobody knows any more whose they were?
    #[must_use]
    pub fn leaves_erased(&self) -> bool {
        self.narrowed.as_ref().is_some_and(|narrowed| !narrowed.leaves_erased.is_empty())
    }

    /// The same of one deployment.
    #[must_use]
    pub fn leaves_erased_of(&self, deployment: NodeNo) -> bool {
        self.narrowed.as_ref().is_some_and(|it| it.leaves_erased.contains(&deployment))
    }

    /// Has a batch rows, and can none of them be of these systems?
    ///
    /// # Errors
    /// As [`Snapshot::of_systems`].
    pub fn is_of_others(&self, batch: NodeNo, systems: &Systems) -> Result<bool> {
        let mut any = false;
        for part in self.listed().of_node(batch) {
            if self.may_have(part, systems)? {
                return Ok(false);
            }
            any = true;
        }
        Ok(any)
    }

    /// Was a batch counted again, as rows of others are in it?
    #[must_use]
    pub fn is_cut(&self, batch: NodeNo) -> bool {
        self.own().is_some_and(|own| own.counted.contains_key(&batch))
    }

    /// Is it a row that this view leaves out because another system's it is?
    #[must_use]
    pub fn leaves_row_out(&self, event: EventRef) -> bool {
        let Some(own) = self.own() else { return false };
        let lives = |batches: &Batches| {
            let batch = batches.of_ordinal(event.batch);
            let lives = |batch: &Batch| {
                batch.kept.as_ref().is_none_or(|kept| within_sorted(kept, event.row))
            };
            batch.is_some_and(|batch| event.row < batch.rows && lives(batch))
        };
        lives(self.graph().batches()) && !lives(&own.batches)
    }

    /// Puts what is counted of the rows that are left in the place of whatever is said of a batch and may
    /// show that it has others.
    ///
    /// # Errors
    /// As [`Snapshot::of_systems`].
    pub fn put_own_counts(&self, batch: NodeNo, fields: &mut Map) -> Result<()> {
        let Some((own, counted)) = self.own().and_then(|own| Some((own, own.counted.get(&batch)?)))
        else {
            return Ok(());
        };
        let counters = match counted.get() {
            Some(counters) => counters,
            None => {
                let made = self.counted(own.batches.of_node(batch))?;
                counted.get_or_init(|| made)
            }
        };
        let strange: Vec<String> = fields
            .iter()
            .map(|(name, _)| name.to_owned())
            .filter(|name| !OF_ANY_ROWS.contains(&name.as_str()))
            .collect();
        strange.iter().for_each(|name| drop(fields.remove(name)));
        let mut own = counters.to_fields();
        // How long the rows are is not counted again.
        own.remove("size");
        for (name, value) in own {
            fields.insert(name, value);
        }
        Ok(())
    }

    /// Counts the rows of batches that are left. An erased row is counted, and has no field.
    fn counted<'b>(&self, batches: impl Iterator<Item = &'b Batch>) -> Result<BatchCounters> {
        let mut all = BatchCounters::default();
        for batch in batches {
            let rows: Vec<u32> = (0..batch.rows).filter(|row| batch.has_row(*row)).collect();
            let counts = [EventField::Time, EventField::HumanOverride, EventField::Art12];
            let mut counters = BatchCounters::of(&self.read_batch(batch, &counts)?, &rows);
            // Column by column: a batch may have a million rows.
            for spec in EVENT_FIELDS.iter().filter(|spec| !counts.contains(&spec.field)) {
                let block = self.read_batch(batch, &[spec.field])?;
                counters.count_present(&block, spec, &rows);
            }
            counters.rows = u64::from(self.own_rows(batch));
            all.add(&counters);
        }
        Ok(all)
    }

    fn own(&self) -> Option<&Own> {
        self.narrowed.as_ref()?.own.as_ref()
    }

    /// The batches that this view has.
    pub(super) fn listed(&self) -> &Batches {
        self.own().map_or_else(|| self.graph().batches(), |own| &own.batches)
    }

    /// What deployments count, where that is not what the whole view counts.
    pub(super) fn own_counters(&self) -> Option<&CounterColumns> {
        self.own().map(|own| &own.counters)
    }

    /// What no row shows, where that is not what it is in the whole view.
    pub(super) fn own_unshown(&self) -> Option<&[Unshown]> {
        self.own().map(|own| own.unshown.as_slice())
    }

    /// How many rows of a batch there are for this view.
    pub(super) fn own_rows(&self, batch: &Batch) -> u32 {
        let own = self.own().and_then(|own| own.rows.get(&batch.ordinal));
        own.copied().unwrap_or(batch.rows)
    }

    /// May what is kept of a kind's fields differ from what this view tells?
    pub(super) fn recounts(&self, kind: Kind) -> bool {
        matches!(kind, Kind::Deployment | Kind::Batch) && self.own().is_some()
    }

    /// The batches with these rows alone of some of them, counted again.
    fn cut(&self, left: &BTreeMap<u32, Vec<(u32, u32)>>) -> Result<Own> {
        let before = self.own();
        let mut rows = before.map(|own| own.rows.clone()).unwrap_or_default();
        let mut cut: BTreeSet<NodeNo> =
            before.iter().flat_map(|own| own.counted.keys().copied()).collect();
        let mut batches: Vec<Batch> = Vec::new();
        for batch in self.listed() {
            let Some(runs) = left.get(&batch.ordinal) else {
                batches.push(batch.clone());
                continue;
            };
            cut.insert(batch.node);
            if runs.is_empty() {
                continue;
            }
            let left = |row: &u32| within_sorted(runs, *row);
            let outweighed = runs_of(rows_of(&batch.outweighed).filter(left));
            let mut batch = Batch { kept: Some(runs.clone()), outweighed, ..batch.clone() };
            weigh::recount(self, &mut batch)?;
            rows.insert(batch.ordinal, u32::try_from(count(runs)).unwrap_or(batch.rows));
            batches.push(batch);
        }
        let counted = cut.into_iter().map(|node| (node, OnceLock::new())).collect();
        let counters = CounterColumns::of_batches(&batches);
        let unshown = batches.iter().filter_map(Batch::unshown).collect();
        Ok(Own { batches: Batches::new(batches), counters, unshown, rows, counted })
    }
}
