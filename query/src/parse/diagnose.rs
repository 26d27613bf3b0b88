//! Why a text is no sentence of the language, in words that help.
//!
//! The grammar knows only the furthest place it reached and what it tried there. Looked for, in
//! this order: habits of other languages, our own clauses in the wrong place, misspelt words near
//! the place, and last what the grammar expected.

use lineal_engine::schema::{KINDS, RELATIONS};
use lineal_grammar::{Parser, RESERVED, Rule};
use pest::Parser as _;
use pest::error::{Error, ErrorVariant, InputLocation};

use super::token::{Token, TokenKind, tokens};
use super::{TextBounds, clauses, forms, guard, signs, slips};
use crate::error::{Code, Mistake, Span};
use crate::habits;
use crate::openings;
use crate::suggest::{nearest, nearest_first};

/// Words that begin a statement.
pub(crate) const VERBS: [&str; 10] =
    ["find", "trace", "diff", "history", "prove", "verify", "show", "explain", "profile", "let"];

/// Words of the language that may also be names of the user's.
const UNRESERVED: [&str; 4] = ["lineage", "any", "training", "node"];

/// Words that are tried in the place of a misspelt one: few are as near as the nearest.
const REPAIRS_TRIED_MAX: usize = 8;

/// More expected things than this tell a reader nothing.
const EXPECTED_MAX: usize = 7;

/// The mistake behind a failed parse.
pub(super) fn explain(text: &str, error: &Error<Rule>) -> Mistake {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let tokens = tokens(text);
    if tokens.iter().all(|token| token.is(";")) {
        return Mistake::new(Code::Empty, Span::default(), "there is no question")
            .hint("try `find dataset upstream of model:name@1`, or `show kinds`");
    }
    let here = tokens.iter().position(|token| token.span.end > at).unwrap_or(tokens.len());
    let place = Place { text, tokens: &tokens, here, at };
    let (first, last) = (here.saturating_sub(2), here.min(tokens.len().saturating_sub(1)));
    let statement = place.statement();
    let mistake = place
        .number()
        .or_else(|| forms::within(&tokens, here))
        .or_else(|| openings::recognise(&tokens, here))
        .or_else(|| signs::recognise(&tokens, here, statement))
        .or_else(|| habits::recognise(&tokens, first, last))
        .or_else(|| forms::recognise(&tokens, here, statement))
        .or_else(|| place.key())
        .or_else(|| slips::split_relations(&tokens, here))
        .or_else(|| place.name())
        .or_else(|| place.brackets())
        .or_else(|| clauses::recognise(text, &tokens, here, statement))
        .or_else(|| place.misspelt())
        .or_else(|| place.missing_word())
        .or_else(|| slips::recognise(&tokens, here, statement))
        .or_else(|| place.verb())
        .unwrap_or_else(|| place.expected(at, error));
    place.checked(mistake)
}

/// The tokens of a text and the one at which the grammar gave up.
struct Place<'a> {
    text: &'a str,
    tokens: &'a [Token<'a>],
    here: usize,
    /// The byte at which the grammar gave up.
    at: usize,
}

impl<'a> Place<'a> {
    fn at(&self, index: usize) -> Option<&'a Token<'a>> {
        self.tokens.get(index)
    }

    /// The token this many before the place.
    fn before(&self, count: usize) -> Option<&'a Token<'a>> {
        self.tokens.get(self.here.checked_sub(count)?)
    }

    fn span(&self) -> Span {
        let end = self.text.trim_end().len();
        self.at(self.here).map_or(Span::new(end, end), |token| token.span)
    }

    /// Leaves a repair out that does not help: with it the grammar must come further.
    fn checked(&self, mistake: Mistake) -> Mistake {
        let helps = mistake.repaired(self.text).is_some_and(|text| self.comes_further(&text));
        if helps || mistake.replacement.is_none() {
            return mistake;
        }
        Mistake { replacement: None, ..mistake }
    }

    /// Is less left unread of this text than of ours?
    fn comes_further(&self, text: &str) -> bool {
        if guard::check(text, TextBounds::default()).is_err() {
            return false;
        }
        let Err(error) = Parser::parse(Rule::script, text) else { return true };
        let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
        text.len().saturating_sub(at) < self.text.len().saturating_sub(self.at)
    }

