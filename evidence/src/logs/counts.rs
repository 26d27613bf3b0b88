//! Counts of what was handed over: by batch, by deployment, and in all.

use super::parts::Part;
use lineal_engine::{NodeNo, Snapshot};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// What became of events. `shown + erased + restricted + outside + untimed` are all that counters count.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Rows with what is recorded.
    pub shown: u64,
    /// Rows that stand in their place and hold nothing, because their content was destroyed.
    pub erased: u64,
    /// Rows that stand in their place and hold nothing, because the events are restricted.
    pub restricted: u64,
    /// Events outside the time that was asked for: no rows.
    pub outside: u64,
    /// Events without a time, where one was asked for: no rows.
    pub untimed: u64,
    /// Rows among the erased of which the rows beside them do not tell whether they lie within the
    /// time that was asked for.
    pub unplaced: u64,
}

impl Counts {
    /// All events that are accounted for.
    #[must_use]
    pub fn accounted(&self) -> u64 {
        self.rows() + self.outside + self.untimed
    }

    /// Rows in the files.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.shown + self.erased + self.restricted
    }

    fn add(&mut self, other: &Counts) {
        self.shown += other.shown;
        self.erased += other.erased;
        self.restricted += other.restricted;
        self.outside += other.outside;
        self.untimed += other.untimed;
        self.unplaced += other.unplaced;
    }

    pub(super) fn json(&self) -> Json {
        json!({
            "counted": self.accounted(), "rows": self.rows(), "shown": self.shown,
            "erased": self.erased, "restricted": self.restricted, "outside": self.outside,
            "untimed": self.untimed, "unplaced": self.unplaced,
        })
    }
}

/// What was found in a part of a batch.
#[derive(Clone, Default, Debug)]
pub(super) struct Found {
    pub(super) counts: Counts,
    /// Rows that are shown and may be proved: all, or the first.
    pub(super) shown: Vec<u32>,
}

/// What is known of a deployment.
#[derive(Clone, Default, Debug)]
pub(super) struct OfDeployment {
    pub(super) name: String,
    pub(super) batches: u64,
    pub(super) counts: Counts,
    /// Are events of it erased that are not counted, as nobody knows any more of which system they were?
    pub(super) leaves_erased: bool,
}

/// Counts by deployment.
pub(super) struct Reconciled {
    deployments: BTreeMap<NodeNo, OfDeployment>,
}

impl Reconciled {
    pub(super) fn new(view: &Snapshot, deployments: &[NodeNo]) -> Reconciled {
        let of = |node: &NodeNo| {
            let (name, leaves_erased) = (view.name_of(*node), view.leaves_erased_of(*node));
            (*node, OfDeployment { name, leaves_erased, ..OfDeployment::default() })
        };
        Reconciled { deployments: deployments.iter().map(of).collect() }
    }

    pub(super) fn add(&mut self, part: &Part, found: &Found) {
        let own = self.deployments.entry(part.info.deployment).or_default();
        own.batches += 1;
        own.counts.add(&found.counts);
    }

    pub(super) fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.deployments.values().for_each(|own| total.add(&own.counts));
        total
    }

    /// Are events erased that are not counted, as nobody knows any more of which system they were?
    pub(super) fn leaves_erased(&self) -> bool {
        self.deployments.values().any(|own| own.leaves_erased)
    }

    pub(super) fn deployments(&self) -> impl Iterator<Item = &OfDeployment> {
        self.deployments.values()
    }
}
