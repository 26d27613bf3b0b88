//! Erasing, holding and retention, as commands.

mod again;
mod retracted;

use crate::program::{DATABASE, Folder, Run};
use serde_json::json;
use sha2::{Digest, Sha256};

/// A day's lines of events with these numbers, each with an input hash of its own.
pub(crate) fn lines(numbers: std::ops::Range<u32>) -> String {
    let line = |number: u32| {
        format!(
            r#"{{"_id":"L{number}","date":"2026-03-01T00:00:0{number}Z","service":"s","attributes":{{"art12":{{"event_id":"e{number}","timestamp":"2026-03-01T00:00:0{number}Z","model":{{"name":"credit-risk-scorer","version":"2"}},"input":{{"hash":"{}","hash_algorithm":"sha256"}}}}}}}}"#,
            format!("{number:02}").repeat(32)
        ) + "\n"
    };
    numbers.map(line).collect()
}

const PERSONS: [&str; 4] =
    ["--decided-by", "officer@bank.example", "--executed-by", "admin@bank.example"];

fn with_words<'a>(words: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    let decided = ["--basis", "GDPR 17(1)(b)", "--decision", "R-117"];
    [words, &decided[..], &PERSONS[..], more].concat()
}

fn folder() -> Folder {
    folder_of(&lines(0..8))
}

fn folder_of(lines: &str) -> Folder {
    let folder = Folder::with(&[DATABASE]);
    let run = folder.run_with(&["--json", "import", "-"], lines.as_bytes());
    assert_eq!(run.json()["counts"]["accepted"], 8, "{run:?}");
    folder
}

/// The same lines of another day: what is erased by a ceiling is erased as of now, and must be due by then.
fn lines_of(day: &str, numbers: std::ops::Range<u32>) -> String {
    lines(numbers).replace("2026-03-01", day)
}

/// A folder whose logs are old enough to be due.
fn old_folder() -> Folder {
    folder_of(&lines_of("2020-03-01", 0..8))
}

/// A policy in which logs are due after a year.
const POLICY: &str = "[policy]\nname = \"bank\"\nversion = 3\n[[retention]]\nclass = \"inference-log\"\nmin = \"P6M\"\n\
                      max = \"P12M\"\nanchor = \"event.at\"\nbasis = \"AI Act 26(6)\"\nmax_basis = \"GDPR 5(1)(e)\"\npurpose = \"complaints\"\n";

