//! `lineal retention`: how long what is kept, and what is due. What is due is erased by two persons
//! (`retention/apply.rs`).

mod apply;
mod there;

use crate::args::{Arguments, Retention, RetentionStep};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use crate::render::{counted, print_table, table, texts, time_of, visible};
use crate::time::Zone;
use lineal_engine::clock::{Clock, SystemClock};
use lineal_evidence::retention::{Kept, LOGS, Policy};
use serde_json::Value as Json;
use std::io::Write;

/// What stands where the operator must state a period and has not.
const UNDECLARED: &str = "undeclared";
/// Batches shown on a screen; `--json` lists all.
const SHOWN: usize = 10;

pub(super) fn run(arguments: &Arguments, wanted: &Retention) -> Outcome {
    let now = match &wanted.at {
        Some(text) => crate::time::parse(text)?,
        None => SystemClock.now(),
    };
    match &wanted.step {
        None => show(arguments, wanted, now),
        Some(RetentionStep::Apply(step)) => match Remote::meant(arguments)? {
            Some(remote) => there::apply(arguments, wanted, step, &remote),
            None => apply::run(arguments, wanted, step, now),
        },
    }
}

fn failure(error: lineal_evidence::Error) -> Failure {
    match error {
        lineal_evidence::Error::Store(error) => Failure::Store(error),
        other => Failure::usage(other),
    }
}

fn show(arguments: &Arguments, wanted: &Retention, now: i64) -> Outcome {
    let told = match Remote::meant(arguments)? {
        Some(remote) => there::told(&remote, wanted)?,
        None => {
            let policy = Policy::read(wanted.policy.as_deref()).map_err(failure)?;
            let store = place::open_read_only(arguments)?;
            let view = store.snapshot()?.with_restricted();
            Kept::of(&store, &view, &policy, now).map_err(failure)?.to_json(&policy, now)
        }
    };
    if told[LOGS].is_null() {
        return Err(Failure::usage(format!("the policy has no class `{LOGS}`")));
    }
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{told}")?;
        return Ok(Exit::Answer);
    }
    print(&mut out, &told, &Zone::parse(&arguments.tz)?)?;
    Ok(Exit::Answer)
}

/// What is told, for the eye.
fn print(out: &mut dyn Write, told: &Json, zone: &Zone) -> Outcome<()> {
    let none = Vec::new();
    let list = |json: &Json| json.as_array().cloned().unwrap_or_else(|| none.clone());
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let number = |json: &Json| json.as_u64().unwrap_or(0);
    let classes = list(&told["classes"]);
    let rows = classes.iter().map(|class| {
        ["class", "min", "max", "anchor", "basis"].map(|name| text(&class[name])).to_vec()
    });
    let header = ["class", "at least", "at most", "from", "basis"];
    print_table(out, &table(&header, rows.collect()))?;
    for class in &classes {
        for finding in texts(&class["findings"]) {
            writeln!(out, "{}: {finding}", text(&class["class"]))?;
        }
    }
    let logs = &told[LOGS];
    let batches = if number(&logs["batches"]) == 1 { "batch" } else { "batches" };
    let below = number(&logs["below_floor"]);
    writeln!(out, "{LOGS}: {} {batches}, {below} below the floor", number(&logs["batches"]))?;
    if number(&logs["retracted"]) > 0 {
        let retracted = number(&logs["retracted"]);
        writeln!(
            out,
            "  {retracted} of retracted imports: no answer shows them, and they lie there"
        )?;
    }
    if number(&logs["cannot_tell"]) > 0 {
        let timeless = number(&logs["cannot_tell"]);
        writeln!(out, "  of {timeless} nobody can tell: no event has a time")?;
    }
    let is_of_logs = |class: &&Json| class["class"] == LOGS;
    if classes.iter().find(is_of_logs).is_some_and(|class| class["max"] != UNDECLARED) {
        due_told(out, &list(&logs["due"]), zone)?;
    }
    for standing in list(&told["standing"]) {
        let class = text(&standing["class"]);
        writeln!(
            out,
            "{class}: {}, {} below the floor, {} of which nobody can tell, {} due",
            counted(number(&standing["nodes"]), "thing"),
            number(&standing["below_floor"]),
            number(&standing["cannot_tell"]),
            number(&standing["due"])
        )?;
        let days = list(&standing["days"]).len() as u64;
        if days > 0 {
            let days = counted(days, "day");
            writeln!(
                out,
                "  {days} of it can still be read: apply --propose FILE --class {class}"
            )?;
        }
    }
    Ok(())
}

/// The batches that are due.
fn due_told(out: &mut dyn Write, due: &[Json], zone: &Zone) -> Outcome<()> {
    let held = due.iter().filter(|batch| !batch["hold"].is_null()).count();
    writeln!(out, "  due: {}, of which {held} on hold", due.len())?;
    for batch in due.iter().take(SHOWN) {
        let text = |name: &str| visible(batch[name].as_str().unwrap_or_default()).into_owned();
        let retracted = if batch["retracted"] == true { "  retracted" } else { "" };
        let hold = match batch["hold"].is_null() {
            true => String::new(),
            false => format!("  hold {}", text("hold")),
        };
        writeln!(
            out,
            "    {}  {}  {}  since {}{retracted}{hold}",
            text("name"),
            text("deployment"),
            counted(batch["rows"].as_u64().unwrap_or(0), "row"),
            time_of(&batch["ceiling"]).map_or_else(String::new, |ceiling| zone.date(ceiling)),
        )?;
    }
    if let Some(more) = crate::render::and_more(due.len() as u64, SHOWN) {
        writeln!(out, "    {more}; --json lists all")?;
    }
    Ok(())
}
