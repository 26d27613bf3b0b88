//! `GET /v1/export/logs` and `GET /v1/pack`: what is handed to people who check it without us, as one zip.
//!
//! Both are signed with the log's key, of a store whose key is where the server is: it signs what it made of
//! its own records and nothing that is sent to it. Each is in the trail before its first byte.

use super::backup::Pieces;
use super::export::{ROOT, in_a_header};
use super::{sound, view};
use crate::app::App;
use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::{NOTHING, Problem};
use crate::reply::{self, COMMIT, TOTAL, WITHHELD};
use crate::scope::Scope;
use axum::body::Body;
use axum::http::{HeaderName, Response, StatusCode, header};
use bytes::Bytes;
use lineal_engine::schema::Kind;
use lineal_engine::{NodeNo, Snapshot};
use lineal_evidence::archive::zip_files;
use lineal_evidence::logs::{Format, HandedOver, LogsError, Proof, Wanted, hand_over};
use lineal_evidence::pack::{self, AsOf, Disclosure, Pack, SAMPLES_DEFAULT};
use lineal_evidence::record::time_of;
use lineal_query::told::{Target, resolve};
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::channel;
use utoipa::openapi::schema::Type;

/// The key that signed, as a verifier key of the log.
const SIGNED_BY: HeaderName = HeaderName::from_static("lineal-signed-by");
/// What names a pack: the SHA-256 of its manifest.
const MANIFEST: HeaderName = HeaderName::from_static("lineal-manifest-sha256");
/// Commits behind the checkpoint of a pack, which are not in it.
const BEHIND: HeaderName = HeaderName::from_static("lineal-commits-behind");
/// The form of an archive.
const ZIP: &str = "application/zip";
/// Bytes of a piece that is sent.
const PIECE_BYTES: usize = 256 << 10;
/// Pieces that are read before they are taken.
const PIECES_AHEAD: usize = 4;
/// Events of each deployment that a pack may draw.
const SAMPLES_MOST: u64 = 100;

pub(crate) fn describe_logs(it: Description) -> Description {
    let text =
        |it: Description, name: &str, what: &str| it.parameter(name, &Type::String, false, what);
    let it =
        it.parameter("target", &Type::String, true, "A system or a deployment, as at /v1/show");
    let it = text(it, "format", "Of the files of rows: `csv` (if nothing is said) or `parquet`");
    let it = text(it, "from", "Events from this time on: RFC 3339, or a date");
    let it = text(it, "until", "Events before this time");
    let it = text(
        it,
        "disclose",
        "`subject`: with references to inputs and outputs, sessions, what no rule maps; for the roles that see these",
    );
    let it = text(
        it,
        "proof",
        "`sample` or `all`: prove events against the newest checkpoint, or that of `as_of`",
    );
    it.number("as_of", (0, None), false, "The view as of this commit")
        .in_store()
        .text(
            "The folder of `lineal export logs`, as a zip: docs/evidence.md says what is in it.",
            ZIP,
        )
        .gives(&[
            "Content-Disposition",
            "Lineal-Commit",
            "Lineal-Root",
            "Lineal-Signed-By",
            "Lineal-Total",
            "Lineal-Withheld",
        ])
        .problem(409, "Several nodes have that name.")
        .problem(422, "No logs are of this, there is no checkpoint, or the key is not here.")
}

pub(crate) fn describe_pack(it: Description) -> Description {
    let text =
        |it: Description, name: &str, what: &str| it.parameter(name, &Type::String, false, what);
    let it = it.parameter(
        "subject",
        &Type::String,
        true,
        "A model, a system, a deployment or an incident",
    );
    let it = text(
        it,
        "disclosure",
        "`third-party` (if nothing is said), or `authority` for the roles that see what points at persons",
    );
    let it =
        text(it, "as_of", "A commit number or a time: the newest checkpoint that is not behind it");
    it.number(
        "samples",
        (0, Some(SAMPLES_MOST)),
        false,
        "Events that are drawn of each deployment, 100 at most",
    )
    .in_store()
    .text("The pack of `lineal pack`, the bytes of `--zip`. Lineal-Manifest-Sha256 names it.", ZIP)
    .gives(&[
        "Content-Disposition",
        "Lineal-Commit",
        "Lineal-Commits-Behind",
        "Lineal-Manifest-Sha256",
        "Lineal-Root",
        "Lineal-Signed-By",
        "Lineal-Total",
    ])
    .problem(409, "Several nodes have that name.")
    .problem(422, "There is no checkpoint, no pack of this, or the key is not here.")
}

