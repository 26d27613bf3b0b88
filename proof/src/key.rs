//! The natural key of a node: what the source calls it, in parts.
//!
//! A part that the source does not know is null; a key with a null part is a *claim*, resolved
//! when indexes are built and never written (docs/format.md, section 6).

use crate::cbor;
use crate::value::Value;

/// One part of a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum KeyPart {
    /// Not known to this source.
    Null,
    /// A whole number.
    Int(i64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Text.
    Text(String),
}

impl From<&str> for KeyPart {
    fn from(text: &str) -> KeyPart {
        KeyPart::Text(text.to_owned())
    }
}
impl From<String> for KeyPart {
    fn from(text: String) -> KeyPart {
        KeyPart::Text(text)
    }
}
impl From<i64> for KeyPart {
    fn from(number: i64) -> KeyPart {
        KeyPart::Int(number)
    }
}
impl From<Option<String>> for KeyPart {
    fn from(text: Option<String>) -> KeyPart {
        text.map_or(KeyPart::Null, KeyPart::Text)
    }
}

/// A key: its parts in the order that the kind defines.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Key(pub Vec<KeyPart>);

impl Key {
    /// A key of these parts.
    #[must_use]
    pub fn new(parts: Vec<KeyPart>) -> Key {
        Key(parts)
    }

    /// A key of one text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Key {
        Key(vec![KeyPart::Text(text.into())])
    }

    /// The text of a part, if it is one.
    #[must_use]
    pub fn part_text(&self, at: usize) -> Option<&str> {
        match self.0.get(at) {
            Some(KeyPart::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Has it a part that the source does not know?
    #[must_use]
    pub fn is_claim(&self) -> bool {
        self.0.contains(&KeyPart::Null)
    }

    /// Does a claim fit an exact key: same length, equal where the claim is not null?
    #[must_use]
    pub fn fits(&self, exact: &Key) -> bool {
        self.0.len() == exact.0.len()
            && self
                .0
                .iter()
                .zip(&exact.0)
                .all(|(mine, other)| *mine == KeyPart::Null || mine == other)
    }

    /// Does a claim fit an exact key of its kind? As [`Key::fits`]; the versions of models are compared
    /// as [`bare_version`] has them, since a log may leave out the `v` that a registry writes.
    #[must_use]
    pub fn fits_as(&self, kind: &str, exact: &Key) -> bool {
        use KeyPart::{Null, Text};
        match (self.0.as_slice(), exact.0.as_slice()) {
            ([registry, name, Text(version)], [of, called, Text(own)]) if kind == "model" => {
                let fits = |mine: &KeyPart, other: &KeyPart| *mine == Null || mine == other;
                bare_version(version) == bare_version(own)
                    && fits(registry, of)
                    && fits(name, called)
            }
            _ => self.fits(exact),
        }
    }

    /// Does a name given by hand stand for what this claim names? It is the claim's name, or of a model
    /// `NAME@VERSION`, the versions compared as [`Key::fits_as`] does.
    #[must_use]
    pub fn is_called(&self, kind: &str, given: &str) -> bool {
        let is_model = kind == "model";
        let Some(name) = self.part_text(usize::from(is_model)) else { return false };
        let is_version = || {
            let version = given.strip_prefix(name)?.strip_prefix('@')?;
            Some(bare_version(version) == bare_version(self.part_text(2)?))
        };
        given == name || (is_model && is_version().unwrap_or(false))
    }

    /// As a list value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::List(
            self.0
                .iter()
                .map(|part| match part {
                    KeyPart::Null => Value::Null,
                    KeyPart::Int(number) => Value::from(*number),
                    KeyPart::Bytes(bytes) => Value::Bytes(bytes.clone()),
                    KeyPart::Text(text) => Value::text(text),
                })
                .collect(),
        )
    }

    /// Appends the canonical bytes of [`Key::to_value`]: a key is written for every name of every
    /// record, and a list of copies cost more than the hash.
    pub fn write(&self, out: &mut Vec<u8>) {
        cbor::write_list_head(out, self.0.len());
        for part in &self.0 {
            match part {
                KeyPart::Null => cbor::write_value(out, &Value::Null),
                KeyPart::Int(number) => cbor::write_int(out, i128::from(*number)),
                KeyPart::Bytes(bytes) => cbor::write_bytes(out, bytes),
                KeyPart::Text(text) => cbor::write_text(out, text),
            }
        }
    }

    /// From a list value; `None` if it is no list of key parts.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Key> {
        let parts = value.as_list()?.iter().map(|part| match part {
            Value::Null => Some(KeyPart::Null),
            Value::Int(_) => part.as_i64().map(KeyPart::Int),
            Value::Bytes(bytes) => Some(KeyPart::Bytes(bytes.clone())),
            Value::Text(text) => Some(KeyPart::Text(text.clone())),
            _ => None,
        });
        parts.collect::<Option<Vec<_>>>().map(Key)
    }
}

/// A version without the `v` or `V` before its first digit: `v7` is `7`, `vanilla` stays.
#[must_use]
pub fn bare_version(version: &str) -> &str {
    match version.strip_prefix(['v', 'V']) {
        Some(bare) if bare.starts_with(|letter: char| letter.is_ascii_digit()) => bare,
        _ => version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_models_are_compared_without_a_v_and_other_keys_as_they_are() {
        let key = |parts: [&str; 3]| Key::new(parts.map(KeyPart::from).to_vec());
        let claim = |version: &str| Key::new(vec![KeyPart::Null, "lr".into(), version.into()]);
        for (said, written) in [("7", "v7"), ("v7", "7"), ("V7.1", "7.1"), ("vanilla", "vanilla")] {
            assert!(claim(said).fits_as("model", &key(["wandb", "lr", written])), "{said}");
        }
        for (said, written) in [("7", "v8"), ("anilla", "vanilla"), ("7", "vv7")] {
            assert!(!claim(said).fits_as("model", &key(["wandb", "lr", written])), "{said}");
        }
        assert!(!claim("7").fits_as("model", &key(["wandb", "other", "v7"])));
        assert!(!claim("7").fits_as("dataset", &key(["wandb", "lr", "v7"])));
        assert!(claim("7").is_called("model", "lr") && claim("7").is_called("model", "lr@v7"));
        assert!(!claim("7").is_called("model", "lr@8") && !claim("7").is_called("model", "lr7"));
    }
}
