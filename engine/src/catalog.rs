//! The catalog: small mutable state of the writer, in sled.
//!
//! Everything in it is first a record in a segment, so it may be thrown away at any time; an error
//! or a panic in sled means just that. Values are bincode, which never stands under a hash or in a
//! file that must last: both are pinned and named in `deny.toml` with their advisories.

use crate::ledger::Ledger;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Where a file, or a label, stands in the log: the commits that hold a source record of it.
#[derive(bincode::Encode, bincode::Decode, PartialEq, Default, Debug)]
struct SourceNote {
    commits: Vec<u64>,
}

/// Where source records of a file or label may stand: nowhere else.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Places {
    /// Commits that hold one, ascending.
    pub(crate) commits: Vec<u64>,
    /// Any commit after this one may, too.
    pub(crate) after: u64,
}

/// What a catalog holds beside what the ledger says.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Held {
    /// The same.
    Same,
    /// It is of another commit, or form: who writes next sees to it.
    Behind,
    /// There was no room to make it anew.
    Unmade,
    /// Sled does not open it, or does not read what is in it.
    Unreadable,
    /// Something else: the rule that it breaks.
    Differs(String),
}

/// An open catalog, or one that is out of order.
pub(crate) struct Catalog {
    path: PathBuf,
    db: Mutex<Option<sled::Db>>,
}

/// How often a lock is asked for that is about to be let go, and how long is waited between.
const LOCK_TRIES: u32 = 50;
const LOCK_WAIT: Duration = Duration::from_millis(10);
/// The number stands for the form of the entries: a catalog of an earlier one is made again.
const COVERED: &[u8] = b"covered/2";

fn file_key(digest: &[u8; 16], form: &str) -> Vec<u8> {
    [b"file/", &digest[..], form.as_bytes()].concat()
}

