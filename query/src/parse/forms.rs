//! What a statement cannot take, and what it still needs.
//!
//! `history` has no columns to choose, `diff` no condition, `show` nothing at all; an operator at
//! the end needs its right side. The grammar only knows that it cannot go on.

use super::diagnose::VERBS;
use super::token::{Token, TokenKind};
use crate::error::{Code, Mistake, Span};

/// The mistake of form at the token where the grammar gave up. `statement` holds the tokens of
/// the statement before it.
pub(super) fn recognise(
    tokens: &[Token<'_>],
    here: usize,
    statement: &[Token<'_>],
) -> Option<Mistake> {
    let before = here.checked_sub(1).and_then(|index| tokens.get(index))?;
    let Some(token) = tokens.get(here) else { return ending(before, statement) };
    let ends = [")", "]", ";", ","].iter().any(|sign| token.is(sign));
    ends.then(|| ending(before, statement))
        .flatten()
        .or_else(|| view(tokens, here, statement))
        .or_else(|| refused(token, statement))
        .or_else(|| saved(before, token, statement))
        .or_else(|| set_name(tokens, before, token))
        .or_else(|| distance(before, token, statement))
}

/// Slips within a call or a key, which would else be taken for a habit.
pub(super) fn within(tokens: &[Token<'_>], here: usize) -> Option<Mistake> {
    let token = tokens.get(here)?;
    let back = |count: usize| tokens.get(here.checked_sub(count)?);
    question(tokens, here).or_else(|| key(back(1)?, token, tokens.get(here + 1)))
}

fn syntax(span: Span, message: impl Into<std::borrow::Cow<'static, str>>) -> Mistake {
    Mistake::new(Code::Syntax, span, message)
}

/// Operators that need something on their right.
const OPERATORS: [&str; 12] = ["=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "..", "in"];

/// `where stage =`, `and`, `as`, `explain`, at the end.
fn ending(last: &Token<'_>, statement: &[Token<'_>]) -> Option<Mistake> {
    let is = |words: &[&str]| words.iter().any(|word| last.is(word));
    let span = Span::new(last.span.end, last.span.end);
    let word = last.text.to_lowercase();
    let missing = |what: &str, hint: &str| {
        Some(syntax(span, format!("{what} must follow `{word}`")).hint(hint.to_owned()))
    };
    let after_as = statement.iter().rev().nth(1).is_some_and(|token| token.is("as"));
    if is(&["and", "or", "not"]) {
        missing("a condition", "such as `stage = \"Production\"` or `upstream of model:x`")
    } else if is(&["like", "matches", "contains"]) {
        missing("a text", "write it in quotes, or give it as a parameter")
    } else if is(&["in"]) {
        missing("a list, a range or a question", "such as `in [\"a\", \"b\"]` or `in 1..5`")
    } else if is(&OPERATORS) {
        missing("a value", "text stands in quotes, numbers and times without")
    } else if is(&["as"]) {
        missing("a name", "such as `as m`; `as of` goes on with a commit or a time")
    } else if is(&["explain", "profile"]) {
        missing("a question", "such as `explain find model`")
    } else if is(&["of"]) && after_as {
        missing("a commit, a time or a node", "such as `as of 12` or `as of 2026-03-14`")
    } else {
        None
    }
}

/// `as of now()`; `diff A as of 1 with B`.
fn view(tokens: &[Token<'_>], here: usize, statement: &[Token<'_>]) -> Option<Mistake> {
    let at = |index: Option<usize>| index.and_then(|index| tokens.get(index));
    let begins = |verb: &str| statement.first().is_some_and(|token| token.is(verb));
    let is_as_of = |index: Option<usize>| {
        at(index).is_some_and(|token| token.is("as"))
            && at(index.and_then(|index| index.checked_add(1))).is_some_and(|token| token.is("of"))
    };
    let near = [Some(here), here.checked_sub(1)].into_iter().find(|index| is_as_of(*index));
    if begins("diff")
        && let Some(index) = near
        && tokens.get(here..)?.iter().any(|token| token.is("with"))
    {
        let span = at(index)?.span.to(at(index.map(|index| index + 1))?.span);
        return Some(
            syntax(span, "`as of` stands at the end and is about both sides")
                .hint("for one side write `diff (find model:x as of 1) with model:x`"),
        );
    }
    if !is_as_of(here.checked_sub(2)) {
        return None;
    }
    Some(
        syntax(at(Some(here))?.span, "`as of` takes a commit, a time, a parameter or a node").hint(
            "such as `as of 12` or `as of 2026-03-14`; without it the store is seen as it is now",
        ),
    )
}

/// Clauses after statements that have none.
fn refused(token: &Token<'_>, statement: &[Token<'_>]) -> Option<Mistake> {
    let verb = statement.iter().find(|word| !word.is("explain") && !word.is("profile"))?;
    let is = |words: &[&str]| words.iter().any(|word| token.is(word));
    let clauses = ["where", "return", "summarize", "having", "order", "skip", "limit"];
    let word = token.text.to_lowercase();
    if verb.is("show") && (is(&clauses) || is(&["as", "format"])) {
        let name = if word == "as" { "as of" } else { &word };
        return Some(
            syntax(token.span, format!("`show` is about the language and takes no `{name}`"))
                .hint("leave it out; `find model` lists what is recorded"),
        );
    }
    if verb.is("history") && is(&["return", "summarize", "having"]) {
        return Some(syntax(token.span, format!("a history takes no `{word}`")).hint(
            "its columns are time, recorded, event, subject, by and source; `where` and \
             `order by` speak of them",
        ));
    }
    if verb.is("trace") && is(&["summarize", "having"]) {
        return Some(
            syntax(token.span, format!("a trace takes no `{word}`"))
                .hint("`return length(path)` gives the length of each path"),
        );
    }
    let hint = match verb.text.to_lowercase().as_str() {
        "diff" => {
            "compare questions: `diff (find model where \u{2026}) with (find model where \u{2026})`"
        }
        "verify" => "verify a question: `verify (find batch where \u{2026})`",
        "prove" => "name what is proved: `prove dataset:x upstream of model:y`",
        _ => return None,
    };
    let verb = verb.text.to_lowercase();
    is(&clauses).then(|| syntax(token.span, format!("`{verb}` takes no `{word}`")).hint(hint))
}

/// `let s = trace …`
fn saved(before: &Token<'_>, token: &Token<'_>, statement: &[Token<'_>]) -> Option<Mistake> {
    let is_verb = VERBS.iter().any(|verb| token.is(verb)) && !token.is("find");
    let begins = statement.first().is_some_and(|word| word.is("let")) && before.is("=");
    (is_verb && begins).then(|| {
        syntax(token.span, "a set is saved from `find`")
            .hint("write `let s = find model where \u{2026};`")
    })
}

/// `let s = find model; find s`
fn set_name(tokens: &[Token<'_>], before: &Token<'_>, token: &Token<'_>) -> Option<Mistake> {
    if !["find", "root", "tip", ","].iter().any(|word| before.is(word)) {
        return None;
    }
    let is_saved = |pair: &[Token<'_>]| matches!(pair, [word, name] if word.is("let") && name.text == token.text);
    let place = tokens.windows(2).position(is_saved)?;
    let kind = kind_of_set(tokens.get(place..)?);
    // A condition that follows goes on after the one that is put in.
    let next = tokens.iter().find(|next| next.span.at >= token.span.end);
    let condition = next.filter(|next| next.is("where"));
    let span = condition.map_or(token.span, |next| token.span.to(next.span));
    let text = format!("{} where it in {}", kind.unwrap_or("node"), token.text);
    let message = format!("`{}` is a saved set, not a kind", token.text);
    let mistake = syntax(span, message).hint(format!("write `find {text}`"));
    Some(mistake.replace(if condition.is_some() { format!("{text} and") } else { text }))
}

/// The kind of what a set holds, as its `let` says: `let s = find model:x@1 …` holds models.
fn kind_of_set<'t>(saved: &[Token<'t>]) -> Option<&'t str> {
    let mut words = saved.iter().skip_while(|token| !token.is("find")).skip(1);
    let first = words.find(|token| !token.is("root") && !token.is("tip"))?;
    let word = first.text.split(':').next()?;
    let is_kind = super::diagnose::word_class(word) == Some("a kind");
    is_kind.then_some(word)
}

/// `within $n`, `within 8 steps`, `max 8`, `depth 3`.
fn distance(before: &Token<'_>, token: &Token<'_>, statement: &[Token<'_>]) -> Option<Mistake> {
    if before.is("within") && token.text.starts_with('$') {
        return Some(
            syntax(token.span, "a distance is written out, not given as a parameter")
                .hint("write `within 3` or `within 2..5`"),
        );
    }
    let is = |words: &[&str]| words.iter().any(|word| token.is(word));
    let bounded = statement.iter().rev().take(4).any(|word| word.is("within"));
    if bounded && is(&["steps", "step", "hops", "hop", "edges", "edge", "levels"]) {
        let span = Span::new(before.span.end, token.span.end);
        return Some(
            syntax(span, "a distance is a number of edges").hint("leave the word out").replace(""),
        );
    }
    if !is(&["depth", "max", "maxdepth", "hops", "levels"]) {
        return None;
    }
    let mistake = syntax(token.span, "a distance is bounded with `within`");
    if statement.first().is_some_and(|word| word.is("trace")) {
        return Some(mistake.replace("within"));
    }
    let reaches = statement.iter().any(|word| word.is("upstream") || word.is("downstream"));
    reaches.then(|| mistake.hint("write `upstream within 3 of model:x`"))
}

/// `summarize list(name)`, `size(model)`.
fn question(tokens: &[Token<'_>], here: usize) -> Option<Mistake> {
    let is_call = |token: &Token<'_>| ["size", "list", "first"].iter().any(|w| token.is(w));
    // The grammar gives up at the word, at its bracket or behind that.
    let (call, open, first) = (0..3).find_map(|back| {
        let at = here.checked_sub(back)?;
        let (call, open) = (tokens.get(at)?, tokens.get(at + 1)?);
        (at > 0 && is_call(call) && open.is("(")).then(|| (call, open, tokens.get(at + 2)))
    })?;
    let first = first.filter(|first| !first.is("find"))?;
    let name = call.text.to_lowercase();
    let mistake = syntax(first.span, format!("`{name}` takes a question"));
    let is_kind = super::diagnose::word_class(first.text) == Some("a kind");
    Some(if is_kind {
        let place = Span::new(open.span.end, open.span.end);
        Mistake { span: place, ..mistake }.hint("put `find` here").replace("find ")
    } else {
        mistake.hint(format!(
            "write `{name}(find approval approves m)`; figures over rows are `count()`, `max(x)` and others"
        ))
    })
}

/// `model:credit risk@3`, `model:$m@1`.
fn key(before: &Token<'_>, token: &Token<'_>, next: Option<&Token<'_>>) -> Option<Mistake> {
    if before.kind != TokenKind::Key {
        return None;
    }
    let (kind, name) = before.text.split_once(':')?;
    if name.starts_with('$') && token.is("@") {
        let version = next.map_or("3", |next| next.text);
        return Some(syntax(token.span, "a parameter holds the whole key, its version too").hint(
            format!(
                "leave `@{version}` out and give `--param {}=NAME@{version}`",
                name.trim_start_matches('$')
            ),
        ));
    }
    let is_plain = !name.starts_with(['"', '\'']) && token.kind == TokenKind::Word;
    (is_plain && next.is_some_and(|next| next.is("@"))).then(|| {
        let text = format!("{kind}:\"{name} {}\"", token.text);
        syntax(before.span.to(token.span), "a key with a blank stands in quotes").replace(text)
    })
}
