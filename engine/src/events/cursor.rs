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
    container: Arc<Container>,
    decoded: &'c Decoded,
    /// The number of the container in the view.
    number: u32,
    field: EventField,
    field_type: FieldType,
    /// The columns of the field, each with the page that was asked for last.
    columns: [Option<(usize, Page)>; 2],
}

/// A page with the rows of the container that stand in it; none before the first was asked for.
#[derive(Default)]
struct Page {
    rows: Range<usize>,
    column: Option<Arc<Column>>,
}

impl Page {
    #[inline]
    fn value(&self, row: usize, field_type: FieldType) -> Option<EventValue<'_>> {
        self.column.as_ref()?.value(row - self.rows.start, field_type)
    }
}

impl<'c> Cursor<'c> {
    pub(crate) fn new(
        container: Arc<Container>,
        decoded: &'c Decoded,
        number: u32,
        field: EventField,
    ) -> Cursor<'c> {
        let (whole, other) = container.columns_of(field);
        let columns = [whole, other].map(|index| index.map(|index| (index, Page::default())));
        Cursor { container, decoded, number, field, field_type: field.spec().field_type, columns }
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
        self.container.check_row(row)?;
        for place in 0..self.columns.len() {
            let at_hand = self.columns[place].as_ref().map(|(_, page)| page.rows.contains(&row));
            if at_hand == Some(false) {
                self.turn_to(place, row)?;
            }
        }
        let [whole, other] = &self.columns;
        for (_, page) in [whole, other].into_iter().flatten() {
            if let Some(value) = page.value(row, self.field_type) {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// Takes the page of a column that holds a row.
    #[cold]
    fn turn_to(&mut self, place: usize, row: usize) -> Result<()> {
        let Some((index, page)) = &mut self.columns[place] else { return Ok(()) };
        let number = self.number;
        let (column, at) = self.container.page(self.decoded, number, row, *index, self.field)?;
        let start = row - at;
        *page = Page { rows: start..start + column.present.len(), column: Some(column) };
        Ok(())
    }
}
