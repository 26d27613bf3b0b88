//! Which pages of a container hold some rows of a column, and a reader over these alone.
//!
//! The library's own reader begins a column with its dictionary and skips pages one by one; here the
//! offset index leads to the pages at once, and the dictionary may be one that is kept.

use super::bytes_page::{self, Spelled, Words};
use super::checked::Checked;
use super::column::Column;
use super::contained::contained;
use super::container::HASH_WIDTH;
use super::thrift;
use super::zones::Zone;
use bytes::Bytes;
use parquet::basic::Type;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{
    ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData, ParquetMetaDataOptions,
    ParquetMetaDataReader, ParquetStatisticsPolicy,
};
use parquet::file::page_index::index_reader::{decode_column_index, decode_offset_index};
use parquet::file::page_index::offset_index::PageLocation;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// The pages of a container.
pub(super) struct Pages {
    input: Arc<Checked>,
    metadata: ParquetMetaData,
    /// Of each column of each group, group by group, where its pages stand: read when first asked
    /// for, since a look-up needs it of a column or two of some hundred
    /// (`query/examples/first_question.rs`).
    locations: Vec<OnceLock<Vec<PageLocation>>>,
    /// Of each column, what its pages hold: a zone a group, read when first asked for.
    zones: Vec<OnceLock<Vec<Option<Zone>>>>,
}

/// A column of a row group, by their numbers.
#[derive(Clone, Copy)]
pub(super) struct Chunk {
    pub(super) group: usize,
    pub(super) index: usize,
}

