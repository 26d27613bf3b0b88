//! Custody of a source: which file was read, what its bytes hash to, what became of its items.

use super::{Parts, Record, bytes, commitments, optional_bytes};
use crate::error::Result;
use crate::frame::RecordType;
use crate::hash::Hash;
use crate::value::{Map, Value};

/// What became of the items read: the other five add up to `read`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Items read.
    pub read: u64,
    /// Recorded anew.
    pub accepted: u64,
    /// Known already.
    pub duplicate: u64,
    /// Not readable, listed in the report.
    pub rejected: u64,
    /// Readable, deliberately not recorded.
    pub skipped: u64,
    /// Erased before, not brought back.
    pub suppressed: u64,
}

impl Counts {
    /// Do the parts add up to what was read?
    #[must_use]
    pub fn add_up(&self) -> bool {
        self.read == self.accepted + self.duplicate + self.rejected + self.skipped + self.suppressed
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Counts) {
        self.read += other.read;
        self.accepted += other.accepted;
        self.duplicate += other.duplicate;
        self.rejected += other.rejected;
        self.skipped += other.skipped;
        self.suppressed += other.suppressed;
    }

    /// The counts with their names.
    #[must_use]
    pub fn named(&self) -> [(&'static str, u64); 6] {
        [
            ("read", self.read),
            ("accepted", self.accepted),
            ("duplicate", self.duplicate),
            ("rejected", self.rejected),
            ("skipped", self.skipped),
            ("suppressed", self.suppressed),
        ]
    }
}

/// One file, or one tree of files that is one export, as read by one transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// Who speaks.
    pub source: String,
    /// In which form.
    pub form: String,
    /// The path below what was given to import.
    pub label: String,
    /// Files in it.
    pub files: u64,
    /// Lines in it, where lines have a meaning.
    pub lines: Option<u64>,
    /// Bytes as stored.
    pub size: u64,
    /// SHA-256 of the bytes as stored; none where it is sealed.
    pub sha256: Option<Hash>,
    /// BLAKE3 of the bytes as stored; none where it is sealed.
    pub blake3: Option<Hash>,
    /// Commitments to `sha256` and `blake3` where those are sealed.
    pub sealed: Vec<(String, Hash)>,
    /// The keyed digest by which the store knows it again.
    pub digest: [u8; 16],
    /// BLAKE3 of the mapping's bytes.
    pub mapping: Hash,
    /// When the source was in this state, ns.
    pub observed_at: i64,
    /// First stretch and number of stretches that this transaction holds.
    pub stretches: (u64, u64),
    /// Does the file end with this transaction?
    pub whole: bool,
    /// What became of its items.
    pub counts: Counts,
}

impl Record for Source {
    const TYPE: RecordType = RecordType::Source;

    fn to_map(&self) -> Map {
        let mut map = Map::new();
        map.insert("source", self.source.as_str());
        map.insert("form", self.form.as_str());
        map.insert("label", self.label.as_str());
        map.insert("files", self.files);
        map.insert("lines", self.lines.map_or(Value::Null, Value::from));
        map.insert("size", self.size);
        map.insert("sha256", optional_bytes(self.sha256.as_ref()));
        map.insert("blake3", optional_bytes(self.blake3.as_ref()));
        map.insert("sealed", commitments(&self.sealed));
        map.insert("digest", Value::Bytes(self.digest.to_vec()));
        map.insert("mapping", bytes(&self.mapping));
        map.insert("observed_at", self.observed_at);
        let (first, count) = self.stretches;
        map.insert("stretches", Value::List(vec![Value::from(first), Value::from(count)]));
        map.insert("whole", self.whole);
        map.insert("counts", Value::Map(self.counts.named().into_iter().collect()));
        map
    }

    fn from_parts(parts: &mut Parts) -> Result<Source> {
        let unsigned = |value: &Value| value.as_i64().and_then(|number| u64::try_from(number).ok());
        let stretches = parts.list("stretches")?;
        let [first, count] = stretches.as_slice() else {
            return parts.fail("stretches are a first and a count");
        };
        let stretches = (parts.want(unsigned(first))?, parts.want(unsigned(count))?);
        let lines = match parts.take("lines")? {
            Value::Null => None,
            value => Some(parts.want(unsigned(&value))?),
        };
        let map = parts.map("counts")?;
        if map.len() != 6 {
            return parts.fail("counts are six");
        }
        let count = |name: &str| parts.want(map.get(name).and_then(unsigned));
        let counts = Counts {
            read: count("read")?,
            accepted: count("accepted")?,
            duplicate: count("duplicate")?,
            rejected: count("rejected")?,
            skipped: count("skipped")?,
            suppressed: count("suppressed")?,
        };
        if !counts.add_up() {
            return parts.fail("counts add up to what was read");
        }
        Ok(Source {
            source: parts.text("source")?,
            form: parts.text("form")?,
            label: parts.text("label")?,
            files: parts.count("files")?,
            lines,
            size: parts.count("size")?,
            sha256: parts.optional_hash("sha256")?,
            blake3: parts.optional_hash("blake3")?,
            sealed: parts.commitments("sealed")?,
            digest: parts.bytes16("digest")?,
            mapping: parts.hash("mapping")?,
            observed_at: parts.int("observed_at")?,
            stretches,
            whole: parts.bool("whole")?,
            counts,
        })
    }
}
