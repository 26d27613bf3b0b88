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
        for status in ["400", "401", "403", "408", "413", "415", "429", "500", "503", "504"] {
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

/// Headers of answers that every server has, and says nothing of here.
const USUAL: [&str; 9] = [
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "transfer-encoding",
    "vary",
    "x-content-type-options",
];

#[test]
fn every_header_that_is_given_is_written_down() {
    let live = Live::with(|config| {
        config.write = true;
        config.backups = true;
    });
    let [token, auditor, admin, importer] =
        [Role::Engineer, Role::Auditor, Role::Admin, Role::Importer].map(|role| live.token(role));
    let document = live.send(get("/v1/openapi.json")).ok();
    let trace = format!("/v1/trace?target={HASH}");
    let asked = [
        ("get", "/v1/stats", get("/v1/stats").token(&token)),
        ("get", "/v1/trace", get(&trace).token(&token)),
        ("get", "/v1/show", get("/v1/show?target=model:credit-risk-scorer@3").token(&token)),
        ("get", "/v1/names", get("/v1/names?begins=model:").token(&token)),
        ("get", "/v1/history", get("/v1/history").token(&token)),
        ("get", "/v1/batches", get("/v1/batches?page=1").token(&token)),
        ("get", "/v1/schema", get("/v1/schema").token(&token)),
        ("get", "/v1/keys", get("/v1/keys").token(&token)),
        ("get", "/v1/holds", get("/v1/holds").token(&auditor)),
        ("get", "/v1/erasures", get("/v1/erasures").token(&auditor)),
        ("get", "/v1/check", get("/v1/check").token(&token)),
        ("get", "/v1/gate", get("/v1/gate?model=credit-risk-scorer@3").token(&token)),
        ("get", "/v1/query", get("/v1/query?query=find%20model&page=1").token(&token)),
        ("get", "/api/v1/namespaces", get("/api/v1/namespaces").token(&token)),
        (
            "get",
            "/v1/export/{form}",
            get("/v1/export/prov?target=model:credit-risk-scorer@3").token(&token),
        ),
        (
            "get",
            "/v1/report/{kind}",
            get("/v1/report/annex-iv?target=CREDIT-RISK-EU-001").token(&token),
        ),
        ("get", "/v1/backup", get("/v1/backup").token(&admin)),
        ("get", "/v1/mirror", get("/v1/mirror").token(&admin)),
        (
            "post",
            "/v1/query",
            query_with(json!({ "query": "find model", "page": 1 })).token(&token),
        ),
        ("post", "/v1/query", query_with(json!({ "query": "find model" }))),
        ("post", "/v1/intake/seal", post("/v1/intake/seal", &json!({})).token(&importer)),
    ];
    for (method, path, ask) in asked {
        let reply = live.send(ask);
        assert!([200, 202, 401].contains(&reply.status), "{method} {path}: {}", reply.text());
        let known = &document["paths"][path][method]["responses"][reply.status.to_string()];
        let known = known["headers"].as_object().unwrap();
        let known: BTreeSet<String> = known.keys().map(|name| name.to_lowercase()).collect();
        for name in reply.header_names().filter(|name| !USUAL.contains(name)) {
            assert!(name == "content-security-policy" || known.contains(name), "{path}: {name}");
        }
        assert!(known.contains("x-request-id"), "{method} {path}");
    }
}

#[test]
fn what_openapi_says_of_requests_holds() {
    let live = Live::with(|config| config.write = true);
    let (token, admin, importer) =
        (live.token(Role::Engineer), live.token(Role::Admin), live.token(Role::Importer));
    let document = live.send(get("/v1/openapi.json")).ok();
    let parameter = |path: &str, method: &str, name: &str| {
        let all = document["paths"][path][method]["parameters"].as_array().unwrap().clone();
        all.into_iter().find(|it| it["name"] == name).unwrap_or(Json::Null)
    };
    // Which store: in the head or in the query string, wherever a store is asked.
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, _) in item.as_object().unwrap() {
            let by_header = takes(item, method, "Lineal-Store");
            assert_eq!(by_header, takes(item, method, "store"), "{method} {path}");
        }
    }
    assert_eq!(live.send(get("/v1/stats?store=nobody").token(&token)).status, 404);
    let in_query = parameter("/v1/stats", "get", "store");
    assert_eq!((&in_query["in"], &in_query["required"]), (&json!("query"), &json!(false)));
    // The answer that is held already.
    assert!(parameter("/v1/query", "post", "If-None-Match").is_object());
    assert!(document["paths"]["/v1/query"]["get"]["responses"]["412"].is_null());
    let ask = || query_with(json!({ "query": "find model" })).token(&token);
    let tag = live.send(ask()).header("etag").unwrap().to_owned();
    assert_eq!(live.send(ask().header("If-None-Match", &tag)).status, 412);
    // Bounds, and values that are empty.
    for (path, name) in
        [("/v1/query", "page"), ("/v1/batches", "page"), ("/v1/log/consistency", "earlier")]
    {
        let schema = &parameter(path, "get", name)["schema"];
        assert_eq!(schema["minimum"], 1, "{path}");
        let asked = format!("{path}?{name}=0&query=find%20model");
        let asked = if path == "/v1/query" { asked } else { format!("{path}?{name}=0") };
        assert_eq!(live.send(get(asked).token(&token)).status, 400, "{path}");
    }
    let most = &parameter("/v1/trace", "get", "as_of")["schema"]["maximum"];
    assert_eq!(most.as_u64(), Some(9_223_372_036_854_775_807));
    let above = format!("/v1/trace?target={HASH}&as_of=9223372036854775808");
    assert!(live.send(get(above).token(&token)).text().contains("0 to 9223372036854775807"));
    for (path, name) in [("/v1/show", "target"), ("/v1/gate", "model"), ("/v1/names", "begins")] {
        assert_eq!(parameter(path, "get", name)["schema"]["minLength"], 1, "{path}");
        assert_eq!(live.send(get(format!("{path}?{name}=")).token(&token)).status, 400, "{path}");
    }
    let beyond = post("/v1/retractions", &Json::Null).body("{\"import\":9223372036854775808}");
    assert_eq!(live.send(beyond.token(&admin)).status, 400);
    let format = &document["components"]["schemas"]["RetractRequest"]["properties"]["import"];
    assert_eq!(format["format"], "int64");
    let none = json!({ "statement": "no approval approves model:x@3", "max_bytes": 0 });
    assert_eq!(live.send(post("/v1/prove", &none).token(&token)).status, 400);
    // One of two, and not both.
    let either = &document["components"]["schemas"]["QueryRequest"]["allOf"][1]["oneOf"];
    assert_eq!(either.as_array().map(Vec::len), Some(2), "{either}");
    for (body, status) in [
        (json!({ "query": "find model", "plan_id": null }), 200),
        (json!({ "query": null, "plan_id": null }), 400),
        (json!({ "query": "find model", "plan_id": "x" }), 400),
    ] {
        assert_eq!(live.send(query_with(body.clone()).token(&token)).status, status, "{body}");
    }
    // A packed body, also where none is taken.
    let packed = post("/v1/intake/seal", &json!({})).header("Content-Encoding", "gzip");
    assert_eq!(live.send(packed.token(&importer)).status, 415);
    // Datadog's clients.
    let ways = &document["paths"]["/api/v2/logs"]["post"]["security"];
    assert_eq!(*ways, json!([{ "token": [] }, { "datadog_key": [] }]));
    let key = &document["components"]["securitySchemes"]["datadog_key"];
    assert_eq!(
        (&key["type"], &key["in"], &key["name"]),
        (&json!("apiKey"), &json!("header"), &json!("DD-API-KEY"))
    );
}

