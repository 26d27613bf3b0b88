//! Sets of kinds: what a variable may stand for, as far as the schema tells.

use lineal_engine::schema::{Direction, KINDS, Kind, Relation};

/// A set of kinds.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Kinds(u32);

impl Kinds {
    pub(crate) const NONE: Kinds = Kinds(0);

    pub(crate) fn one(kind: Kind) -> Kinds {
        Kinds(1 << kind as u32)
    }

    /// Every kind of graph node: `node` ranges over these, not over events, nor over the trail.
    pub(crate) fn nodes() -> Kinds {
        Kinds::all().without(Kind::Inference).without(Kind::Access)
    }

    /// Every kind: what a parameter may name.
    pub(crate) fn all() -> Kinds {
        KINDS.into_iter().collect()
    }

    /// Of a word in the text; `None` is `node`.
    pub(crate) fn of(kind: Option<Kind>) -> Kinds {
        kind.map_or_else(Kinds::nodes, Kinds::one)
    }

    pub(crate) fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u32) != 0
    }

    pub(crate) fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    pub(crate) fn without(self, kind: Kind) -> Kinds {
        Kinds(self.0 & !(1 << kind as u32))
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Kind> {
        KINDS.into_iter().filter(move |kind| self.has(*kind))
    }

    /// The kind, if it is only one.
    pub(crate) fn single(self) -> Option<Kind> {
        // A kind's number is its place among all.
        let place = self.0.is_power_of_two().then(|| self.0.trailing_zeros() as usize)?;
        KINDS.get(place).copied()
    }

    /// `model`, `model or run`, `node`.
    pub(crate) fn words(self) -> String {
        let beside = Kinds::all().without(Kind::Inference).without(Kind::Access);
        if self != Kinds::NONE && self.and(beside) == beside {
            return "node".to_owned();
        }
        self.iter().map(Kind::name).collect::<Vec<_>>().join(" or ")
    }

    /// The kinds that one step along a relation leads to from these.
    pub(crate) fn along(self, relation: Relation, direction: Direction) -> Kinds {
        let spec = relation.spec();
        let (from, to) = match direction {
            Direction::Forward => (spec.from, spec.to),
            Direction::Inverse => (spec.to, spec.from),
        };
        let from: Kinds = from.iter().copied().collect();
        let to: Kinds = to.iter().copied().collect();
        let here = self.and(from);
        if here.is_empty() {
            Kinds::NONE
        } else if spec.same_kind {
            here.and(to)
        } else {
            to
        }
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Kinds {
        kinds.into_iter().fold(Kinds::NONE, |set, kind| set.or(Kinds::one(kind)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_keeps_the_kind_where_the_relation_does() {
        let models = Kinds::one(Kind::Model);
        assert_eq!(models.along(Relation::DerivedFrom, Direction::Forward), models);
        assert_eq!(models.along(Relation::ProducedBy, Direction::Forward), Kinds::one(Kind::Run));
        assert!(models.along(Relation::TrainedOn, Direction::Forward).is_empty());
        assert_eq!(Kinds::nodes().words(), "node");
    }
}
