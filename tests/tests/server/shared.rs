//! One deployment that served two systems, in one batch of rows: who is bound to one of them sees its
//! events alone, whatever asks for them.

use crate::client::{get, post};
use crate::live::{Live, SYSTEM, bring};
use crate::uploads::done;
use lineal_server::Role;
use lineal_tests::log_lines::{Line, write};
use serde_json::{Value as Json, json};

/// The system that the odd events name.
const OTHER: &str = "OTHER-SYSTEM-2";
/// The first of the forty events.
const FIRST: u32 = 70_000;
const EVENTS: u32 = 40;
/// The deployment, in questions.
const SHARED: &str = "served_by deployment as d where d.service = \"shared\"";

fn live() -> Live {
    live_with(false)
}

fn live_with(is_written: bool) -> Live {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("shared-logs").join("part.json");
    let line = |number| Line { service: "shared".to_owned(), ..Line::number(number) };
    write(&logs, (FIRST..FIRST + EVENTS).map(line)).unwrap();
    let text = std::fs::read_to_string(&logs).unwrap();
    let mixed = text.lines().enumerate().map(|(at, line)| match at % 2 {
        0 => line.to_owned() + "\n",
        _ => line.replace(SYSTEM, OTHER) + "\n",
    });
    std::fs::write(&logs, mixed.collect::<String>()).unwrap();
    Live::with(|config| {
        bring(&config.stores["main"], &[logs.to_str().unwrap()]);
        config.write = is_written;
    })
}

#[test]
fn what_is_erased_of_a_shared_deployment_is_told_as_that_and_as_nothing_else() {
    let live = live_with(true);
    let token = live.bound(Role::Auditor, "*", SYSTEM);
    let count = format!("find inference as i {SHARED} summarize count() as n");
    let asked = || live.query(&token, &count).ok();
    let logs = || live.send(get(format!("/v1/export/logs?target=system:{SYSTEM}")).token(&token));
    let has = |body: &[u8], what: &[u8]| body.windows(what.len()).any(|part| part == what);
    let report = || {
        let path = format!("/v1/report/oversight?target=system:{SYSTEM}&format=md");
        live.send(get(path).token(&token)).text()
    };
    let words = "nobody knows any more of which system they were";
    let before = asked();
    assert_eq!(before["rows"], json!([[20]]));
    let handed = logs();
    assert!(!has(&handed.body, b"erased_of_shared") && !report().contains(words));
    assert!(has(&handed.body, b"\"part\":\"a part of the store"), "it says that it is of a part");
    let officer = live.token(Role::PrivacyOfficer);
    let erase = json!({
        "events": [format!("event-{FIRST}")], "basis": "GDPR 17(1)(a)", "decision": "R-7",
        "decided_by": "a@bank.example",
    });
    let erased = done(&live, &officer, &live.send(post("/v1/erasures", &erase).token(&officer)));
    assert_eq!((&erased["state"], &erased["report"]["rows"]), (&json!("done"), &json!(1)));
    live.until(|| asked()["rows"] == json!([[19]]));
    let after = asked();
    let mut reasons = before["completeness"]["reasons"].as_array().unwrap().clone();
    let told = after["completeness"]["reasons"].as_array().unwrap().clone();
    assert_eq!(after["completeness"]["state"], "cannot_tell", "{after}");
    let own = told.last().unwrap().as_str().unwrap();
    assert!(own.contains(words) && !own.contains("lines of a log"), "{told:?}");
    reasons.push(json!(own));
    assert_eq!(told, reasons, "nothing else is given as the reason");
    assert!(report().contains(words), "{}", report());
    // What is signed says it, and so does who sees all of it know how many there were.
    let handed = logs();
    assert!(has(&handed.body, b"\"erased_of_shared\":\"events of deployments"), "it is signed");
    let whole = live.token(Role::Auditor);
    let all = live.send(get(format!("/v1/export/logs?target=system:{SYSTEM}")).token(&whole));
    assert!(!has(&all.body, b"erased_of_shared") && !has(&all.body, b"\"part\":"));
}

fn rows(live: &Live, token: &str, question: &str) -> Json {
    live.query(token, question).ok()["rows"].clone()
}

