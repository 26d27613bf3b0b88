//! The passphrase of a key that signs: from a file, from the environment, or asked for at the terminal.
//! Never an argument: those stand in the list of processes and in the history of the shell.

use crate::exit::{Failure, Outcome};
use lineal_evidence::record::{KeyError, SecretKey};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{Behavior, ColorMode, Config, Editor, Helper};
use std::borrow::Cow;
use std::path::Path;

/// The variable of the environment that may hold it.
const VARIABLE: &str = "LINEAL_KEY_PASSPHRASE";
/// A passphrase is a line: whoever names another file by mistake waits for nothing.
const FILE_MAX: u64 = 4 << 10;

/// Reads a key; if it has a passphrase, looks for that.
pub(crate) fn key(path: &Path, file: Option<&Path>) -> Outcome<SecretKey> {
    match SecretKey::read(path, None) {
        Err(KeyError::Encrypted) => {}
        read => return Ok(read?),
    }
    let given = match file {
        Some(file) => Some(in_file(file)?),
        None => std::env::var(VARIABLE).ok(),
    };
    let passphrase = match given {
        Some(given) => given,
        None => asked(path)?.ok_or(KeyError::Encrypted)?,
    };
    Ok(SecretKey::read(path, Some(&passphrase))?)
}

/// The first line of a file.
fn in_file(path: &Path) -> Outcome<String> {
    let refused = |why: &dyn std::fmt::Display| {
        Failure::usage(format!("--passphrase-file {}: {why}", path.display()))
    };
    if std::fs::metadata(path).map_err(|why| refused(&why))?.len() > FILE_MAX {
        return Err(refused(&"it is longer than 4 KiB, and a passphrase is a line"));
    }
    let text = std::fs::read_to_string(path).map_err(|why| refused(&why))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Asks for it, at the terminal and not over standard input; nothing where there is no terminal.
fn asked(path: &Path) -> Outcome<Option<String>> {
    if std::fs::File::options().read(true).write(true).open("/dev/tty").is_err() {
        return Ok(None);
    }
    let config = Config::builder()
        .behavior(Behavior::PreferTerm)
        .color_mode(ColorMode::Forced)
        .auto_add_history(false)
        .build();
    let failed = |why: ReadlineError| Failure::usage(format!("no passphrase was read: {why}"));
    let mut editor: Editor<Masked, MemHistory> =
        Editor::with_history(config, MemHistory::new()).map_err(failed)?;
    editor.set_helper(Some(Masked));
    let prompt = format!("passphrase of {}: ", path.display());
    editor.readline(&prompt).map(Some).map_err(failed)
}

/// Shows nothing of what is typed.
struct Masked;

impl Helper for Masked {}
impl Validator for Masked {}
impl Hinter for Masked {
    type Hint = String;
}
impl Completer for Masked {
    type Candidate = String;
}
impl Highlighter for Masked {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        Cow::Owned(" ".repeat(line.chars().count()))
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        kind != CmdKind::MoveCursor
    }
}
