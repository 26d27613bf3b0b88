//! What an import brought back, in words.

use crate::render::counted;
use lineal_query::told::CameBack;

/// For a person; nothing if nothing came back.
pub(crate) fn text(back: CameBack) -> Option<String> {
    let told = [(back.nodes, "node"), (back.events, "event")];
    let told = told.into_iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told.map(|(count, noun)| counted(count, noun)).collect();
    (!told.is_empty()).then(|| told.join(", "))
}
