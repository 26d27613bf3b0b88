//! The part of the configuration that is about writing: which stores, from where, how much.

use crate::error::{Error, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::{Table, Value};

/// Largest body of live intake that can be configured, in bytes: a frame of the journal holds it
/// several times over, in whatever form.
const BODY_BYTES_MAX: usize = 16 << 20;

/// How a store is written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Writing {
    /// The folder below which `POST /v1/imports` may name a path; none where it may not.
    pub imports: Option<PathBuf>,
    /// The mapping file; the built-in one if none is named.
    pub mapping: Option<PathBuf>,
}

/// What bounds imports and live intake.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Intake {
    /// Bytes of an uploaded file.
    pub upload_bytes: u64,
    /// Seconds for an upload to arrive.
    pub upload_seconds: u64,
    /// Bytes of all uploads that arrive, wait or are read; more are refused.
    pub uploads_bytes: u64,
    /// Imports that wait; more are refused at once.
    pub imports_waiting: usize,
    /// Bytes of a body of live intake, packed and unpacked.
    pub body_bytes: usize,
    /// Entries of a body of live intake.
    pub entries: usize,
    /// Bodies that wait to be made durable; more are refused at once.
    pub waiting: usize,
    /// Bytes of the journal from which on nothing is taken: sealing does not keep up, or fails.
    pub journal_bytes: u64,
    /// Bytes of the journal from which on it is sealed.
    pub seal_bytes: u64,
    /// Seconds after which the journal is sealed.
    pub seal_seconds: u64,
    /// Bytes of the journal up to which answers show what waits in it; above them, and with 0, they say
    /// how much they lack.
    pub shown_bytes: u64,
}

impl Default for Intake {
    fn default() -> Intake {
        Intake {
            upload_bytes: 1 << 30,
            upload_seconds: 600,
            uploads_bytes: 16 << 30,
            imports_waiting: 64,
            // As Datadog's intake documents: 5 MB a body, 1,000 entries.
            body_bytes: 5_000_000,
            entries: 1_000,
            waiting: 1_024,
            journal_bytes: 4 << 30,
            seal_bytes: 256 << 20,
            seal_seconds: 3_600,
            // Some ten thousand events: half a second of work, done again while more come.
            shown_bytes: 8 << 20,
        }
    }
}

impl Intake {
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, value) in [
            ("upload_bytes", self.upload_bytes),
            ("upload_seconds", self.upload_seconds),
            ("uploads_bytes", self.uploads_bytes),
            ("imports_waiting", self.imports_waiting as u64),
            ("body_bytes", self.body_bytes as u64),
            ("entries", self.entries as u64),
            ("waiting", self.waiting as u64),
            ("journal_bytes", self.journal_bytes),
            ("seal_bytes", self.seal_bytes),
            ("seal_seconds", self.seal_seconds),
        ] {
            if value == 0 {
                return Err(format!("intake.{name} is 0: nothing could be taken"));
            }
        }
        if self.uploads_bytes < self.upload_bytes {
            return Err("intake.uploads_bytes is intake.upload_bytes at least: there would be no room for one upload".to_owned());
        }
        if self.body_bytes > BODY_BYTES_MAX {
            return Err(format!("intake.body_bytes is {BODY_BYTES_MAX} at most"));
        }
        Ok(())
    }
}

/// A store that is written down as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreTable {
    path: PathBuf,
    #[serde(default)]
    write: bool,
    imports: Option<PathBuf>,
    mapping: Option<PathBuf>,
}

/// Takes the tables among `[stores]` apart: their paths stay, what they say of writing is returned.
pub(super) fn take(table: &mut Table, place: &str) -> Result<BTreeMap<String, Writing>> {
    let mut writing = BTreeMap::new();
    let Some(Value::Table(stores)) = table.get_mut("stores") else { return Ok(writing) };
    for (name, store) in stores.iter_mut().filter(|(_, store)| store.is_table()) {
        let fail = |why: String| Error::Config {
            place: place.to_owned(),
            why: format!("store `{name}`: {why}"),
        };
        let read: Result<StoreTable, toml::de::Error> = store.clone().try_into();
        let read = read.map_err(|error| fail(super::with_key(&error)))?;
        let StoreTable { path, write, imports, mapping } = read;
        if write {
            writing.insert(name.clone(), Writing { imports, mapping });
        } else if imports.is_some() || mapping.is_some() {
            return Err(fail("`imports` and `mapping` are for `write = true`".to_owned()));
        }
        *store = Value::String(path.to_string_lossy().into_owned());
    }
    Ok(writing)
}