fn label_key(source: &str, form: &str, label: &str) -> Vec<u8> {
    format!("label/{source}\0{form}\0{label}").into_bytes()
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
        // What makes it anew removes its files: nobody may have them open then, and write at the end.
        drop(db);
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
            let new = ledger.sources.partition_point(|(commit, _)| *commit <= after);
            for (commit, source) in ledger.sources.iter().skip(new) {
                note(&db, file_key(&source.digest, &source.form), *commit)?;
                note(&db, label_key(&source.source, &source.form, &source.label), *commit)?;
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

    /// Where a file is recorded; none if the catalog cannot tell.
    pub(crate) fn places_of_file(&self, digest: &[u8; 16], form: &str) -> Option<Places> {
        self.places(&file_key(digest, form))
    }

    /// Where files of a label are recorded; none if the catalog cannot tell.
    pub(crate) fn places_of_label(&self, source: &str, form: &str, label: &str) -> Option<Places> {
        self.places(&label_key(source, form, label))
    }

    /// Compares a catalog, which nobody else has open, with one that is made of the ledger where nothing is.
    pub(crate) fn held(path: &Path, anew: &Path, ledger: &Ledger) -> Held {
        let Some(db) = guarded(|| open_db(path)) else { return Held::Unreadable };
        match guarded(|| Some(covered(&db))) {
            Some(Some(commit)) if commit == ledger.commit() => {}
            Some(_) => return Held::Behind,
            None => return Held::Unreadable,
        }
        let made = Catalog::open(anew, ledger);
        let made = made.db.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match made.filter(|made| guarded(|| covered(made)) == Some(ledger.commit())) {
            Some(made) => guarded(|| first_difference(&db, &made)).unwrap_or(Held::Unreadable),
            None => Held::Unmade,
        }
    }

    fn places(&self, key: &[u8]) -> Option<Places> {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        guarded(|| Some(Places { commits: noted(&db, key)?.commits, after: covered(&db)? }))
    }
}

/// The first entry in which two differ; none if one cannot be read.
fn first_difference(stored: &sled::Db, made: &sled::Db) -> Option<Held> {
    let (mut found, mut expected) = (stored.iter(), made.iter());
    loop {
        let key = match (found.next().transpose().ok()?, expected.next().transpose().ok()?) {
            (None, None) => return Some(Held::Same),
            (Some(one), Some(other)) if one == other => continue,
            (Some((one, _)), Some((other, _))) => one.min(other),
            (Some((key, _)), None) | (None, Some((key, _))) => key,
        };
        // The sort of entry alone: names and labels are people's words.
        let sort = key.split(|byte| *byte == b'/').next().unwrap_or_default();
        let sort = String::from_utf8_lossy(sort);
        return Some(Held::Differs(format!("its entries of sort `{sort}` are those of the log")));
    }
}

/// What is noted under a key; nothing is an empty note.
fn noted(db: &sled::Db, key: &[u8]) -> Option<SourceNote> {
    let Some(value) = db.get(key).ok()? else { return Some(SourceNote::default()) };
    let (note, _) = bincode::decode_from_slice(&value, bincode::config::standard()).ok()?;
    Some(note)
}

fn note(db: &sled::Db, key: Vec<u8>, commit: u64) -> Option<()> {
    let mut note = noted(db, &key)?;
    if note.commits.last() < Some(&commit) {
        note.commits.push(commit);
        let value = bincode::encode_to_vec(note, bincode::config::standard()).ok()?;
        db.insert(key, value).ok()?;
    }
    Some(())
}

/// Opens it. Sled lets the lock of one that was closed go in a thread of its own, maybe a moment later: it is
/// waited for. Nobody else has one: the store's own lock was taken before.
fn open_db(path: &Path) -> Option<sled::Db> {
    let config = sled::Config::default().path(path).cache_capacity(8 << 20).flush_every_ms(None);
    for _ in 0..LOCK_TRIES {
        match config.open() {
            Err(sled::Error::Io(error)) if error.to_string().contains("acquire lock") => {
                std::thread::sleep(LOCK_WAIT);
            }
            opened => return opened.ok(),
        }
    }
    None
}

fn covered(db: &sled::Db) -> Option<u64> {
    let value = db.get(COVERED).ok()??;
    Some(u64::from_le_bytes(value.as_ref().try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::CommitEntry;
    use lineal_proof::record::{Reference, Source};
    use lineal_proof::{Hash, Key};

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
    fn a_file_and_its_label_are_found_where_they_stand_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::default();
        let catalog = Catalog::open(&folder.path().join("catalog"), &ledger);
        for commit in 1..=4 {
            ledger.commits.push(CommitEntry { recorded: 0, import: commit });
            let digest = [u8::from(commit == 2); 16];
            ledger.sources.push((commit, source(digest)));
            if commit < 4 {
                catalog.bring_up_to_date(&ledger);
            }
        }
        let places = |commits: &[u64]| Some(Places { commits: commits.to_vec(), after: 3 });
        assert_eq!(catalog.places_of_file(&[0; 16], "f"), places(&[1, 3]));
        assert_eq!(catalog.places_of_file(&[1; 16], "f"), places(&[2]));
        assert_eq!(catalog.places_of_file(&[1; 16], "other"), places(&[]));
        assert_eq!(catalog.places_of_label("s", "f", "l"), places(&[1, 2, 3]));
        let found = ledger.alive_sources(catalog.places_of_file(&[1; 16], "f"));
        assert_eq!(found.map(|(commit, _)| *commit).collect::<Vec<_>>(), [2, 4]);
    }

    fn source(digest: [u8; 16]) -> Source {
        Source {
            source: "s".into(),
            form: "f".into(),
            label: "l".into(),
            files: 1,
            lines: None,
            size: 0,
            sha256: None,
            blake3: None,
            sealed: Vec::new(),
            digest,
            mapping: Hash::default(),
            observed_at: 0,
            stretches: (0, 1),
            whole: true,
            counts: lineal_proof::record::Counts::default(),
        }
    }

    #[test]
    fn what_a_catalog_holds_beside_the_ledger_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (path, ledger) = (folder.path().join("catalog"), ledger());
        let held = |number: u32, ledger: &Ledger| {
            Catalog::held(&path, &folder.path().join(format!("made-{number}")), ledger)
        };
        drop(Catalog::open(&path, &ledger));
        assert_eq!(held(1, &ledger), Held::Same);
        assert_eq!(held(2, &Ledger::default()), Held::Behind, "it is of another commit");
        let change = |work: &dyn Fn(&sled::Db)| {
            let db = open_db(&path).unwrap();
            work(&db);
            db.flush().unwrap();
        };
        let key = reference_key("model", "name-7");
        change(&|db| drop(db.insert(&key, b"another").unwrap()));
        let rule = "its entries of sort `reference` are those of the log";
        assert_eq!(held(3, &ledger), Held::Differs(rule.to_owned()));
        change(&|db| drop(db.remove(&key).unwrap()));
        assert_eq!(held(4, &ledger), Held::Differs(rule.to_owned()));
        change(&|db| drop(db.insert(file_key(&[1; 16], "f"), b"x").unwrap()));
        assert!(matches!(held(5, &ledger), Held::Differs(rule) if rule.contains("`file`")));
        change(&|db| drop(db.remove(COVERED).unwrap()));
        assert_eq!(held(6, &ledger), Held::Behind);
        drop(Catalog::open(&path, &ledger));
        std::fs::write(folder.path().join("made-7"), b"in its place").unwrap();
        assert_eq!(held(7, &ledger), Held::Unmade);
        std::fs::write(path.join("conf"), b"no configuration").unwrap();
        assert_eq!(held(8, &ledger), Held::Unreadable);
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