impl Pages {
    /// Reads what the file says of itself: not its statistics, which no reader of ours asks.
    pub(super) fn open(input: Checked) -> Result<Pages> {
        let mut options = ParquetMetaDataOptions::new();
        options.set_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll);
        options.set_column_stats_policy(ParquetStatisticsPolicy::SkipAll);
        options.set_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
        let reader = ParquetMetaDataReader::new()
            .with_metadata_options(Some(options))
            .with_column_index_policy(PageIndexPolicy::Skip)
            .with_offset_index_policy(PageIndexPolicy::Skip);
        thrift::walk(&footer(&input)?, None)?;
        let metadata = contained(|| reader.parse_and_finish(&input))?;
        let columns = metadata.file_metadata().schema_descr().num_columns();
        let zones = (0..columns).map(|_| OnceLock::new()).collect();
        let chunks = metadata.num_row_groups() * columns;
        let locations = (0..chunks).map(|_| OnceLock::new()).collect();
        Ok(Pages { input: Arc::new(input), metadata, locations, zones })
    }

    pub(super) fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }

    /// The first byte of what was touched and is damaged.
    pub(super) fn damaged(&self) -> Option<u64> {
        self.input.damaged()
    }

    fn locations(&self, chunk: Chunk) -> Result<&[PageLocation]> {
        let missing = || ParquetError::General("every column says where its pages are".to_owned());
        // As many cells a group as it has zones: one a column.
        let at = chunk.group * self.zones.len() + chunk.index;
        let cell = self.locations.get(at).ok_or_else(missing)?;
        if let Some(known) = cell.get() {
            return Ok(known);
        }
        let column = self.metadata.row_group(chunk.group).column(chunk.index);
        let at = column.offset_index_offset().ok_or_else(missing)?;
        let length = column.offset_index_length().ok_or_else(missing)?;
        let bytes = self.input.get_bytes(u64::try_from(at)?, usize::try_from(length)?)?;
        thrift::walk(&bytes, None)?;
        let read = contained(|| decode_offset_index(&bytes))?.page_locations().clone();
        if read.is_empty() {
            return Err(missing());
        }
        // Rows are looked for among the pages by where these begin.
        let ascends = read.iter().is_sorted_by(|one, next| first_row(one) < first_row(next));
        if read.first().map(|page| page.first_row_index) != Some(0) || !ascends {
            let why = "the pages of a column begin with its first row and follow one another";
            return Err(ParquetError::General(why.to_owned()));
        }
        // Another thread may have been quicker: both read the same.
        Ok(cell.get_or_init(|| read))
    }

    /// The rows of a group that stand in the same page of a column as this one.
    pub(super) fn page_of(&self, chunk: Chunk, row: usize) -> Result<Range<usize>> {
        let locations = self.locations(chunk)?;
        let behind = locations.partition_point(|page| first_row(page) <= row).max(1);
        Ok(locations.get(behind - 1).map_or(0, first_row)..self.end(chunk, behind, locations)?)
    }

    /// The row behind the last one of the pages before this one.
    fn end(&self, chunk: Chunk, behind: usize, locations: &[PageLocation]) -> Result<usize> {
        let rows = || Ok(usize::try_from(self.metadata.row_group(chunk.group).num_rows())?);
        locations.get(behind).map_or_else(rows, |page| Ok(first_row(page)))
    }

    /// The least and greatest values of the pages of a column; none if the file does not say them.
    pub(super) fn zone(&self, chunk: Chunk) -> Result<Option<&Zone>> {
        let Some(cell) = self.zones.get(chunk.index) else { return Ok(None) };
        let known = match cell.get() {
            Some(known) => known,
            None => {
                let groups = 0..self.metadata.num_row_groups();
                let read = groups.map(|group| self.read_zone(Chunk { group, ..chunk }));
                let read = read.collect::<Result<Vec<_>>>()?;
                cell.get_or_init(|| read)
            }
        };
        Ok(known.get(chunk.group).and_then(Option::as_ref))
    }

    fn read_zone(&self, chunk: Chunk) -> Result<Option<Zone>> {
        let column = self.metadata.row_group(chunk.group).column(chunk.index);
        let (Some(at), Some(length)) = (column.column_index_offset(), column.column_index_length())
        else {
            return Ok(None);
        };
        let bytes = self.input.get_bytes(u64::try_from(at)?, usize::try_from(length)?)?;
        thrift::walk(&bytes, Some(NULL_PAGES))?;
        let found = contained(|| decode_column_index(&bytes, column.column_type()))?;
        let firsts = self.locations(chunk)?.iter().map(first_row).collect();
        Ok(Zone::new(found, firsts))
    }

    /// Texts or hashes of some rows of a group, if they stand in a form that is known here.
    pub(super) fn spelled(
        &self,
        chunk: Chunk,
        rows: &Range<usize>,
        dictionary: Option<&Page>,
        out: &mut Spelled,
    ) -> Result<bool> {
        let (mut pages, mut first) = self.wanted(chunk, rows)?;
        let words = match dictionary {
            Some(page) => match Words::of(page) {
                None => return Ok(false),
                words => words,
            },
            None => None,
        };
        let column = self.metadata.row_group(chunk.group).column(chunk.index);
        let is_fixed = is_hash(column);
        while first < rows.end {
            let Some(page) = contained(|| pages.get_next_page())? else { return Ok(false) };
            let count = page.num_values() as usize;
            let own = rows.start.max(first) - first..(rows.end - first).min(count);
            if own.is_empty() || out.append(&page, words.as_ref(), is_fixed, own).is_none() {
                return Ok(false);
            }
            first += count;
        }
        Ok(true)
    }

    /// One whole page of texts or hashes, these rows of a group, as it lies; none if it cannot be
    /// taken so.
    pub(super) fn as_it_lies(
        &self,
        chunk: Chunk,
        rows: &Range<usize>,
        dictionary: Option<&Page>,
    ) -> Result<Option<Column>> {
        let column = self.metadata.row_group(chunk.group).column(chunk.index);
        let is_fixed = match column.column_type() {
            Type::BYTE_ARRAY => false,
            Type::FIXED_LEN_BYTE_ARRAY => is_hash(column),
            _ => return Ok(None),
        };
        if !is_fixed && dictionary.is_none() {
            return Ok(None);
        }
        let (mut pages, first) = self.wanted(chunk, rows)?;
        let page = contained(|| pages.get_next_page())?;
        let is_whole =
            |page: &Page| first == rows.start && page.num_values() as usize == rows.len();
        let page = page.filter(is_whole);
        Ok(page.and_then(|page| bytes_page::as_it_lies(&page, dictionary, is_fixed)))
    }

    /// A reader over the pages that hold some rows of a group, and the first row in them.
    pub(super) fn reader(
        &self,
        chunk: Chunk,
        rows: &Range<usize>,
        dictionary: Option<Page>,
    ) -> Result<(ColumnReader, usize)> {
        let (pages, first) = self.wanted(chunk, rows)?;
        let column = self.metadata.row_group(chunk.group).column(chunk.index);
        let reader = Wanted { dictionary, pages };
        Ok((get_column_reader(column.column_descr_ptr(), Box::new(reader)), first))
    }

    /// The pages that hold some rows of a group, without the dictionary, and the first row in them.
    fn wanted(
        &self,
        chunk: Chunk,
        rows: &Range<usize>,
    ) -> Result<(SerializedPageReader<Checked>, usize)> {
        let locations = self.locations(chunk)?;
        let first = locations.partition_point(|page| first_row(page) <= rows.start).max(1) - 1;
        let behind = locations.partition_point(|page| first_row(page) < rows.end).max(first + 1);
        let wanted = locations.get(first..behind).unwrap_or_default();
        let column = self.metadata.row_group(chunk.group).column(chunk.index);
        let total = self.end(chunk, behind, locations)?;
        for page in wanted {
            let length = usize::try_from(page.compressed_page_size)?;
            self.check_header(u64::try_from(page.offset)?, length)?;
        }
        let pages = contained(|| {
            let input = self.input.clone();
            let mut pages = SerializedPageReader::new(input, column, total, Some(wanted.to_vec()))?;
            // What stands before the first page that it knows counts as a dictionary.
            if pages.peek_next_page()?.is_some_and(|page| page.is_dict) {
                pages.skip_next_page()?;
            }
            Ok(pages)
        })?;
        Ok((pages, wanted.first().map_or(0, first_row)))
    }

    /// Goes through what stands before a page, which the library reads.
    fn check_header(&self, at: u64, length: usize) -> Result<()> {
        thrift::walk(&self.input.get_bytes(at, length)?, None)
    }

    /// The dictionary of a column, if it has one.
    pub(super) fn dictionary(&self, chunk: Chunk) -> Result<Option<Page>> {
        let column = self.metadata.row_group(chunk.group).column(chunk.index);
        let Some(at) = column.dictionary_page_offset() else { return Ok(None) };
        let first: Vec<_> = self.locations(chunk)?.first().cloned().into_iter().collect();
        let behind = first.first().map_or(at, |page| page.offset);
        self.check_header(u64::try_from(at)?, usize::try_from(behind.saturating_sub(at))?)?;
        contained(|| {
            let mut pages = SerializedPageReader::new(self.input.clone(), column, 0, Some(first))?;
            pages.get_next_page().map(|page| page.filter(is_dictionary))
        })
    }
}

