//! `lineal export logs`: events as files that somebody else reads, with counts and a statement.

use crate::args::{Arguments, Export, ExportedLogs, LogsFormat, LogsProof};
use crate::exit::{Exit, Failure, Outcome};
use crate::remote::Remote;
use crate::render::{counted, grouped, visible};
use crate::target::resolve;
use crate::time::{self, Zone};
use crate::{place, retracted};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lineal_engine::{NodeNo, Snapshot, Store};
use lineal_evidence::archive::unzip;
use lineal_evidence::logs::{
    Counts, Format, HandedOver, LogsError, Proof, SIGNATURE_FILE, STATEMENT_FILE, Wanted, hand_over,
};
use lineal_query::told::Target;
use serde_json::Value as Json;
use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

/// Options that mean something for logs alone.
pub(super) fn refuse_options(given: &ExportedLogs) -> Outcome<()> {
    let ExportedLogs { out, format, from, until, disclose, proof } = given;
    let said = [
        (out.is_some(), "--out (a file is named with -o)"),
        (format.is_some(), "--format"),
        (from.is_some(), "--from"),
        (until.is_some(), "--until"),
        (disclose.is_some(), "--disclose"),
        (proof.is_some(), "--proof"),
    ];
    match said.iter().find(|(is_given, _)| *is_given) {
        Some((_, option)) => {
            Err(Failure::usage(format!("{option} belongs to `lineal export logs`")))
        }
        None => Ok(()),
    }
}

pub(super) fn run(arguments: &Arguments, wanted: &Export) -> Outcome {
    let Some(folder) = &wanted.logs.out else {
        return Err(Failure::usage(
            "logs are a folder of files: name a new or empty one with --out DIR",
        ));
    };
    let times = [&wanted.logs.from, &wanted.logs.until]
        .map(|text| text.as_deref().map(time::parse).transpose());
    let [from, until] = times;
    let (from, until) = (from?, until?);
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        return Err(Failure::usage("--from must lie before --until: no event lies between these"));
    }
    if let Some(remote) = Remote::meant(arguments)? {
        let done = there(wanted, (from, until), folder, &remote)?;
        return print(arguments, wanted, folder, &done);
    }
    let zone = Zone::parse(&arguments.tz)?;
    let store = place::open_read_only(arguments)?;
    let view = store.snapshot_at(commit(&store, wanted)?)?;
    let explained = |failure| retracted::explain(&store, &view, &zone, &wanted.target, failure);
    let subject = subject(&view, &zone, &wanted.target).map_err(explained)?;
    let asked = Wanted {
        subject,
        from,
        until,
        format: match wanted.logs.format {
            Some(LogsFormat::Parquet) => Format::Parquet,
            Some(LogsFormat::Csv) | None => Format::Csv,
        },
        with_subject_group: wanted.logs.disclose.is_some(),
        is_bound: false,
        proof: match wanted.logs.proof {
            None => Proof::None,
            Some(LogsProof::Sample) => Proof::Sample,
            Some(LogsProof::All) => Proof::Every,
        },
    };
    let bar = bar();
    let done = hand_over(&store, &view, &asked, folder, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let done = done.map_err(|error| match error {
        LogsError::Store(error) => Failure::Store(error),
        other => Failure::usage(other),
    })?;
    let HandedOver { counts, deployments, files, bytes, signed_by, checkpoint, .. } = done;
    let done = Done {
        from,
        until,
        name: view.name_of(subject),
        commit: view.commit(),
        counts,
        erased_of_shared: done.erased_of_shared.map(str::to_owned),
        deployments,
        files,
        bytes,
        signed_by,
        checkpoint,
        proved: done.proved,
        unproved: done.unproved,
        no_proof: done.no_proof.map(str::to_owned),
    };
    print(arguments, wanted, folder, &done)
}

/// What was handed over, to be told.
struct Done {
    from: Option<i64>,
    until: Option<i64>,
    name: String,
    commit: u64,
    counts: Counts,
    erased_of_shared: Option<String>,
    deployments: usize,
    files: Vec<String>,
    bytes: u64,
    signed_by: Option<String>,
    checkpoint: Option<u64>,
    proved: u64,
    unproved: u64,
    no_proof: Option<String>,
}

