//! Signed notes: a text and below it the signatures of named keys (`c2sp.org/signed-note`).

use super::key::check_name;
use super::{Error, NoteSigner, Result, SignatureKind, VerifierKey};
use crate::base64;
use std::fmt;

/// Signatures that a note may have: the specification asks for at least 16, and a checkpoint with
/// more witnesses than this is a mistake.
pub const SIGNATURES_MAX: usize = 64;
/// Bytes that a note may have: a text of three lines and all the signatures, of the longest kind.
const NOTE_BYTES_MAX: usize = 1 << 20;

/// A text with signatures below it. That it was read says nothing: see [`Note::verify`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line. Of keys that nobody here knows, only name and id mean something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// Its number.
    pub id: u32,
    /// What it made.
    pub bytes: Vec<u8>,
}

impl Note {
    /// A note without signatures.
    ///
    /// # Errors
    /// If the text does not end with a line end, or holds control characters.
    pub fn new(text: String) -> Result<Note> {
        if !text.ends_with('\n') {
            return Err(Error::form("note", "its text ends with a line end"));
        }
        if text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return Err(Error::form("note", "it holds no control characters but line ends"));
        }
        Ok(Note { text, signatures: Vec::new() })
    }

    /// Reads a note.
    ///
    /// # Errors
    /// If it breaks a rule of the form. No signature is checked.
    pub fn parse(bytes: &[u8]) -> Result<Note> {
        let form = |rule| Error::form("signed note", rule);
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(form("it has at most 1 MiB"));
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| form("it is UTF-8"))?;
        let parts = whole.rfind("\n\n").map(|at| whole.split_at(at + 1));
        let (text, below) =
            parts.ok_or_else(|| form("an empty line stands between text and signatures"))?;
        let mut note = Note::new(text.to_owned())?;
        note.signatures = signatures(&below[1..])?;
        if note.signatures.is_empty() {
            return Err(form("signatures follow its last empty line"));
        }
        Ok(note)
    }

    /// The text, with its last line end: what is signed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in their order.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Signs it with a key of the log ([`SignatureKind::Ed25519`]), behind what stands there.
    pub fn sign(&mut self, signer: &NoteSigner) {
        let key = signer.verifier();
        debug_assert_eq!(key.kind(), SignatureKind::Ed25519, "witnesses sign with a time");
        let bytes = signer.sign(self.text.as_bytes()).to_vec();
        self.add(NoteSignature { name: key.name().to_owned(), id: key.id(), bytes });
    }

    /// Adds a signature, in the place of one by the same key.
    pub fn add(&mut self, signature: NoteSignature) {
        let same = |other: &NoteSignature| other.name == signature.name && other.id == signature.id;
        match self.signatures.iter_mut().find(|other| same(other)) {
            Some(other) => *other = signature,
            None => self.signatures.push(signature),
        }
    }

    /// Did this key sign the text? Of a witness: and when did it see it?
    ///
    /// # Errors
    /// [`Error::Unsigned`] if no signature is of this key, [`Error::Signature`] if one does not fit.
    pub fn verify(&self, key: &VerifierKey) -> Result<Option<u64>> {
        let mut time = None;
        let mut found = false;
        let ours = |line: &&NoteSignature| line.name == key.name() && line.id == key.id();
        for line in self.signatures.iter().filter(ours) {
            time = line.verify(&self.text, key)?;
            found = true;
        }
        if found {
            return Ok(time);
        }
        let lines = self.signatures.iter().map(|line| format!("{} ({:08x})", line.name, line.id));
        Err(Error::Unsigned {
            name: format!("{} ({:08x})", key.name(), key.id()),
            found: lines.collect::<Vec<_>>().join(", "),
        })
    }
}

impl NoteSignature {
    /// The cosignature of a checkpoint's text by a witness at a time (seconds since 1970).
    #[must_use]
    pub fn cosign(text: &str, witness: &NoteSigner, time: u64) -> NoteSignature {
        #[expect(clippy::big_endian_bytes, reason = "tlog-cosignature says so")]
        let mut bytes = time.to_be_bytes().to_vec();
        bytes.extend_from_slice(&witness.sign(cosigned(text, time).as_bytes()));
        let key = witness.verifier();
        NoteSignature { name: key.name().to_owned(), id: key.id(), bytes }
    }

    /// The signature lines that a witness answers with.
    ///
    /// # Errors
    /// If it breaks a rule of the form. No signature is checked.
    pub fn parse_lines(bytes: &[u8]) -> Result<Vec<NoteSignature>> {
        let text =
            std::str::from_utf8(bytes).map_err(|_| Error::form("signature", "it is UTF-8"))?;
        signatures(text)
    }

    /// Checks the signature of a key whose name and id it has; of a witness the time it says.
    ///
    /// # Errors
    /// [`Error::Signature`] if it is not that key's signature of the text.
    pub fn verify(&self, text: &str, key: &VerifierKey) -> Result<Option<u64>> {
        let wrong = || Error::Signature { name: key.name().to_owned() };
        let (time, signature) = match key.kind() {
            SignatureKind::Ed25519 => (None, self.bytes.as_slice()),
            SignatureKind::Cosignature => {
                let (time, signature) = self.bytes.split_first_chunk::<8>().ok_or_else(wrong)?;
                #[expect(clippy::big_endian_bytes, reason = "tlog-cosignature says so")]
                (Some(u64::from_be_bytes(*time)), signature)
            }
        };
        let signature = signature.try_into().map_err(|_| wrong())?;
        let good = match time {
            None => key.verifies(text.as_bytes(), signature),
            Some(time) => {
                i64::try_from(time).is_ok()
                    && key.verifies(cosigned(text, time).as_bytes(), signature)
            }
        };
        if good { Ok(time) } else { Err(wrong()) }
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::big_endian_bytes, reason = "signed-note says so")]
        let mut bytes = self.id.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.bytes);
        writeln!(f, "— {} {}", self.name, data_encoding::BASE64.encode(&bytes))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| write!(f, "{line}"))
    }
}

/// What a witness signs.
fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// Signature lines, each `— name base64`.
fn signatures(text: &str) -> Result<Vec<NoteSignature>> {
    let form = |rule| Error::form("signature line", rule);
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        if lines.len() == SIGNATURES_MAX {
            return Err(form("at most 64 follow a text"));
        }
        let line = line.strip_suffix('\n').ok_or_else(|| form("it ends with a line end"))?;
        let parts = line.strip_prefix("— ").and_then(|line| line.split_once(' '));
        let (name, text) = parts.ok_or_else(|| form("it is `— name base64`"))?;
        check_name(name)?;
        let bytes = base64::decode(text.as_bytes());
        let bytes = bytes.ok_or_else(|| form("the signature is base64"))?;
        let (id, bytes) = match bytes.split_first_chunk::<4>() {
            Some((id, bytes)) if !bytes.is_empty() => (*id, bytes.to_vec()),
            _ => return Err(form("four bytes of a key's id stand before the signature")),
        };
        #[expect(clippy::big_endian_bytes, reason = "signed-note says so")]
        let id = u32::from_be_bytes(id);
        lines.push(NoteSignature { name: name.to_owned(), id, bytes });
    }
    Ok(lines)
}
