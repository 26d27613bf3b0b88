//! Of whom the questions of rules are asked: of a whole view, or of the part of it that somebody may see.

use lineal_engine::NodeNo;
use lineal_query::{Answer, Limits, Machine, Prepared, Request, StoreView};

/// What answers the questions of rules. Nodes stand in its answers by the numbers that the whole view has
/// for them, so that whoever goes on with them looks them up there.
pub trait Part {
    /// Answers a question, within the bounds of the request.
    ///
    /// # Errors
    /// As [`Prepared::numbers_on`].
    fn answer(
        &self,
        question: &Prepared,
        machine: &mut Machine,
        request: &Request<'_>,
    ) -> lineal_query::Result<Answer>;

    /// The same, asked of a view that has fewer events ([`lineal_query::StoreView::of_systems`]) and is else
    /// the one that it asks.
    fn with_events_of<'p>(&'p self, view: &'p StoreView) -> Box<dyn Part + 'p>;

    /// The bounds of each question, and of the whole report: where its deadline has passed or its caller
    /// wishes, the report ends.
    fn limits(&self) -> Limits<'_> {
        Limits::default()
    }

    /// May this node of the whole view be named?
    fn sees(&self, _: NodeNo) -> bool {
        true
    }

    /// Is it the whole view? Names that look alike are told of that alone.
    fn is_whole(&self) -> bool {
        true
    }

    /// Are references and grounds of decisions to erase told? They may name whom they are about.
    fn tells_decisions(&self) -> bool {
        true
    }
}

/// A whole view, asked within bounds of its own.
pub struct Bounded<'a> {
    /// The view.
    pub view: &'a StoreView,
    /// The bounds.
    pub limits: Limits<'a>,
    /// Are references and grounds of decisions to erase told?
    pub decisions: bool,
}

impl Part for Bounded<'_> {
    fn answer(
        &self,
        question: &Prepared,
        machine: &mut Machine,
        request: &Request<'_>,
    ) -> lineal_query::Result<Answer> {
        self.view.answer(question, machine, request)
    }

    fn with_events_of<'p>(&'p self, view: &'p StoreView) -> Box<dyn Part + 'p> {
        Box::new(Bounded { view, ..*self })
    }

    fn limits(&self) -> Limits<'_> {
        self.limits
    }

    fn tells_decisions(&self) -> bool {
        self.decisions
    }
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

    fn with_events_of<'p>(&'p self, view: &'p StoreView) -> Box<dyn Part + 'p> {
        Box::new(Bounded { view, limits: Limits::default(), decisions: true })
    }
}
