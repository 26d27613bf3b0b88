//! The public face: a question is read once, prepared once, and asked many times.

use std::fmt;
use std::str::FromStr;

use lineal_engine::event_fields::EventField;
use lineal_engine::schema::Kind;

use crate::answer::{Answer, Table};
use crate::ast::Script;
use crate::bind::bind;
use crate::error::{Mistake, Result};
use crate::execute::{Machine, Request, Rows, run, run_beside, run_flat, without_store};
use crate::parse::TextBounds;
use crate::plan::{Column, Plan, Root};
use crate::source::Source;

/// A question that has been read: its syntax stands, its meaning is not yet checked.
#[derive(Clone, PartialEq, Debug)]
pub struct Query {
    script: Script,
}

impl Query {
    /// Reads a question.
    ///
    /// # Errors
    /// The first mistake in its syntax.
    pub fn parse(text: &str) -> Result<Query, Mistake> {
        Ok(Query { script: crate::parse::parse(text)? })
    }

    /// Reads a question within bounds of the caller's own.
    ///
    /// # Errors
    /// As [`Query::parse`], and a text that is longer or deeper than these bounds.
    pub fn parse_within(text: &str, bounds: TextBounds) -> Result<Query, Mistake> {
        Ok(Query { script: crate::parse::parse_within(text, bounds)? })
    }

    /// Its syntax tree.
    #[must_use]
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// Checks its meaning and plans it. No store is needed.
    ///
    /// # Errors
    /// The first mistake in its meaning: an unknown name, a wrong direction, types that do not
    /// fit, or a part of the language that is not in this version yet.
    pub fn prepare(&self) -> Result<Prepared, Mistake> {
        Ok(Prepared { plan: bind(&self.script, false)? })
    }

    /// As [`Query::prepare`], without any rewrite: every term is scanned in the order of naming, and
    /// every condition tested last. What the planner is tested against; slow.
    ///
    /// # Errors
    /// As [`Query::prepare`].
    pub fn prepare_naively(&self) -> Result<Prepared, Mistake> {
        Ok(Prepared { plan: bind(&self.script, true)? })
    }
}

impl FromStr for Query {
    type Err = Mistake;
    fn from_str(text: &str) -> Result<Query, Mistake> {
        Query::parse(text)
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.script.fmt(f)
    }
}

/// A question that can be asked, any number of times and of any view.
#[derive(Debug)]
pub struct Prepared {
    plan: Plan,
}

impl Prepared {
    /// Reads and prepares in one go.
    ///
    /// # Errors
    /// The first mistake.
    pub fn new(text: &str) -> Result<Prepared, Mistake> {
        Query::parse(text)?.prepare()
    }

    /// The names of its parameters, sorted, without `$`.
    #[must_use]
    pub fn parameters(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.plan.parameters.iter().map(|place| place.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Does it have a parameter of this name?
    #[must_use]
    pub fn has_parameter(&self, name: &str) -> bool {
        self.plan.parameters.iter().any(|place| place.name == name)
    }

    /// The columns of its answer; `show`, `explain` and `profile` name theirs in it.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        match &self.plan.root {
            Root::Show(_) | Root::Explain(..) => &[],
            _ => &self.plan.columns,
        }
    }

    /// The fields of events that it speaks of, each once: what decides who may ask it.
    #[must_use]
    pub fn event_fields(&self) -> &[EventField] {
        &self.plan.event_fields
    }

    /// Does it name this kind, in words?
    #[must_use]
    pub fn names(&self, kind: Kind) -> bool {
        self.plan.names(kind).is_some()
    }

    /// Does it come by things of this kind, as far as the schema tells?
    #[must_use]
    pub fn comes_by(&self, kind: Kind) -> bool {
        self.plan.doubts.kinds.has(kind)
    }

    /// Does it ask for a view of the past, itself or within it (`as of`)?
    #[must_use]
    pub fn asks_of_past(&self) -> bool {
        self.plan.as_of.is_some() || self.plan.doubts.elsewhere
    }

    /// Does its answer depend on the time of asking (`now()`)?
    #[must_use]
    pub fn asks_of_now(&self) -> bool {
        self.plan.of_now
    }

