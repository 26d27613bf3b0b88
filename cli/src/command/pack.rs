//! `lineal pack`: the folder that is handed to people who check it without us.

use crate::args::{Arguments, Pack as Wanted, PackDisclosure};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use crate::render::{counted, visible};
use crate::time::Zone;
use lineal_engine::Store;
use lineal_engine::clock::{Clock, SystemClock};
use lineal_evidence::pack::{
    AsOf, Disclosure, Error, Files, Pack, RECORDED_TYPE, Step, pack, write_one,
};
use lineal_evidence::record::{Attach, By, Desk, FileFacts};
use lineal_evidence::rules::Status;
use serde_json::{Value as Json, json};
use std::cell::Cell;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it is said how far it is.
const TELL_EVERY: Duration = Duration::from_secs(1);

pub(super) fn run(arguments: &Arguments, wanted: &Wanted) -> Outcome {
    if arguments.restricted {
        return Err(Failure::usage(
            "what is restricted does not enter a pack: leave --restricted out",
        ));
    }
    let zone = Zone::parse(&arguments.tz)?;
    let as_of = wanted.as_of.as_deref().map(as_of).transpose()?;
    // It takes long to make a pack, and nothing is written over.
    if let Some(path) = wanted.zip.as_deref().filter(|path| path.symlink_metadata().is_ok()) {
        return Err(not_written(path, &std::io::ErrorKind::AlreadyExists.into()));
    }
    if let Some(remote) = Remote::meant(arguments)? {
        return there(arguments, wanted, &remote);
    }
    let store = Arc::new(place::open_read_only(arguments)?);
    let disclosure = match wanted.disclosure {
        PackDisclosure::Authority => Disclosure::Authority,
        PackDisclosure::ThirdParty => Disclosure::ThirdParty,
    };
    let what = lineal_evidence::pack::Wanted {
        subject: &wanted.subject,
        disclosure,
        as_of,
        samples: wanted.samples,
    };
    let progress = Progress::default();
    let made = pack(&store, &what, &|step| {
        progress.tell(step);
        ControlFlow::Continue(())
    });
    let made = made.map_err(|error| failure(&zone, error))?;
    let folder = folder(wanted, &made.name);
    if let Some(folder) = &folder {
        made.write_to(folder).map_err(|error| not_written(folder, &error))?;
    }
    if let Some(path) = &wanted.zip {
        let written = made.write_zip(path).map_err(Failure::usage)?;
        written.map_err(|error| not_written(path, &error))?;
    }
    let behind = store.commit().saturating_sub(made.size);
    drop(store);
    let recorded = match &wanted.by {
        Some(by) if wanted.record => Some(record(arguments, &made, disclosure, by)?),
        _ => None,
    };
    let places = Places { folder: folder.as_deref(), zip: wanted.zip.as_deref(), recorded };
    print(arguments, (&made.name, &made.files), &places, behind)?;
    Ok(Exit::Answer)
}

/// Where the folder is written, where one is wanted.
fn folder(wanted: &Wanted, name: &str) -> Option<PathBuf> {
    match (&wanted.out, &wanted.zip) {
        (Some(out), _) => Some(out.clone()),
        (None, None) => Some(PathBuf::from(name)),
        (None, Some(_)) => None,
    }
}

/// Has a server make it, and writes what came.
fn there(arguments: &Arguments, wanted: &Wanted, remote: &Remote) -> Outcome {
    if wanted.record {
        return Err(Failure::usage(
            "--record notes it in the store here; over --url the server's trail has who was given it, \
             with the digest of its manifest: leave --record and --by out",
        ));
    }
    if let Some(out) = wanted.out.as_deref().filter(|path| path.symlink_metadata().is_ok()) {
        return Err(not_written(out, &std::io::ErrorKind::AlreadyExists.into()));
    }
    let disclosure = match wanted.disclosure {
        PackDisclosure::Authority => Disclosure::Authority,
        PackDisclosure::ThirdParty => Disclosure::ThirdParty,
    };
    let mut asked = vec![
        ("subject", wanted.subject.clone()),
        ("disclosure", disclosure.name().to_owned()),
        ("samples", wanted.samples.to_string()),
    ];
    let said = match wanted.as_of.as_deref().map(as_of).transpose()? {
        Some(AsOf::Commit(commit)) => Some(commit.to_string()),
        Some(AsOf::Time(time)) => Some(crate::time::rfc3339(time)),
        None => None,
    };
    asked.extend(said.map(|as_of| ("as_of", as_of)));
    let mut zip = Vec::new();
    let handed = remote.handed("/v1/pack", &asked, &mut zip)?;
    let (name, files) = Files::from_zip(&zip).map_err(Failure::usage)?;
    let folder = folder(wanted, &name);
    if let Some(folder) = &folder {
        files.write_to(folder).map_err(|error| not_written(folder, &error))?;
    }
    if let Some(path) = &wanted.zip {
        write_one(path, &zip).map_err(|error| not_written(path, &error))?;
    }
    let places = Places { folder: folder.as_deref(), zip: wanted.zip.as_deref(), recorded: None };
    print(arguments, (&name, &files), &places, handed.behind)?;
    Ok(Exit::Answer)
}

/// A commit number, or a time.
fn as_of(text: &str) -> Outcome<AsOf> {
    Ok(match text.parse::<u64>() {
        Ok(commit) => AsOf::Commit(commit),
        Err(_) => AsOf::Time(crate::time::parse(text)?),
    })
}

