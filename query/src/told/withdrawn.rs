//! Data sets that were taken back (`lineal withdraw`), and since when.

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{Error, NodeNo, Snapshot};
use lineal_proof::Value;

/// That a data set was taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Withdrawn {
    /// Since when, ns: as stated, else since it is recorded.
    pub at: i64,
    /// The record that says so.
    pub change: NodeNo,
}

/// The first record that takes a data set back, of those that the asker sees; none of anything else.
///
/// # Errors
/// [`Error::Corrupt`] if a record cannot be read.
pub fn withdrawn(
    view: &Snapshot,
    dataset: NodeNo,
    sees: &dyn Fn(NodeNo) -> bool,
) -> Result<Option<Withdrawn>, Error> {
    let mut first: Option<Withdrawn> = None;
    if view.kind_of(dataset) != Kind::Dataset {
        return Ok(None);
    }
    for change in view.edges(dataset, Relation::Concerns, Direction::Inverse) {
        if view.kind_of(*change) != Kind::Change || !sees(*change) {
            continue;
        }
        let kind = view.field(*change, "type")?;
        if kind.as_ref().and_then(Value::as_text) != Some("withdrawal") {
            continue;
        }
        let mut at = None;
        for field in ["time", "recorded"] {
            if at.is_none() {
                at = view.field(*change, field)?.and_then(|time| time.as_i64());
            }
        }
        let found = Withdrawn { at: at.unwrap_or(i64::MIN), change: *change };
        if first.is_none_or(|first| (found.at, found.change) < (first.at, first.change)) {
            first = Some(found);
        }
    }
    Ok(first)
}
