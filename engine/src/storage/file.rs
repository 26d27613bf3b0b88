//! A store in a folder of a local disk.

use super::Storage;
use crate::error::{Error, Result};
use crate::mapping::Bytes;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Folders of files that are immutable, or of which nothing is cut that a reader looks at.
const MAPPED: [&str; 3] = ["segments/", "containers/", "index/"];

/// A folder.
#[derive(Debug)]
pub struct FileStorage {
    root: PathBuf,
}

impl FileStorage {
    /// The storage of a folder, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> FileStorage {
        FileStorage { root: root.into() }
    }

    /// The file system's name if it is a network one, whose advisory locks cannot be trusted.
    #[must_use]
    pub fn network_file_system(&self) -> Option<String> {
        let root = fs::canonicalize(&self.root).ok()?;
        // Linux lists mounts here; elsewhere nothing can be told and nothing is refused.
        let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
        let (_, kind) = mounts
            .lines()
            .filter_map(|line| {
                let mut words = line.split(' ').skip(1);
                Some((words.next()?.replace("\\040", " "), words.next()?))
            })
            .filter(|(point, _)| root.starts_with(point))
            .max_by_key(|(point, _)| point.len())?;
        const NETWORK: [&str; 8] =
            ["nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "fuse.sshfs"];
        NETWORK.contains(&kind).then(|| kind.to_owned())
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn make_folder(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent()
            && !folder.is_dir()
        {
            fs::create_dir_all(folder).map_err(|e| Error::io("make the folder", folder, e))?;
            sync_folder(folder.parent().unwrap_or(&self.root))?;
        }
        Ok(())
    }
}

/// Makes names in a folder durable: without it a crash may lose a new name and keep its bytes.
fn sync_folder(folder: &Path) -> Result<()> {
    if folder.as_os_str().is_empty() {
        return Ok(());
    }
    let synced = File::open(folder).and_then(|file| file.sync_all());
    synced.map_err(|e| Error::io("sync the folder", folder, e))
}

fn options(secret: bool) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    if secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    options
}

/// The writer's lock, given back when dropped.
struct Held(File);

impl Drop for Held {
    fn drop(&mut self) {
        // Closing is not enough: a process that is being started holds a copy of the descriptor
        // until it runs its own program, and the lock with it.
        let _ = self.0.unlock();
    }
}

impl Storage for FileStorage {
    fn read(&self, path: &str) -> Result<Option<Bytes>> {
        // Small files that a writer may cut are copied: a map of them could lose its ground.
        let is_mapped = MAPPED.iter().any(|folder| path.starts_with(folder));
        let path = self.path(path);
        let read = |mut file: File| {
            if is_mapped {
                return Bytes::map(&file);
            }
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(Bytes::held(bytes))
        };
        match File::open(&path) {
            Ok(file) => read(file).map(Some).map_err(|e| Error::io("read", path, e)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io("open", path, e)),
        }
    }

    fn read_first(&self, path: &str, length: u64) -> Result<Option<Bytes>> {
        let path = self.path(path);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        match File::open(&path) {
            // A map, whatever the folder: nobody looks at what lies behind these bytes.
            Ok(file) => Bytes::map(&file)
                .map(|bytes| bytes.part(0..length))
                .map_err(|e| Error::io("map", path, e)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io("open", path, e)),
        }
    }

