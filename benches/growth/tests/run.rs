//! A run from its first day, stopped and taken up again, as somebody with an afternoon would do it.

use std::path::Path;
use std::process::Command;

/// Whether it went well, and the rows that it left.
fn run(work: &Path, to: u32, day_events: u32) -> (bool, Vec<String>) {
    let done = Command::new(env!("CARGO_BIN_EXE_lineal-growth"))
        .args(["run", "--reserve-gb", "0", "--to", &to.to_string()])
        .args(["--day-events", &day_events.to_string(), "--work"])
        .arg(work)
        .output()
        .expect("the program runs");
    let rows = std::fs::read_to_string(work.join("rows.ndjson")).expect("rows");
    (done.status.success(), rows.lines().map(str::to_owned).collect())
}

#[test]
fn a_run_goes_on_where_it_stopped_and_leaves_no_archive() {
    let work = tempfile::tempdir().expect("a folder");
    let (well, first) = run(work.path(), 2_000, 1_000);
    assert!(well);
    assert_eq!(first.len(), 5, "a plan, a registry, two days, answers: {first:?}");
    assert!(first[3].contains("\"recorded\":1000,"), "{}", first[3]);
    assert!(first[4].contains("\"row\":\"mark\"") && !first[4].contains("null"), "{}", first[4]);
    let (well, second) = run(work.path(), 3_000, 1_000);
    assert!(well);
    assert_eq!(second[..5], first[..], "what was done stays");
    assert_eq!(second.len(), 7);
    assert!(second[5].contains("\"day\":2,") && second[5].contains("\"events\":3000,"));
    assert!(!work.path().join("datadog").exists() && !work.path().join("mlflow.db").exists());
    assert_eq!(run(work.path(), 3_000, 1_000), (true, second.clone()), "nothing is left to do");
    // Days of another length, and a day that is not whole, cannot be gone on with.
    assert_eq!(run(work.path(), 3_000, 500), (false, second));
    assert!(run(work.path(), 3_500, 1_000).0);
    assert!(!run(work.path(), 5_000, 1_000).0);
}
