//! A visit: read a statement, ask it, show the answer, until the end. At a terminal with an editor,
//! from a pipe line by line; both end statements and ask them the same way.

mod asks;
mod bounds;
mod completer;
mod directive;
mod editor;
mod highlighter;
mod hinter;
mod history;
mod pager;
mod session;
mod sets;
mod validator;
mod watch;
mod welcome;
mod words;

pub(crate) use bounds::Bounds;
pub(crate) use watch::{Interrupt, Watch};

use crate::args::{Arguments, FailOn};
use crate::exit::{Exit, Failure, Outcome};
use completer::Completer;
use directive::Next;
use editor::{Guide, Prompt, Typed};
use session::Session;
use std::io::{BufRead, BufWriter, IsTerminal, Read, Write};
use validator::Feed;

pub(crate) use validator::Feed as Statements;
pub(crate) use words::{Form, names_as_rows, pieces, rows_as_names};

/// Longest line of a script. A statement may be 64 KiB (lineal_query::TEXT_BYTES_MAX); what is
/// longer is no text.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

/// Runs a visit.
pub(crate) fn run(arguments: &Arguments, fail_on: Option<FailOn>) -> Outcome {
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        return at_terminal(Session::open(arguments, true, fail_on)?);
    }
    let mut session = Session::open(arguments, false, fail_on)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let ended = script(&mut session, std::io::stdin().lock(), &mut out)?;
    out.flush()?;
    Ok(match ended {
        Ended::On(exit) | Ended::Quit(exit) => exit,
    })
}

/// How a script ended, with the worst of what it met.
pub(crate) enum Ended {
    /// It was read to its end.
    On(Exit),
    /// It said `.quit`.
    Quit(Exit),
}

/// Reads statements and asks them. A mistake is told and the next one asked, as at the prompt.
pub(crate) fn script(
    session: &mut Session,
    mut input: impl BufRead,
    out: &mut dyn Write,
) -> Outcome<Ended> {
    let mut feed = Feed::default();
    let mut worst = Exit::Answer;
    let mut number = 0_u64;
    loop {
        let mut line = Vec::new();
        number += 1;
        input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        let at_end = line.is_empty();
        if line.len() as u64 == LINE_BYTES_MAX {
            return Err(Failure::usage(format!(
                "line {number} is longer than {LINE_BYTES_MAX} bytes: no statement is"
            )));
        }
        let line = String::from_utf8(line)
            .map_err(|_| Failure::usage(format!("line {number} is not UTF-8 text")))?;
        let line = line.trim_end_matches(['\n', '\r']);
        let whole = if at_end { feed.end().into_iter().collect() } else { feed.line(line) };
        for statement in whole {
            match one(session, &statement, out) {
                Ok(Next::On(exit)) => {
                    worst = worse(worst, exit);
                    // Who stops a question of many wants the prompt, not the next of them.
                    if session.stopped {
                        return Ok(Ended::On(worst));
                    }
                }
                Ok(Next::Quit(exit)) => return Ok(Ended::Quit(worse(worst, exit))),
                Err(failure) if failure.is_broken_pipe() => return Err(failure),
                Err(failure) => {
                    session.tell(&failure, out)?;
                    worst = worse(worst, failure.exit());
                }
            }
        }
        // Whoever asks through a pipe waits for the answer before asking on.
        out.flush()?;
        if at_end {
            return Ok(Ended::On(worst));
        }
    }
}

/// A statement or a directive.
fn one(session: &mut Session, statement: &str, out: &mut dyn Write) -> Outcome<Next> {
    if validator::is_directive(statement) {
        directive::run(session, statement, out)
    } else {
        session.ask(statement, out).map(Next::On)
    }
}

/// The worse of two ends: damage before mistakes before what cannot be told before no.
fn worse(a: Exit, b: Exit) -> Exit {
    let rank = |exit: &Exit| match exit {
        Exit::Answer => 0,
        Exit::No => 1,
        Exit::Partial => 2,
        Exit::CannotTell => 3,
        Exit::Usage => 4,
        Exit::Damaged => 5,
        Exit::Interrupted => 6,
    };
    std::cmp::max_by_key(a, b, rank)
}

fn at_terminal(mut session: Session) -> Outcome {
    let mut screen = Vec::new();
    welcome::print(&mut session, &mut screen)?;
    pager::show(&screen, None)?;
    let mut prompt = Prompt::new(Guide { completer: Completer::default(), novice: true })?;
    loop {
        if let Some(guide) = prompt.guide() {
            session.teach(&mut guide.completer)?;
            guide.novice = session.answer().is_none();
        }
        let text = match prompt.read()? {
            Typed::Text(text) => text,
            Typed::Dropped => continue,
            Typed::End => return Ok(Exit::Answer),
        };
        // What was typed reads as a script, so that several statements on one line are several.
        session.stopped = false;
        let ended = if directive::is_source(&text) {
            // Each answer of a file shows when it is there, not when the last one is.
            let mut screen = std::io::stdout().lock();
            let ended = script(&mut session, text.as_bytes(), &mut screen);
            if let Err(failure) = &ended {
                session.tell(failure, &mut screen)?;
            }
            ended
        } else {
            let mut screen = Vec::new();
            let ended = script(&mut session, text.as_bytes(), &mut screen);
            if let Err(failure) = &ended {
                session.tell(failure, &mut screen)?;
            }
            pager::show(&screen, prompt.height())?;
            ended
        };
        if matches!(ended, Ok(Ended::Quit(_))) {
            return Ok(Exit::Answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_end_of_several_counts_in_either_order() {
        let ranked =
            [Exit::Answer, Exit::No, Exit::Partial, Exit::CannotTell, Exit::Usage, Exit::Damaged];
        for (at, one) in ranked.into_iter().enumerate() {
            for (other_at, other) in ranked.into_iter().enumerate() {
                assert_eq!(worse(one, other), ranked[at.max(other_at)]);
            }
        }
    }
}
