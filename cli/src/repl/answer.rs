//! Answers at the prompt: rows with the numbers that `$1` means, paths as trees.

use super::paths;
use crate::exit::Outcome;
use crate::render::{Style, cell_text, grouped, print_notes, print_table, table};
use crate::time::Zone;
use lineal_engine::Snapshot;
use lineal_query::{Answer, Item, Type, Value};
use std::io::Write;

/// Rows laid out at a terminal: more is slow to lay out and read by nobody.
pub(crate) const ROWS_SHOWN_MAX: usize = 2_000;

/// Prints an answer for a person: so many rows of it. `view` is the view it came from.
pub(crate) fn print(
    out: &mut dyn Write,
    answer: &Answer,
    view: &Snapshot,
    zone: &Zone,
    rows_max: usize,
) -> Outcome<()> {
    let rows = answer.rows.get(..rows_max).unwrap_or(&answer.rows);
    if let [column] = answer.columns.as_slice()
        && column.column_type == Type::Path
    {
        paths::print(out, answer, rows, view, zone)?;
    } else if !rows.is_empty() {
        print_rows(out, answer, rows, zone)?;
    }
    if rows.len() < answer.rows.len() {
        let shown = grouped(rows.len() as u64);
        let note = format!("the first {shown} rows are shown; `.export FILE` writes all");
        writeln!(out, "{}", Style::new().warn(&note))?;
    }
    print_notes(out, answer)
}

fn print_rows(
    out: &mut dyn Write,
    answer: &Answer,
    rows: &[Vec<Value>],
    zone: &Zone,
) -> Outcome<()> {
    let numbered = rows.iter().any(|row| named(answer, row).is_some());
    let mut header: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
    if numbered {
        header.insert(0, "$");
    }
    let rows = rows.iter().enumerate().map(|(at, row)| {
        let mut cells: Vec<String> =
            row.iter().map(|value| cell_text(answer, value, zone)).collect();
        if numbered {
            let number = named(answer, row).map(|_| (at + 1).to_string());
            cells.insert(0, number.unwrap_or_default());
        }
        cells
    });
    Ok(print_table(out, &table(&header, rows.collect()))?)
}

/// What `$n` means: the first thing in row n, as it can be pasted. A path counts as what it leads
/// to, since where it begins is what the question gave.
pub(crate) fn reference(answer: &Answer, number: usize) -> Option<String> {
    let row = answer.rows.get(number.checked_sub(1)?)?;
    named(answer, row)
}

fn named(answer: &Answer, row: &[Value]) -> Option<String> {
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
pub(crate) fn item_name(answer: &Answer, item: Item) -> &str {
    match item {
        Item::Node(node) => answer.node_name(node),
        Item::Event(event) => answer.event_name(event),
    }
}
