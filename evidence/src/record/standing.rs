//! How it stands with the approval of a node: which decisions are on record, which of their
//! signatures check, and whether enough distinct keys approve what is current.

use super::approval::{Read, read, reason_digest};
use super::authors::same_person;
use super::desk::{FORM, SOURCE};
use super::dsse::Envelope;
use super::error::Result;
use super::key::PublicKey;
use super::signers::{KeyState, key_state};
use super::words::time_text;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeNo, RevisionInfo, Snapshot, Store};
use lineal_proof::{Hash, Map, Value};
use std::collections::{BTreeMap, BTreeSet};

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
    fn weight(&self) -> u8 {
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

/// A decision on record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decided {
    /// The approval.
    pub approval: NodeNo,
    /// granted, rejected, or another word of its source.
    pub decision: String,
    /// The actor key of who decided.
    pub by: Option<String>,
    /// When it was decided, ns, as the record says.
    pub at: Option<i64>,
    /// Since when it is recorded so, ns.
    pub recorded: i64,
    /// By which time it stands among the others, ns: what people state here by when it was recorded; of an
    /// import the time that it claims, as far as that is not behind when it was recorded.
    pub place: i64,
    /// The end of its validity, ns.
    pub expires: Option<i64>,
    /// How many distinct keys must approve.
    pub keys_needed: Option<u32>,
    /// The signature.
    pub signature: Signature,
    /// Is it about what is current? None where the record does not say what it is about.
    pub is_current: Option<bool>,
    /// What the approver made of it: four eyes would have refused it.
    pub own_work: Vec<NodeNo>,
}

/// How it stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// The decisions, the first first.
    pub decided: Vec<Decided>,
    /// How many distinct keys must approve; 1 where nothing says more.
    pub keys_needed: u32,
    /// The keys that count: signed over what is current, in time, of distinct persons.
    pub keys: BTreeSet<String>,
    /// Persons whose unsigned approval stands.
    pub unsigned: BTreeSet<String>,
    /// A word of somebody that stands is a rejection.
    pub rejected: bool,
    /// Why decisions do not count, in words.
    pub notes: Vec<String>,
}

impl Standing {
    /// Is it approved by enough distinct keys?
    #[must_use]
    pub fn is_granted(&self) -> bool {
        !self.rejected && self.keys.len() >= self.keys_needed as usize && !self.keys.is_empty()
    }
}

/// The current revision of each source and form that speaks of a node.
pub(crate) fn heads(store: &Store, view: &Snapshot, node: NodeNo) -> Vec<RevisionInfo> {
    let mut heads: BTreeMap<(String, String), RevisionInfo> = BTreeMap::new();
    for revision in store.revisions(view, node) {
        heads.insert((revision.source.clone(), revision.form.clone()), revision);
    }
    heads.into_values().collect()
}

/// The decisions about a node, and what they come to at a time, ns.
///
/// # Errors
/// [`super::Error::Store`] if a record cannot be read.
pub fn standing(store: &Store, view: &Snapshot, node: NodeNo, now: i64) -> Result<Standing> {
    let current: BTreeSet<String> =
        heads(store, view, node).iter().map(|it| it.id.to_string()).collect();
    let made = super::authors::authors(view, node);
    let mut standing = Standing { keys_needed: 1, ..Standing::default() };
    for approval in view.edges(node, Relation::Approves, Direction::Inverse) {
        let fields = view.fields(*approval)?.fields;
        let text = |name: &str| fields.get(name).and_then(Value::as_text);
        let Some(decision) = text("decision").filter(|word| *word != "waived") else { continue };
        let (signature, said) = checked(store, view, *approval)?;
        let is_current = match &said {
            Some(said) => Some(said.revisions.iter().cloned().collect::<BTreeSet<_>>() == current),
            None => text("subject_revision").map(|revision| current.contains(revision)),
        };
        let by = view.edges(*approval, Relation::DoneBy, Direction::Forward).first();
        let by = by.and_then(|by| view.key_of(*by).part_text(0).map(str::to_owned));
        let number = |name: &str| fields.get(name).and_then(Value::as_i64);
        let (recorded, is_stated) = since(store, view, *approval, decision)?;
        let at = number("time");
        let place = at.filter(|_| !is_stated).map_or(recorded, |at| at.min(recorded));
        let person = by.as_deref().map(|by| same_person(view, by));
        standing.decided.push(Decided {
            approval: *approval,
            decision: decision.to_owned(),
            own_work: person.and_then(|by| made.get(&by).cloned()).unwrap_or_default(),
            by,
            at,
            recorded,
            place,
            expires: number("expires"),
            keys_needed: number("keys_needed").and_then(|it| u32::try_from(it).ok()),
            signature,
            is_current,
        });
    }
    standing.decided.sort_by_key(|it| (it.place, it.recorded, it.at, it.approval));
    standing.count(view, now);
    Ok(standing)
}

