//! Answers: equal to those in process, in every form, page by page, and asked again.

use crate::client::get;
use crate::live::{Live, bring, query_with};
use lineal_engine::Store;
use lineal_query::{Limits, Parameters, Prepared, Request, StoreView};
use lineal_server::Role;
use serde_json::{Value as Json, json};
use std::sync::Arc;

const EVENTS: &str = "find inference as i return i.event_id, i.time, i.decision";

#[test]
fn a_question_gets_the_answer_that_it_gets_in_process() {
    let live = Live::new();
    let token = live.token(Role::Auditor);
    let store = Arc::new(Store::open_read_only(live.store()).unwrap());
    let view = StoreView::new(store).unwrap();
    let (parameters, limits) = (Parameters::new().text("n", "3"), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let questions = [
        "find model where version = $n",
        EVENTS,
        "find dataset upstream of model:credit-risk-scorer@3 return it, name, digest",
        "trace model:credit-risk-scorer@3 to dataset",
        "show kinds",
    ];
    for question in questions {
        let prepared = Prepared::new(question).unwrap();
        let there = prepared.run(&view, &request).unwrap().to_json();
        let params = if question.contains("$n") { json!({ "n": "3" }) } else { json!({}) };
        let body = json!({ "query": question, "params": params });
        let here = live.send(query_with(body).token(&token)).ok();
        for member in ["columns", "rows", "total", "completeness", "commit", "hash"] {
            assert_eq!(here[member], there[member], "{question}: {member}");
        }
        assert_eq!(here["next"], Json::Null, "{question}");
    }
}

#[test]
fn every_form_holds_the_same_rows_packed_or_not() {
    let live = Live::new();
    let token = live.token(Role::Auditor);
    let ask = |accept: &str, coding: &str| {
        let ask = query_with(json!({ "query": EVENTS })).token(&token);
        live.send(ask.header("Accept", accept).header("Accept-Encoding", coding))
    };
    let rows = ask("application/json", "identity").ok()["rows"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 300);
    for coding in ["identity", "gzip"] {
        let json = ask("application/json", coding);
        let lines = ask("application/x-ndjson", coding);
        let csv = ask("text/csv", coding);
        for reply in [&json, &lines, &csv] {
            let packed = (coding == "gzip").then_some("gzip");
            assert_eq!(reply.header("content-encoding"), packed);
            assert_eq!(reply.header("lineal-total"), Some("300"));
            assert_eq!(reply.header("lineal-completeness"), Some("cannot_tell"));
        }
        assert_eq!(json.ok()["rows"], json!(rows));
        let text = lines.text();
        let mut objects: Vec<Json> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let about = objects.pop().unwrap();
        assert_eq!(about["$answer"]["total"], 300);
        assert_eq!(about["$answer"]["completeness"], json.ok()["completeness"]);
        let values = objects.iter().map(|o| o.as_object().unwrap().values().cloned().collect());
        assert_eq!(values.collect::<Vec<Json>>(), rows);
        let text = csv.text();
        assert_eq!(text.lines().count(), 301, "a header and the rows");
        assert!(text.lines().nth(8).unwrap().starts_with(rows[7][0].as_str().unwrap()));
    }
    assert_eq!(ask("text/html", "").problem(), (406, "not-acceptable".to_owned()));
}

#[test]
fn pages_make_the_whole_and_stay_at_their_commit() {
    let live = Live::new();
    let token = live.token(Role::Engineer);
    let question = "find node as n return n";
    let page = |cursor: &Json| {
        let body = json!({ "query": question, "page": 7, "cursor": cursor });
        live.send(query_with(body).token(&token))
    };
    let whole = live.query(&token, question).ok();
    let (mut rows, mut cursor) = (Vec::new(), Json::Null);
    let mut pages = 0;
    loop {
        let answer = page(&cursor).ok();
        assert_eq!(answer["first"], rows.len(), "page {pages}");
        assert_eq!(answer["commit"], whole["commit"], "another import came meanwhile");
        rows.extend(answer["rows"].as_array().unwrap().clone());
        cursor = answer["next"].clone();
        pages += 1;
        if pages == 2 {
            bring(&live.store(), &["datadog-art12-b-dotted"]);
            live.until(|| live.query(&token, question).ok()["commit"] != whole["commit"]);
        }
        if cursor.is_null() {
            break;
        }
    }
    assert!(pages > 4, "{pages}");
    assert_eq!(json!(rows), whole["rows"]);
    // A cursor is of its question alone, and as it came.
    let first = page(&Json::Null).ok()["next"].as_str().unwrap().to_owned();
    let mut changed = first.clone().into_bytes();
    changed[3] = if changed[3] == b'A' { b'B' } else { b'A' };
    for (body, why) in [
        (
            json!({ "query": question, "page": 7, "cursor": String::from_utf8(changed).unwrap() }),
            "changed",
        ),
        (json!({ "query": question, "page": 8, "cursor": first }), "another page"),
        (
            json!({ "query": "find node as m return m", "page": 7, "cursor": first }),
            "another question",
        ),
        (json!({ "query": question, "page": 7, "cursor": "" }), "none"),
    ] {
        assert_eq!(live.send(query_with(body).token(&token)).problem().0, 400, "{why}");
    }
}

#[test]
fn who_holds_an_answer_is_told_so_until_something_is_committed() {
    let live = Live::new();
    let token = live.token(Role::Engineer);
    let path = "/v1/query?query=find%20model";
    for path in [path, "/v1/stats", "/v1/batches", "/v1/nodes/model/credit-risk-scorer@3"] {
        let first = live.send(get(path).token(&token));
        let tag = first.header("etag").unwrap().to_owned();
        let again = live.send(get(path).token(&token).header("If-None-Match", &tag));
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(tag.as_str()));
    }
    let tag = live.send(get(path).token(&token)).header("etag").unwrap().to_owned();
    let body = json!({ "query": "find model" });
    let again = live.send(query_with(body).token(&token).header("If-None-Match", &tag));
    assert_eq!(again.problem(), (412, "not-changed".to_owned()), "POST has no better word");
    let other = live.token(Role::Auditor);
    let other = live.send(get(path).token(&other).header("If-None-Match", &tag));
    assert_eq!(other.status, 200, "another role may see other things");
    let timely =
        live.send(get("/v1/query?query=find%20model%20where%20time%20%3C%20now()").token(&token));
    assert_eq!((timely.status, timely.header("etag")), (200, None), "the time of asking is in it");
    bring(&live.store(), &["datadog-art12-b-dotted"]);
    live.until(|| live.send(get(path).token(&token).header("If-None-Match", &tag)).status == 200);
}

