//! `lineal retention`: how long what is kept, what is due, and erasing that by two persons.

use super::erase;
use crate::args::{Arguments, Decided, Retention, RetentionStep};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use crate::render::{counted, print_table, table, texts, time_of, visible};
use crate::time::{Zone, rfc3339};
use lineal_engine::clock::{Clock, SystemClock};
use lineal_engine::{ErasureOrder, Target};
use lineal_evidence::retention::{
    Class, Due, Kept, LOGS, NotDue, Period, Policy, batch_json, day_json, days_not_due, due,
    not_due, standing,
};
use lineal_proof::Hash;
use lineal_proof::record::Decision;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::Path;

/// The class of uses of the store.
const TRAIL: &str = "access-trail";
/// The format of proposals.
const FORMAT: u64 = 1;
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
        Some(RetentionStep::Apply { propose: Some(path), class, .. }) => {
            let policy = Policy::read(wanted.policy.as_deref()).map_err(failure)?;
            propose(arguments, &policy, now, (class, path))
        }
        Some(RetentionStep::Apply { execute, digest, decided_by, executed_by, .. }) => {
            let named = (execute, digest, decided_by, executed_by);
            let (Some(path), Some(digest), Some(decided_by), Some(executed_by)) = named else {
                return Err(Failure::usage(
                    "--execute needs --digest, --decided-by and --executed-by",
                ));
            };
            if now > SystemClock.now() {
                return Err(Failure::usage(
                    "--at is a time to come: a proposal is executed as of now, or of before",
                ));
            }
            let policy = Policy::read(wanted.policy.as_deref()).map_err(failure)?;
            self::execute(arguments, (path, digest), &policy, (decided_by, executed_by), now)
        }
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
        Some(remote) => there(&remote, wanted)?,
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

/// What a server says of its store, under the policy that is named here.
fn there(remote: &Remote, wanted: &Retention) -> Outcome<Json> {
    let policy =
        match &wanted.policy {
            None => None,
            Some(path) => Some(std::fs::read_to_string(path).map_err(|error| {
                Failure::usage(format!("cannot read {}: {error}", path.display()))
            })?),
        };
    let at = wanted.at.as_ref().map(|text| crate::time::parse(text)).transpose()?;
    let told = remote.retention(policy.as_deref(), at.map(rfc3339).as_deref())?;
    for kept in texts(&told["withheld"]) {
        writeln!(std::io::stderr(), "withheld from this role: {kept}")?;
    }
    Ok(told)
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
    if found.due.is_empty() && days.is_empty() {
        return nothing_due(arguments, name);
    }
    let batches: Vec<Json> = found.due.iter().map(batch_json).collect();
    let basis = basis_of(class);
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
        let retracted = found.due.iter().filter(|batch| batch.retracted).count();
        let of_retracted = match retracted {
            0 => String::new(),
            some => format!(" ({some} of retracted imports)"),
        };
        match name {
            LOGS => writeln!(out, "proposed: {count} {batches}{of_retracted}, SHA-256 {digest}")?,
            _ => writeln!(out, "proposed: {}, SHA-256 {digest}", counted(days, "day"))?,
        }
        writeln!(out, "  nothing is erased yet; a second person reads it, then")?;
        writeln!(
            out,
            "  lineal retention apply --policy ... --execute {} --digest {digest} --decided-by ... --executed-by ...",
            path.display()
        )?;
    }
    Ok(Exit::Answer)
}

/// Why a ceiling takes what it takes.
fn basis_of(class: &Class) -> &str {
    if class.max_basis.is_empty() { &class.basis } else { &class.max_basis }
}

