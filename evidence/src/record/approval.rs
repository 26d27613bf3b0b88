//! The statement that an approver signs: what exactly, how decided, by whom, when.
//!
//! It is a statement of in-toto (v1) whose subjects are the revisions on record, so that it is none
//! about another revision. It names no person but by key, and of the reason only a salted digest:
//! what can be guessed must not stand in the clear.

use super::words::time_text;
use lineal_proof::Hash;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// The type of the predicate.
pub const PREDICATE_TYPE: &str = "urn:lineal:approval:1";
/// The type of the statement.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// A revision that is decided on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) revision: Hash,
    pub(super) source: String,
    pub(super) form: String,
}

/// What is signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Approval {
    pub(super) subjects: Vec<Subject>,
    pub(super) decision: String,
    pub(super) role: String,
    pub(super) approver: String,
    pub(super) at: i64,
    pub(super) keys_needed: Option<u32>,
    pub(super) stage: Option<String>,
    pub(super) expires: Option<i64>,
    pub(super) reason: Option<String>,
    pub(super) store: String,
}

impl Approval {
    /// The bytes that are signed.
    pub(super) fn payload(&self) -> Vec<u8> {
        let subjects = self.subjects.iter().map(|subject| {
            json!({
                "name": subject.name,
                "digest": { "blake3": subject.revision.to_string() },
                "annotations": { "source": subject.source, "form": subject.form },
            })
        });
        let object = json!({
            "_type": STATEMENT,
            "subject": subjects.collect::<Vec<_>>(),
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "decision": self.decision, "role": self.role, "approver": self.approver,
                "at": time_text(self.at), "keys_needed": self.keys_needed, "stage": self.stage,
                "expires": self.expires.map(time_text), "reason_sha256": self.reason,
                "store": self.store,
            },
        });
        object.to_string().into_bytes()
    }
}

/// The digest of a reason, as the statement has it.
#[must_use]
pub fn reason_digest(salt: &[u8; 32], reason: &str) -> String {
    let digest = Sha256::new().chain_update(salt).chain_update(reason.as_bytes()).finalize();
    data_encoding::HEXLOWER.encode(&digest)
}

/// What a signed statement says, as far as it is compared with its record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Read {
    pub(super) revisions: Vec<String>,
    pub(super) decision: String,
    pub(super) role: String,
    pub(super) approver: String,
    pub(super) at: String,
    pub(super) keys_needed: Option<i64>,
    pub(super) reason: Option<String>,
    pub(super) store: String,
}

/// Reads a statement; none if it is not of this form.
pub(super) fn read(payload: &[u8]) -> Option<Read> {
    let json: Json = serde_json::from_slice(payload).ok()?;
    if json["_type"] != STATEMENT || json["predicateType"] != PREDICATE_TYPE {
        return None;
    }
    let text = |json: &Json| json.as_str().map(str::to_owned);
    let subjects = json["subject"].as_array()?.iter();
    let said = &json["predicate"];
    Some(Read {
        revisions: subjects.map(|it| text(&it["digest"]["blake3"])).collect::<Option<_>>()?,
        decision: text(&said["decision"])?,
        role: text(&said["role"])?,
        approver: text(&said["approver"])?,
        at: text(&said["at"])?,
        keys_needed: said["keys_needed"].as_i64(),
        reason: text(&said["reason_sha256"]),
        store: text(&said["store"])?,
    })
}
