//! `POST /v1/compact`, `/v1/retractions`, `/v1/verify`, `/v1/rebuild`: what whoever keeps a store has its writer do.

use super::imports::accepted;
use crate::gate::Call;
use crate::jobs::{Input, Wanted};
use crate::openapi::Description;
use crate::problem::Problem;
use crate::wire::{CompactRequest, ImportJob, RetractRequest, VerifyRequest};
use axum::body::Body;
use axum::http::Response;
use std::sync::Arc;

pub(crate) fn describe_compact(it: Description) -> Description {
    let what = "The job; GET /v1/imports/{id} tells what was packed.";
    it.body::<CompactRequest>().writes().accepted::<ImportJob>(what)
}

pub(crate) fn describe_retract(it: Description) -> Description {
    let what = "The job; GET /v1/imports/{id} tells its commit.";
    it.body::<RetractRequest>().writes().accepted::<ImportJob>(what)
}

pub(crate) fn describe_verify(it: Description) -> Description {
    let what = "The job; GET /v1/imports/{id} tells what was hashed, and each fault.";
    it.body::<VerifyRequest>().writes().accepted::<ImportJob>(what)
}

pub(crate) fn describe_rebuild(it: Description) -> Description {
    let what = "The job; GET /v1/imports/{id} tells its end. Questions go on meanwhile.";
    it.writes().accepted::<ImportJob>(what)
}

/// Takes on that everything derived is made anew.
pub(crate) async fn rebuild(call: Call) -> Result<Response<Body>, Problem> {
    take(&call, "rebuild", "what is derived".to_owned(), |_| Input::Rebuild)
}

/// Takes on that small containers are packed.
pub(crate) async fn compact(call: Call) -> Result<Response<Body>, Problem> {
    let wanted: CompactRequest = call.wish()?;
    take(&call, "compact", "small containers".to_owned(), |_| Input::Compact(wanted))
}

/// Takes on that an import is undone, in the name of who asks.
pub(crate) async fn retract(call: Call) -> Result<Response<Body>, Problem> {
    let wanted: RetractRequest = call.wish()?;
    let label = format!("import:{}", wanted.import);
    take(&call, "retraction", label, |login| Input::Retract(wanted, login))
}

/// Takes on that the store's files are hashed again.
pub(crate) async fn verify(call: Call) -> Result<Response<Body>, Problem> {
    let wanted: VerifyRequest = call.wish()?;
    take(&call, "verify", "the store's files".to_owned(), |_| Input::Verify(wanted))
}

pub(super) fn take(
    call: &Call,
    kind: &'static str,
    label: String,
    input: impl FnOnce(String) -> Input,
) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    if call.sight()?.is_bound() {
        return Err(Problem::forbidden(
            "this is of the whole store, and this token is bound to systems",
        ));
    }
    let (tenant, writer) = call.writer()?;
    let who = call.who()?;
    let login = who.person.clone().unwrap_or_else(|| format!("token:{}", who.token.id));
    let job = call.job(call.app.request_id(), kind, label, tenant.now());
    writer.take(Arc::clone(&job), input(login), Wanted::default())?;
    accepted(&job)
}
