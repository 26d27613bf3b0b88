//! Versions of a registered name, packed: a store may have more of them than runs, and unpacked each
//! takes some six times the room.

use super::spill::{Rows, put_number, put_signed, put_text};
use super::store::{Texts, Version};
use crate::record::Location;

/// Versions in the order in which they were read.
#[derive(Default, Debug)]
pub(super) struct Versions {
    packed: Vec<u8>,
    count: usize,
}

impl Versions {
    /// Adds one.
    pub(super) fn push(&mut self, version: &Version) {
        put(&mut self.packed, version);
        self.count += 1;
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All of them, one after another.
    pub(super) fn iter(&self) -> impl Iterator<Item = Version> {
        let mut rows = Rows(&self.packed);
        (0..self.count).map(move |_| take(&mut rows).expect("it was packed here"))
    }
}

/// Texts that may be absent, in the order in which they are packed.
fn texts(version: &mut Version) -> [&mut Option<String>; 10] {
    [
        &mut version.description,
        &mut version.user,
        &mut version.stage,
        &mut version.source,
        &mut version.run,
        &mut version.model_id,
        &mut version.status,
        &mut version.status_message,
        &mut version.run_link,
        &mut version.storage,
    ]
}

fn put(out: &mut Vec<u8>, version: &Version) {
    let Version { number, created_ms, updated_ms, tags, at, .. } = version;
    put_text(out, number);
    for time in [created_ms, updated_ms] {
        out.push(u8::from(time.is_some()));
        put_signed(out, time.unwrap_or_default());
    }
    let all = [
        &version.description,
        &version.user,
        &version.stage,
        &version.source,
        &version.run,
        &version.model_id,
        &version.status,
        &version.status_message,
        &version.run_link,
        &version.storage,
    ];
    for text in all {
        // One more than the length, so that an empty text is not an absent one.
        put_number(out, text.as_ref().map_or(0, |text| text.len() as u64 + 1));
        out.extend_from_slice(text.as_deref().unwrap_or_default().as_bytes());
    }
    put_number(out, tags.len() as u64);
    for (name, value) in tags {
        put_text(out, name);
        put_text(out, value);
    }
    put_text(out, &at.file);
    put_number(out, at.line);
    put_number(out, at.byte);
}

fn take(rows: &mut Rows<'_>) -> Option<Version> {
    let mut version = Version { number: rows.text()?.to_owned(), ..Version::default() };
    for time in [&mut version.created_ms, &mut version.updated_ms] {
        let is_there = rows.byte()? != 0;
        *time = Some(rows.signed()?).filter(|_| is_there);
    }
    for text in texts(&mut version) {
        if let Some(length) = rows.place()?.checked_sub(1) {
            *text = Some(rows.text_of(length)?.to_owned());
        }
    }
    let count = rows.number()?;
    version.tags = (0..count)
        .map(|_| Some((rows.text()?.to_owned(), rows.text()?.to_owned())))
        .collect::<Option<Texts>>()?;
    let file = rows.text()?.to_owned();
    version.at = Location { file, line: rows.number()?, byte: rows.number()? };
    Some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_back_as_they_were_said() {
        let mut full = Version {
            number: "7".into(),
            created_ms: Some(-5),
            tags: Texts::from([("a".into(), String::new()), ("ü".into(), "b".into())]),
            at: Location { file: "mlflow.db".into(), line: 3, byte: 1 << 40 },
            ..Version::default()
        };
        for (number, text) in (0..).zip(texts(&mut full)) {
            *text = [None, Some(String::new()), Some(format!("text {number}"))][number % 3].clone();
        }
        let mut versions = Versions::default();
        assert!(versions.is_empty());
        for version in [&full, &Version::default(), &full] {
            versions.push(version);
        }
        let said = |version: &Version| format!("{version:?}");
        let all: Vec<String> = versions.iter().map(|version| said(&version)).collect();
        assert_eq!(versions.len(), 3);
        assert_eq!(all, [said(&full), said(&Version::default()), said(&full)]);
    }
}
