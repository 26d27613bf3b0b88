//! A copy of a store as an archive (POSIX ustar), made piece by piece: nothing is held but the piece.
//!
//! The same copy is the same bytes: all files are of the time of the commit, of nobody, and for their
//! owner alone.

use super::guard::{Checked, Guard};
use super::{BACKUP_LIST, Backup};
use crate::error::{Error, Result};
use crate::head::HEAD;
use crate::mapping::{Bytes, forget_large};
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

/// What everything in an archive is a multiple of.
pub(super) const BLOCK: usize = 512;
/// Bytes of a piece: large enough for the disk, small enough to be held by many.
const PIECE: usize = 256 << 10;
/// Nanoseconds of a second.
const SECOND_NS: i64 = 1_000_000_000;

/// The pieces of the archive, in order.
pub struct Tar {
    backup: Backup,
    /// The next file; behind the last one the list, `head` and the end.
    next: usize,
    /// The file that is being copied, and how far it is.
    open: Option<(Bytes, usize, Sha256)>,
    digests: Vec<[u8; 32]>,
    checked: Checked,
    is_over: bool,
}

impl Tar {
    pub(super) fn of(backup: Backup) -> Tar {
        Tar {
            backup,
            next: 0,
            open: None,
            digests: Vec::new(),
            checked: Checked::default(),
            is_over: false,
        }
    }

    /// The copy that it is made of.
    #[must_use]
    pub fn backup(&self) -> &Backup {
        &self.backup
    }

    /// Bytes of the whole archive.
    #[must_use]
    pub fn length(&self) -> u64 {
        let block = BLOCK as u64;
        // The list is as long whatever the digests are.
        let list = self.backup.list(&vec![[0; 32]; self.backup.files.len()]);
        let own = [list.len() as u64, self.backup.head().len() as u64];
        let files = self.backup.files.iter().map(|part| part.length).chain(own);
        files.map(|length| block + length.next_multiple_of(block)).sum::<u64>() + 2 * block
    }

    /// A file that is at hand, with its header and padded.
    fn whole(&self, path: &str, bytes: &[u8]) -> Result<Vec<u8>> {
        let mut out = header(path, bytes.len() as u64, self.backup.recorded)?.to_vec();
        out.extend_from_slice(bytes);
        pad(&mut out);
        Ok(out)
    }

    fn piece(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some((bytes, at, mut hasher)) = self.open.take() {
            let end = (at + PIECE).min(bytes.len());
            let mut piece = bytes[at..end].to_vec();
            hasher.update(&piece);
            if end < bytes.len() {
                self.open = Some((bytes, end, hasher));
            } else {
                // All pieces before it are whole blocks.
                pad(&mut piece);
                let part = &self.backup.files[self.next - 1];
                self.digests.push(part.checked(hasher.finalize().into())?);
                forget_large(&[bytes]);
            }
            return Ok(Some(piece));
        }
        let next = self.next;
        self.next += 1;
        if let Some(part) = self.backup.files.get(next) {
            let bytes = self.backup.read(part)?;
            let mut guard = Guard::of(&self.backup, None).behind(std::mem::take(&mut self.checked));
            guard.check(part, &bytes)?;
            if next == 0 {
                guard.others()?;
            }
            self.checked = guard.checked();
            let header = header(&part.path, part.length, self.backup.recorded)?;
            self.open = Some((bytes, 0, Sha256::new()));
            return Ok(Some(header.to_vec()));
        }
        Ok(match next - self.backup.files.len() {
            0 => Some(self.whole(BACKUP_LIST, self.backup.list(&self.digests).as_bytes())?),
            1 => Some(self.whole(HEAD, &self.backup.head())?),
            2 => Some(vec![0; 2 * BLOCK]),
            _ => None,
        })
    }
}

impl Iterator for Tar {
    type Item = Result<Vec<u8>>;

    fn next(&mut self) -> Option<Result<Vec<u8>>> {
        if self.is_over {
            return None;
        }
        let piece = self.piece();
        self.is_over = !matches!(piece, Ok(Some(_)));
        piece.transpose()
    }
}

impl std::fmt::Debug for Tar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tar").field("backup", &self.backup).finish_non_exhaustive()
    }
}

/// What stands before a file; `recorded` is the time of the commit, ns since 1970 UTC.
pub(super) fn header(path: &str, length: u64, recorded: i64) -> Result<[u8; BLOCK]> {
    let mut header = Header::new_ustar();
    header.set_path(path).map_err(|source| Error::io("name in an archive", path, source))?;
    header.set_size(length);
    header.set_mode(0o600);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(u64::try_from(recorded.div_euclid(SECOND_NS)).unwrap_or(0));
    header.set_entry_type(EntryType::Regular);
    header.set_cksum();
    Ok(*header.as_bytes())
}

pub(super) fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_of_the_commit_and_holds_any_length() {
        const OCTAL_END: u64 = 1 << 33;
        let plain = header("segments/00000001.seg", OCTAL_END - 1, 7 * SECOND_NS).unwrap();
        assert_eq!(&plain[124..136], b"77777777777\0");
        assert_eq!(&plain[136..148], b"00000000007\0");
        let large = header("sealed/00000001.seg", OCTAL_END + 258, -1).unwrap();
        assert_eq!(large[124..136], [0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 1, 2]);
        assert_eq!(&large[136..148], b"00000000000\0", "no time before the first");
        let too_long = header(&"x".repeat(300), 1, 0).unwrap_err();
        assert!(too_long.to_string().contains("name in an archive"), "{too_long}");
    }
}
