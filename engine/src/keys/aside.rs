//! Files of seeds that lie beside `keys/seeds`: what a repair set aside in `orphans/`, and what a write that
//! broke off left. Nobody takes a seed from them; an erasure reaches them all the same, since whoever
//! has the files would (docs/format.md, section 23).

use super::{Destroyed, Keys, SEEDS_MAGIC};
use crate::error::Result;
use crate::storage::Storage;

/// How the name of a file of seeds begins that was set aside.
const NAME: &str = "keys-seeds";
/// How the name of one begins that a write left beside the file in its place.
const BESIDE: &str = "seeds.";
/// What the name of a write that broke off ends with.
const BROKEN_OFF: &str = ".tmp";

/// A file of seeds that is not in its place.
pub(crate) struct SeedsAside {
    pub(crate) path: String,
    /// None where its header does not read, and so nothing in it.
    pub(crate) keys: Option<Keys>,
}

/// The files of seeds that are not in their place: known by their names, or, of what was set aside, by how they
/// begin.
///
/// # Errors
/// What the medium says.
pub(crate) fn seeds_aside(storage: &dyn Storage) -> Result<Vec<SeedsAside>> {
    let mut found = Vec::new();
    for name in storage.list("orphans")? {
        let path = format!("orphans/{name}");
        let begins = storage.read_first(&path, SEEDS_MAGIC.len() as u64)?;
        if name.starts_with(NAME) || begins.is_some_and(|bytes| bytes[..] == SEEDS_MAGIC[..]) {
            found.push(path);
        }
    }
    let beside = storage.list("keys")?.into_iter().filter(|name| name.starts_with(BESIDE));
    found.extend(beside.map(|name| format!("keys/{name}")));
    let read = |path: String| {
        let keys = Keys::of_seeds(storage.read(&path)?).ok().filter(Keys::has_seeds);
        Ok(SeedsAside { path, keys })
    };
    found.into_iter().map(read).collect()
}

impl SeedsAside {
    /// Does each frame of it read? What does not may hold what was erased.
    pub(crate) fn is_whole(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| !keys.may_lack_seeds())
    }

    /// Destroys what is to be destroyed, and what does not read: the file is written anew under another key, or
    /// goes where nothing is left that reads. Says whether it is gone.
    ///
    /// # Errors
    /// What the medium says.
    pub(crate) fn destroy(
        &self,
        storage: &dyn Storage,
        file_key: [u8; 32],
        destroyed: &Destroyed,
    ) -> Result<bool> {
        let keys = self.keys.as_ref().filter(|_| !self.path.ends_with(BROKEN_OFF));
        match keys.and_then(|keys| keys.without(file_key, destroyed)) {
            Some(bytes) => storage.put(&self.path, &bytes, true).map(|()| false),
            None => storage.remove(&self.path).map(|()| true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{LabelledSecrets, SEED_FRAME, SEEDS, SEEDS_HEADER, SeedKind};
    use crate::storage::MemoryStorage;

    #[test]
    fn what_is_destroyed_goes_from_files_beside_and_the_rest_of_them_stays() {
        let storage = MemoryStorage::new();
        Keys::create(&storage, &LabelledSecrets).unwrap();
        let mut keys = Keys::open(&storage).unwrap();
        for id in 1..=3 {
            keys.seed_or_new(SeedKind::Batch, &[id; 32], &LabelledSecrets).unwrap();
        }
        keys.flush(&storage).unwrap();
        let old = storage.read(SEEDS).unwrap().unwrap().to_vec();
        let paths = [
            "orphans/keys-seeds",
            "orphans/keys-seeds.2",
            "orphans/keys-seeds.3",
            "orphans/by-another-name",
            "keys/seeds.tmp",
        ];
        for path in paths {
            storage.put(path, &old, true).unwrap();
        }
        storage.put("orphans/keys-index.key", b"no seeds", true).unwrap();
        storage.put("orphans/empty", b"", true).unwrap();
        storage.damage("orphans/keys-seeds.2", |bytes| bytes[SEEDS_HEADER + SEED_FRAME + 40] ^= 1);
        storage.damage("orphans/keys-seeds.3", |bytes| bytes[20] ^= 1);

        let destroyed = Destroyed { seeds: [[1; 32]].into(), ..Destroyed::default() };
        let mut found = seeds_aside(&storage).unwrap();
        found.sort_by(|one, other| one.path.cmp(&other.path));
        let mut expected = paths;
        expected.sort_unstable();
        assert!(found.iter().map(|file| file.path.as_str()).eq(expected));
        let whole: Vec<bool> = found.iter().map(SeedsAside::is_whole).collect();
        assert_eq!(whole, [true, true, true, false, false]);
        let gone: Vec<bool> = (9..)
            .zip(&found)
            .map(|(key, file)| file.destroy(&storage, [key; 32], &destroyed).unwrap())
            .collect();
        assert_eq!(gone, [true, false, false, false, true]);

        let left = seeds_aside(&storage).unwrap();
        assert!(left.len() == 3 && left.iter().all(SeedsAside::is_whole));
        for file in left {
            let keys = file.keys.unwrap();
            let has = |id: u8| keys.seed(SeedKind::Batch, &[id; 32]).is_some();
            let is_second_damaged = file.path.ends_with(".2");
            assert_eq!(
                (has(1), has(2), has(3)),
                (false, !is_second_damaged, true),
                "{}",
                file.path
            );
        }
        for path in storage.paths().iter().filter(|path| *path != SEEDS) {
            let bytes = storage.read(path).unwrap().unwrap();
            assert!(
                !bytes.windows(32).any(|part| part == &old[16..48]),
                "{path}: the old file key"
            );
        }
    }
}
