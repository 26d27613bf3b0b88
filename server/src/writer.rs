//! The writer of a store: one thread that holds the store's lock and does one thing after the other,
//! imports and seals, while readers follow its commits.

mod failed;

pub(crate) use failed::{Failed, RECORDED};

use crate::body::make_folder;
use crate::config::{Config, Intake as Bounds, Writing};
use crate::error::{Error, Result};
use crate::intake::Intake;
use crate::jobs::{Input, Job, Jobs, Wanted};
use crate::preview::Preview;
use crate::problem::Problem;
use crate::room::Room;
use crate::seal;
use crate::tenant::Tenant;
use crate::trail::{self, TRAIL_STORE, Trail};
use lineal_engine::clock::Clock;
use lineal_engine::journal::Journal;
use lineal_engine::{Options, Store};
use lineal_import::{ImportOptions, LoadedMapping, import};
use lineal_query::told::came_back;
use serde_json::{Value as Json, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The folder of a store in which uploads and what is being sealed stand while they are read.
const UPLOADS: &str = "uploads";
/// The name, for programs, of what became of a job that a server which ended did not do.
pub(crate) const ENDED: &str = "ended";
/// The same of a job that somebody wished not to be done.
pub(crate) const CANCELLED: &str = "cancelled";
/// Said of one that was not begun.
const NOT_BEGUN: &str = "it was cancelled before it was begun: nothing was done";
/// How often it is looked whether the journal is large or old enough to be sealed.
const LOOK: Duration = Duration::from_millis(500);
/// How long after a seal that failed the next is tried without being asked for.
const SEAL_PAUSE: Duration = Duration::from_secs(60);

/// What is done by the thread.
struct Task {
    job: Arc<Job>,
    input: Input,
    wanted: Wanted,
    /// Given back when the task is begun.
    place: OwnedSemaphorePermit,
}

/// What the thread works with.
pub(crate) struct Hands {
    pub(crate) store: Store,
    pub(crate) mapping: Arc<LoadedMapping>,
    pub(crate) intake: Arc<Intake>,
    trail: Arc<Trail>,
    pub(crate) preview: Arc<Preview>,
    pub(crate) uploads: PathBuf,
    pub(crate) tenant: Arc<Tenant>,
    bounds: Bounds,
    is_ending: Arc<AtomicBool>,
}

/// The writer of a store.
pub(crate) struct Writer {
    tasks: Mutex<Option<SyncSender<Task>>>,
    pub(crate) jobs: Arc<Jobs>,
    pub(crate) intake: Arc<Intake>,
    pub(crate) trail: Arc<Trail>,
    /// Views with what waits.
    pub(crate) preview: Arc<Preview>,
    pub(crate) mapping: Arc<LoadedMapping>,
    /// Below this, paths may be imported.
    pub(crate) imports: Option<PathBuf>,
    pub(crate) uploads: PathBuf,
    pub(crate) room: Arc<Room>,
    /// One for each task that waits, or will when its upload is there.
    places: Arc<Semaphore>,
    is_ending: Arc<AtomicBool>,
    /// With what is cut off when it is done.
    thread: Mutex<Option<(JoinHandle<()>, Receiver<()>)>>,
}

/// A store that is open for writing, before anything reads it.
pub(crate) struct Opened {
    store: Store,
    journal: Journal,
    trail: Journal,
}

impl Opened {
    /// Takes the writer's lock and recovers what a crash left.
    pub(crate) fn open(name: &str, path: &Path) -> Result<Opened> {
        let fail = |source| Error::Store { name: name.to_owned(), source };
        let store = Store::open(path, Options::default().by_environment()).map_err(fail)?;
        let journal = Journal::open(&store).map_err(fail)?;
        let trail = Journal::open_trail(&store).map_err(fail)?;
        Ok(Opened { store, journal, trail })
    }
}

/// Opens the store that holds the trail of what is only read, and makes it if there is none. It takes
/// nothing else: no import and no live intake can name its writer.
pub(crate) fn keeper(
    path: &Path,
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> Result<(Arc<Tenant>, Arc<Writer>)> {
    if config.stores.contains_key(TRAIL_STORE) {
        return Err(Error::Config {
            place: "trail.path".to_owned(),
            why: format!(
                "a store is called `{TRAIL_STORE}`: the store for the trail has that name; call the other one otherwise"
            ),
        });
    }
    if !path.exists() {
        let fail = |source| Error::Store { name: TRAIL_STORE.to_owned(), source };
        drop(Store::create(path, Options::default()).map_err(fail)?);
    }
    let opened = Opened::open(TRAIL_STORE, path)?;
    let tenant = Arc::new(Tenant::open(TRAIL_STORE, path, clock)?);
    let writer = Writer::start(opened, &tenant, path, Writing::default(), config)?;
    Ok((tenant, Arc::new(writer)))
}

impl Writer {
    /// Starts the threads of a store's writer.
    pub(crate) fn start(
        opened: Opened,
        tenant: &Arc<Tenant>,
        path: &Path,
        writing: Writing,
        config: &Config,
    ) -> Result<Writer> {
        let Opened { store, journal, trail } = opened;
        let system = |what| move |source| Error::System { what, source };
        let wrong =
            |why: String| Error::Config { place: format!("store `{}`", tenant.name()), why };
        let mapping = match &writing.mapping {
            Some(file) => LoadedMapping::read(file),
            None => LoadedMapping::built_in(),
        };
        let mapping = Arc::new(mapping.map_err(|error| wrong(error.to_string()))?);
        // Who may put files there has nothing else read.
        let imports = writing.imports.map(|folder| lineal_import::fence(&folder)).transpose();
        let imports = imports.map_err(|error| wrong(format!("`imports`: {error}")))?;
        let uploads = path.join(UPLOADS);
        // What a process left that is no more: its jobs are gone, so are their files.
        if uploads.exists() {
            std::fs::remove_dir_all(&uploads).map_err(system("remove old uploads"))?;
        }
        make_folder(&uploads).map_err(system("make a folder for uploads"))?;
        let intake = Arc::new(Intake::start(tenant.name(), journal, &config.intake)?);
        let trail = Arc::new(Trail::start(trail, tenant, &config.trail)?);
        let shown = config.intake.shown_bytes;
        let preview = Preview::new(tenant, &intake, &mapping, uploads.clone(), shown);
        let preview = Arc::new(preview);
        let (tasks, waiting) = sync_channel(config.intake.imports_waiting);
        let is_ending = Arc::new(AtomicBool::new(false));
        let hands = Hands {
            store,
            mapping: Arc::clone(&mapping),
            intake: Arc::clone(&intake),
            trail: Arc::clone(&trail),
            preview: Arc::clone(&preview),
            uploads: uploads.clone(),
            tenant: Arc::clone(tenant),
            bounds: config.intake.clone(),
            is_ending: Arc::clone(&is_ending),
        };
        let (working, over) = sync_channel(0);
        let work = move || {
            // Dropped when it is done, also where it breaks off.
            let _working: SyncSender<()> = working;
            hands.work(&waiting);
        };
        let thread = std::thread::Builder::new()
            .name(format!("writer-{}", tenant.name()))
            .spawn(work)
            .map_err(system("start a thread"))?;
        let (tasks, thread) = (Mutex::new(Some(tasks)), Mutex::new(Some((thread, over))));
        Ok(Writer {
            tasks,
            jobs: Arc::default(),
            intake,
            trail,
            preview,
            mapping,
            imports,
            uploads,
            room: Room::of(config.intake.uploads_bytes),
            places: Arc::new(Semaphore::new(config.intake.imports_waiting)),
            is_ending,
            thread,
        })
    }

    /// Takes a job on.
    ///
    /// # Errors
    /// [`Problem::busy`] if too many wait, or the server ends.
    pub(crate) fn take(&self, job: Arc<Job>, input: Input, wanted: Wanted) -> Result<(), Problem> {
        self.take_at(self.reserve()?, job, input, wanted)
    }

    /// A place among the jobs that wait; it is free again when this is dropped.
    ///
    /// # Errors
    /// [`Problem::busy`] if too many wait.
    pub(crate) fn reserve(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| Problem::busy())
    }

    /// Takes a job on at a place that was reserved.
    ///
    /// # Errors
    /// [`Problem::busy`] if the server ends.
    pub(crate) fn take_at(
        &self,
        place: OwnedSemaphorePermit,
        job: Arc<Job>,
        input: Input,
        wanted: Wanted,
    ) -> Result<(), Problem> {
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let tasks = tasks.as_ref().ok_or_else(Problem::busy)?;
        // Known before it is begun: whoever asks finds it.
        self.jobs.add(Arc::clone(&job));
        match tasks.try_send(Task { job, input, wanted, place }) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(task) | TrySendError::Disconnected(task)) => {
                self.jobs.forget(&task.job.id);
                Err(Problem::busy())
            }
        }
    }

    /// Has a job not be done, if it still can be kept from that: one that waits never begins, and an import that
    /// runs ends before its first commit. One that is over stays as it is. Blocks until the trail knows; not for
    /// threads of the runtime.
    pub(crate) fn cancel(&self, job: &Job, commit: u64) {
        if !job.cancel() {
            return;
        }
        let ended = self.trail.job_ended(job, Some(CANCELLED), (commit, commit));
        if let Err(refused) = ended {
            tracing::error!(job = job.id, ?refused, "that a job was cancelled could not be noted");
        }
        job.end(Err((CANCELLED, NOT_BEGUN.to_owned())));
    }

    /// Tells what runs that the server ends; nobody waits for it here.
    pub(crate) fn will_end(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    /// Takes nothing more, finishes the job that runs, seals, and gives the store back. Jobs that
    /// wait fail and say so: they could take hours. Says whether it came to that by a time; if not, the
    /// thread is left to the end of the process, as a kill would leave it.
    pub(crate) fn end(&self, until: Instant) -> bool {
        self.will_end();
        self.intake.end();
        *self.tasks.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((thread, over)) = thread {
            let left = until.saturating_duration_since(Instant::now());
            if over.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
                return false;
            }
            if thread.join().is_err() {
                tracing::error!("a writer broke off; what it had not committed is in the journal");
            }
        }
        // Until then the ends of jobs are noted.
        self.trail.end();
        true
    }
}

