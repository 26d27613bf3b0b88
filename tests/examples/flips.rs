//! Changes bytes of a copy of a store and says what came of it: the full run of
//! `tests/tests/flips.rs`, for `tests/flips/run`.
//!
//! ```text
//! flips FOLDER FLIPS [SEED [PART ...]]      PART: truth, index or catalog; all of them by default
//! ```
//!
//! Ends with 1 if a change of the truth is not told, or if anything is answered otherwise than before
//! without an error.

use lineal_engine::verify::Depth;
use lineal_tests::flips::{Outcome, Part, flip};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

/// One flip in so many has all events read: on a large store that takes longer than all else.
const EVERY_ROWS: u64 = 20;
/// What may be asked for, how it is called in the table, and how much of a verification looks at it.
const PARTS: [(&str, &str, Part, Depth); 3] = [
    ("truth", "truth", Part::Truth, Depth::Bytes),
    ("index", "index files", Part::Derived, Depth::Fast),
    ("catalog", "the catalog (sled)", Part::Catalog, Depth::Fast),
];
/// Between two words about how far it is.
const TELL_EVERY: u64 = 250;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(folder), Some(flips)) = (words.next(), words.next()) else {
        return Err("flips FOLDER FLIPS [SEED [PART ...]]: the folder is a copy of a store".into());
    };
    let (folder, flips) = (Path::new(&folder), flips.parse::<u64>()?);
    let seed = words.next().map_or(Ok(1), |seed| seed.parse())?;
    let chosen: Vec<String> = words.collect();
    if let Some(other) = chosen.iter().find(|word| PARTS.iter().all(|part| part.0 != **word)) {
        return Err(format!("{other} is no part: truth, index or catalog").into());
    }
    let mut is_sound = true;
    println!(
        "| what | flips | told by verify | answered as before | an error | something else | s |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (word, name, part, depth) in PARTS {
        if !chosen.is_empty() && chosen.iter().all(|chosen| chosen != word) {
            continue;
        }
        let begun = Instant::now();
        let mut tell = |so_far: &Outcome| {
            if so_far.flips.is_multiple_of(TELL_EVERY) {
                eprintln!("{name}: {} of {flips}", so_far.flips);
            }
        };
        let done = flip((folder, part), (flips, EVERY_ROWS), seed, depth, &mut tell)?;
        let told =
            if part == Part::Catalog { "not asked".to_owned() } else { done.told.to_string() };
        println!(
            "| {name} | {} | {told} | {} | {} | {} | {:.0} |",
            done.flips,
            done.same,
            done.errors,
            done.wrong.len(),
            begun.elapsed().as_secs_f64()
        );
        is_sound &= done.wrong.is_empty() && (part != Part::Truth || done.untold.is_empty());
        for (file, at, bit) in done.wrong.iter().chain(&done.untold) {
            eprintln!("{name}: {file}, byte {at}, bit {bit}");
        }
    }
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
