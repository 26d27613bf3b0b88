//! Erasing: events, batches and sealed values are destroyed, and what stays proves that nothing else
//! was touched (docs/format.md, section 23).
//!
//! First the next generation of each container is written without the rows, then the erasure is
//! recorded: from that commit on no view shows them. What must be destroyed besides (salts, keys, also in
//! files of them that were set aside, entries of indexes, old files) is destroyed behind it, and, if a crash comes between, by the next
//! opening for writing (`finish.rs`). A decision to refuse or to restrict destroys nothing
//! (`restrict.rs`).

mod again;
mod ahead;
mod decisions;
mod find;
mod finish;
mod missing;
mod persons;
mod record;
mod restrict;
mod retracted;
mod rewrite;
mod salts;
mod suppress;
mod trail;
mod values;
mod words;

pub use ahead::NotDone;
pub use decisions::{DecidedStep, DecisionInfo, DecisionLog};
pub use finish::SeedsRewritten;
pub use persons::{TwoPersons, person_named};
pub use retracted::RetractedShare;
pub use suppress::Suppressed;
pub use trail::TrailShare;

use self::ahead::Ahead;
use self::missing::MissingSeeds;
use super::Store;
use crate::error::{Error, Result};
use crate::keys::seeds_aside;
use crate::later_erasures::LaterErasures;
use crate::snapshot::EventRef;
use crate::stands::Stands;
use lineal_proof::Hash;
use lineal_proof::record::{Decision, ErasedFile, ErasedRows, ErasedValue};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Most bytes of a basis and of a reference: a sentence or two, so that no case file gets in.
const WORDS_MAX: usize = 1_024;

/// What is to be erased.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// Events, and every other row of the same identities, whichever import brought it.
    Events(Vec<EventRef>),
    /// All rows of a batch, by its node.
    Batch(Hash),
    /// A sealed field of a node, by the node's id, as any revision states it: its subject's key goes,
    /// and with it all that was sealed under that.
    Field(Hash, String),
    /// Every value that is sealed under a subject's key, whoever states it: the key goes.
    Subject(Hash),
    /// One sealed value, as another log of this store names it: what else lies under the same key stays.
    Value(ErasedValue),
}

/// How far an erasure goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reach {
    /// To what is named.
    Named,
    /// Also to what the trail says of it.
    Trail,
}

/// How something is erased.
struct How<'l> {
    reach: Reach,
    missing: MissingSeeds,
    /// What is not here and is to be known again.
    ahead: Ahead,
    /// Rows that stay, whose salts went when it was erased elsewhere.
    unsalted: Vec<ErasedRows>,
    /// What was kept there of what the seeds that are here lack.
    later: Option<&'l LaterErasures>,
}

impl How<'_> {
    fn of(reach: Reach, missing: MissingSeeds) -> How<'static> {
        let (ahead, unsalted) = (Ahead::default(), Vec::new());
        How { reach, missing, ahead, unsalted, later: None }
    }
}

/// An erasure, or the refusal of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ErasureOrder {
    /// What.
    pub targets: Vec<Target>,
    /// Erased; or refused, restricted or lifted: then nothing is destroyed.
    pub decision: Decision,
    /// The legal ground, in words: at most 1,024 bytes.
    pub basis: String,
    /// The reference of the request, without the identity of who made it: at most 1,024 bytes.
    pub reference: String,
    /// The actor key of who decided ([`Store::two_persons`]).
    pub decided_by: String,
    /// The actor key of who does it: another person.
    pub executed_by: String,
}

