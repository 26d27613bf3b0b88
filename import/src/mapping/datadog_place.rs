//! Places in a log line, as a mapping file spells them.

use std::fmt;

/// Longest path: deeper than any attribute Datadog keeps.
const STEPS_MAX: usize = 32;

/// Where a value stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Place {
    /// A path below the root of the line: `model.name`.
    Relative(String),
    /// A path below the line itself: `frame:service`, `attributes:dd.trace_id`.
    Line(String),
    /// The value of the first tag of that name: `tag:env`.
    Tag(String),
    /// A path in the JSON that a text holds: `json(frame:message).model.name`.
    Json {
        /// Where the text stands.
        text: Box<Place>,
        /// The path in it.
        path: String,
    },
}

/// Where the event's own fields stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Root {
    /// Below this path of the line; the empty path is the line itself. `attributes:ai` is there
    /// for a member `ai` and for dotted names that begin with `ai.` alike.
    Line(String),
    /// In the JSON that a text holds, whole or below a path.
    Json {
        /// Where the text stands; never [`Place::Relative`].
        text: Place,
        /// The path in it; empty for all of it.
        path: String,
    },
}

impl Place {
    /// Reads a place.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> Result<Place, String> {
        if let Some(inner) = text.strip_prefix("json(") {
            let (inner, path) = inner
                .rsplit_once(")")
                .ok_or_else(|| format!("`json(PLACE).path`, found `{text}`"))?;
            let path = path
                .strip_prefix('.')
                .ok_or_else(|| format!("a path behind the bracket, as in `{text}.name`"))?;
            return Ok(Place::Json { text: Box::new(Place::parse(inner)?), path: steps(path)? });
        }
        match text.split_once(':') {
            None => Ok(Place::Relative(steps(text)?)),
            Some(("frame", path)) => Ok(Place::Line(steps(path)?)),
            Some(("attributes", path)) => Ok(Place::Line(format!("attributes.{}", steps(path)?))),
            Some(("tag", name)) if !name.is_empty() => Ok(Place::Tag(name.to_owned())),
            Some(_) => Err(format!(
                "a place: `a.path`, `attributes:a.path`, `frame:name`, `tag:name` or \
                 `json(PLACE).path`, found `{text}`"
            )),
        }
    }
}

impl Root {
    /// Reads a root.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> Result<Root, String> {
        let expected = || {
            format!(
                "a root: `line`, `attributes`, `attributes:a.path`, `frame:name`, \
                 `json(PLACE)` or `json(PLACE).path`, found `{text}`"
            )
        };
        if let Some(inner) = text.strip_prefix("json(") {
            let (inner, path) = inner.rsplit_once(')').ok_or_else(expected)?;
            let path = match path.strip_prefix('.') {
                Some(path) => steps(path)?,
                None if path.is_empty() => String::new(),
                None => return Err(expected()),
            };
            return match Place::parse(inner)? {
                Place::Relative(_) => Err(format!(
                    "a place that needs no root, such as `frame:message`, found `{text}`"
                )),
                place => Ok(Root::Json { text: place, path }),
            };
        }
        match text {
            "line" => Ok(Root::Line(String::new())),
            "attributes" => Ok(Root::Line("attributes".to_owned())),
            _ => match Place::parse(text)? {
                Place::Line(path) => Ok(Root::Line(path)),
                _ => Err(expected()),
            },
        }
    }
}

/// A path of non-empty steps.
fn steps(path: &str) -> Result<String, String> {
    if path.split('.').any(str::is_empty) {
        return Err(format!("a path of names with single dots between them, found `{path}`"));
    }
    if path.split('.').count() > STEPS_MAX {
        return Err(format!("a path of at most {STEPS_MAX} steps"));
    }
    Ok(path.to_owned())
}

/// A path of the line, as a mapping file spells it.
fn spell_line(path: &str, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    match path.strip_prefix("attributes.") {
        Some(path) => write!(out, "attributes:{path}"),
        None => write!(out, "frame:{path}"),
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Relative(path) => out.write_str(path),
            Place::Line(path) => spell_line(path, out),
            Place::Tag(name) => write!(out, "tag:{name}"),
            Place::Json { text, path } => write!(out, "json({text}).{path}"),
        }
    }
}

impl fmt::Display for Root {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Root::Line(path) if path.is_empty() => out.write_str("line"),
            Root::Line(path) if path == "attributes" => out.write_str("attributes"),
            Root::Line(path) => spell_line(path, out),
            Root::Json { text, path } if path.is_empty() => write!(out, "json({text})"),
            Root::Json { text, path } => write!(out, "json({text}).{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_printed_as_it_is_written() {
        let spelled = [
            "model.name",
            "attributes:dd.trace_id",
            "frame:service",
            "tag:compliance.art12",
            "json(frame:message).model.name",
            "json(json(tag:event).inner).id",
        ];
        for text in spelled {
            assert_eq!(Place::parse(text).expect(text).to_string(), text);
        }
        for text in [
            "line",
            "attributes",
            "attributes:art12",
            "json(frame:message)",
            "json(frame:message).art12",
            "json(json(frame:message).inner).a.b",
        ] {
            assert_eq!(Root::parse(text).expect(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in ["", "a..b", ".a", "tag:", "label:x", "json(a)", "json(a.b", "frame:"] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
        for text in [
            "model.name",
            "tag:env",
            "json(model)",
            "json(frame:message",
            "json(frame:message)x",
            "json(frame:message).",
            "json(frame:message).a..b",
        ] {
            assert!(Root::parse(text).is_err(), "{text}");
        }
    }
}
