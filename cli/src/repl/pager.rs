//! Long answers go through a pager, as git does it.

use crate::exit::Outcome;
use std::io::{self, ErrorKind, Write};
use std::process::{Command, Stdio};

/// Shows an answer: at once if it fits the screen, else through `$PAGER` or `less -R`.
pub(crate) fn show(text: &[u8], height: Option<usize>) -> Outcome<()> {
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    // The prompt and the question stay visible beside a short answer.
    let fits = height.is_none_or(|height| lines + 2 < height);
    if fits || !paged(text)? {
        let mut out = io::stdout().lock();
        out.write_all(text)?;
        out.flush()?;
    }
    Ok(())
}

/// Runs the pager; false if there is none.
fn paged(text: &[u8]) -> Outcome<bool> {
    let wanted = std::env::var("PAGER").unwrap_or_else(|_| "less -R".to_owned());
    let mut words = wanted.split_whitespace();
    let Some(program) = words.next().filter(|program| *program != "cat") else { return Ok(false) };
    let pager = Command::new(program).args(words).stdin(Stdio::piped()).spawn();
    let Ok(mut pager) = pager else { return Ok(false) };
    if let Some(mut input) = pager.stdin.take() {
        match input.write_all(text) {
            // Who leaves the pager early has seen enough.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
            _ => {}
        }
    }
    pager.wait()?;
    Ok(true)
}
