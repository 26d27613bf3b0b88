//! The first thing that a person runs.

use crate::program::Folder;
use expect_test::{expect, expect_file};

#[test]
fn the_demo_answers_and_a_second_run_says_that_it_is_there() {
    let folder = Folder::new();
    let first = folder.run(&["demo"]);
    expect_file!["../golden/demo.txt"].assert_eq(&first.all());
    let second = folder.run(&["demo"]);
    expect_file!["../golden/demo-again.txt"].assert_eq(&second.all());
    // What it offers to paste works.
    let offered: Vec<&str> =
        first.out.lines().filter(|l| l.starts_with("  lineal --store")).collect();
    assert_eq!(offered.len(), 3);
    for line in offered {
        let output = folder.paste(line);
        assert!(output.status.success(), "{line}: {output:?}");
        assert!(!output.stdout.is_empty(), "{line}");
    }
    // It offers nothing that would not.
    assert!(!first.out.contains("lineal trace"), "{}", first.out);
}

#[test]
fn the_demo_may_have_another_folder() {
    let folder = Folder::new();
    let run = folder.done(&["demo", "elsewhere"]);
    assert!(run.out.contains("$ lineal init elsewhere/store"), "{}", run.out);
    assert!(folder.path().join("elsewhere/store/head").is_file());
    assert!(!folder.path().join("lineal-demo").exists());
}

#[test]
fn the_demo_says_how_its_retracted_import_comes_back() {
    let folder = Folder::new();
    folder.done(&["demo"]);
    folder.done(&["--store", "lineal-demo/store", "retract", "1"]);
    let run = folder.run(&["demo"]);
    expect![[r#"
        error: the demo's import is retracted; this brings it back:
          lineal --store lineal-demo/store retract import:1 --restore
    "#]]
    .assert_eq(&run.err);
    let offered = run.err.lines().last().unwrap_or_default();
    assert!(folder.paste(offered).status.success());
    folder.done(&["demo"]);
}

/// What was put in is what the check says, and what is handed over is valid to a stranger.
#[test]
fn the_demo_of_evidence_finds_the_four_and_hands_over_what_verifies() {
    let folder = Folder::new();
    let told = folder.done(&["--json", "demo", "--evidence", "walk"]).json();
    let planted = told["planted"].as_array().expect("what was put in");
    let said = |rule: &str, words: [&str; 2]| {
        let of_rule: Vec<_> = planted.iter().filter(|planted| planted["rule"] == rule).collect();
        assert_eq!(of_rule.len(), 1, "{rule}: {told}");
        let finding = &of_rule[0]["finding"];
        assert_eq!(finding["node"], of_rule[0]["node"], "{told}");
        let say = finding["say"].as_str().expect("the check says it");
        assert!(words.iter().all(|word| say.contains(word)), "{rule}: {say}");
    };
    said("REC-01", ["model:credit-risk-scorer@7", "no registry knows"]);
    said("REC-06", ["silent 30 h", "from 2025-11-03T14:48:20Z"]);
    said("REC-03", ["approval 2025-10-28", "deployment 2025-10-20"]);
    said("REC-13", ["1 of 270 events erased", "R-117"]);
    assert_eq!(planted.len(), 4, "{told}");
    // What is open beside them is a finding, and no rule that nothing is asked of.
    let report = folder.run(&["--store", "walk/store", "--json", "check"]).json();
    let rules = report["reports"][0]["rules"].as_array().expect("rules");
    let others = told["others"].as_array().expect("what else is open");
    for other in others {
        let rule = rules.iter().find(|rule| rule["id"] == *other).expect("a rule of the check");
        assert!(rule["status"] == "gap" || rule["status"] == "conflict", "{rule}");
    }
    assert!(!others.is_empty(), "{told}");
    // The same stands in what was handed over.
    let findings = std::fs::read_to_string(folder.path().join("walk/pack/findings.json"));
    let findings = findings.expect("the pack holds findings");
    for planted in planted {
        let say = planted["finding"]["say"].as_str().expect("the check says it");
        assert!(findings.contains(say), "{say} is not in the pack");
    }
    assert!(folder.path().join("walk/pack.zip").is_file());
    match told["verified"].is_null() {
        true => eprintln!("SKIPPED: no python3 here to verify the pack with"),
        false => assert_eq!(told["verified"]["valid"], true, "{told}"),
    }
    let steps = told["steps"].as_array().expect("the steps");
    assert!(steps.len() > 14, "{told}");
    // It never writes over what is there.
    let again = folder.run(&["demo", "--evidence", "walk"]);
    assert!(again.code == 2 && again.err.contains("lineal --store walk/store check"), "{again:?}");

    // People get the same in words, each command as it can be typed.
    let shown = folder.done(&["demo", "--evidence", "shown"]);
    let typed = shown.out.lines().filter(|line| line.starts_with("$ ")).count();
    assert_eq!(typed, steps.len(), "{shown:?}");
    assert!(!shown.out.contains("NOT FOUND") && !shown.out.contains("NOT VALID"), "{shown:?}");
    for planted in planted {
        let rule = planted["rule"].as_str().expect("a rule");
        assert!(shown.out.contains(&format!("    {rule}  deployment:")), "{rule}: {shown:?}");
    }
    let offered = shown.out.lines().filter(|line| line.starts_with("  lineal --store"));
    assert_eq!(offered.filter(|line| folder.paste(line).status.success()).count(), 3, "{shown:?}");
}
