//! Closures: which relations to follow from each kind, and whether they can lead to the goal.

use std::sync::Arc;

use lineal_engine::schema::{Class, Direction, KINDS, RELATIONS, Relation};

use super::{Bind, Binder};
use crate::ast::{Modifiers, Reach, Target, Via};
use crate::error::{Code, Mistake, Span};
use crate::plan::{Closure, HopKind, Kinds, SetSource};

/// The greatest distance, where none is given: closures end at the visited set, not by depth.
const DISTANCE_MAX: u32 = u32::MAX;

/// What a closure follows, before it is known from where to where.
pub(super) struct Followed {
    relations: Vec<Relation>,
    within: (u32, u32),
    avoiding: Vec<usize>,
    training: bool,
    /// Only lineage, as when nothing is said.
    pub(super) is_default: bool,
}

impl Binder {
    /// Reads the modifiers of a closure or trace.
    pub(super) fn followed(&mut self, modifiers: &Modifiers) -> Bind<Followed> {
        let mut relations: Vec<Relation> = Vec::new();
        let mut training = false;
        let lineage = |spec: &&lineal_engine::schema::RelationSpec| spec.class == Class::Lineage;
        for via in &modifiers.via {
            match via.node {
                Via::Lineage => {
                    relations.extend(RELATIONS.iter().filter(lineage).map(|s| s.relation));
                }
                Via::Any => relations.extend(
                    RELATIONS.iter().filter(|spec| spec.class != Class::Chain).map(|s| s.relation),
                ),
                Via::Training => {
                    training = true;
                    let roleless = [Relation::ValidatedOn, Relation::Used];
                    let specs = RELATIONS.iter().filter(lineage);
                    relations.extend(specs.map(|s| s.relation).filter(|r| !roleless.contains(r)));
                }
                Via::Edge(relation, _) => relations.push(relation),
            }
        }
        if modifiers.via.is_empty() {
            relations.extend(RELATIONS.iter().filter(lineage).map(|spec| spec.relation));
        }
        relations.sort_unstable();
        relations.dedup();
        // An input without a role is followed after all: nothing is uncertain then.
        training &= !relations.contains(&Relation::Used);
        self.training |= training;
        let mut avoiding = Vec::new();
        for target in &modifiers.avoiding {
            avoiding.push(self.avoided(target)?);
        }
        let within = modifiers.within.as_ref().map_or((1, DISTANCE_MAX), |within| within.node);
        let is_default = modifiers.via.is_empty();
        Ok(Followed { relations, within, avoiding, training, is_default })
    }

    /// A closure is followed: notes what kinds it comes by.
    pub(super) fn comes_along(&mut self, closure: &Closure) {
        for (kind, relations) in KINDS.into_iter().zip(&closure.relations) {
            let here = Kinds::one(kind);
            for (relation, direction) in relations {
                self.comes_by(here.or(here.along(*relation, *direction)));
            }
        }
    }

    /// The set of things that a closure does not pass.
    fn avoided(&mut self, target: &Target) -> Bind<usize> {
        match target {
            Target::Term(term) if term.link.is_none() => {
                if let Some(set) = self.anchor(&term.subject) {
                    return Ok(set);
                }
                // `avoiding model`: everything of the kind, as a question of its own.
                self.avoided_term(target)
            }
            Target::Subquery(find) => {
                let plan = self.find(find, false)?;
                let correlated = plan.correlated;
                Ok(self.set(SetSource::Find(plan), Kinds::all(), correlated, find.span.0))
            }
            Target::Term(_) => self.avoided_term(target),
            Target::Variable(name) => {
                if let Some((set, _)) = self.saved_beside(&name.node) {
                    return Ok(set);
                }
                let slot = self.need_variable(&name.node, name.span)?;
                let kinds = self.kinds(slot);
                Ok(self.set(SetSource::Slot(slot), kinds, true, name.span))
            }
        }
    }

    fn avoided_term(&mut self, target: &Target) -> Bind<usize> {
        Ok(self.target_set(target)?.set)
    }

    /// `subject upstream of target`, both ways; refused where no path can exist.
    pub(super) fn reach(
        &mut self,
        reach: &Reach,
        subject: Kinds,
        target: Kinds,
        span: Span,
    ) -> Bind<HopKind> {
        let followed = self.followed(&reach.modifiers)?;
        // `x upstream of y`: from y toward origins one comes to x.
        let upstream = !reach.downstream;
        let to_subject = closure(&followed, upstream, subject);
        let to_target = closure(&followed, !upstream, target);
        self.comes_along(&to_subject);
        self.comes_along(&to_target);
        if can_reach(&followed, upstream, target, subject) {
            return Ok(HopKind::Reach {
                to_target: Arc::new(to_target),
                to_subject: Arc::new(to_subject),
            });
        }
        let word = if upstream { "upstream" } else { "downstream" };
        let by = if followed.is_default { " by lineage" } else { " by these relations" };
        let mistake = Mistake::new(
            Code::Impossible,
            span,
            format!("no {} can be {word} of {}{by}", subject.words(), target.words()),
        );
        let other = closure_word(!upstream);
        if let Some(relations) = followed.enough(upstream, target, subject) {
            let text = format!("{word} via {} of", relations.join(", "));
            let mistake = mistake.hint(format!("a way leads over other relations: `{text}`"));
            let is_plain = reach.modifiers.within.is_none() && reach.modifiers.avoiding.is_empty();
            return Err(if is_plain { mistake.replace(text) } else { mistake });
        }
        Err(if can_reach(&followed, !upstream, target, subject) {
            mistake.hint(format!("{} is {other} of it: write `{other} of`", subject.words()))
        } else if followed.is_default && can_reach(&any(), upstream, target, subject) {
            mistake.hint(format!("`{word} via any of` also follows records about things"))
        } else if let Some(word) = joining(subject, target) {
            mistake.hint(format!(
                "`{} {word} {}` joins them directly",
                subject.words(),
                target.words()
            ))
        } else {
            mistake.hint("`show relations` lists what joins which kinds")
        })
    }
}