#[test]
fn a_plan_is_asked_by_its_name_and_by_its_own_token_only() {
    let live = Live::new();
    let (one, other) = (live.token(Role::Engineer), live.token(Role::Engineer));
    let text = "find model where version = $v and name = $n";
    let plan = crate::client::post("/v1/plans", &json!({ "query": text }));
    let plan = live.send(plan.token(&one)).ok();
    assert_eq!((&plan["parameters"], &plan["columns"]), (&json!(["n", "v"]), &json!(["model"])));
    let params = json!({ "n": "credit-risk-scorer", "v": "3" });
    let body = json!({ "plan_id": plan["plan_id"], "params": params });
    let answer = live.send(query_with(body.clone()).token(&one)).ok();
    assert_eq!(answer["rows"], json!([["model:credit-risk-scorer@3"]]));
    assert_eq!(live.send(query_with(body).token(&other)).problem().0, 404);
    let wrong = crate::client::post("/v1/plans", &json!({ "query": "find modl" })).token(&one);
    let wrong = live.send(wrong);
    assert_eq!(wrong.problem(), (400, "question".to_owned()));
    let error = &wrong.json()["errors"][0];
    assert_eq!(error["code"], "P001");
    assert_eq!(
        (&error["at"], &error["end"], &error["replacement"]),
        (&json!(5), &json!(9), &json!("model"))
    );
}

/// An answer without the time of its asking.
fn but_for_now(text: &str) -> String {
    let Some((before, after)) = text.split_once("\"now\":\"") else { return text.to_owned() };
    let after = after.split_once('"').map_or("", |(_, after)| after);
    format!("{before}{after}")
}

