//! The Model Context Protocol: the store for assistants, for reading, and where the configuration says so for
//! stating what people told them. Each tool is an endpoint that is there already, asked on the same way; what
//! is added is that answers stay small.

mod evidence;
mod fit;
mod handing;
mod offered;
mod report;
mod stating;
mod tools;

use crate::app::App;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::gate::{Call, Who};
use crate::openapi::Description;
use crate::problem::Problem;
use crate::role::Role;
use crate::serve::follow;
use crate::token::{ALL, Token, Wanted};
use axum::body::Body;
use axum::http::{Request, Response, header};
use http_body_util::{BodyExt, Collected, Full, Limited};
use lineal_engine::clock::{Clock, SystemClock};
use rmcp::ServiceExt;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use std::path::PathBuf;
use std::sync::Arc;
use tools::Tools;
use utoipa::openapi::schema::Type;

/// Threads that speak the protocol over standard input and output; questions have their own.
const THREADS: usize = 1;
/// Most bytes of the words of a refusal: they are the protocol library's own, a sentence.
const REFUSAL_BYTES_MAX: usize = 4 << 10;

pub(crate) fn describe(it: Description) -> Description {
    it.in_store()
        .bodies("A message of the protocol.", &[("application/json", &[Type::Object])])
        .object("A message of the protocol. Requests are single messages, JSON-RPC 2.0; no session is kept.")
        .nothing(202, "A notification was taken.")
        .problem(406, "The client does not take application/json and text/event-stream.")
}

/// A message over HTTP. No session is kept: each request says who asks and passes the gate.
pub(crate) async fn post(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    // A browser that was led here has no token: hosts and origins need no list of their own.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(call.app.config.limits.body_bytes)
        .disable_allowed_hosts();
    let mut request = Request::new(Full::new(call.body.clone()));
    *request.method_mut() = call.parts.method.clone();
    *request.uri_mut() = call.parts.uri.clone();
    *request.headers_mut() = call.parts.headers.clone();
    let call = Arc::new(call);
    let tools = move || Ok(Tools::over_http(Arc::clone(&call)));
    let service =
        StreamableHttpService::new(tools, Arc::new(NeverSessionManager::default()), config);
    let answer = service.handle(request).await.map(Body::new);
    let is_refused = answer.status().is_client_error() || answer.status().is_server_error();
    if !is_refused || answer.headers().contains_key(header::CONTENT_TYPE) {
        return Ok(answer);
    }
    // Refused before it was a message: in the words of the protocol, in the form of all refusals here.
    let (status, words) = (answer.status(), Limited::new(answer.into_body(), REFUSAL_BYTES_MAX));
    let words = words.collect().await.map(Collected::to_bytes).unwrap_or_default();
    Err(Problem::in_words(status, String::from_utf8_lossy(&words)))
}

/// Speaks the protocol over standard input and output until the input ends. Whoever can start this
/// can read the store's files, so nothing is kept back but what is restricted.
///
/// # Errors
/// [`Error`]: the store, or a protocol that does not come about.
pub fn speak(name: &str, folder: PathBuf) -> Result<()> {
    let mut config = Config::default();
    config.stores.insert(name.to_owned(), folder);
    let clock = Arc::new(SystemClock);
    let wanted = Wanted {
        name: "standard input".to_owned(),
        // Of those that read all of a store it sees most: payloads, the trail, what is held and was erased.
        role: Role::Auditor,
        stores: vec![ALL.to_owned()],
        systems: vec![ALL.to_owned()],
        // Such a token must end; this one ends with the process.
        expires: Some(i64::MAX),
    };
    // It never leaves this process, and is in no file.
    let (token, _) = Token::create(wanted, clock.now())?;
    let who = Who { token: Arc::new(token), case: None, person: None, subject: None };
    let app = Arc::new(App::open(config, clock)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(|source| Error::System { what: "start the server's threads", source })?;
    let spoken = runtime.block_on(async {
        follow(&app);
        let broken = |error: String| Error::System {
            what: "speak the protocol over standard input and output",
            source: std::io::Error::other(error),
        };
        let call = Arc::new(Call::of(Arc::clone(&app), who));
        let tools = Tools::here(call);
        let serving = tools.serve(rmcp::transport::stdio()).await;
        let serving = serving.map_err(|error| broken(error.to_string()))?;
        serving.waiting().await.map_err(|error| broken(error.to_string()))?;
        Ok(())
    });
    // Reading standard input cannot be given up; the process ends.
    runtime.shutdown_background();
    spoken
}
