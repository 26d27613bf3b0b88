//! `lineal-verify` as a command: what it prints, and how it ends.

use lineal_proof::bundle::{Bundle, CommitPart, Node, RecordPart, Statement};
use lineal_proof::record::{Commit, Record, Revision};
use lineal_proof::tlog::{Checkpoint, NoteSigner, SignatureKind, TreeHash};
use lineal_proof::{Hash, Key, Map, merkle};
use std::path::PathBuf;
use std::process::{Command, Output};

fn signer(secret: u8) -> NoteSigner {
    NoteSigner::new("command.example/log", SignatureKind::Ed25519, &[secret; 32]).expect("a name")
}

/// A log of one commit with one record, and the proof of that.
fn proof() -> (String, String) {
    let revision = Revision {
        kind: "dataset".into(),
        key: Key::text("loans\u{7}"),
        source: "here".into(),
        form: "by-hand".into(),
        observed_at: 1,
        fields: Map::new(),
        sealed: Vec::new(),
        edges: Vec::new(),
        previous: None,
    };
    let payload = revision.encode();
    let id = Hash::of(&payload);
    let commit = Commit {
        number: 1,
        recorded: 1,
        store: [1; 16],
        actor: None,
        parent: None,
        import: 1,
        counts: vec![("revision".into(), 1)],
        records_root: merkle::records_root(&[id]),
        segment_sha256: Hash::default(),
        map_root: None,
    };
    let commit = commit.encode();
    let origin = "command.example/log".to_owned();
    let root = TreeHash::leaf(&commit);
    let checkpoint = Checkpoint { origin, size: 1, root, extensions: Vec::new() };
    let note = checkpoint.sign(&signer(1)).expect("a name").to_string();
    let records = vec![RecordPart { at: 0, payload }];
    let bundle = Bundle {
        checkpoint: note.clone(),
        tree: Vec::new(),
        commits: vec![CommitPart { payload: commit, records, tree: Vec::new() }],
        events: Vec::new(),
        statement: Statement::Revision {
            node: Node { kind: revision.kind, key: revision.key },
            revision: id,
        },
    };
    (bundle.write(), note)
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("a file");
    path
}

fn run(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_lineal-verify");
    Command::new(program).args(arguments).output().expect("it runs")
}

#[test]
fn it_says_what_it_found_and_ends_so() {
    let (proof, note) = proof();
    let [key, other] = [1, 2].map(|secret| signer(secret).verifier().to_string());
    let whole = file("whole.proof", &proof);
    let changed = file("changed.proof", &proof.replace("loans", "loams"));
    let checkpoint = file("checkpoint", &note);
    let key_file = file("log.key", &key);
    let [whole, changed] = [&whole, &changed].map(|path| path.to_str().expect("UTF-8"));
    let [checkpoint, key_file] = [&checkpoint, &key_file].map(|path| path.to_str().expect("UTF-8"));

    let good = run(&[whole, "--key", &key, "--checkpoint", checkpoint]);
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    let said = String::from_utf8_lossy(&good.stdout).into_owned();
    assert!(said.starts_with("valid\n  dataset:loans has the recorded revision"), "{said:?}");
    assert!(said.contains("not shown: "), "{said}");
    assert!(!said.contains('\u{7}'), "what was recorded does not ring a bell");
    assert_eq!(run(&[whole, "--key", key_file]).status.code(), Some(0), "a file with the key");

    let json = run(&[whole, "--key", &key, "--json"]);
    let read: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!((&read["verdict"], &read["exit"]), (&"valid".into(), &0.into()));
    assert_eq!(read["checkpoint"]["size"], 1);

    let bad = run(&[changed, "--key", &key, "--json"]);
    assert_eq!(bad.status.code(), Some(1), "{bad:?}");
    let read: serde_json::Value = serde_json::from_slice(&bad.stdout).expect("JSON");
    assert_eq!(read["fault"]["at"], "/statement/revision", "{read}");
    assert_eq!(run(&[whole, "--key", &other]).status.code(), Some(1), "another's key");

    let nowhere = [whole, "--key", &key, "--checkpoint", "/nowhere"];
    for wrong in [&[][..], &[whole], &[whole, "--key", "x+y+z"], &["--fast"], &nowhere] {
        let ended = run(wrong);
        assert_eq!(ended.status.code(), Some(2), "{wrong:?}");
        assert!(!ended.stderr.is_empty(), "{wrong:?}");
    }
    assert_eq!(run(&["--help"]).status.code(), Some(0));
}
