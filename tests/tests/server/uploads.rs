//! Imports over the network: uploads and paths, their jobs, and what is refused.

use crate::client::{Ask, Reply, get, post};
use crate::live::Live;
use lineal_server::Role;
use lineal_tests::place::{DATABASE, fixture};
use serde_json::{Value as Json, json};
use std::path::PathBuf;

/// A server that writes a store with nothing new in it, an importer's token, an engineer's.
pub(crate) fn writing() -> (Live, String, String) {
    let live = Live::with(|config| config.write = true);
    let (importer, engineer) = (live.token(Role::Importer), live.token(Role::Engineer));
    (live, importer, engineer)
}

/// The same, in whose answers what waits is told and never shown.
pub(crate) fn writing_unshown() -> (Live, String, String) {
    let live = Live::with(|config| {
        config.write = true;
        config.intake.shown_bytes = 0;
    });
    let (importer, engineer) = (live.token(Role::Importer), live.token(Role::Engineer));
    (live, importer, engineer)
}

/// The job that was taken on, at its end.
pub(crate) fn done(live: &Live, token: &str, taken: &Reply) -> Json {
    assert_eq!(taken.status, 202, "{}", taken.text());
    let path = taken.header("location").unwrap().to_owned();
    let job = || live.send(get(path.as_str()).token(token)).ok();
    live.until(|| !["waiting", "running"].contains(&job()["state"].as_str().unwrap()));
    job()
}

fn upload(path: &str, bytes: Vec<u8>) -> Ask {
    post(path, &json!(null)).kind("application/octet-stream").body(bytes)
}

fn first_file(name: &str) -> PathBuf {
    let mut at = fixture(name);
    while at.is_dir() {
        let mut inside: Vec<_> =
            std::fs::read_dir(&at).unwrap().map(|e| e.unwrap().path()).collect();
        inside.sort();
        at = inside.swap_remove(0);
    }
    at
}

#[test]
fn an_upload_is_imported_once_and_its_report_is_that_of_the_command() {
    let (live, importer, engineer) = writing();
    let bytes = std::fs::read(first_file("datadog-art12-b-dotted")).unwrap();
    let events = || {
        live.query(&engineer, "find inference summarize count() as n").ok()["rows"][0][0].as_u64()
    };
    let before = events();
    let send = || live.send(upload("/v1/imports?name=b.json.gz", bytes.clone()).token(&importer));
    let job = done(&live, &importer, &send());
    assert_eq!(job["state"], "done", "{job}");
    let new = job["report"]["events"].as_u64().unwrap();
    assert!(new > 0 && job["report"]["sources"][0]["label"] == "b.json.gz", "{job}");
    assert_eq!(events(), before.map(|before| before + new), "answered as soon as the job is done");
    let again = done(&live, &importer, &send());
    assert_eq!((&again["report"]["events"], &again["report"]["commits"]), (&json!(0), &json!(0)));
    let listed = live.send(get("/v1/imports").token(&importer)).ok();
    assert_eq!(listed["imports"][0]["id"], again["id"], "the newest first");
    let left = std::fs::read_dir(live.store().join("uploads")).unwrap().count();
    assert_eq!(left, 0, "an upload goes when it was read");
}

#[test]
fn a_database_can_be_uploaded_and_a_dry_run_writes_nothing() {
    let (live, importer, engineer) = writing();
    let commit = || live.send(get("/v1/stats").token(&engineer)).ok()["commit"].clone();
    let before = commit();
    let bytes = std::fs::read(fixture(DATABASE)).unwrap();
    let path = "/v1/imports?name=other.db&source=mlflow-other&dry_run=true";
    let job = done(&live, &importer, &live.send(upload(path, bytes.clone()).token(&importer)));
    assert!(job["report"]["nodes"]["run"]["recorded"].as_u64().unwrap() > 0, "{job}");
    assert_eq!(commit(), before);
    let path = path.replace("&dry_run=true", "");
    let job = done(&live, &importer, &live.send(upload(&path, bytes).token(&importer)));
    assert_eq!(job["report"]["sources"][0]["source"], "mlflow-other", "{job}");
    assert_ne!(commit(), before);
}

