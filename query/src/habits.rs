//! Habits from other languages, and what to write here instead.

use crate::error::{Code, Mistake, Span};
use crate::parse::token::{Token, TokenKind};

/// Words or signs in a row that another language would take.
struct Habit {
    /// The row; `*` stands for any token.
    row: &'static [&'static str],
    /// What is wrong with it here.
    message: &'static str,
    /// What to do.
    hint: &'static str,
    /// What to put in its place, where that is all.
    replacement: Option<&'static str>,
}

const fn habit(
    row: &'static [&'static str],
    message: &'static str,
    hint: &'static str,
    replacement: Option<&'static str>,
) -> Habit {
    Habit { row, message, hint, replacement }
}

const READS_ONLY: &str = "the language only reads";
const IMPORTS: &str = "records enter through `lineal import` and the recording commands";
const ARROW: &str = "relations are words here, not arrows";
const ARROWS: &str = "write `run as r produces model as m`, or `dataset upstream of model:x`";
const CLOSURES: &str = "everything behind a thing is `upstream`, everything after it `downstream`";

/// Longer rows first, so that `optional match` is not taken for `match`.
const HABITS: &[Habit] = &[
    habit(
        &["optional", "match"],
        "there is no optional part",
        "use `first(find \u{2026})` or `list(find \u{2026})` as a column",
        None,
    ),
    habit(
        &["match"],
        "a question does not begin with `match`",
        "write `find dataset upstream of model:x`",
        None,
    ),
    habit(
        &["select", "?"],
        "a question does not begin with `select`, and variables have no `?`",
        "name terms: `find run as r produces model as m return r, m`",
        None,
    ),
    habit(
        &["select"],
        "a question does not begin with `select`",
        "write `find model where \u{2026} return name, version`",
        None,
    ),
    habit(
        &["upstream", "from"],
        "`upstream` is followed by `of`",
        "write `upstream of`",
        Some("upstream of"),
    ),
    habit(
        &["downstream", "from"],
        "`downstream` is followed by `of`",
        "write `downstream of`",
        Some("downstream of"),
    ),
    habit(
        &["list"],
        "a statement does not begin with `list`",
        "write `find model`; `list(find \u{2026})` is a column",
        None,
    ),
    habit(&["help"], "there is no `help`", "begin with `show kinds`, or `find dataset`", None),
    habit(&["create"], READS_ONLY, IMPORTS, None),
    habit(&["insert"], READS_ONLY, IMPORTS, None),
    habit(&["update"], READS_ONLY, IMPORTS, None),
    habit(&["delete"], READS_ONLY, IMPORTS, None),
    habit(&["merge"], READS_ONLY, IMPORTS, None),
    habit(&["drop"], READS_ONLY, IMPORTS, None),
    habit(&["set"], READS_ONLY, IMPORTS, None),
    habit(&["remove"], READS_ONLY, IMPORTS, None),
    habit(
        &["group", "by"],
        "there is no `group by`",
        "write `summarize count() as n by \u{2026}`",
        None,
    ),
    habit(
        &["sort", "by"],
        "rows are ordered with `order by`",
        "write `order by`",
        Some("order by"),
    ),
    habit(&["sort"], "rows are ordered with `order by`", "write `order by`", Some("order by")),
    habit(&["offset"], "rows are left out with `skip`", "write `skip`", Some("skip")),
    habit(&["top"], "rows are bounded with `limit`", "put `limit 10` at the end", None),
    habit(&["from"], "there are no tables", "name the kind: `find model where \u{2026}`", None),
    habit(
        &["join"],
        "there are no joins",
        "put terms beside each other: `find model as m, run as r where \u{2026}`, or name the relation between them",
        None,
    ),
    habit(&["between"], "there is no `between`", "write `time in 2026-01-01..2026-02-01`", None),
    habit(&["starts", "with"], "there is no `starts with`", "write `like \"text%\"`", None),
    habit(&["ends", "with"], "there is no `ends with`", "write `like \"%text\"`", None),
    habit(&["startswith"], "there is no `startswith`", "write `like \"text%\"`", None),
    habit(&["endswith"], "there is no `endswith`", "write `like \"%text\"`", None),
    habit(&["ilike"], "there is no `ilike`", "write `lower(name) like \"text%\"`", None),
    habit(
        &["regexp"],
        "a regular expression is tried with `matches`",
        "write `matches`",
        Some("matches"),
    ),
    habit(
        &["=~"],
        "a regular expression is tried with `matches`",
        "write `matches`",
        Some("matches"),
    ),
    habit(&["ancestors"], CLOSURES, "write `upstream of`", Some("upstream")),
    habit(&["descendants"], CLOSURES, "write `downstream of`", Some("downstream")),
    habit(&["depends", "on"], CLOSURES, "write `downstream of`", Some("downstream of")),
    habit(&["=", "null"], "nothing equals an absent value", "write `is null`", Some("is null")),
    habit(&["==", "null"], "nothing equals an absent value", "write `is null`", Some("is null")),
    habit(
        &["!=", "null"],
        "nothing equals an absent value",
        "write `is not null`",
        Some("is not null"),
    ),
    habit(
        &["<>", "null"],
        "nothing equals an absent value",
        "write `is not null`",
        Some("is not null"),
    ),
    habit(&["=", "none"], "nothing equals an absent value", "write `is null`", Some("is null")),
    habit(
        &["not", "null"],
        "a test for absence begins with `is`",
        "write `is not null`",
        Some("is not null"),
    ),
    habit(&["is", "true"], "a truth value is compared", "write `= true`", Some("= true")),
    habit(&["is", "false"], "a truth value is compared", "write `= false`", Some("= false")),
    habit(
        &["analyze"],
        "a question is answered and counted with `profile`",
        "write `profile find model`",
        None,
    ),
    habit(
        &["distinct"],
        "things are listed once; columns are made so after `return`",
        "write `find model return distinct name`",
        None,
    ),
    habit(&["fetch"], "rows are bounded with `limit`", "put `limit 10` at the end", None),
    habit(&["descending"], "the greatest first is `desc`", "write `desc`", Some("desc")),
    habit(&["ascending"], "the smallest first is `asc`", "write `asc`", Some("asc")),
    habit(&["export"], "an answer is printed in a format", "put `format csv` at the end", None),
    habit(&["nulls"], "absent values always stand last", "leave this out", None),
    habit(
        &["case"],
        "there is no `case`",
        "use `coalesce(a, b)`, or ask two questions joined with `union`",
        None,
    ),
    habit(
        &["find", "lineage"],
        "`lineage` is no kind",
        "write `find node upstream of model:x`, or `trace A to B` for paths",
        None,
    ),
    habit(
        &["find", "everything"],
        "anything is `node`",
        "write `find node upstream of model:x`",
        Some("find node"),
    ),
    habit(
        &["find", "anything"],
        "anything is `node`",
        "write `find node upstream of model:x`",
        Some("find node"),
    ),
    habit(
        &["find", "data"],
        "a version of data is a `dataset`",
        "write `find dataset upstream of model:x`",
        Some("find dataset"),
    ),
    habit(
        &["yesterday"],
        "a time is written out, or reckoned from `now()`",
        "write `2026-03-14`, or `now() - 1d` in a condition",
        None,
    ),
    habit(&["as", "-", "of"], "`as of` is two words", "write `as of 2026-03-14`", Some("as of")),
    habit(&["as", "of", "last"], "a time is written out", "write `as of 2026-03-14`", None),
    habit(
        &["history", "for"],
        "a life is told `of` a thing",
        "write `history of`",
        Some("history of"),
    ),
    habit(
        &["history", "from"],
        "a life is told `of` a thing",
        "write `history of`",
        Some("history of"),
    ),
    habit(
        &["prove", "that"],
        "`prove` is followed by what is proved",
        "leave `that` out",
        Some("prove"),
    ),
    habit(
        &["verify", "all"],
        "`verify` takes things",
        "write `verify (find model)`; `lineal verify` checks the whole store",
        None,
    ),
    habit(
        &["verify", "everything"],
        "`verify` takes things",
        "write `verify (find model)`; `lineal verify` checks the whole store",
        None,
    ),
    habit(
        &["?"],
        "variables have no sign, parameters have `$`",
        "write `m` for a term named `as m`, `$m` for a parameter",
        None,
    ),
    habit(&[":", "="], "a set is saved with `=`", "write `let s = find model;`", Some("=")),
    habit(
        &["show", "all"],
        "things are found, not shown",
        "write `find model`; `show kinds` lists the kinds",
        None,
    ),
    habit(
        &["show", "me"],
        "things are found, not shown",
        "write `find model`; `show kinds` lists the kinds",
        None,
    ),
    habit(&["=="], "equality is one sign", "write `=`", Some("=")),
    habit(&["<>"], "unequal is `!=`", "write `!=`", Some("!=")),
    habit(&["&&"], "both is a word", "write `and`", Some("and")),
    habit(&["||"], "either is a word", "write `or`", Some("or")),
    habit(&["!"], "the complement is a word", "write `not`", Some("not")),
    habit(&["]->"], ARROW, ARROWS, None),
    habit(&["<-["], ARROW, ARROWS, None),
    habit(&["->"], ARROW, ARROWS, None),
    habit(&["<-"], ARROW, ARROWS, None),
    habit(&["-["], ARROW, ARROWS, None),
    habit(&["=>"], ARROW, ARROWS, None),
    habit(
        &["|>"],
        "there are no pipes",
        "clauses follow each other: `find \u{2026} where \u{2026} return \u{2026}`",
        None,
    ),
    habit(
        &["|"],
        "there are no pipes",
        "clauses follow each other: `find \u{2026} where \u{2026} return \u{2026}`",
        None,
    ),
    habit(
        &["::"],
        "there are no ranges of revisions",
        "write `upstream of` or `trace A to B`",
        None,
    ),
    habit(
        &["return", "*"],
        "`return` names its columns",
        "leave `return` out to list the nodes, or write `m.*` for every field of m",
        None,
    ),
    habit(
        &["@"],
        "a field has no `@`",
        "write its name: `find inference where service = \"web\"`",
        None,
    ),
];

