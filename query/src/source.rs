//! What the language needs of a store: the seam between the executor and the engine.
//!
//! A source is one view that never moves. Nodes are dense numbers, contiguous per kind and in the
//! order of their keys within it, so that ordering by number is ordering by kind and key.

use std::ops::Range;
use std::sync::Arc;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue, MonthCounts};
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{Adjacency, Counters, Unshown, Wanted};
use lineal_proof::{Map, Value};

/// A node of a view.
pub type NodeNo = u32;

pub use lineal_engine::EventRef;

/// What `proof` of an event says until the event is in a commit.
pub const PENDING: &str = "pending";
/// What it says then: how it can be proved depends on the checkpoints of the store.
pub const RECORDED: &str = "recorded";

/// One revision of a node, as its history tells it.
#[derive(Clone, Debug)]
pub struct Revision {
    /// Its id, in hexadecimal digits.
    pub id: String,
    /// The commit that wrote it.
    pub commit: u64,
    /// When that commit was recorded, ns.
    pub recorded: i64,
    /// When its source was in this state, ns.
    pub observed_at: i64,
    /// Who says it.
    pub source: String,
    /// In which form.
    pub form: String,
    /// What it says.
    pub fields: Map,
}

/// What reading the records of a node again has found.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Checked {
    /// Revisions that were read and hashed again.
    pub revisions: u64,
    /// Of a batch, where it was asked for: rows that were.
    pub rows: Option<u64>,
    /// What is not as it was written.
    pub faults: Vec<String>,
}

/// Columns of some rows of a batch, with those of them that are live events.
#[derive(Clone, Debug)]
pub struct EventColumns {
    /// The columns; actors as in [`Source::event_field`].
    pub block: Arc<EventBlock>,
    /// The row of the batch that stands first in the block.
    pub first: u32,
    /// The events, in the order of their rows.
    pub events: Vec<EventRef>,
}

impl EventColumns {
    /// The row of the block in which an event stands.
    #[must_use]
    pub fn place(&self, event: EventRef) -> usize {
        event.row.saturating_sub(self.first) as usize
    }
}

/// A log of which lines could not be read; or, of a part of a store, what is erased and was nobody knows whose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unread {
    /// Its name: the path below what was given to import.
    pub log: String,
    /// How many lines.
    pub lines: u64,
    /// The import that left them out.
    pub import: NodeNo,
    /// Is it no log, but erased events of deployments that serve several systems? Any of them may have been
    /// of the part.
    pub is_erased: bool,
}

/// What is known of a batch without reading its rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchCounts {
    /// Its number, or that of one of its parts, as in [`EventRef`].
    pub batch: u32,
    /// Events: rows that count.
    pub events: u64,
    /// Human overrides among them.
    pub overrides: u64,
    /// Marked for Article 12 among them.
    pub art12: u64,
}

/// A view of a store.
#[expect(clippy::missing_errors_doc, reason = "every error is the store's own: it could not read")]
pub trait Source: Sized + Sync {
    /// Why the store could not be read.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The last commit of the view.
    fn commit(&self) -> u64;
    /// When that commit was recorded, ns since 1970 UTC.
    fn recorded(&self) -> i64;
    /// The view up to a commit; `None` where there is no such commit.
    fn as_of_commit(&self, number: u64) -> Result<Option<Self>, Self::Error>;
    /// The view up to the last commit recorded at that time or before; `None` where there is none.
    fn as_of_time(&self, time: i64) -> Result<Option<Self>, Self::Error>;

    /// What was found to be damaged while this view, or another of its store, was read: what is
    /// damaged counts as nothing there, so this is asked at the end of every answer.
    fn damage(&self) -> Option<Self::Error> {
        None
    }

    /// Is something said of a node that is in no commit yet, and so cannot be proved? Of a batch: are its
    /// events?
    fn is_pending(&self, _: NodeNo) -> bool {
        false
    }

    /// Is what this kind stands for kept back from the asker? A question that names it is refused.
    fn hides(&self, _: Kind) -> bool {
        false
    }

    /// Is what points at a person's data kept back from the asker?
    fn withholds_subjects(&self) -> bool {
        false
    }

    /// How many nodes there are.
    fn node_count(&self) -> u32;
    /// The nodes of a kind.
    fn nodes_of(&self, kind: Kind) -> Range<NodeNo>;
    /// The kind of a node.
    fn kind_of(&self, node: NodeNo) -> Kind;
    /// The name of a node as it can be pasted back: `model:registry/name@3`.
    fn name_of(&self, node: NodeNo) -> String;
    /// Appends that name to a text: for answers, which hold many.
    fn push_name(&self, node: NodeNo, out: &mut String) {
        out.push_str(&self.name_of(node));
    }

