//! `GET /v1/batches`: the batches of events, without opening their rows.

use super::view;
use crate::accept;
use crate::cursor::Cursor;
use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::Problem;
use crate::reply::{self, COMMIT, NEXT, Written};
use crate::wire::{Batch, Batches};
use axum::body::Body;
use axum::http::{Response, header};
use lineal_engine::BatchInfo;
use lineal_proof::Hash;
use lineal_query::value::time_text;
use utoipa::openapi::schema::Type;

/// Batches of a page, where nothing is said.
const PAGE: u64 = 1_000;

pub(crate) fn describe(it: Description) -> Description {
    it.number("page", (1, None), false, "Batches of a page, from 1")
        .parameter(
            "cursor",
            &Type::String,
            false,
            "`next` of the page before, with the same page size",
        )
        .in_store()
        .json::<Batches>("A page of the batches.")
        .gives(&["Lineal-Commit", "Lineal-Next"])
        .cached()
}

/// Answers. The next page is of the same commit, whatever was committed since.
pub(crate) async fn get(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&["page", "cursor"])?;
    let tenant = call.tenant()?;
    let sight = call.sight()?;
    let most = call.app.config.limits.page_rows;
    let page = call.number("page")?.unwrap_or(PAGE).min(most);
    if page == 0 {
        return Err(Problem::bad_request("`page` is 1 at least"));
    }
    let who = call.who()?;
    let (role, systems) = (who.token.role.name(), who.token.systems.join("\n"));
    let question = [
        b"batches\n",
        tenant.name().as_bytes(),
        role.as_bytes(),
        systems.as_bytes(),
        &page.to_le_bytes(),
    ]
    .join(&b"\0"[..]);
    let question = Hash::of(&question);
    let cursor = call.parameter("cursor")?;
    let cursor = cursor.map(|text| call.app.seal.open(&text, &question)).transpose()?;
    let opened = match cursor {
        Some(cursor) => tenant.holding(cursor.commit),
        None => tenant.current(),
    };
    let commit = cursor.map_or_else(|| opened.commit(), |cursor| cursor.commit);
    let first = cursor.map_or(0, |cursor| cursor.first);
    let tag = reply::tag(
        commit,
        &[b"batches", opened.store.id(), question.as_bytes(), &first.to_le_bytes()],
    );
    if let Some(response) = reply::unchanged(&call.parts.method, &call.parts.headers, &tag)? {
        return Ok(response);
    }
    let gzip = accept::takes_gzip(&call.parts.headers);
    let app = call.app.clone();
    let work = call.app.pool.run(&who.token.id, move |_, _| {
        let (view, scope) = sight.seen(&opened, view(&opened.store, Some(commit))?)?;
        let seen = |info: &BatchInfo| scope.as_ref().is_none_or(|scope| scope.has(info.node));
        let name = |node| view.name_of(node);
        let skipped = usize::try_from(first).unwrap_or(usize::MAX);
        let taken = usize::try_from(page).unwrap_or(usize::MAX);
        let all: Vec<BatchInfo> = view.batches().filter(seen).collect();
        let batches: Vec<Batch> = all
            .iter()
            .skip(skipped)
            .take(taken)
            .map(|info| Batch {
                batch: name(info.node),
                deployment: name(info.deployment),
                rows: info.rows,
                events: info.events,
                overrides: info.overrides,
                art12: info.art12,
                first_event: time_text(info.first_time),
                last_event: time_text(info.last_time),
            })
            .collect();
        let after = first.saturating_add(batches.len() as u64);
        let total = all.len() as u64;
        let next = (after < total)
            .then(|| app.seal.text(Cursor { commit, now: 0, first: after, shown: 0 }, &question));
        if let Some(damage) = view.damage() {
            return Err(Problem::store(&damage));
        }
        let answer = Batches { batches, total, next: next.clone(), commit };
        let json = serde_json::to_value(answer).map_err(|_| Problem::fault())?;
        Ok((Written::json(&json, gzip), next))
    });
    let (written, next) = work.await??;
    let mut response = written.response("application/json");
    let headers = response.headers_mut();
    reply::set(headers, header::ETAG, &tag);
    reply::set(headers, COMMIT, &commit.to_string());
    if let Some(next) = next {
        reply::set(headers, NEXT, &next);
    }
    Ok(response)
}