    fn read_held(&self, path: &str) -> Result<Option<Bytes>> {
        let path = self.path(path);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("open", path, e)),
        };
        match file.try_lock_shared() {
            Ok(()) => Bytes::map_locked(file).map(Some).map_err(|e| Error::io("map", path, e)),
            // The writer is about to remove it.
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(Error::io("lock", path, e)),
        }
    }

    fn remove_unheld(&self, path: &str) -> Result<bool> {
        let full = self.path(path);
        let file = match File::open(&full) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(e) => return Err(Error::io("open", full, e)),
        };
        match file.try_lock() {
            Ok(()) => self.remove(path).map(|()| true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(e)) => Err(Error::io("lock", full, e)),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        let folder = self.path(folder);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Error::io("list", folder, e)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| Error::io("list", &folder, e))?;
            if entry.path().is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn put(&self, path: &str, bytes: &[u8], secret: bool) -> Result<()> {
        let path = self.path(path);
        self.make_folder(&path)?;
        let mut beside = path.clone().into_os_string();
        beside.push(".tmp");
        let beside = PathBuf::from(beside);
        let written = options(secret).truncate(true).open(&beside).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        if let Err(e) = written {
            // A half-written file beside the real one is no harm, but it takes room.
            let _ = fs::remove_file(&beside);
            return Err(Error::io("write", path, e));
        }
        if let Err(e) = fs::rename(&beside, &path) {
            let _ = fs::remove_file(&beside);
            return Err(Error::io("rename into", path, e));
        }
        sync_folder(path.parent().unwrap_or(&self.root))
    }

    fn append(&self, path: &str, bytes: &[u8], secret: bool) -> Result<()> {
        let path = self.path(path);
        self.make_folder(&path)?;
        let written = options(secret).append(true).open(&path).and_then(|mut f| f.write_all(bytes));
        written.map_err(|e| Error::io("append to", path, e))
    }

    fn write_at(&self, path: &str, at: u64, bytes: &[u8]) -> Result<()> {
        let path = self.path(path);
        self.make_folder(&path)?;
        let written = options(false).truncate(false).open(&path).and_then(|mut file| {
            file.seek(io::SeekFrom::Start(at))?;
            file.write_all(bytes)
        });
        written.map_err(|e| Error::io("write", path, e))
    }

    #[cfg(unix)]
    fn scratch(&self) -> Result<Option<File>> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // On the store's own disk: the system's temporary folder may be memory. It begins as a graph's
        // name does, so that one which a crash left with its name goes with the old generations.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("index/graph-{}-{number}.tmp", std::process::id());
        let path = self.path(&name);
        self.make_folder(&path)?;
        let file = options(true).read(true).create_new(true).open(&path);
        let file = file.map_err(|e| Error::io("make", &path, e))?;
        // Whoever tidies up may have been quicker.
        self.remove(&name)?;
        Ok(Some(file))
    }

    fn sync(&self, path: &str) -> Result<()> {
        let path = self.path(path);
        let synced = File::open(&path).and_then(|file| file.sync_all());
        synced.map_err(|e| Error::io("sync", &path, e))?;
        sync_folder(path.parent().unwrap_or(&self.root))
    }

    fn cut(&self, path: &str, length: u64) -> Result<()> {
        let path = self.path(path);
        let cut = OpenOptions::new().write(true).open(&path).and_then(|file| {
            file.set_len(length)?;
            file.sync_all()
        });
        cut.map_err(|e| Error::io("cut", path, e))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let (from, to) = (self.path(from), self.path(to));
        self.make_folder(&to)?;
        fs::rename(&from, &to).map_err(|e| Error::io("move", &from, e))?;
        sync_folder(from.parent().unwrap_or(&self.root))?;
        sync_folder(to.parent().unwrap_or(&self.root))
    }

    fn remove(&self, path: &str) -> Result<()> {
        let path = self.path(path);
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(Error::io("remove", path, e)),
        }
    }

    fn lock(&self, holder: &str) -> Result<Box<dyn Send + Sync>> {
        let path = self.path("lock");
        let open =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(|e| Error::io("open", &path, e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                let known = !text.trim().is_empty();
                let holder = if known { text.trim() } else { "another process" };
                return Err(Error::Locked { holder: holder.to_owned() });
            }
            Err(TryLockError::Error(e)) => return Err(Error::io("lock", path, e)),
        }
        // Who holds it is for messages only: no sync.
        let noted = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(holder.as_bytes()));
        noted.map_err(|e| Error::io("write", path, e))?;
        Ok(Box::new(Held(file)))
    }

    fn local_path(&self) -> Option<PathBuf> {
        Some(self.root.clone())
    }

    fn name(&self) -> String {
        self.root.display().to_string()
    }
}
