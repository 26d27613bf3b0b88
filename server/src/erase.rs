//! What a writer does of erasures, holds and checkpoints: names become rows and nodes, refusals are
//! told in the store's own words.

use crate::asker::Executor;
use crate::seal;
use crate::wire::{CheckpointRequest, ErasureRequest, HoldRequest, RetentionExecution};
use crate::writer::{Failed, Hands};
use lineal_engine::schema::Kind;
use lineal_engine::{
    ErasureDone, ErasureOrder, Error, EventRef, HoldScope, NodeNo, Snapshot, Target,
};
use lineal_evidence::retention::{Fitting, Policy, ProposalError, Read};
use lineal_import::Progress;
use lineal_proof::record::Decision;
use lineal_query::told::{Stored, Target as Told, Unresolved};
use serde_json::{Value as Json, json};

/// What a proposal that came along is called in messages.
const PROPOSAL: &str = "the proposal";
/// The same of a policy.
const POLICY: &str = "the policy that was sent";

/// Nothing was done, for a reason that the caller may know.
fn refused(why: impl Into<String>) -> Failed {
    ("refused", why.into())
}

impl Hands {
    /// An error of an erasure: what the request asked for that may not be is told as it is.
    fn unerased(&self, error: &Error) -> Failed {
        match error {
            Error::SamePerson { .. } => refused(format!(
                "{error}: who asks executes it, so `decided_by` names another person, and neither this token nor whom it is for"
            )),
            Error::Nobody { .. } => refused(format!("{error} (`decided_by`)")),
            Error::Unsaid { .. }
            | Error::NothingToErase { .. }
            | Error::Restricted { .. }
            | Error::Held { .. }
            | Error::NoHold { .. }
            | Error::NoLog
            | Error::OtherKey { .. }
            | Error::OtherOrigin { .. }
            | Error::NoKey { .. }
            | Error::OtherIndexKey { .. }
            | Error::OtherActorKey { .. }
            | Error::SeedsMissing { .. } => refused(error.to_string()),
            other => self.store_failed(other),
        }
    }

    fn unnamed(&self, unresolved: &Unresolved) -> Failed {
        match unresolved {
            Unresolved::Store(error) => self.store_failed(error),
            other => refused(other.to_string()),
        }
    }

