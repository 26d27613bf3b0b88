//! `limit` and `offset`, as Marquez's clients give them.

use crate::gate::Call;
use crate::problem::Problem;

/// Items of a page, where nothing is said: Marquez's own.
const LIMIT: u64 = 100;

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    limit: usize,
    offset: usize,
}

impl Page {
    /// What a call wants; never more than the server gives at once.
    ///
    /// # Errors
    /// [`Problem::bad_request`] for what is no whole number.
    pub(super) fn of(call: &Call) -> Result<Page, Problem> {
        let most = call.app.config.limits.page_rows;
        let limit = call.number("limit")?.unwrap_or(LIMIT).min(most);
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(Page { limit: number(limit), offset: number(call.number("offset")?.unwrap_or(0)) })
    }

    /// That part.
    pub(super) fn cut<T>(self, all: Vec<T>) -> Vec<T> {
        all.into_iter().skip(self.offset).take(self.limit).collect()
    }
}
