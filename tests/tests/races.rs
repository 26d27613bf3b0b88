//! Operations of one open store on several threads: each is begun in the middle of another, at every
//! call of the medium, and what is erased stays erased, whoever packs, imports or seals meanwhile.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::event_fields::EventField;
use lineal_engine::mapping::Bytes;
use lineal_engine::schema::Kind;
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{Error, EventRef, NodeDraft, Result, SealedField, Snapshot, Store, Target};
use lineal_proof::record::node_id;
use lineal_proof::{Hash, Key, Value};
use lineal_tests::sample::{self, batch, deployment, erasure_of, saying, write_day};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long an operation waits for the one that is begun in its middle: as long as that takes on a slow
/// machine. Where the two are held apart the wait ends in vain.
const MEANWHILE: Duration = Duration::from_millis(150);
/// Between two calls at which another operation is begun: each is tried over the rounds of all tests.
const STEP: usize = 3;

/// A medium that lets another operation begin at one of its calls.
struct Crossing {
    inner: MemoryStorage,
    /// Calls that are still to come before it; none where nothing is to begin.
    left: AtomicU64,
    ends: Mutex<Option<(Sender<()>, Receiver<()>)>>,
}

impl Crossing {
    fn over(inner: MemoryStorage) -> Crossing {
        Crossing { inner, left: AtomicU64::new(u64::MAX), ends: Mutex::new(None) }
    }

    /// Says at which call from now on another operation begins; gives what tells it, and what it tells.
    fn at(&self, call: u64) -> (Receiver<()>, Sender<()>) {
        let ((begin, begun), (end, ended)) = (channel(), channel());
        *self.ends.lock().unwrap() = Some((begin, ended));
        self.left.store(call, Ordering::SeqCst);
        (begun, end)
    }

    fn inner(&self) -> &MemoryStorage {
        let count = |left: u64| (left != u64::MAX).then(|| left.wrapping_sub(1));
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, count) == Ok(0)
            && let Some((begin, ended)) = self.ends.lock().unwrap().take()
        {
            let _ = begin.send(());
            let _ = ended.recv_timeout(MEANWHILE);
        }
        &self.inner
    }

    /// Was the call reached? If not, nothing begins any more.
    fn was_reached(&self) -> bool {
        self.ends.lock().unwrap().take().is_none()
    }
}

impl Storage for Crossing {
    fn read(&self, path: &str) -> Result<Option<Bytes>> {
        self.inner().read(path)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        self.inner().list(folder)
    }

    fn put(&self, path: &str, bytes: &[u8], secret: bool) -> Result<()> {
        self.inner().put(path, bytes, secret)
    }

    fn append(&self, path: &str, bytes: &[u8], secret: bool) -> Result<()> {
        self.inner().append(path, bytes, secret)
    }

    fn write_at(&self, path: &str, at: u64, bytes: &[u8]) -> Result<()> {
        self.inner().write_at(path, at, bytes)
    }

    fn sync(&self, path: &str) -> Result<()> {
        self.inner().sync(path)
    }

    fn cut(&self, path: &str, length: u64) -> Result<()> {
        self.inner().cut(path, length)
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.inner().rename(from, to)
    }

