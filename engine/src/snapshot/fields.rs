//! Fields of a node: folded from the heads of its chains, or derived (docs/format.md, section 13).

use super::{Snapshot, View};
use crate::error::{Error, Result};
use crate::graph::{DeploymentEvents, NodeHead, NodeNo, copied_fields, fields_of, key_fields};
use crate::schema::{FieldType, Kind};
use crate::segment::{Location, read_frame, read_frame_again, segment_path};
use lineal_proof::record::{Blob, Record, Revision};
use lineal_proof::{Hash, Map, Value};
use std::collections::BTreeSet;

/// A node's fields with what their sources disagree on.
#[derive(Clone, Default, Debug)]
pub struct Folded {
    /// The fields.
    pub fields: Map,
    /// Names of fields on which sources disagree.
    pub conflicts: Vec<String>,
}

impl View {
    pub(super) fn frame(&self, at: Location) -> Result<lineal_proof::frame::Frame<'_>> {
        read_frame(self.segment(at)?, at)
    }

    fn segment(&self, at: Location) -> Result<&[u8]> {
        let none = || Error::corrupt(segment_path(at.segment), 0, "the segment is there");
        let number = (at.segment as usize).checked_sub(1);
        Ok(number.and_then(|at| self.segments.get(at)).ok_or_else(none)?)
    }

    pub(super) fn revision(&self, at: Location) -> Result<Revision> {
        Revision::decode(self.frame(at)?.payload)
            .map_err(|e| Error::record(&segment_path(at.segment), at.offset, e))
    }

    /// A revision without the fields that are lists or maps and should be: they have no column.
    fn plain_revision(&self, kind: Kind, at: Location, was_read: bool) -> Result<Revision> {
        let has_column = |name: &str| {
            let mut of_kind = fields_of(kind);
            let spec = of_kind.find(|spec| spec.name == name);
            spec.is_some_and(|spec| !matches!(spec.field_type, FieldType::List | FieldType::Map))
        };
        let wanted = |name: &str, is_list_or_map: bool| !is_list_or_map || has_column(name);
        let read = if was_read { read_frame_again } else { read_frame };
        Revision::decode_some(read(self.segment(at)?, at)?.payload, wanted)
            .map_err(|e| Error::record(&segment_path(at.segment), at.offset, e))
    }

    /// The value behind a link to a blob.
    fn blob(&self, id: &Hash) -> Result<Option<Value>> {
        let Some(at) = self.graph.blob(id) else { return Ok(None) };
        let blob = Blob::decode(self.frame(at)?.payload)
            .map_err(|e| Error::record(&segment_path(at.segment), at.offset, e))?;
        Ok(Some(blob.value))
    }

    /// Puts blobs in the place of links to them.
    fn inline(&self, value: Value) -> Result<Value> {
        Ok(match value {
            Value::Link(cid) => match self.blob(&cid.0)? {
                Some(value) => self.inline(value)?,
                None => Value::Link(cid),
            },
            Value::Map(map) => {
                let mut inlined = Map::new();
                for (name, member) in map {
                    inlined.insert(name, self.inline(member)?);
                }
                Value::Map(inlined)
            }
            other => other,
        })
    }

    /// What one head says, with sealed fields opened where they can be.
    fn said(&self, head: &NodeHead, with_restricted: bool) -> Result<Map> {
        self.said_of(self.revision(head.at)?, with_restricted)
    }

    /// What a revision says, with sealed fields opened where they can be.
    pub(super) fn said_of(&self, revision: Revision, with_restricted: bool) -> Result<Map> {
        let mut fields = Map::new();
        for (name, value) in revision.fields {
            if value != Value::Null {
                fields.insert(name, self.inline(value)?);
            }
        }
        for (name, commitment) in &revision.sealed {
            let Some(value) = self.open_value(commitment, with_restricted) else { continue };
            match name.split_once('.') {
                None => {
                    fields.insert(name.as_str(), value);
                }
                Some((map, member)) => {
                    let mut members = match fields.remove(map) {
                        Some(Value::Map(members)) => members,
                        _ => Map::new(),
                    };
                    members.insert(member, value);
                    fields.insert(map, Value::Map(members));
                }
            }
        }
        Ok(fields)
    }
}

/// Folds what a lower head says under what stands already.
fn fold_under(folded: &mut Folded, said: Map) {
    for (name, value) in said {
        match (folded.fields.get(&name), value) {
            (None, value) => {
                folded.fields.insert(name, value);
            }
            (Some(Value::Map(_)), Value::Map(members)) => {
                let Some(Value::Map(mut top)) = folded.fields.remove(&name) else { continue };
                for (member, value) in members {
                    match top.get(&member) {
                        None => {
                            top.insert(member, value);
                        }
                        Some(standing) if *standing != value => {
                            folded.conflicts.push(format!("{name}.{member}"));
                        }
                        Some(_) => {}
                    }
                }
                folded.fields.insert(name, Value::Map(top));
            }
            (Some(standing), value) if *standing != value => folded.conflicts.push(name),
            _ => {}
        }
    }
}

