//! `lineal prove`: a statement and what shows it, in one file that a stranger can check.

use crate::args::{Arguments, Prove};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use crate::render::{and_more, counted, visible};
use crate::time::Zone;
use lineal_engine::clock::{Clock, SystemClock};
use lineal_engine::public_log::Worth;
use lineal_engine::{AbsenceSize, Store};
use lineal_proof::bundle::{Bundle, FILE_BYTES_MAX, VERIFIER};
use lineal_proof::tlog::SignedCheckpoint;
use lineal_query::prove::{NotProved, Proving, as_of, prove};
use lineal_query::{Limits, Parameters, Request, StoreView, Value};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The verifier that is written beside a proof.
const VERIFIER_NAME: &str = "verify.py";
/// Sentences of what is shown on the screen; a path is a long one.
const WORDS_SHOWN: usize = 5;
/// How often it is said how far it is.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// Kept checkpoints that are named where the wanted one is not kept.
const KEPT_SHOWN: usize = 8;
/// From this size on it is said before the file is written.
const LARGE: usize = 1 << 20;

pub(super) fn run(arguments: &Arguments, wanted: &Prove) -> Outcome {
    let statement = wanted.statement.join(" ");
    let mut parameters = Parameters::new();
    for text in &wanted.param {
        let pair = text.split_once('=');
        let (name, value) =
            pair.ok_or_else(|| Failure::usage(format!("{text}: write name=value")))?;
        parameters.set(name.trim_start_matches('$'), Value::Text(value.to_owned()));
    }
    let withhold = wanted.withhold.is_some();
    // No file is longer than what verifiers read.
    let bytes_max =
        if wanted.yes { FILE_BYTES_MAX as u64 } else { wanted.max_size.saturating_mul(1 << 20) };
    let given = wanted.checkpoint.as_deref().map(read).transpose()?;
    let (file, signer) = match Remote::meant(arguments)? {
        Some(remote) => {
            let bounds = (withhold, bytes_max);
            let (file, waiting) =
                remote.prove(&statement, &parameters, given.as_deref(), bounds)?;
            if let Some(waiting) = waiting {
                // What is said beside the proof may be lost.
                let _ = writeln!(std::io::stderr(), "note: {waiting}");
            }
            (file, None)
        }
        None => {
            let store = Arc::new(place::open_read_only(arguments)?);
            let note = match given {
                Some(note) => note,
                None => kept(&store, as_of(&statement))?,
            };
            let signer = signer(&store, &note)?;
            let view = StoreView::new(store)?;
            let limits = Limits::default();
            let request =
                Request { parameters: &parameters, limits: &limits, now: SystemClock.now() };
            let (statement, checkpoint) = (statement.as_str(), note.as_slice());
            let progress = Progress::default();
            let go_on = |size: &AbsenceSize| progress.tell(size, bytes_max);
            let proving =
                Proving { statement, checkpoint, withhold, request: &request, go_on: &go_on };
            let zone = Zone::parse(&arguments.tz)?;
            (prove(&view, &proving).map_err(|why| failure(&zone, why))?.write(), signer)
        }
    };
    let void = match signer {
        Some(Worth::Revoked) => Some("a revoked key"),
        Some(Worth::Late) => Some("a key that one of its commits had replaced"),
        _ => None,
    };
    if let Some(by) = void {
        // What is said beside the proof may be lost.
        let _ = writeln!(
            std::io::stderr(),
            "note: the checkpoint is signed by {by}: the proof counts for nothing with whoever knows that. \
             `lineal checkpoint` makes one that the key of today signs"
        );
    }
    write(arguments, wanted, (&file, signer))
}

/// What the signature of a checkpoint is worth; a store whose log names no key cannot tell.
fn signer(store: &Store, note: &[u8]) -> Outcome<Option<Worth>> {
    let Some(identity) = store.log_identity()? else { return Ok(None) };
    // One that does not read is refused when it is proved against.
    let note = SignedCheckpoint::parse(note).ok();
    Ok(note.and_then(|note| identity.signer_of(&note).map(|(_, worth)| worth)))
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))
}

/// Says how large a proof will be, and how far it is.
#[derive(Default)]
struct Progress {
    /// When something was said last; nothing before the first step.
    said: Mutex<Option<Instant>>,
}

