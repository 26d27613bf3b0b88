//! Rows of a batch, as runs: each a first row and a count. What lives, counts or is doubted is said
//! so, because neighbours nearly always share their fate.

/// Is a row in one of the runs?
pub(crate) fn within(runs: &[(u32, u32)], row: u32) -> bool {
    runs.iter().any(|(first, count)| row.checked_sub(*first).is_some_and(|at| at < *count))
}

#[cfg(test)]
mod tests {
    use super::within;

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
