//! `lineal report`: what is recorded of a thing, in the order in which a reader asks for it.

mod sheets;

use crate::args::{Arguments, Report};
use crate::exit::Outcome;

pub(super) fn run(arguments: &Arguments, wanted: &Report) -> Outcome {
    match wanted {
        Report::Sheet(sheet) => sheets::run(arguments, sheet),
    }
}
