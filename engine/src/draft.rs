//! What a writer hands to a transaction: nodes and batches in the making.

use crate::error::{Error, Result};
use crate::events::EventBlock;
use crate::schema::{Kind, Relation};
use lineal_proof::{Key, Map, Value, cbor};
use std::sync::Arc;

/// How the forms begin in which events of OpenLineage speak: what one of them says of a node is only
/// what it held, so the edges of all are united (docs/format.md, section 13).
pub const FORM_OF_EVENTS: &str = "openlineage";

/// How the forms end in which a document says something of others in passing, who made a data set, say:
/// it said only what it held, so what all of them say counts (docs/format.md, section 13).
pub const FORM_IN_PASSING: &str = "-part";

/// Most lists and maps around an item of a field: a record, or a blob, puts two more around it
/// (docs/format.md, section 15).
const FIELD_NESTING_MAX: usize = cbor::NESTING_MAX - 2;

/// Do at most so many lists and maps stand around each item of a value?
fn fits_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::List(_) | Value::Map(_) if levels == 0 => false,
        Value::List(items) => items.iter().all(|item| fits_within(item, levels - 1)),
        Value::Map(map) => map.iter().all(|(_, member)| fits_within(member, levels - 1)),
        _ => true,
    }
}

/// Who says something, in which form, as of when.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Saying {
    /// A tracking store with its registry, a log organisation.
    pub source: String,
    /// The form it was exported in.
    pub form: String,
    /// When the source was in this state, ns.
    pub observed_at: i64,
}

/// A field whose value must not stand in the clear.
#[derive(Clone, PartialEq, Debug)]
pub struct SealedField {
    /// The field's name; a member of an open map is `tags.NAME`.
    pub field: String,
    /// The value.
    pub value: Value,
    /// The actor whom the value names; none if it is about the node itself.
    pub actor: Option<Key>,
}

/// A link in the making.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EdgeDraft {
    /// Its relation.
    pub relation: Relation,
    /// The target's kind.
    pub kind: Kind,
    /// The target's key, exact or a claim.
    pub key: Key,
    /// Ids given beside a claim.
    pub beside: Vec<(String, String)>,
}

/// What a source says of a node.
#[derive(Clone, PartialEq, Debug)]
pub struct NodeDraft {
    /// The node's kind.
    pub kind: Kind,
    /// Its key.
    pub key: Key,
    /// Its fields.
    pub fields: Map,
    /// More fields, each a name and the canonical bytes of one value: what is long and uniform, as
    /// a series is, is written down once instead of being made into values first.
    pub encoded: Vec<(&'static str, Vec<u8>)>,
    /// Its sealed fields.
    pub sealed: Vec<SealedField>,
    /// Its links.
    pub edges: Vec<EdgeDraft>,
}

impl NodeDraft {
    /// A node with nothing said of it yet.
    #[must_use]
    pub fn new(kind: Kind, key: Key) -> NodeDraft {
        let (fields, encoded, sealed, edges) = (Map::new(), Vec::new(), Vec::new(), Vec::new());
        NodeDraft { kind, key, fields, encoded, sealed, edges }
    }

    /// Adds a link.
    pub fn link(&mut self, relation: Relation, kind: Kind, key: Key) {
        self.edges.push(EdgeDraft { relation, kind, key, beside: Vec::new() });
    }

    /// Do kinds and relations fit the schema, and values the depth of a record?
    pub(crate) fn check(&self) -> Result<()> {
        for (name, value) in self.fields.iter() {
            if !fits_within(value, FIELD_NESTING_MAX) {
                let what = format!("the nesting of field `{name}` of a {}", self.kind);
                let limit = FIELD_NESTING_MAX as u64;
                return Err(Error::Limit { what, found: limit + 1, limit });
            }
        }
        for edge in &self.edges {
            if !edge.relation.allows(self.kind, edge.kind) {
                let what = format!("{} {} {}", self.kind, edge.relation.name(), edge.kind);
                let rule = format!("the schema has no relation `{what}`");
                return Err(Error::corrupt("a staged node", 0, rule));
            }
        }
        Ok(())
    }
}

/// Rows of one deployment from one stretch of one file.
#[derive(Clone, Debug)]
pub struct BatchDraft {
    /// Who says it.
    pub saying: Saying,
    /// The deployment's key.
    pub deployment: Key,
    /// The keyed digest of the file.
    pub file: [u8; 16],
    /// The stretch, from 0.
    pub stretch: u64,
    /// The file's label.
    pub label: String,
    /// Where the rows are.
    pub block: Arc<EventBlock>,
    /// Which rows, in any order.
    pub rows: Vec<u32>,
    /// Those of them whose identity is known with other content: the view decides which counts.
    pub doubted: Vec<u32>,
}
