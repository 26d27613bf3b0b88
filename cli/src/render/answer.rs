//! An answer as a table for a reader, or in one of the forms that the language library writes.

use super::{Style, and_more, counted, table};
use crate::args::Format;
use crate::exit::{Failure, Outcome};
use crate::time::Zone;
use lineal_query::{Answer, Picture, State, StoreView, Value};
use std::io::Write;

/// Said of an answer that has rows and nothing to draw.
const NOTHING_DRAWN: &str = "note: the picture is empty: it draws the nodes, events and paths in the rows, and these rows hold only values; `return it` (or the name of a term) beside them";

/// Where the picture of an answer comes from.
#[derive(Clone, Copy)]
pub(crate) enum Drawn<'a> {
    /// From a view, or from an earlier one of its store.
    Of(&'a StoreView),
    /// It came with the answer.
    Given(Option<&'a Picture>),
}

/// Is a form a picture?
pub(crate) fn is_picture(format: Format) -> bool {
    matches!(format, Format::Prov | Format::Dot | Format::Mermaid)
}

/// Prints an answer.
pub(crate) fn print_answer(
    out: &mut dyn Write,
    answer: &Answer,
    drawn: Drawn<'_>,
    format: Format,
    zone: &Zone,
) -> Outcome<()> {
    let picture = || -> Outcome<Picture> {
        let picture = match drawn {
            Drawn::Of(view) => Picture::of(answer, view)
                .map_err(|error| Failure::Query { error, text: String::new() })?,
            Drawn::Given(Some(picture)) => picture.clone(),
            Drawn::Given(None) => {
                return Err(Failure::usage(
                    "a picture is of what a store holds; `show` is about the language",
                ));
            }
        };
        if picture.things.is_empty() && !answer.rows.is_empty() {
            // Beside the output, which a program may be reading; who closed this wants no notes.
            let _ = writeln!(std::io::stderr(), "{NOTHING_DRAWN}");
        }
        Ok(picture)
    };
    let text = match format {
        Format::Table => return print_rows(out, answer, zone),
        Format::Json => format!("{}\n", answer.to_json()),
        Format::Ndjson => answer.to_ndjson(),
        Format::Csv => answer.to_csv(),
        Format::Prov => format!("{:#}\n", picture()?.to_prov()),
        Format::Dot => picture()?.to_dot(),
        Format::Mermaid => picture()?.to_mermaid(),
        // Refused before anything is asked.
        Format::Bundle => return Err(no_bundle("")),
    };
    out.write_all(text.as_bytes())?;
    let says_itself = format == Format::Json;
    let is_plain = answer.completeness.state() == State::Complete && answer.warnings.is_empty();
    if !says_itself && !is_plain {
        // Rows alone look like all there is; who closed the notes' stream wants none.
        out.flush()?;
        let _ = print_notes(&mut std::io::stderr().lock(), answer);
    }
    Ok(())
}

/// Why a bundle is refused, in the words of the language, after a question if there is one.
pub(crate) fn no_bundle(text: &str) -> Failure {
    let question = if text.is_empty() { "show schema" } else { text };
    let text = format!("{} format bundle", question.trim_end().trim_end_matches(';'));
    match lineal_query::Prepared::new(&text) {
        Err(mistake) => Failure::Query { error: mistake.into(), text },
        Ok(_) => Failure::usage("a proof is a file of its own, which `lineal prove` makes"),
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
    let all = counted(answer.total, "row");
    let count =
        if shown == answer.total { all } else { format!("{} of {all}", super::grouped(shown)) };
    let state = answer.completeness.state();
    let seen = if answer.has_store() {
        format!(", as of commit {}", answer.commit)
    } else {
        String::new()
    };
    let note = format!("{count}, {state}{seen}");
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
