//! Terms to variables, and what ties them to chains.

use super::{Bind, Binder};
use crate::ast::{Link, Subject, Target, Term};
use crate::error::{Code, Mistake};
use crate::plan::{Chain, End, Hop, Kinds, SetSource, SlotId, Turned};

/// The terms of one selection, bound.
#[derive(Default)]
pub(super) struct Pattern {
    pub(super) slots: Vec<SlotId>,
    /// Variables that make a row.
    pub(super) listed: Vec<SlotId>,
    pub(super) anchors: Vec<(SlotId, usize)>,
    pub(super) chains: Vec<Chain>,
}

impl Binder {
    /// Binds the terms; the first of them is always listed, and is what bare fields mean.
    pub(super) fn pattern(&mut self, terms: &[&Term]) -> Bind<Pattern> {
        let mut pattern = Pattern::default();
        // Names first, so that terms may use those that stand after them.
        let mut starts = Vec::new();
        for (number, term) in terms.iter().enumerate() {
            let slot = self.declare_term(term, &mut pattern, true)?;
            if number == 0 {
                if !pattern.listed.contains(&slot) {
                    pattern.listed.insert(0, slot);
                }
                if let Some(scope) = self.scopes.last_mut() {
                    scope.it = Some(slot);
                }
            }
            starts.push(slot);
        }
        for (term, slot) in terms.iter().zip(starts) {
            self.term_chains(term, slot, &mut pattern)?;
        }
        // Named terms keep the order of their naming; the first term stands first.
        if let Some(first) = pattern.listed.first().copied() {
            pattern.listed.sort_by_key(|slot| (*slot != first, *slot));
        }
        Ok(pattern)
    }

    /// Makes the variables of a term and of those that follow it in its chain.
    fn declare_term(&mut self, term: &Term, pattern: &mut Pattern, must: bool) -> Bind<SlotId> {
        let kinds = subject_kinds(term);
        let slot = if must || self.needs_slot(term) {
            let name = term.alias.as_ref().map(|name| name.node.clone());
            let slot = self.slot(name, kinds, term.subject.span)?;
            pattern.slots.push(slot);
            if let Some(name) = &term.alias {
                self.declare(name, slot)?;
                pattern.listed.push(slot);
            }
            slot
        } else {
            SlotId::MAX
        };
        if let Some(Link { target: Target::Term(next), .. }) = term.link.as_deref() {
            self.declare_term(next, pattern, false)?;
        }
        Ok(slot)
    }

    /// Named terms, and those with a key in the middle of a chain, are variables; others must
    /// only exist.
    fn needs_slot(&self, term: &Term) -> bool {
        let has_key = !matches!(term.subject.node, Subject::Kind(_));
        term.alias.is_some() || (has_key && term.link.is_some())
    }

    /// The chains that begin at this term.
    fn term_chains(&mut self, term: &Term, slot: SlotId, pattern: &mut Pattern) -> Bind<()> {
        if let Some(set) = self.anchor(&term.subject) {
            pattern.anchors.push((slot, set));
        }
        let mut next_slot = slot;
        let mut start = slot;
        let mut hops: Vec<Hop> = Vec::new();
        let mut kinds = self.kinds(slot);
        let mut link = term.link.as_deref();
        while let Some(Link { relation, target }) = link {
            match target {
                Target::Term(next) if self.needs_slot(next) => {
                    next_slot = Self::slot_after(next_slot, pattern);
                    let hop = self.hop(relation, kinds, self.kinds(next_slot))?;
                    self.narrow(start, &hops, &hop);
                    kinds = hop.to;
                    self.set_kinds(next_slot, hop.to);
                    hops.push(hop);
                    self.push(pattern, start, &mut hops, End::Slot(next_slot));
                    start = next_slot;
                    if let Some(set) = self.anchor(&next.subject) {
                        pattern.anchors.push((next_slot, set));
                    }
                    link = next.link.as_deref();
                }
                Target::Term(next) => {
                    let hop = self.hop(relation, kinds, subject_kinds(next))?;
                    self.narrow(start, &hops, &hop);
                    kinds = hop.to;
                    hops.push(hop);
                    link = next.link.as_deref();
                    if link.is_none() {
                        let end = self.anchor(&next.subject).map_or(End::Any, End::Set);
                        self.push(pattern, start, &mut hops, end);
                    }
                }
                other => {
                    let (end, end_kinds) = self.end(other)?;
                    let hop = self.hop(relation, kinds, end_kinds)?;
                    self.narrow(start, &hops, &hop);
                    hops.push(hop);
                    self.push(pattern, start, &mut hops, end);
                    link = None;
                }
            }
        }
        Ok(())
    }

