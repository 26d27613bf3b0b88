//! Long lists of a generation in the making, laid aside in files without a name beside the index: so
//! that what an import holds does not grow with the store. A list is mapped when it is whole.
//!
//! A medium in memory has no such files, and a reader writes none: there lists are held.

use crate::error::{Error, Result};
use crate::mapping::{Bytes, Word, Words, as_bytes};
use crate::storage::Storage;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;

/// Bytes of a list that are held before they are laid aside: few enough that some hundred columns
/// grow at once, and enough to make the calls few. What a small store makes is never laid aside.
const HELD_BYTES: usize = 1 << 20;

/// Where long lists are laid aside.
#[derive(Clone, Default)]
pub(crate) struct Shelf(Option<Arc<dyn Storage>>);

impl Shelf {
    /// Beside the index of a store that is written.
    pub(crate) fn beside(storage: Arc<dyn Storage>) -> Shelf {
        Shelf(Some(storage))
    }

    /// A file for one list; none where lists are held. What cannot be laid aside is held.
    fn file(&self) -> Option<File> {
        self.0.as_ref().and_then(|storage| storage.scratch().ok().flatten())
    }

    /// A list that grows.
    pub(crate) fn list<T: Word>(&self) -> Shelved<T> {
        Shelved { shelf: self.clone(), held: Vec::new(), laid: 0, file: None, failed: None }
    }

    /// A list that is whole and that nobody else needs.
    pub(crate) fn lay<T: Word>(&self, words: Vec<T>) -> Words<T> {
        let laid = || {
            let mut file = self.file()?;
            file.write_all(as_bytes(&words)).ok()?;
            Words::over(&Bytes::map(&file).ok()?)
        };
        let is_long = size_of_val(words.as_slice()) >= HELD_BYTES;
        let laid = if is_long { laid() } else { None };
        laid.unwrap_or_else(|| Words::owned(words))
    }
}

/// A list that grows, laid aside as it does.
pub(crate) struct Shelved<T: Word> {
    shelf: Shelf,
    held: Vec<T>,
    /// How many are laid aside.
    laid: usize,
    file: Option<File>,
    /// Why not all of them are: what came since is lost.
    failed: Option<std::io::Error>,
}

impl<T: Word> Shelved<T> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.laid + self.held.len()
    }

    pub(crate) fn push(&mut self, item: T) {
        self.held.push(item);
        self.lay_aside(HELD_BYTES);
    }

    pub(crate) fn extend(&mut self, items: &[T]) {
        self.held.extend_from_slice(items);
        self.lay_aside(HELD_BYTES);
    }

    /// Lays aside what is held, if it is so much.
    fn lay_aside(&mut self, bytes_min: usize) {
        if size_of_val(self.held.as_slice()) < bytes_min {
            return;
        }
        if self.file.is_none() {
            self.file = self.shelf.file();
        }
        let Some(file) = &mut self.file else {
            // Asked once: it is held from here on.
            self.shelf = Shelf::default();
            return;
        };
        if let Err(error) = file.write_all(as_bytes(&self.held)) {
            self.failed.get_or_insert(error);
        }
        self.laid += self.held.len();
        self.held.clear();
    }

    /// Its bytes, when it is whole.
    ///
    /// # Errors
    /// What the medium said.
    pub(crate) fn into_bytes(mut self) -> Result<Bytes> {
        if self.file.is_none() {
            return Ok(Bytes::owned_words(self.held));
        }
        self.lay_aside(1);
        let failed = self.failed.take().map_or(Ok(()), Err);
        let mapped = match &self.file {
            Some(file) => failed.and_then(|()| Bytes::map(file)),
            None => failed.map(|()| Bytes::held(Vec::new())),
        };
        mapped.map_err(|error| Error::io("lay aside a list of", "index", error))
    }

    /// Its numbers, when it is whole.
    ///
    /// # Errors
    /// What the medium said.
    pub(crate) fn into_words(self) -> Result<Words<T>> {
        if self.file.is_none() {
            return Ok(Words::owned(self.held));
        }
        let words = Words::over(&self.into_bytes()?);
        Ok(words.expect("whole numbers were written, and a map begins with a page"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{FileStorage, MemoryStorage};

    #[test]
    fn a_list_reads_back_as_it_was_made_held_or_laid_aside() {
        let folder = tempfile::tempdir().unwrap();
        let storage: [Arc<dyn Storage>; 2] =
            [Arc::new(FileStorage::new(folder.path())), Arc::new(MemoryStorage::new())];
        for (storage, is_file) in storage.into_iter().zip([true, false]) {
            let shelf = Shelf::beside(storage);
            let all: Vec<u32> = (0..1_000_003).collect();
            let mut list = shelf.list();
            list.push(0);
            list.extend(&all[1..900_000]);
            all[900_000..].iter().for_each(|number| list.push(*number));
            assert_eq!((list.len(), list.file.is_some()), (all.len(), is_file));
            assert_eq!(*list.into_words().unwrap(), *all);
            assert_eq!(*shelf.lay(all.clone()), *all);
            let few: Shelved<u64> = shelf.list();
            assert!(few.into_words().unwrap().is_empty());
        }
        let left = std::fs::read_dir(folder.path().join("index")).unwrap();
        assert_eq!(left.count(), 0, "such a file has no name");
    }
}
