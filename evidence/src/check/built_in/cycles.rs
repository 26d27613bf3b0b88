//! Nodes that lie upstream of themselves.

use lineal_engine::NodeNo;
use lineal_engine::schema::{Class, Direction, RELATIONS, Relation};

use lineal_query::CHECK_EVERY;

use super::Offence;
use crate::check::Error;
use crate::check::ask::Asker;
use crate::report::words::counted;
use crate::rules::About;

/// How far a node is walked.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Open,
    Done,
}

/// Cycles that are named; there are rarely any.
const CYCLES_MAX: usize = 100;

/// One finding for each edge that closes a cycle, at the node that it leads back to.
pub(super) fn upstream_of_itself(
    asker: &Asker<'_>,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let snapshot = asker.snapshot();
    let relations: Vec<Relation> = RELATIONS
        .iter()
        .filter(|spec| spec.class == Class::Lineage)
        .map(|spec| spec.relation)
        .collect();
    let count = snapshot.node_count() as usize;
    let mut marks = vec![Mark::New; count];
    let all: Vec<NodeNo> = match asker.about {
        About::Anything => (0..snapshot.node_count()).collect(),
        _ => subjects.to_vec(),
    };
    let (mut offences, mut steps) = (Vec::new(), 0_u64);
    // A walk in depth without recursion: a node, and which of its edges comes next.
    let mut way: Vec<(NodeNo, usize, usize)> = Vec::new();
    for root in all {
        if marks.get(root as usize) != Some(&Mark::New) {
            continue;
        }
        marks[root as usize] = Mark::Open;
        way.push((root, 0, 0));
        while let Some((node, relation, edge)) = way.last_mut() {
            steps += 1;
            if steps % CHECK_EVERY == 0 {
                asker.go_on()?;
            }
            let Some(followed) = relations.get(*relation) else {
                marks[*node as usize] = Mark::Done;
                way.pop();
                continue;
            };
            let targets = snapshot.edges(*node, *followed, Direction::Forward);
            let Some(target) = targets.get(*edge).copied() else {
                (*relation, *edge) = (*relation + 1, 0);
                continue;
            };
            *edge += 1;
            match marks.get(target as usize) {
                Some(Mark::New) => {
                    marks[target as usize] = Mark::Open;
                    way.push((target, 0, 0));
                }
                Some(Mark::Open) if offences.len() < CYCLES_MAX => {
                    let length =
                        way.iter().rev().take_while(|(node, ..)| *node != target).count() + 1;
                    let say = format!(
                        "it lies upstream of itself, over {}",
                        counted(length as u64, "edge")
                    );
                    offences.push(Offence::said(target, say));
                }
                _ => {}
            }
        }
    }
    Ok(offences)
}
