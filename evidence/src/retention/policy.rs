//! The policy file: classes with their floors and ceilings (`rules/retention.toml`, and
//! docs/operating.md, "Retention").

use crate::Error;
use jiff::{Span, Timestamp};
use serde::Deserialize;
use std::path::Path;
use toml::Spanned;

/// The policy that the program brings.
const BUILT_IN: &str = include_str!("../../../rules/retention.toml");
/// What stands where the operator must state a period.
const REQUIRED: &str = "REQUIRED";
/// What stands where there is no end, or none is needed.
const NONE: &str = "none";

/// Floors and ceilings in words, which a person must read. Any other words are a mistake: a period that was
/// mistyped would be no floor.
const WORDS: [&str; 3] = [
    "BY-SECTOR-LAW",
    "bias corrected, or end of period, whichever first",
    "as long as the records it is about",
];

/// A policy file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    policy: Head,
    #[serde(default)]
    retention: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    name: String,
    version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    class: String,
    #[serde(default)]
    covers: String,
    #[serde(default)]
    kinds: Vec<String>,
    min: Spanned<String>,
    max: Spanned<String>,
    anchor: String,
    basis: String,
    #[serde(default)]
    max_basis: String,
    #[serde(default)]
    purpose: String,
    #[serde(default)]
    holder: String,
    #[serde(default)]
    on_expiry: String,
}

/// A period as the file states it.
#[derive(Clone, Debug)]
pub enum Period {
    /// So long from the anchor.
    Span(Span, String),
    /// The operator must state it and has not.
    Undeclared,
    /// None.
    None,
    /// Words, which a person must read.
    Words(String),
}

impl Period {
    fn parse(text: &str) -> Option<Period> {
        Some(match text {
            REQUIRED => Period::Undeclared,
            NONE => Period::None,
            text if WORDS.contains(&text) => Period::Words(text.to_owned()),
            text => match text.parse::<Span>() {
                Ok(span) if text.starts_with('P') && !span.is_negative() => {
                    Period::Span(span, text.to_owned())
                }
                _ => return None,
            },
        })
    }

    /// As the file has it.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Period::Span(_, text) | Period::Words(text) => text,
            Period::Undeclared => "undeclared",
            Period::None => NONE,
        }
    }

    /// When it ends, ns, from an anchor, by the calendar of UTC; none where no time can be told.
    #[must_use]
    pub fn end(&self, anchor: i64) -> Option<i64> {
        let Period::Span(span, _) = self else { return None };
        let from = Timestamp::from_nanosecond(i128::from(anchor)).ok()?;
        let end = from.to_zoned(jiff::tz::TimeZone::UTC).checked_add(*span).ok()?;
        i64::try_from(end.timestamp().as_nanosecond()).ok()
    }
}

/// A class, with what its entries say together.
#[derive(Clone, Debug)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// What it covers, in words.
    pub covers: String,
    /// The kinds of things that are counted for it.
    pub kinds: Vec<String>,
    /// The floor: kept at least so long.
    pub min: Period,
    /// The ceiling: erased after so long.
    pub max: Period,
    /// The event that periods count from.
    pub anchor: String,
    /// The legal basis of the floor.
    pub basis: String,
    /// That of the ceiling.
    pub max_basis: String,
    /// Why it is kept longer than its floor, as the operator states it.
    pub purpose: String,
    /// The role under whose control it is.
    pub holder: String,
    /// What becomes of it behind its ceiling.
    pub on_expiry: String,
    /// What a person must settle.
    pub findings: Vec<String>,
}

/// A policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// The classes, in the order of the file.
    pub classes: Vec<Class>,
}

