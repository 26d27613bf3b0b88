//! What a proof states, in words: made from the data alone, by every verifier in the same way.

use super::absent;
use super::item::Item;
use super::statement::{By, Named, Path, Statement};
use std::fmt::Write as _;

/// The sentences of a statement.
pub(super) fn of(statement: &Statement) -> Vec<String> {
    match statement {
        Statement::Revision { node, revision } => {
            vec![format!("{node} has the recorded revision {revision}")]
        }
        Statement::Events { events, named } => events
            .iter()
            .map(|event| match named {
                Some(Named { field, value }) => {
                    format!("{event} is recorded, and its {field} is {value}")
                }
                None => format!("{event} is recorded"),
            })
            .collect(),
        Statement::Paths { named, paths } => {
            paths.iter().map(|path| path_in_words(path, named.as_ref())).collect()
        }
        Statement::Absent(absent) => absent::words_of(absent),
    }
}

fn path_in_words(path: &Path, named: Option<&Named>) -> String {
    let mut words = path.start.to_string();
    let mut at = &path.start;
    let tell = |words: &mut String, item: &Item| {
        if let (Item::Event(_), Some(Named { field, value })) = (item, named) {
            // A string takes whatever is written to it.
            let _ = write!(words, ", whose {field} is {value},");
        }
    };
    tell(&mut words, at);
    for hop in &path.hops {
        if hop.along {
            let _ = write!(words, " -{}-> {}", hop.relation, hop.to);
        } else {
            let _ = write!(words, " <-{}- {}", hop.relation, hop.to);
        }
        at = &hop.to;
        tell(&mut words, at);
    }
    words
}

/// What a statement does not say and might be read to say: sentences for a person.
pub(super) fn limits(statement: &Statement) -> Vec<String> {
    if let Statement::Absent(absent) = statement {
        return absent::limits(absent);
    }
    let mut limits = vec![
        "that it is recorded is shown, not that it is true, and not since when but from the checkpoint on"
            .to_owned(),
    ];
    if let Statement::Paths { paths, .. } = statement {
        let rests_on_fit = |by: By| !matches!(by, By::Exact | By::Pin);
        if paths.iter().flat_map(|path| &path.hops).any(|hop| rests_on_fit(hop.by)) {
            limits.push(
                "an edge names its target in part (a claim): that this thing fits is shown, not that no other does"
                    .to_owned(),
            );
        }
        limits.push("that there are no other paths is not shown".to_owned());
    }
    limits
}
