//! One relation between two terms: its direction and the kinds it leaves.

use lineal_engine::schema::{Direction, Kind, RELATIONS, Relation};

use super::{Bind, Binder, closure};
use crate::ast::{LinkRelation, Spanned};
use crate::error::{Code, Mistake, Span};
use crate::plan::{Hop, HopKind, Kinds};

impl Binder {
    /// The hop from a subject to a target of these kinds.
    pub(super) fn hop(
        &mut self,
        relation: &Spanned<LinkRelation>,
        subject: Kinds,
        target: Kinds,
    ) -> Bind<Hop> {
        let hop = match &relation.node {
            LinkRelation::Reach(reach) => {
                let how = self.reach(reach, subject, target, relation.span)?;
                Hop { how, from: subject, to: target, to_set: None }
            }
            LinkRelation::Edge(name, direction) => {
                edge(*name, *direction, subject, target, relation.span)?
            }
        };
        self.comes_by(hop.from.or(hop.to));
        if let HopKind::Edge(relation, direction) = &hop.how {
            self.warn_of_events(*relation, *direction, hop.from, hop.to);
        }
        Ok(hop)
    }
}

impl Binder {
    /// Single events are rows, and records name nodes: of the relations of an event its own two are
    /// known, and no other can be found.
    fn warn_of_events(&mut self, relation: Relation, direction: Direction, from: Kinds, to: Kinds) {
        let events = Kinds::one(Kind::Inference);
        let is_own = matches!(relation, Relation::ServedBy | Relation::PartOf);
        if is_own || (from != events && to != events) {
            return;
        }
        // The end at which the events stand, by what else may stand there.
        let spec = relation.spec();
        let ends =
            if (direction == Direction::Forward) == (to == events) { spec.to } else { spec.from };
        let others: Kinds = ends.iter().copied().filter(|kind| *kind != Kind::Inference).collect();
        let warning = format!(
            "no record names single events by `{}`, so none is found; {} may stand there",
            word(relation, direction),
            others.words(),
        );
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

fn flipped(direction: Direction) -> Direction {
    match direction {
        Direction::Forward => Direction::Inverse,
        Direction::Inverse => Direction::Forward,
    }
}

fn word(relation: Relation, direction: Direction) -> &'static str {
    match direction {
        Direction::Forward => relation.spec().name,
        Direction::Inverse => relation.spec().inverse,
    }
}

fn edge(
    relation: Relation,
    direction: Direction,
    subject: Kinds,
    target: Kinds,
    span: Span,
) -> Bind<Hop> {
    let to = subject.along(relation, direction).and(target);
    let from = target.along(relation, flipped(direction)).and(subject);
    if !to.is_empty() && !from.is_empty() {
        return Ok(Hop { how: HopKind::Edge(relation, direction), from, to, to_set: None });
    }
    let here = word(relation, direction);
    let (a, b) = (subject.words(), target.words());
    let back = flipped(direction);
    let other = word(relation, back);
    if !subject.along(relation, back).and(target).is_empty() {
        return Err(Mistake::new(
            Code::Direction,
            span,
            format!("{a} cannot be `{here}` {b} (it is: {b} {here} {a})"),
        )
        .hint(format!("the other direction is `{other}`"))
        .replace(other));
    }
    let mistake =
        Mistake::new(Code::Unrelated, span, format!("`{here}` does not lead from {a} to {b}"));
    let words = joining(subject, target);
    Err(if words.is_empty() {
        let spec = relation.spec();
        let kinds = |kinds: &[Kind]| kinds.iter().copied().collect::<Kinds>().words();
        mistake.hint(match closure::joining(subject, target) {
            Some(word) => format!("`{word}` does"),
            None => format!("it leads from {} to {}", kinds(spec.from), kinds(spec.to)),
        })
    } else if let [only] = words.as_slice() {
        mistake.hint(format!("`{only}` does")).replace(*only)
    } else {
        mistake.hint(format!("these do: {}", words.join(", ")))
    })
}

/// Every word that leads from the one to the other.
fn joining(from: Kinds, to: Kinds) -> Vec<&'static str> {
    let mut out = Vec::new();
    for spec in &RELATIONS {
        for direction in [Direction::Forward, Direction::Inverse] {
            let wide = from == Kinds::nodes() || to == Kinds::nodes();
            if !wide && !from.along(spec.relation, direction).and(to).is_empty() {
                out.push(word(spec.relation, direction));
            }
        }
    }
    out
}
