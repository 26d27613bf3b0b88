//! Inference events: rows in memory, batches with their Merkle roots, containers on disk.

mod batch;
mod block;
mod bytes_page;
mod checked;
mod column;
mod contained;
mod container;
mod cursor;
mod decoded;
mod indexed;
mod key_filter;
mod key_run;
mod key_run_file;
mod key_tree;
mod left;
mod months;
mod open;
mod pages;
mod raw;
mod reader;
mod row_index;
mod thrift;
mod weight;
mod zones;

pub use batch::{BatchCounters, SealedBatch};
pub(crate) use batch::{leaves, seal};
pub use block::{EventBlock, EventValue};
pub(crate) use container::{ContainerPart, GROUP_ROWS, PAGE_ROWS, container_id, write_container};
pub(crate) use cursor::Cursor;
pub(crate) use decoded::Decoded;
pub(crate) use indexed::IndexedFields;
pub(crate) use key_run::{KeyEntry, KeyRun, RunOf};
pub(crate) use key_run_file::{KeyRunFile, count_kept, merge_runs, write_entries, write_kept};
pub(crate) use key_tree::{indexed_hashes, key_tree, keys_of, put_keys};
pub(crate) use left::{LeftLeaves, root_of};
pub(crate) use months::in_order;
pub use months::{Month, MonthCounts};
pub(crate) use reader::Container;
pub(crate) use row_index::{ID_FIELDS, IdHash, ROWS_PREFIX, RowIndex, row_index_path};
pub use weight::Weight;
pub(crate) use zones::OneText;

/// Most rows a batch, and a stretch of a source, may hold (docs/format.md, section 15).
pub const BATCH_ROWS_MAX: u64 = 1_000_000;
