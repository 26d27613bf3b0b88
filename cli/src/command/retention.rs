//! `lineal retention`: how long what is kept, what is due, and erasing that by two persons.

use super::erase;
use crate::args::{Arguments, Decided, Retention, RetentionStep};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::render::{counted, print_table, table, visible};
use crate::time::{Zone, rfc3339};
use lineal_engine::clock::{Clock, SystemClock};
use lineal_engine::{ErasureOrder, Snapshot, Target};
use lineal_evidence::retention::{
    Class, Due, DueBatch, DueDay, Period, Policy, Standing, due, standing,
};
use lineal_proof::Hash;
use lineal_proof::record::Decision;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::Path;

/// The class of log batches.
const LOGS: &str = "inference-log";
/// The class of uses of the store.
const TRAIL: &str = "access-trail";
/// The format of proposals.
const FORMAT: u64 = 1;
/// Batches shown on a screen; `--json` lists all.
const SHOWN: usize = 10;

pub(super) fn run(arguments: &Arguments, wanted: &Retention) -> Outcome {
    let now = match &wanted.at {
        Some(text) => crate::time::parse(text)?,
        None => SystemClock.now(),
    };
    let policy = Policy::read(wanted.policy.as_deref()).map_err(failure)?;
    match &wanted.step {
        None => show(arguments, &policy, now),
        Some(RetentionStep::Apply { propose: Some(path), class, .. }) => {
            propose(arguments, &policy, now, (class, path))
        }
        Some(RetentionStep::Apply { execute, digest, decided_by, executed_by, .. }) => {
            let named = (execute, digest, decided_by, executed_by);
            let (Some(path), Some(digest), Some(decided_by), Some(executed_by)) = named else {
                return Err(Failure::usage(
                    "--execute needs --digest, --decided-by and --executed-by",
                ));
            };
            self::execute(arguments, path, digest, (decided_by, executed_by), now)
        }
    }
}

fn failure(error: lineal_evidence::Error) -> Failure {
    match error {
        lineal_evidence::Error::Store(error) => Failure::Store(error),
        other => Failure::usage(other),
    }
}

fn logs(policy: &Policy) -> Outcome<&Class> {
    policy.class(LOGS).ok_or_else(|| Failure::usage(format!("the policy has no class `{LOGS}`")))
}

fn show(arguments: &Arguments, policy: &Policy, now: i64) -> Outcome {
    let store = place::open_read_only(arguments)?;
    let view = store.snapshot()?.with_restricted();
    let class = logs(policy)?;
    let found = due(&store, &view, class, now).map_err(failure)?;
    let others = others(&view, policy, now)?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let classes = policy.classes.iter().map(class_json).collect::<Vec<_>>();
        let object = json!({
            "policy": policy.name, "version": policy.version, "at": rfc3339(now), "classes": classes,
            LOGS: {
                "batches": found.batches, "below_floor": found.below_floor,
                "cannot_tell": found.timeless,
                "due": found.due.iter().map(batch_json).collect::<Vec<_>>(),
            },
            "standing": others.iter().map(standing_json).collect::<Vec<_>>(),
        });
        writeln!(out, "{object}")?;
        return Ok(Exit::Answer);
    }
    let rows = policy.classes.iter().map(|class| {
        let (min, max) = (class.min.text().to_owned(), class.max.text().to_owned());
        vec![class.name.clone(), min, max, class.anchor.clone(), class.basis.clone()]
    });
    let header = ["class", "at least", "at most", "from", "basis"];
    print_table(&mut out, &table(&header, rows.collect()))?;
    for class in &policy.classes {
        for finding in &class.findings {
            writeln!(out, "{}: {finding}", class.name)?;
        }
    }
    told(&mut out, &found, class, &Zone::parse(&arguments.tz)?)?;
    for (class, standing) in &others {
        writeln!(
            out,
            "{}: {}, {} below the floor, {} of which nobody can tell, {} due",
            class.name,
            counted(standing.nodes, "thing"),
            standing.below_floor,
            standing.cannot_tell,
            standing.due
        )?;
        if !standing.days.is_empty() {
            let days = counted(standing.days.len() as u64, "day");
            writeln!(
                out,
                "  {days} of it can still be read: apply --propose FILE --class {}",
                class.name
            )?;
        }
    }
    Ok(Exit::Answer)
}

