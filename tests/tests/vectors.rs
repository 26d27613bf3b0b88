//! The test vectors of docs/format.md, section 18: our code gives them, and so does the second reader.
//!
//! `UPDATE_EXPECT=1 cargo test -p lineal-tests --test vectors` writes them anew; a format that is in
//! use never changes, so afterwards `git diff` shows additions alone.

use std::path::{Path, PathBuf};

use lineal_engine::event_fields::{EventField, Group};
use lineal_engine::events::{EventBlock, EventValue};
use lineal_proof::absence::keys::{secret_of, value_hash};
use lineal_proof::absence::map::merged_from;
use lineal_proof::absence::names::{Naming, put_in_order};
use lineal_proof::absence::run::{head_of, leaves_of, prove_run};
use lineal_proof::absence::{
    Entry, KeyTree, MapName, MapOpening, Presence, Target, check_map, map_root,
};
use lineal_proof::event::{Salts, leaf};
use lineal_proof::frame::{self, RecordType};
use lineal_proof::record::{
    Blob, Commit, Counts, Decision, Edge, ErasedFile, ErasedKeys, ErasedRows, ErasedValue, Erasure,
    Hold, Manifest, ManifestBatch, Record, Reference, Retract, Revision, Sealed, Seen, SeenRows,
    Setting, Source, Stub,
};
use lineal_proof::{Cid, Hash, Key, KeyPart, Map, Value, cbor, merkle};
use lineal_tests::foreign;
use serde_json::{Value as Json, json};

#[test]
fn values_have_one_canonical_form() {
    let vectors = values().into_iter().map(|value| {
        let bytes = cbor::encode(&value);
        assert_eq!(cbor::decode(&bytes), Ok(value.clone()));
        json!({ "value": in_words(&value), "bytes": hex(&bytes) })
    });
    compare("values.json", &Json::Array(vectors.collect()));
}

#[test]
fn bytes_that_break_a_rule_are_refused_by_its_name() {
    let vectors = refused().into_iter().map(|(what, bytes)| {
        let bytes = unhex(&bytes);
        let error = cbor::decode(&bytes).expect_err(what);
        let lineal_proof::Error::Cbor { rule, .. } = error else { panic!("{what}: {error}") };
        json!({ "what": what, "rule": rule, "bytes": hex(&bytes) })
    });
    compare("refused.json", &Json::Array(vectors.collect()));
}

#[test]
fn a_record_of_each_type_has_its_payload_and_id() {
    let mut vectors = Vec::new();
    for (record_type, payload) in records() {
        let mut bytes = Vec::new();
        let id = frame::write(&mut bytes, record_type, &payload);
        let mut vector = json!({
            "type": record_type.name(),
            "payload": hex(&payload),
            "id": id.to_string(),
            "cid": Cid(id).to_string(),
            "frame": hex(&bytes),
        });
        if let Ok(revision) = Revision::decode(&payload) {
            vector["content"] = json!(revision.content_digest().to_string());
        }
        vectors.push(vector);
    }
    assert_eq!(vectors.len(), 15, "one of each type that format 1 has; of erasures three");
    compare("records.json", &Json::Array(vectors));
}

#[test]
fn a_small_batch_has_its_leaves_and_root() {
    let seed = Hash::of(b"a seed").0;
    let block = events();
    let mut salts = Salts::new(&seed, block.rows() as u64);
    let mut tree = merkle::Tree::default();
    let mut rows = Vec::new();
    for row in 0..block.rows() {
        let (mut open, mut subject) = (Vec::new(), Vec::new());
        block.write_group(&mut open, row, Group::Open);
        block.write_group(&mut subject, row, Group::Subject);
        let salt = *salts.salt(row as u64);
        let leaf = leaf(&salt, &open, &subject);
        tree.push(leaf);
        rows.push(json!({
            "open": hex(&open),
            "subject": hex(&subject),
            "salt": hex(&salt),
            "leaf": leaf.to_string(),
        }));
    }
    let root = tree.root().to_string();
    compare("batch.json", &json!({ "seed": hex(&seed), "rows": rows, "root": root }));
}

