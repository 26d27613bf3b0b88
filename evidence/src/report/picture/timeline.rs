//! Versions, approvals, deployments, changes and incidents over time.

use super::axis::{Axis, label};
use super::canvas::{Anchor, Canvas, Fill, Stroke, WIDTH, fitted};
use crate::record::{Counts, Standing};
use crate::report::Error;
use crate::report::document::{Picture, Reference, Sentence};
use crate::report::logs::LogOf;
use crate::report::words::thousands;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeNo, Snapshot};
use lineal_proof::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Most things that are drawn, the newest of them; all are counted.
const DRAWN_MAX: usize = 60;
/// Most versions before the first that are followed back.
const BEFORE_MAX: usize = 20;
/// Where the plot begins and ends.
const PLOT: (f64, f64) = (128.0, WIDTH - 24.0);
/// The height of a lane.
const LANE: f64 = 34.0;
/// How far apart numbers stand before they go into a second line.
const APART: f64 = 16.0;

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Lane {
    Version,
    Approval,
    Deployment,
    Change,
    Incident,
}

const LANES: [(Lane, &str); 5] = [
    (Lane::Version, "versions"),
    (Lane::Approval, "decisions"),
    (Lane::Deployment, "deployments"),
    (Lane::Change, "changes"),
    (Lane::Incident, "incidents"),
];

/// Something with a date.
struct Event {
    at: i64,
    until: Option<i64>,
    lane: Lane,
    node: NodeNo,
    /// What happened to it, behind its name.
    what: String,
    /// It approves nothing, or is an end of use.
    is_hollow: bool,
}

/// The picture, of models with the versions before them and of the deployments of logs; `on` says how it
/// stands with what was decided on a node.
pub(in crate::report) fn timeline(
    view: &Snapshot,
    models: &[NodeNo],
    logs: &[LogOf],
    on: &dyn Fn(NodeNo) -> Result<Standing, Error>,
) -> Result<Picture, Error> {
    let (mut events, undated) = events(view, models, logs, on)?;
    events.sort_by_key(|event| (event.at, event.lane, event.node));
    let left_out = events.len().saturating_sub(DRAWN_MAX);
    let events = events.split_off(left_out);
    let title = "Versions, decisions, deployments, changes and incidents over time".to_owned();
    let words = words(view, &events, left_out, undated);
    let told: Vec<String> = words.iter().map(Sentence::plain).collect();
    let svg = draw(&events, left_out).finish(&title, &told.join(" "));
    Ok(Picture { name: "timeline".to_owned(), title, words, svg })
}

fn events(
    view: &Snapshot,
    models: &[NodeNo],
    logs: &[LogOf],
    on: &dyn Fn(NodeNo) -> Result<Standing, Error>,
) -> Result<(Vec<Event>, usize), Error> {
    let mut versions: BTreeSet<NodeNo> = models.iter().copied().collect();
    for model in models {
        let mut at = *model;
        for _ in 0..BEFORE_MAX {
            let before = view.edges(at, Relation::Follows, Direction::Forward).first();
            let Some(before) = before.filter(|before| versions.insert(**before)) else { break };
            at = *before;
        }
    }
    let mut events = Vec::new();
    let mut undated = 0;
    let mut about: BTreeSet<NodeNo> = BTreeSet::new();
    let mut decided: BTreeMap<NodeNo, Counts> = BTreeMap::new();
    let mut note = |node: NodeNo| -> Result<(), Error> {
        // What approves several things counts where it counts of one of them.
        for one in on(node)?.decided {
            let known = decided.entry(one.approval).or_default();
            if !matches!(known, Counts::Approves | Counts::Rejects) {
                *known = one.counts;
            }
        }
        Ok(())
    };
    let mut push = |at: Option<i64>, event: Event| match at {
        Some(at) => events.push(Event { at, ..event }),
        None => undated += 1,
    };
    for node in &versions {
        let time = view.field(*node, "time")?.and_then(|value| value.as_i64());
        let what = "a version, as its source dates it".to_owned();
        let lane = Lane::Version;
        push(time, Event { at: 0, until: None, lane, node: *node, what, is_hollow: false });
        about.extend(view.edges(*node, Relation::Approves, Direction::Inverse));
        note(*node)?;
        about.extend(view.edges(*node, Relation::Concerns, Direction::Inverse));
    }
    for log in logs {
        let until = log.until.or(log.span().map(|(_, last)| last));
        let what = match log.until {
            Some(until) => format!("in use until {}", label(until, true)),
            None => "in use, no end declared".to_owned(),
        };
        let lane = Lane::Deployment;
        let is_hollow = log.until.is_none();
        push(log.from, Event { at: 0, until, lane, node: log.node, what, is_hollow });
        about.extend(view.edges(log.node, Relation::Approves, Direction::Inverse));
        note(log.node)?;
        about.extend(view.edges(log.node, Relation::Concerns, Direction::Inverse));
    }
    for node in about {
        let (fields, _) = view.open_fields(node)?;
        let text = |name: &str| fields.get(name).and_then(Value::as_text);
        let time = |name: &str| fields.get(name).and_then(Value::as_i64);
        let (lane, what, is_hollow) = match view.kind_of(node) {
            Kind::Approval => {
                let decision = text("decision").unwrap_or("decided, how is not recorded");
                let counts = decided.get(&node);
                let what = match counts {
                    Some(Counts::Approves | Counts::Rejects) | None => decision.to_owned(),
                    Some(not) => format!("{decision}; as of this report it {}", not.words()),
                };
                (Lane::Approval, what, counts != Some(&Counts::Approves))
            }
            Kind::Change => {
                let kind = text("type").or(text("decision")).unwrap_or("change");
                (Lane::Change, kind.replace('_', " "), text("type") == Some("stop"))
            }
            Kind::Incident => {
                let serious = fields.get("declared_serious") == Some(&Value::Bool(true));
                let what = if serious { "incident, declared serious" } else { "incident" };
                (Lane::Incident, what.to_owned(), !serious)
            }
            _ => continue,
        };
        let at = time("time").or(time("from"));
        push(at, Event { at: 0, until: None, lane, node, what, is_hollow });
    }
    Ok((events, undated))
}

