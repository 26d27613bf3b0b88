//! Datasets: one node for the same name, digest and source, however many experiments list it.

use super::super::datasets::DatasetList;
use super::super::laid::{Growing, Laid};
use super::super::store::{Dataset, Texts, located};
use super::Context;
use super::collector::Collector;
use super::fields::{part, put_map, put_text, seal};
use super::packed::{put_reference, take_reference};
use super::rules::{self, About};
use crate::mapping::mlflow::Subject;
use crate::record::{NodeRecord, Part, Reference};
use lineal_engine::schema::Kind;
use lineal_proof::{Map, Value};
use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;

/// How MLflow makes a digest: MD5 of at most the first 10,000 rows, cut to 8 hex digits. It says
/// little, and answers must be able to say so.
const DIGEST_KIND: &str = "mlflow:md5-8/first10k";

/// Members of a source that say where the data lies, the plainest first.
const PLACES: &[&str] = &["uri", "url", "path", "table_name", "delta_table_name"];

/// The nodes of a store's list of datasets.
pub(in super::super) struct Datasets {
    /// The node of each distinct row, packed: a store has more data sets than runs, and these are asked
    /// for until the last run is made.
    nodes: Laid,
    /// Where each of these ends.
    ends: Vec<u64>,
    /// For each row of the list its place among these.
    by_place: Vec<u32>,
    /// The hash of name and digest of each of these, and its place; ascending.
    by_digest: Vec<(u64, u32)>,
}

impl Datasets {
    /// # Errors
    /// What the file system says of rows that were laid aside.
    pub(super) fn new(list: &DatasetList) -> io::Result<Datasets> {
        let (mut nodes, mut ends) = (Growing::default(), Vec::with_capacity(list.distinct_len()));
        let mut by_digest = Vec::with_capacity(list.distinct_len());
        for (row, place) in list.distinct().zip(0..) {
            let row = row?;
            nodes.add(|out| put_reference(out, &reference(&row)));
            ends.push(nodes.len());
            by_digest.push((hash_of(&row.name, &row.digest), place));
        }
        by_digest.sort_unstable();
        let nodes = nodes.finish()?;
        Ok(Datasets { nodes, ends, by_place: list.rows().to_vec(), by_digest })
    }

    /// Forgets what only models are looked up by.
    pub(super) fn forget_digests(&mut self) {
        self.by_digest = Vec::new();
    }

    /// The dataset at that place of the list.
    pub(super) fn at(&self, place: usize) -> Option<Reference> {
        self.by_place.get(place).and_then(|node| self.node(*node as usize))
    }

    /// The packed node of a distinct row.
    fn packed(&self, row: usize) -> &[u8] {
        let start = row.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let range = self.ends.get(row).map(|end| start.unwrap_or(0)..*end);
        range.map_or(&[], |range| self.nodes.get(range))
    }

    fn node(&self, row: usize) -> Option<Reference> {
        take_reference(&mut self.packed(row))
    }

    /// The dataset of that name and digest; a claim where the list has none or several.
    pub(super) fn named(&self, name: &str, digest: &str) -> Reference {
        let (hash, wanted) = (hash_of(name, digest), [part(name), digest.into()]);
        let from = self.by_digest.partition_point(|(other, _)| *other < hash);
        let same = self.by_digest[from..].iter().take_while(|(other, _)| *other == hash);
        let mut fitting: BTreeSet<Reference> = same
            .filter_map(|(_, node)| self.node(*node as usize))
            .filter(|node| node.key.starts_with(&wanted))
            .collect();
        match (fitting.len(), fitting.pop_first()) {
            (1, Some(node)) => node,
            _ => {
                let [name, digest] = wanted;
                Reference::new(Kind::Dataset, vec![name, digest, Part::Null, Part::Null])
            }
        }
    }

    /// # Errors
    /// What the file system says of rows that were laid aside.
    pub(super) fn map(
        &self,
        list: &DatasetList,
        context: &Context<'_>,
        collector: &mut Collector,
    ) -> io::Result<()> {
        // Rows of other words may name the same node: a source is spaced otherwise.
        let mut seen = HashSet::new();
        for (place, row) in list.distinct().enumerate() {
            let row = row?;
            if !seen.insert(start_of_hash(self.packed(place), &row)) {
                continue;
            }
            let Some(node) = self.node(place) else { continue };
            let record = record(&row, &node, context, collector);
            collector.add(record);
        }
        Ok(())
    }
}

/// The start of the BLAKE3 of a node and what a row says of it.
fn start_of_hash(node: &[u8], row: &Dataset) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    let texts = [&row.schema, &row.profile].map(|text| text.as_deref().map(str::as_bytes));
    for bytes in [Some(node)].into_iter().chain(texts) {
        // One more than the length, so that an empty text is not an absent one.
        hasher.update(&bytes.map_or(0, |bytes| bytes.len() as u64 + 1).to_le_bytes());
        hasher.update(bytes.unwrap_or_default());
    }
    let mut start = [0; 16];
    hasher.finalize_xof().fill(&mut start);
    start
}

