//! Text patterns: `%` stands for any text, `_` for one character; `\%`, `\_` and `\\` for the signs
//! themselves. Before any other character, and at the end, a backslash is a character like others.

/// A part of a pattern.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    AnyText,
    AnyOne,
    One(char),
}

/// The parts of a pattern, in their order.
fn parts(pattern: &str) -> Vec<Part> {
    let mut parts = Vec::with_capacity(pattern.len());
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        parts.push(match letter {
            '%' => Part::AnyText,
            '_' => Part::AnyOne,
            '\\' => Part::One(
                letters.next_if(|next| matches!(next, '%' | '_' | '\\')).unwrap_or(letter),
            ),
            other => Part::One(other),
        });
    }
    parts
}

/// Does the whole text fit the pattern? Takes time in the product of both lengths at most.
pub(super) fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let pattern = parts(pattern);
    let (mut at, mut want) = (0, 0);
    // Where the last `%` stood, and how much text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(want) {
            Some(Part::AnyText) => {
                star = Some((want, at));
                want += 1;
            }
            Some(Part::AnyOne) => {
                at += 1;
                want += 1;
            }
            Some(Part::One(c)) if text.get(at) == Some(c) => {
                at += 1;
                want += 1;
            }
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    want = place + 1;
                    at = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(want..).is_some_and(|rest| rest.iter().all(|part| *part == Part::AnyText))
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn percent_takes_any_text_and_underscore_one_character() {
        assert!(like("vendor-x/a/b", "vendor-x/%"));
        assert!(like("", "%"));
        assert!(like("abcabd", "%ab_"));
        assert!(like("grün", "gr_n"));
        assert!(!like("abc", "ab"));
        assert!(!like("abc", "abc_"));
        assert!(like("100%", "100%%"));
    }

    #[test]
    fn a_backslash_before_a_sign_means_the_sign() {
        assert!(like("100%", r"100\%") && !like("1000", r"100\%"));
        assert!(like("a_b", r"a\_b") && !like("axb", r"a\_b"));
        assert!(like(r"C:\data\x", r"C:\data\\%"), "a backslash, then any text");
        assert!(!like(r"C:\data\x", r"C:\data\%"));
        assert!(like(r"C:\data", r"C:\d%"), "before a letter it stands for itself");
        assert!(like(r"end\", r"%\"));
    }
}
