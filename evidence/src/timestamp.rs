//! The signature of a time stamp (RFC 3161), checked with the certificate that comes with it: that the stamp
//! is as its signer made it. Who that is, a certificate from an authority's root tells, and no file of its
//! own; `openssl ts -verify` with that root does.

use lineal_proof::timestamp::{StampHash, StampKey, StampSignature, TimestampError, signature};
use ring::signature as keys;

/// Why a stamp is not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
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

/// Checks the signature of an answer; gives the SHA-256 of the certificate that it checks with, in hexadecimal.
///
/// # Errors
/// [`Error`] says what is wrong; [`TimestampError::Unknown`] and [`Error::Unchecked`] that nothing is known.
pub fn signer(reply: &[u8]) -> Result<String, Error> {
    let StampSignature { message, signature, hash, key, public, certificate } = signature(reply)?;
    let algorithm: &dyn keys::VerificationAlgorithm = match (key, hash) {
        (StampKey::Rsa, StampHash::Sha256) => &keys::RSA_PKCS1_2048_8192_SHA256,
        (StampKey::Rsa, StampHash::Sha384) => &keys::RSA_PKCS1_2048_8192_SHA384,
        (StampKey::Rsa, StampHash::Sha512) => &keys::RSA_PKCS1_2048_8192_SHA512,
        (StampKey::P256, StampHash::Sha256) => &keys::ECDSA_P256_SHA256_ASN1,
        (StampKey::P256, StampHash::Sha384) => &keys::ECDSA_P256_SHA384_ASN1,
        (StampKey::P384, StampHash::Sha256) => &keys::ECDSA_P384_SHA256_ASN1,
        (StampKey::P384, StampHash::Sha384) => &keys::ECDSA_P384_SHA384_ASN1,
        _ => return Err(Error::Unchecked { key, hash }),
    };
    let certificate = data_encoding::HEXLOWER.encode(&certificate);
    let checked = keys::UnparsedPublicKey::new(algorithm, &public).verify(&message, &signature);
    checked.map(|()| certificate.clone()).map_err(|_| Error::Signature { certificate })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: &[u8] = include_bytes!("../../tests/fixtures/vectors/rfc3161/reply.tsr");

    #[test]
    fn a_stamp_of_openssl_checks_and_no_byte_of_what_is_signed_can_change() {
        let certificate = signer(REPLY).unwrap();
        assert_eq!(certificate, "83301426c5354d4380d477dbb01fb667352c252805aab4a82fcc8365a5bb5585");
        let (mut refused, mut silent) = (0, Vec::new());
        for at in 0..REPLY.len() {
            let mut other = REPLY.to_vec();
            other[at] ^= 0x04;
            match signer(&other) {
                Err(_) => refused += 1,
                Ok(_) => silent.push(at),
            }
        }
        // What is not signed may say anything: the status, versions, who issued the certificate.
        assert!(refused > REPLY.len() * 9 / 10, "{refused} of {}: {silent:?}", REPLY.len());
    }
}
