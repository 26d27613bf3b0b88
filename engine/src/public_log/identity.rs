//! Under which name and with which keys a store signs its checkpoints. Both stand in the log itself, as
//! the setting `log`, so that a checkpoint covers the key that signs the next one.

use super::checkpoints;
use crate::error::{Error, Result};
use crate::keys;
use crate::ledger::Ledger;
use crate::store::Store;
use lineal_proof::tlog::{NoteSigner, SignatureKind, SignedCheckpoint, VerifierKey};
use lineal_proof::{Map, Value};

/// Name of the setting.
pub(crate) const SETTING: &str = "log";
/// Bytes that a log's name may have: what a witness takes (tlog-cosignature).
const ORIGIN_BYTES_MAX: usize = 255;

/// The name and the keys of a store's public log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogIdentity {
    /// First line of each checkpoint, and name of the keys.
    pub origin: String,
    /// The keys in the order in which they were recorded.
    pub keys: Vec<LogKey>,
}

/// A key of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogKey {
    /// The public key under the log's name.
    pub key: VerifierKey,
    /// What is to be thought of its signatures.
    pub state: KeyState,
    /// What was said when that changed.
    pub reason: Option<String>,
    /// The commit that recorded that it signs no more; none while it signs.
    pub until: Option<u64>,
}

/// What is to be thought of a key's signatures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyState {
    /// It signs now: one key does.
    Signs,
    /// Another took its place; what it signed before stands ([`Worth`](super::Worth)).
    Replaced,
    /// It may be in other hands: nothing that it signed counts.
    Revoked,
}

