//! Names that begin with what is typed: for whoever completes them at a prompt, here or over a
//! network.

use std::cell::Cell;
use std::time::{Duration, Instant};

use lineal_engine::schema::Kind;
use lineal_engine::{NodeNo, Snapshot};

/// Longest look through the names of a kind: a key that is pressed should not feel stuck.
const TIME_MAX: Duration = Duration::from_millis(200);
/// Names given at once: more than a screen helps nobody.
pub const NAMES_MAX: usize = 60;

/// Names that begin with what was typed.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Begun {
    /// The first [`NAMES_MAX`] of them that were found in time.
    pub names: Vec<String>,
    /// Are these all?
    pub all: bool,
    /// Did time end the look? Then another look may find more.
    pub cut_by_time: bool,
}

/// Nodes of a kind whose names begin with `typed` (`model:cre`), in any case and with or without
/// quotes, of those that `nodes_of` gives for the kind: all of a view, or what an asker sees of it.
/// Names of events are never among them: the index of events is keyed by whole values on purpose
/// (docs/format.md), so only a scan would find what begins with six digits.
pub fn names_beginning<I: Iterator<Item = NodeNo>>(
    view: &Snapshot,
    typed: &str,
    nodes_of: impl FnOnce(Kind) -> I,
) -> Begun {
    let kind = typed.split(':').next().and_then(Kind::parse);
    let Some(kind) = kind.filter(|kind| *kind != Kind::Inference) else {
        return Begun { all: true, ..Begun::default() };
    };
    let wanted = plain(typed);
    let begun = Instant::now();
    let is_late = Cell::new(false);
    let in_time = |_: &NodeNo| {
        is_late.set(begun.elapsed() >= TIME_MAX);
        !is_late.get()
    };
    let key = wanted.split_once(':').map_or("", |(_, key)| key);
    // The name of a data set holds its version, which lies in the record: reading 75,000 of them
    // takes longer than a key press may. The first part of the key says which are worth it.
    let may_fit = |node: &NodeNo| {
        let own = view.key_of(*node);
        let part = own.part_text(0).filter(|_| kind == Kind::Dataset);
        part.is_none_or(|part| {
            let part = plain(part);
            part.chars().any(char::is_control) || part.starts_with(key) || key.starts_with(&part)
        })
    };
    let nodes = nodes_of(kind).take_while(in_time).filter(may_fit);
    let names = nodes.map(|node| view.name_of(node));
    let mut fitting = names.filter(|name| is_begun(name, &wanted) && name != typed);
    let names: Vec<String> = fitting.by_ref().take(NAMES_MAX).collect();
    let all = fitting.next().is_none() && !is_late.get();
    Begun { names, all, cut_by_time: is_late.get() }
}

/// Does a name begin with what is typed, in any case and with or without quotes?
#[must_use]
pub fn begins_with(name: &str, typed: &str) -> bool {
    is_begun(name, &plain(typed))
}

fn is_begun(name: &str, plain_typed: &str) -> bool {
    plain(name).starts_with(plain_typed)
}

fn plain(name: &str) -> String {
    name.replace('"', "").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_case_do_not_count() {
        assert!(begins_with("model:\"Credit risk\"@3", "model:credit r"));
        assert!(begins_with("model:a", "MODEL:\"A"));
        assert!(!begins_with("model:a", "model:ab"));
    }
}
