//! Holds: what must not be erased while somebody says so.

use super::Store;
use crate::error::{Error, Result};
use crate::schema::{Direction, Kind, Relation};
use lineal_proof::record::{ErasedValue, Hold, node_id};
use lineal_proof::{Hash, Key};
use std::collections::{BTreeMap, BTreeSet};

/// Most bytes of a reason and of a name.
const WORDS_MAX: usize = 1_024;

/// What a hold is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HoldScope {
    /// All of the store.
    Store,
    /// A deployment, a system, a batch, or a node whose sealed fields are meant.
    Node(Kind, Key),
}

/// A hold that stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HoldInfo {
    /// What it is called.
    pub name: String,
    /// What it is about.
    pub scope: HoldScope,
    /// Why.
    pub reason: String,
    /// The actor key of who said so.
    pub actor: Option<String>,
    /// The commit that recorded it.
    pub commit: u64,
    /// When that was recorded, ns.
    pub recorded: i64,
}

impl HoldInfo {
    fn of(commit: u64, hold: &Hold, recorded: i64) -> HoldInfo {
        HoldInfo {
            name: hold.name.clone(),
            scope: match &hold.scope {
                Some((kind, key)) => match Kind::parse(kind) {
                    Some(kind) => HoldScope::Node(kind, key.clone()),
                    // A kind that this program does not know: rather too much is held.
                    None => HoldScope::Store,
                },
                None => HoldScope::Store,
            },
            reason: hold.reason.clone(),
            actor: hold.actor.clone(),
            commit,
            recorded,
        }
    }
}

impl Store {
    /// Records a hold, and gives the commit. One of the same name takes the place of the former.
    ///
    /// # Errors
    /// [`Error::Unsaid`] without a name or a reason, and as [`Store::begin`].
    pub fn hold(
        &self,
        name: &str,
        scope: &HoldScope,
        reason: &str,
        actor: Option<String>,
    ) -> Result<u64> {
        for (what, said) in [("hold's name", name), ("hold's reason", reason)] {
            if said.trim().is_empty() || said.len() > WORDS_MAX {
                return Err(Error::Unsaid { what, limit: WORDS_MAX });
            }
        }
        let scope = match scope {
            HoldScope::Store => None,
            HoldScope::Node(kind, key) => Some((kind.name().to_owned(), key.clone())),
        };
        let (name, reason) = (name.trim().to_owned(), reason.trim().to_owned());
        self.record_hold(Hold { name, scope, reason, actor, release: false })
    }

    /// Ends a hold, and gives the commit.
    ///
    /// # Errors
    /// [`Error::NoHold`] if none of that name stands, and as [`Store::hold`].
    pub fn release(&self, name: &str, reason: &str, actor: Option<String>) -> Result<u64> {
        if reason.trim().is_empty() || reason.len() > WORDS_MAX {
            return Err(Error::Unsaid { what: "release's reason", limit: WORDS_MAX });
        }
        let scope = {
            let state = self.read_state();
            let standing = state.ledger.standing_holds(u64::MAX);
            let none = || Error::NoHold { name: name.to_owned() };
            standing.get(name).ok_or_else(none)?.1.scope.clone()
        };
        let (name, reason) = (name.to_owned(), reason.trim().to_owned());
        self.record_hold(Hold { name, scope, reason, actor, release: true })
    }

    /// Records again what another log of this store says of a hold.
    ///
    /// # Errors
    /// As [`Store::begin`], or what the medium says.
    pub(crate) fn hold_again(&self, hold: &Hold) -> Result<()> {
        self.record_hold(hold.clone()).map(drop)
    }

    fn record_hold(&self, hold: Hold) -> Result<u64> {
        let mut transaction = self.begin(None, hold.actor.clone())?;
        transaction.add_hold(hold);
        Ok(transaction.commit()?.number)
    }

    /// The holds that stand, by name.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the log cannot be read.
    pub fn holds(&self) -> Result<Vec<HoldInfo>> {
        self.holds_at(u64::MAX)
    }

    /// The holds that stood as of a commit, by name.
    ///
    /// # Errors
    /// As [`Store::holds`].
    pub fn holds_at(&self, commit: u64) -> Result<Vec<HoldInfo>> {
        let state = self.read_state();
        let ledger = state.ledger.load()?;
        let time = |commit| ledger.commit_entry(commit).map_or(0, |entry| entry.recorded);
        let standing = ledger.standing_holds(commit);
        Ok(standing.values().map(|(at, hold)| HoldInfo::of(*at, hold, time(*at))).collect())
    }

