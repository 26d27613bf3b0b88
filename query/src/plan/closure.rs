//! What follows from the relations of a closure by the schema alone.

use lineal_engine::schema::{Direction, KINDS, Kind, Relation};

use super::{Closure, Kinds};

impl Closure {
    /// The same closure toward fewer kinds: without relations that cannot lead to them.
    pub(crate) fn toward(&self, goal: Kinds) -> Closure {
        let mut leading = goal;
        let leads = |kind: Kind, (relation, direction): &(Relation, Direction), to: Kinds| {
            !Kinds::one(kind).along(*relation, *direction).and(to).is_empty()
        };
        loop {
            let before = leading;
            for (kind, relations) in KINDS.into_iter().zip(&self.relations) {
                if relations.iter().any(|followed| leads(kind, followed, before)) {
                    leading = leading.or(Kinds::one(kind));
                }
            }
            if leading == before {
                break;
            }
        }
        let mut relations = self.relations.clone();
        for (kind, relations) in KINDS.into_iter().zip(&mut relations) {
            relations.retain(|followed| leads(kind, followed, leading));
        }
        let lands = landings(&relations);
        Closure { relations, lands, ..self.clone() }
    }
}

/// For each relation of each kind the kind that it leads to, where the schema knows but one.
pub(crate) fn landings(relations: &[Vec<(Relation, Direction)>]) -> Vec<Vec<Option<Kind>>> {
    let lands = |kind: Kind, (relation, direction): &(Relation, Direction)| {
        Kinds::one(kind).along(*relation, *direction).single()
    };
    let of_kind = |(kind, relations): (Kind, &Vec<(Relation, Direction)>)| {
        relations.iter().map(|followed| lands(kind, followed)).collect()
    };
    KINDS.into_iter().zip(relations).map(of_kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toward_fewer_kinds_no_relation_is_left_that_leads_elsewhere() {
        let all = crate::bind::lineage(true);
        let to_data = all.toward(Kinds::one(Kind::Dataset));
        let of = |closure: &Closure, kind: Kind| closure.relations[kind as usize].clone();
        let run = of(&to_data, Kind::Run);
        assert!(run.iter().any(|(relation, _)| *relation == Relation::TrainedOn));
        assert!(run.len() < of(&all, Kind::Run).len(), "{run:?}");
        assert_eq!(to_data.lands[Kind::Run as usize].len(), run.len());
    }
}
