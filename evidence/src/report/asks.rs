//! What reports ask for and cite, as `rules/reports.toml` says it: articles, days, fields.
//!
//! Nothing in the program knows an article or a number of days: a lawyer reads and changes the file.

use super::document::{Gap, Lack, Section, Sentence};
use crate::Error;
use crate::rules::{EU_AI_ACT, Timeline};
use serde::Deserialize;

/// The file that the program brings.
const BUILT_IN: &str = include_str!("../../../rules/reports.toml");
/// Its name in messages.
const NAME: &str = "rules/reports.toml";
/// The name of the file with the timeline, in messages.
const TIMELINE: &str = "rules/eu-ai-act.toml";
/// What stands in the place of a day that the law does not give.
const SEE_COUNSEL: &str = "see counsel";

/// The file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asks {
    /// What it says of itself.
    pub(super) file: Head,
    #[serde(rename = "report")]
    reports: Vec<Kind>,
    #[serde(rename = "section")]
    sections: Vec<Heading>,
    #[serde(rename = "asked")]
    asked: Vec<Field>,
    #[serde(rename = "notice")]
    notices: Vec<Notice>,
    /// Periods within which something is to be done.
    #[serde(rename = "clock")]
    pub(super) clocks: Vec<Clock>,
    /// Which roles of a server see what points at a person.
    pub opening: Opening,
    #[serde(skip)]
    timeline: Vec<Timeline>,
}

/// What the file says of itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    /// Its name.
    pub(super) id: String,
    /// Its version.
    pub(super) version: String,
    /// The law and its state.
    pub(super) law: String,
    /// What each report says of itself.
    pub(super) disclaimer: String,
    /// How days of periods are counted.
    pub(super) days: String,
}

/// One kind of report.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kind {
    /// Its word: `oversight`.
    pub(super) kind: String,
    /// Its heading.
    pub(super) title: String,
    /// The articles that it is about.
    pub(super) article: String,
    /// Rows of the timeline.
    pub(super) applies: Vec<String>,
    /// What it cannot tell.
    pub(super) limits: Vec<String>,
}

/// A heading, and the articles that its place comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Heading {
    report: String,
    id: String,
    heading: String,
    article: String,
}

/// A field or a document that a reader looks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Field {
    report: String,
    kind: String,
    /// The field, or the type of the document.
    pub(super) field: String,
    /// Another type of document that answers it as well.
    pub(super) or: Option<String>,
    /// Is it a document about the node, and not one of its fields?
    #[serde(default)]
    pub(super) is_document: bool,
    /// Asked only where this field of the node is true.
    pub(super) only_where: Option<String>,
    /// What it tells, in words.
    pub(super) what: String,
    /// The articles that ask for it.
    pub(super) article: String,
    /// The command that would record it.
    pub(super) fix: String,
}

/// A policy of ours about what deserves a look.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notice {
    id: String,
    report: String,
    /// From so many days on.
    pub(super) days: i64,
    /// Whose policy it is, and why.
    pub(super) source: String,
}

/// A period within which something is to be done.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clock {
    /// Only for incidents of one of these classes; none is any.
    #[serde(default)]
    pub(super) harm_classes: Vec<String>,
    /// How many days.
    pub(super) days: i64,
    /// The article.
    pub(super) article: String,
    /// Where that is said.
    pub(super) source: String,
    /// For what, in words.
    pub(super) says: String,
    /// The field that it counts from.
    pub(super) from: String,
    /// The field that ends it.
    pub(super) until: String,
}

/// Which roles of a server see what points at a person (docs/operating.md).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Roles that see the subject group of events.
    pub sees: Vec<String>,
    /// Roles that never see it.
    pub never: Vec<String>,
    /// Roles that see what is restricted.
    pub restricted: Vec<String>,
    /// Where that is said.
    pub source: String,
}

/// The timeline in a rule file; the rest of it is not read.
#[derive(Deserialize)]
struct Dates {
    timeline: Vec<Timeline>,
}

