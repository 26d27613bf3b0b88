//! `lineal import --follow`: what comes is imported, once, whatever ends the command.

use crate::program::Folder;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for something that happens in a second or two, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Events from one number to another, as a file of an archive; moved to its place when it is whole.
fn archive(folder: &Path, name: &str, numbers: std::ops::Range<u32>) {
    let hour = folder.join("dt=20260301/hour=00");
    std::fs::create_dir_all(&hour).expect("it works");
    let mut text = String::new();
    for number in numbers {
        writeln!(
            text,
            r#"{{"_id":"A{number}","date":"2026-03-01T00:{:02}:{:02}.000Z","service":"scorer","message":"m","tags":["compliance.art12:true"],"attributes":{{"art12":{{"event_id":"event-{number}","timestamp":"2026-03-01T00:00:00Z","system_id":"s","model":{{"name":"m","version":"1"}},"input":{{"hash":"{}","hash_algorithm":"sha256"}}}}}}}}"#,
            number / 60 % 60,
            number % 60,
            "ab".repeat(32),
        )
        .expect("it works");
    }
    std::fs::write(hour.join(name), text).expect("it works");
}

fn events(folder: &Folder) -> u64 {
    let answer = folder.done(&["--json", "query", "find deployment return events"]).json();
    let rows = answer["rows"].as_array().expect("it works");
    rows.iter().map(|row| row["events"].as_u64().or(row[0].as_u64()).expect("it works")).sum()
}

struct Follower {
    child: Child,
    reports: std::sync::mpsc::Receiver<serde_json::Value>,
}

impl Follower {
    fn start(folder: &Folder) -> Follower {
        let arguments = ["--json", "import", "--follow", "--every", "1", "archive"];
        let mut child = folder.command(&arguments).stderr(Stdio::null()).spawn().expect("it works");
        let lines = BufReader::new(child.stdout.take().expect("it works")).lines();
        let (sender, reports) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).expect("it works"));
            }
        });
        Follower { child, reports }
    }

    /// The next report: how many events it brought.
    fn brought(&self) -> u64 {
        let report = self.reports.recv_timeout(PATIENCE).expect("it works");
        report["events"].as_u64().expect("it works")
    }
}

#[cfg(unix)]
#[test]
fn files_are_imported_as_they_come_and_a_killed_follower_goes_on() {
    let folder = Folder::with(&[]);
    let place = folder.path().join("archive");
    archive(&place, "archive_1.json", 0..50);
    let mut first = Follower::start(&folder);
    assert_eq!(first.brought(), 50);
    archive(&place, "archive_2.json", 50..80);
    assert_eq!(first.brought(), 30, "what came later, and nothing of the first file");
    // Files come, and it is killed: whatever it did of them, the next one does the rest.
    archive(&place, "archive_3.json", 80..400);
    std::thread::sleep(Duration::from_millis(1_200));
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let mut second = Follower::start(&folder);
    archive(&place, "archive_4.json", 400..410);
    let begun = Instant::now();
    let mut more = 0;
    while more < 10 && begun.elapsed() < PATIENCE {
        more = second.brought().min(10);
    }
    let pid = second.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(second.child.wait().unwrap().code(), Some(0), "it ends in peace");
    // What may not have been at rest yet.
    folder.done(&["import", "--follow", "--once", "archive"]);
    assert_eq!(events(&folder), 410);
    let again = folder.done(&["--json", "import", "--follow", "--once", "archive"]);
    assert_eq!(again.out, "", "nothing is new");
    let verified = folder.done(&["--json", "verify"]).json();
    assert_eq!(verified["faults"], serde_json::json!([]));
}

#[test]
fn what_cannot_be_followed_is_said() {
    let folder = Folder::with(&[]);
    for (arguments, word) in [
        (&["import", "--follow", "absent"][..], "absent"),
        (&["import", "--follow", "-"], "folders"),
        (&["import", "--follow", "--dry-run", "."], "--dry-run"),
        (&["import", "--once", "."], "--follow"),
    ] {
        let ended = folder.run(arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {ended:?}");
        assert!(ended.err.contains(word), "{arguments:?}: {ended:?}");
    }
}