#[test]
fn a_view_behind_the_last_commit_is_refused_as_openapi_says() {
    let live = Live::new();
    let auditor = live.token(Role::Auditor);
    let document = live.send(get("/v1/openapi.json")).ok();
    let mut written = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if takes(item, method, "as_of") {
                let refused = operation["responses"]["400"]["description"].as_str().unwrap();
                assert!(refused.contains("`as_of` is behind"), "{method} {path}: {refused}");
                written.insert(path.clone());
            }
        }
    }
    let model = "target=model%3Acredit-risk-scorer%403";
    let asked = [
        ("/v1/nodes/{kind}/{key}", "/v1/nodes/model/credit-risk-scorer%403?".to_owned()),
        ("/v1/show", format!("/v1/show?{model}&")),
        ("/v1/trace", format!("/v1/trace?{model}&")),
        ("/v1/check", "/v1/check?".to_owned()),
        ("/v1/export/{form}", format!("/v1/export/prov?{model}&")),
        ("/v1/export/logs", "/v1/export/logs?target=CREDIT-RISK-EU-001&".to_owned()),
        ("/v1/pack", "/v1/pack?subject=model%3Acredit-risk-scorer%403&".to_owned()),
        ("/v1/report/{kind}", format!("/v1/report/annex-iv?{model}&")),
        ("/api/v1/namespaces", "/api/v1/namespaces?".to_owned()),
        ("/api/v1/lineage", "/api/v1/lineage?nodeId=job:n:j&".to_owned()),
    ];
    for (path, begin) in asked {
        let reply = live.send(get(format!("{begin}as_of=4000000")).token(&auditor));
        assert_eq!(reply.status, 400, "{path}: {}", reply.text());
        assert!(written.contains(path), "{path}");
    }
    let body = json!({ "target": "CREDIT-RISK-EU-001", "as_of": "4000000" });
    let reply = live.send(post("/v1/report/annex-iv", &body).token(&auditor));
    assert_eq!(reply.status, 400, "{}", reply.text());
}

/// Does an operation take a parameter of this name?
fn takes(item: &Json, method: &str, name: &str) -> bool {
    let all = item[method]["parameters"].as_array();
    all.is_some_and(|all| all.iter().any(|it| it["name"] == name))
}

#[test]
fn the_matrix_in_the_documents_is_that_of_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operating.md");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(&role_matrix()), "docs/operating.md should hold:\n{}", role_matrix());
}
