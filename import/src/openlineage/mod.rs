//! OpenLineage: events of runs, jobs and datasets, one JSON object each, as its clients emit them.
//!
//! Events of a run are cumulative and come in any order, so each says what it says in a form of its
//! own (`openlineage-start`, `openlineage-complete`, ...) as of its `eventTime`, and the fold of the
//! view unites them. A job is an experiment, a dataset without a version one with an empty digest.

mod event;
pub(crate) mod facets;
mod lines;
mod map;
mod recognise;

pub use lines::{EVENT_BYTES_MAX, Ended, Item, read};
pub(crate) use recognise::recognise;

use crate::record::{NodeRecord, Part, Reject};
use lineal_engine::FORM_OF_EVENTS;

/// The form of a file of events; those of what one event says begin so.
pub const FORM: &str = FORM_OF_EVENTS;
/// Who speaks, where no other name is given.
pub const SOURCE: &str = "openlineage";
/// The source type in the keys of datasets: the last part is then a namespace of OpenLineage.
pub const DATASET_KIND: &str = "openlineage";
/// The form of what merely names something and links it.
pub(crate) const NAMED: &str = "openlineage-named";
/// The form of the facets of a job or dataset.
const FACETS: &str = "openlineage-facets";

/// What an event says of one node, and in which form.
#[derive(Clone, PartialEq, Debug)]
pub struct Said {
    /// The form.
    pub form: &'static str,
    /// What it says.
    pub record: NodeRecord,
}

/// An event that was read.
#[derive(Clone, PartialEq, Debug)]
pub struct EventSaid {
    /// `eventTime`, ns.
    pub time: i64,
    /// What it says.
    pub said: Vec<Said>,
}

/// A part of a key, marked if it is personal.
fn part(text: &str) -> Part {
    if crate::mlflow::is_personal(text) {
        Part::Personal(text.to_owned())
    } else {
        Part::Text(text.to_owned())
    }
}

/// What an import would reject of events, one a line: for whoever answers before it is made.
#[must_use]
pub fn rejected_events(events: &[u8]) -> Vec<Reject> {
    let mut rejects = Vec::new();
    // What lies in memory can be read.
    let _ = read(events, "body", &mut |item| {
        if let Item::Reject(reject) = item {
            rejects.push(reject);
        }
        Ok::<_, std::io::Error>(())
    });
    rejects
}

#[cfg(test)]
mod tests;
