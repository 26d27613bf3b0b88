//! What can be wrong with bytes that claim to be ours.

/// Bytes that break a rule of `docs/format.md`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not canonical CBOR.
    #[error("not canonical CBOR at byte {at}: {rule}")]
    Cbor {
        /// Offset in the payload.
        at: usize,
        /// The rule that is broken.
        rule: &'static str,
    },
    /// Canonical, but not the record it should be.
    #[error("not a {record} record: {rule}")]
    Record {
        /// The record that was expected.
        record: &'static str,
        /// The rule that is broken.
        rule: &'static str,
    },
    /// Written by a newer Lineal.
    #[error("a {record} record of format {found}; this program reads up to {newest}")]
    Newer {
        /// The record.
        record: &'static str,
        /// Its format number.
        found: i64,
        /// The newest format this program knows.
        newest: i64,
    },
    /// A frame that is no frame.
    #[error("not a frame: {rule}")]
    Frame {
        /// The rule that is broken.
        rule: &'static str,
    },
}

/// A result whose error is ours.
pub type Result<T, E = Error> = std::result::Result<T, E>;
