//! What a retracted import brought lies in the store still: it is erased, held and due as the rest is.

use super::{PERSONS, POLICY, folder, holding, lines, old_folder, with_words};
use crate::program::Folder;
use serde_json::json;

/// A folder whose logs, the second import, are retracted; and what their batch is called, with its
/// revision.
fn retracted() -> (Folder, String, String) {
    retracted_in(folder())
}

fn retracted_in(folder: Folder) -> (Folder, String, String) {
    let asked = folder.done(&["--json", "query", "find batch as b return b"]).json();
    let batch = asked["rows"][0][0].as_str().expect("a batch").to_owned();
    let shown = folder.done(&["--json", "show", &batch]).json();
    let revision = shown["revision"].as_str().expect("an id").to_owned();
    folder.done(&["retract", "import:2", "--reason", "wrong file"]);
    (folder, batch, revision)
}

fn check_sound(folder: &Folder) {
    let verified = folder.done(&["--json", "verify"]).json();
    assert_eq!((&verified["faults"], &verified["sound"]), (&json!([]), &json!(true)), "{verified}");
}

fn ids(folder: &Folder) -> String {
    folder.done(&["--json", "query", "find inference as i return i.event_id"]).out
}

#[test]
fn events_are_found_by_hash_id_and_place_and_stay_away() {
    let (folder, _, revision) = retracted();
    let hash = "03".repeat(32);
    let rehearsed = folder.run(&with_words(&["erase", "event", &hash], &["--dry-run"]));
    assert_eq!(rehearsed.code, 0, "{rehearsed:?}");
    assert!(rehearsed.out.contains("of retracted imports alone: 1 row"), "{rehearsed:?}");
    // Three, four, and the row of the sixth.
    for (text, gone) in [(hash, 3), ("e4".to_owned(), 4), (format!("{revision}/5"), 5)] {
        assert_eq!(holding(&folder, &[gone; 32]).len(), 1, "{text}");
        let done = folder.run(&with_words(&["--json", "erase", "event", &text], &[]));
        assert_eq!(done.code, 0, "{text}: {done:?}");
        let done = done.json();
        assert_eq!((&done["rows"], &done["retracted"]["rows"]), (&json!(1), &json!(1)), "{text}");
        assert_eq!(holding(&folder, &[gone; 32]), Vec::<String>::new(), "{text}");
    }
    check_sound(&folder);
    folder.done(&["retract", "import:2", "--restore"]);
    let back = ids(&folder);
    for number in 0..8 {
        assert_eq!(back.contains(&format!("\"e{number}\"")), !(3..6).contains(&number), "{back}");
    }
    check_sound(&folder);
    // And read anew, after it was retracted again.
    folder.done(&["retract", "import:2"]);
    let again = folder.run_with(&["--json", "import", "-"], lines(0..8).as_bytes()).json();
    assert_eq!(again["counts"]["suppressed"], 3, "{again}");
    assert!(!ids(&folder).contains("\"e4\""));
    folder.done(&["compact"]);
    for gone in 3..6 {
        assert_eq!(holding(&folder, &[gone; 32]), Vec::<String>::new());
    }
    check_sound(&folder);
}

