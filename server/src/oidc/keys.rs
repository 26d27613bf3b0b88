//! The public keys of an identity provider: a JSON Web Key Set (RFC 7517). Keys of other kinds, or
//! for other uses, are passed over: a provider may publish those too.

use super::algorithm::{Algorithm, Check};
use super::provider::unsigned;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{DecodingKey, DecodingKeyKind};
use serde_json::Value as Json;

/// Most keys of a set: a provider has two or three, and one a tenant.
const KEYS_MAX: usize = 128;
/// Bytes of an RSA modulus: 2,048 bits at least, 8,192 at most.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1_024;
/// Bytes of an Ed25519 key.
const EDWARDS_BYTES: usize = 32;

/// The keys of a provider.
#[derive(Clone, Default, Debug)]
pub(super) struct Keys {
    keys: Vec<Key>,
}

/// One of them.
#[derive(Clone, Debug)]
struct Key {
    id: Option<String>,
    /// What it is for, where that is said.
    algorithm: Option<KeyAlgorithm>,
    kind: Kind,
    key: DecodingKey,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Rsa,
    /// A curve, by its name in keys.
    Curve(&'static str),
    Edwards,
}

impl Keys {
    /// Reads a set.
    ///
    /// # Errors
    /// In words, where it is none, or holds no key that can be used.
    pub(super) fn read(bytes: &[u8]) -> Result<Keys, String> {
        let json: Json = serde_json::from_slice(bytes).map_err(|e| format!("no JSON: {e}"))?;
        let listed = json.get("keys").and_then(Json::as_array);
        let listed = listed.ok_or("no JSON Web Key Set: an object with a list `keys`")?;
        if listed.len() > KEYS_MAX {
            return Err(format!("it has {} keys, {KEYS_MAX} at most", listed.len()));
        }
        // One by one: what cannot be read of one key must not cost the others.
        let keys: Vec<Key> = listed.iter().filter_map(Key::read).collect();
        if keys.is_empty() {
            return Err("it holds no public key for signatures by RSA (2,048 bits at least), P-256, P-384 or Ed25519".to_owned());
        }
        Ok(Keys { keys })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.keys.len()
    }

    /// Is there a key of that id?
    pub(super) fn has(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id.as_deref() == Some(id))
    }

    /// The key of an id that may be used so. Without an id the only key that can be: among several
    /// is not tried which. Two of one id are a fault of the provider, and neither is guessed at.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let named = |key: &&Key| id.is_none() || key.id.as_deref() == id;
        let mut fitting = self.keys.iter().filter(named).filter(|key| key.fits(algorithm));
        let key = fitting.next()?;
        fitting.next().is_none().then_some(&key.key)
    }
}

impl Key {
    fn read(json: &Json) -> Option<Key> {
        let jwk: Jwk = serde_json::from_value(json.clone()).ok()?;
        let known = &jwk.common;
        let signs =
            known.public_key_use.as_ref().is_none_or(|use_| *use_ == PublicKeyUse::Signature);
        let operations = known.key_operations.as_ref();
        let verifies = operations.is_none_or(|all| all.contains(&KeyOperations::Verify));
        if !signs || !verifies {
            return None;
        }
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        let kind = match (&jwk.algorithm, key.kind()) {
            (AlgorithmParameters::RSA(_), DecodingKeyKind::RsaModulusExponent { n, .. }) => {
                MODULUS_BYTES.contains(&unsigned(n).len()).then_some(Kind::Rsa)
            }
            (AlgorithmParameters::EllipticCurve(it), DecodingKeyKind::SecretOrDer(point)) => {
                let (name, bytes) = match &it.curve {
                    EllipticCurve::P256 => ("P-256", 32),
                    EllipticCurve::P384 => ("P-384", 48),
                    _ => return None,
                };
                (point.len() == 1 + 2 * bytes).then_some(Kind::Curve(name))
            }
            (AlgorithmParameters::OctetKeyPair(it), DecodingKeyKind::SecretOrDer(key)) => {
                let fits = it.curve == EllipticCurve::Ed25519 && key.len() == EDWARDS_BYTES;
                fits.then_some(Kind::Edwards)
            }
            // Among them `oct`, a shared secret: that is never a public key.
            _ => None,
        }?;
        let algorithm = known.key_algorithm;
        // A key for something that is not known here is none for us.
        if json.get("alg").is_some() && algorithm.and_then(of_key).is_none() {
            return None;
        }
        Some(Key { id: known.key_id.clone(), algorithm, kind, key })
    }

