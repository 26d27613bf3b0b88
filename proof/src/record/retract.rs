//! Undoing an import: current views leave out what only it brought, nothing is deleted.

use super::{Parts, Record, commitments, optional_text};
use crate::error::Result;
use crate::frame::RecordType;
use crate::hash::Hash;
use crate::value::Map;

/// A retraction, or the retraction of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retract {
    /// The number of the import.
    pub import: u64,
    /// Undoes the retraction instead.
    pub restore: bool,
    /// The actor key of who decided.
    pub actor: Option<String>,
    /// The commitment to `reason`, where one was given.
    pub sealed: Vec<(String, Hash)>,
}

impl Record for Retract {
    const TYPE: RecordType = RecordType::Retract;

    fn to_map(&self) -> Map {
        let mut map = Map::new();
        map.insert("import", self.import);
        map.insert("restore", self.restore);
        map.insert("actor", optional_text(self.actor.as_ref()));
        map.insert("sealed", commitments(&self.sealed));
        map
    }

    fn from_parts(parts: &mut Parts) -> Result<Retract> {
        Ok(Retract {
            import: parts.count("import")?,
            restore: parts.bool("restore")?,
            actor: parts.optional_text("actor")?,
            sealed: parts.commitments("sealed")?,
        })
    }
}
