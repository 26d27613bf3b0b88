//! Reports of what rules ask for (`lineal_evidence::check`), of what a token may see of a store; and what a
//! writer does to record them.

use crate::gate::Sight;
use crate::problem::{NOTHING, Problem};
use crate::scope::ScopedView;
use crate::tenant::{Opened, Shown, narrowed};
use crate::wire::CheckRequest;
use crate::writer::{Failed, Hands};
use axum::http::StatusCode;
use lineal_engine::NodeNo;
use lineal_evidence::check::{
    AsOf, Error, Part, Report, Wanted, check, check_part, newest_recorded, record,
};
use lineal_evidence::rules::Pack;
use lineal_query::{Answer, Limits, Machine, Prepared, Request, StoreView, Value};
use serde_json::{Value as Json, json};
use std::time::Instant;

/// The report that was recorded last, in the place of one that is made.
pub(crate) const RECORDED: &str = "recorded";

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

/// What bounds the work on a report.
pub(crate) struct Until<'a> {
    pub(crate) deadline: Instant,
    /// Has the asker left?
    pub(crate) stop: &'a dyn Fn() -> bool,
}

impl Until<'_> {
    fn is_over(&self) -> bool {
        (self.stop)() || Instant::now() >= self.deadline
    }
}

/// Who answers the questions of rules here: a view, or what a token sees of it, within the time of the
/// request. The rules come with the program, so that their other bounds are its own.
struct Answering<'a> {
    whole: &'a StoreView,
    part: Option<ScopedView>,
    until: &'a Until<'a>,
}

impl Part for Answering<'_> {
    fn answer(
        &self,
        question: &Prepared,
        machine: &mut Machine,
        request: &Request<'_>,
    ) -> lineal_query::Result<Answer> {
        let (deadline, stop) = (Some(self.until.deadline), Some(self.until.stop));
        let limits = Limits { deadline, stop, ..Limits::default() };
        let request = Request { limits: &limits, ..*request };
        let Some(part) = &self.part else {
            return question.numbers_on(machine, self.whole, &request);
        };
        let mut answer = question.numbers_on(machine, part, &request)?;
        for value in answer.rows.iter_mut().flatten() {
            renumber(value, part);
        }
        Ok(answer)
    }

    fn sees(&self, node: NodeNo) -> bool {
        self.part.as_ref().is_none_or(|part| part.sees(node))
    }

    fn is_whole(&self) -> bool {
        self.part.is_none()
    }
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
    until: &Until<'_>,
) -> Result<Vec<Report>, Problem> {
    let told = |error: &Error| problem(error, sight.is_bound(), until.is_over());
    let at = match asked.when {
        When::At(at) => at,
        When::Recorded => AsOf::Now,
    };
    let (view, today) = at.view(&opened.store, &opened.view, now).map_err(|error| told(&error))?;
    let shown = Shown { withheld: sight.withheld, trail: false, restricted: sight.restricted };
    let view = narrowed(view, shown);
    let part = sight.scoped(opened, &view);
    let whole = &view;
    let answering = Answering { whole, part, until };
    let CheckRequest { system, model, deployment, .. } = asked.about.clone();
    let wanted = Wanted { system, model, deployment, now: today };
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
    if until.is_over() {
        // What was asked last may have been cut.
        return Err(Problem::timed_out());
    }
    if asked.by_keys {
        made = made.iter().map(|report| report.without_people(opened.snapshot())).collect();
    }
    Ok(made)
}

fn problem(error: &Error, is_bound: bool, is_over: bool) -> Problem {
    match error {
        Error::Store(error) => Problem::store(error),
        Error::Unknown { .. } if is_bound => Problem::not_found(NOTHING),
        Error::Unknown { .. } => Problem::not_found(&error.to_string()),
        Error::NoCommit { .. } => Problem::bad_request(error.to_string()),
        Error::Cut { .. } | Error::Question { .. } if is_over => Problem::timed_out(),
        other => Problem::in_words(StatusCode::UNPROCESSABLE_ENTITY, other.to_string()),
    }
}

impl Hands {
    /// Makes the reports of the store as it is, and records them.
    ///
    /// # Errors
    /// A name for programs, and what happened.
    pub(crate) fn check(&self, about: &CheckRequest, login: &str) -> Result<Json, Failed> {
        let failed = |error: Error| match error {
            Error::Store(error) => self.store_failed(&error),
            other => ("refused", other.to_string()),
        };
        let stored = |error: lineal_engine::Error| self.store_failed(&error);
        let packs = packs(about).map_err(|problem| ("fault", problem.detail))?;
        let (opened, now) = (self.tenant.current(), self.tenant.now());
        let actor = self.store.actor_key(login).map_err(stored)?;
        let CheckRequest { system, model, deployment, .. } = about.clone();
        let wanted = Wanted { system, model, deployment, now };
        let (mut reports, mut recorded) = (Vec::new(), Vec::new());
        for pack in &packs {
            reports.push(check(&opened.store, &opened.view, pack, &wanted).map_err(failed)?);
        }
        for (pack, report) in packs.iter().zip(&reports) {
            let noted = record(&self.store, pack, report, now, Some(actor.clone()));
            let (commit, document) = noted.map_err(failed)?;
            recorded.push(json!({ "commit": commit, "document": document }));
        }
        self.store.write_indexes().map_err(stored)?;
        Ok(json!({
            "reports": reports.iter().map(Report::json).collect::<Vec<_>>(), "recorded": recorded,
        }))
    }
}
