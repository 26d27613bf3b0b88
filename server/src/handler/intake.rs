//! What is brought live: taken apart, made durable in the journal, and only then acknowledged.

use crate::asker::one_of;
use crate::body::unpacked;
use crate::gate::Call;
use crate::intake::lines::Chained;
use crate::intake::{Taken, datadog, openlineage, otlp};
use crate::jobs::{Input, Wanted};
use crate::openapi::Description;
use crate::problem::Problem;
use crate::reply::Written;
use crate::seal;
use crate::wire::{Acknowledged, ImportJob};
use axum::body::Body;
use axum::http::{HeaderName, Response, StatusCode, header};
use bytes::Bytes;
use lineal_engine::journal::{JournalKey, Request};
use lineal_import::{LoadedMapping, rehearse_lines};
use lineal_proof::Hash;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// Names a request so that it can be repeated.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest such name, in bytes.
const KEY_BYTES_MAX: usize = 256;
/// The encoding that OpenTelemetry's clients prefer.
const PROTOBUF: &str = "application/x-protobuf";
/// Separates digests of keys from every other use of the hash function.
const KEY_CONTEXT: &str = "lineal v1 server idempotency key";

pub(crate) fn describe(it: Description) -> Description {
    let it = it.bodies(
        "A log, an array of them, or lines of them; gzip, deflate or zstd.",
        &[("application/json", &[Type::Object, Type::Array])],
    );
    let it = datadog::PARAMETERS.into_iter().fold(it, |it, name| {
        it.parameter(name, &Type::String, false, "For entries that do not say it themselves")
    });
    keyed(it).accepted::<Acknowledged>("Durable, and to be sealed.")
}

fn keyed(it: Description) -> Description {
    it.header(
        "Idempotency-Key",
        "The same key with the same body is acknowledged and not stored again",
    )
    .writes()
    .problem(422, "The key was used for another body.")
}

pub(crate) fn describe_seal(it: Description) -> Description {
    it.writes().accepted::<ImportJob>("The job; GET /v1/imports/{id} tells how far it is.")
}

/// Logs as Datadog's clients send them.
pub(crate) async fn datadog_logs(call: Call) -> Result<Response<Body>, Problem> {
    let mut known = datadog::PARAMETERS.to_vec();
    known.push("store");
    call.only(&known)?;
    let mut given = BTreeMap::new();
    for name in datadog::PARAMETERS {
        given.extend(call.parameter(name)?.map(|value| (name.to_owned(), value)));
    }
    let entries = call.app.config.intake.entries;
    let mapping = Arc::clone(&call.writer()?.1.mapping);
    // What stands in entries is a part of what was said: with other parameters it is another body.
    let said = if given.is_empty() { Vec::new() } else { said_beside(&given)? };
    taken(&call, seal::DATADOG, said, move |body, received| {
        let lines = datadog::lines(body, &given, received, entries)?;
        let no_event = sound(&lines, &mapping)?;
        Ok((lines, no_event))
    })
    .await?;
    let mut response = Written::json(&json!({}), false).response("application/json");
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// What the endpoint for OTLP takes and gives.
pub(crate) fn describe_otlp(it: Description) -> Description {
    let it = it.bodies(
        "An ExportLogsServiceRequest; gzip, deflate or zstd.",
        &[(PROTOBUF, &[Type::String]), ("application/json", &[Type::Object])],
    );
    keyed(it).json::<Acknowledged>("Durable, and to be sealed; in the encoding of the request.")
}

/// Logs as OpenTelemetry's clients send them.
pub(crate) async fn otlp_logs(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let kind = call.parts.headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()?.split(';').next()).unwrap_or_default();
    let is_protobuf = match kind.trim().to_ascii_lowercase().as_str() {
        PROTOBUF => true,
        "application/json" => false,
        _ => {
            return Err(Problem::unsupported(
                "the body is application/x-protobuf or application/json",
            ));
        }
    };
    let entries = call.app.config.intake.entries;
    let mapping = Arc::clone(&call.writer()?.1.mapping);
    taken(&call, seal::OTLP, Vec::new(), move |body, received| {
        let lines = otlp::lines(body, is_protobuf, received, entries)?;
        let no_event = sound(&lines, &mapping)?;
        Ok((lines, no_event))
    })
    .await?;
    if is_protobuf {
        // A response that says nothing has no bytes.
        let mut response = Response::new(Body::empty());
        crate::reply::set(response.headers_mut(), header::CONTENT_TYPE, PROTOBUF);
        return Ok(response);
    }
    Ok(Written::json(&json!({}), false).response("application/json"))
}

/// What the endpoints for events of OpenLineage take and give.
pub(crate) fn describe_event(it: Description) -> Description {
    let what = "A RunEvent, DatasetEvent or JobEvent; gzip, deflate or zstd.";
    let it = it.bodies(what, &[("application/json", &[Type::Object])]);
    keyed(it).accepted::<Acknowledged>("Durable, and to be sealed.")
}

