//! Which store is meant: the flag, the variable, else `.lineal` here or above, as git does it.

use crate::args::Arguments;
use crate::exit::{Failure, Outcome};
#[cfg(feature = "server")]
use lineal_engine::clock::{Clock, SystemClock};
use lineal_engine::{Error, Options, Store};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The folder that a store is looked for in when nothing is said.
pub(crate) const DEFAULT: &str = ".lineal";

/// How long one process may hold a store before another that wants to write it gives up: a command that
/// only notes in the trail that it reads is done much sooner, a server and an import are not.
const HELD_MOST: Duration = Duration::from_millis(500);
/// How long is waited in all, where one such command follows the other.
const WAIT_MOST: Duration = Duration::from_secs(5);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The folder of the store that is meant.
pub(crate) fn folder(arguments: &Arguments) -> Outcome<PathBuf> {
    if let Some(store) = &arguments.store {
        return Ok(store.clone());
    }
    let here = std::env::current_dir().map_err(Failure::Output)?;
    let found = here.ancestors().map(|folder| folder.join(DEFAULT)).find(|at| is_store(at));
    found.ok_or_else(|| {
        Failure::usage(
            "no store here: no .lineal in this folder or above it\n  \
             `lineal init` makes one, `--store DIR` or LINEAL_STORE names another, `lineal demo` shows what it is for",
        )
    })
}

/// Is a store meant at all: named, or found from here?
pub(crate) fn is_any(arguments: &Arguments) -> bool {
    folder(arguments).is_ok()
}

fn is_store(folder: &Path) -> bool {
    folder.join("head").is_file()
}

/// How stores are opened.
pub(crate) fn options(arguments: &Arguments) -> Options {
    Options { force_network: arguments.force_network, ..Options::default() }.by_environment()
}

/// Opens the store for writing.
pub(crate) fn open(arguments: &Arguments) -> Outcome<Store> {
    open_as(arguments, &options(arguments))
}

/// The same with other options.
pub(crate) fn open_as(arguments: &Arguments, options: &Options) -> Outcome<Store> {
    let folder = folder(arguments)?;
    let store = past_short_holders(|| Store::open(&folder, options.clone()))?;
    Ok(store.showing_restricted(arguments.restricted))
}

/// Opens a store for writing, behind processes that hold it for a moment.
fn past_short_holders(
    open: impl Fn() -> lineal_engine::Result<Store>,
) -> lineal_engine::Result<Store> {
    let begun = Instant::now();
    let mut held = (String::new(), begun);
    loop {
        let now = Instant::now();
        match open() {
            Err(Error::Locked { holder }) if now - begun < WAIT_MOST => {
                if held.0 != holder {
                    held = (holder, now);
                } else if now - held.1 >= HELD_MOST {
                    return Err(Error::Locked { holder });
                }
                std::thread::sleep(LOOK_EVERY);
            }
            done => return done,
        }
    }
}

/// Opens the store for a command that writes it, and notes that in its trail before anything is done.
pub(crate) fn open_noted(arguments: &Arguments, command: &str) -> Outcome<Store> {
    let store = open(arguments)?;
    note(&store, command, &[])?;
    Ok(store)
}

/// Notes a command in the trail of a store in another folder than the one that is meant.
pub(crate) fn note_at(folder: &Path, arguments: &Arguments, command: &str) -> Outcome<()> {
    let store = past_short_holders(|| Store::open(folder, options(arguments)))?;
    note(&store, command, &[])
}

/// Notes a command in the trail of a store that is open for writing, but for words of its line that the trail
/// must not keep.
#[cfg(feature = "server")]
pub(crate) fn note(store: &Store, command: &str, hidden: &[&str]) -> Outcome<()> {
    let words: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let shown = |word: &'_ String| !hidden.contains(&word.as_str());
    let words: Vec<&str> =
        words.iter().map(|word| if shown(word) { word.as_str() } else { "..." }).collect();
    let line = crate::shell::shell_line(None, &words);
    Ok(lineal_server::note_command(store, command, line, SystemClock.now())?)
}

/// Makes commits of what waits in the trail of a store that is open for writing.
#[cfg(feature = "server")]
pub(crate) fn commit_noted(store: &Store) -> Outcome<()> {
    Ok(lineal_server::commit_noted(store, SystemClock.now())?)
}

/// Without the server there is no trail.
#[cfg(not(feature = "server"))]
pub(crate) fn commit_noted(_: &Store) -> Outcome<()> {
    Ok(())
}

/// Without the server there is no trail.
#[cfg(not(feature = "server"))]
pub(crate) fn note(_: &Store, _: &str, _: &[&str]) -> Outcome<()> {
    Ok(())
}

/// Opens the store for reading.
pub(crate) fn open_read_only(arguments: &Arguments) -> Outcome<Store> {
    let store = Store::open_read_only(folder(arguments)?)?;
    Ok(store.showing_restricted(arguments.restricted))
}