fn not_written(path: &Path, error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::AlreadyExists {
        return Failure::usage(format!(
            "{} is there already: a pack is never written into another; name a new place with --out or --zip",
            path.display()
        ));
    }
    Failure::usage(format!("{}: {error}", path.display()))
}

fn failure(zone: &Zone, error: Error) -> Failure {
    match error {
        Error::Store(error) => error.into(),
        Error::Unresolved(unresolved) => crate::target::failure(zone, unresolved),
        other => Failure::usage(other),
    }
}

/// Notes in the store that the pack was handed over: the next pack of the same thing tells it.
fn record(arguments: &Arguments, made: &Pack, disclosure: Disclosure, by: &str) -> Outcome<String> {
    let store: Store = place::open_noted(arguments, "pack")?;
    let desk = Desk::new(&store, SystemClock.now());
    let bytes = made.files.get("MANIFEST.sha256").unwrap_or_default().to_vec();
    let file = FileFacts::of(&made.name, bytes, false);
    let covers = [];
    let version = made.digest.as_str();
    let attach = Attach {
        file: &file,
        to: &made.subject,
        covers: &covers,
        document_type: RECORDED_TYPE,
        name: Some(&made.name),
        version: Some(&format!("{}-{}", disclosure.name(), &version[..16.min(version.len())])),
        fields: &[],
    };
    let by = By { who: by, reason: None, at: None };
    let recorded = desk.attach(&by, &attach)?;
    store.write_indexes()?;
    Ok(recorded.node)
}

/// Where it was written.
struct Places<'a> {
    folder: Option<&'a Path>,
    zip: Option<&'a Path>,
    recorded: Option<String>,
}

/// Says what a pack holds, by its own files.
fn print(
    arguments: &Arguments,
    (name, files): (&str, &Files),
    places: &Places<'_>,
    behind: u64,
) -> Outcome<()> {
    let read = |path: &str| -> Json {
        let json = serde_json::from_slice(files.get(path).unwrap_or_default());
        json.unwrap_or(Json::Null)
    };
    let (about, findings) = (read("pack.json"), read("findings.json"));
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let (subject, key) = (text(&about["subject"]["name"]), text(&about["log"]["key"]));
    let (counts, size) = (&about["counts"], about["checkpoint"]["size"].as_u64().unwrap_or(0));
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let object = json!({
            "name": name, "subject": subject, "folder": places.folder, "zip": places.zip,
            "checkpoint": size, "manifest_sha256": files.digest(), "key": key,
            "files": files.len(), "bytes": files.bytes(), "counts": counts,
            "recorded": places.recorded, "commits_behind_checkpoint": behind,
            "verifier_sha256": listed(files, "verify/verify.py"),
        });
        return Ok(writeln!(out, "{object}")?);
    }
    let count = |name: &str| counts[name].as_u64().unwrap_or(0);
    writeln!(
        out,
        "{}: {} in {}, as of the checkpoint of {}",
        visible(&subject),
        counted(files.len() as u64, "file"),
        counted(files.bytes(), "byte"),
        counted(size, "commit"),
    )?;
    writeln!(
        out,
        "  {}, {}, {} sampled",
        counted(count("nodes"), "node"),
        counted(count("proofs"), "proof"),
        counted(count("sampled"), "event")
    )?;
    for report in findings["reports"].as_array().into_iter().flatten() {
        let told = &report["counts"];
        let all = Status::ALL.into_iter().map(Status::name);
        let all = all.map(|name| format!("{name} {}", told[name].as_u64().unwrap_or(0)));
        let all = all.collect::<Vec<_>>().join(", ");
        writeln!(out, "  {}: {all}", visible(&text(&report["pack"])))?;
    }
    for path in [places.folder, places.zip].into_iter().flatten() {
        writeln!(out, "  written to {}", path.display())?;
    }
    if let Some(name) = &places.recorded {
        writeln!(out, "  recorded as {}", visible(name))?;
    }
    if let Some(folder) = places.folder {
        let folder = folder.display();
        writeln!(
            out,
            "  to check it: python3 -I {folder}/verify/verify.py {folder} --key '{}'",
            visible(&key)
        )?;
        if let Some(digest) = listed(files, "verify/verify.py") {
            let told = "tell it with the key, on another way than the pack";
            writeln!(out, "  verify.py in it has the SHA-256 {}: {told}", visible(&digest))?;
        }
    }
    if behind > 0 {
        writeln!(
            std::io::stderr(),
            "note: {} came behind this checkpoint and are not in it; `lineal checkpoint` signs them",
            counted(behind, "commit")
        )?;
    }
    Ok(())
}

/// The SHA-256 of a file of a pack, as its manifest lists it.
fn listed(files: &Files, path: &str) -> Option<String> {
    let manifest = std::str::from_utf8(files.get("MANIFEST.sha256")?).ok()?;
    let mut lines = manifest.lines().filter_map(|line| line.split_once("  "));
    lines.find(|(_, name)| *name == path).map(|(digest, _)| digest.to_owned())
}

/// Says how far it is, where it takes long.
struct Progress {
    begun: Cell<Instant>,
}

impl Default for Progress {
    fn default() -> Progress {
        Progress { begun: Cell::new(Instant::now()) }
    }
}

impl Progress {
    fn tell(&self, step: Step) {
        if self.begun.get().elapsed() < TELL_EVERY {
            return;
        }
        self.begun.set(Instant::now());
        // What is said beside the pack may be lost.
        let _ = writeln!(std::io::stderr(), "  {}: {} of {}", step.what, step.done, step.of);
    }
}