pub(crate) fn describe_events(it: Description) -> Description {
    let what = "An array of RunEvents, DatasetEvents and JobEvents; gzip, deflate or zstd.";
    let it = it.bodies(what, &[("application/json", &[Type::Array])]);
    keyed(it).accepted::<Acknowledged>("Durable, and to be sealed.")
}

/// An event as OpenLineage's clients send it.
pub(crate) async fn openlineage_event(call: Call) -> Result<Response<Body>, Problem> {
    events(call, false).await
}

/// Several of them.
pub(crate) async fn openlineage_batch(call: Call) -> Result<Response<Body>, Problem> {
    events(call, true).await
}

async fn events(call: Call, several: bool) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let entries = call.app.config.intake.entries;
    taken(&call, seal::OPENLINEAGE, Vec::new(), move |body, _| {
        Ok((openlineage::lines(body, several, entries)?, 0))
    })
    .await?;
    let mut response = Written::json(&json!({}), false).response("application/json");
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// Refuses what the import would reject: an event that is acknowledged will be recorded. Gives how many
/// entries are no events.
fn sound(lines: &[Vec<u8>], mapping: &LoadedMapping) -> Result<u64, Problem> {
    let rehearsed = rehearse_lines(&mut Chained::of(lines), mapping);
    let rehearsed = rehearsed.map_err(|_| Problem::fault())?;
    match rehearsed.rejects.first() {
        // A line is an entry, from 1.
        Some(first) => Err(Problem::bad_request(format!(
            "entry {} is rejected, and nothing was stored: {}",
            first.at.line.saturating_sub(1),
            first.reason
        ))),
        None => Ok(rehearsed.skipped),
    }
}

/// Parameters as they are digested before a body.
fn said_beside(given: &BTreeMap<String, String>) -> Result<Vec<u8>, Problem> {
    let mut said = serde_json::to_vec(given).map_err(|_| Problem::fault())?;
    said.push(b'\n');
    Ok(said)
}

/// Takes the body of a call, and what is said beside it: when this is [`Ok`] it is durable. `read` gives
/// its entries and how many of them are no events.
async fn taken(
    call: &Call,
    form: &str,
    mut said: Vec<u8>,
    read: impl FnOnce(&[u8], i64) -> Result<(Vec<Vec<u8>>, u64), Problem> + Send + 'static,
) -> Result<(), Problem> {
    let (tenant, writer) = call.writer()?;
    let key = key(call, form)?;
    let (headers, body) = (call.parts.headers.clone(), call.body.clone());
    let most = call.app.config.intake.body_bytes;
    let received = tenant.now();
    // Unpacking and reading take milliseconds: not on a thread that others wait for.
    let work = tokio::task::spawn_blocking(move || {
        let body: Bytes = unpacked(&headers, &body, most)?;
        let (entries, no_event) = read(&body, received)?;
        if said.is_empty() {
            return Ok((Hash::of(&body), entries, no_event));
        }
        said.extend_from_slice(&body);
        Ok::<_, Problem>((Hash::of(&said), entries, no_event))
    });
    let (body, entries, no_event) = work.await.map_err(|_| Problem::fault())??;
    if entries.is_empty() {
        return Ok(());
    }
    call.asked.results(entries.len() as u64);
    let form = form.to_owned();
    let request = Request { form, key, body, received, entries, first: 0 };
    if writer.intake.take(request).await.map_err(Problem::refused)? == Taken::Anew {
        writer.intake.left_out(no_event);
    }
    Ok(())
}

/// The digest of the key that the sender named, for this token and this form alone.
fn key(call: &Call, form: &str) -> Result<Option<JournalKey>, Problem> {
    let given = one_of(&call.parts.headers, &IDEMPOTENCY_KEY, "Idempotency-Key")?;
    let Some(given) = given else { return Ok(None) };
    if given.is_empty() || given.len() > KEY_BYTES_MAX {
        return Err(Problem::bad_request(format!(
            "an Idempotency-Key has 1 to {KEY_BYTES_MAX} bytes"
        )));
    }
    let token = call.who()?.token.id.as_bytes();
    let said = [token, b"\0", form.as_bytes(), b"\0", given.as_bytes()].concat();
    let mut key = [0; 16];
    key.copy_from_slice(&Hash::derive(KEY_CONTEXT, &said)[..16]);
    Ok(Some(key))
}

/// Seals what was brought live, as a job.
pub(crate) async fn seal(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let (tenant, writer) = call.writer()?;
    let job = call.job(call.app.request_id(), "seal", "journal".to_owned(), tenant.now());
    writer.take(Arc::clone(&job), Input::Journal, Wanted::default())?;
    super::imports::accepted(&job)
}
