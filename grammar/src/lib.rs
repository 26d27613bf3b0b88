//! The syntax of the Lineal query language: the parser that pest makes of `lineal.pest`.
//!
//! Only syntax lives here. What a parse means is the query crate's business; it is the one place
//! that looks at [`Rule`].

#![forbid(unsafe_code)]

pub use parser::{Parser, Rule};

/// The grammar itself, as text: the reference of the language.
pub const GRAMMAR: &str = include_str!("../lineal.pest");

/// The words of rule `reserved`, in its order: none of them can be a name of the user's.
pub const RESERVED: [&str; 54] = [
    "find",
    "trace",
    "diff",
    "history",
    "prove",
    "verify",
    "show",
    "explain",
    "profile",
    "let",
    "where",
    "return",
    "distinct",
    "summarize",
    "by",
    "having",
    "order",
    "asc",
    "desc",
    "skip",
    "limit",
    "as",
    "of",
    "format",
    "union",
    "intersect",
    "except",
    "upstream",
    "downstream",
    "via",
    "avoiding",
    "within",
    "to",
    "with",
    "and",
    "or",
    "not",
    "no",
    "in",
    "is",
    "null",
    "like",
    "matches",
    "contains",
    "exists",
    "size",
    "list",
    "first",
    "root",
    "tip",
    "all",
    "deep",
    "true",
    "false",
];

#[expect(missing_docs, reason = "pest writes the enum of rules; the grammar documents each")]
mod parser {
    /// Parses text into pairs of [`Rule`] and span.
    #[derive(pest_derive::Parser)]
    #[grammar = "lineal.pest"]
    pub struct Parser;
}

#[cfg(test)]
mod tests {
    use super::*;
    use pest::Parser as _;

    #[test]
    fn the_reserved_words_are_those_of_the_grammar() {
        let rule = GRAMMAR.split("\nreserved = ").nth(1).unwrap();
        let rule = rule.split("\n\n").next().unwrap();
        let stated: Vec<&str> =
            rule.split('^').skip(1).map(|rest| rest.split('"').nth(1).unwrap()).collect();
        assert_eq!(stated, RESERVED);
        for word in RESERVED {
            assert!(Parser::parse(Rule::word, word).is_err(), "{word}");
            assert!(Parser::parse(Rule::word, &word.to_uppercase()).is_err(), "{word}");
        }
    }
}