/// One that was short is asked where its request came in: nobody is to notice.
#[test]
fn a_plan_that_is_asked_often_answers_as_its_text_does_in_every_form() {
    let live = Live::new();
    let text = "find model where name = $n";
    let params = json!({ "n": "credit-risk-scorer" });
    let forms = ["application/json", "application/x-ndjson", "text/csv"];
    let heads = [
        "content-type",
        "etag",
        "lineal-commit",
        "lineal-completeness",
        "lineal-total",
        "lineal-withheld",
    ];
    for role in [Role::Engineer, Role::Auditor] {
        let token = live.token(role);
        let plan = crate::client::post("/v1/plans", &json!({ "query": text }));
        let plan = live.send(plan.token(&token)).ok()["plan_id"].clone();
        for form in forms {
            let ask = |body: &Json| {
                let reply =
                    live.send(query_with(body.clone()).token(&token).header("Accept", form));
                assert_eq!(reply.status, 200, "{form}: {}", reply.text());
                let heads = heads.map(|head| reply.header(head).map(str::to_owned));
                (heads, but_for_now(&reply.text()))
            };
            let by_text = ask(&json!({ "query": text, "params": params }));
            for _ in 0..24 {
                let by_plan = ask(&json!({ "plan_id": plan, "params": params }));
                assert_eq!(by_plan, by_text, "{form}");
            }
        }
    }
}

#[test]
fn a_bound_of_the_request_or_of_the_server_cuts_and_says_so() {
    let live = Live::with(|config| config.limits.rows = 50);
    let token = live.token(Role::Auditor);
    let ask = |limits: Json| {
        let body = json!({ "query": "find inference", "limits": limits });
        live.send(query_with(body).token(&token)).ok()
    };
    for (limits, rows) in [(json!({}), 50), (json!({"rows": 9}), 9), (json!({"rows": 900}), 50)] {
        let answer = ask(limits);
        assert_eq!(answer["completeness"]["state"], "truncated");
        assert_eq!(answer["completeness"]["truncated_by"], format!("the limit of {rows} rows"));
    }
    let body = json!({ "query": crate::live::ENDLESS, "limits": { "seconds": 1 } });
    let cut = live.send(query_with(body).token(&token));
    assert_eq!(cut.header("lineal-completeness"), Some("truncated"));
    assert_eq!(cut.header("etag"), None, "asked again it may give more");
}

#[test]
fn ids_are_written_whole() {
    let live = Live::new();
    let token = live.token(Role::Engineer);
    let ask = |query: &str| live.send(query_with(json!({ "query": query })).token(&token));
    let whole = ask("find run produces model:credit-risk-scorer@3 return it, id").ok();
    let row = whole["rows"][0].as_array().unwrap().clone();
    // In process a part is enough.
    let store = Arc::new(Store::open_read_only(live.store()).unwrap());
    let view = StoreView::new(store).unwrap();
    let request = Request { parameters: &Parameters::new(), limits: &Limits::default(), now: 0 };
    for named in [row[0].as_str().unwrap(), row[1].as_str().unwrap()] {
        let short = format!("find node upstream of {}", &named[..named.len() - 8]);
        assert_eq!(ask(&format!("find node upstream of {named}")).status, 200, "{named}");
        assert_eq!(ask(&short).status, 422, "{short}");
        assert!(Prepared::new(&short).unwrap().run(&view, &request).is_ok(), "{short}");
        let target = named[..named.len() - 8].replace('#', "%23");
        let trace = live.send(get(format!("/v1/trace?target={target}")).token(&token));
        assert_eq!(trace.status, 404, "{target}");
    }
    let id = row[1].as_str().unwrap();
    let said = ask(&format!("find node upstream of {}", &id[..20])).text();
    assert!(said.contains("R007") && said.contains("whole"), "{said}");
    // Two data sets of the demo have one digest: whole it fits both, shortened neither.
    let digest = "find dataset where name = \"applications_2025q3-train\" return digest";
    let digest = ask(digest).ok()["rows"][0][0].as_str().unwrap().to_owned();
    let of = |digest: &str| ask(&format!("find node upstream of dataset:{digest}")).text();
    assert!(of(&digest).contains("R002"), "{}", of(&digest));
    assert!(of(&digest[..digest.len() - 2]).contains("R001"), "{}", of(&digest[..6]));
}
