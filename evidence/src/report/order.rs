//! The order of a report as data: its points, what each asks for, and the questions that say what is
//! recorded.
//!
//! As with rules, a file is read whole or refused: each question can be asked, each place in a
//! sentence is a column, each rule that is named is one.

use super::Error;
use crate::rules::{About, Pack};
use lineal_query::Prepared;
use serde::Deserialize;

/// The order of Annex IV that the program brings.
const ANNEX_IV: &str = include_str!("../../../rules/annex-iv.toml");
/// Its name in messages.
const ANNEX_IV_FILE: &str = "rules/annex-iv.toml";
/// What a question may be given.
const PARAMETERS: [&str; 3] = ["system", "model", "deployment"];

/// The order of a report.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    /// What it says of itself.
    #[serde(rename = "order")]
    pub(super) head: Head,
    /// The points, in their order.
    #[serde(rename = "point")]
    pub(super) points: Vec<Point>,
}

/// What an order says of itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) title: String,
    pub(super) law: String,
    pub(super) disclaimer: String,
    /// The longest silence in a log that is expected where a deployment declares none: policy.
    pub(super) silence_hours: f64,
    #[serde(default)]
    pub(super) notes: Vec<String>,
}

/// One point.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Point {
    /// As `points` of a document names it: `IV_1`.
    pub(super) id: String,
    pub(super) heading: String,
    pub(super) source: String,
    /// What is asked for.
    pub(super) asks: String,
    /// What no graph holds, so that a document must.
    pub(super) attached: Option<String>,
    /// Types of documents that answer it.
    #[serde(default)]
    pub(super) documents: Vec<String>,
    /// Rules whose findings belong to it.
    #[serde(default)]
    pub(super) rules: Vec<String>,
    #[serde(default)]
    pub(super) parts: Vec<Made>,
    #[serde(default)]
    pub(super) notes: Vec<String>,
    #[serde(default, rename = "record")]
    pub(super) records: Vec<Record>,
}

/// A part that no question says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Made {
    /// What it rests on, drawn.
    Lineage,
    /// Decisions with their signatures.
    Approvals,
    /// What differs from the version before.
    Differences,
    /// Versions, approvals, deployments and what happened, drawn over time.
    Timeline,
    /// Which times the logs cover.
    Coverage,
    /// How often people overrode.
    Overrides,
}

/// What the graph holds for a point.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// The question.
    pub(super) find: String,
    /// A table with this caption.
    pub(super) caption: Option<String>,
    /// Or a sentence for each row.
    pub(super) say: Option<String>,
    /// What is said where nothing is found.
    pub(super) none: Option<String>,
    /// And the command that would record it.
    pub(super) fix: Option<String>,
}

impl Order {
    /// The order of Annex IV that the program brings, held against the rules.
    ///
    /// # Errors
    /// Never, as a test holds.
    pub(super) fn annex_iv(pack: &Pack) -> Result<Order, Error> {
        Order::read(ANNEX_IV, ANNEX_IV_FILE, pack)
    }

    /// Reads an order.
    ///
    /// # Errors
    /// [`Error::Order`] with the place.
    pub(super) fn read(text: &str, file: &str, pack: &Pack) -> Result<Order, Error> {
        let wrong = |message: String| Error::Order { file: file.to_owned(), message };
        let order: Order = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        for point in &order.points {
            let at = |message: String| wrong(format!("point {}: {message}", point.id));
            for rule in &point.rules {
                if !pack.rules.iter().any(|known| known.id == *rule) {
                    return Err(at(format!("no rule is called {rule}")));
                }
            }
            for record in &point.records {
                record.can_be_asked(pack).map_err(at)?;
            }
        }
        Ok(order)
    }
}

impl Record {
    fn can_be_asked(&self, pack: &Pack) -> Result<(), String> {
        if self.caption.is_some() == self.say.is_some() {
            return Err(format!("`{}` needs either `caption` or `say`", self.find));
        }
        for about in [About::System, About::Model, About::Deployment] {
            let text = pack.with_sets(&self.find, about);
            let prepared = Prepared::new(&text).map_err(|mistake| mistake.render(&text))?;
            if let Some(other) =
                prepared.parameters().into_iter().find(|name| !PARAMETERS.contains(name))
            {
                return Err(format!("`${other}` is no parameter of a report"));
            }
            for name in self.say.iter().flat_map(|say| places(say)) {
                if !prepared.columns().iter().any(|column| column.name == name) {
                    return Err(format!("`{{{name}}}` is no column of `{}`", self.find));
                }
            }
        }
        Ok(())
    }
}

/// The names in braces.
fn places(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::Order;
    use crate::rules::Pack;
    use std::collections::BTreeMap;

    #[test]
    fn the_order_of_the_program_can_be_asked_and_places_each_rule_once() {
        let pack = Pack::eu_ai_act().unwrap();
        let order = Order::annex_iv(&pack).unwrap();
        let mut placed: BTreeMap<&str, usize> = BTreeMap::new();
        for rule in order.points.iter().flat_map(|point| &point.rules) {
            *placed.entry(rule).or_default() += 1;
        }
        for rule in &pack.rules {
            assert_eq!(placed.get(rule.id.as_str()), Some(&1), "{}", rule.id);
        }
        let points: Vec<&str> = order.points.iter().map(|point| point.id.as_str()).collect();
        assert_eq!(
            points[..9],
            ["IV_1", "IV_2", "IV_3", "IV_4", "IV_5", "IV_6", "IV_7", "IV_8", "IV_9"]
        );
    }

    #[test]
    fn an_order_with_a_mistake_is_refused() {
        let pack = Pack::eu_ai_act().unwrap();
        let head = "[order]\nid='x'\nversion='1'\ntitle='t'\nlaw='l'\ndisclaimer='d'\nsilence_hours=24.0\n\
                    [[point]]\nid='P'\nheading='h'\nsource='s'\nasks='a'\n";
        for (wrong, said) in [
            ("rules=['NO-01']\n", "no rule is called NO-01"),
            ("[[point.record]]\nfind='find model'\n", "either `caption` or `say`"),
            ("[[point.record]]\nfind='find modell'\ncaption='c'\n", "modell"),
            (
                "[[point.record]]\nfind='find model as m return m'\nsay='{x}'\n",
                "`{x}` is no column",
            ),
        ] {
            let error = Order::read(&format!("{head}{wrong}"), "o.toml", &pack).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
