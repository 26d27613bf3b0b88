//! YAML as a tree of JSON whose scalars are texts as they are written: the digest `76875e45` is no
//! number, whatever YAML takes it for.

use super::json::Object;
use crate::mlflow::yaml_nests_deeply;
use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};
use serde_json::Value;

/// Deepest nesting that is read.
const DEPTH_MAX: usize = 64;

/// Reads the first document of a text. The error is what is wrong and where, for a reject.
pub(super) fn read(bytes: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("no UTF-8 from byte {} on", error.valid_up_to()))?;
    if yaml_nests_deeply(text) {
        return Err("a line is indented by more than 1,000 characters".to_owned());
    }
    let documents = MarkedYaml::load_from_str(text).map_err(|error| {
        let mark = error.marker();
        format!("no readable YAML at line {}, column {}", mark.line(), mark.col() + 1)
    })?;
    let Some(document) = documents.first() else { return Err("the file is empty".to_owned()) };
    // Places are counted in characters.
    let mut places: Vec<usize> = text.char_indices().map(|(byte, _)| byte).collect();
    places.push(text.len());
    Source { text, places }.value(document, 0)
}

/// The text behind the nodes, and the byte of each of its characters.
struct Source<'a> {
    text: &'a str,
    places: Vec<usize>,
}

impl Source<'_> {
    fn value(&self, node: &MarkedYaml<'_>, depth: usize) -> Result<Value, String> {
        if depth > DEPTH_MAX {
            return Err(format!("more than {DEPTH_MAX} maps or lists in each other"));
        }
        Ok(match &node.data {
            YamlData::Mapping(members) => {
                let mut object = Object::new();
                for (key, member) in members {
                    let Value::String(key) = self.value(key, depth + 1)? else {
                        return Err("a key is no text".to_owned());
                    };
                    object.insert(key, self.value(member, depth + 1)?);
                }
                Value::Object(object)
            }
            YamlData::Sequence(items) => {
                let items = items.iter().map(|item| self.value(item, depth + 1));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            YamlData::Value(Scalar::Null) => Value::Null,
            YamlData::Value(Scalar::String(text)) => Value::String(text.clone().into_owned()),
            YamlData::Value(_) => {
                let byte =
                    |place: usize| self.places.get(place).copied().unwrap_or(self.text.len());
                let (start, end) = (byte(node.span.start.index()), byte(node.span.end.index()));
                Value::String(self.text.get(start..end).unwrap_or_default().trim().to_owned())
            }
            YamlData::Tagged(_, inner) => self.value(inner, depth + 1)?,
            _ => {
                return Err(
                    "an alias without its anchor, or a value that cannot be read".to_owned()
                );
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use serde_json::json;

    #[test]
    fn scalars_stay_as_they_are_written() {
        let text = "ä: {md5: 76875e45, size: 012}\nb: [1e3, true, '2', ~]\n";
        let expected =
            json!({"ä": {"md5": "76875e45", "size": "012"}, "b": ["1e3", "true", "2", null]});
        assert_eq!(read(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        assert!(read(b"a: [1,\n").unwrap_err().contains("line"));
        assert!(read(b"").unwrap_err().contains("empty"));
        assert!(read(b"a: \xff").unwrap_err().contains("byte 3"));
        assert!(read("- ".repeat(100_000).as_bytes()).is_err());
        assert!(read("{a: ".repeat(100).as_bytes()).is_err());
    }
}