#[test]
fn what_is_no_export_fails_as_a_job_and_leaves_the_store_as_it_was() {
    let (live, importer, engineer) = writing();
    let before = live.send(get("/v1/stats").token(&engineer)).ok();
    let job = done(
        &live,
        &importer,
        &live.send(upload("/v1/imports", b"no export".to_vec()).token(&importer)),
    );
    assert_eq!((&job["state"], &job["report"]), (&json!("failed"), &Json::Null));
    assert_eq!(job["problem"]["type"], "urn:lineal:problem:not-recognised", "{job}");
    assert_eq!(job["problem"]["title"], "The import failed");
    let words = job["problem"]["detail"].as_str().unwrap();
    assert!(!words.contains(&*live.store().to_string_lossy()), "no folder is told: {words}");
    let damaged = std::fs::read(first_file("datadog-art12-b-dotted")).unwrap();
    let cut = damaged[..damaged.len() / 2].to_vec();
    let path = "/v1/imports?strict=true&form=datadog";
    let job = done(&live, &importer, &live.send(upload(path, cut).token(&importer)));
    assert_eq!(job["state"], "failed", "a part of a file is refused where that is asked for");
    let words = job["problem"]["detail"].as_str().unwrap();
    assert!(words.contains("`strict`") && !words.contains("--"), "a request has no flags: {words}");
    assert_eq!(live.send(get("/v1/stats").token(&engineer)).ok()["commit"], before["commit"]);
}

#[test]
fn a_path_is_read_below_the_configured_folder_alone() {
    let folder = fixture("datadog-art12-b-dotted").parent().unwrap().to_owned();
    let live = Live::with(|config| {
        let imports = Some(folder);
        let writing = lineal_server::Writing { imports, mapping: None };
        config.writing.insert("main".to_owned(), writing);
    });
    let importer = live.token(Role::Importer);
    let ask =
        |path: &str| live.send(post("/v1/imports", &json!({ "path": path })).token(&importer));
    let job = done(&live, &importer, &ask("datadog-art12-b-dotted"));
    assert!(job["report"]["events"].as_u64().unwrap() > 0, "{job}");
    for path in ["../src", "/etc/passwd", "nothing", "datadog-art12-b-dotted/../../src"] {
        assert_eq!(ask(path).problem(), (404, "not-found".to_owned()), "{path}");
    }
    let misspelt = json!({ "path": "x", "strickt": true });
    assert_eq!(live.send(post("/v1/imports", &misspelt).token(&importer)).status, 400);
}

#[test]
fn a_pipe_below_the_folder_of_imports_is_refused_and_holds_no_writer() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("day")).unwrap();
    let pipes = [at("pipe"), at("day/a.json")];
    assert!(std::process::Command::new("mkfifo").args(&pipes).status().unwrap().success());
    std::fs::copy(first_file("datadog-art12-b-dotted"), at("day/b.json.gz")).unwrap();
    let mut live = Live::with(|config| {
        let imports = Some(folder.path().to_owned());
        let writing = lineal_server::Writing { imports, mapping: None };
        config.writing.insert("main".to_owned(), writing);
    });
    let importer = live.token(Role::Importer);
    let ask =
        |path: &str| live.send(post("/v1/imports", &json!({ "path": path })).token(&importer));
    let refused = ask("pipe");
    assert_eq!(refused.problem(), (400, "bad-request".to_owned()));
    assert!(refused.text().contains("a pipe"), "what is wrong: {}", refused.text());
    let job = done(&live, &importer, &ask("day"));
    assert_eq!(job["state"], "done", "what lies beside it is imported: {job}");
    assert!(job["report"]["events"].as_u64() > Some(0), "{job}");
    live.end();
}

