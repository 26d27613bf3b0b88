//! What people claim and what a verdict says of it: another spelling switches no rule off, a time that
//! is still to come counts for nothing, and a closed pipe changes no code.

use crate::program::{ARCHIVE, DATABASE, Folder};
use serde_json::Value as Json;
use std::process::Stdio;

const MODEL: &str = "model:credit-risk-scorer@2";
const SYSTEM: &str = "credit-score";
const NOVAK: [&str; 2] = ["--by", "a.novak@bank.example"];

fn by<'a>(words: &[&'a str]) -> Vec<&'a str> {
    [words, &NOVAK[..]].concat()
}

/// A store with a system that is declared to be high-risk.
fn declared() -> Folder {
    let folder = Folder::with(&[DATABASE]);
    folder.done(&by(&["declare", "system", SYSTEM, "provider=Example Bank"]));
    folder.done(&by(&["declare", "role", SYSTEM, "provider"]));
    folder.done(&by(&["declare", "scope", SYSTEM, "risk_class=high", "annex_point=III.5(b)"]));
    folder.done(&by(&["declare", "node", MODEL, "--belongs-to", SYSTEM]));
    folder
}

/// The code of a command whose output nobody reads.
fn code_unheard(folder: &Folder, arguments: &[&str]) -> Option<i32> {
    let mut child = folder.command(arguments).stderr(Stdio::null()).spawn().expect("it starts");
    // The pipe is closed before anything is written: the command opens a store first.
    drop(child.stdout.take());
    child.wait().expect("it ends").code()
}

#[test]
fn another_spelling_of_a_class_is_refused_and_switches_no_rule_off() {
    let folder = declared();
    for (wrong, near) in [
        ("risk_class=High", "did you mean high?"),
        ("risk_class=HIGH", "did you mean high?"),
        ("risk_class=high-risk", "did you mean high?"),
        ("risk_class=hihg", "did you mean high?"),
        ("annex_point=XYZ", "III.5(b)"),
        ("role=Provider", "did you mean provider?"),
    ] {
        // Only where it is stated with who says so.
        for (what, says) in [("scope", near), ("system", "`lineal declare scope`")] {
            let refused = folder.run(&by(&["declare", what, SYSTEM, wrong]));
            assert!(refused.code == 2 && refused.err.contains(says), "{wrong}: {refused:?}");
        }
    }
    for wrong in ["harm_class=Death", "harm_class=deth"] {
        let refused = folder.run(&by(&[
            "incident",
            "INC-1",
            "--concerns",
            &format!("system:{SYSTEM}"),
            wrong,
        ]));
        assert!(refused.code == 2 && refused.err.contains("did you mean death?"), "{refused:?}");
    }
    assert_eq!(folder.run(&["check", SYSTEM, "--fail-on", "blocker"]).code, 1);
}

#[test]
fn a_verdict_stands_when_nobody_reads_it() {
    let folder = declared();
    for arguments in [
        &["check", SYSTEM, "--fail-on", "blocker"][..],
        &["--json", "check", SYSTEM, "--fail-on", "blocker"],
        &["gate", MODEL],
        &["--json", "gate", MODEL],
    ] {
        assert_eq!(folder.run(arguments).code, 1, "{arguments:?}");
        assert_eq!(code_unheard(&folder, arguments), Some(1), "{arguments:?}");
    }
    assert_eq!(code_unheard(&folder, &["verify"]), Some(0));
    assert_eq!(code_unheard(&folder, &["verify", "--require-keys"]), Some(0));
    std::fs::remove_file(folder.path().join(".lineal/keys/seeds")).ok();
    let verdict = folder.run(&["verify", "--require-keys"]).code;
    assert_eq!(code_unheard(&folder, &["verify", "--require-keys"]), Some(verdict));
    // Where the code is no verdict, whoever had enough did nothing wrong.
    assert_eq!(code_unheard(&folder, &["stats"]), Some(0));
}

