//! Proofs: what is made holds, what is changed is found, and the verifier in Python says the same as
//! the one in Rust, of thousands of proofs.

#[path = "proofs/absence.rs"]
mod absence;
#[path = "proofs/changes.rs"]
mod changes;
#[path = "proofs/missing.rs"]
mod missing;
#[path = "proofs/stores.rs"]
mod stores;

use changes::Changes;
use lineal_engine::AbsenceSize;
use lineal_engine::schema::Kind;
use lineal_proof::bundle::json::Json;
use lineal_proof::bundle::{
    Bundle, Report, RowContent, Statement, Trust, VERIFIER, Verdict, check,
};
use lineal_query::prove::{NotProved, Proving, prove};
use lineal_query::{Limits, Parameters, Request, StoreView};
use lineal_tests::foreign;
use std::ffi::OsStr;
use std::process::Stdio;
use stores::{KEY_NAME, hash_of, made, other_key, signed, store};

/// Changed proofs that both verifiers are asked about, beside those that are not changed.
const CHANGED: usize = 4_000;

fn trust(note: &str) -> Trust {
    Trust::new(&stores::key(), Some(note.as_bytes())).expect("a key and its checkpoint")
}

fn proved(
    view: &StoreView,
    note: &str,
    statement: &str,
    withhold: bool,
) -> Result<Bundle, NotProved> {
    let (parameters, limits) = (Parameters::new().text("hash", hash_of(2)), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let (checkpoint, go_on) = (note.as_bytes(), &|_: &AbsenceSize| true);
    prove(view, &Proving { statement, checkpoint, withhold, request: &request, go_on })
}

/// Statements with what must hold of each.
const STATEMENTS: &[&str] = &[
    "event:$hash",
    "inference:$hash",
    "model:credit@3",
    "revision/run:4cf1aa",
    "dataset:loans upstream of inference:$hash",
    "inference:$hash downstream of dataset:loans",
    "model:credit@3 deployed_by deployment",
    "trace inference:$hash to dataset",
    "trace all inference to dataset:loans",
];

#[test]
fn a_statement_that_is_so_is_shown_and_only_against_its_checkpoint() {
    let (_folder, store) = store();
    let (view, note) = made(&store);
    for statement in STATEMENTS {
        let bundle = proved(&view, &note, statement, false);
        let bundle = bundle.unwrap_or_else(|why| panic!("{statement}: {why}"));
        let file = bundle.write();
        let report = check(file.as_bytes(), &trust(&note));
        assert_eq!(report.verdict, Verdict::Valid, "{statement}");
        assert_eq!(report.words, bundle.words());
        assert_eq!(Bundle::read(file.as_bytes()), Ok(bundle), "{statement}");
        // Another key, another checkpoint.
        let stranger = Trust::new(&other_key(), None).expect("a key");
        assert_eq!(at(&check(file.as_bytes(), &stranger)), Some("/checkpoint"));
        let before = signed(&store, 2);
        assert_eq!(at(&check(file.as_bytes(), &trust(&before))), Some("/checkpoint"));
    }
}

fn at(report: &Report) -> Option<&str> {
    match &report.verdict {
        Verdict::Tampered(fault) => Some(fault.at.as_str()),
        _ => None,
    }
}

#[test]
fn each_reason_why_an_edge_means_a_thing_is_given() {
    let (_folder, store) = store();
    let (view, note) = made(&store);
    let mut reasons = Vec::new();
    for number in 1..=6 {
        let statement = format!("model:credit@3 upstream of inference:{}", hash_of(number));
        let statement = match number {
            4 => format!("model:m-1 upstream of inference:{}", hash_of(number)),
            _ => statement,
        };
        let bundle = proved(&view, &note, &statement, false);
        let bundle = bundle.unwrap_or_else(|why| panic!("{statement}: {why}"));
        assert_eq!(check(bundle.write().as_bytes(), &trust(&note)).verdict, Verdict::Valid);
        let Statement::Paths { paths, .. } = bundle.statement else { panic!("{statement}") };
        let last = paths[0].hops.iter().find(|hop| hop.relation == "deploys").expect("a model");
        reasons.push(format!("{:?}", last.by).split('(').next().unwrap_or_default().to_owned());
    }
    assert_eq!(reasons, ["Fits", "Alias", "Run", "Logged", "Pin", "Version"]);
}

/// Proofs about a version that a registry writes otherwise than logs do, and its checkpoint.
fn spelled() -> (Vec<Bundle>, String) {
    let (_folder, store) = stores::spelled();
    let (view, note) = made(&store);
    let of = |number| format!("model:credit@v3 upstream of inference:{}", hash_of(number));
    let absent = "no approval approves model:[\"wandb-1\",\"credit\",\"v3\"]".to_owned();
    let statements = [of(1), of(2), absent];
    let bundle = |statement: &String| {
        let bundle = proved(&view, &note, statement, false);
        bundle.unwrap_or_else(|why| panic!("{statement}: {why}"))
    };
    let refused = "no deployment deploys model:[\"wandb-1\",\"credit\",\"v3\"]";
    let why = proved(&view, &note, refused, false).expect_err("it is deployed").to_string();
    assert!(why.contains("it is recorded"), "{why}");
    (statements.iter().map(bundle).collect(), note)
}

#[test]
fn a_version_that_is_written_with_a_v_is_meant_by_claims_without_and_by_a_name_given_to_it() {
    let (bundles, note) = spelled();
    let mut reasons = Vec::new();
    for bundle in &bundles {
        let report = check(bundle.write().as_bytes(), &trust(&note));
        assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.words);
        let Statement::Paths { paths, .. } = &bundle.statement else { continue };
        let last = paths[0].hops.iter().find(|hop| hop.relation == "deploys").expect("a model");
        reasons.push(format!("{:?}", last.by).split('(').next().unwrap_or_default().to_owned());
    }
    assert_eq!(reasons, ["Fits", "Alias"]);
}

