//! What the library for tokens is given to check signatures with: `ring`, which TLS uses too, and no
//! second implementation of the same algorithms. It signs nothing.

use super::algorithm::{Algorithm, Check};
use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::{DecodingKey, DecodingKeyKind};
use ring::signature::{RsaPublicKeyComponents, UnparsedPublicKey};
use signature::{Error, Verifier};

/// Nothing here is asked for where tokens are only checked.
const NOT_HERE: ErrorKind = ErrorKind::UnsupportedAlgorithm;

static RING: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(NOT_HERE.into()),
    verifier_factory: verifier,
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |_| Err(NOT_HERE.into()),
        rsa_pub_components_from_public_key: |_| Err(NOT_HERE.into()),
        ec_pub_components_from_private_key: |_, _| Err(NOT_HERE.into()),
        ed_pub_components_from_private_key: |_, _| Err(NOT_HERE.into()),
        compute_digest: |_, _| Err(NOT_HERE.into()),
    },
};

/// Makes the library use it, in this process and once.
pub(super) fn install() {
    // It was done before.
    let _ = RING.install_default();
}

/// A key, and how it is used.
struct ByRing {
    algorithm: Algorithm,
    key: DecodingKeyKind,
}

fn verifier(
    algorithm: &jsonwebtoken::Algorithm,
    key: &DecodingKey,
) -> Result<Box<dyn JwtVerifier>> {
    let algorithm = Algorithm::of(*algorithm).ok_or(NOT_HERE)?;
    Ok(Box::new(ByRing { algorithm, key: key.kind().clone() }))
}

impl JwtVerifier for ByRing {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        self.algorithm.theirs()
    }
}

impl Verifier<Vec<u8>> for ByRing {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let checked = match (&self.key, self.algorithm.check()) {
            (DecodingKeyKind::RsaModulusExponent { n, e }, Check::Rsa(parameters)) => {
                let key = RsaPublicKeyComponents { n: unsigned(n), e: unsigned(e) };
                key.verify(parameters, message, signature)
            }
            (DecodingKeyKind::SecretOrDer(point), Check::Curve(curve, ..)) => {
                UnparsedPublicKey::new(curve, point).verify(message, signature)
            }
            (DecodingKeyKind::SecretOrDer(key), Check::Edwards(parameters)) => {
                UnparsedPublicKey::new(parameters, key).verify(message, signature)
            }
            _ => return Err(Error::new()),
        };
        checked.map_err(|_| Error::new())
    }
}

/// A number without the zeros that some providers put before it.
pub(super) fn unsigned(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}
