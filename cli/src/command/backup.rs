//! `lineal backup`: a copy of the store as of its last commit, while it is read and written; of a store
//! here, or of one that a server serves. A folder that holds an earlier copy is brought up to date, and
//! with `--check` read and held to what it should be.

mod check;

use crate::args::{Arguments, Backup};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use crate::render::{counted, visible_lines};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lineal_engine::{BackupProgress, Received, Updated, receive};
use lineal_proof::Hash;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the name of an archive ends with; anything else names a folder.
const ARCHIVE: &str = "tar";
/// What stands behind the name of an archive that is not whole yet.
const PART: &str = "part";

/// What was copied.
struct Copied {
    commit: u64,
    id: Hash,
    files: u64,
    bytes: u64,
    /// What was done to a folder.
    updated: Option<Updated>,
    /// Are keys written beside it, and not the one that signs checkpoints?
    lacks_signer: bool,
}

pub(super) fn run(arguments: &Arguments, wanted: &Backup) -> Outcome {
    if wanted.check {
        return check::run(arguments, wanted);
    }
    if let Some(remote) = Remote::meant(arguments)? {
        let copied = fetch(&remote, wanted)?;
        return tell(arguments, wanted, &copied);
    }
    if let Some(file) = &wanted.with_keys
        && (file.starts_with(&wanted.out) || is_within(file, &wanted.out))
    {
        return Err(Failure::usage(
            "--with-keys names a file in the copy itself: whoever finds the copy would find its keys; name one elsewhere",
        ));
    }
    let folder = place::folder(arguments)?;
    need_outside(&wanted.out, &folder)?;
    // A copy may be made while a server writes the store: then nobody else can write the trail.
    let noted = place::open_noted(arguments, "backup").map(drop);
    let store = place::open_read_only(arguments)?;
    if is_archive(&wanted.out) {
        need_new(&wanted.out)?;
        if wanted.heal {
            return Err(Failure::usage("--heal is of the folder of a copy, and not of an archive"));
        }
    }
    let backup = store.backup(wanted.with_keys.is_some())?;
    let backup = if wanted.heal { backup.healing() } else { backup };
    let mut copied = Copied {
        commit: backup.commit(),
        id: backup.commit_id(),
        files: backup.files(),
        bytes: backup.bytes(),
        updated: None,
        lacks_signer: backup.keys().is_some_and(|keys| !keys.sign()),
    };
    let keys = backup.keys().cloned();
    // Before the copy: one that the keys no longer go with is none that opens.
    if let (Some(keys), Some(file)) = (&keys, &wanted.with_keys) {
        keys.need_replaceable(file)?;
    }
    let bar = bar();
    if is_archive(&wanted.out) {
        let tar = backup.into_tar();
        bar.set_length(tar.length());
        archive(&wanted.out, |out| {
            for piece in tar {
                let piece = piece?;
                out.write_all(&piece)?;
                bar.inc(piece.len() as u64);
            }
            Ok(())
        })?;
    } else {
        copied.updated = Some(backup.write_to(&wanted.out, &mut |progress| show(&bar, progress))?);
    }
    bar.finish_and_clear();
    // Behind the copy: keys of before an erasure fit the copy of before, and are replaced with it.
    if let (Some(keys), Some(file)) = (&keys, &wanted.with_keys) {
        keys.write_file(file)?;
    }
    if let Err(why) = noted {
        let why = visible_lines(&why.text());
        writeln!(std::io::stderr(), "note: this copy is not in the store's trail: {why}")?;
    }
    tell(arguments, wanted, &copied)
}

/// Takes a copy of a server, and holds each file to the list that came with it.
fn fetch(remote: &Remote, wanted: &Backup) -> Outcome<Copied> {
    if wanted.with_keys.is_some() {
        return Err(Failure::usage(
            "--with-keys: a server never gives its keys away; leave it out, and keep a copy of keys/ apart from it",
        ));
    }
    if wanted.heal {
        return Err(Failure::usage(
            "--heal takes from a store that lies here: name it with --store DIR; over the network make the copy anew in a new folder",
        ));
    }
    // Before anything is asked for: a copy is noted at the server when it begins.
    if is_archive(&wanted.out) {
        need_new(&wanted.out)?;
    } else if wanted.out.join("head").exists() {
        return Err(Failure::usage(format!(
            "{} holds a copy: `lineal mirror {} {}` brings it up to date over the network; a copy needs a new folder",
            wanted.out.display(),
            remote.url(),
            wanted.out.display(),
        )));
    }
    let (length, body) = remote.backup()?;
    let bar = bar();
    bar.set_length(length.unwrap_or(0));
    let received = if is_archive(&wanted.out) {
        archive(&wanted.out, |out| {
            let passed = Passed { body, out: Some(out), bar: &bar };
            receive(passed, None).map_err(Failure::Store)
        })
    } else {
        let passed = Passed { body, out: None::<&mut BufWriter<File>>, bar: &bar };
        receive(passed, Some(&wanted.out)).map_err(Failure::Store)
    };
    bar.finish_and_clear();
    let Received { commit, commit_id: id, files, bytes } = received?;
    Ok(Copied { commit, id, files, bytes, updated: None, lacks_signer: false })
}

