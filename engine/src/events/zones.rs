//! What the pages of a column hold, at least and at most: where no value of a page can fit a
//! condition, or all its values are one, the page is not read.

use super::EventValue;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use std::ops::Range;

/// The least and greatest value of each page of a column of a row group.
pub(super) struct Zone {
    /// The first row of each page in the group.
    firsts: Vec<usize>,
    values: ColumnIndexMetaData,
}

impl Zone {
    /// None if the lists do not fit each other.
    pub(super) fn new(values: ColumnIndexMetaData, firsts: Vec<usize>) -> Option<Zone> {
        let fits = usize::try_from(values.num_pages()).ok() == Some(firsts.len());
        fits.then_some(Zone { firsts, values })
    }

    /// May a value within these bounds, themselves included, stand in some rows of the group? True
    /// where it cannot be told.
    pub(super) fn may_hold(
        &self,
        rows: &Range<usize>,
        low: Option<EventValue<'_>>,
        high: Option<EventValue<'_>>,
    ) -> bool {
        self.pages(rows).any(|page| match &self.values {
            ColumnIndexMetaData::INT64(index) => {
                let bounds = index.min_value(page).zip(index.max_value(page));
                bounds.is_some_and(|(least, greatest)| {
                    !matches!(low, Some(EventValue::Int(low)) if *greatest < low)
                        && !matches!(high, Some(EventValue::Int(high)) if *least > high)
                })
            }
            ColumnIndexMetaData::BYTE_ARRAY(index) => {
                let bounds = index.min_value(page).zip(index.max_value(page));
                bounds.is_some_and(|(least, greatest)| {
                    !matches!(low, Some(EventValue::Text(low)) if greatest < low.as_bytes())
                        && !matches!(high, Some(EventValue::Text(high)) if least > high.as_bytes())
                })
            }
            _ => true,
        })
    }

    /// What each of some rows of the group holds, where the pages say that it is the same; none where that
    /// cannot be told.
    pub(super) fn one_text(&self, rows: &Range<usize>) -> Option<OneText<'_>> {
        let mut pages = self.pages(rows);
        let one = self.of_page(pages.next()?)?;
        pages.all(|page| self.of_page(page) == Some(one)).then_some(one)
    }

    fn of_page(&self, page: usize) -> Option<OneText<'_>> {
        if self.values.is_null_page(page) {
            return Some(OneText::Absent);
        }
        let ColumnIndexMetaData::BYTE_ARRAY(index) = &self.values else { return None };
        let absent = *self.values.null_counts()?.get(page)?;
        let (least, greatest) = index.min_value(page).zip(index.max_value(page))?;
        let text = std::str::from_utf8(least).ok()?;
        (absent == 0 && least == greatest).then_some(OneText::Text(text))
    }

    /// The pages that hold some rows of the group.
    fn pages(&self, rows: &Range<usize>) -> Range<usize> {
        let first = self.firsts.partition_point(|row| *row <= rows.start).max(1) - 1;
        first..self.firsts.partition_point(|row| *row < rows.end)
    }
}

/// What stands in each of some rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OneText<'z> {
    /// Nothing.
    Absent,
    /// This text.
    Text(&'z str),
}
