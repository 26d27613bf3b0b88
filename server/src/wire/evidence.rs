//! Bodies of requests about evidence, and for the upkeep of a store.

use serde::Deserialize;
use utoipa::ToSchema;

/// What a report of rules is about.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRequest {
    /// The system; without one, what is recorded is held against itself.
    pub system: Option<String>,
    /// Only what leads to this model, `NAME@VERSION`; with `system`.
    pub model: Option<String>,
    /// Only this deployment; with `system`.
    pub deployment: Option<String>,
    /// Also hold what is recorded against itself.
    #[serde(default)]
    pub reconcile: bool,
}

/// That small containers are packed.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompactRequest {
    /// Say what would be packed, write nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// That an import is undone; nothing is deleted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetractRequest {
    /// The number of the import.
    pub import: u64,
    /// Undo the retraction instead.
    #[serde(default)]
    pub restore: bool,
    /// Why; sealed.
    pub reason: Option<String>,
}

/// That the store's files are hashed again.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// How much of them.
    #[serde(default)]
    pub depth: VerifyDepth,
    /// Hash only what came behind this commit.
    pub since: Option<u64>,
}

/// How much of a store is hashed again.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum VerifyDepth {
    /// The chain of commits, checksums of frames, whether containers are there.
    #[default]
    Fast,
    /// Also every record and container.
    Bytes,
    /// Also the rows within, and what is derived against the records.
    Full,
}
