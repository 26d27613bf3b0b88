//! What the endpoints do: one file each.

pub(crate) mod aliases;
pub(crate) mod backup;
pub(crate) mod batches;
pub(crate) mod check;
pub(crate) mod erasures;
pub(crate) mod export;
pub(crate) mod handed;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod imports;
pub(crate) mod intake;
pub(crate) mod keys;
pub(crate) mod marquez;
pub(crate) mod metrics;
pub(crate) mod mirror;
pub(crate) mod names;
pub(crate) mod nodes;
pub(crate) mod plans;
pub(crate) mod prove;
pub(crate) mod public_log;
pub(crate) mod query;
pub(crate) mod records;
pub(crate) mod reference;
pub(crate) mod report;
pub(crate) mod retention;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod stats;
pub(crate) mod tokens;
pub(crate) mod trace;
pub(crate) mod trail;
pub(crate) mod typed;
pub(crate) mod upkeep;

use crate::accept;
use crate::gate::Call;
use crate::pool::Stop;
use crate::problem::Problem;
use crate::reply::{self, COMMIT, Written};
use crate::tenant::Opened;
use axum::body::Body;
use axum::http::{Response, header};
use serde_json::Value as Json;
use std::sync::Arc;

/// Answers with what is told of a store as it stands: made on a thread of the pool, tagged by the
/// commit, and given only if nothing that was read for it is damaged.
pub(crate) async fn told(
    call: &Call,
    what: &[&[u8]],
    tell: impl Fn(&Arc<Opened>, &Stop) -> Result<Json, Problem> + Send + 'static,
) -> Result<Response<Body>, Problem> {
    let tenant = call.tenant()?;
    let opened = tenant.current();
    let who = call.who()?;
    // Two roles may be told different things, and two tokens of one role too.
    let mut parts: Vec<&[u8]> =
        vec![tenant.name().as_bytes(), who.token.role.name().as_bytes(), opened.store.id()];
    let systems = who.token.systems.join("\n");
    parts.push(systems.as_bytes());
    let path = call.parts.uri.path().to_owned();
    parts.push(path.as_bytes());
    parts.extend(what);
    let tag = reply::tag(opened.commit(), &parts);
    if let Some(response) = reply::unchanged(&call.parts.method, &call.parts.headers, &tag)? {
        return Ok(response);
    }
    let gzip = accept::takes_gzip(&call.parts.headers);
    let commit = opened.commit();
    let written = call.app.pool.run(&who.token.id, move |_, stop| {
        let told = tell(&opened, stop);
        match opened.snapshot().damage() {
            Some(damage) => Err(Problem::store(&damage)),
            None => told.map(|json| Written::json(&json, gzip)),
        }
    });
    let mut response = written.await??.response("application/json");
    reply::set(response.headers_mut(), header::ETAG, &tag);
    reply::set(response.headers_mut(), COMMIT, &commit.to_string());
    Ok(response)
}

/// Refuses to tell what was read of a state in which something is damaged.
pub(crate) fn sound(opened: &Opened) -> Result<(), Problem> {
    opened.snapshot().damage().map_or(Ok(()), |damage| Err(Problem::store(&damage)))
}

/// The view that a call asks for: the newest, or that of a commit.
pub(crate) fn view(
    opened: &Arc<lineal_engine::Store>,
    as_of: Option<u64>,
) -> Result<lineal_engine::Snapshot, Problem> {
    let view = opened.snapshot_at(as_of.unwrap_or_else(|| opened.commit()));
    let told = |view: lineal_engine::Snapshot| view.with_whole_ids().without_trail();
    view.map(told).map_err(|error| match error {
        lineal_engine::Error::NoCommit { .. } => Problem::bad_request(error.to_string()),
        other => Problem::store(&other),
    })
}
