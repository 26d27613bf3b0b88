//! How many of a thing, in words: `1 fault`, `12,345 batches`.

use super::grouped;

/// The number with its noun, which is given in the singular.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    let number = grouped(count);
    if count == 1 {
        return format!("{number} {noun}");
    }
    let hisses = ["ch", "sh", "s", "x"].iter().any(|end| noun.ends_with(end));
    let stem = noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    match stem {
        Some(stem) => format!("{number} {stem}ies"),
        None if hisses => format!("{number} {noun}es"),
        None => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_none_is_many() {
        assert_eq!(counted(1, "fault"), "1 fault");
        assert_eq!(counted(0, "fault"), "0 faults");
        assert_eq!(counted(12_345, "batch"), "12,345 batches");
        assert_eq!(counted(2, "registry"), "2 registries");
        assert_eq!(counted(2, "day"), "2 days");
        assert_eq!(counted(2, "sealed value"), "2 sealed values");
    }
}
