//! How fast a store is verified, beside what hashing its bytes alone takes.
//!
//! ```text
//! cargo run --release -p lineal-benches --example verify_speed -- STORE [ROUNDS]
//! ```
//!
//! Each line is the best of some rounds, over the bytes of segments and containers: BLAKE3 of each file
//! on one thread and on as many as there are files and cores, `verify --fast`, `--bytes` (which hashes
//! each record and container with BLAKE3, and with SHA-256 as well, as the format wants it), and in
//! full (which also makes all leaves, roots and counters anew from the rows).

use lineal_engine::storage::{FileStorage, Storage};
use lineal_engine::verify::{Depth, verify};
use lineal_proof::Hash;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

/// Rounds, where none are given.
const ROUNDS: u32 = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let folder = words.next().ok_or("verify_speed STORE [ROUNDS]")?;
    let rounds = words.next().map_or(Ok(ROUNDS), |rounds| rounds.parse())?;
    let storage = FileStorage::new(Path::new(&folder));
    let mut files = Vec::new();
    for sub in ["segments", "containers"] {
        for name in storage.list(sub)? {
            files.extend(storage.read(&format!("{sub}/{name}"))?);
        }
    }
    let bytes: usize = files.iter().map(|file| file.len()).sum();
    println!("{} files, {bytes} bytes, best of {rounds}", files.len());
    let tell = |what: &str, seconds: f64| {
        println!("{what:<28} {seconds:>8.3} s {:>8.0} MB/s", bytes as f64 / seconds / 1e6);
    };
    let one = best(rounds, || {
        for file in &files {
            black_box(Hash::of(file));
        }
    });
    tell("BLAKE3, one thread", one);
    let threads = best(rounds, || {
        std::thread::scope(|scope| {
            for file in &files {
                scope.spawn(|| black_box(Hash::of(file)));
            }
        });
    });
    tell("BLAKE3, a thread a file", threads);
    for (what, depth) in
        [("verify --fast", Depth::Fast), ("verify --bytes", Depth::Bytes), ("verify", Depth::Full)]
    {
        let mut is_sound = true;
        let seconds = best(rounds, || {
            let report = verify(&storage, depth, &mut |_| {});
            is_sound &= report.is_ok_and(|report| report.is_sound());
        });
        if !is_sound {
            return Err(format!("{folder} has faults: `lineal verify` names them").into());
        }
        tell(what, seconds);
    }
    Ok(())
}

/// The shortest of some rounds, in seconds.
fn best(rounds: u32, mut work: impl FnMut()) -> f64 {
    let one = |_| {
        let begun = Instant::now();
        work();
        begun.elapsed().as_secs_f64()
    };
    (0..rounds.max(1)).map(one).fold(f64::INFINITY, f64::min)
}