/// What an erasure did, or would do.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ErasureDone {
    /// The commit that records it; none of a rehearsal.
    pub commit: Option<u64>,
    /// Rows, and the batches in which they stood.
    pub rows: u64,
    /// How many batches.
    pub batches: u64,
    /// What of it no import holds that stands: nobody was shown it.
    pub retracted: RetractedShare,
    /// Sealed values: field and whether the node that was named states it.
    pub values: Vec<(String, bool)>,
    /// What of the trail says it.
    pub trail: TrailShare,
    /// Files that must no longer exist, in copies neither.
    pub files: Vec<ErasedFile>,
    /// Paths that stay until those who read them now are done; the next writer removes them.
    pub waiting: Vec<String>,
    /// Files of seeds that were set aside, and held what was erased or did not read: they hold nothing of
    /// it any more.
    pub rewritten: Vec<SeedsRewritten>,
    /// Other files set aside by earlier recoveries, which may hold what was erased: nobody looks into them.
    pub orphans: Vec<String>,
}

/// Rows of batches, by the ordinal of the batch: ascending, no two alike.
type Rows = BTreeMap<u32, BTreeSet<u32>>;

impl Store {
    /// Erases, restricts, lifts a restriction, or records that a request is refused. With `dry_run` only
    /// says what would be. With what is erased goes what the trail says of it: questions that hold its hashes,
    /// ids or texts. What waits in the trail's journal is not found: it is committed before.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Poisoned`], [`Error::SamePerson`], [`Error::Unsaid`],
    /// [`Error::Held`] where a hold forbids it, [`Error::Restricted`], [`Error::NothingToErase`], [`Error::NoKey`] without
    /// the index key or the seeds, [`Error::OtherIndexKey`], [`Error::SeedsMissing`] where seeds are here and lack
    /// what other records need, [`Error::Corrupt`] if a container cannot be read, or what the medium says.
    pub fn erase(&self, order: &ErasureOrder, dry_run: bool) -> Result<ErasureDone> {
        self.erase_within(order, How::of(Reach::Trail, MissingSeeds::Refuse), dry_run)
    }

    /// The same of what is past its ceiling: the trail stays, which has a period of its own.
    ///
    /// # Errors
    /// As [`Store::erase`].
    pub fn erase_due(&self, order: &ErasureOrder) -> Result<ErasureDone> {
        self.erase_within(order, How::of(Reach::Named, MissingSeeds::Refuse), false)
    }

