//! The threads that answer questions: the engine is synchronous, so it runs here, and on the threads
//! that serve connections only what is known to be short (`pace.rs`). A bounded number of them, a bounded queue before them in which
//! askers take turns; who leaves while the question runs ends it.

use crate::error::{Error, Result};
use crate::problem::Problem;
use lineal_query::Machine;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce(&mut Machine) + Send>;

/// The threads.
pub(crate) struct Pool {
    queue: Arc<Queue>,
    load: Arc<Load>,
}

/// What waits for a thread.
struct Queue {
    most: usize,
    turns: Mutex<Turns>,
    /// Told when there is work, or when there will be none any more.
    comes: Condvar,
}

/// The work of each asker in the order in which it came, and whose turn it is: one who asks much at
/// once waits for the own questions, not for those of others, nor they for them.
#[derive(Default)]
struct Turns {
    lanes: VecDeque<(String, VecDeque<Job>)>,
    waiting: usize,
    is_over: bool,
}

impl Queue {
    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a piece of work in, unless too much waits.
    fn put(&self, asker: &str, job: Job) -> bool {
        let mut turns = self.turns();
        if turns.waiting >= self.most {
            return false;
        }
        turns.waiting += 1;
        // As many lanes as work that waits, at most.
        match turns.lanes.iter_mut().find(|(name, _)| name == asker) {
            Some((_, lane)) => lane.push_back(job),
            None => turns.lanes.push_back((asker.to_owned(), VecDeque::from([job]))),
        }
        drop(turns);
        self.comes.notify_one();
        true
    }

    /// The first work of the asker whose turn it is; none when the pool is gone.
    fn take(&self) -> Option<Job> {
        let mut turns = self.turns();
        loop {
            if let Some((asker, mut lane)) = turns.lanes.pop_front() {
                let job = lane.pop_front();
                if !lane.is_empty() {
                    turns.lanes.push_back((asker, lane));
                }
                turns.waiting = turns.waiting.saturating_sub(1);
                return job;
            }
            if turns.is_over {
                return None;
            }
            turns = self.comes.wait(turns).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.turns().is_over = true;
        self.queue.comes.notify_all();
    }
}

thread_local! {
    /// The working memory of questions that are asked at once: it stays on its thread.
    static MACHINE: RefCell<Machine> = RefCell::default();
}

/// How busy they are.
#[derive(Default, Debug)]
pub(crate) struct Load {
    /// Questions that wait.
    pub(crate) waiting: AtomicUsize,
    /// Questions that run.
    pub(crate) running: AtomicUsize,
}

/// The wish to stop: given by whoever no longer waits for the answer.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Is it wished for?
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Wishes to stop when it goes: it lives as long as somebody waits.
struct Waits(Stop);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

impl Pool {
    /// Starts the threads; 0 is one a core.
    pub(crate) fn start(threads: usize, waiting: usize) -> Result<Pool> {
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let (turns, comes) = (Mutex::default(), Condvar::new());
        let queue = Arc::new(Queue { most: waiting, turns, comes });
        for number in 0..threads {
            let jobs = Arc::clone(&queue);
            std::thread::Builder::new()
                .name(format!("question-{number}"))
                .spawn(move || work(&jobs))
                .map_err(|source| Error::System { what: "start a thread", source })?;
        }
        Ok(Pool { queue, load: Arc::default() })
    }

    /// How busy it is.
    pub(crate) fn load(&self) -> &Load {
        &self.load
    }

    /// Does a piece of work on one of the threads, when it is the asker's turn. Dropping the future
    /// wishes it to stop: work that has not begun is never begun.
    ///
    /// # Errors
    /// [`Problem`] if too many wait already, or if the work broke off by a fault of ours.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        asker: &str,
        work: impl FnOnce(&mut Machine, &Stop) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let waits = Waits(Stop::default());
        let (stop, load) = (waits.0.clone(), Arc::clone(&self.load));
        let (answer, answered) = oneshot::channel();
        load.waiting.fetch_add(1, Ordering::Relaxed);
        let job: Job = Box::new(move |machine| {
            load.waiting.fetch_sub(1, Ordering::Relaxed);
            if stop.is_set() {
                return;
            }
            let _running = Running::begin(&load);
            // Nobody may be there any more to take it.
            let _ = answer.send(work(machine, &stop));
        });
        if !self.queue.put(asker, job) {
            self.load.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Problem::busy());
        }
        let answer = answered.await.map_err(|_| Problem::fault());
        drop(waits);
        answer
    }

    /// Does a piece of work here and now: one that is known to take less than the way to one of the
    /// threads, and that ends itself if it does not.
    ///
    /// # Errors
    /// [`Problem::fault`] if it broke off by a fault of ours.
    pub(crate) fn at_once<T>(&self, work: impl FnOnce(&mut Machine) -> T) -> Result<T, Problem> {
        let _running = Running::begin(&self.load);
        let mut machine = MACHINE.take();
        let done = catch_unwind(AssertUnwindSafe(|| work(&mut machine)));
        // What a panic may have left in disorder goes.
        let done = done.map_err(|_| Problem::fault())?;
        MACHINE.set(machine);
        Ok(done)
    }
}

