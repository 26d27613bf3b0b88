//! The places for connections. Where all are taken the connection that has been idle longest makes
//! room: nobody who merely holds connections open keeps others out. A connection is idle unless a
//! request of somebody who is known is being answered on it, so strangers, and heads that never end,
//! go first.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// In the place of a time: nothing of the kind began.
const NEVER: u64 = u64::MAX;

/// The places.
pub(crate) struct Places {
    most: usize,
    /// What times are counted from.
    begun: Instant,
    /// Those that are taken, by the order in which their connections came. Asked when one comes or
    /// goes: a request touches its own mark alone, or all cores would wait for each other here.
    taken: Mutex<Taken>,
    /// Does a connection wait for one that is idle?
    is_wanted: AtomicBool,
    /// Told when a place is free again.
    freed: Notify,
    /// Connections that were closed to make room.
    pub(crate) closed: AtomicU64,
}

#[derive(Default)]
struct Taken {
    /// Connections that came so far.
    count: u64,
    marks: BTreeMap<u64, Arc<Mark>>,
}

/// What is known of a connection. Times are nanoseconds since the places were made.
struct Mark {
    /// Since when nobody who is known waits for an answer on it; [`NEVER`] while somebody does.
    idle_since: AtomicU64,
    /// Since when the next request's head is waited for; [`NEVER`] while one is answered.
    waits_since: AtomicU64,
    /// It was told to make room.
    is_told: AtomicBool,
    /// It shall make room.
    leave: Notify,
}

/// The place of a connection; free again when this is dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    mark: Arc<Mark>,
    number: u64,
}

/// While this lives, the connection is not idle.
pub(crate) struct Busy(Arc<Place>);

/// While this lives, a request of the connection is answered, whoever asked.
pub(crate) struct Answering(Arc<Place>);

impl Places {
    pub(crate) fn new(most: usize) -> Arc<Places> {
        Arc::new(Places {
            most,
            begun: Instant::now(),
            taken: Mutex::default(),
            is_wanted: AtomicBool::new(false),
            freed: Notify::new(),
            closed: AtomicU64::new(0),
        })
    }

    /// Waits for a place, for which an idle connection is closed where all are taken.
    pub(crate) async fn take(self: &Arc<Self>) -> Arc<Place> {
        loop {
            let freed = self.freed.notified();
            {
                let mut taken = self.taken();
                if taken.marks.len() < self.most {
                    let now = self.now();
                    let mark = Arc::new(Mark {
                        idle_since: AtomicU64::new(now),
                        waits_since: AtomicU64::new(now),
                        is_told: AtomicBool::new(false),
                        leave: Notify::new(),
                    });
                    taken.count += 1;
                    let number = taken.count;
                    taken.marks.insert(number, Arc::clone(&mark));
                    return Arc::new(Place { places: Arc::clone(self), mark, number });
                }
            }
            self.make_room();
            freed.await;
        }
    }

    /// Closes the connection that has been idle longest; says whether there was one.
    pub(crate) fn make_room(&self) -> bool {
        // Said before it is looked, so that one that becomes idle meanwhile is seen here or tells.
        self.is_wanted.store(true, Ordering::SeqCst);
        let taken = self.taken();
        let since = |mark: &Arc<Mark>| mark.idle_since.load(Ordering::SeqCst);
        let idle = taken.marks.values().filter(|mark| since(mark) != NEVER);
        let idle = idle.filter(|mark| !mark.is_told.load(Ordering::Relaxed));
        let Some(mark) = idle.min_by_key(|mark| since(mark)) else { return false };
        mark.is_told.store(true, Ordering::Relaxed);
        self.is_wanted.store(false, Ordering::SeqCst);
        self.closed.fetch_add(1, Ordering::Relaxed);
        mark.leave.notify_one();
        true
    }

    /// Waits until all places are free.
    pub(crate) async fn all_free(&self) {
        loop {
            let freed = self.freed.notified();
            if self.taken().marks.is_empty() {
                return;
            }
            freed.await;
        }
    }

    fn now(&self) -> u64 {
        nanoseconds(self.begun.elapsed())
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NEVER - 1)
}

