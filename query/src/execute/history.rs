//! `history`: what happened to a node, from its records and from the records about it.

use lineal_engine::schema::{Direction, FieldType, Kind, RELATIONS, Relation};

use super::row_set::RowSet;
use super::{Executor, Run, Stop, store};
use crate::limits::Limit;
use crate::plan::HistoryPlan;
use crate::source::{NodeNo, Source};
use crate::value::{Item, Value};

/// Fields that differ between any two revisions and tell nothing.
const NOT_TOLD: [&str; 2] = ["modified", "series"];

impl<'a, S: Source> Executor<'a, S> {
    pub(super) fn history_into(&mut self, plan: &'a HistoryPlan, out: &mut RowSet) -> Run<()> {
        let items = self.set(plan.of)?;
        let mut nodes = items.nodes.clone();
        // An event is told by its batch: a row has no records of its own.
        nodes.extend(items.events.iter().map(|event| self.source.event_batch(*event)));
        nodes.sort_unstable();
        nodes.dedup();
        let mut told: Vec<Vec<Value>> = Vec::new();
        for node in nodes {
            self.note(node);
            self.life(node, &mut told)?;
        }
        for values in told {
            self.group.clone_from(&values);
            if let Some(filter) = &plan.filter
                && !self.holds(filter)?
            {
                continue;
            }
            let mut keys = Vec::with_capacity(plan.order.len());
            for (key, _) in &plan.order {
                keys.push(self.value(key)?);
            }
            if out.len() as u64 >= self.limits.rows {
                return Err(Stop::Limit(Limit::Rows(self.limits.rows)));
            }
            out.push(values, keys, []);
        }
        let descending: Vec<bool> = plan.order.iter().map(|(_, d)| *d).collect();
        self.sort(out, &descending)?;
        out.dedup_by(|a, b| a.values == b.values);
        Ok(())
    }

    /// Everything that is told of one node.
    fn life(&mut self, node: NodeNo, out: &mut Vec<Vec<Value>>) -> Run<()> {
        self.revisions_told(node, out)?;
        self.declared(node, out)?;
        for spec in &RELATIONS {
            let inverse = self.ends(node, spec.relation, Direction::Inverse)?;
            // The events of a deployment are told by its first and last.
            if matches!(spec.relation, Relation::ServedBy | Relation::PartOf | Relation::Brought) {
                continue;
            }
            for other in inverse {
                self.told(spec.inverse, *other, out)?;
                if spec.relation == Relation::Deploys {
                    self.declared(*other, out)?;
                    for alert in self.ends(*other, Relation::Concerns, Direction::Inverse)? {
                        self.told(Relation::Concerns.spec().inverse, *alert, out)?;
                    }
                }
            }
        }
        for relation in [Relation::ProducedBy, Relation::RegisteredFrom] {
            for other in self.ends(node, relation, Direction::Forward)? {
                self.told(relation.spec().name, *other, out)?;
            }
        }
        Ok(())
    }

    fn ends(
        &mut self,
        node: NodeNo,
        relation: Relation,
        direction: Direction,
    ) -> Run<&'a [NodeNo]> {
        let source = self.source;
        let ends = source.edges(node, relation, direction);
        self.count_edges(ends.len())?;
        Ok(ends)
    }

    /// Each revision: the first of a source records the node, later ones say what they changed.
    fn revisions_told(&mut self, node: NodeNo, out: &mut Vec<Vec<Value>>) -> Run<()> {
        let revisions = self.source.revisions(node).map_err(store)?;
        let first_time = self.node_value(node, "time", FieldType::Time)?;
        if revisions.is_empty() {
            let recorded = self.node_value(node, "recorded", FieldType::Time)?;
            out.push(happened(
                first_time,
                recorded,
                "named".to_owned(),
                node,
                Vec::new(),
                Value::Absent,
            ));
            return Ok(());
        }
        for (place, revision) in revisions.iter().enumerate() {
            self.look(1)?;
            let same = |other: &&crate::source::Revision| {
                other.source == revision.source && other.form == revision.form
            };
            let before = revisions.iter().take(place).rev().find(same);
            let (time, event) = match before {
                // The first of all: when it happened. Of another source: when that one saw it.
                None if place == 0 && !first_time.is_absent() => {
                    (first_time.clone(), "recorded".to_owned())
                }
                None => (Value::Time(revision.observed_at), "recorded".to_owned()),
                Some(before) => {
                    let changed = changed(&before.fields, &revision.fields);
                    let what = if changed.is_empty() { "edges".to_owned() } else { changed };
                    (Value::Time(revision.observed_at), format!("changed {what}"))
                }
            };
            let by = if before.is_none() { self.by(node)? } else { Vec::new() };
            let source = Value::Text(format!("{}/{}", revision.source, revision.form));
            out.push(happened(time, Value::Time(revision.recorded), event, node, by, source));
        }
        Ok(())
    }

    /// What a deployment declares or is known to have served.
    fn declared(&mut self, node: NodeNo, out: &mut Vec<Vec<Value>>) -> Run<()> {
        if self.source.kind_of(node) != Kind::Deployment {
            return Ok(());
        }
        for (field, event) in [
            ("first_event", "first event"),
            ("last_event", "last event"),
            ("until", "declared end"),
        ] {
            let time = self.node_value(node, field, FieldType::Time)?;
            if !time.is_absent() {
                let source = self.node_value(node, "source", FieldType::Text)?;
                out.push(happened(time, Value::Absent, event.to_owned(), node, Vec::new(), source));
            }
        }
        Ok(())
    }

    /// Another node that says something about it.
    fn told(&mut self, word: &str, other: NodeNo, out: &mut Vec<Vec<Value>>) -> Run<()> {
        self.note(other);
        let time = self.node_value(other, "time", FieldType::Time)?;
        let recorded = self.node_value(other, "recorded", FieldType::Time)?;
        let source = self.node_value(other, "source", FieldType::Text)?;
        let mut event = word.to_owned();
        for field in ["decision", "type", "status", "severity"] {
            if let Value::Text(says) = self.node_value(other, field, FieldType::Text)? {
                event = format!("{word}: {says}");
                break;
            }
        }
        let by = self.by(other)?;
        out.push(happened(time, recorded, event, other, by, source));
        Ok(())
    }

    fn by(&mut self, node: NodeNo) -> Run<Vec<Value>> {
        let actors = self.ends(node, Relation::DoneBy, Direction::Forward)?;
        Ok(actors.iter().map(|actor| Item::Node(*actor).into()).collect())
    }
}

fn happened(
    time: Value,
    recorded: Value,
    event: String,
    subject: NodeNo,
    by: Vec<Value>,
    source: Value,
) -> Vec<Value> {
    let by = if by.is_empty() { Value::Absent } else { Value::List(by) };
    vec![time, recorded, Value::Text(event), Value::Node(subject), by, source]
}

/// The names of the fields that differ.
fn changed(before: &lineal_proof::Map, after: &lineal_proof::Map) -> String {
    let names = before.iter().chain(after.iter()).map(|(name, _)| name);
    let mut names: Vec<&str> = names
        .filter(|name| before.get(name) != after.get(name) && !NOT_TOLD.contains(name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}
