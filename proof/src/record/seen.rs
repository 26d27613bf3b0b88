//! What an import found that the store knew already: it confirms, and writes no revision.

use super::{Parts, Record, bytes};
use crate::cid::Cid;
use crate::error::Result;
use crate::frame::RecordType;
use crate::hash::Hash;
use crate::value::{Map, Value};

/// Rows of one batch that another file holds again: runs of (first row, count).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeenRows {
    /// The batch's revision.
    pub batch: Cid,
    /// The runs, ascending.
    pub runs: Vec<(u32, u32)>,
}

/// A confirmation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Who speaks.
    pub source: String,
    /// In which form.
    pub form: String,
    /// When the source was in this state, ns.
    pub observed_at: i64,
    /// A full snapshot: the head of every chain of this source and form is seen, but for `except`,
    /// and what it lacks is gone.
    pub full: bool,
    /// Ids of nodes that a full snapshot does not confirm, ascending.
    pub except: Vec<Hash>,
    /// Revisions seen one by one, ascending.
    pub revisions: Vec<Cid>,
    /// The keyed digest of the file whose events are known already.
    pub file: Option<[u8; 16]>,
    /// Which rows those are.
    pub rows: Vec<SeenRows>,
}

impl Record for Seen {
    const TYPE: RecordType = RecordType::Seen;

    fn to_map(&self) -> Map {
        let mut map = Map::new();
        map.insert("source", self.source.as_str());
        map.insert("form", self.form.as_str());
        map.insert("observed_at", self.observed_at);
        map.insert("full", self.full);
        map.insert("except", Value::List(self.except.iter().map(bytes).collect()));
        let links = self.revisions.iter().map(|link| Value::Link(*link));
        map.insert("revisions", Value::List(links.collect()));
        map.insert("file", self.file.map_or(Value::Null, |file| Value::Bytes(file.to_vec())));
        let rows = self.rows.iter().map(|rows| {
            let runs = rows.runs.iter().map(|(first, count)| {
                Value::List(vec![Value::from(i64::from(*first)), Value::from(i64::from(*count))])
            });
            Value::List(vec![Value::Link(rows.batch), Value::List(runs.collect())])
        });
        map.insert("rows", Value::List(rows.collect()));
        map
    }

    fn from_parts(parts: &mut Parts) -> Result<Seen> {
        let except = parts.list("except")?;
        let except = except
            .iter()
            .map(|id| parts.want(id.as_bytes().and_then(Hash::from_slice)))
            .collect::<Result<Vec<_>>>()?;
        let revisions = parts.list("revisions")?;
        let revisions =
            revisions.iter().map(|link| parts.want(link.as_link())).collect::<Result<Vec<_>>>()?;
        let sorted = except.is_sorted_by(|a, b| a < b) && revisions.is_sorted_by(|a, b| a < b);
        if !sorted {
            return parts.fail("what is listed is sorted and unique");
        }
        let file = match parts.take("file")? {
            Value::Null => None,
            value => Some(parts.want(value.as_bytes().and_then(|file| file.try_into().ok()))?),
        };
        let rows = parts.list("rows")?;
        let rows = rows.iter().map(|rows| read_rows(parts, rows)).collect::<Result<_>>()?;
        Ok(Seen {
            source: parts.text("source")?,
            form: parts.text("form")?,
            observed_at: parts.int("observed_at")?,
            full: parts.bool("full")?,
            except,
            revisions,
            file,
            rows,
        })
    }
}

fn read_rows(parts: &Parts, value: &Value) -> Result<SeenRows> {
    let Some([batch, runs]) = value.as_list() else {
        return parts.fail("seen rows are a batch and its runs");
    };
    let small = |value: &Value| value.as_i64().and_then(|number| u32::try_from(number).ok());
    let runs = parts.want(runs.as_list())?.iter().map(|run| match run.as_list() {
        Some([first, count]) => Ok((parts.want(small(first))?, parts.want(small(count))?)),
        _ => parts.fail("a run is a first row and a count"),
    });
    Ok(SeenRows { batch: parts.want(batch.as_link())?, runs: runs.collect::<Result<_>>()? })
}
