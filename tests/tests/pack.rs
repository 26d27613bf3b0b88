//! The pack: it holds what is recorded, the same checkpoint gives the same bytes, programs of others
//! check it, a byte that was changed anywhere is found, and what is withheld is not in it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::event_fields::{EVENT_FIELDS, Group};
use lineal_engine::schema::Kind;
use lineal_engine::{ErasureOrder, HoldScope, NodeNo, Store, Target};
use lineal_evidence::pack::{AsOf, Disclosure, Error, Pack, VERIFIER, Wanted, pack};
use lineal_evidence::record::{Attach, By, Declare, Desk, FileFacts, What};
use lineal_proof::Value;
use lineal_proof::record::Decision;
use lineal_tests::log_lines::{self, Line};
use lineal_tests::place::Place;
use lineal_tests::{every_kind, foreign};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};

const SYSTEM: &str = "system:CREDIT-RISK-EU-001";
const MODEL: &str = "model:credit-risk@3";
const INCIDENT: &str = "incident:incident-2026-1";
/// What stands in a document that is kept, as any document may hold it.
const KEPT: &str = "Reviewed by Maria Keller on 2 February 2026.\n";

/// Why the bank holds: for those who may read of persons.
const HOLD_REASON: &str = "an authority asked for the file of Mr Quill";

/// The bank of every kind, with a kept document, and two checkpoints.
static BANK: LazyLock<Arc<Store>> = LazyLock::new(|| {
    let bank = every_kind::load();
    let store = Arc::clone(&bank.place.store);
    attach(&store, bank.now);
    store.record_log(Some("bank.example/log"), None).unwrap();
    store.checkpoint().unwrap();
    store.hold("inquiry 4", &HoldScope::Store, HOLD_REASON, None).unwrap();
    store.checkpoint().unwrap();
    store
});

fn attach(store: &Store, now: i64) {
    let file = FileFacts::of("risk review.md", KEPT.as_bytes().to_vec(), true);
    let attach = Attach {
        file: &file,
        to: SYSTEM,
        covers: &[],
        document_type: "risk_management",
        name: None,
        version: Some("1"),
        fields: &[],
    };
    let by = By { who: "maria.keller@bank.example", reason: Some("yearly review"), at: Some(now) };
    Desk::new(store, now).attach(&by, &attach).unwrap();
}

fn made(store: &Arc<Store>, subject: &str, disclosure: Disclosure) -> Pack {
    let wanted = Wanted { subject, disclosure, as_of: None, samples: 3 };
    pack(store, &wanted, &|_| ControlFlow::Continue(()))
        .unwrap_or_else(|why| panic!("{subject}: {why}"))
}

fn json(pack: &Pack, path: &str) -> Json {
    serde_json::from_slice(pack.files.get(path).unwrap_or_else(|| panic!("no {path}"))).unwrap()
}

/// A pack as it is handed over.
fn written(pack: &Pack) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join(&pack.name);
    pack.write_to(&place).unwrap();
    (folder, place)
}

fn verified(python: &Path, folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(python);
    command.arg("-B").arg(folder.join("verify/verify.py")).arg(folder).args(arguments);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), said + &String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_pack_of_each_kind_verifies_on_a_machine_that_has_a_python_alone() {
    let Some(python) = foreign::python("packs in verify.py", &[]) else { return };
    for subject in [MODEL, SYSTEM, INCIDENT] {
        for (disclosure, code) in [(Disclosure::Authority, 0), (Disclosure::ThirdParty, 11)] {
            let pack = made(&BANK, subject, disclosure);
            let (_keep, folder) = written(&pack);
            let (found, said) = verified(&python, &folder, &["--key", &pack.key]);
            assert_eq!(found, Some(code), "{subject} {}: {said}", disclosure.name());
            assert!(said.contains("and 1 earlier one from which the log only grew"), "{said}");
            assert!(pack.counts.sampled > 0 && pack.counts.proofs > 20, "{:?}", pack.counts);
            // Of a key that came with the pack it is said that it did.
            let (found, said) = verified(&python, &folder, &[]);
            assert!(found == Some(code) && said.contains("NOTE: the key is the one in the pack"));
            // Another log's key signed none of it.
            let (found, said) = verified(&python, &folder, &["--key", OTHER_KEY]);
            assert!(found == Some(1) && said.contains("MANIFEST.sha256.sig"), "{said}");
        }
    }
}