/// Files below the store in which some bytes stand.
#[expect(clippy::unwrap_used, reason = "a store that cannot be read fails the test")]
fn holding(folder: &Folder, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.path().join(".lineal")];
    while let Some(path) = open.pop() {
        for entry in std::fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if std::fs::read(&path).unwrap().windows(bytes.len()).any(|part| part == bytes) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[test]
fn an_older_copy_loses_again_what_a_list_says_was_erased() {
    let folder = folder();
    // What was typed about it waits in the trail's journal, and comes along.
    let typed = folder.run(&["retract", "import:77", "--reason", &"03".repeat(32)]);
    assert_ne!(typed.code, 0, "{typed:?}");
    folder.done(&["backup", "copy", "--with-keys", "copy.keys"]);
    folder.done(&with_words(&["erase", "event", &"03".repeat(32)], &[]));
    let list = folder.done(&["erase", "list", "--json"]);
    assert_eq!(list.json()["erasures"][0]["rows"], 1, "{list:?}");
    folder.write("erased.json", &list.out);
    let put = ["restore", "copy", "back", "--with-keys", "copy.keys", "--erasures-of"];
    let wrong = folder.run(&[&put[..], &["copy.keys"]].concat());
    assert!(wrong.code == 2 && wrong.err.contains("is no list of erasures"), "{wrong:?}");
    let done = folder.done(&[&put[..], &["erased.json", "--json"]].concat());
    assert_eq!(done.json()["erased_again"], 1, "{done:?}");
    let ask = |hash: String| format!("find inference:{hash}");
    let gone = folder.run(&["query", "--store", "back", "--json", &ask("03".repeat(32))]);
    assert_ne!(gone.code, 0, "{gone:?}");
    folder.done(&["query", "--store", "back", "--json", &ask("04".repeat(32))]);
    // The next erasure makes commits of what waited.
    folder.done(&with_words(&["--store", "back", "erase", "event", &"05".repeat(32)], &[]));
    let typed = "find access as a where a.endpoint = \"lineal retract\" return a.question";
    let typed = folder.done(&["--store", "back", "--json", "query", typed]);
    assert_eq!(typed.json()["rows"], json!([[null]]), "it does not come back");
}

#[test]
fn what_is_erased_is_not_found_and_does_not_come_back() {
    let folder = folder();
    let hash = "03".repeat(32);
    assert_eq!(holding(&folder, &[3; 32]).len(), 1);
    let rehearsed = folder.run(&with_words(&["--json", "erase", "event", &hash], &["--dry-run"]));
    assert_eq!((&rehearsed.json()["rows"], &rehearsed.json()["commit"]), (&json!(1), &json!(null)));
    let run = folder.run(&with_words(&["erase", "event", &hash], &[]));
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.out.contains("erased in commit") && run.out.contains("1 row in 1 batch"),
        "{run:?}"
    );
    assert_eq!(holding(&folder, &[3; 32]), Vec::<String>::new());
    assert_eq!(holding(&folder, hash.as_bytes()), Vec::<String>::new(), "nor what was typed");
    let gone = folder.run(&["trace", &hash]);
    assert!(gone.code == 2 && gone.err.contains("1 of these is erased or restricted"), "{gone:?}");
    let asked = folder.run(&["query", &format!("find dataset upstream of inference:{hash}")]);
    assert!(asked.err.contains("; erased or restricted of their events: 1; it may"), "{asked:?}");
    assert_eq!(folder.run(&["trace", &"04".repeat(32)]).code, 0);
    let asked = folder.done(&["--json", "query", "find inference as i return i.event_id"]);
    // In quotes: the ids of batches may hold the same letters.
    assert!(!asked.out.contains("\"e3\"") && asked.out.contains("\"e4\""), "{}", asked.out);
    let verified = folder.done(&["--json", "verify"]).json();
    assert_eq!((&verified["faults"], &verified["sound"]), (&json!([]), &json!(true)), "{verified}");
    assert_eq!(verified["erased"], 1);

    // The same bytes, and the same event among other lines.
    let again = folder.run_with(&["--json", "import", "-"], lines(0..8).as_bytes()).json();
    assert_eq!((&again["commits"], &again["counts"]["suppressed"]), (&json!(0), &json!(1)));
    let other = folder.run_with(&["--json", "import", "-"], lines(2..9).as_bytes()).json();
    assert_eq!(other["counts"]["suppressed"], 1, "{other}");
    assert_eq!(
        (&other["counts"]["accepted"], &other["counts"]["duplicate"]),
        (&json!(1), &json!(5))
    );
    assert_eq!(folder.run(&["trace", &hash]).code, 2);
    let run = folder.run(&with_words(&["erase", "event", "e3"], &[]));
    assert_eq!(run.code, 2, "{run:?}");
    for command in ["rebuild", "compact"] {
        folder.done(&[command]);
        assert_eq!(folder.run(&["trace", &hash]).code, 2, "{command}");
        assert_eq!(holding(&folder, &[3; 32]), Vec::<String>::new(), "{command}");
    }
    assert_eq!(folder.run(&["verify"]).code, 0);
}

#[test]
fn what_was_typed_about_a_person_goes_from_the_trail_with_the_name() {
    let folder = folder();
    let people = folder.done(&["--json", "query", "find actor as a return a.name, a.email"]).out;
    let email = people.split('"').find(|part| part.contains('@')).unwrap().to_owned();
    // It waits in the trail's journal, though nothing came of it.
    let reason = format!("asked for by {email}");
    assert_ne!(folder.run(&["retract", "import:77", "--reason", &reason]).code, 0);
    let node = format!("actor:{email}");
    let run = folder.run(&with_words(&["erase", "field", &node, "email"], &[]));
    assert!(
        run.code == 0 && run.out.contains("1 sealed text that would tell it, of 1 use"),
        "{run:?}"
    );
    let typed = |command: &str| {
        let question =
            format!("find access as a where a.endpoint = \"lineal {command}\" return a.question");
        folder.done(&["--json", "query", &question]).json()["rows"].clone()
    };
    assert_eq!(typed("retract"), json!([[null]]), "the use stays");
    assert!(typed("import")[0][0].is_string(), "and what else was typed");
    assert_eq!(folder.run(&["verify"]).code, 0);
}