    /// The output format that it asks for.
    #[must_use]
    pub fn format(&self) -> Option<&str> {
        self.plan.format.as_deref()
    }

    /// The answer, where the question is about the language alone (`show functions`, `show fields of
    /// model` and others) and needs no store; else none.
    #[must_use]
    pub fn without_store(&self, request: &Request<'_>) -> Option<Answer> {
        without_store(&self.plan, request.limits, request.now)
    }

    /// Asks a view.
    ///
    /// # Errors
    /// A key that nothing recorded has, a parameter without a value, or a store that cannot be
    /// read. A bound that is reached is no error: the answer says so.
    pub fn run<S: Source>(&self, source: &S, request: &Request<'_>) -> Result<Answer> {
        self.run_on(&mut Machine::default(), source, request)
    }

    /// As [`Prepared::run`], with working memory that is kept from one asking to the next.
    ///
    /// # Errors
    /// As [`Prepared::run`].
    pub fn run_on<S: Source>(
        &self,
        machine: &mut Machine,
        source: &S,
        request: &Request<'_>,
    ) -> Result<Answer> {
        run(&self.plan, source, request, machine, true)
    }

    /// As [`Prepared::run_on`], without looking up names: for programs that go on with the
    /// numbers of nodes. Such an answer prints nodes as empty text.
    ///
    /// # Errors
    /// As [`Prepared::run`].
    pub fn numbers_on<S: Source>(
        &self,
        machine: &mut Machine,
        source: &S,
        request: &Request<'_>,
    ) -> Result<Answer> {
        run(&self.plan, source, request, machine, false)
    }

    /// As [`Prepared::run_on`], for whoever writes the rows down at once and does not keep them: they lie
    /// in the memory of the machine, which the next asking uses again. `look` is given the answer, and
    /// the rows that follow those which it has itself ([`Answer::write_json_with`]).
    ///
    /// # Errors
    /// As [`Prepared::run`].
    pub fn look_on<S: Source, T>(
        &self,
        machine: &mut Machine,
        source: &S,
        request: &Request<'_>,
        look: impl FnOnce(Answer, &Table) -> T,
    ) -> Result<T> {
        let mut table = machine.table();
        let answered = run_beside(&self.plan, source, request, machine, &mut table);
        let looked = answered.map(|answer| look(answer, &table));
        machine.keep_table(table);
        looked
    }

    /// As [`Prepared::numbers_on`], with all rows in one list: what costs least where a program asks
    /// the same question often.
    ///
    /// # Errors
    /// As [`Prepared::run`].
    pub fn table_on<S: Source>(
        &self,
        machine: &mut Machine,
        source: &S,
        request: &Request<'_>,
    ) -> Result<Table> {
        let mut table = Table::empty();
        self.table_into(machine, source, request, &mut table)?;
        Ok(table)
    }

    /// As [`Prepared::table_on`], into a table that is kept from one asking to the next: after the
    /// first askings a question that goes along the graph, or for an event by its hash, allocates
    /// nothing.
    ///
    /// # Errors
    /// As [`Prepared::run`]; what the table then holds is no answer to this question.
    pub fn table_into<S: Source>(
        &self,
        machine: &mut Machine,
        source: &S,
        request: &Request<'_>,
        table: &mut Table,
    ) -> Result<()> {
        run_flat(&self.plan, source, request, machine, table)
    }

    /// Rows as they are found, in the order of their finding: kind and key for nodes, batch and row
    /// for events. The first term of the plan is gone through step by step, so dropping it ends the
    /// work. A question with an order, groups, set words, `distinct`, `root`, `tip` or `as of`, and a
    /// statement that is no `find`, is answered whole before its first row.
    ///
    /// # Errors
    /// As [`Prepared::run`]; what goes wrong later is an item.
    pub fn rows<'a, S: Source>(
        &'a self,
        machine: &'a mut Machine,
        source: &'a S,
        request: &Request<'a>,
    ) -> Result<Rows<'a, S>> {
        Rows::begin(&self.plan, source, request, machine)
    }
}
