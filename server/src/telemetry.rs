//! Traces of requests for a collector of OpenTelemetry (OTLP/HTTP, JSON), where the configuration names
//! one.
//!
//! A span says what a line of the log says: method, path as the table of endpoints has it, status, times,
//! role, store, request id. It never holds a question, a parameter, a key, a token, a case or an address.
//! Requests never wait for the collector: what it does not take in time is dropped, and counted.

mod span;

pub(crate) use span::{Parent, Span};

use crate::config;
use crate::error::{Error, Result};
use crate::trust::trust;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use ureq::Agent;

/// Spans that wait to be sent: a second of a busy server.
const WAITING: usize = 8_192;
/// Spans of one message: some 300 KiB.
const TOGETHER: usize = 512;
/// How long a span waits for others.
const EVERY: Duration = Duration::from_secs(1);
/// How long the collector may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is said that the collector takes nothing.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// Sends spans from a thread of its own.
pub(crate) struct Telemetry {
    spans: Mutex<Option<SyncSender<Span>>>,
    dropped: Arc<AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Telemetry {
    /// Begins to send to a collector, which need not be there yet.
    ///
    /// # Errors
    /// [`Error::Config`], where it is not known whom to trust; [`Error::System`].
    pub(crate) fn start(wanted: &config::Telemetry) -> Result<Telemetry> {
        let (spans, waiting) = sync_channel(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let sending = Sending {
            agent: agent(wanted)?,
            endpoint: wanted.endpoint.clone(),
            service: wanted.service.clone(),
            dropped: Arc::clone(&dropped),
            said: None,
        };
        let thread = std::thread::Builder::new()
            .name("telemetry".to_owned())
            .spawn(move || sending.work(&waiting))
            .map_err(|source| Error::System { what: "start a thread", source })?;
        let (spans, thread) = (Mutex::new(Some(spans)), Mutex::new(Some(thread)));
        Ok(Telemetry { spans, dropped, thread })
    }

    /// Sends a span, some time later.
    pub(crate) fn tell(&self, span: Span) {
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        let is_taken = spans.as_ref().is_some_and(|spans| spans.try_send(span).is_ok());
        if !is_taken {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Spans that no collector took.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Sends what waits, and takes nothing more.
    pub(crate) fn end(&self) {
        *self.spans.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // One that panicked has said so; nothing that matters is lost with it.
            let _ = thread.join();
        }
    }
}

/// What the thread works with.
struct Sending {
    agent: Agent,
    endpoint: String,
    service: String,
    dropped: Arc<AtomicU64>,
    /// When it was last said that the collector takes nothing.
    said: Option<Instant>,
}

impl Sending {
    fn work(mut self, waiting: &Receiver<Span>) {
        let mut spans = Vec::new();
        let mut since = Instant::now();
        loop {
            let is_over = match waiting.recv_timeout(EVERY) {
                Ok(span) => {
                    if spans.is_empty() {
                        since = Instant::now();
                    }
                    spans.push(span);
                    false
                }
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => true,
            };
            let is_due = spans.len() >= TOGETHER || since.elapsed() >= EVERY || is_over;
            if is_due && !spans.is_empty() {
                self.send(&spans);
                spans.clear();
            }
            if is_over {
                return;
            }
        }
    }

    fn send(&mut self, spans: &[Span]) {
        let body = span::message(&self.service, spans).to_string();
        let request = self.agent.post(&self.endpoint).header("content-type", "application/json");
        let why = match request.send(body) {
            Ok(response) if response.status().is_success() => return,
            Ok(response) => response.status().to_string(),
            Err(error) => error.to_string(),
        };
        self.dropped.fetch_add(spans.len() as u64, Ordering::Relaxed);
        if self.said.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
            self.said = Some(Instant::now());
            tracing::warn!(why, dropped = spans.len(), "the collector takes no traces");
        }
    }
}

/// The client: no redirects, no proxy of the environment, and the collector's time is bounded.
fn agent(wanted: &config::Telemetry) -> Result<Agent> {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .user_agent(concat!("lineal-server/", env!("CARGO_PKG_VERSION")));
    if wanted.endpoint.starts_with("https://") {
        let place = "telemetry.ca".to_owned();
        let trusted = trust(wanted.ca.as_deref());
        config = config.tls_config(trusted.map_err(|why| Error::Config { place, why })?);
    }
    Ok(config.build().new_agent())
}