/// Hands logs over.
pub(crate) async fn logs(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&["target", "format", "from", "until", "disclose", "proof", "as_of"])?;
    call.asked.exports();
    let text = call.parameter("target")?;
    let text = text.ok_or_else(|| Problem::bad_request("`target` names whose logs"))?;
    let (sight, role) = (call.sight()?, call.who()?.token.role);
    let format = match call.parameter("format")?.as_deref() {
        None | Some("csv") => Format::Csv,
        Some("parquet") => Format::Parquet,
        Some(_) => return Err(Problem::bad_request("`format` is csv or parquet")),
    };
    let with_subject_group = match call.parameter("disclose")?.as_deref() {
        None => false,
        Some("subject") if role.sees_subject_group() => true,
        Some("subject") => {
            return Err(Problem::forbidden(format!(
                "the role {role} does not see the subject group of events: leave `disclose` out"
            )));
        }
        Some(_) => return Err(Problem::bad_request("`disclose` is subject")),
    };
    let (from, until) = (time(&call, "from")?, time(&call, "until")?);
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        return Err(Problem::bad_request(
            "`from` lies before `until`: no event lies between these",
        ));
    }
    let proof = match call.parameter("proof")?.as_deref() {
        None => Proof::None,
        Some("sample") => Proof::Sample,
        Some("all") => Proof::Every,
        Some(_) => return Err(Problem::bad_request("`proof` is sample or all")),
    };
    let (with_proof, as_of) = (proof != Proof::None, call.number("as_of")?);
    if with_proof && sight.is_bound() {
        return Err(Problem::forbidden(
            "a proof shows records whole, and this token sees a part of the store: leave `proof` out",
        ));
    }
    let wanted = move |subject: NodeNo, is_bound: bool| Wanted {
        subject,
        from,
        until,
        format,
        with_subject_group,
        proof,
        is_bound,
    };
    let place = place(&call.app)?;
    let id = call.app.request_id();
    let (tenant, deadline, bound) = (call.tenant()?, call.deadline, sight.is_bound());
    let opened = tenant.current();
    let work = call.app.pool.run(&call.who()?.token.id, move |_, stop| {
        let stored = |error: lineal_engine::Error| Problem::store(&error);
        let as_of = match (as_of, with_proof) {
            // Against what it is shown: the newest checkpoint.
            (None, true) => opened.store.checkpoint_sizes().map_err(stored)?.last().copied(),
            (as_of, _) => as_of,
        };
        let (view, scope) = sight.seen(&opened, view(&opened.store, as_of)?)?;
        let subject = subject(&view, scope.as_deref(), &text)?;
        let asked = wanted(subject, sight.is_bound());
        let mut going = |_: u64, _: u64| match stop.is_set() || Instant::now() >= deadline {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let spool = Spool::begin(&id)?;
        let folder = spool.path.join("logs");
        let done = hand_over(&opened.store, &view, &asked, &folder, &mut going);
        let done = done.map_err(|error| unlogged(&error))?;
        sound(&opened)?;
        let zip = spool.path.join("logs.zip");
        let written = File::create_new(&zip)
            .and_then(|file| zip_files(&folder, &done.files, "logs", file))
            .and_then(|()| std::fs::remove_dir_all(&folder))
            .and_then(|()| File::open(&zip));
        let file = written.map_err(|error| unspooled(&error))?;
        Ok::<_, Problem>((file, spool, done, view.commit(), view.name_of(subject)))
    });
    let (file, spool, done, commit, name) = work.await??;
    let HandedOver { counts, signed_by, .. } = done;
    call.asked.results(counts.rows());
    let length = file.metadata().map_err(|error| unspooled(&error))?.len();
    // What is made goes when it was taken, or when whoever asked leaves.
    let pieces = Reading { file, _spool: spool };
    let mut response = streamed(length, pieces, place);
    let headers = response.headers_mut();
    attach(headers, "logs", commit);
    reply::set(headers, ROOT, &in_a_header(&name));
    reply::set(headers, TOTAL, &counts.rows().to_string());
    if let Some(key) = signed_by {
        reply::set(headers, SIGNED_BY, &key);
    }
    if bound {
        reply::set(headers, WITHHELD, "what is not of the systems of this token");
    }
    Ok(response)
}

/// A pack that was made, without its files, and what was made of these.
pub(crate) struct Made<T> {
    pub(crate) pack: Pack,
    pub(crate) disclosure: Disclosure,
    /// The newest commit, when it was made.
    pub(crate) newest: u64,
    pub(crate) of_files: T,
    place: OwnedSemaphorePermit,
}