/// The class of a proposal, as the policy has it: a proposal is executed under the policy that it was made under.
fn policy_of<'p>(proposal: &Json, policy: &'p Policy, name: &str) -> Outcome<&'p Class> {
    let said = |field: &str| proposal[field].as_str().unwrap_or_default();
    let version = proposal["policy_version"].as_u64();
    if (said("policy"), version) != (policy.name.as_str(), Some(policy.version)) {
        return Err(Failure::usage(format!(
            "{name} was proposed under the policy `{}`, version {}; this is `{}`, version {}: name the file of the first with --policy",
            visible(said("policy")),
            version.map_or_else(|| "?".to_owned(), |version| version.to_string()),
            visible(&policy.name),
            policy.version
        )));
    }
    let class = policy.class(said("class"));
    let class = class.filter(|class| class.name == LOGS || class.name == TRAIL);
    let class = class.ok_or_else(|| {
        let class = visible(said("class")).into_owned();
        Failure::usage(format!(
            "{name}: nothing of the class `{class}` is erased by its ceiling under this policy"
        ))
    })?;
    for (field, own) in [("max", class.max.text()), ("basis", basis_of(class))] {
        if said(field) != own {
            return Err(Failure::usage(format!(
                "{name}: its `{field}` is `{}`, and that of the class `{}` in the policy is `{own}`",
                visible(said(field)),
                class.name
            )));
        }
    }
    Ok(class)
}

/// Batches, by the ids of their nodes; and fields, with the ids of theirs.
type Listed = (Vec<Hash>, Vec<(Hash, String)>);

/// What a proposal lists; none where it is not of its form.
fn listed(proposal: &Json) -> Option<Listed> {
    let id = |text: &Json| text.as_str().and_then(Hash::from_hex);
    let batches = proposal["batches"].as_array()?.iter().map(|batch| id(&batch["batch"]));
    // Proposals of before have none.
    let fields = proposal["fields"].as_array().into_iter().flatten();
    let fields = fields.map(|day| Some((id(&day["node"])?, day["field"].as_str()?.to_owned())));
    Some((batches.collect::<Option<_>>()?, fields.collect::<Option<_>>()?))
}

/// Nothing of a proposal is erased where something of it is not due.
fn refusal(name: &str, refused: &[NotDue]) -> Failure {
    let mut told = format!("{name} names what is not due now, so nothing was erased; propose anew");
    for one in refused.iter().take(SHOWN) {
        told.push_str(&format!("\n  {}: {}", visible(&one.name), one.why));
    }
    if let Some(more) = crate::render::and_more(refused.len() as u64, SHOWN) {
        told.push_str(&format!("\n  {more}"));
    }
    Failure::usage(told)
}

/// There is nothing for a second person to read, and no file.
fn nothing_due(arguments: &Arguments, name: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let none = json!({ "proposal": null, "sha256": null, "batches": 0, "days": 0 });
        writeln!(out, "{none}")?;
    } else {
        writeln!(
            out,
            "nothing of `{name}` is due, or all of it is on hold: no proposal was written"
        )?;
    }
    Ok(Exit::No)
}

/// Erases what a proposal lists, if it is the one that was read and all of it is due under the policy now.
fn execute(
    arguments: &Arguments,
    (path, digest): (&Path, &str),
    policy: &Policy,
    (decided_by, executed_by): (&str, &str),
    now: i64,
) -> Outcome {
    let name = path.display().to_string();
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
    let class = policy_of(&proposal, policy, &name)?;
    let (batches, fields) = listed(&proposal).ok_or_else(unfit)?;
    if (class.name == LOGS && !fields.is_empty()) || (class.name == TRAIL && !batches.is_empty()) {
        return Err(unfit());
    }
    let store = place::open_noted(arguments, "retention apply")?;
    if proposal["store"].as_str() != Some(&data_encoding::HEXLOWER.encode(store.id())) {
        return Err(Failure::usage(format!("{name} is a proposal for another store")));
    }
    // What it says of itself decides nothing: whether it is due is found out again.
    let view = store.snapshot()?.with_restricted();
    let mut refused = not_due(&store, &view, class, now, &batches).map_err(failure)?;
    refused.extend(days_not_due(&view, class, now, &fields).map_err(failure)?);
    if !refused.is_empty() {
        return Err(refusal(&name, &refused));
    }
    // A view holds a mark, and replaced files would wait for it.
    drop(view);
    let targets = batches.into_iter().map(Target::Batch);
    let targets = targets.chain(fields.into_iter().map(|(id, field)| Target::Field(id, field)));
    let targets = targets.collect();
    let (max, basis) = (class.max.text(), basis_of(class));
    let class = &class.name;
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
