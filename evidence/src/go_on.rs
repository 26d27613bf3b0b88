//! Asking now and then whether to go on: work that nobody waits for any more, or whose time is over, ends.

use crate::Error;

/// Says whether to go on. It is asked often, so it is quick.
pub type GoOn<'a> = &'a dyn Fn() -> bool;

/// Asks.
///
/// # Errors
/// [`Error::Ended`] where the answer is no.
pub(crate) fn asked(go_on: GoOn<'_>) -> Result<(), Error> {
    if go_on() { Ok(()) } else { Err(Error::Ended) }
}