#[test]
fn a_name_is_erased_with_all_that_is_sealed_for_that_person() {
    let folder = folder();
    let people = folder.done(&["--json", "query", "find actor as a return a.name, a.email"]);
    let text = people.out;
    let email = text.split('"').find(|part| part.contains('@')).unwrap().to_owned();
    let node = format!("actor:{email}");
    let run = folder.run(&with_words(&["--json", "erase", "field", &node, "email"], &[]));
    assert_eq!(run.code, 0, "{run:?}");
    assert!(!run.json()["values"].as_array().unwrap().is_empty());
    let after = folder.done(&["--json", "query", "find actor as a return a.name, a.email"]);
    assert!(!after.out.contains(&email), "{after:?}");
    // Whom the value named nobody can tell any more; what asks for no such field is not touched.
    let told = &after.json()["completeness"];
    assert_eq!(told["state"], "cannot_tell", "{told}");
    assert!(told.to_string().contains("sealed value"), "{told}");
    for question in ["find actor", "find model as m return m.name"] {
        let other = folder.done(&["--json", "query", question]).json();
        assert_eq!(other["completeness"]["state"], "complete", "{other}");
    }
    assert_eq!(folder.run(&["verify"]).code, 0);
    // The same export again: nothing is sealed anew.
    let fixture = crate::program::fixture(DATABASE).display().to_string();
    folder.done(&["import", &fixture, "--observed-at", "2027-01-01"]);
    let after = folder.done(&["--json", "query", "find actor as a return a.name, a.email"]).out;
    assert!(!after.contains(&email), "{after}");
}

#[test]
fn what_is_restricted_is_shown_only_where_that_is_asked_for_until_it_is_lifted() {
    let folder = folder();
    let hash = "03".repeat(32);
    let run = folder.run(&with_words(&["--json", "erase", "event", &hash], &["--restrict"]));
    assert_eq!((run.code, &run.json()["decision"]), (0, &json!("restricted")), "{run:?}");
    assert_eq!(run.json()["files_that_must_not_exist"], json!([]), "{run:?}");
    let hidden = folder.run(&["trace", &hash]);
    assert!(hidden.code == 2 && hidden.err.contains("erased or restricted"), "{hidden:?}");
    let question = "find inference as i where i.event_id = \"e3\" return i.event_id";
    let asked = folder.done(&["--json", "query", question]).json();
    let state = &asked["completeness"]["state"];
    assert_eq!((&asked["rows"], state), (&json!([]), &json!("cannot_tell")), "{asked}");
    let said = asked["completeness"].to_string();
    assert!(said.contains("1 event of ") && said.contains("is restricted, not shown"), "{said}");
    let officer = folder.done(&["--json", "--restricted", "query", question]).json();
    assert_eq!(officer["rows"].as_array().map(Vec::len), Some(1), "{officer}");
    assert_eq!(officer["completeness"]["state"], "complete", "{officer}");
    assert_eq!(folder.run(&["trace", &hash, "--restricted"]).code, 0);
    assert_eq!(folder.run(&["show", &hash]).code, 2);
    // Neither an erasure nor a ceiling takes it.
    let erased = folder.run(&with_words(&["erase", "event", &hash], &[]));
    assert!(erased.code == 2 && erased.err.contains("--lift"), "{erased:?}");
    let both = folder.run(&with_words(&["erase", "event", &hash], &["--restrict", "--lift"]));
    assert_eq!(both.code, 2, "{both:?}");
    let run = folder.run(&with_words(&["erase", "event", &hash], &["--lift"]));
    assert!(run.code == 0 && run.out.contains("lifted in commit"), "{run:?}");
    assert_eq!(folder.run(&["trace", &hash]).code, 0);
    assert_eq!(folder.run(&["verify"]).code, 0);
}

