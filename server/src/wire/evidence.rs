//! Bodies of requests about evidence, and for the upkeep of a store.

use lineal_evidence::report::ReportRequest;
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

/// A name that is given to a node or a family of nodes, for past and future.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AliasRequest {
    /// The name.
    pub name: String,
    /// What it stands for: `model:REGISTRY/NAME`, `model:NAME@VERSION`, `actor:LOGIN`; null removes it.
    pub target: Option<String>,
    /// The kind, where the target is null; `model` if none is given.
    pub kind: Option<String>,
}

/// What a report is to be about, with a retention policy of who asks.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReportBody {
    /// What it is about: a node, an id or any name.
    pub target: Option<String>,
    /// Of `change`: the model version before.
    pub old: Option<String>,
    /// Of `change`: the one after.
    pub new: Option<String>,
    /// As of a commit number or a time, which then counts as today.
    pub as_of: Option<String>,
    /// Only events from then on.
    pub from: Option<String>,
    /// Only events before then.
    pub until: Option<String>,
    /// Events of each sample.
    pub sample: Option<u32>,
    /// Put the names of persons beside their keys.
    pub names: bool,
    /// Of `retention`: a policy as TOML (docs/operating.md, "Erasure and retention"); without, that of the
    /// program.
    pub policy: Option<String>,
}

impl From<ReportBody> for ReportRequest {
    fn from(body: ReportBody) -> ReportRequest {
        let ReportBody { target, old, new, as_of, from, until, sample, names, policy } = body;
        let sample = sample.and_then(|sample| usize::try_from(sample).ok());
        ReportRequest { target, old, new, as_of, from, until, sample, names, policy }
    }
}

/// What is asked of retention.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionRequest {
    /// A policy as TOML (docs/operating.md, "Erasure and retention"); without, that of the program.
    pub policy: Option<String>,
    /// Judge as of this time instead of now: RFC 3339, or a date.
    pub at: Option<String>,
}

/// That an import is undone; nothing is deleted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetractRequest {
    /// The number of the import.
    #[serde(deserialize_with = "super::number::one")]
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
    #[serde(default, deserialize_with = "super::number::if_any")]
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
