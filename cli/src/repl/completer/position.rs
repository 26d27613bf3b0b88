//! What may stand at the cursor: read off the words before it.
//!
//! The parser cannot say this of a text that is not finished, so this walk keeps just enough of
//! its knowledge: the clause, the kind that stands last, the names given so far. When it does not
//! know it offers more rather than less; the binder has the last word.

use super::super::words::{Form, Piece};
use lineal_engine::schema::{Direction, Kind, RELATIONS, RelationSpec};

/// A group of words that may stand somewhere.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Want {
    /// These words of the language.
    Words(&'static [&'static str]),
    /// Kinds; empty is every kind.
    Terms(Vec<Kind>),
    /// Relations that lead away from a kind; `None` is any.
    Relations(Option<Kind>),
    /// Fields of a kind; `None` is what all have.
    Fields(Option<Kind>),
    /// Names given in this question.
    Names(Vec<String>),
    /// Sets kept with `let`.
    Sets,
    /// Columns of the answer to a statement that is not `find`.
    Columns(&'static [&'static str]),
    /// Functions of a row.
    Functions,
    /// Figures of a group.
    Figures,
    /// Output formats.
    Formats,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Clause {
    Start,
    Pattern,
    Operand,
    Where,
    Return,
    Summarize,
    Group,
    Order,
    Tail,
    Show,
}

pub(super) const VERBS: &[&str] =
    &["find", "trace", "diff", "history", "prove", "verify", "show", "explain", "profile", "let"];
pub(super) const TOPICS: &[&str] =
    &["kinds", "relations", "fields", "functions", "limits", "schema"];
pub(super) const DIFF_COLUMNS: &[&str] = &["change", "subject", "field", "before", "after"];
pub(super) const HISTORY_COLUMNS: &[&str] =
    &["time", "recorded", "event", "subject", "by", "source"];
pub(super) const VERIFY_COLUMNS: &[&str] = &["subject", "result", "detail"];
const AFTER_CONDITION: &[&str] = &["return", "summarize", "order", "skip", "limit", "as", "format"];
const AFTER_TERM: &[&str] = &[
    "upstream",
    "downstream",
    "as",
    "where",
    "return",
    "summarize",
    "order",
    "skip",
    "limit",
    "format",
    "union",
    "intersect",
    "except",
];
const AFTER_OPERAND: &[&str] =
    &["via", "avoiding", "within", "as", "where", "return", "order", "skip", "limit", "format"];
const CLOSURES: &[&str] = &["upstream", "downstream"];
const REACH: &[&str] = &["of", "via", "avoiding", "within"];
const OPERATORS: &[&str] = &["and", "or", "not", "in", "like", "contains", "matches", "is"];
const IN_CONDITION: &[&str] =
    &["not", "exists", "upstream", "downstream", "true", "false", "size", "list", "first"];
const SETS_OF_RELATIONS: &[&str] = &["lineage", "training", "any"];

/// What was met inside one pair of brackets.
#[derive(Clone, Debug)]
struct Scope {
    clause: Clause,
    /// The kind of the term that stands last.
    subject: Option<Kind>,
    /// The kind that bare fields mean.
    first: Option<Option<Kind>>,
    /// Names given with `as`.
    names: Vec<(String, Option<Kind>)>,
    /// The relation that stands last, and what it leaves.
    relation: Option<(&'static RelationSpec, Direction, Option<Kind>)>,
    in_via: bool,
    /// Between `upstream` and its `of`.
    in_reach: bool,
    /// The question is for paths.
    is_trace: bool,
    /// What a condition of the statement speaks of, where that is not the fields of a kind.
    columns: &'static [&'static str],
}

impl Scope {
    fn new(clause: Clause, names: Vec<(String, Option<Kind>)>) -> Scope {
        Scope {
            clause,
            subject: None,
            first: None,
            names,
            relation: None,
            in_via: false,
            in_reach: false,
            is_trace: false,
            columns: &[],
        }
    }

    fn bare(&self) -> Option<Kind> {
        self.first.flatten()
    }

