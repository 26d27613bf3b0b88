//! What kind of question a text asks, whoever is asked about: its words and signs without literals.
//!
//! Two askings of one question have one shape, however they are laid out and whatever stands in the
//! places of keys, texts and numbers, so uses of a store can be counted by it without keeping what
//! was asked for.

use lineal_proof::Hash;

use crate::parse::token::{TokenKind, tokens};

/// Separates digests of shapes from every other use of the hash function.
const CONTEXT: &str = "lineal v1 query shape";
/// Bytes of a digest: enough to tell the questions of a store apart.
const BYTES: usize = 8;
/// Stands in the place of a literal.
const LITERAL: &str = "?";

/// Signs that may stand in the version behind a quoted key.
const OF_VERSIONS: [&str; 6] = ["@", "-", ".", ":", "/", "~"];

/// The text without literals: keys keep their kind, everything else that is said by its letters alone
/// is a question mark.
#[must_use]
pub fn shape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Where a key ends: what follows it without a blank may be its version.
    let mut key_end = None;
    for token in tokens(text) {
        let is_sign = token.kind == TokenKind::Sign;
        let goes_on = !is_sign || OF_VERSIONS.contains(&token.text) || token.text == "+";
        if key_end == Some(token.span.at) && goes_on {
            key_end = Some(token.span.end);
            continue;
        }
        key_end = None;
        if !out.is_empty() {
            out.push(' ');
        }
        match token.kind {
            TokenKind::Word if token.text.starts_with('#') => out.push_str("#?"),
            TokenKind::Word => out.push_str(&token.text.to_lowercase()),
            TokenKind::Sign => out.push_str(token.text),
            TokenKind::Key => {
                let (kind, _) = token.text.split_once(':').unwrap_or_default();
                out.push_str(&kind.to_lowercase());
                out.push(':');
                out.push_str(LITERAL);
                key_end = Some(token.span.end);
            }
            TokenKind::Number | TokenKind::Text => out.push_str(LITERAL),
        }
    }
    out
}

/// A short digest of the shape of a question, in hexadecimal digits.
#[must_use]
pub fn shape_digest(text: &str) -> String {
    data_encoding::HEXLOWER.encode(&Hash::derive(CONTEXT, shape(text).as_bytes())[..BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_taken_out_and_words_stay() {
        let one = "find Dataset as d upstream of inference:9f2c1a7e where d.name = \"Anna\" and d.rows > 7 -- x";
        let other =
            "find dataset as d\n  upstream of inference:00 where d.name = 'B' and d.rows > 12_000";
        assert_eq!(
            shape(one),
            "find dataset as d upstream of inference:? where d . name = ? and d . rows > ?"
        );
        assert_eq!(shape_digest(one), shape_digest(other));
        assert_ne!(shape_digest(one), shape_digest("find dataset as d"));
        assert_eq!(shape("show #abcdef"), "show #?");
        assert_eq!(shape("find model:\"a\"@1-b, run:x"), "find model:? , run:?");
        assert_eq!(shape("find model:\"a b\"@3 limit $n"), shape("find model:\"c\"@4 limit $n"));
        assert_eq!(
            shape("find run where time in 2026-03-01..2026-04-01"),
            "find run where time in ? .. ?"
        );
    }

    #[test]
    fn no_letter_of_a_literal_is_left() {
        for text in [
            "find model:secret",
            "find model:\"secret\"@secret",
            "show #secret",
            "find run where name like 'secret%'",
            "find run where name = \"secret",
        ] {
            assert!(!shape(text).contains("secret"), "{}", shape(text));
        }
    }
}
