//! One field of row after row of a container, from kept pages: the page at hand is looked up once for
//! all of its rows that are asked for (`benches/asking.rs`, q10).

use super::EventValue;
use super::column::Column;
use super::decoded::Decoded;
use super::reader::Container;
use crate::error::Result;
use crate::event_fields::EventField;
use crate::schema::FieldType;
use std::ops::Range;
use std::sync::Arc;

/// A look at a field of the rows of one container.
pub(crate) struct Cursor<'c> {
    container: &'c Container,
    decoded: &'c Decoded,
    /// The number of the container in the view.
    number: u32,
    field: EventField,
    field_type: FieldType,
    /// Rows whose pages are at hand; none before the first was asked for.
    rows: Range<usize>,
    /// The columns of the field, the whole or fixed one first, each with the page at hand.
    columns: [Option<(usize, Page)>; 2],
}

/// A page of a column, and the row of the container that stands first in it.
#[derive(Default)]
struct Page {
    first: usize,
    column: Option<Arc<Column>>,
}

impl Page {
    #[inline]
    fn value(&self, row: usize, field_type: FieldType) -> Option<EventValue<'_>> {
        self.column.as_ref()?.value(row - self.first, field_type)
    }
}

impl<'c> Cursor<'c> {
    pub(crate) fn new(
        container: &'c Container,
        decoded: &'c Decoded,
        number: u32,
        field: EventField,
    ) -> Cursor<'c> {
        let (whole, other) = container.columns_of(field);
        let columns = [whole, other].map(|index| index.map(|index| (index, Page::default())));
        let field_type = field.spec().field_type;
        Cursor { container, decoded, number, field, field_type, rows: 0..0, columns }
    }

    /// The number of its container.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// The value of a row.
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`] if the container cannot be decoded or is shorter than that.
    #[inline]
    pub(crate) fn value(&mut self, row: usize) -> Result<Option<EventValue<'_>>> {
        if !self.rows.contains(&row) {
            self.turn_to(row)?;
        }
        let [whole, other] = &self.columns;
        if let Some((_, page)) = whole
            && let Some(value) = page.value(row, self.field_type)
        {
            return Ok(Some(value));
        }
        Ok(other.as_ref().and_then(|(_, page)| page.value(row, self.field_type)))
    }

    /// Takes the pages that hold a row.
    #[cold]
    fn turn_to(&mut self, row: usize) -> Result<()> {
        self.container.check_row(row)?;
        // Until all pages are there, none is.
        self.rows = 0..0;
        let mut rows = 0..self.container.rows();
        for (index, page) in self.columns.iter_mut().flatten() {
            let (decoded, number) = (self.decoded, self.number);
            let (column, at) = self.container.page(decoded, number, row, *index, self.field)?;
            let first = row - at;
            rows = rows.start.max(first)..rows.end.min(first + column.present.len());
            *page = Page { first, column: Some(column) };
        }
        self.rows = rows;
        Ok(())
    }
}
