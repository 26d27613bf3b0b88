//! A copy that comes as an archive, from a server or a file: checked against its own list while it is
//! read, and written into a folder whose last file is `head`.
//!
//! Whoever sends it decides what is in it: so nothing but the files of a copy is taken, each where
//! docs/format.md, section 20, puts it, and `head` is written when every other file has proved to be what
//! the list says. What it holds beyond that is for `verify`.

use super::{BACKUP_LIST, List, is_secret, need_empty};
use crate::error::{Error, Result};
use crate::head::{HEAD, Head, LENGTH as HEAD_BYTES};
use crate::journal::FOLDERS as FOLDERS_OF_JOURNALS;
use lineal_proof::Hash;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use tar::{Archive, EntryType};

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;
/// Longest list that is taken, in bytes: 150 a file, so above any copy of some hundred thousand files.
const LIST_BYTES_MAX: u64 = 64 << 20;
/// Folders of a copy, beside those of the journals. Keys never come this way.
pub(super) const FOLDERS: [&str; 4] = ["segments", "containers", "sealed", "checkpoints"];

/// What came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Received {
    /// The commit that it is a copy of.
    pub commit: u64,
    /// Its id.
    pub commit_id: Hash,
    /// Files, the list and `head` among them.
    pub files: u64,
    /// Bytes of the files, the list left out.
    pub bytes: u64,
}

/// Reads an archive of a copy to its end, checks each file against the list in it, and writes them into a
/// new or empty folder, durably, if one is named. A folder that this fails on has no `head`: it is no store.
///
/// # Errors
/// [`Error::NotEmpty`]; [`Error::Corrupt`] if the archive is none of a copy, breaks off, or a file is not
/// what the list says; what the medium says.
pub fn receive(archive: impl Read, folder: Option<&Path>) -> Result<Received> {
    if let Some(folder) = folder {
        need_empty(folder)?;
    }
    let unread = |error| Error::io("read", "the archive", error);
    let mut archive = Archive::new(archive);
    let mut digests: BTreeMap<String, [u8; 32]> = BTreeMap::new();
    let mut list: Option<Vec<u8>> = None;
    let mut head: Option<Vec<u8>> = None;
    let mut bytes = 0;
    for entry in archive.entries().map_err(unread)? {
        let mut entry = entry.map_err(unread)?;
        let name = entry.path_bytes().into_owned();
        let shown = String::from_utf8_lossy(&name).escape_debug().to_string();
        let foreign = |rule| Err(Error::corrupt(&shown, 0, rule));
        let Some(path) = String::from_utf8(name).ok().filter(|path| is_of_a_copy(path)) else {
            return foreign("an archive of a copy holds its files and no others");
        };
        if entry.header().entry_type() != EntryType::Regular {
            return foreign("what an archive of a copy holds are plain files");
        }
        if head.is_some() || (list.is_some() && path != HEAD) || digests.contains_key(&path) {
            return foreign("each file comes once, then the list, then `head`");
        }
        let length = entry.header().size().map_err(unread)?;
        if path == BACKUP_LIST {
            list = Some(held(&mut entry, length, LIST_BYTES_MAX, &path)?);
            continue;
        }
        bytes += length;
        if path == HEAD {
            head = Some(held(&mut entry, length, HEAD_BYTES as u64, &path)?);
            continue;
        }
        let digest = match folder {
            Some(folder) => write(&mut entry, &path, folder)?,
            None => read(&mut entry, |_| Ok(()))?,
        };
        digests.insert(path, digest);
    }
    // What follows the end of an archive, so that a stream that breaks off there is no whole one.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(unread)?;
    let (Some(list), Some(head)) = (list, head) else {
        return Err(Error::corrupt(HEAD, 0, "an archive of a copy ends with its list and `head`"));
    };
    digests.insert(HEAD.to_owned(), Sha256::digest(&head).into());
    check(&list, &digests)?;
    let said = Head::from_bytes(&head)?;
    if let Some(folder) = folder {
        put(&list, BACKUP_LIST, folder)?;
        put(&head, HEAD, folder)?;
    }
    let files = digests.len() as u64 + 1;
    Ok(Received { commit: said.commit, commit_id: said.commit_id, files, bytes })
}

