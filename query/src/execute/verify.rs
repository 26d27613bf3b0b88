//! `verify`: reads what an answer rests on again, and says whether it is what was written.

use lineal_engine::schema::Kind;

use super::{Executor, Run, Stop};
use crate::limits::Limit;
use crate::plan::VerifyPlan;
use crate::source::Source;
use crate::value::Value;

impl<S: Source> Executor<'_, S> {
    /// One row a node; those of events are their batches.
    pub(super) fn verify_into(&mut self, plan: VerifyPlan, out: &mut Vec<Vec<Value>>) -> Run<()> {
        let items = self.set(plan.of)?;
        let mut nodes = items.nodes.clone();
        nodes.extend(items.events.iter().map(|event| self.source.event_batch(*event)));
        nodes.sort_unstable();
        nodes.dedup();
        for node in nodes {
            // Reading a batch again takes long: asked between any two.
            self.look(crate::limits::CHECK_EVERY)?;
            if out.len() as u64 >= self.limits.rows {
                return Err(Stop::Limit(Limit::Rows(self.limits.rows)));
            }
            let checked = self.source.check(node, plan.deep);
            let kind = self.source.kind_of(node);
            let (result, detail) = if !checked.faults.is_empty() {
                ("damaged", checked.faults.join("; "))
            } else if kind == Kind::Import {
                (
                    "derived",
                    "an import is what its commits say; `lineal verify` checks those".into(),
                )
            } else if checked.revisions == 0 {
                ("missing", "it is only referred to: there is no record to read".to_owned())
            } else {
                ("ok", detail(kind, &checked, plan.deep))
            };
            out.push(vec![Value::Node(node), Value::Text(result.to_owned()), Value::Text(detail)]);
        }
        Ok(())
    }
}

fn detail(kind: Kind, checked: &crate::source::Checked, deep: bool) -> String {
    let plural = if checked.revisions == 1 { "revision" } else { "revisions" };
    let mut out = format!("{} {plural}: id recomputed", checked.revisions);
    match checked.rows {
        Some(1) => out.push_str("; 1 row: root recomputed"),
        Some(rows) => out.push_str(&format!("; {rows} rows: root recomputed")),
        None if kind == Kind::Batch && !deep => {
            out.push_str("; rows not read: `verify deep` reads them");
        }
        None => {}
    }
    out
}
