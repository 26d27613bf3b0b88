//! `GET /v1/mirror`: what a store has to be pulled, and its files in pieces: segments, containers, the
//! register of sealed values, checkpoints. Never keys, never journals.
//!
//! A mirror holds every row, as a copy does: so both are given to administrators alone, where the
//! configuration says so (`backups`), and of whole stores. Whoever pulls verifies each byte by itself.

use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::Problem;
use crate::reply::{self, COMMIT};
use crate::tenant::Opened;
use axum::body::Body;
use axum::http::{Response, header};
use data_encoding::{BASE64, HEXLOWER};
use lineal_engine::mirror::{Offer, PIECE_BYTES_MAX};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Bytes of a file.
const BYTES: &str = "application/octet-stream";

pub(crate) fn describe(it: Description) -> Description {
    let what = "`head` (base64), bytes of each segment, bytes and SHA-256 of the register and of checkpoints. Containers follow from the log.";
    it.in_store().object(what).gives(&["Lineal-Commit"])
}

pub(crate) fn describe_piece(it: Description) -> Description {
    it.place("path", "A file as its commits or the offer name it: `segments/00000001.seg`")
        .in_store()
        .number("from", (0, None), false, "The first byte; else 0")
        .number("length", (0, Some(PIECE_BYTES_MAX)), false, "Bytes, at most 8 MiB; else as many")
        .text("The bytes; fewer at the end of the file.", BYTES)
        .problem(404, "There is no such file, or no longer.")
}

/// `GET /v1/mirror`
pub(crate) async fn offer(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let (commit, told) = ask(&call, |opened| {
        let offer = opened.store.offer().map_err(|error| Problem::store(&error))?;
        Ok((offer.head.commit, told(&offer)))
    })
    .await?;
    call.asked.results(1);
    let mut response = Response::new(Body::from(told.to_string()));
    reply::set(response.headers_mut(), header::CONTENT_TYPE, "application/json");
    reply::set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    reply::set(response.headers_mut(), COMMIT, &commit.to_string());
    Ok(response)
}

/// `GET /v1/mirror/{*path}`
pub(crate) async fn piece(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&["from", "length"])?;
    let from = call.number("from")?.unwrap_or(0);
    let length = call.number("length")?.unwrap_or(PIECE_BYTES_MAX);
    if length > PIECE_BYTES_MAX {
        return Err(Problem::bad_request(format!("`length` is at most {PIECE_BYTES_MAX}")));
    }
    let path = call.places.get("path").cloned().unwrap_or_default();
    let bytes = ask(&call, move |opened| {
        let found = opened.store.piece(&path, from, length);
        let found = found.map_err(|error| Problem::store(&error))?;
        found.ok_or_else(|| {
            Problem::not_found(
                "no such file to be mirrored, or no longer: /v1/mirror says what there is",
            )
        })
    })
    .await?;
    let mut response = Response::new(Body::from(bytes));
    reply::set(response.headers_mut(), header::CONTENT_TYPE, BYTES);
    reply::set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    Ok(response)
}

fn told(offer: &Offer) -> Json {
    let digest = |digest: &[u8; 32]| HEXLOWER.encode(digest);
    let register = offer.register.as_ref();
    let register = register.map(|(bytes, sha)| json!({ "bytes": bytes, "sha256": digest(sha) }));
    let notes = offer
        .checkpoints
        .iter()
        .map(|(path, bytes, sha)| json!({ "path": path, "bytes": bytes, "sha256": digest(sha) }));
    json!({
        "head": BASE64.encode(&offer.head.to_bytes()), "segments": offer.segments,
        "register": register, "checkpoints": notes.collect::<Vec<_>>(),
    })
}

/// Reads on a thread of the pool, for whoever may have all of the store.
async fn ask<T: Send + 'static>(
    call: &Call,
    read: impl Fn(&Opened) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let tenant = call.tenant()?;
    if !call.app.config.backups {
        return Err(Problem::forbidden(
            "this server gives no copies and no mirrors: `backups = true` in its configuration lets administrators have them",
        ));
    }
    if call.sight()?.is_bound() {
        return Err(Problem::forbidden(
            "a mirror is of the whole store, and this token is bound to systems",
        ));
    }
    let opened: Arc<Opened> = tenant.current();
    let who = call.who()?.token.id.clone();
    call.app.pool.run(&who, move |_, _| read(&opened)).await?
}
