//! `POST /v1/retention`: how long what is kept under a policy, and what is due under it. Nothing is erased
//! by it: what is due is proposed (`/v1/retention/proposals`) by one person and executed
//! (`/v1/retention/executions`) by another.

use super::imports::accepted;
use super::sound;
use crate::accept;
use crate::gate::{Call, Sight};
use crate::jobs::{Input, Wanted};
use crate::openapi::Description;
use crate::problem::Problem;
use crate::reply::{self, COMMIT, TOTAL, Written};
use crate::wire::{ImportJob, RetentionExecution, RetentionProposal, RetentionRequest};
use axum::body::Body;
use axum::http::{Response, StatusCode};
use lineal_evidence::Error;
use lineal_evidence::record::time_of;
use lineal_evidence::retention::{Kept, LOGS, Policy, Proposal, ProposalError};
use serde_json::json;
use std::sync::Arc;

/// What a policy that came along is called in messages.
const SENT: &str = "the policy that was sent";
/// What is kept back of those who may not see what is restricted.
const RESTRICTED: &str = "restricted rows, and whether they keep a batch";

/// Things of one proposal: it comes back in a body of `limits.body_bytes`, and what has no place in it is
/// proposed when these are gone.
const PROPOSED_MAX: usize = 1_000;

pub(crate) fn describe_propose(it: Description) -> Description {
    it.body::<RetentionProposal>()
        .in_store()
        .object("The proposal. Its very bytes and their SHA-256 are what is executed; Lineal-Total counts all that is due, and what has no place in it is proposed when these are gone.")
        .gives(&["Lineal-Commit", "Lineal-Total"])
        .problem(422, "The policy cannot be read, or has no ceiling for the class.")
}

pub(crate) fn describe_execute(it: Description) -> Description {
    let what = "The job; GET /v1/imports/{id} tells what was erased, or what is not due.";
    it.body::<RetentionExecution>().writes().accepted::<ImportJob>(what)
}

pub(crate) fn describe(it: Description) -> Description {
    it.body::<RetentionRequest>()
        .in_store()
        .object("The classes with their floors and ceilings, the batches that are due, and how the other classes stand; in `withheld` what this token is not told.")
        .gives(&["Lineal-Commit"])
        .problem(422, "The policy cannot be read.")
}

/// Says what is due.
pub(crate) async fn post(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let sight = unbound(&call)?;
    let asked: RetentionRequest = call.wish()?;
    let tenant = call.tenant()?;
    let now = at(asked.at.as_deref())?.unwrap_or_else(|| tenant.now());
    let policy = policy(asked.policy.as_deref())?;
    let opened = tenant.current();
    let commit = opened.commit();
    let gzip = accept::takes_gzip(&call.parts.headers);
    let work = call.app.pool.run(&call.who()?.token.id, move |_, _| {
        let stored = |error: lineal_engine::Error| Problem::store(&error);
        // What is restricted is kept as well, and the trail is a class of its own. Which batches hold
        // restricted rows is for whoever decides about that.
        let view = sight.shown(opened.store.snapshot().map_err(stored)?);
        let kept = Kept::of(&opened.store, &view, &policy, now).map_err(|error| match error {
            Error::Store(error) => Problem::store(&error),
            other => Problem::in_words(StatusCode::UNPROCESSABLE_ENTITY, other.to_string()),
        })?;
        if let Some(damage) = view.damage() {
            return Err(Problem::store(&damage));
        }
        sound(&opened)?;
        let due = kept.logs.as_ref().map_or(0, |logs| logs.due.len());
        let mut told = kept.to_json(&policy, now);
        told["withheld"] = match sight.restricted {
            true => json!([]),
            false => json!([RESTRICTED]),
        };
        Ok((due as u64, Written::json(&told, gzip)))
    });
    let (due, written) = work.await??;
    call.asked.results(due);
    let mut response = written.response("application/json");
    reply::set(response.headers_mut(), COMMIT, &commit.to_string());
    Ok(response)
}

/// What the call may see, where that is the whole store.
fn unbound(call: &Call) -> Result<Sight, Problem> {
    let sight = call.sight()?;
    if sight.is_bound() {
        return Err(Problem::forbidden(
            "retention is of the whole store, and this token is bound to systems",
        ));
    }
    Ok(sight)
}

fn at(text: Option<&str>) -> Result<Option<i64>, Problem> {
    let wrong = || Problem::bad_request("`at` is a time as 2026-03-14 or 2026-03-14T09:00:00Z");
    text.map(|text| time_of(text).ok_or_else(wrong)).transpose()
}

/// The policy that was sent, or that of the program.
fn policy(text: Option<&str>) -> Result<Policy, Problem> {
    let read = match text {
        None => Policy::read(None),
        Some(text) => Policy::parse(text, SENT),
    };
    read.map_err(|error| Problem::in_words(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))
}

/// Writes down what is due of a class. Nothing is kept of it here: it is a file of who asks.
pub(crate) async fn propose(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let sight = unbound(&call)?;
    let asked: RetentionProposal = call.wish()?;
    let tenant = call.tenant()?;
    let now = at(asked.at.as_deref())?.unwrap_or_else(|| tenant.now());
    let (policy, opened) = (policy(asked.policy.as_deref())?, tenant.current());
    let (commit, gzip) = (opened.commit(), accept::takes_gzip(&call.parts.headers));
    let class = asked.class.unwrap_or_else(|| LOGS.to_owned());
    let work = call.app.pool.run(&call.who()?.token.id, move |_, _| {
        let stored = |error: lineal_engine::Error| Problem::store(&error);
        let view = sight.shown(opened.store.snapshot().map_err(stored)?);
        let made = Proposal::of(&opened.store, &view, &policy, (&class, now), PROPOSED_MAX);
        let made = made.map_err(|error| match error {
            ProposalError::Evidence(Error::Store(error)) => Problem::store(&error),
            other => Problem::in_words(StatusCode::UNPROCESSABLE_ENTITY, other.to_string()),
        })?;
        if let Some(damage) = view.damage() {
            return Err(Problem::store(&damage));
        }
        sound(&opened)?;
        // A reply ends its line itself, and the bytes are those that the digest is of.
        let text = made.text.strip_suffix('\n').unwrap_or(&made.text);
        let written = Written::of(text.as_bytes().to_vec(), gzip);
        Ok((made.batches + made.days + made.left, written))
    });
    let (due, written) = work.await??;
    call.asked.results(due);
    let mut response = written.response("application/json");
    reply::set(response.headers_mut(), COMMIT, &commit.to_string());
    reply::set(response.headers_mut(), TOTAL, &due.to_string());
    Ok(response)
}

/// Takes on that a proposal is executed.
pub(crate) async fn execute(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    unbound(&call)?;
    let (tenant, writer) = call.writer()?;
    let asked: RetentionExecution = call.json()?;
    // What names the things must not outlive them: the trail has the proposal's digest.
    let (sha256, decided_by) = (&asked.sha256, &asked.decided_by);
    call.asked.given(json!({ "sha256": sha256, "decided_by": decided_by }).to_string());
    let label = format!("retention proposal SHA-256 {sha256}");
    let by = call.who()?.executor();
    let job = call.job(call.app.request_id(), "retention", label, tenant.now());
    let input = Input::Retention(Box::new(asked), by);
    writer.take(Arc::clone(&job), input, Wanted::default())?;
    accepted(&job)
}
