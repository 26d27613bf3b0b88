//! Checkpoints: which tree a log has, as a text that it signs (`c2sp.org/tlog-checkpoint`).

use super::{Error, Note, NoteSigner, Result, TreeHash, VerifierKey, decimal, verify_consistency};
use std::fmt;

/// Which tree the log of this name has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Leaves of the tree: the number of the newest commit in it.
    pub size: u64,
    /// Its root.
    pub root: TreeHash,
    /// Further lines. Ours have none: nobody could check them.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// Reads the text of a note.
    ///
    /// # Errors
    /// If it breaks a rule of the form.
    pub fn parse(text: &str) -> Result<Checkpoint> {
        let form = |rule| Error::form("checkpoint", rule);
        let text = text.strip_suffix('\n').ok_or_else(|| form("it ends with a line end"))?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(form("it has three lines: the log's name, the size, the root"));
        };
        let extensions: Vec<_> = lines.map(str::to_owned).collect();
        if origin.is_empty() || extensions.iter().any(String::is_empty) {
            return Err(form("no line of it is empty"));
        }
        let size = decimal(size).ok_or_else(|| {
            form("its second line is a size: decimal digits without a leading zero, below 2^63")
        })?;
        let root = TreeHash::from_base64(root);
        let root = root.ok_or_else(|| form("its third line is the base64 of 32 bytes"))?;
        Ok(Checkpoint { origin: origin.to_owned(), size, root, extensions })
    }

    /// The note without signatures.
    ///
    /// # Errors
    /// If name or further lines cannot stand in it.
    pub fn note(&self) -> Result<Note> {
        let text = self.to_string();
        if Checkpoint::parse(&text)? != *self {
            return Err(Error::form("checkpoint", "its name and further lines are lines"));
        }
        Note::new(text)
    }

    /// The note, signed by the log.
    ///
    /// # Errors
    /// As [`Checkpoint::note`].
    pub fn sign(&self, signer: &NoteSigner) -> Result<SignedCheckpoint> {
        let mut note = self.note()?;
        note.sign(signer);
        Ok(SignedCheckpoint { checkpoint: self.clone(), note })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root)?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A checkpoint in its note. That it was read says nothing: see [`SignedCheckpoint::verify`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedCheckpoint {
    /// What is said.
    pub checkpoint: Checkpoint,
    /// Who says it.
    pub note: Note,
}

impl SignedCheckpoint {
    /// Reads a signed note whose text is a checkpoint.
    ///
    /// # Errors
    /// If it breaks a rule of the form. No signature is checked.
    pub fn parse(bytes: &[u8]) -> Result<SignedCheckpoint> {
        let note = Note::parse(bytes)?;
        Ok(SignedCheckpoint { checkpoint: Checkpoint::parse(note.text())?, note })
    }

    /// Did the log with this key sign it? The key's name is the log's.
    ///
    /// # Errors
    /// [`Error::Origin`] if it is of another log, else as [`Note::verify`].
    pub fn verify(&self, log: &VerifierKey) -> Result<()> {
        if self.checkpoint.origin != log.name() {
            return Err(Error::Origin {
                found: self.checkpoint.origin.clone(),
                expected: log.name().to_owned(),
            });
        }
        self.note.verify(log).map(drop)
    }

    /// Does the proof show that this checkpoint's tree only grew from the earlier one's?
    ///
    /// # Errors
    /// [`Error::Origin`] if they are of two logs, else as [`verify_consistency`].
    pub fn follows(&self, earlier: &SignedCheckpoint, proof: &[TreeHash]) -> Result<()> {
        let (old, new) = (&earlier.checkpoint, &self.checkpoint);
        if old.origin != new.origin {
            let (found, expected) = (new.origin.clone(), old.origin.clone());
            return Err(Error::Origin { found, expected });
        }
        verify_consistency(old.size, &old.root, new.size, &new.root, proof)
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.note, f)
    }
}
