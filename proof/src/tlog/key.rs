//! The keys of notes: what a stranger is given once, on another way, and checks signatures with
//! (`c2sp.org/signed-note`, "Verifier keys"; `c2sp.org/tlog-cosignature`).

use super::{Error, Result};
use crate::base64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use std::fmt;

/// What a key's signatures mean. The number is the byte that stands before the public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum SignatureKind {
    /// Ed25519 over the text of the note.
    Ed25519 = 1,
    /// A witness's Ed25519 over the text of a checkpoint and the time at which it saw it.
    Cosignature = 4,
}

/// A public key with the name that it signs under. As text: `name+hexadecimal id+base64`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifierKey {
    name: String,
    kind: SignatureKind,
    id: u32,
    key: VerifyingKey,
}

impl VerifierKey {
    /// The key of a name.
    ///
    /// # Errors
    /// If the name is not one that a note can hold, or the bytes are no Ed25519 key.
    pub fn new(name: &str, kind: SignatureKind, public: &[u8; 32]) -> Result<VerifierKey> {
        check_name(name)?;
        let key = VerifyingKey::from_bytes(public)
            .map_err(|_| Error::form("verifier key", "its 32 bytes are an Ed25519 public key"))?;
        Ok(VerifierKey { name: name.to_owned(), kind, id: key_id(name, kind, public), key })
    }

    /// Reads `name+hexadecimal id+base64`.
    ///
    /// # Errors
    /// If it is not in this form, of another algorithm, or its id is not that of name and key.
    pub fn parse(text: &str) -> Result<VerifierKey> {
        let form = |rule| Error::form("verifier key", rule);
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(form("it is `name+id+key`: three parts with + between them"));
        };
        let bytes = base64::decode(key.as_bytes());
        let bytes = bytes.ok_or_else(|| form("its last part is base64"))?;
        let Some((kind, public)) = bytes.split_first() else {
            return Err(form("its last part is a byte for the algorithm and the public key"));
        };
        let kind = match kind {
            1 => SignatureKind::Ed25519,
            4 => SignatureKind::Cosignature,
            _ => return Err(form("its algorithm is Ed25519 (1) or an Ed25519 cosignature (4)")),
        };
        let public = public.try_into().map_err(|_| form("an Ed25519 key has 32 bytes"))?;
        let key = VerifierKey::new(name, kind, public)?;
        if format!("{:08x}", key.id) != id {
            return Err(form("its id is that of its name and key: one of the three was changed"));
        }
        Ok(key)
    }

    /// The name that stands in signature lines.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its signatures mean.
    #[must_use]
    pub fn kind(&self) -> SignatureKind {
        self.kind
    }

    /// The number that stands before its signatures: with the name it says which key signed.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// Is this the signature of the message by this key?
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![self.kind as u8];
        bytes.extend_from_slice(&self.public());
        write!(f, "{}+{:08x}+{}", self.name, self.id, data_encoding::BASE64.encode(&bytes))
    }
}

/// A secret key with the name that it signs under.
pub struct NoteSigner {
    verifier: VerifierKey,
    key: SigningKey,
}

impl NoteSigner {
    /// The signer of a name, from the 32 bytes of RFC 8032's private key.
    ///
    /// # Errors
    /// If the name is not one that a note can hold.
    pub fn new(name: &str, kind: SignatureKind, secret: &[u8; 32]) -> Result<NoteSigner> {
        let key = SigningKey::from_bytes(secret);
        let verifier = VerifierKey::new(name, kind, &key.verifying_key().to_bytes())?;
        Ok(NoteSigner { verifier, key })
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signature of a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigner({})", self.verifier)
    }
}

/// A name that can stand in a signature line.
pub(super) fn check_name(name: &str) -> Result<()> {
    let bad = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '+';
    if name.is_empty() || name.chars().any(bad) {
        return Err(Error::form("key name", "it is not empty and has neither blanks nor +"));
    }
    Ok(())
}

/// `SHA-256(name || 0A || kind || key)`, its first four bytes.
fn key_id(name: &str, kind: SignatureKind, public: &[u8; 32]) -> u32 {
    let mut digest = Sha256::new();
    digest.update(name.as_bytes());
    digest.update([b'\n', kind as u8]);
    digest.update(public);
    let digest: [u8; 32] = digest.finalize().into();
    let [a, b, c, d, ..] = digest;
    #[expect(clippy::big_endian_bytes, reason = "signed-note says so")]
    u32::from_be_bytes([a, b, c, d])
}
