//! Live intake: one thread a store owns the end of its journal. It takes all requests that wait,
//! makes them durable by one sync, and only then says so to each.

pub(crate) mod datadog;
pub(crate) mod lines;
pub(crate) mod openlineage;
pub(crate) mod otlp;
mod read;

pub use read::{LiveForm, live_lines};

use crate::config::Intake as Bounds;
use crate::error::{Error, Result};
use lineal_engine::journal::{
    Journal, JournalFiles, JournalKey, Pending, REQUEST_BYTES_MAX, Request,
};
use lineal_proof::Hash;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Most requests that one sync makes durable: their bodies are in memory together.
const GROUP_REQUESTS: usize = 256;
/// Most bytes of entries of one request; the journal's own limit counts what stands around them too.
const ENTRY_BYTES_MAX: usize = REQUEST_BYTES_MAX / 4;

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Taken {
    /// It is durable.
    Anew,
    /// It was durable already, under its key.
    Again,
}

/// Why a request was not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// Its key was used for another body.
    OtherBody,
    /// Too many wait, or too much is not sealed.
    Full,
    /// It is larger than the journal takes.
    TooLarge,
    /// The journal cannot be written any more.
    Broken(String),
}

impl Refused {
    fn gone() -> Refused {
        Refused::Broken("the thread of the journal is gone".to_owned())
    }
}

struct Arrival {
    request: Request,
    answer: oneshot::Sender<Result<Taken, Refused>>,
}

/// The journal, and what it says of itself without being waited for while it syncs.
struct Shared {
    journal: Mutex<Journal>,
    pending: Mutex<Pending>,
    /// The number of the entry that comes next.
    next: AtomicU64,
}

/// Requests by the file of the journal that holds them, how much they are, and which entry comes next.
pub(crate) type Waits = (Vec<(u32, Vec<Request>)>, Pending, u64);

impl Shared {
    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, journal: &Journal) {
        self.next.store(journal.next_sequence(), Ordering::Release);
        *self.pending.lock().unwrap_or_else(PoisonError::into_inner) = journal.pending();
    }
}

/// The intake of a store.
pub(crate) struct Intake {
    queue: Mutex<Option<SyncSender<Arrival>>>,
    shared: Arc<Shared>,
    journal_bytes: u64,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Entries that were taken since the start and in which the mapping finds no event.
    no_event: AtomicU64,
}

impl Intake {
    /// Starts the thread.
    pub(crate) fn start(name: &str, journal: Journal, bounds: &Bounds) -> Result<Intake> {
        let (pending, next) = (Mutex::new(journal.pending()), journal.next_sequence().into());
        let shared = Arc::new(Shared { journal: Mutex::new(journal), pending, next });
        let (queue, arrivals) = sync_channel(bounds.waiting);
        let keeping = Arc::clone(&shared);
        let file_bytes = bounds.seal_bytes;
        let thread = std::thread::Builder::new()
            .name(format!("intake-{name}"))
            .spawn(move || keep(&keeping, &arrivals, file_bytes))
            .map_err(|source| Error::System { what: "start a thread", source })?;
        let (queue, thread) = (Mutex::new(Some(queue)), Mutex::new(Some(thread)));
        let (journal_bytes, no_event) = (bounds.journal_bytes, AtomicU64::new(0));
        Ok(Intake { queue, shared, journal_bytes, thread, no_event })
    }

    /// Takes a request. It is durable when this is [`Ok`]; whoever leaves before that may find it
    /// durable or not.
    pub(crate) async fn take(&self, request: Request) -> Result<Taken, Refused> {
        self.send(request)?.await.unwrap_or_else(|_| Err(Refused::gone()))
    }

    /// As [`Intake::take`], for a thread that may wait: none of the runtime.
    pub(crate) fn take_here(&self, request: Request) -> Result<Taken, Refused> {
        self.send(request)?.blocking_recv().unwrap_or_else(|_| Err(Refused::gone()))
    }

