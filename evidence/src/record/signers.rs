//! Keys on record: whose they are, since when one counts no more, and which came in its place.
//!
//! A key is a document of type `signing_key`, so that it is imported, retracted, proved and packed as
//! everything else.

use super::desk::{By, Desk, Recorded, Statement, reason};
use super::error::{Error, Result};
use super::key::PublicKey;
use super::words::time_text;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeNo, Snapshot};
use lineal_proof::{Key, KeyPart, Value};
use serde_json::{Value as Json, json};

/// The scope of documents that are keys.
const SCOPE: &str = "keys";
/// Their type.
const TYPE: &str = "signing_key";

/// What the record says of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyState {
    /// It is on record as that of the approver.
    OnRecord,
    /// It is on record as somebody else's.
    OtherOwner,
    /// It counted no more when this was recorded.
    Revoked {
        /// Since when, ns.
        since: i64,
    },
    /// Nothing says whose it is.
    Unknown,
}

impl KeyState {
    /// In words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            KeyState::OnRecord => "the approver's key on record".to_owned(),
            KeyState::OtherOwner => "on record as another person's key".to_owned(),
            KeyState::Revoked { since } => format!("revoked since {}", time_text(since)),
            KeyState::Unknown => "nothing on record says whose key it is".to_owned(),
        }
    }
}

/// A key on record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signer {
    /// `SHA256:...`.
    pub fingerprint: String,
    /// `ssh-ed25519 AAAA...`.
    pub public_key: String,
    /// The actor keys of those whose it is.
    pub owners: Vec<String>,
    /// Since when it counts no more, ns.
    pub revoked: Option<i64>,
    /// The key in its place.
    pub replaced_by: Option<String>,
}

/// Is a document of this key one of the keys on record?
pub(super) fn is_key(key: &Key) -> bool {
    key.part_text(0) == Some(SCOPE)
}

fn key_of(fingerprint: &str) -> Key {
    Key::new(vec![SCOPE.into(), fingerprint.into(), KeyPart::Null])
}

fn signer(view: &Snapshot, node: NodeNo, fingerprint: &str) -> Result<Signer> {
    let fields = view.fields(node)?.fields;
    let text = |name: &str| fields.get(name).and_then(Value::as_text).map(str::to_owned);
    let owners = view.edges(node, Relation::DoneBy, Direction::Forward).iter();
    let owners = owners.filter_map(|it| view.key_of(*it).part_text(0).map(str::to_owned));
    Ok(Signer {
        fingerprint: fingerprint.to_owned(),
        public_key: text("public_key").unwrap_or_default(),
        owners: owners.collect(),
        revoked: fields.get("revoked_at").and_then(Value::as_i64),
        replaced_by: text("replaced_by"),
    })
}

/// The keys on record, by fingerprint.
///
/// # Errors
/// [`Error::Store`] if a record cannot be read.
pub fn signers(view: &Snapshot) -> Result<Vec<Signer>> {
    let mut found = Vec::new();
    for node in view.nodes_of(Kind::Document) {
        let key = view.key_of(node);
        if is_key(&key)
            && let Some(fingerprint) = key.part_text(1)
            && view.revision_id(node).is_some()
        {
            found.push(signer(view, node, fingerprint)?);
        }
    }
    Ok(found)
}

/// Keys on record as programs read them.
#[must_use]
pub fn signers_json(signers: &[Signer]) -> Json {
    let listed = signers.iter().map(|key| {
        json!({
            "key": key.fingerprint, "public_key": key.public_key, "owners": key.owners,
            "revoked": key.revoked.map(time_text), "replaced_by": key.replaced_by,
        })
    });
    json!({ "keys": listed.collect::<Vec<_>>() })
}

/// What the record says of a key that an approver used at a time, ns.
pub(super) fn key_state(
    view: &Snapshot,
    fingerprint: &str,
    approver: &str,
    at: i64,
) -> Result<KeyState> {
    let node = view.node_with_key(Kind::Document, &key_of(fingerprint));
    let node = node.filter(|node| view.revision_id(*node).is_some());
    let Some(node) = node else { return Ok(KeyState::Unknown) };
    let found = signer(view, node, fingerprint)?;
    let approver = super::authors::same_person(view, approver);
    let is_owner = |owner: &String| super::authors::same_person(view, owner) == approver;
    Ok(match found.revoked {
        Some(since) if since <= at => KeyState::Revoked { since },
        _ if found.owners.iter().any(is_owner) => KeyState::OnRecord,
        _ => KeyState::OtherOwner,
    })
}

impl Desk<'_> {
    /// Puts a key on record as that of a person; `by` says who states it.
    ///
    /// # Errors
    /// [`Error::KeyState`] if it is on record as somebody else's.
    pub fn add_key(&self, by: &By<'_>, of: &str, key: &PublicKey) -> Result<Recorded> {
        let _turn = self.turn();
        let view = self.store().snapshot()?;
        let owner = self.actor(&By { who: of, ..*by })?;
        let fingerprint = key.fingerprint();
        if key_state(&view, &fingerprint, &owner, self.now())? == KeyState::OtherOwner {
            let why = "is on record as another person's".to_owned();
            return Err(Error::KeyState { key: fingerprint, why });
        }
        let mut statement = Statement::new(Kind::Document, key_of(&fingerprint));
        statement.set("name", fingerprint.as_str());
        statement.set("type", TYPE);
        statement.set("public_key", key.openssh());
        statement.set("time", Value::from(self.at(by)?));
        statement.link(Relation::DoneBy, (Kind::Actor, Key::text(owner)))?;
        if let Some(why) = by.reason {
            statement.seal("reason", Value::text(why));
        }
        drop(view);
        self.write(by, statement)
    }

    /// Says that a key counts no more since a time (`by.at`, else now). What was recorded before
    /// stays valid.
    ///
    /// # Errors
    /// [`Error::KeyState`] if it is not on record; [`Error::Unsaid`] without a reason.
    pub fn revoke_key(
        &self,
        by: &By<'_>,
        fingerprint: &str,
        replaced_by: Option<&str>,
    ) -> Result<Recorded> {
        let _turn = self.turn();
        let view = self.store().snapshot()?;
        for key in [Some(fingerprint), replaced_by].into_iter().flatten() {
            let node = view.node_with_key(Kind::Document, &key_of(key));
            if node.is_none_or(|node| view.revision_id(node).is_none()) {
                let why = "is not on record".to_owned();
                return Err(Error::KeyState { key: key.to_owned(), why });
            }
        }
        let mut statement = Statement::new(Kind::Document, key_of(fingerprint));
        statement.set("revoked_at", Value::from(self.at(by)?));
        statement.seal("reason", Value::text(reason(by)?));
        if let Some(other) = replaced_by {
            statement.set("replaced_by", other);
        }
        drop(view);
        self.write(by, statement)
    }
}
