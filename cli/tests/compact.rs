//! A year of nights in small: imports of one day each and compactions between them, while other
//! processes ask without a pause. Each answer is right for the commit that it is of; a compaction
//! that is killed loses nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]

mod program;

use lineal_proof::Hash;
use program::Folder;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const DAYS: u32 = 12;
const EVENTS: u32 = 60;
const SERVICES: u32 = 3;
/// After so many days the store is compacted.
const EVERY: u32 = 4;
const COUNT: &str = "find inference as i summarize count() as n";

fn input_hash(number: u32) -> Hash {
    Hash::of(&number.to_le_bytes())
}

/// One file a day, each in a folder of its own.
fn archive(folder: &Path, day: u32) {
    let hour = folder.join(format!("day-{day:02}/dt=202603{:02}/hour=00", day + 1));
    std::fs::create_dir_all(&hour).unwrap();
    let mut text = String::new();
    for line in 0..EVENTS {
        let number = day * EVENTS + line;
        let (service, hash) = (number % SERVICES, input_hash(number));
        let time = format!("2026-03-{:02}T00:{line:02}:00.000Z", day + 1);
        writeln!(
            text,
            r#"{{"_id":"AQAAAZ{number:014}","date":"{time}","host":"scorer-{service}","service":"scorer-{service}","source":"python","status":"info","message":"inference","tags":["env:prod","source:python","compliance.art12:true"],"attributes":{{"art12":{{"schema_version":"1.0","event_id":"event-{number}","timestamp":"{time}","system_id":"CREDIT-RISK-EU-001","model":{{"name":"credit-risk-scorer","version":"1"}},"input":{{"hash":"{hash}","hash_algorithm":"sha256"}},"output":{{"decision":"refer","confidence":0.5}},"human_oversight":{{"override":{}}},"deployment":{{"id":"eu-1","env":"prod"}}}}}}}}"#,
            number.is_multiple_of(16),
        )
        .unwrap();
    }
    std::fs::write(hour.join("archive.json"), text).unwrap();
}

fn import(folder: &Folder, day: u32) {
    archive(folder.path(), day);
    let report = folder.done(&["--json", "import", &format!("day-{day:02}")]).json();
    assert_eq!(report["events"], EVENTS, "{report}");
}

/// How many events a process of its own counts.
fn counted(folder: &Folder) -> u32 {
    let answer = folder.done(&["--json", "query", COUNT]).json();
    let events = answer["rows"][0][0].as_u64().unwrap_or_else(|| panic!("{answer}"));
    u32::try_from(events).unwrap()
}

/// Is an event found by its hash, with the service that served it?
fn is_found(folder: &Folder, number: u32) -> bool {
    let question = "find inference:$hash as i served_by deployment as d return i, d.service";
    let parameter = format!("hash={}", input_hash(number));
    let run = folder.run(&["--json", "query", question, "--param", &parameter]);
    let served = format!("scorer-{}", number % SERVICES);
    run.code == 0 && run.json()["rows"].to_string().contains(&served)
}

#[test]
fn readers_in_other_processes_are_right_while_days_are_imported_and_compacted() {
    let folder = Folder::new();
    folder.done(&["init"]);
    import(&folder, 0);
    let (done, asked) = (AtomicU32::new(1), AtomicU32::new(0));
    // A reader that stays from the first day to the last, and opens containers late.
    let stays = lineal_engine::Store::open_read_only(folder.path().join(".lineal")).unwrap();
    let view = stays.snapshot().unwrap();
    std::thread::scope(|scope| {
        for reader in 0..2 {
            let (folder, done, asked) = (&folder, &done, &asked);
            scope.spawn(move || {
                for turn in 0_u32.. {
                    let before = done.load(Ordering::SeqCst);
                    let number = (turn * 31 + reader * 17) % (before * EVENTS);
                    assert!(is_found(folder, number), "event {number} after {before} days");
                    let count = counted(folder);
                    let days = count / EVENTS;
                    assert!(count.is_multiple_of(EVENTS) && days >= before, "{count} events");
                    assert!(days <= done.load(Ordering::SeqCst) + 1, "{count} events");
                    asked.fetch_add(2, Ordering::SeqCst);
                    if before == DAYS {
                        break;
                    }
                }
            });
        }
        for day in 1..DAYS {
            import(&folder, day);
            done.store(day + 1, Ordering::SeqCst);
            if day % EVERY == EVERY - 1 {
                let told = folder.done(&["--json", "compact"]).json();
                assert_eq!(told["containers"]["after"], 1, "{told}");
                assert!(told["waiting_bytes"].as_u64().unwrap() > 0, "one reader stays: {told}");
            }
        }
    });
    assert!(asked.load(Ordering::SeqCst) > DAYS, "{asked:?} questions");
    for number in 0..EVENTS {
        assert_eq!(view.events_by_hash(None, &input_hash(number).0).unwrap().len(), 1);
    }
    drop((stays, view));
    let rehearsed = folder.done(&["compact", "--dry-run"]).out;
    assert_eq!(rehearsed, "nothing to do: no two small containers, and one run of event keys\n");
    let told = folder.done(&["compact"]).out;
    assert!(!told.contains("stay until"), "{told}");
    let containers = std::fs::read_dir(folder.path().join(".lineal/containers")).unwrap();
    assert_eq!(containers.count(), 1);
    let verified = folder.done(&["--json", "verify"]).json();
    assert_eq!(
        (&verified["faults"], &verified["notes"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
    assert_eq!(counted(&folder), DAYS * EVENTS);
}

#[test]
fn a_compaction_that_is_killed_loses_nothing_and_is_finished_by_the_next() {
    let folder = Folder::new();
    folder.done(&["init"]);
    (0..6).for_each(|day| import(&folder, day));
    for kill in 0..12 {
        let mut child = folder.command(&["compact"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(8 * kill));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(counted(&folder), (6 + u32::try_from(kill).unwrap()) * EVENTS, "kill {kill}");
        assert!(is_found(&folder, 77), "kill {kill}");
        let verified = folder.done(&["--json", "verify"]).json();
        assert_eq!(verified["faults"], serde_json::json!([]), "kill {kill}");
        // Another day, so that there is something to pack again.
        import(&folder, 6 + u32::try_from(kill).unwrap());
    }
    let told = folder.done(&["--json", "compact"]).json();
    assert_eq!((&told["containers"]["after"], &told["runs"]["after"]), (&1.into(), &1.into()));
    assert_eq!(told["waiting_bytes"], 0);
    assert_eq!(counted(&folder), 18 * EVENTS);
    assert!((0..18 * EVENTS).step_by(97).all(|number| is_found(&folder, number)));
}
