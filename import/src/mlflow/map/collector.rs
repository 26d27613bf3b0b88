//! Gathers records, so that what is said of one node in several places becomes one record.

use crate::record::NodeRecord;
use lineal_engine::schema::Kind;
use lineal_proof::Value;
use std::collections::BTreeMap;

/// Records in the order of reading, and what is worth a warning.
#[derive(Default)]
pub(super) struct Collector {
    records: Vec<NodeRecord>,
    remarks: BTreeMap<String, u64>,
}

impl Collector {
    /// Adds what is said of a node.
    pub(super) fn add(&mut self, record: NodeRecord) {
        self.records.push(record);
    }

    /// Counts something worth a warning.
    pub(super) fn remark(&mut self, remark: String) {
        *self.remarks.entry(remark).or_default() += 1;
    }

    /// One record for each node, in the order of kinds and keys and each in canonical form, and
    /// the warnings.
    pub(super) fn finish(mut self) -> (Vec<NodeRecord>, Vec<String>) {
        let mut disagreements = Disagreements::new();
        self.records.sort_by(|a, b| a.node.cmp(&b.node));
        self.records.dedup_by(|next, kept| {
            let same = next.node == kept.node;
            if same {
                merge(kept, next, &mut disagreements);
            }
            same
        });
        for record in &mut self.records {
            record.edges.sort_unstable();
            record.edges.dedup();
            record.edges.shrink_to_fit();
            record.personal.sort_unstable_by(|a, b| a.field.cmp(&b.field));
        }
        self.records.shrink_to_fit();
        let disagreements = disagreements.into_iter().map(|((kind, field), count)| {
            format!(
                "{count} times the store gives `{field}` of one {kind} two values; the smaller one is kept"
            )
        });
        let remarks =
            self.remarks.into_iter().map(|(remark, count)| format!("{count} times: {remark}"));
        (self.records, disagreements.chain(remarks).collect())
    }
}

/// How often a field of a kind was given two values.
type Disagreements = BTreeMap<(Kind, String), u64>;

/// Takes over what another place says of the same node. Where the two give a field different
/// values, the smaller one stays, so that the order of reading does not show.
fn merge(kept: &mut NodeRecord, other: &mut NodeRecord, disagreements: &mut Disagreements) {
    let kind = kept.node.kind;
    if kept.series.is_empty() {
        kept.series = std::mem::take(&mut other.series);
    } else if !other.series.is_empty() {
        for record in [&mut *kept, &mut *other] {
            let nothing = NodeRecord::new(record.node.clone(), record.at.clone());
            *record = std::mem::replace(record, nothing).whole();
        }
    }
    for (name, value) in std::mem::take(&mut other.fields) {
        let Some(before) = kept.fields.get(&name) else {
            kept.fields.insert(name, value);
            continue;
        };
        if *before != value {
            *disagreements.entry((kind, name.clone())).or_default() += 1;
            if order(&value) < order(before) {
                kept.fields.insert(name, value);
            }
        }
    }
    for personal in other.personal.drain(..) {
        match kept.personal.iter_mut().find(|held| held.field == personal.field) {
            None => kept.personal.push(personal),
            Some(held) if personal.value < held.value => *held = personal,
            Some(_) => {}
        }
    }
    kept.edges.append(&mut other.edges);
}

/// Any total order will do.
fn order(value: &Value) -> String {
    format!("{value:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Location, Reference};

    #[test]
    fn the_order_of_adding_does_not_show() {
        let record = |branch: &str| {
            let node = Reference::new(Kind::Code, vec!["abc".into()]);
            let mut record = NodeRecord::new(node, Location::default());
            record.set("branch", Some(branch));
            record
        };
        let mut results = Vec::new();
        for order in [["main", "dev"], ["dev", "main"]] {
            let mut collector = Collector::default();
            order.map(record).into_iter().for_each(|record| collector.add(record));
            results.push(collector.finish());
        }
        assert_eq!(results[0], results[1]);
        assert_eq!(results[0].0[0].fields.get("branch"), Some(&Value::text("dev")));
        assert_eq!(results[0].1.len(), 1);
    }
}