#[test]
fn what_is_withheld_is_not_in_the_file() {
    let (_folder, store) = store();
    let (view, note) = made(&store);
    for view in [view.clone(), view.without_subject_group()] {
        let bundle = proved(&view, &note, "dataset:loans upstream of inference:$hash", true);
        let bundle = bundle.expect("it is so");
        let RowContent::Withheld { .. } = bundle.events[0].rows[0].content else {
            panic!("the subject group is withheld")
        };
        let file = bundle.write();
        assert_eq!(check(file.as_bytes(), &trust(&note)).verdict, Verdict::Withheld);
        let hash = hash_of(2);
        let bytes = data_encoding::HEXLOWER.decode(hash.as_bytes()).expect("a hash");
        let base64 = data_encoding::BASE64.encode(&bytes);
        assert!(!file.contains(&hash) && !file.contains(base64.trim_end_matches('=')));
    }
}

#[test]
fn what_is_not_so_and_what_cannot_be_shown_is_refused() {
    let (_folder, store) = store();
    let (view, note) = made(&store);
    let refused =
        |statement: &str| proved(&view, &note, statement, false).expect_err(statement).to_string();
    assert!(refused("dataset:holdout upstream of inference:$hash").contains("nothing"));
    assert!(refused("event:0000000000000000000000000000000000000000").contains("no event"));
    assert!(refused("modle:credit").contains("modle"));
    assert!(refused("trace inference:$hash to dataset as d return d").contains("path"));
    // A checkpoint of another store.
    let (_other_folder, other) = stores::other();
    let foreign = signed(&other, other.commit());
    let same_size = signed(&store, other.commit());
    assert_ne!(foreign, same_size);
    let why = proved(&view, &foreign, "model:credit@3", false).expect_err("another log");
    assert!(why.to_string().contains("not of this store"), "{why}");
}

#[test]
fn a_revision_is_named_by_its_id_also_where_it_is_not_the_newest() {
    let (_folder, store) = store();
    stores::again(&store);
    let (view, note) = made(&store);
    let node = view.snapshot().find(Some(Kind::Run), "4cf1aa")[0];
    let all = store.revisions(view.snapshot(), node);
    assert!(all.len() > 1, "older ones too");
    for revision in &all {
        let id = revision.id.to_string();
        let digits = id.trim_start_matches('#');
        for statement in [
            format!("revision/{digits}"),
            format!("revision/#{digits}"),
            format!("prove revision/#{}", revision.id.short()),
        ] {
            let bundle = proved(&view, &note, &statement, false).unwrap();
            let Statement::Revision { revision: shown, .. } = &bundle.statement else {
                panic!("{statement}: {:?}", bundle.statement)
            };
            assert_eq!(*shown, revision.id, "{statement}");
            let report = check(bundle.write().as_bytes(), &trust(&note));
            assert_eq!(report.verdict, Verdict::Valid, "{statement}");
        }
    }
    for unknown in [format!("revision/{}", "0".repeat(64)), "revision/#000000000000".to_owned()] {
        let error = proved(&view, &note, &unknown, false).unwrap_err();
        assert!(matches!(error, NotProved::UnknownRevision { .. }), "{unknown}: {error}");
    }
}