/// Makes a pack as a call asks for it, and what is wanted of its files.
pub(crate) async fn make<T, F>(call: &Call, of_files: F) -> Result<Made<T>, Problem>
where
    T: Send + 'static,
    F: Fn(&Pack) -> Result<T, pack::Error> + Send + 'static,
{
    call.only(&["subject", "disclosure", "as_of", "samples"])?;
    let subject = call.parameter("subject")?;
    let subject = subject.ok_or_else(|| Problem::bad_request("`subject` names what it is of"))?;
    let role = call.who()?.token.role;
    if call.sight()?.is_bound() {
        return Err(Problem::forbidden(
            "a pack holds records whole, which name what is not of the systems of this token: ask somebody who sees all of the store",
        ));
    }
    let disclosure = match call.parameter("disclosure")?.as_deref() {
        None | Some("third-party") => Disclosure::ThirdParty,
        Some("authority") if role.sees_subject_group() => Disclosure::Authority,
        Some("authority") => {
            return Err(Problem::forbidden(format!(
                "the role {role} does not see what points at persons: leave `disclosure` out, or say third-party"
            )));
        }
        Some(_) => return Err(Problem::bad_request("`disclosure` is third-party or authority")),
    };
    let as_of = match call.parameter("as_of")? {
        None => None,
        Some(text) => {
            let commit = text.parse().ok().map(AsOf::Commit);
            let as_of = commit.or_else(|| time_of(&text).map(AsOf::Time));
            Some(as_of.ok_or_else(|| {
                Problem::bad_request(
                    "`as_of` is the number of a commit, or a time as 2026-03-14 or 2026-03-14T09:00:00Z",
                )
            })?)
        }
    };
    let samples = call.number("samples")?.unwrap_or(u64::from(SAMPLES_DEFAULT));
    let samples = u32::try_from(samples).ok().filter(|it| u64::from(*it) <= SAMPLES_MOST);
    let samples = samples
        .ok_or_else(|| Problem::bad_request(format!("`samples` is {SAMPLES_MOST} at most")))?;
    let place = place(&call.app)?;
    let (tenant, deadline) = (call.tenant()?, call.deadline);
    let opened = tenant.current();
    let newest = opened.commit();
    let work = call.app.pool.run(&call.who()?.token.id, move |_, stop| {
        let wanted = pack::Wanted { subject: &subject, disclosure, as_of, samples };
        let going = |_: pack::Step| match stop.is_set() || Instant::now() >= deadline {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let made = pack::pack(&opened.store, &wanted, &going).map_err(|error| unpacked(&error))?;
        sound(&opened)?;
        let of_files = of_files(&made).map_err(|error| unpacked(&error))?;
        Ok::<_, Problem>((of_files, Pack { files: pack::Files::default(), ..made }))
    });
    let (of_files, pack) = work.await??;
    call.asked.results(pack.counts.nodes);
    Ok(Made { pack, disclosure, newest, of_files, place })
}

/// Hands a pack over.
pub(crate) async fn pack(call: Call) -> Result<Response<Body>, Problem> {
    call.asked.exports();
    let Made { pack: made, newest, of_files: zip, place, .. } = make(&call, Pack::zip).await?;
    let query = call.parts.uri.query().unwrap_or_default();
    // What left the store is named in the trail.
    let told = format!("/v1/pack?{query} manifest_sha256={}", made.digest);
    call.asked.question(told.as_str().into(), "pack".into(), None);
    let length = zip.len() as u64;
    let mut bytes = Bytes::from(zip);
    let pieces = std::iter::from_fn(move || {
        let piece = bytes.split_to(bytes.len().min(PIECE_BYTES));
        (!piece.is_empty()).then_some(Ok(piece))
    });
    let mut response = streamed(length, pieces, place);
    let headers = response.headers_mut();
    attach(headers, &made.name, made.size);
    reply::set(headers, ROOT, &in_a_header(&made.subject));
    reply::set(headers, TOTAL, &made.counts.nodes.to_string());
    reply::set(headers, MANIFEST, &made.digest);
    reply::set(headers, SIGNED_BY, &made.key);
    reply::set(headers, BEHIND, &newest.saturating_sub(made.size).to_string());
    Ok(response)
}

/// One of the few places for what is held, or stands on the disk, until it was taken.
fn place(app: &App) -> Result<OwnedSemaphorePermit, Problem> {
    app.backups.clone().try_acquire_owned().map_err(|_| Problem::busy())
}

fn time(call: &Call, name: &str) -> Result<Option<i64>, Problem> {
    let wrong = || {
        let why = format!("`{name}` is a time as 2026-03-14 or 2026-03-14T09:00:00Z");
        Problem::bad_request(why)
    };
    call.parameter(name)?.map(|text| time_of(&text).ok_or_else(wrong)).transpose()
}

/// Whose logs: a node by its name; a bare word may be that of a system.
fn subject(view: &Snapshot, scope: Option<&Scope>, text: &str) -> Result<NodeNo, Problem> {
    let is_bound = scope.is_some();
    let named = view.find(Some(Kind::System), text);
    let node = match named[..] {
        [node] if !text.contains(':') => node,
        _ => match resolve(view, text) {
            Ok(Target::Node(node)) => node,
            Ok(Target::Events { .. }) if is_bound => return Err(Problem::not_found(NOTHING)),
            Ok(Target::Events { .. }) => {
                return Err(Problem::bad_request(
                    "that is an event: logs are those of a system or of a deployment, and /v1/show tells of one event",
                ));
            }
            Err(error) => return Err(Problem::unresolved(&error, is_bound)),
        },
    };
    match scope {
        Some(scope) if !scope.has(node) => Err(Problem::not_found(NOTHING)),
        _ => Ok(node),
    }
}

fn attach(headers: &mut axum::http::HeaderMap, name: &str, commit: u64) {
    reply::set(headers, header::CONTENT_TYPE, ZIP);
    let name = format!("attachment; filename=\"{name}.zip\"");
    reply::set(headers, header::CONTENT_DISPOSITION, &name);
    reply::set(headers, COMMIT, &commit.to_string());
}

fn unlogged(error: &LogsError) -> Problem {
    match error {
        LogsError::Store(
            error @ (lineal_engine::Error::NoKey { .. } | lineal_engine::Error::OtherKey { .. }),
        ) => unsigned(error),
        LogsError::Store(error) => Problem::store(error),
        LogsError::Stopped => Problem::timed_out(),
        // Its path is that of this machine.
        LogsError::Unwritten { source, .. } => unspooled(source),
        LogsError::NotEmpty { .. } => Problem::fault(),
        other => Problem::in_words(StatusCode::UNPROCESSABLE_ENTITY, other.to_string()),
    }
}

fn unpacked(error: &pack::Error) -> Problem {
    match error {
        pack::Error::Store(
            error @ (lineal_engine::Error::NoKey { .. } | lineal_engine::Error::OtherKey { .. }),
        ) => unsigned(error),
        pack::Error::Store(error) => Problem::store(error),
        pack::Error::Unresolved(error) => Problem::unresolved(error, false),
        pack::Error::NoCommit { .. } => Problem::bad_request(error.to_string()),
        pack::Error::Stopped => Problem::timed_out(),
        other => Problem::in_words(StatusCode::UNPROCESSABLE_ENTITY, other.to_string()),
    }
}

/// The key that signs is not where the server is, or another.
fn unsigned(error: &lineal_engine::Error) -> Problem {
    Problem::in_words(
        StatusCode::UNPROCESSABLE_ENTITY,
        format!("it is signed with the log's key, and this server cannot: {error}"),
    )
}

fn unspooled(error: &io::Error) -> Problem {
    tracing::error!(%error, "what is handed over cannot be written aside");
    Problem::unready("it cannot be written aside before it is sent; the server's log says why")
}

/// A private folder in the system's place for what passes; it goes with this.
struct Spool {
    path: PathBuf,
}

impl Spool {
    fn begin(id: &str) -> Result<Spool, Problem> {
        let path = std::env::temp_dir().join(format!("lineal-{}-{id}", std::process::id()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(|error| unspooled(&error))?;
        Ok(Spool { path })
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "what was handed over could not be removed from the system's place for what passes");
        }
    }
}

/// A file, piece by piece.
struct Reading {
    file: File,
    _spool: Spool,
}

impl Iterator for Reading {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<io::Result<Bytes>> {
        let mut piece = vec![0; PIECE_BYTES];
        match self.file.read(&mut piece) {
            Ok(0) => None,
            Ok(count) => {
                piece.truncate(count);
                Some(Ok(piece.into()))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

/// Sends pieces as fast as they are taken. Whoever leaves ends it.
fn streamed(
    length: u64,
    pieces: impl Iterator<Item = io::Result<Bytes>> + Send + 'static,
    place: OwnedSemaphorePermit,
) -> Response<Body> {
    let (sender, receiver) = channel(PIECES_AHEAD);
    // Reading may wait for the disk, and sending for the client: neither on a thread of connections.
    tokio::task::spawn_blocking(move || {
        let _place = place;
        for piece in pieces {
            let is_broken = piece.is_err();
            if sender.blocking_send(piece).is_err() || is_broken {
                return;
            }
        }
    });
    Response::new(Body::new(Pieces { pieces: receiver, left: length }))
}
