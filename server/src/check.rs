//! Reports of what rules ask for (`lineal_evidence::check`), of what a token may see of a store; and what a
//! writer does to record them.

use crate::gate::Sight;
use crate::problem::{NOTHING, Problem};
use crate::scope::ScopedView;
use crate::tenant::{Opened, Shown, narrowed};
use crate::wire::CheckRequest;
use crate::writer::{ENDED, Failed, Hands};
use axum::http::StatusCode;
use lineal_engine::NodeNo;
use lineal_evidence::check::{
    AsOf, Error, Part, Report, Wanted, check_part, hold_to_system, newest_recorded, record,
};
use lineal_evidence::rules::Pack;
use lineal_query::{Answer, Limits, Machine, Prepared, Request, StoreView, Value};
use serde_json::{Value as Json, json};

/// The report that was recorded last, in the place of one that is made.
pub(crate) const RECORDED: &str = "recorded";
/// Said of a report that a server which ended did not wait for.
const BROKEN_OFF: &str =
    "the server ended before the report was made; nothing was recorded, so ask for it again";

/// As of when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    /// As it is, or was.
    At(AsOf),
    /// As it was recorded last.
    Recorded,
}

/// A request for reports.
pub(crate) struct Asked {
    pub(crate) about: CheckRequest,
    pub(crate) when: When,
    /// Do persons stand there by their keys, as in what is recorded?
    pub(crate) by_keys: bool,
}

/// Who answers the questions of rules here: a view, or what a token sees of it, within the bounds of the
/// configuration and the time of the request.
struct Answering<'a> {
    whole: &'a StoreView,
    part: Option<ScopedView>,
    limits: &'a Limits<'a>,
    /// Are decisions to erase for it?
    decisions: bool,
}

impl Part for Answering<'_> {
    fn answer(
        &self,
        question: &Prepared,
        machine: &mut Machine,
        request: &Request<'_>,
    ) -> lineal_query::Result<Answer> {
        let Some(part) = &self.part else {
            return self.whole.answer(question, machine, request);
        };
        let mut answer = question.numbers_on(machine, part, request)?;
        for value in answer.rows.iter_mut().flatten() {
            renumber(value, part);
        }
        Ok(answer)
    }

    fn limits(&self) -> Limits<'_> {
        *self.limits
    }

    fn with_events_of<'p>(&'p self, view: &'p StoreView) -> Box<dyn Part + 'p> {
        let part = self.part.as_ref().map(|part| part.with_events_of(view.snapshot()));
        let (limits, decisions) = (self.limits, self.decisions);
        Box::new(Answering { whole: view, part, limits, decisions })
    }

    fn sees(&self, node: NodeNo) -> bool {
        self.part.as_ref().is_none_or(|part| part.sees(node))
    }

    fn is_whole(&self) -> bool {
        self.part.is_none()
    }

    fn tells_decisions(&self) -> bool {
        self.decisions
    }
}

/// Who answers the questions of a report that must stay within what a token sees.
pub(crate) fn within<'a>(
    whole: &'a StoreView,
    part: ScopedView,
    limits: &'a Limits<'a>,
) -> impl Part + 'a {
    Answering { whole, part: Some(part), limits, decisions: false }
}

/// Puts the numbers of the whole view in the place of those of a part.
fn renumber(value: &mut Value, part: &ScopedView) {
    match value {
        Value::Node(node) => *node = part.whole_number(*node),
        Value::List(items) => items.iter_mut().for_each(|item| renumber(item, part)),
        // No rule asks for ways.
        Value::Path(_) => *value = Value::Absent,
        _ => {}
    }
}

/// The packs that are meant: of a system the rules, and else, or beside them, the reconciliations.
fn packs(about: &CheckRequest) -> Result<Vec<Pack>, Problem> {
    let mut packs = Vec::new();
    if about.system.is_some() {
        packs.push(Pack::eu_ai_act());
    }
    if about.reconcile || packs.is_empty() {
        packs.push(Pack::reconcile());
    }
    // They come with the program, and its tests read them.
    packs.into_iter().map(|pack| pack.map_err(|_| Problem::fault())).collect()
}