/// Modules that the verifier reads, or that those read.
const MODULES: [&str; 12] = [
    "_strptime",
    "base64",
    "binascii",
    "datetime",
    "encodings",
    "hashlib",
    "json",
    "math",
    "os",
    "struct",
    "sys",
    "unicodedata",
];

#[test]
fn a_module_that_was_added_beside_the_verifier_is_not_read() {
    let Some(python) = foreign::python("modules beside verify.py", &[]) else { return };
    let pack = made(&BANK, MODEL, Disclosure::Authority);
    let (_keep, folder) = written(&pack);
    let run = |flags: &[&str]| {
        let mut command = Command::new(&python);
        // In the folder, as VERIFY.md has it.
        command.current_dir(&folder).arg("-B").args(flags);
        command.args(["verify/verify.py", ".", "--key", &pack.key]);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let ways: [&[&str]; 4] = [&[], &["-I"], &["-I", "-S"], &["-S"]];
    for flags in ways {
        let (code, said) = run(flags);
        assert_eq!(code, Some(0), "{flags:?}: {said}");
    }
    for module in MODULES {
        let text = "import os\nprint(\"valid\", flush=True)\nos._exit(0)\n";
        std::fs::write(folder.join(format!("verify/{module}.py")), text).unwrap();
    }
    std::fs::write(folder.join("documents/board-approval.txt"), "forged").unwrap();
    for flags in ways {
        let (code, said) = run(flags);
        assert_eq!(code, Some(1), "{flags:?}: {said}");
        assert!(said.starts_with("tampered"), "{flags:?}: {said}");
        for added in ["documents/board-approval.txt", "verify/hashlib.py"] {
            let told =
                format!("{added}: expected: a file that MANIFEST.sha256 lists; it was added");
            assert!(said.contains(&told), "{flags:?}: {said}");
        }
    }
}

#[test]
fn the_page_begins_with_where_the_verifier_is_from() {
    let pack = made(&BANK, MODEL, Disclosure::Authority);
    let text = |path: &str| std::str::from_utf8(pack.files.get(path).unwrap()).unwrap();
    let page = text("VERIFY.md");
    let mut steps = page.lines().filter(|line| line.starts_with("## "));
    assert_eq!(steps.next(), Some("## 1. The verifier is one that you know"));
    let line = text("MANIFEST.sha256").lines().find(|line| line.ends_with("  verify/verify.py"));
    assert!(page.contains(line.unwrap().split(' ').next().unwrap()), "{page}");
    assert!(page.contains("    ls -A verify\n"), "{page}");
    assert!(page.contains("    python3 -I verify/verify.py . --key"), "{page}");
    assert!(!page.contains("python3 verify"), "{page}");
}

/// A key that has nothing to do with the bank's log.
const OTHER_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

#[test]
fn a_pack_holds_what_was_asked_for() {
    let pack = made(&BANK, SYSTEM, Disclosure::Authority);
    let paths: BTreeSet<&str> = pack.files.iter().map(|(path, _)| path).collect();
    for path in [
        "MANIFEST.b3",
        "MANIFEST.sha256",
        "MANIFEST.sha256.sig",
        "README.html",
        "README.md",
        "VERIFY.md",
        "annex-iv.json",
        "custody.json",
        "documents/index.json",
        "findings.json",
        "graph.json",
        "keys/keys.json",
        "lineage.car",
        "logs/coverage.csv",
        "logs/samples/index.json",
        "pack.json",
        "proofs/index.json",
        "report.html",
        "report.md",
        "retention.json",
        "verify/verify.py",
    ] {
        assert!(paths.contains(path), "{path} is not in {paths:?}");
    }
    assert_eq!(pack.files.get("verify/verify.py").unwrap(), VERIFIER.as_bytes());
    let findings = json(&pack, "findings.json");
    let rules = findings["reports"][0]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 40, "the rules of the law, of the system");
    assert_eq!(findings["reports"][0]["pack_digest"].as_str().unwrap().len(), 64);
    // The kept document is there as it was.
    let documents = json(&pack, "documents/index.json");
    let kept = documents["documents"].as_array().unwrap();
    let kept = kept.iter().find(|it| it["name"] == "risk review.md").unwrap();
    assert_eq!(pack.files.get(kept["file"].as_str().unwrap()).unwrap(), KEPT.as_bytes());
    // Each batch is a line of the table, and their events add up.
    let view = BANK.snapshot().unwrap();
    let table = std::str::from_utf8(pack.files.get("logs/coverage.csv").unwrap()).unwrap();
    let events: u64 = table
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(5).unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(events, pack.counts.events);
    let graph = json(&pack, "graph.json");
    let nodes = graph["nodes"].as_array().unwrap();
    let deployments: Vec<&Json> = nodes.iter().filter(|it| it["kind"] == "deployment").collect();
    let counted: u64 = deployments.iter().map(|it| it["fields"]["events"].as_u64().unwrap()).sum();
    assert_eq!(counted, events, "the table tells what the deployments count");
    assert!(view.nodes_of(Kind::Deployment).len() >= deployments.len() && deployments.len() > 1);
    // What is not only referred to has a proof.
    for node in nodes {
        let revisions = node["revisions"].as_array().unwrap();
        assert_eq!(revisions.is_empty(), node["missing"] == true, "{node}");
        for revision in revisions {
            assert!(paths.contains(revision["proof"].as_str().unwrap()), "{node}");
        }
    }
    // The report names the proofs, and Annex IV has its nine points and the logs.
    let report = std::str::from_utf8(pack.files.get("report.md").unwrap()).unwrap();
    let proof = pack.files.iter().map(|(path, _)| path).find(|path| path.starts_with("proofs/rev"));
    assert!(report.contains("proofs/revisions/") && proof.is_some());
    let annex = json(&pack, "annex-iv.json");
    let points = annex["points"].as_array().unwrap();
    assert!(points.len() >= 9, "{}", points.len());
    assert!(points.iter().any(|it| !it["nodes"].as_array().unwrap().is_empty()));
    assert!(points.iter().any(|it| !it["not_recorded"].as_array().unwrap().is_empty()));
    let retention = json(&pack, "retention.json");
    let logs = retention["logs"].as_array().unwrap();
    let kept = logs.iter().flat_map(|it| it["batches"].as_array().unwrap());
    assert!(kept.filter(|it| it["kept_at_least_until"].is_string()).count() > 3, "{retention}");
    // The page says what a reader asks first, and nothing that is not ours to say.
    let page = std::str::from_utf8(pack.files.get("README.md").unwrap()).unwrap();
    for words in
        ["authority", "checkpoint of", "## Findings", "## Gaps", "## Not covered", &pack.key]
    {
        assert!(page.contains(words), "{words} is not in\n{page}");
    }
    for (path, bytes) in pack.files.iter().filter(|(path, _)| !path.starts_with("documents/")) {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        for word in ["tamper-proof", "certified", "is compliant", "are compliant"] {
            assert!(!text.contains(word), "{path} says {word}");
        }
    }
}

