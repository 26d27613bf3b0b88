//! The stores of a server, each open for reading and following its writer: when `head` has moved,
//! the store is opened anew beside the one in use, and then put in its place.

use crate::error::{Error, Result};
use crate::scope::Scopes;
use lineal_engine::clock::Clock;
use lineal_engine::{KnownSystems, Snapshot, Store};
use lineal_query::StoreView;
use lineal_query::source::Source;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Earlier states that are kept for those who turn pages, as long as nothing was erased or packed since. Each
/// may hold a graph in memory.
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
    /// The same for whom the subject group is kept back, for who may read the trail, for who sees what is
    /// restricted, and for all of these together, made when the store is opened: to make one counts up
    /// what all threads share. [`Opened::view_for`] has the order.
    views: Box<[StoreView]>,
    /// What tokens that are bound to systems may see of it.
    pub(crate) scopes: Scopes,
    head: Vec<u8>,
    /// The newest mark before it was opened: files that were replaced up to there it does not hold.
    mark: u64,
}

impl Opened {
    fn open(path: &Path, known: Arc<KnownSystems>) -> Result<Opened, lineal_engine::Error> {
        // Read before the store is opened: if it moves in between, the next look opens again.
        let head = std::fs::read(path.join(HEAD)).unwrap_or_default();
        let mark = Store::newest_mark(path)?;
        Opened::of(Store::open_read_only(path)?, head, mark, known)
    }

    /// A store beside one that is open: what would be.
    pub(crate) fn aside(store: Store, base: &Opened) -> Result<Opened, lineal_engine::Error> {
        Opened::of(store, Vec::new(), 0, Arc::clone(base.scopes.known()))
    }

    fn of(
        store: Store,
        head: Vec<u8>,
        mark: u64,
        known: Arc<KnownSystems>,
    ) -> Result<Opened, lineal_engine::Error> {
        let store = Arc::new(store);
        // Over the network ids are whole: what is unique today need not be so tomorrow.
        let view = StoreView::new(Arc::clone(&store))?;
        // Who may read the trail asks for it.
        let view = view.with_whole_ids().without_trail().keeping_names();
        let views = (0..VIEWS).map(|at| {
            let bit = |number: usize| at >> number & 1 == 1;
            narrowed(view.clone(), Shown { withheld: bit(0), trail: bit(1), restricted: bit(2) })
        });
        let views = views.collect();
        Ok(Opened { store, view, views, scopes: Scopes::knowing(known), head, mark })
    }

    /// The newest view for one who may see so much of it.
    pub(crate) fn view_for(&self, shown: Shown) -> &StoreView {
        let Shown { withheld, trail, restricted } = shown;
        let at = usize::from(withheld) | usize::from(trail) << 1 | usize::from(restricted) << 2;
        self.views.get(at).unwrap_or(&self.view)
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        self.view.snapshot()
    }

    pub(crate) fn commit(&self) -> u64 {
        self.view.commit()
    }
}

/// What of a whole view one may see, as three answers.
#[derive(Clone, Copy)]
pub(crate) struct Shown {
    /// Is the subject group of events kept back?
    pub(crate) withheld: bool,
    /// Is the trail there?
    pub(crate) trail: bool,
    /// Is what is restricted there?
    pub(crate) restricted: bool,
}

/// How many views that makes.
const VIEWS: usize = 8;

/// A view without what is kept back, and with what is for few where it may be seen.
pub(crate) fn narrowed(view: StoreView, shown: Shown) -> StoreView {
    let view = if shown.withheld { view.without_subject_group() } else { view };
    let view = if shown.restricted { view.with_restricted() } else { view };
    if shown.trail { view.with_trail() } else { view }
}

impl Tenant {
    /// Opens a store.
    pub(crate) fn open(name: &str, path: &Path, clock: &Arc<dyn Clock>) -> Result<Tenant> {
        let opened = Opened::open(path, Arc::default());
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

    /// Looks whether the writer has committed, or waits for files to be let go, and opens the store anew if so. Says whether the
    /// state is another one now. Blocks while it reads.
    pub(crate) fn follow(&self) -> bool {
        let _alone = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let head = match std::fs::read(self.path.join(HEAD)) {
            Ok(head) => head,
            Err(e) => return self.note(Some(format!("{HEAD} cannot be read: {e}"))),
        };
        let (current, mark) = (self.current(), Store::newest_mark(&self.path).unwrap_or(0));
        if head == current.head && mark <= current.mark {
            return self.note(None);
        }
        let known = Arc::clone(current.scopes.known());
        drop(current);
        self.replace(known)
    }

    /// Opens the store anew although nothing was committed: what is derived of it is made anew. Earlier states
    /// go, since they hold what was derived before. Blocks while it reads.
    pub(crate) fn open_anew(&self) {
        let _alone = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let known = Arc::clone(self.current().scopes.known());
        if self.replace(known) {
            self.state.write().unwrap_or_else(PoisonError::into_inner).earlier.clear();
        }
    }

    /// Puts the store as it is now in the place of the state in use. Says whether that was done.
    fn replace(&self, known: Arc<KnownSystems>) -> bool {
        match Opened::open(&self.path, known) {
            Ok(opened) => {
                let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
                let before = std::mem::replace(&mut state.current, Arc::new(opened));
                // An earlier state keeps files in place: of what was replaced since, what was erased too.
                let mark = state.current.mark;
                state.earlier.push_front(before);
                state.earlier.retain(|earlier| earlier.mark == mark);
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
