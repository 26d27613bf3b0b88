//! Where the provider's keys are read from: a file, or a URL. Blocking, and bounded in time and size.

use crate::config::Oidc;
use crate::error::{Error, Result};
use crate::trust::trust;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use ureq::Agent;
use ureq::http::Uri;

/// Largest set of keys that is read, in bytes.
const BYTES_MAX: u64 = 512 << 10;
/// How long the provider may take: requests whose key is not known wait for it.
const READ: Duration = Duration::from_secs(5);

/// Where keys come from.
pub(super) enum Source {
    File(PathBuf),
    Url { url: String, agent: Agent },
}

impl Source {
    /// What the configuration names.
    ///
    /// # Errors
    /// [`Error::Config`]: a URL in the clear, or one that nobody is trusted for.
    pub(super) fn of(config: &Oidc) -> Result<Source> {
        let fail = |why: String| Error::Config { place: "oidc.keys".to_owned(), why };
        let url = config.keys.as_str();
        if !url.contains("://") {
            return Ok(Source::File(PathBuf::from(url)));
        }
        let uri: Uri = url.parse().map_err(|_| fail(format!("{url}: no URL")))?;
        let host = uri.host().ok_or_else(|| fail(format!("{url}: no URL")))?;
        let mut agent = Agent::config_builder()
            // Where it might lead is not who is trusted.
            .max_redirects(0)
            .max_redirects_will_error(true)
            .timeout_global(Some(READ))
            .user_agent(concat!("lineal/", env!("CARGO_PKG_VERSION")));
        agent = match uri.scheme_str() {
            Some("https") => {
                let place = "oidc.ca".to_owned();
                let trusted = trust(config.ca.as_deref());
                let trusted = trusted.map_err(|why| Error::Config { place, why })?;
                agent.https_only(true).tls_config(trusted)
            }
            // A proxy of the environment could give other keys.
            Some("http") if is_loopback(host) => agent.proxy(None),
            _ => {
                return Err(fail(format!(
                    "{url}: whoever stands between could give other keys; use https://, or a file"
                )));
            }
        };
        Ok(Source::Url { url: url.to_owned(), agent: agent.build().new_agent() })
    }

    /// Reads the set; in words why not.
    pub(super) fn read(&self) -> Result<Vec<u8>, String> {
        match self {
            Source::File(path) => {
                let told = |e: std::io::Error| format!("{}: {e}", path.display());
                let length = fs::metadata(path).map_err(told)?.len();
                if length > BYTES_MAX {
                    return Err(format!(
                        "{}: it has {length} bytes, {BYTES_MAX} at most",
                        path.display()
                    ));
                }
                fs::read(path).map_err(told)
            }
            Source::Url { url, agent } => {
                let told = |e: ureq::Error| format!("{url}: {e}");
                let mut response = agent.get(url).call().map_err(told)?;
                let body = response.body_mut().with_config().limit(BYTES_MAX);
                body.read_to_vec().map_err(told)
            }
        }
    }
}

/// Does a host mean this machine?
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
