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
    /// This one sync fails; all else works.
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

    fn step(&self, path: &str, sync: bool) -> Result<()> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let kind = match self.plan {
            Plan::CrashAt(at) if call >= at => std::io::ErrorKind::BrokenPipe,
            Plan::FailSyncAt(at) if call == at && sync => std::io::ErrorKind::Other,
            Plan::FullAt(at) if call >= at && !sync => std::io::ErrorKind::StorageFull,
            _ => return Ok(()),
        };
        Err(Error::io("write", path, kind.into()))
    }
}

impl Storage for FaultyStorage {
    fn read(&self, path: &str) -> Result<Option<Bytes>> {
        self.inner.read(path)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        self.inner.list(folder)
    }

    fn put(&self, path: &str, bytes: &[u8], secret: bool) -> Result<()> {
        self.step(path, false)?;
        self.inner.put(path, bytes, secret)
    }

    fn append(&self, path: &str, bytes: &[u8], secret: bool) -> Result<()> {
        if let Err(error) = self.step(path, false) {
            let exactly = self.calls() - 1;
            let part = matches!(self.plan, Plan::CrashAt(at) | Plan::FullAt(at) if at == exactly);
            if part {
                self.inner.append(path, &bytes[..bytes.len() / 2], secret)?;
            }
            return Err(error);
        }
        self.inner.append(path, bytes, secret)
    }

    fn sync(&self, path: &str) -> Result<()> {
        self.step(path, true)?;
        self.inner.sync(path)
    }

    fn cut(&self, path: &str, length: u64) -> Result<()> {
        self.step(path, false)?;
        self.inner.cut(path, length)
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.step(from, false)?;
        self.inner.rename(from, to)
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