impl Asks {
    /// The file that the program brings.
    ///
    /// # Errors
    /// Never, as a test holds.
    pub fn built_in() -> Result<Asks, Error> {
        let wrong = |file: &'static str| {
            move |error: toml::de::Error| Error::ReportData { file, message: error.to_string() }
        };
        let mut asks: Asks = toml::from_str(BUILT_IN).map_err(wrong(NAME))?;
        let dates: Dates = toml::from_str(EU_AI_ACT).map_err(wrong(TIMELINE))?;
        asks.timeline = dates.timeline;
        Ok(asks)
    }

    /// What it says of a kind of report.
    ///
    /// # Errors
    /// [`Error::ReportData`] if there is no such kind.
    pub(super) fn kind(&self, kind: &str) -> Result<&Kind, Error> {
        let none = || lacks(format!("no [[report]] of kind `{kind}`"));
        self.reports.iter().find(|report| report.kind == kind).ok_or_else(none)
    }

    /// A section of a report, empty.
    ///
    /// # Errors
    /// [`Error::ReportData`] if there is none of that name.
    pub(super) fn section(&self, report: &str, id: &str) -> Result<Section, Error> {
        let none = || lacks(format!("no [[section]] `{id}` of `{report}`"));
        let found = self.sections.iter().find(|it| it.report == report && it.id == id);
        let found = found.ok_or_else(none)?;
        Ok(Section::new(&found.heading).source(&found.article))
    }

    /// What a report asks of a kind of node, in the order of the file.
    pub(super) fn asked<'a>(
        &'a self,
        report: &'a str,
        kind: &'a str,
    ) -> impl Iterator<Item = &'a Field> {
        self.asked.iter().filter(move |it| it.report == report && it.kind == kind)
    }

    /// A notice of a report.
    ///
    /// # Errors
    /// [`Error::ReportData`] if there is none of that name.
    pub(super) fn notice(&self, report: &str, id: &str) -> Result<&Notice, Error> {
        let found = self.notices.iter().find(|it| it.report == report && it.id == id);
        found.ok_or_else(|| lacks(format!("no [[notice]] `{id}` of `{report}`")))
    }

    /// From when the articles of a report apply, day and source; where the text gives no day: see
    /// counsel. Rows for one annex alone are left out where another is declared.
    pub(super) fn applies(&self, kind: &Kind, annex: Option<&str>) -> Vec<(String, String)> {
        let declared = annex.and_then(|point| point.split('.').next());
        let fits = |wanted: &Option<String>| match (wanted.as_deref(), declared) {
            (Some(wanted), Some(declared)) => wanted == declared,
            _ => true,
        };
        let rows = self.timeline.iter();
        let rows = rows.filter(|row| kind.applies.contains(&row.id) && fits(&row.annex));
        let told = rows.map(|row| {
            let day = row.applies_from.as_ref().map_or(SEE_COUNSEL.to_owned(), ToString::to_string);
            (day, format!("{}: {}", row.what, row.source))
        });
        told.collect()
    }
}

fn lacks(message: String) -> Error {
    Error::ReportData { file: NAME, message }
}

impl Field {
    /// That it is not recorded of a node.
    pub(super) fn gap(&self, node: super::Reference) -> Gap {
        let fix = self.fix.replace("{node}", &crate::check::quoted(&node.name));
        let words = format!(" ({}): {}", self.article, self.what);
        let lacking = Sentence::new().node(node).text(": ").code(&self.field).text(words);
        Gap::new(Lack::NotRecorded, lacking).fix(fix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_engine::schema;

    #[test]
    fn the_file_reads_and_asks_for_fields_that_there_are() {
        let asks = Asks::built_in().unwrap();
        assert!(asks.asked.len() > 30);
        for field in &asks.asked {
            asks.kind(&field.report).unwrap();
            let kind = schema::Kind::parse(&field.kind).unwrap();
            let known = |name: &str| {
                let own = schema::fields(kind).iter().chain(schema::COMMON_FIELDS);
                own.into_iter().any(|spec| spec.name == name)
            };
            assert!(field.is_document || known(&field.field), "{}", field.field);
            assert!(field.only_where.as_deref().is_none_or(known), "{:?}", field.only_where);
            assert!(field.fix.starts_with("lineal "), "{}", field.fix);
            assert!(!field.article.is_empty(), "{}", field.field);
        }
        for clock in &asks.clocks {
            let has = |name: &str| {
                schema::fields(schema::Kind::Incident).iter().any(|spec| spec.name == name)
            };
            assert!(has(&clock.from) && has(&clock.until) && clock.days > 0, "{}", clock.article);
        }
        for heading in &asks.sections {
            asks.kind(&heading.report).unwrap();
        }
        for report in &asks.reports {
            assert!(!asks.applies(report, None).is_empty(), "{}", report.kind);
        }
    }

    #[test]
    fn a_declared_annex_leaves_the_other_date_out() {
        let asks = Asks::built_in().unwrap();
        let oversight = asks.kind("oversight").unwrap();
        assert_eq!(asks.applies(oversight, None).len(), 2);
        let one = asks.applies(oversight, Some("III.5(b)"));
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].0, "2027-12-02");
        let incident = asks.kind("incident").unwrap();
        assert_eq!(asks.applies(incident, None)[0].0, "see counsel");
    }
}
