//! Tokens of an identity provider (OpenID Connect), beside our own: signed by a key of the provider,
//! for this server, good now, and worth what the configuration says. What is not all of that is
//! refused, and the sender is told no more than of a token that was never made.
//!
//! `jsonwebtoken` reads tokens and keys and `ring` checks signatures (docs/architecture.md,
//! decision 39); what is stricter than the library stands here.

mod algorithm;
mod claims;
mod grant;
mod keys;
mod provider;
mod source;
#[cfg(test)]
mod tests;

pub use algorithm::Algorithm;
pub(crate) use claims::Refusal;
pub(crate) use grant::{ID_PREFIX, Known};

use crate::config::{self, Config};
use crate::error::{Error, Result};
use crate::token::PREFIX;
use claims::{Claims, head};
use keys::Keys;
use source::Source;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

/// The file of the key by which people become ids, where none is named.
const SECRET: &str = "oidc.key";
const HOUR_NS: i64 = 3_600_000_000_000;

/// The provider whose tokens are taken.
pub(crate) struct Oidc {
    config: config::Oidc,
    source: Source,
    secret: [u8; 32],
    held: RwLock<Held>,
    /// When keys were last looked for, whatever came of it; held while they are.
    looked: tokio::sync::Mutex<Option<Instant>>,
    counts: Mutex<Counts>,
}

/// The keys that are in force.
struct Held {
    keys: Arc<Keys>,
    /// When they were read, ns since 1970 UTC.
    read: i64,
    /// Of a file: its state then.
    stamp: Option<(SystemTime, u64)>,
}

#[derive(Default)]
struct Counts {
    refused: BTreeMap<Refusal, u64>,
    faults: u64,
}

impl Oidc {
    /// What the configuration names, if it does. Keys in a file must be there; a provider that
    /// cannot be reached is asked again later.
    ///
    /// # Errors
    /// [`Error::Config`].
    pub(crate) fn open(config: &Config, now: i64) -> Result<Option<Arc<Oidc>>> {
        let Some(own) = &config.oidc else { return Ok(None) };
        provider::install();
        let path = own.secret.clone();
        let path = path.unwrap_or_else(|| config.token_path().with_file_name(SECRET));
        let oidc = Oidc {
            source: Source::of(own)?,
            secret: secret(&path)?,
            held: RwLock::new(Held { keys: Arc::default(), read: now, stamp: None }),
            looked: tokio::sync::Mutex::new(Some(Instant::now())),
            counts: Mutex::default(),
            config: own.clone(),
        };
        match oidc.read(now) {
            Ok(()) => {}
            Err(why) if matches!(oidc.source, Source::File(_)) => {
                return Err(Error::Config { place: "oidc.keys".to_owned(), why });
            }
            Err(why) => oidc.fault(&why),
        }
        Ok(Some(Arc::new(oidc)))
    }

    /// Who asks by a token, and what that is worth.
    ///
    /// # Errors
    /// [`Refusal`], which is counted.
    pub(crate) fn find(&self, text: &str, now: i64) -> Result<Known, Refusal> {
        let found = self.known(text, now);
        if let Err(refusal) = &found {
            *self.counts().refused.entry(*refusal).or_default() += 1;
            tracing::debug!(why = refusal.word(), "a token of the identity provider is refused");
        }
        found
    }

    fn known(&self, text: &str, now: i64) -> Result<Known, Refusal> {
        let head = head(text, &self.config.algorithms)?;
        let (keys, read) = self.held();
        let stale = i64::try_from(self.config.stale_hours).unwrap_or(i64::MAX);
        if matches!(self.source, Source::Url { .. })
            && now.saturating_sub(read) > stale.saturating_mul(HOUR_NS)
        {
            return Err(Refusal::Stale);
        }
        let claims = Claims::believed(text, &head, &keys, &self.config, now)?;
        Known::by(&claims, &self.config, &self.secret, now)
    }

    /// Does a token name a key that is not known? Then the provider may have a new one.
    pub(crate) fn is_new_key(&self, text: &str) -> bool {
        if text.starts_with(PREFIX) {
            return false;
        }
        let Ok(head) = head(text, &self.config.algorithms) else { return false };
        head.key.is_some_and(|id| !self.held().0.has(&id))
    }

