//! First words that begin no statement, and what asks the same.
//!
//! People begin as they speak, other languages begin as they do; the answer to either is a
//! question that can be copied.

use crate::error::{Code, Mistake};
use crate::parse::token::Token;

/// What asks for things.
const FIND: &str = "write `find model where \u{2026}`; `show kinds` lists what there is";
/// What asks for everything behind a thing.
const BEHIND: &str = "write `find dataset upstream of model:x`";
/// What asks for paths.
const PATHS: &str = "write `trace A to B`, for each of them `trace all A to B`";
/// What compares.
const COMPARED: &str = "write `diff model:x@1 with model:x@2`";
/// What counts.
const COUNTED: &str = "write `find model summarize count() as n`";
/// What checks.
const CHECKED: &str = "write `verify model:x`, with its rows `verify deep (find batch)`";
/// What tells the life of a thing.
const TOLD: &str = "write `history of model:x`";
/// What saves a set.
const SAVED: &str = "write `let s = find \u{2026};`, then ask with `s`";

/// First words, in small letters, with what to do.
const OPENINGS: &[(&str, &str)] = &[
    ("what", BEHIND),
    ("which", FIND),
    ("who", "write `find actor did approval approves model:x`"),
    ("where", FIND),
    ("when", TOLD),
    ("how", COUNTED),
    ("is", "write `find model:x where \u{2026}`: no row means no"),
    ("please", FIND),
    ("give", FIND),
    ("get", FIND),
    ("display", FIND),
    ("search", FIND),
    ("fetch", FIND),
    ("query", FIND),
    ("for", FIND),
    ("from", FIND),
    ("model", FIND),
    ("dataset", FIND),
    ("run", FIND),
    ("deployment", FIND),
    ("inference", FIND),
    ("node", FIND),
    ("*", FIND),
    ("count", COUNTED),
    ("summarize", COUNTED),
    ("upstream", BEHIND),
    ("downstream", "write `find deployment downstream of dataset:x`"),
    ("lineage", BEHIND),
    ("provenance", BEHIND),
    ("deps", BEHIND),
    ("rdeps", "write `find deployment downstream of dataset:x`"),
    ("path", PATHS),
    ("paths", PATHS),
    ("somepath", PATHS),
    ("allpaths", PATHS),
    ("compare", COMPARED),
    ("check", CHECKED),
    ("validate", CHECKED),
    ("log", TOLD),
    ("timeline", TOLD),
    ("with", SAVED),
    ("var", SAVED),
    ("g", "steps of Gremlin are relations here: `find run as r trained_on dataset as d`"),
    ("unwind", FIND),
    ("call", "write `show functions` for what can be called in a question"),
    ("prefix", FIND),
    ("ask", "write `find model where \u{2026} limit 1`: no row means no"),
    ("construct", "`format prov`, `format dot` and `format mermaid` give graphs"),
    ("describe", "write `show fields of model`, or `find model:x return it`"),
    ("filter", "conditions stand after `where`: `find model where \u{2026}`"),
    ("use", "a question names no database; the command is given `--store`"),
    ("pragma", "write `show limits` for the bounds of a question"),
];

/// The repair for a text that begins with one of these words.
pub(crate) fn recognise(tokens: &[Token<'_>], here: usize) -> Option<Mistake> {
    // A statement begins at the front or after a semicolon; the grammar gives up at its first word.
    let first = tokens.get(here)?;
    let begins =
        here.checked_sub(1).is_none_or(|before| tokens.get(before).is_some_and(|t| t.is(";")));
    if begins && first.is("let") {
        return unsaved(tokens.get(here + 1)?, tokens.get(here + 2));
    }
    let (_, hint) = OPENINGS.iter().find(|(word, _)| begins && first.is(word))?;
    let message = format!("a statement does not begin with `{}`", first.text);
    Some(Mistake::new(Code::Habit, first.span, message).hint(*hint))
}

/// `let s find model`, `let s := find model`: the sign between the name and the question.
fn unsaved(name: &Token<'_>, sign: Option<&Token<'_>>) -> Option<Mistake> {
    let sign = sign.filter(|sign| !sign.is("="))?;
    let span = if sign.is("find") {
        crate::error::Span::new(name.span.end, name.span.end)
    } else {
        sign.span
    };
    let message = "a set is saved with `=`";
    let mistake = Mistake::new(Code::Syntax, span, message);
    Some(mistake.hint(format!("write `let {} = find \u{2026};`", name.text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_opening_is_a_verb_or_stands_twice() {
        let mut words: Vec<&str> = OPENINGS.iter().map(|(word, _)| *word).collect();
        assert!(words.iter().all(|word| !crate::parse::VERBS.contains(word)));
        words.sort_unstable();
        let count = words.len();
        words.dedup();
        assert_eq!(words.len(), count);
    }

    /// What a hint says to write can be written.
    #[test]
    fn every_hint_is_a_question() {
        for (word, hint) in OPENINGS {
            let texts = hint.split('`').skip(1).step_by(2);
            for text in texts.filter(|text| text.contains(' ') && !text.starts_with("format")) {
                let text = text.replace('\u{2026}', "name = \"x\"").replace(" A ", " model:a ");
                let text = text
                    .replace(" B", " dataset:b")
                    .replace("= find name = \"x\";", "= find model");
                assert!(crate::Prepared::new(&text).is_ok(), "{word}: {text}");
            }
        }
    }
}