    /// May it be used so? What a key is decides, never what a token says of itself.
    fn fits(&self, algorithm: Algorithm) -> bool {
        let kind = match algorithm.check() {
            Check::Rsa(_) => Kind::Rsa,
            Check::Curve(_, name) => Kind::Curve(name),
            Check::Edwards(_) => Kind::Edwards,
        };
        kind == self.kind && self.algorithm.is_none_or(|own| of_key(own) == Some(algorithm))
    }
}

/// The algorithm that a key is for, where it is one of ours.
fn of_key(algorithm: KeyAlgorithm) -> Option<Algorithm> {
    Some(match algorithm {
        KeyAlgorithm::RS256 => Algorithm::RS256,
        KeyAlgorithm::RS384 => Algorithm::RS384,
        KeyAlgorithm::RS512 => Algorithm::RS512,
        KeyAlgorithm::PS256 => Algorithm::PS256,
        KeyAlgorithm::PS384 => Algorithm::PS384,
        KeyAlgorithm::PS512 => Algorithm::PS512,
        KeyAlgorithm::ES256 => Algorithm::ES256,
        KeyAlgorithm::ES384 => Algorithm::ES384,
        KeyAlgorithm::EdDSA => Algorithm::EdDSA,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The public key of RFC 8037, appendix A.2.
    const EDWARDS: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn read(keys: &Json) -> Result<Keys, String> {
        Keys::read(json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn the_example_of_rfc_8037_is_signed_by_its_key() {
        super::super::provider::install();
        let keys = read(&json!([{ "kty": "OKP", "crv": "Ed25519", "x": EDWARDS }])).unwrap();
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let key = keys.find(None, Algorithm::EdDSA).unwrap();
        let check = |message: &[u8], signature: &str| {
            let theirs = Algorithm::EdDSA.theirs();
            jsonwebtoken::crypto::verify(signature, message, key, theirs).unwrap()
        };
        assert!(check(message, signature));
        assert!(!check(&message[1..], signature) && !check(message, ""));
        assert!(!check(message, &signature.replacen('h', "i", 1)));
        assert!(keys.find(None, Algorithm::ES256).is_none());
        assert!(keys.find(Some("a"), Algorithm::EdDSA).is_none());
    }

    #[test]
    fn what_is_no_public_key_for_signatures_is_passed_over() {
        let edwards = json!({ "kid": "a", "kty": "OKP", "crv": "Ed25519", "x": EDWARDS });
        let with = |name: &str, value: Json| {
            let mut key = edwards.clone();
            key[name] = value;
            key
        };
        let others = [
            with("use", json!("enc")),
            with("key_ops", json!(["encrypt"])),
            with("alg", json!("HS256")),
            with("alg", json!("none")),
            with("alg", json!(7)),
            with("x", json!("AAAA")),
            with("crv", json!("X25519")),
            with("kty", json!("oct")),
            json!({ "kty": "oct", "k": EDWARDS }),
            json!({ "kty": "RSA", "n": EDWARDS, "e": "AQAB" }),
            json!({ "kty": "EC", "crv": "P-256", "x": EDWARDS, "y": "AA" }),
            json!("a"),
            json!(null),
        ];
        for other in &others {
            assert!(read(&json!([other])).is_err(), "{other}");
        }
        let mut all = others.to_vec();
        all.push(edwards.clone());
        let keys = read(&json!(all)).unwrap();
        assert!(keys.count() == 1 && keys.has("a"));
        for used in [with("use", json!("sig")), with("key_ops", json!(["verify"]))] {
            assert_eq!(read(&json!([used])).unwrap().count(), 1);
        }
    }

    #[test]
    fn two_keys_of_one_id_are_not_guessed_at() {
        let key = json!({ "kid": "a", "kty": "OKP", "crv": "Ed25519", "x": EDWARDS });
        let keys = read(&json!([key, key])).unwrap();
        assert!(keys.find(Some("a"), Algorithm::EdDSA).is_none());
    }

    #[test]
    fn what_is_no_set_is_told() {
        for bytes in ["", "{}", "[]", r#"{"keys":{}}"#, r#"{"keys":[]}"#] {
            assert!(Keys::read(bytes.as_bytes()).is_err(), "{bytes}");
        }
        let many = vec![json!({}); KEYS_MAX + 1];
        assert!(read(&json!(many)).unwrap_err().contains("at most"));
    }
}
