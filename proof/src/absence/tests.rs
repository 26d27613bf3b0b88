//! Every absent name and value can be proved absent, no present one can, and nothing that was
//! changed is believed.

use super::keys::{KeyTree, Presence, secret_of, value_hash};
use super::map::{MapOpening, check_map, map_root, merged_from};
use super::names::{self, MapName, Naming, Target};
use super::run::{Entry, RunRange, head_of, leaves_of, prove_run};
use super::{Refused, keys};
use crate::cid::Cid;
use crate::frame::RecordType;
use crate::hash::Hash;
use crate::key::{Key, KeyPart};
use crate::record::{Edge, Record, Reference, Revision, Stub};
use crate::value::{Map, Value};
use proptest::prelude::*;

/// Entries with few different names, so that some have many and some none.
fn entries(names: &[u8]) -> Vec<Entry> {
    let entry = |(at, name): (u64, &u8)| {
        let mut entry = [0; 32];
        entry[3] = *name;
        entry[16..].copy_from_slice(&Hash::of(&at.to_le_bytes()).0[..16]);
        entry
    };
    let mut entries: Vec<_> = (0..).zip(names).map(entry).collect();
    entries.sort_unstable();
    entries
}

fn name(byte: u8) -> MapName {
    let mut name = [0; 16];
    name[3] = byte;
    MapName(name)
}

fn open(runs: &[Vec<Entry>], asked: &[MapName]) -> (Hash, MapOpening) {
    let heads: Vec<_> = runs.iter().map(|run| head_of(run)).collect();
    let range = |name: &MapName| -> Vec<RunRange> {
        runs.iter().map(|run| prove_run(run, &leaves_of(run), name)).collect()
    };
    let ranges = asked.iter().map(range).collect();
    (map_root(&heads), MapOpening { runs: heads, ranges })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_map_tells_all_that_stands_under_any_name(
        runs in prop::collection::vec(prop::collection::vec(0..40_u8, 1..200), 0..4),
        asked in 0..42_u8,
    ) {
        let runs: Vec<_> = runs.iter().map(|names| entries(names)).collect();
        let (root, opening) = open(&runs, &[name(asked)]);
        let found = check_map(&root, &[name(asked)], &opening).unwrap();
        let expected: Vec<[u8; 16]> = runs
            .iter()
            .flatten()
            .filter(|entry| entry[..16] == name(asked).0)
            .map(|entry| entry[16..].try_into().unwrap())
            .collect();
        prop_assert_eq!(&found, &vec![expected.clone()]);
        // The same opening says nothing of another name that its blocks do not hold whole.
        for other in (0..42).filter(|other| *other != asked) {
            if let Ok(found) = check_map(&root, &[name(other)], &opening) {
                let there = runs.iter().flatten().filter(|entry| entry[3] == other).count();
                prop_assert_eq!(found[0].len(), there);
            }
        }
    }

    #[test]
    fn nothing_can_be_hidden(
        names in prop::collection::vec(0..20_u8, 1..300),
        at in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        length in 0..8_usize,
    ) {
        // A liar may give any blocks of the run with their right path, and drop any of the entries.
        let run = entries(&names);
        let asked = name(run[at.index(run.len())][3]);
        let there = run.iter().filter(|entry| entry[..16] == asked.0).count();
        let (leaves, head) = (leaves_of(&run), head_of(&run));
        let first = from.index(leaves.len());
        let last = (first + length).min(leaves.len() - 1);
        let path = super::tree::range_path(&leaves, &(first..last + 1));
        let disclosed = run[first * 16..((last + 1) * 16).min(run.len())].to_vec();
        let range = RunRange { first_block: first as u64, entries: disclosed.clone(), path };
        if let Ok(found) = super::run::check_run(0, &head, &asked, &range) {
            prop_assert_eq!(found.len(), there);
        }
        for left_out in 0..disclosed.len() {
            let mut range = range.clone();
            range.entries.remove(left_out);
            prop_assert!(super::run::check_run(0, &head, &asked, &range).is_err());
        }
    }

    #[test]
    fn a_changed_opening_is_refused(
        names in prop::collection::vec(0..20_u8, 40..300),
        asked in 0..22_u8,
        bit in any::<prop::sample::Index>(),
    ) {
        let runs = [entries(&names), entries(&names[..30])];
        let (root, good) = open(&runs, &[name(asked)]);
        let mut bad = good.clone();
        let range = &mut bad.ranges[0][0];
        let bit = bit.index((range.entries.len() + range.path.len()) * 256);
        let (item, bit) = (bit / 256, bit % 256);
        let held = range.entries.len();
        let bytes = match range.entries.get_mut(item) {
            Some(entry) => &mut entry[..],
            None => &mut range.path[item - held].0[..],
        };
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(check_map(&root, &[name(asked)], &bad).is_err());
        let mut short = good.clone();
        short.runs.pop();
        prop_assert_eq!(check_map(&root, &[name(asked)], &short), Err(Refused::MapRoot));
        let mut fewer = good.clone();
        fewer.ranges[0].pop();
        prop_assert_eq!(
            check_map(&root, &[name(asked)], &fewer),
            Err(Refused::Ranges { questions: 1, runs: 2 })
        );
        let mut moved = good;
        moved.ranges[0][0].first_block += 1;
        prop_assert!(check_map(&root, &[name(asked)], &moved).is_err());
    }

    #[test]
    fn runs_stay_few_and_each_holds_more_than_all_newer(added in prop::collection::vec(1..5_000_u64, 1..300)) {
        let mut runs: Vec<u64> = Vec::new();
        let mut written = 0;
        for entries in &added {
            runs.push(*entries);
            let from = merged_from(&runs);
            let merged: u64 = runs.drain(from..).sum();
            runs.push(merged);
            written += merged;
        }
        let all: u64 = added.iter().sum();
        prop_assert_eq!(runs.iter().sum::<u64>(), all);
        for at in 1..runs.len() {
            prop_assert!(runs[at - 1] > runs[at..].iter().sum::<u64>());
        }
        prop_assert!(runs.len() <= all.ilog2() as usize + 1);
        prop_assert!(written <= all * (u64::from(all.ilog2()) + 2), "{} of {}", written, all);
    }

}

