//! How it stands with the approval of a node: whether enough persons, or enough distinct keys, approve what is
//! current, now or as it was at a time.
//!
//! Whoever asks whether something is approved asks here: the gate, the rules and the reports. What was taken
//! back, has expired, is about another revision or came later is on record and approves nothing.

use super::decided::{Counts, Decided, Decisions};
use super::error::Result;
use super::signature::Signature;
use super::signers::KeyState;
use super::words::time_text;
use lineal_engine::{NodeNo, Snapshot, Store};
use std::collections::{BTreeMap, BTreeSet};

/// How it stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// The decisions, the first first; those too that came later than what it is asked of.
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

/// The decisions about a node, and what they come to at a time, ns.
///
/// # Errors
/// [`super::Error::Store`] if a record cannot be read.
pub fn standing(store: &Store, view: &Snapshot, node: NodeNo, now: i64) -> Result<Standing> {
    Ok(Decisions::of(store, view, node)?.now(view, now))
}

impl Standing {
    /// Is it approved by enough distinct keys?
    #[must_use]
    pub fn is_granted(&self) -> bool {
        !self.rejected && self.keys.len() >= self.keys_needed as usize && !self.keys.is_empty()
    }

    /// Is it approved, whether or not somebody signed? Where approvals ask for several keys, keys alone count.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        !self.rejected && self.approving() >= self.keys_needed as usize && self.approving() > 0
    }

    /// How many approve it that count.
    fn approving(&self) -> usize {
        let unsigned = if self.keys_needed > 1 { 0 } else { self.unsigned.len() };
        self.keys.len() + unsigned
    }

    /// The approvals that count.
    pub fn counting(&self) -> impl Iterator<Item = &Decided> {
        self.decided.iter().filter(|decided| decided.counts == Counts::Approves)
    }

    /// Why it is not approved, in words; nothing where it is, or where nobody decided.
    #[must_use]
    pub fn lacks(&self, view: &Snapshot) -> Vec<String> {
        if self.is_approved() {
            return Vec::new();
        }
        let mut why = Vec::new();
        if self.counting().next().is_some() && !self.rejected {
            let (keys, needed) = (self.keys.len(), self.keys_needed);
            why.push(format!("{keys} of {needed} keys that must approve"));
        }
        let told = |decided: &Decided| {
            format!("{}: {}", view.name_of(decided.approval), decided.counts.words())
        };
        let rejections = self.decided.iter().filter(|it| it.counts == Counts::Rejects);
        why.extend(rejections.map(told));
        let others = self.decided.iter().filter(|it| {
            it.is_approval() && !matches!(it.counts, Counts::Approves | Counts::Rejects)
        });
        why.extend(others.map(told));
        why
    }

    /// What the decisions come to at a time: of these those that were there by then, in their order.
    pub(super) fn of(view: &Snapshot, decided: Vec<Decided>, now: i64, there: &[bool]) -> Standing {
        let mut standing = Standing { decided, keys_needed: 1, ..Standing::default() };
        for (person, words) in standing.words(view, now, there) {
            standing.hear(view, now, &person, &words);
        }
        standing
    }

    /// The words of each person that stand, by their places: the last one, and those before it that are
    /// signed better than all that came later. The best signed is first.
    fn words(&mut self, view: &Snapshot, now: i64, there: &[bool]) -> BTreeMap<String, Vec<usize>> {
        let mut words: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, decided) in self.decided.iter_mut().enumerate() {
            if !there.get(at).is_some_and(|it| *it) {
                decided.counts = Counts::Not { why: decided.lateness(now) };
                continue;
            }
            // What is still to come is nobody's word yet; who rejects is heard at once.
            if let Some(to_come) = decided.at.filter(|at| *at > now)
                && decided.decision != "rejected"
            {
                let name = view.name_of(decided.approval);
                let why = format!("it claims {}, which is still to come", time_text(to_come));
                self.notes.push(format!("{name}: {why}"));
                decided.counts = Counts::Not { why };
                continue;
            }
            decided.counts = Counts::Superseded;
            // Whoever is not named speaks for themselves.
            let person = decided.person.clone().unwrap_or_else(|| format!("?{at}"));
            words.entry(person).or_default().push(at);
        }
        for own in words.values_mut() {
            let mut stand: Vec<usize> = Vec::new();
            for at in own.iter() {
                let weight = |at: &usize| self.decided[*at].signature.weight();
                let later = weight(at);
                stand.retain(|before| weight(before) > later);
                stand.push(*at);
            }
            *own = stand;
        }
        words
    }

    /// Counts the words of a person that stand: each rejection, and the best signed approval that counts.
    fn hear(&mut self, view: &Snapshot, now: i64, person: &str, words: &[usize]) {
        let mut is_settled = false;
        for at in words {
            let decided = &mut self.decided[*at];
            let name = view.name_of(decided.approval);
            let is_wrong = matches!(decided.signature, Signature::Wrong { .. });
            if decided.decision == "rejected" && !is_wrong {
                self.rejected = true;
                is_settled = true;
                decided.counts = Counts::Rejects;
                self.notes.push(format!("{name}: rejected"));
                continue;
            }
            let mut refuse = |decided: &mut Decided, why: String| {
                self.notes.push(format!("{name}: {why}"));
                decided.counts = Counts::Not { why };
            };
            if is_settled {
                let signature = decided.signature.words();
                let why = format!("{signature}: it does not take back what the person signed");
                refuse(decided, why);
                continue;
            }
            if let Some(why) = decided.flaw(now) {
                refuse(decided, why);
                continue;
            }
            if let Some(needed) = decided.keys_needed {
                self.keys_needed = self.keys_needed.max(needed);
            }
            match &decided.signature {
                Signature::Valid { key, state: KeyState::OnRecord | KeyState::Unknown } => {
                    is_settled = true;
                    if self.keys.insert(key.clone()) {
                        decided.counts = Counts::Approves;
                    } else {
                        refuse(decided, "its key approved already".to_owned());
                    }
                }
                Signature::Valid { state, .. } => {
                    let why = format!("the key is {}", state.words());
                    refuse(decided, why);
                }
                Signature::Absent | Signature::Wrong { .. } => {
                    self.notes.push(format!("{name}: not signed"));
                    self.unsigned.insert(person.to_owned());
                    decided.counts = Counts::Approves;
                }
            }
        }
    }
}