    /// Looks for keys again, unless that was done a short while ago: whoever sends tokens with keys
    /// that nobody has must not have the provider asked each time. Those who come meanwhile wait for
    /// the one look.
    pub(crate) async fn look_again(self: &Arc<Self>, now: i64) {
        let least = Duration::from_secs(self.config.refetch_seconds);
        let mut looked = self.looked.lock().await;
        if looked.is_some_and(|at| at.elapsed() < least) {
            return;
        }
        *looked = Some(Instant::now());
        let oidc = Arc::clone(self);
        // One that panicked has said so.
        let _ = tokio::task::spawn_blocking(move || oidc.read_or_tell(now)).await;
    }

    /// Reads keys again where it is time: a file that has changed, a URL after some minutes.
    pub(crate) async fn follow(self: &Arc<Self>, now: i64) {
        match &self.source {
            Source::File(path) => {
                let (path, oidc) = (path.clone(), Arc::clone(self));
                let look = move || {
                    let known = oidc.held.read().unwrap_or_else(PoisonError::into_inner).stamp;
                    if stamp(&path) != known {
                        oidc.read_or_tell(now);
                    }
                };
                let _ = tokio::task::spawn_blocking(look).await;
            }
            Source::Url { .. } => {
                let config::Oidc { refresh_seconds, refetch_seconds, .. } = self.config;
                // A provider that was never reached is asked again soon.
                let none = self.held().0.count() == 0;
                let due = Duration::from_secs(if none { refetch_seconds } else { refresh_seconds });
                let last = *self.looked.lock().await;
                if last.is_none_or(|at| at.elapsed() >= due) {
                    self.look_again(now).await;
                }
            }
        }
    }

    fn read_or_tell(&self, now: i64) {
        match self.read(now) {
            Ok(()) => {
                tracing::info!(keys = self.held().0.count(), "the provider's keys read again");
            }
            Err(why) => self.fault(&why),
        }
    }

    /// Reads the keys. Those of a file that is gone go with it; what cannot be read otherwise leaves
    /// those in force that were read last.
    fn read(&self, now: i64) -> Result<(), String> {
        let stamp = match &self.source {
            Source::File(path) => stamp(path),
            Source::Url { .. } => None,
        };
        let read = self.source.read().and_then(|bytes| Keys::read(&bytes));
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.stamp = stamp;
        match read {
            Ok(keys) => {
                (held.keys, held.read) = (Arc::new(keys), now);
                Ok(())
            }
            Err(why) => {
                if stamp.is_none() && matches!(self.source, Source::File(_)) {
                    held.keys = Arc::default();
                }
                Err(why)
            }
        }
    }

    fn fault(&self, why: &str) {
        self.counts().faults += 1;
        tracing::error!(why, "the identity provider's keys could not be read");
    }

    fn held(&self) -> (Arc<Keys>, i64) {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&held.keys), held.read)
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many keys are in force.
    pub(crate) fn key_count(&self) -> usize {
        self.held().0.count()
    }

    /// How often keys could not be read.
    pub(crate) fn faults(&self) -> u64 {
        self.counts().faults
    }

    /// How many tokens were refused for a reason.
    pub(crate) fn refused(&self, why: Refusal) -> u64 {
        self.counts().refused.get(&why).copied().unwrap_or_default()
    }
}

/// What tells one state of a file from another.
fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}

/// The key by which people become ids: made once, so that one person has one id in all trails.
fn secret(path: &PathBuf) -> Result<[u8; 32]> {
    let fail = |why: String| Error::Config {
        place: "oidc.secret".to_owned(),
        why: format!("{}: {why}", path.display()),
    };
    let read = || match std::fs::read_to_string(path) {
        Ok(text) => {
            let bytes = data_encoding::HEXLOWER.decode(text.trim().as_bytes());
            let bytes = bytes.ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            bytes.map(Some).ok_or_else(|| fail("it is no key: 64 hexadecimal digits".to_owned()))
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(fail(e.to_string())),
    };
    if let Some(secret) = read()? {
        return Ok(secret);
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)
        .map_err(|e| fail(format!("the system gives no random numbers: {e}")))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let wanted = "the key by which people become ids is made here; `secret` names another place";
    match options.open(path) {
        Ok(mut file) => {
            let text = format!("{}\n", data_encoding::HEXLOWER.encode(&secret));
            let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
            written.map_err(|e| fail(format!("{e}; {wanted}")))?;
            Ok(secret)
        }
        // Another server was first: its key counts.
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            read()?.ok_or_else(|| fail("it came and went".to_owned()))
        }
        Err(e) => Err(fail(format!("{e}; {wanted}"))),
    }
}
