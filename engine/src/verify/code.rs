//! What can be wrong, by names for programs: they stay what they are, whatever the messages say.

/// The sort of a fault. Its name never changes; new ones may come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Code {
    /// `head` is not there.
    HeadMissing,
    /// `head` does not read.
    HeadDamaged,
    /// `head` names another commit than the segments end with.
    HeadElsewhere,
    /// A segment is not there.
    SegmentMissing,
    /// The header of a segment does not fit.
    SegmentHeader,
    /// A segment is shorter than `head` says.
    SegmentShort,
    /// Bytes of a segment are no frame.
    FrameDamaged,
    /// A record is not what its id says, or not of its form.
    RecordDamaged,
    /// Records of a transaction stand in another order.
    RecordOrder,
    /// A record refers to what does not stand before it.
    RecordReference,
    /// Records without a commit behind them.
    TransactionOpen,
    /// A commit does not read.
    CommitDamaged,
    /// A commit does not follow its parent.
    CommitChain,
    /// The records before a commit are not those that it vouches for.
    CommitPromise,
    /// A container is not there.
    ContainerMissing,
    /// A container has another length than its manifest says.
    ContainerLength,
    /// A container has other bytes than its manifest says.
    ContainerBytes,
    /// The rows of a container do not read, or are not those of its manifest.
    ContainerRows,
    /// No manifest says where the rows of a batch are.
    BatchPlace,
    /// The seed of a batch is not in `keys/seeds`.
    BatchSeed,
    /// The rows of a batch do not give its root.
    BatchRoot,
    /// The rows of a batch do not give its counters, or stand in another order.
    BatchCounters,
    /// A key file does not read, or holds another store's key.
    KeyDamaged,
    /// Frames of `keys/seeds` do not read.
    SeedsDamaged,
    /// Frames of the register of sealed values do not read.
    SealedDamaged,
    /// A sealed value is not what its commitment says.
    SealedValue,
    /// A commitment whose value is not in the register.
    SealedMissing,
    /// A file of a journal does not read.
    JournalDamaged,
    /// What the log says of its name and keys does not read.
    LogIdentity,
    /// A checkpoint does not read.
    CheckpointDamaged,
    /// A checkpoint that is served with the tiles is not kept.
    CheckpointMissing,
    /// A checkpoint that is served with the tiles has signatures that the kept one lacks.
    CheckpointDiffers,
    /// The commits are not those that a checkpoint was signed over.
    CheckpointRoot,
    /// A checkpoint is signed by no key that the log names.
    CheckpointSignature,
    /// A time stamp does not read, is of something else, or was changed since it was signed.
    TimestampDamaged,
    /// A derived file is not whole.
    DerivedDamaged,
    /// A derived file is whole and says something else than the records.
    DerivedDiffers,
}

impl Code {
    /// All of them.
    pub const ALL: [Code; 37] = [
        Code::HeadMissing,
        Code::HeadDamaged,
        Code::HeadElsewhere,
        Code::SegmentMissing,
        Code::SegmentHeader,
        Code::SegmentShort,
        Code::FrameDamaged,
        Code::RecordDamaged,
        Code::RecordOrder,
        Code::RecordReference,
        Code::TransactionOpen,
        Code::CommitDamaged,
        Code::CommitChain,
        Code::CommitPromise,
        Code::ContainerMissing,
        Code::ContainerLength,
        Code::ContainerBytes,
        Code::ContainerRows,
        Code::BatchPlace,
        Code::BatchSeed,
        Code::BatchRoot,
        Code::BatchCounters,
        Code::KeyDamaged,
        Code::SeedsDamaged,
        Code::SealedDamaged,
        Code::SealedValue,
        Code::SealedMissing,
        Code::JournalDamaged,
        Code::LogIdentity,
        Code::CheckpointDamaged,
        Code::CheckpointMissing,
        Code::CheckpointDiffers,
        Code::CheckpointRoot,
        Code::CheckpointSignature,
        Code::TimestampDamaged,
        Code::DerivedDamaged,
        Code::DerivedDiffers,
    ];

    /// Its name, in lower case with hyphens.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Code::HeadMissing => "head-missing",
            Code::HeadDamaged => "head-damaged",
            Code::HeadElsewhere => "head-elsewhere",
            Code::SegmentMissing => "segment-missing",
            Code::SegmentHeader => "segment-header",
            Code::SegmentShort => "segment-short",
            Code::FrameDamaged => "frame-damaged",
            Code::RecordDamaged => "record-damaged",
            Code::RecordOrder => "record-order",
            Code::RecordReference => "record-reference",
            Code::TransactionOpen => "transaction-open",
            Code::CommitDamaged => "commit-damaged",
            Code::CommitChain => "commit-chain",
            Code::CommitPromise => "commit-promise",
            Code::ContainerMissing => "container-missing",
            Code::ContainerLength => "container-length",
            Code::ContainerBytes => "container-bytes",
            Code::ContainerRows => "container-rows",
            Code::BatchPlace => "batch-place",
            Code::BatchSeed => "batch-seed",
            Code::BatchRoot => "batch-root",
            Code::BatchCounters => "batch-counters",
            Code::KeyDamaged => "key-damaged",
            Code::SeedsDamaged => "seeds-damaged",
            Code::SealedDamaged => "sealed-damaged",
            Code::SealedValue => "sealed-value",
            Code::SealedMissing => "sealed-missing",
            Code::JournalDamaged => "journal-damaged",
            Code::LogIdentity => "log-identity",
            Code::CheckpointDamaged => "checkpoint-damaged",
            Code::CheckpointMissing => "checkpoint-missing",
            Code::CheckpointDiffers => "checkpoint-differs",
            Code::CheckpointRoot => "checkpoint-root",
            Code::CheckpointSignature => "checkpoint-signature",
            Code::TimestampDamaged => "timestamp-damaged",
            Code::DerivedDamaged => "derived-damaged",
            Code::DerivedDiffers => "derived-differs",
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Code;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_told_apart_and_written_as_programs_expect() {
        let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        let is_plain = |name: &&str| name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        assert!(names.iter().all(is_plain), "{names:?}");
    }
}