impl Hands {
    fn work(&self, tasks: &Receiver<Task>) {
        let (mut tried, mut trail_tried): (Option<Instant>, Option<Instant>) = (None, None);
        // Also what other programs held when the store was opened.
        let mut waits = true;
        let rests =
            |tried: Option<Instant>| tried.is_some_and(|tried| tried.elapsed() < SEAL_PAUSE);
        loop {
            match tasks.recv_timeout(LOOK) {
                // What was cancelled while it waited: its end is noted by whoever did that.
                Ok(task) if !task.job.begin() => drop(task),
                Ok(task) if self.is_ending.load(Ordering::Relaxed) => {
                    let why = "the server ended before this was begun; ask for it again";
                    let commit = self.store.commit();
                    self.ended(&task.job, commit, Err((ENDED, why.to_owned())));
                }
                Ok(task) => {
                    let replaces = matches!(
                        task.input,
                        Input::Erasure(..) | Input::Compact(_) | Input::Retention(..)
                    );
                    waits |= replaces;
                    self.run(task);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.seal_unasked();
                    let _ = self.seal_trail();
                    self.clear_away();
                    return;
                }
            }
            waits = waits && self.clear_away();
            // Also between two jobs: entries and uses come while imports run.
            if self.is_due() && !rests(tried) {
                tried = self.seal_unasked().then(Instant::now);
            }
            if self.trail.is_due() && !rests(trail_tried) {
                trail_tried = self.seal_trail().is_err().then(Instant::now);
            }
        }
    }

