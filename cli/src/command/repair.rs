//! `lineal repair`: what is derived is made again, what is recorded comes back from a copy if it proves
//! itself, and what was there stays in `orphans/`.

use crate::args::{Arguments, Repair};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::render::{Style, counted, grouped};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lineal_engine::repair::{Repaired, Wanted, repair};
use lineal_engine::storage::{FileStorage, Storage};
use serde_json::json;
use std::io::Write;
use std::sync::Arc;

/// Faults shown on the screen; `--json` lists all.
const FAULTS_SHOWN: usize = 50;

pub(super) fn run(arguments: &Arguments, wanted: &Repair) -> Outcome {
    let folder = place::folder(arguments)?;
    let network = FileStorage::new(&folder).network_file_system();
    if let Some(kind) = network.filter(|_| !arguments.force_network && !wanted.dry_run) {
        let path = folder.display().to_string();
        return Err(Failure::Store(lineal_engine::Error::NetworkFileSystem { path, kind }));
    }
    let storage: Arc<dyn Storage> = Arc::new(FileStorage::new(&folder));
    let from =
        wanted.from.as_ref().map(|from| Arc::new(FileStorage::new(from)) as Arc<dyn Storage>);
    let bar = bar();
    let done = repair(
        &storage,
        &Wanted { from, dry_run: wanted.dry_run, options: place::options(arguments) },
        &mut |progress| {
            bar.set_length(progress.bytes_total);
            bar.set_position(progress.bytes);
            bar.set_message(progress.file);
        },
    );
    bar.finish_and_clear();
    let done = done?;
    let is_changed = done.brought_up.is_some()
        || !done.restored.is_empty()
        || !done.set_aside.is_empty()
        || done.rebuilt;
    if is_changed && !wanted.dry_run {
        // Afterwards: before, the store may not open.
        let noted = place::open_noted(arguments, "repair").map(drop);
        if let Err(why) = noted {
            writeln!(
                std::io::stderr(),
                "note: this repair is not in the store's trail: {}",
                why.text()
            )?;
        }
    }
    let mut out = std::io::stdout().lock();
    if arguments.json {
        print_json(&mut out, wanted.dry_run, &done)?;
    } else {
        print(&mut out, wanted, &done)?;
    }
    Ok(match (done.left.is_empty(), done.left.iter().all(|fault| fault.derived)) {
        (true, _) => Exit::Answer,
        (false, true) => Exit::No,
        (false, false) => Exit::Damaged,
    })
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let form = "checking [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} left {eta} {msg}";
    if let Ok(form) = ProgressStyle::with_template(form) {
        bar.set_style(form.progress_chars("=> "));
    }
    bar
}

fn print(out: &mut dyn Write, wanted: &Repair, done: &Repaired) -> Outcome<()> {
    let style = Style::new();
    let would = if wanted.dry_run { "would be " } else { "" };
    if done.truth_before == 0 && done.derived_before == 0 && done.brought_up.is_none() {
        return Ok(writeln!(out, "{}", style.found("no fault found: nothing to repair"))?);
    }
    writeln!(
        out,
        "found {} in what was recorded, {} in what is derived",
        counted(done.truth_before, "fault"),
        counted(done.derived_before, "fault"),
    )?;
    if let Some((from, to)) = done.brought_up {
        writeln!(
            out,
            "  head {would}brought up from commit {from} to {to}, with which the segments end"
        )?;
    }
    for one in &done.restored {
        let from = grouped(one.from_copy);
        let kept = match one.kept {
            0 => String::new(),
            kept => format!(", the {} behind them stay", counted(kept, "byte")),
        };
        writeln!(out, "  {} {would}restored: {from} bytes from the copy{kept}", one.file)?;
        if one.rests_on_copy {
            writeln!(out, "    nothing but the copy says that this key is the right one")?;
        }
        if let Some(aside) = &one.aside {
            writeln!(out, "    the damaged one {would}kept as {aside}")?;
        }
    }
    for (file, aside) in &done.set_aside {
        writeln!(out, "  {file} {would}set aside as {aside}")?;
    }
    if done.rebuilt {
        writeln!(out, "  what is derived {would}made again from the records")?;
    }
    for note in &done.notes {
        writeln!(out, "{}", style.faint(&format!("note: {note}")))?;
    }
    let is_secret = |file: &str| file.starts_with("keys/") || file.starts_with("sealed/");
    if done.restored.iter().any(|one| is_secret(&one.file)) {
        let told = match done.rebuilt {
            true => {
                "secrets came back as the copy has them; what recorded erasures destroyed of them is destroyed again, here and in orphans/"
            }
            false => {
                "secrets came back as the copy has them: what was erased since it was made is destroyed again by the next command that writes, and not before"
            }
        };
        let told = if wanted.dry_run {
            "secrets would come back as the copy has them, without what recorded erasures destroyed"
        } else {
            told
        };
        writeln!(out, "{}", style.warn(told))?;
    }
    if done.left.is_empty() {
        return Ok(writeln!(out, "{}", style.found("no fault is left"))?);
    }
    writeln!(out, "{} left:", counted(done.left.len() as u64, "fault"))?;
    for fault in done.left.iter().take(FAULTS_SHOWN) {
        writeln!(out, "  {}", style.warn(&format!("{fault} [{}]", fault.code)))?;
    }
    let next = match &wanted.from {
        None => {
            "name a copy of this store with --from DIR: what it holds of these is brought back if it proves itself"
        }
        Some(_) => "this copy has nothing that proves itself for these; another one may",
    };
    Ok(writeln!(out, "{next}")?)
}

fn print_json(out: &mut dyn Write, dry_run: bool, done: &Repaired) -> Outcome<()> {
    let restored = done.restored.iter().map(|one| {
        json!({
            "file": one.file, "from_copy": one.from_copy, "kept": one.kept, "aside": one.aside,
            "rests_on_copy": one.rests_on_copy,
        })
    });
    let aside = done.set_aside.iter().map(|(file, name)| json!({ "file": file, "aside": name }));
    let left = done.left.iter().map(|fault| {
        json!({
            "code": fault.code.name(), "file": fault.file, "at": fault.at, "rule": fault.rule,
            "lost": fault.lost, "derived": fault.derived,
        })
    });
    let object = json!({
        "dry_run": dry_run, "faults_before": { "truth": done.truth_before, "derived": done.derived_before },
        "head": done.brought_up.map(|(from, to)| json!({ "from": from, "to": to })),
        "restored": restored.collect::<Vec<_>>(), "set_aside": aside.collect::<Vec<_>>(),
        "rebuilt": done.rebuilt, "left": left.collect::<Vec<_>>(), "notes": done.notes,
    });
    Ok(writeln!(out, "{object}")?)
}
