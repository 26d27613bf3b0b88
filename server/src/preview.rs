//! What waits in the journal, seen before it is sealed: the importers that will seal it write it into a
//! store aside (`Store::aside`), in memory, and questions are asked of that one's view. So what an answer
//! shows of it is what it will show once it is sealed, but that nothing of it can be proved yet.
//!
//! Such a view is made when somebody asks for what waits and something new does, on a thread of its own,
//! one at a time, and then not again for some times as long as that took.

use crate::intake::Intake;
use crate::seal::import_requests;
use crate::tenant::{Opened, Tenant};
use lineal_engine::Options;
use lineal_engine::clock::Clock;
use lineal_engine::journal::Pending;
use lineal_import::LoadedMapping;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Longest that a question waits for a view that is being made: most stores need less. A question that
/// does not get it says what it lacks.
const PATIENCE: Duration = Duration::from_millis(250);
/// For so many times as long as a view took to make none is made: a fifth of a core at most goes there.
const REST: u32 = 4;

/// A view with what waited when it was made.
pub(crate) struct Previewed {
    /// The store aside.
    pub(crate) opened: Arc<Opened>,
    /// What it shows.
    pub(crate) entries: Pending,
    /// Names it, for cursors; from 1.
    pub(crate) number: u64,
    /// What it began as. Held: its files are read where they lie.
    base: Arc<Opened>,
    /// The entry of the journal behind the last that it shows.
    next: u64,
}

/// Makes them.
pub(crate) struct Preview {
    tenant: Arc<Tenant>,
    intake: Arc<Intake>,
    mapping: Arc<LoadedMapping>,
    uploads: PathBuf,
    clock: Arc<dyn Clock>,
    /// Bytes of the journal up to which it is shown.
    most: u64,
    made: Mutex<Made>,
    /// Told when a view was made, or could not be.
    is_made: Condvar,
}

#[derive(Default)]
struct Made {
    shown: Option<Arc<Previewed>>,
    /// How many were made.
    count: u64,
    is_making: bool,
    /// Until when none is made.
    rests: Option<Instant>,
}

impl Preview {
    pub(crate) fn new(
        tenant: &Arc<Tenant>,
        intake: &Arc<Intake>,
        mapping: &Arc<LoadedMapping>,
        uploads: PathBuf,
        most: u64,
    ) -> Preview {
        Preview {
            tenant: Arc::clone(tenant),
            intake: Arc::clone(intake),
            mapping: Arc::clone(mapping),
            uploads,
            clock: tenant.clock(),
            most,
            made: Mutex::default(),
            is_made: Condvar::new(),
        }
    }

    /// A view of a state with what waits, the newest that can be had soon; none where nothing waits, or
    /// too much does. Blocks for a moment.
    pub(crate) fn shown(self: &Arc<Self>, base: &Arc<Opened>) -> Option<Arc<Previewed>> {
        let pending = self.intake.pending();
        if pending.entries == 0 || pending.bytes > self.most {
            self.forget();
            return None;
        }
        let next = self.intake.next_sequence();
        let is_of = |shown: &Arc<Previewed>| Arc::ptr_eq(&shown.base, base);
        let mut made = self.made();
        let newest = made.shown.clone().filter(is_of).filter(|shown| shown.next == next);
        if newest.is_some() {
            return newest;
        }
        let rests = made.rests.is_some_and(|end| Instant::now() < end);
        if !made.is_making && !rests {
            let (maker, base) = (Arc::clone(self), Arc::clone(base));
            let name = format!("preview-{}", self.tenant.name());
            let thread = std::thread::Builder::new().name(name).spawn(move || maker.make(base));
            made.is_making = thread.is_ok();
        }
        let made = self.is_made.wait_timeout_while(made, PATIENCE, |made| made.is_making);
        let (made, _) = made.unwrap_or_else(PoisonError::into_inner);
        made.shown.clone().filter(is_of)
    }

    /// The view of an earlier page, if it is the last that was made.
    pub(crate) fn numbered(&self, number: u64) -> Option<Arc<Previewed>> {
        self.made().shown.clone().filter(|shown| shown.number == number)
    }

    /// Lets go of the view: what it shows is sealed.
    pub(crate) fn forget(&self) {
        self.made().shown = None;
    }

    fn make(&self, base: Arc<Opened>) {
        let begun = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| self.view(&base)));
        let done = done.unwrap_or_else(|_| Err("it broke off by a fault of ours".to_owned()));
        let mut made = self.made();
        match done {
            Ok((opened, entries, next)) => {
                made.count += 1;
                let number = made.count;
                made.shown = Some(Arc::new(Previewed { opened, entries, number, base, next }));
            }
            // Answers say what they lack; sealing will say what is wrong.
            Err(why) => {
                let store = self.tenant.name();
                tracing::warn!(store, why, "what waits in the journal cannot be shown");
            }
        }
        made.is_making = false;
        let rest = begun.elapsed().saturating_mul(REST);
        made.rests = Instant::now().checked_add(rest);
        self.is_made.notify_all();
    }

    /// What waits, in a store aside.
    fn view(&self, base: &Opened) -> Result<(Arc<Opened>, Pending, u64), String> {
        let told = |error: lineal_engine::Error| error.to_string();
        let (files, entries, next) = self.intake.waiting().map_err(told)?;
        let options = Options { clock: Arc::clone(&self.clock), ..Options::default() };
        let store = base.store.aside(&options).map_err(told)?;
        for (number, requests) in &files {
            let spool = ("shown", self.uploads.as_path());
            import_requests(&store, &self.mapping, spool, (*number, requests)).map_err(|e| e.1)?;
        }
        let opened = Opened::aside(store, base).map_err(told)?;
        Ok((Arc::new(opened), entries, next))
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
