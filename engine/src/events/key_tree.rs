//! The tree over a batch's indexed values, from which a value can be shown to be in none of its rows
//! (docs/format.md, section 22).

use super::{EventBlock, EventValue, IndexedFields};
use crate::schema::FieldType;
use lineal_proof::absence::KeyTree;
use lineal_proof::absence::keys::value_hashes;
use lineal_proof::{Hash, Map, Value};

/// What a batch's revision says of it: the root, and which fields it covers.
const KEYS_ROOT: &str = "keys_root";
const KEYS_OF: &str = "keys_of";

/// The hashes of the values of some fields in rows, each as often as it comes.
pub(crate) fn indexed_hashes(
    indexed: IndexedFields,
    block: &EventBlock,
    rows: &(impl Iterator<Item = usize> + Clone),
) -> Vec<Hash> {
    let mut hashes = Vec::new();
    for field in indexed.fields() {
        let spec = field.spec();
        let are_texts = spec.field_type == FieldType::Text;
        let values = rows.clone().filter_map(|row| match block.get(row, field) {
            Some(EventValue::Hash(value)) => Some(value),
            Some(EventValue::Text(value)) => Some(value.as_bytes()),
            _ => None,
        });
        hashes.extend(value_hashes(spec.name, are_texts, values));
    }
    hashes
}

/// The tree over the values of some fields in a batch's rows, under the secret of its buckets; none
/// if no field is indexed. `kept` are the leaves that erasures kept of buckets, where rows are erased.
pub(crate) fn key_tree(
    indexed: IndexedFields,
    block: &EventBlock,
    rows: &(impl ExactSizeIterator<Item = usize> + Clone),
    secret: &[u8; 32],
    kept: &[(u32, Hash)],
) -> Option<KeyTree> {
    let names: Vec<&str> = indexed.fields().into_iter().map(|field| field.spec().name).collect();
    let hashes = indexed_hashes(indexed, block, rows);
    let rows = rows.len() as u64;
    (!names.is_empty()).then(|| KeyTree::with_redacted(secret, &names, rows, &hashes, kept))
}

/// Writes the root, or that there is none, into a batch's fields.
pub(crate) fn put_keys(fields: &mut Map, indexed: IndexedFields, tree: Option<&KeyTree>) {
    fields.insert(KEYS_ROOT, tree.map_or(Value::Null, |tree| Value::Bytes(tree.root().0.to_vec())));
    if tree.is_some() {
        let names = indexed.fields().into_iter().map(|field| Value::text(field.spec().name));
        fields.insert(KEYS_OF, Value::List(names.collect()));
    }
}

/// The root that stands in a batch's fields, and what it covers; none where nothing can be proved
/// from it, or where the fields are other than this program knows.
pub(crate) fn keys_of(fields: &Map) -> Option<(&[u8], IndexedFields)> {
    let root = fields.get(KEYS_ROOT)?.as_bytes()?;
    let names = fields.get(KEYS_OF)?;
    let indexed = IndexedFields::from_setting(names);
    (indexed.fields().len() == names.as_list()?.len()).then_some((root, indexed))
}
