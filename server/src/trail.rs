//! The trail: who asked what of a store, in the store's own log.
//!
//! What must be known one by one is durable in a journal before its answer begins; what is only
//! counted is counted by token, endpoint, kind of question and minute. On a clock both become commits
//! of their own (`trail/seal.rs`). If the trail cannot be kept, what must be in it is not answered.

mod asked;
mod entry;
mod local;
mod met;
mod noting;
mod seal;
mod tally;
mod weight;

pub(crate) use asked::{Asked, Peer};
pub(crate) use entry::Use;
pub use local::{commit_noted, note_command};
pub(crate) use noting::Noting;
pub(crate) use seal::seal;
pub(crate) use tally::Counted;
use weight::{Weight, weight};

use crate::config;
use crate::error::{Error, Result};
use crate::gate::Who;
use crate::intake::{Intake, Refused};
use crate::jobs::Job;
use crate::tenant::Tenant;
use crate::token::Token;
use entry::Entry;
use lineal_engine::journal::{Journal, JournalFiles, Request};
use lineal_proof::Hash;
use met::Met;
use serde_json::json;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tally::Tallies;

/// Said at start and in `/v1/stats` of a store that this server only reads.
pub(crate) const NO_TRAIL: &str = "no trail is kept of who asked what of this store: this server only \
reads it, and the trail stands in the store's own log unless `trail.path` names another; the log on standard error names token, role \
and case of each request";

/// The name of the store that holds the trail of what is only read, where the configuration names one.
pub(crate) const TRAIL_STORE: &str = "trail";
/// What the journal calls it.
const FORM: &str = "access";
/// Bytes of the name of a start.
const START_BYTES: usize = 8;
/// Uses that wait to be made durable; more are refused: some seconds of the fastest disk.
const WAITING: usize = 4_096;
/// Bytes of uses that are in no commit yet, from which on nothing more is taken: sealing fails.
const JOURNAL_BYTES: u64 = 1 << 30;
/// Nanoseconds of a second.
const SECOND_NS: i64 = 1_000_000_000;

/// The trail of a store that this server writes.
pub(crate) struct Trail {
    tenant: Arc<Tenant>,
    /// Names this start of the server: the first part of every key.
    start: String,
    /// The place of the next entry: the second part.
    next: AtomicU64,
    journal: Intake,
    tallies: Mutex<Tallies>,
    met: Mutex<Met>,
    /// When the last entry came, ns since 1970 UTC.
    last: AtomicI64,
    bounds: config::Trail,
}

impl Trail {
    /// Starts it.
    pub(crate) fn start(
        journal: Journal,
        tenant: &Arc<Tenant>,
        bounds: &config::Trail,
    ) -> Result<Trail> {
        let mut start = [0; START_BYTES];
        getrandom::fill(&mut start)
            .map_err(|e| Error::Token(format!("the system gives no random numbers: {e}")))?;
        let name = format!("trail-{}", tenant.name());
        let of_journal = config::Intake {
            waiting: WAITING,
            journal_bytes: JOURNAL_BYTES,
            ..config::Intake::default()
        };
        Ok(Trail {
            tenant: Arc::clone(tenant),
            start: data_encoding::HEXLOWER.encode(&start),
            next: AtomicU64::new(0),
            journal: Intake::start(&name, journal, &of_journal)?,
            tallies: Mutex::default(),
            met: Mutex::default(),
            last: AtomicI64::new(tenant.now()),
            bounds: bounds.clone(),
        })
    }

    /// Notes uses: they are durable when this is [`Ok`].
    pub(crate) async fn note(&self, uses: Vec<Use>) -> Result<(), Refused> {
        let Some(request) = self.request(uses)? else { return Ok(()) };
        self.journal.take(request).await.map(|_| ())
    }

