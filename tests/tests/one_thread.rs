//! A machine with one core: what waits for a thread of the pool never holds the only one there is.
//! A file of its own, since a process has one pool.

use lineal_engine::schema::Kind;
use lineal_engine::storage::MemoryStorage;
use lineal_engine::{NodeDraft, Options, Store};
use lineal_tests::sample::{self, batch, deployment};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// Events of an import: a sort of more keys than this is cut into parts for the pool.
const EVENTS: u32 = 4_000;
/// Imports, each of which meets the thread that writes event keys somewhere else.
const IMPORTS: u8 = 8;
/// What takes a few seconds does not take this long unless it hangs.
const HANGS_AFTER: Duration = Duration::from_secs(120);

#[test]
fn an_index_is_written_while_a_thread_sorts_event_keys() {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().unwrap();
    let (done, is_done) = channel();
    thread::spawn(move || {
        let options = Options { run_entries_max: 12, ..sample::options() };
        let store = Store::create_on(Arc::new(MemoryStorage::new()), options).unwrap();
        for day in 0..IMPORTS {
            let mut tx = store.begin(None, None).unwrap();
            let first = u32::from(day) * EVENTS;
            let draft = batch(day, first..first + EVENTS);
            tx.add_node(&draft.saying, NodeDraft::new(Kind::Deployment, deployment())).unwrap();
            tx.add_batch(draft);
            tx.commit().unwrap();
            // The thread begins with the commit, and the index is written behind it at once.
            store.write_indexes().unwrap();
        }
        done.send(store.snapshot().unwrap().batches().count()).unwrap();
    });
    let batches = is_done.recv_timeout(HANGS_AFTER);
    assert_eq!(batches, Ok(usize::from(IMPORTS)), "the writer hangs");
}
