//! Making proofs: which records a statement rests on, and what leads from them to a checkpoint
//! (docs/format.md, "Proofs").
//!
//! What is made is a value of the `proof` crate. It is checked there once before it is given away: a
//! proof that does not hold would be worth less than none.

mod absent;
mod edges;
mod in_map;
mod log;
mod missing;
mod rows;

pub use absent::AbsenceSize;
pub use missing::Missing;

use super::{EventRef, Snapshot};
use crate::error::Error;
use crate::event_fields::{EventField, Group};
use crate::graph::NodeNo;
use crate::schema::Relation;
use crate::store::Store;
use lineal_proof::Hash;
use lineal_proof::bundle::{BatchPart, Bundle, EventName, Item, Named, Node, Path, Statement};
use lineal_proof::tlog::{self, SignedCheckpoint};
use log::Log;
use std::collections::{BTreeMap, BTreeSet};

/// A thing on a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Thing {
    /// A node.
    Node(NodeNo),
    /// An event.
    Event(EventRef),
}

/// One step of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PathStep {
    /// The relation.
    pub relation: Relation,
    /// From the newer thing to the older?
    pub along: bool,
    /// Where it leads.
    pub to: Thing,
}

/// What is to be proved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Claim {
    /// A revision of a node: that of this id, or the newest that stands.
    Revision(NodeNo, Option<Hash>),
    /// Events.
    Events {
        /// The events.
        events: Vec<EventRef>,
        /// By what they were asked for.
        named: Option<Named>,
    },
    /// Paths: where each begins, and its steps.
    Paths {
        /// The paths.
        paths: Vec<(Thing, Vec<PathStep>)>,
        /// By what the events on them were asked for.
        named: Option<Named>,
    },
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unproved {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] Error),
    /// The checkpoint is none.
    #[error("the checkpoint cannot be read: {0}")]
    Checkpoint(#[from] tlog::Error),
    /// The checkpoint is of another log, or of another history of this one.
    #[error(
        "the checkpoint is not of this store: over its first {size} commits the store has the root {found}, the checkpoint says {said}"
    )]
    OtherLog {
        /// Commits in the checkpoint.
        size: u64,
        /// The store's root.
        found: String,
        /// The checkpoint's.
        said: String,
    },
    /// The checkpoint and the view are of different commits.
    #[error(
        "the checkpoint covers {size} commits and the view {commit}: ask of the view as of commit {size}"
    )]
    OtherView {
        /// Commits in the checkpoint.
        size: u64,
        /// The view's commit.
        commit: u64,
    },
    /// Nothing is recorded of the node but that others refer to it.
    #[error("{node} has no revision: others refer to it, and no source describes it")]
    NoRevision {
        /// The node.
        node: String,
    },
    /// The step was made in the view and no record states it.
    #[error(
        "this store cannot prove it: no record states {from} {relation} {to}; the view derives it"
    )]
    Derived {
        /// The newer thing.
        from: String,
        /// The relation's name.
        relation: &'static str,
        /// The older thing.
        to: String,
    },
    /// The event was erased by a commit that the checkpoint does not cover.
    #[error(
        "the event was erased by commit {commit}, behind this checkpoint: prove it against one of {commit} commits or more"
    )]
    ErasedSince {
        /// The commit.
        commit: u64,
    },
    /// The event's salt went with that of an erased one.
    #[error(
        "row {row} cannot be disclosed: its salt was destroyed by the erasure of another event under the same seed; its leaf stands in the log"
    )]
    Unsalted {
        /// The row.
        row: u32,
    },
    /// It is recorded, so that it cannot be shown to be absent.
    #[error("it is recorded, so it is not absent: {what}")]
    Recorded {
        /// What stands against it.
        what: String,
    },
    /// Rows of the scope are hidden from who asks, whatever their values are.
    #[error(
        "this store cannot tell: {rows} of the events of this scope are restricted, and a proof, or that there is none, would say something of them. Narrow the scope, or let somebody ask who may see them (--restricted)"
    )]
    Restricted {
        /// Rows that are restricted.
        rows: u64,
    },
    /// The store cannot show it.
    #[error("this cannot be shown: {reason}")]
    NotShown {
        /// What cannot be shown, and why.
        reason: String,
    },
    /// It would be larger than was allowed.
    #[error(
        "the proof would have about {bytes} bytes, {}: allow more, or narrow {}",
        match batches {
            0 => format!("since it shows {records} records"),
            _ => format!("over {batches} batches with {rows} rows, all of which are read"),
        },
        if *batches == 0 { "the statement" } else { "the scope" }
    )]
    TooLarge {
        /// Bytes of the file, about.
        bytes: u64,
        /// Records that it shows.
        records: u64,
        /// Batches in the scope.
        batches: u64,
        /// Rows in them.
        rows: u64,
    },
    /// Who asked did not wait for it.
    #[error("it was stopped before the proof was whole")]
    Stopped,
    /// What it says could not be shown with the records that were put together.
    #[error(
        "the proof that was made does not hold, so it is not given ({fault}); `lineal verify` looks for damage"
    )]
    DoesNotHold {
        /// The rule that it breaks.
        fault: String,
    },
}