impl Progress {
    /// Whether to go on: said once before rows are read, and then about once a second.
    fn tell(&self, size: &AbsenceSize, bytes_max: u64) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = std::io::stderr();
        let AbsenceSize { bytes, records, batches, rows, done } = *size;
        if done == 0 {
            *said = Some(Instant::now());
            if batches > 0 {
                let (batches, rows) = (counted(batches, "batch"), counted(rows, "row"));
                // What is said beside the proof may be lost.
                let _ = writeln!(
                    out,
                    "note: about {} over {batches} with {rows}, all of which are read",
                    counted(bytes, "byte")
                );
            } else if bytes >= LARGE as u64 {
                let (bytes, records) = (counted(bytes, "byte"), counted(records, "record"));
                let _ = writeln!(out, "note: about {bytes}, showing {records}");
            }
            return bytes <= bytes_max;
        }
        let now = Instant::now();
        if said.is_none_or(|last| now.duration_since(last) >= TELL_EVERY) && done < batches {
            let _ = writeln!(out, "  {done} of {}", counted(batches, "batch"));
            *said = Some(now);
        }
        true
    }
}

/// A checkpoint that a store keeps: of a commit, or the newest.
fn kept(store: &Store, of: Option<u64>) -> Outcome<Vec<u8>> {
    let sizes = store.checkpoint_sizes()?;
    if let Some(size) = of.filter(|size| !sizes.contains(size)) {
        let near: Vec<String> = sizes.iter().rev().take(KEPT_SHOWN).map(u64::to_string).collect();
        return Err(Failure::usage(format!(
            "this store keeps no checkpoint of commit {size}: it keeps those of {}\n  \
             a proof is shown against a signed checkpoint of the commit that `as of` names",
            if near.is_empty() { "none".to_owned() } else { near.join(", ") }
        )));
    }
    match of.as_ref().or(sizes.last()) {
        Some(size) => Ok(store.kept_checkpoint(*size)?.note.to_string().into_bytes()),
        None => Err(Failure::usage(
            "this store has no checkpoint yet: a proof is shown against a signed one\n  \
             `lineal checkpoint` makes one, `--checkpoint FILE` names another",
        )),
    }
}

fn failure(zone: &Zone, why: NotProved) -> Failure {
    match why {
        NotProved::Unresolved(unresolved) => crate::target::failure(zone, unresolved),
        NotProved::Question { error, text } => Failure::Query { error: *error, text },
        NotProved::Unproved(lineal_engine::Unproved::Store(error)) => Failure::Store(error),
        NotProved::NotSo { .. } | NotProved::Unproved(lineal_engine::Unproved::Recorded { .. }) => {
            Failure::NotFound(why.to_string())
        }
        NotProved::Unproved(lineal_engine::Unproved::TooLarge { .. }) => {
            Failure::usage(format!("{why}\n  --max-size MIB allows more, --yes any size"))
        }
        other => Failure::usage(other),
    }
}

fn write(arguments: &Arguments, wanted: &Prove, (file, signer): (&str, Option<Worth>)) -> Outcome {
    if file.len() >= LARGE {
        let size = counted(file.len() as u64, "byte");
        writeln!(std::io::stderr(), "note: the proof has {size}")?;
    }
    let mut out = std::io::stdout().lock();
    let Some(path) = &wanted.output else {
        out.write_all(file.as_bytes())?;
        return Ok(Exit::Answer);
    };
    let failed = |path: &Path| {
        let name = path.display().to_string();
        move |e: std::io::Error| Failure::usage(format!("{name}: {e}"))
    };
    std::fs::write(path, file).map_err(failed(path))?;
    let verifier = path.with_file_name(VERIFIER_NAME);
    if wanted.with_verifier {
        std::fs::write(&verifier, VERIFIER).map_err(failed(&verifier))?;
    }
    // What was made here, or by a server, is read as whoever is given it reads it.
    let bundle = Bundle::read(file.as_bytes());
    let bundle = bundle.map_err(|fault| Failure::usage(format!("this is no proof: {fault}")))?;
    let words = bundle.words();
    if arguments.json {
        let json = serde_json::json!({
            "file": path, "bytes": file.len(), "words": words,
            "verifier": wanted.with_verifier.then_some(&verifier),
            "key_state": signer.map(Worth::name),
        });
        writeln!(out, "{json}")?;
        return Ok(Exit::Answer);
    }
    for line in words.iter().take(WORDS_SHOWN) {
        writeln!(out, "{}", visible(line))?;
    }
    if let Some(more) = and_more(words.len() as u64, WORDS_SHOWN) {
        writeln!(out, "{more}; --json lists all")?;
    }
    writeln!(out, "  {} in {}", counted(file.len() as u64, "byte"), path.display())?;
    let check = if wanted.with_verifier {
        format!("python3 -I {} {}", verifier.display(), path.display())
    } else {
        format!("lineal-verify {}", path.display())
    };
    writeln!(out, "  to check it: {check} --key KEY")?;
    Ok(Exit::Answer)
}
