//! Names of the nodes and events in rows, as they can be pasted back.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;

use lineal_engine::schema::Kind;

use super::Executor;
use crate::answer::{Names, NodeNames};
use crate::error::Result;
use crate::source::{EventRef, NodeNo, Source};
use crate::value::Value;

/// Nodes for which room is asked for at once.
const NODES_AT_ONCE: usize = 1_024;

/// Notes a node. Rows often come in the order of their nodes: the same one twice is noted once.
fn note(nodes: &mut Vec<NodeNo>, node: NodeNo) {
    if nodes.last() != Some(&node) {
        nodes.push(node);
    }
}

impl<S: Source> Executor<'_, S> {
    /// The names of the nodes and events in the values of rows.
    pub(super) fn names<'v>(&self, values: impl Iterator<Item = &'v Value>) -> Result<Names> {
        // Most values of a short answer are nodes; of a long one it grows as it must.
        let nodes = Vec::with_capacity(values.size_hint().0.min(NODES_AT_ONCE));
        let (mut nodes, mut events) = (nodes, BTreeMap::new());
        for value in values {
            match value {
                Value::Node(node) => note(&mut nodes, *node),
                other => self.name_value(other, &mut nodes, &mut events)?,
            }
        }
        let source = self.source;
        let push = |node, out: &mut String| source.push_name(node, out);
        // They are gone through in their order, and so are the kinds: most have that of the one before.
        let known = Cell::new((Kind::Import, 0, 0));
        let kind_of = |node| match known.get() {
            (kind, first, end) if (first..end).contains(&node) => kind,
            _ => {
                let kind = source.kind_of(node);
                let Range { start, end } = source.nodes_of(kind);
                known.set((kind, start, end));
                kind
            }
        };
        Ok(Names { nodes: NodeNames::of(nodes, kind_of, push), events })
    }

    /// Notes the nodes in a value, and the events with their names.
    fn name_value(
        &self,
        value: &Value,
        nodes: &mut Vec<NodeNo>,
        events: &mut BTreeMap<EventRef, String>,
    ) -> Result<()> {
        match value {
            Value::Node(node) => note(nodes, *node),
            Value::Event(event) if !events.contains_key(event) => {
                events.insert(*event, self.event_name(*event)?);
            }
            Value::List(items) => {
                for item in items {
                    self.name_value(item, nodes, events)?;
                }
            }
            Value::Path(path) => {
                self.name_value(&path.start.into(), nodes, events)?;
                for step in &path.steps {
                    self.name_value(&step.to.into(), nodes, events)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// `inference:sha256:...`, else by the first id that is recorded.
    pub(super) fn event_name(&self, event: EventRef) -> Result<String> {
        use lineal_engine::event_fields::EventField as Field;
        let hash = self.event_value(event, Field::InputHash)?;
        if let Value::Hash(hash) = &hash {
            return Ok(format!("inference:{}", hash.text()));
        }
        for field in [Field::RequestId, Field::EventId, Field::LogId] {
            if let Value::Text(id) = self.event_value(event, field)? {
                let key = crate::ast::Key::Text(id);
                let kind = Some(Kind::Inference);
                return Ok(crate::ast::Reference { kind, key }.to_string());
            }
        }
        Ok(format!(
            "inference in {} row {}",
            self.source.name_of(self.source.event_batch(event)),
            event.row
        ))
    }
}