    /// Removes what an erasure or a compaction replaced, as far as nobody reads it any more. Says whether
    /// something must wait: for an answer that is being given, or for another program.
    fn clear_away(&self) -> bool {
        // Sees that this server's own views let it go.
        let cleared = || {
            let waiting = self.store.clear_replaced()?;
            self.tenant.follow();
            if waiting == 0 {
                return Ok(0);
            }
            self.preview.forget();
            self.store.clear_replaced()
        };
        match cleared() {
            Ok(waiting) => waiting > 0,
            Err::<_, lineal_engine::Error>(error) => {
                let why = error.to_string();
                tracing::error!(store = self.tenant.name(), why, "what was replaced stays");
                false
            }
        }
    }

    /// Does the server end?
    pub(crate) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Relaxed)
    }

    /// Is the journal large or old enough?
    fn is_due(&self) -> bool {
        let pending = self.intake.pending();
        let Some(oldest) = pending.oldest else { return false };
        let age = self.tenant.now().saturating_sub(oldest) / 1_000_000_000;
        pending.bytes >= self.bounds.seal_bytes
            || u64::try_from(age).is_ok_and(|age| age >= self.bounds.seal_seconds)
    }

    /// Makes commits of the uses that wait.
    fn seal_trail(&self) -> Result<u64, Failed> {
        let name = self.tenant.name();
        let sealed = catch_unwind(AssertUnwindSafe(|| trail::seal(&self.trail, &self.store)));
        let sealed = match sealed {
            Ok(sealed) => sealed.map_err(|error| ("trail", self.store_failed(&error).1)),
            Err(_) => Err(("fault", "the server broke off; its log says more".to_owned())),
        };
        self.tenant.follow();
        match &sealed {
            Ok(0) => {}
            Ok(entries) => tracing::info!(store = name, entries, "the trail was sealed"),
            Err((_, why)) => tracing::error!(store = name, why, "the trail could not be sealed"),
        }
        sealed
    }

    /// Says whether it failed.
    fn seal_unasked(&self) -> bool {
        if self.intake.pending().entries == 0 {
            return false;
        }
        let progress = lineal_import::Progress::default();
        let done = guarded(|| seal::seal(self, self.tenant.now(), &progress));
        self.tenant.follow();
        match done {
            Ok(_) => tracing::info!(store = self.tenant.name(), "the journal was sealed"),
            Err((_, why)) => {
                tracing::error!(store = self.tenant.name(), why, "the journal could not be sealed");
                return true;
            }
        }
        false
    }

    fn run(&self, Task { job, input, wanted, place }: Task) {
        drop(place);
        let ready = match &input {
            // What was asked before may speak of what goes. Before the job's own commits.
            Input::Erasure(request, _) if request.destroys() => self.seal_trail().map(|_| ()),
            _ => Ok(()),
        };
        let before = self.store.commit();
        let work = || match &input {
            Input::Upload(upload) => self.import(&upload.file, &wanted, &job),
            Input::Path(path) => self.import(path, &wanted, &job),
            Input::Journal => seal::seal(self, self.tenant.now(), &job.progress),
            Input::Trail => self.seal_trail().map(|entries| json!({ "entries": entries })),
            Input::Erasure(request, by) => self.erase(request, by, &job.progress),
            Input::Hold(request, login) => self.hold(request, login),
            Input::Record(request, by, to_sign) => {
                self.record((request, by), *to_sign, &job.progress)
            }
            Input::Checkpoint(request, login) => self.checkpoint(request, login),
            Input::Check(about, login) => self.check(about, login),
            Input::Compact(wanted) => self.compact(wanted, &job.progress),
            Input::Retract(wanted, login) => self.retract(wanted, login),
            Input::Alias(wanted, login) => self.alias(wanted, login),
            Input::Verify(wanted) => self.verify(wanted, &job.progress),
            Input::Rebuild => self.rebuild(&job.progress),
            Input::Retention(wanted, by) => self.retain(wanted, by, &job.progress),
        };
        let ended = ready.and_then(|()| guarded(work));
        // What the job did is seen by whoever learns that it is done.
        self.tenant.follow();
        if let Err((problem, _)) = &ended {
            // Why names what was asked for, hashes and persons among it: that is for who may ask for the job.
            let (store, kind, request_id) = (self.tenant.name(), job.kind(), job.request_id());
            tracing::warn!(store, job = job.id, kind, request_id, problem, "a job failed");
        }
        match input {
            // Of its own end it would leave something to seal each time.
            Input::Trail => job.end(ended),
            _ => self.ended(&job, before, ended),
        }
    }

    /// A job ended: the trail says so before anybody is told.
    fn ended(&self, job: &Job, before: u64, ended: Result<Json, Failed>) {
        let problem = ended.as_ref().err().map(|(name, _)| *name);
        let commits = (before, self.store.commit());
        if let Err(refused) = self.trail.job_ended(job, problem, commits) {
            let (store, job) = (self.tenant.name(), &job.id);
            tracing::error!(
                store,
                job,
                ?refused,
                "the end of a job could not be noted in the trail"
            );
        }
        job.end(ended);
    }

    fn import(&self, path: &Path, wanted: &Wanted, job: &Job) -> Result<Json, Failed> {
        let options = ImportOptions {
            form: wanted.form.clone(),
            source: wanted.source.clone(),
            observed_at: wanted.observed_at,
            strict: wanted.strict,
            dry_run: wanted.dry_run,
            ..ImportOptions::default()
        };
        let paths = [path.to_owned()];
        let report = import(&self.store, &paths, &options, &self.mapping, &job.progress);
        let report = report.map_err(|error| self.failed(&error, path, job.label()))?;
        let mut json = self.told(&report, path, job.label());
        let back =
            report.import.map(|import| came_back(&self.store, &self.store.snapshot()?, import));
        let back = match (back.transpose(), &report.waits) {
            // A view may lay something aside on the same disk.
            (Err(lineal_engine::Error::Io { .. }), Some(_)) => None,
            (back, _) => back.map_err(|error| self.store_failed(&error))?,
        };
        json["brought_back"] = back.unwrap_or_default().json();
        Ok(json)
    }
}

