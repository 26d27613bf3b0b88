//! `lineal restore`: a copy becomes a store again, verified on the way, and without what was erased since.

use super::backup::{bar, is_archive, show};
use crate::args::{Arguments, Restore};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::render::{counted, visible};
use lineal_engine::storage::{FileStorage, Storage};
use lineal_engine::{
    CopiedKeys, DecisionLog, Later, NotDone, Origin, RestoredCopy, Restoring, Store, restore,
};
use lineal_evidence::decisions;
use serde_json::json;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

/// What tells what was erased since.
enum Told {
    Store(Box<Store>),
    List(DecisionLog),
}

impl Told {
    /// A folder is a later state of the store; a file is what such a one was asked for.
    fn read(path: &Path) -> Outcome<Told> {
        if path.is_dir() {
            return Ok(Told::Store(Box::new(Store::open_read_only(path)?)));
        }
        decisions::read_file(path).map(Told::List).map_err(Failure::usage)
    }

    fn later(&self) -> Later<'_> {
        match self {
            Told::Store(store) => Later::Store(store),
            Told::List(list) => Later::List(list),
        }
    }
}

pub(super) fn run(arguments: &Arguments, wanted: &Restore) -> Outcome {
    let keys = wanted.with_keys.as_deref().map(CopiedKeys::read_file).transpose()?;
    let later = wanted.erasures_of.as_deref().map(Told::read).transpose()?;
    let has_keys = keys.is_some();
    let network = FileStorage::new(wanted.dir.parent().unwrap_or(&wanted.dir));
    if let Some(kind) = network.network_file_system().filter(|_| !arguments.force_network) {
        let path = wanted.dir.display().to_string();
        return Err(Failure::Store(lineal_engine::Error::NetworkFileSystem { path, kind }));
    }
    let restoring = Restoring {
        keys,
        erasures_of: later.as_ref().map(Told::later),
        options: place::options(arguments),
    };
    let bar = bar();
    let made = if is_archive(&wanted.copy) {
        let name = wanted.copy.display();
        let file =
            File::open(&wanted.copy).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
        let mut file = BufReader::new(file);
        restore(Origin::Archive(&mut file), &wanted.dir, restoring, &mut |now| show(&bar, now))
    } else {
        let copy = FileStorage::new(&wanted.copy);
        let copy: &dyn Storage = &copy;
        restore(Origin::Folder(copy), &wanted.dir, restoring, &mut |now| show(&bar, now))
    };
    bar.finish_and_clear();
    let RestoredCopy { commit, commit_id, files, bytes, erased_again, not_done } = made?;
    let exit = if not_done.is_empty() { Exit::Answer } else { Exit::Partial };
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let json = json!({
            "commit": commit, "commit_id": commit_id.to_string(), "files": files, "bytes": bytes,
            "with_keys": has_keys, "erased_again": erased_again,
            "not_done": not_done.iter().map(|one| json!({
                "commit": one.commit, "decision": one.decision.name(), "reference": one.reference,
                "rows": one.rows, "values": one.values,
            })).collect::<Vec<_>>(),
        });
        writeln!(out, "{json}")?;
        return Ok(exit);
    }
    let (files, bytes, dir) =
        (counted(files, "file"), counted(bytes, "byte"), wanted.dir.display());
    writeln!(out, "put back {files} with {bytes} as of commit {commit} into {dir}")?;
    if has_keys {
        writeln!(out, "  verified: records, rows and sealed values are as they were written")?;
    } else {
        writeln!(out, "  verified as far as it can be without the keys: records and containers")?;
        writeln!(
            out,
            "  sealed values stay closed and nothing can be written until keys/ is put back"
        )?;
    }
    match (erased_again, &later) {
        (0, None) => writeln!(
            out,
            "  what was erased after commit {commit} is in it again: --erasures-of names a later state of the store, or a list of its erasures, if there is one"
        )?,
        (0, Some(_)) => writeln!(out, "  nothing that it holds was erased since")?,
        (count, _) => writeln!(
            out,
            "  {} since were done again, each a commit of its own; what of it is not in the copy no import brings back",
            counted(count, "erasure")
        )?,
    }
    told_not_done(&mut out, &not_done)?;
    writeln!(
        out,
        "  commits behind {commit} are not in it; a witness tells whether there were any"
    )?;
    Ok(exit)
}

/// What was decided since and is still to be done, by somebody.
fn told_not_done(out: &mut dyn Write, not_done: &[NotDone]) -> Outcome<()> {
    for one in not_done {
        let (decision, reference) = (one.decision.name(), visible(&one.reference));
        let things = [(one.rows, "row"), (one.values, "sealed value")];
        let things: Vec<String> = things
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| counted(count, what))
            .collect();
        writeln!(
            out,
            "  not done: {decision} in commit {} of the later state ({reference}): {} not in the copy",
            one.commit,
            things.join(", "),
        )?;
    }
    if !not_done.is_empty() {
        writeln!(
            out,
            "  when an import has brought that, decide it again: `lineal erase event|batch|field ...`, with --restrict where it was restricted; `lineal erase list` of the later state names each decision"
        )?;
    }
    Ok(())
}
