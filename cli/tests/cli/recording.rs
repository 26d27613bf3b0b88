//! What people state, as commands: declared, attached, approved with a key, and asked for by the gate.

use crate::program::{DATABASE, Folder};
use expect_test::expect;
use serde_json::json;

const MODEL: &str = "model:credit-risk-scorer@2";
const NOVAK: [&str; 2] = ["--by", "a.novak@bank.example"];
const KEY: &str = include_str!("../../../evidence/tests/approver.key");
const PUBLIC: &str = include_str!("../../../evidence/tests/approver.pub");

fn by(words: &[&'static str], more: &[&'static str]) -> Vec<&'static str> {
    [words, &NOVAK, more].concat()
}

#[test]
fn a_release_record_is_put_together_and_the_gate_opens() {
    let folder = Folder::with(&[DATABASE]);
    folder.write("id_ed25519", KEY);
    folder.write("id_ed25519.pub", PUBLIC);
    folder.write("risk.md", "the risks are these\n");
    let closed = folder.run(&["gate", MODEL]);
    assert_eq!(closed.code, 1, "{closed:?}");
    let last = closed.out.lines().last().unwrap_or_default();
    expect!["models:/credit-risk-scorer/2: promotion refused, missing run, change, approval"]
        .assert_eq(last);

    folder.done(&by(&["declare", "system", "credit-score", "provider=Example Bank"], &[]));
    folder.done(&by(&["declare", "role", "credit-score", "provider"], &[]));
    folder.done(&by(&["declare", "scope", "credit-score", "risk_class=high"], &[]));
    folder.done(&by(&["declare", "node", MODEL, "--belongs-to", "credit-score"], &[]));
    let run = "run:4cf1c180887a4e388881bec9652668c5";
    folder.done(&by(&["declare", "node", run, "--edge", "executes=code:9f2c1a7e"], &[]));
    let attach = ["attach", "risk.md", "--to", "system:credit-score", "--type", "risk_management"];
    folder.done(&by(&attach, &["--keep", "reviewed_at=2026-03-12"]));
    let change = ["change", MODEL, "--decision", "not_substantial", "--reason", "same features"];
    folder.done(&by(&change, &[]));
    folder.done(&by(&["key", "add", "id_ed25519.pub", "--of", "b.horvat@bank.example"], &[]));
    let words = ["approve", MODEL, "--by", "b.horvat@bank.example", "--role", "release_manager"];
    let approved =
        folder.done(&[&words[..], &["--key", "id_ed25519", "--reason", "it holds"]].concat());
    assert!(
        approved.out.contains("granted: signed by 1 of 1 distinct keys")
            && approved.out.contains("(the approver's key on record)"),
        "{approved:?}"
    );
    // Nobody is recorded who made it: that four eyes saw it cannot be told, until somebody is.
    let unknown = folder.run(&["gate", MODEL]);
    assert!(unknown.code == 4 && unknown.out.contains("another person approved it"), "{unknown:?}");
    folder
        .done(&by(&["declare", "node", run, "--edge", "done_by=actor:a.novak@bank.example"], &[]));
    let open = folder.run(&["--json", "gate", MODEL]);
    assert_eq!((open.code, &open.json()["passes"]), (0, &json!(true)), "{open:?}");

    // What was stated shows, is proved, verified, and retracted as what was imported.
    let asked = folder.done(&[
        "query",
        "find approval approves model where decision = \"granted\" and envelope is not null",
    ]);
    let name = asked.out.lines().find_map(|line| line.trim().strip_prefix("approval:"));
    let name = format!("approval:{}", name.unwrap_or_default().trim());
    let shown = folder.done(&["show", &name]);
    assert!(shown.out.contains("signature       signature valid"), "{shown:?}");
    assert_eq!(folder.done(&["--json", "verify"]).json()["signatures_wrong"], json!([]));
    let import = approved.out.split("import:").nth(1).and_then(|it| it.split('`').next());
    folder.done(&["retract", import.unwrap_or_default()]);
    assert_eq!(folder.run(&["gate", MODEL]).code, 1);
}