/// What a dataset is looked up by.
fn hash_of(name: &str, digest: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, digest).hash(&mut hasher);
    hasher.finish()
}

/// The node of one row.
fn reference(row: &Dataset) -> Reference {
    // A store knows all four parts: what it leaves out is empty, not unknown.
    let source = row.source.as_deref().map(canonical).unwrap_or_default();
    let key = vec![
        part(&row.name),
        row.digest.as_str().into(),
        row.source_type.clone().unwrap_or_default().into(),
        part(&source),
    ];
    Reference::new(Kind::Dataset, key)
}

fn record(
    row: &Dataset,
    node: &Reference,
    context: &Context<'_>,
    collector: &mut Collector,
) -> NodeRecord {
    let at = located(&row.at_file);
    let mut record = NodeRecord::new(node.clone(), at.clone());
    put_text(&mut record, "name", Some(row.name.clone()));
    record.set("version", Some(row.digest.as_str()));
    record.set("digest", Some(row.digest.as_str()));
    let is_short = row.digest.len() == 8 && row.digest.bytes().all(|b| b.is_ascii_hexdigit());
    record.set("digest_kind", is_short.then_some(DIGEST_KIND));
    record.set("source_type", row.source_type.as_deref());
    put_place(&mut record, row.source.as_deref());
    put_text(&mut record, "schema", row.schema.as_deref().map(canonical));
    put_profile(&mut record, row.profile.as_deref());
    let about = About {
        on: Subject::Dataset,
        title: format!("dataset:{}@{}", row.name, row.digest),
        variables: vec![("name", &row.name), ("digest", &row.digest)],
        tags: &Texts::new(),
        params: &Texts::new(),
        source: row.source.as_deref(),
        at: &at,
    };
    rules::apply(context, &about, &mut record, collector);
    record
}

fn put_place(record: &mut NodeRecord, source: Option<&str>) {
    let Some(source) = source else { return };
    let json: Option<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(source).ok();
    let Some(json) = json else {
        return put_text(record, "uri", Some(source.to_owned()));
    };
    let text = |name: &str| json.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    if let Some(place) = PLACES.iter().find_map(|name| text(name)) {
        // The key's source is replaced by its keyed form as a whole, so the place is sealed as
        // soon as any part of the source is personal.
        if matches!(record.node.key.last(), Some(Part::Personal(_))) {
            seal(record, "uri", place, None);
        } else {
            put_text(record, "uri", Some(place));
        }
    }
    put_text(record, "split", text("split"));
}

fn put_profile(record: &mut NodeRecord, profile: Option<&str>) {
    let Some(profile) = profile else { return };
    let Ok(serde_json::Value::Object(members)) = serde_json::from_str(profile) else { return };
    let mut stats = Map::new();
    for (name, value) in members {
        match value {
            serde_json::Value::Number(number) => {
                if name == "num_rows" {
                    record.set("rows", number.as_i64());
                }
                stats.insert(name, Value::float(number.as_f64().unwrap_or(f64::NAN)));
            }
            serde_json::Value::Null => {}
            serde_json::Value::String(text) => {
                stats.insert(name, text);
            }
            other => {
                stats.insert(name, other.to_string());
            }
        }
    }
    put_map(record, "stats", stats);
}

/// JSON in one form: compact, keys sorted, numbers as written. Other text stays as it is.
pub(super) fn canonical(text: &str) -> String {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(mut json) => {
            json.sort_all_objects();
            json.to_string()
        }
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_source_has_one_canonical_text() {
        let spaced = r#"{ "b": {"y": 1.0, "x": "ü"}, "a": [1, 2] }"#;
        assert_eq!(canonical(spaced), r#"{"a":[1,2],"b":{"x":"ü","y":1.0}}"#);
        assert_eq!(canonical("s3://b/x"), "s3://b/x");
    }

    #[test]
    fn a_source_in_a_home_folder_is_personal() {
        let row = Dataset {
            name: "d".into(),
            digest: "00112233".into(),
            source_type: Some("local".into()),
            source: Some(r#"{"uri": "/home/maria/d.csv"}"#.into()),
            ..Dataset::default()
        };
        let node = reference(&row);
        assert_eq!(node.key[3], Part::Personal(r#"{"uri":"/home/maria/d.csv"}"#.into()));
        let mut record = NodeRecord::new(node, located(""));
        put_place(&mut record, row.source.as_deref());
        assert_eq!(record.fields.get("uri"), None);
        assert_eq!(record.personal[0].field, "uri");
    }
}
