//! What a question may ask for: of one that is prepared as its plan says, of another what its words tell
//! before it is understood. A text that merely says a word counts as one that means it: what follows from
//! that is slower, and never another answer.

use lineal_engine::schema::Kind;
use lineal_query::Prepared;

/// What a text may ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Words {
    /// A view of the past? To make one takes as long as the store is large; it lacks nothing.
    pub(crate) of_past: bool,
    /// The time of asking? Then it is another question each time.
    pub(crate) of_now: bool,
    /// Who asked what?
    pub(crate) of_uses: bool,
}

impl Words {
    /// Of a question that was understood.
    pub(crate) fn of_plan(plan: &Prepared) -> Words {
        Words {
            of_past: plan.asks_of_past(),
            of_now: plan.asks_of_now(),
            of_uses: plan.names(Kind::Access) || plan.comes_by(Kind::Access),
        }
    }

    /// Of a text.
    pub(crate) fn of(text: &str) -> Words {
        let text = text.to_ascii_lowercase();
        let of_past = text.match_indices("as").any(|(at, word)| says_of(&text[at + word.len()..]));
        Words { of_past, of_now: text.contains("now"), of_uses: text.contains(Kind::Access.name()) }
    }
}

/// Does a text go on with the word `of`, behind blanks and comments (two dashes, up to the end of the line)?
/// What stands behind the word need not be a blank: `of$then`.
fn says_of(text: &str) -> bool {
    let mut rest = text.trim_start();
    while let Some(comment) = rest.strip_prefix("--") {
        rest = comment.find('\n').map_or("", |end| &comment[end..]).trim_start();
    }
    let is_apart = rest.len() < text.len();
    is_apart
        && rest
            .strip_prefix("of")
            .is_some_and(|behind| !behind.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_tells_what_is_meant_and_not_what_is_said() {
        let plain = Words { of_past: false, of_now: false, of_uses: false };
        let of = |text: &str| Words::of_plan(&Prepared::new(text).unwrap());
        for text in [
            "find model where name = \"as of 7\"",
            "find run -- as of now(), by access\nlimit 1",
            "find model as of_it return of_it",
            "find dataset where name = \"now()\" or name = \"access\"",
        ] {
            assert_eq!(of(text), plain, "{text}");
        }
        for text in [
            "find model as of 7",
            "let a = (find run as\n of $then); find run where it in a",
            "find model where not exists (find run as of 3)",
            "trace model:x to run:y as of 3",
            "explain find model as of 7",
            "diff (find model as of 1) with (find model)",
        ] {
            assert_eq!(of(text), Words { of_past: true, ..plain }, "{text}");
        }
        for text in ["find run where ended < NOW()", "find model return now() - time as age"] {
            assert_eq!(of(text), Words { of_now: true, ..plain }, "{text}");
        }
        assert_eq!(of("find access as a return a.what"), Words { of_uses: true, ..plain });
    }

    #[test]
    fn a_word_is_heard_in_whatever_letters_and_place() {
        let plain = Words { of_past: false, of_now: false, of_uses: false };
        assert_eq!(Words::of("find dataset upstream of inference:$hash"), plain);
        for text in [
            "find model as of 7",
            "let a = (find run AS\n Of $then) $a",
            "(as  of 1)",
            "find model as of$then",
            "find model as -- x\n -- as it was\n of\"2026-01-01\"",
            "find model as--\nof(1)",
        ] {
            assert_eq!(Words::of(text), Words { of_past: true, ..plain }, "{text}");
        }
        for text in ["find run where run.end < NOW()", "find model:\"known\""] {
            assert_eq!(Words::of(text), Words { of_now: true, ..plain }, "{text}");
        }
        assert_eq!(Words::of("find Access"), Words { of_uses: true, ..plain });
        assert_eq!(Words::of("as of"), Words { of_past: true, ..plain });
        for text in ["as\nif of", "find model as often", "as of_it", "asof 1", "as -- of 1", "as"] {
            assert_eq!(Words::of(text), plain, "{text}");
        }
    }
}