/// The same key with the passphrase `four words of it`.
const ENCRYPTED: &str = include_str!("../../../evidence/tests/approver-aes256-ctr.key");

#[test]
fn a_key_with_a_passphrase_signs_with_what_a_file_or_the_environment_says() {
    let folder = Folder::with(&[DATABASE]);
    folder.write("id_ed25519", ENCRYPTED);
    folder.write("id_ed25519.pub", PUBLIC);
    folder.write("right", "four words of it\nwhat follows is none of it\n");
    folder.write("wrong", "five words\n");
    folder.done(&by(&["key", "add", "id_ed25519.pub", "--of", "b.horvat@bank.example"], &[]));
    let approve = |more: &[&'static str]| {
        let words =
            ["approve", MODEL, "--by", "b.horvat@bank.example", "--role", "release_manager"];
        [&words[..], &["--key", "id_ed25519"], more].concat()
    };
    let wrong = folder.run(&approve(&["--passphrase-file", "wrong"]));
    assert_eq!((wrong.code, wrong.out.as_str()), (2, ""), "{wrong:?}");
    assert!(wrong.err.contains("the passphrase does not open the key"), "{wrong:?}");
    let missing = folder.run(&approve(&["--passphrase-file", "nowhere"]));
    assert!(missing.code == 2 && missing.err.contains("--passphrase-file nowhere"), "{missing:?}");
    let by_file = folder.done(&approve(&["--passphrase-file", "right"]));
    assert!(by_file.out.contains("signed by 1 of 1 distinct keys"), "{by_file:?}");
    let mut by_variable = folder.command(&approve(&["--stage", "prod"]));
    let done = by_variable.env("LINEAL_KEY_PASSPHRASE", "four words of it").output();
    let done = done.expect("lineal starts");
    assert!(done.status.success(), "{done:?}");
    // The trail and the answers hold nothing of it.
    for said in [&by_file.out, &String::from_utf8_lossy(&done.stdout).into_owned()] {
        assert!(!said.contains("four words"), "{said}");
    }
}

#[test]
fn refusals_say_what_to_do() {
    let folder = Folder::with(&[DATABASE]);
    folder.write("no.key", "hello");
    let told = |words: &[&str]| {
        let run = folder.run(words);
        format!("{} {}", run.code, run.err)
    };
    expect![[r#"
        2 error: nothing is called system:credit-scor
    "#]]
    .assert_eq(&told(&by(&["declare", "scope", "credit-scor", "risk_class=high"], &[])));
    expect![[r#"
        2 error: a system has no field `purpose`; did you mean intended_purpose?
    "#]]
    .assert_eq(&told(&by(&["declare", "system", "s", "purpose=x"], &[])));
    expect![[r#"
        2 error: this is no private key; it is a file of `ssh-keygen -t ed25519` or of `openssl genpkey -algorithm ed25519`
    "#]]
    .assert_eq(&told(&by(&["approve", MODEL, "--role", "r", "--key", "no.key"], &[])));
    expect![[r#"
        1 error: four eyes: who approves run:35c31174df604b9d899a11ce26917c7d is among those who made it (run:35c31174df604b9d899a11ce26917c7d); another person has to approve it
    "#]]
    .assert_eq(&told(&[
        "approve", "run:35c31174df604b9d899a11ce26917c7d", "--role", "r", "--by", "ci-bot",
    ]));
    expect![[r#"
        2 error: it ends (2026-01-01T00:00:00Z) before it begins (2026-02-01T00:00:00Z)
    "#]]
    .assert_eq(&told(&by(
        &["waive", "DAT-01", "--node", MODEL, "--until", "2026-01-01", "--reason", "x"],
        &["--at", "2026-02-01"],
    )));
}