fn draw(events: &[Event], left_out: usize) -> Canvas {
    let bars = events.iter().filter(|event| event.lane == Lane::Deployment).count();
    let height = |lane: Lane| match lane {
        Lane::Deployment => LANE.max(bars as f64 * 16.0 + 8.0),
        _ => LANE,
    };
    let plot_height: f64 = LANES.iter().map(|(lane, _)| height(*lane)).sum();
    let mut canvas = Canvas::new("timeline", plot_height + 62.0);
    let times = events.iter().flat_map(|event| [Some(event.at), event.until]).flatten();
    let Some(axis) = Axis::over(times, PLOT.0, PLOT.1) else {
        canvas.text((20.0, 30.0), Anchor::Start, 12, "nothing with a date is recorded");
        return canvas;
    };
    for (mark, text) in axis.marks() {
        let x = axis.place(mark);
        canvas.line((x, 8.0), (x, 8.0 + plot_height), Stroke::Faint);
        canvas.text((x, 8.0 + plot_height + 14.0), Anchor::Middle, 9, &text);
    }
    let mut top = 8.0;
    for (lane, name) in LANES {
        canvas.text((20.0, top + 20.0), Anchor::Start, 11, name);
        canvas.line((20.0, top + height(lane)), (PLOT.1, top + height(lane)), Stroke::Faint);
        let (mut last, mut is_second, mut bar) = (f64::MIN, false, 0.0);
        for (event, number) in events.iter().zip(1..).filter(|(event, _)| event.lane == lane) {
            let x = axis.place(event.at);
            let number = number.to_string();
            if lane == Lane::Deployment {
                let end = axis.place(event.until.unwrap_or(event.at)).max(x + 3.0);
                let fill = if event.is_hollow { Fill::White } else { Fill::Hatch };
                let y = top + 6.0 + bar;
                canvas.rectangle((x, y), (end - x, 10.0), 0.0, fill, Stroke::Thin);
                canvas.text((x - 3.0, y + 9.0), Anchor::End, 9, &number);
                bar += 16.0;
                continue;
            }
            mark(&mut canvas, lane, (x, top + 24.0), event.is_hollow);
            is_second = x - last < APART && !is_second;
            let y = if is_second { top + 8.0 } else { top + 16.0 };
            canvas.text((x, y), Anchor::Middle, 8, &number);
            last = x;
        }
        top += height(lane);
    }
    let mut note =
        "Numbers are those of the list below. Hollow: no approval that counts, no end declared, or not serious."
            .to_owned();
    if left_out > 0 {
        note.push_str(&format!(" {} earlier ones are not drawn.", thousands(left_out as u64)));
    }
    canvas.text((20.0, top + 36.0), Anchor::Start, 10, &fitted(&note, 150));
    canvas
}

/// A mark whose shape says what it is.
fn mark(canvas: &mut Canvas, lane: Lane, (x, y): (f64, f64), is_hollow: bool) {
    let fill = if is_hollow { Fill::White } else { Fill::Dark };
    let points: Vec<(f64, f64)> = match lane {
        Lane::Version => vec![(-4.0, -4.0), (4.0, -4.0), (4.0, 4.0), (-4.0, 4.0)],
        Lane::Approval => vec![(0.0, -5.0), (5.0, 4.0), (-5.0, 4.0)],
        Lane::Incident => vec![(0.0, 5.0), (5.0, -4.0), (-5.0, -4.0)],
        _ => vec![(0.0, -5.0), (5.0, 0.0), (0.0, 5.0), (-5.0, 0.0)],
    };
    let points: Vec<(f64, f64)> = points.into_iter().map(|(dx, dy)| (x + dx, y + dy)).collect();
    canvas.polygon(&points, fill, Stroke::Thin);
}

fn words(view: &Snapshot, events: &[Event], left_out: usize, undated: usize) -> Vec<Sentence> {
    let mut words = Vec::new();
    if left_out > 0 {
        words.push(format!("{} earlier ones are not listed.", thousands(left_out as u64)).into());
    }
    for (event, number) in events.iter().zip(1..) {
        let when = label(event.at, true);
        let say = Sentence::from(format!("({number}) {when}: "));
        words.push(say.node(Reference::at(view, event.node)).text(format!(", {}.", event.what)));
    }
    if undated > 0 {
        words.push(format!("{} more have no date on record.", thousands(undated as u64)).into());
    }
    if words.is_empty() {
        words.push("Nothing with a date is recorded.".into());
    }
    words
}
