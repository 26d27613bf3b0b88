//! The first screen: what is in the store, and what to try.

use super::asks::Asks;
use super::session::Session;
use crate::command::questions;
use crate::exit::Outcome;
use crate::remote::Remote;
use crate::render::{Style, counted, folded, terminal_width, visible};
use crate::shell::shell_line;
use lineal_engine::Snapshot;
use lineal_engine::schema::{KINDS, Kind};
use std::io::Write;
use std::sync::Arc;

/// Kinds that stand in the first line; `.stats` has all.
const KINDS_SHOWN: usize = 5;

/// Prints it.
pub(crate) fn print(session: &mut Session, out: &mut dyn Write) -> Outcome<()> {
    let style = Style::new();
    let zone = session.zone().clone();
    let note = "`;` or an empty line asks, Tab completes, .help lists the rest, Ctrl-D leaves";
    session.asks().follow()?;
    let (store, view) = match session.asks() {
        Asks::Here { opened, .. } => (Arc::clone(&opened.store), opened.view.snapshot().clone()),
        Asks::There(remote) => {
            print_server(out, remote, style)?;
            return print_words(out, &style.faint(note));
        }
    };
    let name = style.strong(&store.name());
    // Before the first commit there is no time of it.
    let when = match view.commit() {
        0 => String::new(),
        _ => format!(" of {}", zone.time(view.recorded())),
    };
    let version = env!("CARGO_PKG_VERSION");
    writeln!(out, "lineal {version} on {name}, commit {}{when}", view.commit())?;
    print_words(out, &holdings(&view))?;
    let questions = questions(&view)?;
    if questions.is_empty() {
        writeln!(out, "nothing to ask about yet; in a shell:")?;
        let lines: [&[&str]; 3] = [
            &["import", "mlflow.db", "logs/"],
            &["import", "--explain-mapping", "logs/"],
            &["demo"],
        ];
        let meanings = [
            "fills it; what the paths hold is recognised",
            "says what your logs hold and what of it is used",
            "shows all this with exports that are bundled",
        ];
        for (words, meaning) in lines.into_iter().zip(meanings) {
            // The demo makes a store of its own.
            let store = session.named.as_deref().filter(|_| words.len() > 1);
            let line = shell_line(store, words);
            writeln!(out, "  {line:44} {}", style.faint(meaning))?;
        }
    } else {
        writeln!(out, "try:")?;
    }
    for question in questions {
        writeln!(out, "  {};", visible(&question))?;
    }
    print_words(out, &style.faint(note))
}

/// Which server, whose store, and how it stands. Counts are not for every role: without them the
/// visit goes on.
fn print_server(out: &mut dyn Write, remote: &Remote, style: Style) -> Outcome<()> {
    let version = env!("CARGO_PKG_VERSION");
    let url = remote.url();
    match remote.stats() {
        Ok(told) => {
            let name = style.strong(told["store"].as_str().unwrap_or_default());
            writeln!(out, "lineal {version} on {name} at {url}, commit {}", told["commit"])?;
        }
        Err(refused) => {
            writeln!(out, "lineal {version} at {url}")?;
            writeln!(out, "{}", style.warn(&refused.text()))?;
        }
    }
    writeln!(out, "try:")?;
    for question in ["find model limit 5", "show kinds", "show relations"] {
        writeln!(out, "  {question};")?;
    }
    Ok(())
}

/// A sentence on as many lines as it takes; what can be pasted stays in one.
fn print_words(out: &mut dyn Write, text: &str) -> Outcome<()> {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    for line in folded(first.to_owned(), rest, "", 1, terminal_width()) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// The greatest kinds and the events, in one line.
fn holdings(view: &Snapshot) -> String {
    let models = view.nodes_of(Kind::Model);
    // A logged model has an id of its own, a registered one registry, name and version.
    let logged = models.clone().filter(|node| view.key_of(*node).0.len() == 1).count();
    let others = KINDS.iter().filter(|kind| **kind != Kind::Model);
    let mut counts: Vec<(usize, &str)> =
        others.map(|kind| (view.nodes_of(*kind).len(), kind.name())).collect();
    counts.push((models.len() - logged, "registered model"));
    counts.push((logged, "logged model"));
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
