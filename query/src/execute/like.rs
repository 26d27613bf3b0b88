//! Text patterns: `%` stands for any text, `_` for one character.

/// Does the whole text fit the pattern? Takes time in the product of both lengths at most.
pub(super) fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    let (mut at, mut want) = (0, 0);
    // Where the last `%` stood, and how much text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(want) {
            Some('%') => {
                star = Some((want, at));
                want += 1;
            }
            Some(c) if *c == '_' || text.get(at) == Some(c) => {
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
    pattern.get(want..).is_some_and(|rest| rest.iter().all(|c| *c == '%'))
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
}
