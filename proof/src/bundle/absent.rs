//! Statements that something was never recorded as of a checkpoint: what is stated, and what shows it
//! (docs/format.md, sections 22 and 24).
//!
//! What shows it is the map whose root the checkpoint's last commit states: all that stands under some
//! names. Which names these are follows from the statement and from what was found under the names
//! before, so a proof has no choice in it ([`told`]).

mod check;
mod layout;
mod told;
mod words;

pub(super) use check::check;
pub(super) use words::{limits, of as words_of};

use super::item::Node;
use super::statement::Named;
use crate::absence::{KeysOpening, MapOpening};
use crate::hash::Hash;
pub use told::{Asked, Told, told};

/// The kinds of which something can be stated, with the lengths that their keys have (docs/format.md,
/// section 6). A key of another length is nobody's, and its absence would say nothing.
const KINDS: [(&str, &[usize]); 15] = [
    ("actor", &[1]),
    ("code", &[1]),
    ("system", &[1]),
    ("dataset", &[4]),
    ("experiment", &[2]),
    ("run", &[1]),
    ("model", &[1, 3]),
    ("document", &[3]),
    ("evaluation", &[4]),
    ("approval", &[4]),
    ("deployment", &[5]),
    ("monitor", &[1]),
    ("alert", &[2]),
    ("incident", &[1]),
    ("change", &[4]),
];
/// The relations that records state; of those that a view derives the map holds nothing.
const RELATIONS: [&str; 22] = [
    "approves",
    "authorized_by",
    "belongs_to",
    "child_of",
    "cites",
    "concerns",
    "deploys",
    "derived_from",
    "documents",
    "done_by",
    "evaluates",
    "executes",
    "in_experiment",
    "produced_by",
    "raised_by",
    "registered_from",
    "served_by",
    "tested_on",
    "trained_on",
    "used",
    "validated_on",
    "watches",
];
/// Event fields whose values are hashes: they stand in rows as bytes.
const HASHES: [&str; 2] = ["input_hash", "output_hash"];
/// Event fields whose values are texts, of those that name an event.
const TEXTS: [&str; 3] = ["event_id", "log_id", "request_id"];

/// That something was never recorded, and what shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Absent {
    /// What is stated.
    pub what: Nothing,
    /// All that stands under the names that the statement asks, in the order in which it asks them.
    pub map: MapOpening,
    /// Of a statement about events each batch of the scope, ascending; of others none.
    pub batches: Vec<KeysPart>,
}

/// What was never recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Nothing {
    /// No record is of this node: no source described it, and no edge refers to exactly this key.
    Node(Node),
    /// No source described a node that fits this key, null being any.
    Fit(Node),
    /// No node of a kind has an edge of a relation to this node, or to a claim that may mean it.
    Edge {
        /// The kind that would hold the edge.
        from: String,
        /// The relation's name.
        relation: String,
        /// What it would lead to.
        node: Node,
        /// The claims of its name that are recorded and do not fit it, in the order of their words.
        claims: Vec<Node>,
    },
    /// No event has this value, in the batches of a scope.
    Event {
        /// The field and its value: a hash in hexadecimal, or a text.
        named: Named,
        /// Which batches.
        scope: Scope,
    },
}

/// Which events a statement is about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scope {
    /// A deployment, or all deployments that were ever recorded as belonging to a system; none for
    /// all events of the store.
    pub of: Option<Node>,
    /// The earliest time, ns; none for no bound. With a bound, events without a time are outside.
    pub from: Option<i64>,
    /// The first time behind it, ns.
    pub to: Option<i64>,
}

/// What shows that a value is in no row of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeysPart {
    /// The id of the batch's revision.
    pub batch: Hash,
    /// What shows it.
    pub shown: KeysShown,
}

/// What shows that a value is in no row of a batch, or why that cannot be shown any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeysShown {
    /// The bucket in which it would stand.
    Opened(KeysOpening),
    /// A recorded erasure took an event with a value of this bucket, and kept the bucket's leaf alone.
    Bucket {
        /// Bits that lead to a bucket.
        bits: u32,
        /// The fields that the tree covers.
        fields: Vec<String>,
        /// The hashes that lead from the bucket to the root.
        path: Vec<Hash>,
        /// The id of the erasure's record.
        record: Hash,
    },
    /// A recorded erasure took the whole batch.
    Gone {
        /// The id of the erasure's record.
        record: Hash,
    },
}

impl KeysShown {
    /// The erasure that took what would show it.
    #[must_use]
    pub fn erased(&self) -> Option<&Hash> {
        match self {
            KeysShown::Opened(_) => None,
            KeysShown::Bucket { record, .. } | KeysShown::Gone { record } => Some(record),
        }
    }
}

/// A place in a statement, and the rule that it breaks.
pub type Broken = (&'static str, &'static str);

impl Nothing {
    /// Can this be stated at all? A key or a word that no record can have would make anything absent.
    ///
    /// # Errors
    /// The member of the statement that is at fault, and what was expected.
    pub fn check_form(&self) -> Result<(), Broken> {
        match self {
            Nothing::Node(node) => exact(node, "node"),
            Nothing::Fit(node) => of_its_kind(node, "node"),
            Nothing::Edge { from, relation, node, .. } => {
                let is_kind = KINDS.iter().any(|(kind, _)| kind == from);
                is_kind.then_some(()).ok_or(("from", "a kind whose records hold edges"))?;
                let is_relation = RELATIONS.contains(&relation.as_str());
                is_relation.then_some(()).ok_or(("relation", "a relation that records state"))?;
                exact(node, "node")
            }
            Nothing::Event { named, scope } => {
                let is_text = TEXTS.contains(&named.field.as_str());
                let is_value = is_text || hash_bytes(named).is_some();
                is_value.then_some(()).ok_or((
                    "named",
                    "a hash in hexadecimal, or the text of an id, of a field that names events",
                ))?;
                let Some(node) = &scope.of else { return Ok(()) };
                let is_scope = matches!(node.kind.as_str(), "deployment" | "system");
                is_scope.then_some(()).ok_or(("scope", "a deployment or a system"))?;
                exact(node, "scope")
            }
        }
    }
}

/// Is the key one that a node of the kind can have?
fn of_its_kind(node: &Node, member: &'static str) -> Result<(), Broken> {
    use crate::key::KeyPart;
    let lengths = KINDS.iter().find(|(kind, _)| *kind == node.kind).map(|(_, lengths)| *lengths);
    let is_length = lengths.is_some_and(|lengths| lengths.contains(&node.key.0.len()));
    let is_plain = |part: &KeyPart| matches!(part, KeyPart::Null | KeyPart::Text(_));
    let fits = is_length && node.key.0.iter().all(is_plain);
    fits.then_some(()).ok_or((member, "a kind and a key of it, of texts and nulls"))
}

/// The same, and one that means one thing: nulls stand only where they mean that none was given.
fn exact(node: &Node, member: &'static str) -> Result<(), Broken> {
    of_its_kind(node, member)?;
    let may_lack = ["document", "evaluation", "approval", "deployment", "change"]
        .contains(&node.kind.as_str());
    let fits = may_lack || !node.key.is_claim();
    fits.then_some(()).ok_or((member, "a key of which every part is known"))
}

/// The bytes of a value that is a hash; none of a text, or of what is no lower-case hexadecimal.
#[must_use]
pub fn hash_bytes(named: &Named) -> Option<Vec<u8>> {
    let is_hash = HASHES.contains(&named.field.as_str()) && !named.value.is_empty();
    is_hash.then(|| data_encoding::HEXLOWER.decode(named.value.as_bytes()).ok()).flatten()
}
