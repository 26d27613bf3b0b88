//! Names to things: variables, fields, functions, directions and types are found or refused.
//!
//! Binding needs the schema and no store, so a statement is bound once and run many times.
//! Keys are looked up when it runs: what they mean depends on the view.

mod arithmetic;
mod closure;
mod compare;
mod expression;
mod field;
mod find;
pub(crate) mod function;
mod group;
mod pattern;
mod relation;
mod repair;
mod scope;
mod show;
mod statement;
mod trace;

use lineal_engine::schema::Kind;

use crate::ast::{Count, Find, Script, Spanned, Statement, Subject, Tail};
use crate::error::{Code, Mistake, Span};
use crate::plan::{
    AsOf, Bound as RowBound, Column, Doubts, KeySource, Kinds, ParameterUse, Plan, Root,
    SetDefinition, SetId, SetSource, Slot, Type, View,
};
use crate::suggest::nearest;

pub(crate) use closure::lineage;
pub(crate) use compare::regular;
pub(crate) use expression::length_of;
pub(crate) use field::{PROOF, all_fields, field_type};
use statement::{DIFF_COLUMNS, HISTORY_COLUMNS, VERIFY_COLUMNS, columns};

type Bind<T> = Result<T, Mistake>;

/// Formats that an answer can be asked to have.
pub const FORMATS: [&str; 8] =
    ["table", "json", "ndjson", "csv", "prov", "dot", "mermaid", "bundle"];

/// Most terms in one request, so that a generated text cannot hold a thread.
pub(crate) const TERMS_MAX: usize = 256;

/// Binds a request: saved sets, then one question. A request of saved sets alone shows the last.
pub(crate) fn bind(script: &Script, naively: bool) -> Bind<Plan> {
    let mut binder = Binder { naively, ..Binder::default() };
    let mut question = None;
    let mut last = None;
    for statement in &script.statements {
        match &statement.node {
            Statement::Let(name, find) if question.is_none() => {
                binder.save(name, find)?;
                last = Some(find);
            }
            Statement::Let(name, _) => {
                return Err(Mistake::new(
                    Code::Questions,
                    name.span,
                    "sets are saved before the question",
                )
                .hint("put the `let` lines first"));
            }
            _ if question.is_some() => {
                return Err(Mistake::new(
                    Code::Questions,
                    statement.span,
                    "a request asks one question",
                )
                .hint("ask them one after the other"));
            }
            _ => question = Some(statement),
        }
    }
    let bound = match (question, last) {
        (Some(statement), _) => binder.statement(statement)?,
        (None, Some(find)) => binder.shown(find)?,
        (None, None) => {
            return Err(Mistake::new(Code::Empty, Span::default(), "there is no question"));
        }
    };
    let doubts = binder.doubts();
    let Binder {
        slots, sets, parameters, mut event_fields, sealed_of_trail, of_now, warnings, ..
    } = binder;
    event_fields.sort_unstable();
    event_fields.dedup();
    let Bound { root, as_of, format } = bound;
    let columns = columns_of(&root);
    Ok(Plan {
        root,
        slots,
        sets,
        parameters,
        as_of,
        format,
        columns,
        event_fields,
        sealed_of_trail,
        doubts,
        of_now,
        warnings,
    })
}

/// The columns of an answer; `show`, `explain` and `profile` make their own.
fn columns_of(root: &Root) -> Vec<Column> {
    match root {
        Root::Find(find) => find.columns.clone(),
        Root::Trace(trace) => trace.columns.clone(),
        Root::Diff(_) => columns(&DIFF_COLUMNS),
        Root::History(_) => columns(&HISTORY_COLUMNS),
        Root::Verify(_) => columns(&VERIFY_COLUMNS),
        Root::Explain(_, inner) => columns_of(inner),
        Root::Show(_) => Vec::new(),
    }
}

/// A bound statement.
struct Bound {
    root: Root,
    as_of: Option<AsOf>,
    format: Option<String>,
}

impl Binder {
    fn statement(&mut self, statement: &Spanned<Statement>) -> Bind<Bound> {
        let span = statement.span;
        let (root, tail) = match &statement.node {
            Statement::Find(find) => return self.shown(find),
            Statement::Trace(trace) => (Root::Trace(Box::new(self.trace(trace)?)), &trace.tail),
            Statement::Show(topic, of, tail) => {
                (Root::Show(show::topic(topic, of.as_ref())?), tail)
            }
            Statement::Diff(before, after, tail) => (self.diff(before, after)?, tail),
            Statement::History(of, condition, tail) => {
                (self.history(of, condition.as_ref(), tail)?, tail)
            }
            Statement::Verify(deep, of, tail) => (self.verify(*deep, of)?, tail),
            Statement::Prove(absent, _, _) => return Err(statement::no_proof(*absent, span)),
            Statement::Explain(profile, body) => {
                let bound = self.statement(body)?;
                return Ok(Bound { root: Root::Explain(*profile, Box::new(bound.root)), ..bound });
            }
            // Refused above; a set is no question.
            Statement::Let(_, find) => return self.shown(find),
        };
        Ok(Bound { root, as_of: self.as_of(tail)?, format: self.format(tail)? })
    }

