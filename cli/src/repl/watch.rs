//! While a question runs: Ctrl-C and a sign of life.

use crate::exit::{Failure, Outcome};
use crate::render::grouped;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lineal_query::CHECK_EVERY;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
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
    /// process: nothing can be lost, the store is open for reading only. So does one while none
    /// runs, unless there is a prompt to come back to.
    pub(crate) fn install(has_prompt: bool) -> Outcome<Interrupt> {
        let interrupt = Interrupt::default();
        let signals = Arc::clone(&interrupt.signals);
        ctrlc::set_handler(move || {
            let running = signals.running.load(Ordering::SeqCst);
            let again = signals.pressed.swap(true, Ordering::SeqCst);
            let is_over = if running { again } else { !has_prompt };
            if is_over {
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
    work: Arc<Work>,
    /// Draws the sign of life, where somebody looks.
    drawing: Option<JoinHandle<()>>,
}

/// What the question has done so far.
#[derive(Default)]
struct Work {
    /// How often the executor has asked, each time after a stretch of work.
    asked: AtomicU64,
    ended: AtomicBool,
}

impl Watch {
    /// Begins with the question.
    pub(crate) fn new(interrupt: &Interrupt, visible: bool) -> Watch {
        interrupt.signals.pressed.store(false, Ordering::SeqCst);
        interrupt.signals.running.store(true, Ordering::SeqCst);
        let (begun, work) = (Instant::now(), Arc::new(Work::default()));
        // A thread of its own: a long step of the executor must not look like a dead program.
        let drawing = visible.then(|| {
            let work = Arc::clone(&work);
            std::thread::spawn(move || draw(&work, begun))
        });
        Watch { interrupt: interrupt.clone(), work, drawing }
    }

    /// Was Ctrl-C pressed?
    pub(crate) fn pressed(&self) -> bool {
        self.interrupt.signals.pressed.load(Ordering::SeqCst)
    }

    /// Should the question end? Asked by the executor now and then.
    pub(crate) fn stop(&self) -> bool {
        self.work.asked.fetch_add(1, Ordering::Relaxed);
        self.pressed()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.interrupt.signals.running.store(false, Ordering::SeqCst);
        self.work.ended.store(true, Ordering::SeqCst);
        if let Some(drawing) = self.drawing.take() {
            drawing.thread().unpark();
            // It only draws: if it has failed, the answer is there all the same.
            let _ = drawing.join();
        }
    }
}

/// Says that a question is at work, from when it is worth saying until it has ended.
fn draw(work: &Work, begun: Instant) {
    let mut bar: Option<ProgressBar> = None;
    while !work.ended.load(Ordering::SeqCst) {
        let elapsed = begun.elapsed();
        if elapsed < QUIET {
            std::thread::park_timeout(QUIET.saturating_sub(elapsed));
            continue;
        }
        let bar = bar.get_or_insert_with(spinner);
        bar.set_message(pace(work.asked.load(Ordering::Relaxed), elapsed));
        bar.tick();
        std::thread::park_timeout(TICK);
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

/// What was looked at so far, edges, events and rows together, and how much of it a second.
fn pace(asked: u64, elapsed: Duration) -> String {
    let looked = asked.saturating_mul(CHECK_EVERY);
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = looked.saturating_mul(1_000) / millis;
    let seconds = elapsed.as_secs();
    if asked == 0 {
        return format!("{seconds} s");
    }
    format!("{seconds} s, {} steps, {}/s", grouped(looked), grouped(rate))
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} at work for {msg}, Ctrl-C stops it")
    {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_stopped_by_a_press_of_this_question() {
        let interrupt = Interrupt::default();
        interrupt.signals.pressed.store(true, Ordering::SeqCst);
        let watch = Watch::new(&interrupt, false);
        assert!(!watch.stop(), "a press before the question is no wish about it");
        interrupt.signals.pressed.store(true, Ordering::SeqCst);
        assert!(watch.stop() && watch.pressed());
        drop(watch);
        assert!(!interrupt.signals.running.load(Ordering::SeqCst));
    }

    #[test]
    fn the_pace_counts_what_lies_between_two_looks() {
        assert_eq!(pace(1_000, Duration::from_secs(2)), "2 s, 4,096,000 steps, 2,048,000/s");
        assert_eq!(pace(1, Duration::ZERO), "0 s, 4,096 steps, 4,096,000/s");
        assert_eq!(pace(0, Duration::from_secs(3)), "3 s", "one long step has no pace yet");
    }
}
