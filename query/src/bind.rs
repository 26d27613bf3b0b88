//! Names to things: variables, fields, functions, directions and types are found or refused.
//!
//! Binding needs the schema and no store, so a statement is bound once and run many times.
//! Keys are looked up when it runs: what they mean depends on the view.

mod closure;
mod compare;
mod expression;
mod find;
pub(crate) mod function;
mod group;
mod pattern;
mod relation;
mod scope;
mod show;
mod trace;

use crate::ast::{AsOf, Count, Script, Spanned, Statement, Subject, Tail};
use crate::error::{Code, Mistake, Span};
use crate::plan::{
    Bound, KeySource, Kinds, ParameterUse, Plan, Root, SetDefinition, SetId, SetSource, Slot, Type,
    View,
};
use crate::suggest::nearest;

pub(crate) use closure::lineage;
pub(crate) use expression::all_fields;

type Bind<T> = Result<T, Mistake>;

/// Formats that an answer can be asked to have.
pub const FORMATS: [&str; 7] = ["table", "json", "ndjson", "csv", "prov", "dot", "bundle"];

/// Most terms in one question, so that a generated text cannot hold a thread.
const SLOTS_MAX: usize = 256;

/// Binds a request of one question.
pub(crate) fn bind(script: &Script) -> Bind<Plan> {
    let mut questions = script.statements.iter();
    let (Some(statement), None) = (questions.next(), questions.next()) else {
        // Saved sets come first and are not in this version; name that rather than the count.
        if let Some(saved) = script.statements.iter().find(|s| matches!(s.node, Statement::Let(..)))
        {
            let at = saved.span.at;
            return Err(not_yet("let", Span::new(at, at + "let".len())));
        }
        let span = script.statements.get(1).map_or(Span::default(), |second| second.span);
        return Err(Mistake::new(Code::Questions, span, "a request asks one question")
            .hint("ask them one after the other"));
    };
    let mut binder = Binder::default();
    let mut as_of = None;
    let mut format = None;
    let root = match &statement.node {
        Statement::Find(find) => {
            as_of = binder.as_of(&find.tail)?;
            format = binder.format(&find.tail)?;
            Root::Find(binder.find(find, true)?)
        }
        Statement::Trace(trace) => {
            as_of = binder.as_of(&trace.tail)?;
            format = binder.format(&trace.tail)?;
            Root::Trace(Box::new(binder.trace(trace, statement.span)?))
        }
        Statement::Show(topic, of) => Root::Show(show::topic(topic, of.as_ref())?),
        other => {
            let verb = other.verb();
            let span = Span::new(statement.span.at, statement.span.at + verb.len());
            return Err(not_yet(verb, span));
        }
    };
    let Binder { slots, sets, parameters, .. } = binder;
    Ok(Plan { root, slots, sets, parameters, as_of, format })
}

/// The language has it, this version does not.
fn not_yet(what: &str, span: Span) -> Mistake {
    Mistake::new(Code::NotYet, span, format!("`{what}` is not in this version yet"))
        .hint("it is part of the language; this version answers `find`, `trace` and `show`")
}

/// What is gathered while a question is bound.
#[derive(Default)]
struct Binder {
    slots: Vec<Slot>,
    sets: Vec<SetDefinition>,
    parameters: Vec<ParameterUse>,
    scopes: Vec<scope::Scope>,
    /// Variables that were looked up, in order; conditions are placed by them.
    touched: Vec<usize>,
    /// Places for results that are kept from row to row.
    memos: usize,
    grouping: Option<group::Grouping>,
}

impl Binder {
    fn memo(&mut self) -> usize {
        self.memos += 1;
        self.memos - 1
    }

    fn parameter(&mut self, name: &str, expected: Type, span: Span) -> usize {
        self.parameters.push(ParameterUse { name: name.to_owned(), expected, span });
        self.parameters.len() - 1
    }

    fn slot(&mut self, name: Option<String>, kinds: Kinds, span: Span) -> Bind<usize> {
        if self.slots.len() >= SLOTS_MAX {
            return Err(Mistake::new(
                Code::TooLong,
                span,
                format!("a question has at most {SLOTS_MAX} terms"),
            ));
        }
        let depth = self.scopes.len();
        self.slots.push(Slot { name, kinds, depth, mentions_deleted: false });
        Ok(self.slots.len() - 1)
    }

    fn set(&mut self, source: SetSource, kinds: Kinds, correlated: bool, span: Span) -> SetId {
        self.sets.push(SetDefinition { source, kinds, correlated, span });
        self.sets.len() - 1
    }

    /// The set of what a subject names, if it names something by key.
    fn anchor(&mut self, subject: &Spanned<Subject>) -> Option<SetId> {
        let span = subject.span;
        match &subject.node {
            Subject::Reference(reference) => Some(self.reference(reference, span)),
            Subject::Id(id) => {
                Some(self.set(SetSource::Id(id.clone()), Kinds::nodes(), false, span))
            }
            Subject::Parameter(name) => {
                let place = self.parameter(name, Type::Node, span);
                Some(self.set(SetSource::Parameter(place), Kinds::all(), false, span))
            }
            Subject::Kind(_) | Subject::Variable(_) => None,
        }
    }

    fn reference(&mut self, reference: &crate::ast::Reference, span: Span) -> SetId {
        let key = match &reference.key {
            crate::ast::Key::Text(text) => KeySource::Text(text.clone()),
            crate::ast::Key::Parameter(name) => {
                KeySource::Parameter(self.parameter(name, Type::Text, span))
            }
        };
        self.set(SetSource::Key(key), Kinds::of(reference.kind), false, span)
    }

    fn count(&mut self, count: Option<&Spanned<Count>>) -> Option<Bound> {
        count.map(|count| match &count.node {
            Count::Number(number) => Bound::Number(*number),
            Count::Parameter(name) => Bound::Parameter(self.parameter(name, Type::Int, count.span)),
        })
    }

    fn as_of(&mut self, tail: &Tail) -> Bind<Option<(View, Span)>> {
        let Some(as_of) = &tail.as_of else { return Ok(None) };
        let view = match &as_of.node {
            AsOf::Time(time) => View::Time(*time),
            AsOf::Commit(number) => View::Commit(*number),
            AsOf::Parameter(name) => View::Parameter(self.parameter(name, Type::Any, as_of.span)),
            AsOf::Reference(_) | AsOf::Id(_) => {
                return Err(not_yet("as of a node", as_of.span)
                    .hint("give a commit number or a time: `as of 12`, `as of 2026-03-14`"));
            }
        };
        Ok(Some((view, as_of.span)))
    }

    fn format(&mut self, tail: &Tail) -> Bind<Option<String>> {
        let Some(format) = &tail.format else { return Ok(None) };
        let name = format.node.to_ascii_lowercase();
        if FORMATS.contains(&name.as_str()) {
            return Ok(Some(name));
        }
        let mistake = Mistake::new(
            Code::UnknownFormat,
            format.span,
            format!("there is no format `{}`", format.node),
        );
        Err(match nearest(&name, FORMATS) {
            Some(near) => mistake.replace(near),
            None => mistake.hint(format!("formats are {}", FORMATS.join(", "))),
        })
    }
}