    /// A time without zone; a bound that is no number.
    fn number(&self) -> Option<Mistake> {
        let near = [self.at(self.here), self.before(1)];
        for token in near.into_iter().flatten() {
            let is_clock = token.text.split_once('T').is_some_and(|(day, clock)| {
                day.len() == 10 && clock.len() >= 5 && clock.contains(':')
            });
            if token.kind == TokenKind::Number && is_clock {
                return Some(
                    Mistake::new(Code::Timestamp, token.span, "a time of day needs its zone")
                        .hint("add `Z` or an offset such as `+01:00`")
                        .replace(format!("{}Z", token.text)),
                );
            }
        }
        let clause = self.before(1).filter(|t| t.is("limit") || t.is("skip"))?;
        let clause = clause.text.to_lowercase();
        Some(
            Mistake::new(Code::Syntax, self.span(), format!("`{clause}` takes a whole number"))
                .hint(format!("write `{clause} 10` or `{clause} $n`")),
        )
    }

    /// `model : x`, `inference:`, `service:web`, `modle:x`.
    fn key(&self) -> Option<Mistake> {
        let here = self.at(self.here);
        let near = [here, self.before(1), self.at(self.here + 1)];
        let colon = near.into_iter().flatten().find(|token| token.is(":"));
        if let Some(colon) = colon {
            return Some(
                Mistake::new(
                    Code::Syntax,
                    colon.span,
                    "a node is written without blanks round `:`",
                )
                .hint("write `model:credit-risk@3`"),
            );
        }
        let token =
            [here, self.before(1)].into_iter().flatten().find(|t| t.kind == TokenKind::Key)?;
        let (word, key) = token.text.split_once(':')?;
        let word_span = Span::new(token.span.at, token.span.at + word.len());
        if key.is_empty() {
            return Some(
                Mistake::new(Code::Syntax, token.span, format!("the key after `{word}:` is empty"))
                    .hint(
                        "a shell takes `$name` in double quotes for its own: put the query in \
                         single quotes, or give the key with `--param`; a key with blanks is \
                         written in quotes",
                    ),
            );
        }
        let kinds = kind_words();
        if kinds.iter().any(|kind| kind.eq_ignore_ascii_case(word)) {
            return None;
        }
        let mistake = Mistake::new(Code::Syntax, word_span, format!("`{word}` is no kind"));
        Some(match nearest(word, kinds) {
            Some(kind) => mistake.replace(kind),
            None => mistake.hint(format!(
                "to search a field write `find inference where {word} = \"{key}\"`; \
                 `show kinds` lists the kinds"
            )),
        })
    }

    /// A word of the language where a name must stand.
    fn name(&self) -> Option<Mistake> {
        let (as_word, token) = match (self.before(1), self.at(self.here)) {
            (Some(before), Some(here)) if before.is("as") => (before, here),
            _ => match (self.before(2), self.before(1)) {
                (Some(two), Some(one)) if two.is("as") => (two, one),
                _ => match (self.at(self.here), self.at(self.here + 1)) {
                    (Some(here), Some(next)) if here.is("as") => (here, next),
                    _ => return None,
                },
            },
        };
        let what = word_class(token.text)?;
        // `as of` is a clause of its own.
        if as_word.is("as") && token.is("of") {
            return None;
        }
        Some(
            Mistake::new(
                Code::Syntax,
                token.span,
                format!("`{}` is {what} and cannot name a term", token.text),
            )
            .hint(format!("choose another name, such as `{}1`", initial(token.text))),
        )
    }

    /// A list in round brackets; a condition in a bare `exists`.
    fn brackets(&self) -> Option<Mistake> {
        let near = self.here.saturating_sub(3)..=self.here;
        for index in near {
            let row = (self.at(index), self.at(index + 1), self.at(index + 2));
            if let (Some(word), Some(open), Some(after)) = row
                && word.is("in")
                && open.is("(")
                && !after.is("find")
            {
                let mistake =
                    Mistake::new(Code::Habit, open.span, "a list stands in square brackets")
                        .hint("write `in [\"a\", \"b\"]`");
                let rest = self.tokens.get(index + 2..).unwrap_or_default();
                let close = rest.iter().find(|t| t.is(")") || t.is("("));
                let Some(close) = close.filter(|close| close.is(")")) else { return Some(mistake) };
                let inner = self.text.get(open.span.end..close.span.at).unwrap_or_default();
                let span = open.span.to(close.span);
                return Some(Mistake { span, ..mistake }.replace(format!("[{inner}]")));
            }
        }
        self.at(self.here).filter(|token| token.is("where"))?;
        let earlier = self.tokens.get(..self.here)?;
        let exists = earlier.iter().rposition(|token| token.is("exists"))?;
        self.at(exists + 1).filter(|token| !token.is("("))?;
        Some(Mistake::new(Code::Syntax, self.span(), "a bare `exists` takes no condition").hint(
            "write the question out: `exists (find document documents m where type = \"x\")`",
        ))
    }

