//! What events of OpenLineage brought, as Marquez's clients read it. Only what is recorded is said:
//! members that Marquez makes up for itself (owners, versions of jobs) are null.

mod found;
mod graph;
mod page;

use super::{sound, told, view};
use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::{NOTHING, Problem};
use crate::reply;
use crate::unsealed::{OF_LINEAGE, Waiting};
use axum::body::Body;
use axum::http::{HeaderName, Response};
use found::{Name, World};
use page::Page;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use utoipa::openapi::schema::Type;

/// What a place of that name means.
pub(crate) const NAMESPACE: &str = "The namespace, as /api/v1/namespaces gives it; slashes as %2F";
/// Says that some of the answer is in no commit yet, and cannot be proved so far.
const PROOF: HeaderName = HeaderName::from_static("lineal-proof");
/// Steps from the node that is asked for, where nothing is said: Marquez's own.
const DEPTH: u64 = 20;

pub(crate) fn describe(it: Description) -> Description {
    it.number("as_of", (0, None), false, "The view as of this commit")
        .in_store()
        .object("As Marquez answers; what is not recorded is null.")
        .gives(&["Lineal-Commit", "Lineal-Completeness", "Lineal-Proof"])
        .cached()
}

pub(crate) fn describe_pages(it: Description) -> Description {
    it.number("limit", (0, None), false, "Most that are given; 100").number(
        "offset",
        (0, None),
        false,
        "How many are passed over before; 0",
    )
}

pub(crate) fn describe_list(it: Description) -> Description {
    describe(describe_pages(it))
}

pub(crate) fn describe_job(it: Description) -> Description {
    describe(it.place("namespace", NAMESPACE).place("job", "The name of the job; slashes as %2F"))
}

pub(crate) fn describe_dataset(it: Description) -> Description {
    let what = "The name of the dataset; slashes as %2F";
    describe(it.place("namespace", NAMESPACE).place("dataset", what))
}

pub(crate) fn describe_lineage(it: Description) -> Description {
    describe(
        it.parameter(
            "nodeId",
            &Type::String,
            true,
            "`dataset:NAMESPACE:NAME` or `job:NAMESPACE:NAME`",
        )
        .number(
            "depth",
            (0, None),
            false,
            "Steps from it, between a job and a dataset each; 20",
        ),
    )
    .problem(409, "Several things are called so: namespaces and names may hold colons.")
}

/// The namespaces.
pub(crate) async fn namespaces(call: Call) -> Result<Response<Body>, Problem> {
    let page = Page::of(&call)?;
    read(call, &["limit", "offset"], move |world| {
        let all = world.namespaces()?;
        Ok(json!({ "namespaces": page.cut(all) }))
    })
    .await
}

/// One of them.
pub(crate) async fn namespace(call: Call) -> Result<Response<Body>, Problem> {
    let wanted = place(&call, "namespace");
    read(call, &[], move |world| {
        let all = world.namespaces()?;
        all.into_iter().find(|it| it["name"] == wanted.as_str()).ok_or_else(nothing)
    })
    .await
}

/// The jobs of a namespace.
pub(crate) async fn jobs(call: Call) -> Result<Response<Body>, Problem> {
    let (page, namespace) = (Page::of(&call)?, place(&call, "namespace"));
    read(call, &["limit", "offset"], move |world| {
        let all = world.jobs_of(&namespace);
        let total = all.len();
        let jobs = page.cut(all).into_iter().map(|(name, node)| world.job_json(&name, node));
        Ok(json!({ "jobs": jobs.collect::<Result<Vec<_>, _>>()?, "totalCount": total }))
    })
    .await
}

/// A job.
pub(crate) async fn job(call: Call) -> Result<Response<Body>, Problem> {
    let name = Name::new(place(&call, "namespace"), place(&call, "job"));
    read(call, &[], move |world| {
        let node = world.job(&name).ok_or_else(nothing)?;
        world.job_json(&name, node)
    })
    .await
}

/// The runs of a job.
pub(crate) async fn runs(call: Call) -> Result<Response<Body>, Problem> {
    let page = Page::of(&call)?;
    let name = Name::new(place(&call, "namespace"), place(&call, "job"));
    read(call, &["limit", "offset"], move |world| {
        let node = world.job(&name).ok_or_else(nothing)?;
        let all = world.runs_latest_first(node)?;
        let total = all.len();
        let runs = page.cut(all).into_iter().map(|run| world.run_json(run));
        Ok(json!({ "runs": runs.collect::<Result<Vec<_>, _>>()?, "totalCount": total }))
    })
    .await
}