struct Running<'a>(&'a Load);

impl<'a> Running<'a> {
    fn begin(load: &'a Load) -> Running<'a> {
        load.running.fetch_add(1, Ordering::Relaxed);
        Running(load)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Takes jobs until the pool is gone. A panic ends the question, not the thread; the working memory
/// that it may have left in disorder goes with it.
fn work(jobs: &Queue) {
    let mut machine = Machine::default();
    while let Some(job) = jobs.take() {
        if catch_unwind(AssertUnwindSafe(|| job(&mut machine))).is_err() {
            machine = Machine::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().build().unwrap().block_on(future)
    }

    fn wait_until(mut holds: impl FnMut() -> bool) {
        let end = Instant::now() + Duration::from_secs(10);
        while !holds() {
            assert!(Instant::now() < end, "it never came to hold");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn who_leaves_ends_the_work_and_frees_the_thread() {
        let pool = Pool::start(1, 4).unwrap();
        block_on(async {
            let endless = pool.run("a", |_, stop| {
                while !stop.is_set() {
                    std::thread::yield_now();
                }
            });
            assert!(tokio::time::timeout(Duration::from_millis(50), endless).await.is_err());
        });
        wait_until(|| pool.load().running.load(Ordering::Relaxed) == 0);
        assert_eq!(block_on(pool.run("a", |_, _| 7)).ok(), Some(7));
    }

    #[test]
    fn a_full_queue_refuses_and_a_panic_harms_nobody_else() {
        let pool = Pool::start(1, 1).unwrap();
        block_on(async {
            let gate = Arc::new(AtomicBool::new(false));
            let held = Arc::clone(&gate);
            let mut first = Box::pin(pool.run("a", move |_, _| {
                while !held.load(Ordering::Relaxed) {
                    std::thread::yield_now();
                }
            }));
            assert!(tokio::time::timeout(Duration::from_millis(20), &mut first).await.is_err());
            wait_until(|| pool.load().running.load(Ordering::Relaxed) == 1);
            let mut second = Box::pin(pool.run("a", |_, _| 2));
            assert!(tokio::time::timeout(Duration::from_millis(5), &mut second).await.is_err());
            let third = pool.run("a", |_, _| 3).await;
            assert_eq!(third.unwrap_err().status.as_u16(), 503);
            gate.store(true, Ordering::Relaxed);
            assert!(first.await.is_ok());
            assert_eq!(second.await.ok(), Some(2));
            let broken: Result<u8, Problem> = pool.run("a", |_, _| panic!("a fault of ours")).await;
            assert_eq!(broken.unwrap_err().status.as_u16(), 500);
            assert_eq!(pool.run("a", |_, _| 4).await.ok(), Some(4));
        });
    }

    #[test]
    fn askers_take_turns_however_much_one_of_them_asks() {
        let pool = Pool::start(1, 16).unwrap();
        block_on(async {
            let gate = Arc::new(AtomicBool::new(false));
            let (held, ran) = (Arc::clone(&gate), Arc::new(Mutex::new(Vec::new())));
            let wait = move |_: &mut Machine, _: &Stop| {
                while !held.load(Ordering::Relaxed) {
                    std::thread::yield_now();
                }
            };
            let mut first = Box::pin(pool.run("much", wait));
            assert!(tokio::time::timeout(Duration::from_millis(20), &mut first).await.is_err());
            let asked = ["much", "much", "much", "little", "much", "other", "little"];
            let mut all: Vec<_> = asked
                .into_iter()
                .map(|asker| {
                    let ran = Arc::clone(&ran);
                    Box::pin(pool.run(asker, move |_, _| ran.lock().unwrap().push(asker)))
                })
                .collect();
            for one in &mut all {
                assert!(tokio::time::timeout(Duration::from_millis(5), one).await.is_err());
            }
            gate.store(true, Ordering::Relaxed);
            assert!(first.await.is_ok());
            for one in all {
                assert!(one.await.is_ok());
            }
            let turns = ["much", "little", "other", "much", "little", "much", "much"];
            assert_eq!(*ran.lock().unwrap(), turns);
        });
    }

    #[test]
    fn what_is_done_at_once_needs_no_thread_and_a_panic_harms_nobody_else() {
        let pool = Pool::start(1, 1).unwrap();
        let running = || pool.load().running.load(Ordering::Relaxed);
        assert_eq!(pool.at_once(|_| running()).ok(), Some(1));
        let broken: Result<u8, Problem> = pool.at_once(|_| panic!("a fault of ours"));
        assert_eq!(broken.unwrap_err().status.as_u16(), 500);
        assert_eq!(running(), 0);
        assert_eq!(pool.at_once(|_| 7).ok(), Some(7));
    }
}