    fn shown(&mut self, find: &Find) -> Bind<Bound> {
        let as_of = self.as_of(&find.tail)?;
        let format = self.format(&find.tail)?;
        Ok(Bound { root: Root::Find(self.find(find, true)?), as_of, format })
    }
}

/// What is gathered while a question is bound.
#[derive(Default)]
struct Binder {
    /// Plan without any rewrite: what the planner is tested against.
    naively: bool,
    slots: Vec<Slot>,
    sets: Vec<SetDefinition>,
    parameters: Vec<ParameterUse>,
    scopes: Vec<scope::Scope>,
    /// Variables that were looked up, in order; conditions are placed by them.
    touched: Vec<usize>,
    /// Places for results that are kept from row to row.
    memos: usize,
    grouping: Option<group::Grouping>,
    /// Sets that were saved with `let`.
    saved: Vec<statement::Saved>,
    /// A condition is being read: only there does `deleted` ask for what is deleted.
    in_condition: bool,
    /// Fields of events that were spoken of.
    event_fields: Vec<lineal_engine::event_fields::EventField>,
    /// The first sealed field of the trail that was spoken of.
    sealed_of_trail: Option<(&'static str, Span)>,
    /// Is a field spoken of whose values are sealed?
    sealed: bool,
    /// Kinds that lie between the terms.
    between: Kinds,
    /// A closure leaves inputs without a role out.
    training: bool,
    /// An inner question sees another view.
    elsewhere: bool,
    /// `now()` was called.
    of_now: bool,
    /// What a reader of the answer should know, whatever the store holds.
    warnings: Vec<String>,
}

impl Binder {
    fn doubts(&self) -> Doubts {
        let own = self.slots.iter().map(|slot| slot.kinds);
        let named = self.sets.iter().map(|set| set.kinds);
        let kinds = own.chain(named).fold(self.between, Kinds::or);
        let (training, elsewhere, sealed) = (self.training, self.elsewhere, self.sealed);
        Doubts { kinds, training, elsewhere, sealed }
    }

    /// A relation is followed from and to these kinds.
    fn comes_by(&mut self, kinds: Kinds) {
        self.between = self.between.or(kinds);
    }

    fn memo(&mut self) -> usize {
        self.memos += 1;
        self.memos - 1
    }

    fn parameter(&mut self, name: &str, expected: Type, span: Span) -> usize {
        self.parameters.push(ParameterUse {
            name: name.to_owned(),
            expected,
            is_pattern: false,
            joined_with: None,
            span,
        });
        self.parameters.len() - 1
    }

    fn slot(&mut self, name: Option<String>, kinds: Kinds, span: Span) -> Bind<usize> {
        if self.slots.len() >= TERMS_MAX {
            return Err(Mistake::new(
                Code::TooDeep,
                span,
                format!("a request has at most {TERMS_MAX} terms"),
            )
            .hint("inner questions are counted; ask them one after the other"));
        }
        let depth = self.scopes.len();
        self.slots.push(Slot { name, kinds, span, depth, with_deleted: false });
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

    fn count(&mut self, count: Option<&Spanned<Count>>) -> Option<RowBound> {
        count.map(|count| match &count.node {
            Count::Number(number) => RowBound::Number(*number),
            Count::Parameter(name) => {
                RowBound::Parameter(self.parameter(name, Type::Int, count.span))
            }
        })
    }

    fn as_of(&mut self, tail: &Tail) -> Bind<Option<AsOf>> {
        let Some(as_of) = tail.as_of.as_ref() else { return Ok(None) };
        let view = match &as_of.node {
            crate::ast::AsOf::Time(time) => View::Time(*time),
            crate::ast::AsOf::Commit(number) => View::Commit(*number),
            crate::ast::AsOf::Parameter(name) => {
                View::Parameter(self.parameter(name, Type::Any, as_of.span))
            }
            crate::ast::AsOf::Reference(reference) if reference.kind == Some(Kind::Inference) => {
                return Err(Mistake::new(
                    Code::Types,
                    as_of.span,
                    "an event has no commit of its own",
                )
                .hint("`as of` takes a commit, a time, an import or another node"));
            }
            crate::ast::AsOf::Reference(reference) => {
                View::Node(self.reference(reference, as_of.span))
            }
            crate::ast::AsOf::Id(id) => View::Revision(id.clone()),
        };
        Ok(Some((view, as_of.span)))
    }

    fn format(&mut self, tail: &Tail) -> Bind<Option<String>> {
        let Some(format) = &tail.format else { return Ok(None) };
        let name = format.node.to_ascii_lowercase();
        if name == "bundle" {
            return Err(Mistake::new(
                Code::NotYet,
                format.span,
                "a proof is a file of its own, which `lineal prove` makes",
            )
            .hint("`format prov` gives the graph, `format json` the answer with its hash"));
        }
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
