//! Names of the nodes and events in rows, as they can be pasted back.

use super::Executor;
use crate::answer::Names;
use crate::error::Result;
use crate::source::{EventRef, Source};
use crate::value::Value;

impl<S: Source> Executor<'_, S> {
    /// Notes the names of nodes and events in a value.
    pub(super) fn name_value(&self, value: &Value, names: &mut Names) -> Result<()> {
        match value {
            Value::Node(node) => {
                let source = self.source;
                names
                    .nodes
                    .entry(*node)
                    .or_insert_with(|| (source.kind_of(*node), source.name_of(*node)));
            }
            Value::Event(event) if !names.events.contains_key(event) => {
                names.events.insert(*event, self.event_name(*event)?);
            }
            Value::List(items) => {
                for item in items {
                    self.name_value(item, names)?;
                }
            }
            Value::Path(path) => {
                self.name_value(&path.start.into(), names)?;
                for step in &path.steps {
                    self.name_value(&step.to.into(), names)?;
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
                let kind = Some(lineal_engine::schema::Kind::Inference);
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
