//! A chain from its other end, made once: to look for reasons every asking walks it so, and a
//! prepared question allocates nothing for it (`benches/allocations.rs`).

use std::sync::OnceLock;

use super::Chain;

/// A chain from the other end, once it was walked so.
#[derive(Default, Debug)]
pub(crate) struct Turned(OnceLock<Box<Chain>>);

impl Clone for Turned {
    /// Nothing yet: a copy of a chain may become a different one.
    fn clone(&self) -> Turned {
        Turned::default()
    }
}

impl Chain {
    /// The same chain from the other end.
    pub(crate) fn turned(&self) -> &Chain {
        self.turned.0.get_or_init(|| Box::new(self.reversed()))
    }
}
