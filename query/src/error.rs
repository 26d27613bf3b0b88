//! What can go wrong with a question, and where in its text.
//!
//! A mistake in the text carries a span, a code and, where one is known, the repair, so that a
//! person sees a caret and a program can correct itself (language reference, "Errors").

use std::fmt;

/// A stretch of the text of a question, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct Span {
    /// The first byte.
    pub at: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// From `at` up to `end`.
    #[must_use]
    pub fn new(at: usize, end: usize) -> Span {
        Span { at, end }
    }

    /// Both and what stands between them.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { at: self.at.min(other.at), end: self.end.max(other.end) }
    }
}

macro_rules! codes {
    ($($variant:ident $code:literal $meaning:literal;)*) => {
        /// The kinds of mistakes; stable names for programs. `L` is about characters, `P` about
        /// syntax, `B` about meaning, `R` about this store and these parameters.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[non_exhaustive]
        pub enum Code {
            $(
                #[doc = $meaning]
                $variant,
            )*
        }

        impl Code {
            /// The code as it is printed.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }
        }

        /// Every code with its meaning, for the reference.
        pub const CODES: &[(&str, &str)] = &[$(($code, $meaning),)*];
    };
}

codes! {
    TooLong "L001" "the text is longer than a request may be";
    Control "L002" "a control character stands in the text";
    CurlyQuote "L003" "a typographic quote or blank stands where a plain one belongs";
    OpenString "L004" "a text is not closed";
    OpenBracket "L005" "a bracket is not closed";
    StrayBracket "L006" "a bracket closes nothing";
    BadEscape "L007" "an unknown escape in a text";
    TooDeep "L008" "brackets are nested too deep";
    Syntax "P001" "the text is no sentence of the language";
    Empty "P002" "there is no question";
    Habit "P003" "a habit from another language";
    Number "P004" "a number does not fit its type";
    Timestamp "P005" "no such day or time, or a time without its zone";
    Questions "P006" "more than one question in a request";
    UnknownVariable "B001" "no term has that name";
    UnknownField "B002" "the kind has no such field";
    Direction "B003" "the relation holds the other way round";
    Unrelated "B004" "the relation does not join these kinds";
    Impossible "B005" "no path of these relations joins these kinds";
    UnknownFunction "B006" "no such function";
    Arguments "B007" "a function is given the wrong arguments";
    Types "B008" "values of these types cannot be used so";
    NameTaken "B009" "two terms or columns have one name";
    NotYet "B010" "part of the language, not in this version yet";
    UnknownFormat "B011" "no such format";
    NoCondition "B012" "this is no condition";
    Columns "B013" "the inner question gives the wrong columns";
    UnknownTopic "B014" "there is nothing of that name to show";
    Pattern "B015" "this is no regular expression";
    NotFound "R001" "nothing recorded has that key";
    Several "R002" "several things fit a key where one is needed";
    Parameter "R003" "a parameter has no value";
    ParameterType "R004" "the value of a parameter does not fit its place";
    View "R005" "no such commit or time in this store";
    Overflow "R006" "a figure is too great for its type";
    Short "R007" "an id prefix is too short";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A mistake at one place of the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// Which kind of mistake.
    pub code: Code,
    /// Where it stands.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do, in words.
    pub hint: Option<String>,
    /// The text that, put in the place of the span, repairs it.
    pub replacement: Option<String>,
}

impl Mistake {
    /// A mistake without a repair.
    #[must_use]
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Mistake {
        Mistake { code, span, message: message.into(), hint: None, replacement: None }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Mistake {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the text that repairs it, and says so if no hint stands yet.
    #[must_use]
    pub fn replace(mut self, text: impl Into<String>) -> Mistake {
        let text = text.into();
        if self.hint.is_none() {
            self.hint = Some(format!("did you mean `{text}`?"));
        }
        self.replacement = Some(text);
        self
    }

    /// The line of the text with a caret below the place, the message and the hint.
    #[must_use]
    pub fn render(&self, text: &str) -> String {
        let at = floor_boundary(text, self.span.at);
        let end = floor_boundary(text, self.span.end.max(self.span.at));
        let line_start = text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |n| n + 1);
        let line_end = text.get(at..).and_then(|t| t.find('\n')).map_or(text.len(), |n| at + n);
        let line = text.get(line_start..line_end).unwrap_or_default().trim_end();
        let number = text.get(..line_start).map_or(1, |t| t.matches('\n').count() + 1);
        let before = text.get(line_start..at).map_or(0, |t| t.chars().count());
        let marked = text.get(at..end.min(line_end)).map_or(0, |t| t.chars().count());
        let carets = "^".repeat(marked.max(1));
        let mut out = format!("{} at {number}:{}: {}\n", self.code, before + 1, self.message);
        out.push_str(&format!("  {line}\n  {}{carets}", " ".repeat(before)));
        if let Some(hint) = &self.hint {
            out.push(' ');
            out.push_str(hint);
        }
        out
    }

    /// For programs: code, at, end, message, hint, replacement.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "code": self.code.name(),
            "at": self.span.at,
            "end": self.span.end,
            "message": self.message,
            "hint": self.hint,
            "replacement": self.replacement,
        })
    }
}

/// The start of the character that holds byte `at`.
fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: {}", self.code, self.span.at, self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistake {}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The question itself, or what it names in this store.
    #[error(transparent)]
    Mistake(Box<Mistake>),
    /// The store could not be read.
    #[error("the store could not answer: {0}")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer holds more things than a picture can.
    #[error("{things} things are no picture, {most} at most; narrow the question or add `limit`")]
    Picture {
        /// How many.
        things: usize,
        /// How many there may be.
        most: usize,
    },
}

impl Error {
    /// The mistake in the text, if it is one.
    #[must_use]
    pub fn mistake(&self) -> Option<&Mistake> {
        if let Error::Mistake(mistake) = self { Some(mistake) } else { None }
    }

    /// For a person who sees the text: with a caret where there is a place.
    #[must_use]
    pub fn render(&self, text: &str) -> String {
        match self {
            Error::Mistake(mistake) => mistake.render(text),
            Error::Store(_) | Error::Picture { .. } => self.to_string(),
        }
    }
}

impl From<Mistake> for Error {
    fn from(mistake: Mistake) -> Error {
        Error::Mistake(Box::new(mistake))
    }
}

/// A result whose error is ours.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_the_word_even_after_wide_letters() {
        let text = "find dataset\nwhere näme = 1";
        let at = text.find("= 1").unwrap();
        let mistake = Mistake::new(Code::Syntax, Span::new(at, at + 1), "here").hint("look");
        assert_eq!(
            mistake.render(text),
            "P001 at 2:12: here\n  where näme = 1\n             ^ look"
        );
    }

    #[test]
    fn codes_are_unique() {
        let mut names: Vec<_> = CODES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CODES.len());
    }
}
