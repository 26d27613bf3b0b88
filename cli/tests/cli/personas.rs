//! Six people, three minutes each: the lines that docs/evidence.md gives them, run as they stand there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::program::Folder;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

const PAGE: &str = include_str!("../../../docs/evidence.md");
const SECTION: &str = "## Six people, three minutes each\n";
/// Where the demo makes what it makes, and its store.
const FOLDER: &str = "lineal-demo-evidence";
const STORE: &str = "lineal-demo-evidence/store";

/// The demo, made once.
static DEMO: LazyLock<Folder> = LazyLock::new(|| {
    let folder = Folder::new();
    folder.done(&["demo", "--evidence"]);
    folder
});

/// The lines below the heading of a person.
fn lines(person: &str) -> Vec<&'static str> {
    let (_, section) = PAGE.split_once(SECTION).expect("the page has the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let heading = format!("### {person}\n");
    let (_, below) = section.split_once(&heading).unwrap_or_else(|| panic!("no {heading}"));
    let block = below.split("```").nth(1).expect("a block of lines");
    let block = block.split_once('\n').map_or("", |(_, lines)| lines);
    block.lines().filter(|line| !line.is_empty()).collect()
}

/// How a line ends, and what the person looks for in what it prints.
type Sought = (i32, &'static [&'static str]);

/// Of a pack: valid (0), or valid but for an erased event (10), which is drawn as a sample or not as the
/// checkpoint of the day has it.
const DRAWN: i32 = -1;

/// Runs the lines of a person in the demo's folder; gives what each printed.
fn sat_through(person: &str, sought: &[Sought]) -> (Folder, Vec<String>) {
    let folder = Folder::new();
    let (demo, here) = (DEMO.path().join(FOLDER), folder.path());
    let copied = Command::new("cp").arg("-R").arg(demo).arg(here).status().unwrap();
    assert!(copied.success(), "the demo is copied");
    let key = folder.done(&["--store", STORE, "--json", "checkpoint"]).json()["key"].clone();
    let key = key.as_str().expect("the log has a key").to_owned();
    let lines = lines(person);
    assert_eq!(lines.len(), sought.len(), "{person}: each line is looked at: {lines:?}");
    let has_python = Command::new("python3").arg("--version").output().is_ok();
    let mut said = Vec::new();
    for (line, (code, words)) in lines.iter().zip(sought) {
        if line.starts_with("python3 ") && !has_python {
            eprintln!("SKIPPED (no python3 here): {line}");
            said.push(String::new());
            continue;
        }
        let (found, printed) = typed(folder.path(), line, &key);
        let is_right = if *code == DRAWN { [0, 10].contains(&found) } else { found == *code };
        assert!(is_right, "{person}: {line}: code {found}\n{printed}");
        for word in *words {
            assert!(printed.contains(word), "{person}: {line}: no `{word}` in\n{printed}");
        }
        // What nobody may say.
        for word in ["compliant", "certified", "tamper-proof"] {
            assert!(!printed.contains(word), "{person}: {line}: `{word}` in\n{printed}");
        }
        said.push(printed);
    }
    (folder, said)
}

/// A line as a shell runs it where `lineal` is installed.
fn typed(folder: &Path, line: &str, key: &str) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_lineal")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", program.display()))
        .env("LINEAL_STORE", STORE)
        .env("KEY", key)
        .env_remove("TZ")
        .args(["-c", line])
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().unwrap_or(-1), printed + &String::from_utf8_lossy(&output.stderr))
}

#[test]
fn an_engineer_sees_her_runs_and_repairs_what_is_missing() {
    let sought: [Sought; 7] = [
        (0, &["new store"]),
        (0, &["13 runs"]),
        (0, &["credit-lr-C1.0", "FINISHED"]),
        // The finding says what to type.
        (1, &["REC-07  gap  major", "record it: lineal declare node run:", "--edge trained_on="]),
        (0, &["recorded in commit 2"]),
        (0, &["recorded in commit 5"]),
        (0, &["met: ", "REC-07"]),
    ];
    let (_folder, said) = sat_through("ML engineer", &sought);
    assert!(!said[6].contains("REC-07  gap"), "{}", said[6]);
}

