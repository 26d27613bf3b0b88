//! The envelope of a signed approval: DSSE v1.0 around a statement of in-toto.
//!
//! What is signed is `PAE(type, payload)`, so that a signature of one type of payload is none of
//! another (<https://github.com/secure-systems-lab/dsse>, protocol.md).

use super::key::{PublicKey, SecretKey};
use data_encoding::BASE64;
use serde_json::{Value as Json, json};

/// The type of a payload that is a statement of in-toto.
pub const STATEMENT_TYPE: &str = "application/vnd.in-toto+json";
/// Most bytes of an envelope: one of an approval has a few kilobytes.
pub const ENVELOPE_MAX: usize = 1 << 20;

/// Why an envelope says nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// It is not in the form of DSSE.
    #[error("the envelope is not in the form of DSSE: {rule}")]
    Form {
        /// What was expected.
        rule: &'static str,
    },
    /// No signature of it is by this key.
    #[error("no signature of the envelope is by {key}")]
    OtherKey {
        /// The fingerprint.
        key: String,
    },
    /// A signature that names the key is not by it.
    #[error("the signature is not by {key}: the envelope or the signature was changed")]
    Wrong {
        /// The fingerprint.
        key: String,
    },
}

/// What an envelope holds: a payload with its type, and signatures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// The type of the payload.
    pub payload_type: String,
    /// The payload's bytes.
    pub payload: Vec<u8>,
    /// Signatures, each with the name of its key.
    pub signatures: Vec<(String, Vec<u8>)>,
}

/// The bytes that are signed.
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    let mut message = head.into_bytes();
    message.extend_from_slice(payload);
    message
}

impl Envelope {
    /// Signs a payload.
    #[must_use]
    pub fn sign(payload_type: &str, payload: Vec<u8>, key: &SecretKey) -> Envelope {
        let signature = key.sign(&pae(payload_type, &payload)).to_vec();
        let signatures = vec![(key.public().fingerprint(), signature)];
        Envelope { payload_type: payload_type.to_owned(), payload, signatures }
    }

    /// As JSON, in one line.
    #[must_use]
    pub fn to_text(&self) -> String {
        let signatures = self.signatures.iter();
        let signatures =
            signatures.map(|(key, sig)| json!({ "keyid": key, "sig": BASE64.encode(sig) }));
        let object = json!({
            "payload": BASE64.encode(&self.payload),
            "payloadType": self.payload_type,
            "signatures": signatures.collect::<Vec<_>>(),
        });
        object.to_string()
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`EnvelopeError::Form`].
    pub fn parse(text: &str) -> Result<Envelope, EnvelopeError> {
        let form = |rule| EnvelopeError::Form { rule };
        if text.len() > ENVELOPE_MAX {
            return Err(form("it has at most a mebibyte"));
        }
        let json: Json = serde_json::from_str(text).map_err(|_| form("it is JSON"))?;
        Envelope::of_json(&json)
    }

    /// Reads one that is JSON already, such as that of a bundle of Sigstore.
    ///
    /// # Errors
    /// [`EnvelopeError::Form`].
    pub fn of_json(json: &Json) -> Result<Envelope, EnvelopeError> {
        let form = |rule| EnvelopeError::Form { rule };
        let bytes = |json: &Json, rule| {
            let text = json.as_str().ok_or_else(|| form(rule))?;
            BASE64.decode(text.as_bytes()).map_err(|_| form(rule))
        };
        let payload = bytes(&json["payload"], "`payload` is base64")?;
        let payload_type = json["payloadType"].as_str();
        let payload_type = payload_type.ok_or_else(|| form("`payloadType` is text"))?.to_owned();
        let signatures = json["signatures"].as_array();
        let signatures = signatures.ok_or_else(|| form("`signatures` is a list"))?;
        let signatures = signatures.iter().map(|signature| {
            let key = signature["keyid"].as_str().unwrap_or_default().to_owned();
            Ok((key, bytes(&signature["sig"], "`sig` is base64")?))
        });
        let signatures = signatures.collect::<Result<Vec<_>, _>>()?;
        Ok(Envelope { payload_type, payload, signatures })
    }

    /// Is it signed by this key? A signature that names no key may be of any.
    ///
    /// # Errors
    /// [`EnvelopeError::OtherKey`] or [`EnvelopeError::Wrong`].
    pub fn check(&self, key: &PublicKey) -> Result<(), EnvelopeError> {
        let (fingerprint, message) = (key.fingerprint(), pae(&self.payload_type, &self.payload));
        let mut named = false;
        for (name, signature) in &self.signatures {
            named |= *name == fingerprint;
            let fits = name.is_empty() || *name == fingerprint;
            if fits
                && let Ok(signature) = <&[u8; 64]>::try_from(signature.as_slice())
                && key.verifies(&message, signature)
            {
                return Ok(());
            }
        }
        Err(if named {
            EnvelopeError::Wrong { key: fingerprint }
        } else {
            EnvelopeError::OtherKey { key: fingerprint }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = include_str!("../../tests/approver.key");

    #[test]
    fn the_signed_bytes_are_those_of_the_specification() {
        // The example of protocol.md.
        let message = pae("http://example.com/HelloWorld", b"hello world");
        assert_eq!(message, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn a_changed_envelope_does_not_check() {
        let key = SecretKey::parse(KEY.as_bytes(), None).unwrap();
        let envelope = Envelope::sign(STATEMENT_TYPE, b"{}".to_vec(), &key);
        let read = Envelope::parse(&envelope.to_text()).unwrap();
        assert_eq!(read, envelope);
        assert_eq!(read.check(&key.public()), Ok(()));
        let fingerprint = key.public().fingerprint();
        let wrong = EnvelopeError::Wrong { key: fingerprint.clone() };
        let other = EnvelopeError::OtherKey { key: fingerprint };
        type Change = fn(&mut Envelope);
        let changes: [(Change, &EnvelopeError); 4] = [
            (|it| it.payload.push(b' '), &wrong),
            (|it| it.payload_type.push('x'), &wrong),
            (|it| it.signatures[0].1[5] ^= 1, &wrong),
            (|it| it.signatures[0].0.push('x'), &other),
        ];
        for (change, expected) in changes {
            let mut changed = envelope.clone();
            change(&mut changed);
            assert_eq!(changed.check(&key.public()).as_ref(), Err(expected));
        }
    }
}
