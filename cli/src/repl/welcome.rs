//! The first screen: what is in the store, and what to try.

use super::session::Session;
use crate::command::questions;
use crate::exit::Outcome;
use crate::render::{Style, counted, visible};
use lineal_engine::Snapshot;
use lineal_engine::schema::KINDS;
use std::io::Write;

/// Kinds that stand in the first line; `.stats` has all.
const KINDS_SHOWN: usize = 5;

/// Prints it.
pub(crate) fn print(session: &mut Session, out: &mut dyn Write) -> Outcome<()> {
    let style = Style::new();
    let zone = session.zone().clone();
    let (store, view) = session.current()?;
    let view = view.snapshot();
    let name = style.strong(&store.name());
    // Before the first commit there is no time of it.
    let when = match view.commit() {
        0 => String::new(),
        _ => format!(" of {}", zone.time(view.recorded())),
    };
    let version = env!("CARGO_PKG_VERSION");
    writeln!(out, "lineal {version} on {name}, commit {}{when}", view.commit())?;
    writeln!(out, "{}", holdings(view))?;
    let questions = questions(view)?;
    if questions.is_empty() {
        writeln!(out, "nothing to ask about yet: `lineal import PATH...` fills a store")?;
    } else {
        writeln!(out, "try:")?;
    }
    for question in questions {
        writeln!(out, "  {};", visible(&question))?;
    }
    let note = "`;` or an empty line asks, Tab completes, .help lists the rest, Ctrl-D leaves";
    writeln!(out, "{}", style.faint(note))?;
    Ok(())
}

/// The greatest kinds and the events, in one line.
fn holdings(view: &Snapshot) -> String {
    let mut counts: Vec<(usize, &str)> =
        KINDS.iter().map(|kind| (view.nodes_of(*kind).len(), kind.name())).collect();
    counts.retain(|(count, _)| *count > 0);
    counts.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let told = |(count, name): &(usize, &str)| counted(*count as u64, name);
    let mut told: Vec<String> = counts.iter().take(KINDS_SHOWN).map(told).collect();
    if let Some(more) = counts.len().checked_sub(KINDS_SHOWN).filter(|more| *more > 0) {
        told.push(counted(more as u64, "more kind"));
    }
    let events: u64 = view.batches().map(|batch| batch.events).sum();
    if events > 0 {
        told.push(counted(events, "event"));
    }
    if told.is_empty() { "an empty store".to_owned() } else { told.join(", ") }
}
