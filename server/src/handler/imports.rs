//! `/v1/imports`: exports brought over the network, or read where the server is; and how far each is.

use crate::accept;
use crate::gate::Call;
use crate::jobs::{Input, Job, Wanted};
use crate::openapi::Description;
use crate::problem::Problem;
use crate::reply::Written;
use crate::role::Role;
use crate::upload::{Most, Upload, beside};
use crate::wire::{ImportJob, ImportJobs, ImportRequest};
use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Body as _;
use lineal_import::check_kind;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use utoipa::openapi::schema::Type;

/// Said of a job that is not known.
const NO_JOB: &str = "no job of that id since the server started";
/// What an upload is called that brings no name.
const UPLOAD: &str = "upload";
/// Longest name of an upload, in bytes: a file system takes 255.
const NAME_BYTES_MAX: usize = 200;

pub(crate) fn describe(it: Description) -> Description {
    it.file_or::<ImportRequest>("A file; or a path below the folder that the configuration names.")
        .parameter("name", &Type::String, false, "What the uploaded file is called")
        .parameter(
            "form",
            &Type::String,
            false,
            "Take the upload as this form, instead of recognising it",
        )
        .parameter("source", &Type::String, false, "The name of the source of the upload")
        .parameter("observed_at", &Type::String, false, "When its source was in this state")
        .parameter("strict", &Type::Boolean, false, "Any reject fails the import as a whole")
        .parameter("dry_run", &Type::Boolean, false, "Read and count, write nothing")
        .writes()
        .accepted::<ImportJob>("The job; GET /v1/imports/{id} tells how far it is.")
}

/// Takes an import on.
pub(crate) async fn post(mut call: Call) -> Result<Response<Body>, Problem> {
    call.only(&["name", "form", "source", "observed_at", "strict", "dry_run"])?;
    let (tenant, writer) = call.writer()?;
    let is_request = call.parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind.to_str().unwrap_or_default();
        kind.split(';').next().is_some_and(|k| k.trim().eq_ignore_ascii_case("application/json"))
    });
    let is_form = call.parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes().get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case(b"multipart/"))
    });
    if is_form {
        return Err(Problem::unsupported(
            "the body is the file itself and no form: `curl --data-binary @FILE`, with application/octet-stream",
        ));
    }
    let id = call.app.request_id();
    // Before the body is heard: what would be refused at its end is refused at once.
    let place = writer.reserve()?;
    let (input, label, wanted) = if is_request {
        let request = request(&mut call).await?;
        let path = below(writer.imports.as_deref(), &request.path)?;
        let label = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let wanted = Wanted {
            form: request.form,
            source: request.source,
            observed_at: request.observed_at.as_deref().map(time).transpose()?,
            strict: request.strict,
            dry_run: request.dry_run,
        };
        (Input::Path(path), label, wanted)
    } else {
        let wanted = Wanted {
            form: call.parameter("form")?,
            source: call.parameter("source")?,
            observed_at: call.parameter("observed_at")?.as_deref().map(time).transpose()?,
            strict: truth(&call, "strict")?,
            dry_run: truth(&call, "dry_run")?,
        };
        let name = name(call.parameter("name")?)?;
        let (below, folder, file) = (writer.uploads.clone(), id.clone(), name.clone());
        let upload = beside(move || Upload::begin(&below, &folder, &file)).await?;
        let upload = upload.within(writer.room.share());
        let limits = &call.app.config.intake;
        let most = Most {
            bytes: usize::try_from(limits.upload_bytes).unwrap_or(usize::MAX),
            within: Duration::from_secs(limits.upload_seconds),
        };
        if upload.fill(call.take_unheard(), most).await? == 0 {
            return Err(Problem::bad_request("the body is empty: it is the file to be imported"));
        }
        (Input::Upload(upload), name, wanted)
    };
    let job = call.job(id, "import", label, tenant.now());
    writer.take_at(place, Arc::clone(&job), input, wanted)?;
    accepted(&job)
}

/// A job that was taken on.
pub(crate) fn accepted(job: &Job) -> Result<Response<Body>, Problem> {
    let json = serde_json::to_value(job.told()).map_err(|_| Problem::fault())?;
    let mut response = Written::json(&json, false).response("application/json");
    *response.status_mut() = StatusCode::ACCEPTED;
    crate::reply::set(response.headers_mut(), header::LOCATION, &format!("/v1/imports/{}", job.id));
    Ok(response)
}

/// How far a job is.
pub(crate) async fn get(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let (_, writer) = call.writer()?;
    let id = call.places.get("id").map_or("", String::as_str);
    let job = writer.jobs.find(id);
    let job = job.ok_or_else(|| Problem::not_found(NO_JOB))?;
    let mut job = job.told();
    // What rules came to is of the whole store: for who may have a report of them made.
    let makes_reports =
        matches!(call.who()?.token.role, Role::Engineer | Role::Approver | Role::Investigator);
    if job.kind == "check" && (!makes_reports || call.sight()?.is_bound()) {
        job.report = None;
    }
    told(&call, job)
}

pub(crate) fn describe_cancel(it: Description) -> Description {
    let what = "The job as it stands: `failed` with the problem `cancelled`; still `running` until it has heard of it; or over before.";
    it.place("id", "The id of the job").writes().json::<ImportJob>(what)
}

