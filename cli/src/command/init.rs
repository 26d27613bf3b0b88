//! `lineal init`: a new store in an empty folder.

use crate::args::{Arguments, Init};
use crate::exit::{Exit, Outcome};
use crate::place;
use lineal_engine::Store;
use std::io::Write;

pub(super) fn run(arguments: &Arguments, init: &Init) -> Outcome {
    let folder = init.dir.clone().or_else(|| arguments.store.clone());
    let folder = folder.unwrap_or_else(|| place::DEFAULT.into());
    let store = Store::create(&folder, place::options(arguments))?;
    let id = data_encoding::HEXLOWER.encode(store.id());
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", serde_json::json!({ "store": folder, "id": id }))?;
    } else {
        writeln!(out, "new store {id} in {}", folder.display())?;
        writeln!(
            out,
            "next: lineal import PATH...   (its keys lie in {}/keys: keep them)",
            folder.display()
        )?;
    }
    Ok(Exit::Answer)
}