impl Standing {
    fn count(&mut self, view: &Snapshot, now: i64) {
        for (person, words) in self.words(view, now) {
            self.hear(view, now, &person, &words);
        }
    }

    /// The words of each person that stand, by their places: the last one, and those before it that are
    /// signed better than all that came later. The best signed is first.
    fn words(&mut self, view: &Snapshot, now: i64) -> BTreeMap<String, Vec<usize>> {
        let mut words: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, decided) in self.decided.iter().enumerate() {
            // What is still to come is nobody's word yet; who rejects is heard at once.
            if let Some(to_come) = decided.at.filter(|at| *at > now)
                && decided.decision != "rejected"
            {
                let name = view.name_of(decided.approval);
                let to_come = time_text(to_come);
                self.notes.push(format!("{name}: it claims {to_come}, which is still to come"));
                continue;
            }
            // Whoever is not named speaks for themselves.
            let person = match &decided.by {
                Some(by) => same_person(view, by),
                None => format!("?{at}"),
            };
            let own = words.entry(person).or_default();
            let weight = decided.signature.weight();
            own.retain(|before| self.decided[*before].signature.weight() > weight);
            own.push(at);
        }
        words
    }

    /// Counts the words of a person that stand: each rejection, and the best signed approval that counts.
    fn hear(&mut self, view: &Snapshot, now: i64, person: &str, words: &[usize]) {
        let mut is_settled = false;
        for at in words {
            let decided = &self.decided[*at];
            let name = view.name_of(decided.approval);
            let mut note = |why: String| self.notes.push(format!("{name}: {why}"));
            let is_wrong = matches!(decided.signature, Signature::Wrong { .. });
            if decided.decision == "rejected" && !is_wrong {
                self.rejected = true;
                is_settled = true;
                note("rejected".to_owned());
                continue;
            }
            if is_settled {
                let signature = decided.signature.words();
                note(format!("{signature}: it does not take back what the person signed"));
                continue;
            }
            if let Some(why) = decided.flaw(now) {
                note(why);
                continue;
            }
            if let Some(needed) = decided.keys_needed {
                self.keys_needed = self.keys_needed.max(needed);
            }
            match &decided.signature {
                Signature::Valid { key, state: KeyState::OnRecord | KeyState::Unknown } => {
                    is_settled = true;
                    if !self.keys.insert(key.clone()) {
                        note("its key approved already".to_owned());
                    }
                }
                Signature::Valid { state, .. } => note(format!("the key is {}", state.words())),
                Signature::Absent | Signature::Wrong { .. } => {
                    note("not signed".to_owned());
                    self.unsigned.insert(person.to_owned());
                }
            }
        }
    }
}

impl Decided {
    /// Why it is no approval that counts, whoever signed it.
    fn flaw(&self, now: i64) -> Option<String> {
        if let Signature::Wrong { why } = &self.signature {
            return Some(format!("signature wrong: {why}"));
        }
        if self.decision != "granted" {
            return Some(format!("the decision is `{}`", self.decision));
        }
        if let Some(expires) = self.expires.filter(|expires| *expires <= now) {
            return Some(format!("expired on {}", time_text(expires)));
        }
        if self.is_current == Some(false) {
            return Some("it is about an earlier revision".to_owned());
        }
        (!self.own_work.is_empty())
            .then(|| "four eyes: the approver is among those who made it".to_owned())
    }
}

/// Since when an approval is recorded with the decision that it has, ns, and whether a person stated it here.
fn since(store: &Store, view: &Snapshot, approval: NodeNo, decision: &str) -> Result<(i64, bool)> {
    let revisions = store.revisions(view, approval);
    let Some(last) = revisions.last() else {
        return Ok((view.commits_of(approval).0.cast_signed(), false));
    };
    let stated = |it: &RevisionInfo| it.source == SOURCE && it.form == FORM;
    let is_stated = revisions.iter().any(stated);
    let mut since = last.recorded;
    for revision in revisions.iter().rev().filter(|_| revisions.len() > 1) {
        let (_, fields) = view.read_revision(revision)?;
        let said = fields.get("decision").and_then(Value::as_text);
        if said.is_some_and(|said| said != decision) {
            break;
        }
        since = revision.recorded;
    }
    Ok((since, is_stated))
}

/// Whether the signature of an approval checks, and whether it says what the record says.
///
/// # Errors
/// [`super::Error::Store`] if a record cannot be read.
pub fn signature_of(store: &Store, view: &Snapshot, approval: NodeNo) -> Result<Signature> {
    Ok(checked(store, view, approval)?.0)
}

fn checked(store: &Store, view: &Snapshot, approval: NodeNo) -> Result<(Signature, Option<Read>)> {
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