/// Has a job not be done, if it still can be kept from that. Asked twice it is the same.
pub(crate) async fn cancel(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let (tenant, writer) = call.writer()?;
    let id = call.places.get("id").map_or("", String::as_str);
    let job = writer.jobs.find(id).ok_or_else(|| Problem::not_found(NO_JOB))?;
    let who = call.who()?;
    let is_own = job.asker().is_some_and(|asker| asker.token.id == who.token.id);
    let keeps_store = who.token.role == Role::Admin && !call.sight()?.is_bound();
    if !is_own && !keeps_store {
        return Err(Problem::forbidden(
            "a job is cancelled by the token that asked for it, or by an administrator",
        ));
    }
    call.asked.job(&job.id);
    let (cancelled, commit) = (Arc::clone(&job), tenant.commit());
    beside(move || {
        writer.cancel(&cancelled, commit);
        Ok(())
    })
    .await?;
    let mut job = job.told();
    // What it came to is asked of it, by who may have that.
    job.report = None;
    told(&call, job)
}

/// How far all of them are. Only imports and seals are told with their reports: the others' are for who
/// asked for them, and as long as what they found.
pub(crate) async fn list(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let (_, writer) = call.writer()?;
    let short = |job: &Arc<Job>| {
        let mut told = job.told();
        told.report = told.report.filter(|_| matches!(told.kind.as_str(), "import" | "seal"));
        told
    };
    let imports = writer.jobs.all().iter().map(short).collect();
    told(&call, ImportJobs { imports })
}

fn told(call: &Call, what: impl serde::Serialize) -> Result<Response<Body>, Problem> {
    let json = serde_json::to_value(what).map_err(|_| Problem::fault())?;
    let gzip = accept::takes_gzip(&call.parts.headers);
    Ok(Written::json(&json, gzip).response("application/json"))
}

async fn request(call: &mut Call) -> Result<ImportRequest, Problem> {
    let most = call.app.config.limits.body_bytes;
    let within = Duration::from_secs(call.app.config.limits.request_seconds);
    let body = call.take_unheard();
    if body.size_hint().lower() > most as u64 {
        return Err(Problem::too_large(most));
    }
    let body = Limited::new(body, most);
    let body = tokio::time::timeout(within, body.collect()).await;
    let body = body.map_err(|_| Problem::slow())?.map_err(|_| Problem::too_large(most))?;
    call.body = body.to_bytes();
    call.wish()
}

/// A path below the folder that may be imported from. What is not there and what is not below it are
/// told in the same words.
fn below(folder: Option<&Path>, wanted: &str) -> Result<PathBuf, Problem> {
    let folder = folder.ok_or_else(|| {
        Problem::forbidden("no folder is configured from which imports may be asked for; upload it")
    })?;
    let nothing = || Problem::not_found("nothing at that path below the folder of imports");
    let wanted = Path::new(wanted);
    if !wanted.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(nothing());
    }
    let path = folder.join(wanted).canonicalize().map_err(|_| nothing())?;
    // A link may lead out.
    if !path.starts_with(folder) {
        return Err(nothing());
    }
    match check_kind(&path) {
        // To open a pipe would hold the writer, and all that waits for it, until somebody writes into it.
        Err(lineal_import::Error::NotPlain { what, .. }) => Err(Problem::bad_request(format!(
            "at that path is {what}: only files and folders are imported"
        ))),
        _ => Ok(path),
    }
}

/// The name of an upload: it becomes a file's and a label's.
fn name(given: Option<String>) -> Result<String, Problem> {
    let name = given.unwrap_or_else(|| UPLOAD.to_owned());
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    if name.len() > NAME_BYTES_MAX || name.starts_with('.') || !name.chars().all(fits) {
        return Err(Problem::bad_request(format!(
            "`name` is a file's name of letters, digits, blanks and `-_.`, {NAME_BYTES_MAX} bytes at most"
        )));
    }
    Ok(name)
}

fn time(text: &str) -> Result<i64, Problem> {
    let time = text.parse::<jiff::Timestamp>().ok();
    let ns = time.and_then(|time| i64::try_from(time.as_nanosecond()).ok());
    ns.ok_or_else(|| Problem::bad_request("`observed_at` is a time as 2026-01-31T12:00:00Z"))
}

pub(super) fn truth(call: &Call, name: &str) -> Result<bool, Problem> {
    match call.parameter(name)?.as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Problem::bad_request(format!("`{name}` is true or false"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_folder() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("a")).unwrap();
        std::fs::write(root.join("a/log"), "x").unwrap();
        std::fs::write(outside.path().join("log"), "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.path(), root.join("out")).unwrap();
        assert_eq!(below(Some(&root), "a/log").unwrap(), root.join("a/log"));
        let away = outside.path().join("log");
        for path in ["out/log", "../log", "a/../../log", "/etc/passwd", "b", away.to_str().unwrap()]
        {
            assert_eq!(below(Some(&root), path).unwrap_err().status.as_u16(), 404, "{path}");
        }
        let made = std::process::Command::new("mkfifo").arg(root.join("a/pipe")).status().unwrap();
        assert!(made.success());
        let refused = below(Some(&root), "a/pipe").unwrap_err();
        assert!(refused.status.as_u16() == 400 && refused.detail.contains("a pipe"), "{refused:?}");
        assert_eq!(below(None, "a/log").unwrap_err().status.as_u16(), 403);
    }

    #[test]
    fn a_name_is_that_of_a_file_and_nothing_more() {
        for good in ["mlflow.db", "Größe 1.json.gz"] {
            assert_eq!(name(Some(good.to_owned())).unwrap(), good);
        }
        for bad in ["..", ".x", "a/b", "a\\b", "a\0b"] {
            assert!(name(Some(bad.to_owned())).is_err(), "{bad}");
        }
    }
}
