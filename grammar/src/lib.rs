//! The syntax of the Lineal query language: the parser that pest makes of `lineal.pest`.
//!
//! Only syntax lives here. What a parse means is the query crate's business; it is the one place
//! that looks at [`Rule`].

#![forbid(unsafe_code)]

pub use parser::{Parser, Rule};

/// The grammar itself, as text: the reference of the language.
pub const GRAMMAR: &str = include_str!("../lineal.pest");

#[expect(missing_docs, reason = "pest writes the enum of rules; the grammar documents each")]
mod parser {
    /// Parses text into pairs of [`Rule`] and span.
    #[derive(pest_derive::Parser)]
    #[grammar = "lineal.pest"]
    pub struct Parser;
}
