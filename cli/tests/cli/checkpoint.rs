//! `lineal checkpoint`: what it prints, what a witness makes of honest growth, of an older copy and of one
//! that was continued otherwise, and what is kept of an authority's answer.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::program::{DATABASE, Folder};
use lineal_proof::tlog::{
    LogProof, NoteSignature, NoteSigner, SignatureKind, SignedCheckpoint, TreeHash, VerifierKey,
    verify_consistency,
};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A witness (C2SP tlog-witness): signs what begins with what it saw last.
struct Witness {
    signer: NoteSigner,
    log: VerifierKey,
    seen: Option<SignedCheckpoint>,
}

impl Witness {
    /// Status, kind and body of the answer to a body.
    fn answer(&mut self, body: &str) -> (u16, &'static str, String) {
        let (head, note) = body.split_once("\n\n").unwrap();
        let mut lines = head.lines();
        let old: u64 = lines.next().unwrap().strip_prefix("old ").unwrap().parse().unwrap();
        let proof: Vec<_> = lines.map(|line| TreeHash::from_base64(line).unwrap()).collect();
        let new = SignedCheckpoint::parse(note.as_bytes()).unwrap();
        if new.verify(&self.log).is_err() {
            return (403, "text/plain", String::new());
        }
        let seen = self.seen.as_ref().map_or(0, |seen| seen.checkpoint.size);
        if old != seen {
            return (409, "text/x.tlog.size", format!("{seen}\n"));
        }
        if let Some(seen) = &self.seen {
            let (old, new) = (&seen.checkpoint, &new.checkpoint);
            if old.size == new.size && old.root != new.root {
                return (409, "text/x.tlog.size", format!("{}\n", old.size));
            }
            if verify_consistency(old.size, &old.root, new.size, &new.root, &proof).is_err() {
                return (422, "text/plain", String::new());
            }
        }
        let line = NoteSignature::cosign(new.note.text(), &self.signer, 1_700_000_000);
        self.seen = Some(new);
        (200, "text/plain", line.to_string())
    }
}

/// Serves answers to posted bodies at a port of its own, as long as the test runs.
fn serve(answer: impl Fn(&[u8]) -> (u16, &'static str, Vec<u8>) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let body = read_body(&stream);
            let (status, kind, said) = answer(&body);
            let head = format!(
                "HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                said.len()
            );
            stream.write_all(&[head.as_bytes(), &said].concat()).unwrap();
        }
    });
    address
}

fn read_body(stream: &TcpStream) -> Vec<u8> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line).unwrap() > 2 {
        if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    body
}

fn key(folder: &Folder) -> VerifierKey {
    let told = folder.done(&["checkpoint", "--json"]).json();
    VerifierKey::parse(told["key"].as_str().unwrap()).unwrap()
}

fn grow(folder: &Folder, store: &str, name: &str) {
    folder.done(&["alias", "--store", store, name, "=", "model:credit-risk-scorer"]);
}

