//! Decisions on things: each as it was made, and what it came to at a time and comes to now.
//!
//! A decision that was taken back, has expired or was rejected later is listed as any other, with that beside it:
//! a list of approvals alone would tell of a release that nobody stood by.

use super::document::{Sentence, Table};
use super::facts::{Facts, ROWS_SHOWN};
use super::words::{NOT_RECORDED, when};
use crate::Error;
use crate::record::{self, Decisions, Standing};
use lineal_engine::NodeNo;
use lineal_engine::schema::{Direction, Relation};

/// What decides on nothing but a finding.
const WAIVED: &str = "waived";

/// How it stood with a thing at a time, and stands now.
pub(super) struct Stood {
    /// What was decided on.
    pub(super) node: NodeNo,
    /// At the time; none where no time is recorded.
    pub(super) then: Option<Standing>,
    /// Today.
    pub(super) now: Standing,
}

/// A table of decisions; `then` says which time is meant.
pub(super) fn table(caption: &str, then: &str) -> Table {
    let heads = [
        "of",
        "decision",
        "by",
        "when",
        "recorded",
        "expires",
        "signature",
        then,
        "today",
        "record",
    ];
    Table::new(caption, &heads)
}

/// How it stands, in words.
pub(super) fn words(stands: &Standing) -> String {
    match (stands.is_granted(), stands.rejected) {
        (_, true) => "somebody's last word is a rejection".to_owned(),
        (true, false) => format!("approved by {} signed with keys that count", stands.keys.len()),
        (false, false) => {
            let (unsigned, needed) = (stands.unsigned.len(), stands.keys_needed);
            format!("no {needed} signed approvals that count; {unsigned} unsigned ones stand")
        }
    }
}

impl Stood {
    /// Of a node, at a time where one is known.
    pub(super) fn of(facts: &Facts<'_>, node: NodeNo, time: Option<i64>) -> Result<Stood, Error> {
        let view = facts.snapshot();
        let decisions = Decisions::of(facts.store, view, node).map_err(unread)?;
        let then = time.map(|time| decisions.at(view, time));
        Ok(Stood { node, then, now: decisions.now(view, facts.now) })
    }

    /// Adds its decisions to a table; waivers stand behind them, and approve nothing.
    pub(super) fn list(&self, facts: &Facts<'_>, table: &mut Table) -> Result<(), Error> {
        for decided in &self.now.decided {
            let then = self.then.as_ref().map(|then| {
                let mut all = then.decided.iter();
                let same = all.find(|other| other.approval == decided.approval);
                same.map_or_else(String::new, |it| it.counts.words())
            });
            let by = decided.by.as_deref();
            let row = vec![
                facts.cell(self.node),
                decided.decision.as_str().into(),
                by.map_or_else(|| NOT_RECORDED.into(), |key| facts.person(key)),
                when(decided.at).into(),
                when(Some(decided.recorded)).into(),
                decided.expires.map_or_else(|| "no end".to_owned(), |at| when(Some(at))).into(),
                decided.signature.words().into(),
                then.unwrap_or_else(|| "cannot tell: no time is recorded".to_owned()).into(),
                decided.counts.words().into(),
                facts.cell(decided.approval),
            ];
            table.push(row, ROWS_SHOWN);
        }
        for waiver in facts.around(self.node, Relation::Approves, Direction::Inverse, None) {
            if facts.text(waiver, "decision")?.as_deref() != Some(WAIVED) {
                continue;
            }
            let rule = facts.text(waiver, "rule")?.unwrap_or_else(|| NOT_RECORDED.to_owned());
            let approves: Sentence = format!("waives a finding of {rule}, approves nothing").into();
            let by = facts.around(waiver, Relation::DoneBy, Direction::Forward, None);
            let row = vec![
                facts.cell(self.node),
                WAIVED.into(),
                facts.cells(by),
                facts.said(waiver, "time")?,
                facts.said(waiver, "recorded")?,
                facts.said(waiver, "expires")?,
                "none is asked for".into(),
                approves.clone(),
                approves,
                facts.cell(waiver),
            ];
            table.push(row, ROWS_SHOWN);
        }
        Ok(())
    }
}

fn unread(error: record::Error) -> Error {
    match error {
        record::Error::Store(error) => Error::Store(error),
        other => Error::Question { message: other.to_string() },
    }
}
