//! The stores of a server, each open for reading and following its writer: when `head` has moved,
//! the store is opened anew beside the one in use, and then put in its place.

use crate::error::{Error, Result};
use crate::scope::Scopes;
use lineal_engine::clock::Clock;
use lineal_engine::{Snapshot, Store};
use lineal_query::StoreView;
use lineal_query::source::Source;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Earlier states that are kept for those who turn pages. Each may hold a graph in memory.
const EARLIER_KEPT: usize = 2;
/// The file of a store that moves with each commit.
const HEAD: &str = "head";

/// A store by name.
pub(crate) struct Tenant {
    name: String,
    path: PathBuf,
    state: RwLock<State>,
    /// One who opens it anew is enough.
    opening: Mutex<()>,
    clock: Arc<dyn Clock>,
}

struct State {
    current: Arc<Opened>,
    earlier: VecDeque<Arc<Opened>>,
    /// Why it cannot follow.
    fault: Option<String>,
}

/// A store as it was at one commit.
pub(crate) struct Opened {
    pub(crate) store: Arc<Store>,
    pub(crate) view: StoreView,
    /// The same for whom the subject group is kept back, for who may read the trail, for both, made when
    /// the store is opened: to make one counts up what all threads share.
    views: [StoreView; 4],
    /// What tokens that are bound to systems may see of it.
    pub(crate) scopes: Scopes,
    head: Vec<u8>,
}

impl Opened {
    fn open(path: &Path) -> Result<Opened, lineal_engine::Error> {
        // Read before the store is opened: if it moves in between, the next look opens again.
        let head = std::fs::read(path.join(HEAD)).unwrap_or_default();
        Opened::of(Store::open_read_only(path)?, head)
    }

    /// A store beside one that is open: what would be.
    pub(crate) fn aside(store: Store) -> Result<Opened, lineal_engine::Error> {
        Opened::of(store, Vec::new())
    }

    fn of(store: Store, head: Vec<u8>) -> Result<Opened, lineal_engine::Error> {
        let store = Arc::new(store);
        // Over the network ids are whole: what is unique today need not be so tomorrow.
        let view = StoreView::new(Arc::clone(&store))?;
        // Who may read the trail asks for it.
        let view = view.with_whole_ids().without_trail().keeping_names();
        let views = [(false, false), (false, true), (true, false), (true, true)];
        let views = views.map(|(withheld, trail)| narrowed(view.clone(), withheld, trail));
        Ok(Opened { store, view, views, scopes: Scopes::default(), head })
    }

    /// The newest view for one from whom the subject group may be kept back, and who may read the trail.
    pub(crate) fn view_for(&self, withheld: bool, trail: bool) -> &StoreView {
        let [all, with_trail, narrow, narrow_with_trail] = &self.views;
        match (withheld, trail) {
            (false, false) => all,
            (false, true) => with_trail,
            (true, false) => narrow,
            (true, true) => narrow_with_trail,
        }
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        self.view.snapshot()
    }

    pub(crate) fn commit(&self) -> u64 {
        self.view.commit()
    }
}

/// A view without what is kept back, and with the trail where it may be read.
pub(crate) fn narrowed(view: StoreView, withheld: bool, trail: bool) -> StoreView {
    let view = if withheld { view.without_subject_group() } else { view };
    if trail { view.with_trail() } else { view }
}

impl Tenant {
    /// Opens a store.
    pub(crate) fn open(name: &str, path: &Path, clock: &Arc<dyn Clock>) -> Result<Tenant> {
        let opened = Opened::open(path);
        let current = opened.map_err(|source| Error::Store { name: name.to_owned(), source })?;
        let state = State { current: Arc::new(current), earlier: VecDeque::new(), fault: None };
        Ok(Tenant {
            name: name.to_owned(),
            path: path.to_owned(),
            state: RwLock::new(state),
            opening: Mutex::new(()),
            clock: Arc::clone(clock),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What tells the time.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// The time, ns since 1970 UTC.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// The newest state.
    pub(crate) fn current(&self) -> Arc<Opened> {
        Arc::clone(&self.read().current)
    }

    /// The last commit of the newest state.
    pub(crate) fn commit(&self) -> u64 {
        self.read().current.commit()
    }

    /// A state that is kept for a commit, or the newest one, which holds that commit too.
    pub(crate) fn holding(&self, commit: u64) -> Arc<Opened> {
        let state = self.read();
        let kept = state.earlier.iter().find(|opened| opened.commit() == commit);
        Arc::clone(kept.unwrap_or(&state.current))
    }

    /// Why it cannot follow its writer, if so.
    pub(crate) fn fault(&self) -> Option<String> {
        self.read().fault.clone()
    }

    /// Looks whether the writer has committed, and opens the store anew if so. Says whether the
    /// state is another one now. Blocks while it reads.
    pub(crate) fn follow(&self) -> bool {
        let _alone = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let head = match std::fs::read(self.path.join(HEAD)) {
            Ok(head) => head,
            Err(e) => return self.note(Some(format!("{HEAD} cannot be read: {e}"))),
        };
        if head == self.current().head {
            return self.note(None);
        }
        match Opened::open(&self.path) {
            Ok(opened) => {
                let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
                let before = std::mem::replace(&mut state.current, Arc::new(opened));
                state.earlier.push_front(before);
                state.earlier.truncate(EARLIER_KEPT);
                state.fault = None;
                true
            }
            // What is open stays in use; readiness says that it is behind.
            Err(error) => self.note(Some(error.to_string())),
        }
    }

    fn note(&self, fault: Option<String>) -> bool {
        if self.fault() != fault {
            if let Some(why) = &fault {
                tracing::error!(store = self.name, why, "the store cannot be followed");
            }
            self.state.write().unwrap_or_else(PoisonError::into_inner).fault = fault;
        }
        false
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}
