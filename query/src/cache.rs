//! Plans that are kept by the text of their question.
//!
//! Reading and planning a question costs tens of microseconds, a look-up some tens of nanoseconds;
//! with parameters a program asks few different texts. A plan depends on the text alone, so it
//! never grows old.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Mistake;
use crate::prepare::Prepared;

/// Plans that are kept by default: a service asks some dozens of texts.
pub const PLANS_MAX: usize = 256;

/// Plans by text. Shared by threads.
#[derive(Debug)]
pub struct PlanCache {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Default, Debug)]
struct Kept {
    plans: HashMap<String, (u64, Arc<Prepared>)>,
    /// Counts look-ups: the plan that was used longest ago is the first to go.
    clock: u64,
}

impl Default for PlanCache {
    fn default() -> PlanCache {
        PlanCache::new(PLANS_MAX)
    }
}

impl PlanCache {
    /// Keeps so many plans at most; at least one.
    #[must_use]
    pub fn new(most: usize) -> PlanCache {
        PlanCache { most: most.max(1), kept: Mutex::default() }
    }

    /// The plan of a text: kept, or made now. Texts with mistakes are not kept.
    ///
    /// # Errors
    /// The first mistake in the text.
    pub fn prepare(&self, text: &str) -> Result<Arc<Prepared>, Mistake> {
        let locked = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut kept = locked();
            kept.clock += 1;
            let clock = kept.clock;
            if let Some((used, plan)) = kept.plans.get_mut(text) {
                *used = clock;
                return Ok(Arc::clone(plan));
            }
        }
        // Not under the lock: one long question must not hold up the others.
        let plan = Arc::new(Prepared::new(text)?);
        let mut kept = locked();
        if kept.plans.len() >= self.most
            && let Some(oldest) =
                kept.plans.iter().min_by_key(|(_, (used, _))| *used).map(|(text, _)| text.clone())
        {
            kept.plans.remove(&oldest);
        }
        let clock = kept.clock;
        kept.plans.insert(text.to_owned(), (clock, Arc::clone(&plan)));
        Ok(plan)
    }

    /// How many plans are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).plans.len()
    }

    /// Is none kept?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_planned_once_and_the_longest_unused_goes_first() {
        let cache = PlanCache::new(2);
        let first = cache.prepare("find model").unwrap();
        assert!(Arc::ptr_eq(&first, &cache.prepare("find model").unwrap()));
        cache.prepare("find run").unwrap();
        cache.prepare("find model").unwrap();
        cache.prepare("find dataset").unwrap();
        assert_eq!(cache.len(), 2);
        assert!(Arc::ptr_eq(&first, &cache.prepare("find model").unwrap()), "it was used lately");
        assert!(cache.prepare("find").is_err());
        assert_eq!(cache.len(), 2, "mistakes are not kept");
    }
}
