//! The content-addressed lineage store.
//!
//! Truth is small and plain: segments of records, containers of events, secrets and a sealed
//! register, all specified in `docs/format.md`. Everything else is derived and may be deleted.

pub mod absence;
mod catalog;
mod claims;
pub mod clock;
mod damage;
mod draft;
pub mod error;
pub mod event_fields;
pub mod events;
pub mod fields;
mod graph;
pub mod head;
mod id_map;
mod index;
pub mod journal;
mod key_bytes;
pub mod keys;
mod later_erasures;
mod ledger;
pub mod mapping;
pub mod mirror;
pub mod public_log;
mod record_map;
pub mod repair;
mod runs;
pub mod schema;
mod sealed;
mod sections;
pub mod segment;
mod skim;
mod snapshot;
mod stands;
pub mod storage;
mod store;
mod transaction;
pub mod verify;

pub use claims::is_claim;
pub use draft::{
    BatchDraft, EdgeDraft, FORM_IN_PASSING, FORM_OF_EVENTS, NodeDraft, Saying, SealedField,
};
pub use error::{Error, Result};
pub use graph::{
    Adjacency, Cell, CounterColumns, Counters, NodeNo, UnreadLog, Unshown, Wanted, is_looked_up,
    quoted, unquoted,
};
pub use snapshot::{
    AbsenceSize, BatchInfo, Claim, Contradicted, EventRef, EventRows, FieldColumn, Folded,
    KnownSystems, Missing, PathStep, Presence, RevisionInfo, Snapshot, Standing, StandingRows,
    Systems, Thing, Unproved,
};
pub use stands::Stands;
pub use store::{
    BACKUP_LIST, Backup, BackupProgress, CheckedCopy, CompactProgress, Compaction, CopiedKeys,
    CopyFault, DecidedStep, DecisionInfo, DecisionLog, ErasureDone, ErasureOrder, HoldInfo,
    HoldScope, KEYS_BYTES_MAX, KnownSource, Later, LiveBatch, NotDone, Options, Origin, Received,
    RestoredCopy, Restoring, RetractedShare, SeedsRewritten, Store, Suppressed, Tar, Target,
    TrailShare, TwoPersons, Updated, check_copy, need_copy, person_named, receive, restore,
};
pub use transaction::{
    Committed, Held, Outcome, PreparedNode, Staged, TRANSACTION_NODES_MAX, Transaction,
};
pub use verify::verify;
