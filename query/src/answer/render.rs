//! Values of an answer as text and as JSON, and the hash of the whole.

use std::sync::LazyLock;

use blake3::hazmat::{ContextKey, HasherExt, hash_derive_key_context};
use serde_json::{Map as JsonMap, Value as Json, json};

use super::Answer;
use crate::source::{EventRef, NodeNo};
use crate::value::{Item, Path, Value, duration_text, float_text, time_text};

/// Separates the hash of an answer from every other use of the hash function.
const ANSWER_CONTEXT: &str = "lineal v1 answer";
/// The tag of a node, by its name.
const NODE: u8 = 12;

impl Answer {
    /// The name of a node in the rows, as it can be pasted back.
    #[must_use]
    pub fn node_name(&self, node: NodeNo) -> &str {
        self.names.nodes.get(node).unwrap_or("")
    }

    /// The name of an event in the rows.
    #[must_use]
    pub fn event_name(&self, event: EventRef) -> &str {
        self.names.events.get(&event).map_or("", String::as_str)
    }

    pub(super) fn item_name(&self, item: Item) -> &str {
        match item {
            Item::Node(node) => self.node_name(node),
            Item::Event(event) => self.event_name(event),
        }
    }

    /// A value as a reader sees it in a table; absent is empty.
    #[must_use]
    pub fn text(&self, value: &Value) -> String {
        match value {
            Value::Absent => String::new(),
            Value::Bool(truth) => truth.to_string(),
            Value::Int(number) => number.to_string(),
            Value::Float(number) => float_text(*number),
            Value::Text(text) => text.clone(),
            Value::Time(time) => time_text(*time),
            Value::Duration(length) => duration_text(*length),
            Value::Months(months) => format!("{months}mo"),
            Value::Hash(hash) => hash.text(),
            Value::Bytes(bytes) => data_encoding::HEXLOWER.encode(bytes),
            Value::Node(node) => self.node_name(*node).to_owned(),
            Value::Event(event) => self.event_name(*event).to_owned(),
            Value::List(items) => {
                items.iter().map(|item| self.text(item)).collect::<Vec<_>>().join(", ")
            }
            Value::Map(entries) => {
                let entry = |(key, value): &(String, Value)| format!("{key}={}", self.text(value));
                entries.iter().map(entry).collect::<Vec<_>>().join(", ")
            }
            Value::Path(path) => self.path_text(path),
        }
    }

    /// `inference:x served_by deployment:y deploys model:z`: it reads as a sentence.
    fn path_text(&self, path: &Path) -> String {
        let mut out = self.item_name(path.start).to_owned();
        for step in &path.steps {
            out.push(' ');
            out.push_str(step.word());
            out.push(' ');
            out.push_str(self.item_name(step.to));
        }
        out
    }

    /// A value for programs: times and hashes as text, nodes by name, paths with both.
    #[must_use]
    pub fn json(&self, value: &Value) -> Json {
        match value {
            Value::Absent => Json::Null,
            Value::Bool(truth) => json!(truth),
            Value::Int(number) => json!(number),
            Value::Float(number) if number.is_finite() => json!(number),
            Value::List(items) => items.iter().map(|item| self.json(item)).collect(),
            Value::Map(entries) => {
                let entry = |(key, value): &(String, Value)| (key.clone(), self.json(value));
                Json::Object(entries.iter().map(entry).collect::<JsonMap<_, _>>())
            }
            Value::Path(path) => {
                let mut nodes = vec![json!(self.item_name(path.start))];
                let mut edges = Vec::new();
                for step in &path.steps {
                    nodes.push(json!(self.item_name(step.to)));
                    edges.push(json!(step.word()));
                }
                json!({ "nodes": nodes, "edges": edges })
            }
            other => json!(self.text(other)),
        }
    }

    /// The answer for programs (language reference, "Answers").
    #[must_use]
    pub fn to_json(&self) -> Json {
        let rows: Vec<Json> = self
            .rows
            .iter()
            .map(|row| row.iter().map(|value| self.json(value)).collect())
            .collect();
        let mut json = json!({
            "columns": self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(),
            "rows": rows,
        });
        if let (Json::Object(json), Json::Object(about)) = (&mut json, self.about()) {
            json.extend(about);
        }
        json["hash"] = json!(self.hash());
        json
    }

    /// What is said of the answer beside its columns and rows.
    #[must_use]
    pub fn about(&self) -> Json {
        let reasons: Vec<String> =
            self.completeness.reasons.iter().map(ToString::to_string).collect();
        json!({
            "total": self.total,
            "completeness": {
                "state": self.completeness.state().name(),
                "truncated_by": self.completeness.truncated.map(|limit| limit.to_string()),
                "reasons": reasons,
                "reason_count": self.completeness.reason_count,
            },
            "commit": self.has_store().then_some(self.commit),
            "recorded": self.has_store().then(|| time_text(self.recorded)),
            "now": time_text(self.now),
            "warnings": self.warnings,
            "edges_followed": self.edges_followed,
            "events_read": self.events_read,
        })
    }

    /// Was a store asked? An answer about the language alone has no commit.
    #[must_use]
    pub fn has_store(&self) -> bool {
        !self.is_storeless
    }

