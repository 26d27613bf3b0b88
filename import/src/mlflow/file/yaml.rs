//! The small YAML files of a file store: a flat map, with at most one map inside a member.
//!
//! Scalars are kept as they are written, whatever YAML takes them for: the dataset digest
//! `76875e45` is no number.

use super::super::store::Texts;
use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};
use std::collections::BTreeMap;

/// Most blanks, dashes and question marks that may begin a line, as they make blocks nest.
/// MLflow's files indent by two; a line of a folded text may begin with blanks of its own.
const INDENT_MAX: usize = 1_000;

/// The members of one file.
#[derive(Default, Debug)]
pub(super) struct Document {
    scalars: BTreeMap<String, String>,
    maps: BTreeMap<String, Texts>,
}

impl Document {
    /// Reads a file's text. The error is what is wrong, for a reject.
    pub(super) fn parse(text: &str) -> Result<Document, String> {
        if text.trim().is_empty() {
            return Err("the file is empty, as a crash leaves it".to_owned());
        }
        if nests_deeply(text) {
            return Err(format!("a line is indented by more than {INDENT_MAX} characters"));
        }
        let documents = MarkedYaml::load_from_str(text).map_err(|error| error.to_string())?;
        let Some(YamlData::Mapping(members)) = documents.first().map(|node| &node.data) else {
            return Err("a map was expected".to_owned());
        };
        let source = Source::new(text);
        let mut document = Document::default();
        for (name, member) in members {
            let Some(name) = source.scalar(name) else { continue };
            if let Some(text) = source.scalar(member) {
                document.scalars.insert(name, text);
            } else if let YamlData::Mapping(inner) = &member.data {
                let texts = inner
                    .iter()
                    .filter_map(|(key, value)| Some((source.scalar(key)?, source.scalar(value)?)));
                document.maps.insert(name, texts.collect());
            }
        }
        Ok(document)
    }

    /// A text that says something.
    pub(super) fn present(&self, name: &str) -> Option<String> {
        self.scalars.get(name).filter(|text| !text.is_empty()).cloned()
    }

    /// A whole number.
    pub(super) fn int(&self, name: &str) -> Option<i64> {
        self.scalars.get(name)?.trim().parse().ok()
    }

    /// Is the member this text?
    pub(super) fn is(&self, name: &str, text: &str) -> bool {
        self.scalars.get(name).is_some_and(|held| held == text)
    }

    /// A map inside a member; empty where it is not there.
    pub(super) fn map(&self, name: &str) -> Texts {
        self.maps.get(name).cloned().unwrap_or_default()
    }
}

/// The text behind the nodes.
struct Source<'a> {
    text: &'a str,
    is_ascii: bool,
}

impl<'a> Source<'a> {
    fn new(text: &'a str) -> Source<'a> {
        Source { text, is_ascii: text.is_ascii() }
    }

    /// A scalar as it is written; `None` for null and for what is no scalar.
    fn scalar(&self, node: &MarkedYaml<'_>) -> Option<String> {
        match &node.data {
            YamlData::Value(Scalar::String(text)) => Some(text.clone().into_owned()),
            YamlData::Value(Scalar::Null) => None,
            YamlData::Value(_) => {
                Some(self.between(node.span.start.index(), node.span.end.index()).to_owned())
            }
            YamlData::Tagged(_, inner) => self.scalar(inner),
            _ => None,
        }
    }

    /// The text between two places, which are counted in characters.
    fn between(&self, start: usize, end: usize) -> &'a str {
        let byte = |place: usize| {
            if self.is_ascii {
                place
            } else {
                self.text.char_indices().nth(place).map_or(self.text.len(), |(byte, _)| byte)
            }
        };
        self.text.get(byte(start)..byte(end)).unwrap_or_default().trim()
    }
}

/// The parser recurses into blocks, so their depth is bounded before it runs; brackets it bounds
/// itself, at 255.
pub(crate) fn nests_deeply(text: &str) -> bool {
    text.lines().any(|line| {
        let indent = line.chars().take_while(|c| matches!(c, ' ' | '-' | '?' | '\t')).count();
        indent > INDENT_MAX
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_kept_as_written() {
        let text = "digest: 76875e45\nid: '412952218786023284'\nnäme: ü\nend: null\nempty: ''\n\
                    time: 1795289305261\nflag: true\nlong: '{\"a\":\n  \"b\"}'\ntags:\n  mlflow.data.context: 1.0\n";
        let document = Document::parse(text).unwrap();
        assert_eq!(document.present("digest").as_deref(), Some("76875e45"));
        assert_eq!(document.present("id").as_deref(), Some("412952218786023284"));
        assert_eq!(document.present("flag").as_deref(), Some("true"));
        assert_eq!(document.present("long").as_deref(), Some("{\"a\": \"b\"}"));
        assert_eq!(document.present("end"), None);
        assert_eq!(document.present("empty"), None);
        assert_eq!(document.int("time"), Some(1_795_289_305_261));
        assert_eq!(document.map("tags")["mlflow.data.context"], "1.0");
        assert!(document.map("aliases").is_empty());
    }

    #[test]
    fn what_is_no_map_is_an_error() {
        assert!(Document::parse("").unwrap_err().contains("empty"));
        assert!(Document::parse("- a\n- b\n").is_err());
        assert!(Document::parse("a: [1,\n").is_err());
    }

    #[test]
    fn hostile_nesting_is_refused_before_it_is_parsed() {
        for text in
            ["[".repeat(100_000), "- ".repeat(100_000), "a: ".to_owned() + &"{b: ".repeat(50)]
        {
            assert!(Document::parse(&text).is_err());
        }
    }
}