#[test]
fn an_officer_sees_what_is_open_decides_one_thing_and_reads_the_page_of_a_pack() {
    let sought: [Sought; 7] = [
        (
            0,
            &[
                "system:CREDIT-RISK-EU-001",
                "model:credit-risk-scorer@2",
                "model:credit-risk-scorer@7",
            ],
        ),
        (
            1,
            &[
                "SYS-02  gap  blocker  6(1)",
                "LOG-04  gap  major",
                "silent 30 h",
                "record it: lineal loss",
            ],
        ),
        (0, &["recorded in commit"]),
        (1, &["LOG-04  waived  major", "waived by actor:c.lang@bank.example until 2035-12-31"]),
        (0, &["commits, kept in checkpoints/"]),
        (0, &["written to officer", "waived 1"]),
        (0, &["# Evidence pack: system:CREDIT-RISK-EU-001", "## Findings", "| LOG-04 | waived |"]),
    ];
    let (folder, said) = sat_through("Compliance officer", &sought);
    // A pack for third parties names no person.
    assert!(!said[6].contains("c.lang"), "{}", said[6]);
    assert!(folder.path().join("officer/MANIFEST.sha256.sig").is_file());
}

#[test]
fn an_auditor_verifies_without_us_and_walks_from_a_model_to_its_data() {
    let sought: [Sought; 5] = [
        (DRAWN, &["valid", "from which the log only grew", "proofs: "]),
        (
            0,
            &[
                "produced_by run:f7d2f0a9fa90413fbc9a56125400ca43",
                "trained_on dataset:applications_2025q3-train@f6490d4d",
                "granted by",
            ],
        ),
        (0, &["demo-0", "2025-11-04 20:48:21Z"]),
        (0, &["is recorded", "to check it: python3 -I verify.py event.proof"]),
        (0, &["valid"]),
    ];
    let (folder, _) = sat_through("Auditor", &sought);
    // Another key shows that it is looked at.
    if Command::new("python3").arg("--version").output().is_ok() {
        let line = lines("Auditor")[0];
        let other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let (code, printed) = typed(folder.path(), line, other);
        assert_eq!(code, 1, "{printed}");
    }
}

#[test]
fn an_authority_asks_what_ran_in_a_month_who_approved_it_and_what_is_gone() {
    let sought: [Sought; 6] = [
        (0, &["model:credit-risk-challenger@1", "2025-11-04 20:51:21", "4 rows, cannot tell"]),
        (0, &["granted", "2025-10-28 09:00:00Z", "model:credit-risk-scorer@3"]),
        (0, &["Overrides by model version", "16 of 269", "from 2025-11-01T00:00:00Z until before"]),
        (0, &["incident:INC-1", "2025-11-05 09:00:00Z"]),
        (0, &["dataset:applications_2025q3-train@f6490d4d", "f6490d4d"]),
        (0, &["erased  1 row", "R-117", "GDPR 17(1)(a)"]),
    ];
    sat_through("Market surveillance", &sought);
}

#[test]
fn a_responder_finds_what_answered_holds_it_and_hands_over_the_case() {
    let sought: [Sought; 7] = [
        (
            0,
            &[
                "served_by deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:3",
                "training data recorded: yes",
            ],
        ),
        (0, &["@credit-risk-scorer:2", "@credit-risk-scorer:3", "2 rows"]),
        (0, &["INC-1 held in commit"]),
        (0, &["| 73(2) | 15 |", "| 73(4) | 10 |", "| 73(3) | 2 |", "INC-1"]),
        (2, &["the hold `INC-1`", "forbids it"]),
        (0, &["commits, kept in checkpoints/"]),
        (0, &["incident:INC-1: ", "written to case", "written to case.zip"]),
    ];
    let (folder, _) = sat_through("Incident responder", &sought);
    let custody = std::fs::read_to_string(folder.path().join("case/custody.json")).unwrap();
    assert!(custody.contains("investigation INC-1"), "{custody}");
}

#[test]
fn a_data_protection_officer_erases_one_event_and_sees_the_rest_verify() {
    let sought: [Sought; 5] = [
        (0, &["inference-log", "P6M", "the ceiling is undeclared"]),
        (0, &["erased in commit", "1 row in 1 batch"]),
        (0, &["2 rows erased: their leaves and counts are what is left", "no fault found"]),
        (0, &["R-117", "R-118"]),
        (0, &["Which classes hold personal data", "input\\_hash", "R-118"]),
    ];
    sat_through("Data protection officer", &sought);
}
