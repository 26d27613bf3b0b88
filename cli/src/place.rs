//! Which store is meant: the flag, the variable, else `.lineal` here or above, as git does it.

use crate::args::Arguments;
use crate::exit::{Failure, Outcome};
use lineal_engine::{Options, Store};
use std::path::{Path, PathBuf};

/// The folder that a store is looked for in when nothing is said.
pub(crate) const DEFAULT: &str = ".lineal";

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
    Options { force_network: arguments.force_network, ..Options::default() }
}

/// Opens the store for writing.
pub(crate) fn open(arguments: &Arguments) -> Outcome<Store> {
    Ok(Store::open(folder(arguments)?, options(arguments))?)
}

/// Opens the store for reading.
pub(crate) fn open_read_only(arguments: &Arguments) -> Outcome<Store> {
    Ok(Store::open_read_only(folder(arguments)?)?)
}
