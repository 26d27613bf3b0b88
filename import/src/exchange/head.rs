//! The head of a JSON document: the names of its first object's members, and what they begin with,
//! read without holding the rest.

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

/// Longest text that is kept.
const TEXT_BYTES_MAX: usize = 256;
/// Most members that are kept: no document is known by its thousandth.
const MEMBERS_MAX: usize = 1_000;
/// Items of a list that are looked at.
const ITEMS_MAX: usize = 4;
/// Levels that are looked at: the object, its members, and what they hold.
const DEPTH: usize = 4;

/// What was seen of a value.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) enum Seen {
    /// A number, a truth, null, or what lies too deep.
    #[default]
    Other,
    /// A text, cut.
    Text(String),
    /// An object.
    Object(BTreeMap<String, Seen>),
    /// The first items of a list.
    List(Vec<Seen>),
}

impl Seen {
    /// A member of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Seen> {
        match self {
            Seen::Object(members) => members.get(name),
            _ => None,
        }
    }

    /// Are all these members there?
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.get(name).is_some())
    }

    /// Is any of these members there?
    pub(crate) fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.get(name).is_some())
    }

    /// The text of a member, or of one of the first items of a list.
    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        match self.get(name) {
            Some(Seen::Text(text)) => vec![text],
            Some(Seen::List(items)) => items
                .iter()
                .filter_map(
                    |item| if let Seen::Text(text) = item { Some(text.as_str()) } else { None },
                )
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Does a text of a member begin so?
    pub(crate) fn begins(&self, name: &str, begin: &str) -> bool {
        self.texts(name).iter().any(|text| text.starts_with(begin))
    }

    /// The first objects of a list, or of a member that is one; the object itself if it is none.
    pub(crate) fn first<'a>(&'a self, name: &str) -> Option<&'a Seen> {
        match self.get(name)? {
            Seen::List(items) => items.iter().find(|item| matches!(item, Seen::Object(_))),
            object @ Seen::Object(_) => Some(object),
            _ => None,
        }
    }
}

/// Reads the first value of a stream. What breaks off is seen as far as it goes.
pub(crate) fn read(input: impl Read) -> Option<Seen> {
    let mut seen = Seen::Other;
    let mut stream = serde_json::Deserializer::from_reader(input);
    // A document that is cut off, or holds Python's `NaN`, was seen up to there.
    let _ = Look { seen: &mut seen, depth: 0 }.deserialize(&mut stream);
    match seen {
        // Of a list only its first object counts.
        Seen::List(items) => items.into_iter().find(|item| matches!(item, Seen::Object(_))),
        object @ Seen::Object(_) => Some(object),
        _ => None,
    }
}

struct Look<'s> {
    seen: &'s mut Seen,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        if self.depth >= DEPTH {
            return IgnoredAny::deserialize(input).map(|_| ());
        }
        input.deserialize_any(self)
    }
}

use serde::Deserialize as _;

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        let mut end = text.len().min(TEXT_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        *self.seen = Seen::Text(text[..end].to_owned());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        *self.seen = Seen::List(Vec::new());
        let Seen::List(held) = self.seen else { return Ok(()) };
        loop {
            if held.len() >= ITEMS_MAX {
                if self.depth == 0 {
                    return Err(A::Error::custom("enough was seen"));
                }
                if items.next_element::<IgnoredAny>()?.is_none() {
                    return Ok(());
                }
                continue;
            }
            held.push(Seen::Other);
            let Some(seen) = held.last_mut() else { return Ok(()) };
            if items.next_element_seed(Look { seen, depth: self.depth + 1 })?.is_none() {
                held.pop();
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        *self.seen = Seen::Object(BTreeMap::new());
        let Seen::Object(held) = self.seen else { return Ok(()) };
        while let Some(name) = members.next_key::<String>()? {
            if held.len() >= MEMBERS_MAX {
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            let seen = held.entry(name).or_default();
            members.next_value_seed(Look { seen, depth: self.depth + 1 })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_seen_also_of_what_breaks_off() {
        let seen =
            read(&br#"{"a": "x", "b": [{"c": 1}], "d": {"e": ["f"]}, "n": NaN"#[..]).unwrap();
        assert!(seen.has(&["a", "b", "d"]) && seen.begins("a", "x"));
        assert!(seen.first("b").unwrap().has(&["c"]));
        assert_eq!(seen.get("d").unwrap().texts("e"), ["f"]);
        let of_list = read(&br#"[1, {"a": 2}, {"b": 3}]"#[..]).unwrap();
        assert!(of_list.has(&["a"]) && !of_list.has(&["b"]));
        for nothing in ["", "text", "[]", "7", "\"{}\""] {
            assert_eq!(read(nothing.as_bytes()), None, "{nothing}");
        }
    }
}
