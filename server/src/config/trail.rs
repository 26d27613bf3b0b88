//! The part of the configuration that is about the trail of who asked what.

use serde::Deserialize;
use std::path::PathBuf;

/// When what was noted is made commits of.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trail {
    /// Seconds without a use, after which what waits is sealed.
    pub quiet_seconds: u64,
    /// Seconds after which it is sealed however busy the store is.
    pub seal_seconds: u64,
    /// Entries from which on it is sealed at once.
    pub entries: u64,
    /// The folder of the store that holds the trail of what this server only reads; it is made if
    /// there is none. Without it nothing is kept of that.
    pub path: Option<PathBuf>,
}

impl Default for Trail {
    fn default() -> Trail {
        Trail { quiet_seconds: 60, seal_seconds: 3_600, entries: 10_000, path: None }
    }
}

impl Trail {
    pub(super) fn check(&self) -> Result<(), String> {
        let all = [
            ("quiet_seconds", self.quiet_seconds),
            ("seal_seconds", self.seal_seconds),
            ("entries", self.entries),
        ];
        match all.iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(format!("trail.{name} is 0: each use would be a commit")),
            None => Ok(()),
        }
    }
}
