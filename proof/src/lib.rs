//! Hashes, canonical bytes, Merkle trees and the public log: all a verifier of Lineal's records needs.
//!
//! Nothing here reads a file or knows a store. The byte forms are specified in
//! `docs/format.md`; each constant names its section.

#![forbid(unsafe_code)]

pub mod absence;
mod base64;
pub mod bundle;
pub mod cbor;
pub mod cid;
pub mod cover;
pub mod error;
pub mod event;
pub mod frame;
pub mod hash;
pub mod key;
pub mod lanes;
pub mod merkle;
pub mod pieces;
pub mod record;
pub mod timestamp;
pub mod tlog;
pub mod value;

pub use cid::Cid;
pub use error::{Error, Result};
pub use hash::Hash;
pub use key::{Key, KeyPart, bare_version};
pub use value::{Map, Value};
