//! What can go wrong with a question, and where in its text.
//!
//! A mistake in the text carries a span, a code and, where one is known, the repair, so that a
//! person sees a caret and a program can correct itself (language reference, "Errors").

mod said;

use std::borrow::Cow;
use std::fmt;

pub use said::Said;

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

            /// The kind of mistake that is printed so.
            #[must_use]
            pub fn parse(name: &str) -> Option<Code> {
                match name { $($code => Some(Code::$variant),)* _ => None }
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
    TooDeep "L008" "nested too deep, or more operators, relations, questions or terms than a request may have";
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
    TooManyEvents "R008" "more events would be read than may be";
    Trail "R009" "the trail of who asked what is not for this asker";
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
    pub message: Said,
    /// What to do, in words.
    pub hint: Option<Said>,
    /// The text that, put in the place of the span, repairs it.
    pub replacement: Option<String>,
}

impl Mistake {
    /// A mistake without a repair.
    #[must_use]
    pub fn new(code: Code, span: Span, message: impl Into<Cow<'static, str>>) -> Mistake {
        Mistake { code, span, message: message.into().into(), hint: None, replacement: None }
    }

    /// What is wrong, written out.
    #[must_use]
    pub fn message(&self) -> Cow<'_, str> {
        self.message.text()
    }

    /// What to do, written out.
    #[must_use]
    pub fn hint_text(&self) -> Option<Cow<'_, str>> {
        self.hint.as_ref().map(Said::text)
    }

    /// Says another thing that is wrong.
    #[must_use]
    pub(crate) fn reworded(mut self, message: impl Into<Cow<'static, str>>) -> Mistake {
        self.message = message.into().into();
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Mistake {
        self.hint = Some(hint.into().into());
        self
    }

    /// Adds the text that repairs it, and says so if no hint stands yet.
    #[must_use]
    pub fn replace(mut self, text: impl Into<String>) -> Mistake {
        let text = text.into();
        if self.hint.is_none() {
            self.hint = Some(format!("did you mean `{text}`?").into());
        }
        self.replacement = Some(text);
        self
    }

    /// The text with the repair in the place of the mistake, where one is known.
    #[must_use]
    pub fn repaired(&self, text: &str) -> Option<String> {
        let replacement = self.replacement.as_ref()?;
        let (before, after) = (text.get(..self.span.at)?, text.get(self.span.end..)?);
        Some(format!("{before}{replacement}{after}"))
    }

    /// The line of the text with a caret below the place, the message and the hint. Of a long
    /// line only what stands round the place is shown.
    #[must_use]
    pub fn render(&self, text: &str) -> String {
        let at = floor_boundary(text, self.span.at);
        let end = floor_boundary(text, self.span.end.max(self.span.at));
        let line_start = text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |n| n + 1);
        let line_end = text.get(at..).and_then(|t| t.find('\n')).map_or(text.len(), |n| at + n);
        let number = text.get(..line_start).map_or(1, |t| t.matches('\n').count() + 1);
        let before = text.get(line_start..at).unwrap_or_default();
        let marked = text.get(at..end.min(line_end)).unwrap_or_default();
        let after = text.get(at..line_end).unwrap_or_default().trim_end();
        let column = before.chars().count() + 1;
        let is_short = columns(before) + columns(after) <= 2 * CONTEXT_COLUMNS_MAX;
        let (before, shown) = if is_short {
            (before.to_owned(), after.to_owned())
        } else {
            (last_columns(before), first_columns(after))
        };
        let carets = "^".repeat(columns(marked).clamp(1, columns(&shown).max(1)));
        let blanks = " ".repeat(columns(&before));
        let mut out = format!("{} at {number}:{column}: {}\n", self.code, self.message);
        out.push_str(&format!("  {before}{shown}\n  {blanks}{carets}"));
        if let Some(hint) = &self.hint {
            out.push(' ');
            out.push_str(&hint.text());
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
            "message": self.message(),
            "hint": self.hint_text(),
            "replacement": self.replacement,
        })
    }
}

/// Columns that are shown on either side of a mistake: with it two lines of a terminal. A line that
/// fits these two is shown whole.
const CONTEXT_COLUMNS_MAX: usize = 80;

/// How many columns of a terminal a character takes: none if it joins the one before, two in the
/// scripts that are written in squares.
fn width(c: char) -> usize {
    match u32::from(c) {
        0xfeff | 0x0300..=0x036f | 0x200b..=0x200d | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// The beginning of a line, cut where it is too long to show.
fn first_columns(text: &str) -> String {
    let mut room = CONTEXT_COLUMNS_MAX;
    let fits = |c: &char| {
        let fits = width(*c) <= room;
        room = room.saturating_sub(width(*c));
        fits
    };
    let shown: String = text.chars().take_while(fits).collect();
    if shown.len() < text.len() { shown + "\u{2026}" } else { shown }
}

/// The end of a line, cut where it is too long to show.
fn last_columns(text: &str) -> String {
    let mut room = CONTEXT_COLUMNS_MAX;
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        if width(c) > room {
            break;
        }
        room -= width(c);
        start = at;
    }
    let shown = text.get(start..).unwrap_or_default();
    if start > 0 { format!("\u{2026}{shown}") } else { shown.to_owned() }
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

impl From<Box<Mistake>> for Error {
    fn from(mistake: Box<Mistake>) -> Error {
        Error::Mistake(mistake)
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
    fn the_caret_is_as_wide_as_letters_in_squares() {
        let text = "find 模型 where";
        let at = text.find('模').unwrap();
        let mistake = Mistake::new(Code::Syntax, Span::new(at, at + 6), "here");
        assert_eq!(mistake.render(text), "P001 at 1:6: here\n  find 模型 where\n       ^^^^");
    }

    #[test]
    fn of_a_long_line_only_the_place_is_shown() {
        let text = format!("{}here{}", "x".repeat(500), "y".repeat(500));
        let mistake = Mistake::new(Code::Syntax, Span::new(500, 504), "no");
        let rendered = mistake.render(&text);
        assert!(rendered.lines().all(|line| line.chars().count() < 180), "{rendered}");
        let lines: Vec<_> = rendered.lines().collect();
        assert_eq!(lines[1].find("here"), lines[2].find('^').map(|at| at + "…".len() - 1));
        assert!(rendered.starts_with("P001 at 1:501: no"));
        assert_eq!(mistake.clone().replace("z").repaired("ab"), None);
    }

    #[test]
    fn codes_are_unique() {
        let mut names: Vec<_> = CODES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CODES.len());
    }
}
