//! Which rows of a batch are of some systems: those that name one of them, and of those that name none
//! the rows of deployments that belong to one.

use super::super::Snapshot;
use super::Systems;
use super::named::Named;
use crate::error::Result;
use crate::event_fields::EventField;
use crate::graph::{Batch, NodeNo};
use crate::runs::{runs_of, within_sorted};
use crate::schema::{Direction, Relation};
use std::sync::Arc;

/// Whose the rows of a deployment are that do not say it themselves.
#[derive(Clone, Copy)]
struct Unsaid {
    /// Are they of the systems?
    are_theirs: bool,
    /// Are they of no other?
    alone: bool,
}

/// Which rows of a batch are left.
pub(super) enum Left {
    All,
    Rows(Vec<(u32, u32)>),
    /// As [`Left::Rows`], and erased ones of which nobody knows were left out.
    WithoutErased(Vec<(u32, u32)>),
}

impl Snapshot {
    /// Whose the rows of a deployment are that name no system.
    fn unsaid(&self, deployment: NodeNo, systems: &Systems) -> Unsaid {
        let belongs = self.edges(deployment, Relation::BelongsTo, Direction::Forward);
        let is_own =
            |node: &&NodeNo| self.graph().key_text(**node, 0).is_some_and(|name| systems.has(name));
        let own = belongs.iter().filter(is_own).count();
        let alone = own == belongs.len();
        Unsaid { are_theirs: own > 0 || alone, alone }
    }

    fn named(&self, batch: &Batch, systems: &Systems) -> Result<Arc<Named>> {
        if let Some(known) = systems.known.get(self, batch) {
            return Ok(known);
        }
        // Nearly every batch names one system, and its container says so: no row is read then. Rows that are
        // erased name nothing and are not asked, so of such batches the others are looked at.
        if batch.erased.is_empty() {
            let (container, first) = self.place(batch.place)?;
            let rows = first..first + batch.rows as usize;
            if let Some(one) = container.one_text(&rows, EventField::System)? {
                return Ok(systems.known.learn_one(self, batch, one));
            }
        }
        Ok(systems.known.learn(self, batch, &self.read_batch(batch, &[EventField::System])?))
    }

    /// Can a batch have rows of some systems?
    pub(super) fn may_have(&self, batch: &Batch, systems: &Systems) -> Result<bool> {
        let (named, unsaid) = (self.named(batch, systems)?, self.unsaid(batch.deployment, systems));
        let any_named = named.systems.iter().any(|name| systems.has(name));
        Ok(any_named || unsaid.are_theirs && (named.unsaid || !batch.erased.is_empty()))
    }

    /// Which rows of a batch are of some systems.
    pub(super) fn left(&self, batch: &Batch, systems: &Systems) -> Result<Left> {
        let named = self.named(batch, systems)?;
        let unsaid = self.unsaid(batch.deployment, systems);
        let all_named = named.systems.iter().all(|name| systems.has(name));
        let all_shown = all_named && (!named.unsaid || unsaid.are_theirs);
        let keeps_erased = unsaid.are_theirs && (!systems.is_strict || all_named && unsaid.alone);
        if all_shown && (batch.erased.is_empty() || keeps_erased) {
            return Ok(Left::All);
        }
        let none = !unsaid.are_theirs && !named.systems.iter().any(|name| systems.has(name));
        let leaves_erased = unsaid.are_theirs && !keeps_erased && !batch.erased.is_empty();
        if none {
            return Ok(Left::Rows(Vec::new()));
        }
        let block = self.read_batch(batch, &[EventField::System])?;
        let is_left = |row: &u32| {
            if within_sorted(&batch.erased, *row) {
                return keeps_erased;
            }
            let name = block.text(*row as usize, EventField::System);
            name.map_or(unsaid.are_theirs, |name| systems.has(name))
        };
        let kept = |row: &u32| batch.kept.as_ref().is_none_or(|runs| within_sorted(runs, *row));
        let rows = runs_of((0..batch.rows).filter(kept).filter(is_left));
        Ok(if leaves_erased { Left::WithoutErased(rows) } else { Left::Rows(rows) })
    }
}