impl Snapshot {
    /// Every field of a node, derived ones included.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a record cannot be read.
    pub fn fields(&self, node: NodeNo) -> Result<Folded> {
        let mut folded = Folded::default();
        for head in self.graph().heads(node) {
            fold_under(&mut folded, self.view.said(&head, self.with_restricted)?);
        }
        self.put_own_counts(node, &mut folded.fields)?;
        Ok(self.with_derived(node, folded))
    }

    /// The fields of a node without what is sealed, and the names of what is: for whoever hands a
    /// view on to people who must not read of persons.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a record cannot be read.
    pub fn open_fields(&self, node: NodeNo) -> Result<(Map, BTreeSet<String>)> {
        let mut folded = Folded::default();
        let mut sealed = BTreeSet::new();
        for head in self.graph().heads(node) {
            let mut revision = self.view.revision(head.at)?;
            sealed.extend(std::mem::take(&mut revision.sealed).into_iter().map(|(name, _)| name));
            fold_under(&mut folded, self.view.said_of(revision, false)?);
        }
        self.put_own_counts(node, &mut folded.fields)?;
        Ok((self.with_derived(node, folded).fields, sealed))
    }

    /// What the fold of a node's heads gives, with what is derived.
    fn with_derived(&self, node: NodeNo, mut folded: Folded) -> Folded {
        folded.conflicts.sort();
        folded.conflicts.dedup();
        self.derive(node, &mut folded);
        folded
    }

    /// The fields of a node without those that are sealed, and the names of fields that depend on
    /// more than its records: sealed ones, whose key may be erased tomorrow, and what is linked to.
    /// `was_read` says that the graph was just made of its records, whose ids were looked at then.
    pub(super) fn plain_fields(
        &self,
        node: NodeNo,
        was_read: bool,
    ) -> Result<(Map, BTreeSet<String>)> {
        let mut folded = Folded::default();
        let mut elsewhere = BTreeSet::new();
        for head in self.graph().heads(node) {
            let mut revision = self.view.plain_revision(self.kind_of(node), head.at, was_read)?;
            for (name, _) in std::mem::take(&mut revision.sealed) {
                elsewhere.insert(name.split('.').next().unwrap_or_default().to_owned());
            }
            let linked =
                revision.fields.iter().filter(|(_, value)| matches!(value, Value::Link(_)));
            elsewhere.extend(linked.map(|(name, _)| name.to_owned()));
            fold_under(&mut folded, self.view.said_of(revision, self.with_restricted)?);
        }
        // What all nodes have of themselves has no column.
        self.derive_own(node, &mut folded.fields);
        Ok((folded.fields, elsewhere))
    }

    /// One field of a node, derived ones included.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a record cannot be read.
    pub fn field(&self, node: NodeNo, name: &str) -> Result<Option<Value>> {
        if let Some(value) = self.quick(node, name) {
            return Ok(value);
        }
        let kind = self.kind_of(node);
        if self.recounts(kind) {
            return self.folded_field(node, name);
        }
        let Some(number) = fields_of(kind).position(|spec| spec.name == name) else {
            return self.folded_field(node, name);
        };
        match self.graph().column(kind, number).map(|column| column.get(node).value()) {
            Some(Some(value)) => Ok(value),
            // What is kept is kept for every view, so none that some may not see.
            Some(None) if !self.with_restricted || self.graph().restricted_values.is_empty() => {
                self.view.opened.field((node, number), || self.folded_field(node, name))
            }
            // Where no column says which fields the records alone tell, all would be kept.
            Some(None) | None => self.folded_field(node, name),
        }
    }

    /// One field of a node, from its records.
    fn folded_field(&self, node: NodeNo, name: &str) -> Result<Option<Value>> {
        if let Some(value) = self.stated_field(node, name)? {
            return Ok(Some(value));
        }
        Ok(self.fields(node)?.fields.remove(name))
    }

    /// What the topmost head that speaks of a field says, where that alone decides: a plain value,
    /// sealed or not, of a kind of which nothing is derived that sources state too. Nothing else of
    /// the record is opened: names of people are most of what questions ask of sealed fields.
    fn stated_field(&self, node: NodeNo, name: &str) -> Result<Option<Value>> {
        let is_derived =
            matches!(self.kind_of(node), Kind::Deployment | Kind::Batch | Kind::Import);
        if is_derived || name == "conflict" {
            return Ok(None);
        }
        for head in self.graph().heads(node) {
            let revision = self.view.revision(head.at)?;
            let sealed = revision.sealed.iter().find(|(sealed, _)| *sealed == name);
            let value = match (revision.fields.get(name), sealed) {
                (_, Some((_, commitment))) => {
                    self.view.open_value(commitment, self.with_restricted)
                }
                (Some(Value::Null) | None, None) => {
                    let of = |sealed: &str| sealed.split('.').next() == Some(name);
                    if revision.sealed.iter().any(|(sealed, _)| of(sealed)) {
                        return Ok(None);
                    }
                    continue;
                }
                (said, None) => said.cloned(),
            };
            return Ok(value.filter(|value| !matches!(value, Value::Map(_) | Value::Link(_))));
        }
        Ok(None)
    }