#[test]
fn a_restricted_field_is_not_shown_and_comes_back() {
    let folder = folder();
    let ask = |more: &[&str]| {
        let words = ["--json", "query", "find actor as a return a.name, a.email"];
        folder.done(&[&words[..], more].concat()).out
    };
    let rows =
        |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["rows"].clone();
    let before = ask(&[]);
    let email = before.split('"').find(|part| part.contains('@')).unwrap().to_owned();
    assert!(rows(&before).to_string().contains(&format!("[\"{email}\",")), "{before}");
    let node = format!("actor:{email}");
    let decided = |end| with_words(&["erase", "field", &node, "name"], &[end]);
    let run = folder.run(&decided("--restrict"));
    assert!(run.code == 0 && run.out.contains("restricted in commit"), "{run:?}");
    let hidden = ask(&[]);
    assert!(!rows(&hidden).to_string().contains(&format!("[\"{email}\",")), "{hidden}");
    assert!(hidden.contains("ci-bot"), "nobody else's: {hidden}");
    let state = |text: &str| {
        let told: serde_json::Value = serde_json::from_str(text).unwrap();
        (told["completeness"]["state"].clone(), told["completeness"].to_string())
    };
    let (cannot, why) = state(&hidden);
    assert!(cannot == "cannot_tell" && why.contains("1 sealed value is restricted"), "{hidden}");
    assert_eq!(state(&ask(&["--restricted"])).0, "complete");
    let counted = "find actor where name is not null summarize count() as n";
    let counted = folder.run(&["query", counted, "--fail-on", "cannot-tell"]);
    assert_eq!(counted.code, 4, "{counted:?}");
    let others = folder.done(&["--json", "query", "find actor as a return a"]);
    assert_eq!(state(&others.out).0, "complete", "no sealed field is spoken of");
    assert_eq!(rows(&ask(&["--restricted"])), rows(&before));
    // The key of an actor is made of its login, so its node is found while its name is hidden.
    let lifted = folder.run(&decided("--lift"));
    assert_eq!(lifted.code, 0, "{lifted:?}");
    assert_eq!(rows(&ask(&[])), rows(&before));
}

#[test]
fn two_persons_and_no_hold() {
    let folder = folder();
    let alone = ["--basis", "b", "--decision", "d", "--decided-by", "a@b", "--executed-by", "A@b "];
    let run = folder.run(&[&["erase", "event", "e3"][..], &alone[..]].concat());
    assert_eq!(run.code, 2);
    assert!(run.err.contains("decided by one person and executed by another"), "{}", run.err);
    assert!(run.err.contains("name the second with --executed-by"), "{}", run.err);
    for (one, other) in [("", "b@x"), (" ", "b@x"), (".", "b@x"), ("a@b", "--"), ("token: ", "b@x")]
    {
        let words = ["--basis", "b", "--decision", "d", "--decided-by", one];
        let other = format!("--executed-by={other}");
        let run = folder.run(&[&["erase", "event", "e3"][..], &words, &[other.as_str()]].concat());
        assert!(run.code == 2 && run.err.contains("is not named"), "{one:?} {other:?}: {run:?}");
    }
    let add = ["hold", "add", "case-4", "store", "--reason", "authority request"];
    for nobody in [&[][..], &["--by", " "], &["--by", "."], &["--by", "unknown"]] {
        let run = folder.run(&[&add[..], nobody].concat());
        assert!(run.code == 2 && run.err.contains("nobody says it: --by WHO"), "{run:?}");
    }
    folder.done(&[&add[..], &["--by", "anna@bank.example"]].concat());
    let held = folder.run(&with_words(&["erase", "event", "e3"], &[]));
    assert_eq!(held.code, 2);
    assert!(held.err.contains("the hold `case-4`"), "{}", held.err);
    let refused = folder.run(&with_words(&["--json", "erase", "event", "e3"], &["--refuse"]));
    assert_eq!(refused.json()["decision"], "refused");
    let listed = folder.done(&["--json", "hold", "list"]).json();
    assert_eq!(
        (&listed["holds"][0]["name"], &listed["holds"][0]["scope"]),
        (&json!("case-4"), &json!("store"))
    );
    let release = ["hold", "release", "case-4", "--reason", "closed"];
    let run = folder.run(&release);
    assert!(run.code == 2 && run.err.contains("nobody says it"), "{run:?}");
    folder.done(&[&release[..], &["--actor", "anna@bank.example"]].concat());
    assert_eq!(folder.run(&with_words(&["erase", "event", "e3"], &[])).code, 0);
}

