//! The files of a pack, in memory: by path, bounded, no two of one path.

use super::Error;
use super::manifest::OF_SHA256;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Most bytes of all files together: they are held in memory, hashed twice, and read by a verifier in
/// Python at some 0.7 MB/s. What is larger is several packs.
const BYTES_MAX: u64 = 512 << 20;

/// Files by their paths: `/` between folders, never absolute, without `..`.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Files {
    all: BTreeMap<String, Vec<u8>>,
    bytes: u64,
}

impl Files {
    /// Adds a file. Paths come from this crate alone; the names of things stand in them through
    /// [`file_name`].
    pub(super) fn add(&mut self, path: impl Into<String>, bytes: Vec<u8>) -> Result<(), Error> {
        let path = path.into();
        if self.all.contains_key(&path) {
            return Err(Error::TwoOfOnePath { path });
        }
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.bytes > BYTES_MAX {
            return Err(Error::TooLarge { path, most: BYTES_MAX });
        }
        self.all.insert(path, bytes);
        Ok(())
    }

    /// The files of a pack that comes as a zip, and what it is called.
    ///
    /// # Errors
    /// [`Error::Zip`] if it is none that is written here, [`Error::TooLarge`].
    pub fn from_zip(zip: &[u8]) -> Result<(String, Files), Error> {
        let (mut name, mut files) = (String::new(), Files::default());
        let read = crate::archive::each(io::Cursor::new(zip), |folder, path, from| {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes)?;
            folder.clone_into(&mut name);
            files.add(path, bytes).map_err(io::Error::other)
        });
        read.map_err(|error| Error::Zip(error.to_string()))?;
        Ok((name, files))
    }

    /// What names a pack: the SHA-256 of its manifest, hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        data_encoding::HEXLOWER.encode(&Sha256::digest(self.get(OF_SHA256).unwrap_or_default()))
    }

    /// Adds JSON: indented, members in order, with a line end.
    pub(super) fn json(
        &mut self,
        path: impl Into<String>,
        json: &serde_json::Value,
    ) -> Result<(), Error> {
        self.add(path, format!("{json:#}\n").into_bytes())
    }

    /// All, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.all.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// The bytes of one.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.all.get(path).map(Vec::as_slice)
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Bytes of all of them.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes them below a folder that is not there yet: beside it first, and renamed when all are there.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], and what the medium says.
    pub fn write_to(&self, folder: &Path) -> io::Result<()> {
        let mut partial = folder.as_os_str().to_owned();
        partial.push(".partial");
        let partial = Path::new(&partial);
        if [folder, partial].iter().any(|path| path.symlink_metadata().is_ok()) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let written = self.write_all(partial);
        if written.is_err() {
            // What broke off is no pack; the first error is the one to tell.
            let _ = std::fs::remove_dir_all(partial);
        }
        written?;
        std::fs::rename(partial, folder)?;
        sync_folder(parent(folder))
    }

    fn write_all(&self, folder: &Path) -> io::Result<()> {
        let mut folders = BTreeSet::from([folder.to_owned()]);
        for (path, bytes) in &self.all {
            let file = folder.join(path);
            if let Some(parent) = file.parent() {
                std::fs::create_dir_all(parent)?;
                let below = parent.ancestors().take_while(|it| *it != folder);
                folders.extend(below.map(Path::to_owned));
            }
            write_synced(&file, bytes)?;
        }
        folders.iter().try_for_each(|folder| sync_folder(folder))
    }
}

/// Writes a new file and has the medium keep it.
fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Has the medium keep the names in a folder, where the system can.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// The folder in which a path lies.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Writes one file that is not there yet: beside it first, and under its name when it is whole.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], and what the medium says.
pub fn write_one(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    if path.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    // One that is there belongs to somebody: it is neither written over nor removed.
    let file = File::options().write(true).create_new(true).open(partial)?;
    let written = (&file).write_all(bytes).and_then(|()| file.sync_all());
    let written = written.and_then(|()| std::fs::rename(partial, path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(partial);
    }
    written?;
    sync_folder(parent(path))
}

/// Letters of a name that stand in a file's name.
const NAME_MAX: usize = 60;

/// A name as a part of a path on any system: letters, digits, dots, dashes, and no dot in front.
pub(super) fn file_name(name: &str) -> String {
    let plain = |c: char| match c {
        c if c.is_ascii_alphanumeric() || c == '.' || c == '_' => c,
        _ => '-',
    };
    let mut out = String::new();
    for c in name.chars().map(plain) {
        if !(c == '-' && out.ends_with('-')) {
            out.push(c);
        }
    }
    let out: String = out.trim_matches(['-', '.']).chars().take(NAME_MAX).collect();
    if out.is_empty() { "unnamed".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere() {
        for (name, file) in [
            ("model:prod/credit-risk@3", "model-prod-credit-risk-3"),
            ("../../etc/passwd", "etc-passwd"),
            ("..", "unnamed"),
            ("Übersicht 1.pdf", "bersicht-1.pdf"),
            ("a\nb\\c:d", "a-b-c-d"),
        ] {
            assert_eq!(file_name(name), file);
        }
        assert_eq!(file_name(&"x".repeat(500)).len(), NAME_MAX);
    }

    #[test]
    fn a_folder_that_is_there_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("pack");
        let mut files = Files::default();
        files.add("a/b.txt", b"one".to_vec()).unwrap();
        files.write_to(&place).unwrap();
        assert_eq!(std::fs::read(place.join("a/b.txt")).unwrap(), b"one");
        let again = files.write_to(&place).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert!(!folder.path().join("pack.partial").exists());
    }

    #[test]
    fn a_second_file_of_one_path_is_refused_and_the_first_stays() {
        let mut files = Files::default();
        files.add("a.txt", b"one".to_vec()).unwrap();
        let refused = files.add("a.txt", b"two".to_vec()).unwrap_err().to_string();
        assert!(refused.contains("a.txt"), "{refused}");
        assert_eq!(files.get("a.txt"), Some(&b"one"[..]));
        assert_eq!(files.bytes(), 3);
    }

    #[test]
    fn one_file_is_written_whole_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("pack.zip");
        write_one(&place, b"one").unwrap();
        let again = write_one(&place, b"two").unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&place).unwrap(), b"one");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let mut files = Files { bytes: BYTES_MAX, ..Files::default() };
        let refused = files.add("one", vec![0]).unwrap_err().to_string();
        assert!(refused.contains("one") && refused.contains("narrower"), "{refused}");
    }

    #[test]
    fn a_zip_gives_the_files_of_which_it_was_made() {
        let mut files = Files::default();
        for path in ["MANIFEST.sha256", "a/one"] {
            files.add(path, path.as_bytes().to_vec()).unwrap();
        }
        let zip = crate::archive::zip("pack-x", files.iter(), io::Cursor::new(Vec::new()));
        let zip = zip.unwrap().into_inner();
        let (name, read) = Files::from_zip(&zip).unwrap();
        assert_eq!((name.as_str(), &read), ("pack-x", &files));
        assert_eq!(read.digest().len(), 64);
        assert_eq!(read.bytes(), files.bytes());
        assert!(Files::from_zip(b"no zip").is_err());
    }
}