#[test]
fn the_same_checkpoint_gives_the_same_bytes() {
    let threads = |count: usize, work: &(dyn Fn() -> Pack + Sync)| {
        rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap().install(work)
    };
    // A store of its own, which goes on behind the checkpoint.
    let bank = every_kind::load();
    let store = Arc::clone(&bank.place.store);
    attach(&store, bank.now);
    store.record_log(None, None).unwrap();
    store.checkpoint().unwrap();
    for disclosure in [Disclosure::Authority, Disclosure::ThirdParty] {
        let one = threads(1, &|| made(&store, MODEL, disclosure));
        let four = threads(4, &|| made(&store, MODEL, disclosure));
        assert_eq!(one.files, four.files, "{}", disclosure.name());
        assert_eq!(one.zip().unwrap(), four.zip().unwrap());
    }
    let before = made(&store, SYSTEM, Disclosure::Authority);
    attach(&store, bank.now + 1_000_000_000);
    store.hold("inquiry 5", &HoldScope::Store, "another authority asked", None).unwrap();
    let after = made(&store, SYSTEM, Disclosure::Authority);
    for ((path, one), (_, other)) in before.files.iter().zip(after.files.iter()) {
        assert!(one == other, "{path} changed by what came behind the checkpoint");
    }
    assert_eq!(before.digest, after.digest);
}

