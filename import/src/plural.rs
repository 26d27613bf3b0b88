//! How many of a thing, in words: `1 value`, `2 values`.

/// The number with its noun, which is given in the singular and takes an `s`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// `is` of one thing, `are` of others.
pub(crate) fn are(count: u64) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_none_is_many() {
        let told = [0, 1, 2].map(|count| format!("{} {}", counted(count, "value"), are(count)));
        assert_eq!(told, ["0 values are", "1 value is", "2 values are"]);
    }
}
