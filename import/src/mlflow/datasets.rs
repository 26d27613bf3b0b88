//! The list of datasets of a store, whose rows may say the same again and again.
//!
//! A store lists a dataset once for each experiment that uses it, in the same words. Rows that say
//! the same are held once: of a store with many experiments they were most of what an import held.

use super::store::Dataset;
use std::collections::HashMap;

/// A list of datasets. A row is named by its place: 0 for the first that was added.
#[derive(Default)]
pub(super) struct DatasetList {
    /// What rows say, each once, in the order of reading.
    distinct: Vec<Dataset>,
    /// For each row, which of these it is.
    rows: Vec<u32>,
    /// The start of the hash of each of these.
    known: HashMap<[u8; 16], u32>,
}

impl DatasetList {
    /// Adds a row. Of rows that say the same the file of the first is kept. Returns its place.
    pub(super) fn add(&mut self, row: Dataset) -> usize {
        let next = u32::try_from(self.distinct.len()).expect("fewer than 4 Gi fit into memory");
        let distinct = *self.known.entry(start_of_hash(&row)).or_insert(next);
        if distinct == next {
            self.distinct.push(row);
        }
        self.rows.push(distinct);
        self.rows.len() - 1
    }

    /// How many rows were added.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// What rows say, each once, in the order of reading.
    pub(super) fn distinct(&self) -> &[Dataset] {
        &self.distinct
    }

    /// For each row its place in [`DatasetList::distinct`].
    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }
}

/// The start of the BLAKE3 of what a row says, wherever it stands.
fn start_of_hash(row: &Dataset) -> [u8; 16] {
    let Dataset { name, digest, source_type, source, schema, profile, at_file: _ } = row;
    let mut hasher = blake3::Hasher::new();
    let present = [Some(name), Some(digest)];
    let optional = [source_type, source, schema, profile].map(Option::as_ref);
    for text in present.into_iter().chain(optional) {
        // One more than the length, so that an empty text is not an absent one.
        hasher.update(&text.map_or(0, |text| text.len() as u64 + 1).to_le_bytes());
        hasher.update(text.map_or(&[], String::as_bytes));
    }
    let mut start = [0; 16];
    hasher.finalize_xof().fill(&mut start);
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(digest: &str, schema: Option<&str>, at_file: &str) -> Dataset {
        Dataset {
            name: "d".into(),
            digest: digest.into(),
            schema: schema.map(str::to_owned),
            at_file: at_file.into(),
            ..Dataset::default()
        }
    }

    #[test]
    fn rows_that_say_the_same_are_held_once() {
        let mut list = DatasetList::default();
        let said = [("a", None), ("b", None), ("a", None), ("a", Some("")), ("b", None)];
        for (place, (digest, schema)) in said.into_iter().enumerate() {
            assert_eq!(list.add(row(digest, schema, &place.to_string())), place);
        }
        assert_eq!(list.len(), 5);
        assert_eq!(list.rows(), [0, 1, 0, 2, 1]);
        let files: Vec<_> = list.distinct().iter().map(|each| each.at_file.as_str()).collect();
        assert_eq!(files, ["0", "1", "3"]);
    }
}
