//! Decisions of people about a node: granted or rejected, signed where they have a key.
//!
//! Who signs asks for the statement ([`Desk::to_sign`]), signs it where the key is, and brings it
//! back ([`Desk::decide`]): a key never travels, and what is recorded is what was signed.

use super::approval::{Approval, Subject, reason_digest};
use super::authors::{authors, same_person};
use super::decided::heads;
use super::desk::{By, Desk, Recorded, SOURCE, Statement, address, node, reason, said, span};
use super::dsse::{Envelope, STATEMENT_TYPE};
use super::error::{Error, Result};
use super::key::{PublicKey, SecretKey};
use super::signers::{KeyState, key_state};
use super::words::time_text;
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{NodeNo, Snapshot};
use lineal_proof::{Key, KeyPart, Value};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// More approvals than this of one thing is a mistake in typing.
const KEYS_NEEDED_MAX: u32 = 100;
/// What the salt of a reason is made of, beside the key and the statement.
const SALT_CONTEXT: &[u8] = b"lineal reason salt v1\0";

/// How it was decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// It may be used.
    Granted,
    /// It may not.
    Rejected,
}

impl Decision {
    /// The word in the record.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Decision::Granted => "granted",
            Decision::Rejected => "rejected",
        }
    }
}

/// A decision that is to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct Approve<'t> {
    /// About which node.
    pub node: &'t str,
    /// How it was decided.
    pub decision: Decision,
    /// In which role.
    pub role: &'t str,
    /// How many distinct keys must approve; none says nothing of it.
    pub keys_needed: Option<u32>,
    /// On which evaluations or documents it rests.
    pub basis: &'t [String],
    /// The stage it is for.
    pub stage: Option<&'t str>,
    /// The end of its validity, ns.
    pub expires: Option<i64>,
}

/// The statement that is to be signed: its reason is put in by who signs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsigned {
    /// The statement, as JSON.
    pub payload: String,
    /// When it is decided, ns: the decision is recorded with this time.
    pub at: i64,
}

/// A statement that was signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signed {
    /// The envelope.
    pub envelope: Envelope,
    /// By which key.
    pub key: PublicKey,
    /// What the digest of the reason is salted with; none where no reason was given.
    pub reason_salt: Option<[u8; 32]>,
}

impl Unsigned {
    /// Signs it.
    ///
    /// # Errors
    /// [`Error::Statement`] if it is none of this program.
    pub fn sign(&self, key: &SecretKey, reason: Option<&str>) -> Result<Signed> {
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        let why = "it is no statement of an approval";
        let mut json: Json =
            serde_json::from_str(&self.payload).map_err(|_| Error::Statement { why })?;
        let said = json.get_mut("predicate").and_then(|it| it.get_mut("reason_sha256"));
        let said = said.ok_or(Error::Statement { why })?;
        let salt = reason.map(|reason| {
            // Known to who has the key alone, and the same each time: no dice are needed.
            let seed = key.sign(&[SALT_CONTEXT, self.payload.as_bytes()].concat());
            let salt: [u8; 32] = Sha256::digest(seed).into();
            *said = Json::from(reason_digest(&salt, reason));
            salt
        });
        let payload = json.to_string().into_bytes();
        let envelope = Envelope::sign(STATEMENT_TYPE, payload, key);
        Ok(Signed { envelope, key: key.public(), reason_salt: salt })
    }
}

