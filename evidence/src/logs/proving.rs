//! Proofs of events that are handed over: of a sample, or of every event that is shown, in files of a
//! thousand. Whoever checks them knows that these events, and the batches that they are rows of, stand in
//! the log that the checkpoint covers.

use super::files::Folder;
use super::parts::Part;
use super::{LogsError, Proof, Wanted};
use lineal_engine::{Claim, EventRef, Snapshot, Store, Unproved};
use lineal_proof::bundle::Bundle;
use lineal_proof::tlog::SignedCheckpoint;
use serde_json::{Value as Json, json};

/// Events of a file: the most that one statement names (docs/format.md, "Proofs").
const FILE_EVENTS_MAX: usize = 1_000;
/// Rows without a proof that are named; all are counted.
const NAMED_MAX: usize = 1_000;
/// Events of a sample: each needs the leaves of its whole batch.
const SAMPLE_MAX: usize = 64;
/// The file that holds it.
const SAMPLE_FILE: &str = "sample-proof.json";
/// How it is taken, as the statement says it.
const SAMPLE_RULE: &str =
    "of up to 64 batches, spread evenly over those with rows, the first row that is shown";
/// The same where every event is proved.
const EVERY_RULE: &str = "every row that is shown, a thousand to a file, in the order of the rows";

/// Nothing is shown that could be proved.
const NONE_SHOWN: &str = "no row is shown";
/// Why single rows have no proof.
const UNSALTED: &str = "their salts were erased with other events, or they were erased meanwhile";

/// A row that is shown: the number of its part, as rows name it, and where it stands.
type Row = (u64, EventRef);

/// What was proved.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Proved {
    /// Events that are proved.
    pub(super) events: u64,
    /// Rows that were to be proved and cannot be.
    pub(super) unproved: u64,
    /// The first of these: the batch, as rows name it, and the row.
    named: Vec<(u64, u32)>,
    files: Vec<String>,
    rule: &'static str,
}

impl Proved {
    /// Why there is no proof; none if there is one.
    pub(super) fn why(&self) -> Option<&'static str> {
        match (self.events, self.unproved) {
            (0, 0) => Some(NONE_SHOWN),
            (0, _) => Some(UNSALTED),
            _ => None,
        }
    }

    /// As the statement says it.
    pub(super) fn json(&self) -> Json {
        let named = self.named.iter().map(|(batch, row)| json!({ "batch": batch, "row": row }));
        let mut told = json!({
            "events": self.events, "rule": self.rule, "files": self.files,
            "unproved": self.unproved, "unproved_rows": named.collect::<Json>(),
        });
        match self.why() {
            Some(why) => told["why"] = json!(why),
            None if self.unproved > 0 => told["why_unproved"] = json!(UNSALTED),
            None => {}
        }
        told
    }
}

/// Makes proofs while rows are written.
pub(super) struct Proving<'s> {
    store: &'s Store,
    view: &'s Snapshot,
    note: Vec<u8>,
    withhold: bool,
    of: Proof,
    /// Rows that wait for a file; of a sample the first shown row of each part.
    waiting: Vec<Row>,
    proved: Proved,
}

