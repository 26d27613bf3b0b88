//! A hash as a value: in the value itself, so that an export of many rows asks for no memory for
//! each digest and each name of an algorithm (`benches/asking.rs`, q10).

use std::fmt;
use std::sync::Arc;

/// The digits of SHA-256 and BLAKE3, which nearly all that is recorded is made with.
const SHORT_BYTES: usize = 32;

/// Names of algorithms that are held as a number. Of any other name the hash is held apart.
const NAMES: [&str; 8] =
    ["sha256", "blake3", "sha1", "md5", "sha224", "hmac-sha256", "hmac-sha-256", "sha3-256"];

/// A hash as recorded or asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct HashValue(Held);

/// In the one form for what it says, so that equal hashes are equal to the byte.
#[derive(Clone, PartialEq, Eq)]
enum Held {
    /// A digest of at most 32 bytes, zeros behind it, by an algorithm of [`NAMES`] or none.
    Short { algorithm: Option<u8>, length: u8, bytes: [u8; SHORT_BYTES] },
    /// Any other.
    Long(Arc<Long>),
}

#[derive(PartialEq, Eq)]
struct Long {
    algorithm: Option<Box<str>>,
    bytes: Box<[u8]>,
}

impl HashValue {
    /// A hash with the name of its algorithm (`sha256`, ...), where that is known.
    #[must_use]
    #[inline]
    pub fn new(algorithm: Option<&str>, bytes: &[u8]) -> HashValue {
        // What an export holds of each event: its name comes after it.
        if let (None, Ok(bytes), Ok(length)) =
            (algorithm, bytes.try_into(), u8::try_from(SHORT_BYTES))
        {
            return HashValue(Held::Short { algorithm: None, length, bytes });
        }
        HashValue::of_any(algorithm, bytes)
    }

    fn of_any(algorithm: Option<&str>, bytes: &[u8]) -> HashValue {
        let number = algorithm.map(number_of);
        if let (None | Some(Some(_)), Ok(length)) = (number, u8::try_from(bytes.len()))
            && bytes.len() <= SHORT_BYTES
        {
            let mut own = [0; SHORT_BYTES];
            own[..bytes.len()].copy_from_slice(bytes);
            return HashValue(Held::Short { algorithm: number.flatten(), length, bytes: own });
        }
        let long = Long { algorithm: algorithm.map(Box::from), bytes: Box::from(bytes) };
        HashValue(Held::Long(Arc::new(long)))
    }

    /// Says by which algorithm it was made.
    pub fn set_algorithm(&mut self, name: &str) {
        match (&mut self.0, number_of(name)) {
            (Held::Short { algorithm, .. }, Some(number)) => *algorithm = Some(number),
            _ => *self = HashValue::new(Some(name), self.bytes()),
        }
    }

    /// `sha256`, ...; `None` where it is not known.
    #[must_use]
    pub fn algorithm(&self) -> Option<&str> {
        match &self.0 {
            Held::Short { algorithm, .. } => NAMES.get(usize::from((*algorithm)?)).copied(),
            Held::Long(held) => held.algorithm.as_deref(),
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Held::Short { length, bytes, .. } => bytes.get(..usize::from(*length)).unwrap_or(bytes),
            Held::Long(held) => &held.bytes,
        }
    }

    /// Equal bytes, and no two different algorithms.
    #[must_use]
    pub fn same(&self, other: &HashValue) -> bool {
        let agree = match (self.algorithm(), other.algorithm()) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        agree && self.bytes() == other.bytes()
    }

    /// `sha256:...`, or digits alone.
    #[must_use]
    pub fn text(&self) -> String {
        let digits = data_encoding::HEXLOWER.encode(self.bytes());
        match self.algorithm() {
            Some(algorithm) => format!("{algorithm}:{digits}"),
            None => digits,
        }
    }
}

impl fmt::Debug for HashValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HashValue").field(&self.text()).finish()
    }
}

/// The number of a name among [`NAMES`].
fn number_of(name: &str) -> Option<u8> {
    NAMES.iter().position(|known| *known == name).and_then(|at| u8::try_from(at).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_comes_out_however_it_is_held() {
        let algorithms = [None, Some("sha256"), Some("blake3"), Some("SHA256"), Some("whirlpool")];
        for algorithm in algorithms {
            for length in [0, 1, 16, 20, 31, 32, 33, 64, 300] {
                let bytes: Vec<u8> = (0..=255).cycle().take(length).collect();
                let hash = HashValue::new(algorithm, &bytes);
                assert_eq!((hash.algorithm(), hash.bytes()), (algorithm, &bytes[..]));
                assert_eq!(hash, hash.clone());
                let longer = HashValue::new(algorithm, &[&bytes[..], &[0]].concat());
                assert_ne!(hash, longer, "a zero more is another digest");
                let mut named = hash;
                for name in ["sha1", "tiger"] {
                    named.set_algorithm(name);
                    assert_eq!((named.algorithm(), named.bytes()), (Some(name), &bytes[..]));
                    assert_eq!(named, HashValue::new(Some(name), &bytes));
                }
            }
        }
    }

    #[test]
    fn a_usual_hash_makes_a_value_no_greater_than_it_was() {
        assert!(size_of::<HashValue>() <= 40, "{}", size_of::<HashValue>());
        assert!(size_of::<crate::Value>() <= 40, "{}", size_of::<crate::Value>());
    }
}
