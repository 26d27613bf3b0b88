//! `GET /v1/backup`: a copy of a store as of its last commit, made while it is read and written.
//!
//! A copy holds every row, also what the administrator's role does not see in answers: it is given only
//! where the configuration says so (`backups`), never with the keys, and each is in the trail before
//! its first byte.

use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::Problem;
use crate::reply::{self, COMMIT};
use axum::body::Body;
use axum::http::{HeaderName, Response, header};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use lineal_engine::{Backup, Tar};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Copies that are given at a time: each reads a whole store, and holds a thread while it is taken.
pub(crate) const BACKUPS_AT_ONCE: usize = 2;
/// Pieces of 256 KiB that are read before they are taken.
const PIECES_AHEAD: usize = 4;
/// The id of the commit that the copy is of, as in its list and in the log.
const COMMIT_ID: HeaderName = HeaderName::from_static("lineal-commit-id");
/// The form of an archive.
const TAR: &str = "application/x-tar";

pub(crate) fn describe(it: Description) -> Description {
    let what = "The archive. Its last files are backup.sha256, which lists the others with their digests, and head. Lineal-Commit and Lineal-Commit-Id name the commit.";
    let names = ["Content-Disposition", "Lineal-Commit", "Lineal-Commit-Id"];
    it.in_store().text(what, TAR).gives(&names)
}

/// Begins one.
pub(crate) async fn get(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let tenant = call.tenant()?;
    if !call.app.config.backups {
        return Err(Problem::forbidden(
            "this server gives no copies: `backups = true` in its configuration lets administrators have them; `lineal backup` makes one beside the store",
        ));
    }
    if call.sight()?.is_bound() {
        return Err(Problem::forbidden(
            "a copy is of the whole store, and this token is bound to systems",
        ));
    }
    let place = call.app.backups.clone().try_acquire_owned().map_err(|_| Problem::busy())?;
    let own = Arc::clone(&tenant);
    let tar = tokio::task::spawn_blocking(move || {
        let opened = own.current();
        let tar = opened.store.backup(false).map(Backup::into_tar)?;
        if tar.backup().commit() > opened.commit() {
            // What the copy is of is known to whoever hears of it, and to the trail.
            own.follow();
        }
        Ok(tar)
    });
    let tar = tar.await.map_err(|_| Problem::fault())?;
    let tar = tar.map_err(|error: lineal_engine::Error| Problem::store(&error))?;
    let (commit, id) = (tar.backup().commit(), tar.backup().commit_id());
    call.asked.results(tar.backup().files());
    let left = tar.length();
    let (sender, pieces) = channel(PIECES_AHEAD);
    let store = tenant.name().to_owned();
    // Reading may wait for the disk, and sending for the client: neither on a thread of connections.
    tokio::task::spawn_blocking(move || send(&store, tar, &sender, place));
    let mut response = Response::new(Body::new(Pieces { pieces, left }));
    let headers = response.headers_mut();
    reply::set(headers, header::CONTENT_TYPE, TAR);
    let name = format!("attachment; filename=\"{}-{commit}.tar\"", tenant.name());
    reply::set(headers, header::CONTENT_DISPOSITION, &name);
    reply::set(headers, COMMIT, &commit.to_string());
    reply::set(headers, COMMIT_ID, &id.to_string());
    Ok(response)
}

/// Reads piece by piece, as fast as they are taken. Whoever leaves ends it.
fn send(store: &str, tar: Tar, to: &Sender<io::Result<Bytes>>, _place: OwnedSemaphorePermit) {
    let (commit, mut bytes) = (tar.backup().commit(), 0);
    for piece in tar {
        let piece = piece.map_err(|error| {
            tracing::error!(store, commit, %error, "a copy could not be made");
            io::Error::other("the store could not be read")
        });
        bytes += piece.as_ref().map_or(0, Vec::len);
        let is_broken = piece.is_err();
        if to.blocking_send(piece.map(Bytes::from)).is_err() {
            tracing::warn!(store, commit, bytes, "a copy was not taken to its end");
            return;
        }
        if is_broken {
            return;
        }
    }
    tracing::info!(store, commit, bytes, "a copy was given");
}

/// The body: its length is known, so that a copy that breaks off cannot look whole.
pub(super) struct Pieces {
    pub(super) pieces: Receiver<io::Result<Bytes>>,
    pub(super) left: u64,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = std::task::ready!(self.pieces.poll_recv(context));
        Poll::Ready(piece.map(|piece| {
            let piece = piece?;
            self.left = self.left.saturating_sub(piece.len() as u64);
            Ok(Frame::data(piece))
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
