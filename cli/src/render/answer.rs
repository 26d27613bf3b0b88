//! An answer as a table, JSON, lines of JSON, or CSV.

use super::{Style, and_more, table};
use crate::args::Format;
use crate::exit::Outcome;
use crate::time::Zone;
use lineal_query::{Answer, State, Value};
use serde_json::{Map, Value as Json};
use std::io::Write;

/// Prints an answer.
pub(crate) fn print_answer(
    out: &mut dyn Write,
    answer: &Answer,
    format: Format,
    zone: &Zone,
) -> Outcome<()> {
    match format {
        Format::Table => print_rows(out, answer, zone),
        Format::Json => Ok(writeln!(out, "{}", answer.to_json())?),
        Format::Ndjson => print_lines(out, answer),
        Format::Csv => print_csv(out, answer, zone),
    }
}

/// A value as a cell of a table.
pub(crate) fn cell_text(answer: &Answer, value: &Value, zone: &Zone) -> String {
    match value {
        Value::Time(time) => zone.time(*time),
        other => answer.text(other),
    }
}

fn print_rows(out: &mut dyn Write, answer: &Answer, zone: &Zone) -> Outcome<()> {
    if !answer.rows.is_empty() {
        let header: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
        let rows = answer.rows.iter();
        let rows = rows.map(|row| row.iter().map(|value| cell_text(answer, value, zone)).collect());
        super::print_table(out, &table(&header, rows.collect()))?;
    }
    print_notes(out, answer)
}

/// How many rows, how complete and why not, as of when.
pub(crate) fn print_notes(out: &mut dyn Write, answer: &Answer) -> Outcome<()> {
    let style = Style::new();
    let shown = answer.rows.len() as u64;
    let rows = if answer.total == 1 { "row" } else { "rows" };
    let count = if shown == answer.total {
        format!("{} {rows}", super::grouped(answer.total))
    } else {
        format!("{} of {} {rows}", super::grouped(shown), super::grouped(answer.total))
    };
    let state = answer.completeness.state();
    let note = format!("{count}, {state}, as of commit {}", answer.commit);
    writeln!(
        out,
        "{}",
        if state == State::Complete { style.faint(&note) } else { style.warn(&note) }
    )?;
    if let Some(limit) = answer.completeness.truncated {
        writeln!(out, "{}", style.warn(&format!("  ended by {limit}")))?;
    }
    for reason in &answer.completeness.reasons {
        writeln!(out, "{}", style.warn(&format!("  {reason}")))?;
    }
    let listed = answer.completeness.reasons.len();
    if let Some(more) = and_more(answer.completeness.reason_count, listed) {
        writeln!(out, "{}", style.warn(&format!("  {more}")))?;
    }
    for warning in &answer.warnings {
        writeln!(out, "{}", style.warn(&format!("  {warning}")))?;
    }
    Ok(())
}

fn print_lines(out: &mut dyn Write, answer: &Answer) -> Outcome<()> {
    for row in &answer.rows {
        let cells = answer.columns.iter().zip(row);
        let object: Map<String, Json> =
            cells.map(|(column, value)| (column.name.clone(), answer.json(value))).collect();
        writeln!(out, "{}", Json::Object(object))?;
    }
    Ok(())
}

fn print_csv(out: &mut dyn Write, answer: &Answer, zone: &Zone) -> Outcome<()> {
    let header = answer.columns.iter().map(|column| cell(&column.name));
    writeln!(out, "{}", header.collect::<Vec<_>>().join(","))?;
    for row in &answer.rows {
        let cells = row.iter().map(|value| cell(&cell_text(answer, value, zone)));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join(","))?;
    }
    Ok(())
}

/// A cell after RFC 4180.
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
