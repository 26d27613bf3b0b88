//! The readers that are not ours agree with what we write.

use std::path::Path;

use lineal_proof::cbor;
use lineal_proof::record::{
    Blob, Commit, Counts, Edge, Manifest, ManifestBatch, Record, Reference, Retract, Revision,
    Sealed, Seen, SeenRows, Setting, Source, Stub,
};
use lineal_proof::{Cid, Hash, Key, Map, Value};
use lineal_tests::foreign;

#[test]
fn the_second_reader_passes_its_own_checks() {
    let Some(python) = foreign::python("the second reader's own checks", &[]) else { return };
    let answer = foreign::run(&python, "self_check.py", &[], b"").expect("python starts");
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(!answer.stderr.contains("Ran 0 tests"), "{}", answer.stderr);
}

#[test]
fn both_readers_accept_and_refuse_the_same_payloads() {
    let Some(python) = foreign::python("both readers on the same payloads", &[]) else { return };
    let mut payloads = Vec::new();
    for record in records() {
        payloads.extend(spoiled_keys(&record));
        payloads.extend(spoiled_bytes(&cbor::encode_map(&record)));
    }
    for block in published_blocks() {
        payloads.extend(spoiled_bytes(&block));
        payloads.push(block);
    }
    let ours: Vec<String> = payloads.iter().map(|payload| judge(payload)).collect();

    let input: String = payloads.iter().map(|payload| hex(payload) + "\n").collect();
    let answer = foreign::run(&python, "judge.py", &[], input.as_bytes()).expect("python starts");
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let theirs: Vec<&str> = answer.stdout.lines().collect();
    assert_eq!(ours.len(), theirs.len());
    for ((payload, ours), theirs) in payloads.iter().zip(&ours).zip(&theirs) {
        assert_eq!(ours, theirs, "ours and theirs differ on {}", hex(payload));
    }
    // The payloads are worth asking about: each verdict occurs often.
    for verdict in ["-", "value", "record"] {
        let count = ours.iter().filter(|line| line.starts_with(verdict)).count();
        assert!(count > 100, "{count} times `{verdict}` of {}", ours.len());
    }
}

/// What we make of a payload, in the words of `judge.py`.
fn judge(payload: &[u8]) -> String {
    let Ok(value) = cbor::decode(payload) else { return "-".into() };
    let word = value.as_map().and_then(|map| map.get("type")).and_then(Value::as_text);
    let accepted = match word {
        Some("blob") => Blob::decode(payload).is_ok(),
        Some("commit") => Commit::decode(payload).is_ok(),
        Some("manifest") => Manifest::decode(payload).is_ok(),
        Some("reference") => Reference::decode(payload).is_ok(),
        Some("retract") => Retract::decode(payload).is_ok(),
        Some("revision") => Revision::decode(payload).is_ok(),
        Some("sealed") => Sealed::decode(payload).is_ok(),
        Some("seen") => Seen::decode(payload).is_ok(),
        Some("setting") => Setting::decode(payload).is_ok(),
        Some("source") => Source::decode(payload).is_ok(),
        Some("stub") => Stub::decode(payload).is_ok(),
        _ => false,
    };
    if !accepted {
        return "value".into();
    }
    let content = Revision::decode(payload)
        .map_or_else(|_| String::new(), |revision| format!(" {}", revision.content_digest()));
    format!("record {}{content}", Hash::of(payload))
}

/// One record of each type, every part of it in use.
fn records() -> Vec<Map> {
    let link = Cid(Hash::of(b"link"));
    let hash = Hash::of(b"hash");
    let edge = |relation: &str, beside: Vec<(String, String)>| Edge {
        relation: relation.into(),
        kind: "dataset".into(),
        key: Key::new(vec!["loans".into(), None.into(), 7.into(), "s3".into()]),
        pin: link,
        beside,
    };
    let mut revision = Revision {
        kind: "run".into(),
        key: Key::text("4cf1"),
        source: "mlflow-1a2b3c4d".into(),
        form: "mlflow-sqlite".into(),
        observed_at: 1_700_000_000_000_000_000,
        fields: [
            ("metrics", Value::Map([("auc", Value::float(0.75))].into_iter().collect())),
            ("blob", Value::Link(link)),
        ]
        .into_iter()
        .collect(),
        sealed: vec![("user".into(), hash)],
        edges: vec![
            edge("used", vec![]),
            edge("used", vec![("run".into(), "r".into())]),
            edge("trained_on", vec![]),
        ],
        previous: Some(link),
    };
    revision.sort_edges();
    let commit = Commit {
        number: 2,
        recorded: 5,
        store: [9; 16],
        actor: Some("abcdefghijklmnop".into()),
        parent: Some(link),
        import: 1,
        counts: vec![("revision".into(), 2)],
        records_root: hash,
        segment_sha256: hash,
        map_root: Some(hash),
    };
    let manifest = Manifest {
        container: hash,
        generation: 1,
        length: 10,
        sha256: hash,
        batches: vec![ManifestBatch { batch: link, first_row: 3, rows: 4 }],
        replaces: vec![hash],
    };
    let seen = Seen {
        source: "datadog".into(),
        form: "datadog-archive".into(),
        observed_at: 1,
        full: true,
        except: vec![hash],
        revisions: vec![link],
        file: Some([1; 16]),
        rows: vec![SeenRows { batch: link, runs: vec![(0, 3), (7, 1)] }],
    };
    let source = Source {
        source: "datadog".into(),
        form: "datadog-archive".into(),
        label: "a.json.gz".into(),
        files: 1,
        lines: Some(3),
        size: 100,
        sha256: None,
        blake3: Some(hash),
        sealed: vec![("sha256".into(), hash)],
        digest: [2; 16],
        mapping: hash,
        observed_at: 8,
        stretches: (0, 1),
        whole: true,
        counts: Counts { read: 3, accepted: 2, skipped: 1, ..Counts::default() },
    };
    let sealed = vec![("reason".into(), hash)];
    let retract = Retract { import: 3, restore: false, actor: None, sealed };
    let reference =
        Reference { name: "scorer".into(), kind: "model".into(), key: Some(Key::text("m")) };
    let sealed = Sealed { commitment: hash, subject: hash, field: "user".into(), value: vec![1] };
    let stub = Stub { kind: "run".into(), key: Key::text("1") };
    let setting = Setting { name: "rank".into(), value: Value::List(vec![Value::Null]) };
    let blob = Blob { value: Value::Bool(true) };
    [
        revision.encode(),
        commit.encode(),
        manifest.encode(),
        seen.encode(),
        source.encode(),
        retract.encode(),
        reference.encode(),
        sealed.encode(),
        stub.encode(),
        setting.encode(),
        blob.encode(),
    ]
    .iter()
    .map(|payload| cbor::decode_map(payload).expect("what we encode is canonical"))
    .collect()
}

