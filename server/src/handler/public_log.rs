//! The public log of a store, as static files in the layout of C2SP's tlog-tiles below `/v1`, and proofs
//! about it: what a witness, a monitor or a mirror reads. Nothing is signed here; `lineal checkpoint` does
//! that beside the store.
//!
//! It is of the whole store, so a token that is bound to systems has none of it.

use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::Problem;
use crate::reply;
use crate::tenant::Opened;
use axum::body::Body;
use axum::http::{Response, header};
use lineal_engine::{Error, Store};
use lineal_proof::tlog::{TreeHash, is_tile_path};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// A signed note.
const NOTE: &str = "text/plain; charset=utf-8";
/// Hashes, and entries with their lengths.
const TILE: &str = "application/octet-stream";
/// The newest checkpoint is another one soon (tlog-tiles, "Checkpoints").
const NEWEST: &str = "no-cache";
/// A tile never changes; it was given to a token, so no cache on the way keeps it.
const FOR_EVER: &str = "private, max-age=31536000, immutable";

const NO_CHECKPOINT: &str =
    "no such checkpoint is kept; `lineal checkpoint` beside the store makes one of its last commit";
const NO_TILE: &str = "no such tile; those that there are follow from the size of /v1/checkpoint";

pub(crate) fn describe_checkpoint(it: Description) -> Description {
    it.in_store()
        .number("size", (0, None), false, "The one of this many commits; else the newest")
        .text("The signed note (C2SP tlog-checkpoint).", "text/plain")
        .problem(404, "None is kept.")
}

pub(crate) fn describe_tile(it: Description) -> Description {
    it.place("path", "LEVEL/NUMBER or entries/NUMBER, `0/x001/234.p/17` (C2SP tlog-tiles)")
        .in_store()
        .text("The hashes of a tile, or the entries of a bundle.", TILE)
        .problem(404, "There is no such tile.")
}

pub(crate) fn describe_consistency(it: Description) -> Description {
    it.in_store()
        .number("earlier", (1, None), true, "Commits of a kept checkpoint")
        .number("later", (0, None), false, "Commits of a later one; else the newest")
        .object("Both notes, and the hashes that lead from one to the other (RFC 6962).")
        .problem(404, "One of them is not kept.")
}

pub(crate) fn describe_proof(it: Description) -> Description {
    it.in_store()
        .number("commit", (0, None), true, "The commit's number")
        .number("size", (0, None), false, "The checkpoint of this many commits; else the newest")
        .object("The proof (C2SP tlog-proof) and the commit's record, which it is of.")
        .problem(404, "There is no such commit or checkpoint.")
}

/// `GET /v1/checkpoint`
pub(crate) async fn checkpoint(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&["size"])?;
    let wanted = call.number("size")?;
    let text = ask(&call, move |opened| {
        let size = kept(&opened.store, wanted)?;
        Ok(opened.store.kept_checkpoint(size).map_err(problem)?.note.to_string())
    });
    Ok(file(text.await?.into_bytes(), NOTE, NEWEST))
}

/// `GET /v1/tile/{*path}`
pub(crate) async fn tile(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let path = format!("tile/{}", call.places.get("path").map_or("", String::as_str));
    if !is_tile_path(&path) {
        whole(&call)?;
        return Err(Problem::not_found(NO_TILE));
    }
    let found = ask(&call, move |opened| {
        let found = opened.store.log_file(&path).map_err(problem)?;
        found.map(|bytes| bytes.to_vec()).ok_or_else(|| Problem::not_found(NO_TILE))
    });
    Ok(file(found.await?, TILE, FOR_EVER))
}

/// `GET /v1/log/consistency`
pub(crate) async fn consistency(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&["earlier", "later"])?;
    let wanted =
        || Problem::bad_request("`earlier` is the commits of a kept checkpoint, from 1 on");
    let earlier = call.number("earlier")?.filter(|size| *size > 0).ok_or_else(wanted)?;
    let later = call.number("later")?;
    let told = ask(&call, move |opened| {
        let store = &opened.store;
        let later = kept(store, later)?;
        let note = |size| store.kept_checkpoint(size).map(|kept| kept.note.to_string());
        let (old, new) = (note(earlier).map_err(problem)?, note(later).map_err(problem)?);
        let proof = store.consistency(earlier, later).map_err(problem)?;
        let proof: Json = proof.iter().map(TreeHash::to_string).collect();
        Ok(json!({ "earlier": old, "later": new, "proof": proof }))
    });
    Ok(file(told.await?.to_string().into_bytes(), "application/json", NEWEST))
}

/// `GET /v1/log/proof`
pub(crate) async fn proof(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&["commit", "size"])?;
    let wanted = || Problem::bad_request("`commit` is the number of a commit");
    let number = call.number("commit")?.ok_or_else(wanted)?;
    let size = call.number("size")?;
    let told = ask(&call, move |opened| {
        let store = &opened.store;
        let size = kept(store, size)?;
        let proof = store.log_proof(number, size).map_err(problem)?.to_string();
        let entry = store.commit_payload(number).map_err(problem)?;
        let entry = data_encoding::BASE64.encode(&entry);
        Ok(json!({ "commit": number, "size": size, "proof": proof, "entry": entry }))
    });
    Ok(file(told.await?.to_string().into_bytes(), "application/json", NEWEST))
}

/// Refuses whoever sees a part of the store only.
fn whole(call: &Call) -> Result<(), Problem> {
    if call.sight()?.is_bound() {
        return Err(Problem::forbidden(
            "the public log is of the whole store, and this token is bound to systems",
        ));
    }
    Ok(())
}

/// Reads on a thread of the pool.
async fn ask<T: Send + 'static>(
    call: &Call,
    read: impl Fn(&Opened) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let opened: Arc<Opened> = call.tenant()?.current();
    whole(call)?;
    let who = call.who()?.token.id.clone();
    call.app.pool.run(&who, move |_, _| read(&opened)).await?
}

/// The size of the checkpoint that is meant.
fn kept(store: &Store, wanted: Option<u64>) -> Result<u64, Problem> {
    if let Some(size) = wanted {
        return Ok(size);
    }
    let newest = store.checkpoint_sizes().map_err(problem)?.pop();
    newest.ok_or_else(|| Problem::not_found(NO_CHECKPOINT))
}

fn problem(error: Error) -> Problem {
    match error {
        Error::NoCheckpoint { .. } | Error::NoCommit { .. } => Problem::not_found(NO_CHECKPOINT),
        Error::Proof(why) => Problem::bad_request(why.to_string()),
        other => Problem::store(&other),
    }
}

fn file(bytes: Vec<u8>, media_type: &str, caching: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    reply::set(response.headers_mut(), header::CONTENT_TYPE, media_type);
    reply::set(response.headers_mut(), header::CACHE_CONTROL, caching);
    response
}