/// Is a path one that a copy has?
pub(super) fn is_of_a_copy(path: &str) -> bool {
    let is_plain = |name: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '.';
        name.chars().all(fits) && !name.starts_with('.') && !name.is_empty()
    };
    match path.split_once('/') {
        None => path == HEAD || path == BACKUP_LIST,
        Some((folder, name)) => {
            (FOLDERS.contains(&folder) || FOLDERS_OF_JOURNALS.contains(&folder)) && is_plain(name)
        }
    }
}

/// The list names each file with the digest that it has, and no other.
fn check(list: &[u8], digests: &BTreeMap<String, [u8; 32]>) -> Result<()> {
    let list = List::read(list)?;
    for (path, digest) in &list.files {
        let Some(own) = digests.get(path) else {
            return Err(Error::corrupt(path, 0, "a file that the list names came"));
        };
        if own != digest {
            return Err(Error::corrupt(path, 0, "the SHA-256 of a file is that of the list"));
        }
    }
    if list.files.len() != digests.len() {
        return Err(Error::corrupt(BACKUP_LIST, 0, "the list names each file once"));
    }
    Ok(())
}

/// Passes the bytes of a file on, and gives their digest.
fn read(from: &mut impl Read, mut to: impl FnMut(&[u8]) -> Result<()>) -> Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        let count =
            from.read(&mut piece).map_err(|error| Error::io("read", "the archive", error))?;
        if count == 0 {
            return Ok(hasher.finalize().into());
        }
        hasher.update(&piece[..count]);
        to(&piece[..count])?;
    }
}

/// The bytes of a small file.
fn held(from: &mut impl Read, length: u64, most: u64, path: &str) -> Result<Vec<u8>> {
    if length > most {
        return Err(Error::corrupt(path, 0, "it is no longer than such a file can be"));
    }
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).map_err(|error| Error::io("read", "the archive", error))?;
    Ok(bytes)
}

/// Writes a file into the folder as it comes, durably; its digest.
fn write(from: &mut impl Read, path: &str, folder: &Path) -> Result<[u8; 32]> {
    let place = folder.join(path);
    let fail = |error| Error::io("write", &place, error);
    if let Some(inner) = place.parent() {
        fs::create_dir_all(inner).map_err(fail)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if is_secret(path) {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let mut file = options.open(&place).map_err(fail)?;
    let digest = read(from, |piece| file.write_all(piece).map_err(fail))?;
    file.sync_all().map_err(fail)?;
    sync(place.parent().unwrap_or(folder))?;
    Ok(digest)
}

fn put(bytes: &[u8], path: &str, folder: &Path) -> Result<()> {
    write(&mut &*bytes, path, folder).map(drop)?;
    sync(folder)
}

/// Makes the names in a folder durable.
fn sync(folder: &Path) -> Result<()> {
    let synced = File::open(folder).and_then(|file| file.sync_all());
    synced.map_err(|error| Error::io("sync the folder", folder, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_files_of_a_copy_is_taken() {
        let digits = "0".repeat(64);
        for path in ["head", "backup.sha256", "segments/00000001.seg", "journal/00000001.lnj"] {
            assert!(is_of_a_copy(path), "{path}");
        }
        assert!(is_of_a_copy(&format!("containers/{digits}.1.parquet")));
        assert!(is_of_a_copy("checkpoints/000000000001.000.tsr"));
        for path in [
            "",
            "/head",
            "../head",
            "keys/seeds",
            "keys/actor.key",
            "segments/",
            "segments/..",
            "segments/../head",
            "segments/a/b",
            "segments/.x",
            "tokens.json",
            "index/manifest",
            "segments/a\\b",
            "segments/a\0",
            "/etc/passwd",
        ] {
            assert!(!is_of_a_copy(path), "{path}");
        }
    }
}
