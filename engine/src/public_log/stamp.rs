//! The signature of a time stamp (RFC 3161), checked with the certificate that comes with it: that the stamp
//! is as its signer made it. Who that is, no file can say of itself (`evidence/src/timestamp.rs` leads the
//! certificate back to an authority that somebody trusts).

use lineal_proof::timestamp::{
    StampHash, StampKey, StampSignature, Timestamp, TimestampError, signature,
};
use ring::signature as keys;
use sha2::{Digest, Sha256};

/// Why a stamp is not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StampError {
    /// It is not in its form, or not read here.
    #[error(transparent)]
    Form(#[from] TimestampError),
    /// Its signature is of another stamp, or was changed.
    #[error(
        "the signature of the time stamp does not check with the certificate in it (SHA-256 {certificate}): it was changed, or is not that signer's. Ask for another"
    )]
    Signature {
        /// SHA-256 of the certificate, hexadecimal.
        certificate: String,
    },
    /// Signed in a way that is known and that nothing here checks.
    #[error("signatures of {key:?} with {hash:?} are not checked here; `openssl ts -verify` does")]
    Unchecked {
        /// The key.
        key: StampKey,
        /// The hash.
        hash: StampHash,
    },
}

impl StampError {
    /// Does it say that nothing is known of the signature, and not that it is wrong?
    #[must_use]
    pub fn is_untold(&self) -> bool {
        matches!(
            self,
            StampError::Unchecked { .. } | StampError::Form(TimestampError::Unknown { .. })
        )
    }
}

/// Checks the signature of an answer; gives the SHA-256 of the certificate that it checks with, in hexadecimal.
///
/// # Errors
/// [`StampError`] says what is wrong, or that nothing is known ([`StampError::is_untold`]).
pub fn stamp_signer(reply: &[u8]) -> Result<String, StampError> {
    checked_stamp(&signature(reply)?)
}

/// As [`stamp_signer`], of an answer that was taken apart.
///
/// # Errors
/// [`StampError::Signature`] or [`StampError::Unchecked`].
pub fn checked_stamp(stamp: &StampSignature) -> Result<String, StampError> {
    let StampSignature { message, signature, hash, key, public, certificate, .. } = stamp;
    let algorithm: &dyn keys::VerificationAlgorithm = match (key, hash) {
        (StampKey::Rsa, StampHash::Sha256) => &keys::RSA_PKCS1_2048_8192_SHA256,
        (StampKey::Rsa, StampHash::Sha384) => &keys::RSA_PKCS1_2048_8192_SHA384,
        (StampKey::Rsa, StampHash::Sha512) => &keys::RSA_PKCS1_2048_8192_SHA512,
        (StampKey::P256, StampHash::Sha256) => &keys::ECDSA_P256_SHA256_ASN1,
        (StampKey::P256, StampHash::Sha384) => &keys::ECDSA_P256_SHA384_ASN1,
        (StampKey::P384, StampHash::Sha256) => &keys::ECDSA_P384_SHA256_ASN1,
        (StampKey::P384, StampHash::Sha384) => &keys::ECDSA_P384_SHA384_ASN1,
        _ => return Err(StampError::Unchecked { key: *key, hash: *hash }),
    };
    let certificate = data_encoding::HEXLOWER.encode(&Sha256::digest(certificate));
    let checked = keys::UnparsedPublicKey::new(algorithm, public).verify(message, signature);
    checked.map(|()| certificate.clone()).map_err(|_| StampError::Signature { certificate })
}

/// A stamp that was granted and whose signature checks; with why, where nothing is known of its signature.
///
/// # Errors
/// [`StampError`] if it is in no form, or wrong.
pub(crate) fn read_stamp(reply: &[u8]) -> Result<(Timestamp, Option<StampError>), StampError> {
    let stamp = Timestamp::parse(reply)?;
    match stamp_signer(reply) {
        Ok(_) => Ok((stamp, None)),
        Err(why) if why.is_untold() => Ok((stamp, Some(why))),
        Err(why) => Err(why),
    }
}