impl Followed {
    /// The fewest relations of lineage that lead there, named ones before others; none where nothing
    /// was named or lineage does not lead there either.
    fn enough(&self, upstream: bool, start: Kinds, goal: Kinds) -> Option<Vec<&'static str>> {
        let lineage = |spec: &&lineal_engine::schema::RelationSpec| spec.class == Class::Lineage;
        if self.is_default || self.relations.is_empty() {
            return None;
        }
        let named = |relation: Relation| self.relations.contains(&relation);
        let mut candidates = self.relations.clone();
        let others = RELATIONS.iter().filter(lineage).map(|spec| spec.relation);
        candidates.extend(others.filter(|relation| !named(*relation)));
        let mut ways: Vec<(Kinds, Vec<Relation>)> = vec![(start, Vec::new())];
        // Each step adds a relation; no way of kinds is longer than there are kinds.
        for _ in 0..KINDS.len() {
            let mut next: Vec<(Kinds, Vec<Relation>)> = Vec::new();
            for (kinds, way) in &ways {
                for relation in &candidates {
                    let to = kinds.along(*relation, direction(upstream));
                    let is_new = next.iter().all(|(known, _)| *known != to);
                    if to.is_empty() || way.contains(relation) || !is_new {
                        continue;
                    }
                    let mut way = way.clone();
                    way.push(*relation);
                    if !to.and(goal).is_empty() {
                        way.sort_unstable();
                        return Some(way.into_iter().map(|r| r.spec().name).collect());
                    }
                    next.push((to, way));
                }
            }
            ways = next;
        }
        None
    }
}

fn closure_word(upstream: bool) -> &'static str {
    if upstream { "upstream" } else { "downstream" }
}

fn any() -> Followed {
    let specs = RELATIONS.iter().filter(|spec| spec.class != Class::Chain);
    Followed {
        relations: specs.map(|spec| spec.relation).collect(),
        within: (1, DISTANCE_MAX),
        avoiding: Vec::new(),
        training: false,
        is_default: false,
    }
}

/// A relation that leads from the one to the other in one step, by its word.
pub(super) fn joining(from: Kinds, to: Kinds) -> Option<&'static str> {
    RELATIONS.iter().find_map(|spec| {
        let leads = |direction| !from.along(spec.relation, direction).and(to).is_empty();
        if leads(Direction::Forward) {
            Some(spec.name)
        } else if leads(Direction::Inverse) {
            Some(spec.inverse)
        } else {
            None
        }
    })
}

fn direction(upstream: bool) -> Direction {
    if upstream { Direction::Forward } else { Direction::Inverse }
}

/// Kinds from which the goal can be reached in any number of steps, none included.
fn leading(followed: &Followed, upstream: bool, goal: Kinds) -> Kinds {
    let mut found = goal;
    loop {
        let before = found;
        for kind in KINDS {
            let here = Kinds::one(kind);
            let leads = followed
                .relations
                .iter()
                .any(|relation| !here.along(*relation, direction(upstream)).and(found).is_empty());
            if leads {
                found = found.or(here);
            }
        }
        if found == before {
            return found;
        }
    }
}

/// Can a walk of at least one step lead from one of the kinds to the goal?
pub(super) fn can_reach(followed: &Followed, upstream: bool, start: Kinds, goal: Kinds) -> bool {
    let leading = leading(followed, upstream, goal);
    let mut steps = followed.relations.iter();
    steps.any(|relation| !start.along(*relation, direction(upstream)).and(leading).is_empty())
}

/// Lineage from anything to anything, for `root` and `tip`.
pub(crate) fn lineage(upstream: bool) -> Closure {
    let specs = RELATIONS.iter().filter(|spec| spec.class == Class::Lineage);
    let followed = Followed { relations: specs.map(|spec| spec.relation).collect(), ..any() };
    closure(&followed, upstream, Kinds::all())
}

/// The relations to follow from each kind, toward the goal.
pub(super) fn closure(followed: &Followed, upstream: bool, goal: Kinds) -> Closure {
    let leading = leading(followed, upstream, goal);
    let direction = direction(upstream);
    let relations: Vec<Vec<(Relation, Direction)>> = KINDS
        .into_iter()
        .map(|kind| {
            let here = Kinds::one(kind);
            let useful =
                |relation: &&Relation| !here.along(**relation, direction).and(leading).is_empty();
            followed.relations.iter().filter(useful).map(|r| (*r, direction)).collect()
        })
        .collect();
    let lands = crate::plan::landings(&relations);
    Closure {
        relations,
        lands,
        upstream,
        within: followed.within,
        avoiding: followed.avoiding.clone(),
        training: followed.training,
    }
}
