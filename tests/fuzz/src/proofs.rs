//! Bytes as what strangers are given: proof files, checkpoints, proofs of the log, tiles, answers of
//! time-stamp authorities. What reads is written as the same bytes, and no edit of a proof that holds
//! shows anything else than it did.

use super::store_files::edit;
use super::tape::Tape;
use lineal_engine::storage::MemoryStorage;
use lineal_engine::{Claim, Store};
use lineal_proof::Key;
use lineal_proof::bundle::json::{Json, parse};
use lineal_proof::bundle::{Bundle, Named, Node, Nothing, Scope, Trust, Verdict, check as verify};
use lineal_proof::timestamp::Timestamp;
use lineal_proof::tlog::{EntryBundle, LogProof, Note, SignedCheckpoint, TreeHash, VerifierKey};
use lineal_tests::sample;
use std::sync::{Arc, LazyLock};

/// A proof of each sort, what it states, and who is trusted.
struct Made {
    proofs: Vec<(Vec<u8>, Bundle)>,
    notes: Vec<Vec<u8>>,
    key: String,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let store = Store::create_on(Arc::new(MemoryStorage::new()), sample::options());
    let store = store.expect("memory takes a store");
    sample::finish(&store).expect("a store in memory takes every step");
    let log = store.record_log(None, None).expect("a log gets its name");
    let note = store.checkpoint().expect("it is signed").to_string();
    let view = store.snapshot().expect("a view");
    let node = view.nodes_of(lineal_engine::schema::Kind::Model).start;
    let event = view.events_by_id("e41").expect("rows are there");
    let claims = [Claim::Revision(node, None), Claim::Events { events: event, named: None }];
    let named = Named { field: "input_hash".to_owned(), value: "7e57".repeat(16) };
    let nothing = [
        Nothing::Node(Node { kind: "system".to_owned(), key: Key::text("none") }),
        Nothing::Event { named, scope: Scope { of: None, from: None, to: None } },
    ];
    let shown = claims.iter().flat_map(|claim| {
        [false, true].map(|withhold| store.prove(&view, claim, note.as_bytes(), withhold))
    });
    let absent =
        nothing.iter().map(|what| store.prove_absent(&view, what, note.as_bytes(), &|_| true));
    let proofs = shown.chain(absent).map(|bundle| {
        let bundle = bundle.expect("it is so");
        (bundle.write().into_bytes(), bundle)
    });
    let proof = store.log_proof(2, store.commit()).expect("the commit is in the log");
    Made {
        proofs: proofs.collect(),
        notes: vec![note.clone().into_bytes(), proof.to_string().into_bytes()],
        key: log.signing().to_string(),
    }
});

/// Where a fuzzer begins: notes, proofs of the log, keys, answers of OpenSSL's authority, and tapes.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut found = super::seeds::short_tapes();
    found.extend(MADE.notes.iter().cloned());
    found.push(MADE.key.clone().into_bytes());
    found.extend(super::seeds::fixtures("vectors/rfc3161"));
    found
}

/// Checks these bytes in every role, and as an edit of a proof that holds.
pub fn check(bytes: &[u8]) {
    as_they_are(bytes);
    let mut tape = Tape::new(bytes);
    if tape.byte().is_multiple_of(4) {
        let mut held = MADE.notes[tape.below(MADE.notes.len())].clone();
        edit(&mut held, &mut tape);
        as_they_are(&held);
        return;
    }
    let (whole, bundle) = &MADE.proofs[tape.below(MADE.proofs.len())];
    let mut held = whole.clone();
    edit(&mut held, &mut tape);
    as_they_are(&held);
    let trust = Trust::new(&MADE.key, None).expect("a key");
    if !matches!(verify(&held, &trust).verdict, Verdict::Tampered(_)) {
        let read = Bundle::read(&held).expect("what is not tampered with reads");
        assert_eq!(read.statement, bundle.statement);
        assert_eq!(read.words(), bundle.words());
    }
    // With another spelling of the same all is well: what the JSON says is edited, not its letters.
    if let Some(json) = std::str::from_utf8(&held).ok().and_then(parse) {
        let spelled = format!("{}\n", json.write());
        let verdict = verify(spelled.as_bytes(), &trust).verdict;
        if !matches!(verdict, Verdict::Tampered(_)) {
            let read = Bundle::read(spelled.as_bytes()).expect("it reads");
            assert_eq!(read.statement, bundle.statement);
        }
    }
}

fn as_they_are(bytes: &[u8]) {
    if let Ok(bundle) = Bundle::read(bytes) {
        assert_eq!(bundle.write().as_bytes(), bytes, "a proof has one spelling");
        let _ = bundle.holds();
    }
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
    }
    if let Ok(signed) = SignedCheckpoint::parse(bytes) {
        assert_eq!(signed.to_string().as_bytes(), bytes);
    }
    if let Ok(proof) = LogProof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
        let key = VerifierKey::parse(&MADE.key).expect("a key");
        let _ = proof.verify(b"an entry", &key);
    }
    if let Ok(entries) = EntryBundle::entries(bytes) {
        let mut again = Vec::new();
        for entry in entries {
            EntryBundle::push(&mut again, entry).expect("it was one");
        }
        assert_eq!(again, bytes);
    }
    if let Ok(stamp) = Timestamp::parse(bytes) {
        let _ = (stamp.time(), stamp.certificates_end(), stamp.covers(bytes));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(VerifierKey::parse(&key.to_string()), Ok(key));
    }
    if let Some(hash) = TreeHash::from_base64(text) {
        assert_eq!(hash.to_string(), text);
    }
    if let Some(json) = parse(text) {
        let again = json.write();
        assert_eq!(parse(&again), Some::<Json>(json), "{text}");
    }
}
