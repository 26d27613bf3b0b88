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
    /// A curve, and its name in keys.
    Curve(&'static EcdsaVerificationAlgorithm, &'static str),
    /// Ed25519.
    Edwards(&'static signature::EdDSAParameters),
}

/// Each beside the library's name for it.
const ALL: [(Algorithm, jsonwebtoken::Algorithm); 9] = [
    (Algorithm::RS256, jsonwebtoken::Algorithm::RS256),
    (Algorithm::RS384, jsonwebtoken::Algorithm::RS384),
    (Algorithm::RS512, jsonwebtoken::Algorithm::RS512),
    (Algorithm::PS256, jsonwebtoken::Algorithm::PS256),
    (Algorithm::PS384, jsonwebtoken::Algorithm::PS384),
    (Algorithm::PS512, jsonwebtoken::Algorithm::PS512),
    (Algorithm::ES256, jsonwebtoken::Algorithm::ES256),
    (Algorithm::ES384, jsonwebtoken::Algorithm::ES384),
    (Algorithm::EdDSA, jsonwebtoken::Algorithm::EdDSA),
];

impl Algorithm {
    /// The library's, where it is one of ours.
    pub(super) fn of(theirs: jsonwebtoken::Algorithm) -> Option<Algorithm> {
        ALL.iter().find(|(_, known)| *known == theirs).map(|(ours, _)| *ours)
    }

    /// What the library calls it.
    pub(super) fn theirs(self) -> jsonwebtoken::Algorithm {
        let found = ALL.iter().find(|(ours, _)| *ours == self);
        // The list is whole: a test reads it.
        found.map_or(jsonwebtoken::Algorithm::EdDSA, |(_, theirs)| *theirs)
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
            Algorithm::ES256 => Check::Curve(&ECDSA_P256_SHA256_FIXED, "P-256"),
            Algorithm::ES384 => Check::Curve(&ECDSA_P384_SHA384_FIXED, "P-384"),
            Algorithm::EdDSA => Check::Edwards(&ED25519),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_for_no_signature_or_for_a_shared_secret() {
        let configured = |name: &str| {
            let text = format!("a = \"{name}\"");
            toml::from_str::<std::collections::BTreeMap<String, Algorithm>>(&text)
        };
        for name in ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "rs256", "dir"] {
            assert!(configured(name).is_err(), "{name} cannot be configured");
        }
        for secret in [jsonwebtoken::Algorithm::HS256, jsonwebtoken::Algorithm::HS512] {
            assert_eq!(Algorithm::of(secret), None);
        }
        for (ours, theirs) in ALL {
            assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
            assert_eq!((ours.theirs(), Algorithm::of(theirs)), (theirs, Some(ours)));
            assert_eq!(configured(&format!("{ours:?}")).unwrap()["a"], ours, "its own name");
        }
    }
}