    /// Nodes by any look-up label of the kind: name, name@version, registry/name@version, run id,
    /// digest, alias, service. Sorted.
    fn find(&self, kind: Option<Kind>, text: &str) -> Vec<NodeNo>;
    /// As [`Source::find`], added to a list whose memory is used again.
    fn find_into(&self, kind: Option<Kind>, text: &str, out: &mut Vec<NodeNo>) {
        out.extend(self.find(kind, text));
    }
    /// Is this a name given by hand for several nodes, such as all versions of a model?
    fn is_family(&self, kind: Kind, name: &str) -> bool;
    /// Must ids of revisions, runs, commits and digests be written whole?
    fn takes_whole_ids(&self) -> bool {
        false
    }
    /// Nodes that have a revision whose id begins with these hexadecimal digits. Sorted.
    fn find_id(&self, hex_prefix: &str) -> Vec<NodeNo>;
    /// Nodes of a kind with a tag of exactly this value. Sorted.
    fn find_tag(&self, kind: Kind, name: &str, value: &str) -> Result<Vec<NodeNo>, Self::Error>;
    /// Nodes of a kind that may have this text in a field that is looked up (name, version): none
    /// that has it is left out. Sorted.
    fn find_field(&self, kind: Kind, field: &str, value: &str) -> Vec<NodeNo>;
    /// Names that look alike, best first, at most 5.
    fn near(&self, kind: Option<Kind>, text: &str) -> Vec<String>;