    /// Hands a request to the thread.
    fn send(&self, request: Request) -> Result<oneshot::Receiver<Result<Taken, Refused>>, Refused> {
        let bytes: usize = request.entries.iter().map(Vec::len).sum();
        if bytes > ENTRY_BYTES_MAX {
            return Err(Refused::TooLarge);
        }
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queue.as_ref().ok_or(Refused::Full)?;
        if self.pending().bytes.saturating_add(bytes as u64) > self.journal_bytes {
            return Err(Refused::Full);
        }
        match queue.try_send(Arrival { request, answer }) {
            Ok(()) => Ok(answered),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Refused::Full),
        }
    }

    /// Of a request that was taken so many entries are no events: the seal will leave them out.
    pub(crate) fn left_out(&self, entries: u64) {
        self.no_event.fetch_add(entries, Ordering::Relaxed);
    }

    /// How many were since the start.
    pub(crate) fn no_event(&self) -> u64 {
        self.no_event.load(Ordering::Relaxed)
    }

    /// What waits to be sealed.
    pub(crate) fn pending(&self) -> Pending {
        *self.shared.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The requests that wait to be sealed, by the file of the journal that holds them, how much they
    /// are, and the number of the entry that comes next.
    ///
    /// # Errors
    /// What the journal says.
    pub(crate) fn waiting(&self) -> Result<Waits, lineal_engine::Error> {
        let journal = self.shared.journal();
        Ok((journal.waiting()?, journal.pending(), journal.next_sequence()))
    }

    /// The number of the entry that comes next.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.shared.next.load(Ordering::Acquire)
    }

    /// Closes what was taken so far and says which files wait to be sealed.
    ///
    /// # Errors
    /// What the journal says.
    pub(crate) fn close(&self, now: i64) -> Result<(Vec<u32>, JournalFiles), lineal_engine::Error> {
        let mut journal = self.shared.journal();
        Ok((journal.close(now)?, journal.files()))
    }

    /// A file is committed and removed.
    pub(crate) fn sealed(&self, number: u32) {
        let mut journal = self.shared.journal();
        journal.sealed(number);
        self.shared.note(&journal);
    }

    /// Takes nothing more, and returns when what was taken is durable: nothing is appended after it.
    pub(crate) fn end(&self) {
        *self.queue.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the thread of a journal broke off; what it had not said is not taken");
        }
    }
}

/// Makes durable what arrives until nobody can send any more. A file of so many bytes is closed: each
/// is read whole when it is sealed, and seals wait while an import runs.
fn keep(shared: &Shared, arrivals: &Receiver<Arrival>, file_bytes: u64) {
    while let Ok(first) = arrivals.recv() {
        let mut group = vec![first];
        while group.len() < GROUP_REQUESTS
            && let Ok(next) = arrivals.try_recv()
        {
            group.push(next);
        }
        let latest = group.iter().map(|arrival| arrival.request.received).max();
        let mut journal = shared.journal();
        let answers = keep_group(&mut journal, group);
        if journal.open_bytes() >= file_bytes
            && let Some(now) = latest
            && let Err(error) = journal.close(now)
        {
            // What is in it is durable; the next request is refused.
            tracing::error!(%error, "the journal takes nothing more");
        }
        // Before the answers: who is answered finds its entries counted.
        shared.note(&journal);
        drop(journal);
        for (answer, answered) in answers {
            // Nobody may be there any more to hear it.
            let _ = answer.send(answered);
        }
    }
}

type Answer = (oneshot::Sender<Result<Taken, Refused>>, Result<Taken, Refused>);

fn keep_group(journal: &mut Journal, group: Vec<Arrival>) -> Vec<Answer> {
    let mut requests = Vec::new();
    let mut answers: Vec<Answer> = Vec::new();
    let mut keys: HashMap<JournalKey, Hash> = HashMap::new();
    for Arrival { request, answer } in group {
        let known = request
            .key
            .and_then(|key| journal.acknowledged(&key).or_else(|| keys.get(&key).copied()));
        match known {
            // Of one group: it is durable when the first of them is.
            Some(body) if body == request.body => answers.push((answer, Ok(Taken::Again))),
            Some(_) => answers.push((answer, Err(Refused::OtherBody))),
            None => {
                keys.extend(request.key.map(|key| (key, request.body)));
                requests.push(request);
                answers.push((answer, Ok(Taken::Anew)));
            }
        }
    }
    if !requests.is_empty()
        && let Err(error) = journal.append(&requests)
    {
        tracing::error!(%error, "the journal takes nothing more");
        for (_, answered) in answers.iter_mut().filter(|(_, answered)| answered.is_ok()) {
            *answered = Err(Refused::Broken(error.to_string()));
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_engine::{Options, Store};

    fn request(received: i64) -> Request {
        let (form, entries) = ("datadog-logs".to_owned(), vec![vec![b'x'; 1_000]]);
        Request { form, key: None, body: Hash::default(), received, entries, first: 0 }
    }

    #[test]
    fn a_file_is_closed_when_it_is_large_and_nothing_is_appended_after_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path().join("s"), Options::default()).unwrap();
        let journal = Journal::open(&store).unwrap();
        let bounds = Bounds { seal_bytes: 2_000, ..Bounds::default() };
        let intake = Intake::start("s", journal, &bounds).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for time in 1..=5 {
            assert_eq!(runtime.block_on(intake.take(request(time))), Ok(Taken::Anew));
        }
        let (files, _) = intake.close(6).unwrap();
        assert_eq!(files, [1, 2, 3], "two requests a file, and the last");
        intake.end();
        assert!(intake.thread.lock().unwrap().is_none());
        assert_eq!(Arc::strong_count(&intake.shared), 1, "its thread is gone");
        assert_eq!(runtime.block_on(intake.take(request(7))), Err(Refused::Full));
    }
}