/// Does a piece of work whose panic ends that work alone.
fn guarded(work: impl FnOnce() -> Result<Json, Failed>) -> Result<Json, Failed> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(("fault", "the server broke off; its log says more".to_owned())))
}

#[cfg(test)]
impl Hands {
    /// Of a new store in a folder; the server ends when the flag is set.
    pub(crate) fn over(folder: &Path) -> (Hands, Arc<AtomicBool>) {
        drop(Store::create(folder, Options::default()).unwrap());
        let Opened { store, journal, trail } = Opened::open("main", folder).unwrap();
        let (config, clock) = (Config::default(), Arc::new(lineal_engine::clock::SystemClock));
        let clock: Arc<dyn Clock> = clock;
        let tenant = Arc::new(Tenant::open("main", folder, &clock).unwrap());
        let mapping = Arc::new(LoadedMapping::built_in().unwrap());
        let intake = Arc::new(Intake::start("main", journal, &config.intake).unwrap());
        let trail = Arc::new(Trail::start(trail, &tenant, &config.trail).unwrap());
        let uploads = folder.join(UPLOADS);
        let preview = Preview::new(&tenant, &intake, &mapping, uploads.clone(), 0);
        let (preview, is_ending) = (Arc::new(preview), Arc::new(AtomicBool::new(false)));
        let (bounds, ending) = (config.intake, Arc::clone(&is_ending));
        let hands =
            Hands { store, mapping, intake, trail, preview, uploads, tenant, bounds, is_ending };
        (hands, ending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_was_cancelled_is_not_done_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        drop(Store::create(&path, Options::default()).unwrap());
        let clock: Arc<dyn Clock> = Arc::new(lineal_engine::clock::SystemClock);
        let opened = Opened::open("main", &path).unwrap();
        let tenant = Arc::new(Tenant::open("main", &path, &clock).unwrap());
        let (writing, config) = (Writing::default(), Config::default());
        let writer = Writer::start(opened, &tenant, &path, writing, &config).unwrap();
        let job = |id: &str| {
            Job::new(id.to_owned(), "rebuild", "x".to_owned(), 0, (None, "request".into()))
        };
        let (cancelled, other) = (job("1"), job("2"));
        writer.cancel(&cancelled, 0);
        for job in [&cancelled, &other] {
            writer.take(Arc::clone(job), Input::Rebuild, Wanted::default()).unwrap();
        }
        let is_over = || other.told().state != "waiting" && other.told().state != "running";
        while !is_over() {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(other.told().state, "done", "what comes behind it is done");
        let told = cancelled.told();
        let problem = told.problem.unwrap();
        assert_eq!((told.state.as_str(), &problem["detail"]), ("failed", &json!(NOT_BEGUN)));
        assert_eq!(problem["type"], "urn:lineal:problem:cancelled");
        assert!(writer.end(Instant::now() + Duration::from_secs(30)));
    }
}
