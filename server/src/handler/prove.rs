//! `POST /v1/prove`: a statement and what shows it, in one file that whoever has it can check without
//! the server.

use super::query::given;
use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::Problem;
use crate::reply::{self, COMMIT, Written};
use crate::wire::ProveRequest;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use lineal_engine::{Store, Unproved};
use lineal_query::prove::{NotProved, Proving, prove};
use lineal_query::{Limits, Parameters, Request, shape_digest};
use serde_json::json;
use std::sync::Arc;

/// What it takes and gives.
pub(crate) fn describe(it: Description) -> Description {
    it.body::<ProveRequest>()
        .in_store()
        .object("The proof: docs/format.md, \"Proofs\", says what it holds and how it is checked.")
        .problem(400, "A mistake in the statement.")
        .problem(409, "Several things have that name.")
        .problem(422, "The store has nothing that shows it, or no checkpoint yet.")
}

/// Makes a proof. It is noted one by one, whoever asks: what it discloses leaves the store for good.
pub(crate) async fn post(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let asked: ProveRequest = call.json()?;
    let sight = call.sight()?;
    let text: Arc<str> = asked.statement.as_str().into();
    let params = (!asked.params.is_empty()).then(|| json!(asked.params).to_string());
    call.asked.question(Arc::clone(&text), shape_digest(&text).into(), params);
    call.asked.exports();
    if sight.is_bound() {
        // A record in a proof is whole: it names what is not of the token's systems.
        return Err(Problem::forbidden(
            "a proof shows records whole, and this token sees a part of the store: ask somebody who sees all of it",
        ));
    }
    let mut parameters = Parameters::new();
    for (name, json) in &asked.params {
        parameters.set(name.clone(), given(name, json)?);
    }
    let tenant = call.tenant()?;
    let opened = tenant.current();
    let (deadline, now) = (call.deadline, call.app.now());
    let bounds = call.app.config.limits.clone();
    let work = call.app.pool.run(&call.who()?.token.id, move |_, stop| {
        let note = match &asked.checkpoint {
            Some(note) => note.clone().into_bytes(),
            None => newest(&opened.store)?,
        };
        let limits = Limits {
            rows: bounds.rows,
            edges: bounds.edges,
            events: bounds.events,
            bytes: bounds.bytes,
            deadline: Some(deadline),
            stop: Some(&|| stop.is_set()),
        };
        let request = Request { parameters: &parameters, limits: &limits, now };
        let view = opened.view.clone();
        let view = if sight.restricted { view.with_restricted() } else { view };
        let view = if sight.withheld { view.without_subject_group() } else { view };
        let view = if sight.trail { view.with_trail() } else { view.without_trail() };
        let withhold = asked.withhold.is_some();
        let proving = Proving { statement: &text, checkpoint: &note, withhold, request: &request };
        prove(&view, &proving).map_err(|why| problem(&why))
    });
    let bundle = work.await??;
    let commits = bundle.commits.len() as u64;
    call.asked.results(commits);
    let commit = tenant.current().commit();
    // A reply ends its line itself.
    let mut file = bundle.write();
    file.truncate(file.trim_end().len());
    let mut response = Written::of(file.into_bytes(), false).response("application/json");
    reply::set(response.headers_mut(), COMMIT, &commit.to_string());
    Ok(response)
}

/// The newest checkpoint that the store keeps.
fn newest(store: &Store) -> Result<Vec<u8>, Problem> {
    let sizes = store.checkpoint_sizes().map_err(|error| Problem::store(&error))?;
    let size = sizes.last().ok_or_else(|| {
        Problem::in_words(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the store has no checkpoint yet, and a proof is shown against a signed one: `lineal checkpoint` makes it beside the store",
        )
    })?;
    let kept = store.kept_checkpoint(*size).map_err(|error| Problem::store(&error))?;
    Ok(kept.note.to_string().into_bytes())
}

/// Why there is no proof.
fn problem(why: &NotProved) -> Problem {
    match why {
        NotProved::Question { error, .. } => Problem::question(error),
        NotProved::Unresolved(unresolved) => Problem::unresolved(unresolved, false),
        NotProved::Unproved(Unproved::Store(error)) => Problem::store(error),
        NotProved::Cut { .. } => Problem::timed_out(),
        other => Problem::in_words(StatusCode::UNPROCESSABLE_ENTITY, other.to_string()),
    }
}
