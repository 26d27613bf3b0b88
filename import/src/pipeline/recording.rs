//! The nodes of a tracking store on their way into commits.
//!
//! Three steps at once: a thread puts records together (`Reading::each`), a thread encodes, seals and
//! hashes them, and whoever imports stages and commits them. So while a commit hashes and writes on one
//! core, the next nodes are made on another (`import/examples/mlflow_import.rs`). Where commits are cut
//! depends on what is recorded, never on who was quicker.

use super::ahead::Ahead;
use super::people::{People, encode_series};
use super::staging::Session;
use crate::error::{Error, Result};
use crate::mlflow::{self, Ended, Reading};
use crate::record::{NodeRecord, Part};
use crate::report::{Instead, Report};
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{Held, NodeDraft, Outcome, PreparedNode, Saying, Store, Transaction};
use lineal_proof::record::Counts;
use lineal_proof::{Key, Value};
use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::thread;

/// Nodes that are staged at once: behind them is looked whether a transaction has enough.
const STAGED_AT_ONCE: usize = 512;
/// Bytes of nodes that wait prepared while others are committed: about as much as is made meanwhile.
const AHEAD_BYTES: usize = 32 << 20;
/// What a prepared node takes beside its bytes, about.
const NODE_BYTES: usize = 1 << 10;

/// The recording of a store's nodes, in as many commits as they need.
pub(super) struct Recording<'r, 's> {
    saying: &'r Saying,
    /// Will a full snapshot end it?
    full: bool,
    /// The one at hand.
    pub(super) transaction: Transaction<'s>,
    /// Nodes staged over all transactions, with the digests of what is said of them.
    pub(super) held: Held,
    actors: BTreeSet<Key>,
    pub(super) counts: Counts,
}

impl<'r, 's> Recording<'r, 's> {
    /// Nothing recorded yet.
    pub(super) fn new(
        session: &Session<'s>,
        saying: &'r Saying,
        full: bool,
    ) -> Result<Recording<'r, 's>> {
        let (actors, counts) = (BTreeSet::new(), Counts::default());
        let held = session.store.nothing_held();
        let transaction = begin(session, full)?;
        Ok(Recording { saying, full, transaction, held, actors, counts })
    }

    /// Records everything that was read of a store, and the people that it names.
    pub(super) fn take(
        &mut self,
        session: &mut Session<'s>,
        reading: Reading<'_>,
    ) -> Result<Ended> {
        let ahead = Ahead::new(AHEAD_BYTES);
        let mut preparing = Preparing {
            store: session.store,
            saying: self.saying,
            people: std::mem::replace(&mut session.people, People::new(session.store)),
            inputs: Inputs::of(&mut session.report, &self.saying.form),
            ahead: &ahead,
        };
        let (staged, prepared) = thread::scope(|scope| {
            let prepared = scope.spawn(|| {
                let _ending = ahead.ending();
                preparing.take(reading)
            });
            let ending = ahead.ending();
            let mut nodes = std::iter::from_fn(|| ahead.take());
            let staged = nodes.try_for_each(|nodes| self.stage(session, nodes));
            drop(ending);
            (staged, prepared.join().unwrap_or_else(|panic| resume_unwind(panic)))
        });
        staged?;
        let ended = match prepared {
            Ok(ended) => ended,
            Err(Halt::Failed(error)) => return Err(error),
            Err(Halt::Unwanted) => unreachable!("all was staged"),
        };
        let Preparing { people, inputs, .. } = preparing;
        session.people = people;
        inputs.put(&mut session.report);
        let actors = session.people.take_actors().into_iter();
        // The translator may have said more of somebody than that there is such a login.
        let actors = actors.filter(|actor| !self.actors.contains(&actor.key));
        let prepare = |actor: NodeDraft| Ok(session.store.prepare(self.saying, actor)?);
        let actors = actors.map(prepare).collect::<Result<Vec<_>>>()?;
        self.add(session, actors)?;
        Ok(ended)
    }

    /// Stages some nodes, and commits what is enough for one transaction.
    fn stage(&mut self, session: &mut Session<'s>, mut nodes: Vec<PreparedNode>) -> Result<()> {
        let limits = session.options.limits;
        while !nodes.is_empty() {
            let at_hand = &self.transaction;
            let room = limits.transaction_nodes.max(1).saturating_sub(at_hand.staged_nodes());
            if room == 0 || at_hand.staged_bytes() >= limits.transaction_bytes {
                let next = begin(session, self.full)?;
                session.commit(std::mem::replace(&mut self.transaction, next))?;
                // Anew: now it is known which import goes on.
                self.transaction = begin(session, self.full)?;
                continue;
            }
            let rest = nodes.split_off(room.min(nodes.len()));
            session.progress.add_items(nodes.len() as u64);
            self.add(session, nodes)?;
            nodes = rest;
        }
        Ok(())
    }

