//! The threads that answer questions: the engine is synchronous, so it runs here, and on the threads
//! that serve connections only what is known to be short (`pace.rs`). A bounded number of them, a bounded queue before them in which
//! askers take turns; who leaves while the question runs ends it.
//!
//! As many askers as there are threads can hold all of them until their deadlines. So there is one thread
//! more, which works while all others do: it tries what waits, each once and for a tenth of a second. What
//! is done by then was short, and nobody waited for the long ones; what is not waits on for its turn.

use crate::error::{Error, Result};
use crate::problem::Problem;
use lineal_query::Machine;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long work is tried while all threads are held: long for a look-up, short for whoever is next.
const TRIAL: Duration = Duration::from_millis(100);

/// Does the work and gives its answer, or nothing of it if it was only tried and took too long: says
/// whether that is all.
type Job = Box<dyn FnMut(&mut Machine, Option<Duration>) -> bool + Send>;

/// Work that waits.
struct Work {
    job: Job,
    is_tried: bool,
}

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
    /// Told when there is more work than threads that wait for it.
    is_held: Condvar,
}

/// The work of each asker in the order in which it came, and whose turn it is: one who asks much at
/// once waits for the own questions, not for those of others, nor they for them.
#[derive(Default)]
struct Turns {
    lanes: VecDeque<(String, VecDeque<Work>)>,
    waiting: usize,
    /// Threads that wait for work, but for the one that tries.
    idle: usize,
    is_over: bool,
}

impl Turns {
    /// Behind all other work of the asker, or before it.
    fn put(&mut self, asker: &str, work: Work) {
        self.waiting += 1;
        // As many lanes as work that waits, at most.
        match self.lanes.iter_mut().find(|(name, _)| name == asker) {
            Some((_, lane)) if work.is_tried => lane.push_front(work),
            Some((_, lane)) => lane.push_back(work),
            None => self.lanes.push_back((asker.to_owned(), VecDeque::from([work]))),
        }
    }

    /// The first work of the asker whose turn it is.
    fn next(&mut self) -> Option<(String, Work)> {
        let (asker, mut lane) = self.lanes.pop_front()?;
        let work = lane.pop_front()?;
        if !lane.is_empty() {
            self.lanes.push_back((asker.clone(), lane));
        }
        self.waiting = self.waiting.saturating_sub(1);
        Some((asker, work))
    }

    /// The first work that was not tried, of the asker whose turn it is among those who have some; it
    /// is another's turn then. None while there are threads for all that waits.
    fn next_untried(&mut self) -> Option<(String, Work)> {
        if self.waiting <= self.idle {
            return None;
        }
        let untried = |lane: &VecDeque<Work>| lane.iter().position(|work| !work.is_tried);
        let at = self.lanes.iter().position(|(_, lane)| untried(lane).is_some())?;
        let (asker, mut lane) = self.lanes.remove(at)?;
        let work = untried(&lane).and_then(|at| lane.remove(at))?;
        if !lane.is_empty() {
            self.lanes.push_back((asker.clone(), lane));
        }
        self.waiting = self.waiting.saturating_sub(1);
        Some((asker, work))
    }
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
        turns.put(asker, Work { job, is_tried: false });
        let is_held = turns.waiting > turns.idle;
        drop(turns);
        self.comes.notify_one();
        if is_held {
            self.is_held.notify_one();
        }
        true
    }

    /// Puts work back that was tried and takes long. It was let in before: there is always room.
    fn put_back(&self, asker: &str, job: Job) {
        self.turns().put(asker, Work { job, is_tried: true });
        self.comes.notify_one();
    }

    /// The next work, whose turn it is; none when the pool is gone.
    fn take(&self) -> Option<Job> {
        let mut turns = self.turns();
        loop {
            if let Some((_, work)) = turns.next() {
                return Some(work.job);
            }
            if turns.is_over {
                return None;
            }
            turns.idle += 1;
            turns = self.comes.wait(turns).unwrap_or_else(PoisonError::into_inner);
            turns.idle -= 1;
        }
    }

    /// The next work to be tried, when all threads are held, and whose it is; none when the pool is gone.
    fn take_untried(&self) -> Option<(String, Job)> {
        let mut turns = self.turns();
        loop {
            if turns.is_over {
                return None;
            }
            if let Some((asker, work)) = turns.next_untried() {
                return Some((asker, work.job));
            }
            turns = self.is_held.wait(turns).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.turns().is_over = true;
        self.queue.comes.notify_all();
        self.queue.is_held.notify_all();
    }
}