    fn erase_within(
        &self,
        order: &ErasureOrder,
        how: How<'_>,
        dry_run: bool,
    ) -> Result<ErasureDone> {
        let How { reach, missing, ahead, unsalted, later } = how;
        self.check_writable()?;
        check_words(order)?;
        // What is erased is known again by fingerprints that are made with it.
        self.need_own_keys()?;
        // What is read here must still be so when the decision is recorded.
        let turn = self.turn();
        let mut rows = self.rows_of(order)?;
        let mut values = self.values_of(order)?;
        if let Some(later) = later {
            later.give_fingerprints(&mut values);
        }
        if rows.is_empty() && values.is_empty() && ahead.is_empty() && unsalted.is_empty() {
            let what = "no row and no sealed value of that is here; what was erased before is not \
                        erased again";
            return Err(Error::NothingToErase { what: what.to_owned() });
        }
        // Before what the trail says is among them: their keys go, what else lies under them or not.
        let named = Named::of(order);
        let under = values.iter().filter(|value| !named.values.contains(&value.commitment));
        let whole: BTreeSet<Hash> = under.map(|value| value.subject).collect();
        let told = values.iter().map(|value| (value.field.clone(), named.has(value)));
        let mut done = ErasureDone { values: told.collect(), ..ErasureDone::default() };
        match order.decision {
            Decision::Erased => {
                if reach == Reach::Trail {
                    let said = self.in_trail(&rows, &values)?;
                    done.trail = said.share;
                    values.extend(said.values);
                }
                values.extend(ahead.values);
                values.sort_by_key(|value| value.commitment);
                self.check_holds(&rows, &values)?;
                self.check_restricted(&rows, &values)?;
            }
            Decision::Restricted | Decision::Lifted => {
                // What lies under the same key as a field is not what was asked for.
                values.retain(|value| named.has(value));
                self.to_restrict(order, &mut rows, &mut values)?;
                done.values = values.iter().map(|value| (value.field.clone(), true)).collect();
            }
            Decision::Refused => {}
        }
        done.rows = rows.values().map(|rows| rows.len() as u64).sum();
        done.batches = rows.len() as u64;
        done.retracted = self.retracted_share(order, &rows);
        let told = if order.decision == Decision::Erased {
            done.files = self.files_of(&rows);
            self.telling_of_seeds(order, (&rows, &values), missing)?
        } else {
            Cow::Borrowed(order)
        };
        let order = &*told;
        if dry_run {
            return Ok(done);
        }
        if order.decision != Decision::Erased {
            let records = self.decision_records(order, &rows, values);
            let mut transaction =
                self.begin_in_turn(&turn, None, Some(order.executed_by.clone()))?;
            records.into_iter().for_each(|record| transaction.add_erasure(record));
            done.commit = Some(transaction.commit()?.number);
            // Views of before show what is restricted since.
            self.views.let_go();
            let written = self.write_indexes_in_turn();
            written.map_err(|error| self.behind(Stands::Derived, error))?;
            return Ok(done);
        }
        // Event keys that wait name rows: they are written before these are erased.
        self.write_indexes_in_turn()?;
        let repacked = self.next_generations(&rows)?;
        let mut records = self.erasures(order, &rows, values, done.files.clone(), later)?;
        record::know_again(&mut records, order, ahead.events);
        record::keep_unsalted(&mut records, unsalted);
        let mut transaction = self.begin_in_turn(&turn, None, Some(order.executed_by.clone()))?;
        repacked.into_iter().for_each(|next| transaction.add_repacked(next));
        records.into_iter().for_each(|record| transaction.add_erasure(record));
        done.commit = Some(transaction.commit()?.number);
        let behind = |error| self.behind(Stands::Erasing, error);
        let finished = self.finish_erasures(&whole).map_err(behind)?;
        (done.waiting, done.rewritten) = (finished.waiting, finished.rewritten);
        let written = self.write_indexes_in_turn();
        written.map_err(|error| self.behind(Stands::Derived, error))?;
        let of_seeds = seeds_aside(self.storage())?;
        let orphans = self.storage.list("orphans")?.into_iter();
        done.orphans = orphans.map(|name| format!("orphans/{name}")).collect();
        // These were looked into.
        done.orphans.retain(|path| !of_seeds.iter().any(|file| file.path == *path));
        Ok(done)
    }
}

/// What of sealed values an order names.
#[derive(Default)]
struct Named<'o> {
    /// Fields of nodes.
    fields: BTreeSet<(Hash, &'o str)>,
    /// Values by themselves, by their commitments: what else lies under their keys stays.
    values: BTreeSet<Hash>,
}

impl Named<'_> {
    fn of(order: &ErasureOrder) -> Named<'_> {
        let mut named = Named::default();
        for target in &order.targets {
            match target {
                Target::Field(node, field) => _ = named.fields.insert((*node, field.as_str())),
                Target::Value(value) => _ = named.values.insert(value.commitment),
                Target::Events(_) | Target::Batch(_) | Target::Subject(_) => {}
            }
        }
        named
    }

    /// Is the field named that states this value?
    fn has(&self, value: &ErasedValue) -> bool {
        self.fields.contains(&(value.node, value.field.as_str()))
    }
}

fn check_words(order: &ErasureOrder) -> Result<()> {
    if order.decided_by == order.executed_by {
        return Err(Error::SamePerson { who: order.decided_by.clone() });
    }
    for (what, said) in [("legal basis", &order.basis), ("reference", &order.reference)] {
        if said.trim().is_empty() || said.len() > WORDS_MAX {
            return Err(Error::Unsaid { what, limit: WORDS_MAX });
        }
    }
    Ok(())
}