    /// The nodes at the other end of a relation: resolved, sorted, without duplicates.
    fn edges(&self, node: NodeNo, relation: Relation, direction: Direction) -> &[NodeNo];
    /// Is there any edge of this relation? True where that is not known.
    fn has_edges(&self, _: Relation) -> bool {
        true
    }
    /// The nodes at the other end of a relation for all nodes; none where each must be asked.
    fn adjacency(&self, _: Relation, _: Direction) -> Option<Adjacency<'_>> {
        None
    }
    /// Which nodes of a kind have such a value in a field: a bit for each, 64 a word, in the place of
    /// what `out` held. False where each must be asked.
    fn select(&self, _kind: Kind, _field: &str, _: Wanted<'_>, _out: &mut Vec<u64>) -> bool {
        false
    }
    /// Is it only referred to, never imported?
    fn is_stub(&self, node: NodeNo) -> bool;
    /// Is it marked deleted in its source?
    fn is_deleted(&self, node: NodeNo) -> bool;
    /// Of a reference that names no node for sure, the nodes that it fits. Sorted.
    fn candidates(&self, node: NodeNo) -> &[NodeNo];
    /// The references that fit several nodes, this one among them. Sorted.
    fn open_claims(&self, node: NodeNo) -> &[NodeNo];
    /// Nodes of a kind that are only referred to, or that have candidates. Sorted.
    fn doubtful(&self, kind: Kind) -> &[NodeNo];
    /// Logs of which lines could not be read, by name; behind these what is erased and may have been of the part.
    fn unread(&self) -> &[Unread];
    /// What of which batches no row shows, though counters count it.
    fn unshown(&self) -> &[Unshown] {
        &[]
    }
    /// How many sealed values are restricted and not shown: a field that is absent may be one.
    fn unshown_values(&self) -> u64 {
        0
    }
    /// How many sealed values of nodes of a kind are erased: a field that is absent may have been one.
    fn erased_values(&self, _kind: Kind) -> u64 {
        0
    }
    /// A field, folded from the sources; times are whole numbers of ns.
    fn field(&self, node: NodeNo, name: &str) -> Result<Option<Value>, Self::Error>;

    /// Every field of a node, folded from the sources.
    fn fields(&self, node: NodeNo) -> Result<Map, Self::Error>;
    /// The node of this view that another view of the store has under that number.
    fn same_node(&self, other: &Self, node: NodeNo) -> Option<NodeNo>;
    /// The commit that last said something new of a node; of an import its last.
    fn commit_of(&self, node: NodeNo) -> u64;
    /// Its revisions, in the order of the log.
    fn revisions(&self, node: NodeNo) -> Result<Vec<Revision>, Self::Error>;
    /// Reads its revisions again and computes their ids; with `deep` also encodes them again and
    /// reads the rows of a batch. What does not fit is in the report, and no error.
    fn check(&self, node: NodeNo, deep: bool) -> Checked;

    /// Events by a recorded hash (the input's, and others that the mapping indexes).
    fn events_by_hash(
        &self,
        algorithm: Option<&str>,
        bytes: &[u8],
    ) -> Result<Vec<EventRef>, Self::Error>;
    /// As [`Source::events_by_hash`], in the place of what a list held: its memory is used again.
    fn events_by_hash_into(
        &self,
        algorithm: Option<&str>,
        bytes: &[u8],
        out: &mut Vec<EventRef>,
    ) -> Result<(), Self::Error> {
        out.clear();
        out.extend(self.events_by_hash(algorithm, bytes)?);
        Ok(())
    }
    /// Events by an id: of the request, the event, the log line.
    fn events_by_id(&self, id: &str) -> Result<Vec<EventRef>, Self::Error>;
    /// The deployment that served an event.
    fn event_deployment(&self, event: EventRef) -> NodeNo;
    /// The batch that holds an event.
    fn event_batch(&self, event: EventRef) -> NodeNo;
    /// A field of an event. Keys of actors come as the names that may be read.
    fn event_field(&self, event: EventRef, field: EventField)
    -> Result<Option<Value>, Self::Error>;
    /// Looks at a field of events as [`Source::event_field`] tells it, in the order in which they are
    /// given: what costs least for many events, where those of a batch stand beside each other.
    fn visit_events(
        &self,
        events: impl Iterator<Item = EventRef>,
        field: EventField,
        mut look: impl FnMut(Option<EventValue<'_>>),
    ) -> Result<(), Self::Error> {
        for event in events {
            let value = self.event_field(event, field)?;
            look(value.as_ref().and_then(EventValue::of));
        }
        Ok(())
    }
    /// The batches of a deployment. Sorted.
    fn batches_of(&self, deployment: NodeNo) -> Vec<NodeNo>;
    /// The live events of a batch, in the order of their rows.
    fn batch_rows(&self, batch: NodeNo) -> Result<Vec<EventRef>, Self::Error>;
    /// The parts of a batch by number, as in [`EventRef`], with how many rows each has; several
    /// where rows came more than once.
    fn batch_parts(&self, batch: NodeNo) -> Vec<(u32, u32)>;
    /// Where a part of a batch lies: parts that lie near each other are best read together.
    fn part_place(&self, part: u32) -> (u32, u32);
    /// Fields of the events among some rows of a part of a batch.
    fn read_events(
        &self,
        part: u32,
        rows: Range<u32>,
        fields: &[EventField],
    ) -> Result<EventColumns, Self::Error>;
    /// May some rows of a part of a batch hold a value within these bounds, themselves included, in
    /// a field of texts, times or whole numbers? True where it cannot be told.
    fn may_hold(
        &self,
        _part: u32,
        _rows: Range<u32>,
        _field: EventField,
        _bounds: (Option<EventValue<'_>>, Option<EventValue<'_>>),
    ) -> Result<bool, Self::Error> {
        Ok(true)
    }
    /// Its counters.
    fn batch_counts(&self, batch: NodeNo) -> BatchCounts;
    /// The first and the last time of all events; `None` where none of them has one.
    fn events_span(&self) -> Option<(i64, i64)> {
        let times = self.nodes_of(Kind::Batch).map(|batch| self.batch_times(batch));
        times.filter(|(first, last)| first <= last).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
    /// The first and the last time of a batch's events; [`i64::MAX`] and [`i64::MIN`] where none of
    /// them has one.
    fn batch_times(&self, batch: NodeNo) -> (i64, i64);
    /// The batches that may hold events between two times, themselves included, where such are given.
    /// Ascending.
    fn batches_within(&self, from: Option<i64>, to: Option<i64>) -> Vec<NodeNo> {
        let touches = |batch: &NodeNo| {
            let (first, last) = self.batch_times(*batch);
            from.is_none_or(|from| last >= from) && to.is_none_or(|to| first <= to)
        };
        self.nodes_of(Kind::Batch).filter(touches).collect()
    }
    /// Its counters by month, ascending, each month once; those of events without a time last.
    fn batch_months(&self, batch: NodeNo) -> Vec<MonthCounts>;
    /// What all batches count, by deployment and month.
    fn counters(&self) -> Counters<'_>;
}