fn told(out: &mut dyn Write, found: &Due, class: &Class, zone: &Zone) -> Outcome<()> {
    let batches = if found.batches == 1 { "batch" } else { "batches" };
    writeln!(out, "{LOGS}: {} {batches}, {} below the floor", found.batches, found.below_floor)?;
    if found.timeless > 0 {
        writeln!(out, "  of {} nobody can tell: no event has a time", found.timeless)?;
    }
    if matches!(class.max, Period::Undeclared) {
        return Ok(());
    }
    let held = found.due.iter().filter(|batch| batch.hold.is_some()).count();
    writeln!(out, "  due: {}, of which {held} on hold", found.due.len())?;
    for batch in found.due.iter().take(SHOWN) {
        let hold = batch.hold.as_ref().map_or(String::new(), |hold| format!("  hold {hold}"));
        writeln!(
            out,
            "    {}  {}  {}  since {}{}",
            visible(&batch.name),
            visible(&batch.deployment),
            counted(batch.rows, "row"),
            zone.date(batch.ceiling),
            visible(&hold)
        )?;
    }
    if let Some(more) = crate::render::and_more(found.due.len() as u64, SHOWN) {
        writeln!(out, "    {more}; --json lists all")?;
    }
    Ok(())
}

fn class_json(class: &Class) -> Json {
    json!({
        "class": class.name, "covers": class.covers, "min": class.min.text(), "max": class.max.text(),
        "anchor": class.anchor, "basis": class.basis, "max_basis": class.max_basis,
        "purpose": class.purpose, "holder": class.holder, "on_expiry": class.on_expiry,
        "findings": class.findings,
    })
}

fn day_json(day: &DueDay) -> Json {
    json!({
        "node": day.node.to_string(), "name": day.name, "field": day.field,
        "ceiling": rfc3339(day.ceiling),
    })
}

fn standing_json((class, standing): &(&Class, Standing)) -> Json {
    json!({
        "class": class.name, "nodes": standing.nodes, "below_floor": standing.below_floor,
        "cannot_tell": standing.cannot_tell, "due": standing.due,
        "days": standing.days.iter().map(day_json).collect::<Vec<_>>(),
    })
}

/// How the other classes stand.
fn others<'p>(
    view: &Snapshot,
    policy: &'p Policy,
    now: i64,
) -> Outcome<Vec<(&'p Class, Standing)>> {
    let mut all = Vec::new();
    for class in &policy.classes {
        all.extend(standing(view, class, now).map_err(failure)?.map(|standing| (class, standing)));
    }
    Ok(all)
}

fn batch_json(batch: &DueBatch) -> Json {
    json!({
        "batch": batch.id.to_string(), "name": batch.name, "deployment": batch.deployment,
        "rows": batch.rows, "last_time": rfc3339(batch.last_time), "ceiling": rfc3339(batch.ceiling),
        "hold": batch.hold,
    })
}