impl KeyState {
    /// Its word in the record.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            KeyState::Signs => "signs",
            KeyState::Replaced => "replaced",
            KeyState::Revoked => "revoked",
        }
    }

    fn parse(name: &str) -> Option<KeyState> {
        [KeyState::Signs, KeyState::Replaced, KeyState::Revoked]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

impl LogIdentity {
    /// The key that signs now.
    ///
    /// # Panics
    /// Never: an identity without one is not read.
    #[must_use]
    pub fn signing(&self) -> &VerifierKey {
        let mut keys = self.keys.iter();
        &keys.find(|key| key.state == KeyState::Signs).expect("one key signs").key
    }

    /// Does this secret make the key that signs now?
    pub(crate) fn is_signed_with(&self, secret: &[u8; 32]) -> bool {
        signer(&self.origin, secret).is_ok_and(|signer| signer.verifier() == self.signing())
    }

    /// The identity as a commit recorded it behind a former one: a key that signs no more does so since the
    /// commit that said it first.
    pub(crate) fn recorded(mut self, commit: u64, former: Option<&LogIdentity>) -> LogIdentity {
        let until = |key: &LogKey| {
            let mut known = former.into_iter().flat_map(|former| &former.keys);
            known.find(|known| known.key == key.key)?.until
        };
        for key in self.keys.iter_mut().filter(|key| key.state != KeyState::Signs) {
            key.until = Some(until(key).unwrap_or(commit));
        }
        self
    }

    /// Reads the setting's value, which does not say since when a key signs no more ([`LogIdentity::recorded`]).
    pub(crate) fn from_value(value: &Value) -> Option<LogIdentity> {
        let Value::Map(map) = value else { return None };
        if map.len() != 2 {
            return None;
        }
        let origin = map.get("origin")?.as_text()?;
        let keys = map.get("keys")?.as_list()?.iter().map(|key| {
            let [public, state, reason] = key.as_list()? else { return None };
            let public = public.as_bytes()?.try_into().ok()?;
            let reason = match reason {
                Value::Null => None,
                reason => Some(reason.as_text()?.to_owned()),
            };
            Some(LogKey {
                key: VerifierKey::new(origin, SignatureKind::Ed25519, public).ok()?,
                state: KeyState::parse(state.as_text()?)?,
                reason,
                until: None,
            })
        });
        let keys = keys.collect::<Option<Vec<_>>>()?;
        let signing = keys.iter().filter(|key| key.state == KeyState::Signs).count();
        (signing == 1).then(|| LogIdentity { origin: origin.to_owned(), keys })
    }

    fn to_value(&self) -> Value {
        let keys = self.keys.iter().map(|key| {
            let reason = key.reason.as_deref().map_or(Value::Null, Value::text);
            let public = Value::Bytes(key.key.public().to_vec());
            Value::List(vec![public, Value::text(key.state.name()), reason])
        });
        let mut map = Map::default();
        map.insert("origin", Value::text(&self.origin));
        map.insert("keys", Value::List(keys.collect()));
        Value::Map(map)
    }
}

/// What the log says of itself: the last record counts, whatever is retracted. A key that was recorded
/// cannot be unrecorded.
pub(crate) fn of(ledger: &Ledger) -> Result<Option<LogIdentity>> {
    let (mut last, mut is_read) = (None::<LogIdentity>, true);
    for (commit, value) in ledger.settings_said(SETTING) {
        let said = LogIdentity::from_value(value);
        is_read = said.is_some();
        last = said.map(|said| said.recorded(commit, last.as_ref())).or(last);
    }
    let broken = || Error::corrupt("segments", 0, "the setting `log` has its form");
    is_read.then_some(last).ok_or_else(broken)
}

pub(super) fn record(
    store: &Store,
    origin: Option<&str>,
    actor: Option<String>,
) -> Result<LogIdentity> {
    if let Some(recorded) = store.log_identity()? {
        return match origin {
            Some(asked) if asked != recorded.origin => {
                Err(Error::OtherOrigin { recorded: recorded.origin, asked: asked.to_owned() })
            }
            _ => Ok(recorded),
        };
    }
    let default = || format!("lineal/{}", data_encoding::HEXLOWER.encode(store.id()));
    let origin = origin.map_or_else(default, str::to_owned);
    if origin.len() > ORIGIN_BYTES_MAX {
        let (found, limit) = (origin.len() as u64, ORIGIN_BYTES_MAX as u64);
        return Err(Error::Limit { what: "the log's name".to_owned(), found, limit });
    }
    let secret = keys::signing_key(store.storage())?.ok_or(NO_KEY)?;
    let signer = signer(&origin, &secret)?;
    let key = signer.verifier().clone();
    let keys = vec![LogKey { key, state: KeyState::Signs, reason: None, until: None }];
    write(store, LogIdentity { origin, keys }, actor)
}

/// What is missing when nothing can be signed.
const NO_KEY: Error = Error::NoKey { name: "signing.key", purpose: "signing a checkpoint" };

/// The signer of a secret.
fn signer(origin: &str, secret: &[u8; 32]) -> Result<NoteSigner> {
    NoteSigner::new(origin, SignatureKind::Ed25519, secret)
        .map_err(|source| Error::Log { what: format!("the log's name {origin:?}"), source })
}

fn write(store: &Store, identity: LogIdentity, actor: Option<String>) -> Result<LogIdentity> {
    let mut transaction = store.begin(None, actor)?;
    transaction.add_setting(SETTING, identity.to_value());
    transaction.commit()?;
    Ok(identity)
}

/// The signer whose key the log names: `signing.key`, or the one that a crash left beside it when the
/// key was being replaced.
pub(super) fn present_signer(store: &Store, identity: &LogIdentity) -> Result<NoteSigner> {
    let storage = store.storage();
    let recorded = identity.signing();
    if let Some(secret) = keys::signing_key(storage)? {
        let signer = signer(&identity.origin, &secret)?;
        if signer.verifier() == recorded {
            return Ok(signer);
        }
    } else if keys::next_signing_key(storage)?.is_none() {
        return Err(NO_KEY);
    }
    if let Some(secret) = keys::next_signing_key(storage)? {
        let signer = signer(&identity.origin, &secret)?;
        if signer.verifier() == recorded {
            keys::take_next_signing_key(storage)?;
            return Ok(signer);
        }
    }
    Err(Error::OtherKey { recorded: recorded.to_string() })
}

pub(super) fn rotate(
    store: &Store,
    compromised: bool,
    reason: Option<&str>,
    actor: Option<String>,
) -> Result<SignedCheckpoint> {
    let mut identity = store.log_identity()?.ok_or(Error::NoLog)?;
    let old = present_signer(store, &identity)?;
    // The last word of the old key, while it is the recorded one.
    if !compromised {
        store.checkpoint()?;
    }
    // On the medium before the log names it: the other way round a crash would leave a log whose key
    // nobody has.
    let secret = keys::make_next_signing_key(store)?;
    let new = signer(&identity.origin, &secret)?;
    for key in &mut identity.keys {
        if key.state == KeyState::Signs {
            key.state = if compromised { KeyState::Revoked } else { KeyState::Replaced };
            key.reason = reason.map(str::to_owned);
        }
    }
    let key = new.verifier().clone();
    identity.keys.push(LogKey { key, state: KeyState::Signs, reason: None, until: None });
    write(store, identity, actor)?;
    // Both sign the checkpoint that covers the change: who knows only the old key can follow.
    let also = if compromised { Vec::new() } else { vec![old] };
    let made = checkpoints::make_with(store, &new, &also)?;
    keys::take_next_signing_key(store.storage())?;
    Ok(made)
}