proptest! {
    // Several trees of 256 buckets are made in each case, slowly in a debug build.
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn a_batch_tells_of_every_value_whether_it_is_there(
        values in prop::collection::vec(any::<u16>(), 0..1_500),
        asked in any::<u16>(),
        bit in any::<prop::sample::Index>(),
    ) {
        let value = |number: u16| Value::Bytes(Hash::of(&number.to_le_bytes()).0.to_vec());
        let hash = |number: &u16| value_hash("input_hash", &value(*number));
        let secret = secret_of(&[3; 32], &Hash::of(b"batch"));
        let hashes: Vec<Hash> = values.iter().map(hash).collect();
        let tree = KeyTree::new(&secret, &["input_hash"], values.len() as u64, &hashes);
        let root = tree.root();
        for asked in values.iter().take(3).chain([&asked]) {
            let opening = tree.open(&hash(asked)).unwrap();
            let expected =
                if values.contains(asked) { Presence::Present } else { Presence::Absent };
            prop_assert_eq!(opening.check(&root, "input_hash", &value(*asked)), Ok(expected));
            prop_assert_eq!(opening.check(&root, "event_id", &value(*asked)), Err(Refused::Field));
            let mut bad = opening.clone();
            if bad.digests.pop().is_some() {
                prop_assert_eq!(bad.check(&root, "input_hash", &value(*asked)), Err(Refused::KeysRoot));
            }
            let mut bad = opening.clone();
            let bit = bit.index(32 * 8);
            bad.salt[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(bad.check(&root, "input_hash", &value(*asked)), Err(Refused::KeysRoot));
            let mut bad = opening.clone();
            bad.path[bit % 8].0[bit / 8] ^= 1;
            prop_assert_eq!(bad.check(&root, "input_hash", &value(*asked)), Err(Refused::KeysRoot));
            let mut bad = opening;
            bad.bits += 1;
            prop_assert!(bad.check(&root, "input_hash", &value(*asked)).is_err());
        }
    }

    #[test]
    fn the_root_outlives_the_erasure_of_any_rows(
        values in prop::collection::vec(any::<u16>(), 1..400),
        erased in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
    ) {
        let hash = |number: &u16| value_hash("input_hash", &Value::from(i64::from(*number)));
        let hashes: Vec<_> = values.iter().map(hash).collect();
        let secret = secret_of(&[7; 32], &Hash::of(b"batch"));
        let rows = values.len() as u64;
        let tree = KeyTree::new(&secret, &["input_hash"], rows, &hashes);
        let gone: Vec<_> = erased.iter().map(|at| hashes[at.index(hashes.len())]).collect();
        let (first, second) = gone.split_at(gone.len() / 2);
        let left = |gone: &[Hash]| {
            hashes.iter().copied().filter(|hash| !gone.contains(hash)).collect::<Vec<_>>()
        };
        // Two erasures, one after the other.
        let fields = &["input_hash"];
        let once = KeyTree::with_redacted(&secret, fields, rows, &left(first), &tree.redact(first));
        let kept = once.redact(second);
        let twice = KeyTree::with_redacted(&secret, fields, rows, &left(&gone), &kept);
        prop_assert_eq!(twice.root(), tree.root());
        for hash in hashes.iter().take(4).chain(&gone) {
            let opened = twice.open(hash);
            prop_assert!(opened.is_none() || opened == tree.open(hash));
            prop_assert!(!gone.contains(hash) || opened.is_none());
        }
        prop_assert!(kept.len() <= gone.len());
    }
}

#[test]
fn values_hashed_together_are_values_hashed_one_by_one() {
    let texts = ["", "a", "a longer text"];
    let [bytes, words] = [false, true].map(|are_texts| {
        keys::value_hashes("f", are_texts, texts.iter().map(|text| text.as_bytes()))
    });
    for (at, text) in texts.iter().enumerate() {
        assert_eq!(bytes[at], value_hash("f", &Value::Bytes(text.as_bytes().to_vec())));
        assert_eq!(words[at], value_hash("f", &Value::text(*text)));
        assert_ne!(bytes[at], words[at]);
    }
}

#[test]
fn an_opening_of_one_value_cannot_stand_for_another_bucket() {
    let value = |number: u32| Value::Bytes(Hash::of(&number.to_le_bytes()).0.to_vec());
    let hashes: Vec<Hash> =
        (0..2_000).map(|number| value_hash("input_hash", &value(number))).collect();
    let secret = secret_of(&[1; 32], &Hash::of(b"batch"));
    let tree = KeyTree::new(&secret, &["input_hash"], 2_000, &hashes);
    let opening = tree.open(&value_hash("input_hash", &value(90_000))).unwrap();
    let checked = (0..2_000)
        .filter(|number| opening.check(&tree.root(), "input_hash", &value(*number)).is_ok());
    let checked: Vec<_> = checked.collect();
    assert_eq!(checked.len(), opening.digests.len(), "only the values of that bucket");
    for number in checked {
        let found = opening.check(&tree.root(), "input_hash", &value(number));
        assert_eq!(found, Ok(Presence::Present));
    }
    assert_eq!((opening.bits, opening.path.len()), (9, 9));
    assert_eq!(keys::estimate(2_000, 1), 32 * 10 + 4 * 16);
    assert_eq!([0, 1, 1_024, 1_025].map(|rows| keys::bits_for(rows, 1)), [8, 8, 8, 9]);
    assert_eq!(keys::bits_for(1_000_000, 1), 18);
}

fn revision(edges: &[(&str, &str, Key)]) -> Revision {
    let mut revision = Revision {
        kind: "approval".into(),
        key: Key::text("a1"),
        source: "s".into(),
        form: "f".into(),
        observed_at: 1,
        fields: Map::new(),
        sealed: Vec::new(),
        edges: edges
            .iter()
            .map(|(relation, kind, key)| Edge {
                relation: (*relation).into(),
                kind: (*kind).into(),
                key: key.clone(),
                pin: Cid(Hash::of(b"pin")),
                beside: Vec::new(),
            })
            .collect(),
        previous: None,
    };
    revision.sort_edges();
    revision
}

fn model(parts: [Option<&str>; 3]) -> Key {
    Key::new(parts.map(|part| part.map_or(KeyPart::Null, KeyPart::from)).to_vec())
}

fn of<R: Record>(record: &R) -> Vec<Entry> {
    let (payload, mut naming) = (record.encode(), Naming::default());
    naming.add(R::TYPE, &Hash::of(&payload), &payload).unwrap();
    let mut entries = naming.finish();
    names::put_in_order(&mut entries);
    entries
}

/// Does a record stand under one of a target's names?
fn is_named(record: &Revision, relation: &str, key: &Key, references: &[Reference]) -> bool {
    let names = Target { kind: "model", key }.names(relation, references);
    let entries = of(record);
    names.iter().any(|name| entries.iter().any(|entry| entry[..16] == name.0))
}

#[test]
fn what_names_a_thing_in_any_form_stands_under_one_of_its_names() {
    let exact = model([Some("prod"), Some("risk"), Some("3")]);
    let says = |key: Key| revision(&[("approves", "model", key)]);
    let forms = [
        exact.clone(),
        model([None, Some("risk"), Some("3")]),
        model([None, Some("risk"), None]),
        model([None, Some("risk"), Some("champion")]),
        model([Some("prod"), None, Some("3")]),
        model([None, None, None]),
    ];
    for key in forms {
        assert!(is_named(&says(key.clone()), "approves", &exact, &[]), "{key:?}");
        assert!(!is_named(&says(key.clone()), "evaluates", &exact, &[]), "{key:?}");
    }
    for key in [
        model([Some("prod"), Some("risk"), Some("4")]),
        model([None, Some("scorer"), Some("3")]),
        model([Some("test"), Some("risk"), Some("3")]),
    ] {
        assert!(!is_named(&says(key.clone()), "approves", &exact, &[]), "{key:?}");
    }
    let family = Some(model([Some("prod"), Some("risk"), None]));
    let alias = Reference { name: "scorer".into(), kind: "model".into(), key: family };
    let by_alias = says(model([None, Some("scorer"), Some("3")]));
    assert!(is_named(&by_alias, "approves", &exact, std::slice::from_ref(&alias)));
    let other = Reference { key: Some(model([None, Some("else"), None])), ..alias };
    assert!(!is_named(&by_alias, "approves", &exact, &[other]));
    let logged = Key::text("m-1");
    assert!(!Target { kind: "model", key: &logged }.is_covered());
    let actor = Key::text("aaaa");
    let alias = Reference { name: "bbbb".into(), kind: "actor".into(), key: Some(actor.clone()) };
    let names = Target { kind: "actor", key: &actor }.names("done_by", &[alias]);
    let expected = [&actor, &Key::text("bbbb")].map(|key| MapName::edge("done_by", "actor", key));
    assert_eq!(names, expected);
}

#[test]
fn a_record_stands_under_its_node_its_kind_and_what_it_leads_to() {
    let record = revision(&[
        ("approves", "model", model([None, Some("risk"), None])),
        ("done_by", "actor", Key::text("aaaa")),
    ]);
    let named: Vec<_> = of(&record).iter().map(|entry| entry[..16].to_vec()).collect();
    let mut expected = [
        MapName::node("approval", &Key::text("a1")),
        MapName::kind("approval"),
        MapName::edge("approves", "model", &model([None, Some("risk"), None])),
        MapName::claim("approves", "model", Some("risk")),
        MapName::edge("done_by", "actor", &Key::text("aaaa")),
    ]
    .map(|name| name.0.to_vec());
    expected.sort();
    assert_eq!(named, expected);
    let stub = Stub { kind: "model".into(), key: Key::text("m") };
    assert_eq!(of(&stub)[0][..16], MapName::node("model", &Key::text("m")).0);
    assert_eq!(of(&stub)[0][16..], Hash::of(&stub.encode()).0[..16]);
    let reference = Reference { name: "x".into(), kind: "model".into(), key: None };
    assert_eq!(of(&reference)[0][..16], MapName::references("model").0);
    let mut none = Naming::default();
    none.add(RecordType::Setting, &Hash::default(), b"").unwrap();
    assert!(none.add(RecordType::Stub, &Hash::default(), b"\xa0").is_err());
    assert!(none.finish().is_empty());
}
