//! Opens a database without touching it, its uncheckpointed log included.
//!
//! SQLite reads a database in WAL mode only with a `-shm` file beside it, which it would create.
//! Evidence must stay as it is: where that file is not there already, database and log are copied
//! to a folder of our own and read there. So they are below a fence ([`crate::fence()`]): SQLite opens files by
//! their names, and a name may lead elsewhere a moment later.

use super::super::error::Error;
use super::MAGIC;
use crate::{fence, plain};
use rusqlite::{Connection, OpenFlags};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// An open database, and the copy it may lie in.
pub(super) struct Opened {
    // Dropped in this order: the connection closes before its folder goes.
    connection: Connection,
    way: Way,
    _copy: Option<TemporaryFolder>,
}

impl Opened {
    /// The connection.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// How another thread may open the same.
    pub(super) fn way(&self) -> &Way {
        &self.way
    }
}

/// What was opened, and how.
pub(super) struct Way {
    address: PathBuf,
    flags: OpenFlags,
}

impl Way {
    /// One more connection.
    pub(super) fn connect(&self, path: &Path) -> Result<Connection, Error> {
        Connection::open_with_flags(&self.address, self.flags).map_err(failed(path))
    }
}

/// Opens the database at `path` for reading.
pub(super) fn open(path: &Path) -> Result<Opened, Error> {
    // The database's own code opens what lies beside it.
    for suffix in ["-wal", "-shm", "-journal"] {
        let file = beside(path, suffix);
        plain::check_beside(&file).map_err(Error::io(&file))?;
    }
    let header = Header::read(path)?;
    let log = beside(path, "-wal");
    let log_length = fs::metadata(&log).map_or(0, |found| found.len());
    let journal = fs::metadata(beside(path, "-journal")).is_ok_and(|found| found.len() > 0);
    // With a log the header may tell of pages that only the log holds.
    if log_length == 0 && !journal {
        header.check_length(path)?;
    }
    let shared = beside(path, "-shm").exists();
    let by_name = !fence::is_around(path);
    if !by_name || journal || (header.write_ahead && !shared && log_length > 0) {
        return open_copy(path);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if header.write_ahead && !shared {
        // No log and nobody who has it open: the file alone is the whole database.
        let address = format!("file:{}?immutable=1", percent_encoded(path)).into();
        let way = Way { address, flags: flags | OpenFlags::SQLITE_OPEN_URI };
        return Ok(Opened { connection: way.connect(path)?, way, _copy: None });
    }
    let way = Way { address: path.to_owned(), flags };
    let connection = way.connect(path)?;
    // A log index that may not be written shows only when the first page is read.
    match connection.query_row("select count(*) from sqlite_master", [], |_| Ok(())) {
        Ok(()) => Ok(Opened { connection, way, _copy: None }),
        Err(_) if header.write_ahead => open_copy(path),
        Err(error) => Err(failed(path)(error)),
    }
}

fn open_copy(path: &Path) -> Result<Opened, Error> {
    let folder = TemporaryFolder::create()?;
    let copy = folder.path.join("store.db");
    copy_file(path, &copy)?;
    for suffix in ["-wal", "-journal"] {
        let from = beside(path, suffix);
        if from.exists() {
            copy_file(&from, &beside(&copy, suffix))?;
        }
    }
    let way = Way { address: copy, flags: OpenFlags::default() };
    Ok(Opened { connection: way.connect(path)?, way, _copy: Some(folder) })
}

fn copy_file(from: &Path, to: &Path) -> Result<(), Error> {
    let copied = plain::open(from).and_then(|mut file| io::copy(&mut file, &mut File::create(to)?));
    copied.map(drop).map_err(Error::io(from))
}

fn failed(path: &Path) -> impl Fn(rusqlite::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Sqlite { path: path.clone(), what: "tables", source }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

/// A path inside a `file:` address.
fn percent_encoded(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// What the first 100 bytes of a database say (sqlite.org/fileformat2.html, section 1.3).
struct Header {
    write_ahead: bool,
    /// The length in bytes, where the header's page count is to be trusted.
    length: Option<u64>,
}

impl Header {
    fn read(path: &Path) -> Result<Header, Error> {
        let mut bytes = [0; 100];
        let mut file = plain::open(path).map_err(Error::io(path))?;
        let found = file.metadata().map_err(Error::io(path))?.len();
        if found < bytes.len() as u64 {
            return Err(Error::Truncated { path: path.to_owned(), expected: 100, found });
        }
        file.read_exact(&mut bytes).map_err(Error::io(path))?;
        if !bytes.starts_with(MAGIC) {
            return Err(Error::Empty {
                path: path.to_owned(),
                form: "mlflow-sqlite",
                expected: "a file that begins with `SQLite format 3`",
            });
        }
        let [page_high, page_low] = [u64::from(bytes[16]), u64::from(bytes[17])];
        // 1 stands for 65,536, which does not fit.
        let page_size = match page_high << 8 | page_low {
            1 => 65_536,
            size => size,
        };
        let number =
            |at: usize| bytes[at..at + 4].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let (changes, pages, valid_for) = (number(24), number(28), number(92));
        Ok(Header {
            write_ahead: bytes[18] == 2 && bytes[19] == 2,
            length: (changes == valid_for && pages > 0).then_some(pages * page_size),
        })
    }

    fn check_length(&self, path: &Path) -> Result<(), Error> {
        let found = fs::metadata(path).map_err(Error::io(path))?.len();
        match self.length {
            Some(expected) if found < expected => {
                Err(Error::Truncated { path: path.to_owned(), expected, found })
            }
            _ => Ok(()),
        }
    }
}

/// A folder of our own that goes with its owner.
struct TemporaryFolder {
    path: PathBuf,
}

impl TemporaryFolder {
    fn create() -> Result<TemporaryFolder, Error> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("lineal-mlflow-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let mut builder = fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            match builder.create(&path) {
                Ok(()) => return Ok(TemporaryFolder { path }),
                // Left by a process of the same number that died, or laid there: never reused.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io(path)(error)),
            }
        }
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // What stays behind is a private copy in the system's temporary folder; nothing to do.
        let _ = fs::remove_dir_all(&self.path);
    }
}
