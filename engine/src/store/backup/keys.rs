//! The keys of a store in a file of their own: a small archive that is kept apart from copies
//! (docs/format.md, section 20).
//!
//! Whoever holds it beside a copy opens every sealed value, so it is for its owner alone, and it is
//! replaced at once: after an erasure the seeds of before must be nowhere.

use super::tar::{BLOCK, header, pad};
use crate::error::{Error, Result};
use crate::head::Head;
use crate::keys::{KEY_FILES, NEXT_KEY_FILE, SEEDS};
use crate::mapping::Bytes;
use crate::storage::{FileStorage, Storage};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use tar::Archive;

/// The first file of the archive: whose keys they are, and their digests.
const LIST: &str = "keys.sha256";
/// The key that signs checkpoints.
pub(super) const SIGNING: &str = "keys/signing.key";
/// What stands before the store's id.
const STORE: &str = "# store ";
/// Most bytes that are read of such a file: a seed takes 97 bytes, so ten million batches and persons.
pub const KEYS_BYTES_MAX: u64 = 1 << 30;

/// Keys and seeds as they belong to a copy.
#[derive(Clone, Debug)]
pub struct CopiedKeys {
    store: String,
    commit: u64,
    /// Path within a store, and bytes, in the order of paths.
    pub(super) files: Vec<(String, Bytes)>,
}

/// The paths of secrets, in their order.
fn paths() -> Vec<String> {
    let names = KEY_FILES.iter().chain([&NEXT_KEY_FILE]);
    let mut paths: Vec<String> = names.map(|name| format!("keys/{name}.key")).collect();
    paths.push(SEEDS.to_owned());
    paths.sort_unstable();
    paths
}

impl CopiedKeys {
    /// Reads what keys are there. Seeds are durable before the commit that needs them, so read behind
    /// `head` they are all that it needs.
    pub(super) fn read(storage: &dyn Storage, head: &Head) -> Result<CopiedKeys> {
        let mut files = Vec::new();
        for path in paths() {
            if let Some(bytes) = storage.read(&path)? {
                files.push((path, bytes));
            }
        }
        Ok(CopiedKeys { store: HEXLOWER.encode(&head.store), commit: head.commit, files })
    }

    /// The commit of the copy that they were read with.
    #[must_use]
    pub fn commit(&self) -> u64 {
        self.commit
    }

    /// How many files of keys there are; none of a store whose keys lie elsewhere.
    #[must_use]
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// Are they of the store with this id?
    #[must_use]
    pub fn are_of(&self, store: &[u8; 16]) -> bool {
        self.store == HEXLOWER.encode(store)
    }

    /// The bytes of one file.
    pub(super) fn file(&self, path: &str) -> Option<&Bytes> {
        self.files.iter().find(|(name, _)| name == path).map(|(_, bytes)| bytes)
    }

    /// Is the key among them that signs checkpoints? A store that signed nothing may do without it, and one
    /// whose signer keeps it elsewhere.
    #[must_use]
    pub fn sign(&self) -> bool {
        self.file(SIGNING).is_some()
    }

    fn list(&self) -> String {
        let mut text =
            format!("# lineal keys 1\n{STORE}{}\n# commit {}\n", self.store, self.commit);
        for (path, bytes) in &self.files {
            text.push_str(&format!("{}  {path}\n", HEXLOWER.encode(&Sha256::digest(bytes))));
        }
        text
    }

