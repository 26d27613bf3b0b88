//! One server over HTTP: who asks, whom is trusted, how much is taken.

use super::refusal;
use crate::args::There;
use crate::exit::{Exit, Failure, Outcome};
use flate2::bufread::GzDecoder;
use serde_json::Value as Json;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use ureq::http::{HeaderMap, Response, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, SendBody};

/// Most bytes of one answer, unpacked: what a small machine can hold. The server's own bounds are
/// far below.
const ANSWER_BYTES_MAX: u64 = 1 << 30;
/// Most bytes of a refusal.
const REFUSAL_BYTES_MAX: u64 = 1 << 20;
/// How long a server may take to be there at all.
const CONNECT: Duration = Duration::from_secs(10);
/// How long it may take to begin its answer: a server bounds questions itself, by default at 30 s.
const ANSWER: Duration = Duration::from_secs(600);
/// How often a server that is busy is asked again for a piece of a mirror, and how long it is waited for at
/// most each time, in seconds.
const TRIES: u32 = 20;
const WAIT_SECONDS_MAX: u64 = 30;
/// The variable that holds the token.
const TOKEN: &str = "LINEAL_TOKEN";

/// Where and as whom.
#[derive(Clone)]
pub(super) struct Connection {
    agent: Agent,
    base: String,
    headers: Arc<Vec<(&'static str, String)>>,
}

impl Connection {
    pub(super) fn new(url: &str, there: &There) -> Outcome<Connection> {
        let base = url.trim_end_matches('/');
        let uri: Uri = base.parse().map_err(|_| no_url(url))?;
        let is_plain = match uri.scheme_str() {
            Some("https") => false,
            Some("http") => true,
            _ => return Err(no_url(url)),
        };
        let host = uri.host().ok_or_else(|| no_url(url))?;
        if is_plain && !is_loopback(host) {
            return Err(Failure::usage(format!(
                "{url}: the token would travel in the clear; use https://, or a tunnel that ends on this machine"
            )));
        }
        let mut headers = vec![
            ("authorization", format!("Bearer {}", token(there.token_file.as_deref())?)),
            ("accept-encoding", "gzip".to_owned()),
        ];
        headers.extend(there.server_store.clone().map(|name| ("lineal-store", name)));
        headers.extend(there.case.clone().map(|name| ("lineal-case", name)));
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // Where it might lead, the token is for nobody.
            .max_redirects(0)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER))
            .user_agent(concat!("lineal/", env!("CARGO_PKG_VERSION")));
        config = if is_plain {
            // A proxy of the environment would be handed the token in the clear, and lead elsewhere.
            config.proxy(None)
        } else {
            config.tls_config(trust(there.ca.as_deref())?)
        };
        Ok(Connection {
            agent: config.build().new_agent(),
            base: base.to_owned(),
            headers: Arc::new(headers),
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.base
    }

    /// What a path gives as JSON.
    pub(super) fn json(&self, path: &str, parameters: &[(&str, String)]) -> Outcome<Json> {
        self.json_within(path, parameters, None)
    }

    /// The same, given up after a time.
    pub(super) fn json_within(
        &self,
        path: &str,
        parameters: &[(&str, String)],
        within: Option<Duration>,
    ) -> Outcome<Json> {
        let request = self.agent.get(format!("{}{path}", self.base));
        let mut request = request.config().timeout_global(within).build();
        for (name, value) in self.headers.iter() {
            request = request.header(*name, value);
        }
        for (name, value) in parameters {
            request = request.query(*name, value);
        }
        let response = request.call().map_err(|error| self.failed(&error))?;
        let body = self.taken(response, "")?;
        serde_json::from_reader(body).map_err(|error| super::broken(&error.to_string()))
    }

    /// What a path gives, whatever that is, with its head; unpacked.
    pub(super) fn get(
        &self,
        path: &str,
        parameters: &[(&str, String)],
    ) -> Outcome<(HeaderMap, impl BufRead + use<>)> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        for (name, value) in self.headers.iter() {
            request = request.header(*name, value);
        }
        for (name, value) in parameters {
            request = request.query(*name, value);
        }
        let response = request.call().map_err(|error| self.failed(&error))?;
        let head = response.headers().clone();
        Ok((head, self.taken(response, "")?))
    }

    /// What a path gives, byte by byte and however long it is, and how many bytes that will be.
    pub(super) fn stream(&self, path: &str) -> Outcome<(Option<u64>, impl Read + use<>)> {
        let (_, length, body) = self.download(path, &[])?;
        Ok((length, body))
    }