    /// A job came to its end: how, and from which commit to which. Blocks until that is durable; not for
    /// threads of the runtime.
    pub(crate) fn job_ended(
        &self,
        job: &Job,
        problem: Option<&str>,
        (before, after): (u64, u64),
    ) -> Result<(), Refused> {
        let who = job.asker();
        let ended = Use {
            token: who.map(|who| who.token.id.clone()),
            role: who.map(|who| who.token.role.name()),
            case: who.and_then(|who| who.case.clone()),
            person: who.and_then(|who| who.person.clone()),
            outcome: Some(if problem.is_none() { "answered" } else { "failed" }),
            job: Some(job.id.clone()),
            before: Some(before),
            question: Some(format!("{} {}", job.kind(), job.label())),
            given: problem.map(|name| json!({ "problem": name }).to_string()),
            ..Use::mark("job", self.tenant.now(), after)
        };
        let Some(request) = self.request(vec![ended])? else { return Ok(()) };
        self.journal.take_here(request).map(|_| ())
    }

    /// Uses as they are noted; none where there are none.
    fn request(&self, uses: Vec<Use>) -> Result<Option<Request>, Refused> {
        let Some(received) = uses.iter().map(|each| each.time).max() else { return Ok(None) };
        let store = Arc::clone(&self.tenant.current().store);
        let entries = uses.into_iter().map(|each| {
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            Entry::of(each, &self.start, place).veiled(&store)
        });
        let entries: Result<Vec<_>, lineal_engine::Error> = entries.collect();
        let entries = entries.map_err(|error| Refused::Broken(error.to_string()))?;
        let (form, body) = (FORM.to_owned(), Hash::default());
        self.last.fetch_max(received, Ordering::Relaxed);
        Ok(Some(Request { form, key: None, body, received, entries, first: 0 }))
    }

    /// Counts a use; it is written down when its minute is over.
    pub(crate) fn count(&self, counted: Counted) {
        self.tallies().count(self.tenant.now(), counted);
    }

    /// Somebody asks whose use is only counted.
    pub(crate) fn meet(&self, who: &Who) {
        if who.person.is_some() {
            let commit = self.tenant.current().commit();
            self.met().meet(self.tenant.now(), commit, who);
        }
    }

    /// Writes down what was counted in minutes that are over, or all of it.
    pub(crate) async fn write_counts(&self, all: bool) {
        let over = self.tallies().over(self.tenant.now(), all);
        let mut uses: Vec<Use> = over.into_iter().map(Use::from).collect();
        uses.append(&mut self.met().take());
        let counts = uses.len();
        if let Err(refused) = self.note(uses).await {
            let store = self.tenant.name();
            tracing::error!(store, counts, ?refused, "counts of the trail could not be kept");
        }
    }

    /// The server starts or stops: a start without a stop before it says that it was killed.
    pub(crate) async fn mark(&self, what: &'static str) -> Result<(), Refused> {
        let commit = self.tenant.current().commit();
        self.note(vec![Use::mark(what, self.tenant.now(), commit)]).await
    }

    /// What became of a token, to be noted.
    pub(crate) fn of_token(&self, what: &'static str, token: &Token) -> Use {
        let commit = self.tenant.current().commit();
        let (id, role) = (Some(token.id.clone()), Some(token.role.name()));
        Use { token: id, role, ..Use::mark(what, self.tenant.now(), commit) }
    }

    /// The name of the store that is meant, where it is another than that of the trail.
    fn concerning(&self, tenant: Option<&str>) -> Option<String> {
        tenant.filter(|name| *name != self.tenant.name()).map(str::to_owned)
    }

    /// Entries that are durable and in no commit yet.
    pub(crate) fn pending(&self) -> u64 {
        self.journal.pending().entries
    }

    /// Is it time to make a commit of what waits?
    pub(crate) fn is_due(&self) -> bool {
        let pending = self.journal.pending();
        let Some(oldest) = pending.oldest else { return false };
        let now = self.tenant.now();
        let past = |since: i64, seconds: u64| {
            let age = now.saturating_sub(since) / SECOND_NS;
            u64::try_from(age).is_ok_and(|age| age >= seconds)
        };
        pending.entries >= self.bounds.entries
            || past(self.last.load(Ordering::Relaxed), self.bounds.quiet_seconds)
            || past(oldest, self.bounds.seal_seconds)
    }

    /// Takes nothing more.
    pub(crate) fn end(&self) {
        self.journal.end();
    }

    fn close(&self) -> Result<(Vec<u32>, JournalFiles), lineal_engine::Error> {
        self.journal.close(self.tenant.now())
    }

    fn met(&self) -> std::sync::MutexGuard<'_, Met> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tallies(&self) -> std::sync::MutexGuard<'_, Tallies> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
