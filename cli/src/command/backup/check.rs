//! `lineal backup --check`: a copy is read and held to its list, and to the store if there is one here.

use super::{bar, is_archive, show};
use crate::args::{Arguments, Backup};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::render::{counted, visible_lines};
use lineal_engine::storage::{FileStorage, Storage};
use lineal_engine::{CheckedCopy, CopiedKeys, CopyFault, Store, check_copy};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Holds a copy to its list, and to the store if there is one here.
pub(super) fn run(arguments: &Arguments, wanted: &Backup) -> Outcome {
    if arguments.there.url.is_some() {
        return Err(Failure::usage("--check reads the copy where it lies; leave --url out"));
    }
    if is_archive(&wanted.out) {
        return Err(Failure::usage(
            "--check reads the folder of a copy; unpack the archive, or `lineal restore` it, which checks it too",
        ));
    }
    // Beside the copy there need be no store: then what was erased since cannot be told.
    let store = match place::is_any(arguments) {
        true => Some(place::open_read_only(arguments)?),
        false => None,
    };
    let keys = wanted.with_keys.as_deref().map(CopiedKeys::read_file).transpose()?;
    let copy: Arc<dyn Storage> = Arc::new(FileStorage::new(&wanted.out));
    let bar = bar();
    let found =
        check_copy(&copy, store.as_ref(), keys.as_ref(), &mut |progress| show(&bar, progress));
    bar.finish_and_clear();
    tell_checked(arguments, &wanted.out, store.as_ref(), &found?)
}

fn tell_checked(
    arguments: &Arguments,
    copy: &Path,
    store: Option<&Store>,
    found: &CheckedCopy,
) -> Outcome {
    let exit = match found.faults.iter().map(|(_, fault, _)| fault).collect::<Vec<_>>() {
        none if none.is_empty() => Exit::Answer,
        all if all.iter().all(|fault| **fault == CopyFault::MustGo) => Exit::No,
        _ => Exit::Damaged,
    };
    exit.after(print(arguments, copy, store, found))
}

fn print(
    arguments: &Arguments,
    copy: &Path,
    store: Option<&Store>,
    found: &CheckedCopy,
) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let faults = found.faults.iter().map(|(file, fault, why)| {
            serde_json::json!({ "file": file, "fault": fault.name(), "why": why })
        });
        let json = serde_json::json!({
            "commit": found.commit, "commit_id": found.commit_id.to_string(), "files": found.files,
            "bytes": found.bytes, "behind": found.behind, "faults": faults.collect::<Vec<_>>(),
        });
        return Ok(writeln!(out, "{json}")?);
    }
    let (files, bytes) = (counted(found.files, "file"), counted(found.bytes, "byte"));
    writeln!(out, "{} is of commit {}: {files}, {bytes} read", copy.display(), found.commit)?;
    for (file, fault, why) in &found.faults {
        let word = match fault {
            CopyFault::Missing => "is missing",
            CopyFault::Damaged => "is damaged",
            CopyFault::MustGo => "must go",
        };
        writeln!(out, "  {} {word}: {}", visible_lines(file), visible_lines(why))?;
    }
    if found.faults.is_empty() {
        writeln!(out, "  every file is as its list says, and nothing is there that must go")?;
    } else {
        // What the list knows is read again only then.
        let is_damaged = found.faults.iter().any(|(_, fault, _)| *fault == CopyFault::Damaged);
        let heal = if is_damaged { " --heal" } else { "" };
        writeln!(
            out,
            "  `lineal backup {}{heal}` brings it up to date; snapshots of it that others keep are not reached",
            copy.display()
        )?;
    }
    match found.behind {
        Some(0) => writeln!(out, "  the store holds no later commit")?,
        Some(behind) => writeln!(out, "  the store is {} further", counted(behind, "commit"))?,
        None if store.is_none() => {
            writeln!(out, "  cannot tell what was erased since: no store is named (--store DIR)")?;
        }
        None => {}
    }
    Ok(())
}
