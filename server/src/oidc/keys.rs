//! The public keys of an identity provider: a JSON Web Key Set (RFC 7517). Keys of other kinds, or
//! for other uses, are passed over: a provider may publish those too.

use super::algorithm::{Algorithm, Check};
use data_encoding::BASE64URL_NOPAD;
use ring::signature::{RsaPublicKeyComponents, UnparsedPublicKey};
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
    algorithm: Option<Algorithm>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// The curve, and the point as SEC 1 writes it whole.
    Curve {
        name: String,
        point: Vec<u8>,
    },
    Edwards(Vec<u8>),
}

/// What a token says of its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Signed {
    /// It was signed by a key of the set.
    Well,
    /// No key of the set has that id, or may be used so.
    NoKey,
    /// It was not signed by the key that it names.
    Badly,
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

    /// Looks whether a message was signed by the key of an id. Without an id by the only key that
    /// can be used so: among several is not tried which.
    pub(super) fn check(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Signed {
        let named = |key: &&Key| id.is_none() || key.id.as_deref() == id;
        let mut fitting = self.keys.iter().filter(named).filter(|key| key.fits(algorithm));
        let (Some(key), rest) = (fitting.next(), fitting.next()) else { return Signed::NoKey };
        // Two keys of one id are a fault of the provider: neither is guessed at.
        if rest.is_some() {
            return Signed::NoKey;
        }
        if key.signed(algorithm, message, signature) { Signed::Well } else { Signed::Badly }
    }
}

impl Key {
    fn read(json: &Json) -> Option<Key> {
        let text = |name: &str| json.get(name).and_then(Json::as_str);
        let bytes = |name: &str| BASE64URL_NOPAD.decode(text(name)?.as_bytes()).ok();
        let signs = json.get("use").is_none_or(|it| it.as_str() == Some("sig"));
        let verifies = json.get("key_ops").is_none_or(|operations| {
            let mut all = operations.as_array().into_iter().flatten();
            all.any(|operation| operation.as_str() == Some("verify"))
        });
        if !signs || !verifies {
            return None;
        }
        let algorithm = match json.get("alg") {
            None => None,
            // A key for something that is not known here is none for us.
            Some(named) => Some(Algorithm::parse(named.as_str()?)?),
        };
        let material = match text("kty")? {
            "RSA" => {
                let (modulus, exponent) = (unsigned(bytes("n")?), unsigned(bytes("e")?));
                MODULUS_BYTES.contains(&modulus.len()).then_some(())?;
                Material::Rsa { modulus, exponent }
            }
            "EC" => {
                let name = text("crv")?.to_owned();
                let (x, y) = (bytes("x")?, bytes("y")?);
                (x.len() == y.len()).then_some(())?;
                Material::Curve { name, point: [&[4], x.as_slice(), y.as_slice()].concat() }
            }
            "OKP" if text("crv") == Some("Ed25519") => {
                let key = bytes("x")?;
                (key.len() == EDWARDS_BYTES).then_some(())?;
                Material::Edwards(key)
            }
            // Among them `oct`, a shared secret: that is never a public key.
            _ => return None,
        };
        Some(Key { id: text("kid").map(str::to_owned), algorithm, material })
    }

    /// May it be used so? What a key is decides, never what a token says of itself.
    fn fits(&self, algorithm: Algorithm) -> bool {
        let made_for = match (&self.material, algorithm.check()) {
            (Material::Rsa { .. }, Check::Rsa(_)) | (Material::Edwards(_), Check::Edwards(_)) => {
                true
            }
            (Material::Curve { name, point }, Check::Curve(_, curve, bytes)) => {
                name == curve && point.len() == 1 + 2 * bytes
            }
            _ => false,
        };
        made_for && self.algorithm.is_none_or(|own| own == algorithm)
    }

    fn signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let checked = match (&self.material, algorithm.check()) {
            (Material::Rsa { modulus, exponent }, Check::Rsa(parameters)) => {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(parameters, message, signature)
            }
            (Material::Curve { point, .. }, Check::Curve(curve, ..)) => {
                UnparsedPublicKey::new(curve, point).verify(message, signature)
            }
            (Material::Edwards(key), Check::Edwards(parameters)) => {
                UnparsedPublicKey::new(parameters, key).verify(message, signature)
            }
            _ => return false,
        };
        checked.is_ok()
    }
}

/// A number without the zeros that some providers put before it.
fn unsigned(bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    if zeros == 0 { bytes } else { bytes[zeros..].to_vec() }
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
        let keys = read(&json!([{ "kty": "OKP", "crv": "Ed25519", "x": EDWARDS }])).unwrap();
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let mut signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
        let check = |message: &[u8], signature: &[u8]| {
            keys.check(None, Algorithm::EdDSA, message, signature)
        };
        assert_eq!(check(message, &signature), Signed::Well);
        assert_eq!(check(&message[1..], &signature), Signed::Badly);
        assert_eq!(keys.check(None, Algorithm::ES256, message, &signature), Signed::NoKey);
        assert_eq!(keys.check(Some("a"), Algorithm::EdDSA, message, &signature), Signed::NoKey);
        signature[0] ^= 1;
        assert_eq!(check(message, &signature), Signed::Badly);
        assert_eq!(check(message, b""), Signed::Badly);
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
        assert_eq!(keys.check(Some("a"), Algorithm::EdDSA, b"", b""), Signed::NoKey);
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
