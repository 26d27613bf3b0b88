//! What a proof file holds, and how it is written and read (docs/format.md, "Proofs").

use super::fault::{Checked, Fault};
use super::json::{self, Json};
use super::read::Place;
use super::statement::Statement;
use super::{FILE_BYTES_MAX, FORMAT, FORMAT_OF_ABSENCE, TYPE, words};
use crate::hash::Hash;
use data_encoding::BASE64;

/// A proof.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bundle {
    /// The signed note of the checkpoint.
    pub checkpoint: String,
    /// The hashes of the log's tree that lead from the commits to its root: [`super::subtrees`].
    pub tree: Vec<Hash>,
    /// The commits in which the records stand, ascending.
    pub commits: Vec<CommitPart>,
    /// The events, by batch; ascending by its id.
    pub events: Vec<BatchPart>,
    /// What is stated.
    pub statement: Statement,
}

/// A commit, with records of its transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommitPart {
    /// Its canonical bytes.
    pub payload: Vec<u8>,
    /// The records, ascending by place.
    pub records: Vec<RecordPart>,
    /// The hashes that lead from the records to its `records_root`.
    pub tree: Vec<Hash>,
}

/// A record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordPart {
    /// Its place in the transaction, from 0.
    pub at: u64,
    /// Its canonical bytes.
    pub payload: Vec<u8>,
}

/// Events of one batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BatchPart {
    /// The id of the batch's revision, which stands among the records.
    pub batch: Hash,
    /// The rows, ascending.
    pub rows: Vec<RowPart>,
    /// The hashes that lead from the rows to the batch's root.
    pub tree: Vec<Hash>,
}

/// One event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowPart {
    /// The row, from 0.
    pub at: u64,
    /// What is disclosed of it.
    pub content: RowContent,
}

/// What is disclosed of an event (docs/format.md, section 9).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RowContent {
    /// Both groups, and the keys under which they stand in the leaf.
    Whole {
        /// The key of the leaf.
        k1: [u8; 32],
        /// The key of the commitment.
        k2: [u8; 32],
        /// The open group.
        open: Vec<u8>,
        /// The subject group.
        subject: Vec<u8>,
    },
    /// The open group alone; the commitment stands for the subject group, and without its key nobody
    /// can try what it might hold.
    Withheld {
        /// The key of the leaf.
        k1: [u8; 32],
        /// The open group.
        open: Vec<u8>,
        /// The commitment to the subject group.
        commitment: Hash,
    },
    /// Nothing: a recorded erasure took it, and kept the leaf.
    Erased {
        /// The leaf; none where nothing of the whole batch is left but its root.
        leaf: Option<Hash>,
        /// The id of the erasure's record.
        record: Hash,
    },
}

impl Bundle {
    /// The words of the statement, one sentence each.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        words::of(&self.statement)
    }

    /// The file, with a line end.
    #[must_use]
    pub fn write(&self) -> String {
        let words = self.words().into_iter().map(Json::Text).collect();
        let mut text = Json::map([
            ("checkpoint", Json::text(&self.checkpoint)),
            ("commits", Json::List(self.commits.iter().map(CommitPart::to_json).collect())),
            ("events", Json::List(self.events.iter().map(BatchPart::to_json).collect())),
            ("format", Json::Int(self.statement.format())),
            ("statement", self.statement.to_json()),
            ("tree", hashes(&self.tree)),
            ("type", Json::text(TYPE)),
            ("words", Json::List(words)),
        ])
        .write();
        text.push('\n');
        text
    }

    /// Reads a file. What it says is not checked but for its form.
    ///
    /// # Errors
    /// The first rule of the form that it breaks.
    pub fn read(bytes: &[u8]) -> Result<Bundle, Fault> {
        const CANONICAL: &str = "canonical JSON (RFC 8785) of whole numbers, and a line end";
        let text = std::str::from_utf8(bytes).ok().filter(|_| bytes.len() <= FILE_BYTES_MAX);
        let json = text.and_then(|text| json::parse(text.strip_suffix('\n')?));
        let json = json.ok_or_else(|| Fault::new("", CANONICAL))?;
        let file = Place { json: &json, at: String::new() };
        let [checkpoint, commits, events, format, statement, tree, kind, said] = file.members([
            "checkpoint",
            "commits",
            "events",
            "format",
            "statement",
            "tree",
            "type",
            "words",
        ])?;
        if kind.text()? != TYPE {
            return Err(kind.fault("the type of a proof file"));
        }
        if !matches!(format.json, Json::Int(FORMAT | FORMAT_OF_ABSENCE)) {
            return Err(format.fault("format 1 or 2, the ones that this program reads"));
        }
        let bundle = Bundle {
            checkpoint: checkpoint.text()?.to_owned(),
            tree: tree.hashes()?,
            commits: commits.list()?.iter().map(CommitPart::read).collect::<Checked<_>>()?,
            events: events.list()?.iter().map(BatchPart::read).collect::<Checked<_>>()?,
            statement: Statement::read(&statement)?,
        };
        if *format.json != Json::Int(bundle.statement.format()) {
            return Err(format.fault("the format of files with such a statement"));
        }
        let said_texts = said.list()?;
        let said_texts = said_texts.iter().map(Place::text).collect::<Checked<Vec<_>>>()?;
        if said_texts != bundle.words() {
            return Err(said.fault("the words of the statement"));
        }
        Ok(bundle)
    }
}

