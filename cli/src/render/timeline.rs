//! A history as a time line: a day, and below it what happened on it, one line each.

use super::page::{Layout, named};
use super::paths::{GAP, folded};
use super::{Style, cell_text, terminal_width, visible};
use crate::exit::Outcome;
use lineal_query::{Answer, Value};
use std::io::Write;

/// What stands above the rows that say nothing of when.
const NO_TIME: &str = "no time recorded";

/// Draws these rows of the answer to `history of ...`: time, recorded, event, subject, by, source.
pub(super) fn print(
    out: &mut dyn Write,
    answer: &Answer,
    rows: &[Vec<Value>],
    layout: &Layout<'_>,
) -> Outcome<()> {
    let style = Style::new();
    let width = terminal_width();
    let day = |row: &Vec<Value>| match row.first() {
        Some(Value::Time(time)) => layout.zone.date(*time),
        _ => NO_TIME.to_owned(),
    };
    let mut at = 0;
    for of_a_day in rows.chunk_by(|one, next| day(one) == day(next)) {
        writeln!(out, "{}", style.strong(&of_a_day.first().map(day).unwrap_or_default()))?;
        for (place, row) in of_a_day.iter().enumerate() {
            let last = place + 1 == of_a_day.len();
            let (joint, bar) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let mark = layout.mark(at).filter(|_| named(answer, row).is_some());
            let (head, subject, told) = line(answer, row, layout, style);
            let mark = mark.map_or_else(String::new, |mark| style.found(&mark));
            let told = format!("{subject} {mark} {}", style.faint(&told));
            for line in folded(format!("{joint}{head}"), &told, bar, GAP, width) {
                writeln!(out, "{line}")?;
            }
            at += 1;
        }
    }
    Ok(())
}

/// When and what, of which thing, and who says so.
fn line(
    answer: &Answer,
    row: &[Value],
    layout: &Layout<'_>,
    style: Style,
) -> (String, String, String) {
    let text = |value: &Value| visible(&cell_text(answer, value, layout.zone)).into_owned();
    let [time, recorded, event, subject, by, source] = row else {
        // Columns as of a later version: nothing is lost, if not as handsome.
        let cells: Vec<String> = row.iter().map(text).collect();
        return (cells.join("  "), String::new(), String::new());
    };
    let mut head = String::new();
    if let Value::Time(time) = time {
        head.push_str(&layout.zone.clock(*time));
        head.push_str("  ");
    }
    head.push_str(&text(event));
    let mut told = Vec::new();
    for (word, value) in [("by ", by), ("from ", source), ("recorded ", recorded)] {
        if !value.is_absent() {
            told.push(format!("{word}{}", text(value)));
        }
    }
    (head, style.strong(&text(subject)), told.join(", "))
}
