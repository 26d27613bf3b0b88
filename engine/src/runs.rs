//! Rows of a batch, as runs: each a first row and a count. What lives, counts or is doubted is said
//! so, because neighbours nearly always share their fate.

/// Is a row in one of the runs?
pub(crate) fn within(runs: &[(u32, u32)], row: u32) -> bool {
    runs.iter().any(|(first, count)| row.checked_sub(*first).is_some_and(|at| at < *count))
}

/// The same of runs that ascend and stand apart, of which there may be many.
pub(crate) fn within_sorted(runs: &[(u32, u32)], row: u32) -> bool {
    let behind = runs.partition_point(|(first, _)| *first <= row);
    let run = behind.checked_sub(1).and_then(|at| runs.get(at));
    run.is_some_and(|(first, count)| row - first < *count)
}

/// How many rows runs have.
pub(crate) fn count(runs: &[(u32, u32)]) -> u64 {
    runs.iter().map(|(_, count)| u64::from(*count)).sum()
}

/// The rows of some runs, one by one.
pub(crate) fn rows_of(runs: &[(u32, u32)]) -> impl Iterator<Item = u32> + '_ {
    runs.iter().flat_map(|(first, count)| *first..first.saturating_add(*count))
}

/// Rows, ascending, as runs.
pub(crate) fn runs_of(rows: impl IntoIterator<Item = u32>) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for row in rows {
        match runs.last_mut() {
            Some((first, count)) if first.checked_add(*count) == Some(row) => *count += 1,
            _ => runs.push((row, 1)),
        }
    }
    runs
}

/// The runs of the rows of two lists: ascending and apart from each other.
pub(crate) fn merged(one: &[(u32, u32)], other: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut all: Vec<(u32, u32)> = one.iter().chain(other).copied().collect();
    all.sort_unstable();
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for (first, count) in all {
        match runs.last_mut() {
            Some((from, rows)) if first <= from.saturating_add(*rows) => {
                let end = first.saturating_add(count).max(from.saturating_add(*rows));
                *rows = end - *from;
            }
            _ => runs.push((first, count)),
        }
    }
    runs
}

/// The runs of the rows of one list that are not in the other; both ascend and stand apart.
pub(crate) fn without(one: &[(u32, u32)], other: &[(u32, u32)]) -> Vec<(u32, u32)> {
    runs_of(rows_of(one).filter(|row| !within_sorted(other, *row)))
}

#[cfg(test)]
mod tests {
    use super::{count, merged, rows_of, runs_of, within, within_sorted, without};

    #[test]
    fn what_is_taken_away_leaves_the_rest() {
        assert_eq!(without(&[(3, 4), (9, 2)], &[(4, 2), (10, 9)]), [(3, 1), (6, 1), (9, 1)]);
        assert_eq!(without(&[(3, 4)], &[]), [(3, 4)]);
        assert!(without(&[(3, 4)], &[(0, 20)]).is_empty());
    }

    #[test]
    fn runs_hold_each_row_once() {
        let both = merged(&[(3, 2), (9, 1)], &[(4, 3), (10, 1), (20, 1)]);
        assert_eq!(both, [(3, 4), (9, 2), (20, 1)]);
        assert_eq!(runs_of(rows_of(&both)), both);
        assert_eq!(count(&both), 7);
        assert!((0..30).all(|row| within_sorted(&both, row) == within(&both, row)));
        assert!(!within_sorted(&[], 0));
    }

    #[test]
    fn a_run_ends_before_its_count_and_may_reach_the_last_row_there_is() {
        let runs = [(3, 2), (u32::MAX - 1, 2)];
        let rows = [2, 3, 4, 5, u32::MAX - 2, u32::MAX - 1, u32::MAX];
        assert_eq!(
            rows.map(|row| within(&runs, row)),
            [false, true, true, false, false, true, true]
        );
    }
}