/// Records of three commits, the second of which is merged with neither and the third with one.
fn commits_of_a_map() -> Vec<Vec<(RecordType, Vec<u8>)>> {
    let said = |number: u32| {
        let model = Key::new(vec![
            if number.is_multiple_of(3) { KeyPart::Null } else { "prod".into() },
            "credit-risk".into(),
            KeyPart::Text((number % 5).to_string()),
        ]);
        let revision = Revision {
            kind: "approval".into(),
            key: Key::text(format!("a{number}")),
            source: "s".into(),
            form: "f".into(),
            observed_at: 1,
            fields: Map::new(),
            sealed: Vec::new(),
            edges: vec![Edge {
                relation: "approves".into(),
                kind: "model".into(),
                key: model,
                pin: Cid(Hash::of(b"pinned")),
                beside: Vec::new(),
            }],
            previous: None,
        };
        (RecordType::Revision, revision.encode())
    };
    let named = records().into_iter().filter(|(record_type, _)| {
        matches!(record_type, RecordType::Stub | RecordType::Reference | RecordType::Revision)
    });
    vec![(0..12).map(said).collect(), named.collect(), (12..15).map(said).collect()]
}

#[test]
fn a_map_and_the_keys_of_a_batch_have_their_roots_and_openings() {
    let mut runs: Vec<Vec<Entry>> = Vec::new();
    let mut commits = Vec::new();
    for records in commits_of_a_map() {
        let mut naming = Naming::default();
        for (record_type, payload) in &records {
            naming.add(*record_type, &Hash::of(payload), payload).expect("it reads");
        }
        let mut new = naming.finish();
        put_in_order(&mut new);
        runs.push(new);
        let counts: Vec<u64> = runs.iter().map(|run| run.len() as u64).collect();
        let mut merged = runs.split_off(merged_from(&counts)).concat();
        merged.sort_unstable();
        runs.push(merged);
        let heads: Vec<_> = runs.iter().map(|run| head_of(run)).collect();
        let payloads: Vec<_> = records.iter().map(|(_, payload)| hex(payload)).collect();
        commits.push(json!({ "records": payloads, "map_root": map_root(&heads).to_string() }));
    }
    assert_eq!(runs.len(), 2, "one merge, and one run that stays");
    let key = Key::new(vec!["prod".into(), "credit-risk".into(), "3".into()]);
    let mut asked = Target { kind: "model", key: &key }.names("approves", &[]);
    asked.push(MapName::node("approval", &Key::text("never")));
    let opened: Vec<Vec<_>> = asked
        .iter()
        .map(|name| runs.iter().map(|run| prove_run(run, &leaves_of(run), name)).collect())
        .collect();
    let opening =
        MapOpening { runs: runs.iter().map(|run| head_of(run)).collect(), ranges: opened };
    let found = check_map(&map_root(&opening.runs), &asked, &opening).expect("it holds");
    let texts = |hashes: &[Hash]| hashes.iter().map(Hash::to_string).collect::<Vec<_>>();
    let ranges = opening.ranges.iter().map(|ranges| {
        let of = ranges.iter().map(|range| {
            let entries: Vec<_> = range.entries.iter().map(|entry| hex(entry)).collect();
            json!([range.first_block, entries, texts(&range.path)])
        });
        Json::Array(of.collect())
    });
    let found_texts = found.iter().map(|values| values.iter().map(|v| hex(v)).collect::<Vec<_>>());
    let opening = json!({
        "asked": asked.iter().map(|name| hex(&name.0)).collect::<Vec<_>>(),
        "runs": opening.runs.iter().map(|run| json!([run.entries, run.root.to_string()])).collect::<Vec<_>>(),
        "ranges": ranges.collect::<Vec<_>>(),
        "found": found_texts.collect::<Vec<_>>(),
    });
    let keys = keys_of_a_batch();
    compare("absence.json", &json!({ "commits": commits, "opening": opening, "keys": keys }));
}

fn keys_of_a_batch() -> Json {
    let secret = secret_of(&Hash::of(b"an index key").0, &Hash::of(b"a batch's node"));
    let fields = ["event_id", "input_hash"];
    let values: Vec<(&str, Value)> = (0..9_u8)
        .flat_map(|number| {
            let hash = Value::Bytes(Hash::of(&[number]).0.to_vec());
            [("event_id", Value::Text(format!("e{number}"))), ("input_hash", hash)]
        })
        .collect();
    let hashes: Vec<Hash> = values.iter().map(|(field, value)| value_hash(field, value)).collect();
    let tree = KeyTree::new(&secret, &fields, 9, &hashes);
    let absent = [("event_id", Value::text("e9")), ("input_hash", Value::Bytes(vec![1; 20]))];
    let openings = values.iter().take(2).chain(&absent).map(|(field, value)| {
        let opened = tree.open(&value_hash(field, value)).expect("nothing is redacted");
        let presence = opened.check(&tree.root(), field, value).expect("it holds");
        json!({
            "field": field,
            "value": in_words(value),
            "bits": opened.bits,
            "salt": hex(&opened.salt),
            "digests": opened.digests.iter().map(|digest| hex(digest)).collect::<Vec<_>>(),
            "path": opened.path.iter().map(Hash::to_string).collect::<Vec<_>>(),
            "present": presence == Presence::Present,
        })
    });
    let openings: Vec<_> = openings.collect();
    let values: Vec<_> =
        values.iter().map(|(field, value)| json!([field, in_words(value)])).collect();
    json!({
        "secret": hex(&secret),
        "fields": fields,
        "rows": 9,
        "values": values,
        "keys_root": tree.root().to_string(),
        "openings": openings,
    })
}

