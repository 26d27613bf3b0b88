//! Holds a zip against the one that we write of its files.
//!
//! A zip says names, sizes and places twice, and may have bytes between its files that neither tells of:
//! readers differ in what they go by, so that one would check what another does not read. Of these files there
//! is one zip alone.

use super::{name_of, not_plain, options, plain};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom, Write};
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Where the checksum of a file stands in the header before it: a CRC-32, four bytes.
const CHECKSUM: std::ops::Range<u64> = 14..18;
/// As many other bytes are kept: more than those that are others for a while, since the writer comes back to a
/// header when it knows what follows. So one that stays is never forgotten for one that does not.
const OTHERS_MAX: usize = 64;

/// Gives back what holds a zip that is to the byte the one that we write of its files.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`], with the first byte that is another; what the medium says.
pub(super) fn hold_to_form<R: Read + Seek>(from: R) -> io::Result<R> {
    let mut archive = ZipArchive::new(from)?;
    let parts = parts(&mut archive)?;
    let mut came = archive.into_inner();
    let length = came.seek(SeekFrom::End(0))?;
    // No byte is of two files: else a small zip would be long work.
    if parts.iter().fold(0, |sum: u64, part| sum.saturating_add(part.bytes)) > length {
        return Err(not_plain());
    }
    let came = RefCell::new(came);
    let mut out = ZipWriter::new(Same { came: &came, at: 0, end: 0, others: BTreeSet::new() });
    for part in &parts {
        out.start_file(part.name.as_str(), options(part.bytes))?;
        let end = part.start.saturating_add(part.bytes);
        let mut bytes = Part { came: &came, at: part.start, end };
        io::copy(&mut bytes, &mut out)?;
    }
    let same = out.finish()?;
    if let Some(first) = same.others.first() {
        return Err(checksum(&parts, *first).unwrap_or_else(|| other(*first)));
    }
    if same.end != length {
        return Err(other(same.end.min(length)));
    }
    Ok(came.into_inner())
}

/// A file of the zip, by its directory.
struct Place {
    name: String,
    start: u64,
    bytes: u64,
}

fn parts<R: Read + Seek>(archive: &mut ZipArchive<R>) -> io::Result<Vec<Place>> {
    let mut parts = Vec::with_capacity(archive.len());
    let mut below: Option<String> = None;
    for at in 0..archive.len() {
        let entry = archive.by_index(at)?;
        let name = name_of(&entry);
        let (folder, _) = plain(&name).ok_or_else(not_plain)?;
        let is_plain = entry.compression() == CompressionMethod::Stored && entry.is_file();
        let start = entry.data_start().filter(|_| is_plain).ok_or_else(not_plain)?;
        if below.get_or_insert_with(|| folder.to_owned()) != folder {
            return Err(not_plain());
        }
        parts.push(Place { start, bytes: entry.size(), name });
    }
    Ok(parts)
}

fn other(at: u64) -> io::Error {
    let why = format!("byte {at} of the archive is not what is written there of its files");
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// What is told where the first byte that is another is one of a checksum. Of the bytes of a file a zip tells nothing
/// else, so one that was changed is one of many. Before that byte all is as it is written, file after file.
fn checksum(parts: &[Place], first: u64) -> Option<io::Error> {
    let mut header = 0;
    for part in parts {
        let end = part.start.saturating_add(part.bytes);
        if first.checked_sub(header).is_some_and(|within| CHECKSUM.contains(&within)) {
            let why = format!(
                "byte {first} of the archive is of the CRC-32 of {}, which is not that of its bytes, from {} to before \
                 {end}: one of them was changed, or of the CRC-32 itself",
                part.name, part.start
            );
            return Some(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        header = end;
    }
    None
}

/// Bytes of what came; fewer where it ends before, and then the file is another.
struct Part<'c, R> {
    came: &'c RefCell<R>,
    at: u64,
    end: u64,
}

impl<R: Read + Seek> Read for Part<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let room = into.len().min(left);
        let mut came = self.came.borrow_mut();
        came.seek(SeekFrom::Start(self.at))?;
        let read = came.read(into.get_mut(..room).unwrap_or_default())?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Takes what is written and holds it against what came; keeps nothing of it.
struct Same<'c, R> {
    came: &'c RefCell<R>,
    at: u64,
    end: u64,
    /// Places at which what was written last is not what came.
    others: BTreeSet<u64>,
}

impl<R: Read + Seek> Write for Same<'_, R> {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        let mut there = Vec::new();
        {
            let mut came = self.came.borrow_mut();
            came.seek(SeekFrom::Start(self.at))?;
            (&mut *came).take(written.len() as u64).read_to_end(&mut there)?;
        }
        for (place, byte) in (self.at..).zip(written) {
            let index = usize::try_from(place - self.at).unwrap_or(usize::MAX);
            if there.get(index) == Some(byte) {
                self.others.remove(&place);
            } else if self.others.len() < OTHERS_MAX {
                self.others.insert(place);
            }
        }
        self.at += written.len() as u64;
        self.end = self.end.max(self.at);
        Ok(written.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<R> Seek for Same<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn made(paths: &[&str]) -> Vec<u8> {
        let files = paths.iter().map(|path| (*path, path.as_bytes()));
        super::super::zip("pack", files, Cursor::new(Vec::new())).unwrap().into_inner()
    }

    #[test]
    fn every_byte_of_a_zip_counts() {
        let bytes = made(&["README.md", "a/one"]);
        assert!(hold_to_form(Cursor::new(&bytes)).is_ok());
        for at in 0..bytes.len() {
            for bit in [1, 0x80] {
                let mut other = bytes.clone();
                other[at] ^= bit;
                assert!(hold_to_form(Cursor::new(&other)).is_err(), "byte {at}, {bit:#x}");
            }
        }
        let behind = [&bytes[..], b"x"].concat();
        assert!(hold_to_form(Cursor::new(&behind)).is_err());
        let before = [b"x", &bytes[..]].concat();
        assert!(hold_to_form(Cursor::new(&before)).is_err());
    }

    #[test]
    fn of_a_changed_byte_of_a_file_it_is_told_between_which_bytes_it_lies() {
        let bytes = made(&["README.md", "a/one"]);
        // What these files hold are their paths; the header before the second has 30 bytes and its name.
        let second = bytes.windows(4).rposition(|four| four == b"PK\x03\x04").unwrap();
        let start = second + 30 + "pack/a/one".len();
        for at in start..start + "a/one".len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            let refused = hold_to_form(Cursor::new(&other)).unwrap_err().to_string();
            let end = start + "a/one".len();
            assert!(refused.contains(&format!("from {start} to before {end}")), "{refused}");
            assert!(refused.contains("CRC-32 of pack/a/one"), "{refused}");
            let place = refused.split(' ').nth(1).unwrap().parse::<usize>().unwrap();
            assert!((second + 14..second + 18).contains(&place), "{refused}");
        }
    }

    #[test]
    fn a_file_that_the_directory_does_not_tell_of_is_found_with_its_place() {
        let bytes = made(&["a.txt", "b.txt"]);
        let start = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
        let forged = &made(&["a.txt"])[..start / 2];
        let (files, directory) = bytes.split_at(start);
        let mut other = [files, forged, directory].concat();
        // The end says where the directory begins.
        let place = other.len() - 6;
        let begin = u32::try_from(start + forged.len()).unwrap();
        other[place..place + 4].copy_from_slice(&begin.to_le_bytes());
        let refused = hold_to_form(Cursor::new(&other)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
        assert!(refused.to_string().contains(&format!("byte {}", start + 2)), "{refused}");
    }
}
