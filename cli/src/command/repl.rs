//! `lineal repl`, and `lineal` alone: a prompt, or statements from a pipe.

use crate::args::{Arguments, FailOn};
use crate::exit::Outcome;
use crate::repl;

pub(super) fn run(arguments: &Arguments, fail_on: Option<FailOn>) -> Outcome {
    repl::run(arguments, fail_on)
}
