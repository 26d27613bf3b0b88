//! What comes back: columns, rows, and how complete they are.

mod lines;
mod named;
mod picture;
mod prov;
mod render;
mod wire;
mod written;

pub(crate) use named::{Names, NodeNames};
pub use picture::{Line, Picture, THINGS_MAX, Thing};
pub use written::Beside;

use std::fmt;

use lineal_engine::schema::Kind;

use crate::limits::Limit;
use crate::plan::Column;
use crate::source::NodeNo;
use crate::told::{Tool, holder, role_advice};
use crate::value::Value;

/// Most reasons that an answer lists; all are counted.
pub const REASONS_MAX: usize = 20;

/// The answer to a question.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The rows, in their total order.
    pub rows: Vec<Vec<Value>>,
    /// How many rows there are without `skip` and `limit`.
    pub total: u64,
    /// What is known of what is missing.
    pub completeness: Completeness,
    /// The last commit that was seen.
    pub commit: u64,
    /// When that commit was recorded, ns since 1970 UTC.
    pub recorded: i64,
    /// What `now()` was.
    pub now: i64,
    /// What a reader should know, each with how often it happened.
    pub warnings: Vec<String>,
    /// Edges followed.
    pub edges_followed: u64,
    /// Events read.
    pub events_read: u64,
    /// The output format that the question asks for.
    pub format: Option<String>,
    /// It is about the language alone: no store was asked.
    pub(crate) is_storeless: bool,
    pub(crate) names: Names,
}

/// The rows of an answer one after the other, for programs that ask often: nodes and events are
/// numbers of the view.
#[derive(Clone, PartialEq, Debug)]
pub struct Table {
    width: usize,
    values: Vec<Value>,
    /// How many rows there are without `skip` and `limit`.
    pub total: u64,
    /// What is known of what is missing.
    pub completeness: Completeness,
}

impl Table {
    /// A table without rows, to be filled by [`crate::Prepared::table_into`].
    #[must_use]
    pub fn empty() -> Table {
        let completeness = Completeness { truncated: None, reasons: Vec::new(), reason_count: 0 };
        Table { width: 1, values: Vec::new(), total: 0, completeness }
    }

    /// Puts other rows in the place of those that it holds; their memory is used again.
    pub(crate) fn refill(
        &mut self,
        width: usize,
        total: u64,
        completeness: Completeness,
        rows: impl FnOnce(&mut Vec<Value>),
    ) {
        self.values.clear();
        rows(&mut self.values);
        (self.width, self.total, self.completeness) = (width.max(1), total, completeness);
    }

    /// The values of all rows, one row behind the other.
    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }

    /// The values that it holds, which are about to be replaced.
    pub(crate) fn emptied(&mut self) -> &mut Vec<Value> {
        &mut self.values
    }

    /// How many rows it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.width
    }

    /// Does it hold none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The rows, in their total order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[Value]> {
        self.values.chunks_exact(self.width)
    }
}

/// In one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Everything recorded that belongs to the answer is in it.
    Complete,
    /// A limit ended it.
    Truncated,
    /// Something on the way is not recorded, or is recorded twice with different content.
    CannotTell,
}

impl State {
    /// The word for programs: `complete`, `truncated`, `cannot_tell`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::Complete => "complete",
            State::Truncated => "truncated",
            State::CannotTell => "cannot_tell",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Complete => "complete",
            State::Truncated => "truncated",
            State::CannotTell => "cannot tell",
        })
    }
}

/// How complete an answer is, and why.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Completeness {
    /// The limit that ended it.
    pub truncated: Option<Limit>,
    /// Why it cannot be told, the first of them.
    pub reasons: Vec<Reason>,
    /// How many reasons there are.
    pub reason_count: u64,
}

impl Completeness {
    /// In one word.
    #[must_use]
    pub fn state(&self) -> State {
        if self.truncated.is_some() {
            State::Truncated
        } else if self.reason_count > 0 {
            State::CannotTell
        } else {
            State::Complete
        }
    }

    /// Adds that events are held beside the store, for those who are not told how many.
    pub fn tell_some_unsealed(&mut self) {
        self.reasons.push(Reason {
            what: Uncertainty::Unsealed(0),
            node: NodeNo::MAX,
            name: String::new(),
            fits: Vec::new(),
            referred_by: Vec::new(),
        });
        self.reason_count += 1;
    }

    /// Adds that so many events and uses are held beside the store, in no commit that the answer
    /// could have seen. The store does not know of them; whoever holds them says so.
    pub fn tell_unsealed(&mut self, events: u64, uses: u64) {
        let pending = [(events, Uncertainty::Unsealed(events)), (uses, Uncertainty::Unnoted(uses))];
        for (_, what) in pending.into_iter().filter(|(count, _)| *count > 0) {
            let (fits, referred_by) = (Vec::new(), Vec::new());
            self.reasons.push(Reason {
                what,
                node: NodeNo::MAX,
                name: String::new(),
                fits,
                referred_by,
            });
            self.reason_count += 1;
        }
    }
}

