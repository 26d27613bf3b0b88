//! The part of the configuration that is about traces of requests.

use serde::Deserialize;
use std::path::PathBuf;

/// Where traces of requests go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// The address that takes traces, whole: `http://127.0.0.1:4318/v1/traces`.
    pub endpoint: String,
    /// What this server is called there.
    #[serde(default = "service")]
    pub service: String,
    /// With `https`: trust the certificates in this PEM file alone, not the system's.
    pub ca: Option<PathBuf>,
}

fn service() -> String {
    "lineal".to_owned()
}

impl Telemetry {
    pub(super) fn check(&self) -> Result<(), String> {
        let plain = self.endpoint.strip_prefix("http://");
        match plain.or_else(|| self.endpoint.strip_prefix("https://")) {
            // A password in an address would stand in every error about it.
            Some(rest) if !rest.is_empty() && !rest.contains('@') => Ok(()),
            _ => Err("telemetry.endpoint is the address that takes traces over OTLP/HTTP, without a password: http://127.0.0.1:4318/v1/traces".to_owned()),
        }
    }
}
