//! All that a view can be asked, one line each: to hold two ways to the same answers to each other.

use lineal_engine::schema::{COMMON_FIELDS, Direction, KINDS, Kind, RELATIONS, fields};
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::{Result, Snapshot, Store};
use lineal_proof::{Hash, Value};
use std::sync::Arc;

/// Every declared field of every node as a view gives it, one by one.
///
/// # Errors
/// What the store says.
pub fn each_field(view: &Snapshot) -> Result<Vec<(String, Option<Value>)>> {
    let mut all = Vec::new();
    for kind in KINDS {
        for node in view.nodes_of(kind) {
            for spec in COMMON_FIELDS.iter().chain(fields(kind)) {
                all.push((format!("{kind} {node} {}", spec.name), view.field(node, spec.name)?));
            }
        }
    }
    Ok(all)
}

/// What a view answers over its index, in every way that reads a part of it.
///
/// # Errors
/// What the store says, or what was found damaged on the way.
pub fn everything(memory: &MemoryStorage) -> Result<Vec<String>> {
    let store = Store::open_read_only_on(Arc::new(memory.clone()))?;
    let view = store.snapshot()?;
    let mut all = vec![format!("{} {} {}", view.commit(), view.recorded(), view.node_count())];
    let told = each_field(&view);
    all.extend(told.iter().flatten().map(|field| format!("{field:?}")));
    for node in 0..view.node_count() {
        all.push(format!(
            "{:?} {:?} {:?}",
            view.key_of(node),
            view.node_id(node),
            view.commits_of(node)
        ));
        let name = view.name_of(node);
        let key = name.split_once(':').map_or("", |(_, key)| key);
        all.push(format!("{:?} {:?}", view.find(None, key), view.sources_of(node)));
        all.push(format!("{:?} {:?}", view.is_missing(node), view.candidates(node)));
        all.push(format!("{:?}", view.open_claims(node)));
        let id = view.revision_id(node).map_or_else(String::new, |id| id.short());
        all.push(format!("{id} {:?}", view.find_id(&id)));
        for spec in &RELATIONS {
            for direction in [Direction::Forward, Direction::Inverse] {
                all.push(format!("{:?}", view.edges(node, spec.relation, direction)));
            }
        }
    }
    all.extend(KINDS.iter().map(|kind| format!("{:?}", view.doubtful(*kind))));
    for batch in view.batches() {
        all.push(format!("{batch:?}"));
    }
    all.push(format!("{:?}", view.alias(Kind::Model, "the scorer")));
    for number in 0..60_u32 {
        let hash = Hash::of(&number.to_le_bytes());
        all.push(format!("{:?}", view.events_by_hash(None, &hash.0)));
    }
    match (view.damage(), told) {
        (Some(damage), _) => Err(damage),
        (None, Err(error)) => Err(error),
        (None, Ok(_)) => Ok(all),
    }
}

/// Flips one bit of a file of the index after another, `stride` bytes apart: each leaves `expected`, or an
/// error that names the file and what mends it. Gives how many did the one and the other.
///
/// # Panics
/// Where a flip does neither, or the file is not there.
#[expect(clippy::unwrap_used, reason = "a test's own file")]
pub fn flip_bits(
    memory: &MemoryStorage,
    name: &str,
    stride: usize,
    expected: &[String],
) -> (u32, u32) {
    let path = format!("index/{name}");
    let length = memory.read(&path).unwrap().unwrap().len();
    let (mut right, mut named) = (0, 0);
    for at in (0..length).step_by(stride) {
        let flip = |bytes: &mut Vec<u8>| bytes[at] ^= 1 << (at / stride % 8);
        memory.damage(&path, flip);
        match everything(memory) {
            Ok(found) => {
                assert_eq!(found, expected, "{path}, byte {at}");
                right += 1;
            }
            Err(error) => {
                assert!(error.is_damage(), "{path}, byte {at}: {error}");
                let text = error.to_string();
                assert!(text.starts_with(&path) && text.contains("lineal rebuild"), "{text}");
                named += 1;
            }
        }
        memory.damage(&path, flip);
    }
    (right, named)
}
