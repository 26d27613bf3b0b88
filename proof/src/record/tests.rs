//! Records read back, and refuse what their form does not allow.

use super::*;

fn revision() -> Revision {
    let mut revision = Revision {
        kind: "run".into(),
        key: Key::text("4cf1"),
        source: "mlflow-1a2b3c4d".into(),
        form: "mlflow-sqlite".into(),
        observed_at: 1_700_000_000_000_000_000,
        fields: [("status", "FINISHED")].into_iter().collect(),
        sealed: vec![("user".into(), Hash::of(b"anna"))],
        edges: vec![
            Edge {
                relation: "trained_on".into(),
                kind: "dataset".into(),
                key: Key::new(vec!["loans".into(), "d1".into(), "s3".into(), "{}".into()]),
                pin: Cid(Hash::of(b"pin")),
                beside: vec![],
            },
            Edge {
                relation: "executes".into(),
                kind: "code".into(),
                key: Key::text("c0ffee"),
                pin: Cid(Hash::of(b"other")),
                beside: vec![("uri".into(), "x".into())],
            },
        ],
        previous: None,
    };
    revision.sort_edges();
    revision
}

#[test]
fn a_revision_reads_back() {
    let revision = revision();
    assert_eq!(Revision::decode(&revision.encode()).unwrap(), revision);
}

#[test]
fn the_content_digest_ignores_form_time_previous_and_pins_and_nothing_else() {
    let base = revision();
    let mut same = base.clone();
    same.form = "mlflow-file".into();
    same.observed_at += 1;
    same.previous = Some(Cid(Hash::of(b"before")));
    same.edges[0].pin = Cid(Hash::of(b"moved"));
    assert_eq!(base.content_digest(), same.content_digest());
    assert_ne!(base.encode(), same.encode());

    type Change = fn(&mut Revision);
    let changes: [Change; 7] = [
        |r| r.kind = "model".into(),
        |r| r.key = Key::text("4cf2"),
        |r| r.source = "other".into(),
        |r| drop(r.fields.insert("name", "n")),
        |r| r.sealed.clear(),
        |r| drop(r.edges.pop()),
        |r| r.edges[0].beside = vec![("run".into(), "r".into())],
    ];
    for change in changes {
        let mut other = base.clone();
        change(&mut other);
        assert_ne!(base.content_digest(), other.content_digest());
    }
}

#[test]
fn a_revision_is_written_as_its_map_is() {
    let mut some = revision();
    for previous in [None, Some(Cid(Hash::of(b"before")))] {
        some.previous = previous;
        let mut map = some.to_map();
        map.insert("type", "revision");
        map.insert("format", 1_i64);
        assert_eq!(some.encode(), cbor::encode_map(&map));
        for name in ["form", "observed_at", "previous"] {
            map.remove(name);
        }
        let edges = map.remove("edges").unwrap();
        let without_pin = |edge: &Value| {
            let mut parts = edge.as_list().unwrap().to_vec();
            parts.remove(3);
            Value::List(parts)
        };
        let edges: Vec<Value> = edges.as_list().unwrap().iter().map(without_pin).collect();
        map.insert("edges", Value::List(edges));
        assert_eq!(some.content_bytes(), cbor::encode_map(&map));
        assert_eq!(some.content_digest(), Hash::of(&some.content_bytes()));
    }
}

#[test]
fn an_unknown_a_missing_and_a_newer_key_are_refused() {
    let stub = Stub { kind: "run".into(), key: Key::text("1") };
    let mut map = cbor::decode_map(&stub.encode()).unwrap();
    map.insert("extra", "x");
    let rule = "no key beyond those of its form";
    assert_eq!(Stub::decode(&cbor::encode_map(&map)), Err(Error::Record { record: "stub", rule }));
    map.remove("extra");
    map.remove("kind");
    let rule = "every key of its form is present";
    assert_eq!(Stub::decode(&cbor::encode_map(&map)), Err(Error::Record { record: "stub", rule }));
    map.insert("format", 2_i64);
    assert_eq!(
        Stub::decode(&cbor::encode_map(&map)),
        Err(Error::Newer { record: "stub", found: 2, newest: 1 })
    );
}

#[test]
fn every_other_record_reads_back() {
    let link = Cid(Hash::of(b"x"));
    let commit = Commit {
        number: 1,
        recorded: 5,
        store: [9; 16],
        actor: None,
        parent: None,
        import: 1,
        counts: vec![("seen".into(), 1), ("revision".into(), 2)],
        records_root: Hash::of(b"r"),
        segment_sha256: Hash::of(b"s"),
        map_root: Some(Hash::of(b"m")),
    };
    assert_eq!(Commit::decode(&commit.encode()).unwrap(), commit);
    let without = Commit { map_root: None, ..commit };
    assert_eq!(Commit::decode(&without.encode()).unwrap(), without);
    let seen = Seen {
        source: "s".into(),
        form: "f".into(),
        observed_at: 1,
        full: true,
        except: vec![Hash::of(b"n")],
        revisions: vec![link],
        file: Some([1; 16]),
        rows: vec![SeenRows { batch: link, runs: vec![(0, 3), (7, 1)] }],
    };
    assert_eq!(Seen::decode(&seen.encode()).unwrap(), seen);
    let manifest = Manifest {
        container: Hash::of(b"c"),
        generation: 1,
        length: 10,
        sha256: Hash::of(b"d"),
        batches: vec![ManifestBatch { batch: link, first_row: 3, rows: 4 }],
        replaces: vec![],
    };
    assert_eq!(Manifest::decode(&manifest.encode()).unwrap(), manifest);
    let source = Source {
        source: "datadog".into(),
        form: "datadog-archive".into(),
        label: "a.json.gz".into(),
        files: 1,
        lines: Some(3),
        size: 100,
        sha256: None,
        blake3: Some(Hash::of(b"b")),
        sealed: vec![("sha256".into(), Hash::of(b"h"))],
        digest: [2; 16],
        mapping: Hash::of(b"m"),
        observed_at: 8,
        stretches: (0, 1),
        whole: true,
        counts: Counts { read: 3, accepted: 2, skipped: 1, ..Counts::default() },
    };
    assert_eq!(Source::decode(&source.encode()).unwrap(), source);
    let wrong = Source { counts: Counts { read: 4, ..source.counts }, ..source };
    let rule = "counts add up to what was read";
    assert_eq!(Source::decode(&wrong.encode()), Err(Error::Record { record: "source", rule }));
    let retract = Retract { import: 3, restore: false, actor: None, sealed: vec![] };
    assert_eq!(Retract::decode(&retract.encode()).unwrap(), retract);
    let reference = Reference { name: "scorer".into(), kind: "model".into(), key: None };
    assert_eq!(Reference::decode(&reference.encode()).unwrap(), reference);
    let setting = Setting { name: "rank".into(), value: Value::List(vec![]) };
    assert_eq!(Setting::decode(&setting.encode()).unwrap(), setting);
}
