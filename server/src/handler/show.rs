//! `GET /v1/show`: everything recorded about whatever a text names.

use super::nodes;
use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::Problem;
use axum::body::Body;
use axum::http::Response;
use utoipa::openapi::schema::Type;

pub(crate) fn describe(it: Description) -> Description {
    let what = "A node (`model:credit-risk@3`), an id (`#9f2c1a`), an input hash, or any name";
    it.parameter("target", &Type::String, true, what)
        .number("as_of", (0, None), false, "The view as of this commit")
        .in_store()
        .any_json("As at /v1/nodes.")
        .gives(&["Lineal-Commit"])
        .cached()
        .problem(409, "Several nodes have that name.")
}

/// Answers.
pub(crate) async fn get(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&["target", "as_of"])?;
    let text = call.parameter("target")?;
    let text = text.ok_or_else(|| Problem::bad_request("`target` names what is shown"))?;
    nodes::tell(&call, text).await
}
