//! What all requests share: stores, tokens, threads, counts.

use crate::config::Config;
use crate::cursor::Seal;
use crate::error::{Error, Result};
use crate::gate::Who;
use crate::handler::backup::BACKUPS_AT_ONCE;
use crate::metrics::Metrics;
use crate::oidc::{ID_PREFIX, Oidc};
use crate::places::Places;
use crate::plans::Plans;
use crate::pool::Pool;
use crate::rate::Rates;
use crate::telemetry::Telemetry;
use crate::tenant::Tenant;
use crate::token::{ALL, Token, TokenFile, Tokens};
use crate::trail::{TRAIL_STORE, Trail};
use crate::writer::{self, Writer};
use lineal_engine::clock::Clock;
use lineal_proof::Hash;
use lineal_query::PlanCache;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Bytes of the name of a request.
const ID_BYTES: usize = 8;
/// Names of requests that are made of one digest.
const IDS_AT_ONCE: usize = 32 / ID_BYTES;
/// The end takes no longer, whatever is configured: a year, which clocks can add.
const END_MAX: Duration = Duration::from_secs(365 * 24 * 3_600);

thread_local! {
    /// The digest of the last names of this thread, and how many are left of it.
    static IDS: Cell<(Hash, usize)> = Cell::default();
}

/// Everything that outlives a request.
pub(crate) struct App {
    pub(crate) config: Config,
    tenants: BTreeMap<String, Arc<Tenant>>,
    /// The writers of those that are written.
    writers: BTreeMap<String, Arc<Writer>>,
    /// The writer of the store that holds the trail of the others, where the configuration names one.
    keeper: Option<Arc<Writer>>,
    token_file: TokenFile,
    tokens: RwLock<Arc<Tokens>>,
    token_stamp: Mutex<Option<crate::token::Stamp>>,
    /// What became of tokens and is not in the trail yet.
    token_changes: Mutex<Vec<(&'static str, Token)>>,
    /// The identity provider whose tokens are taken too.
    pub(crate) oidc: Option<Arc<Oidc>>,
    pub(crate) pool: Pool,
    pub(crate) places: Arc<Places>,
    pub(crate) plans: Plans,
    pub(crate) cache: PlanCache,
    pub(crate) seal: Seal,
    pub(crate) metrics: Metrics,
    pub(crate) rates: Rates,
    /// Places for those who take copies of stores.
    pub(crate) backups: Arc<Semaphore>,
    /// Sends traces of requests, where somebody collects them.
    pub(crate) telemetry: Option<Telemetry>,
    clock: Arc<dyn Clock>,
    ids: (AtomicU64, [u8; 32]),
}

impl App {
    /// Opens the stores and reads the tokens.
    pub(crate) fn open(config: Config, clock: Arc<dyn Clock>) -> Result<App> {
        let (mut tenants, mut writers) = (BTreeMap::new(), BTreeMap::new());
        for (name, path) in &config.stores {
            // The writer first: it recovers what a crash left.
            let writing = config
                .writes(name)
                .map(|writing| Ok::<_, Error>((writing, writer::Opened::open(name, path)?)));
            let writing = writing.transpose()?;
            let tenant = Arc::new(Tenant::open(name, path, &clock)?);
            if let Some((writing, opened)) = writing {
                let writer = Writer::start(opened, &tenant, path, writing, &config)?;
                writers.insert(name.clone(), Arc::new(writer));
            }
            tenants.insert(name.clone(), tenant);
        }
        if tenants.is_empty() {
            return Err(Error::Config {
                place: "stores".to_owned(),
                why: "none is named: `[stores]` name = \"path\", or --store DIR".to_owned(),
            });
        }
        let keeper = match &config.trail.path {
            Some(path) => {
                let (tenant, keeper) = writer::keeper(path, &config, &clock)?;
                tenants.insert(TRAIL_STORE.to_owned(), tenant);
                Some(keeper)
            }
            None => None,
        };
        let token_file = TokenFile::new(config.token_path());
        let stamp = token_file.stamp();
        let tokens = Tokens::new(token_file.read()?);
        let mut secret = [0; 64];
        getrandom::fill(&mut secret)
            .map_err(|e| Error::Token(format!("the system gives no random numbers: {e}")))?;
        let (mut seal, mut ids) = ([0; 32], [0; 32]);
        seal.copy_from_slice(&secret[..32]);
        ids.copy_from_slice(&secret[32..]);
        let oidc = Oidc::open(&config, clock.now())?;
        let bounds = &config.limits;
        Ok(App {
            tenants,
            writers,
            keeper,
            token_file,
            tokens: RwLock::new(Arc::new(tokens)),
            token_stamp: Mutex::new(stamp),
            token_changes: Mutex::default(),
            oidc,
            pool: Pool::start(bounds.threads, bounds.waiting)?,
            places: Places::new(bounds.connections),
            plans: Plans::new(bounds.plans),
            cache: PlanCache::default(),
            seal: Seal::new(seal),
            metrics: Metrics::default(),
            rates: Rates::new(bounds),
            backups: Arc::new(Semaphore::new(BACKUPS_AT_ONCE)),
            telemetry: config.telemetry.as_ref().map(Telemetry::start).transpose()?,
            clock,
            ids: (AtomicU64::new(0), ids),
            config,
        })
    }

