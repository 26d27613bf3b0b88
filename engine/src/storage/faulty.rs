//! A medium that fails on demand, for the crash tests.

use super::{MemoryStorage, Storage};
use crate::error::{Error, Result};
use crate::mapping::Bytes;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// What goes wrong, and at which changing call (from 0).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plan {
    /// Nothing.
    Never,
    /// From this call on the process is dead: nothing more happens. An append that dies may have
    /// written part of its bytes.
    CrashAt(u64),
    /// This call, if it is or holds a sync, says that the sync failed although the bytes arrived:
    /// nothing may be concluded from them. All else works.
    FailSyncAt(u64),
    /// From this call on every write says the disk is full, half of an append having been written.
    FullAt(u64),
}

/// Files in memory behind a fault.
pub struct FaultyStorage {
    inner: MemoryStorage,
    plan: Plan,
    calls: AtomicU64,
}

impl FaultyStorage {
    /// A medium over files in memory with a plan.
    #[must_use]
    pub fn new(inner: MemoryStorage, plan: Plan) -> FaultyStorage {
        FaultyStorage { inner, plan, calls: AtomicU64::new(0) }
    }

    /// How many changing calls there were.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Counts a call and stops it where the plan says so.
    fn step(&self, path: &str, writes: bool) -> Result<u64> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let kind = match self.plan {
            Plan::CrashAt(at) if call >= at => std::io::ErrorKind::BrokenPipe,
            Plan::FullAt(at) if call >= at && writes => std::io::ErrorKind::StorageFull,
            _ => return Ok(call),
        };
        Err(Error::io("write", path, kind.into()))
    }

    /// A call that ends with a sync: it did its work, and may say that it did not.
    fn synced(&self, path: &str, call: u64) -> Result<()> {
        if self.plan == Plan::FailSyncAt(call) {
            return Err(Error::io("sync", path, std::io::ErrorKind::Other.into()));
        }
        Ok(())
    }
}

impl Storage for FaultyStorage {
    fn read(&self, path: &str) -> Result<Option<Bytes>> {
        self.inner.read(path)
    }

    fn read_held(&self, path: &str) -> Result<Option<Bytes>> {
        self.inner.read_held(path)
    }

    fn remove_unheld(&self, path: &str) -> Result<bool> {
        self.step(path, false)?;
        self.inner.remove_unheld(path)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        self.inner.list(folder)
    }

    fn put(&self, path: &str, bytes: &[u8], secret: bool) -> Result<()> {
        let call = match self.step(path, true) {
            Ok(call) => call,
            Err(error) => {
                // What stands beside a file until it is renamed into its place.
                if self.plan == Plan::CrashAt(self.calls() - 1) {
                    let beside = format!("{path}.tmp");
                    self.inner.append(&beside, &bytes[..bytes.len() / 2], secret)?;
                }
                return Err(error);
            }
        };
        self.inner.put(path, bytes, secret)?;
        self.synced(path, call)
    }

    fn append(&self, path: &str, bytes: &[u8], secret: bool) -> Result<()> {
        if let Err(error) = self.step(path, true) {
            let exactly = self.calls() - 1;
            let part = matches!(self.plan, Plan::CrashAt(at) | Plan::FullAt(at) if at == exactly);
            if part {
                self.inner.append(path, &bytes[..bytes.len() / 2], secret)?;
            }
            return Err(error);
        }
        self.inner.append(path, bytes, secret)
    }

    fn write_at(&self, path: &str, at: u64, bytes: &[u8]) -> Result<()> {
        self.step(path, true)?;
        self.inner.write_at(path, at, bytes)
    }

    fn sync(&self, path: &str) -> Result<()> {
        let call = self.step(path, false)?;
        // A failed sync may have reached the disk or not: here it did not.
        self.synced(path, call)?;
        self.inner.sync(path)
    }

    fn cut(&self, path: &str, length: u64) -> Result<()> {
        let call = self.step(path, false)?;
        self.inner.cut(path, length)?;
        self.synced(path, call)
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let call = self.step(from, false)?;
        self.inner.rename(from, to)?;
        self.synced(from, call)
    }

    fn remove(&self, path: &str) -> Result<()> {
        self.step(path, false)?;
        self.inner.remove(path)
    }

    fn lock(&self, holder: &str) -> Result<Box<dyn Send + Sync>> {
        self.inner.lock(holder)
    }

    fn local_path(&self) -> Option<PathBuf> {
        None
    }

    fn name(&self) -> String {
        self.inner.name()
    }
}
