//! Words and signs of a text that is being typed: what colours, completion and the end of a
//! statement are decided by. It never fails, since half of what it sees is not finished.

/// What a word is, roughly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// A word of the language or the user's own.
    Word,
    /// `kind:key` without blanks.
    Key,
    /// Begins with a digit: a number, a time, a duration.
    Number,
    /// Text in quotes that is closed.
    Text,
    /// Text in quotes that is still open.
    OpenText,
    /// `$name`, `$1`.
    Parameter,
    /// `#9f2c1a`.
    Id,
    /// From `--` to the end of the line.
    Comment,
    /// Anything else, a character at a time.
    Sign,
}

/// A word and where it begins, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) form: Form,
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

impl Piece<'_> {
    /// Is it this word, in any case, or this sign?
    pub(crate) fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    /// Where it ends.
    pub(crate) fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

/// All words of a text, blanks left out.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(first) = rest.chars().next() else { break };
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (form, length) = piece(rest, first);
        let text = rest.get(..length).unwrap_or(rest);
        out.push(Piece { form, text, at });
        at += text.len();
    }
    out
}

/// How `$1` is spelt while the parser looks: it knows parameters that begin with a letter only.
const ROW: &str = "$__row";

/// The text with `$1` as a parameter that the parser knows.
pub(crate) fn rows_as_names(text: &str) -> String {
    let mut out = String::new();
    let mut from = 0;
    for piece in pieces(text).into_iter().filter(|piece| row_number(piece).is_some()) {
        out.push_str(text.get(from..piece.at).unwrap_or_default());
        out.push_str(ROW);
        out.push_str(piece.text.trim_start_matches('$'));
        from = piece.end();
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// The other way round.
pub(crate) fn names_as_rows(text: &str) -> String {
    text.replace(ROW, "$")
}

/// The row that `$1` means; `None` for `$name`.
pub(crate) fn row_number(piece: &Piece<'_>) -> Option<usize> {
    (piece.form == Form::Parameter).then(|| piece.text.trim_start_matches('$').parse().ok())?
}

fn run(text: &str, keep: impl Fn(char) -> bool) -> usize {
    text.find(|c| !keep(c)).unwrap_or(text.len())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Characters of a key without quotes (`bare_key` of the grammar).
pub(crate) fn is_key(c: char) -> bool {
    is_word(c) || "-./+%:@~".contains(c)
}

/// The form and length of what stands at the start of `rest`.
fn piece(rest: &str, first: char) -> (Form, usize) {
    let after = |length: usize| rest.get(length..).unwrap_or_default();
    match first {
        '-' if rest.starts_with("--") => (Form::Comment, rest.find('\n').unwrap_or(rest.len())),
        '"' | '\'' => quoted(rest, first),
        '$' => (Form::Parameter, 1 + run(after(1), is_word)),
        '#' => (Form::Id, 1 + run(after(1), is_word)),
        _ if first.is_ascii_digit() => {
            let length = run(rest, |c| is_word(c) || ":-.+".contains(c));
            // `1..6` is two numbers and a sign.
            (Form::Number, rest.get(..length).and_then(|t| t.find("..")).unwrap_or(length))
        }
        _ if is_word(first) => {
            let word = run(rest, is_word);
            if after(word).starts_with(':') {
                (Form::Key, word + 1 + key(after(word + 1)))
            } else {
                (Form::Word, word)
            }
        }
        _ => (Form::Sign, first.len_utf8()),
    }
}

/// The length of a key behind its colon: quoted with perhaps a version, a parameter, or bare.
fn key(rest: &str) -> usize {
    match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let text = quoted(rest, quote).1;
            let version = rest.get(text..).unwrap_or_default();
            text + if version.starts_with('@') { run(version, is_key) } else { 0 }
        }
        Some('$') => 1 + run(rest.get(1..).unwrap_or_default(), is_word),
        _ => run(rest, is_key),
    }
}

fn quoted(rest: &str, quote: char) -> (Form, usize) {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return (Form::Text, at + 1),
            _ => {}
        }
    }
    (Form::OpenText, rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_falls_into_its_words_with_their_places() {
        let text = "find model:\"a b\"@3 as m -- why; not\nwhere t >= 1..6 and $1";
        let found: Vec<(Form, &str)> =
            pieces(text).into_iter().map(|piece| (piece.form, piece.text)).collect();
        assert_eq!(
            found,
            [
                (Form::Word, "find"),
                (Form::Key, "model:\"a b\"@3"),
                (Form::Word, "as"),
                (Form::Word, "m"),
                (Form::Comment, "-- why; not"),
                (Form::Word, "where"),
                (Form::Word, "t"),
                (Form::Sign, ">"),
                (Form::Sign, "="),
                (Form::Number, "1"),
                (Form::Sign, "."),
                (Form::Sign, "."),
                (Form::Number, "6"),
                (Form::Word, "and"),
                (Form::Parameter, "$1"),
            ]
        );
        for piece in pieces(text) {
            assert_eq!(&text[piece.at..piece.end()], piece.text);
        }
    }

    #[test]
    fn an_open_text_reaches_to_the_end() {
        let found = pieces("where name = \"a; b");
        assert_eq!(found.last().map(|piece| piece.form), Some(Form::OpenText));
        assert_eq!(found.last().map(|piece| piece.text), Some("\"a; b"));
    }

    #[test]
    fn rows_become_names_and_rows_again_but_not_in_texts() {
        let text = "find run produces $1 where a = \"$1\" and b = $name and c = $12 -- $3";
        let named = rows_as_names(text);
        assert_eq!(
            named,
            "find run produces $__row1 where a = \"$1\" and b = $name and c = $__row12 -- $3"
        );
        assert_eq!(names_as_rows(&named), text);
    }

    #[test]
    fn no_text_is_lost_or_split_inside_a_character() {
        for text in ["é:ü@x", "$", "#", "model:", "model:$", "'\\", "…„“", "1é2"] {
            let all: String = pieces(text).iter().map(|piece| piece.text).collect();
            assert_eq!(all, text);
        }
    }
}
