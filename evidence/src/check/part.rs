//! Of whom the questions of rules are asked: of a whole view, or of the part of it that somebody may see.

use lineal_engine::NodeNo;
use lineal_query::{Answer, Machine, Prepared, Request, StoreView};

/// What answers the questions of rules. Nodes stand in its answers by the numbers that the whole view has
/// for them, so that whoever goes on with them looks them up there.
pub trait Part {
    /// Answers a question; a part may have bounds of its own in place of those of the request.
    ///
    /// # Errors
    /// As [`Prepared::numbers_on`].
    fn answer(
        &self,
        question: &Prepared,
        machine: &mut Machine,
        request: &Request<'_>,
    ) -> lineal_query::Result<Answer>;

    /// May this node of the whole view be named?
    fn sees(&self, node: NodeNo) -> bool;

    /// Is it the whole view? Names that look alike are told of that alone.
    fn is_whole(&self) -> bool;
}

impl Part for StoreView {
    fn answer(
        &self,
        question: &Prepared,
        machine: &mut Machine,
        request: &Request<'_>,
    ) -> lineal_query::Result<Answer> {
        question.numbers_on(machine, self, request)
    }

    fn sees(&self, _: NodeNo) -> bool {
        true
    }

    fn is_whole(&self) -> bool {
        true
    }
}
