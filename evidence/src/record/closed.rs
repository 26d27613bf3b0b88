//! Fields whose words decide which rules apply and which periods run: only certain words are taken, as
//! another spelling would quietly switch rules off.

use super::error::{Error, Result};

/// Roles that a declarant may have (Article 3(3) to (7), and Article 53).
const ROLES: [&str; 7] = [
    "provider",
    "deployer",
    "importer",
    "distributor",
    "authorised_representative",
    "gpai_provider",
    "product_manufacturer",
];
/// Classes of a system: prohibited by Article 5; high-risk by Article 6(1) or (2); of Annex III and by
/// Article 6(3) said not to be high-risk; with duties of Article 50 alone; with none of these.
const RISK_CLASSES: [&str; 5] = ["high", "not_high", "limited", "minimal", "prohibited"];
/// Harm of an incident, by Article 3(49)(a) to (d), and the widespread infringement of Article 73(3).
const HARM_CLASSES: [&str; 7] = [
    "death",
    "health",
    "critical_infrastructure",
    "rights",
    "property",
    "environment",
    "widespread",
];
/// How a point of an annex is written.
const ANNEX_POINT: &str = "a point of an annex as III.5(b), III.2, I.A.3 or I.B.14";
/// Letters of the points 1 to 8 of Annex III; point 2 has none.
const ANNEX_III: [u8; 8] = [3, 0, 4, 2, 4, 5, 4, 2];
/// Most acts of Annex I: two sections, in the wording of 2026 together below this.
const ANNEX_I_MOST: u32 = 30;

/// The words that a field may have, where they are few: of the kinds that rules read.
pub(crate) fn words_of(field: &str) -> Option<&'static [&'static str]> {
    match field {
        "role" => Some(&ROLES),
        "risk_class" => Some(&RISK_CLASSES),
        "harm_class" => Some(&HARM_CLASSES),
        _ => None,
    }
}

/// Is it a word that the field may have? Of other fields every one is.
pub(crate) fn is_word(field: &str, word: &str) -> bool {
    match words_of(field) {
        Some(words) => words.contains(&word),
        None => field != "annex_point" || is_annex_point(word),
    }
}

/// What a field may hold, in words, where not everything will do.
pub(crate) fn expected(field: &str) -> Option<String> {
    match words_of(field) {
        Some(words) => Some(format!("one of {}", words.join(", "))),
        None => (field == "annex_point").then(|| ANNEX_POINT.to_owned()),
    }
}

/// Refuses another word, and says which is near.
///
/// # Errors
/// [`Error::Word`].
pub(super) fn hold(field: &'static str, word: &str) -> Result<()> {
    if is_word(field, word) {
        return Ok(());
    }
    let what = match field {
        "role" => "a role",
        field => field,
    };
    let words = expected(field).unwrap_or_default();
    let near = words_of(field).and_then(|words| nearest(word, words));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    Err(Error::Word { what, words, found: word.to_owned(), hint })
}

/// Annex III with its points and their letters; Annex I with its sections and their acts.
fn is_annex_point(text: &str) -> bool {
    let number = |text: &str| match text.starts_with(|c: char| c.is_ascii_digit() && c != '0') {
        true => text.parse::<u32>().ok(),
        false => None,
    };
    match text.split_once('.') {
        Some(("III", point)) => {
            let (point, letter) = match point.split_once('(') {
                Some((point, letter)) => (point, letter.strip_suffix(')').map(str::as_bytes)),
                None => return number(point).is_some_and(|point| (1..=8).contains(&point)),
            };
            let point = number(point).and_then(|point| usize::try_from(point).ok());
            let letters = point.and_then(|point| ANNEX_III.get(point - 1));
            match (letters, letter) {
                (Some(letters), Some([letter])) => (b'a'..b'a' + letters).contains(letter),
                _ => false,
            }
        }
        Some(("I", rest)) => match rest.split_once('.') {
            Some(("A" | "B", act)) => number(act).is_some_and(|act| act <= ANNEX_I_MOST),
            Some(_) => false,
            None => matches!(rest, "A" | "B"),
        },
        _ => false,
    }
}

/// The word that is nearest to another, by what people change: case, dashes, a few letters.
pub(super) fn nearest<'w>(word: &str, words: &[&'w str]) -> Option<&'w str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' ', '_'], "");
    let wanted = plain(word);
    let far = |candidate: &&&str| distance(&wanted, &plain(candidate));
    let begins = |candidate: &&&str| wanted.starts_with(&plain(candidate));
    let near = words.iter().min_by_key(far).filter(|it| far(it) <= 1 + wanted.len() / 3);
    near.or_else(|| words.iter().find(begins)).copied()
}

/// Edits between two texts.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut before = i;
        let mut left = i + 1;
        for (place, y) in row.iter_mut().skip(1).zip(b.chars()) {
            let cost = (before + usize::from(x != y)).min(left + 1).min(*place + 1);
            before = std::mem::replace(place, cost);
            left = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_annexes_have_one_form() {
        for right in ["III.1(a)", "III.2", "III.5(b)", "III.8(b)", "I.A", "I.A.3", "I.B.14"] {
            assert!(is_annex_point(right), "{right}");
        }
        for wrong in [
            "XYZ",
            "III",
            "iii.5(b)",
            "III.5b",
            "III.5(B)",
            "III.2(a)",
            "III.9",
            "III.0",
            "III.05",
            "III.5(b",
            "III.5(bb)",
            "III.5()",
            "III.8(c)",
            "I.C.1",
            "I.A.0",
            "I.A.31",
            "I.A.",
            "",
            " III.5(b)",
            "III.(a)",
        ] {
            assert!(!is_annex_point(wrong), "{wrong}");
        }
    }

    #[test]
    fn another_spelling_is_refused_and_the_nearest_word_named() {
        for (field, found, near) in [
            ("risk_class", "High", Some("high")),
            ("risk_class", "HIGH", Some("high")),
            ("risk_class", "hihg", Some("high")),
            ("risk_class", "high-risk", Some("high")),
            ("risk_class", "not-high", Some("not_high")),
            ("harm_class", "Death", Some("death")),
            ("harm_class", "deth", Some("death")),
            ("role", "Provider", Some("provider")),
            ("harm_class", "something else", None),
            ("annex_point", "XYZ", None),
        ] {
            let error = hold(field, found).unwrap_err().to_string();
            let hint = near.map(|near| format!("did you mean {near}?"));
            assert_eq!(error.contains("did you mean"), hint.is_some(), "{error}");
            assert!(hint.is_none_or(|hint| error.contains(&hint)), "{error}");
            let first = words_of(field).map_or("III.5(b)", |words| words[0]);
            assert!(error.contains(first), "{error}");
        }
        for (field, word) in [("risk_class", "high"), ("harm_class", "rights"), ("stage", "x")] {
            assert!(hold(field, word).is_ok(), "{word}");
        }
    }
}
