//! `lineal --url import`: each file goes to the server and is imported there, by the server's mapping
//! and in the name of the token.

use super::report::{exit, print, print_damage, print_untaken};
use super::{StandardInput, drawn};
use crate::args::{Arguments, Import};
use crate::exit::{Exit, Failure, Outcome};
use crate::remote::Remote;
use crate::render::{Style, counted};
use lineal_import::pipeline::recognise;
use lineal_import::{NoSource, Report, check_kind};
use lineal_query::told::CameBack;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Most files of one call: each is an import of its own, and a server remembers 1,000 jobs.
const FILES_MAX: usize = 1_000;
/// Folders within each other that are looked into.
const DEPTH_MAX: usize = 16;
/// The file that every folder of MLflow's file store has.
const MLFLOW_FOLDER: &str = "meta.yaml";

pub(super) fn run(arguments: &Arguments, wanted: &Import, remote: &Remote) -> Outcome {
    refuse(wanted)?;
    let stdin = StandardInput::spool(&wanted.paths)?;
    let paths = stdin.as_ref().map_or_else(|| wanted.paths.clone(), |input| vec![input.path()]);
    let files = files(&paths)?;
    let mut looked = Looked::default();
    let form = wanted.form.clone().or_else(|| stdin.is_some().then(|| "datadog".to_owned()));
    if wanted.strict && form.is_none() {
        leave_none_out(&paths, &files)?;
    }
    let said = [
        ("form", form),
        ("source", wanted.source.clone()),
        ("observed_at", observed_at(wanted)?),
        ("strict", wanted.strict.then(|| "true".to_owned())),
        ("dry_run", wanted.dry_run.then(|| "true".to_owned())),
    ];
    let said: Vec<(&str, String)> =
        said.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let mut out = std::io::stdout().lock();
    let mut worst = Exit::Answer;
    for (given, file) in files {
        let begun = Instant::now();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let job = drawn(|progress| remote.upload(&file, &name, &said, progress))?;
        let json = match drawn(|progress| remote.await_job(&job, progress)) {
            // What lies beside an export is no reason to leave the rest of it where it is.
            Err(Failure::NotRecognised(why)) => {
                looked.left.push((given, file, why));
                continue;
            }
            json => json?,
        };
        looked.taken.insert(given);
        let report = Report::from_json(&json).ok_or_else(|| {
            Failure::usage(
                "the server's report is of another version of lineal; the import is done",
            )
        })?;
        if arguments.json {
            writeln!(out, "{json}")?;
        } else {
            let back = CameBack::of_json(&json["brought_back"]);
            print(&mut out, &report, back, begun.elapsed())?;
            print_damage(&mut out, &report)?;
        }
        // Whoever watches sees each when it is done.
        out.flush()?;
        worst = worst.max(exit(&report));
    }
    if looked.list(arguments, &paths, &mut out)? && wanted.strict {
        // Here each was taken for something, and the server took it for nothing: the others are imported.
        worst = worst.max(Exit::No);
    }
    looked.nothing(&paths).map_or(Ok(worst), Err)
}

/// What became of the files, by the path that was given for them.
#[derive(Default)]
struct Looked {
    /// Paths below which something was recognised.
    taken: BTreeSet<usize>,
    /// Files in which nothing was, and the server's words for that.
    left: Vec<(usize, PathBuf, String)>,
}

impl Looked {
    /// The files of no source beside what was recognised, as an import beside the store names them.
    fn untaken(&self, paths: &[PathBuf]) -> NoSource {
        let mut none = NoSource::default();
        for (given, file, _) in self.left.iter().filter(|(given, ..)| self.taken.contains(given)) {
            if let Some(folder) = paths.get(*given) {
                none.add_alone(folder, file);
            }
        }
        none
    }

    /// Names the files that no source takes, and says whether there are any: for programs in one more report, of
    /// an import that was none.
    fn list(&self, arguments: &Arguments, paths: &[PathBuf], out: &mut dyn Write) -> Outcome<bool> {
        let none = self.untaken(paths);
        if none.files == 0 {
            return Ok(false);
        }
        if arguments.json {
            let mut json = Report { no_source: none, ..Report::default() }.to_json();
            json["brought_back"] = CameBack::default().json();
            writeln!(out, "{json}")?;
        } else {
            print_untaken(out, &none, Style::new())?;
        }
        Ok(true)
    }

    /// As beside the store: a path below which nothing was recognised is a mistake.
    fn nothing(&self, paths: &[PathBuf]) -> Option<Failure> {
        let mut left = self.left.iter().filter(|(given, ..)| !self.taken.contains(given));
        let (given, file, why) = left.next()?;
        let path = paths.get(*given).filter(|path| *path != file);
        let Some(path) = path else { return Some(Failure::usage(why)) };
        let of_it = self.left.iter().filter(|(other, ..)| other == given).count();
        let files = counted(of_it as u64, "file");
        Some(Failure::usage(format!(
            "nothing recognised under {}: {files} sent. Of the first the server says: {why}",
            path.display()
        )))
    }
}

