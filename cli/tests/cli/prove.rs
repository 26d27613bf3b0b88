//! `lineal prove`: one file, and what checks it beside it.

use crate::program::{ARCHIVE, DATABASE, Folder, HASH};
use crate::python::python;
use lineal_proof::bundle::{Trust, VERIFIER, Verdict, check};

#[test]
fn a_proof_is_made_against_the_checkpoint_of_the_store_and_checked_with_its_key_alone() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    let before = folder.run(&["prove", &format!("event:{HASH}")]);
    assert_eq!(before.code, 2, "{before:?}");
    assert!(before.err.contains("`lineal checkpoint` makes one"), "{before:?}");
    let key = folder.done(&["checkpoint", "--json"]).json()["key"].as_str().map(str::to_owned);
    let key = key.expect("the log has a key");
    let trust = Trust::new(&key, None).expect("a verifier key");
    let verdict = |name: &str| {
        let file = std::fs::read(folder.path().join(name)).expect("the proof");
        check(&file, &trust).verdict
    };
    let event = format!("event:{HASH}");
    let made = folder.done(&["prove", &event, "-o", "event.proof", "--with-verifier"]);
    assert!(made.out.contains("to check it: python3 -I verify.py event.proof"), "{made:?}");
    assert_eq!(verdict("event.proof"), Verdict::Valid);
    let verifier = std::fs::read_to_string(folder.path().join("verify.py"));
    assert_eq!(verifier.expect("the verifier"), VERIFIER);
    folder.done(&["prove", &event, "--withhold", "subject", "-o", "withheld.proof"]);
    assert_eq!(verdict("withheld.proof"), Verdict::Withheld);
    // Several words need no quotes, but for a shell's own.
    let hash = format!("hash={HASH}");
    let path = ["prove", "dataset", "upstream", "of", "inference:$hash", "--param", &hash];
    let json = folder.done(&[&path[..], &["-o", "path.proof", "--json"]].concat()).json();
    assert_eq!(verdict("path.proof"), Verdict::Valid);
    let words = json["words"].as_array().expect("what is shown");
    assert!(!words.is_empty() && words.iter().all(|line| line.to_string().contains(HASH)));
    assert_eq!(json["bytes"], std::fs::metadata(folder.path().join("path.proof")).unwrap().len());
    // Without a file the proof itself is printed.
    assert!(
        folder.done(&["prove", "model:credit-risk-scorer@3"]).out.starts_with("{\"checkpoint\"")
    );
    for (statement, code) in [("model:nothing", 2), ("find model", 2)] {
        assert_eq!(folder.run(&["prove", statement]).code, code, "{statement}");
    }
}

#[test]
fn what_was_never_recorded_is_proved_of_a_scope_that_is_said_and_not_what_was() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    let key = folder.done(&["checkpoint", "--json"]).json();
    let (key, size) = (key["key"].as_str().expect("a key").to_owned(), key["size"].to_string());
    let trust = Trust::new(&key, None).expect("a verifier key");
    let other = HASH.replace('c', "d");
    let event = |scope: &str| format!("no inference:{other} {scope}");
    let statements = [
        "no dataset:never-heard-of".to_owned(),
        "no evaluation evaluates model:credit-risk-scorer@3".to_owned(),
        event("everywhere"),
        event(&format!("everywhere from 2020-01-01 as of {size}")),
    ];
    for statement in &statements {
        let made = folder.done(&["prove", statement, "-o", "none.proof"]);
        assert_eq!(made.err.contains("all of which are read"), statement.contains("inference"));
        let file = std::fs::read(folder.path().join("none.proof")).expect("the proof");
        let report = check(&file, &trust);
        assert_eq!(report.verdict, Verdict::Valid, "{statement}");
        assert!(
            made.out.contains("ever recorded") || made.out.contains("ever described"),
            "{made:?}"
        );
    }
    for (statement, says) in [
        (event(""), "say where"),
        (event("everywhere as of 77"), "no checkpoint of commit 77"),
        (format!("no inference:{HASH} everywhere"), "it is recorded"),
        ("no model:credit-risk-scorer@3".to_owned(), "it is recorded"),
    ] {
        let refused = folder.run(&["prove", &statement]);
        assert_ne!(refused.code, 0, "{statement}");
        assert!(refused.err.contains(says), "{statement}: {refused:?}");
    }
}

#[test]
fn the_verifier_of_the_standard_library_refuses_words_that_it_does_not_know() {
    let Some(python) = python("words of verify.py", &["json"]) else { return };
    let folder = Folder::with(&[DATABASE]);
    let key = folder.done(&["checkpoint", "--json"]).json()["key"].to_string();
    let key = key.trim_matches('"');
    let model = "model:credit-risk-scorer@3";
    folder.done(&["prove", model, "-o", "model.proof", "--with-verifier"]);
    let run = |words: &[&str]| {
        let mut command = std::process::Command::new(&python);
        command.current_dir(folder.path()).args(["-B", "verify.py"]).args(words);
        command.output().expect("python starts")
    };
    assert_eq!(run(&["model.proof", "--key", key]).status.code(), Some(0));
    for (words, said) in [
        (&["model.proof", "--key", key, "--checkpoint"][..], "--checkpoint needs a value"),
        (&["model.proof", "--key"], "--key needs a value"),
        (&["model.proof", "--key", key, "--fast"], "no option --fast"),
    ] {
        let ended = run(words);
        assert_eq!(ended.status.code(), Some(2), "{words:?}");
        assert!(String::from_utf8_lossy(&ended.stderr).contains(said), "{ended:?}");
    }
    let help = run(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&help.stdout).contains("--checkpoint NOTE"), "{help:?}");
}
