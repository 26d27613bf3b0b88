//! An identity provider in a test: keys of each kind, made here, and tokens signed with them. RSA is
//! done with big numbers alone, so that what checks it is not what made it.

use data_encoding::BASE64URL_NOPAD;
use lineal_server::{Config, Oidc};
use num_bigint::BigUint;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::OnceLock;

/// Whose tokens they are.
pub(crate) const ISSUER: &str = "https://idp.example/realms/bank";
/// For whom.
pub(crate) const AUDIENCE: &str = "lineal";
/// What stands before a SHA-256 in a signature (RFC 8017, section 9.2).
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];
/// Bytes of the modulus.
const RSA_BYTES: usize = 256;

/// The provider. Its RSA key is made once a process, since that takes a second.
pub(crate) struct Provider {
    curve: EcdsaKeyPair,
    edwards: Ed25519KeyPair,
    random: SystemRandom,
    folder: tempfile::TempDir,
}

struct Rsa {
    modulus: BigUint,
    private: BigUint,
}

impl Provider {
    pub(crate) fn new() -> Provider {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let curve = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let curve = EcdsaKeyPair::from_pkcs8(algorithm, curve.as_ref(), &random).unwrap();
        let edwards = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let edwards = Ed25519KeyPair::from_pkcs8(edwards.as_ref()).unwrap();
        let provider = Provider { curve, edwards, random, folder: tempfile::tempdir().unwrap() };
        provider.publish(&provider.keys());
        provider
    }

    /// The file with the public keys.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("keys.json")
    }

    /// Puts other keys into the file, all at once.
    pub(crate) fn publish(&self, keys: &Json) {
        let next = self.folder.path().join("next");
        std::fs::write(&next, keys.to_string()).unwrap();
        std::fs::rename(next, self.file()).unwrap();
    }

    /// The public keys: `rsa`, `ec` and `ed`.
    pub(crate) fn keys(&self) -> Json {
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let point = self.curve.public_key().as_ref();
        json!({ "keys": [
            { "kid": "rsa", "kty": "RSA", "use": "sig", "e": "AQAB", "n": text(&modulus()) },
            { "kid": "ec", "kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..]) },
            { "kid": "ed", "kty": "OKP", "crv": "Ed25519", "x": text(self.edwards.public_key().as_ref()) },
        ]})
    }

    /// Takes its tokens. Grants are added by the test.
    pub(crate) fn trusted(&self, config: &mut Config, grants: &str) {
        config.oidc = Some(self.oidc(&self.file().display().to_string(), grants));
    }

    /// The part of a configuration that names it.
    pub(crate) fn oidc(&self, keys: &str, grants: &str) -> Oidc {
        let secret = self.folder.path().join("oidc.key");
        let (keys, secret) = (Json::from(keys), Json::from(secret.display().to_string()));
        let text = format!(
            "issuer = \"{ISSUER}\"\naudience = [\"{AUDIENCE}\"]\nkeys = {keys}\nsecret = {secret}\n\
             refetch_seconds = 1\n{grants}"
        );
        toml::from_str(&text).unwrap()
    }

    /// A token that is signed as its `alg` says, by the key that is called so.
    pub(crate) fn token(&self, algorithm: &str, claims: &Json) -> String {
        let key = match algorithm {
            "RS256" => "rsa",
            "ES256" => "ec",
            _ => "ed",
        };
        self.signed(&json!({ "alg": algorithm, "kid": key, "typ": "JWT" }), key, claims)
    }

    /// A token whose header says this, signed by that key whatever the header says.
    pub(crate) fn signed(&self, header: &Json, key: &str, claims: &Json) -> String {
        let message = message(header, claims);
        let signature = match key {
            "rsa" => signed_by_rsa(message.as_bytes()),
            "ec" => self.curve.sign(&self.random, message.as_bytes()).unwrap().as_ref().to_vec(),
            _ => self.edwards.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
    }
}

/// What is signed.
pub(crate) fn message(header: &Json, claims: &Json) -> String {
    let [header, claims] =
        [header, claims].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
    format!("{header}.{claims}")
}

/// Claims of somebody, good for ten minutes, to which a test adds what they are worth.
pub(crate) fn claims(subject: &str, more: &Json) -> Json {
    let now = jiff::Timestamp::now().as_second();
    let mut claims = json!({
        "iss": ISSUER, "aud": [AUDIENCE, "account"], "sub": subject, "iat": now, "nbf": now,
        "exp": now + 600, "email": format!("{subject}@bank.example"),
    });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// The public modulus of the RSA key: what a confused server would take for a shared secret.
pub(crate) fn modulus() -> Vec<u8> {
    rsa().modulus.to_bytes_be()
}

fn signed_by_rsa(message: &[u8]) -> Vec<u8> {
    let info = [&DIGEST_INFO[..], &Sha256::digest(message)[..]].concat();
    let mut block = vec![0xff; RSA_BYTES - info.len()];
    let last = block.len() - 1;
    (block[0], block[1], block[last]) = (0, 1, 0);
    block.extend(info);
    let signed = BigUint::from_bytes_be(&block).modpow(&rsa().private, &rsa().modulus);
    let bytes = signed.to_bytes_be();
    [vec![0; RSA_BYTES - bytes.len()], bytes].concat()
}

fn rsa() -> &'static Rsa {
    static MADE: OnceLock<Rsa> = OnceLock::new();
    MADE.get_or_init(|| {
        let public = BigUint::from(65_537u32);
        loop {
            let (p, q) = (prime(), prime());
            let one = BigUint::from(1u32);
            let order = (&p - &one) * (&q - &one);
            if let Some(private) = public.modinv(&order) {
                return Rsa { modulus: p * q, private };
            }
        }
    })
}

/// A prime of half the modulus's bits, its two highest set. Fermat's test to three bases: a number
/// that passes it and is none does not come by chance.
fn prime() -> BigUint {
    let small: Vec<u32> =
        (3..2_000u32).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0)).collect();
    loop {
        let mut bytes = [0; RSA_BYTES / 2];
        getrandom::fill(&mut bytes).unwrap();
        bytes[0] |= 0xc0;
        bytes[RSA_BYTES / 2 - 1] |= 1;
        let number = BigUint::from_bytes_be(&bytes);
        if small.iter().any(|divisor| &number % divisor == BigUint::ZERO) {
            continue;
        }
        let below = &number - 1u32;
        if [2u32, 3, 5]
            .iter()
            .all(|base| BigUint::from(*base).modpow(&below, &number) == BigUint::from(1u32))
        {
            return number;
        }
    }
}
