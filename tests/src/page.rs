//! Answers as the pages of questions show them.

use lineal_query::{Answer, Picture, State, StoreView, Value};

/// Rows that a page shows of one answer.
const SHOWN: usize = 8;
/// Longest cell that a page shows.
const CELL: usize = 60;

/// The first rows of an answer, how many there are, and how complete it is.
///
/// # Panics
/// If it asks for a picture and cannot be drawn.
#[must_use]
pub fn shown(answer: &Answer, view: &StoreView) -> String {
    let mut out = String::new();
    match answer.format.as_deref() {
        Some("csv") => {
            answer.to_csv().lines().take(SHOWN).for_each(|line| out.push_str(&format!("{line}\n")));
        }
        Some("prov") => {
            let picture = Picture::of(answer, view).expect("it can be drawn").to_prov();
            let parts = picture.as_object().into_iter().flatten();
            for (part, entries) in parts {
                let count = entries.as_object().map_or(0, serde_json::Map::len);
                out.push_str(&format!("{part}: {count}\n"));
            }
        }
        _ => {
            let names: Vec<_> = answer.columns.iter().map(|column| column.name.as_str()).collect();
            out.push_str(&format!("{}\n", names.join(" | ")));
            for row in answer.rows.iter().take(SHOWN) {
                let row: Vec<_> = row.iter().map(|value| cell(answer, value)).collect();
                out.push_str(&format!("{}\n", row.join(" | ")));
            }
        }
    }
    let rows = if answer.total == 1 { "row" } else { "rows" };
    let state = answer.completeness.state();
    out.push_str(&format!("({} {rows}, {state})\n", answer.total));
    if state != State::Complete {
        for reason in answer.completeness.reasons.iter().take(2) {
            out.push_str(&format!("({reason})\n"));
        }
    }
    for warning in &answer.warnings {
        out.push_str(&format!("(warning: {warning})\n"));
    }
    out
}

fn cell(answer: &Answer, value: &Value) -> String {
    let text = answer.text(value).replace('\n', " ");
    match text.char_indices().nth(CELL) {
        _ if matches!(value, Value::Path(_)) => text,
        Some((at, _)) => format!("{}\u{2026}", &text[..at]),
        None if text.is_empty() => "-".to_owned(),
        None => text,
    }
}
