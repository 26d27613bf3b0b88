//! Imports that were undone: the likeliest reason why something is gone.

use crate::exit::Outcome;
use lineal_engine::Snapshot;
use lineal_engine::schema::Kind;
use lineal_proof::Value;

/// Numbers of the imports that are retracted in a view, ascending.
pub(crate) fn imports(view: &Snapshot) -> Outcome<Vec<u64>> {
    let mut numbers = Vec::new();
    for node in view.nodes_of(Kind::Import) {
        let fields = view.fields(node)?.fields;
        if fields.get("retracted").and_then(Value::as_bool) == Some(true) {
            let number = fields.get("number").and_then(Value::as_i64).unwrap_or(0);
            numbers.push(number.unsigned_abs());
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}