/// The reports; those that were never recorded are left out.
///
/// # Errors
/// [`Problem`]: nothing of that name, or no time left.
pub(crate) fn reports(
    opened: &Opened,
    sight: &Sight,
    asked: &Asked,
    now: i64,
    limits: &Limits<'_>,
) -> Result<Vec<Report>, Problem> {
    let told = |error: &Error| problem(error, sight.is_bound());
    let at = match asked.when {
        When::At(at) => at,
        When::Recorded => AsOf::Now,
    };
    let (view, today) = at.view(&opened.store, &opened.view, now).map_err(|error| told(&error))?;
    let shown = Shown { withheld: sight.withheld, trail: false, restricted: sight.restricted };
    let view = narrowed(view, shown);
    let part = sight.scoped(opened, &view)?;
    // Tests that are built in look at the view itself.
    let view = part.as_ref().map_or(view, |part| part.whole().clone());
    let whole = &view;
    // Whoever reads the trail reads the decisions too (`GET /v1/erasures`).
    let answering = Answering { whole, part, limits, decisions: sight.trail };
    let CheckRequest { system, model, deployment, .. } = asked.about.clone();
    let wanted = Wanted { system, model, deployment, now: today };
    hold_to_system(&view, &answering, &wanted).map_err(|error| told(&error))?;
    let mut made = Vec::new();
    for pack in packs(&asked.about)? {
        let report = check_part(&opened.store, &view, &answering, &pack, &wanted);
        let report = report.map_err(|error| told(&error))?;
        let report = match asked.when {
            When::At(_) => Some(report),
            When::Recorded => {
                newest_recorded(opened.snapshot(), &report).map_err(|error| told(&error))?
            }
        };
        made.extend(report);
    }
    if asked.by_keys {
        made = made.iter().map(|report| report.without_people(opened.snapshot())).collect();
    }
    Ok(made)
}

fn problem(error: &Error, is_bound: bool) -> Problem {
    match error {
        Error::Store(error) => Problem::store(error),
        Error::Unknown { .. } if is_bound => Problem::not_found(NOTHING),
        Error::Unknown { .. } => Problem::not_found(&error.to_string()),
        Error::NoCommit { .. } | Error::NotOfSystem { .. } => {
            Problem::bad_request(error.to_string())
        }
        Error::Ended => Problem::timed_out(),
        other => Problem::in_words(StatusCode::UNPROCESSABLE_ENTITY, other.to_string()),
    }
}

impl Hands {
    /// Makes the reports of the store as it is, and records them: `GET /v1/check?as_of=recorded` gives them.
    ///
    /// # Errors
    /// A name for programs, and what happened.
    pub(crate) fn check(&self, about: &CheckRequest, login: &str) -> Result<Json, Failed> {
        let failed = |error: Error| match error {
            Error::Store(error) => self.store_failed(&error),
            Error::Ended => (ENDED, BROKEN_OFF.to_owned()),
            other => ("refused", other.to_string()),
        };
        let stored = |error: lineal_engine::Error| self.store_failed(&error);
        let packs = packs(about).map_err(|problem| ("fault", problem.detail))?;
        let (opened, now) = (self.tenant.current(), self.tenant.now());
        // A server that ends waits for no report. What is recorded tells no decisions, whoever asks.
        let stop = || self.is_ending();
        let limits = Limits { stop: Some(&stop), ..Limits::default() };
        let whole = &opened.view;
        let answering = Answering { whole, part: None, limits: &limits, decisions: false };
        let actor = self.store.actor_key(login).map_err(stored)?;
        let CheckRequest { system, model, deployment, .. } = about.clone();
        let wanted = Wanted { system, model, deployment, now };
        hold_to_system(whole, &answering, &wanted).map_err(failed)?;
        let (mut reports, mut recorded) = (Vec::new(), Vec::new());
        for pack in &packs {
            let report = check_part(&opened.store, whole, &answering, pack, &wanted);
            reports.push(report.map_err(failed)?);
        }
        for (pack, report) in packs.iter().zip(&reports) {
            let noted = record(&self.store, pack, report, now, Some(actor.clone()));
            let (commit, document) = noted.map_err(failed)?;
            // Not the report: a job is remembered for as long as the server runs, and the report stands in
            // the store now.
            recorded.push(json!({
                "commit": commit, "document": document, "pack": report.pack, "counts": report.counts(),
            }));
        }
        self.derive().map_err(stored)?;
        Ok(json!({ "recorded": recorded }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_whose_time_is_over_is_told_as_a_question_whose_is() {
        let told = problem(&Error::Ended, false);
        let question = Problem::timed_out();
        assert_eq!((told.status, told.name), (question.status, question.name));
    }
}
