//! Scans of events that cannot end within the limit are refused before anything is read.
//!
//! The counters of the batches tell how many events a scan would read. Where nothing narrows it (no
//! hash, no deployment, and what lies in its stretch of time is still too much), an answer over the first
//! events in the order of their batches would help nobody: the question is refused with the figure and
//! with what would narrow it. A scan that ends early for another reason is none of this: rows that
//! are pulled one by one ([`super::Rows`]) are read as far as they are wanted.

use lineal_engine::schema::Kind;

use super::{Executor, Run};
use crate::error::{Code, Mistake};
use crate::plan::{
    End, FindPlan, Generator, Kinds, OperandPlan, OutputPlan, Root, SelectPlan, StepPlan,
};
use crate::source::Source;

impl<'a, S: Source> Executor<'a, S> {
    /// Refuses a question whose scans of events would pass the limit.
    ///
    /// # Errors
    /// [`Code::Budget`] with how many events there are.
    pub(super) fn within_budget(&mut self, root: &'a Root) -> Run<()> {
        match root {
            Root::Find(find) => self.find_within_budget(find),
            // Its ends are bound as a question's terms are.
            Root::Trace(trace) => self.select_within_budget(&trace.ends),
            _ => Ok(()),
        }
    }

    fn find_within_budget(&mut self, find: &'a FindPlan) -> Run<()> {
        // Another view has other batches; it is asked when it is open.
        if find.as_of.is_some() {
            return Ok(());
        }
        for operand in &find.operands {
            match operand {
                OperandPlan::Select(select) => self.select_within_budget(select)?,
                OperandPlan::Find(inner) => self.find_within_budget(inner)?,
            }
        }
        Ok(())
    }

    fn select_within_budget(&mut self, select: &'a SelectPlan) -> Run<()> {
        // Counters answer: rows are read of batches in doubt alone.
        if let OutputPlan::Groups(plan) = &select.output
            && plan.by_batch.as_ref().is_some_and(|by| by.counting.is_some())
        {
            return Ok(());
        }
        for step in &select.steps {
            let kinds = self.plan.slots.get(step.slot).map_or(Kinds::NONE, |slot| slot.kinds);
            if kinds.has(Kind::Inference) && is_whole(select, step) {
                self.step_within_budget(step)?;
            }
        }
        Ok(())
    }

    /// Refuses a scan of more events than may be read.
    fn step_within_budget(&mut self, step: &'a StepPlan) -> Run<()> {
        let source = self.source;
        let all = source.nodes_of(Kind::Batch);
        let count = |batch| source.batch_counts(batch).events;
        let total: u64 = all.clone().map(count).sum();
        if total <= self.limits.events {
            return Ok(());
        }
        let window = self.window(step, &[])?;
        let events: u64 =
            all.filter(|batch| window.touches(source.batch_times(*batch))).map(count).sum();
        if events <= self.limits.events {
            return Ok(());
        }
        let limit = self.limits.events;
        let span = self.plan.slots.get(step.slot).map(|slot| slot.span).unwrap_or_default();
        let message = if window.from.is_some() || window.to.is_some() {
            format!(
                "about {events} events lie in this stretch of time, and {limit} may be read for one answer"
            )
        } else {
            format!("about {events} events are recorded, and {limit} may be read for one answer")
        };
        let hint = "narrow them: by time (`time in 2026-03-01..2026-03-08`), by what served them \
                    (`served_by deployment:...`), or by a hash; or set a higher limit of events";
        Err(Mistake::new(Code::Budget, span, message).hint(hint).into())
    }
}

/// Does a step go through events that nothing but their own fields narrows? So does one that begins
/// at all things of another kind, of which nothing is asked.
fn is_whole(select: &SelectPlan, step: &StepPlan) -> bool {
    let chain = match &step.from {
        // What a relation ties to something known is narrowed by it, if late.
        Generator::Scan => return step.chains.is_empty(),
        Generator::Chain(chain) => chain,
        _ => return false,
    };
    let End::Slot(start) = chain.start else { return false };
    let start = select.steps.iter().find(|other| other.slot == start);
    start.is_some_and(|start| {
        matches!(start.from, Generator::Scan)
            && start.chains.is_empty()
            && start.filters.is_empty()
            && start.whole.is_empty()
            && start.narrowed.is_none()
            && start.columns.is_empty()
    })
}
