//! Who of a log signed a checkpoint, and whether that counts: which key may sign follows from how many commits
//! the checkpoint is of (docs/format.md, section 21).

use super::identity::{KeyState, LogIdentity, LogKey};
use lineal_proof::tlog::SignedCheckpoint;

/// What the signature of a key of the log is worth below a checkpoint of so many commits. The better comes first;
/// of two that count for nothing, that of the key whose turn it was.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Worth {
    /// The key signs now.
    Signs,
    /// Another took its place in a later commit than these: it stands.
    Replaced,
    /// The key may be in other hands: it counts for nothing.
    Revoked,
    /// Another had taken its place in one of these commits: it counts for nothing.
    Late,
}

impl Worth {
    /// Its word in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Worth::Signs => "signs",
            Worth::Replaced => "replaced",
            Worth::Late => "late",
            Worth::Revoked => "revoked",
        }
    }

    /// Does it count?
    #[must_use]
    pub fn counts(self) -> bool {
        matches!(self, Worth::Signs | Worth::Replaced)
    }
}

impl LogKey {
    /// What its signature is worth below a checkpoint of so many commits.
    #[must_use]
    pub fn worth(&self, size: u64) -> Worth {
        match self.state {
            KeyState::Signs => Worth::Signs,
            KeyState::Revoked => Worth::Revoked,
            KeyState::Replaced if self.until.is_some_and(|until| until <= size) => Worth::Late,
            KeyState::Replaced => Worth::Replaced,
        }
    }
}

impl LogIdentity {
    /// The key that signed a checkpoint, and what that is worth: the best of those that did; none if it was no key of
    /// this log.
    #[must_use]
    pub fn signer_of(&self, note: &SignedCheckpoint) -> Option<(&LogKey, Worth)> {
        let signed = self.keys.iter().filter(|key| note.verify(&key.key).is_ok());
        let signed = signed.map(|key| (key, key.worth(note.checkpoint.size)));
        signed.min_by_key(|(_, worth)| *worth)
    }

    /// Did a key sign the checkpoint whose signature counts below it?
    #[must_use]
    pub fn vouches_for(&self, note: &SignedCheckpoint) -> bool {
        self.signer_of(note).is_some_and(|(_, worth)| worth.counts())
    }
}
