//! Frames of the journal: a length, a checksum, and canonical CBOR (docs/format.md, section 19).

use crate::error::{Error, Result};
use lineal_proof::cbor::{self, Reader};
use lineal_proof::{Hash, Value};
use std::collections::BTreeMap;

use super::REQUEST_BYTES_MAX;

/// Length and checksum.
pub(super) const HEAD: usize = 8;
/// First item of a payload that holds a request.
const REQUEST: i128 = 1;
/// First item of a payload that holds keys.
const KEYS: i128 = 2;

/// Names a request so that it can be repeated: a digest of what the sender said.
pub type JournalKey = [u8; 16];

/// What was sent at once and is acknowledged as one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Who speaks, in which form: `datadog-logs`, `openlineage`, `otlp-logs`.
    pub form: String,
    /// Its key, if the sender gave one.
    pub key: Option<JournalKey>,
    /// The digest of the body that was sent.
    pub body: Hash,
    /// When it came, ns since 1970 UTC.
    pub received: i64,
    /// The entries, each as it will be read when it is sealed.
    pub entries: Vec<Vec<u8>>,
    /// The sequence number of the first entry; given by the journal.
    pub first: u64,
}

/// What is kept of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kept {
    pub(super) body: Hash,
    pub(super) received: i64,
}

/// What a frame holds.
pub(super) enum Frame {
    /// A request, and the byte of the file at which the write began that brought it.
    Request(Request, u64),
    /// The sequence number that goes on here, and keys of requests in files that are gone.
    Keys(u64, Vec<(JournalKey, Kept)>),
}

/// Appends the frame of a request.
///
/// # Errors
/// [`Error::Limit`] if it is too large; nothing is appended then.
pub(super) fn write_request(
    out: &mut Vec<u8>,
    write: u64,
    first: u64,
    request: &Request,
) -> Result<()> {
    let bytes: usize = request.entries.iter().map(|entry| entry.len() + 9).sum();
    if bytes > REQUEST_BYTES_MAX / 2 {
        return Err(Error::Limit {
            what: "a request to the journal, in bytes".to_owned(),
            found: bytes as u64,
            limit: (REQUEST_BYTES_MAX / 2) as u64,
        });
    }
    framed(out, |payload| {
        cbor::write_list_head(payload, 8);
        cbor::write_int(payload, REQUEST);
        cbor::write_int(payload, write.into());
        cbor::write_int(payload, first.into());
        cbor::write_int(payload, request.received.into());
        cbor::write_text(payload, &request.form);
        match &request.key {
            Some(key) => cbor::write_bytes(payload, key),
            None => cbor::write_value(payload, &Value::Null),
        }
        cbor::write_bytes(payload, request.body.as_bytes());
        cbor::write_list_head(payload, request.entries.len());
        for entry in &request.entries {
            cbor::write_bytes(payload, entry);
        }
    });
    Ok(())
}

/// Appends the frame of keys.
pub(super) fn write_keys(out: &mut Vec<u8>, next: u64, keys: &BTreeMap<JournalKey, Kept>) {
    framed(out, |payload| {
        cbor::write_list_head(payload, 3);
        cbor::write_int(payload, KEYS);
        cbor::write_int(payload, next.into());
        cbor::write_list_head(payload, keys.len());
        for (key, kept) in keys {
            cbor::write_list_head(payload, 3);
            cbor::write_bytes(payload, key);
            cbor::write_bytes(payload, kept.body.as_bytes());
            cbor::write_int(payload, kept.received.into());
        }
    });
}

fn framed(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD]);
    write(out);
    let length = u32::try_from(out.len() - start - HEAD).unwrap_or(u32::MAX);
    let checksum = crc32c::crc32c(&out[start + HEAD..]);
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    out[start + 4..start + HEAD].copy_from_slice(&checksum.to_le_bytes());
}

/// The first frame of some bytes and its length; what is broken if none is whole there.
pub(super) fn read(bytes: &[u8]) -> Result<(Frame, usize), &'static str> {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else {
        return Err("a frame has a length and a checksum");
    };
    let [a, b, c, d, e, f, g, h] = *head;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length == 0 || length > REQUEST_BYTES_MAX {
        return Err("a frame is as long as it may be");
    }
    let payload = rest.get(..length).ok_or("a frame is as long as it says")?;
    if crc32c::crc32c(payload) != u32::from_le_bytes([e, f, g, h]) {
        return Err("the checksum of a frame fits");
    }
    let frame = decode(payload).ok_or("a frame holds a request or keys")?;
    Ok((frame, HEAD + length))
}

fn decode(payload: &[u8]) -> Option<Frame> {
    let mut reader = Reader::new(payload);
    let items = reader.list_items().ok()?;
    let mut next = || reader.value(1).ok();
    let frame = match (next()?, items) {
        (Value::Int(REQUEST), 8) => {
            let write = unsigned(&next()?)?;
            let first = unsigned(&next()?)?;
            let received = next()?.as_i64()?;
            let form = next()?.as_text()?.to_owned();
            let key = match next()? {
                Value::Null => None,
                Value::Bytes(key) => Some(key.try_into().ok()?),
                _ => return None,
            };
            let body = Hash::from_slice(next()?.as_bytes()?)?;
            let Value::List(entries) = next()? else { return None };
            let entries = entries.into_iter().map(|entry| match entry {
                Value::Bytes(bytes) => Some(bytes),
                _ => None,
            });
            let entries = entries.collect::<Option<_>>()?;
            Frame::Request(Request { form, key, body, received, entries, first }, write)
        }
        (Value::Int(KEYS), 3) => {
            let sequence = unsigned(&next()?)?;
            let Value::List(keys) = next()? else { return None };
            let keys = keys.iter().map(|kept| match kept.as_list()? {
                [key, body, received] => {
                    let body = Hash::from_slice(body.as_bytes()?)?;
                    let kept = Kept { body, received: received.as_i64()? };
                    Some((key.as_bytes()?.try_into().ok()?, kept))
                }
                _ => None,
            });
            Frame::Keys(sequence, keys.collect::<Option<_>>()?)
        }
        _ => return None,
    };
    reader.end().ok()?;
    Some(frame)
}

fn unsigned(value: &Value) -> Option<u64> {
    value.as_i64().and_then(|number| u64::try_from(number).ok())
}
