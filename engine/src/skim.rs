//! The frames of one type in a segment, found by the lengths of the frames before them: these are neither
//! read nor checked, which is what `verify` is for.

use crate::error::{Error, Result};
use crate::head::Head;
use crate::segment::segment_path;
use lineal_proof::frame::{self, FRAME_HEAD, Frame, RecordType, SEGMENT_HEADER};

/// Gives each frame of a type, read and held to its crc32c, with where it begins.
pub(crate) struct Skim<'a> {
    segment: u32,
    bytes: &'a [u8],
    at: usize,
    wanted: RecordType,
}

impl<'a> Skim<'a> {
    /// Of what `head` vouches for of a segment.
    pub(crate) fn of(segment: u32, bytes: &'a [u8], head: &Head, wanted: RecordType) -> Skim<'a> {
        let vouched = usize::try_from(head.length).unwrap_or(usize::MAX);
        let end = if segment == head.segment { vouched.min(bytes.len()) } else { bytes.len() };
        Skim { segment, bytes: &bytes[..end], at: SEGMENT_HEADER.min(end), wanted }
    }

    fn read(&mut self) -> Result<Option<(u64, Frame<'a>)>> {
        while self.at < self.bytes.len() {
            let at = self.at;
            let rest = &self.bytes[at..];
            let path = segment_path(self.segment);
            let torn = || Error::corrupt(&path, at as u64, "a frame is as long as it says");
            let start: &[u8; FRAME_HEAD] = rest.first_chunk().ok_or_else(torn)?;
            let length = u32::from_le_bytes([start[0], start[1], start[2], start[3]]) as usize;
            if start[8] == self.wanted as u8 {
                let frame = frame::read(rest).map_err(|e| Error::record(&path, at as u64, e))?;
                self.at += frame.length;
                return Ok(Some((at as u64, frame)));
            }
            let whole = (FRAME_HEAD + length).next_multiple_of(8);
            if whole > rest.len() {
                return Err(torn());
            }
            self.at += whole;
        }
        Ok(None)
    }
}

impl<'a> Iterator for Skim<'a> {
    type Item = Result<(u64, Frame<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.read().transpose();
        if matches!(found, Some(Err(_))) {
            self.at = self.bytes.len();
        }
        found
    }
}
