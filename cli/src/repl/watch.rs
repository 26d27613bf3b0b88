//! While a question runs: Ctrl-C, the deadline, and a sign of life.

use crate::exit::{Failure, Outcome};
use crate::render::grouped;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lineal_query::CHECK_EVERY;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A question that takes longer than this says that it is at work.
const QUIET: Duration = Duration::from_millis(400);
/// How often the sign of life moves.
const TICK: Duration = Duration::from_millis(100);
/// What a shell calls a process that Ctrl-C ended: 128 + SIGINT.
const EXIT_INTERRUPTED: i32 = 130;

#[derive(Default)]
struct Signals {
    /// A question is running.
    running: AtomicBool,
    /// Ctrl-C was pressed since it began.
    pressed: AtomicBool,
}

/// Ctrl-C as a wish instead of an end. At the prompt the editor sees the key itself.
#[derive(Clone, Default)]
pub(crate) struct Interrupt {
    signals: Arc<Signals>,
}

impl Interrupt {
    /// Takes over Ctrl-C for the process. A second press while a question still runs ends the
    /// process: nothing can be lost, the store is open for reading only.
    pub(crate) fn install() -> Outcome<Interrupt> {
        let interrupt = Interrupt::default();
        let signals = Arc::clone(&interrupt.signals);
        ctrlc::set_handler(move || {
            let running = signals.running.load(Ordering::SeqCst);
            if signals.pressed.swap(true, Ordering::SeqCst) && running {
                std::process::exit(EXIT_INTERRUPTED);
            }
        })
        .map_err(|e| Failure::usage(format!("cannot listen for Ctrl-C: {e}")))?;
        Ok(interrupt)
    }
}

/// The watch over one question.
pub(crate) struct Watch {
    interrupt: Interrupt,
    begun: Instant,
    time: Option<Duration>,
    /// The sign of life; `None` before it is due, and where nobody looks.
    bar: Mutex<Option<ProgressBar>>,
    visible: bool,
    /// How often the executor has asked, each time after a stretch of work.
    asked: AtomicU64,
}

impl Watch {
    /// Begins with the question.
    pub(crate) fn new(interrupt: &Interrupt, time: Option<Duration>, visible: bool) -> Watch {
        interrupt.signals.pressed.store(false, Ordering::SeqCst);
        interrupt.signals.running.store(true, Ordering::SeqCst);
        let interrupt = interrupt.clone();
        let asked = AtomicU64::new(0);
        Watch { interrupt, begun: Instant::now(), time, bar: Mutex::new(None), visible, asked }
    }

    /// Was Ctrl-C pressed?
    pub(crate) fn pressed(&self) -> bool {
        self.interrupt.signals.pressed.load(Ordering::SeqCst)
    }

    /// How long the question has run.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Should the question end? Asked by the executor now and then.
    pub(crate) fn stop(&self) -> bool {
        let elapsed = self.elapsed();
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        if self.visible && elapsed > QUIET {
            let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
            bar.get_or_insert_with(spinner).set_message(pace(asked, elapsed));
        }
        self.pressed() || self.time.is_some_and(|time| elapsed > time)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.interrupt.signals.running.store(false, Ordering::SeqCst);
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}

/// What was looked at so far, edges, events and rows together, and how much of it a second.
fn pace(asked: u64, elapsed: Duration) -> String {
    let looked = asked.saturating_mul(CHECK_EVERY);
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = looked.saturating_mul(1_000) / millis;
    format!("{} steps, {}/s", grouped(looked), grouped(rate))
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) =
        ProgressStyle::with_template("{spinner} at work for {elapsed}, {msg}, Ctrl-C stops it")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_stopped_by_its_deadline_or_by_a_press_of_this_question() {
        let interrupt = Interrupt::default();
        interrupt.signals.pressed.store(true, Ordering::SeqCst);
        let watch = Watch::new(&interrupt, None, false);
        assert!(!watch.stop(), "a press before the question is no wish about it");
        interrupt.signals.pressed.store(true, Ordering::SeqCst);
        assert!(watch.stop() && watch.pressed());
        drop(watch);
        assert!(!interrupt.signals.running.load(Ordering::SeqCst));
        let watch = Watch::new(&interrupt, Some(Duration::ZERO), false);
        std::thread::sleep(Duration::from_millis(1));
        assert!(watch.stop() && !watch.pressed());
    }

    #[test]
    fn the_pace_counts_what_lies_between_two_looks() {
        assert_eq!(pace(1_000, Duration::from_secs(2)), "4,096,000 steps, 2,048,000/s");
        assert_eq!(pace(1, Duration::ZERO), "4,096 steps, 4,096,000/s");
    }
}
