//! Tables that fit the width of the terminal.

use super::visible;
use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};
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