#[test]
fn a_checkpoint_is_printed_proved_and_listed() {
    let folder = Folder::with(&[DATABASE]);
    let none = folder.done(&["checkpoint", "--list"]);
    assert!(none.out.contains("none yet"), "{none:?}");
    let made = folder.done(&["checkpoint", "--origin", "log.example/one"]);
    let note = SignedCheckpoint::parse(made.out.as_bytes()).unwrap();
    let key = key(&folder);
    note.verify(&key).unwrap();
    assert_eq!((note.checkpoint.origin.as_str(), note.checkpoint.size), ("log.example/one", 2));
    assert!(made.err.contains(&key.to_string()), "{made:?}");
    assert_eq!(folder.done(&["checkpoint"]).out, made.out, "nothing was committed meanwhile");
    let other = folder.run(&["checkpoint", "--origin", "log.example/two"]);
    assert!(other.code == 2 && other.err.contains("keeps that name"), "{other:?}");

    grow(&folder, ".lineal", "scorer");
    folder.done(&["checkpoint"]);
    let proof = folder.done(&["checkpoint", "--proof", "3", "--entry", "entry"]).out;
    let proof = LogProof::parse(proof.as_bytes()).unwrap();
    proof.verify(&std::fs::read(folder.path().join("entry")).unwrap(), &key).unwrap();
    let told = folder.done(&["checkpoint", "--consistency", "2..3", "--json"]).json();
    let later = SignedCheckpoint::parse(told["later"].as_str().unwrap().as_bytes()).unwrap();
    let hashes = told["proof"].as_array().unwrap().iter();
    let hashes: Vec<_> =
        hashes.map(|hash| TreeHash::from_base64(hash.as_str().unwrap()).unwrap()).collect();
    later.follows(&note, &hashes).unwrap();
    let list = folder.done(&["checkpoint", "--list"]).out;
    assert_eq!(list.lines().count(), 2, "{list}");
    for wrong in [&["--consistency", "3..2"][..], &["--consistency", "0..2"], &["--proof", "9"]] {
        let refused = folder.run(&[&["checkpoint"], wrong].concat());
        assert_eq!(refused.code, 2, "{refused:?}");
    }
    let checked = folder.done(&["verify"]).out;
    assert!(checked.contains("2 checkpoints signed over these commits"), "{checked}");
}

#[test]
fn a_witness_signs_growth_and_refuses_what_was_put_back() {
    let folder = Folder::with(&[DATABASE]);
    let log = key(&folder);
    let signer = NoteSigner::new("w.example", SignatureKind::Cosignature, &[5; 32]).unwrap();
    let its_key = signer.verifier().clone();
    let witness = Arc::new(Mutex::new(Witness { signer, log, seen: None }));
    let asked = Arc::clone(&witness);
    let url = serve(move |body| {
        let body = std::str::from_utf8(body).unwrap();
        let (status, kind, said) = asked.lock().unwrap().answer(body);
        (status, kind, said.into_bytes())
    });
    let (url, its_key) = (url.as_str(), its_key.to_string());
    let ask = |store: &str| {
        let words = ["checkpoint", "--store", store, "--witness", url, "--witness-key", &its_key];
        folder.run(&words)
    };
    let first = ask(".lineal");
    assert!(first.code == 0 && first.out.contains("— w.example "), "{first:?}");
    folder.done(&["backup", "made", "--with-keys", "made.keys"]);
    for restored in ["copy", "other"] {
        folder.done(&["restore", "made", restored, "--with-keys", "made.keys"]);
    }
    for name in ["one", "two"] {
        grow(&folder, ".lineal", name);
        let grown = ask(".lineal");
        assert!(grown.code == 0 && grown.out.contains("— w.example "), "{grown:?}");
    }
    let list = folder.done(&["checkpoint", "--list"]).out;
    assert_eq!(list.matches("witness w.example").count(), 3, "{list}");

    let older = ask("copy");
    assert!(older.code == 1 && older.err.contains("older copy"), "{older:?}");
    for name in ["three", "four"] {
        grow(&folder, "other", name);
    }
    let same_size = ask("other");
    assert!(same_size.code == 1 && same_size.err.contains("another log of 4"), "{same_size:?}");
    grow(&folder, "other", "five");
    let rewritten = ask("other");
    assert!(rewritten.code == 1 && rewritten.err.contains("put back"), "{rewritten:?}");
    let kept = folder.done(&["checkpoint", "--store", "other", "--list"]).out;
    assert_eq!(kept.matches("witness").count(), 1, "only what was signed: {kept}");

    // Of another key nothing is kept, even if it signs.
    let other = NoteSigner::new("w.example", SignatureKind::Cosignature, &[6; 32]).unwrap();
    let other = other.verifier().to_string();
    let wrong = folder.run(&["checkpoint", "--witness", url, "--witness-key", &other]);
    assert!(wrong.code == 1 && wrong.err.contains("not kept"), "{wrong:?}");
    let log = key(&folder).to_string();
    let wrong = folder.run(&["checkpoint", "--witness", url, "--witness-key", &log]);
    assert!(wrong.code == 2 && wrong.err.contains("the key of a log"), "{wrong:?}");
    let bare = folder.run(&["checkpoint", "--witness", url]);
    assert!(bare.code == 2 && bare.err.contains("--witness-key"), "{bare:?}");
    // A port that nobody listens at: what is signed here stays, so it is done in part.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    grow(&folder, ".lineal", "six");
    let alone = ["checkpoint", "--witness", &format!("http://{nobody}"), "--witness-key", &its_key];
    let alone = folder.run(&alone);
    assert!(alone.code == 5 && alone.err.contains("the checkpoint is kept"), "{alone:?}");
    let list = folder.done(&["checkpoint", "--list"]).out;
    assert_eq!(list.lines().count(), 4, "{list}");

    // What it signed is checked again, also below the first checkpoint, as its key is kept.
    folder.done(&["verify"]);
    let kept = folder.path().join(".lineal/checkpoints");
    assert_eq!(std::fs::read_to_string(kept.join("witnesses")).unwrap(), format!("{its_key}\n"));
    let names = std::fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().path());
    let first = names.filter(|path| path.extension().is_some_and(|end| end == "note")).min();
    let note = std::fs::read_to_string(first.as_ref().unwrap()).unwrap();
    let at = note.find("— w.example ").unwrap() + 50;
    let letter = if &note[at..=at] == "A" { "B" } else { "A" };
    let changed = [&note[..at], letter, &note[at + 1..]].concat();
    std::fs::write(first.unwrap(), changed).unwrap();
    let told = folder.run(&["verify"]);
    assert!(told.code == 3 && told.out.contains("the signature of w.example ("), "{told:?}");
    std::fs::remove_file(kept.join("witnesses")).unwrap();
    let unknown = folder.done(&["verify"]);
    assert!(unknown.out.contains("3 signatures of w.example"), "{unknown:?}");
    let told = folder.run(&["verify", "--witness-key", &its_key]);
    assert!(told.code == 3 && told.out.contains("the signature of w.example ("), "{told:?}");
}

