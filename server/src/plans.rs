//! Prepared questions, by token: a name that stands for a text, so that a client sends the text
//! once. The name is the digest of the text; whose it is belongs to the look-up, so that nobody
//! learns what others have prepared.

use crate::pace::Pace;
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
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) text: Arc<str>,
    pub(crate) prepared: Arc<Prepared>,
    /// The digest of its shape: what uses of it are counted by.
    pub(crate) shape: Arc<str>,
    /// How long it took of late.
    pub(crate) pace: Arc<Pace>,
}

/// The plans that are kept.
pub(crate) struct Plans {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    plans: BTreeMap<(String, String), (u64, Plan)>,
    /// Counts uses: the plan that was used longest ago is the first to go.
    clock: u64,
}

impl Plans {
    pub(crate) fn new(most: usize) -> Plans {
        Plans { most, kept: Mutex::default() }
    }

    /// Keeps a plan of a token and gives its name.
    pub(crate) fn keep(&self, token: &str, plan: Plan) -> String {
        let digest = Hash::derive(PLAN_CONTEXT, plan.text.as_bytes());
        let name = HEXLOWER.encode(&digest[..NAME_BYTES]);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let clock = kept.clock;
        let key = (token.to_owned(), name.clone());
        if kept.plans.len() >= self.most
            && !kept.plans.contains_key(&key)
            && let Some(oldest) =
                kept.plans.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| key.clone())
        {
            kept.plans.remove(&oldest);
        }
        kept.plans.insert(key, (clock, plan));
        name
    }

    /// The plan of a token by its name.
    pub(crate) fn find(&self, token: &str, name: &str) -> Option<Plan> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let clock = kept.clock;
        let (used, plan) = kept.plans.get_mut(&(token.to_owned(), name.to_owned()))?;
        *used = clock;
        Some(plan.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_its_tokens_and_the_longest_unused_goes_first() {
        let plans = Plans::new(2);
        let plan = |text: &str| Plan {
            text: text.into(),
            prepared: Arc::new(Prepared::new(text).unwrap()),
            shape: "".into(),
            pace: Arc::new(Pace::of(text)),
        };
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
