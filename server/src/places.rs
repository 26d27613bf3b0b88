//! The places for connections. Where all are taken the connection that has been idle longest makes
//! room: nobody who merely holds connections open keeps others out. A connection is idle unless a
//! request of somebody who is known is being answered on it, so strangers, and heads that never end,
//! go first.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The places.
pub(crate) struct Places {
    most: usize,
    taken: Mutex<Taken>,
    /// Told when a place is free again.
    freed: Notify,
    /// Connections that were closed to make room.
    pub(crate) closed: AtomicU64,
}

#[derive(Default)]
struct Taken {
    count: usize,
    /// Counts what happened, to order it.
    clock: u64,
    /// The idle ones by when they became so: the longest first.
    idle: BTreeMap<u64, Arc<Mark>>,
    /// Does a connection wait for one that is idle?
    is_wanted: bool,
}

/// What is known of a connection.
#[derive(Default)]
struct Mark {
    /// Somebody who is known waits for an answer on it.
    is_busy: AtomicBool,
    /// It shall make room.
    leave: Notify,
}

/// The place of a connection; free again when this is dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    mark: Arc<Mark>,
    /// Where it stands among the idle ones.
    since: Mutex<u64>,
}

/// While this lives, the connection is not idle.
pub(crate) struct Busy(Arc<Place>);

impl Places {
    pub(crate) fn new(most: usize) -> Arc<Places> {
        let (taken, freed, closed) = (Mutex::default(), Notify::new(), AtomicU64::new(0));
        Arc::new(Places { most, taken, freed, closed })
    }

    /// Waits for a place, for which an idle connection is closed where all are taken.
    pub(crate) async fn take(self: &Arc<Self>) -> Arc<Place> {
        loop {
            let freed = self.freed.notified();
            {
                let mut taken = self.taken();
                if taken.count < self.most {
                    taken.count += 1;
                    let mark = Arc::new(Mark::default());
                    let since = Mutex::new(taken.idle_from_now(&mark));
                    return Arc::new(Place { places: Arc::clone(self), mark, since });
                }
            }
            self.make_room();
            freed.await;
        }
    }

    /// Closes the connection that has been idle longest; says whether there was one.
    pub(crate) fn make_room(&self) -> bool {
        let mut taken = self.taken();
        let Some((_, mark)) = taken.idle.pop_first() else {
            taken.is_wanted = true;
            return false;
        };
        drop(taken);
        self.closed.fetch_add(1, Ordering::Relaxed);
        mark.leave.notify_one();
        true
    }

    /// Waits until all places are free.
    pub(crate) async fn all_free(&self) {
        loop {
            let freed = self.freed.notified();
            if self.taken().count == 0 {
                return;
            }
            freed.await;
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn idle_from_now(&mut self, mark: &Arc<Mark>) -> u64 {
        self.clock += 1;
        self.idle.insert(self.clock, Arc::clone(mark));
        self.clock
    }
}

impl Place {
    /// Somebody who is known asks on it.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        self.mark.is_busy.store(true, Ordering::Release);
        self.places.taken().idle.remove(&since);
        Busy(Arc::clone(self))
    }

    /// Ends when it shall make room. Says whether somebody who is known waits on it: then it ends
    /// with that answer.
    pub(crate) async fn left(&self) -> bool {
        self.mark.leave.notified().await;
        self.mark.is_busy.load(Ordering::Acquire)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let place = &self.0;
        place.mark.is_busy.store(false, Ordering::Release);
        let mut since = place.since.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = place.places.taken();
        *since = taken.idle_from_now(&place.mark);
        if std::mem::take(&mut taken.is_wanted) {
            place.places.freed.notify_one();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = self.places.taken();
        taken.idle.remove(&since);
        taken.count = taken.count.saturating_sub(1);
        drop(taken);
        self.places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

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
