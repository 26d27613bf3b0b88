//! The periods of an incident as data: from when each counts, when it ends, and whether it runs. Days
//! and articles stand in `rules/reports.toml`. It says what the clock says; nobody is judged by it.

use super::KIND;
use crate::Error;
use crate::check::ask::DAY;
use crate::check::time_text;
use crate::record::closed;
use crate::report::asks::Clock;
use crate::report::document::{Block, Gap, Lack, Section, Sentence, Table};
use crate::report::facts::{Facts, ROWS_SHOWN};
use crate::report::words::{NOT_RECORDED, span};
use lineal_engine::NodeNo;

/// How a period stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// It is not known from when it counts.
    NotStarted,
    /// What ends it came in time: so long before the end.
    EndedBefore(i64),
    /// What ends it is recorded so long before it began: the two contradict each other.
    Backwards(i64),
    /// What ends it came so long behind the end.
    EndedBehind(i64),
    /// It runs: so long is left.
    Running(i64),
    /// It ended so long ago, and nothing that ends it is recorded.
    Past(i64),
}

impl State {
    /// Of a period of so many days from `from`, which `ended` ended, seen at `now`; all ns.
    pub(super) fn of(days: i64, from: Option<i64>, ended: Option<i64>, now: i64) -> State {
        let Some(from) = from else { return State::NotStarted };
        let end = from.saturating_add(days.saturating_mul(DAY));
        match ended {
            // A report that is still to come ended nothing.
            Some(at) if at > now => State::of(days, Some(from), None, now),
            Some(at) if at < from => State::Backwards(from.saturating_sub(at)),
            Some(at) if at <= end => State::EndedBefore(end.saturating_sub(at)),
            Some(at) => State::EndedBehind(at.saturating_sub(end)),
            None if now <= end => State::Running(end.saturating_sub(now)),
            None => State::Past(now.saturating_sub(end)),
        }
    }

    pub(super) fn words(self) -> String {
        match self {
            State::NotStarted => "cannot tell: from when it counts is not recorded".to_owned(),
            State::Backwards(before) => {
                format!("cannot tell: the report is recorded {} before it begins", span(before))
            }
            State::EndedBefore(left) => format!("ended by a report, {} before its end", span(left)),
            State::EndedBehind(late) => format!("ended by a report, {} behind its end", span(late)),
            State::Running(left) => format!("running, {} left", span(left)),
            State::Past(ago) => format!("past its end since {}, no report is recorded", span(ago)),
        }
    }
}

pub(super) fn section(facts: &Facts<'_>, incident: NodeNo) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "clocks")?;
    let harm = facts.text(incident, "harm_class")?;
    let heads = ["article", "#days", "for", "counts from", "ends", "state", "this incident"];
    let mut table = Table::new("Periods for the report, from the data file", &heads);
    let mut sources = Vec::new();
    for clock in &facts.asks.clocks {
        let (from, ended) =
            (facts.number(incident, &clock.from)?, facts.number(incident, &clock.until)?);
        let state = State::of(clock.days, from, ended, facts.now);
        let end = from.map(|from| from.saturating_add(clock.days.saturating_mul(DAY)));
        let row = vec![
            clock.article.as_str().into(),
            clock.days.to_string().into(),
            clock.says.as_str().into(),
            counts_from(&clock.from, from),
            end.map_or_else(|| NOT_RECORDED.to_owned(), time_text).into(),
            state.words().into(),
            fits(clock, harm.as_deref()).into(),
        ];
        table.push(row, ROWS_SHOWN);
        sources.push(Sentence::from(format!("{}: {}", clock.article, clock.source)));
    }
    section.push(Block::Table(table));
    section.push(Block::List(sources));
    section = section.say(format!("{}.", sentence_case(&facts.asks.file.days)));
    let mut gaps = Vec::new();
    if harm.is_none() {
        let say = "which of these periods is meant: no harm class is recorded";
        gaps.push(Gap::new(Lack::CannotTell, say));
    }
    if let Some(harm) = harm.as_deref().filter(|harm| !closed::is_word("harm_class", harm)) {
        let expected = closed::expected("harm_class").unwrap_or_default();
        let say = format!(
            "which of these periods is meant: the harm class is recorded as {harm}, where {expected} is expected"
        );
        gaps.push(Gap::new(Lack::CannotTell, say));
    }
    if facts.flag(incident, "declared_serious")? != Some(true) {
        let say = "whether any of them runs: no person declared the incident serious";
        gaps.push(Gap::new(Lack::Undeclared, say));
    }
    section.push(Block::Gaps(gaps));
    Ok(section)
}

fn counts_from(field: &str, from: Option<i64>) -> Sentence {
    let when = from.map_or_else(|| NOT_RECORDED.to_owned(), time_text);
    Sentence::new().code(field).text(format!(" {when}"))
}

/// Does a period fit the recorded harm class?
fn fits(clock: &Clock, harm: Option<&str>) -> &'static str {
    match harm {
        _ if clock.harm_classes.is_empty() => "outer limit",
        None => "cannot tell",
        Some(harm) if !closed::is_word("harm_class", harm) => "cannot tell",
        Some(harm) if clock.harm_classes.iter().any(|class| class == harm) => "its harm class",
        Some(_) => "another harm class",
    }
}

fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_runs_until_something_ends_it() {
        let of = |ended, now| State::of(15, Some(0), ended, now);
        assert_eq!(of(None, DAY), State::Running(14 * DAY));
        assert_eq!(of(None, 15 * DAY), State::Running(0));
        assert_eq!(of(None, 16 * DAY), State::Past(DAY));
        assert_eq!(of(Some(4 * DAY), 90 * DAY), State::EndedBefore(11 * DAY));
        assert_eq!(of(Some(17 * DAY), 90 * DAY), State::EndedBehind(2 * DAY));
        assert_eq!(of(Some(-DAY), 90 * DAY), State::Backwards(DAY));
        assert_eq!(of(Some(14 * DAY), 13 * DAY), State::Running(2 * DAY));
        assert_eq!(of(Some(17 * DAY), 16 * DAY), State::Past(DAY));
        assert_eq!(State::of(15, None, Some(0), 0), State::NotStarted);
        assert_eq!(State::of(i64::MAX, Some(i64::MAX), None, 0), State::Running(i64::MAX));
    }
}
