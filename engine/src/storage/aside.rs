//! A medium that begins as another was at one `head`, and whose changes stay in memory: a store on it can
//! be written to see what would be, and nothing of that is ever on the other one.

use super::{MemoryStorage, Storage};
use crate::error::Result;
use crate::head::{HEAD, Head};
use crate::mapping::Bytes;
use crate::segment::segment_path;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where segments stand.
const SEGMENTS: &str = "segments";
/// Where what belongs to no commit is kept. Nobody reads it here, so it is not copied.
const ORPHANS: &str = "orphans/";

/// The medium.
pub(crate) struct AsideStorage {
    below: Arc<dyn Storage>,
    /// What lies behind it is of a later commit, or half written.
    head: Head,
    above: MemoryStorage,
    /// Files of the medium below that are not here any more.
    gone: Mutex<BTreeSet<String>>,
}

impl AsideStorage {
    /// Begins as a medium was when this was its `head`.
    ///
    /// # Errors
    /// None that memory has.
    pub(crate) fn of(below: Arc<dyn Storage>, head: Head) -> Result<AsideStorage> {
        let above = MemoryStorage::new();
        above.put(HEAD, &head.to_bytes(), false)?;
        Ok(AsideStorage { below, head, above, gone: Mutex::default() })
    }

    fn gone(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file of the medium below, as `head` knows it.
    fn below(
        &self,
        path: &str,
        read: impl FnOnce(&dyn Storage) -> Result<Option<Bytes>>,
    ) -> Result<Option<Bytes>> {
        if self.gone().contains(path) || self.is_later(path) {
            return Ok(None);
        }
        if path == segment_path(self.head.segment) {
            return self.below.read_first(path, self.head.length);
        }
        read(&*self.below)
    }

    /// Is it a segment that was begun behind `head`?
    fn is_later(&self, path: &str) -> bool {
        let is_segment = path.strip_prefix(SEGMENTS).is_some_and(|name| name.starts_with('/'));
        // Their names are numbers of one width.
        is_segment && *path > *segment_path(self.head.segment)
    }

    /// Brings a file up to be changed; says whether there is one.
    fn bring(&self, path: &str) -> Result<bool> {
        if self.above.read(path)?.is_some() {
            return Ok(true);
        }
        let Some(bytes) = self.below(path, |below| below.read(path))? else { return Ok(false) };
        self.above.put(path, &bytes, true)?;
        Ok(true)
    }
}

impl Storage for AsideStorage {
    fn read(&self, path: &str) -> Result<Option<Bytes>> {
        match self.above.read(path)? {
            Some(bytes) => Ok(Some(bytes)),
            None => self.below(path, |below| below.read(path)),
        }
    }

    fn read_held(&self, path: &str) -> Result<Option<Bytes>> {
        match self.above.read(path)? {
            Some(bytes) => Ok(Some(bytes)),
            None => self.below(path, |below| below.read_held(path)),
        }
    }

    fn read_first(&self, path: &str, length: u64) -> Result<Option<Bytes>> {
        match self.above.read(path)? {
            Some(_) => self.above.read_first(path, length),
            None => self.below(path, |below| below.read_first(path, length)),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        let mut names = self.below.list(folder)?;
        {
            let gone = self.gone();
            names.retain(|name| {
                let path = format!("{folder}/{name}");
                !gone.contains(&path) && !self.is_later(&path)
            });
        }
        names.extend(self.above.list(folder)?);
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn put(&self, path: &str, bytes: &[u8], secret: bool) -> Result<()> {
        self.above.put(path, bytes, secret)
    }

    fn append(&self, path: &str, bytes: &[u8], secret: bool) -> Result<()> {
        self.bring(path)?;
        self.above.append(path, bytes, secret)
    }

    fn write_at(&self, path: &str, at: u64, bytes: &[u8]) -> Result<()> {
        self.bring(path)?;
        self.above.write_at(path, at, bytes)
    }

    fn scratch(&self) -> Result<Option<File>> {
        // It has no name and goes with its holder.
        self.below.scratch()
    }

    fn sync(&self, path: &str) -> Result<()> {
        if self.above.read(path)?.is_some() { self.above.sync(path) } else { Ok(()) }
    }

    fn cut(&self, path: &str, length: u64) -> Result<()> {
        self.bring(path)?;
        self.above.cut(path, length)
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let is_above = self.above.read(from)?.is_some();
        if is_above || (!to.starts_with(ORPHANS) && self.bring(from)?) {
            self.above.rename(from, to)?;
        }
        self.gone().insert(from.to_owned());
        Ok(())
    }

    fn remove(&self, path: &str) -> Result<()> {
        self.above.remove(path)?;
        self.gone().insert(path.to_owned());
        Ok(())
    }

    fn lock(&self, _: &str) -> Result<Box<dyn Send + Sync>> {
        // Nobody else can come to it.
        Ok(Box::new(()))
    }

    fn local_path(&self) -> Option<PathBuf> {
        None
    }

    fn name(&self) -> String {
        self.below.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_changed_aside_is_not_changed_below_and_what_came_later_is_not_seen() {
        let below = MemoryStorage::new();
        below.put("segments/00000001.seg", b"first+later", false).unwrap();
        below.put("segments/00000002.seg", b"second", false).unwrap();
        for name in ["containers/a", "containers/b", "keys/seeds"] {
            below.put(name, b"old", true).unwrap();
        }
        let paths = below.paths();
        let head = Head { segment: 1, length: 5, ..Head::new([7; 16]) };
        let aside = AsideStorage::of(Arc::new(below.clone()), head).unwrap();
        let text = |storage: &dyn Storage, path: &str| {
            storage.read(path).unwrap().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
        };
        assert_eq!(text(&aside, "segments/00000001.seg").as_deref(), Some("first"));
        assert_eq!(text(&aside, "segments/00000002.seg"), None);
        assert_eq!(aside.list("segments").unwrap(), ["00000001.seg"]);
        aside.append("keys/seeds", b"+new", true).unwrap();
        aside.append("segments/00000001.seg", b"+own", false).unwrap();
        aside.rename("containers/a", "orphans/containers-a").unwrap();
        aside.rename("containers/b", "containers/c").unwrap();
        aside.put("containers/a", b"again", false).unwrap();
        aside.remove("keys/none").unwrap();
        assert_eq!(text(&aside, "keys/seeds").as_deref(), Some("old+new"));
        assert_eq!(text(&aside, "segments/00000001.seg").as_deref(), Some("first+own"));
        assert_eq!(text(&aside, "containers/a").as_deref(), Some("again"));
        assert_eq!(aside.list("containers").unwrap(), ["a", "c"]);
        assert_eq!(text(&aside, "containers/c").as_deref(), Some("old"));
        aside.remove("containers/c").unwrap();
        assert_eq!(aside.list("containers").unwrap(), ["a"]);
        assert_eq!(below.paths(), paths);
        assert_eq!(text(&below, "keys/seeds").as_deref(), Some("old"));
        assert_eq!(text(&below, "segments/00000001.seg").as_deref(), Some("first+later"));
    }
}
