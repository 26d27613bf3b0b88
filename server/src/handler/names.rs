//! `GET /v1/names`: names that begin with what is typed, for whoever completes them at a prompt.

use super::told;
use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::Problem;
use axum::body::Body;
use axum::http::Response;
use lineal_query::told::names_beginning;
use serde_json::json;
use utoipa::openapi::schema::Type;

pub(crate) fn describe(it: Description) -> Description {
    let what = "The beginning of a name, its kind before it: `model:cre`";
    it.parameter("begins", &Type::String, true, what)
        .in_store()
        .json::<crate::wire::Names>("The first names that begin so.")
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
    told(&call, &[tag.as_bytes()], move |opened, _| {
        let view = opened.snapshot().clone();
        let view = if sight.trail { view.with_trail() } else { view };
        let scope = sight.scope(opened, &view);
        let (names, all) = names_beginning(&view, &typed, |node| {
            scope.as_ref().is_none_or(|scope| scope.has(node))
        });
        Ok(json!({ "names": names, "all": all, "commit": view.commit() }))
    })
    .await
}
