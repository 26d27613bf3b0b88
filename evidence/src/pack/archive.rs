//! The pack as one file: a zip whose bytes follow from its files alone.

use super::{Error, Files};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Who may read the files of a zip once they are unpacked: everybody.
const MODE: u32 = 0o644;

/// Entries by their paths below a folder of this name. Nothing is packed: another version of a library
/// that packs would give other bytes.
pub(super) fn zip(folder: &str, files: &Files) -> Result<Vec<u8>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Zip(error.to_string());
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(MODE);
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files.iter() {
        let path = format!("{folder}/{path}");
        out.start_file(path, options).map_err(|error| failed(&error))?;
        out.write_all(bytes).map_err(|error| failed(&error))?;
    }
    let out = out.finish().map_err(|error| failed(&error))?;
    Ok(out.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn a_zip_holds_every_file_in_order_and_no_time() {
        let mut files = Files::default();
        for path in ["b.txt", "a/one", "README.md"] {
            files.add(path, path.as_bytes().to_vec()).unwrap();
        }
        let bytes = zip("pack", &files).unwrap();
        assert_eq!(bytes, zip("pack", &files).unwrap());
        let mut read = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
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
}