impl Desk<'_> {
    /// The statement that is to be signed for a decision.
    ///
    /// # Errors
    /// As [`Desk::decide`].
    pub fn to_sign(&self, by: &By<'_>, wanted: &Approve<'_>) -> Result<Unsigned> {
        let view = self.store().snapshot()?;
        let (approval, _) = self.considered(&view, by, wanted)?;
        let payload = String::from_utf8_lossy(&approval.payload()).into_owned();
        Ok(Unsigned { payload, at: approval.at })
    }

    /// Records a decision.
    ///
    /// # Errors
    /// [`Error::FourEyes`] where the approver is among the authors, [`Error::Signed`] where it would
    /// take the place of what another key signed, [`Error::Statement`] where
    /// something else was signed (another revision is current by now, another decision), and what
    /// else is wrong; nothing was written.
    pub fn decide(
        &self,
        by: &By<'_>,
        wanted: &Approve<'_>,
        signed: Option<&Signed>,
    ) -> Result<Recorded> {
        let _turn = self.turn();
        let view = self.store().snapshot()?;
        let (mut approval, node) = self.considered(&view, by, wanted)?;
        let subject = address(&view, node);
        let key = Key::new(vec![
            SOURCE.into(),
            view.name_of(node).into(),
            approval.approver.as_str().into(),
            KeyPart::Text(time_text(approval.at)),
        ]);
        self.keep_signed(&view, &key, signed)?;
        let mut statement = Statement::new(Kind::Approval, key);
        statement.link(Relation::Approves, subject)?;
        let actor = Key::text(approval.approver.as_str());
        statement.link(Relation::DoneBy, (Kind::Actor, actor))?;
        for basis in wanted.basis {
            let basis = super::desk::node(&view, basis)?;
            statement.link(Relation::Cites, address(&view, basis))?;
        }
        statement.set("decision", approval.decision.as_str());
        statement.set("role", approval.role.as_str());
        statement.set("time", Value::from(approval.at));
        if let Some(stage) = &approval.stage {
            statement.set("stage", stage.as_str());
        }
        if let Some(expires) = approval.expires {
            statement.set("expires", Value::from(expires));
        }
        if let Some(needed) = approval.keys_needed {
            statement.set("keys_needed", Value::from(i64::from(needed)));
        }
        if let Some(revision) = view.revision_id(node) {
            statement.set("subject_revision", revision.to_string());
        }
        let given = by.reason.map(str::trim).filter(|reason| !reason.is_empty());
        if let Some(reason) = given {
            statement.seal("reason", Value::text(reason));
        }
        if let Some(Signed { envelope, key, reason_salt }) = signed {
            envelope.check(key)?;
            approval.reason = match (given, reason_salt) {
                (Some(reason), Some(salt)) => {
                    statement.seal("reason_salt", Value::Bytes(salt.to_vec()));
                    Some(reason_digest(salt, reason))
                }
                (None, None) => None,
                _ => return Err(Error::Statement { why: "the reason was not signed with it" }),
            };
            if envelope.payload_type != STATEMENT_TYPE || envelope.payload != approval.payload() {
                let why = "another revision, decision, role, time or reason";
                return Err(Error::Statement { why });
            }
            let fingerprint = key.fingerprint();
            let why = match key_state(&view, &fingerprint, &approval.approver, self.now())? {
                KeyState::OnRecord | KeyState::Unknown => None,
                KeyState::OtherOwner => Some("is on record as another person's".to_owned()),
                KeyState::Revoked { since } => {
                    Some(format!("is revoked since {}", time_text(since)))
                }
            };
            if let Some(why) = why {
                return Err(Error::KeyState { key: fingerprint, why });
            }
            statement.set("envelope", envelope.to_text());
            statement.set("public_key", key.openssh());
            statement.set("key_fingerprint", fingerprint);
        }
        drop(view);
        self.write(by, statement)
    }

    /// Nothing takes the place of what a person signed at the same time but what the same key signed.
    fn keep_signed(&self, view: &Snapshot, key: &Key, signed: Option<&Signed>) -> Result<()> {
        let former = view.node_with_key(Kind::Approval, key);
        let Some(former) = former.and_then(|node| self.former(view, node)) else { return Ok(()) };
        let (_, said) = view.read_revision(&former)?;
        let signer = said.get("key_fingerprint").and_then(Value::as_text);
        match signer {
            Some(signer) if signed.is_none_or(|it| it.key.fingerprint() != signer) => {
                Err(Error::Signed { key: signer.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// A decision, looked at: who decides about what, and whether they may.
    fn considered(
        &self,
        view: &Snapshot,
        by: &By<'_>,
        wanted: &Approve<'_>,
    ) -> Result<(Approval, NodeNo)> {
        let node = node(view, wanted.node)?;
        let (name, kind) = (view.name_of(node), view.kind_of(node));
        // A waiver may be of an approval; a decision is about what it decides on.
        if kind == Kind::Approval || !Relation::Approves.allows(Kind::Approval, kind) {
            let (from, relation) = (Kind::Approval.name(), Relation::Approves.name().to_owned());
            return Err(Error::Relation { from, relation, to: kind.name() });
        }
        let subjects: Vec<Subject> = heads(self.store(), view, node)
            .into_iter()
            .map(|it| Subject {
                name: name.clone(),
                revision: it.id,
                source: it.source,
                form: it.form,
            })
            .collect();
        if subjects.is_empty() {
            return Err(Error::NothingRecorded { node: name });
        }
        let approver = self.actor(by)?;
        let role = said("the role (--role)", wanted.role)?;
        if wanted.keys_needed.is_some_and(|needed| !(1..=KEYS_NEEDED_MAX).contains(&needed)) {
            let found = wanted.keys_needed.unwrap_or_default().to_string();
            let expected = "how many distinct keys must approve, 1 to 100";
            return Err(Error::Value { name: "--of".to_owned(), expected, found });
        }
        match wanted.decision {
            Decision::Granted => {
                let mut authors = authors(view, node);
                let actors = self.actors(by)?;
                let mut made = actors.iter().map(|actor| authors.remove(&same_person(view, actor)));
                if let Some(made) = made.find_map(|made| made) {
                    let names: Vec<String> = made.iter().map(|it| view.name_of(*it)).collect();
                    return Err(Error::FourEyes { node: name, made: names.join(", ") });
                }
            }
            Decision::Rejected => drop(reason(by)?),
        }
        let at = self.at(by)?;
        if let Some(expires) = wanted.expires {
            span(at, expires)?;
        }
        let approval = Approval {
            subjects,
            decision: wanted.decision.name().to_owned(),
            role,
            approver,
            at,
            keys_needed: wanted.keys_needed,
            stage: wanted.stage.map(str::to_owned),
            expires: wanted.expires,
            reason: None,
            store: data_encoding::HEXLOWER.encode(self.store().id()),
        };
        Ok((approval, node))
    }
}