fn print(arguments: &Arguments, wanted: &Export, folder: &Path, done: &Done) -> Outcome {
    // Nobody may be reading complaints any more: what was handed over stands.
    let mut complaints = std::io::stderr().lock();
    if let Some(why) = &done.no_proof {
        let why = visible(why);
        let _ = writeln!(complaints, "no event is proved, and the statement says so: {why}");
    } else if done.unproved > 0 {
        let events = counted(done.unproved, "event");
        let _ = writeln!(
            complaints,
            "not proved, as salts were erased: {events}; {STATEMENT_FILE} names them"
        );
    }
    drop(complaints);
    if arguments.json { json(folder, done) } else { told(folder, done, &wanted.logs) }
}

/// Has a server hand them over: what comes is one zip, and its statement says what it holds.
fn there(
    wanted: &Export,
    (from, until): (Option<i64>, Option<i64>),
    folder: &Path,
    remote: &Remote,
) -> Outcome<Done> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| Failure::usage(format!("{path}: {error}"))
    };
    let is_full = std::fs::read_dir(folder).is_ok_and(|mut inside| inside.next().is_some());
    if is_full {
        return Err(Failure::usage(LogsError::NotEmpty { path: folder.to_owned() }));
    }
    let mut asked = vec![("target", wanted.target.clone())];
    let form = match wanted.logs.format {
        Some(LogsFormat::Parquet) => Format::Parquet,
        Some(LogsFormat::Csv) | None => Format::Csv,
    };
    asked.push(("format", form.name().to_owned()));
    asked.extend(from.map(|from| ("from", time::rfc3339(from))));
    asked.extend(until.map(|until| ("until", time::rfc3339(until))));
    asked.extend(wanted.logs.disclose.map(|_| ("disclose", "subject".to_owned())));
    let proof = wanted.logs.proof.map(|proof| match proof {
        LogsProof::Sample => "sample",
        LogsProof::All => "all",
    });
    asked.extend(proof.map(|proof| ("proof", proof.to_owned())));
    asked.extend(wanted.as_of.map(|commit| ("as_of", commit.to_string())));
    // Beside the folder, so that it is on the same disk; it goes when its files stand there.
    let mut zip = folder.as_os_str().to_owned();
    zip.push(".zip.partial");
    let zip = Path::new(&zip);
    let mut options = File::options();
    let mut file =
        options.read(true).write(true).create_new(true).open(zip).map_err(failed(zip))?;
    let came = remote
        .handed("/v1/export/logs", &asked, &mut file)
        .and_then(|handed| Ok((handed, unzip(&mut file, folder).map_err(failed(folder))?)));
    let _ = std::fs::remove_file(zip);
    let (handed, files) = came?;
    let bytes = files.iter().map(|name| std::fs::metadata(folder.join(name)).map(|it| it.len()));
    let bytes = bytes.sum::<std::io::Result<u64>>().map_err(failed(folder))?;
    let path = folder.join(STATEMENT_FILE);
    let said = std::fs::read(&path).map_err(failed(&path))?;
    let said: Json = serde_json::from_slice(&said).map_err(Failure::usage)?;
    let said = &said["predicate"];
    let count = |name: &str| said["counts"][name].as_u64().unwrap_or(0);
    let note = said["checkpoint"].as_str().and_then(|note| note.lines().nth(1)?.parse().ok());
    Ok(Done {
        from,
        until,
        name: handed.root,
        commit: handed.commit,
        counts: Counts {
            shown: count("shown"),
            erased: count("erased"),
            restricted: count("restricted"),
            outside: count("outside"),
            untimed: count("untimed"),
            unplaced: count("unplaced"),
        },
        erased_of_shared: said["counts"]["erased_of_shared"].as_str().map(str::to_owned),
        deployments: said["deployments"].as_array().map_or(0, Vec::len),
        files,
        bytes,
        signed_by: handed.signed_by,
        checkpoint: note,
        proved: said["proof"]["events"].as_u64().unwrap_or(0),
        unproved: said["proof"]["unproved"].as_u64().unwrap_or(0),
        no_proof: said["proof"]["why"].as_str().map(str::to_owned),
    })
}

/// The commit that is looked at: of a proof the newest that a checkpoint covers.
fn commit(store: &Store, wanted: &Export) -> Outcome<u64> {
    Ok(match wanted.as_of {
        Some(commit) => commit,
        None if wanted.logs.proof.is_some() => {
            store.checkpoint_sizes()?.last().copied().unwrap_or_else(|| store.commit())
        }
        None => store.commit(),
    })
}

