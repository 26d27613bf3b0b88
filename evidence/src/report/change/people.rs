//! What people decided about two versions, and where these were put to use.

use super::{Both, KIND};
use crate::Error;
use crate::check::{quoted, time_text};
use crate::report::decided::{self, Stood, words};
use crate::report::document::{Block, Gap, Lack, Section, Sentence, Table};
use crate::report::facts::{Facts, ROWS_SHOWN};
use crate::report::words::{span, when};
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
    let mut table = decided::table("Decisions on each version", "at its first use");
    let (mut sentences, mut gaps) = (Vec::new(), Vec::new());
    for side in [&both.old, &both.new] {
        let first = first_use(facts, side.node)?.map(|(time, _)| time);
        let stood = Stood::of(facts, side.node, first)?;
        stood.list(facts, &mut table)?;
        let node = facts.at(side.node);
        if stood.now.decided.is_empty() {
            let fix =
                format!("lineal approve {} --role ROLE --key FILE --by WHO", quoted(&node.name));
            let say = Sentence::new().node(node).text(": no decision on it is recorded");
            gaps.push(Gap::new(Lack::NotRecorded, say).fix(fix));
            continue;
        }
        if let (Some(first), Some(then)) = (first, &stood.then) {
            let say = format!(", first put to use {}: {} then.", time_text(first), words(then));
            sentences.push(Sentence::new().node(node.clone()).text(say));
        }
        sentences.push(Sentence::new().node(node).text(format!(": {}.", words(&stood.now))));
        sentences.extend(stood.now.notes.iter().map(|note| Sentence::from(note.as_str())));
    }
    section.push(Block::List(sentences));
    section.push(Block::Table(table));
    section.push(Block::Gaps(gaps));
    Ok(section)
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
