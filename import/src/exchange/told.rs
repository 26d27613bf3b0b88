//! What one document says, gathered node by node, with what was left out and what could not be read.

use super::paging::{Page, Paging};
use crate::record::{Edge, Location, NodeRecord, Reference, Reject};
use lineal_engine::schema::Relation;
use std::collections::BTreeMap;

/// Longest part of a key, in bytes.
const KEY_PART_BYTES_MAX: usize = 4_096;

/// What a document says of one node, and in which form.
#[derive(Clone, PartialEq, Debug)]
pub struct Said {
    /// The form.
    pub form: &'static str,
    /// What it says.
    pub record: NodeRecord,
}

/// What one document says.
#[derive(Debug)]
pub struct Told {
    /// The document's name, for messages.
    file: String,
    /// Who speaks: qualifies keys.
    pub(super) source: String,
    /// The form of what is said in its own right, where a format has several.
    pub(super) own: &'static str,
    /// The line and byte of the part at hand, in a file of several documents.
    pub(super) at: (u64, u64),
    /// When the document was made, ns, as it says itself.
    pub stated: Option<i64>,
    /// The newest time that it mentions, ns.
    pub newest: Option<i64>,
    records: BTreeMap<(&'static str, Reference), NodeRecord>,
    /// What was left out deliberately, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// What could not be read.
    pub rejects: Vec<Reject>,
    /// What a reader of the answers should know.
    pub warnings: Vec<String>,
    paging: Paging,
    /// What is named without a word of what it is, until all is read.
    pub(super) named: Vec<Named>,
}

/// A version that a run names, and neither its kind nor more of it.
#[derive(Debug)]
pub(super) struct Named {
    /// Who names it.
    pub(super) run: Reference,
    /// What it is called in full.
    pub(super) name: String,
    pub(super) version: String,
    /// Was it read, or made?
    pub(super) is_used: bool,
}

impl Told {
    pub(super) fn new(file: &str, source: &str) -> Told {
        Told {
            file: file.to_owned(),
            source: source.to_owned(),
            own: "",
            at: (0, 0),
            stated: None,
            newest: None,
            records: BTreeMap::new(),
            skipped: BTreeMap::new(),
            rejects: Vec::new(),
            warnings: Vec::new(),
            paging: Paging::default(),
            named: Vec::new(),
        }
    }

    /// The document's name.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    fn location(&self) -> Location {
        Location { file: self.file.clone(), line: self.at.0, byte: self.at.1 }
    }

    /// What the document says of a node in this form, so far.
    pub(super) fn node(&mut self, form: &'static str, node: &Reference) -> &mut NodeRecord {
        let at = self.location();
        self.records
            .entry((form, node.clone()))
            .or_insert_with(|| NodeRecord::new(node.clone(), at))
    }

    /// Is anything said of a node in this form?
    pub(super) fn has(&self, form: &'static str, node: &Reference) -> bool {
        self.records.contains_key(&(form, node.clone()))
    }

    /// Adds a link, once.
    pub(super) fn link(
        &mut self,
        form: &'static str,
        from: &Reference,
        relation: Relation,
        to: &Reference,
    ) {
        // A thing that says it was made of itself says nothing.
        if from == to {
            return;
        }
        let edge = Edge::new(relation, to.clone());
        let record = self.node(form, from);
        if !record.edges.contains(&edge) {
            record.edges.push(edge);
        }
    }

    /// Counts what is left out deliberately.
    pub(super) fn skip(&mut self, why: impl Into<String>) {
        *self.skipped.entry(why.into()).or_default() += 1;
    }

    /// Counts all of that which is left out.
    pub(super) fn skip_all(&mut self, why: Vec<&'static str>) {
        for why in why {
            self.skip(why);
        }
    }

    /// Notes what could not be read; `pointer` (RFC 6901) says where in the document.
    pub(super) fn reject(&mut self, pointer: &str, why: &str) {
        let reason = match pointer {
            "" => why.to_owned(),
            pointer => format!("{pointer}: {why}"),
        };
        self.rejects.push(Reject { at: self.location(), reason });
    }

    /// Notes what holds of the document, once; its name stands before.
    pub(super) fn warn(&mut self, what: &str) {
        let note = format!("{}: {what}", self.file);
        if !self.warnings.contains(&note) {
            self.warnings.push(note);
        }
    }

    /// Notes a page of the list `name`; `whose` tells lists of one name apart.
    pub(super) fn page(&mut self, name: &'static str, whose: String, page: Page) {
        self.paging.add(name, whose, page);
    }

    /// The document was read to its end.
    pub(super) fn end(&mut self) {
        self.warnings.extend(self.paging.notes(&self.file));
    }

    /// Notes that something said a time.
    pub(super) fn saw_time(&mut self, time: Option<i64>) {
        self.newest = self.newest.max(time);
    }

    /// All that is said, in the order of forms, kinds and keys. Nodes whose keys are too long to
    /// stand in one are rejected.
    #[must_use]
    pub fn take(&mut self) -> Vec<Said> {
        let mut all = Vec::with_capacity(self.records.len());
        for ((form, node), record) in std::mem::take(&mut self.records) {
            let fits = |node: &Reference| {
                node.key.iter().all(|part| match part {
                    crate::record::Part::Text(text) | crate::record::Part::Personal(text) => {
                        text.len() <= KEY_PART_BYTES_MAX
                    }
                    _ => true,
                })
            };
            if fits(&node) && record.edges.iter().all(|edge| fits(&edge.target)) {
                all.push(Said { form, record });
            } else {
                self.rejects.push(Reject {
                    at: record.at,
                    reason: format!(
                        "a {} has, or leads to, a name of more than {KEY_PART_BYTES_MAX} bytes",
                        node.kind
                    ),
                });
            }
        }
        all
    }
}
