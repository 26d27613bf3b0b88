//! What stands around the rows of an answer: names, how complete it is, and warnings.

use std::collections::BTreeSet;

use lineal_engine::schema::{Direction, Kind, RELATIONS};

use super::{Executor, Produced};
use crate::answer::{Answer, Completeness, Names, REASONS_MAX, Reason, Uncertainty};
use crate::error::Result;
use crate::limits::Limit;
use crate::plan::{Generator, Kinds, OperandPlan, OutputPlan, Root};
use crate::source::{EventRef, NodeNo, Source};
use crate::value::Value;

/// Most names that one reason or warning lists: a message must stay readable.
const NAMES_MAX: usize = 5;

/// The first names, and how many more there are.
fn some_names<S: Source>(source: &S, nodes: &[NodeNo]) -> Vec<String> {
    let listed = nodes.iter().take(NAMES_MAX).map(|node| source.name_of(*node));
    let more = nodes.len().saturating_sub(NAMES_MAX);
    listed.chain((more > 0).then(|| format!("{more} more"))).collect()
}

impl<S: Source> Executor<'_, S> {
    /// The answer to what a statement gave.
    pub(super) fn envelope(mut self, produced: Produced, named: bool) -> Result<Answer> {
        let Produced { columns, mut rows, truncated, total, skip, limit } = produced;
        let total = total.unwrap_or(rows.len() as u64);
        self.page(&mut rows, skip, limit)?;
        let mut names = Names::default();
        for value in rows.iter().flatten().filter(|_| named) {
            self.name_value(value, &mut names)?;
        }
        let completeness = self.completeness(truncated);
        self.mark_deleted(&names);
        let warning = |(text, count): (&String, &u64)| {
            if *count > 1 { format!("{text} ({count} times)") } else { text.clone() }
        };
        Ok(Answer {
            columns,
            rows,
            total,
            completeness,
            commit: self.source.commit(),
            recorded: self.source.recorded(),
            now: self.now,
            warnings: self.warnings.iter().map(warning).collect(),
            edges_followed: self.edges,
            events_read: self.events,
            format: self.plan.format.clone(),
            names,
        })
    }

    /// How complete an answer is that ended so.
    pub(super) fn completeness(&self, truncated: Option<Limit>) -> Completeness {
        let reason_count = self.reasons.len() as u64;
        let reasons = self
            .reasons
            .iter()
            .take(REASONS_MAX)
            .map(|(node, what)| self.reason(*node, *what))
            .collect();
        Completeness { truncated, reasons, reason_count }
    }

    /// How many rows there are of a scan that nothing narrows: known without making them, so that
    /// an answer that a bound ended says how much of it is missing.
    pub(super) fn known_total(&self, root: &Root) -> Option<u64> {
        let Root::Find(find) = root else { return None };
        let [OperandPlan::Select(select)] = find.operands.as_slice() else { return None };
        let [step] = select.steps.as_slice() else { return None };
        let is_plain = matches!(step.from, Generator::Scan)
            && select.guards.is_empty()
            && select.extreme.is_none()
            && step.chains.is_empty()
            && step.filters.is_empty()
            && step.columns.is_empty()
            && matches!(select.output, OutputPlan::Rows { distinct: false, .. });
        if !is_plain {
            return None;
        }
        let (source, slot) = (self.source, self.plan.slots.get(step.slot)?);
        let nodes = slot.kinds.iter().flat_map(|kind| match kind {
            Kind::Inference => source.nodes_of(Kind::Batch),
            kind => source.nodes_of(kind),
        });
        if slot.kinds == Kinds::one(Kind::Inference) {
            return Some(nodes.map(|batch| source.batch_counts(batch).events).sum());
        }
        Some(nodes.filter(|node| slot.with_deleted || !source.is_deleted(*node)).count() as u64)
    }

    /// Says of what is in the rows that it is marked deleted in its source.
    fn mark_deleted(&mut self, names: &Names) {
        let is_deleted = |node: &NodeNo| self.source.is_deleted(*node);
        let deleted: Vec<NodeNo> = names.nodes.keys().copied().filter(is_deleted).collect();
        if !deleted.is_empty() {
            let names = some_names(self.source, &deleted).join(", ");
            self.warn(format!("deleted in its source: {names}"));
        }
    }

    /// A reason with the names that it speaks of.
    fn reason(&self, node: NodeNo, what: Uncertainty) -> Reason {
        let source = self.source;
        let names = |nodes: &[NodeNo]| some_names(source, nodes);
        let (mut fits, mut referred_by) = (Vec::new(), Vec::new());
        if what == Uncertainty::Conflict {
            fits = names(source.candidates(node));
            let relations = RELATIONS.iter().map(|spec| spec.relation);
            let ends = relations.flat_map(|r| source.edges(node, r, Direction::Inverse));
            let ends: BTreeSet<NodeNo> = ends.copied().collect();
            referred_by = names(&ends.into_iter().collect::<Vec<_>>());
        }
        Reason { what, node, name: source.name_of(node), fits, referred_by }
    }

    /// Notes the names of nodes and events in a value.
    fn name_value(&self, value: &Value, names: &mut Names) -> Result<()> {
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