    /// A statement that does not begin with a verb.
    fn verb(&self) -> Option<Mistake> {
        let token = self.at(self.here).filter(|_| self.statement().is_empty())?;
        let message = format!("a statement does not begin with `{}`", token.text);
        let hint = format!("it begins with one of {}", VERBS.join(", "));
        let is_verb = VERBS.iter().any(|verb| token.is(verb));
        (!is_verb).then(|| Mistake::new(Code::Syntax, token.span, message).hint(hint))
    }

    /// The tokens of this statement or inner question before the place.
    fn statement(&self) -> &'a [Token<'a>] {
        let earlier = self.tokens.get(..self.here).unwrap_or_default();
        let mut closed = 0_usize;
        for (index, token) in earlier.iter().enumerate().rev() {
            match token.text {
                ")" => closed += 1,
                "(" if closed > 0 => closed -= 1,
                "(" | ";" => return earlier.get(index + 1..).unwrap_or_default(),
                _ => {}
            }
        }
        earlier
    }

    /// A word near the place that is nearly one of ours.
    fn misspelt(&self) -> Option<Mistake> {
        for index in [Some(self.here), self.here.checked_sub(1), self.here.checked_sub(2)] {
            let Some(token) = index.and_then(|index| self.at(index)) else { continue };
            let before = index.and_then(|i| i.checked_sub(1)).and_then(|i| self.at(i));
            // What follows `show` is a topic, which the binder knows.
            let is_name = before.is_some_and(|t| t.is("as") || t.is(".") || t.is("show"));
            if token.kind != TokenKind::Word || is_name || word_class(token.text).is_some() {
                continue;
            }
            let begins = before.is_none_or(|t| t.is(";") || t.is("explain") || t.is("profile"));
            let wants_kind = before.is_some_and(|t| t.is("find") || t.is("of") || t.is("exists"));
            let near = if begins {
                nearest_first(token.text, VERBS)
            } else if wants_kind {
                let mut near = nearest_first(token.text, kind_words());
                near.extend(nearest_first(token.text, vocabulary()));
                near
            } else {
                nearest_first(token.text, vocabulary())
            };
            let message = format!("`{}` is not known here", token.text);
            let mistake = Mistake::new(Code::Syntax, token.span, message);
            let repairs = near.into_iter().map(|word| mistake.clone().replace(word));
            let helps = |mistake: &Mistake| {
                mistake.repaired(self.text).is_some_and(|text| self.comes_further(&text))
            };
            if let Some(mistake) = repairs.take(REPAIRS_TRIED_MAX).find(helps) {
                return Some(mistake);
            }
        }
        None
    }

    /// `upstream model:x`, `trace A B`, `order time`.
    fn missing_word(&self) -> Option<Mistake> {
        let place = self.span();
        let earlier = self.statement();
        let later = self.tokens.get(self.here..).unwrap_or_default();
        let later = later.split(|t| t.is(")") || t.is(";")).next().unwrap_or_default();
        // `and`, `to` and their like stand where another small word must stand.
        let small = ["to", "for", "and", "with", "from", "against", "in"];
        let instead = self.at(self.here).filter(|t| small.iter().any(|word| t.is(word)));
        let add = |word: &str, message: String| {
            if let Some(token) = instead {
                let mistake = Mistake::new(Code::Syntax, token.span, message);
                return Some(mistake.hint(format!("write `{word}` here")).replace(word));
            }
            let glued = self
                .text
                .get(..place.at)
                .is_some_and(|t| t.ends_with(|c: char| !c.is_whitespace()));
            let blank = if glued { " " } else { "" };
            let end = if later.is_empty() { "" } else { " " };
            Some(
                Mistake::new(Code::Syntax, Span::new(place.at, place.at), message)
                    .hint(format!("put `{word}` here"))
                    .replace(format!("{blank}{word}{end}")),
            )
        };
        let closure = earlier.iter().rposition(|t| t.is("upstream") || t.is("downstream"));
        let follows = |word: &str| later.iter().any(|t| t.is(word));
        if let Some(index) = closure
            && !earlier.get(index..).unwrap_or_default().iter().any(|t| t.is("of"))
            && !follows("of")
        {
            let word = earlier.get(index).map_or("", |token| token.text);
            return add("of", format!("`{word}` is followed by `of`"));
        }
        let begins = |verb: &str| earlier.first().is_some_and(|token| token.is(verb));
        let has = |word: &str| earlier.iter().any(|token| token.is(word));
        if begins("trace") && !has("to") && !follows("to") && earlier.len() > 1 {
            return add("to", "a trace leads from one thing `to` another".to_owned());
        }
        if begins("diff") && !has("with") && !follows("with") && earlier.len() > 1 {
            return add("with", "a thing is compared `with` another".to_owned());
        }
        if begins("history") && earlier.len() == 1 && !later.is_empty() {
            return add("of", "a life is told `of` a thing".to_owned());
        }
        if self.before(1).is_some_and(|token| token.is("order")) {
            return add("by", "`order` is followed by `by`".to_owned());
        }
        None
    }

    /// Nothing better is known: what the grammar tried.
    fn expected(&self, at: usize, error: &Error<Rule>) -> Mistake {
        let span = self.span();
        let message = match self.at(self.here) {
            Some(token) if [";", ")", "]"].iter().any(|sign| token.is(sign)) && self.here > 0 => {
                format!("something is missing before `{}`", token.text)
            }
            Some(token) => format!("`{}` cannot stand here", token.text),
            None => "something is missing at the end".to_owned(),
        };
        let span = if span.at < at && span.end <= at { Span::new(at, at) } else { span };
        let mistake = Mistake::new(Code::Syntax, span, message);
        let ErrorVariant::ParsingError { positives, .. } = &error.variant else { return mistake };
        let mut names: Vec<String> = positives.iter().map(|rule| rule_words(*rule)).collect();
        names.sort_unstable();
        names.dedup();
        match names.len() {
            0 => mistake,
            1..=EXPECTED_MAX => mistake.hint(format!("expected {}", names.join(", "))),
            _ if self.at(self.here).is_some_and(|token| clauses::is_clause(token)) => {
                mistake.hint(clauses::ORDER)
            }
            _ => mistake,
        }
    }
}