    /// The node that a text names, in the view that has it.
    fn node<'v>(
        &self,
        stored: &'v Stored<'_>,
        text: &str,
    ) -> Result<(&'v Snapshot, NodeNo), Failed> {
        let (view, named) = stored.resolve(text).map_err(|error| self.unnamed(&error))?;
        match named {
            Told::Node(node) => Ok((view, node)),
            Told::Events { .. } => Err(refused(format!("{text} is an event"))),
        }
    }

    fn events(&self, stored: &Stored<'_>, text: &str, all: bool) -> Result<Vec<EventRef>, Failed> {
        let (_, named) = stored.resolve(text).map_err(|error| self.unnamed(&error))?;
        let Told::Events { events, by } = named else {
            return Err(refused(format!("{text} is no event")));
        };
        let count = stored.count(&events).map_err(|error| self.store_failed(&error))?;
        if count > 1 && !all {
            return Err(refused(format!(
                "{count} events have this {by}; `all` erases all of them"
            )));
        }
        Ok(events)
    }

    /// Erases what a request names, after what waits in the journal was committed.
    ///
    /// # Errors
    /// A name for programs, and what happened.
    pub(crate) fn erase(
        &self,
        request: &ErasureRequest,
        by: &Executor,
        progress: &Progress,
    ) -> Result<Json, Failed> {
        if self.intake.pending().entries > 0 {
            seal::seal(self, self.tenant.now(), progress)?;
        }
        let failed = |error: Error| self.unerased(&error);
        // Who may order this sees what is restricted, and must, to lift it; and what was retracted, since
        // it lies there still.
        let view = self.store.snapshot().map_err(failed)?.with_restricted();
        let stored = Stored::of(&self.store, view).map_err(failed)?;
        let mut targets = Vec::new();
        for text in &request.events {
            targets.push(Target::Events(self.events(&stored, text, request.all)?));
        }
        for text in &request.batches {
            let (view, node) = self.node(&stored, text)?;
            if view.kind_of(node) != Kind::Batch {
                return Err(refused(format!("{text} is no batch")));
            }
            targets.push(Target::Batch(view.node_id(node)));
        }
        for field in &request.fields {
            let (view, node) = self.node(&stored, &field.node)?;
            targets.push(Target::Field(view.node_id(node), field.field.clone()));
        }
        // A view holds a mark, and replaced files would wait for it.
        drop(stored);
        let decision = request.decision_made().map_err(refused)?;
        let decided_by = &request.decided_by;
        let persons = self.store.two_persons_known(decided_by, &by.login, &by.also);
        let persons = persons.map_err(failed)?;
        let order = ErasureOrder {
            targets,
            decision,
            basis: request.basis.clone(),
            reference: request.decision.clone(),
            decided_by: persons.decided_by,
            executed_by: persons.executed_by,
        };
        let done = self.store.erase(&order, request.dry_run).map_err(failed)?;
        Ok(erased_json(decision, request.dry_run, &done))
    }

    /// Erases what a proposal lists, if it is the one that was read and all of it is due now under the policy,
    /// after what waits in the journal was committed. Who asks executes it.
    ///
    /// # Errors
    /// A name for programs, and what happened.
    pub(crate) fn retain(
        &self,
        wanted: &RetentionExecution,
        by: &Executor,
        progress: &Progress,
    ) -> Result<Json, Failed> {
        let unfit = |error: ProposalError| match error {
            ProposalError::Evidence(lineal_evidence::Error::Store(error)) => {
                self.store_failed(&error)
            }
            other => refused(other.to_string()),
        };
        let policy = match &wanted.policy {
            None => Policy::read(None),
            Some(text) => Policy::parse(text, POLICY),
        };
        let policy = policy.map_err(|error| refused(error.to_string()))?;
        let (bytes, sha256) = (wanted.proposal.as_bytes(), wanted.sha256.as_str());
        let fitting = Fitting::of(Read { name: PROPOSAL, bytes, sha256 }, &policy);
        let fitting = fitting.map_err(unfit)?;
        if self.intake.pending().entries > 0 {
            seal::seal(self, self.tenant.now(), progress)?;
        }
        let failed = |error: Error| self.unerased(&error);
        let view = self.store.snapshot().map_err(failed)?.with_restricted();
        let agreed = fitting.agreed(&self.store, &view, self.tenant.now()).map_err(unfit)?;
        // A view holds a mark, and replaced files would wait for it.
        drop(view);
        let persons = self.store.two_persons_known(&wanted.decided_by, &by.login, &by.also);
        let persons = persons.map_err(failed)?;
        let order = ErasureOrder {
            targets: agreed.targets,
            decision: Decision::Erased,
            basis: agreed.basis,
            reference: agreed.reference,
            decided_by: persons.decided_by,
            executed_by: persons.executed_by,
        };
        // The trail of who asked for it has a period of its own.
        let done = self.store.erase_due(&order).map_err(failed)?;
        Ok(erased_json(Decision::Erased, false, &done))
    }

    /// Signs a checkpoint of all commits, after the log's name and key were recorded where they are not.
    ///
    /// # Errors
    /// A name for programs, and what happened.
    pub(crate) fn checkpoint(
        &self,
        request: &CheckpointRequest,
        login: &str,
    ) -> Result<Json, Failed> {
        let failed = |error: Error| self.unerased(&error);
        let actor = Some(self.store.actor_key(login).map_err(failed)?);
        let log = self.store.record_log(request.origin.as_deref(), actor).map_err(failed)?;
        self.derive().map_err(failed)?;
        let made = self.store.checkpoint().map_err(failed)?;
        let said = &made.checkpoint;
        Ok(json!({
            "origin": said.origin, "size": said.size, "root": said.root.to_string(),
            "note": made.to_string(), "key": log.signing().to_string(),
        }))
    }

    /// Records a hold, or its end.
    ///
    /// # Errors
    /// A name for programs, and what happened.
    pub(crate) fn hold(&self, request: &HoldRequest, login: &str) -> Result<Json, Failed> {
        let failed = |error: Error| self.unerased(&error);
        let actor = Some(self.store.actor_key(login).map_err(failed)?);
        let commit = if request.release {
            self.store.release(&request.name, &request.reason, actor).map_err(failed)?
        } else {
            let scope = match request.scope.as_str() {
                "" | "store" => HoldScope::Store,
                text => {
                    let view = self.store.snapshot().map_err(failed)?;
                    // What was retracted can be erased, so it can be held.
                    let stored = Stored::of(&self.store, view).map_err(failed)?;
                    let (view, node) = self.node(&stored, text)?;
                    HoldScope::Node(view.kind_of(node), view.key_of(node))
                }
            };
            self.store.hold(&request.name, &scope, &request.reason, actor).map_err(failed)?
        };
        self.derive().map_err(failed)?;
        Ok(json!({ "name": request.name, "released": request.release, "commit": commit }))
    }
}

/// What was erased, as it is told: how many values, and not of whom.
fn erased_json(decision: Decision, dry_run: bool, done: &ErasureDone) -> Json {
    let files = done.files.iter().map(|file| {
        json!({
            "container": file.container.to_string(), "generation": file.generation,
            "sha256": file.sha256.to_string(),
        })
    });
    json!({
        "decision": decision.name(), "dry_run": dry_run, "commit": done.commit,
        "rows": done.rows, "batches": done.batches, "values": done.values.len(),
        "retracted": { "rows": done.retracted.rows, "fields": done.retracted.fields },
        "trail": {
            "values": done.trail.values, "uses": done.trail.uses, "unread": done.trail.unread,
        },
        "files_that_must_not_exist": files.collect::<Vec<_>>(),
        "waiting": done.waiting.len(), "orphans": done.orphans.len(),
    })
}
