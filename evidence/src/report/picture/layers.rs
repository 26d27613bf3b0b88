//! Where the things of a lineage stand: origins above, what rests on them below, few enough to be read.
//!
//! A thing stands one row below the lowest thing that it rests on, an origin right above the first
//! thing that uses it. A row that is too long is folded by kind, and rows in the middle of a long line
//! into one. Where that is still too much to be read, each kind is one box, with the origins apart. What
//! is folded is counted, never left out. Within a row, things stand near what they are tied to.

use crate::Closure;
use lineal_engine::schema::{Class, Kind, Relation};
use std::collections::{BTreeMap, BTreeSet};

/// Most rows; of a longer line the middle is folded.
const ROWS_MAX: usize = 10;
/// Most boxes that can be read with the lines between them; of more each kind is one.
const PLACES_MAX: usize = 32;
/// Rows that stay at the upper end of such a line.
const ROWS_ABOVE: usize = 4;
/// Most boxes beside each other.
pub(super) const ACROSS_MAX: usize = 6;
/// Passes over the rows that bring things near to what they are tied to.
const PASSES: usize = 6;

/// A box: one thing, or things of one kind that are folded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// The members of the closure, by their places; several are folded.
    pub(super) members: Vec<usize>,
    /// Their kind.
    pub(super) kind: Kind,
}

/// What stands where.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Layers {
    /// The boxes.
    pub(super) places: Vec<Place>,
    /// Rows of boxes, the origins' first; at most [`ACROSS_MAX`] in each.
    pub(super) rows: Vec<Vec<usize>>,
    /// From the older to the newer box, and how.
    pub(super) lines: BTreeSet<(usize, usize, Relation)>,
    /// Lineage edges of the closure.
    pub(super) edges: usize,
    /// Things of the closure with lineage.
    pub(super) things: usize,
}

/// Is it drawn? Events and batches are in other pictures.
fn is_drawn(kind: Kind) -> bool {
    matches!(kind, Kind::Code | Kind::Dataset | Kind::Run | Kind::Model | Kind::Deployment)
}

impl Layers {
    /// The lineage of a closure.
    pub(super) fn of(closure: &Closure) -> Layers {
        let edges: Vec<(usize, Relation, usize)> = closure
            .edges
            .iter()
            .copied()
            .filter(|(from, relation, to)| {
                let drawn = [*from, *to].iter().all(|at| is_drawn(closure.members[*at].kind));
                relation.spec().class == Class::Lineage && drawn && from != to
            })
            .collect();
        let mut things: BTreeSet<usize> =
            edges.iter().flat_map(|(from, _, to)| [*from, *to]).collect();
        if is_drawn(closure.root().kind) {
            things.insert(closure.root);
        }
        let depth = depths(&things, &edges);
        let rows = depth.values().max().map_or(0, |deepest| deepest + 1);
        let mut groups = grouped(closure, &depth, rows);
        let count: usize = groups.values().map(|members| members.len().min(ALONE)).sum();
        let is_summed = count > PLACES_MAX;
        if is_summed {
            groups = summed(closure, &things, &edges);
        }
        let mut layers = Layers { edges: edges.len(), things: things.len(), ..Layers::default() };
        let height = groups.keys().map(|(row, _)| row + 1).max().unwrap_or(0);
        let mut ordered: Vec<Vec<usize>> = vec![Vec::new(); height];
        for ((row, kind), members) in groups {
            let is_folded = is_summed || rows > ROWS_MAX && row == ROWS_ABOVE;
            let own = if is_folded { folded_to(members.len()) } else { kept(members.len()) };
            let (alone, folded) = choose(&members, own, closure.root);
            for member in alone {
                ordered[row].push(layers.places.len());
                layers.places.push(Place { members: vec![member], kind });
            }
            if !folded.is_empty() {
                ordered[row].push(layers.places.len());
                layers.places.push(Place { members: folded, kind });
            }
        }
        let mut place_of: BTreeMap<usize, usize> = BTreeMap::new();
        for (place, it) in layers.places.iter().enumerate() {
            place_of.extend(it.members.iter().map(|member| (*member, place)));
        }
        for (from, relation, to) in &edges {
            if let (Some(newer), Some(older)) = (place_of.get(from), place_of.get(to))
                && newer != older
            {
                layers.lines.insert((*older, *newer, *relation));
            }
        }
        order(&mut ordered, &layers.lines);
        for row in ordered {
            layers.rows.extend(row.chunks(ACROSS_MAX).map(<[usize]>::to_vec));
        }
        layers
    }
}

/// The things of a row, by kind.
type Groups = BTreeMap<(usize, Kind), Vec<usize>>;
/// Most of a group that stand alone, and what makes one box of a few is less than that.
const ALONE: usize = 5;

