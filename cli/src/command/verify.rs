//! `lineal verify`: re-hash everything, name each fault, go on after the first.

mod there;

use super::checkpoint::witness;
use crate::args::{Arguments, Verify};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use crate::render::{Style, and_more, counted, grouped};
use crate::target::{Target, resolve};
use crate::time::Zone;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lineal_engine::storage::{FileStorage, Storage};
use lineal_engine::verify::{Depth, Report, What, verify_knowing};
use lineal_evidence::verified::{verified_json, wrong_approvals};
use lineal_proof::Hash;
use lineal_proof::tlog::VerifierKey;
use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

/// What opens sealed values and salts the leaves of batches (docs/format.md, section 3).
const SEEDS: &str = "keys/seeds";
/// Faults shown on the screen; `--json` lists all.
const FAULTS_SHOWN: usize = 50;

pub(super) fn run(arguments: &Arguments, wanted: &Verify) -> Outcome {
    if let Some(remote) = Remote::meant(arguments)? {
        return there::run(arguments, wanted, &remote);
    }
    let begun = Instant::now();
    let witnesses = wanted.witness_key.iter().map(|text| witness::key(text));
    let witnesses: Vec<VerifierKey> = witnesses.collect::<Outcome<_>>()?;
    let folder = place::folder(arguments)?;
    // Seen before the work, so that a key that is brought meanwhile vouches for nothing.
    let has_keys = folder.join(SEEDS).is_file();
    let depth = match (wanted.fast, wanted.bytes) {
        (true, _) => Depth::Fast,
        (false, true) => Depth::Bytes,
        (false, false) => Depth::Full,
    };
    let node = wanted.node.as_deref().map(|text| node(arguments, text)).transpose()?;
    let what = What { depth, since: wanted.since.unwrap_or(0), node };
    let storage: Arc<dyn Storage> = Arc::new(FileStorage::new(folder));
    let bar = bar();
    let report = verify_knowing(&storage, &what, &witnesses, &mut |progress| {
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes);
        bar.set_message(progress.file);
        ControlFlow::Continue(())
    })?;
    bar.finish_and_clear();
    if what.since > report.commits && report.is_sound() {
        return Err(Failure::usage(format!(
            "--since {}: the store has {}, so nothing would be hashed; name the commit up to which it was verified before",
            what.since,
            counted(report.commits, "commit"),
        )));
    }
    // The store is opened only where somebody asks for what opening it may tell.
    let is_whole = what == What::all(Depth::Full) && report.is_sound();
    let wrong = match is_whole {
        true => wrong_approvals(&place::open_read_only(arguments)?, &what, &report)?,
        false => Vec::new(),
    };
    let exit = match (report.is_sound(), report.faults.is_empty()) {
        (false, _) => Exit::Damaged,
        (true, false) => Exit::No,
        (true, true) if !wrong.is_empty() => Exit::No,
        (true, true) if wanted.require_keys && !(has_keys && report.keys_missing.is_empty()) => {
            Exit::CannotTell
        }
        (true, true) => Exit::Answer,
    };
    let mut out = std::io::stdout().lock();
    exit.after(if arguments.json {
        let told = verified_json(&report, &what, has_keys, &wrong);
        writeln!(out, "{told}").map_err(Failure::from)
    } else {
        print_wrong(&mut out, &wrong)
            .and_then(|()| print(&mut out, &report, has_keys, begun.elapsed().as_secs_f64()))
    })
}

/// The approvals whose signature does not check, and why.
fn print_wrong(out: &mut dyn Write, wrong: &[(String, String)]) -> Outcome<()> {
    for (name, why) in wrong {
        let told = format!("{name}: the signature does not check: {why}");
        writeln!(out, "{}", Style::new().warn(&told))?;
    }
    Ok(())
}

/// The id of the node that is meant.
fn node(arguments: &Arguments, text: &str) -> Outcome<Hash> {
    let view = place::open_read_only(arguments)?.snapshot()?;
    match resolve(&view, &Zone::parse(&arguments.tz)?, text)? {
        Target::Node(node) => Ok(view.node_id(node)),
        Target::Events { .. } => Err(Failure::usage(format!(
            "`{text}` names events, which stand in no record of their own: name their deployment or \
             batch, or ask `verify deep (find inference ...)`"
        ))),
    }
}

fn bar() -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template(
        "[{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} left {eta} {msg}",
    ) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

fn print(out: &mut dyn Write, report: &Report, has_keys: bool, seconds: f64) -> Outcome<()> {
    let style = Style::new();
    for fault in report.faults.iter().take(FAULTS_SHOWN) {
        let told = format!("{} [{}]", fault, fault.code);
        writeln!(out, "{}", style.warn(&told))?;
    }
    if let Some(more) = and_more(report.faults.len() as u64, FAULTS_SHOWN) {
        writeln!(out, "{more}; --json lists all")?;
    }
    writeln!(
        out,
        "{}, {}, {}, {} with {}, {}; {} bytes hashed again in {seconds:.1} s",
        counted(report.commits, "commit"),
        counted(report.records, "record"),
        counted(report.containers, "container"),
        counted(report.batches, "batch"),
        counted(report.rows, "row"),
        counted(report.sealed, "sealed value"),
        grouped(report.segment_bytes + report.container_bytes),
    )?;
    if report.checkpoints > 0 {
        let checkpoints = counted(report.checkpoints, "checkpoint");
        writeln!(out, "{checkpoints} signed over these commits")?;
    }
    if report.waiting > 0 {
        let waiting = counted(report.waiting, "entry");
        writeln!(out, "waiting to be committed: {waiting} of the journals")?;
    }
    if report.erased > 0 {
        writeln!(
            out,
            "{} erased: their leaves and counts are what is left",
            counted(report.erased, "row")
        )?;
    }
    for note in &report.notes {
        writeln!(out, "{}", style.faint(&format!("note: {note}")))?;
    }
    let listed = report.faults.iter().filter(|fault| fault.derived).count() as u64;
    let derived = listed + report.faults_derived_not_listed;
    let truth = report.faults.len() as u64 + report.faults_not_listed - listed;
    let verdict = match (truth, derived) {
        (0, 0) if !has_keys => style.warn(
            "no fault found in what can be checked without keys; roots of batches and sealed values were not checked",
        ),
        (0, 0) if report.notes.is_empty() => style.found("no fault found"),
        (0, 0) => style.found("no fault found; the notes say what was not checked or lies beside"),
        (0, derived) => format!(
            "{} in derived files only: `lineal rebuild` mends that",
            counted(derived, "fault")
        ),
        (truth, _) => format!(
            "{} in what was recorded; `lineal repair --dry-run` says what can be brought back",
            counted(truth, "fault")
        ),
    };
    Ok(writeln!(out, "{verdict}")?)
}
