//! The public log over the network: a stranger with a token of an auditor checks all of it from what the
//! server gives, without any of our programs.

use crate::client::get;
use crate::live::{Live, SYSTEM};
use lineal_engine::{Options, Store};
use lineal_proof::tlog::{
    EntryBundle, LeafHashes, LogProof, SignedCheckpoint, TreeHash, VerifierKey, root,
};
use lineal_server::{Config, Role};

/// Commits of the bundled exports, and the one that names the log.
pub(crate) const COMMITS: u64 = 3;

/// Signs the store that is about to be served.
pub(crate) fn sign(config: &Config) -> VerifierKey {
    let store = Store::open(&config.stores["main"], Options::default()).unwrap();
    let identity = store.record_log(Some("log.example/main"), None).unwrap();
    store.write_indexes().unwrap();
    assert_eq!(store.checkpoint().unwrap().checkpoint.size, COMMITS);
    identity.signing().clone()
}

#[test]
fn a_stranger_checks_the_log_from_what_is_served() {
    let mut key = None;
    let live = Live::with(|config| key = Some(sign(config)));
    let key = key.unwrap();
    let auditor = live.token(Role::Auditor);
    let ask = |path: &str| live.send(get(path).token(&auditor));

    let note = ask("/v1/checkpoint");
    assert_eq!(note.status, 200);
    assert_eq!(note.header("cache-control"), Some("no-cache"));
    let note = SignedCheckpoint::parse(note.text().as_bytes()).unwrap();
    note.verify(&key).unwrap();
    let tile = ask(&format!("/v1/tile/0/000.p/{COMMITS}"));
    assert_eq!(tile.header("cache-control"), Some("private, max-age=31536000, immutable"));
    let bundle = ask(&format!("/v1/tile/entries/000.p/{COMMITS}"));
    let entries = EntryBundle::entries(&bundle.body).unwrap();
    let leaves: Vec<_> = entries.iter().map(|entry| TreeHash::leaf(entry)).collect();
    let bytes: Vec<u8> = leaves.iter().flat_map(|leaf| leaf.0).collect();
    assert_eq!(tile.body, bytes);
    let subtree = |height, index| LeafHashes(&leaves).subtree(height, index);
    assert_eq!(root(COMMITS, subtree).unwrap(), note.checkpoint.root);

    let told = ask("/v1/log/proof?commit=2").ok();
    let proof = LogProof::parse(told["proof"].as_str().unwrap().as_bytes()).unwrap();
    proof.verify(entries[1], &key).unwrap();
    let told = ask(&format!("/v1/log/consistency?earlier={COMMITS}")).ok();
    assert_eq!(told["earlier"], told["later"]);
    assert_eq!(told["proof"].as_array().unwrap().len(), 0);

    for (path, status) in [
        ("/v1/checkpoint?size=2", 404),
        ("/v1/tile/0/000", 404),
        ("/v1/tile/0/..%2F..%2Fhead", 404),
        ("/v1/tile/0/000.p/4", 404),
        ("/v1/log/proof?commit=4", 404),
        ("/v1/log/proof", 400),
        ("/v1/log/consistency?earlier=0", 400),
        ("/v1/log/consistency?earlier=2", 404),
    ] {
        assert_eq!(ask(path).problem().0, status, "{path}");
    }
    let part = live.bound(Role::Auditor, "main", SYSTEM);
    for path in ["/v1/checkpoint", "/v1/tile/0/000.p/3", "/v1/log/proof?commit=1"] {
        assert_eq!(live.send(get(path).token(&part)).problem().0, 403, "{path}");
    }
}

#[test]
fn a_store_without_a_checkpoint_says_so() {
    let live = Live::new();
    let admin = live.token(Role::Admin);
    let reply = live.send(get("/v1/checkpoint").token(&admin));
    assert_eq!(reply.problem().0, 404);
    assert!(reply.text().contains("lineal checkpoint"), "{}", reply.text());
}