    /// The variable that was made for the next term of the chain: they are made in its order.
    fn slot_after(slot: SlotId, pattern: &Pattern) -> SlotId {
        pattern.slots.iter().copied().find(|other| *other > slot).unwrap_or(slot)
    }

    fn push(&mut self, pattern: &mut Pattern, start: SlotId, hops: &mut Vec<Hop>, end: End) {
        let kinds = self.kinds(start);
        let memo = self.memo();
        let hops = std::mem::take(hops);
        pattern.chains.push(Chain {
            start: End::Slot(start),
            kinds,
            hops,
            end,
            memo,
            turned: Turned::default(),
        });
    }

    /// The first hop of a chain tells more about where it begins.
    fn narrow(&mut self, start: SlotId, hops: &[Hop], hop: &Hop) {
        if hops.is_empty() {
            self.set_kinds(start, hop.from);
        }
    }

    pub(super) fn kinds(&self, slot: SlotId) -> Kinds {
        self.slots.get(slot).map_or(Kinds::NONE, |slot| slot.kinds)
    }

    fn set_kinds(&mut self, slot: SlotId, kinds: Kinds) {
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.kinds = kinds;
        }
    }

    /// A variable or an inner question at the end of a chain.
    pub(super) fn end(&mut self, target: &Target) -> Bind<(End, Kinds)> {
        match target {
            Target::Variable(name) => {
                if let Some((set, kinds)) = self.saved_beside(&name.node) {
                    return Ok((End::Set(set), kinds));
                }
                let slot = self.need_variable(&name.node, name.span)?;
                Ok((End::Slot(slot), self.kinds(slot)))
            }
            Target::Subquery(find) => {
                let plan = self.find(find, false)?;
                let kinds = self.node_column(&plan, find.span.0)?;
                let correlated = plan.correlated;
                let set = self.set(SetSource::Find(plan), kinds, correlated, find.span.0);
                Ok((End::Set(set), kinds))
            }
            Target::Term(term) => match self.anchor(&term.subject) {
                Some(set) => Ok((End::Set(set), subject_kinds(term))),
                None => Ok((End::Any, subject_kinds(term))),
            },
        }
    }

    /// A relation in a condition: its chain, which only tests. Names in it have no use.
    pub(super) fn test_chain(&mut self, start: End, kinds: Kinds, link: &Link) -> Bind<Chain> {
        let mut hops = Vec::new();
        let mut from = kinds;
        let mut link = link;
        let end = loop {
            let (end, to) = match &link.target {
                Target::Term(term) => {
                    (self.anchor(&term.subject).map_or(End::Any, End::Set), subject_kinds(term))
                }
                other => self.end(other)?,
            };
            let mut hop = self.hop(&link.relation, from, to)?;
            from = hop.to;
            let next = match &link.target {
                Target::Term(term) => term.link.as_deref(),
                _ => None,
            };
            if let (Some(_), End::Set(set)) = (next, end) {
                hop.to_set = Some(set);
            }
            hops.push(hop);
            match next {
                Some(next) => link = next,
                None => break end,
            }
        };
        let memo = self.memo();
        let chain = Chain { start, kinds, hops, end, memo, turned: Turned::default() };
        // What varies from row to row stands first.
        Ok(match (chain.start, chain.end) {
            (End::Slot(_), _) => chain,
            (_, End::Slot(_)) | (End::Any, End::Set(_)) => chain.reversed(),
            _ => chain,
        })
    }

    /// The start of `exists run produces m`, and its test.
    pub(super) fn exists_term(&mut self, term: &Term) -> Bind<Option<Chain>> {
        let start = self.anchor(&term.subject).map_or(End::Any, End::Set);
        if let Some(name) = &term.alias
            && self.scopes.iter().any(|scope| scope.names.iter().any(|(n, _)| *n == name.node))
        {
            return Err(Mistake::new(
                Code::NameTaken,
                name.span,
                format!("`{}` already names a term", name.node),
            ));
        }
        let Some(link) = term.link.as_deref() else { return Ok(None) };
        self.test_chain(start, subject_kinds(term), link).map(Some)
    }
}

/// The kinds that a term's subject tells.
pub(super) fn subject_kinds(term: &Term) -> Kinds {
    match &term.subject.node {
        Subject::Kind(kind) => Kinds::of(*kind),
        Subject::Reference(reference) => Kinds::of(reference.kind),
        Subject::Id(_) => Kinds::nodes(),
        Subject::Parameter(_) | Subject::Variable(_) => Kinds::all(),
    }
}
