//! `lineal retract`: undo an import; nothing is deleted.

use crate::args::{Arguments, Retract};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use std::io::Write;

pub(super) fn run(arguments: &Arguments, wanted: &Retract) -> Outcome {
    let number = wanted.import.strip_prefix("import:").unwrap_or(&wanted.import);
    let number: u64 = number.parse().map_err(|_| {
        Failure::usage(format!(
            "{} is no import; write import:7 (`lineal imports` lists them)",
            wanted.import
        ))
    })?;
    let store = place::open_noted(arguments, "retract")?;
    let actor = wanted.actor.as_ref().map(|login| store.actor_key(login)).transpose()?;
    let mut transaction = store.begin(None, actor)?;
    transaction.add_retract(number, wanted.restore, wanted.reason.as_deref())?;
    let committed = transaction.commit()?;
    store.write_indexes()?;
    let mut out = std::io::stdout().lock();
    let done = if wanted.restore { "restored" } else { "retracted" };
    if arguments.json {
        writeln!(
            out,
            "{}",
            serde_json::json!({ "import": number, "done": done, "commit": committed.number })
        )?;
    } else {
        writeln!(
            out,
            "import:{number} {done} in commit {}; `as of {}` still shows it as before",
            committed.number,
            committed.number - 1
        )?;
    }
    Ok(Exit::Answer)
}
