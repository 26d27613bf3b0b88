//! Records packed into bytes while a store is read: a tenth of the room, and in an order that can
//! be compared without unpacking.

use crate::record::{Edge, Location, NodeRecord, Part, Personal, Reference};
use lineal_engine::schema::{KINDS, RELATIONS};
use lineal_proof::{Value, cbor};

/// Marks of a key's parts, in the order of [`Part`]; a key ends with 0, before all of them.
const NULL: u8 = 1;
const INT: u8 = 2;
const TEXT: u8 = 3;
const PERSONAL: u8 = 4;
/// Turns the order of signed numbers into that of their bytes.
const SIGN: u64 = 1 << 63;

/// Appends a reference so that bytes compare as references do.
pub(super) fn put_reference(out: &mut Vec<u8>, reference: &Reference) {
    out.push(reference.kind as u8);
    for part in &reference.key {
        let (mark, text) = match part {
            Part::Null => {
                out.push(NULL);
                continue;
            }
            Part::Int(number) => {
                out.push(INT);
                let turned = number.cast_unsigned() ^ SIGN;
                out.extend_from_slice(&turned.swap_bytes().to_le_bytes());
                continue;
            }
            Part::Text(text) => (TEXT, text),
            Part::Personal(text) => (PERSONAL, text),
        };
        out.push(mark);
        // 0 ends a text, so one inside it gets a mark of its own.
        for piece in text.as_bytes().split_inclusive(|byte| *byte == 0) {
            out.extend_from_slice(piece);
            if piece.last() == Some(&0) {
                out.push(0xff);
            }
        }
        out.extend_from_slice(&[0, 0]);
    }
    out.push(0);
}

/// Reads a reference; none where the bytes are none.
pub(super) fn take_reference(bytes: &mut &[u8]) -> Option<Reference> {
    let kind = *KINDS.get(usize::from(byte(bytes)?))?;
    let mut key = Vec::new();
    loop {
        key.push(match byte(bytes)? {
            0 => return Some(Reference { kind, key }),
            NULL => Part::Null,
            INT => {
                let (number, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                Part::Int((u64::from_le_bytes(*number).swap_bytes() ^ SIGN).cast_signed())
            }
            TEXT => Part::Text(text(bytes)?),
            PERSONAL => Part::Personal(text(bytes)?),
            _ => return None,
        });
    }
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

fn text(bytes: &mut &[u8]) -> Option<String> {
    let mut text = Vec::new();
    loop {
        let end = bytes.iter().position(|byte| *byte == 0)?;
        text.extend_from_slice(&bytes[..end]);
        let mark = *bytes.get(end + 1)?;
        *bytes = &bytes[end + 2..];
        if mark == 0 {
            return String::from_utf8(text).ok();
        }
        text.push(0);
    }
}

/// Appends what a record says of its node. Its series must be among its fields
/// ([`NodeRecord::whole`]).
pub(super) fn put_said(out: &mut Vec<u8>, record: &NodeRecord) {
    debug_assert!(record.series.is_empty());
    cbor::write_map(out, &record.fields);
    cbor::write_list_head(out, record.personal.len());
    for personal in &record.personal {
        cbor::write_text(out, &personal.field);
        cbor::write_text(out, &personal.value);
        match &personal.person {
            Some(person) => cbor::write_text(out, person),
            None => cbor::write_value(out, &Value::Null),
        }
    }
    cbor::write_list_head(out, record.edges.len());
    let mut target = Vec::new();
    for edge in &record.edges {
        cbor::write_int(out, edge.relation as i128);
        target.clear();
        put_reference(&mut target, &edge.target);
        cbor::write_bytes(out, &target);
        cbor::write_list_head(out, edge.beside.len());
        for (name, id) in &edge.beside {
            cbor::write_text(out, name);
            cbor::write_text(out, id);
        }
    }
    cbor::write_text(out, &record.at.file);
    cbor::write_int(out, record.at.line.into());
    cbor::write_int(out, record.at.byte.into());
}

/// Reads a record of a node; none where the bytes are none.
pub(super) fn take_said(node: Reference, bytes: &[u8]) -> Option<NodeRecord> {
    let mut reader = cbor::Reader::new(bytes);
    let mut record = NodeRecord::new(node, Location::default());
    if let Value::Map(fields) = reader.value(0).ok()? {
        record.fields = fields;
    }
    for _ in 0..reader.list_items().ok()? {
        let (field, value) = (reader.text().ok()?.to_owned(), reader.text().ok()?.to_owned());
        let person = match reader.value(0).ok()? {
            Value::Text(person) => Some(person),
            _ => None,
        };
        record.personal.push(Personal { field, value, person });
    }
    let number = |reader: &mut cbor::Reader<'_>| match reader.value(0).ok()? {
        Value::Int(number) => u64::try_from(number).ok(),
        _ => None,
    };
    for _ in 0..reader.list_items().ok()? {
        let relation = usize::try_from(number(&mut reader)?).ok()?;
        let relation = RELATIONS.iter().find(|spec| spec.relation as usize == relation)?.relation;
        let Value::Bytes(target) = reader.value(0).ok()? else { return None };
        let mut edge = Edge::new(relation, take_reference(&mut target.as_slice())?);
        for _ in 0..reader.list_items().ok()? {
            edge.beside.push((reader.text().ok()?.to_owned(), reader.text().ok()?.to_owned()));
        }
        record.edges.push(edge);
    }
    let file = reader.text().ok()?.to_owned();
    record.at = Location { file, line: number(&mut reader)?, byte: number(&mut reader)? };
    reader.end().ok()?;
    Some(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_engine::schema::{Kind, Relation};
    use proptest::prelude::*;

    fn part() -> impl Strategy<Value = Part> {
        prop_oneof![
            Just(Part::Null),
            any::<i64>().prop_map(Part::Int),
            "[\0-\u{2}a-c\u{ff}]{0,4}".prop_map(Part::Text),
            "[\0a]{0,3}".prop_map(Part::Personal),
        ]
    }

    fn reference() -> impl Strategy<Value = Reference> {
        let kind = prop_oneof![Just(Kind::Actor), Just(Kind::Run), Just(Kind::Model)];
        (kind, prop::collection::vec(part(), 0..4))
            .prop_map(|(kind, key)| Reference::new(kind, key))
    }

    proptest! {
        #[test]
        fn references_compare_as_their_bytes_do_and_read_back(a in reference(), b in reference()) {
            let packed = |reference: &Reference| {
                let mut out = Vec::new();
                put_reference(&mut out, reference);
                out
            };
            prop_assert_eq!(packed(&a).cmp(&packed(&b)), a.cmp(&b));
            prop_assert_eq!(take_reference(&mut packed(&a).as_slice()), Some(a));
        }

        #[test]
        fn records_read_back(node in reference(), target in reference(), person: Option<String>) {
            let at = Location { file: "mlflow.db".into(), line: 7, byte: u64::MAX };
            let mut record = NodeRecord::new(node.clone(), at);
            record.fields.insert("metrics", Value::Map([("auc", Value::float(f64::NAN))].into_iter().collect()));
            record.personal.push(Personal { field: "user".into(), value: "anna".into(), person });
            let beside = vec![("run".to_owned(), "4cf1".to_owned())];
            record.edges.push(Edge { relation: Relation::DoneBy, target, beside });
            let mut out = Vec::new();
            put_said(&mut out, &record);
            prop_assert_eq!(take_said(node, &out), Some(record));
        }
    }
}
