//! Tables that fit the width of the terminal.

use super::{visible, visible_lines};
use crate::time::Zone;
use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};
use lineal_engine::schema::FieldType;
use lineal_proof::Value;
use std::fmt::Write as _;
use std::io::Write;

/// Columns of text under a ruled header: nothing that a paste would carry along.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table; without a terminal as wide as its content.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().map(|name| visible(name).into_owned()).collect::<Vec<_>>());
    for row in rows {
        table.add_row(row.iter().map(|cell| visible(cell)));
    }
    table
}

/// Columns of the terminal; `None` where the output goes elsewhere.
pub(crate) fn terminal_width() -> Option<usize> {
    Table::new().width().map(usize::from)
}

/// Prints a table without blanks at the ends of its lines.
pub(crate) fn print_table(out: &mut dyn Write, table: &Table) -> std::io::Result<()> {
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// A value of a record as text for a terminal, given its type.
pub(crate) fn value_text(value: &Value, field_type: Option<FieldType>, zone: &Zone) -> String {
    match (value, field_type) {
        (Value::Int(_), Some(FieldType::Time)) => {
            value.as_i64().map_or_else(String::new, |ns| zone.time(ns))
        }
        (Value::Null, _) => String::new(),
        (Value::Bool(truth), _) => truth.to_string(),
        (Value::Int(number), _) => number.to_string(),
        (Value::Float(number), _) => number.to_string(),
        (Value::Text(text), _) => visible_lines(text),
        (Value::Bytes(bytes), _) => data_encoding::HEXLOWER.encode(bytes),
        (Value::Link(cid), _) => cid.to_string(),
        (Value::List(items), _) => {
            let items = items.iter().map(|item| value_text(item, None, zone));
            items.collect::<Vec<_>>().join(", ")
        }
        (Value::Map(map), _) => {
            let mut out = String::new();
            for (name, member) in map.iter() {
                let text = value_text(member, None, zone);
                let _ = write!(
                    out,
                    "{}{} = {text}",
                    if out.is_empty() { "" } else { "\n" },
                    visible(name)
                );
            }
            out
        }
    }
}
