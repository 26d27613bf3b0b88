//! OpenAPI, the page and the matrix of roles say what the table of endpoints says.

use crate::client::{get, post};
use crate::live::{HASH, Live, query_with};
use lineal_server::{Role, endpoints, role_matrix};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

#[test]
fn openapi_has_every_endpoint_and_no_other() {
    let live = Live::new();
    let document = live.send(get("/v1/openapi.json")).ok();
    assert_eq!(document["openapi"], "3.1.0");
    let mut written = BTreeSet::new();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            written.insert((method.to_uppercase(), path.clone()));
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} twice");
            let open = operation["security"].is_null();
            let row = endpoints()
                .find(|(m, p, _)| m.eq_ignore_ascii_case(method) && p.replace("{*", "{") == *path);
            assert_eq!(open, row.unwrap().2.is_none(), "{method} {path}");
        }
    }
    let table: BTreeSet<(String, String)> =
        endpoints().map(|(m, p, _)| (m.to_owned(), p.replace("{*", "{"))).collect();
    assert_eq!(written, table);
    let page = live.send(get("/")).text();
    assert!(table.iter().all(|(method, path)| page.contains(&format!("{method} {path}"))));
    for (method, path, _) in endpoints().filter(|(_, _, roles)| roles.is_some()) {
        let path = path.replace("{*", "{");
        let known = &document["paths"][path][method.to_lowercase()]["responses"];
        assert!(known["200"].is_object() || known["202"].is_object(), "{method} {known}");
        for status in ["400", "401", "403", "408", "429", "500", "503", "504"] {
            assert!(known[status].is_object(), "{method} {known}: {status}");
        }
    }
    let text = document.to_string();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for reference in text.split("\"$ref\":\"").skip(1) {
        let name = reference.split('"').next().unwrap();
        let name = name.strip_prefix("#/components/schemas/").unwrap();
        assert!(schemas.contains_key(name), "{name} is referred to and not there");
    }
}

/// The schema of a name has the members that a body has, and calls for no others.
fn fits(document: &Json, name: &str, body: &Json) {
    let schema = &document["components"]["schemas"][name];
    let known: BTreeSet<&String> = schema["properties"].as_object().unwrap().keys().collect();
    let there: BTreeSet<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(known, there, "{name}");
}

#[test]
fn bodies_are_as_openapi_says() {
    let live = Live::new();
    let token = live.token(Role::Engineer);
    let document = live.send(get("/v1/openapi.json")).ok();
    let answer = live.query(&token, "find model limit 1").ok();
    fits(&document, "QueryAnswer", &answer);
    fits(&document, "Completeness", &answer["completeness"]);
    let plan = post("/v1/plans", &json!({ "query": "find model" })).token(&token);
    fits(&document, "PlanAnswer", &live.send(plan).ok());
    let batches = live.send(get("/v1/batches").token(&token)).ok();
    fits(&document, "Batches", &batches);
    fits(&document, "Batch", &batches["batches"][0]);
    let schema = live.send(get("/v1/schema").token(&token)).ok();
    fits(&document, "Schema", &schema);
    fits(&document, "SchemaKind", &schema["kinds"][0]);
    let problem = live.send(query_with(json!({ "query": "find modl" })).token(&token));
    fits(&document, "ProblemBody", &problem.json());
    fits(&document, "Mistake", &problem.json()["errors"][0]);
}

#[test]
fn every_status_that_is_given_is_written_down() {
    let live = Live::new();
    let token = live.token(Role::Engineer);
    let importer = live.token(Role::Importer);
    let document = live.send(get("/v1/openapi.json")).ok();
    let trace = format!("/v1/trace?target={HASH}");
    let asked = [
        ("get", "/v1/trace", get(&trace).token(&token)),
        ("get", "/v1/trace", get("/v1/trace").token(&token)),
        ("get", "/v1/trace", get("/v1/trace?target=nothing").token(&token)),
        ("get", "/v1/trace", get(&trace).token(&importer)),
        ("get", "/v1/trace", get(&trace)),
        ("get", "/v1/nodes/{kind}/{key}", get("/v1/nodes/model/credit-risk-scorer").token(&token)),
        ("get", "/v1/nodes/{kind}/{key}", get("/v1/nodes/model/nothing").token(&token)),
        ("get", "/v1/stats", get("/v1/stats?store=none").token(&token)),
        ("get", "/v1/batches", get("/v1/batches?cursor=x").token(&token)),
        ("post", "/v1/query", post("/v1/query", &json!({"query": "find run:x"})).token(&token)),
        ("post", "/v1/query", post("/v1/query", &json!({})).header("Accept", "a/b").token(&token)),
        ("post", "/v1/plans", post("/v1/plans", &json!({"query": "x"})).token(&token)),
    ];
    for (method, path, ask) in asked {
        let reply = live.send(ask);
        let known = &document["paths"][path][method]["responses"];
        assert!(!known[reply.status.to_string()].is_null(), "{method} {path}: {}", reply.status);
        assert!(reply.status < 500);
    }
}

#[test]
fn the_matrix_in_the_documents_is_that_of_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operating.md");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(&role_matrix()), "docs/operating.md should hold:\n{}", role_matrix());
}
