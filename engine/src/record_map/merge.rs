//! Merging runs into one, in memory or straight into a file.

use super::{Entries, Run, Spill, file};
use crate::error::Result;
use lineal_proof::absence::run::{BLOCK_ENTRIES, leaves_of};
use lineal_proof::absence::{Entry, RunHead};
use lineal_proof::merkle::Tree;
use std::sync::Arc;

/// Entries that are handed on together: whole blocks.
const PIECE: usize = 1_024 * BLOCK_ENTRIES;

/// Takes entries in order.
pub(super) enum Sink<'a> {
    Memory(Vec<Entry>),
    File(Box<file::RunFile<'a>>),
}

/// One run of the entries of others, for commits.
///
/// # Errors
/// What the medium says.
pub(super) fn merge(
    parts: &[&[Entry]],
    commits: (u64, u64),
    spill: Option<Spill<'_>>,
) -> Result<Run> {
    let count: usize = parts.iter().map(|part| part.len()).sum();
    let mut sink = match spill.filter(|spill| count > spill.in_memory_max) {
        Some(spill) => Sink::File(Box::new(file::RunFile::begin(spill, commits, count)?)),
        None => Sink::Memory(Vec::with_capacity(count)),
    };
    let mut tree = Tree::default();
    let mut piece = Vec::with_capacity(PIECE.min(count));
    let mut hand_on = |piece: &mut Vec<Entry>, sink: &mut Sink<'_>| -> Result<()> {
        tree.extend(leaves_of(piece));
        match sink {
            Sink::Memory(entries) => entries.append(piece),
            Sink::File(file) => {
                file.push(piece)?;
                piece.clear();
            }
        }
        Ok(())
    };
    let mut rest: Vec<&[Entry]> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    while !rest.is_empty() {
        // A few runs, and mostly one of them goes on for long: a heap would cost more.
        let next = rest.iter().enumerate().min_by_key(|(_, part)| part.first());
        let Some((at, _)) = next else { break };
        let bound = rest.iter().enumerate().filter(|(other, _)| *other != at);
        let bound = bound.filter_map(|(_, part)| part.first()).min();
        let run = rest[at].iter().take(PIECE - piece.len());
        let taken = run.take_while(|entry| bound.is_none_or(|bound| *entry <= bound)).count();
        let (now, later) = rest[at].split_at(taken);
        piece.extend_from_slice(now);
        rest[at] = later;
        if later.is_empty() {
            rest.remove(at);
        }
        if piece.len() == PIECE {
            hand_on(&mut piece, &mut sink)?;
        }
    }
    hand_on(&mut piece, &mut sink)?;
    let head = RunHead { entries: count as u64, root: tree.root() };
    let entries = match sink {
        Sink::Memory(entries) => Entries::Memory(Arc::new(entries)),
        Sink::File(file) => Entries::File(Arc::new(file.finish()?)),
    };
    Ok(Run { commits, head, entries })
}
