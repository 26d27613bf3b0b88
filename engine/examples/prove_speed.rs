//! How long proofs of a store take to make and to check, and how many bytes they have: of one event, and
//! that no event of a deployment, and none at all, has a value.
//!
//!     cargo run --release -p lineal-engine --example prove_speed -- FOLDER [all]
//!
//! The newest checkpoint counts; where there is none it is made, so FOLDER is a copy that may be written.
//! With `all` every batch of the store is looked at.

use lineal_engine::{Claim, EventRef, Options, Snapshot, Store, Unproved};
use lineal_proof::bundle::{Bundle, Named, Node, Nothing, Scope, Trust, check};
use lineal_proof::tlog::SignedCheckpoint;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often each proof is made; the best time counts, since other work only adds to it.
const TIMES: u32 = 7;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).ok_or("the folder of a store")?;
    let path = Path::new(&folder);
    let writer = Store::open(path, Options::default())?;
    if writer.checkpoint_sizes()?.last() != Some(&writer.commit()) {
        // The log's key is recorded by a commit of its own, and the index follows it.
        writer.checkpoint()?;
        writer.write_indexes()?;
    }
    let identity = writer.log_identity()?.ok_or("the log has a key")?;
    let trust = Trust::new(&identity.signing().to_string(), None)?;
    drop(writer);
    let store = Store::open_read_only(path)?;
    let size = *store.checkpoint_sizes()?.last().ok_or("a checkpoint")?;
    let signed: SignedCheckpoint = store.kept_checkpoint(size)?.note;
    let note = signed.to_string().into_bytes();
    let view = store.snapshot()?;

    let (batch, deployment) = middle(&view).ok_or("the store holds events")?;
    let claim = Claim::Events { events: vec![EventRef { batch, row: 0 }], named: None };
    let one = || store.prove(&view, &claim, &note, false);
    told("one event", TIMES, &trust, &one)?;

    let named = Named { field: "input_hash".to_owned(), value: "7e57".repeat(16) };
    let event = |of: Option<Node>, times: u32, what: &str| {
        let scope = Scope { of, ..Scope::default() };
        let nothing = Nothing::Event { named: named.clone(), scope };
        let none = || store.prove_absent(&view, &nothing, &note, &|_| true);
        told(what, times, &trust, &none)
    };
    event(Some(deployment), TIMES, "no such event of a deployment")?;
    if std::env::args().nth(2).is_some_and(|word| word == "all") {
        event(None, 1, "no such event")?;
    }
    Ok(())
}

/// A batch in the middle of the log, and its deployment.
fn middle(view: &Snapshot) -> Option<(u32, Node)> {
    let all = view.batches().count();
    let batch = view.batches().nth(all / 2)?;
    let event = EventRef { batch: u32::try_from(all / 2).ok()?, row: 0 };
    let deployment = view.event_deployment(event)?;
    let kind = view.kind_of(deployment).name().to_owned();
    black_box(batch);
    Some((event.batch, Node { kind, key: view.key_of(deployment) }))
}

fn told(
    what: &str,
    times: u32,
    trust: &Trust,
    make: &dyn Fn() -> Result<Bundle, Unproved>,
) -> Result<(), Unproved> {
    let mut best = Duration::MAX;
    let mut file = String::new();
    for _ in 0..times {
        let start = Instant::now();
        file = make()?.write();
        best = best.min(start.elapsed());
    }
    let mut checked = Duration::MAX;
    let mut verdict = String::new();
    for _ in 0..times {
        let start = Instant::now();
        let report = check(file.as_bytes(), trust);
        checked = checked.min(start.elapsed());
        verdict = format!("{}: {}", report.verdict.name(), report.words.join("; "));
    }
    println!("{what}: made in {best:.2?}, checked in {checked:.2?}, {} bytes", file.len());
    println!("  {verdict}");
    Ok(())
}
