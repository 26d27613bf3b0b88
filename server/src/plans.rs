//! Prepared questions, by token: a name that stands for a text, so that a client sends the text
//! once. The name is the digest of the text; whose it is belongs to the look-up, so that nobody
//! learns what others have prepared.

use crate::pace::Pace;
use crate::words::Words;
use data_encoding::HEXLOWER;
use lineal_proof::Hash;
use lineal_query::Prepared;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Separates the digest of a question from every other use of the hash function.
const PLAN_CONTEXT: &str = "lineal v1 server plan";
/// Bytes of a plan's name.
const NAME_BYTES: usize = 16;

/// A question with its plan.
pub(crate) struct Plan {
    pub(crate) text: Arc<str>,
    pub(crate) prepared: Arc<Prepared>,
    /// The digest of its shape: what uses of it are counted by.
    pub(crate) shape: Arc<str>,
    /// The digest of its text.
    pub(crate) digest: Hash,
    /// What it may ask for.
    pub(crate) words: Words,
    /// How long it took of late.
    pub(crate) pace: Pace,
}

impl Plan {
    /// A question that was understood.
    pub(crate) fn of(text: Arc<str>, prepared: Arc<Prepared>, shape: Arc<str>) -> Plan {
        let (digest, words) = (text_digest(&text), Words::of_plan(&prepared));
        Plan { text, prepared, shape, digest, words, pace: Pace::of(words) }
    }
}

/// The digest of a question's text.
pub(crate) fn text_digest(text: &str) -> Hash {
    Hash(Hash::derive(PLAN_CONTEXT, text.as_bytes()))
}

/// The plans that are kept.
pub(crate) struct Plans {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// By token and name.
    plans: BTreeMap<String, BTreeMap<String, (u64, Arc<Plan>)>>,
    count: usize,
    /// Counts uses: the plan that was used longest ago is the first to go.
    clock: u64,
}

impl Plans {
    pub(crate) fn new(most: usize) -> Plans {
        Plans { most, kept: Mutex::default() }
    }

    /// Keeps a plan of a token and gives its name.
    pub(crate) fn keep(&self, token: &str, plan: Plan) -> String {
        let name = HEXLOWER.encode(&plan.digest.as_bytes()[..NAME_BYTES]);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = &mut *kept;
        kept.clock += 1;
        let is_known = kept.plans.get(token).is_some_and(|own| own.contains_key(&name));
        if kept.count >= self.most && !is_known {
            kept.forget_oldest();
        }
        let own = kept.plans.entry(token.to_owned()).or_default();
        if own.insert(name.clone(), (kept.clock, Arc::new(plan))).is_none() {
            kept.count += 1;
        }
        name
    }

    /// The plan of a token by its name.
    pub(crate) fn find(&self, token: &str, name: &str) -> Option<Arc<Plan>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let clock = kept.clock;
        let (used, plan) = kept.plans.get_mut(token)?.get_mut(name)?;
        *used = clock;
        Some(Arc::clone(plan))
    }
}

impl Kept {
    fn forget_oldest(&mut self) {
        let all = self.plans.iter().flat_map(|(token, own)| {
            own.iter().map(move |(name, (used, _))| (*used, token.clone(), name.clone()))
        });
        let Some((_, token, name)) = all.min() else { return };
        if let Some(own) = self.plans.get_mut(&token) {
            if own.remove(&name).is_some() {
                self.count -= 1;
            }
            if own.is_empty() {
                self.plans.remove(&token);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_its_tokens_and_the_longest_unused_goes_first() {
        let plans = Plans::new(2);
        let plan =
            |text: &str| Plan::of(text.into(), Arc::new(Prepared::new(text).unwrap()), "".into());
        let model = plans.keep("a", plan("find model"));
        assert_eq!(plans.keep("a", plan("find model")), model, "one text, one name");
        assert!(plans.find("b", &model).is_none());
        let run = plans.keep("a", plan("find run"));
        assert!(plans.find("a", &model).is_some());
        plans.keep("b", plan("find dataset"));
        assert!(plans.find("a", &run).is_none(), "it was used longest ago");
        assert_eq!(&*plans.find("a", &model).unwrap().text, "find model");
    }
}
