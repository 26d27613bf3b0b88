//! `lineal completions`: for the shells that clap knows.

use crate::args::{Arguments, Completions};
use crate::exit::{Exit, Outcome};
use clap::CommandFactory;

pub(super) fn run(wanted: &Completions) -> Outcome {
    let mut command = Arguments::command();
    clap_complete::generate(wanted.shell, &mut command, "lineal", &mut std::io::stdout().lock());
    Ok(Exit::Answer)
}
