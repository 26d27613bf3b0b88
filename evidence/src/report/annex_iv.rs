//! What is recorded for the technical documentation of a system, in the order of Annex IV.
//!
//! Order, words and questions are data (`rules/annex-iv.toml`); the findings are those of the check
//! over the rules of the same view. Today is when the view's commit was recorded, so that the report
//! of a commit is the same on every day and machine.

mod approvals;
mod differences;
mod documents;
mod findings;
mod head;
mod records;

use super::document::{Block, Document, Gap, Lack, Reference, Section, Sentence};
use super::facts::goes_on;
use super::logs::{self, LogOf};
use super::order::{Made, Order, Point};
use super::picture;
use super::{Error, words};
use crate::Closure;
use crate::check::ask::Asker;
use crate::check::{Bounded, Report, Wanted, check_part};
use crate::own_events::view_of;
use crate::rules::Pack;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeNo, Snapshot, Store};
use lineal_query::{Limits, Source, StoreView};

/// The kind of this report, for programs.
const KIND: &str = "annex-iv";

/// The report of a model version, a deployment or a system, as of a view.
///
/// # Errors
/// [`Error::WrongKind`] for anything else, [`Error::Closure`] where it rests on too much, and what
/// the store says.
pub fn annex_iv(store: &Store, view: &StoreView, subject: NodeNo) -> Result<Document, Error> {
    annex_iv_of(store, view, subject, None, &Limits::default())
}

/// The same with the part of the graph that it may show, where that is less than all that it rests on, and
/// within bounds: it ends where they say so.
pub(crate) fn annex_iv_of(
    store: &Store,
    view: &StoreView,
    subject: NodeNo,
    shown: Option<&Closure>,
    limits: &Limits<'_>,
) -> Result<Document, Error> {
    let pack = Pack::eu_ai_act()?;
    let order = Order::annex_iv(&pack)?;
    let kind = view.snapshot().kind_of(subject);
    // Of a system the events of that system alone.
    let own = (kind == Kind::System).then(|| view_of(view, subject)).transpose()?;
    let view = own.as_ref().unwrap_or(view);
    let snapshot = view.snapshot();
    if !matches!(kind, Kind::Model | Kind::System | Kind::Deployment) {
        let wanted = "a model version, a system or a deployment";
        return Err(Error::WrongKind { report: KIND, wanted, name: snapshot.name_of(subject) });
    }
    let systems = nearest_systems(snapshot, subject);
    let wanted = wanted(view, subject, &systems);
    let part = &Bounded { view, limits: *limits, decisions: true };
    let report = match wanted.system {
        Some(_) => Some(check_part(store, view, part, &pack, &wanted)?.without_people(snapshot)),
        None => None,
    };
    let mut asker = Asker::new(view, part, &pack, &wanted);
    let closure = match shown {
        Some(shown) => shown.clone(),
        None => Closure::within(snapshot, subject, &|_| true, &|| goes_on(limits))?,
    };
    let deployments = asker.members(DEPLOYMENTS)?;
    let logs = logs::of(snapshot, &deployments, view.recorded())?;
    let mut maker = Maker {
        store,
        view,
        order: &order,
        pack: &pack,
        asker,
        subject,
        systems,
        report: report.as_ref(),
        closure: &closure,
        logs,
    };
    let document = maker.document()?;
    match snapshot.damage() {
        Some(error) => Err(error.into()),
        None => Ok(document),
    }
}

/// The sets of the rules that this report is made of.
const DEPLOYMENTS: &str = "deployments";
const MODELS: &str = "models";

/// What the sets of the rules are narrowed to.
fn wanted(view: &StoreView, subject: NodeNo, systems: &[NodeNo]) -> Wanted {
    let snapshot = view.snapshot();
    let name = |node: NodeNo| {
        let name = snapshot.name_of(node);
        let kind = snapshot.kind_of(node).name();
        name.strip_prefix(kind).and_then(|rest| rest.strip_prefix(':')).unwrap_or(&name).to_owned()
    };
    let kind = snapshot.kind_of(subject);
    let own = |wanted: Kind| (kind == wanted).then(|| name(subject));
    Wanted {
        system: match systems {
            [system] => Some(name(*system)),
            _ => None,
        },
        model: own(Kind::Model),
        deployment: own(Kind::Deployment),
        now: view.recorded(),
    }
}

