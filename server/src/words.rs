//! What the words of a question tell before it is understood. A text that merely says a word counts as
//! one that means it: what follows from that is slower, and never another answer. Of a prepared question
//! they are read once.

use lineal_engine::schema::Kind;

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
    /// Of a text.
    pub(crate) fn of(text: &str) -> Words {
        let text = text.to_ascii_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        let of_past = words.windows(2).any(|two| {
            // `(as of` too.
            matches!(two, [before, "of"] if before.ends_with("as"))
        });
        Words { of_past, of_now: text.contains("now"), of_uses: text.contains(Kind::Access.name()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_heard_in_whatever_letters_and_place() {
        let plain = Words { of_past: false, of_now: false, of_uses: false };
        assert_eq!(Words::of("find dataset upstream of inference:$hash"), plain);
        for text in ["find model as of 7", "let a = (find run AS\n Of $then) $a", "(as  of 1)"] {
            assert_eq!(Words::of(text), Words { of_past: true, ..plain }, "{text}");
        }
        for text in ["find run where run.end < NOW()", "find model:\"known\""] {
            assert_eq!(Words::of(text), Words { of_now: true, ..plain }, "{text}");
        }
        assert_eq!(Words::of("find Access"), Words { of_uses: true, ..plain });
        assert_eq!(Words::of("as of"), Words { of_past: true, ..plain });
        assert_eq!(Words::of("as\nif of"), plain);
    }
}