fn grouped(closure: &Closure, depth: &BTreeMap<usize, usize>, rows: usize) -> Groups {
    let mut groups = Groups::new();
    for (at, depth) in depth {
        let row = folded_row(*depth, rows);
        groups.entry((row, closure.members[*at].kind)).or_default().push(*at);
    }
    groups
}

/// Each kind in a row of its own, the origins among data sets and models above.
fn summed(
    closure: &Closure,
    things: &BTreeSet<usize>,
    edges: &[(usize, Relation, usize)],
) -> Groups {
    let rests: BTreeSet<usize> = edges.iter().map(|(from, ..)| *from).collect();
    let mut groups = Groups::new();
    for at in things {
        let kind = closure.members[*at].kind;
        let row = match kind {
            Kind::Run => 2,
            Kind::Deployment => 4,
            Kind::Model if rests.contains(at) => 3,
            Kind::Dataset if !rests.contains(at) => 0,
            _ => 1,
        };
        groups.entry((row, kind)).or_default().push(*at);
    }
    groups
}

/// How many of a group stand alone: all of a few, and of more so many that the rest makes one box.
fn kept(count: usize) -> usize {
    if count <= ALONE { count } else { ALONE - 1 }
}

/// Of a group that is one box: a single thing stands alone.
fn folded_to(count: usize) -> usize {
    if count == 1 { 1 } else { 0 }
}

/// The first of a group stand alone, the root among them; the rest is folded.
fn choose(members: &[usize], keep: usize, root: usize) -> (Vec<usize>, Vec<usize>) {
    let mut alone: Vec<usize> = members.iter().copied().filter(|it| *it == root).collect();
    let others = members.iter().copied().filter(|it| *it != root);
    let mut folded = Vec::new();
    for member in others {
        if alone.len() < keep { alone.push(member) } else { folded.push(member) }
    }
    alone.sort_unstable();
    (alone, folded)
}

/// The row of a depth where the middle of a long line is folded.
fn folded_row(depth: usize, rows: usize) -> usize {
    let below = ROWS_MAX - ROWS_ABOVE - 1;
    if rows <= ROWS_MAX || depth < ROWS_ABOVE {
        depth
    } else if depth >= rows - below {
        ROWS_ABOVE + 1 + depth - (rows - below)
    } else {
        ROWS_ABOVE
    }
}

/// How deep each thing stands. What lies in a cycle stands below what was placed before it.
fn depths(things: &BTreeSet<usize>, edges: &[(usize, Relation, usize)]) -> BTreeMap<usize, usize> {
    let mut rests_on: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut used_by: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (from, _, to) in edges {
        rests_on.entry(*from).or_default().insert(*to);
        used_by.entry(*to).or_default().insert(*from);
    }
    let mut waiting: BTreeMap<usize, usize> =
        things.iter().map(|at| (*at, rests_on.get(at).map_or(0, BTreeSet::len))).collect();
    let mut ready: BTreeSet<usize> =
        waiting.iter().filter(|(_, count)| **count == 0).map(|(at, _)| *at).collect();
    let mut depth: BTreeMap<usize, usize> = BTreeMap::new();
    while let Some(at) = ready.pop_first().or_else(|| waiting.keys().next().copied()) {
        waiting.remove(&at);
        let below = rests_on.get(&at).into_iter().flatten().filter_map(|on| depth.get(on)).max();
        depth.insert(at, below.map_or(0, |deepest| deepest + 1));
        for user in used_by.get(&at).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(user) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.insert(*user);
                }
            }
        }
    }
    for at in things.iter().filter(|at| !rests_on.contains_key(at)) {
        let users = used_by.get(at).into_iter().flatten();
        if let Some(first) = users.filter_map(|user| depth.get(user)).min() {
            depth.insert(*at, first.saturating_sub(1));
        }
    }
    depth
}

