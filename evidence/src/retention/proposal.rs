//! Proposals: what is due by its ceiling, written down so that one person reads it and another executes it.
//!
//! A proposal decides nothing. Whoever executes it names its digest and the policy that it was made under, and
//! whether each thing in it is due and not held is found out again.

use super::{
    Class, Due, LOGS, NotDue, Period, Policy, batch_json, day_json, days_not_due, due, not_due,
    standing,
};
use crate::record::time_text;
use lineal_engine::{Snapshot, Store, Target};
use lineal_proof::Hash;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// The class of uses of the store.
pub const TRAIL: &str = "access-trail";
/// The format of proposals.
const FORMAT: u64 = 1;
/// Things that a refusal names; all are counted.
const NAMED_MAX: usize = 10;

/// Why something is not proposed, or a proposal is not executed. Nothing was erased.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProposalError {
    /// What the store or the policy says.
    #[error(transparent)]
    Evidence(#[from] crate::Error),
    /// A class of which nothing goes by its ceiling.
    #[error(
        "nothing of the class `{class}` is erased by its ceiling: there are {} and {}",
        LOGS,
        TRAIL
    )]
    NoCeiling {
        /// The class.
        class: String,
    },
    /// The policy does not know the class.
    #[error("the policy has no class `{class}`")]
    NoClass {
        /// The class.
        class: String,
    },
    /// The operator must state the ceiling and has not.
    #[error(
        "the ceiling of `{class}` is undeclared: state `max`, with `purpose` and `max_basis`, in a policy \
         of your own, and give that (--policy FILE; `policy` over the network)"
    )]
    Undeclared {
        /// The class.
        class: String,
    },
    /// Other bytes than those that were read.
    #[error("{name} is not the proposal that was read: its SHA-256 is {found}")]
    OtherBytes {
        /// What the proposal is called.
        name: String,
        /// The digest of the bytes.
        found: String,
    },
    /// No proposal at all.
    #[error("{name} is no proposal of `lineal retention apply`")]
    Unfit {
        /// What it is called.
        name: String,
    },
    /// Made under another policy.
    #[error(
        "{name} was proposed under the policy `{said}`, version {said_version}; this is `{own}`, version \
         {own_version}: give the first, as --policy FILE or over the network as `policy`"
    )]
    OtherPolicy {
        /// What the proposal is called.
        name: String,
        /// The policy that it names.
        said: String,
        /// The version of that.
        said_version: String,
        /// The policy that is at hand.
        own: String,
        /// The version of that.
        own_version: u64,
    },
    /// The class that it names is none that goes by its ceiling under the policy.
    #[error("{name}: nothing of the class `{class}` is erased by its ceiling under this policy")]
    OtherClass {
        /// What the proposal is called.
        name: String,
        /// The class that it names.
        class: String,
    },
    /// It says another thing of its class than the policy does.
    #[error(
        "{name}: its `{field}` is `{said}`, and that of the class `{class}` in the policy is `{own}`"
    )]
    OtherPeriod {
        /// What the proposal is called.
        name: String,
        /// The field.
        field: &'static str,
        /// What the proposal says.
        said: String,
        /// The class.
        class: String,
        /// What the policy says.
        own: String,
    },
    /// It is of another store.
    #[error("{name} is a proposal for another store")]
    OtherStore {
        /// What the proposal is called.
        name: String,
    },
    /// Something in it is not due, or is held.
    #[error(
        "{name} names what is not due now, so nothing was erased; propose anew{}",
        listed_words(refused)
    )]
    NotDue {
        /// What the proposal is called.
        name: String,
        /// What is not due, and why.
        refused: Vec<NotDue>,
    },
}

impl From<lineal_engine::Error> for ProposalError {
    fn from(error: lineal_engine::Error) -> ProposalError {
        ProposalError::Evidence(error.into())
    }
}

/// The first of what is not due, a line each.
fn listed_words(refused: &[NotDue]) -> String {
    let shown = refused.iter().take(NAMED_MAX);
    let mut words: String = shown.map(|one| format!("\n  {}: {}", one.name, one.why)).collect();
    let more = refused.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        words.push_str(&format!("\n  and {more} more"));
    }
    words
}

