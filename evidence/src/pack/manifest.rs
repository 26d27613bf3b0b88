//! The manifests: every file with its digest, in the form that `sha256sum -c` and `b3sum -c` read, and
//! the signature over the one that covers the other.

use super::{Error, Files};
use data_encoding::HEXLOWER;
use lineal_engine::Store;
use lineal_proof::Hash;
use lineal_proof::tlog::VerifierKey;
use sha2::{Digest, Sha256};

/// BLAKE3 of every file but the manifests and the signature.
pub(super) const OF_BLAKE3: &str = "MANIFEST.b3";
/// SHA-256 of the same and of [`OF_BLAKE3`].
pub(super) const OF_SHA256: &str = "MANIFEST.sha256";
/// Ed25519 over the bytes of [`OF_SHA256`], 64 bytes as they are.
pub(super) const SIGNATURE: &str = "MANIFEST.sha256.sig";

/// Adds the manifests and the signature; gives the digest of the signed one.
pub(super) fn seal(
    store: &Store,
    files: &mut Files,
    expected: &VerifierKey,
) -> Result<String, Error> {
    let blake3 = lines(files, |bytes| Hash::of(bytes).to_string());
    files.add(OF_BLAKE3, blake3.into_bytes())?;
    let sha256 = lines(files, sha256_hex);
    let digest = sha256_hex(sha256.as_bytes());
    let (key, signature) = store.sign_document(sha256.as_bytes())?;
    // Another process may have rotated it meanwhile.
    if key != *expected {
        return Err(Error::KeyChanged { before: expected.to_string(), now: key.to_string() });
    }
    files.add(OF_SHA256, sha256.into_bytes())?;
    files.add(SIGNATURE, signature.to_vec())?;
    Ok(digest)
}

fn lines(files: &Files, digest: impl Fn(&[u8]) -> String) -> String {
    files.iter().map(|(path, bytes)| format!("{}  {path}\n", digest(bytes))).collect()
}

/// SHA-256, hexadecimal.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}
