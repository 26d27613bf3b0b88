//! `POST /v1/records`, `/v1/records/statement`: what people state, and what they sign of it; and
//! `GET /v1/gate`: whether the release record of a model is there.

use super::imports::accepted;
use super::told;
use crate::gate::Call;
use crate::jobs::{Input, Wanted};
use crate::openapi::Description;
use crate::problem::Problem;
use crate::role::Role;
use crate::wire::{ImportJob, RecordRequest};
use axum::body::Body;
use axum::http::Response;
use lineal_evidence::gate::{BUILT_IN, Policy};
use lineal_evidence::record::{Error, Request, Who};
use std::sync::Arc;
use utoipa::openapi::schema::Type;

pub(crate) fn describe(it: Description) -> Description {
    it.body::<RecordRequest>()
        .writes()
        .accepted::<ImportJob>("The job; GET /v1/imports/{id} tells what was recorded.")
}

pub(crate) fn describe_statement(it: Description) -> Description {
    it.body::<RecordRequest>()
        .writes()
        .accepted::<ImportJob>("The job; its report holds the statement, to be signed.")
}

pub(crate) fn describe_gate(it: Description) -> Description {
    it.parameter("model", &Type::String, true, "The model version")
        .in_store()
        .object("The items of the release record: present, missing or cannot_tell.")
        .gives(&["ETag", "Lineal-Commit"])
        .problem(404, "No model version has that name.")
}

/// Statements are about the whole store: who sees a part of it cannot name the rest.
fn unbound(call: &Call) -> Result<(), Problem> {
    if call.sight()?.is_bound() {
        return Err(Problem::forbidden(
            "statements are about the whole store, and this token is bound to systems",
        ));
    }
    Ok(())
}

/// May this role state that?
fn may(role: Role, whose: &[Who]) -> bool {
    whose.iter().any(|who| match who {
        Who::Engineer => matches!(role, Role::Engineer),
        Who::Approver => matches!(role, Role::Approver),
        Who::Investigator => matches!(role, Role::Investigator),
    })
}

/// What is stated, by whom: nobody states in another's name.
fn stated(call: &Call) -> Result<Request, Problem> {
    let wanted: RecordRequest = call.wish()?;
    let who = call.who()?;
    let login = who.person.clone().unwrap_or_else(|| format!("token:{}", who.token.id));
    let same = |by: &String| by.trim().to_lowercase() == login.trim().to_lowercase();
    if wanted.by.as_ref().is_some_and(|by| !same(by)) {
        return Err(Problem::forbidden(format!(
            "who asks states it, and this token is `{login}`: leave `by` (--by) out, or name that"
        )));
    }
    let record = serde_json::from_value(wanted.record)
        .map_err(|error| Problem::bad_request(format!("`record`: {error}")))?;
    let request = Request { by: login, reason: wanted.reason, at: wanted.at, record };
    if !may(who.token.role, request.record.who()) {
        let verb = request.record.verb();
        let roles: Vec<&str> = verb.who().iter().map(|who| who.name()).collect();
        return Err(Problem::forbidden(format!(
            "the role {} does not state this: `lineal {}` is for the roles {}",
            who.token.role.name(),
            verb.command(),
            roles.join(", ")
        )));
    }
    Ok(request)
}

/// Takes a statement on.
pub(crate) async fn post(call: Call) -> Result<Response<Body>, Problem> {
    take(&call, false)
}

/// Makes the statement that a decision is signed by.
pub(crate) async fn statement(call: Call) -> Result<Response<Body>, Problem> {
    take(&call, true)
}

fn take(call: &Call, to_sign: bool) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    unbound(call)?;
    let (tenant, writer) = call.writer()?;
    let request = stated(call)?;
    let input = Input::Record(Box::new(request), call.who()?.executor(), to_sign);
    let (kind, label) =
        if to_sign { ("statement", "a decision") } else { ("record", "a statement") };
    let job = call.job(call.app.request_id(), kind, label.to_owned(), tenant.now());
    writer.take(Arc::clone(&job), input, Wanted::default())?;
    accepted(&job)
}

/// Looks for the release record of a model.
pub(crate) async fn gate(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&["model"])?;
    unbound(&call)?;
    let model = call.parameter("model")?;
    let model = model.ok_or_else(|| Problem::bad_request("`model` names a model version"))?;
    let now = call.tenant()?.now();
    // Approvals expire: the answer is of this moment.
    let (moment, named) = (now.to_le_bytes(), model.clone());
    told(&call, &[named.as_bytes(), &moment], move |opened, _| {
        let policy =
            Policy::parse(BUILT_IN, "the built-in policy").map_err(|_| Problem::fault())?;
        let release = policy.gate(&opened.store, &model, now).map_err(|error| match error {
            Error::Store(error) => Problem::store(&error),
            Error::Unresolved(error) => Problem::unresolved(&error, false),
            Error::Query(error) => Problem::question(&error),
            other => Problem::bad_request(other.to_string()),
        })?;
        Ok(release.to_json())
    })
    .await
}
