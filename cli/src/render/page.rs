//! An answer for a person: rows with the numbers that `$1` means, paths as trees, a history as a
//! time line.

use super::{Style, cell_text, grouped, paths, print_notes, print_table, table, timeline};
use crate::exit::Outcome;
use crate::time::Zone;
use lineal_query::ast::{Spanned, Statement};
use lineal_query::{Answer, Item, NodeNo, Query, Type, Value};
use serde_json::Value as Json;
use std::io::Write;

/// Rows laid out at a terminal: more is slow to lay out and read by nobody.
pub(crate) const ROWS_SHOWN_MAX: usize = 2_000;

/// What an answer is drawn as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// Rows and columns.
    Table,
    /// Paths as a tree, if that is all there is; else a table.
    Tree,
    /// What happened, in the order of time.
    TimeLine,
}

impl Shape {
    /// What suits a request best.
    pub(crate) fn of(query: &Query) -> Shape {
        let is = |wanted: fn(&Statement) -> bool| {
            let statements = query.script().statements.iter();
            statements.map(|statement: &Spanned<Statement>| &statement.node).any(wanted)
        };
        if is(|statement| matches!(statement, Statement::History(..))) {
            Shape::TimeLine
        } else {
            Shape::Tree
        }
    }
}

/// How an answer is laid out.
#[derive(Clone, Copy)]
pub(crate) struct Layout<'a> {
    /// As what.
    pub(crate) shape: Shape,
    /// A few facts of a node of the answer.
    pub(crate) told: &'a dyn Fn(NodeNo) -> Outcome<Json>,
    /// The zone of its times.
    pub(crate) zone: &'a Zone,
    /// How many of its rows.
    pub(crate) rows_max: usize,
    /// Whether rows carry the numbers that the prompt takes.
    pub(crate) numbered: bool,
}

/// Prints an answer.
pub(crate) fn print(out: &mut dyn Write, answer: &Answer, layout: &Layout<'_>) -> Outcome<()> {
    let rows = answer.rows.get(..layout.rows_max).unwrap_or(&answer.rows);
    let only_paths =
        matches!(answer.columns.as_slice(), [column] if column.column_type == Type::Path);
    match layout.shape {
        _ if rows.is_empty() => {}
        Shape::Tree if only_paths => paths::print(out, answer, rows, layout)?,
        Shape::TimeLine => timeline::print(out, answer, rows, layout)?,
        Shape::Table | Shape::Tree => print_rows(out, answer, rows, layout)?,
    }
    if rows.len() < answer.rows.len() {
        let shown = grouped(rows.len() as u64);
        let note = format!("the first {shown} rows are shown; {}", layout.for_all());
        writeln!(out, "{}", Style::new().warn(&note))?;
    }
    print_notes(out, answer)
}

impl Layout<'_> {
    /// The mark of a row, where rows have one.
    pub(super) fn mark(&self, row: usize) -> Option<String> {
        self.numbered.then(|| format!("${}", row + 1))
    }

    fn for_all(&self) -> &'static str {
        if self.numbered { "`.export FILE` writes all" } else { "`--format csv` prints all" }
    }
}

fn print_rows(
    out: &mut dyn Write,
    answer: &Answer,
    rows: &[Vec<Value>],
    layout: &Layout<'_>,
) -> Outcome<()> {
    let numbered = layout.numbered && rows.iter().any(|row| named(answer, row).is_some());
    let mut header: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
    if numbered {
        header.insert(0, "$");
    }
    let rows = rows.iter().enumerate().map(|(at, row)| {
        let mut cells: Vec<String> =
            row.iter().map(|value| cell_text(answer, value, layout.zone)).collect();
        if numbered {
            let number = named(answer, row).map(|_| (at + 1).to_string());
            cells.insert(0, number.unwrap_or_default());
        }
        cells
    });
    Ok(print_table(out, &table(&header, rows.collect()))?)
}

/// The names of the events in the first rows of an answer: as many as a person could have seen.
pub(crate) fn events(answer: &Answer) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for value in answer.rows.iter().take(ROWS_SHOWN_MAX).flatten() {
        let event = match value {
            Value::Event(event) => *event,
            Value::Path(path) => match path.start {
                Item::Event(event) => event,
                Item::Node(_) => continue,
            },
            _ => continue,
        };
        names.push(answer.event_name(event).to_owned());
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// What `$n` means: the first thing in row n, as it can be pasted. A path counts as what it leads
/// to, since where it begins is what the question gave.
pub(crate) fn reference(answer: &Answer, number: usize) -> Option<String> {
    let row = answer.rows.get(number.checked_sub(1)?)?;
    named(answer, row)
}

pub(super) fn named(answer: &Answer, row: &[Value]) -> Option<String> {
    row.iter().find_map(|value| first_name(answer, value))
}

fn first_name(answer: &Answer, value: &Value) -> Option<String> {
    match value {
        Value::Node(node) => Some(answer.node_name(*node).to_owned()),
        Value::Event(event) => Some(answer.event_name(*event).to_owned()),
        Value::Path(path) => {
            let end = path.steps.last().map_or(path.start, |step| step.to);
            Some(item_name(answer, end).to_owned())
        }
        Value::List(items) => items.iter().find_map(|item| first_name(answer, item)),
        _ => None,
    }
    .filter(|name| !name.is_empty())
}

/// The name of a node or event in the rows.
pub(super) fn item_name(answer: &Answer, item: Item) -> &str {
    match item {
        Item::Node(node) => answer.node_name(node),
        Item::Event(event) => answer.event_name(event),
    }
}