#[test]
fn trees_of_few_ids_have_their_roots() {
    let ids: Vec<Hash> = (0..7_u8).map(|number| Hash::of(&[number])).collect();
    let vectors = (0..=ids.len()).map(|count| {
        let texts: Vec<String> = ids[..count].iter().map(Hash::to_string).collect();
        json!({ "ids": texts, "root": merkle::records_root(&ids[..count]).to_string() })
    });
    compare("trees.json", &Json::Array(vectors.collect()));
}

#[test]
fn the_second_reader_gives_the_same() {
    let Some(python) = foreign::python("the vectors in the second reader", &[]) else { return };
    let folder = folder();
    let answer = foreign::run(&python, "check_vectors.py", &[folder.as_os_str()], b"")
        .expect("python starts");
    assert_eq!(answer.code, Some(0), "{}{}", answer.stdout, answer.stderr);
    let counted = answer.stdout.lines().count();
    assert_eq!(counted, 6, "one line a file: {}", answer.stdout);
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vectors/lineal")
}

fn compare(name: &str, found: &Json) {
    let path = folder().join(name);
    let text = serde_json::to_string_pretty(found).expect("JSON") + "\n";
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &text).expect("the vectors can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == text, "{name} is not what the code gives; see the top of this file");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("ASCII");
        u8::from_str_radix(pair, 16).expect("hexadecimal")
    };
    digits.map(byte).collect()
}

/// A value as JSON that says its type: `{"int": "7"}`, floats by their bits.
fn in_words(value: &Value) -> Json {
    match value {
        Value::Null => json!({ "null": null }),
        Value::Bool(truth) => json!({ "bool": truth }),
        Value::Int(number) => json!({ "int": number.to_string() }),
        Value::Float(number) => json!({ "float": format!("{:016x}", number.to_bits()) }),
        Value::Text(text) => json!({ "text": text }),
        Value::Bytes(bytes) => json!({ "bytes": hex(bytes) }),
        Value::List(items) => json!({ "list": items.iter().map(in_words).collect::<Vec<_>>() }),
        Value::Map(map) => {
            let pairs = map.iter().map(|(key, member)| json!([key, in_words(member)]));
            json!({ "map": pairs.collect::<Vec<_>>() })
        }
        Value::Link(cid) => json!({ "link": cid.0.to_string() }),
    }
}