    /// Fields that need no record.
    fn quick(&self, node: NodeNo, name: &str) -> Option<Option<Value>> {
        let graph = self.graph();
        // What is in no commit yet was not recorded at any time.
        let recorded = |commit: &u64| *commit <= self.commit();
        let time =
            |commit| Some(commit).filter(recorded).and_then(|commit| graph.recorded_at(commit));
        let time = |commit| time(commit).map(Value::from);
        Some(match name {
            "kind" => Some(Value::text(graph.kind_of(node).name())),
            "missing" => Some(Value::Bool(graph.is_missing(node))),
            "revisions" => Some(Value::from(i64::from(graph.revisions(node)))),
            "recorded" => time(graph.commits_of(node).0),
            "updated" if graph.kind_of(node) != Kind::Import => time(graph.commits_of(node).1),
            "id" => {
                let id = graph.revision_id(node).unwrap_or_else(|| graph.node_id(node));
                Some(Value::text(format!("#{id}")))
            }
            "key" => Some(Value::text(self.name_of(node))),
            "source" => self.sources_of(node).first().map(|(source, _)| Value::text(*source)),
            "sources" => {
                let sources = self.sources_of(node).into_iter();
                let all = sources.map(|(source, form)| Value::text(format!("{source}/{form}")));
                Some(Value::List(all.collect()))
            }
            "gone" => Some(Value::Bool(graph.is_gone(node))),
            _ => return None,
        })
    }

    fn derive(&self, node: NodeNo, folded: &mut Folded) {
        let derived = [
            "kind",
            "missing",
            "revisions",
            "recorded",
            "updated",
            "id",
            "source",
            "sources",
            "gone",
        ];
        for name in derived {
            if let Some(Some(value)) = self.quick(node, name) {
                folded.fields.insert(name, value);
            }
        }
        if !folded.conflicts.is_empty() {
            let names = folded.conflicts.iter().map(Value::text);
            folded.fields.insert("conflict", Value::List(names.collect()));
        }
        self.derive_own(node, &mut folded.fields);
    }

    /// What nodes of a kind derive from their keys and from what else is recorded.
    fn derive_own(&self, node: NodeNo, fields: &mut Map) {
        self.name_parts(node, fields);
        match self.kind_of(node) {
            Kind::Deployment => {
                let derived = DeploymentEvents::of(&self.counters(), node);
                fields.insert("events", derived.events);
                fields.insert("overrides", derived.overrides);
                for (name, time) in [("first_event", derived.first), ("last_event", derived.last)] {
                    if let Some(time) = time {
                        fields.insert(name, time);
                    }
                }
            }
            Kind::Batch => {
                if let Some(batch) = self.batch(node) {
                    fields.insert("count", batch.events);
                    fields.insert("overrides", batch.overrides);
                    fields.insert("art12", batch.art12);
                    let outweighed: u32 = self.outweighed(node);
                    fields.insert("outweighed", i64::from(outweighed));
                }
                if let Some(first) = fields.get("first_time").cloned() {
                    fields.insert("time", first);
                }
            }
            Kind::Import => {
                if let Some(facts) = self.graph().imports().get(&node) {
                    fields.insert("number", facts.number);
                    fields.insert("nodes", facts.revisions);
                    fields.insert("events", facts.events);
                    fields.insert("retracted", facts.retracted);
                    fields.insert("time", facts.recorded);
                }
            }
            Kind::Run => {
                if let Some(started) = fields.get("started").cloned()
                    && fields.get("time").is_none()
                {
                    fields.insert("time", started);
                }
            }
            _ => {}
        }
    }

    /// Parts of the key that are fields too, where no source says them otherwise: so a missing
    /// node has the name by which it is known.
    fn name_parts(&self, node: NodeNo, fields: &mut Map) {
        let (kind, key) = (self.kind_of(node), self.key_of(node));
        for (name, text) in key_fields(kind, &key) {
            if fields.get(name).is_none() {
                fields.insert(name, text);
            }
        }
        let copies = copied_fields(kind);
        for (name, from) in copies {
            if let Some(value) = fields.get(from).cloned()
                && fields.get(name).is_none()
            {
                fields.insert(*name, value);
            }
        }
    }
}