impl Policy {
    /// Reads a policy file, or the one that the program brings.
    ///
    /// # Errors
    /// [`Error::Unread`], or [`Error::RetentionPolicy`] with the line.
    pub fn read(path: Option<&Path>) -> Result<Policy, Error> {
        let Some(path) = path else { return Policy::parse(BUILT_IN, "the built-in policy") };
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::Unread { file: name.clone(), source })?;
        Policy::parse(&text, &name)
    }

    /// Reads a policy; `name` is said in messages.
    ///
    /// # Errors
    /// [`Error::RetentionPolicy`] with the line.
    pub fn parse(text: &str, name: &str) -> Result<Policy, Error> {
        let file: File = toml::from_str(text).map_err(|error| Error::RetentionPolicy {
            file: name.to_owned(),
            message: error.to_string(),
        })?;
        let wrong = |message| Error::RetentionPolicy { file: name.to_owned(), message };
        let mut classes: Vec<Class> = Vec::new();
        for entry in file.retention {
            let (min, max) = entry.periods(text).map_err(wrong)?;
            match classes.iter_mut().find(|class| class.name == entry.class) {
                Some(known) => known.join(&entry, min, max),
                None => classes.push(Class::of(entry, min, max)),
            }
        }
        classes.iter_mut().for_each(Class::judge);
        Ok(Policy { name: file.policy.name, version: file.policy.version, classes })
    }

    /// The class of that name.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<&Class> {
        self.classes.iter().find(|class| class.name == name)
    }
}

impl Entry {
    /// Its floor and its ceiling, or what is wrong with them, with the line.
    fn periods(&self, text: &str) -> Result<(Period, Period), String> {
        let line = |said: &Spanned<String>| {
            text.get(..said.span().start).unwrap_or_default().matches('\n').count() + 1
        };
        let read = |name: &str, said: &Spanned<String>| {
            Period::parse(said.get_ref()).ok_or_else(|| {
                format!(
                    "line {}: `{name} = \"{}\"` of the class `{}` is no period: write an ISO 8601 period \
                     (\"P6M\", \"P10Y\"), \"{NONE}\", \"{REQUIRED}\", or one of the words \"{}\"",
                    line(said),
                    said.get_ref(),
                    self.class,
                    WORDS.join("\", \"")
                )
            })
        };
        let (min, max) = (read("min", &self.min)?, read("max", &self.max)?);
        let lacks = |said: &str| said.trim().is_empty();
        if matches!(max, Period::Span(..)) && (lacks(&self.purpose) || lacks(&self.max_basis)) {
            return Err(format!(
                "line {}: `max = \"{}\"` of the class `{}` needs a `purpose` and a `max_basis`: what is \
                 erased by it is erased for a reason that somebody states",
                line(&self.max),
                max.text(),
                self.class
            ));
        }
        Ok((min, max))
    }
}

impl Class {
    /// Can it be told when its floor has passed? Where it cannot, nothing of the class is due.
    #[must_use]
    pub fn has_floor_in_time(&self) -> bool {
        matches!(self.min, Period::Span(..) | Period::None)
    }

    fn of(entry: Entry, min: Period, max: Period) -> Class {
        Class {
            name: entry.class,
            covers: entry.covers,
            kinds: entry.kinds,
            min,
            max,
            anchor: entry.anchor,
            basis: entry.basis,
            max_basis: entry.max_basis,
            purpose: entry.purpose,
            holder: entry.holder,
            on_expiry: entry.on_expiry,
            findings: Vec::new(),
        }
    }

    /// Takes another entry of the class: the longest floor and the shortest ceiling win.
    fn join(&mut self, entry: &Entry, min: Period, max: Period) {
        let later = |one: &Period, other: &Period| match (one.end(0), other.end(0)) {
            (Some(one), Some(other)) => other > one,
            (None, Some(_)) => true,
            _ => false,
        };
        if later(&self.min, &min) {
            self.min = min;
            self.basis = entry.basis.clone();
        }
        let is_shorter = match (self.max.end(0), max.end(0)) {
            (Some(own), Some(other)) => other < own,
            (None, Some(_)) => true,
            _ => false,
        };
        if is_shorter {
            self.max = max;
            self.max_basis = entry.max_basis.clone();
        }
    }

