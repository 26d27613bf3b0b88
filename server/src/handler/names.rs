//! `GET /v1/names`: names that begin with what is typed, for whoever completes them at a prompt.

use super::told;
use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::Problem;
use axum::body::Body;
use axum::http::{Response, header};
use lineal_query::told::{Begun, names_beginning};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use utoipa::openapi::schema::Type;

pub(crate) fn describe(it: Description) -> Description {
    let what = "The beginning of a name, its kind before it: `model:cre`";
    it.parameter("begins", &Type::String, true, what)
        .in_store()
        .json::<crate::wire::Names>("The first names that begin so.")
        .gives(&["Lineal-Commit"])
        .cached()
}

/// Answers. Names of events are never given: only a scan would find them.
pub(crate) async fn get(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&["begins"])?;
    let typed = call.parameter("begins")?;
    let typed =
        typed.ok_or_else(|| Problem::bad_request("`begins` is `kind:` and what is typed"))?;
    let sight = call.sight()?;
    let tag = typed.clone();
    let is_late = Arc::new(AtomicBool::new(false));
    let late = Arc::clone(&is_late);
    let mut response = told(&call, &[tag.as_bytes()], move |opened, _| {
        let view = opened.snapshot().clone();
        let view = if sight.trail { view.with_trail() } else { view };
        let (view, scope) = sight.seen(opened, view)?;
        let Begun { names, all, cut_by_time } = match scope {
            None => names_beginning(&view, &typed, |kind| view.nodes_of(kind)),
            // Only what is seen is walked: how long it takes tells nothing of what is not.
            Some(scope) => names_beginning(&view, &typed, |kind| scope.nodes_of(&view, kind)),
        };
        late.store(cut_by_time, Ordering::Relaxed);
        Ok(json!({ "names": names, "all": all, "commit": view.commit() }))
    })
    .await?;
    if is_late.load(Ordering::Relaxed) {
        // Another look may find more.
        response.headers_mut().remove(header::ETAG);
    }
    Ok(response)
}