/// What a proof is put together from.
struct Maker<'a> {
    store: &'a Store,
    view: &'a Snapshot,
    /// The ids of records that the statement rests on.
    records: BTreeSet<Hash>,
    /// Rows of batches, by the order of their revisions in the log.
    rows: BTreeMap<u32, BTreeSet<u32>>,
    /// The edge that each step between two nodes was found to be.
    edges: BTreeMap<edges::Between, edges::Found>,
}

impl Store {
    /// Makes a proof of a claim against a checkpoint. The view is the one as of the checkpoint's last
    /// commit. With `withhold` the subject group of events is kept back, and what they were asked for
    /// by is not stated.
    ///
    /// # Errors
    /// [`Unproved`] says what is missing.
    pub fn prove(
        &self,
        view: &Snapshot,
        claim: &Claim,
        checkpoint: &[u8],
        withhold: bool,
    ) -> Result<Bundle, Unproved> {
        let signed = SignedCheckpoint::parse(checkpoint)?;
        let size = signed.checkpoint.size;
        if size != view.commit() {
            return Err(Unproved::OtherView { size, commit: view.commit() });
        }
        let mut maker = Maker::new(self, view);
        let statement = maker.state(claim, withhold)?;
        let events = maker.batches(withhold)?;
        let log = maker.log(&signed)?;
        bundle_of(&signed, &log, &[], events, statement)
    }
}

/// Puts a proof together, with these commits beside those that hold the records, and checks it.
fn bundle_of(
    signed: &SignedCheckpoint,
    log: &Log<'_>,
    beside: &[u64],
    events: Vec<BatchPart>,
    statement: Statement,
) -> Result<Bundle, Unproved> {
    if Hash(signed.checkpoint.root.0) != log.root() {
        return Err(Unproved::OtherLog {
            size: signed.checkpoint.size,
            found: tlog::TreeHash(log.root().0).to_string(),
            said: signed.checkpoint.root.to_string(),
        });
    }
    let (commits, tree) = log.parts(beside)?;
    let checkpoint = signed.to_string();
    let bundle = Bundle { checkpoint, tree, commits, events, statement };
    bundle.holds().map_err(|fault| Unproved::DoesNotHold { fault: fault.to_string() })?;
    Ok(bundle)
}

impl Store {
    /// The event at a row of a batch, by the id of the batch's revision; none if the view has none
    /// there, or does not show it, as it is restricted.
    #[must_use]
    pub fn event_at(&self, view: &Snapshot, batch: &Hash, row: u32) -> Option<EventRef> {
        let state = self.read_state();
        let ordinal = state.ledger.batch_of(state.ledger.revision(batch)?)?;
        let place = view.graph().batch_place(ordinal)?;
        let is_hidden = !view.shows_restricted() && view.graph().restricts(&place, row);
        (row < place.rows && !is_hidden).then_some(EventRef { batch: ordinal, row })
    }