    /// The time, ns since 1970 UTC.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// The stores, by name.
    pub(crate) fn tenants(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.tenants.values()
    }

    /// The store of a name.
    pub(crate) fn tenant(&self, name: &str) -> Option<&Arc<Tenant>> {
        self.metrics.lookups.fetch_add(1, Ordering::Relaxed);
        self.tenants.get(name)
    }

    /// The writer of a store, if this server writes it.
    pub(crate) fn writer(&self, name: &str) -> Option<&Arc<Writer>> {
        self.writers.get(name)
    }

    /// The writer in whose store the trail of a store stands: its own, or that of the store for the trail
    /// of others.
    pub(crate) fn keeper(&self, name: &str) -> Option<&Arc<Writer>> {
        self.writers.get(name).or(self.keeper.as_ref())
    }

    /// Is it the store for the trail of others? Nobody means it who does not name it.
    pub(crate) fn is_for_trail(&self, name: &str) -> bool {
        self.keeper.is_some() && name == TRAIL_STORE
    }

    /// Where a use is noted: of the store that was meant, else of the one that the token is for, else of
    /// the first that this server writes. None where nobody writes that store.
    pub(crate) fn trail(&self, store: Option<&str>, asker: Option<&Who>) -> Option<&Arc<Trail>> {
        let own = || {
            let token = &asker?.token;
            let named = self.tenants.keys().filter(|name| !self.is_for_trail(name));
            let mut own = named.filter(|name| token.allows_store(name));
            own.next().filter(|_| own.next().is_none()).map(String::as_str)
        };
        let writer = match store.or_else(own) {
            Some(name) => self.keeper(name),
            None => self.writers.values().next().or(self.keeper.as_ref()),
        };
        writer.map(|writer| &writer.trail)
    }

    /// The trails of stores that a token of these names is good for.
    pub(crate) fn trails_of(&self, stores: &[String]) -> impl Iterator<Item = &Arc<Trail>> {
        let is_meant = |name: &&String| stores.iter().any(|store| store == ALL || store == *name);
        let named = self.tenants.keys().filter(|name| !self.is_for_trail(name));
        let meant: Vec<&String> = named.filter(is_meant).collect();
        meant.into_iter().filter_map(|name| self.keeper(name)).map(|writer| &writer.trail)
    }

    /// The trails that are kept.
    pub(crate) fn trails(&self) -> impl Iterator<Item = &Arc<Trail>> {
        self.writers.values().chain(&self.keeper).map(|writer| &writer.trail)
    }