fn initial(word: &str) -> String {
    word.chars().take(1).flat_map(char::to_lowercase).collect()
}

fn kind_words() -> Vec<&'static str> {
    KINDS.iter().map(|kind| kind.name()).chain(["node"]).collect()
}

fn relation_words() -> impl Iterator<Item = &'static str> {
    RELATIONS.iter().flat_map(|spec| [spec.name, spec.inverse])
}

fn vocabulary() -> impl Iterator<Item = &'static str> {
    let words = RESERVED.into_iter().chain(UNRESERVED);
    words.chain(kind_words()).chain(relation_words())
}

/// What a word of the language is, or none if it is the user's.
pub(super) fn word_class(word: &str) -> Option<&'static str> {
    let is = |known: &str| known.eq_ignore_ascii_case(word);
    if kind_words().into_iter().any(is) {
        Some("a kind")
    } else if relation_words().any(is) {
        Some("a relation")
    } else if RESERVED.into_iter().any(is) {
        Some("a word of the language")
    } else {
        None
    }
}

/// A rule as a reader would call it.
fn rule_words(rule: Rule) -> String {
    let name = format!("{rule:?}");
    if let Some(word) = name.strip_suffix("_kw") {
        return format!("`{word}`");
    }
    match rule {
        Rule::EOI => "the end".to_owned(),
        Rule::var | Rule::word | Rule::attr | Rule::field => "a name".to_owned(),
        Rule::reference => "a node such as `model:x@3`".to_owned(),
        Rule::node_id => "an id such as `#9f2c1a`".to_owned(),
        Rule::param => "a parameter such as `$hash`".to_owned(),
        Rule::edge => "a relation".to_owned(),
        Rule::term | Rule::target | Rule::operand => {
            "a kind, or a node such as `model:x`".to_owned()
        }
        Rule::script => "a statement".to_owned(),
        Rule::query | Rule::find_stmt => "a question such as `find model`".to_owned(),
        Rule::subquery => "a question in brackets".to_owned(),
        Rule::item => "a column".to_owned(),
        Rule::relation => "a relation such as `upstream of`".to_owned(),
        Rule::integer => "a whole number".to_owned(),
        Rule::expr => "a condition or value".to_owned(),
        _ => name.replace('_', " ").replace(" op", ""),
    }
}
