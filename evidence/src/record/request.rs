//! A statement as it travels: the command line, the server, its tools and the Python client all hand
//! over this one form.

use super::approve::{Approve, Decision, Signed, Unsigned};
use super::attach::{Attach, FileFacts};
use super::declare::{Declare, What};
use super::desk::{By, Desk, Recorded};
use super::dsse::Envelope;
use super::error::{Error, Result};
use super::evaluate::Evaluate;
use super::events::{Change, Changed, Waive};
use super::key::PublicKey;
use super::words::time_of;
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};

/// A statement that is to be recorded. Times are RFC 3339 with a zone, or dates.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Who states it: login or e-mail (kept as a key).
    pub by: String,
    /// Why; sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it happened; none is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What is stated.
    pub record: Record,
}

/// What is stated. Nodes are named as `lineal show` takes them; `fields` are texts `FIELD=VALUE`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the members are those of the commands, whose help says what each is"
)]
pub enum Record {
    /// `lineal declare system`
    DeclareSystem {
        node: String,
        #[serde(default)]
        fields: Vec<String>,
        #[serde(default)]
        edges: Vec<String>,
    },
    /// `lineal declare role`
    DeclareRole { node: String, roles: Vec<String> },
    /// `lineal declare scope`
    DeclareScope { node: String, fields: Vec<String> },
    /// `lineal declare node`
    DeclareNode {
        node: String,
        #[serde(default)]
        fields: Vec<String>,
        #[serde(default)]
        edges: Vec<String>,
    },
    /// `lineal attach`
    Attach {
        file: File,
        to: String,
        document_type: String,
        #[serde(default)]
        covers: Vec<String>,
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        version: Option<String>,
        #[serde(default)]
        fields: Vec<String>,
    },
    /// `lineal evaluate`
    Evaluate {
        model: String,
        on: String,
        metrics: Vec<String>,
        #[serde(default)]
        thresholds: Vec<String>,
        #[serde(default)]
        evaluation_type: Option<String>,
        #[serde(default)]
        fields: Vec<String>,
    },
    /// `lineal incident`
    Incident {
        name: String,
        #[serde(default)]
        concerns: Vec<String>,
        #[serde(default)]
        fields: Vec<String>,
    },
    /// `lineal monitor`
    Monitor {
        name: String,
        #[serde(default)]
        watches: Vec<String>,
        #[serde(default)]
        fields: Vec<String>,
    },
    /// `lineal change`
    Change {
        node: String,
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        decision: Option<String>,
        #[serde(default)]
        before: Option<String>,
        #[serde(default)]
        stop: bool,
    },
    /// `lineal loss`
    Loss { node: String, from: String, until: String },
    /// `lineal downtime`
    Downtime { node: String, from: String, until: String },
    /// `lineal withdraw`
    Withdraw { node: String },
    /// `lineal waive`
    Waive {
        rule: String,
        node: String,
        until: String,
        /// The text of the file that the rule is of, where it does not come with the program.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rules: Option<String>,
    },
    /// `lineal approve`
    Approve {
        node: String,
        role: String,
        #[serde(default)]
        keys_needed: Option<u32>,
        #[serde(default)]
        basis: Vec<String>,
        #[serde(default)]
        stage: Option<String>,
        #[serde(default)]
        expires: Option<String>,
        #[serde(default)]
        signed: Option<SignedStatement>,
    },
    /// `lineal reject`
    Reject {
        node: String,
        role: String,
        #[serde(default)]
        signed: Option<SignedStatement>,
    },
    /// `lineal key add`
    AddKey { of: String, public_key: String },
    /// `lineal key revoke`
    RevokeKey {
        key: String,
        #[serde(default)]
        replaced_by: Option<String>,
    },
}

/// A file as it travels.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name, without folders.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// BLAKE3, hexadecimal.
    pub digest: String,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes in base64, where they are to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

impl From<FileFacts> for File {
    fn from(facts: FileFacts) -> File {
        let FileFacts { name, size, digest, sha256, media_type, content } = facts;
        let content = content.map(|bytes| BASE64.encode(&bytes));
        File { name, size, digest, sha256, media_type, content }
    }
}

impl File {
    fn facts(&self) -> Result<FileFacts> {
        let name = self.name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let content = match &self.content {
            None => None,
            Some(text) => Some(BASE64.decode(text.as_bytes()).map_err(|_| Error::File {
                name: name.clone(),
                rule: "its content is base64 with padding".to_owned(),
            })?),
        };
        Ok(FileFacts {
            name,
            size: self.size,
            digest: self.digest.clone(),
            sha256: self.sha256.clone(),
            media_type: self.media_type.clone(),
            content,
        })
    }
}

/// A signed statement as it travels.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedStatement {
    /// The envelope, as JSON.
    pub envelope: String,
    /// `ssh-ed25519 AAAA...`.
    pub public_key: String,
    /// What the digest of the reason is salted with, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_salt: Option<String>,
}

impl From<&Signed> for SignedStatement {
    fn from(signed: &Signed) -> SignedStatement {
        SignedStatement {
            envelope: signed.envelope.to_text(),
            public_key: signed.key.openssh(),
            reason_salt: signed.reason_salt.map(|salt| HEXLOWER.encode(&salt)),
        }
    }
}