#[test]
fn a_byte_that_was_changed_anywhere_is_found_and_its_file_named() {
    let Some(python) = foreign::python("changed packs in verify.py", &[]) else { return };
    let pack = made(&BANK, MODEL, Disclosure::Authority);
    let (_keep, folder) = written(&pack);
    let verifier = folder.parent().unwrap().join("verify.py");
    std::fs::write(&verifier, VERIFIER).unwrap();
    let arguments = [verifier.as_os_str(), folder.as_os_str(), pack.key.as_ref()];
    let said = foreign::run(&python, "check_pack.py", &arguments, b"").expect("python starts");
    assert_eq!(said.code, Some(0), "{}\n{}", said.stdout, said.stderr);
    let changes = 3 * pack.files.len() + 3;
    assert_eq!(said.stdout.trim(), format!("{changes} changes, each found and its file named"));
}

#[test]
fn a_pack_as_a_zip_is_checked_as_it_came() {
    let Some(python) = foreign::python("a zip in verify.py", &[]) else { return };
    let pack = made(&BANK, MODEL, Disclosure::Authority);
    let (keep, folder) = written(&pack);
    let verifier = keep.path().join("verify.py");
    std::fs::write(&verifier, VERIFIER).unwrap();
    let zip = keep.path().join("pack.zip");
    std::fs::write(&zip, pack.zip().unwrap()).unwrap();
    let arguments = [verifier.as_os_str(), folder.as_os_str(), zip.as_os_str(), pack.key.as_ref()];
    let said = foreign::run(&python, "check_zip.py", &arguments, b"").expect("python starts");
    assert_eq!(said.code, Some(0), "{}\n{}", said.stdout, said.stderr);
}

#[test]
fn events_that_a_maker_chose_himself_are_found() {
    let Some(python) = foreign::python("chosen samples in verify.py", &[]) else { return };
    let pack = made(&BANK, MODEL, Disclosure::Authority);
    let (_keep, folder) = written(&pack);
    let verifier = folder.join("verify");
    let arguments = [verifier.as_os_str(), folder.as_os_str()];
    let said = foreign::run(&python, "check_samples.py", &arguments, b"").expect("python starts");
    assert_eq!(said.code, Some(0), "{}\n{}", said.stdout, said.stderr);
    assert!(said.stdout.contains("changes, each found") && !said.stdout.starts_with("0 "));
}

/// An answer that OpenSSL gave for another text, made to be about this one: its signature does not fit any
/// more, which only `openssl ts -verify` sees.
fn stamp_of(text: &[u8]) -> Vec<u8> {
    let vectors = lineal_tests::place::fixture("vectors/rfc3161");
    let read = |name: &str| std::fs::read(vectors.join(name)).unwrap();
    let digest = |text: &[u8]| lineal_proof::timestamp::request(text)[24..56].to_vec();
    let (mut reply, own) = (read("reply.tsr"), digest(&read("text.txt")));
    let at = reply.windows(own.len()).position(|part| part == own).unwrap();
    reply[at..at + own.len()].copy_from_slice(&digest(text));
    reply
}

#[test]
fn a_time_stamp_in_a_pack_is_one_of_its_checkpoint_and_its_time_is_told() {
    let Some(python) = foreign::python("time stamps of packs in verify.py", &[]) else { return };
    let store = every_kind::load().place.store;
    store.record_log(None, None).unwrap();
    let note = store.checkpoint().unwrap();
    let size = note.checkpoint.size;
    store.add_timestamp(size, &stamp_of(note.note.text().as_bytes())).unwrap();
    store.add_timestamp(size, &stamp_of(b"another text")).unwrap();
    let pack = made(&store, MODEL, Disclosure::Authority);
    let stamps = pack.files.iter().filter(|(path, _)| path.ends_with(".tsr"));
    assert_eq!(stamps.count(), 1, "what stamps another text is left out");
    let (_keep, folder) = written(&pack);
    let (code, said) = verified(&python, &folder, &["--key", &pack.key]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("1 time stamp of the checkpoint: 2026-11-22T13:20:57Z"), "{said}");
    let verifier = folder.join("verify");
    let arguments = [verifier.as_os_str(), folder.as_os_str()];
    let said = foreign::run(&python, "check_stamps.py", &arguments, b"").expect("python starts");
    assert_eq!(said.code, Some(0), "{}\n{}", said.stdout, said.stderr);
}