/// The datasets of a namespace.
pub(crate) async fn datasets(call: Call) -> Result<Response<Body>, Problem> {
    let (page, namespace) = (Page::of(&call)?, place(&call, "namespace"));
    read(call, &["limit", "offset"], move |world| {
        let all = world.datasets_of(&namespace);
        let total = all.len();
        let all = page.cut(all).into_iter();
        let datasets = all.map(|(name, versions)| world.dataset_json(&name, &versions));
        Ok(json!({ "datasets": datasets.collect::<Result<Vec<_>, _>>()?, "totalCount": total }))
    })
    .await
}

/// A dataset.
pub(crate) async fn dataset(call: Call) -> Result<Response<Body>, Problem> {
    let name = Name::new(place(&call, "namespace"), place(&call, "dataset"));
    read(call, &[], move |world| {
        let versions = world.dataset(&name);
        if versions.is_empty() {
            return Err(nothing());
        }
        world.dataset_json(&name, &versions)
    })
    .await
}

/// A run.
pub(crate) async fn run(call: Call) -> Result<Response<Body>, Problem> {
    let id = place(&call, "id").to_ascii_lowercase();
    read(call, &[], move |world| world.run_json(world.run(&id).ok_or_else(nothing)?)).await
}

/// The jobs and datasets around one of them.
pub(crate) async fn lineage(call: Call) -> Result<Response<Body>, Problem> {
    let wanted = call.parameter("nodeId")?;
    let wanted = wanted.ok_or_else(|| {
        Problem::bad_request(
            "`nodeId` names what is asked for: `dataset:NAMESPACE:NAME` or `job:NAMESPACE:NAME`",
        )
    })?;
    let depth = call.number("depth")?.unwrap_or(DEPTH);
    read(call, &["nodeId", "depth"], move |world| graph::around(world, &wanted, depth)).await
}

fn place(call: &Call, name: &str) -> String {
    call.places.get(name).cloned().unwrap_or_default()
}

fn nothing() -> Problem {
    Problem::not_found(NOTHING)
}

/// Answers from what is recorded, and may be seen.
async fn read(
    call: Call,
    known: &[&str],
    answer: impl Fn(&World<'_>) -> Result<Json, Problem> + Send + 'static,
) -> Result<Response<Body>, Problem> {
    let known: Vec<&str> = known.iter().chain(&["as_of"]).copied().collect();
    call.only(&known)?;
    let as_of = call.number("as_of")?;
    let sight = call.sight()?;
    let asked = call.parts.uri.query().unwrap_or_default().to_owned();
    // Read before the state: what is sealed in between is then in both, and never in neither.
    let waiting = Waiting::of(&call)?;
    let of_lineage = |kind| OF_LINEAGE.contains(&kind);
    // A view of the past lacks nothing that came after it.
    let waits = as_of.is_none() && waiting.words(of_lineage).is_some();
    let own = if waits { waiting.tag().to_vec() } else { Vec::new() };
    let lacks = Arc::new(AtomicBool::new(waits));
    let is_lacking = Arc::clone(&lacks);
    let what: [&[u8]; 3] = [asked.as_bytes(), &waiting.bytes(), &own];
    let told = told(&call, &what, move |opened, _| {
        let (opened, waiting) = match waits {
            true => waiting.shown(opened),
            false => (Arc::clone(opened), waiting.clone()),
        };
        let unsealed = waiting.words(of_lineage).filter(|_| waits);
        is_lacking.store(unsealed.is_some(), Ordering::Relaxed);
        let (view, scope) = sight.seen(&opened, view(&opened.store, as_of)?)?;
        let answered = answer(&World::new(&view, scope.as_deref()));
        let answered = answered.map_err(|problem| problem.or_unsealed(unsealed.as_deref()))?;
        sound(&opened)?;
        Ok(answered)
    });
    let mut response = told.await?;
    // In the head: the bodies are Marquez's, and its clients know no such member.
    let headers = response.headers_mut();
    if lacks.load(Ordering::Relaxed) {
        reply::set(headers, reply::COMPLETENESS, lineal_query::State::CannotTell.name());
    } else if waits {
        reply::set(headers, PROOF, "pending");
    }
    Ok(response)
}
