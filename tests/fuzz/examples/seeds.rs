//! Writes the seeds of every target below `corpus/`, one file each, named by their hash.

use lineal_proof::Hash;
use std::path::Path;

fn main() -> std::io::Result<()> {
    for target in &lineal_fuzz::TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
        std::fs::create_dir_all(&folder)?;
        let seeds = (target.seeds)();
        for seed in &seeds {
            std::fs::write(folder.join(Hash::of(seed).to_string()), seed)?;
        }
        println!("{:>5} seeds of {}", seeds.len(), target.name);
    }
    Ok(())
}
