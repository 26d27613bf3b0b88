//! Bytes as canonical items, records, frames and headers: what decodes encodes to the same bytes,
//! and what was encoded decodes to the same value.

use lineal_proof::frame::{self, MAGIC_SEALED, MAGIC_SEGMENT, RecordType};
use lineal_proof::record::{
    Blob, Commit, Erasure, Hold, Manifest, Record, Reference, Retract, Revision, Sealed, Seen,
    Setting, Source, Stub,
};
use lineal_proof::{Cid, Hash, Key, Map, Value, cbor};

use super::tape::Tape;

/// Deepest value that is built: some levels below what the reader takes.
const DEPTH: usize = 12;
/// Most members of a list or map that is built.
const MEMBERS: u8 = 5;

/// Checks these bytes in every role.
pub fn check(bytes: &[u8]) {
    if let Ok(value) = cbor::decode(bytes) {
        assert_eq!(cbor::encode(&value), bytes, "{value:?}");
        if let Some(key) = Key::from_value(&value) {
            assert_eq!(key.to_value(), value);
        }
    }
    check_record::<Blob>(bytes);
    check_record::<Commit>(bytes);
    check_record::<Erasure>(bytes);
    check_record::<Hold>(bytes);
    check_record::<Manifest>(bytes);
    check_record::<Reference>(bytes);
    check_record::<Retract>(bytes);
    check_record::<Revision>(bytes);
    check_record::<Sealed>(bytes);
    check_record::<Seen>(bytes);
    check_record::<Setting>(bytes);
    check_record::<Source>(bytes);
    check_record::<Stub>(bytes);
    check_frames(bytes);
    for magic in [MAGIC_SEGMENT, MAGIC_SEALED] {
        if let Ok((store, number)) = frame::read_header(bytes, magic) {
            assert_eq!(frame::header(magic, &store, number), bytes[..frame::SEGMENT_HEADER]);
        }
    }
    if let Some(cid) = Cid::from_bytes(bytes) {
        assert_eq!(cid.to_bytes(), bytes);
    }
    let value = value(&mut Tape::new(bytes), 0);
    let written = cbor::encode(&value);
    assert_eq!(cbor::decode(&written).as_ref(), Ok(&value), "{written:02x?}");
}

fn check_record<R: Record>(bytes: &[u8]) {
    if let Ok(record) = R::decode(bytes) {
        assert_eq!(record.encode(), bytes, "a {}", R::TYPE.name());
    }
}

/// Bytes as a frame, and in a frame.
fn check_frames(bytes: &[u8]) {
    if let Ok(found) = frame::read(bytes) {
        let mut again = Vec::new();
        let id = frame::write(&mut again, found.record_type, found.payload);
        assert_eq!(found.check_id().is_ok(), id == found.id);
        if id == found.id {
            assert_eq!(again, bytes[..found.length]);
        }
    }
    if bytes.is_empty() {
        return;
    }
    let mut framed = Vec::new();
    let id = frame::write(&mut framed, RecordType::Blob, bytes);
    let found = frame::read(&framed).expect("what was framed is read");
    assert_eq!((found.id, found.payload, found.length), (id, bytes, framed.len()));
    let at = usize::from(bytes[0]) * framed.len() / 256;
    framed[at] ^= 1 << (bytes[0] % 8);
    let noticed = frame::read(&framed).and_then(|found| found.check_id()).is_err();
    assert!(noticed, "a bit was flipped at {at}");
}

/// A value that a tape makes.
fn value(tape: &mut Tape<'_>, depth: usize) -> Value {
    let kinds = if depth < DEPTH { 9 } else { 7 };
    match tape.byte() % kinds {
        0 => Value::Null,
        1 => Value::Bool(tape.byte() % 2 == 1),
        2 => Value::Int(i128::from(tape.number())),
        3 => Value::Int(-1 - i128::from(tape.number())),
        4 => Value::float(f64::from_bits(tape.number())),
        5 => {
            let count = usize::from(tape.byte());
            Value::text(String::from_utf8_lossy(tape.take(count)))
        }
        6 if tape.byte().is_multiple_of(4) => Value::Link(Cid(Hash::of(tape.take(8)))),
        6 => {
            let count = usize::from(tape.byte());
            Value::Bytes(tape.take(count).to_vec())
        }
        7 => {
            let count = tape.byte() % MEMBERS;
            Value::List((0..count).map(|_| value(tape, depth + 1)).collect())
        }
        _ => {
            let count = tape.byte() % MEMBERS;
            let mut map = Map::new();
            for _ in 0..count {
                let length = usize::from(tape.byte() % 32);
                let key = String::from_utf8_lossy(tape.take(length)).into_owned();
                map.insert(key, value(tape, depth + 1));
            }
            Value::Map(map)
        }
    }
}
