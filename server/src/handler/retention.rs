//! `POST /v1/retention`: how long what is kept under a policy, and what is due under it. Nothing is erased
//! by it: what is due is proposed and executed by two persons beside the store.

use super::sound;
use crate::accept;
use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::Problem;
use crate::reply::{self, COMMIT, Written};
use crate::wire::RetentionRequest;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use lineal_evidence::Error;
use lineal_evidence::record::time_of;
use lineal_evidence::retention::{Kept, Policy};
use serde_json::json;

/// What a policy that came along is called in messages.
const SENT: &str = "the policy that was sent";
/// What is kept back of those who may not see what is restricted.
const RESTRICTED: &str = "restricted rows, and whether they keep a batch";

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
    let sight = call.sight()?;
    if sight.is_bound() {
        return Err(Problem::forbidden(
            "retention is of the whole store, and this token is bound to systems",
        ));
    }
    let asked: RetentionRequest = call.wish()?;
    let tenant = call.tenant()?;
    let now = match &asked.at {
        None => tenant.now(),
        Some(text) => time_of(text).ok_or_else(|| {
            Problem::bad_request("`at` is a time as 2026-03-14 or 2026-03-14T09:00:00Z")
        })?,
    };
    let policy = match &asked.policy {
        None => Policy::read(None),
        Some(text) => Policy::parse(text, SENT),
    };
    let policy = policy
        .map_err(|error| Problem::in_words(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
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