#[test]
fn a_pack_for_third_parties_names_no_system_that_it_is_not_about() {
    let store = every_kind::load().place.store;
    let desk = Desk::new(&store, 0);
    let by = By { who: "maria.keller@bank.example", reason: None, at: None };
    let declare = |what, node: &str, fields: &[String], edges: &[String]| {
        desk.declare(&by, &Declare { what, node, fields, edges }).unwrap();
    };
    // Data that another system uses as well, and says so.
    let view = store.snapshot().unwrap();
    let system = view.find(Some(Kind::System), "CREDIT-RISK-EU-001")[0];
    let closure = lineal_evidence::Closure::of(&view, system).unwrap();
    let (_, data) = closure.of_kind(Kind::Dataset).find(|(_, it)| !it.is_missing()).unwrap();
    let purpose = ["intended_purpose=watches the staff canteen".to_owned()];
    declare(What::System, "FRAUD-PILOT", &purpose, &[]);
    declare(What::Node, &data.name, &[], &["belongs_to=system:FRAUD-PILOT".to_owned()]);
    store.record_log(None, None).unwrap();
    store.checkpoint().unwrap();
    let holds = |pack: &Pack, word: &str| -> Vec<String> {
        let found = pack.files.iter().filter(|(_, bytes)| {
            let is_here = |part: &[u8]| part == word.as_bytes();
            bytes.windows(word.len()).any(is_here)
        });
        found.map(|(path, _)| path.to_owned()).collect()
    };
    let open = made(&store, SYSTEM, Disclosure::Authority);
    let seen = holds(&open, "staff canteen");
    assert!(seen.contains(&"graph.json".to_owned()), "an authority sees it: {seen:?}");
    let closed = made(&store, SYSTEM, Disclosure::ThirdParty);
    assert_eq!(holds(&closed, "staff canteen"), Vec::<String>::new());
    // The record of the data set is shown whole, and it is what names the other system.
    let named = holds(&closed, "FRAUD-PILOT");
    let is_record = |path: &String| path.starts_with("proofs/revisions/") || path == "lineage.car";
    assert!(named.iter().all(is_record), "{named:?}");
}

