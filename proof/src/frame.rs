//! Frames and file headers of segments (docs/format.md, section 5).

use crate::error::{Error, Result};
use crate::hash::Hash;

/// The format number of files and records.
pub const FORMAT: u32 = 1;
/// Length of a segment's header.
pub const SEGMENT_HEADER: usize = 64;
/// Magic of a segment: bytes that break when a file passes through a text transfer.
pub const MAGIC_SEGMENT: [u8; 8] = [0x89, b'L', b'N', b'L', 0x0d, 0x0a, 0x1a, 0x0a];
/// Magic of a sealed register file.
pub const MAGIC_SEALED: [u8; 8] = [0x89, b'L', b'N', b'S', 0x0d, 0x0a, 0x1a, 0x0a];
/// Length of a frame's head.
pub const FRAME_HEAD: usize = 44;
/// Longest payload: 16 MiB. What is larger belongs into a container.
pub const PAYLOAD_MAX: usize = 16 << 20;

/// What a frame holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[expect(missing_docs, reason = "section 5 names them, sections 6 to 11 say what they are")]
pub enum RecordType {
    Revision = 1,
    Reference = 2,
    Setting = 3,
    Source = 4,
    Manifest = 5,
    Seen = 6,
    Retract = 7,
    Erasure = 8,
    Sealed = 9,
    Hold = 10,
    Stub = 12,
    Blob = 13,
    Commit = 15,
}

impl RecordType {
    /// The type of that number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<RecordType> {
        Some(match number {
            1 => RecordType::Revision,
            2 => RecordType::Reference,
            3 => RecordType::Setting,
            4 => RecordType::Source,
            5 => RecordType::Manifest,
            6 => RecordType::Seen,
            7 => RecordType::Retract,
            8 => RecordType::Erasure,
            9 => RecordType::Sealed,
            10 => RecordType::Hold,
            12 => RecordType::Stub,
            13 => RecordType::Blob,
            15 => RecordType::Commit,
            _ => return None,
        })
    }

    /// The word in the payload's `type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RecordType::Revision => "revision",
            RecordType::Reference => "reference",
            RecordType::Setting => "setting",
            RecordType::Source => "source",
            RecordType::Manifest => "manifest",
            RecordType::Seen => "seen",
            RecordType::Retract => "retract",
            RecordType::Erasure => "erasure",
            RecordType::Sealed => "sealed",
            RecordType::Hold => "hold",
            RecordType::Stub => "stub",
            RecordType::Blob => "blob",
            RecordType::Commit => "commit",
        }
    }
}

/// A frame in memory.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// What it holds.
    pub record_type: RecordType,
    /// The id it states; [`Frame::check_id`] compares it with the payload.
    pub id: Hash,
    /// The canonical bytes.
    pub payload: &'a [u8],
    /// The whole length, padding included: where the next frame begins.
    pub length: usize,
}

impl Frame<'_> {
    /// Is the id the hash of the payload?
    ///
    /// # Errors
    /// [`Error::Frame`] if not.
    pub fn check_id(&self) -> Result<()> {
        if Hash::of(self.payload) == self.id {
            Ok(())
        } else {
            Err(Error::Frame { rule: "the id is the hash of the payload" })
        }
    }
}

/// The header of a segment or sealed register file.
#[must_use]
pub fn header(magic: [u8; 8], store: &[u8; 16], number: u32) -> [u8; SEGMENT_HEADER] {
    let mut bytes = [0; SEGMENT_HEADER];
    let (body, crc) = bytes.split_at_mut(60);
    for (at, part) in
        [(0, &magic[..]), (8, &FORMAT.to_le_bytes()), (12, &number.to_le_bytes()), (16, store)]
    {
        if let Some(place) = body.get_mut(at..at + part.len()) {
            place.copy_from_slice(part);
        }
    }
    crc.copy_from_slice(&crc32c::crc32c(body).to_le_bytes());
    bytes
}

