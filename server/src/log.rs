//! The log: structured lines on standard error, so that standard output stays for answers. It holds
//! ids of tokens, never their texts, and no words of questions.
//!
//! Lines are gathered for some milliseconds and written together: a system call a request is a tenth of
//! what a short question takes (`benches/load/run.py`). What warns is written at once, with all that
//! came before it.

mod answered;
mod line;

pub(crate) use answered::Answered;

use crate::config::{Log, LogForm};
use crate::error::{Error, Result};
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How the crates are called whose lines are written. Those of libraries hold what callers say: rmcp's the whole
/// message, question, parameters and answer, and of one that is wrong its text as a warning.
const OURS: &str = "lineal_";
/// How long a line may wait.
const WAIT: Duration = Duration::from_millis(20);
/// Bytes of lines that wait; who would add more writes them first, and so waits for whoever reads.
const WAITING_BYTES_MAX: usize = 1 << 20;

/// Is the log of this process ours, as text, with what is said of each request?
static TELLS_REQUESTS: AtomicBool = AtomicBool::new(false);

/// Lines that are not written yet.
static WAITING: Waiting = Waiting {
    lines: Mutex::new(Vec::new()),
    some: Condvar::new(),
    written: Mutex::new(Vec::new()),
};

/// Starts it, once a process; where one is running already, that one stays.
///
/// # Errors
/// [`Error::Config`] if there is no such level, [`Error::System`] if there is no thread for it.
pub fn start(log: &Log) -> Result<()> {
    let level: LevelFilter = log.level.parse().map_err(|_| Error::Config {
        place: "log.level".to_owned(),
        why: format!("`{}` is none of off, error, warn, info, debug, trace", log.level),
    })?;
    let lines =
        tracing_subscriber::fmt().with_max_level(level).with_writer(&WAITING).with_target(false);
    let started = match log.form {
        LogForm::Text => {
            lines.with_ansi(false).event_format(line::Plain).finish().with(ours(level)).try_init()
        }
        LogForm::Json => lines.json().flatten_event(true).finish().with(ours(level)).try_init(),
    };
    // A program that embeds the server may have its own.
    if started.is_ok() {
        let tells = log.form == LogForm::Text && level >= LevelFilter::INFO;
        TELLS_REQUESTS.store(tells, Ordering::Relaxed);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(|| WAITING.write_for_ever())
            .map_err(|source| Error::System { what: "start a thread", source })?;
    }
    Ok(())
}

/// Lets our own lines up to a level through, and no library's at any.
fn ours(level: LevelFilter) -> Targets {
    Targets::new().with_target(OURS, level)
}

/// Writes what waits.
pub(crate) fn flush() {
    WAITING.write_out(&mut io::stderr());
}

/// Adds a line that warns of nothing.
fn add(line: &str) {
    // What takes lines takes them all.
    let _ = Line { warns: false }.write(line.as_bytes());
}

struct Waiting {
    lines: Mutex<Vec<u8>>,
    some: Condvar,
    /// Whoever writes holds it, so that lines stay in their order, and not the lines that come meanwhile: a
    /// log that is slow must not hold up requests. The memory of what was written last.
    written: Mutex<Vec<u8>>,
}

impl Waiting {
    fn lines(&self) -> MutexGuard<'_, Vec<u8>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_for_ever(&self) {
        loop {
            let lines = self.some.wait_while(self.lines(), |lines| lines.is_empty());
            drop(lines);
            std::thread::sleep(WAIT);
            self.write_out(&mut io::stderr());
        }
    }

    fn write_out(&self, log: &mut impl Write) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.clear();
        std::mem::swap(&mut *self.lines(), &mut *written);
        // A log that cannot be written has nowhere to say so.
        let _ = log.write_all(&written);
    }
}

/// One line.
struct Line {
    /// Is it written at once?
    warns: bool,
}

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut lines = WAITING.lines();
        if lines.is_empty() {
            WAITING.some.notify_one();
        }
        lines.extend_from_slice(line);
        let is_full = lines.len() >= WAITING_BYTES_MAX;
        drop(lines);
        if self.warns || is_full {
            WAITING.write_out(&mut io::stderr());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for &'static Waiting {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { warns: true }
    }

    fn make_writer_for(&'a self, about: &tracing::Metadata<'_>) -> Line {
        Line { warns: *about.level() <= tracing::Level::WARN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    /// A log that takes a piece when it is told to.
    struct Slow<'a>(SyncSender<Vec<u8>>, &'a Receiver<()>);

    impl Write for Slow<'_> {
        fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
            self.0.send(piece.to_vec()).unwrap();
            self.1.recv().unwrap();
            Ok(piece.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_of_libraries_are_written_at_no_level() {
        let kept = line::tests::Kept::default();
        let lines = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE);
        let lines = lines.with_ansi(false).with_writer(kept.clone()).event_format(line::Plain);
        let lines = lines.finish().with(ours(LevelFilter::TRACE));
        tracing::subscriber::with_default(lines, || {
            let question = "find actor";
            tracing::trace!(target: "rmcp::service", question, "message");
            tracing::error!(target: "rmcp", question, "response error");
            tracing::error!(target: "hyper::proto", question, "a library that comes to speak");
            let _within = tracing::error_span!(target: "rmcp", "serve", question).entered();
            tracing::trace!("ours");
        });
        let lines = kept.text();
        assert!(lines.ends_with(" TRACE ours\n") && lines.lines().count() == 1, "{lines}");
    }

    #[test]
    fn lines_come_while_a_slow_log_is_written_and_stay_in_their_order() {
        let (lines, written) = (Mutex::new(b"a\n".to_vec()), Mutex::default());
        let waiting = Waiting { lines, some: Condvar::new(), written };
        let (tell, told) = sync_channel(2);
        let (go, may) = sync_channel(2);
        std::thread::scope(|scope| {
            let waiting = &waiting;
            scope.spawn(move || {
                waiting.write_out(&mut Slow(tell.clone(), &may));
                waiting.write_out(&mut Slow(tell, &may));
            });
            assert_eq!(told.recv().unwrap(), b"a\n");
            // The log is still busy with it.
            waiting.lines().extend_from_slice(b"b\n");
            waiting.lines().extend_from_slice(b"c\n");
            go.send(()).unwrap();
            assert_eq!(told.recv().unwrap(), b"b\nc\n");
            go.send(()).unwrap();
        });
        assert!(waiting.lines().is_empty());
    }
}
