//! What people decided about two versions, and where these were put to use.

use super::{Both, KIND};
use crate::Error;
use crate::check::{quoted, time_text};
use crate::record::{Standing, standing};
use crate::report::document::{Block, Gap, Lack, Section, Sentence, Table};
use crate::report::facts::{Facts, ROWS_SHOWN};
use crate::report::words::{NOT_RECORDED, span, when};
use lineal_engine::NodeNo;
use lineal_engine::schema::{Direction, Kind, Relation};

/// When a version was first put to use: as declared, else its first event; with the deployment.
pub(super) fn first_use(facts: &Facts<'_>, model: NodeNo) -> Result<Option<(i64, NodeNo)>, Error> {
    let mut first: Option<(i64, NodeNo)> = None;
    let deployed =
        facts.around(model, Relation::Deploys, Direction::Inverse, Some(Kind::Deployment));
    for deployment in deployed {
        for field in ["from", "time", "first_event"] {
            if let Some(time) = facts.number(deployment, field)? {
                first = Some(first.map_or((time, deployment), |it| it.min((time, deployment))));
                break;
            }
        }
    }
    Ok(first)
}

/// Changes as a table, and whether one of them holds a decision.
pub(super) fn changes(
    facts: &Facts<'_>,
    changes: &[NodeNo],
    old: NodeNo,
    first: Option<(i64, NodeNo)>,
) -> Result<(Table, bool), Error> {
    let heads = ["change", "decision", "when", "by", "against the first use", "version before"];
    let mut table = Table::new("Decisions about the newer version", &heads);
    let mut is_decided = false;
    for change in changes {
        let decision = facts.text(*change, "decision")?;
        is_decided |= decision.is_some();
        let at = facts.number(*change, "time")?;
        let cited = facts.around(*change, Relation::Cites, Direction::Forward, Some(Kind::Model));
        let before = match cited.binary_search(&old) {
            Ok(_) => "the one compared here".into(),
            Err(_) => facts.cells(cited),
        };
        let row = vec![
            facts.cell(*change),
            facts.said(*change, "decision")?,
            when(at).into(),
            facts.cells(facts.around(*change, Relation::DoneBy, Direction::Forward, None)),
            order(at, first.map(|(time, _)| time)).into(),
            before,
        ];
        table.push(row, ROWS_SHOWN);
    }
    Ok((table, is_decided))
}

/// A decision against the first use, in words.
fn order(decided: Option<i64>, used: Option<i64>) -> String {
    match (decided, used) {
        (_, None) => "no use is recorded".to_owned(),
        (None, Some(_)) => "cannot tell: when is not recorded".to_owned(),
        (Some(decided), Some(used)) if decided <= used => {
            format!("{} before it", span(used.saturating_sub(decided)))
        }
        (Some(decided), Some(used)) => {
            format!("{} after it", span(decided.saturating_sub(used)))
        }
    }
}

pub(super) fn approvals(facts: &Facts<'_>, both: &Both) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "approvals")?;
    let heads = ["version", "decision", "by", "when", "signature", "approval"];
    let mut table = Table::new("Decisions on each version", &heads);
    let (mut sentences, mut gaps) = (Vec::new(), Vec::new());
    for side in [&both.old, &both.new] {
        let stands = standing_of(facts, side.node)?;
        for decided in &stands.decided {
            let by = decided.by.as_deref();
            let row = vec![
                facts.cell(side.node),
                decided.decision.as_str().into(),
                by.map_or_else(|| NOT_RECORDED.into(), |key| facts.person(key)),
                when(decided.at).into(),
                decided.signature.words().into(),
                facts.cell(decided.approval),
            ];
            table.push(row, ROWS_SHOWN);
        }
        let node = facts.at(side.node);
        let words = match (stands.is_granted(), stands.rejected) {
            (_, true) => ": somebody's last word is a rejection.".to_owned(),
            (true, false) => {
                format!(": approved by {} signed with keys that count.", stands.keys.len())
            }
            (false, false) => {
                let (unsigned, needed) = (stands.unsigned.len(), stands.keys_needed);
                format!(
                    ": no {needed} signed approvals that count; {unsigned} unsigned ones stand."
                )
            }
        };
        if stands.decided.is_empty() {
            let fix =
                format!("lineal approve {} --role ROLE --key FILE --by WHO", quoted(&node.name));
            let say = Sentence::new().node(node).text(": no decision on it is recorded");
            gaps.push(Gap::new(Lack::NotRecorded, say).fix(fix));
        } else {
            sentences.push(Sentence::new().node(node).text(words));
            sentences.extend(stands.notes.iter().map(|note| Sentence::from(note.as_str())));
        }
    }
    section.push(Block::List(sentences));
    section.push(Block::Table(table));
    section.push(Block::Gaps(gaps));
    Ok(section)
}

fn standing_of(facts: &Facts<'_>, node: NodeNo) -> Result<Standing, Error> {
    standing(facts.store, facts.snapshot(), node, facts.now).map_err(|error| match error {
        crate::record::Error::Store(error) => Error::Store(error),
        other => Error::Question { message: other.to_string() },
    })
}

pub(super) fn deployments(facts: &Facts<'_>, both: &Both) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "deployments")?;
    let heads = ["version", "deployment", "from", "until", "first event", "last event", "#events"];
    let mut table = Table::new("Where each version was put to use", &heads);
    for side in [&both.old, &both.new] {
        let deployed =
            facts.around(side.node, Relation::Deploys, Direction::Inverse, Some(Kind::Deployment));
        for deployment in &deployed {
            let row = vec![
                facts.cell(side.node),
                facts.cell(*deployment),
                facts.said(*deployment, "from")?,
                facts.said(*deployment, "until")?,
                facts.said(*deployment, "first_event")?,
                facts.said(*deployment, "last_event")?,
                facts.number(*deployment, "events")?.unwrap_or(0).to_string().into(),
            ];
            table.push(row, ROWS_SHOWN);
        }
        if deployed.is_empty() {
            let say =
                Sentence::new().node(facts.at(side.node)).text(": no deployment is recorded.");
            section = section.say(say);
        }
    }
    if let Some((time, deployment)) = first_use(facts, both.new.node)? {
        let words = format!(", first put to use {}, in ", time_text(time));
        let say = Sentence::new().node(facts.at(both.new.node)).text(words);
        section = section.say(say.node(facts.at(deployment)).text("."));
    }
    section.push(Block::Table(table));
    Ok(section)
}