/// The field of a column's index that is a list of truth values.
const NULL_PAGES: u16 = 1;
/// What stands behind what a file says of itself: its length, and the mark of the format.
const TAIL: u64 = 8;

/// What a file says of itself, which ends it; nothing where it has no room, which the library tells.
fn footer(input: &Checked) -> Result<Bytes> {
    let Some(end) = input.len().checked_sub(TAIL) else { return Ok(Bytes::from_static(&[0])) };
    let tail = input.get_bytes(end, 4)?;
    let length = tail.first_chunk().map_or(0, |length| u32::from_le_bytes(*length));
    match end.checked_sub(length.into()) {
        Some(start) => input.get_bytes(start, usize::try_from(length)?),
        None => Ok(Bytes::from_static(&[0])),
    }
}

/// Are its values hashes of the usual width, without a length each?
fn is_hash(column: &ColumnChunkMetaData) -> bool {
    column.column_type() == Type::FIXED_LEN_BYTE_ARRAY
        && usize::try_from(column.column_descr().type_length()) == Ok(HASH_WIDTH)
}

fn is_dictionary(page: &Page) -> bool {
    matches!(page, Page::DictionaryPage { .. })
}

fn first_row(page: &PageLocation) -> usize {
    usize::try_from(page.first_row_index).unwrap_or(0)
}

/// The dictionary, if there is one, and some pages.
struct Wanted {
    dictionary: Option<Page>,
    pages: SerializedPageReader<Checked>,
}

impl Iterator for Wanted {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Wanted {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        match self.dictionary.take() {
            Some(page) => Ok(Some(page)),
            None => self.pages.get_next_page(),
        }
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        match &self.dictionary {
            Some(_) => Ok(Some(PageMetadata { num_rows: None, num_levels: None, is_dict: true })),
            None => self.pages.peek_next_page(),
        }
    }

    fn skip_next_page(&mut self) -> Result<()> {
        match self.dictionary.take() {
            Some(_) => Ok(()),
            None => self.pages.skip_next_page(),
        }
    }
}
