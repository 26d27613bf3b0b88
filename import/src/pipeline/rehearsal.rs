//! What a dry run has read so far, so that it counts as the import would that writes it.

use super::identity::Identity;
use lineal_engine::events::Weight;
use lineal_engine::{Outcome, Saying, Staged};
use lineal_proof::{Hash, Value, cbor};
use std::collections::{HashMap, HashSet};

/// What would be in the store by now.
#[derive(Default)]
pub(super) struct Rehearsal {
    nodes: HashSet<Hash>,
    files: HashSet<([u8; 16], String)>,
    /// What was said under each identity of an event.
    pub(super) events: HashMap<Identity, Vec<Weight>>,
}

impl Rehearsal {
    /// What would become of a node.
    pub(super) fn outcome(&mut self, saying: &Saying, staged: &Staged) -> Outcome {
        let said = Value::List(vec![
            Value::Bytes(staged.node.0.to_vec()),
            Value::Bytes(staged.content.0.to_vec()),
            Value::text(saying.source.as_str()),
            Value::text(saying.form.as_str()),
        ]);
        if self.nodes.insert(Hash::of(&cbor::encode(&said))) {
            staged.outcome
        } else {
            Outcome::Known
        }
    }

    /// Would these bytes be known in this form?
    pub(super) fn knows_file(&self, digest: &[u8; 16], form: &str) -> bool {
        self.files.contains(&(*digest, form.to_owned()))
    }

    /// A file was read to its end.
    pub(super) fn add_file(&mut self, digest: [u8; 16], form: &str) {
        self.files.insert((digest, form.to_owned()));
    }
}