    /// The archive: POSIX ustar, each file for its owner alone.
    ///
    /// # Errors
    /// None that these names have.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let list = self.list();
        let files = self.files.iter().map(|(path, bytes)| (path.as_str(), &bytes[..]));
        let mut out = Vec::new();
        for (path, bytes) in [(LIST, list.as_bytes())].into_iter().chain(files) {
            out.extend_from_slice(&header(path, bytes.len() as u64, 0)?);
            out.extend_from_slice(bytes);
            pad(&mut out);
        }
        out.resize(out.len() + 2 * BLOCK, 0);
        Ok(out)
    }

    /// Reads such an archive, and holds each file to its list.
    ///
    /// # Errors
    /// [`Error::Corrupt`] naming the file.
    pub fn from_bytes(archive: &[u8]) -> Result<CopiedKeys> {
        let unread = |error| Error::io("read", LIST, error);
        let mut list = None;
        let mut files: Vec<(String, Bytes)> = Vec::new();
        for entry in Archive::new(archive).entries().map_err(unread)? {
            let mut entry = entry.map_err(unread)?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let is_first = list.is_none();
            if is_first != (path == LIST) || !is_first && !paths().contains(&path) {
                let rule = "a file of keys holds its list, and then keys and no others";
                return Err(Error::corrupt(path.escape_debug().to_string(), 0, rule));
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(unread)?;
            if is_first {
                list = Some(String::from_utf8_lossy(&bytes).into_owned());
            } else {
                files.push((path, Bytes::held(bytes)));
            }
        }
        let fail = |rule: &str| Error::corrupt(LIST, 0, rule);
        let list = list.ok_or_else(|| fail("a file of keys begins with its list"))?;
        let line = |begins: &str| list.lines().find_map(|line| line.strip_prefix(begins));
        let store = line(STORE).ok_or_else(|| fail("it names the store"))?.to_owned();
        let commit = line("# commit ").and_then(|number| number.parse().ok());
        let commit = commit.ok_or_else(|| fail("it names the commit"))?;
        let keys = CopiedKeys { store, commit, files };
        if keys.list() != list {
            return Err(fail("each key has the SHA-256 of the list, and all came"));
        }
        Ok(keys)
    }

    /// Reads a file that [`CopiedKeys::write_file`] wrote.
    ///
    /// # Errors
    /// [`Error::Limit`], [`Error::Corrupt`], or what the medium says.
    pub fn read_file(path: &Path) -> Result<CopiedKeys> {
        let file = File::open(path).map_err(|error| Error::io("open", path, error))?;
        let mut bytes = Vec::new();
        let mut taken = file.take(KEYS_BYTES_MAX + 1);
        taken.read_to_end(&mut bytes).map_err(|error| Error::io("read", path, error))?;
        if bytes.len() as u64 > KEYS_BYTES_MAX {
            let what = path.display().to_string();
            return Err(Error::Limit { what, found: bytes.len() as u64, limit: KEYS_BYTES_MAX });
        }
        CopiedKeys::from_bytes(&bytes)
    }

    /// Refuses a file that these may not replace: one that holds something else, or keys of this store that
    /// are not among these. One that is not there may be made.
    ///
    /// # Errors
    /// [`Error::OtherStore`], [`Error::NotACopy`] or [`Error::KeysUnfit`].
    pub fn need_replaceable(&self, path: &Path) -> Result<()> {
        if !path.exists() {
            return Ok(());
        }
        let name = path.display().to_string();
        match CopiedKeys::read_file(path) {
            Ok(there) if there.store == self.store => self.need_all_of(&there),
            Ok(_) => Err(Error::OtherStore { path: name }),
            Err(_) => {
                let why = "it is no file of keys, and is not overwritten".to_owned();
                Err(Error::NotACopy { path: name, why })
            }
        }
    }

    /// Writes them into a file for its owner alone, durably and at once. One that holds keys of the same
    /// store is replaced, if none of them would be lost; anything else is left.
    ///
    /// # Errors
    /// As [`CopiedKeys::need_replaceable`], or what the medium says.
    pub fn write_file(&self, path: &Path) -> Result<()> {
        self.need_replaceable(path)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.ok_or_else(|| Error::NotACopy {
            path: path.display().to_string(),
            why: "it is no name of a file".to_owned(),
        })?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        // What an earlier attempt left might be open to others.
        let _ = fs::remove_file(folder.join(format!("{name}.tmp")));
        FileStorage::new(folder).put(&name, &self.to_bytes()?, true)
    }

    /// Puts them into a store.
    ///
    /// # Errors
    /// What the medium says.
    pub fn restore(&self, storage: &dyn Storage) -> Result<()> {
        self.files.iter().try_for_each(|(path, bytes)| storage.put(path, bytes, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Keys, LabelledSecrets};
    use crate::storage::MemoryStorage;

    fn keys() -> (MemoryStorage, CopiedKeys) {
        let memory = MemoryStorage::new();
        Keys::create(&memory, &LabelledSecrets).unwrap();
        memory.put("keys/signing-next.key", b"the next", true).unwrap();
        let keys = CopiedKeys::read(&memory, &Head::new([7; 16])).unwrap();
        (memory, keys)
    }

    #[test]
    fn every_key_comes_back_and_a_flipped_bit_is_noticed() {
        let (memory, keys) = keys();
        let bytes = keys.to_bytes().unwrap();
        let read = CopiedKeys::from_bytes(&bytes).unwrap();
        assert!(read.are_of(&[7; 16]) && !read.are_of(&[8; 16]));
        let back = MemoryStorage::new();
        read.restore(&back).unwrap();
        assert_eq!((back.paths(), read.count()), (memory.paths(), 5));
        for path in memory.paths() {
            assert_eq!(
                back.read(&path).unwrap().unwrap()[..],
                memory.read(&path).unwrap().unwrap()[..]
            );
        }
        let at = bytes.windows(6).position(|six| six == b"LNKEY1").unwrap();
        let mut damaged = bytes.clone();
        damaged[at + 20] ^= 1;
        assert!(CopiedKeys::from_bytes(&damaged).is_err());
        assert!(CopiedKeys::from_bytes(&bytes[BLOCK * 3..]).is_err(), "a list comes first");
    }

    #[test]
    fn a_file_is_for_its_owner_and_replaces_keys_of_the_same_store_alone() {
        let (_, keys) = keys();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.tar");
        keys.write_file(&file).unwrap();
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&file).unwrap());
            assert_eq!(mode & 0o777, 0o600);
        }
        keys.write_file(&file).unwrap();
        let other = CopiedKeys { store: "00".into(), ..keys.clone() };
        let kept = fs::read(&file).unwrap();
        let mut fewer = keys.clone();
        fewer.files.retain(|(path, _)| path != SIGNING);
        let lost = fewer.write_file(&file).unwrap_err();
        assert!(matches!(&lost, Error::KeysUnfit { file, .. } if file == SIGNING), "{lost}");
        assert_eq!(fs::read(&file).unwrap(), kept);
        assert!(matches!(other.write_file(&file), Err(Error::OtherStore { .. })));
        fs::write(&file, "a diary").unwrap();
        assert!(matches!(keys.write_file(&file), Err(Error::NotACopy { .. })));
        assert_eq!(fs::read(&file).unwrap(), b"a diary");
    }
}