#[test]
fn who_is_bound_to_a_system_is_told_the_names_of_who_reviewed_its_events_where_that_is_asked() {
    let live = Live::new();
    let token = live.bound(Role::Auditor, "*", SYSTEM);
    let report = |more: &str| {
        let path = format!("/v1/report/oversight?target=system:{SYSTEM}&format=md{more}");
        live.send(get(path).token(&token)).text()
    };
    let asked = "find inference as i where i.reviewer is not null return i.reviewer limit 1";
    let name = rows(&live, &token, asked)[0][0].as_str().unwrap().to_owned();
    let named = format!("({name})");
    assert!(report("&names=true").contains(&named), "a question gives it too");
    assert!(!report("").contains(&named), "it was not asked for");
}

#[test]
fn who_is_bound_to_a_system_sees_no_event_of_another_of_the_same_deployment() {
    let live = live();
    let whole = live.token(Role::Auditor);
    let count = format!("find inference as i {SHARED} summarize count() as n");
    assert_eq!(rows(&live, &whole, &count), json!([[40]]));
    for (system, own, hidden) in [(SYSTEM, 0, 1), (OTHER, 1, 0)] {
        let token = live.bound(Role::Auditor, "*", system);
        let ask = |question: &str| rows(&live, &token, question);
        // By counters, by rows, by a field of rows, by groups.
        assert_eq!(ask(&count), json!([[20]]), "{system}");
        let read = format!(
            "find inference as i {SHARED} and i.decision is not null summarize count() as n"
        );
        assert_eq!(ask(&read), json!([[20]]), "{system}");
        let named = format!("find inference as i {SHARED} summarize count() as n by i.system as s");
        let named = ask(&named).to_string();
        assert!(named.contains(system) && named.contains("20") && !named.contains("40"), "{named}");
        let listed = format!("find inference as i {SHARED} return i.event_id limit 100");
        let listed = ask(&listed);
        let ids = |odd: u32| (0..EVENTS).filter(move |at| at % 2 == odd).map(|at| FIRST + at);
        let has =
            |number: u32| listed.as_array().unwrap().contains(&json!([format!("event-{number}")]));
        assert!(ids(own).all(has) && !ids(hidden).any(has), "{listed}");
        let fields = "find deployment as d where d.service = \"shared\" return d.events";
        assert_eq!(ask(fields), json!([[20]]), "{system}");
        let fields = format!("find batch as b {SHARED} return b.count");
        assert_eq!(ask(&fields), json!([[20]]), "{system}");
        assert_eq!(ask("find system return name"), json!([[system]]));
        // By name and by hash: as what is not there.
        let line = |number: u32| Line::number(FIRST + number);
        let found = |what: &str| live.query(&token, &format!("find inference:{what}"));
        let (shown, kept) = (line(own), line(hidden));
        assert_eq!(found(&shown.event_id.clone().unwrap()).status, 200);
        assert_eq!(found(&shown.hash()).status, 200);
        let absent = found("event-nowhere").status;
        assert_eq!(found(&kept.event_id.clone().unwrap()).status, absent);
        let absent = found(&"ab".repeat(32)).status;
        assert_eq!(found(&kept.hash()).status, absent);
        for path in ["/v1/show?target=", "/v1/trace?target="] {
            let told = |line: &Line| {
                let path = format!("{path}{}", line.hash());
                live.send(get(path.as_str()).token(&token)).status
            };
            assert_eq!((told(&shown), told(&kept)), (200, 404), "{path}");
        }
        let batches = live.send(get("/v1/batches").token(&token)).ok();
        let shared = batches["batches"].as_array().unwrap().iter();
        let mut shared =
            shared.filter(|batch| batch["deployment"].as_str().unwrap().contains("shared"));
        let batch = shared.next().expect("it has rows of both");
        assert_eq!((&batch["rows"], &batch["events"]), (&json!(20), &json!(20)));
        let history = live.query(&token, &format!("history {}", batch["batch"].as_str().unwrap()));
        assert!(!history.text().contains("\"rows\":40"), "{}", history.text());
        // What is handed over.
        let logs = format!("/v1/export/logs?target=system%3A{system}");
        let logs = live.send(get(logs.as_str()).token(&token));
        assert_eq!(logs.status, 200, "{}", logs.text());
        let all = ask(&format!(
            "find inference as i served_by deployment as d where d belongs_to system:{system} summarize count() as n"
        ));
        assert_eq!(logs.header("lineal-total"), Some(all[0][0].to_string().as_str()));
        let check = format!("/v1/check?system={system}&reconcile=true&as_of=2199-01-01");
        let check = live.send(get(check.as_str()).token(&token));
        let other = if system == OTHER { SYSTEM } else { OTHER };
        assert!(check.status == 200 && !check.text().contains(other), "{}", check.text());
    }
}
