//! Copies of whole stores over the network: for whom, whole while somebody writes, and in the trail.

use crate::client::{get, post};
use crate::intake::{event, seal};
use crate::live::{Live, SYSTEM, bring};
use lineal_engine::Store;
use lineal_engine::storage::FileStorage;
use lineal_engine::verify::{Depth, verify};
use lineal_query::source::Source;
use lineal_query::{Limits, Parameters, Prepared, Request, StoreView};
use lineal_server::{ALL, Role};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn giving() -> Live {
    Live::with(|config| (config.write, config.backups) = (true, true))
}

/// Unpacks an archive with the system's own program.
fn unpack(bytes: &[u8], to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    let file = to.with_extension("tar");
    std::fs::write(&file, bytes).unwrap();
    let done = Command::new("tar").arg("-xf").arg(&file).arg("-C").arg(to).status().unwrap();
    assert!(done.success(), "tar cannot read it");
}

fn rows(view: &StoreView, text: &str) -> Json {
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    Prepared::new(text).unwrap().run(view, &request).unwrap().to_json()["rows"].clone()
}

#[test]
fn a_copy_that_is_taken_while_commits_are_made_is_the_store_as_of_the_commit_that_it_names() {
    let mut live = giving();
    let (admin, importer) = (live.token(Role::Admin), live.token(Role::Importer));
    let is_over = AtomicBool::new(false);
    let first = live.send(get("/v1/backup").token(&admin));
    let mut copies = std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..12 {
                let log = post("/api/v2/logs", &event(&format!("b-{number}")));
                assert_eq!(live.send(log.token(&importer)).status, 202);
                seal(&live, &importer);
            }
            is_over.store(true, Ordering::Relaxed);
        });
        let mut copies = vec![first];
        while !is_over.load(Ordering::Relaxed) && copies.len() < 40 {
            let copy = live.send(get("/v1/backup").token(&admin));
            copies.push(copy);
        }
        copies
    });
    copies.push(live.send(get("/v1/backup").token(&admin)));
    live.end();
    let store = Arc::new(Store::open_read_only(live.store()).unwrap());
    let now = StoreView::new(store).unwrap();
    let mut commits = Vec::new();
    for copy in &copies {
        assert_eq!(copy.status, 200);
        let commit: u64 = copy.header("lineal-commit").unwrap().parse().unwrap();
        assert_eq!(copy.header("content-type"), Some("application/x-tar"));
        assert_eq!(copy.header("content-length"), Some(copy.body.len().to_string().as_str()));
        if commits.contains(&commit) {
            continue;
        }
        commits.push(commit);
        let to = live.folder.path().join(format!("copy-{commit}"));
        unpack(&copy.body, &to);
        assert!(!to.join("keys").exists(), "keys never leave over the network");
        let list = std::fs::read_to_string(to.join("backup.sha256")).unwrap();
        let named = format!("# commit {commit} {} ", copy.header("lineal-commit-id").unwrap());
        assert!(list.contains(&named), "{list}");
        if let Ok(checked) = Command::new("sha256sum")
            .args(["-c", "--quiet", "backup.sha256"])
            .current_dir(&to)
            .status()
        {
            assert!(checked.success(), "the list is what sha256sum reads");
        }
        let report = verify(&FileStorage::new(&to), Depth::Full, &mut |_| {}).unwrap();
        assert!(report.is_sound() && report.commits == commit, "{report:?}");
        let copied = StoreView::new(Arc::new(Store::open_read_only(&to).unwrap())).unwrap();
        let then = now.as_of_commit(commit).unwrap().unwrap();
        for text in [
            "find inference as i return i.event_id, i.time, i.decision order by i.event_id",
            "find dataset upstream of model:credit-risk-scorer@3 return it, name, digest",
        ] {
            assert_eq!(rows(&copied, text), rows(&then, text), "commit {commit}: {text}");
        }
    }
    assert!(commits.len() > 1, "no copy beside the imports: {commits:?}");
    let noted = rows(
        &now,
        "find access as a where a.endpoint = \"GET /v1/backup\" return a.what, a.role, a.outcome, a.after",
    );
    let noted = noted.as_array().unwrap();
    assert_eq!(noted.len(), copies.len(), "each copy has its entry");
    for entry in noted {
        assert_eq!(
            (&entry[0], &entry[1], &entry[2]),
            (&json!("use"), &json!("admin"), &json!("answered"))
        );
        assert!(commits.contains(&entry[3].as_u64().unwrap()));
    }
}

