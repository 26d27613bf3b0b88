//! What is handed over as one file: a zip whose bytes follow from its files alone, and the way back.

mod exact;

use exact::hold_to_form;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Component, Path};
use zip::read::ZipFile;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// Who may read the files of a zip once they are unpacked: everybody.
const MODE: u32 = 0o644;
/// From so many bytes on an entry is written in the form for large ones.
const LARGE_BYTES: u64 = 1 << 31;

/// Entries by their paths below a folder of this name. Nothing is packed: another version of a library
/// that packs would give other bytes.
///
/// # Errors
/// What the medium says, or a file that is too large for the form.
pub(crate) fn zip<'f, W: Write + Seek>(
    folder: &str,
    files: impl Iterator<Item = (&'f str, &'f [u8])>,
    to: W,
) -> Result<W, ZipError> {
    let mut out = ZipWriter::new(to);
    for (path, bytes) in files {
        out.start_file(format!("{folder}/{path}"), options(bytes.len() as u64))?;
        out.write_all(bytes)?;
    }
    out.finish()
}

/// The same of files that stand in a folder, read piece by piece.
///
/// # Errors
/// What the medium says.
pub fn zip_files(
    from: &Path,
    names: &[String],
    folder: &str,
    to: impl Write + Seek,
) -> io::Result<()> {
    let mut out = ZipWriter::new(to);
    for name in names {
        let mut file = File::open(from.join(name))?;
        let length = file.metadata()?.len();
        out.start_file(format!("{folder}/{name}"), options(length))?;
        io::copy(&mut file, &mut out)?;
    }
    out.finish()?.flush()
}

fn options(bytes: u64) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(MODE)
        .large_file(bytes >= LARGE_BYTES)
}

/// Writes the files of such a zip into a new or empty folder, without the folder in which they stand in the
/// zip; gives their paths, in order. What this fails on is removed.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`]; [`io::ErrorKind::InvalidData`] of an archive that is not to the byte what
/// we write; what the medium says.
pub fn unzip(from: impl Read + Seek, into: &Path) -> io::Result<Vec<String>> {
    std::fs::create_dir_all(into)?;
    if std::fs::read_dir(into)?.next().is_some() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let written = unzip_into(from, into);
    if written.is_err() {
        // What broke off is nothing that was handed over; the first error is the one to tell.
        let _ = std::fs::remove_dir_all(into);
    }
    written
}

fn unzip_into(from: impl Read + Seek, into: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    each(from, |_, path, entry| {
        let file = into.join(path);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut file = File::options().write(true).create_new(true).open(file)?;
        io::copy(entry, &mut file)?;
        names.push(path.to_owned());
        file.sync_all()
    })?;
    Ok(names)
}

/// Gives each file of such a zip: the folder in which it stands, its path there, its bytes.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] of an archive that is not to the byte what we write, what the taker says,
/// or what the medium says.
pub(crate) fn each(
    from: impl Read + Seek,
    mut take: impl FnMut(&str, &str, &mut dyn Read) -> io::Result<()>,
) -> io::Result<()> {
    let mut archive = ZipArchive::new(hold_to_form(from)?)?;
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at)?;
        let name = name_of(&entry);
        let (folder, path) = plain(&name).ok_or_else(not_plain)?;
        take(folder, path, &mut entry)?;
    }
    Ok(())
}

fn name_of(entry: &ZipFile<'_, impl Read>) -> String {
    entry.name().map(std::borrow::Cow::into_owned).unwrap_or_default()
}

fn not_plain() -> io::Error {
    let why = "the archive holds something else than plain files in one folder";
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// The folder and the path of an entry, where it leads nowhere else.
fn plain(name: &str) -> Option<(&str, &str)> {
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    let (folder, path) = name.split_once('/')?;
    let all =
        Path::new(name).components().all(is_plain) && Path::new(path).components().all(is_plain);
    (all && !path.is_empty() && !name.contains(['\\', ':'])).then_some((folder, path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn made(folder: &str, paths: &[&str]) -> Vec<u8> {
        let files = paths.iter().map(|path| (*path, path.as_bytes()));
        zip(folder, files, Cursor::new(Vec::new())).unwrap().into_inner()
    }

    #[test]
    fn a_zip_holds_every_file_in_order_and_no_time() {
        let bytes = made("pack", &["README.md", "a/one", "b.txt"]);
        assert_eq!(bytes, made("pack", &["README.md", "a/one", "b.txt"]));
        let mut read = ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut found = Vec::new();
        for at in 0..read.len() {
            let mut entry = read.by_index(at).unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            assert_eq!(entry.last_modified(), Some(DateTime::default()));
            found.push((entry.name().unwrap().into_owned(), text));
        }
        let wanted = ["README.md", "a/one", "b.txt"];
        let wanted = wanted.map(|path| (format!("pack/{path}"), path.to_owned()));
        assert_eq!(found, wanted);
    }

    #[test]
    fn what_was_written_comes_back_and_leads_nowhere_else() {
        let place = tempfile::tempdir().unwrap();
        let into = place.path().join("out");
        let bytes = made("pack", &["README.md", "a/one"]);
        assert_eq!(unzip(Cursor::new(&bytes), &into).unwrap(), ["README.md", "a/one"]);
        assert_eq!(std::fs::read(into.join("a/one")).unwrap(), b"a/one");
        let again = unzip(Cursor::new(&bytes), &into).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        for (folder, path) in [
            ("pack", "../out"),
            ("pack", "/etc/x"),
            ("pack", "a\\b"),
            ("pack", "c:d"),
            ("..", ".."),
        ] {
            let other = place.path().join("other");
            let refused = unzip(Cursor::new(made(folder, &[path])), &other).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidData, "{folder}/{path}");
            assert!(!other.exists(), "nothing is left of it");
        }
        let cut = &bytes[..bytes.len() - 30];
        assert!(unzip(Cursor::new(cut), &place.path().join("cut")).is_err());
    }

    #[test]
    fn files_of_a_folder_are_the_same_zip() {
        let place = tempfile::tempdir().unwrap();
        for name in ["a.csv", "b.json"] {
            std::fs::write(place.path().join(name), name).unwrap();
        }
        let names = ["a.csv".to_owned(), "b.json".to_owned()];
        let mut out = Cursor::new(Vec::new());
        zip_files(place.path(), &names, "logs", &mut out).unwrap();
        assert_eq!(out.into_inner(), made("logs", &["a.csv", "b.json"]));
    }
}
