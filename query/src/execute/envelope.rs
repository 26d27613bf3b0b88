//! What stands around the rows of an answer: names, how complete it is, and warnings.

use std::collections::BTreeSet;

use lineal_engine::schema::{Direction, Kind, RELATIONS};

use super::{Executor, Produced};
use crate::answer::{Answer, Completeness, Names, REASONS_MAX, Reason, Table, Uncertainty};
use crate::error::Result;
use crate::limits::Limit;
use crate::plan::{Generator, Kinds, OperandPlan, OutputPlan, Root};
use crate::source::{NodeNo, Source};
use crate::told::{REFERRERS_MAX, Tool};
use lineal_proof::Value as Recorded;

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
    pub(super) fn envelope(&self, mut produced: Produced, named: bool) -> Result<Answer> {
        let total = self.cut(&mut produced)?;
        let (width, values) = std::mem::take(&mut produced.found).into_values();
        let rows = &mut produced.rows;
        rows.reserve(values.len() / width.max(1));
        let mut values = values.into_iter();
        while values.len() > 0 {
            rows.push(values.by_ref().take(width).collect());
        }
        let names = if named { self.names(rows.iter().flatten())? } else { Names::default() };
        let completeness = self.completeness(produced.truncated);
        Ok(self.around(produced, total, names, completeness))
    }

    /// The same with the rows in a table, whose memory is used again. Those of the statements that have
    /// few stay in the answer, before them.
    pub(super) fn envelope_beside(
        &mut self,
        mut produced: Produced,
        table: &mut Table,
    ) -> Result<Answer> {
        let total = self.cut(&mut produced)?;
        let mut found = std::mem::take(&mut produced.found);
        let memory = self.machine.kept.emptied_answer();
        let completeness = self.completeness(produced.truncated);
        table.refill(found.width(), total, completeness.clone(), |values| {
            if values.capacity() < memory.capacity() {
                *values = memory;
            }
            found.move_values(values);
        });
        self.keep_rows(found);
        let names = self.names(produced.rows.iter().flatten().chain(table.values()))?;
        Ok(self.around(produced, total, names, completeness))
    }

    /// Cuts out of the rows what `skip` and `limit` leave of them; gives how many there were.
    fn cut(&self, produced: &mut Produced) -> Result<u64> {
        let total = produced.count();
        let (skip, limit) = self.page(produced.skip, produced.limit)?;
        produced.found.page(skip, limit);
        Ok(total)
    }

    /// What stands around the rows, and those that a statement wrote one by one.
    fn around(
        &self,
        produced: Produced,
        total: u64,
        names: Names,
        completeness: Completeness,
    ) -> Answer {
        let Produced { columns, rows, .. } = produced;
        let columns = columns.unwrap_or_else(|| self.plan.columns.clone());
        let warning = |(text, count): (&String, &u64)| {
            if *count > 1 { format!("{text} ({count} times)") } else { text.clone() }
        };
        Answer {
            columns,
            rows,
            total,
            completeness,
            commit: self.source.commit(),
            recorded: self.source.recorded(),
            now: self.now,
            warnings: {
                let known = self.plan.warnings.iter().cloned();
                let met = self.warnings.iter().map(warning);
                known
                    .chain(met)
                    .chain(self.left_out())
                    .chain(self.unshown())
                    .chain(self.unshown_values())
                    .chain(self.deleted(&names))
                    .collect()
            },
            edges_followed: self.edges,
            events_read: self.events,
            format: self.plan.format.clone(),
            is_storeless: false,
            names,
        }
    }

    /// How complete an answer is that ended so.
    pub(super) fn completeness(&self, truncated: Option<Limit>) -> Completeness {
        let of_values = self.lost_values();
        let reason_count = (self.reasons.len() + self.unread.len() + of_values.len()) as u64;
        let of_nodes = self.reasons.iter().map(|(node, what)| self.reason(*node, *what));
        let unread = self.unread.iter().filter_map(|place| self.source.unread().get(*place));
        let of_logs = unread.map(|unread| Reason {
            what: match unread.is_erased {
                true => Uncertainty::ErasedOfShared,
                false => Uncertainty::Unread(unread.lines),
            },
            node: unread.import,
            name: unread.log.clone(),
            fits: Vec::new(),
            referred_by: Vec::new(),
        });
        let of_values = of_values.into_iter().map(|what| Reason {
            what,
            node: NodeNo::MAX,
            name: String::new(),
            fits: Vec::new(),
            referred_by: Vec::new(),
        });
        let reasons = of_values.chain(of_nodes).chain(of_logs).take(REASONS_MAX).collect();
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
            && step.whole.is_empty()
            && step.narrowed.is_none()
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

    /// Says how much a scan left out because it is marked deleted in its source.
    fn left_out(&self) -> Option<String> {
        let nodes: Vec<NodeNo> = self.left_out.iter().copied().collect();
        let count = nodes.len();
        let names = some_names(self.source, &nodes).join(", ");
        (count > 0).then(|| {
            format!(
                "left out because deleted in the source ({count}): {names}; a condition on \
                 `deleted` asks for them"
            )
        })
    }

    /// Says of an answer about events how many no row shows.
    fn unshown(&self) -> Option<String> {
        if !self.plan.doubts.kinds.has(Kind::Inference) {
            return None;
        }
        let all = self.source.unshown().iter();
        let (erased, restricted) = all.fold((0, 0), |(erased, restricted), of| {
            (erased + of.erased, restricted + of.restricted)
        });
        let what = match (erased, restricted) {
            (0, 0) => return None,
            (_, 0) => format!("{erased} of the events recorded here are erased"),
            (0, _) => format!("{restricted} of the events recorded here are restricted"),
            _ => {
                format!("{erased} of the events recorded here are erased, {restricted} restricted")
            }
        };
        Some(format!("{what}: no row shows them; counters of batches and deployments count them"))
    }

    /// How many sealed values are restricted or erased, where the question speaks of a field that may hold one.
    fn lost_values(&self) -> Vec<Uncertainty> {
        let doubts = self.plan.doubts;
        if !doubts.sealed {
            return Vec::new();
        }
        let erased = doubts.kinds.iter().map(|kind| self.source.erased_values(kind)).sum();
        let restricted = self.source.unshown_values();
        let restricted = (restricted > 0).then_some(Uncertainty::RestrictedValues(restricted));
        let erased = (erased > 0).then_some(Uncertainty::ErasedValues(erased));
        restricted.into_iter().chain(erased).collect()
    }

    /// Says to whoever does not ask for a sealed field that there are some which are not shown.
    fn unshown_values(&self) -> Option<String> {
        match self.source.unshown_values() {
            0 => None,
            _ if self.plan.doubts.sealed => None,
            1 => Some("1 sealed value is restricted, not shown".to_owned()),
            count => Some(format!("{count} sealed values are restricted, not shown")),
        }
    }

    /// Says of what is in the rows that it is marked deleted in its source.
    fn deleted(&self, names: &Names) -> Option<String> {
        let is_deleted = |node: &NodeNo| self.source.is_deleted(*node);
        let deleted: Vec<NodeNo> = names.nodes.numbers().filter(is_deleted).collect();
        let names = some_names(self.source, &deleted).join(", ");
        (!deleted.is_empty()).then(|| format!("deleted in its source: {names}"))
    }

    /// A reason with the names that it speaks of.
    fn reason(&self, node: NodeNo, what: Uncertainty) -> Reason {
        let source = self.source;
        let names = |nodes: &[NodeNo]| some_names(source, nodes);
        let (mut fits, mut referred_by) = (Vec::new(), Vec::new());
        if what == Uncertainty::Conflict {
            fits = names(source.candidates(node));
            let ends: BTreeSet<NodeNo> = self.referrers(node).collect();
            referred_by = names(&ends.into_iter().collect::<Vec<_>>());
        }
        let what = match what {
            Uncertainty::Roleless(_) => Uncertainty::Roleless(self.tool_of(node)),
            Uncertainty::Missing(kind, _) => {
                let referring = self.referrers(node).take(REFERRERS_MAX);
                let tool = referring.filter_map(|end| self.tool_of(end)).min();
                Uncertainty::Missing(kind, tool)
            }
            what => what,
        };
        Reason { what, node, name: source.name_of(node), fits, referred_by }
    }

    /// What refers to a node, as often as it does.
    fn referrers(&self, node: NodeNo) -> impl Iterator<Item = NodeNo> + '_ {
        let relations = RELATIONS.iter().map(|spec| spec.relation);
        relations.flat_map(move |r| self.source.edges(node, r, Direction::Inverse)).copied()
    }

    /// The tool that a run, or another node, is from, where its view tells who speaks of it.
    fn tool_of(&self, run: NodeNo) -> Option<Tool> {
        let sources = self.source.field(run, "sources").ok().flatten()?;
        let mut spoken = sources.as_list()?.iter().filter_map(Recorded::as_text);
        spoken.find_map(|one| Tool::of_form(one.rsplit_once('/')?.1))
    }
}
