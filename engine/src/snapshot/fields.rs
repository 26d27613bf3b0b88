//! Fields of a node: folded from the heads of its chains, or derived (docs/format.md, section 13).

use super::{Snapshot, View};
use crate::error::{Error, Result};
use crate::graph::{NodeHead, NodeNo, copied_fields, key_fields};
use crate::schema::Kind;
use crate::segment::{Location, read_frame, segment_path};
use lineal_proof::record::{Blob, Record, Revision};
use lineal_proof::{Hash, Map, Value};

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
        let none = || Error::corrupt(segment_path(at.segment), 0, "the segment is there");
        let number = (at.segment as usize).checked_sub(1);
        let bytes = number.and_then(|at| self.segments.get(at)).ok_or_else(none)?;
        read_frame(bytes, at)
    }

    pub(super) fn revision(&self, at: Location) -> Result<Revision> {
        Revision::decode(self.frame(at)?.payload)
            .map_err(|e| Error::record(&segment_path(at.segment), at.offset, e))
    }

    /// The value behind a link to a blob.
    fn blob(&self, id: &Hash) -> Result<Option<Value>> {
        let Some(at) = self.graph.blobs.get(id) else { return Ok(None) };
        let blob = Blob::decode(self.frame(*at)?.payload)
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
    fn said(&self, head: &NodeHead) -> Result<Map> {
        self.said_of(self.revision(head.at)?)
    }

    /// What a revision says, with sealed fields opened where they can be.
    pub(super) fn said_of(&self, revision: Revision) -> Result<Map> {
        let mut fields = Map::new();
        for (name, value) in revision.fields {
            if value != Value::Null {
                fields.insert(name, self.inline(value)?);
            }
        }
        for (name, commitment) in &revision.sealed {
            let Some(value) = self.secrets().open_value(commitment) else { continue };
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
        for head in &self.graph().node(node).heads {
            fold_under(&mut folded, self.view.said(head)?);
        }
        folded.conflicts.sort();
        folded.conflicts.dedup();
        self.derive(node, &mut folded);
        Ok(folded)
    }

    /// One field of a node, derived ones included.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a record cannot be read.
    pub fn field(&self, node: NodeNo, name: &str) -> Result<Option<Value>> {
        if let Some(value) = self.quick(node, name) {
            return Ok(value);
        }
        Ok(self.fields(node)?.fields.remove(name))
    }

    /// Fields that need no record.
    fn quick(&self, node: NodeNo, name: &str) -> Option<Option<Value>> {
        let entry = self.graph().node(node);
        let time = |commit| self.graph().recorded_at(commit).map(Value::from);
        Some(match name {
            "kind" => Some(Value::text(entry.kind.name())),
            "missing" => Some(Value::Bool(entry.is_missing())),
            "revisions" => Some(Value::from(i64::from(entry.revisions))),
            "recorded" => time(entry.first_commit),
            "updated" if entry.kind != Kind::Import => time(entry.last_commit),
            "id" => {
                let id = entry.heads.first().map_or(entry.id, |head| head.id);
                Some(Value::text(format!("#{id}")))
            }
            "key" => Some(Value::text(self.name_of(node))),
            "source" => self.sources_of(node).first().map(|(source, _)| Value::text(*source)),
            "sources" => {
                let sources = self.sources_of(node).into_iter();
                let all = sources.map(|(source, form)| Value::text(format!("{source}/{form}")));
                Some(Value::List(all.collect()))
            }
            "gone" => {
                let gone = !entry.heads.is_empty() && entry.heads.iter().all(|h| h.gone.is_some());
                Some(Value::Bool(gone))
            }
            _ => return None,
        })
    }

    fn derive(&self, node: NodeNo, folded: &mut Folded) {
        let entry = self.graph().node(node);
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
        self.name_parts(node, &mut folded.fields);
        match entry.kind {
            Kind::Deployment => {
                let derived = self.graph().deployments.get(&node).copied().unwrap_or_default();
                folded.fields.insert("events", derived.events);
                folded.fields.insert("overrides", derived.overrides);
                for (name, time) in [("first_event", derived.first), ("last_event", derived.last)] {
                    if let Some(time) = time {
                        folded.fields.insert(name, time);
                    }
                }
            }
            Kind::Batch => {
                if let Some(batch) = self.batch(node) {
                    folded.fields.insert("count", batch.events);
                    folded.fields.insert("overrides", batch.overrides);
                    folded.fields.insert("art12", batch.art12);
                    let outweighed: u32 = self.outweighed(node);
                    folded.fields.insert("outweighed", i64::from(outweighed));
                }
                if let Some(first) = folded.fields.get("first_time").cloned() {
                    folded.fields.insert("time", first);
                }
            }
            Kind::Import => {
                if let Some(facts) = self.graph().imports.get(&node) {
                    folded.fields.insert("number", facts.number);
                    folded.fields.insert("nodes", facts.revisions);
                    folded.fields.insert("events", facts.events);
                    folded.fields.insert("retracted", facts.retracted);
                    folded.fields.insert("time", facts.recorded);
                }
            }
            Kind::Run => {
                if let Some(started) = folded.fields.get("started").cloned()
                    && folded.fields.get("time").is_none()
                {
                    folded.fields.insert("time", started);
                }
            }
            _ => {}
        }
    }

    /// Parts of the key that are fields too, where no source says them otherwise: so a missing
    /// node has the name by which it is known.
    fn name_parts(&self, node: NodeNo, fields: &mut Map) {
        let entry = self.graph().node(node);
        for (name, text) in key_fields(entry.kind, &entry.key) {
            if fields.get(name).is_none() {
                fields.insert(name, text);
            }
        }
        let copies = copied_fields(entry.kind);
        for (name, from) in copies {
            if let Some(value) = fields.get(from).cloned()
                && fields.get(name).is_none()
            {
                fields.insert(*name, value);
            }
        }
    }
}
