//! One field of row after row of a container, from kept pages: the page at hand is looked up once for
//! all of its rows that are asked for (`benches/asking.rs`, q10).

use super::EventValue;
use super::column::Column;
use super::decoded::Decoded;
use super::reader::Container;
use crate::error::Result;
use crate::event_fields::EventField;
use std::ops::Range;
use std::sync::Arc;

/// A look at a field of the rows of one container.
pub(crate) struct Cursor<'c> {
    container: Arc<Container>,
    decoded: &'c Decoded,
    /// The number of the container in the view.
    number: u32,
    field: EventField,
    /// Of each column of the field the page that was asked for last.
    pages: [Option<Page>; 2],
}

/// A page with the rows of the container that stand in it.
struct Page {
    rows: Range<usize>,
    column: Arc<Column>,
}

impl<'c> Cursor<'c> {
    pub(crate) fn new(
        container: Arc<Container>,
        decoded: &'c Decoded,
        number: u32,
        field: EventField,
    ) -> Cursor<'c> {
        Cursor { container, decoded, number, field, pages: [None, None] }
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
        let Cursor { container, decoded, number, field, pages } = self;
        let (whole, other) = container.columns_of(*field, row)?;
        let [first, second] = pages;
        for (index, page) in [(whole, first), (other, second)] {
            let Some(index) = index else { continue };
            if page.as_ref().is_none_or(|page| !page.rows.contains(&row)) {
                let (column, at) = container.page(decoded, *number, row, index, *field)?;
                let start = row - at;
                *page = Some(Page { rows: start..start + column.present.len(), column });
            }
            let Some(page) = page else { continue };
            if let Some(value) = page.column.value(row - page.rows.start, field.spec().field_type) {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }
}