thread_local! {
    /// The working memory of questions that are asked at once: it stays on its thread.
    static MACHINE: RefCell<Option<Box<Machine>>> = const { RefCell::new(None) };
}

/// How busy they are.
#[derive(Default, Debug)]
pub(crate) struct Load {
    /// Questions that wait.
    pub(crate) waiting: AtomicUsize,
    /// Questions that run.
    pub(crate) running: AtomicUsize,
}

/// The wish to stop: given by whoever no longer waits for the answer, or when a trial is over.
#[derive(Clone, Default)]
pub(crate) struct Stop {
    wish: Arc<AtomicBool>,
    /// When the trial is over, if this is one, and whether that was seen.
    trial: Option<(Instant, Arc<AtomicBool>)>,
}

impl Stop {
    /// Is it wished for?
    pub(crate) fn is_set(&self) -> bool {
        if self.wish.load(Ordering::Relaxed) {
            return true;
        }
        let Some((end, was_seen)) = &self.trial else { return false };
        let is_over = Instant::now() >= *end;
        if is_over {
            was_seen.store(true, Ordering::Relaxed);
        }
        is_over
    }

    /// The same wish, within a trial of so long.
    fn within(&self, trial: Option<Duration>) -> Stop {
        let end = |trial| (Instant::now() + trial, Arc::default());
        Stop { wish: Arc::clone(&self.wish), trial: trial.map(end) }
    }

    /// Was work told to stop because its trial was over? What it gave is then no answer.
    fn cut_the_trial(&self) -> bool {
        self.trial.as_ref().is_some_and(|(_, was_seen)| was_seen.load(Ordering::Relaxed))
    }
}

/// Wishes to stop when it goes: it lives as long as somebody waits.
struct Waits(Stop);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.wish.store(true, Ordering::Relaxed);
    }
}

impl Pool {
    /// Starts the threads; 0 is one a core. One more tries what waits while all of these are held.
    pub(crate) fn start(threads: usize, waiting: usize) -> Result<Pool> {
        let pool = Pool::without_trials(threads, waiting)?;
        let queue = Arc::clone(&pool.queue);
        spawn("question-trial".to_owned(), move || try_each(&queue))?;
        Ok(pool)
    }

    fn without_trials(threads: usize, waiting: usize) -> Result<Pool> {
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let (turns, comes, is_held) = (Mutex::default(), Condvar::new(), Condvar::new());
        let queue = Arc::new(Queue { most: waiting, turns, comes, is_held });
        for number in 0..threads {
            let jobs = Arc::clone(&queue);
            spawn(format!("question-{number}"), move || work(&jobs))?;
        }
        Ok(Pool { queue, load: Arc::default() })
    }

    /// How busy it is.
    pub(crate) fn load(&self) -> &Load {
        &self.load
    }

