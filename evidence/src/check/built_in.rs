//! Tests that the language cannot say, or for which it would read every row: a small set, named in rule
//! files. They look at batch counters first, and at rows only where a batch lies across a limit or its
//! counters leave open what is asked.

mod ahead;
mod anchored;
mod approvals;
mod concerned;
mod contradicted;
mod coverage;
mod cycles;
mod declarations;
mod erased;
mod event_fields;
mod figures;
mod holds;
mod interval;
mod matches;
mod presence;
mod same_data;
mod silence;
mod sources;
mod stated_times;
mod untold;
mod verifiers;
mod withdrawn;
mod words;

pub(crate) use concerned::logs_of;
pub(crate) use erased::without_decisions;
pub(crate) use holds::around;

use lineal_engine::{NodeNo, Store};

use super::Error;
use super::ask::Asker;
use crate::rules::{BuiltIn, Check, Rule, Status};
use approvals::Beginning;

/// Something that a check found.
pub(super) struct Offence {
    /// What it is about.
    pub(super) node: NodeNo,
    /// What it is at most, where the test says it: a gap may be found where the check finds conflicts.
    pub(super) most: Option<Status>,
    /// What was found, where the test says it better than the rule's words.
    pub(super) say: Option<String>,
    /// Values for the places in the rule's words.
    pub(super) values: Vec<(String, String)>,
}

impl Offence {
    /// One that is only counted.
    pub(super) fn unnamed(node: NodeNo) -> Offence {
        Offence { node, most: None, say: None, values: Vec::new() }
    }

    fn said(node: NodeNo, say: String) -> Offence {
        Offence { node, most: None, say: Some(say), values: Vec::new() }
    }

    fn at_most(mut self, status: Status) -> Offence {
        self.most = Some(status);
        self
    }

    fn with(mut self, name: &str, value: String) -> Offence {
        self.values.push((name.to_owned(), value));
        self
    }
}

pub(super) fn run(
    test: BuiltIn,
    store: &Store,
    asker: &mut Asker<'_>,
    rule: &Rule,
    check: &Check,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    match test {
        BuiltIn::LogCoverage => coverage::missing_days(asker, subjects),
        BuiltIn::Silence => silence::unexplained(asker, rule, subjects),
        BuiltIn::OutsideInterval => interval::outside(asker, subjects),
        BuiltIn::EventFields => event_fields::too_few(asker, rule, check, subjects),
        BuiltIn::UnkeyedInputs => event_fields::unkeyed(asker, subjects),
        BuiltIn::OverrideReviewers => event_fields::reviewers(asker, subjects),
        BuiltIn::MatchedInputs => matches::only_hashes(asker, subjects),
        BuiltIn::DistinctVerifiers => verifiers::too_few(asker, rule, subjects),
        BuiltIn::SourceCounts => sources::rejected(store, asker, subjects),
        BuiltIn::ImportActor => sources::nobody(store, asker, subjects),
        BuiltIn::DeclaredMetrics => figures::declared(asker, subjects),
        BuiltIn::IncidentHold => holds::missing(store, asker, rule, subjects),
        BuiltIn::StartedUntold => untold::starts(asker, subjects),
        BuiltIn::PastErasure => holds::past_erasure(store, asker, subjects),
        BuiltIn::ErasedEvents => erased::events(store, asker, subjects),
        BuiltIn::Anchored => anchored::anchored(store, asker, rule, subjects),
        BuiltIn::Cycles => cycles::upstream_of_itself(asker, subjects),
        BuiltIn::ClosedWords => words::strange(asker, check, subjects),
        BuiltIn::LateDeclarations => declarations::late(store, asker, rule, subjects),
        BuiltIn::LateTimes => stated_times::late(store, asker, rule, subjects),
        BuiltIn::TimesToCome => stated_times::to_come(asker, subjects),
        BuiltIn::EventsToCome => ahead::events(asker, rule, subjects),
        BuiltIn::WithdrawnData => withdrawn::in_use(asker),
        BuiltIn::TestedOnTraining => same_data::tested_on_training(asker),
        BuiltIn::ContradictedEvents => contradicted::events(asker, check, subjects),
        BuiltIn::ApprovalBeforeUse => approvals::before(store, asker, Beginning::Use, subjects),
        BuiltIn::ApprovalBeforeStart => approvals::before(store, asker, Beginning::Start, subjects),
        BuiltIn::ApprovalBeforeEvents => {
            approvals::before(store, asker, Beginning::Events, subjects)
        }
        BuiltIn::ApprovalPerson => approvals::by_nobody(store, asker, subjects),
        BuiltIn::ApprovalBasis => approvals::without_basis(store, asker, subjects),
        BuiltIn::ApprovalFourEyes => approvals::own_work(store, asker, subjects),
        BuiltIn::ApprovalAuthors => approvals::of_nobodys_work(store, asker, subjects),
    }
}
