//! Where a fuzzer begins: what the project already holds of each kind of input, so that nothing is
//! written twice.

use std::io::Read;
use std::path::{Path, PathBuf};

use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_proof::frame::{self, SEGMENT_HEADER};
use lineal_tests::place::{ARCHIVES, Place, fixture};
use lineal_tests::sample;

/// Lines of each archive: its first ones show its form.
const LINES_OF_AN_ARCHIVE: usize = 3;
/// Tapes without a meaning yet.
const TAPES: u32 = 96;
/// The same of targets whose checks take long.
const SHORT_TAPES: usize = 12;

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().find(|folder| folder.join("grammar/lineal.pest").is_file());
    root.expect("the seeds lie in the repository").to_owned()
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The corpus of questions, those with golden answers, and the wrong ones.
pub fn questions() -> Vec<Vec<u8>> {
    let mut found: Vec<String> = Vec::new();
    let code = |line: &&str| !line.starts_with("--");
    let corpus: Vec<_> =
        text("query/tests/questions.lql").lines().filter(code).map(str::to_owned).collect();
    found.extend(corpus.join("\n").split(';').map(|question| question.trim().to_owned()));
    let wrong = text("query/tests/golden/wrong_syntax.lql");
    found.extend(wrong.lines().filter(|line| !line.starts_with("# ")).map(str::to_owned));
    for file in ["answers.lql", "wrong_meaning.lql"] {
        // Each stands above a line of dashes, and below a blank line or a comment.
        let golden = text(&format!("query/tests/golden/{file}"));
        for before in golden.split("\n----\n") {
            let paragraph = before.rsplit("\n\n").next().unwrap_or_default();
            let lines = paragraph.lines().filter(|line| !line.starts_with("# "));
            found.push(lines.collect::<Vec<_>>().join("\n"));
        }
    }
    found.retain(|text| !text.trim().is_empty());
    sorted(found.into_iter().map(String::into_bytes).collect())
}

/// The first lines of each archive, the pages of the API, and the same in compressed form.
pub fn log_lines() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for archive in ARCHIVES {
        for path in files(&fixture(archive)) {
            let file = std::fs::File::open(&path).expect("a fixture opens");
            let mut text = String::new();
            let mut lines = flate2::read::MultiGzDecoder::new(file);
            // One of them ends in the middle of a line on purpose.
            let _ = lines.read_to_string(&mut text);
            let lines: Vec<_> = text.lines().take(LINES_OF_AN_ARCHIVE).collect();
            found.push(lines.join("\n").into_bytes());
        }
    }
    for folder in ["datadog-logs-api-v2", "datadog-logs-api-v1", "datadog-explorer-csv"] {
        found.extend(contents(&fixture(folder)));
    }
    sorted(found)
}

/// The mapping files of the project.
pub fn mappings() -> Vec<Vec<u8>> {
    let mut found = contents(&root().join("import/mapping"));
    found.extend(contents(&root().join("import/tests/fixtures")));
    found.push(text("benches/compare/world.toml").into_bytes());
    sorted(found)
}

/// The vectors of DAG-CBOR, and each record of a small store with its frame and without.
pub fn records() -> Vec<Vec<u8>> {
    let mut found = contents(&fixture("vectors/dag-cbor"));
    let storage = MemoryStorage::new();
    let place = Place::on(std::sync::Arc::new(storage.clone()));
    sample::finish(&place.store).expect("a store in memory takes every step");
    let segment = storage.read("segments/00000001.seg").ok().flatten().expect("it was written");
    found.push(segment[..SEGMENT_HEADER].to_vec());
    let mut at = SEGMENT_HEADER;
    while let Some(Ok(frame)) = segment.get(at..).map(frame::read) {
        found.push(frame.payload.to_vec());
        found.push(segment[at..at + frame.length].to_vec());
        at += frame.length;
    }
    // The blob says nothing by its length.
    found.retain(|bytes| bytes.len() < 8 << 10);
    sorted(found)
}

/// The files below a folder of the fixtures.
pub fn fixtures(folder: &str) -> Vec<Vec<u8>> {
    contents(&fixture(folder))
}

/// Bytes that look random, from short to long.
pub fn tapes() -> Vec<Vec<u8>> {
    (0..TAPES).map(|number| tape(number, 8 + 6 * number as usize)).collect()
}

/// One of them: the same for the same number.
pub fn tape(number: u32, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3_stream(number, &mut bytes);
    bytes
}

/// Some of them, for targets that take long.
pub fn short_tapes() -> Vec<Vec<u8>> {
    tapes().into_iter().take(SHORT_TAPES).collect()
}

/// Hashes of a number and a place, one after the other.
fn blake3_stream(number: u32, bytes: &mut [u8]) {
    for (place, part) in bytes.chunks_mut(32).enumerate() {
        let material = [number.to_le_bytes(), u32::try_from(place).expect("few").to_le_bytes()];
        let hash = lineal_proof::Hash::of(&material.concat());
        part.copy_from_slice(&hash.0[..part.len()]);
    }
}

/// What was found once for a target, and must hold from then on.
pub fn found(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = files(&root().join("tests/fuzz/found").join(target));
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

fn contents(folder: &Path) -> Vec<Vec<u8>> {
    let read = |path: &PathBuf| std::fs::read(path).expect("a file of the project can be read");
    files(folder).iter().map(read).collect()
}

/// The files below a folder, in order; none if there is no such folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort_unstable();
    found
}

fn sorted(mut seeds: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    seeds.sort_unstable();
    seeds.dedup();
    seeds
}