#[test]
fn a_decision_of_a_time_to_come_is_refused_and_the_last_word_is_the_one_recorded_last() {
    let folder = declared();
    let approve = |at: &'static str| {
        by(&["approve", MODEL, "--role", "release_manager", "--reason", "it holds", "--at", at])
    };
    let refused = folder.run(&approve("2130-01-01"));
    assert!(refused.code == 2 && refused.err.contains("still to come"), "{refused:?}");
    // Said later, of an earlier day: it was said later.
    folder.done(&approve("2025-10-28"));
    let reject = ["reject", MODEL, "--role", "release_manager", "--reason", "drift"];
    let rejected = folder.done(&by(&[&reject[..], &["--at", "2025-10-01"]].concat()));
    assert!(rejected.out.contains("rejected:"), "{rejected:?}");
    assert!(rejected.out.contains("not signed"), "{rejected:?}");
    let gate = folder.run(&["--json", "gate", MODEL]).json();
    let items = gate["items"].as_array().cloned().unwrap_or_default();
    let approval = items.iter().find(|item| item["id"] == "approval").cloned().unwrap_or_default();
    assert_eq!(approval["status"], "missing", "{approval}");
    assert!(approval["why"].to_string().contains("rejected"), "{approval}");
}

#[test]
fn a_decision_is_told_of_itself_and_not_of_another() {
    let folder = declared();
    folder.write("id", include_str!("../../../evidence/tests/approver.key"));
    folder.write("id.pub", include_str!("../../../evidence/tests/approver.pub"));
    folder.done(&by(&["key", "add", "id.pub", "--of", "b.horvat@bank.example"]));
    let approve = ["approve", MODEL, "--by", "b.horvat@bank.example", "--role", "release_manager"];
    let signed = folder.done(&[&approve[..], &["--key", "id"]].concat());
    assert!(signed.out.contains("signature valid"), "{signed:?}");
    let by_another = ["--by", "c@bank.example", "--role", "risk", "--reason", "drift"];
    let earlier = ["--at", "2025-10-01"];
    let rejected = folder.done(&[&["reject", MODEL][..], &by_another, &earlier].concat());
    assert!(
        rejected.out.contains("\n  not signed") && !rejected.out.contains("signature valid"),
        "{rejected:?}"
    );
}

#[test]
fn an_incident_has_the_time_that_is_said_and_no_other() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    folder.done(&by(&["declare", "system", SYSTEM, "provider=Example Bank"]));
    folder.done(&by(&["declare", "node", MODEL, "--belongs-to", SYSTEM]));
    let incident = ["incident", "INC-1", "--concerns", &format!("system:{SYSTEM}")];
    folder.done(&by(&[&incident[..], &["aware_at=2026-01-05T09:00:00Z"]].concat()));
    let shown = folder.done(&["--json", "show", "incident:INC-1"]).json();
    assert_eq!(shown["fields"]["time"], Json::Null, "{shown}");
    let report = folder.done(&["report", "incident", "INC-1", "--format", "md"]);
    assert!(report.out.contains("when it happened is not recorded"), "{report:?}");
    assert!(report.out.contains("until before 2026-01-05T09:00:00Z"), "{report:?}");
    // What contradicts itself is said.
    folder.done(&by(&[
        "incident",
        "INC-1",
        "--at",
        "2026-01-06",
        "reported_at=2026-01-01",
        "harm_class=death",
        "declared_serious=true",
    ]));
    let report = folder.done(&["report", "incident", "INC-1", "--format", "md"]);
    assert!(report.out.contains("it became known before it happened"), "{report:?}");
    assert!(report.out.contains("it was reported before it was known"), "{report:?}");
}

#[test]
fn a_public_key_of_openssl_is_taken() {
    let folder = Folder::with(&[]);
    // `openssl pkey -pubout` of a key of RFC 8410, section 10.1.
    folder.write(
        "key.pem",
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n",
    );
    let added = ["key", "add", "key.pem", "--of", "b.horvat@bank.example"];
    folder.done(&by(&added));
    let listed = folder.done(&["--json", "key", "list"]).json();
    let name = listed["keys"][0]["key"].as_str().unwrap_or_default().to_owned();
    assert!(name.starts_with("SHA256:"), "{listed}");
    folder.write(
        "rsa.pem",
        "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJB\n-----END PUBLIC KEY-----\n",
    );
    let refused = folder.run(&by(&["key", "add", "rsa.pem", "--of", "c@bank.example"]));
    assert!(refused.code == 2 && refused.err.contains("Ed25519"), "{refused:?}");
}

