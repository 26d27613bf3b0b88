//! `/healthz` and `/readyz`: for whatever starts, stops and routes to the server.

use crate::gate::Call;
use crate::problem::Problem;
use axum::body::Body;
use axum::http::{HeaderValue, Response, header};

/// The process answers.
pub(crate) async fn alive(_: Call) -> Result<Response<Body>, Problem> {
    Ok(text("alive\n"))
}

/// Every store follows its writer. Which one does not is in the log and in
/// the metrics: whoever asks here is not known.
pub(crate) async fn ready(call: Call) -> Result<Response<Body>, Problem> {
    let behind = call.app.tenants().filter(|tenant| tenant.fault().is_some()).count();
    if behind > 0 {
        return Err(Problem::unready(format!(
            "{behind} stores cannot be followed; answers are of the last state that could be read"
        )));
    }
    Ok(text("ready\n"))
}

fn text(text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