/// Bytes on their way, written as they come where a file is to hold them.
struct Passed<'a, R, W> {
    body: R,
    out: Option<&'a mut W>,
    bar: &'a ProgressBar,
}

impl<R: Read, W: Write> Read for Passed<'_, R, W> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.body.read(into)?;
        if let Some(out) = &mut self.out {
            out.write_all(&into[..count])?;
        }
        self.bar.inc(count as u64);
        Ok(count)
    }
}

fn tell(arguments: &Arguments, wanted: &Backup, copied: &Copied) -> Outcome {
    let Copied { commit, id, files, bytes, updated, lacks_signer } = copied;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let mut json = serde_json::json!({
            "commit": commit, "commit_id": id.to_string(), "files": files, "bytes": bytes,
            "with_keys": wanted.with_keys,
        });
        if let Some(updated) = updated {
            json["was"] = updated.was.into();
            json["written"] = updated.written.into();
            json["written_bytes"] = updated.bytes.into();
            json["removed"] = updated.removed.clone().into();
        }
        writeln!(out, "{json}")?;
        return Ok(Exit::Answer);
    }
    writeln!(
        out,
        "copied {} with {} as of commit {commit} to {}",
        counted(*files, "file"),
        counted(*bytes, "byte"),
        wanted.out.display(),
    )?;
    if let Some(Updated { was: Some(was), written, bytes, removed, .. }) = updated {
        let (written, bytes) = (counted(*written, "file"), counted(*bytes, "byte"));
        writeln!(
            out,
            "  it was of commit {was}: {written} written ({bytes}), {} removed",
            removed.len()
        )?;
    }
    match &wanted.with_keys {
        Some(file) => writeln!(
            out,
            "  the keys are in {}: whoever has it beside the copy opens every sealed value",
            file.display()
        )?,
        None => writeln!(
            out,
            "  without the keys: keep keys/ apart; sealed values stay closed until it is put back"
        )?,
    }
    if *lacks_signer {
        writeln!(
            out,
            "  keys/signing.key is not among them, since the store has none: nothing can be signed with them"
        )?;
    }
    let is_archive = is_archive(&wanted.out);
    let store = if is_archive { "DIR".to_owned() } else { wanted.out.display().to_string() };
    let first = if is_archive { "unpack it into DIR, then " } else { "" };
    writeln!(out, "  to check it: {first}lineal --store {store} verify")?;
    Ok(Exit::Answer)
}

/// Is a file below a folder, as far as both are there?
fn is_within(file: &Path, folder: &Path) -> bool {
    let above = file.parent().filter(|above| !above.as_os_str().is_empty());
    let above = above.unwrap_or(Path::new(".")).canonicalize();
    matches!((above, folder.canonicalize()), (Ok(above), Ok(folder)) if above.starts_with(&folder))
}

/// Refuses a place for a copy within what it is a copy of.
pub(super) fn need_outside(out: &Path, store: &Path) -> Outcome<()> {
    if !is_inside(out, store) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{} lies in the store {}: what damages or removes the store takes the copy along; name a place elsewhere",
        out.display(),
        store.display(),
    )))
}

/// Does a path, which need not be there yet, lie in a folder?
fn is_inside(path: &Path, folder: &Path) -> bool {
    let there = path.ancestors().find_map(|above| {
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        above.canonicalize().ok()
    });
    let is_above = |folder: std::path::PathBuf| {
        there.is_some_and(|there| there.starts_with(&folder) && (there != folder || !path.exists()))
    };
    folder.canonicalize().is_ok_and(is_above)
}

pub(super) fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == ARCHIVE)
}

fn need_new(path: &Path) -> Outcome<()> {
    if path.exists() {
        return Err(Failure::usage(format!(
            "{} is there already: name another file, a copy is never overwritten",
            path.display()
        )));
    }
    Ok(())
}

/// Writes an archive beside its name, and gives it that when it is durable.
fn archive<T>(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> Outcome<T>) -> Outcome<T> {
    need_new(path)?;
    let part = PathBuf::from(format!("{}.{PART}", path.display()));
    let written = create(&part).map_err(Failure::Output).and_then(|file| {
        let mut out = BufWriter::new(file);
        let done = write(&mut out)?;
        let file = out.into_inner().map_err(|error| Failure::Output(error.into_error()))?;
        file.sync_all()?;
        Ok(done)
    });
    if written.is_err() {
        // Half an archive is of no use to anybody.
        let _ = std::fs::remove_file(&part);
    }
    let done = written?;
    std::fs::rename(&part, path)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(done)
}

/// A file for whoever runs this alone: it holds what the store holds.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

pub(super) fn show(bar: &ProgressBar, BackupProgress { bytes, all }: BackupProgress) {
    bar.set_length(all.max(bytes));
    bar.set_position(bytes);
}

pub(super) fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let form = "copying [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} left {eta}";
    if let Ok(form) = ProgressStyle::with_template(form) {
        bar.set_style(form.progress_chars("=> "));
    }
    // Drawn on a terminal only.
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
