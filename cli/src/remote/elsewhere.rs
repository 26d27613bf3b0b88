//! Others that are asked over HTTP and get nothing secret: witnesses and time-stamp authorities. No token
//! is sent, so that plain http:// is allowed; what they answer is checked by whoever asked.

use crate::args::Arguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::render::visible_lines;
use std::time::Duration;
use ureq::Agent;

/// Most bytes of an answer: a token with a long chain of certificates has some 10 KiB.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
/// How long another may take to be there at all.
const CONNECT: Duration = Duration::from_secs(10);
/// How long it may take to answer: a witness writes one row, an authority signs once.
const ANSWER: Duration = Duration::from_secs(60);
/// Letters of a refusal that are shown.
const WORDS_MAX: usize = 300;

/// A client for others.
pub(crate) struct Elsewhere {
    plain: Agent,
    ca: Option<std::path::PathBuf>,
}

/// What another said.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

impl Answered {
    /// The beginning of what it said, for a message.
    pub(crate) fn words(&self) -> String {
        let text: String = String::from_utf8_lossy(&self.body).chars().take(WORDS_MAX).collect();
        visible_lines(text.trim()).to_string()
    }
}

impl Elsewhere {
    pub(crate) fn new(arguments: &Arguments) -> Outcome<Elsewhere> {
        let plain = config().build().new_agent();
        Ok(Elsewhere { plain, ca: arguments.there.ca.clone() })
    }

    /// Posts bytes to an address. Where it cannot be reached the command is done in part: what it was asked
    /// about is here already.
    pub(crate) fn post(&self, url: &str, content_type: &str, body: &[u8]) -> Outcome<Answered> {
        let failed = |error: &ureq::Error| Failure::Remote {
            message: format!("{url}: {error}"),
            exit: Exit::Partial,
        };
        // Who is trusted is looked up only where it is asked for.
        let agent = if url.starts_with("https://") {
            let trust = super::connection::trust(self.ca.as_deref())?;
            &config().tls_config(trust).build().new_agent()
        } else if url.starts_with("http://") {
            &self.plain
        } else {
            return Err(Failure::usage(format!(
                "{url}: write https://host/path or http://host/path"
            )));
        };
        let request = agent.post(url).header("content-type", content_type);
        let response = request.send(body).map_err(|error| failed(&error))?;
        let status = response.status().as_u16();
        let content_type = response.headers().get("content-type");
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let content_type = content_type.to_owned();
        let body = response.into_body().into_with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let body = body.map_err(|error| failed(&error))?;
        Ok(Answered { status, content_type, body })
    }
}

fn config() -> ureq::config::ConfigBuilder<ureq::typestate::AgentScope> {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(ANSWER))
        .user_agent(concat!("lineal/", env!("CARGO_PKG_VERSION")))
}
