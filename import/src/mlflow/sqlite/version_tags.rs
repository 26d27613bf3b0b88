//! Tags of versions while the table of versions is not read: a store has some for each version, and a
//! map of maps of them took most of a kilobyte a version.

use super::id_start::{IdStart, id_start};
use crate::mlflow::laid::{Growing, Laid};
use crate::mlflow::spill::{Rows, put_text};
use crate::mlflow::store::Texts;
use std::io;

/// The tags of all versions, as they are read.
#[derive(Default)]
pub(super) struct Reading {
    packed: Growing,
    /// Of each row its version and where it begins.
    rows: Vec<(IdStart, u64)>,
}

/// The tags of all versions.
pub(super) struct VersionTags {
    packed: Laid,
    /// Ascending, those of a version in the order of reading.
    rows: Vec<(IdStart, u64)>,
}

/// What stands for a version. The length tells name and version apart.
fn start_of(name: &str, version: &str) -> IdStart {
    id_start(&format!("{} {name}{version}", name.len()))
}

impl Reading {
    /// Adds a tag of a version of a name.
    pub(super) fn add(&mut self, (name, version): (&str, &str), (key, value): (&str, &str)) {
        self.rows.push((start_of(name, version), self.packed.len()));
        self.packed.add(|out| {
            put_text(out, key);
            put_text(out, value);
        });
    }

    /// All of them.
    ///
    /// # Errors
    /// What the file system says of what was laid aside.
    pub(super) fn finish(mut self) -> io::Result<VersionTags> {
        self.rows.sort_unstable();
        Ok(VersionTags { packed: self.packed.finish()?, rows: self.rows })
    }
}

impl VersionTags {
    /// The tags of a version of a name; of two of one key the one that was read last.
    pub(super) fn of(&self, name: &str, version: &str) -> Texts {
        let start = start_of(name, version);
        let from = self.rows.partition_point(|(other, _)| *other < start);
        let own = self.rows[from..].iter().take_while(|(other, _)| *other == start);
        let tag = |at: u64| {
            let mut row = Rows(self.packed.from(at));
            Some((row.text()?.to_owned(), row.text()?.to_owned()))
        };
        own.filter_map(|(_, at)| tag(*at)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_its_own_tags_and_the_last_of_a_key_counts() {
        let mut reading = Reading::default();
        let long = "x".repeat(1_000);
        for number in 0..20_000 {
            let version = (number % 10_000).to_string();
            reading.add(("model", &version), ("n", &number.to_string()));
            reading.add(("model", &version), ("text", &long));
        }
        reading.add(("mode", "l1"), ("a", "b"));
        let tags = reading.finish().unwrap();
        let own = tags.of("model", "77");
        assert_eq!((own["n"].as_str(), own["text"].len(), own.len()), ("10077", 1_000, 2));
        assert_eq!(tags.of("mode", "l1"), Texts::from([("a".into(), "b".into())]));
        assert_eq!(
            (tags.of("model", "10000"), tags.of("model1", "")),
            (Texts::new(), Texts::new())
        );
    }
}
