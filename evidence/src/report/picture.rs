//! Pictures of a report: drawn in black and white with shapes and patterns, each with the same in words.
//!
//! They are composed with the `svg` crate, which escapes what is written into them; where things stand
//! is worked out here. A picture never says more than its words do, so whoever does not see it misses
//! nothing.

mod axis;
mod canvas;
mod coverage;
mod layers;
mod lineage;
mod overrides;
mod timeline;

pub(super) use coverage::coverage;
pub(super) use lineage::lineage;
pub(super) use overrides::overrides;
pub(super) use timeline::timeline;