pub(super) fn hashes(hashes: &[Hash]) -> Json {
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
    Json::text(BASE64.encode(&bytes))
}

fn bytes(bytes: &[u8]) -> Json {
    Json::text(BASE64.encode(bytes))
}

pub(super) fn key(key: &[u8; 32]) -> Json {
    Json::text(Hash(*key).to_string())
}

pub(super) fn number(number: u64) -> Json {
    Json::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

impl CommitPart {
    fn to_json(&self) -> Json {
        let record = |record: &RecordPart| {
            Json::map([("at", number(record.at)), ("payload", bytes(&record.payload))])
        };
        Json::map([
            ("payload", bytes(&self.payload)),
            ("records", Json::List(self.records.iter().map(record).collect())),
            ("tree", hashes(&self.tree)),
        ])
    }

    fn read(place: &Place<'_>) -> Checked<CommitPart> {
        let [payload, records, tree] = place.members(["payload", "records", "tree"])?;
        let record = |record: &Place<'_>| {
            let [at, payload] = record.members(["at", "payload"])?;
            Ok(RecordPart { at: at.count()?, payload: payload.bytes()? })
        };
        Ok(CommitPart {
            payload: payload.bytes()?,
            records: records.list()?.iter().map(record).collect::<Checked<_>>()?,
            tree: tree.hashes()?,
        })
    }
}

impl BatchPart {
    fn to_json(&self) -> Json {
        let row = |row: &RowPart| match &row.content {
            RowContent::Whole { k1, k2, open, subject } => Json::map([
                ("at", number(row.at)),
                ("k1", key(k1)),
                ("k2", key(k2)),
                ("open", bytes(open)),
                ("subject", bytes(subject)),
            ]),
            RowContent::Withheld { k1, open, commitment } => Json::map([
                ("at", number(row.at)),
                ("commitment", key(&commitment.0)),
                ("k1", key(k1)),
                ("open", bytes(open)),
            ]),
            RowContent::Erased { leaf, record } => Json::map([
                ("at", number(row.at)),
                ("erased", key(&record.0)),
                ("leaf", leaf.map_or(Json::Null, |leaf| key(&leaf.0))),
            ]),
        };
        Json::map([
            ("batch", key(&self.batch.0)),
            ("rows", Json::List(self.rows.iter().map(row).collect())),
            ("tree", hashes(&self.tree)),
        ])
    }

    fn read(place: &Place<'_>) -> Checked<BatchPart> {
        let [batch, rows, tree] = place.members(["batch", "rows", "tree"])?;
        Ok(BatchPart {
            batch: batch.hash()?,
            rows: rows.list()?.iter().map(RowPart::read).collect::<Checked<_>>()?,
            tree: tree.hashes()?,
        })
    }
}

impl RowPart {
    fn read(place: &Place<'_>) -> Checked<RowPart> {
        if place.has("commitment") {
            let [at, commitment, k1, open] = place.members(["at", "commitment", "k1", "open"])?;
            let (at, commitment) = (at.count()?, commitment.hash()?);
            let content = RowContent::Withheld { k1: k1.key()?, open: open.bytes()?, commitment };
            return Ok(RowPart { at, content });
        }
        if place.has("erased") {
            let [at, record, leaf] = place.members(["at", "erased", "leaf"])?;
            let (at, record) = (at.count()?, record.hash()?);
            let content = RowContent::Erased { leaf: leaf.optional(Place::hash)?, record };
            return Ok(RowPart { at, content });
        }
        let [at, k1, k2, open, subject] = place.members(["at", "k1", "k2", "open", "subject"])?;
        let (at, k1, k2) = (at.count()?, k1.key()?, k2.key()?);
        let content = RowContent::Whole { k1, k2, open: open.bytes()?, subject: subject.bytes()? };
        Ok(RowPart { at, content })
    }
}
