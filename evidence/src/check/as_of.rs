//! As of when a store is checked, as people and programs say it.

use lineal_engine::Store;
use lineal_query::{Source, StoreView};

use super::Error;
use crate::record::time_of;

/// What the store as it is, is called.
const NOW: &str = "now";

/// As of when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AsOf {
    /// As it is.
    Now,
    /// As it was at a commit; the day on which that was recorded counts as today.
    Commit(u64),
    /// As it was at a time, ns since 1970 UTC, which counts as today.
    Time(i64),
}

impl AsOf {
    /// Reads `now`, the number of a commit, or a time (RFC 3339, or a date); none where it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<AsOf> {
        if text == NOW {
            return Some(AsOf::Now);
        }
        let commit = text.parse().ok().map(AsOf::Commit);
        commit.or_else(|| time_of(text).map(AsOf::Time))
    }

    /// The view that is meant of a store whose newest is given, and what counts as today.
    ///
    /// # Errors
    /// [`Error::NoCommit`], and what the store says.
    pub fn view(
        self,
        store: &Store,
        newest: &StoreView,
        now: i64,
    ) -> Result<(StoreView, i64), Error> {
        let (commit, today) = match self {
            AsOf::Now => return Ok((newest.clone(), now)),
            AsOf::Commit(commit) => (commit, None),
            AsOf::Time(time) => (store.commit_at(time), Some(time)),
        };
        let none = || Error::NoCommit { commit, newest: newest.commit() };
        let view = newest.as_of_commit(commit)?.ok_or_else(none)?;
        let today = today.unwrap_or_else(|| view.recorded());
        Ok((view, today))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_commit_and_a_date_is_a_time() {
        assert_eq!(AsOf::parse("now"), Some(AsOf::Now));
        assert_eq!(AsOf::parse("12"), Some(AsOf::Commit(12)));
        assert_eq!(AsOf::parse("1970-01-02"), Some(AsOf::Time(86_400_000_000_000)));
        assert_eq!(AsOf::parse("1970-01-01T00:00:01Z"), Some(AsOf::Time(1_000_000_000)));
        for wrong in ["", "yesterday", "-1", "recorded"] {
            assert_eq!(AsOf::parse(wrong), None, "{wrong}");
        }
    }
}
