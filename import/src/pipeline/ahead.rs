//! What one thread makes and another takes, so many bytes ahead: a step that takes long now and then, as
//! a commit does, stops nobody before there is that much.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Items on their way.
pub(super) struct Ahead<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    bytes_max: usize,
}

struct State<T> {
    waiting: VecDeque<(T, usize)>,
    bytes: usize,
    has_ended: bool,
}

impl<T> Ahead<T> {
    /// Nothing yet, and room for so many bytes; a single item may have more.
    pub(super) fn new(bytes_max: usize) -> Ahead<T> {
        let state = State { waiting: VecDeque::new(), bytes: 0, has_ended: false };
        Ahead { state: Mutex::new(state), changed: Condvar::new(), bytes_max }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over an item of so many bytes when there is room. False where nobody takes any more.
    pub(super) fn put(&self, item: T, bytes: usize) -> bool {
        let mut state = self.state();
        while !state.has_ended && state.bytes > 0 && state.bytes + bytes > self.bytes_max {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.has_ended {
            return false;
        }
        state.bytes += bytes;
        state.waiting.push_back((item, bytes));
        self.changed.notify_all();
        true
    }

    /// The next item when it is there; none when all were taken and no more come.
    pub(super) fn take(&self) -> Option<T> {
        let mut state = self.state();
        loop {
            if let Some((item, bytes)) = state.waiting.pop_front() {
                state.bytes -= bytes;
                self.changed.notify_all();
                return Some(item);
            }
            if state.has_ended {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends it when what is returned is dropped, however that comes about: neither side waits for one
    /// that is gone.
    pub(super) fn ending(&self) -> Ending<'_, T> {
        Ending(self)
    }
}

/// Ends what is made ahead when it is dropped.
pub(super) struct Ending<'a, T>(&'a Ahead<T>);

impl<T> Drop for Ending<'_, T> {
    fn drop(&mut self) {
        self.0.state().has_ended = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    #[test]
    fn items_come_in_their_order_and_no_more_bytes_wait_than_there_is_room_for() {
        let (ahead, made, taken) = (Ahead::new(100), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                let _ending = ahead.ending();
                for item in 0..50 {
                    made.fetch_add(1, Ordering::SeqCst);
                    // One is larger than all the room there is.
                    assert!(ahead.put(item, if item == 7 { 500 } else { 40 }));
                }
            });
            let _ending = ahead.ending();
            let mut items = Vec::new();
            while let Some(item) = ahead.take() {
                items.push(item);
                // Two fit, and one more waits to be put.
                let ahead_of = made.load(Ordering::SeqCst) - taken.fetch_add(1, Ordering::SeqCst);
                assert!(ahead_of <= 4, "{ahead_of} items ahead of those taken");
            }
            assert_eq!(items, (0..50).collect::<Vec<_>>());
        });
    }

    #[test]
    fn whoever_puts_learns_that_nobody_takes_any_more() {
        let ahead = Ahead::new(10);
        thread::scope(|scope| {
            let putting = scope.spawn(|| (0..).take_while(|item| ahead.put(*item, 8)).count());
            assert_eq!(ahead.take(), Some(0));
            drop(ahead.ending());
            assert!(putting.join().unwrap() <= 3);
        });
    }
}
