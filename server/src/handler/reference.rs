//! `/v1/openapi.json`, and a page for people that says the same in short.

use crate::endpoint::ENDPOINTS;
use crate::gate::Call;
use crate::openapi;
use crate::problem::Problem;
use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use std::fmt::Write as _;
use std::sync::OnceLock;

/// The document.
pub(crate) async fn openapi(_: Call) -> Result<Response<Body>, Problem> {
    static TEXT: OnceLock<String> = OnceLock::new();
    // Made of our own table and types: it can be written.
    let text = TEXT.get_or_init(|| openapi::document().to_pretty_json().unwrap_or_default());
    Ok(typed(text.clone(), "application/json"))
}

/// The page. It loads nothing and runs nothing.
pub(crate) async fn page(_: Call) -> Result<Response<Body>, Problem> {
    static PAGE: OnceLock<String> = OnceLock::new();
    let mut response = typed(PAGE.get_or_init(write_page).clone(), "text/html; charset=utf-8");
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

fn write_page() -> String {
    let mut out = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Lineal</title>\
        <style>body{font:1rem/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}\
        td{vertical-align:top;padding:.2rem .8rem .2rem 0}code{white-space:nowrap}</style>\
        <h1>Lineal</h1><p>Questions about recorded lineage, imports and live intake. All of it as \
        <a href=\"/v1/openapi.json\">OpenAPI 3.1</a>.</p>\
        <p><code>curl -H \"Authorization: Bearer $TOKEN\" -H \"Content-Type: application/json\" \
        -d '{\"query\":\"find model limit 5\"}' http://127.0.0.1:7413/v1/query</code></p>\
        <p>The token is one that <code>lineal token create</code> made, or, where the server is \
        configured for an identity provider, an access token of that provider (OpenID Connect).</p>\
        <table>"
        .to_owned();
    for endpoint in ENDPOINTS {
        let _ = write!(
            out,
            "<tr><td><code>{} {}</code><td>{}<br><small>{}</small>",
            endpoint.method,
            openapi::openapi_path(endpoint.path),
            endpoint.summary,
            endpoint.roles.words()
        );
    }
    out.push_str("</table></html>\n");
    out
}

fn typed(text: String, kind: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