/// Checks a header and returns the store id and the number.
///
/// # Errors
/// [`Error::Frame`] names the rule, [`Error::Newer`] a format this program does not know.
pub fn read_header(bytes: &[u8], magic: [u8; 8]) -> Result<([u8; 16], u32)> {
    let bytes: &[u8; SEGMENT_HEADER] = bytes
        .get(..SEGMENT_HEADER)
        .and_then(|head| head.try_into().ok())
        .ok_or(Error::Frame { rule: "a segment begins with 64 bytes of header" })?;
    if bytes[..8] != magic {
        return Err(Error::Frame { rule: "a segment begins with its magic" });
    }
    let word =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    if word(60) != crc32c::crc32c(&bytes[..60]) {
        return Err(Error::Frame { rule: "the header's crc32c fits" });
    }
    if word(8) != FORMAT {
        return Err(Error::Newer {
            record: "segment",
            found: i64::from(word(8)),
            newest: i64::from(FORMAT),
        });
    }
    let mut store = [0; 16];
    store.copy_from_slice(&bytes[16..32]);
    Ok((store, word(12)))
}

/// Appends a frame and returns its id.
///
/// # Panics
/// If the payload is empty or longer than [`PAYLOAD_MAX`]: writers check before.
pub fn write(out: &mut Vec<u8>, record_type: RecordType, payload: &[u8]) -> Hash {
    let id = Hash::of(payload);
    write_with_id(out, record_type, payload, id);
    id
}

/// Appends a frame whose id is known already.
///
/// # Panics
/// If the payload is empty or longer than [`PAYLOAD_MAX`]: writers check before.
pub fn write_with_id(out: &mut Vec<u8>, record_type: RecordType, payload: &[u8], id: Hash) {
    assert!(!payload.is_empty() && payload.len() <= PAYLOAD_MAX, "docs/format.md, section 15");
    debug_assert_eq!(id, Hash::of(payload));
    let start = out.len();
    let length = u32::try_from(payload.len()).expect("at most 16 MiB");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&[record_type as u8, 0, 0, 0]);
    out.extend_from_slice(&id.0);
    out.extend_from_slice(payload);
    out.resize(start + (FRAME_HEAD + payload.len()).next_multiple_of(8), 0);
    let crc = crc32c::crc32c(&out[start + 8..]);
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
}

/// Reads the frame at the beginning of the bytes: lengths, padding and crc, not the id.
///
/// # Errors
/// [`Error::Frame`] names the rule that is broken; a frame that is cut off breaks
/// `"the frame is whole"`.
pub fn read(bytes: &[u8]) -> Result<Frame<'_>> {
    let fail = |rule| Err(Error::Frame { rule });
    let Some(head) = bytes.get(..FRAME_HEAD) else { return fail("the frame is whole") };
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let payload_length = word(0) as usize;
    if payload_length == 0 || payload_length > PAYLOAD_MAX {
        return fail("a payload has 1 byte to 16 MiB");
    }
    let length = (FRAME_HEAD + payload_length).next_multiple_of(8);
    let Some(whole) = bytes.get(..length) else { return fail("the frame is whole") };
    if crc32c::crc32c(&whole[8..]) != word(4) {
        return fail("the frame's crc32c fits");
    }
    if head[9..12] != [0; 3] || whole[FRAME_HEAD + payload_length..].iter().any(|byte| *byte != 0) {
        return fail("padding is zero");
    }
    let Some(record_type) = RecordType::from_number(head[8]) else {
        return fail("the type is one of section 5");
    };
    let mut id = [0; 32];
    id.copy_from_slice(&head[12..44]);
    let payload = &whole[FRAME_HEAD..FRAME_HEAD + payload_length];
    Ok(Frame { record_type, id: Hash(id), payload, length })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_back_and_any_flipped_bit_is_noticed() {
        let mut bytes = Vec::new();
        let id = write(&mut bytes, RecordType::Setting, b"payload");
        assert_eq!(bytes.len() % 8, 0);
        let frame = read(&bytes).unwrap();
        assert_eq!(
            (frame.record_type, frame.id, frame.payload),
            (RecordType::Setting, id, &b"payload"[..])
        );
        frame.check_id().unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&bad).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "cut to {length}");
        }
    }

    #[test]
    fn a_header_names_its_store_and_any_flipped_bit_is_noticed() {
        let good = header(MAGIC_SEGMENT, &[7; 16], 3);
        assert_eq!(read_header(&good, MAGIC_SEGMENT), Ok(([7; 16], 3)));
        assert!(read_header(&good, MAGIC_SEALED).is_err());
        for bit in 0..good.len() * 8 {
            let mut bad = good;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(read_header(&bad, MAGIC_SEGMENT).is_err(), "bit {bit}");
        }
    }
}