#[test]
fn a_batch_and_a_field_go_and_stay_away() {
    let (folder, batch, _) = retracted();
    let people = folder.done(&["--json", "query", "find actor as a return a.name, a.email"]).out;
    let email = people.split('"').find(|part| part.contains('@')).unwrap().to_owned();
    folder.done(&["retract", "import:1"]);
    let held = [
        "hold",
        "add",
        "case-4",
        batch.as_str(),
        "--reason",
        "authority request",
        "--by",
        "officer@bank.example",
    ];
    folder.done(&held);
    let refused = folder.run(&with_words(&["erase", "batch", &batch], &[]));
    assert!(refused.code == 2 && refused.err.contains("the hold `case-4`"), "{refused:?}");
    folder.done(&[
        "hold",
        "release",
        "case-4",
        "--reason",
        "closed",
        "--by",
        "officer@bank.example",
    ]);
    let done = folder.run(&with_words(&["erase", "batch", &batch], &[]));
    assert!(done.code == 0 && done.out.contains("8 rows in 1 batch"), "{done:?}");
    assert!(done.out.contains("of retracted imports alone: 8 rows"), "{done:?}");
    // Zeros stand everywhere.
    for gone in 1..8 {
        assert_eq!(holding(&folder, &[gone; 32]), Vec::<String>::new());
    }
    let node = format!("actor:{email}");
    let done = folder.run(&with_words(&["erase", "field", &node, "email"], &[]));
    assert!(done.code == 0 && done.out.contains("only retracted imports describe"), "{done:?}");
    check_sound(&folder);
    folder.done(&["retract", "import:1", "--restore"]);
    let people = folder.done(&["--json", "query", "find actor as a return a.name, a.email"]).out;
    assert!(people.contains("ci-bot") && !people.contains(&email), "{people}");
    let again = folder.run_with(&["--json", "import", "-"], lines(0..8).as_bytes()).json();
    assert_eq!(
        (&again["counts"]["suppressed"], &again["counts"]["accepted"]),
        (&json!(8), &json!(0)),
        "{again}"
    );
    check_sound(&folder);
}

#[test]
fn a_hash_that_stands_and_was_retracted_names_both_events() {
    let (folder, ..) = retracted();
    let other = lines(3..4).replace("\"e3\"", "\"x3\"").replace("\"L3\"", "\"M3\"");
    let run = folder.run_with(&["--json", "import", "-"], other.as_bytes());
    assert_eq!(run.json()["counts"]["accepted"], 1, "{run:?}");
    let hash = "03".repeat(32);
    let one = folder.run(&with_words(&["erase", "event", &hash], &["--dry-run"]));
    assert!(one.code == 2 && one.err.contains("2 events have this input hash"), "{one:?}");
    let both = folder.run(&with_words(&["--json", "erase", "event", &hash, "--all"], &[])).json();
    assert_eq!((&both["rows"], &both["retracted"]["rows"]), (&json!(2), &json!(1)), "{both}");
    assert_eq!(holding(&folder, &[3; 32]), Vec::<String>::new());
}

#[test]
fn a_ceiling_comes_for_a_retracted_batch() {
    let (folder, ..) = retracted_in(old_folder());
    folder.write("policy.toml", POLICY);
    let to = ["--policy", "policy.toml", "--at", "2021-03-02"];
    let logs = || folder.done(&[&["--json", "retention"][..], &to].concat()).json();
    let told = &logs()["inference-log"];
    assert_eq!((&told["batches"], &told["retracted"]), (&json!(1), &json!(1)), "{told}");
    assert_eq!((&told["due"][0]["retracted"], &told["due"][0]["rows"]), (&json!(true), &json!(8)));
    let shown = folder.done(&[&["retention"][..], &to].concat());
    assert!(shown.out.contains("1 of retracted imports"), "{shown:?}");
    assert!(shown.out.contains("8 rows  since 2021-03-01  retracted"), "{shown:?}");
    let propose = ["--json", "retention", "apply", "--propose", "due.json"];
    let proposed = folder.done(&[&propose[..], &to].concat()).json();
    let digest = proposed["sha256"].as_str().unwrap();
    let words = ["retention", "apply", "--execute", "due.json", "--digest", digest];
    let done = folder.done(&[&words[..], &PERSONS, &to].concat());
    assert!(done.out.contains("8 rows in 1 batch"), "{done:?}");
    assert!(done.out.contains("of retracted imports alone: 8 rows"), "{done:?}");
    let told = &logs()["inference-log"];
    assert_eq!((&told["batches"], &told["due"]), (&json!(0), &json!([])), "{told}");
    check_sound(&folder);
}