/// A store of which one event and, of another deployment, the whole batch were erased: proofs from
/// before of both, of all events of the first batch, and the same from after it.
fn erased() -> (Vec<String>, String, Vec<String>) {
    let (_folder, store) = store();
    let (view, note) = made(&store);
    let events = |number: u32| -> Vec<String> {
        let statement = format!("event:{}", hash_of(number));
        let bundle = proved(&view, &note, &statement, false).expect("it is so");
        let batch = bundle.events[0].batch;
        (0..15).map(|row| format!("event:{batch}/{row}")).collect()
    };
    let (one, all) = (events(1), events(2));
    let wanted = [one.clone(), vec![all[2].clone()]].concat();
    let before: Vec<String> = wanted
        .iter()
        .map(|statement| proved(&view, &note, statement, false).expect(statement).write())
        .collect();
    stores::erase(&store, 1, false);
    stores::erase(&store, 2, true);
    let (view, newer) = made(&store);
    let gone = format!("no inference:{} everywhere", hash_of(1));
    let gone = proved(&view, &newer, &gone, false).expect("an erasure took it").write();
    // A checkpoint from before does not cover the erasure.
    let late = proved(&view, &note, &wanted[2], false).expect_err("it is gone").to_string();
    assert!(late.contains("erased by commit 4"), "{late}");
    let after = wanted
        .iter()
        .map(|statement| proved(&view, &newer, statement, false).expect(statement).write())
        .chain([gone])
        .collect();
    (before, newer, after)
}

#[test]
fn an_erasure_leaves_every_other_proof_and_is_told_where_it_took_something() {
    let (before, newer, after) = erased();
    let key = Trust::new(&stores::key(), None).expect("a key");
    // What was proved before stays proved, against its own checkpoint.
    for file in &before {
        assert_eq!(check(file.as_bytes(), &key).verdict, Verdict::Valid);
    }
    for (row, file) in after.iter().enumerate().take(before.len()) {
        let expected = if row == 2 || row == 15 { Verdict::Redacted } else { Verdict::Valid };
        assert_eq!(check(file.as_bytes(), &trust(&newer)).verdict, expected, "row {row}");
        let bundle = Bundle::read(file.as_bytes()).expect("a proof");
        let content = &bundle.events[0].rows[0].content;
        match row {
            2 => assert!(matches!(content, RowContent::Erased { leaf: Some(_), .. })),
            15 => assert!(matches!(content, RowContent::Erased { leaf: None, .. })),
            _ => assert!(matches!(content, RowContent::Whole { .. })),
        }
    }
    // A row that is there cannot be passed off as erased.
    let mut lie = Bundle::read(after[2].as_bytes()).expect("a proof");
    let other = Bundle::read(after[3].as_bytes()).expect("a proof");
    lie.events[0].rows[0].at = 3;
    lie.events[0].tree = other.events[0].tree.clone();
    lie.statement = other.statement.clone();
    let report = check(lie.write().as_bytes(), &key);
    assert_eq!(at(&report), Some("/events/0/rows/0/erased"));
}

#[test]
fn a_change_of_any_kind_is_found() {
    let (_folder, store) = store();
    let (view, note) = made(&store);
    let trust = trust(&note);
    let mut changes = Changes::seeded(14);
    let statements = STATEMENTS.iter().copied().map(str::to_owned);
    for statement in statements.chain(absence::statements()) {
        let bundle = proved(&view, &note, &statement, false).expect(&statement);
        let (words, file) = (bundle.words(), bundle.write());
        for _ in 0..300 {
            let changed = changes.of(&file);
            let report = check(&changed, &trust);
            // An edge that is known by its key may be known by its pin as well: the same is shown.
            let is_same = report.words == words;
            assert!(
                is_same || matches!(report.verdict, Verdict::Tampered(_)),
                "{statement}: {}",
                String::from_utf8_lossy(&changed)
            );
        }
    }
}