    /// Does a piece of work on one of the threads, when it is the asker's turn. It may be begun twice: the
    /// first time as a trial, whose end its [`Stop`] says. Dropping the future wishes it to stop: work
    /// that has not begun is never begun.
    ///
    /// # Errors
    /// [`Problem`] if too many wait already, or if the work broke off by a fault of ours.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        asker: &str,
        work: impl Fn(&mut Machine, &Stop) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let waits = Waits(Stop::default());
        let (stop, load) = (waits.0.clone(), Arc::clone(&self.load));
        let (answer, answered) = oneshot::channel();
        let mut answer = Some(answer);
        load.waiting.fetch_add(1, Ordering::Relaxed);
        let job: Job = Box::new(move |machine, trial| {
            load.waiting.fetch_sub(1, Ordering::Relaxed);
            if stop.is_set() {
                return true;
            }
            let running = Running::begin(&load);
            let stop = stop.within(trial);
            let done = work(machine, &stop);
            if stop.cut_the_trial() {
                drop(running);
                load.waiting.fetch_add(1, Ordering::Relaxed);
                return false;
            }
            // Nobody may be there any more to take it.
            let _ = answer.take().map(|answer| answer.send(done));
            true
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
        let mut machine = MACHINE.take().unwrap_or_default();
        let done = catch_unwind(AssertUnwindSafe(|| work(&mut machine)));
        // What a panic may have left in disorder goes.
        let done = done.map_err(|_| Problem::fault())?;
        MACHINE.set(Some(machine));
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

fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = std::thread::Builder::new().name(name).spawn(work);
    thread.map(drop).map_err(|source| Error::System { what: "start a thread", source })
}

/// Takes jobs until the pool is gone. A panic ends the question, not the thread; the working memory
/// that it may have left in disorder goes with it.
fn work(jobs: &Queue) {
    let mut machine = Machine::default();
    while let Some(mut job) = jobs.take() {
        if catch_unwind(AssertUnwindSafe(|| job(&mut machine, None))).is_err() {
            machine = Machine::default();
        }
    }
}

/// The same, for a while each, of what waits while all other threads are held.
fn try_each(jobs: &Queue) {
    let mut machine = Machine::default();
    while let Some((asker, mut job)) = jobs.take_untried() {
        match catch_unwind(AssertUnwindSafe(|| job(&mut machine, Some(TRIAL)))) {
            Ok(true) => {}
            Ok(false) => jobs.put_back(&asker, job),
            Err(_) => machine = Machine::default(),
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
        let pool = Pool::without_trials(1, 4).unwrap();
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
        let pool = Pool::without_trials(1, 1).unwrap();
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
        let pool = Pool::without_trials(1, 16).unwrap();
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
    fn what_is_short_is_answered_though_every_thread_is_held_and_what_is_long_waits_for_one() {
        let pool = Pool::start(1, 16).unwrap();
        let running = || pool.load().running.load(Ordering::Relaxed);
        let waiting = || pool.load().waiting.load(Ordering::Relaxed);
        block_on(async {
            // Before it waits for work, what comes would be tried by the other one.
            wait_until(|| pool.queue.turns().idle == 1);
            let gate = Arc::new(AtomicBool::new(false));
            let held = Arc::clone(&gate);
            let mut holder = Box::pin(pool.run("a", move |_, stop| {
                while !held.load(Ordering::Relaxed) && !stop.is_set() {
                    std::thread::yield_now();
                }
                held.load(Ordering::Relaxed)
            }));
            let short = Duration::from_millis(20);
            assert!(tokio::time::timeout(short, &mut holder).await.is_err());
            wait_until(|| running() == 1);
            // Long ones of two askers: each is begun, given up when its trial is over, and waits.
            let begun = Arc::new(AtomicUsize::new(0));
            let long = |asker: &'static str| {
                let (begun, gate) = (Arc::clone(&begun), Arc::clone(&gate));
                Box::pin(pool.run(asker, move |_, stop| {
                    begun.fetch_add(1, Ordering::Relaxed);
                    while !gate.load(Ordering::Relaxed) && !stop.is_set() {
                        std::thread::yield_now();
                    }
                    gate.load(Ordering::Relaxed)
                }))
            };
            let (mut b, mut c) = (long("b"), long("c"));
            assert!(tokio::time::timeout(short, &mut b).await.is_err());
            assert!(tokio::time::timeout(short, &mut c).await.is_err());
            assert_eq!(pool.run("d", |_, _| 7).await.ok(), Some(7), "behind two trials");
            wait_until(|| begun.load(Ordering::Relaxed) == 2 && running() == 1);
            assert_eq!(waiting(), 2, "what was only tried waits on");
            let broken: Result<u8, Problem> = pool.run("e", |_, _| panic!("a fault of ours")).await;
            assert_eq!(broken.unwrap_err().status.as_u16(), 500);
            assert_eq!(pool.run("e", |_, _| 8).await.ok(), Some(8), "the thread is still there");
            gate.store(true, Ordering::Relaxed);
            assert_eq!(holder.await.ok(), Some(true));
            assert_eq!((b.await.ok(), c.await.ok()), (Some(true), Some(true)), "to their ends");
            assert_eq!(begun.load(Ordering::Relaxed), 4);
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