fn values() -> Vec<Value> {
    let mut all = vec![Value::Null, Value::Bool(false), Value::Bool(true)];
    let edges: [i128; 11] =
        [0, 23, 24, 255, 256, 65_535, 65_536, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, (1 << 64) - 1];
    all.extend(edges.into_iter().flat_map(|edge| [Value::Int(edge), Value::Int(-1 - edge)]));
    let floats = [0.0, 1.5, -1.0, 0.1, f64::MAX, f64::MIN_POSITIVE, 5e-324];
    all.extend(floats.map(Value::float));
    all.extend([-0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(Value::float));
    all.extend(["", "a", "é", "\u{1f40b}", &"x".repeat(24)].map(Value::text));
    all.extend([Value::Bytes(vec![]), Value::Bytes(vec![0, 255])]);
    all.push(Value::List(vec![]));
    all.push(Value::List(vec![Value::from(1_i64), Value::List(vec![Value::Null])]));
    all.push(Value::Map(Map::new()));
    let keys = ["bb", "a", "é", "ba", "c", ""];
    all.push(Value::Map((0_i64..).zip(keys).map(|(number, key)| (key, number)).collect()));
    all.push(Value::Link(Cid(Hash::of(b"linked"))));
    // The deepest that is allowed: 64 lists around an item.
    all.push((0..64).fold(Value::from(1_i64), |inner, _| Value::List(vec![inner])));
    all
}

fn refused() -> Vec<(&'static str, String)> {
    let short = |text: &str| text.to_owned();
    vec![
        ("nothing at all", short("")),
        ("an integer in more bytes than it needs", short("1817")),
        ("an integer in more bytes than it needs, of two", short("190017")),
        ("a length in more bytes than it needs", short("780161")),
        ("a text of no fixed length", short("7f6161ff")),
        ("a list of no fixed length", short("9f01ff")),
        ("a map of no fixed length", short("bf616101ff")),
        ("a float of 16 bits", short("f93c00")),
        ("a float of 32 bits", short("fa3f800000")),
        ("minus zero", short("fb8000000000000000")),
        ("not a number", short("fb7ff8000000000000")),
        ("infinity", short("fb7ff0000000000000")),
        ("undefined", short("f7")),
        ("a simple value of its own", short("f820")),
        ("a key that is no text", short("a10101")),
        ("a key twice", short("a2616101616102")),
        ("a longer key before a shorter one", short("a262626201616102")),
        ("keys of one length out of order", short("a2616201616101")),
        ("text that is not UTF-8", short("61ff")),
        ("another tag", short("c11a514b67b0")),
        ("a link without its zero byte", format!("d82a582401711e20{}", "00".repeat(32))),
        ("a link by another hash", format!("d82a58250001711220{}", "00".repeat(32))),
        ("a link of another codec", format!("d82a58250001551e20{}", "00".repeat(32))),
        ("bytes behind the item", short("0000")),
        ("a text cut off", short("6261")),
        ("a list cut off", short("8201")),
        ("65 lists around an item", format!("{}01", "81".repeat(65))),
        ("a reserved length", short("1c")),
    ]
}

fn records() -> Vec<(RecordType, Vec<u8>)> {
    let dataset = Stub {
        kind: "dataset".into(),
        key: Key::new(vec!["loans".into(), "d1".into(), KeyPart::Null, KeyPart::Null]),
    };
    let stub = dataset.encode();
    let blob = Blob { value: Value::text("more than 64 KiB, in a store") }.encode();
    let node = Hash::of(&stub);
    let mut revision = Revision {
        kind: "run".into(),
        key: Key::text("4cf1"),
        source: "mlflow-1a2b3c4d".into(),
        form: "mlflow-sqlite".into(),
        observed_at: 1_700_000_000_000_000_000,
        fields: [
            ("status", Value::text("FINISHED")),
            ("metrics", Value::Map([("auc", Value::float(0.75))].into_iter().collect())),
            ("series", Value::Link(Cid(Hash::of(&blob)))),
        ]
        .into_iter()
        .collect(),
        sealed: vec![("user".into(), Hash::of(b"commitment"))],
        edges: vec![
            Edge {
                relation: "trained_on".into(),
                kind: "dataset".into(),
                key: dataset.key.clone(),
                pin: Cid(node),
                beside: vec![("uri".into(), "s3://loans".into())],
            },
            Edge {
                relation: "executes".into(),
                kind: "code".into(),
                key: Key::text("c0ffee"),
                pin: Cid(Hash::of(b"a stub of the commit")),
                beside: vec![],
            },
        ],
        previous: None,
    };
    revision.sort_edges();
    let revision = revision.encode();
    let link = Cid(Hash::of(&revision));
    let reference = Reference {
        name: "scorer".into(),
        kind: "model".into(),
        key: Some(Key::new(vec!["prod".into(), "credit".into(), KeyPart::Null])),
    };
    let setting =
        Setting { name: "rank".into(), value: Value::List(vec![Value::text("mlflow-file")]) };
    let manifest = Manifest {
        container: Hash::of(b"the first generation"),
        generation: 1,
        length: 20,
        sha256: Hash::of(b"stands for a SHA-256"),
        batches: vec![ManifestBatch { batch: link, first_row: 0, rows: 3 }],
        replaces: vec![],
    };
    let seen = Seen {
        source: "datadog".into(),
        form: "datadog-archive".into(),
        observed_at: 7,
        full: true,
        except: vec![node],
        revisions: vec![link],
        file: Some([1; 16]),
        rows: vec![SeenRows { batch: link, runs: vec![(0, 3), (7, 1)] }],
    };
    let retract = Retract {
        import: 3,
        restore: false,
        actor: Some("abcdefghijklmnop".into()),
        sealed: vec![("reason".into(), Hash::of(b"commitment"))],
    };
    let erasure = Erasure {
        decision: Decision::Erased,
        basis: "GDPR 17(1)(b)".into(),
        reference: "request 17".into(),
        decided_by: Some("abcdefghijklmnop".into()),
        executed_by: Some("ponmlkjihgfedcba".into()),
        batches: vec![
            ErasedRows { batch: link, runs: vec![(0, 3)], leaves: None },
            ErasedRows {
                batch: link,
                runs: vec![(4, 1), (7, 1)],
                leaves: Some(vec![Hash::of(b"leaf 4"), Hash::of(b"leaf 7")]),
            },
        ],
        unsalted: vec![ErasedRows {
            batch: link,
            runs: vec![(9, 1)],
            leaves: Some(vec![Hash::of(b"leaf 9")]),
        }],
        keys: vec![ErasedKeys { batch: link, buckets: vec![(3, Hash::of(b"bucket"))] }],
        fingerprints: vec![[1; 16], [2; 16]],
        sealed: vec![ErasedValue {
            node,
            field: "user".into(),
            commitment: Hash::of(b"commitment"),
            subject: node,
            fingerprint: None,
        }],
        files: vec![ErasedFile {
            container: Hash::of(b"the first generation"),
            generation: 1,
            sha256: Hash::of(b"stands for a SHA-256"),
        }],
    };
    let hold = Hold {
        name: "case 4".into(),
        scope: Some(("system".into(), Key::text("scoring"))),
        reason: "authority request".into(),
        actor: None,
        release: false,
    };
    let source = Source {
        source: "datadog".into(),
        form: "datadog-archive".into(),
        label: "dt=2026-01-01/hour=00/archive_1.json.gz".into(),
        files: 1,
        lines: Some(3),
        size: 100,
        sha256: None,
        blake3: None,
        sealed: vec![
            ("blake3".into(), Hash::of(b"commitment")),
            ("sha256".into(), Hash::of(b"commitment")),
        ],
        digest: [2; 16],
        mapping: Hash::of(b"a mapping"),
        observed_at: 8,
        stretches: (0, 1),
        whole: true,
        counts: Counts { read: 3, accepted: 2, duplicate: 1, ..Counts::default() },
    };
    let sealed = Sealed {
        commitment: Hash::of(b"commitment"),
        subject: node,
        field: "user".into(),
        value: vec![9; 20],
    };
    let commit = Commit {
        number: 2,
        recorded: 1_700_000_000_000_000_001,
        store: [9; 16],
        actor: None,
        parent: Some(Cid(Hash::of(b"the commit before"))),
        import: 1,
        counts: vec![("stub".into(), 1), ("revision".into(), 1)],
        records_root: merkle::records_root(&[node, link.0]),
        segment_sha256: Hash::of(b"stands for a SHA-256"),
        map_root: None,
    };
    vec![
        (RecordType::Revision, revision),
        (RecordType::Reference, reference.encode()),
        (RecordType::Setting, setting.encode()),
        (RecordType::Source, source.encode()),
        (RecordType::Manifest, manifest.encode()),
        (RecordType::Seen, seen.encode()),
        (RecordType::Retract, retract.encode()),
        (RecordType::Erasure, erasure.encode()),
        (RecordType::Erasure, decided(Decision::Restricted, link, node).encode()),
        (RecordType::Erasure, decided(Decision::Lifted, link, node).encode()),
        (RecordType::Hold, hold.encode()),
        (RecordType::Sealed, sealed.encode()),
        (RecordType::Stub, stub),
        (RecordType::Blob, blob),
        (RecordType::Commit, commit.encode()),
    ]
}

/// A decision that destroys nothing.
fn decided(decision: Decision, link: Cid, node: Hash) -> Erasure {
    Erasure {
        decision,
        basis: "GDPR 18(1)(b)".into(),
        reference: "request 18".into(),
        decided_by: Some("abcdefghijklmnop".into()),
        executed_by: Some("ponmlkjihgfedcba".into()),
        batches: vec![ErasedRows { batch: link, runs: vec![(1, 2)], leaves: None }],
        unsalted: vec![],
        keys: vec![],
        fingerprints: vec![],
        sealed: vec![ErasedValue {
            node,
            field: "user".into(),
            commitment: Hash::of(b"commitment"),
            subject: node,
            fingerprint: None,
        }],
        files: vec![],
    }
}

/// Five rows: an even count would hide a wrong shape of the tree.
fn events() -> EventBlock {
    let mut block = EventBlock::new();
    for row in 0..5_u8 {
        block.set(EventField::Time, EventValue::Int(1_700_000_000_000_000_000 + i64::from(row)));
        block.set(EventField::Line, EventValue::Int(i64::from(row) + 1));
        block.set(EventField::HumanOverride, EventValue::Bool(row == 3));
        block.set(EventField::InputHash, EventValue::Hash(&[row; 32]));
        if row != 2 {
            block.set(EventField::Decision, EventValue::Text("grant"));
            block.set(EventField::Confidence, EventValue::Float(f64::from(row) / 8.0));
            block.set(EventField::Rest, EventValue::Text("{\"é\":null}"));
        }
        block.end_row();
    }
    block
}
