//! OpenLineage over the network: durable before it is acknowledged, sealed, found by a question, and
//! read as Marquez's clients read it.

use crate::client::{get, post};
use crate::intake::seal;
use crate::live::Live;
use crate::uploads::{writing, writing_unshown};
use lineal_tests::foreign::{python, run};
use serde_json::{Value as Json, json};
use std::ffi::OsStr;

const RUN: &str = "0199e2c4-6f2a-7c11-9f5e-2f9d8a1b4c3d";

fn client(live: &Live, which: &str, packages: &[&str], token: &str) -> Option<String> {
    let python = python("the stock clients for lineage", packages)?;
    let address = format!("http://{}", live.address);
    let given = json!({ "run": RUN }).to_string();
    let arguments = [which, address.as_str(), token, given.as_str()].map(OsStr::new);
    let said = run(&python, "stock_lineage.py", &arguments, b"").unwrap();
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    Some(said.stdout)
}

#[test]
fn openlineages_own_client_emits_and_marquezs_own_client_reads() {
    let (live, importer, engineer) = writing();
    if client(&live, "emit", &["openlineage.client"], &importer).is_none() {
        return;
    }
    let stats = live.send(get("/v1/stats").token(&engineer)).ok();
    assert_eq!(stats["intake"]["proof_pending"], 3, "{stats}");
    let report = seal(&live, &importer);
    assert_eq!(report["imports"][0]["counts"]["accepted"], 3, "{report}");
    let question = "find run as r used dataset as d where r.status = \"FINISHED\" and d.name = \"credit/applications.parquet\" return r.name, d.name";
    let expected = json!([["score/nightly", "credit/applications.parquet"]]);
    assert_eq!(live.query(&engineer, question).ok()["rows"], expected);
    let upstream = "find dataset upstream of dataset:\"credit/scores.parquet\" return name";
    let found = live.query(&engineer, upstream).ok();
    assert_eq!(found["rows"], json!([["credit/applications.parquet"]]));
    let Some(told) = client(&live, "read", &["marquez_client", "pytz"], &engineer) else { return };
    let told: Json = serde_json::from_str(&told).unwrap();
    let names = |list: &Json| -> Vec<Json> {
        list.as_array().unwrap().iter().map(|it| it["name"].clone()).collect()
    };
    assert_eq!(names(&told["namespaces"]["namespaces"]), ["credit-risk", "s3://bank-data"]);
    assert_eq!(told["namespace"]["name"], "s3://bank-data");
    assert_eq!(names(&told["jobs"]["jobs"]), ["score/nightly"]);
    let job = &told["job"];
    let of_bank = |name: &str| json!([{ "namespace": "s3://bank-data", "name": name }]);
    assert_eq!(job["inputs"], of_bank("credit/applications.parquet"), "{job}");
    assert_eq!(job["outputs"], of_bank("credit/scores.parquet"), "{job}");
    assert_eq!(job["latestRun"]["id"], RUN);
    assert_eq!((&told["runs"]["totalCount"], &told["runs"]["runs"][0]), (&json!(1), &told["run"]));
    let run = &told["run"];
    assert_eq!(
        (&run["state"], &run["durationMs"]),
        (&json!("COMPLETED"), &json!(150_000)),
        "{run}"
    );
    assert_eq!(run["startedAt"], "2025-11-03T14:00:00Z");
    assert_eq!(told["datasets"]["totalCount"], 2);
    assert_eq!(names(&told["datasets"]["datasets"]), ["credit/scores.parquet"], "the second page");
    let columns = &told["dataset"]["fields"];
    assert_eq!((&columns[0]["name"], &columns[0]["type"]), (&json!("income"), &json!("double")));
    let graph = told["graph"]["graph"].as_array().unwrap();
    let ids: Vec<&str> = graph.iter().map(|node| node["id"].as_str().unwrap()).collect();
    let (from, to) =
        ("dataset:s3://bank-data:credit/applications.parquet", "job:credit-risk:score/nightly");
    assert_eq!(ids, [from, "dataset:s3://bank-data:credit/scores.parquet", to]);
    assert_eq!(graph[2]["inEdges"], json!([{ "origin": from, "destination": to }]));
    assert_eq!(told["refused"], 404, "no columns are told");
}

fn event(number: u8) -> Json {
    json!({
        "eventTime": "2025-11-03T14:00:00Z", "eventType": "START",
        "run": { "runId": format!("{}{number:02x}", &RUN[..34]) }, "job": { "namespace": "n:m", "name": "j" },
        "outputs": [{ "namespace": "n", "name": "m:d" }, { "namespace": "n:m", "name": "d" }],
    })
}