    fn judge(&mut self) {
        let (min, max) = (self.min.end(0), self.max.end(0));
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            let (floor, ceiling) = (self.min.text(), self.max.text());
            self.findings.push(format!("the floor {floor} lies behind the ceiling {ceiling}"));
        }
        if matches!(self.max, Period::Span(..)) && !self.has_floor_in_time() {
            let floor = self.min.text();
            self.findings.push(format!(
                "the floor is stated in words ({floor}): nothing of the class is due until a period is stated"
            ));
        }
        if matches!(self.max, Period::Undeclared) {
            self.findings.push(
                "the ceiling is undeclared: the operator states `max`, with `purpose` and `max_basis`"
                    .to_owned(),
            );
        }
        if matches!(self.max, Period::Span(..))
            && max > min
            && self.purpose.trim().is_empty()
            && min.is_some()
        {
            self.findings.push("kept beyond its floor without a stated `purpose`".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(entries: &str) -> Policy {
        let head = "[policy]\nname = \"t\"\nversion = 1\n";
        Policy::parse(&format!("{head}{entries}"), "t").unwrap()
    }

    fn entry(min: &str, max: &str) -> String {
        format!(
            "[[retention]]\nclass = \"inference-log\"\nmin = \"{min}\"\nmax = \"{max}\"\n\
             anchor = \"event.at\"\nbasis = \"b {min}\"\npurpose = \"p\"\nmax_basis = \"m\"\n"
        )
    }

    #[test]
    fn the_policy_that_is_brought_states_no_ceiling_of_logs() {
        let built_in = Policy::read(None).unwrap();
        let logs = built_in.class("inference-log").unwrap();
        assert!(matches!(logs.max, Period::Undeclared));
        assert_eq!((logs.min.text(), logs.findings.len()), ("P6M", 1));
        assert!(built_in.classes.len() >= 9);
    }

    #[test]
    fn the_longest_floor_and_the_shortest_ceiling_win_and_a_clash_is_a_finding() {
        let both = policy(&(entry("P6M", "P3Y") + &entry("P1Y", "P18M")));
        let class = both.class("inference-log").unwrap();
        assert_eq!((class.min.text(), class.max.text()), ("P1Y", "P18M"));
        assert_eq!((class.basis.as_str(), class.findings.len()), ("b P1Y", 0));
        let clash = policy(&(entry("P6M", "P3Y") + &entry("P1Y", "P7M")));
        assert!(clash.class("inference-log").unwrap().findings[0].contains("behind"));
    }

    #[test]
    fn periods_go_by_the_calendar() {
        let half = Period::parse("P6M").unwrap();
        let august: Timestamp = "2026-08-31T00:00:00Z".parse().unwrap();
        let end = half.end(i64::try_from(august.as_nanosecond()).unwrap()).unwrap();
        let end = Timestamp::from_nanosecond(i128::from(end)).unwrap();
        assert_eq!(end.to_string(), "2027-02-28T00:00:00Z");
        assert!(matches!(Period::parse("BY-SECTOR-LAW"), Some(Period::Words(_))));
        assert_eq!(Period::parse("none").unwrap().end(0), None);
    }

    #[test]
    fn a_period_that_was_mistyped_is_an_error_with_its_line_and_no_missing_floor() {
        let head = "[policy]\nname = \"t\"\nversion = 1\n";
        let wrong = |min: &str, max: &str| {
            let text = format!("{head}{}", entry(min, max));
            Policy::parse(&text, "t").unwrap_err().to_string()
        };
        for min in ["10 years", "six months", "6M", "p6m ", "P6", "-P6M", ""] {
            let told = wrong(min, "P1D");
            assert!(told.contains("line 6: `min = "), "{min}: {told}");
        }
        assert!(wrong("P6M", "a year").contains("line 7: `max = \"a year\"`"));
        for lacking in ["purpose = \"p\"\n", "max_basis = \"m\"\n"] {
            let text = format!("{head}{}", entry("P6M", "P1Y").replace(lacking, ""));
            let told = Policy::parse(&text, "t").unwrap_err().to_string();
            assert!(told.contains("line 7") && told.contains("needs a `purpose`"), "{told}");
        }
        let words = policy(&entry("BY-SECTOR-LAW", "P1D"));
        let class = words.class("inference-log").unwrap();
        assert!(
            !class.has_floor_in_time() && class.findings[0].contains("nothing of the class is due")
        );
    }
}
