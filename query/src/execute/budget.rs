//! A scan of events that cannot be ended within the bound of events is refused before it reads,
//! with how many there are and what would narrow it.
//!
//! Refused is only what is certain: a question whose first step goes through every event of a
//! stretch of time, where the counters of the batches that lie in it come to more than may be read.
//! What a hash, a deployment or another relation leads to is read up to the bound and cut, as
//! before: how much that is shows only on the way. So is a question with a `limit` of its own, which
//! asks for some rows and not for all.

use lineal_engine::schema::Kind;

use super::fold::Folding;
use super::scan::Window;
use super::{Executor, Run};
use crate::error::{Code, Mistake};
use crate::plan::{Generator, Kinds, SelectPlan, StepPlan};
use crate::source::{NodeNo, Source};

/// The step that goes through events that nothing ties to anything, if the selection begins so.
fn first_scan(select: &SelectPlan) -> Option<&StepPlan> {
    select.steps.first().filter(|step| matches!(step.from, Generator::Scan))
}

impl<'a, S: Source> Executor<'a, S> {
    /// Refuses rows of more events than may be read.
    pub(super) fn refuse_rows(&mut self, select: &'a SelectPlan) -> Run<()> {
        self.refuse(select, |_, _| false)
    }

    /// Refuses figures over more events than may be read; what counters answer is not read.
    pub(super) fn refuse_figures(
        &mut self,
        select: &'a SelectPlan,
        folding: &Folding<'a>,
    ) -> Run<()> {
        self.refuse(select, |source, batch| folding.counters_answer(source, batch))
    }

    fn refuse(
        &mut self,
        select: &'a SelectPlan,
        is_counted: impl Fn(&S, NodeNo) -> bool,
    ) -> Run<()> {
        let (plan, source) = (self.plan, self.source);
        let Some(step) = first_scan(select) else { return Ok(()) };
        let Some(slot) = plan.slots.get(step.slot) else { return Ok(()) };
        if slot.kinds != Kinds::one(Kind::Inference) {
            return Ok(());
        }
        let window = self.window(step, &[])?;
        let mut events = self.events;
        for batch in source.batches_within(window.from, window.to) {
            if !is_counted(source, batch) {
                events = events.saturating_add(source.batch_counts(batch).events);
            }
        }
        let most = self.limits.events;
        if events <= most {
            return Ok(());
        }
        let message = format!(
            "this would read about {events} events, by the counters of their batches; the limit is \
             {most}"
        );
        let narrowed = if window.from.is_some() || window.to.is_some() {
            "narrow the time, tie it to a deployment (`served_by deployment:\u{2026}`)"
        } else {
            "add a time range (`time in 2026-03-01..2026-04-01`), tie it to a deployment \
             (`served_by deployment:\u{2026}`)"
        };
        let instead = match select.output {
            crate::plan::OutputPlan::Groups(_) => "or raise the limit of events",
            crate::plan::OutputPlan::Rows { .. } => {
                "ask for some rows (`limit 100`), or raise the limit of events"
            }
        };
        let hint = format!("{narrowed}, {instead}");
        Err(Mistake::new(Code::TooManyEvents, slot.span, message).hint(hint).into())
    }
}

impl Window<'_> {
    /// May a batch whose events lie between these times have one of the stretch?
    pub(super) fn has(&self, (first, last): (i64, i64)) -> bool {
        let is_before = self.from.is_some_and(|from| last < from);
        let is_after = self.to.is_some_and(|to| first > to);
        !is_before && !is_after
    }
}