impl SignedStatement {
    fn read(&self) -> Result<Signed> {
        let salt = self.reason_salt.as_deref().map(|text| {
            let bytes = HEXLOWER.decode(text.as_bytes()).ok();
            let why = "the salt of its reason is 64 hexadecimal digits";
            bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(Error::Statement { why })
        });
        Ok(Signed {
            envelope: Envelope::parse(&self.envelope)?,
            key: PublicKey::parse(&self.public_key)?,
            reason_salt: salt.transpose()?,
        })
    }
}

impl Record {
    /// The decision, where it is one.
    fn decision(&self) -> Result<Option<(Approve<'_>, Option<&SignedStatement>)>> {
        Ok(match self {
            Record::Approve { node, role, keys_needed, basis, stage, expires, signed } => {
                let expires = expires.as_deref().map(|text| time("the end", text)).transpose()?;
                let (decision, keys_needed) = (Decision::Granted, *keys_needed);
                let stage = stage.as_deref();
                let decided = Approve { node, decision, role, keys_needed, basis, stage, expires };
                Some((decided, signed.as_ref()))
            }
            Record::Reject { node, role, signed } => {
                let decision = Decision::Rejected;
                let (keys_needed, stage, expires) = (None, None, None);
                let decided =
                    Approve { node, decision, role, keys_needed, basis: &[], stage, expires };
                Some((decided, signed.as_ref()))
            }
            _ => None,
        })
    }
}

fn time(what: &'static str, text: &str) -> Result<i64> {
    time_of(text).ok_or_else(|| Error::Value {
        name: what.to_owned(),
        expected: "a time: 2026-03-14 or 2026-03-14T09:00:00Z (a time of day needs its zone)",
        found: text.to_owned(),
    })
}

impl Request {
    fn by(&self) -> Result<By<'_>> {
        let at = self.at.as_deref().map(|text| time("when it happened", text)).transpose()?;
        Ok(By { who: &self.by, reason: self.reason.as_deref(), at })
    }
}

impl Desk<'_> {
    /// The statement that is to be signed for an approval or a rejection; none of others.
    ///
    /// # Errors
    /// As [`Desk::decide`].
    pub fn statement_of(&self, request: &Request) -> Result<Option<Unsigned>> {
        let by = request.by()?;
        let decided = request.record.decision()?;
        decided.map(|(wanted, _)| self.to_sign(&by, &wanted)).transpose()
    }

    /// Records what is stated.
    ///
    /// # Errors
    /// [`Error`]: what is wrong with it; nothing was written.
    pub fn take(&self, request: &Request) -> Result<Recorded> {
        let by = request.by()?;
        let declare =
            |what, node, fields, edges| self.declare(&by, &Declare { what, node, fields, edges });
        let explained = |change, node, from: &str, until: &str| {
            let span = Some((time("the start", from)?, time("the end", until)?));
            let (name, decision, before) = (None, None, None);
            self.change(&by, &Changed { change, node, name, decision, before, span })
        };
        match &request.record {
            Record::DeclareSystem { node, fields, edges } => {
                declare(What::System, node, fields, edges)
            }
            Record::DeclareRole { node, roles } => declare(What::Role, node, roles, &[]),
            Record::DeclareScope { node, fields } => declare(What::Scope, node, fields, &[]),
            Record::DeclareNode { node, fields, edges } => declare(What::Node, node, fields, edges),
            Record::Attach { file, to, document_type, covers, name, version, fields } => {
                let (name, version) = (name.as_deref(), version.as_deref());
                let file = &file.facts()?;
                self.attach(&by, &Attach { file, to, covers, document_type, name, version, fields })
            }
            Record::Evaluate { model, on, metrics, thresholds, evaluation_type, fields } => {
                let evaluation_type = evaluation_type.as_deref();
                let wanted = Evaluate { model, on, metrics, thresholds, evaluation_type, fields };
                self.evaluate(&by, &wanted)
            }
            Record::Incident { name, concerns, fields } => {
                self.incident(&by, name, concerns, fields)
            }
            Record::Monitor { name, watches, fields } => self.monitor(&by, name, watches, fields),
            Record::Change { node, name, decision, before, stop } => {
                let change = if *stop { Change::Stop } else { Change::Version };
                let (name, decision) = (name.as_deref(), decision.as_deref());
                let before = before.as_deref();
                self.change(&by, &Changed { change, node, name, decision, before, span: None })
            }
            Record::Loss { node, from, until } => explained(Change::Loss, node, from, until),
            Record::Downtime { node, from, until } => {
                explained(Change::Downtime, node, from, until)
            }
            Record::Withdraw { node } => {
                let (change, span) = (Change::Withdrawal, None);
                let (name, decision, before) = (None, None, None);
                self.change(&by, &Changed { change, node, name, decision, before, span })
            }
            Record::Waive { rule, node, until, rules } => {
                let (until, rules) = (time("the end", until)?, rules.as_deref());
                self.waive(&by, &Waive { rule, node, until, rules })
            }
            Record::Approve { .. } | Record::Reject { .. } => {
                let Some((wanted, signed)) = request.record.decision()? else {
                    return Err(Error::Statement { why: "it is no decision" });
                };
                let signed = signed.map(SignedStatement::read).transpose()?;
                self.decide(&by, &wanted, signed.as_ref())
            }
            Record::AddKey { of, public_key } => {
                self.add_key(&by, of, &PublicKey::parse(public_key)?)
            }
            Record::RevokeKey { key, replaced_by } => {
                self.revoke_key(&by, key, replaced_by.as_deref())
            }
        }
    }
}
