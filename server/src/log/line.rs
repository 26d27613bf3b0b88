//! A line of the log as text: time, level, words, fields. The same line that `tracing-subscriber` writes,
//! without its way through `fmt` for each piece: that took as long as reading the request that the line is
//! about (`benches/load/run.py`).

use lineal_engine::clock::{Clock, SystemClock};
use std::cell::RefCell;
use std::fmt::{self, Write as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Nanoseconds of a second.
const SECOND_NS: i64 = 1_000_000_000;
/// Nanoseconds of a microsecond.
const MICROSECOND_NS: i64 = 1_000;
/// The field that holds the words of an event.
const WORDS: &str = "message";

thread_local! {
    /// The second of the last line of this thread, and its text without the zone.
    static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
}

/// Writes events as lines.
pub(super) struct Plain;

/// Bytes that most lines need.
pub(super) const LINE_BYTES: usize = 256;

/// Begins a line that informs: time, level.
pub(super) fn begin(line: &mut String) {
    push_time(line, SystemClock.now());
    line.push_str(INFORMS);
}

/// As wide as the widest of the levels.
const INFORMS: &str = "  INFO";

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::with_capacity(LINE_BYTES);
        push_time(&mut line, SystemClock.now());
        // As wide as the widest of them.
        line.push_str(match *event.metadata().level() {
            Level::ERROR => " ERROR",
            Level::WARN => "  WARN",
            Level::INFO => INFORMS,
            Level::DEBUG => " DEBUG",
            Level::TRACE => " TRACE",
        });
        event.record(&mut Fields(&mut line));
        line.push('\n');
        out.write_str(&line)
    }
}

/// A time in ns since 1970 UTC, to the microsecond: `2026-11-22T13:00:00.000001Z`.
fn push_time(line: &mut String, now: i64) {
    let (second, part) = (now.div_euclid(SECOND_NS), now.rem_euclid(SECOND_NS) / MICROSECOND_NS);
    SECOND.with_borrow_mut(|(known, text)| {
        if *known != second {
            let time = jiff::Timestamp::from_second(second);
            *text = time.map_or_else(|_| second.to_string(), |time| time.to_string());
            if text.ends_with('Z') {
                text.pop();
            }
            *known = second;
        }
        line.push_str(text);
    });
    // A String takes everything, here and below.
    let _ = write!(line, ".{part:06}Z");
}

/// Writes the fields of an event behind what stands in the line.
struct Fields<'a>(&'a mut String);

impl Fields<'_> {
    /// Begins a field.
    fn name(&mut self, field: &Field) {
        self.0.push(' ');
        let name = field.name();
        if name != WORDS {
            self.0.push_str(name.strip_prefix("r#").unwrap_or(name));
            self.0.push('=');
        }
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.name(field);
        let _ = write!(self.0, "{value:?}");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        // Words have no quotes.
        if field.name() == WORDS {
            return self.record_debug(field, &format_args!("{value}"));
        }
        self.name(field);
        push_quoted(self.0, value);
    }
}

/// A value in quotes. What needs no escape is written as it is.
pub(super) fn push_quoted(line: &mut String, value: &str) {
    let is_plain = |byte: u8| (b' '..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
    if !value.bytes().all(is_plain) {
        let _ = write!(line, "{value:?}");
        return;
    }
    line.push('"');
    line.push_str(value);
    line.push('"');
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex, PoisonError};
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    pub(in super::super) struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Kept {
        /// The lines of what is said.
        pub(in super::super) fn of(say: impl FnOnce()) -> String {
            let kept = Kept::default();
            let lines = tracing_subscriber::fmt().with_target(false).with_ansi(false);
            let lines = lines.with_writer(kept.clone()).event_format(Plain).finish();
            tracing::subscriber::with_default(lines, say);
            kept.text()
        }

        /// The lines so far.
        pub(in super::super) fn text(&self) -> String {
            let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            String::from_utf8(lines).expect("lines are text")
        }
    }

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Kept {
        type Writer = Kept;

        fn make_writer(&'a self) -> Kept {
            self.clone()
        }
    }

    fn say() {
        let error = io::Error::other("it \"broke\"\n");
        tracing::info!(
            request_id = "a1",
            status = 200_u16,
            ms = -3,
            known = true,
            r#type = "ü\"",
            "request"
        );
        tracing::warn!(%error, why = ?Some("x"), plain = "back\\slash", nothing = "", "not {}", "taken");
        tracing::error!(share = 0.5, "line\nend");
    }

    #[test]
    fn a_line_is_that_of_the_library_and_its_time_too() {
        let (ours, theirs) = (Kept::default(), Kept::default());
        let lines = || tracing_subscriber::fmt().with_target(false).with_ansi(false);
        let own = lines().with_writer(ours.clone()).event_format(Plain).finish();
        tracing::subscriber::with_default(own, say);
        tracing::subscriber::with_default(lines().with_writer(theirs.clone()).finish(), say);
        let text = |kept: &Kept| String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let (ours, theirs) = (text(&ours), text(&theirs));
        let untimed = |text: &str| -> Vec<String> {
            text.lines().map(|line| line.get(27..).unwrap_or(line).to_owned()).collect()
        };
        assert_eq!(untimed(&ours), untimed(&theirs));
        let time = |text: &str| text[..27].parse::<jiff::Timestamp>().unwrap();
        assert!(time(&theirs) >= time(&ours), "{ours}{theirs}");
        assert!(time(&theirs).duration_since(time(&ours)).as_secs() < 60, "{ours}{theirs}");
    }

    #[test]
    fn times_are_whole_to_the_microsecond_whatever_came_before() {
        let text = |now| {
            let mut line = String::new();
            push_time(&mut line, now);
            line
        };
        let second = 1_700_000_000 * SECOND_NS;
        assert_eq!(text(second), "2023-11-14T22:13:20.000000Z");
        assert_eq!(text(second + 1_999), "2023-11-14T22:13:20.000001Z");
        assert_eq!(text(second + SECOND_NS - 1), "2023-11-14T22:13:20.999999Z");
        assert_eq!(text(-1), "1969-12-31T23:59:59.999999Z");
    }
}
