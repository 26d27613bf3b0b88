//! Reports as commands: each of the kinds on a store that was recorded by commands, in its three forms.

use crate::program::{DATABASE, Folder};

const MODEL: &str = "model:credit-risk-scorer@2";
const BY: [&str; 2] = ["--by", "a.novak@bank.example"];

/// A registry, a system, and an incident that nobody reported yet.
fn bank() -> Folder {
    let folder = Folder::with(&[DATABASE]);
    let done = |words: &[&'static str]| drop(folder.done(&[words, &BY].concat()));
    done(&["declare", "system", "credit-score", "provider=Example Bank"]);
    done(&["declare", "scope", "credit-score", "annex_point=III.5(b)"]);
    done(&["declare", "node", MODEL, "--belongs-to", "credit-score"]);
    let aware = "aware_at=2026-03-01T00:00:00Z";
    done(&["incident", "inc-7", "--concerns", MODEL, "declared_serious=true", aware]);
    folder
}

#[test]
fn each_kind_is_written_in_each_form_and_names_what_lacks() {
    let folder = bank();
    let dataset = folder.done(&["--json", "query", "find dataset return it limit 1"]).json();
    let dataset = dataset["rows"][0][0].as_str().unwrap_or_default().to_owned();
    assert!(dataset.starts_with("dataset:"), "{dataset}");
    let kinds: [(&str, Vec<&str>, &str); 6] = [
        ("oversight", vec!["credit-score"], "no deployment is recorded for it"),
        ("incident", vec!["inc-7"], "to which authority"),
        ("change", vec!["credit-risk-scorer@1", "credit-risk-scorer@2"], "no decision whether"),
        ("data-sheet", vec![&dataset], "where the data came from"),
        ("retention", vec![], "the ceiling is undeclared"),
        ("dpia", vec!["credit-score"], "the intended purpose"),
    ];
    for (kind, names, lacking) in kinds {
        let asked = |more: &[&'static str]| {
            let words: Vec<&str> = ["report", kind].into_iter().chain(names.clone()).collect();
            let words: Vec<&str> = words.into_iter().chain(more.iter().copied()).collect();
            folder.done(&words)
        };
        let text = asked(&[]).out;
        assert!(text.starts_with("# ") && text.contains(lacking), "{kind}: {text}");
        let json = asked(&["--json"]).json();
        assert_eq!(json["kind"], kind);
        assert!(json["sections"].as_array().is_some_and(|it| it.len() > 3), "{json}");
        let written = asked(&["--out", "report.html"]);
        assert!(written.out.contains("report.html"), "{written:?}");
        let html = std::fs::read_to_string(folder.path().join("report.html")).unwrap_or_default();
        assert!(html.starts_with("<!DOCTYPE html>"), "{kind}");
        assert!(!text.contains("a.novak"), "{kind} names no person:\n{text}");
    }
}

#[test]
fn as_of_a_day_that_day_counts_as_today_and_the_clock_runs() {
    let folder = bank();
    let text = folder.done(&["report", "incident", "inc-7"]).out;
    assert!(text.contains("past its end since"), "{text}");
    let named = folder.done(&["report", "incident", "inc-7", "--names"]).out;
    assert!(named.contains("a.novak"), "{named}");
    let wrong = folder.run(&["report", "incident", "credit-score"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.err.contains("describes an incident, and system:credit-score is none"));
    let many = folder.run(&["report", "oversight", "credit-score", "--sample", "5000"]);
    assert_eq!(many.code, 2, "{many:?}");
    let none = folder.run(&["report", "change", "credit-risk-scorer@1", "credit-risk-scorer@99"]);
    assert_ne!(none.code, 0, "{none:?}");
}
