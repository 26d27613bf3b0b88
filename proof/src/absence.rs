//! Proofs that something was never recorded, and that a list of what was recorded is whole.
//!
//! Two roots stand in the log for this. A commit's `map_root` is over a sorted map of everything that
//! records said up to it: what names a thing stands side by side, so that an empty stretch between two
//! neighbours shows that nothing names it, and a stretch with both its neighbours is the whole list
//! ([`map`], [`run`], [`names`]). A batch's `keys_root` is over keyed digests of its indexed values, in
//! buckets whose places anybody can compute and whose contents only a salt opens: one bucket shows
//! that a value is in no row, and tells next to nothing of the others ([`keys`]).
//!
//! What a check gives holds as of the commit, or for the batch, whose root is given: **never recorded
//! as of** it. The map says what some revision ever said, superseded and retracted ones included, so
//! that "none" is stronger than "none that counts today". Who gives the root must show that it stands
//! in the log. An old commit or batch has null there: it has no proof of absence (docs/format.md,
//! section 22).

pub mod keys;
pub mod map;
pub mod names;
pub mod run;
pub mod tree;

pub use keys::{KeyTree, KeysOpening, Presence};
pub use map::{MapOpening, RunHead, check_map, map_root};
pub use names::{MapName, Target};
pub use run::{Entry, EntryValue, RunRange};

/// Why a proof shows nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The runs that the proof lists are not those of the commit.
    #[error(
        "the proof's list of runs does not give the commit's map_root: it is of another commit, or was changed"
    )]
    MapRoot,
    /// A proof has not one range for each question and each run.
    #[error(
        "the proof must have one range for each of {questions} questions in each of {runs} runs, and has not"
    )]
    Ranges {
        /// What was asked.
        questions: usize,
        /// Runs of the map.
        runs: usize,
    },
    /// The blocks of a range are not whole, or none.
    #[error("the blocks that the proof discloses of run {run} are not whole, or lie outside of it")]
    Blocks {
        /// Which run, from 0.
        run: usize,
    },
    /// Entries do not ascend.
    #[error("the entries that the proof discloses of run {run} do not ascend")]
    Order {
        /// Which run, from 0.
        run: usize,
    },
    /// A side is open: more entries of the name may stand before or behind.
    #[error(
        "the proof does not show where the entries in run {run} end: a neighbour on one side is missing"
    )]
    Neighbours {
        /// Which run, from 0.
        run: usize,
    },
    /// The blocks are not of the run.
    #[error(
        "the blocks that the proof discloses of run {run} do not give that run's root: they were changed"
    )]
    RunRoot {
        /// Which run, from 0.
        run: usize,
    },
    /// The batch's root is not over what the proof says.
    #[error(
        "what the proof discloses does not give the batch's keys_root: it is of another batch or value, or was changed"
    )]
    KeysRoot,
    /// The tree of buckets cannot be as the proof says.
    #[error(
        "a tree of 2^{bits} buckets needs as many steps to its root, and at most {most}; the proof has {steps}"
    )]
    Buckets {
        /// What the proof says.
        bits: u32,
        /// The most that there are.
        most: u32,
        /// Steps that it gives.
        steps: usize,
    },
    /// The digests of a bucket do not ascend.
    #[error(
        "the digests that the proof discloses of a bucket do not ascend, or are more than {most}"
    )]
    Digests {
        /// The most that are read.
        most: usize,
    },
    /// The batch's tree does not cover the field.
    #[error(
        "the batch's keys_root does not cover the field that was asked for: it shows nothing of it"
    )]
    Field,
}

#[cfg(test)]
mod tests;