    fn add(&mut self, session: &mut Session<'s>, nodes: Vec<PreparedNode>) -> Result<()> {
        for node in nodes {
            let kind = node.kind();
            if kind == Kind::Actor {
                self.actors.insert(node.key().clone());
            }
            let staged = self.transaction.add_prepared(node)?;
            self.held.insert(staged.node, staged.content);
            self.counts.read += 1;
            match session.count_node(self.saying, kind, &staged) {
                Outcome::Recorded => self.counts.accepted += 1,
                Outcome::Known => self.counts.duplicate += 1,
            }
        }
        Ok(())
    }
}

fn begin<'s>(session: &Session<'s>, full: bool) -> Result<Transaction<'s>> {
    let mut transaction = session.begin()?;
    if full {
        transaction.snapshot_follows();
    }
    Ok(transaction)
}

/// Why no more is prepared.
enum Halt {
    /// What is prepared is not staged any more.
    Unwanted,
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Halt {
        Halt::Failed(error)
    }
}

impl From<mlflow::Error> for Halt {
    fn from(error: mlflow::Error) -> Halt {
        Halt::Failed(error.into())
    }
}

/// Makes nodes of records, ahead of their recording.
struct Preparing<'p, 's> {
    store: &'s Store,
    saying: &'p Saying,
    people: People<'s>,
    inputs: Inputs<'p>,
    ahead: &'p Ahead<Vec<PreparedNode>>,
}

impl Preparing<'_, '_> {
    fn take(&mut self, reading: Reading<'_>) -> Result<Ended, Halt> {
        let mut nodes = Vec::with_capacity(STAGED_AT_ONCE);
        let ended = reading.each(|records| {
            for record in records {
                nodes.push(self.prepare(record)?);
                // The same cuts, however many records came at once.
                if nodes.len() == STAGED_AT_ONCE {
                    let whole = Vec::with_capacity(STAGED_AT_ONCE);
                    self.hand_over(std::mem::replace(&mut nodes, whole))?;
                }
            }
            Ok::<_, Halt>(())
        })?;
        self.hand_over(nodes)?;
        Ok(ended)
    }

    fn prepare(&mut self, record: NodeRecord) -> Result<PreparedNode> {
        self.inputs.count(&record);
        let draft = self.people.draft(encode_series(record))?;
        Ok(self.store.prepare(self.saying, draft)?)
    }

    fn hand_over(&self, nodes: Vec<PreparedNode>) -> Result<(), Halt> {
        let bytes = nodes.iter().map(|node| node.bytes() + NODE_BYTES).sum();
        if self.ahead.put(nodes, bytes) { Ok(()) } else { Err(Halt::Unwanted) }
    }
}

/// How the forms of MLflow begin: its runs name data in parameters and tags, so one of them tells most.
const MLFLOW: &str = "mlflow-";

/// Runs that record no data set, and what the first of them says instead.
pub(super) struct Inputs<'i> {
    without: u64,
    all: u64,
    instead: Option<Instead>,
    form: &'i str,
}

impl<'i> Inputs<'i> {
    /// Goes on with the counts of a report; runs are told in this form.
    pub(super) fn of(report: &mut Report, form: &'i str) -> Inputs<'i> {
        let (without, all) = report.runs_without_input;
        Inputs { without, all, instead: report.instead.take(), form }
    }

    pub(super) fn put(self, report: &mut Report) {
        report.runs_without_input = (self.without, self.all);
        report.instead = self.instead;
    }

    pub(super) fn count(&mut self, record: &NodeRecord) {
        const INPUTS: [Relation; 4] =
            [Relation::TrainedOn, Relation::ValidatedOn, Relation::TestedOn, Relation::Used];
        if record.node.kind != Kind::Run {
            return;
        }
        self.all += 1;
        if record.edges.iter().any(|edge| INPUTS.contains(&edge.relation)) {
            return;
        }
        self.without += 1;
        let hints = record.fields.get("input_hints").and_then(Value::as_list);
        let hints = hints.unwrap_or_default().iter().filter_map(Value::as_text);
        // The first run, unless a later one is the first of MLflow, or names data in some other way.
        let is_mlflow = |form: &str| form.starts_with(MLFLOW);
        let tells_more = match &self.instead {
            None => true,
            Some(old) => {
                (is_mlflow(self.form) && !is_mlflow(&old.form))
                    || (old.found.is_empty() && hints.clone().next().is_some())
            }
        };
        if let Some(Part::Text(id)) = record.node.key.first()
            && tells_more
        {
            let found = hints.map(str::to_owned).collect();
            self.instead = Some(Instead { run: id.clone(), found, form: self.form.to_owned() });
        }
    }
}
