//! Texts with variables: `{json.env}`, `{tag:approved_by}`, `high-risk/{name}`.
//!
//! A variable without a value makes the whole text absent: half a name is no name.

use serde::{Deserialize, Deserializer, de::Error as _};

/// Gives the value of a variable, if there is one.
pub trait Lookup {
    /// The value of the variable of that name.
    fn value(&self, variable: &str) -> Option<String>;
}

/// A text with variables in braces.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Variable(String),
}

/// What may stand in braces, beside `tag:KEY`, `param:KEY` and `json.PATH`.
const VARIABLES: &[&str] = &[
    "value",
    "suffix",
    "head",
    "tail",
    "store",
    "subject",
    "experiment",
    "run",
    "name",
    "version",
    "digest",
    "model",
];

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Template, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, after) = rest.split_at(open);
            let Some(close) = after.find('}') else {
                return Err(format!("`{text}` opens a brace that it does not close"));
            };
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            let variable = &after[1..close];
            let known = VARIABLES.contains(&variable)
                || ["tag:", "param:", "json."]
                    .iter()
                    .any(|start| variable.strip_prefix(start).is_some_and(|rest| !rest.is_empty()));
            if !known {
                return Err(format!(
                    "`{{{variable}}}` is no variable; known are {}, tag:KEY, param:KEY, json.PATH",
                    VARIABLES.join(", ")
                ));
            }
            pieces.push(Piece::Variable(variable.to_owned()));
            rest = &after[close + 1..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Template { pieces })
    }

    /// The text with its variables filled in; `None` if one has no value or nothing comes out.
    pub fn fill(&self, lookup: &impl Lookup) -> Option<String> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Variable(name) => text.push_str(&lookup.value(name)?),
            }
        }
        (!text.is_empty()).then_some(text)
    }

    /// The tags that it names.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.variables().filter_map(|name| name.strip_prefix("tag:"))
    }

    /// Does it name a member of the JSON that was read?
    #[must_use]
    pub fn wants_json(&self) -> bool {
        self.variables().any(|name| name.starts_with("json."))
    }

    /// The names of its variables.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Template, D::Error> {
        Template::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One;
    impl Lookup for One {
        fn value(&self, variable: &str) -> Option<String> {
            (variable == "tag:a b").then(|| "x".to_owned())
        }
    }

    #[test]
    fn variables_are_filled_in_and_an_absent_one_makes_all_absent() {
        let template = Template::parse("run:{tag:a b}!").unwrap();
        assert_eq!(template.fill(&One).as_deref(), Some("run:x!"));
        assert_eq!(template.tags().collect::<Vec<_>>(), ["a b"]);
        assert_eq!(Template::parse("run:{tag:c}").unwrap().fill(&One), None);
    }

    #[test]
    fn an_unknown_variable_is_an_error_that_lists_the_known() {
        let error = Template::parse("{nmae}").unwrap_err();
        assert!(error.contains("{nmae}") && error.contains("subject"), "{error}");
        assert!(Template::parse("{name").is_err());
    }
}