#[test]
fn an_answer_of_a_witness_that_is_no_size_is_none() {
    let folder = Folder::with(&[DATABASE]);
    let signer = NoteSigner::new("w.example", SignatureKind::Cosignature, &[5; 32]).unwrap();
    let its_key = signer.verifier().to_string();
    let size = "text/x.tlog.size";
    let answers = ["-1", "+1", "01", "", "one\n", "1\n\n"].map(|body| (size, body));
    for (kind, body) in answers.into_iter().chain([("text/plain", "1\n")]) {
        let url = serve(move |_| (409, kind, body.as_bytes().to_vec()));
        let asked = folder.run(&["checkpoint", "--witness", &url, "--witness-key", &its_key]);
        let said = asked.code == 1 && asked.err.contains("not of the protocol");
        assert!(said, "{kind} {body:?}: {asked:?}");
    }
}

#[test]
fn a_checkpoint_of_before_is_printed_with_the_key_that_signed_it() {
    let folder = Folder::with(&[DATABASE]);
    let first = folder.done(&["checkpoint", "--json"]).json();
    let (size, before) = (first["size"].to_string(), first["key"].as_str().unwrap());
    folder.done(&["checkpoint", "--rotate-key"]);
    let now = folder.done(&["checkpoint", "--json"]).json();
    let (newer, second) = (now["size"].to_string(), now["key"].as_str().unwrap());
    assert_ne!(before, second);
    let told = folder.done(&["checkpoint", "--size", &size]).err;
    let by =
        format!("the key that signed it, for whoever checks it: {before}; commit {newer} replaced");
    assert!(told.contains(&by) && told.contains(&format!("today: {second}")), "{told}");
    for proof in [&[][..], &["--proof", "1"]] {
        let words = [&["checkpoint", "--json", "--size", &size], proof].concat();
        assert_eq!(folder.done(&words).json()["key"], before);
    }

    folder.done(&["checkpoint", "--rotate-key", "--compromised"]);
    let told = folder.done(&["checkpoint", "--size", &newer]).err;
    assert!(told.contains(&format!("the key that signed it: {second}\n")), "{told}");
    assert!(told.contains("signed by a revoked key: it counts for nothing"), "{told}");
}