#[test]
fn events_are_taken_whole_or_not_at_all_and_once_under_a_key() {
    let (live, importer, engineer) = writing();
    let path = "/api/v1/lineage/batch";
    let send =
        |body: &Json| live.send(post(path, body).token(&importer).header("Idempotency-Key", "k"));
    let mut bad = event(2);
    bad["run"]["runId"] = json!("seven");
    let refused = live.send(post(path, &json!([event(1), bad])).token(&importer));
    assert_eq!(refused.status, 400);
    assert!(
        refused.text().contains("event 1 is rejected, and nothing was stored"),
        "{}",
        refused.text()
    );
    let both = json!([event(1), event(2)]);
    assert_eq!((send(&both).status, send(&both).status), (202, 202));
    assert_eq!(send(&json!([event(3)])).status, 422, "another body under the same key");
    assert_eq!(seal(&live, &importer)["entries"], 2);
    let runs = live.send(get("/api/v1/namespaces/n%3Am/jobs/j/runs").token(&engineer)).ok();
    assert_eq!(runs["totalCount"], 2);
    assert_eq!(runs["runs"][0]["state"], "RUNNING");
    let ask = |path: &str| live.send(get(path).token(&engineer));
    // `n` with `m:d`, or `n:m` with `d`.
    assert_eq!(ask("/api/v1/lineage?nodeId=dataset:n:m:d").problem().0, 409);
    assert_eq!(
        ask("/api/v1/lineage?nodeId=job:n:m:j&depth=0").ok()["graph"].as_array().unwrap().len(),
        1
    );
    let unknown = ask("/api/v1/lineage?nodeId=job:n:m:j&withDownstream=true");
    assert!(
        unknown.status == 400
            && unknown
                .text()
                .contains("an unknown parameter; known are store, nodeId, depth, as_of"),
        "{}",
        unknown.text()
    );
    let other = ask("/api/v1/lineage?nodeId=run:n:m");
    assert!(
        other.status == 400 && other.text().contains("`dataset:NAMESPACE:NAME`"),
        "{}",
        other.text()
    );
    assert!(ask("/api/v1/lineage").text().contains("`nodeId` names what is asked for"));
    for absent in ["namespaces/x", "namespaces/n/jobs/x", "namespaces/n/datasets/x", "jobs/runs/x"]
    {
        assert_eq!(ask(&format!("/api/v1/{absent}")).status, 404, "{absent}");
    }
    let before = ask("/api/v1/namespaces?as_of=1").ok();
    assert_eq!(before["namespaces"], json!([]), "as of before: {before}");
}

#[test]
fn what_waits_of_lineage_makes_answers_over_runs_and_data_sets_cannot_tell_and_no_others() {
    let (live, importer, engineer) = writing_unshown();
    let path = "/api/v1/lineage/batch";
    let send = |body: &Json| live.send(post(path, body).token(&importer)).status;
    let state = |question: &str| {
        let asked = live.query(&engineer, question);
        let reasons = asked.ok()["completeness"]["reasons"].to_string();
        let is_told = reasons.contains("2 events are not sealed yet");
        assert!(
            !is_told || asked.header("lineal-completeness") == Some("cannot_tell"),
            "{question}"
        );
        is_told
    };
    assert!(!state("find dataset limit 1"), "nothing waits");
    assert_eq!(send(&json!([event(1), event(2)])), 202);
    for question in ["find run limit 1", "find dataset limit 1", "find experiment limit 1"] {
        assert!(state(question), "{question}");
    }
    assert!(!state("find model limit 1"));
    // Events of OpenLineage bring no inferences.
    assert!(!state("find inference limit 1"));
    let ask = |path: &str| live.send(get(path).token(&engineer));
    let traced = ask("/v1/trace?target=model:credit-risk-scorer@3").ok();
    assert!(traced["completeness"] == "cannot_tell", "it comes by runs: {traced}");
    assert!(traced["findings"].to_string().contains("2 events are not sealed yet"), "{traced}");
    let system = ask("/v1/trace?target=system:CREDIT-RISK-EU-001&as_of=1");
    assert!(!system.text().contains("not sealed"), "the past lacks nothing");
    let namespaces = ask("/api/v1/namespaces");
    assert_eq!(namespaces.header("lineal-completeness"), Some("cannot_tell"));
    let tag = namespaces.header("etag").unwrap().to_owned();
    let absent = ask("/api/v1/namespaces/n%3Am/jobs/j");
    assert!(absent.text().contains("2 events are not sealed yet"), "{}", absent.text());
    assert_eq!(ask("/api/v1/namespaces?as_of=1").header("lineal-completeness"), None);
    assert_eq!(send(&json!([event(3)])), 202);
    let changed = get("/api/v1/namespaces").token(&engineer).header("If-None-Match", &tag);
    assert_eq!(live.send(changed).status, 200, "more waits than was told");
    seal(&live, &importer);
    assert!(!state("find dataset limit 1"), "sealed");
    assert_eq!(ask("/api/v1/namespaces").header("lineal-completeness"), None);
}

#[test]
fn what_waits_is_read_as_marquez_gives_it_with_its_proof_pending() {
    let (live, importer, engineer) = writing();
    let ask = |path: &str| live.send(get(path).token(&engineer));
    assert_eq!(ask("/api/v1/namespaces/n%3Am/jobs/j").status, 404);
    let sent = post("/api/v1/lineage/batch", &json!([event(1), event(2)])).token(&importer);
    assert_eq!(live.send(sent).status, 202);
    // A busy machine may need longer than a question waits for the view.
    live.until(|| ask("/api/v1/namespaces/n%3Am/jobs/j").status == 200);
    let job = ask("/api/v1/namespaces/n%3Am/jobs/j");
    assert_eq!(job.ok()["outputs"].as_array().map(Vec::len), Some(2), "{}", job.text());
    let proof = |reply: &crate::client::Reply| reply.header("lineal-proof").map(str::to_owned);
    assert_eq!(
        (proof(&job).as_deref(), job.header("lineal-completeness")),
        (Some("pending"), None)
    );
    assert_eq!(ask("/api/v1/namespaces/n%3Am/jobs?as_of=1").ok()["totalCount"], 0, "not then");
    seal(&live, &importer);
    let sealed = ask("/api/v1/namespaces/n%3Am/jobs/j");
    assert_eq!(
        (sealed.ok()["outputs"].clone(), proof(&sealed)),
        (job.ok()["outputs"].clone(), None)
    );
}
