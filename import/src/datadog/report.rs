//! What is to be said about one file after it was read.

use std::collections::BTreeMap;
use std::fmt;

use lineal_engine::event_fields::EventField;

use crate::record::Reject;

/// How many rejects of a file are kept with their reasons; further ones are counted.
pub const REJECTS_KEPT: usize = 1_000;

/// One file, read to its end or to where it is damaged.
///
/// The counts add up: `lines == accepted + skipped + rejected`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FileReport {
    /// The file, relative to what was given to `import`.
    pub label: String,
    /// Its bytes as stored.
    pub size: u64,
    /// BLAKE3 of the bytes as stored: whether they are those that were hashed for the record.
    pub blake3: [u8; 32],
    /// How it is compressed.
    pub compression: Compression,
    /// How its items stand in it.
    pub shape: Shape,
    /// Bytes after decompression.
    pub decompressed: u64,
    /// Lines that are not blank, or items of the array or pages.
    pub lines: u64,
    /// Lines that became events.
    pub accepted: u64,
    /// Events among them that only a mark made known: no root of the mapping was there, so what
    /// they say of themselves is in `rest`. Many of them call for another mapping.
    pub rootless: u64,
    /// Lines that are no events, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Lines that are broken.
    pub rejected: u64,
    /// The first [`REJECTS_KEPT`] of them.
    pub rejects: Vec<Reject>,
    /// Values that could not be read and stay in `rest`, by the field they were meant for.
    pub unreadable: BTreeMap<&'static str, u64>,
    /// The same where another place of the mapping holds a value for the field, which was taken.
    pub replaced: BTreeMap<&'static str, u64>,
    /// Where the file is damaged: what stands before it was read.
    pub damage: Option<Damage>,
    /// The member by which its last page names one behind it: what that holds is not in this file.
    pub next_page: Option<&'static str>,
    /// Time of the earliest event, in ns.
    pub oldest_time: Option<i64>,
    /// Time of the latest event, in ns.
    pub newest_time: Option<i64>,
}

/// How a file is compressed, told by its first bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    Plain,
    /// gzip, of one or several members.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// How items stand in a file, told by its first characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Shape {
    /// One JSON object a line.
    #[default]
    Lines,
    /// One JSON array of objects.
    Array,
    /// Pages of the Logs API, one after another.
    Pages,
    /// CSV of the Log Explorer.
    Csv,
}

/// Why a line is no event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SkipReason {
    /// Nothing that the mapping's `event` names is there.
    NoMark,
    /// A text that may be the root is broken JSON, and nothing else marks the line.
    BrokenText,
    /// A required field is not there.
    Missing(EventField),
}

impl fmt::Display for SkipReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SkipReason::NoMark => out.write_str("no event: none of the mapping's marks"),
            SkipReason::BrokenText => {
                out.write_str("no event: broken JSON in a text, and none of the mapping's marks")
            }
            SkipReason::Missing(field) => write!(out, "no {}", field.spec().name),
        }
    }
}

/// A file that cannot be read to its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// The file.
    pub label: String,
    /// Bytes of the stored file that were used up before.
    pub stored_byte: u64,
    /// Bytes that came out of it.
    pub byte: u64,
    /// Whole lines that were read before.
    pub whole_lines: u64,
    /// What is wrong.
    pub kind: DamageKind,
}

/// What is wrong with a damaged file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DamageKind {
    /// The compressed data ends too early.
    Truncated(Compression),
    /// The compressed data is broken.
    Corrupt(Compression),
    /// Something else stands behind the compressed data.
    Trailing,
    /// The array or page ends too early.
    Unclosed(Shape),
    /// The array or page is broken between its items.
    Structure(Shape),
    /// More bytes come out than a file may hold.
    TooLarge,
    /// Far more bytes come out than went in.
    Bomb,
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Damage { label, stored_byte, byte, whole_lines, kind } = self;
        write!(out, "{label} ")?;
        match kind {
            DamageKind::Truncated(compression) => {
                write!(out, "ends at byte {stored_byte} in the middle of its {compression} data")?;
            }
            DamageKind::Corrupt(compression) => {
                write!(out, "is damaged at about byte {stored_byte}: broken {compression} data")?;
            }
            DamageKind::Trailing => {
                write!(out, "holds something else behind its gzip data, at byte {stored_byte}")?;
            }
            DamageKind::Unclosed(shape) => {
                write!(out, "ends at byte {byte} (decompressed) before its {shape} does")?;
            }
            DamageKind::Structure(shape) => write!(
                out,
                "is broken at byte {byte} (decompressed), between the items of its {shape}"
            )?,
            DamageKind::TooLarge => write!(
                out,
                "holds more than {} bytes after decompression, the most a file may hold",
                super::reader::DECOMPRESSED_MAX
            )?,
            DamageKind::Bomb => write!(
                out,
                "gives {byte} bytes from {stored_byte}, more than {} times as many: no log does",
                super::reader::RATIO_MAX
            )?,
        }
        write!(
            out,
            "; the {whole_lines} whole lines before were read; fetch the file again, or keep \
             what was read"
        )
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Compression::Plain => "plain",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        })
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Shape::Lines => "lines",
            Shape::Array => "JSON array",
            Shape::Pages => "Logs API page",
            Shape::Csv => "CSV",
        })
    }
}