#[test]
fn what_a_key_signs_after_it_was_replaced_is_shown_as_void() {
    let folder = Folder::with(&[DATABASE]);
    let log = key(&folder);
    let secret = std::fs::read(folder.path().join(".lineal/keys/signing.key")).unwrap();
    // Behind eight bytes that say what it is.
    let secret = secret[8..40].try_into().unwrap();
    let former = NoteSigner::new(log.name(), SignatureKind::Ed25519, &secret).unwrap();
    folder.done(&["checkpoint", "--rotate-key"]);
    let path = folder.path().join(".lineal/checkpoints/000000000003.note");
    let note = SignedCheckpoint::parse(&std::fs::read(&path).unwrap()).unwrap();
    std::fs::write(&path, note.checkpoint.sign(&former).unwrap().to_string()).unwrap();
    std::fs::remove_dir_all(folder.path().join(".lineal/tiles")).unwrap();
    let list = folder.done(&["checkpoint", "--list"]).out;
    assert!(list.contains("signed by a key that commit 3 had replaced"), "{list}");
    let told = folder.done(&["checkpoint", "--list", "--json"]).json();
    let states = [0, 1].map(|at| told["checkpoints"][at]["key_state"].as_str().unwrap());
    assert_eq!(states, ["replaced", "late"], "{told}");
    let proved = folder.done(&["prove", "model:credit-risk-scorer@3", "-o", "p.proof"]);
    assert!(proved.err.contains("one of its commits had replaced"), "{proved:?}");
    folder.done(&["rebuild"]);
    let verified = folder.run(&["verify"]);
    assert!(verified.code == 3 && verified.out.contains("commit 3 had replaced"), "{verified:?}");
}

#[test]
fn what_a_revoked_key_signed_is_shown_as_void() {
    let folder = Folder::with(&[DATABASE]);
    folder.done(&["checkpoint"]);
    grow(&folder, ".lineal", "scorer");
    folder.done(&["checkpoint", "--rotate-key", "--compromised", "--reason", "a lost laptop"]);
    let list = folder.done(&["checkpoint", "--list"]).out;
    assert_eq!(list.matches("signed by a revoked key").count(), 1, "{list}");
    let told = folder.done(&["checkpoint", "--list", "--json"]).json();
    let all = told["checkpoints"].as_array().unwrap();
    let states: Vec<_> = all.iter().map(|one| one["key_state"].as_str().unwrap()).collect();
    assert_eq!(states, ["revoked", "signs"]);
    let sizes: Vec<u64> = all.iter().map(|one| one["size"].as_u64().unwrap()).collect();
    let range = format!("{}..{}", sizes[0], sizes[1]);
    let shown = folder.done(&["checkpoint", "--consistency", &range]);
    let commits = if sizes[0] == 1 { "commit" } else { "commits" };
    let void = format!("the checkpoint of {} {commits} is signed by a revoked key", sizes[0]);
    assert!(shown.err.contains(&void), "{shown:?}");
    assert_eq!(shown.err.matches("revoked").count(), 1, "{shown:?}");
    // And so is a proof against it.
    for (size, state) in sizes.iter().zip(["revoked", "signs"]) {
        let note = format!(".lineal/checkpoints/{size:012}.note");
        let prove = ["prove", "model:credit-risk-scorer@3", "--checkpoint", &note, "-o", "p.proof"];
        let made = folder.done(&[&prove[..], &["--json"]].concat());
        assert_eq!(made.json()["key_state"], state);
        let is_told = made.err.contains("signed by a revoked key");
        assert_eq!(is_told, state == "revoked", "{made:?}");
    }
}