/// The files of the imports that a pack names.
fn custody_files(pack: &Pack) -> BTreeSet<String> {
    let custody = json(pack, "custody.json");
    let imports = custody["imports"].as_array().unwrap();
    let files = imports.iter().flat_map(|import| import["files"].as_array().unwrap());
    files.map(|file| file["file"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_third_party_is_told_of_the_files_that_the_pack_was_read_from_and_of_no_others() {
    let folder = tempfile::tempdir().unwrap();
    for (file, service, first) in [("own", "scorer", 0), ("other-system", "another", 100)] {
        let line = |at| Line { service: service.to_owned(), ..Line::number(at) };
        let path = folder.path().join(format!("{file}.json"));
        log_lines::write(&path, (first..first + 5).map(line)).unwrap();
    }
    let place = Place::new();
    let report = place.import(&[folder.path()]);
    assert_eq!(report.commits, 1, "both files are of one commit");
    let store = place.store;
    store.record_log(None, None).unwrap();
    store.checkpoint().unwrap();
    let view = store.snapshot().unwrap();
    let mut deployments = view.nodes_of(Kind::Deployment).map(|node| view.name_of(node));
    let own = deployments.find(|name| name.contains("scorer/")).unwrap();
    let closed = made(&store, &own, Disclosure::ThirdParty);
    assert_eq!(custody_files(&closed), BTreeSet::from(["own.json".to_owned()]));
    assert_eq!(json(&closed, "custody.json")["imports"][0]["files_of_other_things"], 1);
    let open = made(&store, &own, Disclosure::Authority);
    assert_eq!(custody_files(&open).len(), 2);
}

#[test]
fn programs_of_others_check_the_files_and_the_signature() {
    let pack = made(&BANK, MODEL, Disclosure::ThirdParty);
    let (_keep, folder) = written(&pack);
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(&folder).output();
        match output {
            Ok(output) => Some(output.status.success()),
            Err(why) => {
                foreign::skip(program, &why.to_string());
                None
            }
        }
    };
    let pem = pack.files.iter().map(|(path, _)| path).find(|path| path.ends_with(".pem")).unwrap();
    let signature = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        pem,
        "-rawin",
        "-in",
        "MANIFEST.sha256",
        "-sigfile",
        "MANIFEST.sha256.sig",
    ];
    let page = std::str::from_utf8(pack.files.get("VERIFY.md").unwrap()).unwrap();
    assert!(page.contains(pem) && page.contains("openssl pkeyutl -verify"), "{page}");
    assert_ne!(run("sha256sum", &["-c", "--quiet", "MANIFEST.sha256"]), Some(false));
    assert_ne!(run("openssl", &signature), Some(false));
    let readme = folder.join("README.md");
    std::fs::write(&readme, std::fs::read_to_string(&readme).unwrap() + " ").unwrap();
    assert_ne!(run("sha256sum", &["-c", "--quiet", "MANIFEST.sha256"]), Some(true));
    let manifest = folder.join("MANIFEST.sha256");
    let changed = std::fs::read_to_string(&manifest).unwrap().replacen('0', "1", 1);
    std::fs::write(&manifest, changed).unwrap();
    assert_ne!(run("openssl", &signature), Some(true));
}

/// What a third party must not find: each sealed text, and each value of the subject group.
fn withheld(store: &Store) -> BTreeSet<Vec<u8>> {
    let view = store.snapshot().unwrap();
    let sealed = every_kind::sealed_texts(&view).into_iter();
    let mut all: BTreeSet<Vec<u8>> = sealed.map(String::into_bytes).collect();
    for batch in view.nodes_of(Kind::Batch) {
        for event in view.rows_of(batch) {
            for spec in EVENT_FIELDS.iter().filter(|spec| spec.group == Group::Subject) {
                match view.event_field(event, spec.field).unwrap() {
                    Some(Value::Bytes(bytes)) if bytes.len() > 8 => {
                        let hex = data_encoding::HEXLOWER.encode(&bytes);
                        let base64 = data_encoding::BASE64_NOPAD.encode(&bytes);
                        all.extend([hex.into_bytes(), base64.into_bytes(), bytes]);
                    }
                    // Short words (the name of an algorithm) stand everywhere.
                    Some(Value::Text(text)) if text.len() > 12 => {
                        all.insert(text.into_bytes());
                    }
                    _ => {}
                }
            }
        }
    }
    all.insert(KEPT.trim_end().as_bytes().to_vec());
    all.insert(HOLD_REASON.as_bytes().to_vec());
    all.insert(b"Maria Keller".to_vec());
    all.insert(b"maria.keller@bank.example".to_vec());
    all
}

/// Bytes by which values are looked up: each has more.
const BEGIN: usize = 8;

/// Values by how they begin.
type Hidden = HashMap<[u8; BEGIN], Vec<Vec<u8>>>;

/// The values that stand somewhere in these bytes.
fn found<'h>(bytes: &[u8], hidden: &'h Hidden) -> BTreeSet<&'h [u8]> {
    let begins = bytes.windows(BEGIN).enumerate();
    let fitting = begins.filter_map(|(at, begin)| Some((at, hidden.get(begin)?)));
    let whole = fitting
        .flat_map(|(at, values)| values.iter().filter(move |value| bytes[at..].starts_with(value)));
    whole.map(Vec::as_slice).collect()
}

#[test]
fn what_a_third_party_must_not_see_is_in_no_file() {
    let values = withheld(&BANK);
    assert!(values.len() > 50, "{} values", values.len());
    let mut hidden = Hidden::new();
    for value in values {
        let begin = *value.first_chunk().unwrap();
        hidden.entry(begin).or_default().push(value);
    }
    let mut shown = BTreeSet::new();
    for subject in [MODEL, SYSTEM, INCIDENT] {
        let closed = made(&BANK, subject, Disclosure::ThirdParty);
        for (path, bytes) in closed.files.iter() {
            let first = found(bytes, &hidden).into_iter().next();
            let first = first.map(String::from_utf8_lossy);
            assert_eq!(first, None, "{subject}: {path}");
        }
        let open = made(&BANK, subject, Disclosure::Authority);
        shown.extend(open.files.iter().flat_map(|(_, bytes)| found(bytes, &hidden)));
    }
    assert!(shown.len() > 5, "an authority sees what is withheld from others: {}", shown.len());
}

