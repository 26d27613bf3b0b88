//! What is wrong with a proof, and where.

use std::fmt;

/// A rule that a proof breaks, with the place that breaks it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Where: a JSON pointer (RFC 6901) into the file; empty for the file as a whole.
    pub at: String,
    /// What was expected there.
    pub rule: &'static str,
}

impl Fault {
    /// A fault.
    pub(super) fn new(at: impl Into<String>, rule: &'static str) -> Fault {
        Fault { at: at.into(), rule }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.at.is_empty() { "the file" } else { &self.at };
        write!(f, "{at}: {}", self.rule)
    }
}

/// What is checked, or the first rule that is broken.
pub(super) type Checked<T = ()> = Result<T, Fault>;
