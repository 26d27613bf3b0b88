//! What is counted and not noted one by one: reads of lineage, live intake and denials, by token,
//! endpoint, kind of question, status and minute. Nothing a caller chooses is a part of it but the
//! shape of a question that was understood, so a storm of requests leaves a handful of entries.

use std::collections::BTreeMap;

/// Counters with a kind of question in a minute; above it the questions of a token are counted
/// together.
const PLANS_MAX: usize = 4_096;
/// Nanoseconds of a minute.
const MINUTE_NS: i64 = 60_000_000_000;

/// What a counter counts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub(crate) struct Counted {
    /// The id of the token; none before one is known.
    pub(crate) token: Option<String>,
    pub(crate) role: Option<&'static str>,
    /// The store that was meant, where the trail stands in another.
    pub(crate) store: Option<String>,
    /// Method and path, as the table of endpoints has them.
    pub(crate) endpoint: String,
    pub(crate) plan: Option<String>,
    pub(crate) status: u16,
    /// What was given; added up.
    pub(crate) results: u64,
}

/// A counter whose minute is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Tally {
    /// The begin of the minute, ns since 1970 UTC.
    pub(super) minute: i64,
    pub(super) counted: Counted,
    pub(super) count: u64,
    pub(super) results: u64,
}

/// The counters.
#[derive(Default)]
pub(super) struct Tallies {
    /// By minute and what is counted, its results left out: how often, and all results.
    counts: BTreeMap<(i64, Counted), (u64, u64)>,
}

impl Tallies {
    /// Counts a use at a time.
    pub(super) fn count(&mut self, now: i64, mut counted: Counted) {
        let results = std::mem::take(&mut counted.results);
        let mut key = (now.div_euclid(MINUTE_NS), counted);
        if self.counts.len() >= PLANS_MAX && !self.counts.contains_key(&key) {
            key.1.plan = None;
        }
        let (count, all) = self.counts.entry(key).or_default();
        *count += 1;
        *all = all.saturating_add(results);
    }

    /// Takes the counters of minutes that are over, or all.
    pub(super) fn over(&mut self, now: i64, all: bool) -> Vec<Tally> {
        let this = (now.div_euclid(MINUTE_NS), Counted::default());
        let left = if all { BTreeMap::new() } else { self.counts.split_off(&this) };
        let over = std::mem::replace(&mut self.counts, left);
        let tally = |((minute, counted), (count, results))| Tally {
            minute: i64::saturating_mul(minute, MINUTE_NS),
            counted,
            count,
            results,
        };
        over.into_iter().map(tally).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(plan: &str) -> Counted {
        Counted { token: Some("t".to_owned()), plan: Some(plan.to_owned()), ..Counted::default() }
    }

    #[test]
    fn a_minute_is_one_counter_a_question_and_is_given_when_it_is_over() {
        let mut tallies = Tallies::default();
        for second in [0, 10, 59, 60] {
            tallies.count(second * 1_000_000_000, Counted { results: 2, ..asked("a") });
        }
        tallies.count(0, asked("b"));
        assert!(tallies.over(59_000_000_000, false).is_empty());
        let over = tallies.over(61_000_000_000, false);
        let figures: Vec<_> = over.iter().map(|t| (t.minute, t.count, t.results)).collect();
        assert_eq!(figures, [(0, 3, 6), (0, 1, 0)]);
        let rest = tallies.over(61_000_000_000, true);
        assert_eq!((rest.len(), rest[0].minute, rest[0].count), (1, MINUTE_NS, 1));
        assert!(tallies.over(i64::MAX, true).is_empty());
    }

    #[test]
    fn a_storm_of_different_questions_stays_within_its_bound() {
        let mut tallies = Tallies::default();
        for number in 0..PLANS_MAX * 3 {
            tallies.count(0, asked(&number.to_string()));
        }
        let over = tallies.over(MINUTE_NS, false);
        assert_eq!(over.len(), PLANS_MAX + 1);
        assert_eq!(over.iter().map(|tally| tally.count).sum::<u64>(), PLANS_MAX as u64 * 3);
        assert_eq!(over[0].counted.plan, None, "what is above the bound is counted together");
    }
}