#[test]
fn seeds_that_are_missing_are_not_written_anew_unless_somebody_goes_on_without() {
    let folder = folder();
    let seeds = folder.path().join(".lineal/keys/seeds");
    let whole = std::fs::read(&seeds).expect("a store has seeds");
    std::fs::write(&seeds, &whole[..64]).expect("they are cut");
    let refused = folder.run(&with_words(&["erase", "event", "e3"], &[]));
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("keys/seeds is here and lacks the key"), "{refused:?}");
    assert!(refused.err.contains("--despite-missing-seeds"), "{refused:?}");
    // Nor is anything else written beside them.
    let hold = ["hold", "add", "case-5", "store", "--reason", "a request", "--by", "a@b.example"];
    let held = folder.run(&hold);
    assert!(held.code == 3 && held.err.contains("nothing was written"), "{held:?}");
    let both = with_words(&["erase", "event", "e3"], &["--refuse", "--despite-missing-seeds"]);
    assert_eq!(folder.run(&both).code, 2);
    // Of a batch that goes whole no leaf is kept, and so no seed needed.
    let all = ["erase", "event", "e0", "e1", "e2", "e3", "e4", "e5", "e6", "e7"];
    let done = folder.run(&with_words(&all, &["--despite-missing-seeds"]));
    assert_eq!(done.code, 0, "{done:?}");
    let list = folder.done(&["erase", "list", "--json"]).json();
    let basis = list["erasures"][0]["basis"].as_str().unwrap_or_default().to_owned();
    assert!(basis.starts_with("GDPR 17(1)(b); done while keys/seeds lacked the key"), "{basis}");
    assert_eq!(folder.run(&["verify"]).code, 3, "what is missing is told as before");
}

#[test]
fn a_ceiling_is_stated_by_the_operator_and_executed_by_a_second_person() {
    let folder = old_folder();
    let shown = folder.done(&["retention", "--at", "2021-03-02"]);
    assert!(shown.out.contains("the ceiling is undeclared"), "{}", shown.out);
    assert_eq!(folder.run(&["retention", "apply", "--propose", "due.json"]).code, 2);
    folder.write("policy.toml", POLICY);
    let due = |at: &str| {
        let run = folder.done(&["--json", "retention", "--policy", "policy.toml", "--at", at]);
        run.json()["inference-log"]["due"].as_array().unwrap().len()
    };
    assert_eq!((due("2021-02-28"), due("2021-03-02")), (0, 1));
    let none = ["retention", "apply", "--propose", "none.json", "--policy", "policy.toml"];
    let none = folder.run(&[&none[..], &["--at", "2021-02-28"]].concat());
    assert!(none.code == 1 && none.out.contains("no proposal was written"), "{none:?}");
    assert!(!folder.path().join("none.json").exists());
    let to = ["--policy", "policy.toml", "--at", "2021-03-02"];
    let propose = ["--json", "retention", "apply", "--propose", "due.json"];
    let proposed = folder.done(&[&propose[..], &to[..]].concat()).json();
    let digest = proposed["sha256"].as_str().unwrap().to_owned();
    let execute = |digest: &str, at: &str| {
        let words = ["retention", "apply", "--execute", "due.json", "--digest", digest, "--at", at];
        folder.run(&[&words[..], &["--policy", "policy.toml"], &PERSONS[..]].concat())
    };
    assert_eq!(execute(&"0".repeat(64), "2021-03-02").code, 2);
    let words = ["retention", "apply", "--execute", "due.json", "--digest", &digest];
    let bare = folder.run(&[&words[..], &PERSONS[..]].concat());
    assert!(bare.code == 2 && bare.err.contains("the policy `bank`, version 3"), "{bare:?}");
    assert!(bare.err.contains("as --policy FILE"), "{bare:?}");
    let early = execute(&digest, "2021-02-01");
    assert!(early.code == 2 && early.err.contains("and not before"), "{early:?}");
    let done = execute(&digest, "2021-03-02");
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.out.contains("8 rows in 1 batch"), "{done:?}");
    assert_eq!(folder.run(&["trace", &"04".repeat(32)]).code, 2);
    assert_eq!(due("2021-03-02"), 0, "what is erased is not due again");
    assert_eq!(folder.run(&["verify"]).code, 0);
}

