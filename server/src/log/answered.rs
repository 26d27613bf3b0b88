//! The line about a request that was answered. There is one a request, and its fields are always the same:
//! in a log of ours as text it is written without the way through `tracing`, which for a short question
//! took as long as its rows (`benches/load/run.py`). Any other log is told as of any event.

use super::line::{LINE_BYTES, begin, push_quoted};
use super::{TELLS_REQUESTS, add};
use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

thread_local! {
    /// The memory of the last line of this thread.
    static LINE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What is said of a request.
pub(crate) struct Answered<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) method: &'static str,
    /// As the table of endpoints has it: keys in paths may be personal data.
    pub(crate) path: &'static str,
    pub(crate) status: u16,
    pub(crate) ms: u64,
    /// The id of the token; `-` where none is known, here and below.
    pub(crate) token: &'a str,
    pub(crate) role: &'a str,
    pub(crate) case: &'a str,
    pub(crate) problem: &'a str,
}

impl Answered<'_> {
    /// Says it; as a warning where somebody broke the glass.
    pub(crate) fn tell(&self, is_break_glass: bool) {
        if !is_break_glass && TELLS_REQUESTS.load(Ordering::Relaxed) {
            LINE.with_borrow_mut(|line| {
                line.clear();
                line.reserve(LINE_BYTES);
                begin(line);
                self.push(line);
                add(line);
            });
            return;
        }
        let Answered { request_id, method, path, status, ms, token, role, case, problem } = self;
        let (status, ms) = (*status, *ms);
        if is_break_glass {
            tracing::warn!(
                request_id,
                method,
                path,
                status,
                ms,
                token,
                role,
                case,
                problem,
                "break-glass request"
            );
        } else {
            tracing::info!(
                request_id, method, path, status, ms, token, role, case, problem, "request"
            );
        }
    }

    /// Its words and fields, and the end of the line.
    fn push(&self, line: &mut String) {
        line.push_str(" request");
        let texts = |line: &mut String, fields: &[(&str, &str)]| {
            for (name, value) in fields {
                line.push(' ');
                line.push_str(name);
                line.push('=');
                push_quoted(line, value);
            }
        };
        let first = [("request_id", self.request_id), ("method", self.method), ("path", self.path)];
        texts(line, &first);
        // A String takes everything.
        let _ = write!(line, " status={} ms={}", self.status, self.ms);
        let (who, problem) = (("token", self.token), ("problem", self.problem));
        texts(line, &[who, ("role", self.role), ("case", self.case), problem]);
        line.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::tests::Kept;
    use super::*;

    #[test]
    fn the_line_is_that_of_the_event() {
        for (case, problem, ms) in [("-", "-", 0), ("C-1", "not-found", 12_345), ("a\"b", "ü", 7)]
        {
            let answered = Answered {
                request_id: "0123456789abcdef",
                method: "POST",
                path: "/v1/query",
                status: 404,
                ms,
                token: "f00",
                role: "engineer",
                case,
                problem,
            };
            let told = Kept::of(|| answered.tell(false));
            let (mut line, mut time) = (String::new(), String::new());
            begin(&mut time);
            answered.push(&mut line);
            // The time is another, and as long.
            assert_eq!(told.get(time.len()..), Some(line.as_str()));
            assert_eq!(told.get(27..time.len()), time.get(27..));
            assert!(Kept::of(|| answered.tell(true)).contains("  WARN break-glass request "));
        }
    }
}
