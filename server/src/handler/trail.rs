//! `POST /v1/trail/seal`: makes commits of what was noted so far, so that it can be asked for.

use crate::gate::Call;
use crate::jobs::{Input, Wanted};
use crate::problem::Problem;
use axum::body::Body;
use axum::http::Response;
use std::sync::Arc;

/// Takes it on. `/v1/stats` says when nothing waits any more.
pub(crate) async fn seal(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    if !call.sight()?.trail {
        return Err(Problem::forbidden(
            "the trail is of the whole store, and this token is bound to systems",
        ));
    }
    let tenant = call.tenant()?;
    let writer = call.app.keeper(tenant.name()).ok_or_else(Problem::read_only)?;
    let job = call.job(call.app.request_id(), "seal", "trail".to_owned(), tenant.now());
    writer.take(Arc::clone(&job), Input::Trail, Wanted::default())?;
    super::imports::accepted(&job)
}
