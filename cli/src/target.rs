//! What a person means by `9f2c...` or `model:credit-risk@3`, and what to tell them where it is
//! nothing.

use crate::exit::{Failure, Outcome};
use crate::render::{and_more, counted, visible};
use crate::time::Zone;
use lineal_engine::Snapshot;
pub(crate) use lineal_query::told::Target;
use lineal_query::told::{LISTED, Searched, Unresolved, outweighed_by};

/// Reads a text that should name one thing.
pub(crate) fn resolve(view: &Snapshot, zone: &Zone, text: &str) -> Outcome<Target> {
    lineal_query::told::resolve(view, text).map_err(|unresolved| match unresolved {
        Unresolved::NoEvent { .. } | Unresolved::Nothing { .. } => {
            outweighed(view, text).unwrap_or_else(|| failure(zone, unresolved))
        }
        other => failure(zone, other),
    })
}

/// What to tell where only a row has it that does not count. What went wrong in a second look is not told:
/// that nothing was found says more.
fn outweighed(view: &Snapshot, text: &str) -> Option<Failure> {
    let counts = outweighed_by(view, text).ok()??;
    let (text, counts) = (visible(text.trim()), visible(&counts));
    Some(Failure::NotFound(format!(
        "no event that counts has {text}: it is in a row in whose place another row of the same event counts, {counts}\n  \
         `lineal show '{counts}'` shows both; `lineal erase event` finds each row"
    )))
}

pub(crate) fn failure(zone: &Zone, unresolved: Unresolved) -> Failure {
    match unresolved {
        Unresolved::EmptyKey { kind } => Failure::usage(format!(
            "empty key after `{kind}:`; use single quotes round it (in double quotes the shell takes $name for a variable of its own)"
        )),
        Unresolved::NoEvent { key, searched: None } => Failure::NotFound(format!(
            "no event has {key}: the store holds no events\n  `lineal import DIR` brings log archives"
        )),
        Unresolved::NoEvent { key, searched: Some(Searched { events, first, last, unshown }) } => {
            let gone = match unshown {
                0 => String::new(),
                1 => "\n  1 of these is erased or restricted: it may be the one".to_owned(),
                _ => format!("\n  {unshown} of these are erased or restricted: it may be one"),
            };
            Failure::NotFound(format!(
                "no event has {key}\n  searched: input hash (every algorithm), event id, request id, log id of {}, {}{gone}\n  \
                 hashes are compared byte by byte: another canonical form of the same input has another hash",
                counted(events, "event"),
                zone.span(first, last)
            ))
        }
        Unresolved::Nothing { text, near } => {
            let hint = if near.is_empty() {
                "\n  `lineal stats` shows what the store holds".to_owned()
            } else {
                format!("\n  did you mean {}?", near.join(", "))
            };
            Failure::NotFound(format!("nothing is called {text}{hint}"))
        }
        Unresolved::Several { text, fits, names } => {
            let names: Vec<String> = names.into_iter().chain(and_more(fits, LISTED)).collect();
            Failure::usage(format!("{text} fits {fits} nodes; name one:\n  {}", names.join("\n  ")))
        }
        Unresolved::Store(error) => error.into(),
    }
}