    /// Every hold that was recorded until a commit, in their order, those that were released or renewed too; each
    /// with when it was released, ns. Of one that was renewed over the same the former ends with the later.
    ///
    /// # Errors
    /// As [`Store::holds`].
    pub fn holds_ever(&self, commit: u64) -> Result<Vec<(HoldInfo, Option<i64>)>> {
        let state = self.read_state();
        let ledger = state.ledger.load()?;
        let time = |commit| ledger.commit_entry(commit).map_or(0, |entry| entry.recorded);
        let until_then: Vec<&(u64, Hold)> =
            ledger.holds.iter().filter(|(at, _)| *at <= commit).collect();
        let mut all = Vec::new();
        for (place, (at, hold)) in until_then.iter().enumerate() {
            if hold.release {
                continue;
            }
            // What comes behind it under its name and is no renewal ends it.
            let mut behind = until_then.iter().skip(place + 1);
            let end = behind.find(|(_, next)| {
                next.name == hold.name && (next.release || next.scope != hold.scope)
            });
            let end = end.map(|(end, _)| time(*end));
            all.push((HoldInfo::of(*at, hold, time(*at)), end));
        }
        Ok(all)
    }

    /// The hold that forbids to erase rows of these batches, by their ordinals.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the log cannot be read.
    pub fn held(&self, batches: &[u32]) -> Result<Option<HoldInfo>> {
        let standing = self.holds()?;
        if standing.is_empty() {
            return Ok(None);
        }
        let nodes = self.nodes_around(batches)?;
        Ok(standing.into_iter().find(|hold| is_about(hold, &nodes)))
    }

    /// Refuses where a hold is about some of these rows or values.
    pub(super) fn check_holds(
        &self,
        rows: &BTreeMap<u32, BTreeSet<u32>>,
        values: &[ErasedValue],
    ) -> Result<()> {
        let standing = self.holds()?;
        if standing.is_empty() {
            return Ok(());
        }
        let batches: Vec<u32> = rows.keys().copied().collect();
        let mut nodes = self.nodes_around(&batches)?;
        nodes.extend(values.iter().flat_map(|value| [value.node, value.subject]));
        match standing.into_iter().find(|hold| is_about(hold, &nodes)) {
            Some(HoldInfo { name, commit, reason, .. }) => {
                Err(Error::Held { name, commit, reason })
            }
            None => Ok(()),
        }
    }

    /// The ids of batches, of their deployments, and of the systems that these belong to.
    fn nodes_around(&self, batches: &[u32]) -> Result<BTreeSet<Hash>> {
        let mut nodes = BTreeSet::new();
        let mut deployments = BTreeMap::new();
        {
            let state = self.read_state();
            let ledger = state.ledger.load()?;
            for ordinal in batches {
                let Some(batch) = ledger.batches.get(*ordinal as usize) else { continue };
                nodes.insert(ledger.nodes.id(ledger.revisions.node(batch.revision)));
                let key = ledger.node(&batch.deployment).map(|node| ledger.nodes.key(node));
                deployments.insert(batch.deployment, key);
            }
        }
        // What it belongs to is in the view: without one nobody can tell what a hold is about. What only
        // a retracted import says counts too: rather too much is held.
        let view = self.snapshot()?;
        let stored = self.stored(&view)?;
        for view in [&view].into_iter().chain(&stored) {
            for key in deployments.values().flatten() {
                let node = view.node_with_key(Kind::Deployment, key);
                let Some(node) = node else { continue };
                let systems = view.edges(node, Relation::BelongsTo, Direction::Forward);
                nodes.extend(systems.iter().map(|system| view.node_id(*system)));
            }
        }
        nodes.extend(deployments.into_keys());
        Ok(nodes)
    }
}

/// Is a hold about one of these nodes?
fn is_about(hold: &HoldInfo, nodes: &BTreeSet<Hash>) -> bool {
    match &hold.scope {
        HoldScope::Store => true,
        HoldScope::Node(kind, key) => nodes.contains(&node_id(kind.name(), key)),
    }
}
