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