    /// The id of the revision of a batch's part, as [`EventRef`] names it and a proof does; none if the
    /// log holds no such part.
    #[must_use]
    pub fn revision_of_part(&self, part: u32) -> Option<Hash> {
        let state = self.read_state();
        let batch = state.ledger.batches.get(part as usize)?;
        Some(state.ledger.revisions.id(batch.revision))
    }

    /// The node of a view that a revision is of, by the revision's id.
    #[must_use]
    pub fn node_of_revision(&self, view: &Snapshot, id: &Hash) -> Option<NodeNo> {
        let (kind, key) = {
            let state = self.read_state();
            let ledger = &state.ledger;
            let node = ledger.revisions.node(ledger.revision(id)?);
            (ledger.nodes.kind(node), ledger.nodes.key(node))
        };
        view.node_with_key(kind, &key)
    }
}

impl<'a> Maker<'a> {
    fn new(store: &'a Store, view: &'a Snapshot) -> Maker<'a> {
        let (records, rows, edges) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
        Maker { store, view, records, rows, edges }
    }

    /// The log with the transactions of the records.
    fn log(&self, signed: &SignedCheckpoint) -> Result<Log<'a>, Error> {
        Log::read(self.store, self.view, &self.records, &Hash(signed.checkpoint.root.0))
    }
}

impl Maker<'_> {
    fn state(&mut self, claim: &Claim, withhold: bool) -> Result<Statement, Unproved> {
        // Of the subject group nothing is said where it is kept back.
        let is_shown = |named: &Named| {
            let field = EventField::parse(&named.field);
            !withhold || field.is_some_and(|field| field.spec().group == Group::Open)
        };
        let shown = |named: &Option<Named>| named.clone().filter(is_shown);
        Ok(match claim {
            Claim::Revision(node, id) => {
                let revisions = self.store.revisions(self.view, *node);
                let mut fitting = revisions.iter().rev();
                let found = fitting.find(|revision| id.is_none_or(|id| id == revision.id));
                let none = || Unproved::NoRevision { node: self.view.name_of(*node) };
                let revision = found.ok_or_else(none)?.id;
                self.records.insert(revision);
                Statement::Revision { node: self.node(*node), revision }
            }
            Claim::Events { events, named } => {
                let mut names = Vec::new();
                for event in events {
                    names.push(self.event(*event)?);
                }
                Statement::Events { events: names, named: shown(named) }
            }
            Claim::Paths { paths, named } => {
                let mut proved = Vec::new();
                for (start, steps) in paths {
                    let mut hops = Vec::new();
                    let mut from = *start;
                    for step in steps {
                        hops.push(self.hop(from, step)?);
                        from = step.to;
                    }
                    proved.push(Path { start: self.item(*start)?, hops });
                }
                Statement::Paths { named: shown(named), paths: proved }
            }
        })
    }

    fn node(&self, node: NodeNo) -> Node {
        Node { kind: self.view.kind_of(node).name().to_owned(), key: self.view.key_of(node) }
    }

    /// The name of an event, whose row and batch the proof then holds.
    fn event(&mut self, event: EventRef) -> Result<EventName, Unproved> {
        let batch = self.batch_revision(event.batch)?;
        self.records.insert(batch);
        self.rows.entry(event.batch).or_default().insert(event.row);
        Ok(EventName { batch, row: u64::from(event.row) })
    }

    fn batch_revision(&self, ordinal: u32) -> Result<Hash, Error> {
        let none = || Error::corrupt("segments", 0, "an event is of a batch that the log holds");
        self.store.revision_of_part(ordinal).ok_or_else(none)
    }

    fn item(&mut self, thing: Thing) -> Result<Item, Unproved> {
        Ok(match thing {
            Thing::Node(node) => Item::Node(self.node(node)),
            Thing::Event(event) => Item::Event(self.event(event)?),
        })
    }

    fn name(&self, thing: Thing) -> String {
        match thing {
            Thing::Node(node) => self.view.name_of(node),
            Thing::Event(event) => format!("event {} of a batch", event.row),
        }
    }
}
