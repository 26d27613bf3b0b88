//! `GET /v1/history`: the imports that a store holds. `/v1/imports` tells of jobs of this server, and
//! forgets them when it ends.

use super::told;
use super::trace::untold;
use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::Problem;
use axum::body::Body;
use axum::http::Response;
use lineal_query::told::imports_json;
use serde_json::json;

pub(crate) fn describe(it: Description) -> Description {
    it.in_store().json::<crate::wire::History>("The imports.").gives(&["Lineal-Commit"]).cached()
}

/// Answers. An import is of the whole store, so a token that sees a part of it has none.
pub(crate) async fn get(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    if call.sight()?.is_bound() {
        return Err(Problem::forbidden(
            "imports are of the whole store, and this token is bound to systems",
        ));
    }
    told(&call, &[], move |opened, stop| {
        let view = opened.snapshot();
        let imports = imports_json(&opened.store, view, &|| stop.is_set()).map_err(untold)?;
        Ok(json!({ "imports": imports, "commit": view.commit() }))
    })
    .await
}
