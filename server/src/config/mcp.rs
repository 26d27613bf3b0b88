//! The part of the configuration that is about assistants.

use serde::Deserialize;

/// What assistants may do over the Model Context Protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mcp {
    /// Offer tools that write what is written here, to the roles that may. Without it assistants only
    /// read, whatever their tokens may do otherwise.
    pub write: bool,
}