/// A proposal that was made.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// It, as JSON: the bytes that its digest is of.
    pub text: String,
    /// SHA-256 of the text, in hex.
    pub sha256: String,
    /// Batches in it.
    pub batches: u64,
    /// Days of the access trail in it.
    pub days: u64,
    /// Of the batches, those of retracted imports alone.
    pub retracted: u64,
    /// Things that are due as well and have no place in it: to be proposed when these are gone.
    pub left: u64,
}

impl Proposal {
    /// One that was made elsewhere, of so many things that are due there; none where it is of another form.
    #[must_use]
    pub fn read(text: String, due: u64) -> Option<Proposal> {
        let json: Json = serde_json::from_str(&text).ok()?;
        (json["format"].as_u64()? == FORMAT).then_some(())?;
        let (batches, fields) = listed(&json)?;
        let (batches, days) = (batches.len() as u64, fields.len() as u64);
        let all = json["batches"].as_array()?.iter();
        let retracted = all.filter(|batch| batch["retracted"] == true).count() as u64;
        let left = due.saturating_sub(batches).saturating_sub(days);
        Some(Proposal { sha256: digest(text.as_bytes()), text, batches, days, retracted, left })
    }

    /// Is nothing due, or all of it on hold?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batches == 0 && self.days == 0
    }

    /// Writes down what of a class is due at a time and not on hold, so many things at most: the first in
    /// the order of their nodes. In the view what is restricted must be shown: it is kept.
    ///
    /// # Errors
    /// [`ProposalError`].
    pub fn of(
        store: &Store,
        view: &Snapshot,
        policy: &Policy,
        (name, now): (&str, i64),
        most: usize,
    ) -> Result<Proposal, ProposalError> {
        let class = || name.to_owned();
        if name != LOGS && name != TRAIL {
            return Err(ProposalError::NoCeiling { class: class() });
        }
        let of_policy = policy.class(name);
        let found = of_policy.ok_or_else(|| ProposalError::NoClass { class: class() })?;
        if matches!(found.max, Period::Undeclared) {
            return Err(ProposalError::Undeclared { class: class() });
        }
        let (mut logs, mut days) = (Due::default(), Vec::new());
        if name == LOGS {
            logs = due(store, view, found, now)?;
        } else if let Some(standing) = standing(view, found, now)? {
            days = standing.days;
        }
        logs.due.retain(|batch| batch.hold.is_none());
        let all = logs.due.len() + days.len();
        logs.due.truncate(most);
        days.truncate(most);
        let proposal = json!({
            "format": FORMAT, "store": data_encoding::HEXLOWER.encode(store.id()),
            "commit": view.commit(), "at": time_text(now),
            "policy": policy.name, "policy_version": policy.version, "class": name,
            "max": found.max.text(), "basis": basis_of(found),
            "batches": logs.due.iter().map(batch_json).collect::<Vec<_>>(),
            "fields": days.iter().map(day_json).collect::<Vec<_>>(),
        });
        let text = format!("{proposal:#}\n");
        let retracted = logs.due.iter().filter(|batch| batch.retracted).count();
        Ok(Proposal {
            sha256: digest(text.as_bytes()),
            text,
            batches: logs.due.len() as u64,
            days: days.len() as u64,
            retracted: retracted as u64,
            left: (all - logs.due.len() - days.len()) as u64,
        })
    }
}

/// What a proposal comes to that is executed: what goes, and what its record says.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// Batches and sealed fields.
    pub targets: Vec<Target>,
    /// Why: the basis of the ceiling.
    pub basis: String,
    /// The proposal by its digest.
    pub reference: String,
}

/// A proposal that is to be executed, with the digest that whoever read it names. `name` is what it is called
/// in messages.
#[derive(Clone, Copy, Debug)]
pub struct Read<'a> {
    /// What it is called in messages.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The digest that was read.
    pub sha256: &'a str,
}

/// A proposal that is the one that was read, made under the policy at hand.
#[derive(Clone, Debug)]
pub struct Fitting<'p> {
    name: String,
    class: &'p Class,
    found: String,
    store: String,
    batches: Vec<Hash>,
    fields: Vec<(Hash, String)>,
}

