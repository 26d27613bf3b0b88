//! `lineal --url erase`, `hold` and `checkpoint`: a server that writes does it, for who may.

#![cfg(unix)]

use crate::erase::lines;
use crate::program::Run;
use crate::remote_import::There;
use serde_json::json;

const WORDS: [&str; 6] =
    ["--basis", "GDPR 18(1)(b)", "--decision", "R-118", "--decided-by", "officer@bank.example"];

fn there() -> There {
    let there = There::new();
    let run = there.run("importer", &["--json", "import", "-"], lines(0..8).as_bytes());
    assert_eq!(run.json()["events"], 8, "{run:?}");
    there
}

fn erase(there: &There, more: &[&str]) -> Run {
    there.run("privacy-officer", &[&["erase", "event", "e3"], more, &WORDS[..]].concat(), b"")
}

#[test]
fn an_officer_restricts_lifts_and_erases_over_a_server_and_others_see_what_came_of_it() {
    let there = there();
    let question = "find inference as i where i.event_id = \"e3\" return i.event_id";
    let ask = |role: &str| there.run(role, &["--json", "query", question], b"").json();
    assert_eq!(ask("engineer")["rows"], json!([["e3"]]));
    let here = erase(&there, &["--restrict", "--executed-by", "b@bank.example"]);
    assert!(here.code == 2 && here.err.contains("the token says who"), "{here:?}");
    let other = [&["erase", "event", "e3"], &WORDS[..]].concat();
    assert_eq!(there.run("engineer", &other, b"").code, 2, "not for this role");

    let run = erase(&there, &["--restrict"]);
    assert!(run.code == 0 && run.out.contains("restricted in commit"), "{run:?}");
    let hidden = ask("engineer");
    let state = &hidden["completeness"]["state"];
    assert_eq!((&hidden["rows"], state), (&json!([]), &json!("cannot_tell")), "{hidden}");
    let said = there.run("engineer", &["query", question], b"");
    assert!(said.all().contains("is restricted, not shown"), "{said:?}");
    let seen = ask("privacy-officer");
    assert_eq!(
        (&seen["rows"], &seen["completeness"]["state"]),
        (&json!([["e3"]]), &json!("complete"))
    );
    assert_eq!(there.run("privacy-officer", &["show", "e3"], b"").code, 0);
    assert_ne!(there.run("engineer", &["show", "e3"], b"").code, 0);
    let refused = erase(&there, &[]);
    assert!(refused.code != 0 && refused.err.contains("--lift"), "{refused:?}");

    assert!(erase(&there, &["--lift"]).out.contains("lifted in commit"));
    assert_eq!(ask("engineer")["rows"], json!([["e3"]]));
    let run = erase(&there, &["--json"]);
    assert_eq!((&run.json()["decision"], &run.json()["rows"]), (&json!("erased"), &json!(1)));
    assert_eq!(ask("privacy-officer")["rows"], json!([]));
    let listed = there.run("privacy-officer", &["--json", "erase", "list"], b"").json();
    let decided: Vec<_> = listed["erasures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["decision"].as_str().unwrap(), one["rows"].as_u64().unwrap()))
        .collect();
    assert_eq!(decided, [("restricted", 1), ("lifted", 1), ("erased", 1)]);
    assert_eq!(there.run("engineer", &["erase", "list"], b"").code, 2);
    let listed = there.run("admin", &["erase", "list"], b"");
    assert!(listed.out.lines().count() == 3 && listed.out.contains("R-118"), "{listed:?}");
}

#[test]
fn holds_and_checkpoints_are_made_over_a_server() {
    let there = there();
    let officer = |words: &[&str]| there.run("privacy-officer", words, b"");
    assert!(officer(&["hold", "list"]).out.contains("no hold stands"));
    let held = officer(&["hold", "add", "case-4", "store", "--reason", "authority request"]);
    assert!(held.code == 0 && held.out.contains("case-4 held in commit"), "{held:?}");
    assert!(erase(&there, &[]).err.contains("case-4"));
    let listed = officer(&["hold", "list"]);
    assert!(listed.out.contains("authority request") && listed.out.contains("since"), "{listed:?}");
    assert_eq!(officer(&["hold", "release", "case-4", "--reason", "closed"]).code, 0);
    assert_eq!(officer(&["--json", "hold", "list"]).json()["holds"], json!([]));

    assert_eq!(there.run("engineer", &["checkpoint"], b"").code, 2, "not for this role");
    let first = there.run("admin", &["checkpoint"], b"");
    assert!(first.code == 0 && first.out.contains("lineal/"), "{first:?}");
    let size = first.out.lines().nth(1).unwrap().to_owned();
    let again = there.run("engineer", &["checkpoint", "--size", &size], b"");
    assert_eq!(again.out, first.out);
    assert_eq!(erase(&there, &[]).code, 0);
    let later = there.run("admin", &["--json", "checkpoint"], b"").json();
    let range = format!("{size}..{}", later["size"]);
    let grown = there.run("engineer", &["checkpoint", "--consistency", &range], b"");
    assert!(grown.out.starts_with(&format!("old {size}\n")), "{grown:?}");
    assert!(grown.out.ends_with(later["note"].as_str().unwrap()), "{grown:?}");
    let proof = there.run("engineer", &["checkpoint", "--proof", "1", "--entry", "entry"], b"");
    assert!(proof.code == 0 && proof.out.contains("c2sp.org/tlog-proof"), "{proof:?}");
    assert!(std::fs::metadata(there.folder.path().join("entry")).unwrap().len() > 100);
    let beside = there.run("admin", &["checkpoint", "--rotate-key"], b"");
    assert!(beside.code == 2 && beside.err.contains("beside the store"), "{beside:?}");
}

#[test]
fn an_administrator_keeps_a_store_over_a_server() {
    let there = there();
    let admin = |arguments: &[&str]| there.run("admin", arguments, b"");
    for more in [&["--fast"][..], &["--bytes"], &[]] {
        let run = admin(&[&["verify"], more].concat());
        assert!(run.code == 0 && run.out.contains("no fault found"), "{run:?}");
    }
    let verified = admin(&["--json", "verify", "--fast", "--require-keys"]).json();
    assert_eq!((&verified["sound"], &verified["depth"]), (&json!(true), &json!("fast")));
    let rehearsed = admin(&["compact", "--dry-run"]);
    assert!(rehearsed.code == 0 && rehearsed.out.contains("nothing to do"), "{rehearsed:?}");
    let packed = admin(&["--json", "compact"]);
    assert_eq!((packed.code, &packed.json()["dry_run"]), (0, &json!(false)), "{packed:?}");
    let retracted = admin(&["retract", "import:1", "--reason", "the wrong file"]);
    assert!(retracted.out.contains("import:1 retracted in commit"), "{retracted:?}");
    let twice = admin(&["retract", "1"]);
    assert!(twice.code == 2 && twice.err.contains("retracted"), "{twice:?}");
    assert!(admin(&["retract", "1", "--restore"]).out.contains("restored"));
    let named = admin(&["retract", "1", "--actor", "boss@bank.example"]);
    assert!(named.code == 2 && named.err.contains("the token says who"), "{named:?}");
    for command in [&["verify", "--fast"][..], &["compact"], &["retract", "1"]] {
        let refused = there.run("engineer", command, b"");
        assert!(refused.code == 2 && refused.err.contains("role"), "{refused:?}");
    }
    let recorded = there.run("engineer", &["check", "--record"], b"");
    assert!(recorded.code == 0 && recorded.out.contains("recorded as document"), "{recorded:?}");
    let again = there.run("engineer", &["check", "--diff", "recorded", "now"], b"");
    assert!(again.code == 0 && again.out.contains("0 gone"), "{again:?}");
    let named = there.run("engineer", &["check", "--record", "--by", "a@b.example"], b"");
    assert!(named.code == 2 && named.err.contains("the token says who"), "{named:?}");
}

#[test]
fn an_administrator_makes_lists_and_revokes_tokens_over_a_server() {
    let there = there();
    let admin = |arguments: &[&str]| there.run("admin", arguments, b"");
    let made = admin(&["token", "create", "--role", "engineer", "--name", "a dashboard"]);
    assert!(made.code == 0 && made.out.starts_with("lineal_"), "{made:?}");
    assert!(made.err.contains("it is shown this once") && !made.err.contains("lineal_"));
    there.folder.write("new", &made.out);
    let stats = || there.run("new", &["--json", "stats"], b"");
    assert_eq!(stats().code, 0);
    let listed = admin(&["--json", "token", "list"]);
    let beside = ["--json", "token", "list", "--config", "server.toml"];
    assert_eq!(listed.json(), there.folder.done(&beside).json());
    let all = listed.json();
    let id = all.as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
    assert!(admin(&["token", "list"]).out.contains("a dashboard"));
    let revoked = admin(&["token", "revoke", &id]);
    assert!(revoked.out.contains(&format!("revoked {id}, engineer, a dashboard")), "{revoked:?}");
    assert_eq!(stats().code, 2, "it is good for nothing");
    for wrong in ["000000000000", "../query"] {
        assert_eq!(admin(&["token", "revoke", wrong]).code, 2, "{wrong}");
    }
    let unbound = admin(&["token", "create", "--role", "auditor", "--name", "x"]);
    assert!(unbound.code == 2 && unbound.err.contains("names the systems"), "{unbound:?}");
    let file = admin(&["token", "list", "--tokens", "tokens.json"]);
    assert!(file.code == 2 && file.err.contains("does not go with --url"), "{file:?}");
    let create = ["token", "create", "--role", "engineer", "--name", "x"];
    let config = admin(&[&create[..], &["--config", "nowhere.toml"]].concat());
    assert!(
        config.code == 2 && config.err.contains("--config does not go with --url"),
        "{config:?}"
    );
    let nowhere = admin(&[&create[..], &["--only", "nosuch"]].concat());
    assert!(nowhere.code == 2 && nowhere.err.contains("is not served here"), "{nowhere:?}");
    let refused = there.run("engineer", &["token", "list"], b"");
    assert!(refused.code == 2 && refused.err.contains("role"), "{refused:?}");
}

#[test]
fn who_decides_is_another_than_the_token_and_what_is_restricted_is_the_servers_to_show() {
    let there = there();
    let listed = there.run("admin", &["--json", "token", "list"], b"").json();
    let own = listed.as_array().unwrap().iter().find(|it| it["role"] == "privacy-officer");
    let own = format!("token: {}", own.unwrap()["id"].as_str().unwrap());
    for (one, words) in [(own.as_str(), "names another person"), ("", "who decided is not named")] {
        let words_of = ["--basis", "b", "--decision", "d", "--decided-by", one];
        let erase = [&["erase", "event", "e3"][..], &words_of].concat();
        let refused = there.run("privacy-officer", &erase, b"");
        assert!(refused.code == 2 && refused.err.contains(words), "{refused:?}");
        assert!(!refused.err.contains("--executed-by"), "{refused:?}");
    }
    let asked = there.run("privacy-officer", &["--restricted", "query", "find model"], b"");
    assert!(
        asked.code == 2 && asked.err.contains("--restricted does not go with --url"),
        "{asked:?}"
    );
}

#[test]
fn what_is_due_is_proposed_and_executed_over_a_server_by_who_the_token_says() {
    let there = there();
    there.folder.write(
        "policy.toml",
        "[policy]\nname = \"bank\"\nversion = 3\n[[retention]]\nclass = \"inference-log\"\nmin = \"P1D\"\n\
         max = \"P2D\"\nanchor = \"event.at\"\nbasis = \"b\"\npurpose = \"p\"\nmax_basis = \"m\"\n",
    );
    let apply = |more: &[&str]| {
        let words = ["--json", "retention", "apply", "--policy", "policy.toml"];
        there.run("privacy-officer", &[&words[..], more].concat(), b"")
    };
    let proposed = apply(&["--propose", "due.json"]);
    assert_eq!((proposed.code, &proposed.json()["batches"]), (0, &json!(1)), "{proposed:?}");
    let told = proposed.json();
    let digest = told["sha256"].as_str().unwrap();
    let execute =
        ["--execute", "due.json", "--digest", digest, "--decided-by", "anna@bank.example"];
    let named = apply(&[&execute[..], &["--executed-by", "bert@bank.example"]].concat());
    assert!(named.code == 2 && named.err.contains("the token says who executes"), "{named:?}");
    let other = ["--execute", "due.json", "--digest", "00", "--decided-by", "anna@bank.example"];
    let other = apply(&other);
    assert!(
        other.code == 2 && other.err.contains("is not the proposal that was read"),
        "{other:?}"
    );
    let done = apply(&execute);
    assert_eq!((done.code, &done.json()["rows"]), (0, &json!(8)), "{done:?}");
    let nothing = apply(&["--propose", "again.json"]);
    assert_eq!((nothing.code, &nothing.json()["proposal"]), (1, &json!(null)), "{nothing:?}");
    let listed = there.run("privacy-officer", &["erase", "list"], b"");
    assert!(listed.out.contains(digest), "{listed:?}");
}

#[test]
fn what_needs_the_folder_says_how_to_do_it_there_and_a_rebuild_needs_it_not() {
    let there = there();
    let admin = |arguments: &[&str]| there.run("admin", arguments, b"");
    let rebuilt = admin(&["rebuild"]);
    assert!(rebuilt.code == 0 && rebuilt.out.contains("rebuilt everything derived"), "{rebuilt:?}");
    for (command, instead) in [
        (&["repair"][..], "lineal --store DIR repair"),
        (&["migrate"], "lineal --store DIR migrate"),
        (&["init", "new"], "lineal init DIR"),
        (&["restore", "copy", "new"], "lineal restore COPY DIR"),
    ] {
        let refused = admin(command);
        assert!(refused.code == 2 && refused.err.contains(instead), "{refused:?}");
    }
    assert!(!there.folder.path().join("new").exists());
}