#[test]
fn a_waiver_is_of_a_rule_that_there_is() {
    let folder = declared();
    let waive = |rule: &str, more: &[&str]| {
        let until = ["--until", "2099-01-01", "--reason", "seen"];
        folder.run(&by(&[&["waive", rule, "--node", MODEL][..], &until, more].concat()))
    };
    let before = folder.done(&["--json", "stats"]).json()["commit"].clone();
    for (wrong, near) in [("log-04", "LOG-04"), ("REC_08", "REC-08"), ("DAT-1", "DAT-01")] {
        let refused = waive(wrong, &[]);
        let hint = format!("did you mean {near}?");
        assert!(refused.code == 2 && refused.err.contains(&hint), "{refused:?}");
    }
    let own = include_str!("../../../rules/reconcile.toml").replace("REC-08", "OWN-1");
    folder.write("own.toml", own);
    assert!(waive("OWN-1", &[]).err.contains("there is no rule `OWN-1`"));
    assert_eq!(folder.done(&["--json", "stats"]).json()["commit"], before);
    for (rule, more) in [("REC-08", &[][..]), ("OWN-1", &["--rules", "own.toml"])] {
        let taken = waive(rule, more);
        assert!(taken.code == 0 && taken.out.contains("recorded in commit"), "{taken:?}");
    }
}

#[test]
fn a_type_of_documents_that_nothing_asks_for_is_recorded_and_told() {
    let folder = declared();
    folder.write("risk.md", "the risks are these\n");
    let attach = |document_type: &str, more: &[&str]| {
        let to = format!("system:{SYSTEM}");
        let words = ["attach", "risk.md", "--to", &to, "--type", document_type];
        folder.done(&by(&[&words[..], more].concat()))
    };
    let told = attach("risk-management", &[]);
    assert!(told.out.contains("did you mean risk_management?"), "{told:?}");
    let json = attach("risk-management", &["--json", "--name", "b"]).json();
    assert_eq!(json["notes"].as_array().map(Vec::len), Some(1), "{json}");
    let known = attach("risk_management", &["--json", "--name", "c"]).json();
    assert!(known["notes"].is_null(), "{known}");
}

#[test]
fn a_check_judges_no_model_and_no_deployment_of_another_system() {
    let folder = declared();
    folder.done(&["import", &crate::program::fixture(ARCHIVE).display().to_string()]);
    let other = "credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:3";
    let own = "credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:2";
    for (flag, wrong) in [("--model", "credit-risk-scorer@3"), ("--deployment", other)] {
        let refused = folder.run(&["check", SYSTEM, flag, wrong]);
        assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{refused:?}");
        let fix = "lineal declare node ";
        let fix = refused.err.split_once(fix).map(|(_, rest)| rest.trim().replace("WHO", "x"));
        let fix = fix.unwrap_or_else(|| panic!("{refused:?}"));
        // In the system that it is of it is judged.
        assert_eq!(folder.run(&["check", "CREDIT-RISK-EU-001", flag, wrong]).code, 0);
        if flag == "--deployment" {
            let words: Vec<&str> = ["declare", "node"].into_iter().chain(fix.split(' ')).collect();
            folder.done(&words);
            assert_eq!(folder.run(&["check", SYSTEM, flag, wrong]).code, 0, "recorded since");
        }
    }
    assert_eq!(folder.run(&["check", SYSTEM, "--model", "credit-risk-scorer@2"]).code, 0);
    assert_eq!(folder.run(&["check", SYSTEM, "--deployment", own]).code, 0, "by its model");
}

#[test]
fn a_statement_beside_a_store_names_who_states_it() {
    let folder = declared();
    let nobody = folder.run(&["declare", "scope", SYSTEM, "risk_class=high"]);
    assert!(nobody.code == 2 && nobody.err.contains("--by WHO names the person"), "{nobody:?}");
}