    /// BLAKE3 over columns and rows: the same question, parameters, `now` and view give the same
    /// digits on every machine while no limit is hit. Nodes enter it by name.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hasher = self.digest(self.rows.len());
        for row in &self.rows {
            hasher.row(row.len());
            for value in row {
                self.add(&mut hasher, value);
            }
        }
        hasher.finish()
    }

    /// The hash in the making: all that stands before so many rows.
    pub(super) fn digest(&self, rows: usize) -> Digest {
        let mut hasher = Digest::new(self.names.nodes.bytes() + 32 * rows);
        length(&mut hasher, self.columns.len());
        for column in &self.columns {
            text(&mut hasher, 0, &column.name);
        }
        length(&mut hasher, rows);
        hasher
    }

    /// One value: a tag for its type, then its bytes; lengths before what varies.
    pub(super) fn add(&self, hasher: &mut Digest, value: &Value) {
        match value {
            Value::Absent => tag(hasher, 1),
            Value::Bool(truth) => tag(hasher, if *truth { 3 } else { 2 }),
            Value::Int(number) => whole(hasher, 4, *number),
            Value::Float(number) => {
                tag(hasher, 5);
                hasher.update(&number.to_bits().to_le_bytes());
            }
            Value::Text(content) => text(hasher, 6, content),
            Value::Time(time) => whole(hasher, 7, *time),
            Value::Duration(span) => whole(hasher, 8, *span),
            Value::Months(months) => whole(hasher, 9, *months),
            Value::Hash(hash) => text(hasher, 10, &hash.text()),
            Value::Bytes(bytes) => {
                tag(hasher, 11);
                length(hasher, bytes.len());
                hasher.update(bytes);
            }
            Value::Node(node) => hasher.node(self.node_name(*node)),
            Value::Event(event) => text(hasher, 13, self.event_name(*event)),
            Value::List(items) => {
                tag(hasher, 14);
                length(hasher, items.len());
                items.iter().for_each(|item| self.add(hasher, item));
            }
            Value::Map(entries) => {
                tag(hasher, 15);
                length(hasher, entries.len());
                for (key, value) in entries {
                    text(hasher, 0, key);
                    self.add(hasher, value);
                }
            }
            Value::Path(path) => {
                text(hasher, 16, self.item_name(path.start));
                length(hasher, path.steps.len());
                for step in &path.steps {
                    text(hasher, 0, step.word());
                    text(hasher, 0, self.item_name(step.to));
                }
            }
        }
    }
}

/// The hash in the making. What is hashed is gathered first: an answer is many short pieces, and the
/// hash function takes long ones faster.
pub(super) struct Digest {
    hasher: blake3::Hasher,
    waiting: Vec<u8>,
}

impl Digest {
    /// Bytes that wait at least until they are taken in: enough for all of its lanes.
    const PART: usize = 16 << 10;

    /// Of an answer of about so many bytes.
    fn new(bytes: usize) -> Digest {
        // The context is hashed once a process, not once an answer.
        static KEY: LazyLock<ContextKey> =
            LazyLock::new(|| hash_derive_key_context(ANSWER_CONTEXT));
        let hasher = blake3::Hasher::new_from_context_key(&KEY);
        Digest { hasher, waiting: Vec::with_capacity(bytes.min(Digest::PART)) }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    /// Begins a row of so many values. What waits is hashed, if it is enough.
    pub(super) fn row(&mut self, values: usize) {
        self.take_in();
        length(self, values);
    }

    /// A row of one node, by its name: the same as both one after the other.
    pub(super) fn row_of_node(&mut self, name: &str) {
        self.take_in();
        let mut head = [0; 17];
        head[..8].copy_from_slice(&1_u64.to_le_bytes());
        head[8] = NODE;
        head[9..].copy_from_slice(&(name.len() as u64).to_le_bytes());
        self.waiting.reserve(head.len() + name.len());
        self.waiting.extend_from_slice(&head);
        self.waiting.extend_from_slice(name.as_bytes());
    }

    /// The name of a node.
    pub(super) fn node(&mut self, name: &str) {
        text(self, NODE, name);
    }

    /// Hashes what waits, if it is enough.
    fn take_in(&mut self) {
        if self.waiting.len() >= Digest::PART {
            self.hasher.update(&self.waiting);
            self.waiting.clear();
        }
    }

    /// Its digits.
    pub(super) fn finish(mut self) -> String {
        self.hasher.update(&self.waiting);
        self.hasher.finalize().to_hex().to_string()
    }
}

fn tag(hasher: &mut Digest, tag: u8) {
    hasher.update(&[tag]);
}

fn length(hasher: &mut Digest, length: usize) {
    hasher.update(&(length as u64).to_le_bytes());
}

fn whole(hasher: &mut Digest, kind: u8, number: i64) {
    tag(hasher, kind);
    hasher.update(&number.to_le_bytes());
}

fn text(hasher: &mut Digest, kind: u8, text: &str) {
    tag(hasher, kind);
    length(hasher, text.len());
    hasher.update(text.as_bytes());
}
