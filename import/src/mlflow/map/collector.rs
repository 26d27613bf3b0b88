//! Gathers records, so that what is said of one node in several places becomes one record.

use crate::record::{NodeRecord, Reference};
use lineal_engine::schema::Kind;
use lineal_proof::Value;
use std::collections::BTreeMap;

/// Records by node, and what they disagreed about.
#[derive(Default)]
pub(super) struct Collector {
    records: BTreeMap<Reference, NodeRecord>,
    disagreements: BTreeMap<(Kind, String), u64>,
    remarks: BTreeMap<String, u64>,
}

impl Collector {
    /// Adds what is said of a node. Where two places give a field different values, the smaller
    /// one stays, so that the order of reading does not show.
    pub(super) fn add(&mut self, record: NodeRecord) {
        use std::collections::btree_map::Entry;
        match self.records.entry(record.node.clone()) {
            Entry::Vacant(place) => {
                place.insert(record);
            }
            Entry::Occupied(mut place) => {
                let kept = place.get_mut();
                let kind = kept.node.kind;
                for (name, value) in record.fields {
                    let Some(before) = kept.fields.get(&name) else {
                        kept.fields.insert(name, value);
                        continue;
                    };
                    if *before != value {
                        *self.disagreements.entry((kind, name.clone())).or_default() += 1;
                        if order(&value) < order(before) {
                            kept.fields.insert(name, value);
                        }
                    }
                }
                for personal in record.personal {
                    match kept.personal.iter_mut().find(|held| held.field == personal.field) {
                        None => kept.personal.push(personal),
                        Some(held) if personal.value < held.value => *held = personal,
                        Some(_) => {}
                    }
                }
                kept.edges.extend(record.edges);
            }
        }
    }

    /// Counts something worth a warning.
    pub(super) fn remark(&mut self, remark: String) {
        *self.remarks.entry(remark).or_default() += 1;
    }

    /// The records in the order of kinds and keys, each in canonical form, and the warnings.
    pub(super) fn finish(self) -> (Vec<NodeRecord>, Vec<String>) {
        let records = self
            .records
            .into_values()
            .map(|mut record| {
                record.edges.sort_unstable();
                record.edges.dedup();
                record.personal.sort_unstable_by(|a, b| a.field.cmp(&b.field));
                record
            })
            .collect();
        let disagreements = self.disagreements.into_iter().map(|((kind, field), count)| {
            format!("{count} times the store gives `{field}` of one {kind} two values; the smaller one is kept")
        });
        let remarks =
            self.remarks.into_iter().map(|(remark, count)| format!("{count} times: {remark}"));
        (records, disagreements.chain(remarks).collect())
    }
}

/// Any total order will do.
fn order(value: &Value) -> String {
    format!("{value:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Location;

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
