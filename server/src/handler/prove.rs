//! `POST /v1/prove`: a statement and what shows it, in one file that whoever has it can check without
//! the server.

use super::query::given;
use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::Problem;
use crate::reply::{self, COMMIT, UNSEALED, Written};
use crate::unsealed::Waiting;
use crate::wire::ProveRequest;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use lineal_engine::{AbsenceSize, Store, Unproved};
use lineal_query::prove::{NotProved, Proving, as_of, prove};
use lineal_query::{Limits, Parameters, Request, shape_digest};
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;

/// The largest proof of what is not recorded that is made where nothing is said of its size.
const BYTES_UNASKED: u64 = 16 << 20;
/// The largest that is made for anybody: it is held whole, once as it is made and once as it is sent.
const BYTES_MOST: u64 = 64 << 20;

/// What it takes and gives.
pub(crate) fn describe(it: Description) -> Description {
    it.body::<ProveRequest>()
        .in_store()
        .object(
            "The proof: docs/format.md, \"Proofs\", says what it holds and how it is checked. The header \
             `lineal-unsealed` says what waits for a commit and so stands in no proof yet.",
        )
        .gives(&["Lineal-Commit", "Lineal-Unsealed"])
        .problem(400, "A mistake in the statement.")
        .problem(409, "Several things have that name.")
        .problem(422, "The store has nothing that shows it, or no checkpoint yet.")
}

/// Makes a proof. It is noted one by one, whoever asks: what it discloses leaves the store for good.
pub(crate) async fn post(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let asked: ProveRequest = call.json()?;
    if asked.max_bytes == Some(0) {
        return Err(Problem::bad_request("`max_bytes` is 1 at least"));
    }
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
    let (opened, waiting) = (tenant.current(), Waiting::of(&call)?.words(|_| true));
    let unsealed = waiting.clone();
    let (deadline, now) = (call.deadline, call.app.now());
    let bounds = call.app.config.limits.clone();
    let work = call.app.pool.run(&call.who()?.token.id, move |_, stop| {
        let note = match &asked.checkpoint {
            Some(note) => note.clone().into_bytes(),
            None => kept(&opened.store, as_of(&text))?,
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
        let bytes_max = asked.max_bytes.unwrap_or(BYTES_UNASKED).min(BYTES_MOST);
        let go_on = |size: &AbsenceSize| {
            // Estimated before rows are read; then it is asked again and again.
            size.bytes <= bytes_max && !stop.is_set() && Instant::now() < deadline
        };
        let (statement, checkpoint) = (&*text, &note[..]);
        let proving = Proving { statement, checkpoint, withhold, request: &request, go_on: &go_on };
        let bundle = prove(&view, &proving).map_err(|why| problem(&why, unsealed.as_deref()))?;
        // Written here too: it may have some tens of megabytes, and other requests wait for the thread of
        // the connection.
        let mut file = bundle.write();
        // A reply ends its line itself.
        file.truncate(file.trim_end().len());
        Ok::<_, Problem>((file, bundle.commits.len() as u64))
    });
    let (file, commits) = work.await??;
    call.asked.results(commits);
    let commit = tenant.current().commit();
    let mut response = Written::of(file.into_bytes(), false).response("application/json");
    reply::set(response.headers_mut(), COMMIT, &commit.to_string());
    if let Some(waiting) = waiting {
        reply::set(response.headers_mut(), UNSEALED, &waiting);
    }
    Ok(response)
}

/// A checkpoint that the store keeps: of a commit, or the newest.
fn kept(store: &Store, of: Option<u64>) -> Result<Vec<u8>, Problem> {
    let sizes = store.checkpoint_sizes().map_err(|error| Problem::store(&error))?;
    if let Some(size) = of.filter(|size| !sizes.contains(size)) {
        return Err(Problem::in_words(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!(
                "no checkpoint of commit {size} is kept: a proof is shown against a signed checkpoint of the commit that `as of` names"
            ),
        ));
    }
    let size = of.as_ref().or(sizes.last()).ok_or_else(|| {
        Problem::in_words(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the store has no checkpoint yet, and a proof is shown against a signed one: `lineal checkpoint` makes it beside the store",
        )
    })?;
    let kept = store.kept_checkpoint(*size).map_err(|error| Problem::store(&error))?;
    Ok(kept.note.to_string().into_bytes())
}

/// Why there is no proof; what waits may be what is not found.
fn problem(why: &NotProved, unsealed: Option<&str>) -> Problem {
    match why {
        NotProved::Question { error, .. } => Problem::question(error).or_unsealed(unsealed),
        NotProved::Unresolved(unresolved) => {
            Problem::unresolved(unresolved, false).or_unsealed(unsealed)
        }
        NotProved::Unproved(Unproved::Store(error)) => Problem::store(error),
        NotProved::Cut { .. } | NotProved::Unproved(Unproved::Stopped) => Problem::timed_out(),
        other => {
            let may_wait = matches!(other, NotProved::NotSo { .. });
            let unsealed = unsealed.filter(|_| may_wait);
            let beside = unsealed.map_or_else(String::new, |words| format!("; {words}"));
            Problem::in_words(StatusCode::UNPROCESSABLE_ENTITY, format!("{other}{beside}"))
        }
    }
}
