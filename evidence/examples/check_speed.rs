//! What a check costs: `cargo run --release -p lineal-evidence --example check_speed -- STORE [SYSTEM]`.
//!
//! Prints how long it takes to open a view and to find the events in it that rows contradict each other on,
//! which is done once a view; then for each rule how long it took alone, best of three, and the whole report,
//! which opens the store's view once.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use lineal_engine::Store;
use lineal_evidence::check::{Wanted, check};
use lineal_evidence::rules::Pack;
use lineal_query::StoreView;

/// Times that each is measured.
const TIMES: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a store")?;
    let system = arguments.next();
    let begun = Instant::now();
    let pack = if system.is_some() { Pack::eu_ai_act()? } else { Pack::reconcile()? };
    println!("the pack read in {:?}", begun.elapsed());
    let begun = Instant::now();
    let store = Arc::new(Store::open_read_only(&folder)?);
    let view = StoreView::new(Arc::clone(&store))?;
    println!("the store opened in {:?}", begun.elapsed());
    contradicted(&folder)?;
    let wanted = Wanted { system, now: 1_795_353_657_000_000_000, ..Wanted::default() };
    for rule in &pack.rules {
        let mut one = pack.clone();
        one.rules.retain(|other| other.id == rule.id);
        let mut best = None;
        let mut said = String::new();
        for _ in 0..TIMES {
            let begun = Instant::now();
            let report = check(&store, &view, &one, &wanted)?;
            let took = begun.elapsed();
            best = Some(best.map_or(took, |best: std::time::Duration| best.min(took)));
            if let Some(result) = report.rules.first() {
                let (status, found) = (result.status.name(), result.findings_total);
                said = format!("{status}, {found} findings over {}", result.subjects);
            }
        }
        println!("{} {:?} {said}", rule.id, best.unwrap_or_default());
    }
    let mut best = None;
    for _ in 0..TIMES {
        let begun = Instant::now();
        check(&store, &view, &pack, &wanted)?;
        let took = begun.elapsed();
        best = Some(best.map_or(took, |best: std::time::Duration| best.min(took)));
    }
    println!("all {} rules {:?}", pack.rules.len(), best.unwrap_or_default());
    Ok(())
}

/// Finds them in views that know nothing yet.
fn contradicted(folder: &str) -> Result<(), Box<dyn Error>> {
    for _ in 0..TIMES {
        let begun = Instant::now();
        let view = Store::open_read_only(folder)?.snapshot()?;
        let rows = view.outweighed_rows();
        let opened = begun.elapsed();
        let begun = Instant::now();
        let found = view.contradicted()?.len();
        let took = begun.elapsed();
        println!(
            "opened in {opened:?}; {found} events with {rows} rows that do not count found in {took:?}"
        );
    }
    Ok(())
}