    /// Ends the writers: what they have taken on is done, what was brought live is sealed. Gives the names of
    /// the stores of which that took longer than it may, so that their work is broken off.
    pub(crate) fn end_writers(&self, within: Duration) -> Vec<String> {
        let keeper = self.keeper.iter().map(|writer| (TRAIL_STORE, writer));
        let writers = self.writers.iter().map(|(name, writer)| (name.as_str(), writer));
        let writers: Vec<_> = writers.chain(keeper).collect();
        let until = Instant::now() + within.min(END_MAX);
        // All are told before one is waited for: their time to end is the same.
        for (_, writer) in &writers {
            writer.will_end();
        }
        let mut broken_off = Vec::new();
        for (store, writer) in writers {
            if writer.end(until) {
                continue;
            }
            let job = writer.jobs.running();
            let (job, kind) = job.as_ref().map_or(("-", "-"), |job| (job.id.as_str(), job.kind()));
            tracing::error!(
                store,
                job,
                kind,
                "the writer's work was broken off: it was not done when the time to end was over"
            );
            broken_off.push(store.to_owned());
        }
        broken_off
    }

    pub(crate) fn token_file(&self) -> &TokenFile {
        &self.token_file
    }

    /// The tokens as they were last read.
    pub(crate) fn tokens(&self) -> Arc<Tokens> {
        Arc::clone(&self.tokens.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The token of a text, if it is good now.
    pub(crate) fn token(&self, text: &str) -> Option<Arc<Token>> {
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        tokens.find(text, self.now()).map(Arc::clone)
    }

    /// Reads the tokens again if their file has changed. One that cannot be read leaves those in
    /// force that were read last: a slip of an editor must not lock everybody out, and is said in
    /// the log and in the metrics. One that is gone takes all tokens with it.
    pub(crate) fn follow_tokens(&self) {
        let stamp = self.token_file.stamp();
        let mut known = self.token_stamp.lock().unwrap_or_else(PoisonError::into_inner);
        if *known == stamp {
            return;
        }
        match self.token_file.read() {
            Ok(tokens) => {
                let tokens = Arc::new(Tokens::new(tokens));
                let changes = tokens.changes(&self.tokens());
                self.token_changes().extend(changes);
                self.rates.keep(|id| id.starts_with(ID_PREFIX) || tokens.has(id));
                *self.tokens.write().unwrap_or_else(PoisonError::into_inner) = tokens;
                tracing::info!("tokens read again");
            }
            Err(error) => {
                self.metrics.token_faults.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%error, "the tokens that were read last stay in force");
            }
        }
        *known = stamp;
    }

    fn token_changes(&self) -> std::sync::MutexGuard<'_, Vec<(&'static str, Token)>> {
        self.token_changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what became of tokens in the trails of the stores that they are for. Who did it is not
    /// known here: the file was changed on this machine.
    pub(crate) async fn note_tokens(&self) {
        let changes = std::mem::take(&mut *self.token_changes());
        let own = self.writers.iter().map(|(name, writer)| (vec![name], writer));
        let read = || self.tenants.keys().filter(|name| !self.writers.contains_key(*name));
        let others = self.keeper.iter().map(|keeper| (read().collect(), keeper));
        for (names, writer) in own.chain(others) {
            let concerns = |token: &Token| names.iter().any(|name| token.allows_store(name));
            let own = changes.iter().filter(|(_, token)| concerns(token));
            let uses = own.map(|(what, token)| writer.trail.of_token(what, token)).collect();
            if let Err(why) = writer.trail.note(uses).await {
                tracing::error!(stores = ?names, ?why, "what became of tokens could not be noted");
            }
        }
    }

    /// A new name for a request: of our making alone, so that no caller writes into the log.
    pub(crate) fn request_id(&self) -> String {
        let (digest, left) = match IDS.get() {
            (_, 0) => {
                let count = self.ids.0.fetch_add(1, Ordering::Relaxed);
                (Hash::keyed(&self.ids.1, &count.to_le_bytes()), IDS_AT_ONCE)
            }
            some => some,
        };
        IDS.set((digest, left - 1));
        let begin = (left - 1) * ID_BYTES;
        data_encoding::HEXLOWER.encode(&digest.as_bytes()[begin..begin + ID_BYTES])
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("stores", &self.config.stores).finish_non_exhaustive()
    }
}