/// The map itself; without each of its keys; with one more; and with something else at each key,
/// also one level below, where a list or a map stands.
fn spoiled_keys(map: &Map) -> Vec<Vec<u8>> {
    let mut payloads = vec![cbor::encode_map(map)];
    let mut one_more = map.clone();
    one_more.insert("colour", "red");
    payloads.push(cbor::encode_map(&one_more));
    for (name, value) in map.iter() {
        let mut other = map.clone();
        other.remove(name);
        payloads.push(cbor::encode_map(&other));
        for instead in odd_values().into_iter().chain(spoiled_inside(value, 3)) {
            other.insert(name, instead);
            payloads.push(cbor::encode_map(&other));
        }
    }
    payloads
}

/// A list or map with one member left out, doubled or replaced, to some depth.
fn spoiled_inside(value: &Value, depth: usize) -> Vec<Value> {
    let mut others = Vec::new();
    match value {
        _ if depth == 0 => {}
        Value::List(items) => {
            for at in 0..items.len() {
                let mut fewer = items.clone();
                let item = fewer.remove(at);
                others.push(Value::List(fewer));
                let mut more = items.clone();
                more.insert(at, item.clone());
                others.push(Value::List(more));
                for instead in odd_values().into_iter().chain(spoiled_inside(&item, depth - 1)) {
                    let mut changed = items.clone();
                    changed[at] = instead;
                    others.push(Value::List(changed));
                }
            }
        }
        Value::Map(map) => {
            for (name, member) in map.iter() {
                for instead in odd_values().into_iter().chain(spoiled_inside(member, depth - 1)) {
                    let mut changed = map.clone();
                    changed.insert(name, instead);
                    others.push(Value::Map(changed));
                }
            }
        }
        _ => {}
    }
    others
}

/// One value of each sort that a record might wrongly hold.
fn odd_values() -> Vec<Value> {
    vec![
        Value::Null,
        Value::Bool(true),
        Value::Int(0),
        Value::Int(-1),
        Value::Int(1 << 32),
        Value::Int(1 << 63),
        Value::Int(-1 - (1 << 63)),
        Value::Float(1.5),
        Value::text(""),
        Value::text("x"),
        Value::Bytes(vec![]),
        Value::Bytes(vec![7; 16]),
        Value::Bytes(vec![7; 32]),
        Value::List(vec![]),
        Value::List(vec![Value::text("x")]),
        Value::Map(Map::new()),
        Value::Map([("x", "y")].into_iter().collect()),
        Value::Link(Cid(Hash::of(b"other"))),
    ]
}

/// The bytes cut off, with one byte more, and with a byte changed in a few dozen places.
fn spoiled_bytes(bytes: &[u8]) -> Vec<Vec<u8>> {
    // Long blocks repeat themselves; this many places see every head of the short ones.
    const PLACES_MAX: usize = 60;
    let mut payloads = vec![bytes[..bytes.len() / 2].to_vec(), [bytes, &[0]].concat()];
    for at in (0..bytes.len()).step_by(bytes.len().div_ceil(PLACES_MAX).max(1)) {
        for flip in [0x01, 0x20, 0x18, 0xe0] {
            let mut changed = bytes.to_vec();
            changed[at] ^= flip;
            payloads.push(changed);
        }
    }
    payloads
}

/// The published blocks that are short enough to be spoiled many times.
fn published_blocks() -> Vec<Vec<u8>> {
    const BYTES_MAX: usize = 1024;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vectors/dag-cbor");
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .expect("the vectors are there")
        .flat_map(|entry| std::fs::read_dir(entry.expect("an entry").path()).expect("a folder"))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort_unstable();
    assert_eq!(paths.len(), 128);
    let blocks = paths.iter().map(|path| std::fs::read(path).expect("a block"));
    blocks.filter(|block| block.len() <= BYTES_MAX).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