#[test]
fn an_answer_is_kept_only_if_it_stamps_the_checkpoint() {
    let folder = Folder::with(&[DATABASE]);
    let made = folder.done(&["checkpoint"]);
    folder.done(&["checkpoint", "--timestamp-request", "request.tsq"]);
    let request = std::fs::read(folder.path().join("request.tsq")).unwrap();
    let text = made.out.split_inclusive('\n').take(3).collect::<String>();
    assert_eq!(request, lineal_proof::timestamp::request(text.as_bytes()));
    let vectors = crate::program::fixture("vectors/rfc3161");
    let reply = std::fs::read(vectors.join("reply.tsr")).unwrap();
    folder.write("other.tsr", &reply);
    let other = folder.run(&["checkpoint", "--timestamp-reply", "other.tsr"]);
    assert!(other.code == 1 && other.err.contains("of another text"), "{other:?}");
    let refusal = std::fs::read(vectors.join("refused.tsr")).unwrap();
    for (answer, said) in [(reply, "of another text"), (refusal, "refused (status 2)")] {
        let url = serve(move |_| (200, "application/timestamp-reply", answer.clone()));
        let none = folder.run(&["checkpoint", "--timestamp", &url]);
        assert!(none.code == 1 && none.err.contains(said), "{none:?}");
    }
    assert!(!folder.path().join(".lineal/checkpoints/000000000002.000.tsr").exists());
}

#[test]
fn a_stamp_that_was_changed_is_marked_and_no_proof_is_made_with_a_note_that_was() {
    let folder = Folder::with(&[DATABASE]);
    let made = folder.done(&["checkpoint"]);
    let text = made.out.split_inclusive('\n').take(3).collect::<String>();
    let vectors = crate::program::fixture("vectors/rfc3161");
    let read = |name: &str| std::fs::read(vectors.join(name)).unwrap();
    let digest = |text: &[u8]| lineal_proof::timestamp::request(text)[24..56].to_vec();
    let (mut reply, own) = (read("reply.tsr"), digest(&read("text.txt")));
    let at = reply.windows(own.len()).position(|part| part == own).unwrap();
    reply[at..at + own.len()].copy_from_slice(&digest(text.as_bytes()));
    let size: u64 = text.lines().nth(1).unwrap().parse().unwrap();
    let kept = folder.path().join(format!(".lineal/checkpoints/{size:012}.000.tsr"));
    std::fs::write(&kept, &reply).unwrap();
    let list = folder.run(&["checkpoint", "--list"]);
    assert!(list.code == 1 && list.out.contains("(does not count)"), "{list:?}");
    let told = folder.run(&["checkpoint", "--list", "--json"]).json();
    assert!(told["checkpoints"][0]["timestamps"][0]["why_not"].is_string(), "{told}");
    let verified = folder.run(&["verify"]);
    assert!(verified.code == 3 && verified.out.contains("timestamp-damaged"), "{verified:?}");
    std::fs::remove_file(&kept).unwrap();

    let prove = |note: &str| {
        folder.write("given.note", note);
        folder.run(&["prove", "model:credit-risk-scorer@3", "--checkpoint", "given.note"])
    };
    let good = prove(&made.out);
    assert_eq!(good.code, 0, "{good:?}");
    let (body, line) = made.out.trim_end().rsplit_once(' ').unwrap();
    let at = line.len() - 20;
    let other = if line[at..].starts_with('A') { "B" } else { "A" };
    let changed = format!("{body} {}{other}{}\n", &line[..at], &line[at + 1..]);
    let refused = prove(&changed);
    assert!(refused.code == 2 && refused.err.contains("no key of the log signed"), "{refused:?}");
}

#[test]
fn a_key_is_replaced_and_the_change_told() {
    let folder = Folder::with(&[DATABASE]);
    let before = key(&folder);
    let words = ["checkpoint", "--rotate-key", "--reason", "yearly"];
    let made = folder.done(&words);
    let both = SignedCheckpoint::parse(made.out.as_bytes()).unwrap();
    both.verify(&before).unwrap();
    let told = folder.done(&["checkpoint", "--json"]).json();
    assert_eq!(told["keys"][0]["state"], "replaced");
    assert_eq!(told["keys"][0]["reason"], "yearly");
    both.verify(&VerifierKey::parse(told["key"].as_str().unwrap()).unwrap()).unwrap();
    assert_eq!(folder.done(&["verify", "--json"]).json()["checkpoints"], 2);
}
