//! `lineal backup`: a copy of the store as of its last commit, while it is read and written.

use crate::args::{Arguments, Backup};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::render::{counted, visible_lines};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lineal_engine::{BackupProgress, Tar};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the name of an archive ends with; anything else names a folder.
const ARCHIVE: &str = "tar";
/// What stands behind the name of an archive that is not whole yet.
const PART: &str = "part";

pub(super) fn run(arguments: &Arguments, wanted: &Backup) -> Outcome {
    // A copy may be made while a server writes the store: then nobody else can write the trail.
    let noted = place::open_noted(arguments, "backup").map(drop);
    let store = place::open_read_only(arguments)?;
    let backup = store.backup(wanted.with_keys)?;
    let (commit, id) = (backup.commit(), backup.commit_id());
    let (files, bytes) = (backup.files(), backup.bytes());
    let bar = bar();
    let is_archive = wanted.out.extension().is_some_and(|end| end == ARCHIVE);
    if is_archive {
        archive(&wanted.out, backup.into_tar(), &bar)?;
    } else {
        backup.write_to(&wanted.out, &mut |BackupProgress { bytes, all }| {
            bar.set_length(all);
            bar.set_position(bytes);
        })?;
    }
    bar.finish_and_clear();
    if let Err(why) = noted {
        let why = visible_lines(&why.text());
        writeln!(std::io::stderr(), "note: this copy is not in the store's trail: {why}")?;
    }
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let json = serde_json::json!({
            "commit": commit, "commit_id": id.to_string(), "files": files, "bytes": bytes,
            "with_keys": wanted.with_keys,
        });
        writeln!(out, "{json}")?;
        return Ok(Exit::Answer);
    }
    writeln!(
        out,
        "copied {} with {} as of commit {commit} to {}",
        counted(files, "file"),
        counted(bytes, "byte"),
        wanted.out.display(),
    )?;
    let keys = if wanted.with_keys {
        "the keys are in it: whoever has it opens every sealed value"
    } else {
        "without the keys: keep keys/ apart; sealed values stay closed until it is put back"
    };
    writeln!(out, "  {keys}")?;
    let store = if is_archive { "DIR".to_owned() } else { wanted.out.display().to_string() };
    let first = if is_archive { "unpack it into DIR, then " } else { "" };
    writeln!(out, "  to check it: {first}lineal --store {store} verify")?;
    Ok(Exit::Answer)
}

/// Writes an archive beside its name, and gives it that when it is durable.
fn archive(path: &Path, tar: Tar, bar: &ProgressBar) -> Outcome<()> {
    if path.exists() {
        return Err(Failure::usage(format!(
            "{} is there already: name another file, a copy is never overwritten",
            path.display()
        )));
    }
    bar.set_length(tar.length());
    let part = PathBuf::from(format!("{}.{PART}", path.display()));
    let written = create(&part).map_err(Failure::Output).and_then(|file| {
        let mut out = BufWriter::new(file);
        for piece in tar {
            let piece = piece?;
            out.write_all(&piece)?;
            bar.inc(piece.len() as u64);
        }
        let file = out.into_inner().map_err(|error| Failure::Output(error.into_error()))?;
        file.sync_all()?;
        Ok(())
    });
    if written.is_err() {
        // Half an archive is of no use to anybody.
        let _ = std::fs::remove_file(&part);
    }
    written?;
    std::fs::rename(&part, path)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// A file for whoever runs this alone: it holds what the store holds.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let form = "copying [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} left {eta}";
    if let Ok(form) = ProgressStyle::with_template(form) {
        bar.set_style(form.progress_chars("=> "));
    }
    // Drawn on a terminal only.
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
