//! Fingerprints of what was erased: keyed hashes by which it is known when it comes again, and that
//! tell whoever has not the key nothing (docs/format.md, section 23).

use super::Keys;
use crate::error::{Error, Result};
use lineal_proof::{Hash, Value, cbor};

impl Keys {
    /// What knows again what was erased, with nothing but a keyed hash of it kept.
    ///
    /// # Errors
    /// [`Error::NoKey`] without the index key.
    pub(crate) fn fingerprints(&self) -> Result<Fingerprints> {
        let purpose = "knowing again what was erased";
        let secret = self.index.ok_or(Error::NoKey { name: "index.key", purpose })?;
        Ok(Fingerprints { key: Hash::derive("lineal v1 erasure", &secret) })
    }
}

/// Makes the fingerprints of erasures (docs/format.md, section 23).
#[derive(Clone)]
pub(crate) struct Fingerprints {
    pub(super) key: [u8; 32],
}

impl Fingerprints {
    /// Of an event, by its log source and who it is.
    pub(crate) fn of_event(&self, source: &str, identity: (u8, &[u8])) -> [u8; 16] {
        let id = without_occurrence(identity.1);
        let mut bytes = Vec::with_capacity(64);
        cbor::write_list_head(&mut bytes, 3);
        cbor::write_text(&mut bytes, source);
        cbor::write_text(&mut bytes, if identity.0 == b'e' { "event" } else { "log" });
        cbor::write_bytes(&mut bytes, id);
        let mut short = [0; 16];
        short.copy_from_slice(&Hash::keyed(&self.key, &bytes).0[..16]);
        short
    }

    /// Of a sealed value.
    pub(crate) fn of_value(&self, subject: &Hash, field: &str, value: &Value) -> Hash {
        let named = [Value::Bytes(subject.0.to_vec()), Value::text(field), value.clone()];
        Hash::keyed(&self.key, &cbor::encode(&Value::List(named.into())))
    }
}

/// How the ids begin that stand for lines without an id of their own.
const LINE: &[u8] = b"line:";

/// The id of such a line without its occurrence: which of several files held it first must not matter.
fn without_occurrence(id: &[u8]) -> &[u8] {
    let end = id.iter().rposition(|byte| *byte == b':');
    match end {
        Some(end) if id.starts_with(LINE) && end > LINE.len() => &id[..end],
        _ => id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_known_whichever_file_held_it_and_other_events_are_not() {
        let prints = Fingerprints { key: [5; 32] };
        let of = |source: &str, tag: u8, id: &str| prints.of_event(source, (tag, id.as_bytes()));
        assert_eq!(of("datadog", b'l', "line:ab12:0"), of("datadog", b'l', "line:ab12:7"));
        assert_ne!(of("datadog", b'l', "line:ab12:0"), of("datadog", b'l', "line:ab13:0"));
        assert_ne!(of("datadog", b'l', "AQ:0"), of("datadog", b'l', "AQ:1"), "an id of its own");
        assert_ne!(of("datadog", b'l', "e1"), of("datadog", b'e', "e1"));
        assert_ne!(of("datadog", b'e', "e1"), of("other", b'e', "e1"));
        let other = Fingerprints { key: [6; 32] };
        assert_ne!(of("datadog", b'e', "e1"), other.of_event("datadog", (b'e', b"e1")));
    }
}
