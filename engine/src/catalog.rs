//! The catalog: small mutable state of the writer, in sled.
//!
//! Everything in it is first a record in a segment, so it may be thrown away at any time; an error
//! or a panic in sled means just that. Values are bincode, which never stands under a hash or in a
//! file that must last: both are pinned and named in `deny.toml` with their advisories.

use crate::ledger::Ledger;
use lineal_proof::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What the catalog says of a source: enough to look at it with a tool of sled's.
#[derive(bincode::Encode, bincode::Decode, PartialEq, Debug)]
struct SourceNote {
    commit: u64,
    whole: bool,
}

/// An open catalog, or one that is out of order.
pub(crate) struct Catalog {
    path: PathBuf,
    db: Mutex<Option<sled::Db>>,
}

const COVERED: &[u8] = b"covered";

fn source_key(digest: &[u8; 16], form: &str, mapping: &Hash) -> Vec<u8> {
    [b"source/", &digest[..], &mapping.0[..], form.as_bytes()].concat()
}

fn reference_key(kind: &str, name: &str) -> Vec<u8> {
    format!("reference/{kind}/{name}").into_bytes()
}

/// Runs something of sled's, whose answer to damage may be a panic.
fn guarded<T>(work: impl FnOnce() -> Option<T>) -> Option<T> {
    // The hook would print a panic that is expected and handled here.
    static HOOK: Mutex<()> = Mutex::new(());
    let _alone = HOOK.lock().unwrap_or_else(PoisonError::into_inner);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    std::panic::set_hook(hook);
    outcome.ok().flatten()
}

impl Catalog {
    /// Opens the catalog, making it again if it is damaged or behind the log.
    pub(crate) fn open(path: &Path, ledger: &Ledger) -> Catalog {
        let catalog = Catalog { path: path.to_owned(), db: Mutex::new(None) };
        let db = guarded(|| open_db(path));
        let whole = db.as_ref().is_some_and(|db| {
            guarded(|| covered(db).filter(|covered| *covered <= ledger.commit())).is_some()
        });
        catalog.set(db);
        if whole {
            catalog.bring_up_to_date(ledger);
        } else {
            catalog.rebuild(ledger);
        }
        catalog
    }

    fn set(&self, db: Option<sled::Db>) {
        *self.db.lock().unwrap_or_else(PoisonError::into_inner) = db;
    }

    /// Sets a damaged catalog aside and makes it again.
    pub(crate) fn rebuild(&self, ledger: &Ledger) {
        self.set(None);
        // Derived: there is nothing in it that the segments do not hold.
        let _ = std::fs::remove_dir_all(&self.path);
        self.set(guarded(|| open_db(&self.path)));
        self.fill(ledger, 0);
    }

    /// Takes what was committed since.
    pub(crate) fn bring_up_to_date(&self, ledger: &Ledger) {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let from = db.as_ref().and_then(|db| guarded(|| covered(db)));
        match from {
            Some(from) if from == ledger.commit() => {}
            Some(from) => {
                if !self.fill(ledger, from) {
                    self.rebuild(ledger);
                }
            }
            None => self.rebuild(ledger),
        }
    }

    fn fill(&self, ledger: &Ledger, after: u64) -> bool {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(db) = db else { return false };
        let work = || {
            for (commit, source) in ledger.sources.iter().filter(|(commit, _)| *commit > after) {
                let note = SourceNote { commit: *commit, whole: source.whole };
                let value = bincode::encode_to_vec(note, bincode::config::standard()).ok()?;
                db.insert(source_key(&source.digest, &source.form, &source.mapping), value).ok()?;
            }
            for (_, reference) in ledger.references.iter().filter(|(commit, _)| *commit > after) {
                let key = reference_key(&reference.kind, &reference.name);
                match &reference.key {
                    Some(target) => {
                        let value = lineal_proof::cbor::encode(&target.to_value());
                        db.insert(key, value).ok()?;
                    }
                    None => {
                        db.remove(key).ok()?;
                    }
                }
            }
            db.insert(COVERED, &ledger.commit().to_le_bytes()).ok()?;
            db.flush().ok()
        };
        guarded(work).is_some()
    }

    /// After which commit a source has to be looked for in the ledger: 0 if the catalog knows it or
    /// cannot tell, else the last commit that the catalog covers.
    pub(crate) fn search_source_after(&self, digest: &[u8; 16], form: &str, mapping: &Hash) -> u64 {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(db) = db else { return 0 };
        let look = || {
            let covered = covered(&db)?;
            let found = db.get(source_key(digest, form, mapping)).ok()?;
            Some(if found.is_some() { 0 } else { covered })
        };
        guarded(look).unwrap_or(0)
    }
}

fn open_db(path: &Path) -> Option<sled::Db> {
    sled::Config::default().path(path).cache_capacity(8 << 20).flush_every_ms(None).open().ok()
}

fn covered(db: &sled::Db) -> Option<u64> {
    let value = db.get(COVERED).ok()??;
    Some(u64::from_le_bytes(value.as_ref().try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::CommitEntry;
    use lineal_proof::Key;
    use lineal_proof::record::Reference;

    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.commits.push(CommitEntry { recorded: 0, import: 1 });
        for number in 0..200 {
            let name = format!("name-{number}");
            let key = Some(Key::text("x"));
            ledger.references.push((1, Reference { name, kind: "model".into(), key }));
        }
        ledger
    }

    fn holds(catalog: &Catalog, name: &str) -> bool {
        let db = catalog.db.lock().unwrap().clone().unwrap();
        db.get(reference_key("model", name)).unwrap().is_some()
    }

    #[test]
    fn a_damaged_catalog_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog");
        let ledger = ledger();
        let mut rebuilt = 0;
        for byte in [0, 40, 200, 2_000, 10_000] {
            let catalog = Catalog::open(&path, &ledger);
            catalog.rebuild(&ledger);
            assert!(holds(&catalog, "name-7"));
            drop(catalog);
            let file = path.join("db");
            let mut bytes = std::fs::read(&file).unwrap();
            if let Some(slice) = bytes.get_mut(byte..byte + 8) {
                slice.fill(0xa5);
                rebuilt += 1;
            }
            std::fs::write(&file, &bytes).unwrap();
            let again = Catalog::open(&path, &ledger);
            assert!(holds(&again, "name-7"), "after damage at {byte}");
        }
        assert!(rebuilt > 2);
    }
}
