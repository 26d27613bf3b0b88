//! The signature of a decision: whether it checks, and whether it says what the record says.

use super::approval::{Read, read, reason_digest};
use super::desk::{FORM, SOURCE};
use super::dsse::Envelope;
use super::error::Result;
use super::key::PublicKey;
use super::signers::{KeyState, key_state};
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{NodeNo, RevisionInfo, Snapshot, Store};
use lineal_proof::{Hash, Map, Value};

/// What became of the check of a signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Signature {
    /// There is none.
    Absent,
    /// It checks, and says what the record says.
    Valid {
        /// The fingerprint.
        key: String,
        /// What the record says of the key, as of when the decision was recorded.
        state: KeyState,
    },
    /// It does not check, or says something else.
    Wrong {
        /// What.
        why: String,
    },
}

impl Signature {
    /// The word for programs: absent, valid or wrong.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Signature::Absent => "absent",
            Signature::Valid { .. } => "valid",
            Signature::Wrong { .. } => "wrong",
        }
    }

    /// How much it takes to take back what is signed so: another that weighs as much.
    pub(super) fn weight(&self) -> u8 {
        match self {
            Signature::Valid { state: KeyState::OnRecord, .. } => 2,
            Signature::Valid { state: KeyState::Unknown, .. } => 1,
            Signature::Absent | Signature::Valid { .. } | Signature::Wrong { .. } => 0,
        }
    }

    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Signature::Absent => "not signed".to_owned(),
            Signature::Valid { key, state } => {
                format!("signature valid, by {key} ({})", state.words())
            }
            Signature::Wrong { why } => format!("signature WRONG: {why}"),
        }
    }
}

/// Whether the signature of an approval checks, and whether it says what the record says.
///
/// # Errors
/// [`super::Error::Store`] if a record cannot be read.
pub fn signature_of(store: &Store, view: &Snapshot, approval: NodeNo) -> Result<Signature> {
    Ok(checked(store, view, approval)?.0)
}

/// The same, and what the statement says that was signed.
pub(super) fn checked(
    store: &Store,
    view: &Snapshot,
    approval: NodeNo,
) -> Result<(Signature, Option<Read>)> {
    let stated = |it: &RevisionInfo| it.source == SOURCE && it.form == FORM;
    let revision = store.revisions(view, approval).into_iter().rfind(stated);
    let Some(revision) = revision else { return Ok((Signature::Absent, None)) };
    let (_, fields) = view.read_revision(&revision)?;
    let Some(envelope) = fields.get("envelope").and_then(Value::as_text) else {
        return Ok((Signature::Absent, None));
    };
    let wrong = |why: String| Ok((Signature::Wrong { why }, None));
    let key = fields.get("public_key").and_then(Value::as_text).unwrap_or_default();
    let (envelope, key) = match (Envelope::parse(envelope), PublicKey::parse(key)) {
        (Ok(envelope), Ok(key)) => (envelope, key),
        (Err(error), _) => return wrong(error.to_string()),
        (_, Err(error)) => return wrong(error.to_string()),
    };
    if let Err(error) = envelope.check(&key) {
        return wrong(error.to_string());
    }
    let Some(said) = read(&envelope.payload) else {
        return wrong("what was signed is no statement of an approval".to_owned());
    };
    let record = view.revision_record(&revision)?;
    let pins: Vec<Hash> = record
        .edges
        .iter()
        .filter(|edge| edge.relation == Relation::Approves.name())
        .map(|edge| edge.pin.0)
        .collect();
    let (approver, at) = (record.key.part_text(2), record.key.part_text(3));
    let store_id = data_encoding::HEXLOWER.encode(store.id());
    let field = |name: &str| fields.get(name).and_then(Value::as_text);
    let rules = [
        (
            !pins.is_empty() && pins.iter().all(|pin| said.revisions.contains(&pin.to_string())),
            "another revision was signed than the one that it is recorded of",
        ),
        (Some(said.approver.as_str()) == approver, "another approver was signed"),
        (Some(said.at.as_str()) == at, "another time was signed"),
        (Some(said.decision.as_str()) == field("decision"), "another decision was signed"),
        (Some(said.role.as_str()) == field("role"), "another role was signed"),
        (
            said.keys_needed == fields.get("keys_needed").and_then(Value::as_i64),
            "another number of keys was signed",
        ),
        (said.store == store_id, "it was signed for another store"),
        (fits_reason(&fields, said.reason.as_deref()), "another reason was signed"),
    ];
    if let Some((_, why)) = rules.iter().find(|(holds, _)| !holds) {
        return wrong((*why).to_owned());
    }
    let fingerprint = key.fingerprint();
    let state = key_state(view, &fingerprint, &said.approver, revision.recorded)?;
    Ok((Signature::Valid { key: fingerprint, state }, Some(said)))
}

/// Is the reason the signed one? One that was erased, or is sealed for who looks, cannot be compared.
fn fits_reason(fields: &Map, signed: Option<&str>) -> bool {
    let reason = fields.get("reason").and_then(Value::as_text);
    let salt = fields.get("reason_salt").and_then(Value::as_bytes);
    let salt = salt.and_then(|salt| <&[u8; 32]>::try_from(salt).ok());
    match (reason, salt, signed) {
        (Some(reason), Some(salt), Some(signed)) => reason_digest(salt, reason) == signed,
        (Some(_), _, None) => false,
        _ => true,
    }
}

/// The approvals whose signature does not check.
///
/// # Errors
/// [`super::Error::Store`] if a record cannot be read.
pub fn wrong_signatures(store: &Store, view: &Snapshot) -> Result<Vec<(NodeNo, String)>> {
    let mut wrong = Vec::new();
    for approval in view.nodes_of(Kind::Approval) {
        if let (Signature::Wrong { why }, _) = checked(store, view, approval)? {
            wrong.push((approval, why));
        }
    }
    Ok(wrong)
}