impl<'p> Fitting<'p> {
    /// Holds a proposal to its digest and to a policy.
    ///
    /// # Errors
    /// [`ProposalError`].
    pub fn of(read: Read<'_>, policy: &'p Policy) -> Result<Fitting<'p>, ProposalError> {
        let name = read.name.to_owned();
        let found = digest(read.bytes);
        if !found.eq_ignore_ascii_case(read.sha256.trim()) {
            return Err(ProposalError::OtherBytes { name, found });
        }
        let unfit = || ProposalError::Unfit { name: read.name.to_owned() };
        let proposal: Json = serde_json::from_slice(read.bytes).map_err(|_| unfit())?;
        if proposal["format"].as_u64() != Some(FORMAT) {
            return Err(unfit());
        }
        let class = class_of(&proposal, policy, read.name)?;
        let (batches, fields) = listed(&proposal).ok_or_else(unfit)?;
        let is_mixed = match class.name.as_str() {
            LOGS => !fields.is_empty(),
            _ => !batches.is_empty(),
        };
        if is_mixed {
            return Err(unfit());
        }
        let store = proposal["store"].as_str().unwrap_or_default().to_owned();
        Ok(Fitting { name, class, found, store, batches, fields })
    }

    /// Finds out anew whether all of it is due at a time and not held. What it says of itself decides
    /// nothing. In the view what is restricted must be shown.
    ///
    /// # Errors
    /// [`ProposalError::OtherStore`], [`ProposalError::NotDue`], or what the store says.
    pub fn agreed(self, store: &Store, view: &Snapshot, now: i64) -> Result<Agreed, ProposalError> {
        let Fitting { name, class, found, store: of, batches, fields } = self;
        if of != data_encoding::HEXLOWER.encode(store.id()) {
            return Err(ProposalError::OtherStore { name });
        }
        let mut refused = not_due(store, view, class, now, &batches)?;
        refused.extend(days_not_due(view, class, now, &fields)?);
        if !refused.is_empty() {
            return Err(ProposalError::NotDue { name, refused });
        }
        let targets = batches.into_iter().map(Target::Batch);
        let targets = targets.chain(fields.into_iter().map(|(id, field)| Target::Field(id, field)));
        let (max, basis) = (class.max.text(), basis_of(class));
        Ok(Agreed {
            targets: targets.collect(),
            basis: format!("{basis}; ceiling {max} of {}", class.name),
            reference: format!("retention proposal SHA-256 {found}"),
        })
    }
}

fn digest(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// Why a ceiling takes what it takes.
fn basis_of(class: &Class) -> &str {
    if class.max_basis.is_empty() { &class.basis } else { &class.max_basis }
}

/// The class of a proposal, as the policy has it: a proposal is executed under the policy that it was made under.
fn class_of<'p>(
    proposal: &Json,
    policy: &'p Policy,
    name: &str,
) -> Result<&'p Class, ProposalError> {
    let said = |field: &str| proposal[field].as_str().unwrap_or_default();
    let (name, version) = (name.to_owned(), proposal["policy_version"].as_u64());
    if (said("policy"), version) != (policy.name.as_str(), Some(policy.version)) {
        return Err(ProposalError::OtherPolicy {
            name,
            said: said("policy").to_owned(),
            said_version: version.map_or_else(|| "?".to_owned(), |version| version.to_string()),
            own: policy.name.clone(),
            own_version: policy.version,
        });
    }
    let class = policy.class(said("class"));
    let Some(class) = class.filter(|class| class.name == LOGS || class.name == TRAIL) else {
        return Err(ProposalError::OtherClass { name, class: said("class").to_owned() });
    };
    for (field, own) in [("max", class.max.text()), ("basis", basis_of(class))] {
        if said(field) != own {
            return Err(ProposalError::OtherPeriod {
                name,
                field,
                said: said(field).to_owned(),
                class: class.name.clone(),
                own: own.to_owned(),
            });
        }
    }
    Ok(class)
}

/// Batches, by the ids of their nodes; and fields, with the ids of theirs.
type Listed = (Vec<Hash>, Vec<(Hash, String)>);

/// What a proposal lists; none where it is not of its form.
fn listed(proposal: &Json) -> Option<Listed> {
    let id = |text: &Json| text.as_str().and_then(Hash::from_hex);
    let batches = proposal["batches"].as_array()?.iter().map(|batch| id(&batch["batch"]));
    // Proposals of before have none.
    let fields = proposal["fields"].as_array().into_iter().flatten();
    let fields = fields.map(|day| Some((id(&day["node"])?, day["field"].as_str()?.to_owned())));
    Some((batches.collect::<Option<_>>()?, fields.collect::<Option<_>>()?))
}
