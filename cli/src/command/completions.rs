//! `lineal completions`: for the shells that clap knows.

use crate::args::{Arguments, Completions};
use crate::exit::{Exit, Outcome};
use clap::CommandFactory;
use std::io::Write;

pub(super) fn run(wanted: &Completions) -> Outcome {
    let mut command = Arguments::command();
    // Made whole first: it panics where its writer fails, as a pipe does of which the reader had enough.
    let mut bytes = Vec::new();
    clap_complete::generate(wanted.shell, &mut command, "lineal", &mut bytes);
    let mut out = std::io::stdout().lock();
    out.write_all(&bytes)?;
    out.flush()?;
    Ok(Exit::Answer)
}