#[test]
fn what_an_erasure_took_is_shown_as_gone_and_the_rest_verifies() {
    let bank = every_kind::load();
    let store = Arc::clone(&bank.place.store);
    store.record_log(None, None).unwrap();
    // The samples of two checkpoints differ: erase all events of a batch that has few.
    let view = store.snapshot().unwrap();
    let deployment = every_deployment(&store).into_iter().next().unwrap();
    let batch = view.batches_of(deployment)[0];
    let order = ErasureOrder {
        targets: vec![Target::Batch(view.node_id(batch))],
        decision: Decision::Erased,
        basis: "GDPR 17(1)(a)".into(),
        reference: "request 7".into(),
        decided_by: store.actor_key("officer@bank.example").unwrap(),
        executed_by: store.actor_key("admin@bank.example").unwrap(),
    };
    let rows = store.erase(&order, false).unwrap().rows;
    assert!(rows > 0);
    store.checkpoint().unwrap();
    let wanted =
        Wanted { subject: SYSTEM, disclosure: Disclosure::Authority, as_of: None, samples: 100 };
    let pack = pack(&store, &wanted, &|_| ControlFlow::Continue(())).unwrap();
    assert!(pack.counts.redacted > 0, "{:?}", pack.counts);
    let custody = json(&pack, "custody.json");
    let decisions = custody["decisions_on_erasure"].as_array().unwrap();
    assert_eq!(decisions.len(), 1, "{custody}");
    assert_eq!(decisions[0]["rows"].as_u64(), Some(rows));
    let Some(python) = foreign::python("a redacted pack in verify.py", &[]) else { return };
    let (_keep, folder) = written(&pack);
    let (code, said) = verified(&python, &folder, &["--key", &pack.key]);
    assert_eq!(code, Some(10), "{said}");
}

/// Deployments of the system, with most events first.
fn every_deployment(store: &Store) -> Vec<NodeNo> {
    let view = store.snapshot().unwrap();
    let system = view.find(Some(Kind::System), "CREDIT-RISK-EU-001")[0];
    let closure = lineal_evidence::Closure::of(&view, system).unwrap();
    let mut found: Vec<(u64, NodeNo)> = closure
        .of_kind(Kind::Deployment)
        .map(|(_, member)| (member.number("events").unwrap_or(0).unsigned_abs(), member.node))
        .collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, node)| node).collect()
}

#[test]
fn what_cannot_be_packed_is_refused_with_what_to_do() {
    let bank = every_kind::load();
    let store = Arc::clone(&bank.place.store);
    let refused = |subject: &str, as_of: Option<AsOf>| {
        let wanted = Wanted { subject, disclosure: Disclosure::Authority, as_of, samples: 1 };
        pack(&store, &wanted, &|_| ControlFlow::Continue(())).unwrap_err()
    };
    let why = refused(MODEL, None);
    assert!(matches!(why, Error::NoCheckpoint { .. }), "{why}");
    assert!(why.to_string().contains("lineal checkpoint"), "{why}");
    store.record_log(None, None).unwrap();
    let size = store.checkpoint().unwrap().checkpoint.size;
    attach(&store, bank.now);
    let document = "document:\"risk review.md@1\"";
    assert!(matches!(refused(document, None), Error::NotYet { .. } | Error::Unresolved(_)));
    assert!(matches!(refused("actor:nobody", None), Error::Unresolved(_)));
    assert!(matches!(
        refused("experiment:scoring", None),
        Error::WrongKind { .. } | Error::Unresolved(_)
    ));
    assert!(matches!(refused(MODEL, Some(AsOf::Commit(size - 1))), Error::NoCheckpoint { .. }));
    assert!(matches!(refused(MODEL, Some(AsOf::Commit(900))), Error::NoCommit { number: 900, .. }));
    // As of a commit behind the checkpoint it is the pack of the checkpoint.
    let newest = store.commit();
    let wanted =
        |as_of| Wanted { subject: MODEL, disclosure: Disclosure::ThirdParty, as_of, samples: 1 };
    let then =
        pack(&store, &wanted(Some(AsOf::Commit(newest))), &|_| ControlFlow::Continue(())).unwrap();
    assert_eq!(then.size, size);
    // A folder that is there is not written into.
    let folder = tempfile::tempdir().unwrap();
    assert!(then.write_to(folder.path()).is_err());
}
