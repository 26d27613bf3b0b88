//! `lineal erase`: events, batches and sealed fields are destroyed, on a recorded decision.

mod there;

pub(super) use there::told as told_there;

use crate::args::{Arguments, Decided, Erase};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use crate::render::{and_more, counted, visible};
use crate::target::failure;
use crate::time::Zone;
use lineal_engine::schema::Kind;
use lineal_engine::{
    ErasureDone, ErasureOrder, Error, NodeNo, RetractedShare, Snapshot, Store, Target, TrailShare,
    TwoPersons,
};
use lineal_proof::record::Decision;
use lineal_query::told::Stored;
use serde_json::json;
use std::io::Write;

/// Files in `orphans/` shown on the screen; `--json` lists all.
const ORPHANS_SHOWN: usize = 10;

pub(super) fn run(arguments: &Arguments, wanted: &Erase) -> Outcome {
    if let Some(remote) = Remote::meant(arguments)? {
        return there::run(arguments, wanted, &remote);
    }
    let Some(decided) = wanted.decided() else { return list(arguments) };
    let mut options = place::options(arguments);
    // What waits in the trail is recorded first.
    options.despite_missing_seeds |= decided.despite_missing_seeds;
    let store = place::open_as(arguments, &options)?;
    if !decided.dry_run {
        place::note(&store, "erase", &wanted.named())?;
    }
    if !decided.dry_run && decided.decision() == Decision::Erased {
        // What was asked before may speak of what goes.
        place::commit_noted(&store)?;
    }
    // Who decides sees what is restricted, and must, to lift it; and what was retracted, since it lies
    // there still.
    let stored = Stored::of(&store, store.snapshot()?.with_restricted())?;
    let zone = Zone::parse(&arguments.tz)?;
    let targets = match wanted {
        Erase::Event { targets, all, .. } => vec![events(&stored, &zone, targets, *all)?],
        Erase::Batch { batches, .. } => batches
            .iter()
            .map(|batch| self::batch(&stored, &zone, batch))
            .collect::<Outcome<_>>()?,
        Erase::Field { node, field, .. } => {
            let (view, node) = node_of(&stored, &zone, node)?;
            vec![Target::Field(view.node_id(node), field.clone())]
        }
        Erase::List => Vec::new(),
    };
    // What was asked holds a view, and with it a mark: files that are replaced would wait for it.
    drop(stored);
    let order = order(&store, decided, targets)?;
    let done = match decided.despite_missing_seeds {
        true => store.erase_despite_missing_seeds(&order, decided.dry_run)?,
        false => store.erase(&order, decided.dry_run)?,
    };
    told(arguments, decided, &done)
}

/// What was decided so far.
fn list(arguments: &Arguments) -> Outcome {
    let store = place::open_read_only(arguments)?;
    there::list(arguments, &lineal_evidence::decisions::told(&store)?)
}

fn unsaid() -> Failure {
    Failure::usage("--executed-by LOGIN is missing: who does it, another person than who decided")
}

/// The two persons of an erasure that is done here.
pub(super) fn persons(store: &Store, decided_by: &str, executed_by: &str) -> Outcome<TwoPersons> {
    store.two_persons(decided_by, executed_by).map_err(|error| match error {
        Error::SamePerson { .. } => {
            Failure::usage(format!("{error}: name the second with --executed-by"))
        }
        Error::Nobody { .. } => Failure::usage(format!("{error}: --decided-by, --executed-by")),
        other => other.into(),
    })
}

fn order(store: &Store, decided: &Decided, targets: Vec<Target>) -> Outcome<ErasureOrder> {
    let executed_by = decided.executed_by.as_deref().ok_or_else(unsaid)?;
    let persons = persons(store, &decided.decided_by, executed_by)?;
    Ok(ErasureOrder {
        targets,
        decision: decided.decision(),
        basis: decided.basis.clone(),
        reference: decided.decision.clone(),
        decided_by: persons.decided_by,
        executed_by: persons.executed_by,
    })
}

/// The events that texts name; several that one text names only where all are meant.
fn events(stored: &Stored<'_>, zone: &Zone, texts: &[String], all: bool) -> Outcome<Target> {
    let mut found = Vec::new();
    for text in texts {
        let (_, named) = stored.resolve(text).map_err(|unresolved| failure(zone, unresolved))?;
        let crate::target::Target::Events { events, by } = named else {
            return Err(Failure::usage(format!(
                "{text} is no event; `lineal erase batch` and `lineal erase field` erase other things"
            )));
        };
        let count = stored.count(&events)?;
        if count > 1 && !all {
            return Err(Failure::usage(format!(
                "{} have this {by}: {text}\n  --all erases all of them; an event id names one",
                counted(count as u64, "event")
            )));
        }
        found.extend(events);
    }
    Ok(Target::Events(found))
}

/// The node that a text names, in the view that has it.
fn node_of<'v>(stored: &'v Stored<'_>, zone: &Zone, text: &str) -> Outcome<(&'v Snapshot, NodeNo)> {
    let (view, named) = stored.resolve(text).map_err(|unresolved| failure(zone, unresolved))?;
    match named {
        crate::target::Target::Node(node) => Ok((view, node)),
        crate::target::Target::Events { .. } => Err(Failure::usage(format!(
            "{text} is an event; `lineal erase event {text}` erases it"
        ))),
    }
}

