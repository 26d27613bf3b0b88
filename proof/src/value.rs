//! The values a record may hold: DAG-CBOR's data model with text keys only.

use crate::cid::Cid;

/// A value inside a record.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Nothing; only where a form names it (a claim's unknown part, a reserved field).
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number from -2^64 to 2^64 - 1, as CBOR has them. Times are ns since 1970, UTC.
    Int(i128),
    /// A finite 64-bit float that is not -0.0: build it with [`Value::float`].
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// A map with text keys.
    Map(Map),
    /// A link to another record.
    Link(Cid),
}

impl Value {
    /// A number as the records hold it: -0.0 becomes 0.0, and what CBOR's finite floats cannot
    /// say becomes the texts `NaN`, `Infinity`, `-Infinity` (docs/format.md, section 3).
    #[must_use]
    pub fn float(number: f64) -> Value {
        if number.is_nan() {
            Value::text("NaN")
        } else if number.is_infinite() {
            Value::text(if number > 0.0 { "Infinity" } else { "-Infinity" })
        } else {
            Value::Float(number + 0.0)
        }
    }

    /// Reads what [`Value::float`] made.
    #[must_use]
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Value::Float(number) => Some(*number),
            Value::Text(text) => match text.as_str() {
                "NaN" => Some(f64::NAN),
                "Infinity" => Some(f64::INFINITY),
                "-Infinity" => Some(f64::NEG_INFINITY),
                _ => None,
            },
            _ => None,
        }
    }

    /// Text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Value {
        Value::Text(text.into())
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// The number, if it is a whole one that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if let Value::Int(number) = self { i64::try_from(*number).ok() } else { None }
    }

    /// The truth value, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// The bytes, if they are.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if let Value::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The list, if it is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        if let Value::List(items) = self { Some(items) } else { None }
    }

    /// The map, if it is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        if let Value::Map(map) = self { Some(map) } else { None }
    }

    /// The link, if it is one.
    #[must_use]
    pub fn as_link(&self) -> Option<Cid> {
        if let Value::Link(cid) = self { Some(*cid) } else { None }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Int(i128::from(number))
    }
}
impl From<u64> for Value {
    fn from(number: u64) -> Value {
        Value::Int(i128::from(number))
    }
}
impl From<bool> for Value {
    fn from(truth: bool) -> Value {
        Value::Bool(truth)
    }
}

/// A map with text keys, always in canonical order: shorter keys first, then by bytes.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Map {
    entries: Vec<(String, Value)>,
}

/// The order of keys in a canonical map (docs/format.md, section 3).
#[must_use]
pub fn key_order(a: &str, b: &str) -> std::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.as_bytes().cmp(b.as_bytes()))
}

impl Map {
    /// An empty map.
    #[must_use]
    pub fn new() -> Map {
        Map::default()
    }

    /// Sets a key, returning what stood there.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        // Decoders and most writers add keys in order already.
        if self.entries.last().is_none_or(|(last, _)| key_order(last, &key).is_lt()) {
            self.entries.push((key, value));
            return None;
        }
        match self.entries.binary_search_by(|(k, _)| key_order(k, &key)) {
            Ok(at) => self.entries.get_mut(at).map(|entry| std::mem::replace(&mut entry.1, value)),
            Err(at) => {
                self.entries.insert(at, (key, value));
                None
            }
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let at = self.entries.binary_search_by(|(k, _)| key_order(k, key)).ok()?;
        self.entries.get(at).map(|(_, value)| value)
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.entries.binary_search_by(|(k, _)| key_order(k, key)).ok()?;
        Some(self.entries.remove(at).1)
    }

    /// The entries in canonical order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// No key at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl IntoIterator for Map {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Map {
        let mut map = Map::new();
        for (key, value) in pairs {
            map.insert(key, value);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_shorter_first_then_by_bytes() {
        let map: Map = [("bb", 1_i64), ("a", 2), ("ba", 3), ("c", 4)].into_iter().collect();
        let keys: Vec<_> = map.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["a", "c", "ba", "bb"]);
        assert_eq!(map.get("ba"), Some(&Value::Int(3)));
    }

    #[test]
    fn what_cbor_cannot_say_as_a_float_is_text() {
        assert_eq!(Value::float(-0.0), Value::Float(0.0));
        assert!(Value::float(-0.0).as_float().is_some_and(f64::is_sign_positive));
        assert_eq!(Value::float(f64::NEG_INFINITY), Value::text("-Infinity"));
        assert!(Value::float(f64::NAN).as_float().is_some_and(f64::is_nan));
    }
}
