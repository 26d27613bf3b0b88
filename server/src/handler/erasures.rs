//! `/v1/erasures`, `/v1/holds`: what is erased on a recorded decision, and what forbids it; and
//! `POST /v1/checkpoint`, which the same writer does.

use super::imports::accepted;
use super::told;
use crate::gate::Call;
use crate::jobs::{Input, Wanted};
use crate::openapi::Description;
use crate::problem::Problem;
use crate::wire::{CheckpointRequest, ErasureRequest, HoldRequest, ImportJob};
use axum::body::Body;
use axum::http::Response;
use lineal_engine::HoldScope;
use serde_json::{Value as Json, json};
use std::sync::Arc;

pub(crate) fn describe(it: Description) -> Description {
    it.body::<ErasureRequest>()
        .writes()
        .accepted::<ImportJob>("The job; GET /v1/imports/{id} tells what was erased.")
}

pub(crate) fn describe_hold(it: Description) -> Description {
    it.body::<HoldRequest>()
        .writes()
        .accepted::<ImportJob>("The job; GET /v1/imports/{id} tells its commit.")
}

pub(crate) fn describe_checkpoint(it: Description) -> Description {
    it.body::<CheckpointRequest>()
        .writes()
        .accepted::<ImportJob>("The job; GET /v1/imports/{id} tells its note.")
}

/// An erasure is of the whole store: who sees a part of it cannot know what goes with it.
fn unbound(call: &Call) -> Result<(), Problem> {
    if call.sight()?.is_bound() {
        return Err(Problem::forbidden(
            "erasures, holds and checkpoints are of the whole store, and this token is bound to systems",
        ));
    }
    Ok(())
}

/// Who asks, as an actor's login: the person that an identity provider names, else the token.
fn login(call: &Call) -> Result<String, Problem> {
    Ok(call.who()?.executor().login)
}

/// Takes an erasure on; who asks executes it.
pub(crate) async fn post(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    unbound(&call)?;
    let (tenant, writer) = call.writer()?;
    let request: ErasureRequest = call.json()?;
    call.asked.given(unnamed(&call.body)?);
    // What names the things must not outlive them: the job is called by the request's reference.
    let label = request.decision.clone();
    let input = Input::Erasure(Box::new(request), call.who()?.executor());
    let job = call.job(call.app.request_id(), "erasure", label, tenant.now());
    writer.take(Arc::clone(&job), input, Wanted::default())?;
    accepted(&job)
}

/// What was asked for without what names the things, which must not outlive them: how many it names is
/// kept in its place.
fn unnamed(body: &[u8]) -> Result<String, Problem> {
    let mut asked: Json = serde_json::from_slice(body).map_err(|_| Problem::fault())?;
    for name in ["events", "batches", "fields"] {
        if let Some(all) = asked.get_mut(name) {
            *all = json!(all.as_array().map_or(0, Vec::len));
        }
    }
    Ok(asked.to_string())
}

/// Takes a hold on, or its end.
pub(crate) async fn post_hold(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    unbound(&call)?;
    let (tenant, writer) = call.writer()?;
    let request: HoldRequest = call.wish()?;
    let label = request.name.clone();
    let input = Input::Hold(Box::new(request), login(&call)?);
    let job = call.job(call.app.request_id(), "hold", label, tenant.now());
    writer.take(Arc::clone(&job), input, Wanted::default())?;
    accepted(&job)
}

/// Takes on that a checkpoint is made.
pub(crate) async fn post_checkpoint(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    unbound(&call)?;
    let (tenant, writer) = call.writer()?;
    let request: CheckpointRequest = call.wish()?;
    let input = Input::Checkpoint(request, login(&call)?);
    let label = "checkpoint".to_owned();
    let job = call.job(call.app.request_id(), "checkpoint", label, tenant.now());
    writer.take(Arc::clone(&job), input, Wanted::default())?;
    accepted(&job)
}

/// What was decided on requests to erase.
pub(crate) async fn list(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    unbound(&call)?;
    told(&call, &[], move |opened, _| {
        let told = lineal_evidence::decisions::in_words(&opened.store);
        let mut told = told.map_err(|error| Problem::store(&error))?;
        told["commit"] = json!(opened.commit());
        Ok(told)
    })
    .await
}

/// The holds that stand.
pub(crate) async fn holds(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    unbound(&call)?;
    told(&call, &[], move |opened, _| {
        let holds = opened.store.holds().map_err(|error| Problem::store(&error))?;
        let view = opened.snapshot();
        let listed = holds.iter().map(|hold| {
            let scope = match &hold.scope {
                HoldScope::Store => Some("store".to_owned()),
                HoldScope::Node(kind, key) => {
                    view.node_with_key(*kind, key).map(|node| view.name_of(node))
                }
            };
            json!({
                "name": hold.name, "scope": scope, "reason": hold.reason, "actor": hold.actor,
                "commit": hold.commit, "recorded": lineal_query::value::time_text(hold.recorded),
            })
        });
        Ok(json!({ "holds": listed.collect::<Vec<_>>(), "commit": view.commit() }))
    })
    .await
}