/// A node by its name; a bare word may be that of a system, as `lineal check` takes it.
fn subject(view: &Snapshot, zone: &Zone, text: &str) -> Outcome<NodeNo> {
    let target = match resolve(view, zone, text) {
        Ok(target) => target,
        Err(failure) if text.contains(':') => return Err(failure),
        Err(failure) => match resolve(view, zone, &format!("system:{text}")) {
            Ok(target) => target,
            Err(_) => return Err(failure),
        },
    };
    match target {
        Target::Node(node) => Ok(node),
        Target::Events { .. } => Err(Failure::usage(format!(
            "{text} is an event: logs are those of a system or of a deployment\n  \
             `lineal show {text}` tells of one event"
        ))),
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let form = "writing [{bar:30}] {human_pos}/{human_len} events {per_sec} left {eta}";
    if let Ok(form) = ProgressStyle::with_template(form) {
        bar.set_style(form.progress_chars("=> "));
    }
    bar
}

fn json(folder: &Path, done: &Done) -> Outcome {
    let counts = &done.counts;
    let json = serde_json::json!({
        "folder": folder, "subject": done.name, "commit": done.commit,
        "checkpoint": done.checkpoint, "deployments": done.deployments,
        "files": done.files, "bytes": done.bytes,
        "counts": {
            "counted": counts.accounted(), "rows": counts.rows(), "shown": counts.shown,
            "erased": counts.erased, "restricted": counts.restricted,
            "outside": counts.outside, "untimed": counts.untimed, "unplaced": counts.unplaced,
        },
        "erased_of_shared": done.erased_of_shared,
        "statement": STATEMENT_FILE, "signed_by": done.signed_by, "proved": done.proved,
        "unproved": done.unproved, "no_proof": done.no_proof,
    });
    writeln!(std::io::stdout(), "{json}")?;
    Ok(Exit::Answer)
}

fn told(folder: &Path, done: &Done, asked: &ExportedLogs) -> Outcome {
    let mut out = std::io::stdout().lock();
    let counts = &done.counts;
    writeln!(
        out,
        "{} as of commit {}: {} of {} in {}",
        visible(&done.name),
        done.commit,
        counted(counts.rows(), "row"),
        counted(done.deployments as u64, "deployment"),
        counted(done.files.len() as u64, "file"),
    )?;
    writeln!(
        out,
        "  of {} that counters count: {} shown, {} erased, {} restricted, {} outside the time asked for",
        counted(counts.accounted(), "event"),
        grouped(counts.shown),
        grouped(counts.erased),
        grouped(counts.restricted),
        grouped(counts.outside),
    )?;
    if let Some(words) = &done.erased_of_shared {
        writeln!(out, "  cannot tell how many are erased: {}", visible(words))?;
    }
    if done.from.is_some() || done.until.is_some() {
        let time =
            |time: Option<i64>, open: &str| time.map_or_else(|| open.to_owned(), time::rfc3339);
        writeln!(
            out,
            "  the time asked for: from {} until before {}",
            time(done.from, "the first event"),
            time(done.until, "any time"),
        )?;
    }
    if counts.untimed + counts.unplaced > 0 {
        writeln!(
            out,
            "  {} without a time left out; of {} erased it cannot be told whether they lie within it",
            counted(counts.untimed, "event"),
            grouped(counts.unplaced),
        )?;
    }
    if asked.disclose.is_none() {
        writeln!(out, "  the subject group is kept back; --disclose subject gives it")?;
    }
    if done.proved > 0 {
        let place = match asked.proof {
            Some(LogsProof::All) => "proof-*.json",
            _ => "sample-proof.json",
        };
        writeln!(out, "  {} proved in {place}", counted(done.proved, "event"))?;
    }
    let place = folder.display();
    writeln!(out, "  {} in {place}", counted(done.bytes, "byte"))?;
    match &done.signed_by {
        Some(key) => {
            writeln!(out, "  {STATEMENT_FILE} says so, signed by {}", visible(key))?;
            writeln!(
                out,
                "  to check it: cd {place} && openssl pkeyutl -verify -pubin -inkey log-key.pem \
                 -rawin -in {STATEMENT_FILE} -sigfile {SIGNATURE_FILE}"
            )?;
        }
        None => writeln!(
            out,
            "  {STATEMENT_FILE} says so and is not signed: the log has no key on record yet, \
             or it is not here; `lineal checkpoint` records one"
        )?,
    }
    Ok(Exit::Answer)
}