#[test]
fn what_was_acknowledged_and_is_not_sealed_is_in_a_copy_and_is_sealed_where_that_is_served() {
    let live = giving();
    let (admin, importer) = (live.token(Role::Admin), live.token(Role::Importer));
    let sealed = post("/api/v2/logs", &event("sealed")).token(&importer);
    assert_eq!(live.send(sealed).status, 202);
    seal(&live, &importer);
    let waiting = json!([event("waits-1"), event("waits-2")]);
    assert_eq!(live.send(post("/api/v2/logs", &waiting).token(&importer)).status, 202);
    // A copy is noted when its commit is known: so the entry of this one is in the next.
    assert_eq!(live.send(get("/v1/backup").token(&admin)).status, 200);
    let copy = live.send(get("/v1/backup").token(&admin));
    assert_eq!(copy.status, 200);
    let to = live.folder.path().join("copy");
    unpack(&copy.body, &to);
    let report = verify(&FileStorage::new(&to), Depth::Full, &mut |_| {}).unwrap();
    // The start of the server and the first copy, of the trail; and what was sent.
    assert!(report.is_sound() && report.waiting >= 4, "{report:?}");
    std::fs::create_dir(to.join("keys")).unwrap();
    for key in std::fs::read_dir(live.store().join("keys")).unwrap() {
        let key = key.unwrap();
        std::fs::copy(key.path(), to.join("keys").join(key.file_name())).unwrap();
    }
    let again = Live::with(|config| {
        config.write = true;
        config.stores.insert("main".to_owned(), to);
    });
    let (importer, auditor) = (again.token(Role::Importer), again.token(Role::Auditor));
    assert_eq!(seal(&again, &importer)["entries"], 2);
    let found = "find inference as i where i.event_id matches \"^(sealed|waits)\" return i.event_id order by i.event_id";
    let found = again.query(&auditor, found).ok();
    assert_eq!(found["rows"], json!([["sealed"], ["waits-1"], ["waits-2"]]), "{found}");
    again.send(post("/v1/trail/seal", &json!({})).token(&auditor));
    again.until(|| {
        let text = "find access as a where a.endpoint = \"GET /v1/backup\" return a.outcome";
        again.query(&auditor, text).ok()["rows"] == json!([["answered"]])
    });
}

#[test]
fn copies_are_given_where_the_configuration_says_so_and_of_whole_stores() {
    let silent = Live::with(|config| config.write = true);
    let refused = silent.send(get("/v1/backup").token(&silent.first_token));
    assert_eq!(refused.problem(), (403, "forbidden".to_owned()));
    assert!(refused.text().contains("backups = true"), "{}", refused.text());
    let live = Live::with(|config| {
        config.backups = true;
        let second = config.stores["main"].with_file_name("second");
        bring(&second, &[lineal_tests::place::DATABASE]);
        config.stores.insert("second".to_owned(), second);
    });
    let bound = live.bound(Role::Admin, ALL, SYSTEM);
    let ask = |store: &str| get("/v1/backup").header("Lineal-Store", store);
    assert_eq!(live.send(ask("main").token(&bound)).status, 403, "a part of a store is no copy");
    let own = live.bound(Role::Admin, "second", ALL);
    assert_eq!(live.send(ask("main").token(&own)).status, 404, "another's store");
    assert_eq!(live.send(ask("second").token(&own)).status, 200);
    assert_eq!(live.send(get("/v1/backup?keys=true").token(&own)).status, 400);
}