/// Writes a proposal and executes it, as one would who was told its digest, under a policy as of a time.
fn execute(folder: &Folder, proposal: &serde_json::Value, at: &str) -> Run {
    let text = proposal.to_string();
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
    folder.write("hand.json", &text);
    let words = ["retention", "apply", "--execute", "hand.json", "--digest", &digest, "--at", at];
    folder.run(&[&words[..], &["--policy", "policy.toml"], &PERSONS].concat())
}

#[test]
fn a_proposal_that_was_written_by_hand_erases_nothing_that_is_not_due() {
    let folder = old_folder();
    let later = lines_of("2021-01-01", 0..8)
        .replace("\"event_id\":\"e", "\"event_id\":\"x")
        .replace("\"_id\":\"L", "\"_id\":\"M");
    let run = folder.run_with(&["--json", "import", "-"], later.as_bytes());
    assert_eq!(run.json()["counts"]["accepted"], 8, "{run:?}");
    folder.write("policy.toml", POLICY);
    // What would be due a year later, with the words that it would need to be due now.
    let proposed = |at: &str, file: &str| -> serde_json::Value {
        let to = ["retention", "apply", "--policy", "policy.toml", "--at", at, "--propose", file];
        folder.done(&to);
        serde_json::from_slice(&std::fs::read(folder.path().join(file)).unwrap()).unwrap()
    };
    let now = "2021-03-02";
    let due = proposed(now, "due.json");
    let mut hand = proposed("2022-03-02", "all.json");
    assert_eq!(
        (due["batches"].as_array().unwrap().len(), hand["batches"].as_array().unwrap().len()),
        (1, 2)
    );
    let recent: Vec<usize> = (0..2).filter(|at| hand["batches"][at] != due["batches"][0]).collect();
    let name = hand["batches"][recent[0]]["name"].as_str().unwrap().to_owned();
    for at in 0..2 {
        hand["batches"][at]["ceiling"] = json!("2021-01-01T00:00:00Z");
    }
    let stands = || {
        let told =
            folder.done(&["--json", "retention", "--policy", "policy.toml", "--at", "2022-03-02"]);
        told.json()["inference-log"]["due"].as_array().unwrap().len()
    };
    let refuse = |proposal: &serde_json::Value, at: &str, says: &[&str]| {
        let run = execute(&folder, proposal, at);
        assert_eq!(run.code, 2, "{run:?}");
        for words in says {
            assert!(run.err.contains(words), "{words}: {run:?}");
        }
        assert_eq!(stands(), 2, "{says:?}: nothing is erased");
    };
    let not_due = "names what is not due now, so nothing was erased";
    refuse(&hand, now, &[not_due, &name, "it is kept for P6M at least, until 2021-07-01"]);
    refuse(&hand, "2021-08-01", &[not_due, &name, "it is due on 2022-01-01", "and not before"]);
    // Its own words about the policy are held to the policy.
    for (field, other, says) in [
        (
            "max",
            json!("P1D"),
            "its `max` is `P1D`, and that of the class `inference-log` in the policy is `P12M`",
        ),
        ("basis", json!("because"), "its `basis` is `because`"),
        (
            "policy_version",
            json!(4),
            "proposed under the policy `bank`, version 4; this is `bank`, version 3",
        ),
        ("class", json!("technical-file"), "nothing of the class `technical-file` is erased"),
        ("class", json!("access-trail"), "nothing of the class `access-trail` is erased"),
        ("fields", json!([{ "node": "0".repeat(64), "field": "question" }]), "is no proposal"),
    ] {
        let mut changed = due.clone();
        changed[field] = other;
        refuse(&changed, now, &[says]);
    }
    let mut stranger = due.clone();
    stranger["batches"][0]["batch"] = json!("0".repeat(64));
    refuse(&stranger, now, &[not_due, "no batch of this id is here"]);
    refuse(&due, "2200-01-01", &["a time to come"]);
    // A hold that came behind the proposal stops it.
    let hold =
        ["hold", "add", "case-4", "store", "--reason", "authority request", "--by", "a@b.example"];
    folder.done(&hold);
    refuse(&due, now, &[not_due, "it is held: case-4"]);
    folder.done(&["hold", "release", "case-4", "--reason", "closed", "--actor", "a@b.example"]);
    let done = execute(&folder, &due, now);
    assert!(done.code == 0 && done.out.contains("8 rows in 1 batch"), "{done:?}");
    assert_eq!(stands(), 1);
}
