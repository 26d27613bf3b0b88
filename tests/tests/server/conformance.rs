//! The server against its own OpenAPI: schemathesis asks every endpoint with requests that fit it and
//! with ones that do not, and looks whether the answers are as written down.

use crate::live::Live;
use lineal_server::Role;
use lineal_tests::foreign::python;
use std::path::Path;
use std::process::Command;

#[test]
fn no_request_is_answered_otherwise_than_openapi_says() {
    let Some(python) = python("schemathesis", &["schemathesis"]) else { return };
    let live = Live::with(|config| {
        config.write = true;
        config.backups = true;
        config.limits.token_rate = 1e9;
        config.limits.token_burst = 1e9;
    });
    let foreign = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign");
    let output = Command::new(python)
        .args(["-B", "-m", "schemathesis.cli", "--no-color", "--config-file"])
        // It bounds what is asked: some 1,400 requests, half a minute.
        .arg(foreign.join("conformance.toml"))
        .arg("run")
        .arg(format!("http://{}/v1/openapi.json", live.address))
        // What it keeps of a run stays out of the source tree.
        .current_dir(live.folder.path())
        .env("LINEAL_READER", live.token(Role::Investigator))
        .env("LINEAL_IMPORTER", live.token(Role::Importer))
        .env("LINEAL_ADMIN", live.token(Role::Admin))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    // All endpoints were asked but the one that gives the document, and most requests reached them.
    let tested = lineal_server::endpoints().count() - 1;
    assert!(said.contains(&format!("Tested: {tested}")), "{said}");
    let served =
        |status: u16| live.metric_of("lineal_requests_total", &format!("status=\"{status}\""));
    assert!(served(200) > 100 && served(202) > 10, "{} and {}", served(200), served(202));
    assert_eq!((served(500), served(504)), (0, 0));
}
