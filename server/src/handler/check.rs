//! `GET /v1/check`: which evidence is recorded and which is missing, by the rules that the program brings;
//! `POST /v1/check` records that report.

use super::imports::{accepted, truth};
use super::sound;
use crate::accept;
use crate::check::{Asked, RECORDED, When, reports};
use crate::gate::Call;
use crate::jobs::{Input, Wanted};
use crate::openapi::Description;
use crate::problem::Problem;
use crate::reply::{self, COMMIT, COMPLETENESS, WITHHELD, Written};
use crate::unsealed::Waiting;
use crate::wire::{CheckRequest, ImportJob};
use axum::body::Body;
use axum::http::{HeaderValue, Response};
use lineal_evidence::check::{AsOf, Report, junit_suites, sarif_log};
use serde_json::json;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// One object: `reports`, `recorded` and `withheld`.
const JSON: &str = "application/json";
/// SARIF 2.1.0, for programs that show findings of other tools.
const SARIF: &str = "application/sarif+json";
/// `JUnit`'s XML, for programs of continuous integration.
const JUNIT: &str = "application/xml";
/// The forms; the first is what `*/*` takes.
const FORMS: [&str; 3] = [JSON, SARIF, JUNIT];

pub(crate) fn describe(it: Description) -> Description {
    let text =
        |it: Description, name: &str, what: &str| it.parameter(name, &Type::String, false, what);
    let it = text(it, "system", "The system; without one, what is recorded is held against itself");
    let it = text(it, "model", "Only what leads to this model, NAME@VERSION; with `system`");
    let it = text(it, "deployment", "Only this deployment; with `system`");
    let when = "As of a commit number or a time, which then counts as today; `recorded`: the report that was recorded last";
    let it = text(it, "as_of", when);
    it.parameter("reconcile", &Type::Boolean, false, "Also hold what is recorded against itself")
        .parameter("by_keys", &Type::Boolean, false, "Persons stand there by their keys, as in what is recorded")
        .in_store()
        .forms(
            "The reports. As JSON: `reports`, and `withheld` where the token sees a part of the store.",
            &[(JSON, Type::Object), (SARIF, Type::Object), (JUNIT, Type::String)],
        )
        .gives(&["Lineal-Commit", "Lineal-Completeness", "Lineal-Withheld"])
        .problem(406, "No form of the report is acceptable.")
        .problem(422, "A rule could not be evaluated, or its question reached a bound of the server.")
}

pub(crate) fn describe_recording(it: Description) -> Description {
    it.body::<CheckRequest>()
        .writes()
        .accepted::<ImportJob>("The job; GET /v1/imports/{id} tells the records and how many rules came to what, GET /v1/check?as_of=recorded gives the reports.")
}

/// What is asked for.
fn asked(call: &Call) -> Result<Asked, Problem> {
    call.only(&["system", "model", "deployment", "as_of", "reconcile", "by_keys"])?;
    let when = match call.parameter("as_of")?.as_deref() {
        None => When::At(AsOf::Now),
        Some(RECORDED) => When::Recorded,
        Some(text) => When::At(AsOf::parse(text).ok_or_else(|| {
            Problem::bad_request(
                "`as_of` is the number of a commit, a time as 2026-03-14 or 2026-03-14T09:00:00Z, `now` or `recorded`",
            )
        })?),
    };
    let about = CheckRequest {
        system: call.parameter("system")?,
        model: call.parameter("model")?,
        deployment: call.parameter("deployment")?,
        reconcile: truth(call, "reconcile")?,
    };
    narrowed_by_system(&about)?;
    Ok(Asked { about, when, by_keys: truth(call, "by_keys")? })
}

/// Rules about a model or a deployment are those of its system.
fn narrowed_by_system(about: &CheckRequest) -> Result<(), Problem> {
    if about.system.is_none() && (about.model.is_some() || about.deployment.is_some()) {
        return Err(Problem::bad_request("`model` and `deployment` go with `system`"));
    }
    Ok(())
}

/// Makes reports.
pub(crate) async fn get(call: Call) -> Result<Response<Body>, Problem> {
    let asked = asked(&call)?;
    let form = accept::preferred(&call.parts.headers, &FORMS)
        .ok_or_else(|| Problem::not_acceptable_of(&FORMS))?;
    let sight = call.sight()?;
    if sight.is_bound() && (asked.about.system.is_none() || asked.when == When::Recorded) {
        return Err(Problem::forbidden(
            "this token is bound to systems: name one of them as `system`; reports of the whole store, and recorded ones, are not for it",
        ));
    }
    let (tenant, waiting) = (call.tenant()?, Waiting::of(&call)?);
    let opened = tenant.current();
    let (now, deadline, bounds) = (tenant.now(), call.deadline, call.app.config.limits.clone());
    let gzip = accept::takes_gzip(&call.parts.headers);
    let bound = sight.is_bound().then_some("what is not of the systems of this token");
    let work = call.app.pool.run(&call.who()?.token.id, move |_, stop| {
        let stop = || stop.is_set();
        let limits = bounds.of_answers(deadline, &stop);
        let made = reports(&opened, &sight, &asked, now, &limits)?;
        sound(&opened)?;
        let commit = made.first().map_or_else(|| opened.commit(), |report| report.commit);
        let findings = made.iter().flat_map(|report| &report.rules).map(|rule| rule.findings_total);
        let (findings, written) = (findings.sum::<u64>(), written(form, &made, bound, gzip));
        Ok::<_, Problem>((commit, findings, written))
    });
    let (commit, findings, written) = work.await??;
    call.asked.results(findings);
    let mut response = written.response(form);
    let headers = response.headers_mut();
    reply::set(headers, COMMIT, &commit.to_string());
    if waiting.words(|_| true).is_some() {
        // Rules ask about what is sealed: what waits is in no report.
        headers.insert(COMPLETENESS, HeaderValue::from_static("cannot_tell"));
    }
    if let Some(bound) = bound {
        reply::set(headers, WITHHELD, bound);
    }
    Ok(response)
}

fn written(form: &str, made: &[Report], bound: Option<&str>, gzip: bool) -> Written {
    match form {
        SARIF => Written::of(format!("{:#}", sarif_log(made)).into_bytes(), gzip),
        // A reply ends its line itself.
        JUNIT => Written::of(junit_suites(made).trim_end().as_bytes().to_vec(), gzip),
        _ => {
            let reports: Vec<_> = made.iter().map(Report::json).collect();
            let withheld: Vec<&str> = bound.into_iter().collect();
            Written::json(
                &json!({ "reports": reports, "recorded": [], "withheld": withheld }),
                gzip,
            )
        }
    }
}

/// Takes on that the reports of the store as it is are recorded, in the name of who asks.
pub(crate) async fn post(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    if call.sight()?.is_bound() {
        return Err(Problem::forbidden(
            "what is recorded is of the whole store, and this token is bound to systems",
        ));
    }
    let (tenant, writer) = call.writer()?;
    let about: CheckRequest = call.wish()?;
    narrowed_by_system(&about)?;
    let who = call.who()?;
    let login = who.person.clone().unwrap_or_else(|| format!("token:{}", who.token.id));
    let input = Input::Check(Box::new(about), login);
    let label = "a report of what rules ask for".to_owned();
    let job = call.job(call.app.request_id(), "check", label, tenant.now());
    writer.take(Arc::clone(&job), input, Wanted::default())?;
    accepted(&job)
}