    /// The same with its head.
    pub(super) fn download(
        &self,
        path: &str,
        parameters: &[(&str, String)],
    ) -> Outcome<(HeaderMap, Option<u64>, impl Read + use<>)> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        // As it is: packing whole stores would only take time.
        for (name, value) in self.headers.iter().filter(|(name, _)| *name != "accept-encoding") {
            request = request.header(*name, value);
        }
        for (name, value) in parameters {
            request = request.query(*name, value);
        }
        let response = request.call().map_err(|error| self.failed(&error))?;
        if response.status() != 200 {
            self.taken(response, "")?;
            return Err(super::broken("a copy is given with 200"));
        }
        let head = response.headers().clone();
        let body = response.into_body();
        let length = body.content_length();
        Ok((head, length, body.into_with_config().limit(u64::MAX).reader()))
    }

    /// So many bytes at most of a file; none if the server has no such file. A server that says to come
    /// again later is asked again.
    pub(super) fn piece(
        &self,
        path: &str,
        parameters: &[(&str, String)],
        most: u64,
    ) -> Outcome<Option<Vec<u8>>> {
        let mut tries = 0;
        loop {
            let mut request = self.agent.get(format!("{}{path}", self.base));
            for (name, value) in self.headers.iter().filter(|(name, _)| *name != "accept-encoding")
            {
                request = request.header(*name, value);
            }
            for (name, value) in parameters {
                request = request.query(*name, value);
            }
            let response = request.call().map_err(|error| self.failed(&error))?;
            let status = response.status().as_u16();
            if matches!(status, 429 | 503) && tries < TRIES {
                tries += 1;
                let wait = response.headers().get("retry-after");
                let wait = wait.and_then(|value| value.to_str().ok()?.parse().ok());
                std::thread::sleep(Duration::from_secs(wait.unwrap_or(1).min(WAIT_SECONDS_MAX)));
                continue;
            }
            if status == 404 {
                return Ok(None);
            }
            if status != 200 {
                self.taken(response, "")?;
                return Err(super::broken("a piece is given with 200"));
            }
            // One more than may come: at its limit a reader does not see that the end is there.
            let body = response.into_body().into_with_config().limit(most.saturating_add(1));
            let bytes = body.read_to_vec().map_err(|error| self.failed(&error))?;
            return Ok(Some(bytes));
        }
    }

    /// What a question gives, in a form; `question` is its text, for the place of a mistake.
    pub(super) fn post(
        &self,
        path: &str,
        body: &Json,
        form: &str,
        question: &str,
    ) -> Outcome<impl BufRead + use<>> {
        Ok(self.posted(path, body, form, question)?.1)
    }

    /// The same with its head.
    pub(super) fn posted(
        &self,
        path: &str,
        body: &Json,
        form: &str,
        question: &str,
    ) -> Outcome<(HeaderMap, impl BufRead + use<>)> {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        for (name, value) in self.headers.iter() {
            request = request.header(*name, value);
        }
        let request = request.header("accept", form).header("content-type", "application/json");
        let sent = request.send(body.to_string());
        let response = sent.map_err(|error| self.failed(&error))?;
        let head = response.headers().clone();
        Ok((head, self.taken(response, question)?))
    }

    /// What is said of a thing that is to be no more, as JSON.
    #[cfg(feature = "server")]
    pub(super) fn delete(&self, path: &str) -> Outcome<Json> {
        let mut request = self.agent.delete(format!("{}{path}", self.base));
        for (name, value) in self.headers.iter() {
            request = request.header(*name, value);
        }
        let response = request.call().map_err(|error| self.failed(&error))?;
        let body = self.taken(response, "")?;
        serde_json::from_reader(body).map_err(|error| super::broken(&error.to_string()))
    }

    /// Sends so many bytes and gives what is said of them as JSON.
    pub(super) fn send(
        &self,
        path: &str,
        parameters: &[(&str, String)],
        bytes: u64,
        body: &mut dyn Read,
    ) -> Outcome<Json> {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        for (name, value) in self.headers.iter() {
            request = request.header(*name, value);
        }
        for (name, value) in parameters {
            request = request.query(*name, value);
        }
        let request = request
            .header("content-type", "application/octet-stream")
            .header("content-length", bytes.to_string())
            // Who refuses says so before the file is sent.
            .header("expect", "100-continue");
        let sent = request.send(SendBody::from_reader(body));
        let body = self.taken(sent.map_err(|error| self.failed(&error))?, "")?;
        serde_json::from_reader(body).map_err(|error| super::broken(&error.to_string()))
    }

    /// The body of an answer; a refusal as a failure.
    fn taken(&self, response: Response<Body>, question: &str) -> Outcome<Box<dyn BufRead + Send>> {
        let status = response.status().as_u16();
        let packed =
            response.headers().get("content-encoding").is_some_and(|coding| coding == "gzip");
        let body = response.into_body().into_with_config().limit(ANSWER_BYTES_MAX).reader();
        let body = BufReader::new(body);
        let mut body: Box<dyn BufRead + Send> = if packed {
            Box::new(BufReader::new(GzDecoder::new(body).take(ANSWER_BYTES_MAX)))
        } else {
            Box::new(body)
        };
        if matches!(status, 200 | 202) {
            return Ok(body);
        }
        let mut text = String::new();
        // What cannot be read of a refusal leaves its status.
        let _ = body.by_ref().take(REFUSAL_BYTES_MAX).read_to_string(&mut text);
        Err(refusal::failure(&self.base, status, &text, question))
    }

    fn failed(&self, error: &ureq::Error) -> Failure {
        let message = format!(
            "{}: {error}\n  is the address right, and does `lineal serve` run there? --ca FILE names who is trusted",
            self.base
        );
        Failure::Remote { message, exit: Exit::Usage }
    }
}

