//! Sets kept with `let` for the rest of the visit. What is kept is the question: a set is asked
//! again wherever it is named, so that it follows the store.

use super::words::{Form, pieces};
use crate::exit::{Failure, Outcome};

/// Sets of one visit. Nobody remembers more names than this.
const SETS_MAX: usize = 64;

/// Names and their questions, each before those that are made from it.
#[derive(Default, Debug)]
pub(crate) struct Sets {
    kept: Vec<(String, String)>,
}

impl Sets {
    /// All of them, in the order of keeping.
    pub(crate) fn all(&self) -> &[(String, String)] {
        &self.kept
    }

    /// May this name stand for this question? A set that others are made from stays what it is,
    /// and none is made from itself.
    pub(crate) fn check(&self, name: &str, question: &str) -> Outcome<()> {
        let user = self.kept.iter().find(|(_, other)| mentions(other, name));
        if user.is_some() || mentions(question, name) {
            let user = user.map_or(name, |(user, _)| user.as_str());
            return Err(Failure::usage(format!(
                "`{user}` is made from `{name}`, which cannot change under it; take another name"
            )));
        }
        let new = self.kept.iter().all(|(known, _)| known != name);
        if new && self.kept.len() >= SETS_MAX {
            return Err(Failure::usage(format!("at most {SETS_MAX} sets in one visit")));
        }
        Ok(())
    }

    /// Keeps it, in the place of an earlier one of that name.
    pub(crate) fn keep(&mut self, name: &str, question: String) {
        self.kept.retain(|(known, _)| known != name);
        self.kept.push((name.to_owned(), question));
    }

    /// The `let`s of the sets that a text names, and of those that these name, to stand before it.
    pub(crate) fn before(&self, text: &str) -> String {
        let mut before = String::new();
        let mut named = text.to_owned();
        for (name, question) in self.kept.iter().rev() {
            if mentions(&named, name) {
                before = format!("let {name} = {question};\n{before}");
                named.push('\n');
                named.push_str(question);
            }
        }
        before
    }
}

/// Is the word among those of a text?
fn mentions(text: &str, name: &str) -> bool {
    pieces(text).iter().any(|piece| piece.form == Form::Word && piece.text == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets() -> Sets {
        let mut sets = Sets::default();
        sets.keep("bad", "find dataset where license is null".to_owned());
        sets.keep("other", "find run".to_owned());
        sets.keep("hit", "find model downstream of bad".to_owned());
        sets
    }

    #[test]
    fn a_text_brings_the_sets_that_it_needs_and_no_others() {
        assert_eq!(
            sets().before("find deployment deploys hit"),
            "let bad = find dataset where license is null;\nlet hit = find model downstream of bad;\n"
        );
        assert_eq!(sets().before("find model:bad where name = \"hit\" -- other"), "");
    }

    #[test]
    fn a_request_with_its_sets_reads_as_one() {
        let text = "find deployment deploys hit";
        assert!(lineal_query::parse(&format!("{}{text}", sets().before(text))).is_ok());
    }

    #[test]
    fn what_others_are_made_from_stays_what_it_is() {
        assert!(sets().check("bad", "find dataset").is_err());
        assert!(sets().check("new", "find model downstream of new").is_err());
        assert!(sets().check("hit", "find model").is_ok());
        let mut sets = sets();
        sets.keep("hit", "find model".to_owned());
        assert_eq!(sets.before("find run produces hit"), "let hit = find model;\n");
        assert!(sets.check("bad", "find dataset").is_ok(), "nothing is made from it any more");
    }

    #[test]
    fn names_have_an_end() {
        let mut sets = Sets::default();
        for number in 0..SETS_MAX {
            sets.keep(&format!("s{number}"), "find run".to_owned());
        }
        assert!(sets.check("one_more", "find run").is_err());
        assert!(sets.check("s1", "find model").is_ok());
    }
}
