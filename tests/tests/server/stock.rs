//! Clients as their makers ship them, against a live server, and the data then found by a question.

use crate::client::{get, post};
use crate::idp::Provider;
use crate::intake::{event, seal};
use crate::live::Live;
use crate::uploads::writing;
use lineal_server::{Role, Telemetry};
use lineal_tests::foreign::{python, run, skip};
use serde_json::{Value as Json, json};
use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};

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

/// Figures that stand on the page only where something is configured.
const CONFIGURED: [&str; 3] =
    ["lineal_oidc_refused_total", "lineal_spans_dropped_total", "lineal_intake_pending_entries"];

#[test]
fn prometheus_own_tools_read_the_metrics() {
    let provider = Provider::new();
    let grant = "claim = \"groups\"\nhas = \"ml\"\nrole = \"engineer\"\nstores = [\"main\"]";
    let live = Live::with(|config| {
        config.write = true;
        provider.trusted(config, &format!("[[grant]]\n{grant}\n"));
        // Nobody listens there, and nobody needs to.
        let (endpoint, service) = ("http://127.0.0.1:1/v1/traces".to_owned(), "x".to_owned());
        config.telemetry = Some(Telemetry { endpoint, service, ca: None });
    });
    let (importer, engineer) = (live.token(Role::Importer), live.token(Role::Engineer));
    assert_eq!(live.query(&engineer, "find model limit 1").status, 200);
    assert_eq!(live.query(&importer, "find model limit 1").status, 403);
    let log = post("/api/v2/logs", &event("metered")).token(&importer);
    assert_eq!(live.send(log).status, 202);
    let metrics = live.send(get("/metrics").token(&live.first_token)).text();
    for name in CONFIGURED {
        assert!(metrics.contains(&format!("# TYPE {name} ")), "{name} in {metrics}");
    }
    let name = "the metrics with Prometheus's client library";
    if let Some(python) = python(name, &["prometheus_client"]) {
        let said = run(&python, "check_metrics.py", &[], metrics.as_bytes()).unwrap();
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        let counts: Vec<usize> =
            said.stdout.split_whitespace().map(|count| count.parse().unwrap()).collect();
        assert!(counts[0] > 8 && counts[1] > 30, "{counts:?} families and samples");
    }
    match promtool(&metrics) {
        // It says what it would do otherwise on either stream, and then ends with 3.
        Ok(said) => assert_eq!(said, (Some(0), String::new())),
        Err(why) => return skip("the metrics with promtool", &why.to_string()),
    }
    // It sees what is wrong, so that its silence means something.
    let twice = format!("{metrics}{metrics}");
    assert_ne!(promtool(&twice).unwrap().0, Some(0));
    let nameless = metrics.replace("# HELP lineal_tokens ", "# lineal_tokens ");
    assert!(promtool(&nameless).unwrap().1.contains("lineal_tokens no help text"));
}

/// How Prometheus's own check of a page ends, and what it says.
fn promtool(page: &str) -> std::io::Result<(Option<i32>, String)> {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let said = promtool.wait_with_output().unwrap();
    let words = [said.stdout, said.stderr].concat();
    Ok((said.status.code(), String::from_utf8_lossy(&words).into_owned()))
}