/// Writes what is due and not on hold, for a second person to read and execute.
fn propose(
    arguments: &Arguments,
    policy: &Policy,
    now: i64,
    (name, path): (&str, &Path),
) -> Outcome {
    let store = place::open_read_only(arguments)?;
    let view = store.snapshot()?.with_restricted();
    if name != LOGS && name != TRAIL {
        return Err(Failure::usage(format!(
            "nothing of the class `{name}` is erased by its ceiling: there are {LOGS} and {TRAIL}"
        )));
    }
    let none = || Failure::usage(format!("the policy has no class `{name}`"));
    let class = policy.class(name).ok_or_else(none)?;
    if matches!(class.max, Period::Undeclared) {
        return Err(Failure::usage(format!(
            "the ceiling of `{name}` is undeclared: state `max`, with `purpose` and `max_basis`, in a policy \
             of your own and name it with --policy"
        )));
    }
    let mut found = Due::default();
    let mut days = Vec::new();
    if name == LOGS {
        found = due(&store, &view, class, now).map_err(failure)?;
    } else if let Some(standing) = standing(&view, class, now).map_err(failure)? {
        days = standing.days;
    }
    found.due.retain(|batch| batch.hold.is_none());
    let batches: Vec<Json> = found.due.iter().map(batch_json).collect();
    let basis = if class.max_basis.is_empty() { &class.basis } else { &class.max_basis };
    let store_id = data_encoding::HEXLOWER.encode(store.id());
    let proposal = json!({
        "format": FORMAT, "store": store_id, "commit": view.commit(), "at": rfc3339(now),
        "policy": policy.name, "policy_version": policy.version, "class": name,
        "max": class.max.text(), "basis": basis, "batches": batches,
        "fields": days.iter().map(day_json).collect::<Vec<_>>(),
    });
    let text = format!("{proposal:#}\n");
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
    let failed =
        |error: std::io::Error| Failure::usage(format!("cannot write {}: {error}", path.display()));
    let mut file = std::fs::File::create_new(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    let mut out = std::io::stdout().lock();
    let (count, days) = (found.due.len() as u64, days.len() as u64);
    if arguments.json {
        let object = json!({ "proposal": path.display().to_string(), "sha256": digest, "batches": count, "days": days });
        writeln!(out, "{object}")?;
    } else {
        let batches = if count == 1 { "batch" } else { "batches" };
        match name {
            LOGS => writeln!(out, "proposed: {count} {batches}, SHA-256 {digest}")?,
            _ => writeln!(out, "proposed: {}, SHA-256 {digest}", counted(days, "day"))?,
        }
        writeln!(out, "  nothing is erased yet; a second person reads it, then")?;
        writeln!(
            out,
            "  lineal retention apply --execute {} --digest {digest} --decided-by ... --executed-by ...",
            path.display()
        )?;
    }
    Ok(if count + days == 0 { Exit::No } else { Exit::Answer })
}

/// Erases what a proposal lists, if it is the one that was read.
fn execute(
    arguments: &Arguments,
    path: &Path,
    digest: &str,
    (decided_by, executed_by): (&str, &str),
    now: i64,
) -> Outcome {
    let name = path.display();
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
    let found = data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes));
    if !found.eq_ignore_ascii_case(digest.trim()) {
        return Err(Failure::usage(format!(
            "{name} is not the proposal that was read: its SHA-256 is {found}"
        )));
    }
    let unfit = || Failure::usage(format!("{name} is no proposal of `lineal retention apply`"));
    let proposal: Json = serde_json::from_slice(&bytes).map_err(|_| unfit())?;
    if proposal["format"].as_u64() != Some(FORMAT) {
        return Err(unfit());
    }
    let store = place::open_noted(arguments, "retention apply")?;
    if proposal["store"].as_str() != Some(&data_encoding::HEXLOWER.encode(store.id())) {
        return Err(Failure::usage(format!("{name} is a proposal for another store")));
    }
    let mut targets = Vec::new();
    for batch in proposal["batches"].as_array().ok_or_else(unfit)? {
        let ceiling = batch["ceiling"].as_str().ok_or_else(unfit)?;
        if crate::time::parse(ceiling)? > now {
            let batch = batch["name"].as_str().unwrap_or_default();
            return Err(Failure::usage(format!("{batch} is due on {ceiling} and not before")));
        }
        let id = batch["batch"].as_str().and_then(Hash::from_hex).ok_or_else(unfit)?;
        targets.push(Target::Batch(id));
    }
    // Proposals of before have none.
    for day in proposal["fields"].as_array().into_iter().flatten() {
        let ceiling = day["ceiling"].as_str().ok_or_else(unfit)?;
        if crate::time::parse(ceiling)? > now {
            let name = day["name"].as_str().unwrap_or_default();
            return Err(Failure::usage(format!("{name} is due on {ceiling} and not before")));
        }
        let id = day["node"].as_str().and_then(Hash::from_hex).ok_or_else(unfit)?;
        let field = day["field"].as_str().ok_or_else(unfit)?;
        targets.push(Target::Field(id, field.to_owned()));
    }
    let (class, max) = (proposal["class"].as_str(), proposal["max"].as_str());
    let (Some(class), Some(max), Some(basis)) = (class, max, proposal["basis"].as_str()) else {
        return Err(unfit());
    };
    let basis = format!("{basis}; ceiling {max} of {class}");
    let order = ErasureOrder {
        targets,
        decision: Decision::Erased,
        basis: basis.clone(),
        reference: format!("retention proposal SHA-256 {found}"),
        decided_by: store.actor_key(decided_by)?,
        executed_by: store.actor_key(executed_by)?,
    };
    let done = store.erase(&order, false)?;
    let decided = Decided {
        basis,
        decision: order.reference,
        decided_by: decided_by.to_owned(),
        executed_by: Some(executed_by.to_owned()),
        refuse: false,
        restrict: false,
        lift: false,
        dry_run: false,
    };
    erase::told(arguments, &decided, &done)
}
