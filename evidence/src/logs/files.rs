//! The folder: each file is hashed as it is written, so that the statement needs no second look.

use super::LogsError;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Bytes that wait before they are written: some dozens of rows.
const BUFFER_BYTES: usize = 256 << 10;

/// A file that is whole.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// In hexadecimal.
    pub(super) sha256: String,
    /// Rows in it, where it has such.
    pub(super) rows: Option<u64>,
}

/// The folder that is being filled.
pub(super) struct Folder {
    path: PathBuf,
    files: Vec<Written>,
}

impl Folder {
    /// A new or an empty one.
    pub(super) fn create(path: &Path) -> Result<Folder, LogsError> {
        let failed = |source| LogsError::Unwritten { path: path.to_owned(), source };
        std::fs::create_dir_all(path).map_err(failed)?;
        if std::fs::read_dir(path).map_err(failed)?.next().is_some() {
            return Err(LogsError::NotEmpty { path: path.to_owned() });
        }
        Ok(Folder { path: path.to_owned(), files: Vec::new() })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A file that is about to be written.
    pub(super) fn open(&self, name: &str) -> Result<Hashed, LogsError> {
        let path = self.path(name);
        let file = File::create_new(&path);
        let file = file.map_err(|source| LogsError::Unwritten { path, source })?;
        let file = BufWriter::with_capacity(BUFFER_BYTES, file);
        Ok(Hashed { name: name.to_owned(), file, digest: Sha256::new(), bytes: 0 })
    }

    /// Notes a file that is whole.
    pub(super) fn close(&mut self, file: Hashed, rows: Option<u64>) -> Result<(), LogsError> {
        let Hashed { name, mut file, digest, bytes } = file;
        let failed = |source| LogsError::Unwritten { path: self.path.join(&name), source };
        file.flush().and_then(|()| file.get_ref().sync_all()).map_err(failed)?;
        let sha256 = data_encoding::HEXLOWER.encode(&digest.finalize());
        self.files.push(Written { name, bytes, sha256, rows });
        Ok(())
    }

    /// Writes a file at once.
    pub(super) fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), LogsError> {
        let mut file = self.open(name)?;
        let failed = |source| LogsError::Unwritten { path: self.path(name), source };
        file.write_all(bytes).map_err(failed)?;
        self.close(file, None)
    }

    /// Has the names of what is written so far on the medium; the bytes are since each was closed.
    #[cfg(unix)]
    pub(super) fn sync(&self) -> Result<(), LogsError> {
        let failed = |source| LogsError::Unwritten { path: self.path.clone(), source };
        File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// A folder cannot be opened as a file here; the bytes are on the medium since each was closed.
    #[cfg(not(unix))]
    pub(super) fn sync(&self) -> Result<(), LogsError> {
        Ok(())
    }

    pub(super) fn files(&self) -> &[Written] {
        &self.files
    }
}

/// A file whose bytes are hashed and counted.
pub(super) struct Hashed {
    name: String,
    file: BufWriter<File>,
    digest: Sha256,
    bytes: u64,
}

impl Hashed {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