#[test]
fn the_verifier_in_python_says_the_same() {
    let test = "the verifier in Python";
    let Some(python) = foreign::python(test, &[]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (_folder, store) = store();
    let (view, note) = made(&store);
    let trust = Trust::new(&stores::key(), None).expect("a key");
    let mut files = Vec::new();
    for withhold in [false, true] {
        for statement in STATEMENTS {
            let bundle = proved(&view, &note, statement, withhold).expect(statement);
            files.push(bundle.write());
        }
    }
    for statement in absence::statements() {
        files.push(proved(&view, &note, &statement, false).expect(&statement).write());
    }
    files.extend(erased().2);
    files.extend(spelled().0.iter().map(Bundle::write));
    let whole = files.len();
    let mut changes = Changes::seeded(41);
    let mut cases: Vec<Vec<u8>> = files.iter().map(|file| file.clone().into_bytes()).collect();
    for number in 0..CHANGED {
        cases.push(changes.of(&files[number % whole]));
    }
    let mut lines = String::new();
    let mut verdicts = std::collections::BTreeMap::new();
    for case in &cases {
        let report = check(case, &trust);
        *verdicts.entry(report.verdict.code()).or_insert(0) += 1;
        let file = Json::text(data_encoding::BASE64.encode(case)).write();
        lines.push_str(&format!("{{\"file\":{file},\"told\":{}}}\n", report.in_json().trim_end()));
    }
    assert_eq!(verdicts.keys().copied().collect::<Vec<_>>(), [0, 1, 10, 11], "{verdicts:?}");
    assert!(verdicts[&1] > CHANGED * 9 / 10, "{verdicts:?}");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    };
    let verifier = write("verify.py", VERIFIER);
    let key = stores::key();
    let arguments = [verifier.as_os_str(), OsStr::new(&key)];
    let answer = foreign::run(&python, "check_proofs.py", &arguments, lines.as_bytes());
    let answer = answer.expect("Python runs");
    assert_eq!(answer.code, Some(0), "{}\n{}", answer.stdout, answer.stderr);
    assert_eq!(answer.stdout.trim(), format!("{} proofs, the same verdicts", cases.len()));
}

#[test]
fn the_verifier_is_told_by_its_exit_code() {
    let test = "verify.py as a command";
    let Some(python) = foreign::python(test, &[]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (_folder, store) = store();
    let (view, note) = made(&store);
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    };
    let verifier = write("verify.py", VERIFIER);
    let whole = proved(&view, &note, "event:$hash", false).expect("it is so").write();
    let withheld = proved(&view, &note, "event:$hash", true).expect("it is so").write();
    let changed = whole.replace(KEY_NAME, "another.example");
    let trust = Trust::new(&stores::key(), None).expect("a key");
    for (text, code) in [(&whole, 0), (&withheld, 11), (&changed, 1)] {
        let proof = write("a.proof", text);
        let mut command = std::process::Command::new(&python);
        command.args([OsStr::new("-B"), verifier.as_os_str(), proof.as_os_str()]);
        command.arg("--key").arg(stores::key());
        let output = command.output().expect("Python runs");
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let report = check(text.as_bytes(), &trust);
        assert_eq!(String::from_utf8(output.stdout).expect("text"), report.in_words());
        // Nobody reads what it prints: the verdict stands.
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut alone = command.spawn().expect("Python runs");
        drop(alone.stdout.take());
        let output = alone.wait_with_output().expect("Python ends");
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
        let output = command.arg("--json").stdout(Stdio::piped()).output().expect("Python runs");
        assert_eq!(String::from_utf8(output.stdout).expect("text"), report.in_json());
    }
    let output = std::process::Command::new(&python).arg("-B").arg(&verifier).output();
    assert_eq!(output.expect("Python runs").status.code(), Some(2), "without a proof");
    let (known, proof) = (write("known", &signed(&store, 2)), write("a.proof", &whole));
    let mut command = std::process::Command::new(&python);
    command.args([OsStr::new("-B"), verifier.as_os_str(), proof.as_os_str()]);
    command.arg("--checkpoint").arg(&known).arg("--key").arg(stores::key());
    let output = command.output().expect("Python runs");
    assert_eq!(output.status.code(), Some(1), "another checkpoint: {output:?}");
}
