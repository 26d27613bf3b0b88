//! The reports of `lineal report` that are about one thing each.

use crate::args::{Arguments, Paper, Sheet};
use crate::exit::{Failure, Outcome};
use crate::target::resolve;
use crate::time::Zone;
use crate::{place, retracted};
use lineal_engine::clock::{Clock, SystemClock};
use lineal_engine::schema::Kind;
use lineal_engine::{NodeNo, Store};
use lineal_evidence::Error;
use lineal_evidence::report::{
    Facts, Incident, Oversight, SAMPLE_MAX, change, data_sheet, dpia, incident, oversight,
    retention,
};
use lineal_evidence::retention::Policy;
use lineal_query::told::Target;
use lineal_query::{Source, StoreView};
use std::sync::Arc;

/// What has deployments: a bare name is looked for in this order.
const DEPLOYED: [Kind; 3] = [Kind::System, Kind::Model, Kind::Deployment];

pub(super) fn run(arguments: &Arguments, wanted: &Sheet) -> Outcome {
    let paper = wanted.paper();
    let zone = Zone::parse(&arguments.tz)?;
    let store = Arc::new(place::open_read_only(arguments)?);
    let (view, today) = view(&store, paper)?;
    let mut facts = Facts::new(&store, &view, today).map_err(failure)?;
    if paper.names {
        facts = facts.naming_persons();
    }
    let node = |text: &str, kinds: &[Kind]| node((&*store, &view), &zone, text, kinds);
    let time = |text: &Option<String>| text.as_deref().map(crate::time::parse).transpose();
    let document = match wanted {
        Sheet::Oversight(it) => {
            if it.sample > SAMPLE_MAX {
                return Err(Failure::usage(format!("--sample is {SAMPLE_MAX} at most")));
            }
            let (from, until) = (time(&it.from)?, time(&it.until)?);
            let wanted = Oversight { from, until, sample: it.sample };
            oversight(&facts, node(&it.target, &DEPLOYED)?, &wanted)
        }
        Sheet::Incident(it) => {
            let wanted = Incident { from: time(&it.from)?, until: time(&it.until)? };
            incident(&facts, node(&it.target, &[Kind::Incident])?, &wanted)
        }
        Sheet::Change(it) => {
            let model = |text| node(text, &[Kind::Model]);
            change(&facts, model(&it.old)?, model(&it.new)?)
        }
        Sheet::Data(it) => data_sheet(&facts, node(&it.target, &[Kind::Dataset])?),
        Sheet::Retention(it) => {
            let policy = Policy::read(it.policy.as_deref()).map_err(failure)?;
            let target = it.target.as_deref().map(|text| node(text, &DEPLOYED)).transpose()?;
            retention(&facts, target, &policy)
        }
        Sheet::Dpia(it) => dpia(&facts, node(&it.target, &[Kind::System])?),
    };
    let to = (paper.format, paper.out.as_deref());
    super::written(arguments, to, &document.map_err(failure)?, view.commit())
}

/// The view that is meant, and what counts as today, ns: as of a commit, when that was recorded.
fn view(store: &Arc<Store>, paper: &Paper) -> Outcome<(StoreView, i64)> {
    let view = StoreView::new(Arc::clone(store))?;
    let Some(as_of) = &paper.as_of else { return Ok((view, SystemClock.now())) };
    let (number, today) = match as_of.parse::<u64>() {
        Ok(number) => (number, None),
        Err(_) => {
            let time = crate::time::parse(as_of)?;
            (store.commit_at(time), Some(time))
        }
    };
    let view = view.as_of_commit(number)?.ok_or_else(|| {
        let newest = store.commit();
        Failure::usage(format!("there is no commit {number}; the newest is {newest}"))
    })?;
    let today = today.unwrap_or_else(|| view.recorded());
    Ok((view, today))
}

/// The node that a text names; a bare name goes for one of the kind that is meant.
fn node(
    (store, view): (&Store, &StoreView),
    zone: &Zone,
    text: &str,
    kinds: &[Kind],
) -> Outcome<NodeNo> {
    let view = view.snapshot();
    for kind in kinds {
        if let [node] = view.find(Some(*kind), text)[..] {
            return Ok(node);
        }
    }
    let explained = |failure| retracted::explain(store, view, zone, text, failure);
    match resolve(view, zone, text).map_err(explained)? {
        Target::Node(node) => Ok(node),
        Target::Events { .. } => Err(Failure::usage(format!(
            "{text} is an event, and no report of this kind is about one\n  `lineal show {text}` tells it"
        ))),
    }
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Store(error) => Failure::Store(error),
        other => Failure::usage(other),
    }
}