/// One reason why an answer cannot tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// What is wrong.
    pub what: Uncertainty,
    /// Where, as a number of the view; [`NodeNo::MAX`] where it is not at a node.
    pub node: NodeNo,
    /// Where, by name; empty where it is not at a node.
    pub name: String,
    /// Of a reference that fits several nodes: these, the first of them.
    pub fits: Vec<String>,
    /// And what refers so, the first of them.
    pub referred_by: Vec<String>,
}

/// What can make an answer uncertain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Uncertainty {
    /// The node is referred to, by records of that tool where one speaks of what refers to it, and was never imported.
    Missing(Kind, Option<Tool>),
    /// It is a reference that fits several nodes.
    Conflict,
    /// A run, of that tool where one speaks of it, has inputs whose role is not recorded.
    Roleless(Option<Tool>),
    /// So many lines of a log could not be read, each of which may have been an event; 0 where how
    /// many, and of which log, is not for the asker.
    Unread(u64),
    /// So many events are acknowledged and in no commit yet; 0 where how many is not for the asker.
    Unsealed(u64),
    /// So many uses of the store are noted and in no commit yet.
    Unnoted(u64),
    /// So many events of a batch are erased: nobody knows any more what they said.
    Erased(u64),
    /// Events of deployments that serve several systems are erased, and nobody knows any more of which system
    /// they were: of a part of a store, any of them may have been of it.
    ErasedOfShared,
    /// So many events of a batch are restricted, and not shown to whoever asks.
    Restricted(u64),
    /// So many sealed values are restricted, and the question speaks of a field that may hold one.
    RestrictedValues(u64),
    /// So many sealed values are erased, and the question speaks of a field that may have held one.
    ErasedValues(u64),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match self.what {
            Uncertainty::Missing(kind, tool) => {
                write!(f, "{name} is only referred to; {} would bring it", bringer(kind, tool))
            }
            Uncertainty::Conflict => write!(
                f,
                "{} {} to {name}, which may be any of {}; `lineal alias` decides which",
                self.referred_by.join(", "),
                if self.referred_by.len() == 1 { "refers" } else { "refer" },
                self.fits.join(", ")
            ),
            Uncertainty::Roleless(tool) => write!(
                f,
                "{name} has inputs without a recorded role; {} records one",
                role_advice(tool, name)
            ),
            Uncertainty::Unread(0) => f.write_str(
                "lines of a log could not be read and may have been events; whoever sees the \
                 whole store is told which",
            ),
            Uncertainty::Unread(lines) => write!(
                f,
                "{lines} {} of the log {name} could not be read and may have been events; the \
                 report of its import says which",
                if lines == 1 { "line" } else { "lines" }
            ),
            Uncertainty::Unsealed(0) => {
                f.write_str("events are not sealed yet: their proof is pending")
            }
            Uncertainty::Unsealed(1) => {
                f.write_str("1 event is not sealed yet: its proof is pending")
            }
            Uncertainty::Unsealed(events) => {
                write!(f, "{events} events are not sealed yet: their proof is pending")
            }
            Uncertainty::Erased(1) => {
                write!(f, "1 event of {name} is erased: what it said is not known any more")
            }
            Uncertainty::Erased(events) => write!(
                f,
                "{events} events of {name} are erased: what they said is not known any more"
            ),
            Uncertainty::ErasedOfShared => f.write_str(
                "events of deployments that serve several systems are erased, and nobody knows any \
                 more of which system they were: some may have been of these",
            ),
            Uncertainty::Restricted(1) => {
                write!(f, "1 event of {name} is restricted, not shown")
            }
            Uncertainty::Restricted(events) => {
                write!(f, "{events} events of {name} are restricted, not shown")
            }
            Uncertainty::RestrictedValues(1) => f.write_str(
                "1 sealed value is restricted, not shown: a field that is absent here may be it",
            ),
            Uncertainty::RestrictedValues(values) => write!(
                f,
                "{values} sealed values are restricted, not shown: a field that is absent here may be one"
            ),
            Uncertainty::ErasedValues(1) => f.write_str(
                "1 sealed value is erased: a field that is absent here may have held it",
            ),
            Uncertainty::ErasedValues(values) => write!(
                f,
                "{values} sealed values are erased: a field that is absent here may have held one"
            ),
            Uncertainty::Unnoted(1) => {
                f.write_str("1 use is not sealed yet; POST /v1/trail/seal seals it")
            }
            Uncertainty::Unnoted(uses) => {
                write!(f, "{uses} uses are not sealed yet; POST /v1/trail/seal seals them")
            }
        }
    }
}

/// Which import brings nodes of a kind, from the tool that refers to them.
fn bringer(kind: Kind, tool: Option<Tool>) -> String {
    let of = match kind {
        Kind::Dataset | Kind::Experiment | Kind::Run | Kind::Evaluation | Kind::Model => {
            return format!("an import of the {} that holds it", holder(kind, tool.as_slice()));
        }
        Kind::Deployment | Kind::Batch | Kind::Inference => "the logs that speak of it",
        Kind::Monitor | Kind::Alert | Kind::Incident => "the monitoring that holds it",
        Kind::Code => "a store that describes the commit",
        _ => "the source that holds it",
    };
    format!("an import of {of}")
}
