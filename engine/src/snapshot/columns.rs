//! Fields of all nodes of a kind: made once from the fold, then read in place.

use super::Snapshot;
use crate::error::Result;
use crate::graph::{Adjacency, Cell, Column, ColumnDraft, Former, NodeNo, Wanted, fields_of};
use crate::mapping::forget_large;
use crate::schema::{Direction, Kind, Relation};
use crate::sections::Shelf;
use lineal_proof::Map;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

/// One field of a kind's nodes, without reading a record.
#[derive(Clone, Copy)]
pub struct FieldColumn<'a> {
    snapshot: &'a Snapshot,
    form: Form<'a>,
}

#[derive(Clone, Copy)]
enum Form<'a> {
    Stored(&'a Column),
    Missing,
    Gone,
    Revisions,
    Recorded,
    Updated,
}

impl<'a> FieldColumn<'a> {
    /// What stands there for a node of the kind.
    #[inline]
    #[must_use]
    pub fn get(&self, node: NodeNo) -> Cell<'a> {
        let graph = &self.snapshot.view.graph;
        let time = |commit| graph.recorded_at(commit).map_or(Cell::Absent, Cell::Time);
        match self.form {
            Form::Stored(column) => column.get(node),
            Form::Missing => Cell::Bool(graph.is_missing(node)),
            Form::Gone => Cell::Bool(graph.is_gone(node)),
            Form::Revisions => Cell::Int(graph.revisions(node).into()),
            Form::Recorded => time(graph.commits_of(node).0),
            Form::Updated => time(graph.commits_of(node).1),
        }
    }
}

impl Snapshot {
    /// One field of a kind's nodes, where it can be had without reading records: of a view that
    /// stands in the index, a field whose type is text, a number, a truth value, a time or a hash.
    #[must_use]
    pub fn column(&self, kind: Kind, field: &str) -> Option<FieldColumn<'_>> {
        let form = match field {
            "missing" => Form::Missing,
            "gone" => Form::Gone,
            "revisions" => Form::Revisions,
            "recorded" => Form::Recorded,
            "updated" if kind != Kind::Import => Form::Updated,
            name => Form::Stored(self.stored_column(kind, name)?),
        };
        Some(FieldColumn { snapshot: self, form })
    }

    /// Which nodes of a kind have such a value in a field: a bit for each, 64 a word, in the place of
    /// what `out` held. False where columns alone cannot tell, and each node must be asked.
    #[must_use]
    pub fn select(&self, kind: Kind, field: &str, wanted: Wanted<'_>, out: &mut Vec<u64>) -> bool {
        let nodes = self.nodes_of(kind).len();
        self.stored_column(kind, field).is_some_and(|column| column.select(nodes, wanted, out))
    }

    /// The neighbours of all nodes over a relation, checked as a whole; none where something of it
    /// is damaged.
    #[must_use]
    pub fn adjacency(&self, relation: Relation, direction: Direction) -> Option<Adjacency<'_>> {
        self.graph().adjacency(relation, direction)
    }

    #[inline]
    pub(super) fn stored_column(&self, kind: Kind, field: &str) -> Option<&Column> {
        if self.recounts(kind) {
            return None;
        }
        let number = fields_of(kind).position(|spec| spec.name == field)?;
        self.graph().column(kind, number)
    }
}

/// Fields that are made from others: where the one must be asked of the records, so must the other.
const MADE_FROM: [(&str, &str); 4] =
    [("version", "digest"), ("name", "service"), ("time", "started"), ("time", "first_time")];

/// The columns of some kinds, but of those that have no nodes, or have columns. For writers alone.
pub(super) fn make(
    snapshot: &Snapshot,
    kinds: &[Kind],
    former: Option<&Former>,
) -> Result<Vec<ColumnDraft>> {
    let mut all = Vec::new();
    for kind in kinds.iter().filter(|kind| !snapshot.graph().has_columns_of(**kind)) {
        all.extend(of_kind(snapshot, *kind, former)?);
    }
    if former.is_some_and(|former| !former.is_sound()) {
        return make(snapshot, kinds, None);
    }
    Ok(all)
}

/// Nodes whose fields are held at once while columns are made, and of which segments are mapped: the
/// system maps the 64 KiB around each record, so that these are 256 MiB at most.
const CHUNK: usize = 4_096;

/// The cells of a node: those of its columns in the former generation, or its fields and the names of
/// those that depend on more than its records.
enum Cells {
    Same(NodeNo),
    Folded(Map, BTreeSet<String>),
}

fn of_kind(snapshot: &Snapshot, kind: Kind, former: Option<&Former>) -> Result<Vec<ColumnDraft>> {
    let shelf = Shelf::beside(Arc::clone(&snapshot.view.storage));
    let fields = 0..fields_of(kind).count();
    let mut columns: Vec<ColumnDraft> =
        fields.filter_map(|field| ColumnDraft::new(kind, field, &shelf)).collect();
    let nodes: Vec<NodeNo> = snapshot.nodes_of(kind).collect();
    if nodes.is_empty() {
        return Ok(Vec::new());
    }
    // One for each, or none: a column that was too long for the file is made from the records.
    let old = former.map(|former| {
        let all = columns.iter().map(|column| former.graph().column(kind, column.field()));
        all.collect::<Option<Vec<&Column>>>()
    });
    let old = old.flatten().unwrap_or_default();
    // Without a former generation each record was read for the graph.
    let was_read = former.is_none();
    let former = former.filter(|_| !old.is_empty());
    let cells = |node: NodeNo| {
        if let Some(same) = former.and_then(|former| former.same(snapshot.graph(), node)) {
            return Ok(Cells::Same(same));
        }
        let (fields, mut elsewhere) = snapshot.plain_fields(node, was_read)?;
        for (made, from) in MADE_FROM {
            if elsewhere.contains(from) {
                elsewhere.insert(made.to_owned());
            }
        }
        Ok(Cells::Folded(fields, elsewhere))
    };
    for chunk in nodes.chunks(CHUNK) {
        let all: Vec<Cells> = chunk.par_iter().map(|node| cells(*node)).collect::<Result<_>>()?;
        for cells in &all {
            match cells {
                Cells::Same(node) => {
                    for (column, old) in columns.iter_mut().zip(&old) {
                        column.push_cell(old.get(*node));
                    }
                }
                Cells::Folded(fields, elsewhere) => {
                    for column in &mut columns {
                        let name = column.name();
                        column.push(fields.get(name), elsewhere.contains(name));
                    }
                }
            }
        }
        forget_large(&snapshot.view.segments);
    }
    Ok(columns)
}
