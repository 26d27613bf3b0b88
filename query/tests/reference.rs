//! The reference of the language says what is true: its examples are understood, and it names
//! every code, word and operator.

use lineal_query::{CODES, Prepared};

const REFERENCE: &str = include_str!("../../grammar/README.md");

#[test]
fn every_example_of_the_reference_is_understood() {
    let mut count = 0;
    for block in REFERENCE.split("```lql\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        for text in block.split("\n\n").map(str::trim).filter(|text| !text.is_empty()) {
            if let Err(mistake) = Prepared::new(text) {
                panic!("{}", mistake.render(text));
            }
            count += 1;
        }
    }
    assert!(count > 20, "{count} examples were found");
}

#[test]
fn the_reference_lists_every_code_with_its_meaning() {
    for (code, meaning) in CODES {
        assert!(REFERENCE.contains(&format!("| {code} | {meaning} |")), "{code}");
    }
}

/// Keywords, from the rules that end in `_kw`.
#[test]
fn the_reference_names_every_word_of_the_language() {
    let mut count = 0;
    for line in lineal_grammar::GRAMMAR.lines() {
        let Some((word, _)) = line.split_once("_kw = ") else { continue };
        let named = REFERENCE
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|known| known.eq_ignore_ascii_case(word));
        assert!(named, "`{word}` is not in the reference");
        count += 1;
    }
    assert!(count > 50, "{count} words were found");
}

/// A sentence above every rule of the grammar.
#[test]
fn every_rule_of_the_grammar_has_its_sentence() {
    let lines: Vec<_> = lineal_grammar::GRAMMAR.lines().collect();
    let mut count = 0;
    for (number, line) in lines.iter().enumerate() {
        let is_rule = line.split_once(" = ").is_some_and(|(name, body)| {
            name.chars().all(|c| c.is_alphanumeric() || c == '_')
                && body.starts_with(['{', '_', '@', '$', '!'])
        });
        if is_rule {
            let above = number.checked_sub(1).and_then(|above| lines.get(above));
            assert!(above.is_some_and(|above| above.starts_with("/// ")), "{line}");
            count += 1;
        }
    }
    assert!(count > 150, "{count} rules were found");
}