/// Words after a number that mean a duration, and the suffix to write.
const DURATIONS: [(&str, &str); 16] = [
    ("seconds", "s"),
    ("second", "s"),
    ("minutes", "m"),
    ("minute", "m"),
    ("hours", "h"),
    ("hour", "h"),
    ("days", "d"),
    ("day", "d"),
    ("weeks", "w"),
    ("week", "w"),
    ("months", "mo"),
    ("month", "mo"),
    ("years", "y"),
    ("year", "y"),
    ("ms", "ms"),
    ("min", "m"),
];

/// The habit that shows in the tokens from `first` to `last`, if one does.
pub(crate) fn recognise(tokens: &[Token<'_>], first: usize, last: usize) -> Option<Mistake> {
    for at in first..=last {
        let rest = tokens.get(at..)?;
        let earlier = tokens.get(..at).unwrap_or_default();
        let found = duration(rest).or_else(|| star(earlier, rest)).or_else(|| page(rest));
        if let Some(mistake) = found.or_else(|| negated(earlier, rest)) {
            return Some(mistake);
        }
        for habit in HABITS {
            if let Some(span) = matched(habit, rest) {
                let mistake = Mistake::new(Code::Habit, span, habit.message).hint(habit.hint);
                return Some(match habit.replacement {
                    Some(text) => mistake.replace(text),
                    None => mistake,
                });
            }
        }
    }
    None
}

fn matched(habit: &Habit, rest: &[Token<'_>]) -> Option<Span> {
    let row = rest.get(..habit.row.len())?;
    let is_same = |(token, word): (&Token<'_>, &&str)| token.is(word);
    row.iter()
        .zip(habit.row)
        .all(is_same)
        .then(|| row.iter().map(|token| token.span).reduce(Span::to).unwrap_or_default())
}

/// `5 days`
fn duration(rest: &[Token<'_>]) -> Option<Mistake> {
    let [number, word, ..] = rest else { return None };
    if number.kind != TokenKind::Number || !number.text.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let (_, suffix) = DURATIONS.iter().find(|(name, _)| word.is(name))?;
    let text = format!("{}{suffix}", number.text);
    let span = number.span.to(word.span);
    Some(
        Mistake::new(Code::Habit, span, "a duration is one word")
            .hint(format!("write `{text}`"))
            .replace(text),
    )
}

/// `count(*)`, after `return`, after `summarize`, or anywhere else.
fn star(earlier: &[Token<'_>], rest: &[Token<'_>]) -> Option<Mistake> {
    let [count, open, star, ..] = rest else { return None };
    if !(count.is("count") && open.is("(") && star.is("*")) {
        return None;
    }
    let span = count.span.to(star.span);
    let mistake = Mistake::new(Code::Habit, span, "`count()` needs no star");
    let last = earlier.last();
    Some(if let Some(clause) = last.filter(|word| word.is("return")) {
        let message = "figures stand after `summarize`, and `count()` needs no star";
        Mistake::new(Code::Habit, clause.span.to(star.span), message)
            .hint("write `summarize count()`")
            .replace("summarize count(")
    } else if last.is_none_or(|word| word.is("find")) {
        mistake.hint("write `find model summarize count() as n`")
    } else {
        mistake.hint("write `count()`").replace("count(")
    })
}

/// `limit 5 offset 2`
fn page(rest: &[Token<'_>]) -> Option<Mistake> {
    let [limit, most, offset, from, ..] = rest else { return None };
    if !(limit.is("limit") && offset.is("offset")) {
        return None;
    }
    let text = format!("skip {} limit {}", from.text, most.text);
    Some(
        Mistake::new(
            Code::Habit,
            limit.span.to(from.span),
            "rows are left out with `skip`, which stands first",
        )
        .hint(format!("write `{text}`"))
        .replace(text),
    )
}

/// `name not like "a%"`: only `in` takes `not` before it.
fn negated(earlier: &[Token<'_>], rest: &[Token<'_>]) -> Option<Mistake> {
    let [not, operator, after @ ..] = rest else { return None };
    let word = ["like", "matches", "contains"].into_iter().find(|word| operator.is(word))?;
    not.is("not").then_some(())?;
    let span = not.span.to(operator.span);
    let message = "`not` stands before a whole condition";
    let mistake =
        Mistake::new(Code::Habit, span, message).hint(format!("write `not name {word} \"a\"`"));
    let is_value =
        |token: &&Token<'_>| token.kind == TokenKind::Text || token.text.starts_with('$');
    // The left side, where it is a name or a member of one.
    let dotted = earlier.iter().rev().enumerate().take_while(|(place, token)| {
        if place % 2 == 0 { token.kind == TokenKind::Word } else { token.is(".") }
    });
    let count = dotted.count();
    let count = if count % 2 == 0 { count.saturating_sub(1) } else { count };
    let left = earlier.len().checked_sub(count).filter(|_| count > 0);
    let (Some(first), Some(last), Some(value)) =
        (left.and_then(|index| earlier.get(index)), earlier.last(), after.first().filter(is_value))
    else {
        return Some(mistake);
    };
    let of: String =
        earlier.get(left.unwrap_or_default()..)?.iter().map(|token| token.text).collect();
    let text = format!("not {of} {word} {}", value.text);
    Some(
        Mistake { span: first.span.to(last.span).to(value.span), ..mistake }
            .hint(format!("write `{text}`"))
            .replace(text),
    )
}
