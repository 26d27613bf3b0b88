//! `lineal export logs`: events as files that somebody else reads, with counts and a statement.

use crate::args::{Arguments, Export, ExportedLogs, LogsFormat, LogsProof};
use crate::exit::{Exit, Failure, Outcome};
use crate::render::{counted, grouped, visible};
use crate::target::resolve;
use crate::time::{self, Zone};
use crate::{place, retracted};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lineal_engine::{NodeNo, Snapshot, Store};
use lineal_evidence::logs::{
    Format, HandedOver, LogsError, Proof, SIGNATURE_FILE, STATEMENT_FILE, Wanted, hand_over,
};
use lineal_query::told::Target;
use std::io::Write;
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
    if let Some(url) = &arguments.there.url {
        return Err(Failure::usage(format!(
            "`lineal export logs` does not work over --url {url}: the log's key signs what is handed over, \
             and a server does not lend it; run it beside the store, with --store DIR in place of --url"
        )));
    }
    let Some(folder) = &wanted.logs.out else {
        return Err(Failure::usage(
            "logs are a folder of files: name a new or empty one with --out DIR",
        ));
    };
    let zone = Zone::parse(&arguments.tz)?;
    let store = place::open_read_only(arguments)?;
    let view = store.snapshot_at(commit(&store, wanted)?)?;
    let explained = |failure| retracted::explain(&store, &view, &zone, &wanted.target, failure);
    let subject = subject(&view, &zone, &wanted.target).map_err(explained)?;
    let asked = Wanted {
        subject,
        from: wanted.logs.from.as_deref().map(time::parse).transpose()?,
        until: wanted.logs.until.as_deref().map(time::parse).transpose()?,
        format: match wanted.logs.format {
            Some(LogsFormat::Parquet) => Format::Parquet,
            Some(LogsFormat::Csv) | None => Format::Csv,
        },
        with_subject_group: wanted.logs.disclose.is_some(),
        proof: match wanted.logs.proof {
            None => Proof::None,
            Some(LogsProof::Sample) => Proof::Sample,
            Some(LogsProof::All) => Proof::Every,
        },
    };
    if let (Some(from), Some(until)) = (asked.from, asked.until)
        && from >= until
    {
        return Err(Failure::usage("--from must lie before --until: no event lies between these"));
    }
    let bar = bar();
    let done = hand_over(&store, &view, &asked, folder, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let done = done.map_err(|error| match error {
        LogsError::Store(error) => Failure::Store(error),
        other => Failure::usage(other),
    })?;
    // Nobody may be reading complaints any more: what was handed over stands.
    let mut complaints = std::io::stderr().lock();
    if let Some(why) = done.no_proof {
        let _ = writeln!(complaints, "no event is proved, and the statement says so: {why}");
    } else if done.unproved > 0 {
        let events = counted(done.unproved, "event");
        let _ = writeln!(
            complaints,
            "not proved, as salts were erased: {events}; {STATEMENT_FILE} names them"
        );
    }
    drop(complaints);
    let name = view.name_of(subject);
    if arguments.json {
        json(&name, &view, folder, &done)
    } else {
        told(&name, &view, folder, &done, &asked)
    }
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

fn json(name: &str, view: &Snapshot, folder: &Path, done: &HandedOver) -> Outcome {
    let counts = &done.counts;
    let json = serde_json::json!({
        "folder": folder, "subject": name, "commit": view.commit(),
        "checkpoint": done.checkpoint, "deployments": done.deployments,
        "files": done.files, "bytes": done.bytes,
        "counts": {
            "counted": counts.accounted(), "rows": counts.rows(), "shown": counts.shown,
            "erased": counts.erased, "restricted": counts.restricted,
            "outside": counts.outside, "untimed": counts.untimed, "unplaced": counts.unplaced,
        },
        "statement": STATEMENT_FILE, "signed_by": done.signed_by, "proved": done.proved,
        "unproved": done.unproved, "no_proof": done.no_proof,
    });
    writeln!(std::io::stdout(), "{json}")?;
    Ok(Exit::Answer)
}

fn told(name: &str, view: &Snapshot, folder: &Path, done: &HandedOver, asked: &Wanted) -> Outcome {
    let mut out = std::io::stdout().lock();
    let counts = &done.counts;
    writeln!(
        out,
        "{} as of commit {}: {} of {} in {}",
        visible(name),
        view.commit(),
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
    if asked.from.is_some() || asked.until.is_some() {
        let time =
            |time: Option<i64>, open: &str| time.map_or_else(|| open.to_owned(), time::rfc3339);
        writeln!(
            out,
            "  the time asked for: from {} until before {}",
            time(asked.from, "the first event"),
            time(asked.until, "any time"),
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
    if !asked.with_subject_group {
        writeln!(out, "  the subject group is kept back; --disclose subject gives it")?;
    }
    if done.proved > 0 {
        let place = match asked.proof {
            Proof::Every => "proof-*.json",
            Proof::Sample | Proof::None => "sample-proof.json",
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
