//! `/metrics`.

use crate::gate::Call;
use crate::problem::Problem;
use axum::body::Body;
use axum::http::{HeaderValue, Response, header};

/// The metrics as Prometheus reads them.
pub(crate) async fn text(call: Call) -> Result<Response<Body>, Problem> {
    let mut response = Response::new(Body::from(call.app.metrics.text(&call.app)));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}
