//! The `lineal` command: read the arguments, do one thing, say how it went.

mod args;
mod came_back;
mod command;
mod exit;
mod passphrase;
mod place;
mod remote;
mod render;
mod repl;
mod retracted;
mod shell;
mod sound;
mod target;
mod time;

use args::Arguments;
use clap::Parser;
use std::process::ExitCode;

/// An import makes and drops many small values on all cores: with the C library's allocator it takes
/// up to a third more CPU time and memory (`import/examples/mlflow_import.rs`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match command::run(&arguments) {
        Ok(exit) => exit.code(),
        // The reader of a pipe had enough: nothing went wrong. Where the code is a verdict, it was
        // returned by then ([`exit::Exit::after`]), or there is none to tell.
        Err(failure) if failure.is_broken_pipe() => match command::is_verdict(&arguments) {
            true => exit::Exit::CannotTell.code(),
            false => exit::Exit::Answer.code(),
        },
        Err(failure) => {
            failure.print(arguments.json);
            failure.exit().code()
        }
    }
}