    fn remove(&self, path: &str) -> Result<()> {
        self.inner().remove(path)
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

type Operation<'a> = dyn Fn(&Store) -> Result<()> + Sync + 'a;

/// Does one operation, and in its middle, at each third call of the medium, another; looks at what is
/// left each time. Gives how many times it was done.
fn cross(
    first: &Operation<'_>,
    second: &Operation<'_>,
    check: &dyn Fn(&MemoryStorage, &Store),
) -> usize {
    let sound = days();
    for call in (0..).step_by(STEP) {
        let memory = sound.after_power_cut(100);
        let crossing = Arc::new(Crossing::over(memory.clone()));
        let store = Store::open_on(crossing.clone(), sample::options()).unwrap();
        store.snapshot().unwrap();
        let (begun, end) = crossing.at(call as u64);
        let was_reached = std::thread::scope(|scope| {
            let store = &store;
            scope.spawn(move || {
                if begun.recv().is_ok() {
                    second(store).unwrap();
                    let _ = end.send(());
                }
            });
            first(store).unwrap();
            crossing.was_reached()
        });
        if !was_reached {
            return call / STEP;
        }
        store.write_indexes().unwrap();
        check(&memory, &store);
        drop(store);
        let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
        // Whose first address was erased is left with one that their key was not made of.
        let mut notes = report.notes.iter().filter(|note| !note.starts_with("keys/actor.key"));
        assert!(report.is_sound() && notes.next().is_none(), "at call {call}: {report:?}");
        let again = Store::open_on(Arc::new(memory.clone()), sample::options()).unwrap();
        check(&memory, &again);
    }
    0
}

/// A person and three days of twelve events, each in a container of its own.
fn days() -> MemoryStorage {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
    say(&store, "anna@bank.example").unwrap();
    for day in 0..3 {
        write_day(&store, day).unwrap();
    }
    memory
}

fn anna(store: &Store) -> Key {
    Key::text(store.actor_key("anna@bank.example").unwrap())
}

/// A revision of a person, with an address that is sealed under that person's key.
fn person(store: &Store, address: &str) -> NodeDraft {
    let key = anna(store);
    let mut draft = NodeDraft::new(Kind::Actor, key.clone());
    let (field, value) = ("email".to_owned(), Value::text(address));
    draft.sealed.push(SealedField { field, value, actor: Some(key) });
    draft
}

fn say(store: &Store, address: &str) -> Result<()> {
    let mut tx = store.begin(None, None)?;
    tx.add_node(&saying("s", "f", 1), person(store, address))?;
    tx.commit().map(drop)
}

/// Erases an event of the days. Its place is known: a view in memory has no mark, and would look for the
/// container of before.
fn erase_event(store: &Store, number: u32) -> Result<()> {
    let (batch, row) = (number / sample::EVENTS_A_DAY, number % sample::EVENTS_A_DAY);
    let events = vec![EventRef { batch, row }];
    store.erase(&erasure_of(store, vec![Target::Events(events)])?, false).map(drop)
}

fn erase_person(store: &Store) -> Result<()> {
    let node = node_id(Kind::Actor.name(), &anna(store));
    store.erase(&erasure_of(store, vec![Target::Subject(node)])?, false).map(drop)
}

fn compact(store: &Store) -> Result<()> {
    store.compact(false, &mut |_| ControlFlow::Continue(())).map(drop)
}

fn hash_of(number: u32) -> Vec<u8> {
    let width = if number % 4 == 3 { 20 } else { 32 };
    Hash::of(&number.to_le_bytes()).0[..width].to_vec()
}

/// Files in which the input hash of an event stands.
fn holding(memory: &MemoryStorage, number: u32) -> Vec<String> {
    let hash = hash_of(number);
    let holds = |path: &String| {
        let bytes = memory.read(path).unwrap().unwrap_or_else(|| Bytes::held(Vec::new()));
        bytes.windows(hash.len()).any(|part| part == hash)
    };
    memory.paths().into_iter().filter(holds).collect()
}

fn ids(view: &Snapshot) -> BTreeSet<String> {
    let rows = view.nodes_of(Kind::Batch).flat_map(|node| view.rows_of(node));
    let id = |event| view.event_field(event, EventField::EventId).unwrap().unwrap();
    rows.map(|event| id(event).as_text().unwrap().to_owned()).collect()
}

/// What is left but for the events that are erased; these stand in no file.
fn is_gone(erased: &[u32]) -> impl Fn(&MemoryStorage, &Store) + '_ {
    move |memory, store| {
        let all = (0..36).filter(|number| !erased.contains(number));
        let expected: BTreeSet<String> = all.map(|number| format!("e{number}")).collect();
        assert_eq!(ids(&store.snapshot().unwrap()), expected);
        for number in erased {
            assert_eq!(holding(memory, *number), [] as [&str; 0], "e{number}");
        }
    }
}

#[test]
fn what_is_packed_while_an_event_is_erased_holds_it_no_more() {
    let erase = |store: &Store| erase_event(store, 17);
    assert!(cross(&erase, &compact, &is_gone(&[17])) > 5);
    assert!(cross(&compact, &erase, &is_gone(&[17])) > 5);
}

#[test]
fn two_erasures_at_once_both_destroy_what_they_name() {
    let [one, other] = [17, 18].map(|number| move |store: &Store| erase_event(store, number));
    assert!(cross(&one, &other, &is_gone(&[17, 18])) > 5);
}

#[test]
fn making_the_index_anew_in_the_middle_of_an_erasure_hides_nothing() {
    let erase = |store: &Store| erase_event(store, 17);
    let rebuild = |store: &Store| store.rebuild();
    assert!(cross(&erase, &rebuild, &is_gone(&[17])) > 5);
}

#[test]
fn an_event_that_is_imported_while_it_is_erased_is_erased_too_or_refused() {
    let erase = |store: &Store| erase_event(store, 17);
    let refused = AtomicU64::new(0);
    // The same events out of another file: what an import stages that asked before what was erased.
    let import = |store: &Store| {
        let mut tx = store.begin(None, None)?;
        tx.know_erasures(0);
        let draft = batch(9, 12..24);
        tx.add_node(&draft.saying, NodeDraft::new(Kind::Deployment, deployment()))?;
        tx.add_batch(draft);
        match tx.commit() {
            Err(Error::ErasedMeanwhile { what }) => {
                assert_eq!(what, "1 of the events of 9.json.gz");
                refused.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
            other => other.map(drop),
        }
    };
    assert!(cross(&erase, &import, &is_gone(&[17])) > 5);
    assert!(refused.into_inner() > 5, "each came to its commit behind the erasure");
}

#[test]
fn a_value_that_is_sealed_while_its_key_is_erased_is_erased_too_or_refused() {
    let refused = AtomicU64::new(0);
    let seal = |store: &Store| match say(store, "anna.keller@bank.example") {
        Err(Error::ErasedMeanwhile { what }) => {
            assert_eq!(what, "a sealed email under an erased key");
            refused.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
        other => other,
    };
    // That each record can be opened, or is named by an erasure, is what `verify` looks at.
    let sealed = |_: &MemoryStorage, store: &Store| assert!(store.commit() >= 5);
    assert!(cross(&erase_person, &seal, &sealed) > 5);
    assert!(refused.into_inner() > 0, "some were sealed in its middle");
}

#[test]
fn what_was_sealed_before_an_erasure_and_is_recorded_behind_it_is_erased_with_it() {
    let memory = days();
    let store = Store::open_on(Arc::new(memory.clone()), sample::options()).unwrap();
    let said = saying("s", "f", 2);
    let prepared = store.prepare(&said, person(&store, "a.k@bank.example")).unwrap();
    erase_person(&store).unwrap();
    let mut tx = store.begin(None, None).unwrap();
    tx.add_prepared(prepared).unwrap();
    tx.commit().unwrap();
    assert_eq!(address(&store.snapshot().unwrap()), None);
    drop(store);
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound() && report.notes.is_empty(), "{report:?}");
}

/// The person's address, as far as a view shows it.
fn address(view: &Snapshot) -> Option<String> {
    let node = view.nodes_of(Kind::Actor).start;
    let fields = view.fields(node).unwrap().fields;
    fields.get("email").and_then(Value::as_text).map(str::to_owned)
}

#[test]
fn no_reader_opens_an_erased_value_between_its_record_and_the_end_of_its_key() {
    let sound = days();
    let (mut before, mut between) = (0, 0);
    for call in 0.. {
        let memory = sound.after_power_cut(100);
        let crossing = Arc::new(Crossing::over(memory.clone()));
        let store = Store::open_on(crossing.clone(), sample::options()).unwrap();
        let old = store.snapshot().unwrap();
        assert!(address(&old).is_some());
        let first = store.commit();
        let (begun, end) = crossing.at(call);
        let seen = std::thread::scope(|scope| {
            // Another process, which opens what is there now.
            let memory = memory.clone();
            let reader = scope.spawn(move || {
                begun.recv().ok()?;
                let reader = Store::open_read_only_on(Arc::new(memory)).unwrap();
                let seen = (reader.commit(), address(&reader.snapshot().unwrap()));
                let _ = end.send(());
                Some(seen)
            });
            erase_person(&store).unwrap();
            crossing.was_reached();
            reader.join().unwrap()
        });
        assert_eq!(address(&old), None, "nor does a view that was made before");
        let Some((commit, address)) = seen else { break };
        if commit > first {
            assert_eq!(address, None, "at call {call}");
            between += 1;
        } else {
            assert!(address.is_some(), "at call {call}");
            before += 1;
        }
    }
    assert!(before > 3 && between > 1, "{before} before the record, {between} behind it");
}
