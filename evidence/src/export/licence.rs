//! Licence expressions (SPDX 3.0.1, annex B): a recorded name is one only if its words are ids of the
//! SPDX list and its operators and brackets stand where the grammar has them.

use lineal_proof::Hash;

/// The ids of the SPDX licence list (<https://spdx.org/licenses/>), one a line; the file says of which version.
const IDS: &str = include_str!("licences.txt");
/// The ids of its exceptions, which may stand after `WITH`.
const EXCEPTIONS: &str = include_str!("exceptions.txt");
/// Hexadecimal digits of the hash of a name: enough that different names stay different.
const HASH_DIGITS: usize = 12;

/// The expression of a name: the name itself if it is one, else a reference that is its own.
pub(super) fn expression(name: &str) -> String {
    if is_expression(name) {
        return name.to_owned();
    }
    let word = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let words: String = name.chars().map(word).collect();
    let hash = Hash::of(name.as_bytes()).to_string();
    let digits: String = hash.chars().take(HASH_DIGITS).collect();
    format!("LicenseRef-{words}-{digits}")
}

/// Operands and operators in turn, brackets in pairs.
fn is_expression(name: &str) -> bool {
    let spaced = name.replace('(', " ( ").replace(')', " ) ");
    let (mut open, mut wants_operand) = (0_u32, true);
    let mut words = spaced.split_ascii_whitespace().peekable();
    while let Some(word) = words.next() {
        match (word, wants_operand) {
            ("(", true) => open += 1,
            (")", false) if open > 0 => open -= 1,
            ("AND" | "OR", false) => wants_operand = true,
            (id, true) if is_id(id) => {
                wants_operand = false;
                if words.next_if_eq(&"WITH").is_some()
                    && !words.next().is_some_and(|word| stands_in(EXCEPTIONS, word))
                {
                    return false;
                }
            }
            _ => return false,
        }
    }
    open == 0 && !wants_operand
}

fn is_id(word: &str) -> bool {
    let id = word.strip_suffix('+').unwrap_or(word);
    stands_in(IDS, id)
}

/// Is it a line of a list, and no remark?
fn stands_in(list: &str, id: &str) -> bool {
    list.lines().any(|known| known == id && !known.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_of_known_ids_with_operators_between_and_brackets_in_pairs() {
        for name in [
            "MIT",
            "MIT OR Apache-2.0",
            "(MIT OR ISC) AND BSD-3-Clause",
            "EPL-2.0+",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "Apache-2.0 WITH Swift-exception OR OpenMDW-1.0",
        ] {
            assert_eq!(expression(name), name);
        }
        for name in [
            "",
            "proprietary",
            "MIT OR",
            "OR MIT",
            "(MIT",
            "MIT)",
            "()",
            "MIT ISC",
            "MIT WITH MIT",
            "Swift-exception",
            "(MIT) WITH LLVM-exception",
            "AND",
        ] {
            assert!(expression(name).starts_with("LicenseRef-"), "{name}");
        }
    }

    #[test]
    fn names_that_differ_stay_different() {
        assert_ne!(expression("house, 2024"), expression("house  2024"));
        assert!(expression("internal use only").starts_with("LicenseRef-internal-use-only-"));
    }
}