#[test]
fn no_link_below_the_folder_of_imports_leads_out_of_it() {
    let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (at, away) = (inside.path(), outside.path());
    for folder in ["database", "log", "beside", "deep/down", "own"] {
        std::fs::create_dir_all(at.join(folder)).unwrap();
    }
    std::fs::copy(fixture(DATABASE), away.join("mlflow.db")).unwrap();
    std::fs::copy(first_file("datadog-art12-b-dotted"), away.join("a.json.gz")).unwrap();
    std::fs::write(away.join("wal"), "").unwrap();
    let link = |from: PathBuf, to: &str| std::os::unix::fs::symlink(from, at.join(to)).unwrap();
    link(away.join("mlflow.db"), "database/mlflow.db");
    link(away.join("a.json.gz"), "log/a.json.gz");
    std::fs::copy(fixture(DATABASE), at.join("beside/mlflow.db")).unwrap();
    link(away.join("wal"), "beside/mlflow.db-wal");
    link(away.to_owned(), "deep/down/folder");
    // One that stays within is followed.
    std::fs::copy(fixture(DATABASE), at.join("own.db")).unwrap();
    link(at.join("own.db"), "own/mlflow.db");
    let live = Live::with(|config| {
        let imports = Some(at.to_owned());
        let writing = lineal_server::Writing { imports, mapping: None };
        config.writing.insert("main".to_owned(), writing);
    });
    let (importer, engineer) = (live.token(Role::Importer), live.token(Role::Engineer));
    let stats = || live.send(get("/v1/stats").token(&engineer)).ok()["kinds"].clone();
    let before = stats();
    let ask =
        |path: &str| live.send(post("/v1/imports", &json!({ "path": path })).token(&importer));
    for folder in ["database", "log", "beside", "deep"] {
        let job = done(&live, &importer, &ask(folder));
        assert_eq!(job["state"], "failed", "{folder}: {job}");
        let told = job["problem"]["detail"].as_str().unwrap();
        assert!(told.contains("leads out of the folder"), "{folder}: {told}");
        assert!(!told.contains(away.to_str().unwrap()), "not to where: {told}");
    }
    assert_eq!(ask("database/mlflow.db").problem().0, 404, "by its own name neither");
    assert_eq!(stats(), before, "nothing is recorded");
    let job = done(&live, &importer, &ask("own"));
    assert_eq!(job["state"], "done", "{job}");
}

#[test]
fn what_cannot_be_taken_on_is_refused_at_once() {
    let (live, importer, _) = writing();
    let status = |ask: Ask| live.send(ask.token(&importer)).status;
    assert_eq!(status(upload("/v1/imports", Vec::new())), 400, "nothing to import");
    assert_eq!(status(upload("/v1/imports?name=..%2Fx", b"x".to_vec())), 400);
    assert_eq!(status(upload("/v1/imports?observed_at=then", b"x".to_vec())), 400);
    assert_eq!(status(upload("/v1/imports?strict=maybe", b"x".to_vec())), 400);
    let form = post("/v1/imports", &json!(null)).kind("multipart/form-data; boundary=x");
    let form = live.send(form.body(b"--x--".to_vec()).token(&importer));
    assert_eq!(form.problem(), (415, "unsupported-media-type".to_owned()));
    assert!(form.text().contains("--data-binary"), "what to do: {}", form.text());
    assert_eq!(status(get("/v1/imports/unknown")), 404);
    assert_eq!(
        status(post("/v1/imports", &json!({ "path": "x" }))),
        403,
        "no folder is configured"
    );
    let small = Live::with(|config| {
        config.write = true;
        config.intake.upload_bytes = 10;
    });
    let importer = small.token(Role::Importer);
    let large = small.send(upload("/v1/imports", vec![b'x'; 11]).token(&importer));
    assert_eq!(large.problem(), (413, "too-large".to_owned()));
    let full = Live::with(|config| {
        config.write = true;
        config.intake.uploads_bytes = 10;
    });
    let importer = full.token(Role::Importer);
    let large = full.send(upload("/v1/imports", vec![b'x'; 11]).token(&importer));
    assert_eq!(large.problem(), (503, "busy".to_owned()), "no room beside the others");
    let small = full.send(upload("/v1/imports", vec![b'x'; 10]).token(&importer));
    assert_eq!(small.status, 202, "what was refused has given its room back");
    let reading = Live::new();
    let importer = reading.token(Role::Importer);
    for path in ["/v1/imports", "/v1/intake/seal", "/api/v2/logs"] {
        let refused = reading.send(post(path, &json!({})).token(&importer));
        assert_eq!(refused.problem(), (409, "read-only".to_owned()), "{path}");
    }
}

#[test]
fn a_store_has_one_writer() {
    let (live, ..) = writing();
    let second = lineal_engine::Store::open(live.store(), lineal_engine::Options::default());
    let error = second.err().expect("the server holds the lock").to_string();
    assert!(error.contains("being written by"), "{error}");
}
