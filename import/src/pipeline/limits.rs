//! Where the reading of log files is cut into transactions and batches.

use lineal_engine::TRANSACTION_NODES_MAX;
use lineal_engine::events::BATCH_ROWS_MAX;

/// Bounds on what is held and committed at once.
///
/// The defaults are the ones to use: two stores that cut a file at different lines hold its events
/// in different batches. Tests lower them to reach every cut with small files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Files up to this size are translated whole, many at once; larger ones stretch by stretch.
    pub small_file_bytes: u64,
    /// Stored bytes of the small files of one transaction: about 300,000 events.
    pub group_bytes: u64,
    /// Files of one transaction.
    pub group_files: usize,
    /// Lines of one stretch of a file (docs/format.md, section 9).
    pub stretch_lines: u64,
    /// Nodes of one transaction, give or take those of one file of a group.
    pub transaction_nodes: usize,
    /// Canonical bytes of the nodes of one transaction of a tracking store, give or take a few
    /// hundred nodes. In memory they take some three times as much until they are written.
    pub transaction_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            small_file_bytes: 48 << 20,
            group_bytes: 32 << 20,
            group_files: 2_000,
            stretch_lines: BATCH_ROWS_MAX,
            transaction_nodes: TRANSACTION_NODES_MAX,
            transaction_bytes: 64 << 20,
        }
    }
}