impl<'s> Proving<'s> {
    pub(super) fn new(
        (store, view): (&'s Store, &'s Snapshot),
        wanted: &Wanted,
        checkpoint: &SignedCheckpoint,
    ) -> Proving<'s> {
        let rule = if wanted.proof == Proof::Every { EVERY_RULE } else { SAMPLE_RULE };
        Proving {
            store,
            view,
            note: checkpoint.to_string().into_bytes(),
            withhold: !wanted.with_subject_group,
            of: wanted.proof,
            waiting: Vec::new(),
            proved: Proved { rule, ..Proved::default() },
        }
    }

    /// Takes the rows of a part that are shown.
    pub(super) fn take(
        &mut self,
        folder: &mut Folder,
        part: &Part,
        shown: &[u32],
    ) -> Result<(), LogsError> {
        let row = |row: &u32| (part.number, EventRef { batch: part.info.ordinal, row: *row });
        if self.of != Proof::Every {
            self.waiting.extend(shown.first().map(row));
            return Ok(());
        }
        for row in shown.iter().map(row) {
            self.waiting.push(row);
            if self.waiting.len() == FILE_EVENTS_MAX {
                self.write(folder)?;
            }
        }
        Ok(())
    }

    /// Proves what waits still; says what was proved in all.
    pub(super) fn end(mut self, folder: &mut Folder) -> Result<Proved, LogsError> {
        if self.of == Proof::Sample {
            self.waiting = sample(&self.waiting);
        }
        self.write(folder)?;
        Ok(self.proved)
    }

    /// Writes a file of what waits.
    fn write(&mut self, folder: &mut Folder) -> Result<(), LogsError> {
        let rows = std::mem::take(&mut self.waiting);
        let all = rows.len();
        let Some((bundle, events)) = self.provable(&rows)? else { return Ok(()) };
        debug_assert!(events <= all);
        let name = match self.of {
            Proof::Every => format!("proof-{:06}.json", self.proved.files.len() + 1),
            Proof::Sample | Proof::None => SAMPLE_FILE.to_owned(),
        };
        folder.put(&name, bundle.write().as_bytes())?;
        self.proved.events += events as u64;
        self.proved.files.push(name);
        Ok(())
    }

    /// The proof of those of the rows that can be proved, and how many these are. What cannot is counted.
    fn provable(&mut self, rows: &[Row]) -> Result<Option<(Bundle, usize)>, LogsError> {
        if rows.is_empty() {
            return Ok(None);
        }
        if let Some(bundle) = self.made(rows)? {
            return Ok(Some((bundle, rows.len())));
        }
        let mut good = Vec::with_capacity(rows.len());
        self.sift(rows, &mut good)?;
        match good.is_empty() {
            true => Ok(None),
            false => Ok(self.made(&good)?.map(|bundle| (bundle, good.len()))),
        }
    }

    /// Parts rows that are not provable together into those that are and those that are not, by halves.
    fn sift(&mut self, rows: &[Row], good: &mut Vec<Row>) -> Result<(), LogsError> {
        if let [(batch, event)] = rows {
            self.proved.unproved += 1;
            if self.proved.named.len() < NAMED_MAX {
                self.proved.named.push((*batch, event.row));
            }
            return Ok(());
        }
        let (left, right) = rows.split_at(rows.len() / 2);
        for half in [left, right] {
            match self.made(half)? {
                Some(_) => good.extend_from_slice(half),
                None => self.sift(half, good)?,
            }
        }
        Ok(())
    }

    /// The proof of these rows; none if one of them cannot be proved any more.
    fn made(&self, rows: &[Row]) -> Result<Option<Bundle>, LogsError> {
        let events = rows.iter().map(|(_, event)| *event).collect();
        let claim = Claim::Events { events, named: None };
        match self.store.prove(self.view, &claim, &self.note, self.withhold) {
            Ok(bundle) => Ok(Some(bundle)),
            Err(Unproved::Unsalted { .. } | Unproved::ErasedSince { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Of these, spread evenly, no more than a sample has.
fn sample(shown: &[Row]) -> Vec<Row> {
    let count = shown.len().min(SAMPLE_MAX);
    (0..count).filter_map(|number| shown.get(number * shown.len() / count)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_evenly_and_names_no_event_twice() {
        let row = |at: u32| (u64::from(at), EventRef { batch: at, row: at % 7 });
        let shown: Vec<Row> = (0..1_000).map(row).collect();
        let found = sample(&shown);
        assert_eq!(found.len(), SAMPLE_MAX);
        assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!((found[0], found[32]), (row(0), row(500)));
        assert_eq!(sample(&shown[..3]).len(), 3);
        assert!(sample(&[]).is_empty());
    }

    #[test]
    fn what_lacks_a_proof_is_counted_and_named_and_it_says_why() {
        let none = Proved::default().json();
        assert_eq!((&none["events"], &none["why"]), (&json!(0), &json!(NONE_SHOWN)));
        let none = Proved { unproved: 3, named: vec![(1, 4)], ..Proved::default() }.json();
        assert_eq!(none["why"], UNSALTED);
        assert_eq!(none["unproved_rows"], json!([{ "batch": 1, "row": 4 }]));
        let some = Proved { events: 2, unproved: 1, ..Proved::default() };
        assert_eq!((some.why(), &some.json()["why_unproved"]), (None, &json!(UNSALTED)));
    }
}