/// Brings boxes near to those that they are tied to: by the mean place of their neighbours, pass by
/// pass, ties as they stood.
fn order(rows: &mut [Vec<usize>], lines: &BTreeSet<(usize, usize, Relation)>) {
    let mut tied: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (older, newer, _) in lines {
        tied.entry(*older).or_default().push(*newer);
        tied.entry(*newer).or_default().push(*older);
    }
    for _ in 0..PASSES {
        let mut stands: BTreeMap<usize, f64> = BTreeMap::new();
        for row in rows.iter() {
            let middle = row.len() as f64 / 2.0;
            stands.extend(
                row.iter().enumerate().map(|(at, place)| (*place, at as f64 + 0.5 - middle)),
            );
        }
        for row in rows.iter_mut() {
            let mean = |place: &usize| {
                let own: Vec<f64> = tied
                    .get(place)
                    .into_iter()
                    .flatten()
                    .filter_map(|other| stands.get(other).copied())
                    .collect();
                match own.is_empty() {
                    true => stands.get(place).copied().unwrap_or(0.0),
                    false => own.iter().sum::<f64>() / own.len() as f64,
                }
            };
            row.sort_by(|a, b| mean(a).total_cmp(&mean(b)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ACROSS_MAX, Layers, folded_row};
    use crate::{Closure, Member};
    use lineal_engine::schema::{Kind, Relation};
    use lineal_proof::{Hash, Key, Map};

    fn member(kind: Kind, name: &str) -> Member {
        Member {
            node: 0,
            kind,
            key: Key::text(name),
            name: format!("{kind}:{name}"),
            id: Hash::of(name.as_bytes()),
            revision: None,
            fields: Map::new(),
            sealed: Default::default(),
        }
    }

    fn closure(members: Vec<Member>, edges: Vec<(usize, Relation, usize)>, root: usize) -> Closure {
        Closure { members, edges, root, commit: 1, recorded: 0 }
    }

    #[test]
    fn what_rests_on_something_stands_below_it() {
        let members = vec![
            member(Kind::Dataset, "raw"),
            member(Kind::Run, "train"),
            member(Kind::Model, "m"),
            member(Kind::Dataset, "other"),
        ];
        let edges = vec![
            (1, Relation::TrainedOn, 0),
            (2, Relation::ProducedBy, 1),
            (2, Relation::DerivedFrom, 3),
        ];
        let layers = Layers::of(&closure(members, edges, 2));
        let row = |member: usize| {
            layers.rows.iter().position(|row| {
                row.iter().any(|place| layers.places[*place].members.contains(&member))
            })
        };
        assert_eq!([row(0), row(1), row(2)], [Some(0), Some(1), Some(2)]);
        // An origin stands right above its first user.
        assert_eq!(row(3), Some(1));
    }

    #[test]
    fn what_does_not_fit_is_folded_and_counted() {
        let mut members = vec![member(Kind::Run, "r")];
        members.extend((0..100).map(|at| member(Kind::Dataset, &format!("d{at}"))));
        let edges = (1..=100).map(|at| (0, Relation::TrainedOn, at)).collect();
        let layers = Layers::of(&closure(members, edges, 0));
        assert!(layers.rows.iter().all(|row| row.len() <= ACROSS_MAX));
        let shown: usize = layers.places.iter().map(|place| place.members.len()).sum();
        assert_eq!((shown, layers.things, layers.edges), (101, 101, 100));
        assert!(layers.places.len() <= 6);
    }

    #[test]
    fn of_very_much_each_kind_is_one_box() {
        let mut members = Vec::new();
        let mut edges = Vec::new();
        for at in 0..40 {
            members.push(member(Kind::Dataset, &format!("d{at}")));
            members.push(member(Kind::Run, &format!("r{at}")));
            members.push(member(Kind::Model, &format!("m{at}")));
            edges.push((at * 3 + 1, Relation::TrainedOn, at * 3));
            edges.push((at * 3 + 2, Relation::ProducedBy, at * 3 + 1));
            if at > 0 {
                // Each data set rests on the one before, so that there are many rows.
                edges.push((at * 3, Relation::DerivedFrom, at * 3 - 3));
            }
        }
        let layers = Layers::of(&closure(members, edges, 2));
        let shown: usize = layers.places.iter().map(|place| place.members.len()).sum();
        assert_eq!(shown, 120);
        // The origin, other data sets, runs, the model that it is about, other models.
        let counts: Vec<usize> = layers.places.iter().map(|place| place.members.len()).collect();
        assert_eq!(counts, [1, 39, 40, 1, 39]);
        assert_eq!(layers.rows.len(), 4);
    }

    #[test]
    fn a_cycle_and_a_long_line_end() {
        let members: Vec<Member> =
            (0..40).map(|at| member(Kind::Dataset, &format!("d{at:02}"))).collect();
        let mut edges: Vec<(usize, Relation, usize)> =
            (1..40).map(|at| (at, Relation::DerivedFrom, at - 1)).collect();
        let line = Layers::of(&closure(members.clone(), edges.clone(), 39));
        assert_eq!(line.rows.len(), 10);
        edges.push((0, Relation::DerivedFrom, 39));
        let cycle = Layers::of(&closure(members, edges, 39));
        assert_eq!(cycle.things, 40);
        assert_eq!((folded_row(3, 40), folded_row(20, 40), folded_row(39, 40)), (3, 4, 9));
    }
}