/// The systems that a thing is part of, by the nearest record that names one: itself, else its own, else those
/// of its deployments, of its models, and of the runs that made them. `Facts::systems_around` is wider.
pub(crate) fn nearest_systems(view: &Snapshot, subject: NodeNo) -> Vec<NodeNo> {
    if view.kind_of(subject) == Kind::System {
        return vec![subject];
    }
    let along = |nodes: &[NodeNo], relation, direction| -> Vec<NodeNo> {
        let mut found: Vec<NodeNo> = nodes
            .iter()
            .flat_map(|node| view.edges(*node, relation, direction).iter().copied())
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    };
    let deployments = along(&[subject], Relation::Deploys, Direction::Inverse);
    let models = along(&[subject], Relation::Deploys, Direction::Forward);
    let mut made = models.clone();
    made.push(subject);
    made.extend(along(&made.clone(), Relation::RegisteredFrom, Direction::Forward));
    let runs = along(&made, Relation::ProducedBy, Direction::Forward);
    for nodes in [vec![subject], deployments, models, runs] {
        let systems = along(&nodes, Relation::BelongsTo, Direction::Forward);
        if !systems.is_empty() {
            return systems;
        }
    }
    Vec::new()
}

/// What a report is made from.
struct Maker<'a> {
    store: &'a Store,
    view: &'a StoreView,
    order: &'a Order,
    pack: &'a Pack,
    asker: Asker<'a>,
    subject: NodeNo,
    systems: Vec<NodeNo>,
    report: Option<&'a Report>,
    closure: &'a Closure,
    logs: Vec<LogOf>,
}

impl Maker<'_> {
    fn snapshot(&self) -> &Snapshot {
        self.view.snapshot()
    }

    fn reference(&self, node: NodeNo) -> Reference {
        Reference::at(self.snapshot(), node)
    }

    fn document(&mut self) -> Result<Document, Error> {
        let mut document = self.head();
        document = document.section(self.reading());
        document = document.section(self.counted());
        for point in &self.order.points {
            document = document.section(self.point(point)?);
        }
        Ok(document)
    }

    fn point(&mut self, point: &Point) -> Result<Section, Error> {
        let mut section = Section::new(point.heading.clone()).source(point.source.clone());
        section = section.say(format!("Asked for: {}", point.asks));
        for note in &point.notes {
            section = section.say(note.as_str());
        }
        let mut recorded = Section::new("Recorded");
        let mut lacks = Vec::new();
        for record in &point.records {
            self.record(&point.id, record, &mut recorded, &mut lacks)?;
        }
        for made in &point.parts {
            self.made(*made, &mut recorded, &mut lacks)?;
        }
        if recorded.blocks.is_empty() {
            let nothing = Sentence::from("The graph of ").node(self.reference(self.subject));
            recorded = recorded.say(nothing.text(" holds nothing for this point."));
        }
        section = section.section(recorded);
        if let Some(attached) = self.attached(point, &mut lacks)? {
            section = section.section(attached);
        }
        if !lacks.is_empty() {
            section = section.section(Section::new("Not recorded").block(Block::Gaps(lacks)));
        }
        if let Some(found) = self.found(point) {
            section = section.section(found);
        }
        Ok(section)
    }

    /// A part that no question says.
    fn made(
        &mut self,
        made: Made,
        section: &mut Section,
        lacks: &mut Vec<Gap>,
    ) -> Result<(), Error> {
        let silence = self.order.head.silence_hours;
        match made {
            Made::Lineage => section.push(Block::Picture(picture::lineage(self.closure))),
            Made::Approvals => self.approvals(section, lacks)?,
            Made::Differences => self.differences(section)?,
            Made::Timeline => {
                let models = self.asker.members(MODELS)?;
                let on = |node| self.standing(node);
                let drawn = picture::timeline(self.snapshot(), &models, &self.logs, &on)?;
                section.push(Block::Picture(drawn));
            }
            Made::Coverage if self.logs.iter().any(|log| log.events() > 0) => {
                let silences = logs::silences(self.snapshot(), &self.logs, silence)?;
                section.push(Block::Table(logs::table(self.snapshot(), &self.logs, &silences)));
                section.push(Block::Picture(picture::coverage(
                    self.snapshot(),
                    &self.logs,
                    &silences,
                )));
            }
            Made::Coverage => {
                let say = Sentence::from("No event of a deployment of ")
                    .node(self.reference(self.subject))
                    .text(" is recorded.");
                lacks.push(Gap::new(Lack::NotRecorded, say).fix("lineal import LOGS"));
            }
            Made::Overrides => {
                let about = self.reference(self.subject);
                if let Some((table, drawn)) =
                    picture::overrides(self.snapshot(), &about, &self.logs)
                {
                    section.push(Block::Table(table));
                    section.push(Block::Picture(drawn));
                }
            }
        }
        Ok(())
    }
}