    /// What an expression may name: terms, and the path where there is one.
    fn nameable(&self) -> Want {
        let path = self.is_trace.then(|| "path".to_owned());
        let bare = matches!(self.clause, Clause::Pattern | Clause::Operand | Clause::Start);
        let it = (!bare).then(|| "it".to_owned());
        Want::Names(self.names.iter().map(|(name, _)| name.clone()).chain(path).chain(it).collect())
    }

    fn named(&self, name: &str) -> Option<Option<Kind>> {
        self.names.iter().rev().find(|(given, _)| given == name).map(|(_, kind)| *kind)
    }

    fn term(&mut self, kind: Option<Kind>) {
        self.subject = kind;
        self.relation = None;
        if self.first.is_none() {
            self.first = Some(kind);
        }
    }
}

/// The sets that these words keep with `let`.
pub(crate) fn sets<'a>(before: &'a [Piece<'a>]) -> impl Iterator<Item = &'a str> {
    before.windows(2).filter(|pair| pair[0].is("let")).map(|pair| pair[1].text)
}

/// What may stand behind these words; the word that is being typed is not among them.
pub(crate) fn wants(before: &[Piece<'_>]) -> Vec<Want> {
    let before: Vec<&Piece<'_>> = before.iter().filter(|p| p.form != Form::Comment).collect();
    let mut scopes = vec![Scope::new(Clause::Start, Vec::new())];
    for (at, piece) in before.iter().enumerate() {
        let previous = at.checked_sub(1).and_then(|at| before.get(at)).copied();
        step(&mut scopes, piece, previous);
    }
    let Some(scope) = scopes.last() else { return Vec::new() };
    if let [.., owner, dot] = before.as_slice()
        && dot.is(".")
        && owner.form == Form::Word
    {
        return vec![Want::Fields(scope.named(owner.text).unwrap_or_default())];
    }
    next(scope, before.last().copied())
}

/// Takes one word into account.
fn step(scopes: &mut Vec<Scope>, piece: &Piece<'_>, previous: Option<&Piece<'_>>) {
    let inherited = scopes.last().map(|scope| scope.names.clone()).unwrap_or_default();
    let clause = scopes.last().map_or(Clause::Start, |scope| scope.clause);
    match piece.text {
        "(" => {
            let mut inner = Scope::new(clause, inherited);
            inner.first = scopes.last().and_then(|scope| scope.first);
            inner.subject = scopes.last().and_then(|scope| scope.subject);
            inner.is_trace = scopes.last().is_some_and(|scope| scope.is_trace);
            return scopes.push(inner);
        }
        ")" => {
            if scopes.len() > 1 {
                scopes.pop();
            }
            return;
        }
        ";" => return *scopes = vec![Scope::new(Clause::Start, Vec::new())],
        _ => {}
    }
    let Some(scope) = scopes.last_mut() else { return };
    let after_as = previous.is_some_and(|previous| previous.is("as"));
    let after_dot = previous.is_some_and(|previous| previous.is("."));
    match piece.form {
        Form::Word if after_dot => {}
        Form::Word if after_as && !piece.is("of") => {
            let kind = scope.subject;
            scope.names.push((piece.text.to_owned(), kind));
        }
        Form::Word => word(scope, piece, previous),
        Form::Key => {
            let kind = piece.text.split(':').next().and_then(Kind::parse);
            scope.term(kind);
        }
        Form::Id | Form::Parameter if matches!(scope.clause, Clause::Pattern | Clause::Operand) => {
            scope.term(None);
        }
        _ => {}
    }
}

fn word(scope: &mut Scope, piece: &Piece<'_>, previous: Option<&Piece<'_>>) {
    let lower = piece.text.to_ascii_lowercase();
    let clause = match lower.as_str() {
        "find" => {
            *scope = Scope::new(Clause::Pattern, std::mem::take(&mut scope.names));
            return;
        }
        "trace" | "diff" | "history" | "prove" | "verify" => Clause::Operand,
        "show" => Clause::Show,
        "where" | "having" => Clause::Where,
        "return" => Clause::Return,
        "summarize" => Clause::Summarize,
        "by" if scope.clause == Clause::Summarize => Clause::Group,
        "order" => Clause::Order,
        "skip" | "limit" | "format" => Clause::Tail,
        "of" if previous.is_some_and(|previous| previous.is("as")) => Clause::Tail,
        _ => scope.clause,
    };
    scope.clause = clause;
    scope.in_via = match lower.as_str() {
        "via" => true,
        "of" | "to" | "with" | "avoiding" | "within" | "where" | "return" => false,
        _ => scope.in_via,
    };
    scope.in_reach = match lower.as_str() {
        "upstream" | "downstream" => true,
        "of" => false,
        _ => scope.in_reach,
    };
    scope.is_trace |= lower == "trace";
    match lower.as_str() {
        "diff" => scope.columns = DIFF_COLUMNS,
        "history" => scope.columns = HISTORY_COLUMNS,
        "verify" => scope.columns = VERIFY_COLUMNS,
        _ => {}
    }
    if scope.in_via {
        return;
    }
    if let Some(kind) = Kind::parse(&lower) {
        if scope.clause != Clause::Show {
            scope.term(Some(kind));
        }
    } else if lower == "node" {
        scope.term(None);
    } else if let Some((spec, direction)) = relation(&lower) {
        let owner = previous.and_then(|previous| scope.named(previous.text));
        let in_pattern = matches!(scope.clause, Clause::Pattern | Clause::Operand);
        let from = if let Some(owner) = owner {
            owner
        } else if in_pattern || previous.is_some_and(is_term) {
            scope.subject
        } else {
            scope.bare()
        };
        scope.relation = Some((spec, direction, from));
    } else if let Some(kind) = scope.named(piece.text) {
        scope.subject = kind;
    }
}

fn relation(word: &str) -> Option<(&'static RelationSpec, Direction)> {
    RELATIONS.iter().find_map(|spec| {
        if spec.name == word {
            Some((spec, Direction::Forward))
        } else {
            (spec.inverse == word).then_some((spec, Direction::Inverse))
        }
    })
}

/// The kinds at which a relation arrives, coming from a kind.
fn arrives(spec: &RelationSpec, direction: Direction, from: Option<Kind>) -> Vec<Kind> {
    match (direction, from) {
        (_, Some(kind)) if spec.same_kind => vec![kind],
        (Direction::Forward, _) => spec.to.to_vec(),
        (Direction::Inverse, _) => spec.from.to_vec(),
    }
}

fn is_term(piece: &Piece<'_>) -> bool {
    matches!(piece.form, Form::Key | Form::Id)
        || piece.form == Form::Word && (Kind::parse(piece.text).is_some() || piece.is("node"))
}

/// What may follow the last word.
fn next(scope: &Scope, last: Option<&Piece<'_>>) -> Vec<Want> {
    let any_term = || vec![Want::Terms(Vec::new()), Want::Sets];
    let names = || scope.nameable();
    let Some(last) = last else { return vec![Want::Words(VERBS)] };
    let word = last.text.to_ascii_lowercase();
    if scope.in_via && matches!(word.as_str(), "via" | ",") {
        return vec![Want::Words(SETS_OF_RELATIONS), Want::Relations(None)];
    }
    // Words that ask for the same wherever they stand.
    match word.as_str() {
        "explain" | "profile" | "=" | ";" if scope.clause == Clause::Start => {
            return vec![Want::Words(VERBS)];
        }
        "let" | "within" | "skip" | "limit" => return Vec::new(),
        "find" => return vec![Want::Words(&["root", "tip"]), Want::Terms(Vec::new())],
        "union" | "intersect" | "except" => return vec![Want::Words(&["find"])],
        "root" | "tip" | "no" | "deep" | "diff" | "to" | "with" => {
            return vec![Want::Terms(Vec::new()), Want::Sets, names()];
        }
        "trace" => return [vec![Want::Words(&["all"])], any_term()].concat(),
        "prove" => return [vec![Want::Words(&["no"])], any_term()].concat(),
        "verify" => return [vec![Want::Words(&["deep"])], any_term()].concat(),
        "history" => return vec![Want::Words(&["of"])],
        "upstream" | "downstream" => return vec![Want::Words(REACH)],
        "avoiding" => return [any_term(), vec![names()]].concat(),
        "as" => return vec![Want::Words(&["of"])],
        "order" => return vec![Want::Words(&["by"])],
        "format" => return vec![Want::Formats],
        "is" => return vec![Want::Words(&["null", "not null"])],
        "exists" => return vec![Want::Terms(Vec::new())],
        "of" if scope.clause == Clause::Tail => return Vec::new(),
        "of" => return [any_term(), vec![names()]].concat(),
        _ => {}
    }
    if let Some((spec, direction, from)) = scope.relation
        && (last.is(spec.name) || last.is(spec.inverse))
    {
        return vec![Want::Terms(arrives(spec, direction, from)), Want::Sets, names()];
    }
    if scope.in_reach {
        return vec![Want::Words(REACH)];
    }
    match scope.clause {
        Clause::Start => vec![Want::Words(VERBS)],
        Clause::Show if word == "show" => vec![Want::Words(TOPICS)],
        Clause::Show => vec![Want::Words(if word == "fields" { &["of"] } else { &[] })],
        Clause::Pattern | Clause::Operand if word == "(" => vec![Want::Words(&["find"])],
        Clause::Pattern if word == "," => vec![Want::Terms(Vec::new()), names()],
        Clause::Pattern => vec![Want::Relations(scope.subject), Want::Words(AFTER_TERM)],
        Clause::Operand => {
            vec![Want::Words(&["to", "with"]), Want::Words(AFTER_OPERAND), Want::Words(CLOSURES)]
        }
        Clause::Where => condition(scope, last, names()),
        Clause::Return | Clause::Summarize | Clause::Group | Clause::Order => {
            columns(scope, last, names())
        }
        Clause::Tail => vec![Want::Words(&["skip", "limit", "as", "format"])],
    }
}

fn begins_expression(last: &Piece<'_>) -> bool {
    const OPENERS: [&str; 18] = [
        "where",
        "having",
        "and",
        "or",
        "not",
        "in",
        "like",
        "contains",
        "matches",
        "return",
        "by",
        "distinct",
        "(",
        ",",
        "=",
        "<",
        ">",
        "summarize",
    ];
    OPENERS.iter().any(|opener| last.is(opener)) || ["+", "-", "*", "/", "["].contains(&last.text)
}

fn condition(scope: &Scope, last: &Piece<'_>, names: Want) -> Vec<Want> {
    if begins_expression(last) {
        let fields = Want::Fields(scope.bare());
        let relations = Want::Relations(scope.bare());
        let columns = Want::Columns(scope.columns);
        let mut wanted = vec![columns, fields, names, Want::Functions, relations];
        wanted.push(Want::Words(IN_CONDITION));
        if last.is("(") || last.is("in") {
            wanted.splice(0..0, [Want::Words(&["find"]), Want::Sets]);
        }
        if last.is("not") {
            wanted.push(Want::Words(OPERATORS));
        }
        return wanted;
    }
    let mut wanted = vec![Want::Words(OPERATORS), Want::Words(AFTER_CONDITION)];
    let owner = scope.named(last.text).or_else(|| is_term(last).then_some(scope.subject));
    if let Some(kind) = owner {
        wanted.insert(0, Want::Words(CLOSURES));
        wanted.insert(0, Want::Relations(kind));
    }
    wanted
}

fn columns(scope: &Scope, last: &Piece<'_>, names: Want) -> Vec<Want> {
    if begins_expression(last) {
        let summarizes = scope.clause == Clause::Summarize;
        let figures = if summarizes { Want::Figures } else { Want::Functions };
        let columns = Want::Columns(scope.columns);
        let mut wanted = vec![columns, Want::Fields(scope.bare()), names, figures, Want::Functions];
        wanted.push(Want::Words(match last.text {
            "(" => &["find"],
            _ if last.is("return") => &["distinct", "exists", "size", "list", "first"],
            _ => &["exists", "size", "list", "first"],
        }));
        return wanted;
    }
    let mut wanted = vec![Want::Words(match scope.clause {
        Clause::Return => &["as", "order", "skip", "limit", "format"],
        Clause::Summarize => &["as", "by", "having", "order", "skip", "limit", "format"],
        Clause::Group => &["as", "having", "order", "skip", "limit", "format"],
        _ => &["asc", "desc", "skip", "limit", "as", "format"],
    })];
    if is_term(last) {
        wanted.insert(0, Want::Relations(scope.subject));
    }
    wanted
}
