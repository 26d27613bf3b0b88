//! How tokens may be signed. Only what needs the private key of the provider can be named: neither
//! `none` nor a MAC, whose key whoever checks it holds too.

use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, EcdsaVerificationAlgorithm,
    RsaParameters,
};
use serde::Deserialize;

/// An algorithm of RFC 7518 or RFC 8037.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[expect(missing_docs, reason = "RFC 7518, section 3.1, says what each is")]
pub enum Algorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    /// RFC 8037, with Ed25519.
    EdDSA,
}

/// What is done with a key of one kind.
pub(super) enum Check {
    /// RSA, of 2,048 to 8,192 bits.
    Rsa(&'static RsaParameters),
    /// A curve, its name in keys, and the bytes of one coordinate.
    Curve(&'static EcdsaVerificationAlgorithm, &'static str, usize),
    /// Ed25519.
    Edwards(&'static signature::EdDSAParameters),
}

impl Algorithm {
    /// The one of that name, as tokens and keys write it.
    pub(super) fn parse(name: &str) -> Option<Algorithm> {
        Some(match name {
            "RS256" => Algorithm::RS256,
            "RS384" => Algorithm::RS384,
            "RS512" => Algorithm::RS512,
            "PS256" => Algorithm::PS256,
            "PS384" => Algorithm::PS384,
            "PS512" => Algorithm::PS512,
            "ES256" => Algorithm::ES256,
            "ES384" => Algorithm::ES384,
            "EdDSA" => Algorithm::EdDSA,
            _ => return None,
        })
    }

    /// How it is checked.
    pub(super) fn check(self) -> Check {
        match self {
            Algorithm::RS256 => Check::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::RS384 => Check::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
            Algorithm::RS512 => Check::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
            Algorithm::PS256 => Check::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
            Algorithm::PS384 => Check::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
            Algorithm::PS512 => Check::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
            Algorithm::ES256 => Check::Curve(&ECDSA_P256_SHA256_FIXED, "P-256", 32),
            Algorithm::ES384 => Check::Curve(&ECDSA_P384_SHA384_FIXED, "P-384", 48),
            Algorithm::EdDSA => Check::Edwards(&ED25519),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_for_no_signature_or_for_a_shared_secret() {
        for name in ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "rs256", "dir"] {
            assert_eq!(Algorithm::parse(name), None, "{name}");
            let configured = toml::from_str::<std::collections::BTreeMap<String, Algorithm>>(
                &format!("a = \"{name}\""),
            );
            assert!(configured.is_err(), "{name} cannot be configured");
        }
        assert_eq!(Algorithm::parse("ES256"), Some(Algorithm::ES256));
    }
}
