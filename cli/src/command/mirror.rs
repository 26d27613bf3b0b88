//! `lineal mirror`: a copy of a store that is pulled from a server or a folder, verified as it comes.

use crate::args::{Arguments, Mirror};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use crate::render::{counted, visible_lines};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lineal_engine::mirror::{Folder, Mirrored, Upstream, pull};
use lineal_engine::storage::FileStorage;
use lineal_engine::{BACKUP_LIST, need_copy};
use lineal_proof::tlog::VerifierKey;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

pub(super) fn run(arguments: &Arguments, wanted: &Mirror) -> Outcome {
    let key = wanted.key.as_deref().map(VerifierKey::parse).transpose();
    let key = key.map_err(|error| Failure::usage(format!("--key: {error}")))?;
    if !is_address(&wanted.from) {
        super::backup::need_outside(&wanted.into, Path::new(&wanted.from))?;
    }
    let was_there = wanted.into.exists();
    need_copy(&wanted.into)?;
    let to = FileStorage::new(&wanted.into);
    if !is_address(&wanted.from) {
        note(arguments, Path::new(&wanted.from))?;
    }
    let mut is_first = true;
    loop {
        let bar = bar();
        let done = upstream(arguments, wanted).and_then(|from| {
            let done = pull(&to, &*from, key.as_ref(), &mut |progress| {
                bar.set_length(progress.all);
                bar.set_position(progress.bytes);
                bar.set_message(progress.file);
            });
            Ok(done?)
        });
        bar.finish_and_clear();
        match (done, wanted.follow) {
            (Ok(done), None) => return tell(arguments, wanted, &done).map(|()| Exit::Answer),
            (Ok(done), Some(_)) => {
                if is_first || done.commit > done.was || !done.removed.is_empty() {
                    tell(arguments, wanted, &done)?;
                }
            }
            // Who follows waits for a server that is away; a past that is another is no matter of waiting.
            (Err(failure), Some(_)) if !is_first && failure.exit() != Exit::Damaged => {
                let why = visible_lines(&failure.text()).to_string();
                writeln!(std::io::stderr(), "note: nothing pulled: {why}")?;
            }
            (Err(failure), _) => {
                if !was_there {
                    // What was verified stays, and the next run goes on from there; of nothing nothing does.
                    let only_lock = std::fs::read_dir(&wanted.into)
                        .is_ok_and(|files| files.flatten().all(|file| file.file_name() == "lock"));
                    if only_lock {
                        let _ = std::fs::remove_file(wanted.into.join("lock"));
                        let _ = std::fs::remove_dir(&wanted.into);
                    }
                }
                return Err(failure);
            }
        }
        is_first = false;
        std::thread::sleep(Duration::from_secs(wanted.follow.unwrap_or(1).max(1)));
    }
}

fn is_address(from: &str) -> bool {
    from.starts_with("https://") || from.starts_with("http://")
}

/// Notes it in the trail of the store that it is pulled from, as a server does. Of a copy nobody keeps a trail;
/// and while a server writes the store nobody else can.
fn note(arguments: &Arguments, from: &Path) -> Outcome<()> {
    if from.join(BACKUP_LIST).exists() {
        return Ok(());
    }
    if let Err(why) = place::note_at(from, arguments, "mirror") {
        let why = visible_lines(&why.text()).to_string();
        writeln!(std::io::stderr(), "note: this mirror is not in the store's trail: {why}")?;
    }
    Ok(())
}

/// Where it is pulled from: opened anew each time, so that what came meanwhile is seen.
fn upstream(arguments: &Arguments, wanted: &Mirror) -> Outcome<Box<dyn Upstream>> {
    let from = &wanted.from;
    if is_address(from) {
        return Ok(Box::new(Remote::at(from, &arguments.there)?));
    }
    Ok(Box::new(Folder::open(Path::new(from))?))
}

fn tell(arguments: &Arguments, wanted: &Mirror, done: &Mirrored) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let json = serde_json::json!({
            "was": done.was, "commit": done.commit, "commit_id": done.commit_id.to_string(),
            "bytes": done.bytes, "containers": done.containers, "checkpoints": done.checkpoints,
            "tiles": done.tiles, "signed": done.signed, "removed": done.removed, "notes": done.notes,
        });
        return Ok(writeln!(out, "{json}")?);
    }
    let commits = counted(done.commit - done.was, "commit");
    writeln!(
        out,
        "mirrored {commits} with {} into {}: it holds {} up to commit {}",
        counted(done.containers, "container"),
        wanted.into.display(),
        counted(done.bytes, "pulled byte"),
        done.commit,
    )?;
    match done.signed {
        Some(size) => writeln!(
            out,
            "  signed up to commit {size}; {} behind it follow by their hashes alone",
            counted(done.commit - size, "commit")
        )?,
        None => writeln!(
            out,
            "  no checkpoint came: commits follow one another by their hashes, and nobody signed them"
        )?,
    }
    for note in &done.notes {
        writeln!(out, "  note: {}", visible_lines(note))?;
    }
    if !done.removed.is_empty() {
        let removed = counted(done.removed.len() as u64, "file");
        writeln!(out, "  {removed} removed that the store no longer has")?;
    }
    Ok(())
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let form = "pulling [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} left {eta} {msg}";
    if let Ok(form) = ProgressStyle::with_template(form) {
        bar.set_style(form.progress_chars("=> "));
    }
    bar
}
