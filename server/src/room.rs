//! Room for uploads: how many bytes of them stand on the disk together, of all that arrive, wait or
//! are read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The room of a store's uploads.
pub(crate) struct Room {
    used: AtomicU64,
    most: u64,
}

impl Room {
    /// Room for so many bytes.
    pub(crate) fn of(most: u64) -> Arc<Room> {
        Arc::new(Room { used: AtomicU64::new(0), most })
    }

    /// What one upload takes of it: nothing yet.
    pub(crate) fn share(self: &Arc<Room>) -> Share {
        Share { room: Arc::clone(self), taken: AtomicU64::new(0) }
    }
}

/// What an upload takes of the room; it is given back when this is dropped.
pub(crate) struct Share {
    room: Arc<Room>,
    taken: AtomicU64,
}

impl Share {
    /// Takes more. Says whether there was room for it; if not, nothing is taken.
    pub(crate) fn take(&self, bytes: u64) -> bool {
        let fits = |used: u64| used.checked_add(bytes).filter(|used| *used <= self.room.most);
        let order = Ordering::Relaxed;
        let taken = self.room.used.fetch_update(order, order, fits).is_ok();
        if taken {
            self.taken.fetch_add(bytes, order);
        }
        taken
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.used.fetch_sub(*self.taken.get_mut(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_share_the_room_and_give_it_back() {
        let room = Room::of(10);
        let (one, other) = (room.share(), room.share());
        assert!(one.take(4) && other.take(6));
        assert!(!one.take(1) && !other.take(u64::MAX));
        drop(other);
        assert!(one.take(6) && !one.take(1));
        drop(one);
        assert_eq!(room.used.load(Ordering::Relaxed), 0);
    }
}