/// Refuses files that no source takes before anything is sent: each goes by itself, and what is imported of
/// the others would stay.
fn leave_none_out(paths: &[PathBuf], files: &[(usize, PathBuf)]) -> Outcome<()> {
    let mut looked = Looked::default();
    for (given, file) in files {
        match recognise(file, None) {
            Err(lineal_import::Error::NothingRecognised { .. }) => {
                looked.left.push((*given, file.clone(), String::new()));
            }
            // What cannot be looked into is told where it is sent.
            _ => {
                looked.taken.insert(*given);
            }
        }
    }
    for (given, path) in paths.iter().enumerate() {
        if !looked.taken.contains(&given) {
            recognise(path, None)?;
        }
    }
    Ok(looked.untaken(paths).refuse()?)
}

/// What is decided where the store is.
fn refuse(wanted: &Import) -> Outcome<()> {
    let flags = [
        (
            wanted.mapping.is_some(),
            "--mapping",
            "the server's configuration names the mapping file",
        ),
        (wanted.explain_mapping, "--explain-mapping", "leave --url out: it reads no store"),
        (
            wanted.follow,
            "--follow",
            "it watches folders beside the store; agents send live logs to the server (docs/operating.md)",
        ),
        (wanted.actor.is_some(), "--actor", "the token says who imports"),
    ];
    match flags.into_iter().find(|(is_given, ..)| *is_given) {
        Some((_, flag, instead)) => {
            Err(Failure::usage(format!("{flag} does not go with --url: {instead}")))
        }
        None => Ok(()),
    }
}

/// The time as a server reads it.
fn observed_at(wanted: &Import) -> Outcome<Option<String>> {
    let time = wanted.observed_at.as_deref().map(crate::time::parse).transpose()?;
    Ok(time.map(crate::time::rfc3339))
}

/// The files that are meant, each with the place of the path that was given for it; those of folders in
/// the order of their paths.
fn files(paths: &[PathBuf]) -> Outcome<Vec<(usize, PathBuf)>> {
    let mut files = Vec::new();
    for (given, path) in paths.iter().enumerate() {
        let mut of_it = Vec::new();
        gather(path, 0, &mut of_it)?;
        files.extend(of_it.into_iter().map(|file| (given, file)));
    }
    match files.len() {
        0 => Err(Failure::usage("no file is there to be sent")),
        count if count > FILES_MAX => Err(Failure::usage(format!(
            "{count} files, and over a network each is an import of its own, {FILES_MAX} a call at most: \
             put the folder where the server may import from, and ask for it there (docs/operating.md)"
        ))),
        _ => Ok(files),
    }
}

fn gather(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Outcome<()> {
    let unread = |e: std::io::Error| Failure::usage(format!("{}: {e}", path.display()));
    let about = std::fs::metadata(path).map_err(unread)?;
    check_kind(path)?;
    if !about.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    if path.join(MLFLOW_FOLDER).is_file() {
        return Err(Failure::usage(format!(
            "{}: a folder of MLflow is read whole; import it beside the store, or put it where the server may import from",
            path.display()
        )));
    }
    if depth == DEPTH_MAX {
        return Err(Failure::usage(format!(
            "{}: {DEPTH_MAX} folders within each other",
            path.display()
        )));
    }
    let entries = std::fs::read_dir(path).map_err(unread)?;
    let below = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut below = below.map_err(unread)?;
    below.sort();
    // As beside the store: what begins with a dot is nobody's export.
    let is_hidden = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
    };
    below.retain(|path| !is_hidden(path));
    below.iter().try_for_each(|path| gather(path, depth + 1, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_folders_are_sent_in_order_and_folders_of_mlflow_are_not() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        for folder in ["logs/b", "mlruns/0"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        for file in ["logs/b/2.json", "logs/a.json", "logs/.hidden", "mlruns/0/meta.yaml", "x.db"] {
            std::fs::write(at(file), "x").unwrap();
        }
        let found = files(&[at("x.db"), at("logs")]).unwrap();
        let expected = [(0, at("x.db")), (1, at("logs/a.json")), (1, at("logs/b/2.json"))];
        assert_eq!(found, expected);
        assert!(files(&[at("mlruns")]).is_err() && files(&[at("absent")]).is_err());
        std::fs::create_dir(at("empty")).unwrap();
        assert!(files(&[at("empty")]).is_err());
    }
}