fn batch(stored: &Stored<'_>, zone: &Zone, text: &str) -> Outcome<Target> {
    let (view, node) = node_of(stored, zone, text)?;
    if view.kind_of(node) != Kind::Batch {
        return Err(Failure::usage(format!("{text} is a {}, no batch", view.kind_of(node))));
    }
    Ok(Target::Batch(view.node_id(node)))
}

/// What of it only retracted imports hold.
fn retracted_told(out: &mut dyn Write, of: RetractedShare) -> Outcome<()> {
    if of.rows > 0 {
        let rows = counted(of.rows, "row");
        writeln!(out, "  of retracted imports alone: {rows}; no answer shows what is retracted")?;
    }
    if of.fields > 0 {
        writeln!(out, "  only retracted imports describe the node that was named")?;
    }
    Ok(())
}

/// What of the trail says it.
fn trail_told(out: &mut dyn Write, of: TrailShare) -> Outcome<()> {
    if of.values > 0 {
        let (values, uses) = (counted(of.values, "sealed text"), counted(of.uses, "use"));
        writeln!(
            out,
            "  of the trail, among these: {values} that would tell it, of {uses}; the uses stay, with who it was and when"
        )?;
    }
    if of.unread > 0 {
        let unread = counted(of.unread, "sealed text");
        writeln!(
            out,
            "  the trail: {unread} could not be opened, and may tell it; `lineal erase field access:... question` destroys those of a day"
        )?;
    }
    Ok(())
}

/// What was done, for a person or a program.
pub(super) fn told(arguments: &Arguments, decided: &Decided, done: &ErasureDone) -> Outcome {
    let mut out = std::io::stdout().lock();
    let what = decided.decision().name();
    if arguments.json {
        let values = done.values.iter();
        let values = values.map(|(field, named)| json!({ "field": field, "named": named }));
        let files = done.files.iter().map(|file| {
            json!({
                "container": file.container.to_string(), "generation": file.generation,
                "sha256": file.sha256.to_string(),
            })
        });
        let object = json!({
            "decision": what, "dry_run": decided.dry_run, "commit": done.commit, "rows": done.rows,
            "batches": done.batches, "values": values.collect::<Vec<_>>(),
            "retracted": { "rows": done.retracted.rows, "fields": done.retracted.fields },
            "trail": {
                "values": done.trail.values, "uses": done.trail.uses, "unread": done.trail.unread,
            },
            "files_that_must_not_exist": files.collect::<Vec<_>>(),
            "waiting": done.waiting, "orphans": done.orphans,
            "seeds_rewritten": done.rewritten.iter().map(|file| {
                json!({ "file": file.path, "removed": file.removed })
            }).collect::<Vec<_>>(),
        });
        writeln!(out, "{object}")?;
        return Ok(Exit::Answer);
    }
    let mut things = Vec::new();
    if done.rows > 0 {
        let batches = if done.batches == 1 { "batch" } else { "batches" };
        things.push(format!("{} in {} {batches}", counted(done.rows, "row"), done.batches));
    }
    let values = done.values.len() as u64 + done.trail.values;
    if values > 0 {
        things.push(counted(values, "sealed value"));
    }
    let things = things.join(", ");
    match done.commit {
        None => writeln!(out, "would be {what}: {things}; nothing was written")?,
        Some(commit) => writeln!(out, "{what} in commit {commit}: {things}")?,
    }
    retracted_told(&mut out, done.retracted)?;
    trail_told(&mut out, done.trail)?;
    let beside: Vec<&str> =
        done.values.iter().filter(|(_, named)| !named).map(|(field, _)| field.as_str()).collect();
    if !beside.is_empty() {
        let beside = beside.join(", ");
        writeln!(out, "  sealed under the same key, and gone with it: {}", visible(&beside))?;
    }
    if !done.files.is_empty() {
        let files = counted(done.files.len() as u64, "container file");
        writeln!(out, "  {files} must no longer exist, in copies neither (--json names each)")?;
    }
    for path in &done.waiting {
        writeln!(
            out,
            "  {path} stays until who reads it now is done; the next command that writes removes it"
        )?;
    }
    for file in &done.rewritten {
        let path = &file.path;
        match file.removed {
            true => {
                writeln!(out, "  {path} is gone: nothing in it read, or nothing was left of it")?;
            }
            false => {
                writeln!(
                    out,
                    "  {path} was written anew, without what is erased or does not read"
                )?;
            }
        }
    }
    if !done.orphans.is_empty() {
        let orphans = counted(done.orphans.len() as u64, "file");
        writeln!(
            out,
            "  orphans/: {orphans} that nobody looked into, and that may hold what was erased; remove what is not needed:"
        )?;
        for path in done.orphans.iter().take(ORPHANS_SHOWN) {
            writeln!(out, "    {}", visible(path))?;
        }
        if let Some(more) = and_more(done.orphans.len() as u64, ORPHANS_SHOWN) {
            writeln!(out, "    {more}; --json lists all")?;
        }
    }
    Ok(Exit::Answer)
}
