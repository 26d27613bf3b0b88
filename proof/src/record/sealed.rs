//! An entry of the sealed register: the encrypted value behind a commitment.

use super::{Parts, Record, bytes};
use crate::cbor;
use crate::error::Result;
use crate::frame::RecordType;
use crate::hash::{CONTEXT_SEALED, Hash};
use crate::value::{Map, Value};

/// A sealed value. It is checked against the commitment in its revision, not by a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sealed {
    /// The commitment that the revision holds.
    pub commitment: Hash,
    /// The node whose key encrypts it.
    pub subject: Hash,
    /// The field.
    pub field: String,
    /// The ciphertext with its tag.
    pub value: Vec<u8>,
}

impl Sealed {
    /// The commitment to a value under a subject's key (docs/format.md, section 8).
    #[must_use]
    pub fn commit_to(subject_key: &[u8; 32], field: &str, value: &Value) -> Hash {
        let key = Hash::derive(CONTEXT_SEALED, subject_key);
        let pair = Value::List(vec![Value::text(field), value.clone()]);
        Hash::keyed(&key, &cbor::encode(&pair))
    }
}

impl Record for Sealed {
    const TYPE: RecordType = RecordType::Sealed;

    fn to_map(&self) -> Map {
        let mut map = Map::new();
        map.insert("commitment", bytes(&self.commitment));
        map.insert("subject", bytes(&self.subject));
        map.insert("field", self.field.as_str());
        map.insert("value", Value::Bytes(self.value.clone()));
        map
    }

    fn from_parts(parts: &mut Parts) -> Result<Sealed> {
        Ok(Sealed {
            commitment: parts.hash("commitment")?,
            subject: parts.hash("subject")?,
            field: parts.text("field")?,
            value: match parts.take("value")? {
                Value::Bytes(bytes) => bytes,
                _ => return parts.want(None),
            },
        })
    }
}