fn no_url(url: &str) -> Failure {
    Failure::usage(format!("--url {url}: write https://host or https://host:port"))
}

/// Does a host mean this machine?
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The token: of the file that is named, else of the environment. It is never an argument, which
/// every user of the machine could read.
fn token(file: Option<&Path>) -> Outcome<String> {
    let text = match file {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|e| Failure::usage(format!("--token-file {}: {e}", file.display())))?,
        None => std::env::var(TOKEN).map_err(|_| {
            Failure::usage(format!(
                "--url needs a token: --token-file FILE, or {TOKEN}; `lineal token create` makes one beside the server"
            ))
        })?,
    };
    let token = text.trim();
    let fits = |c: char| c.is_ascii_graphic();
    if token.is_empty() || !token.chars().all(fits) {
        let place = file.map_or_else(|| TOKEN.to_owned(), |file| file.display().to_string());
        return Err(Failure::usage(format!(
            "{place} holds no token: one word that begins with lineal_"
        )));
    }
    Ok(token.to_owned())
}

/// Whom is trusted: the system's roots, or those of a file alone.
pub(super) fn trust(file: Option<&Path>) -> Outcome<TlsConfig> {
    let roots: Vec<Certificate<'static>> = match file {
        None => {
            let found = rustls_native_certs::load_native_certs();
            let certificates = found.certs.iter();
            certificates.map(|der| Certificate::from_der(der.as_ref()).to_owned()).collect()
        }
        Some(file) => {
            let refused = |why: String| Failure::usage(format!("--ca {}: {why}", file.display()));
            let pem = std::fs::read(file).map_err(|error| refused(error.to_string()))?;
            let items = ureq::tls::parse_pem(&pem);
            let mut certificates = Vec::new();
            for item in items {
                if let ureq::tls::PemItem::Certificate(certificate) =
                    item.map_err(|error| refused(error.to_string()))?
                {
                    certificates.push(certificate);
                }
            }
            if certificates.is_empty() {
                return Err(refused("it holds no certificate in PEM form".to_owned()));
            }
            certificates
        }
    };
    if roots.is_empty() {
        return Err(Failure::usage(
            "this system names nobody to be trusted (no root certificates); --ca FILE names them",
        ));
    }
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::from(roots.into_iter()))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_in_the_clear_to_this_machine_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "lineal_x\n").unwrap();
        let there = There { token_file: Some(file.clone()), ..There::default() };
        for url in ["http://127.0.0.1:7413", "http://localhost/", "http://[::1]:7413"] {
            assert!(Connection::new(url, &there).is_ok(), "{url}");
        }
        for url in
            ["http://10.0.0.1", "http://example.org", "ftp://localhost", "localhost:7413", ""]
        {
            assert!(Connection::new(url, &there).is_err(), "{url}");
        }
        for text in ["", "two words", "\u{7f}"] {
            std::fs::write(&file, text).unwrap();
            assert!(Connection::new("http://127.0.0.1", &there).is_err(), "{text:?}");
        }
    }
}