impl Place {
    /// Somebody who is known asks on it.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.mark.idle_since.store(NEVER, Ordering::SeqCst);
        Busy(Arc::clone(self))
    }

    /// A request has come on it.
    pub(crate) fn answering(self: &Arc<Self>) -> Answering {
        self.mark.waits_since.store(NEVER, Ordering::Relaxed);
        Answering(Arc::clone(self))
    }

    /// Ends when it shall make room. Says whether somebody who is known waits on it: then it ends
    /// with that answer.
    pub(crate) async fn left(&self) -> bool {
        self.mark.leave.notified().await;
        self.mark.idle_since.load(Ordering::SeqCst) == NEVER
    }

    /// Ends when the head of a request has been waited for so long, also where none has begun. One
    /// timer a connection, looked at when it is over: one a request would cost each of them.
    pub(crate) async fn waited(&self, most: Duration) {
        loop {
            let since = self.mark.waits_since.load(Ordering::Relaxed);
            let gone = match since {
                // The next wait begins later than now.
                NEVER => 0,
                since => self.places.now().saturating_sub(since),
            };
            let left = nanoseconds(most).saturating_sub(gone);
            if left == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_nanos(left)).await;
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let (places, mark) = (&self.0.places, &self.0.mark);
        mark.idle_since.store(places.now(), Ordering::SeqCst);
        if places.is_wanted.load(Ordering::SeqCst) && places.is_wanted.swap(false, Ordering::SeqCst)
        {
            places.freed.notify_one();
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let place = &self.0;
        place.mark.waits_since.store(place.places.now(), Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().marks.remove(&self.number);
        self.places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().build().unwrap().block_on(future)
    }

    async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(Duration::from_millis(50), future).await.ok()
    }

    #[test]
    fn the_one_that_idles_longest_makes_room_and_who_is_busy_keeps_the_place() {
        block_on(async {
            let places = Places::new(2);
            let (first, second) = (places.take().await, places.take().await);
            let busy = first.busy();
            let mut third = Box::pin(places.take());
            assert!(at_once(&mut third).await.is_none(), "nobody has left yet");
            assert_eq!(at_once(first.left()).await, None, "an answer is on its way there");
            assert_eq!(at_once(second.left()).await, Some(false));
            drop(second);
            let third = at_once(third).await.expect("a place is free");
            drop(busy);
            // The third came before the first became idle again.
            assert!(places.make_room());
            assert_eq!(at_once(first.left()).await, None);
            assert_eq!(at_once(third.left()).await, Some(false));
            assert!(places.make_room());
            assert!(!places.make_room(), "both are told already");
            let _asked_meanwhile = first.busy();
            assert_eq!(at_once(first.left()).await, Some(true), "it ends with its answer");
            assert_eq!(places.closed.load(Ordering::Relaxed), 3);
        });
    }

    #[test]
    fn who_comes_while_all_are_busy_is_let_in_when_one_no_longer_is() {
        block_on(async {
            let places = Places::new(1);
            let only = places.take().await;
            let busy = only.busy();
            let mut next = Box::pin(places.take());
            assert!(at_once(&mut next).await.is_none());
            drop(busy);
            assert!(at_once(&mut next).await.is_none(), "it has not left yet");
            assert_eq!(at_once(only.left()).await, Some(false));
            drop(only);
            assert!(at_once(next).await.is_some());
        });
    }

    #[test]
    fn a_head_is_waited_for_so_long_and_an_answer_as_long_as_it_takes() {
        block_on(async {
            let place = Places::new(1).take().await;
            let most = Duration::from_millis(100);
            let answering = place.answering();
            assert!(at_once(place.waited(Duration::from_millis(20))).await.is_none());
            drop(answering);
            let begun = Instant::now();
            place.waited(most).await;
            assert!(begun.elapsed() >= most, "it begins with the end of the answer");
            place.waited(most).await;
            assert!(begun.elapsed() < most * 3, "what is over is over");
        });
    }

    #[test]
    fn the_end_waits_for_all() {
        block_on(async {
            let places = Places::new(3);
            let (first, second) = (places.take().await, places.take().await);
            drop(first);
            assert!(at_once(places.all_free()).await.is_none());
            drop(second);
            assert!(at_once(places.all_free()).await.is_some());
        });
    }
}
