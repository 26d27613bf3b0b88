//! How fast logs are handed over, and what that takes of memory: all deployments of the system with the
//! most events, in both forms.
//!
//! ```text
//! cargo run --release -p lineal-evidence --example logs_speed -- STORE SCRATCH
//! ```

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeNo, Snapshot, Store};
use lineal_evidence::logs::{Format, Proof, Wanted, hand_over};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut given = std::env::args().skip(1);
    let (Some(store), Some(scratch)) = (given.next(), given.next()) else {
        return Err("logs_speed STORE SCRATCH".into());
    };
    let store = Store::open_read_only(Path::new(&store))?;
    let view = store.snapshot()?;
    let largest = view.nodes_of(Kind::System).max_by_key(|system| events(&view, *system));
    let subject = largest.ok_or("the store has no system")?;
    for format in [Format::Csv, Format::Parquet] {
        let asked = Wanted {
            subject,
            from: None,
            until: None,
            format,
            with_subject_group: true,
            proof: Proof::None,
            is_bound: false,
        };
        let begun = Instant::now();
        let folder = Path::new(&scratch).join(format.name());
        let done =
            hand_over(&store, &view, &asked, &folder, &mut |_, _| ControlFlow::Continue(()))?;
        let took = begun.elapsed();
        let rate = u128::from(done.counts.rows()) * 1_000_000 / took.as_micros().max(1);
        println!(
            "{}: {} rows of {} deployments in {took:?}, {rate} a second, {} bytes; peak {}",
            format.name(),
            done.counts.rows(),
            done.deployments,
            done.bytes,
            peak()
        );
    }
    Ok(())
}

fn events(view: &Snapshot, system: NodeNo) -> u64 {
    let own = view.edges(system, Relation::BelongsTo, Direction::Inverse);
    view.batches().filter(|batch| own.contains(&batch.deployment)).map(|batch| batch.events).sum()
}

/// What the process held at most so far, as the kernel says it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap_or("unknown").trim().to_owned()
}