#[test]
fn what_came_late_is_waived_as_its_fix_says() {
    let folder = declared();
    let late = |words: &[&str]| {
        let told = folder.done(&by(&[&["--json"], words, &["--at", "2025-01-01"]].concat())).json();
        told["node"].as_str().unwrap_or_default().to_owned()
    };
    let approval = late(&["approve", MODEL, "--role", "risk"]);
    late(&["change", MODEL, "--decision", "not_substantial", "--reason", "as before"]);
    late(&["incident", "INC-9", "--concerns", MODEL]);
    late(&["declare", "role", SYSTEM, "deployer"]);
    // Stated again later, without a time: what it claims is held on, and no older for it.
    folder.done(&by(&["declare", "system", SYSTEM, "version=2"]));
    let found = |rule: &str| {
        let report = folder.run(&["--json", "check", SYSTEM, "--reconcile"]).json();
        let rules = report["reports"][1]["rules"].as_array().cloned().unwrap_or_default();
        rules.into_iter().find(|it| it["id"] == rule).unwrap_or_else(|| panic!("{report}"))
    };
    for rule in ["REC-08", "REC-17", "REC-18", "REC-19"] {
        let before = found(rule);
        assert_eq!(before["status"], "gap", "{before}");
        for finding in before["findings"].as_array().into_iter().flatten() {
            let fix = finding["fix"].as_str().unwrap_or_default();
            let fix = fix.replace("TIME", "2099-01-01").replace("TEXT", "seen");
            let waived = folder.paste(&fix.replace("WHO", "c@x.eu"));
            assert!(waived.status.success(), "{fix}: {waived:?}");
        }
        assert_eq!(found(rule)["status"], "waived", "{rule}");
    }
    // A waiver may be of an approval, and a decision may not.
    let refused = folder.run(&by(&["approve", &approval, "--role", "risk"]));
    assert!(refused.code == 2 && refused.err.contains("no relation `approves`"), "{refused:?}");
    let verified = folder.run(&["verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[test]
fn a_time_that_would_be_kept_nowhere_is_refused_and_one_that_is_kept_is_shown() {
    let folder = declared();
    let commit = || folder.done(&["--json", "stats"]).json()["commit"].clone();
    let before = commit();
    let at = |words: &[&str]| folder.run(&by(&[words, &["--at", "2025-01-01"]].concat()));
    let system = at(&["declare", "system", SYSTEM, "version=2"]);
    let node = at(&["declare", "node", MODEL, "--edge", "belongs_to=credit-score"]);
    for (refused, named) in [(system, "--to system:credit-score"), (node, MODEL)] {
        assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{refused:?}");
        assert!(refused.err.contains("leave --at out"), "{refused:?}");
        assert!(refused.err.contains(named), "{refused:?}");
    }
    assert_eq!(commit(), before);
    let kept = at(&["declare", "role", SYSTEM, "provider"]);
    assert_eq!(kept.code, 0, "{kept:?}");
    let shown = folder.done(&["show", &format!("system:{SYSTEM}")]).out;
    assert!(shown.contains("declared_at") && shown.contains("2025-01-01"), "{shown}");
}

#[test]
fn a_finding_about_an_import_is_waived_over_the_system_and_not_by_its_own_name() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    let system = "CREDIT-RISK-EU-001";
    let found = |about: &[&str]| {
        let report = folder.run(&[&["--json", "check"][..], about].concat()).json();
        let reports = report["reports"].as_array().cloned().unwrap_or_default();
        let own = reports.last().expect("what is recorded is held against itself").clone();
        let rules = own["rules"].as_array().cloned().unwrap_or_default();
        rules.into_iter().find(|it| it["id"] == "REC-12").unwrap_or_else(|| panic!("{report}"))
    };
    let of_system = [system, "--reconcile"];
    let before = found(&of_system);
    assert_eq!((&before["status"], &before["findings_total"]), (&"gap".into(), &1.into()));
    let finding = &before["findings"][0];
    let import = finding["node"].as_str().unwrap_or_default().to_owned();
    assert!(import.starts_with("import:"), "{finding}");
    assert!(!finding["fix"].to_string().contains("waive"), "{finding}");
    let waive = |node: &str| {
        let why = ["--until", "2099-01-01", "--reason", "one line was cut"];
        folder.run(&by(&[&["waive", "REC-12", "--node", node][..], &why].concat()))
    };
    let refused = waive(&import);
    assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{refused:?}");
    for words in [
        "is of the kind import, to which no waiver leads",
        "model, deployment, dataset",
        "lineal waive REC-12 --node system:NAME",
    ] {
        assert!(refused.err.contains(words), "{words}: {refused:?}");
    }
    let taken = waive(&format!("system:{system}"));
    assert_eq!(taken.code, 0, "{taken:?}");
    let after = found(&of_system);
    assert_eq!(after["status"], "waived", "{after}");
    assert_eq!(after["findings"][0]["node"], import.as_str(), "{after}");
    // Of other systems, and of the whole store, it says nothing.
    assert_eq!(found(&[])["status"], "gap");
}
