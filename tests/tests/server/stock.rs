//! Clients as their makers ship them, against a live server, and the data then found by a question.

use crate::intake::{event, seal};
use crate::live::Live;
use crate::uploads::writing;
use lineal_tests::foreign::{python, run};
use serde_json::{Value as Json, json};
use std::ffi::OsStr;

fn sends(live: &Live, packages: &[&str], which: &str, token: &str, event: &Json) -> bool {
    let Some(python) = python("the stock clients for logs", packages) else { return false };
    let address = format!("http://{}", live.address);
    let event = event.to_string();
    let arguments = [which, address.as_str(), token, event.as_str()].map(OsStr::new);
    let said = run(&python, "stock_clients.py", &arguments, b"").unwrap();
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    true
}

fn found(live: &Live, engineer: &str, name: &str) -> Json {
    let text = format!(
        "find inference as i where i.event_id = \"{name}\" return i.decision, i.service, i.model_version"
    );
    live.query(engineer, &text).ok()["rows"].clone()
}

#[test]
fn datadogs_own_client_submits_logs() {
    let (live, importer, engineer) = writing();
    let attributes = json!({ "art12": event("stock-1")["art12"] });
    if !sends(&live, &["datadog_api_client"], "datadog", &importer, &attributes) {
        return;
    }
    // Sent packed in three ways; it names itself, so it is one event.
    assert_eq!(seal(&live, &importer)["entries"], 3);
    assert_eq!(found(&live, &engineer, "stock-1"), json!([["approve", "scorer", "3"]]));
}

#[test]
fn opentelemetrys_own_exporter_submits_logs() {
    let (live, importer, engineer) = writing();
    let attributes = json!({
        "art12.event_id": "stock-2", "art12.system_id": "CREDIT-RISK-EU-001",
        "art12.model.name": "credit-risk-scorer", "art12.model.version": "3",
        "art12.output.decision": "refer",
    });
    let packages = ["opentelemetry.exporter.otlp.proto.http", "opentelemetry.sdk"];
    if !sends(&live, &packages, "otlp", &importer, &attributes) {
        return;
    }
    assert_eq!(seal(&live, &importer)["entries"], 1);
    assert_eq!(found(&live, &engineer, "stock-2"), json!([["refer", "scorer", "3"]]));
}
