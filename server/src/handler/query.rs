//! `/v1/query`: a question, with its parameters and bounds, answered as JSON page by page, or as
//! lines.

mod allowed;
mod digest;
mod page;
mod shown;

pub(crate) use self::allowed::allowed;
use self::digest::{digest, tag};
use self::page::{Answered, Page};
use super::typed;
use crate::accept::{self, Form};
use crate::app::App;
use crate::cursor::Cursor;
use crate::gate::{Call, Sight};
use crate::held::Given;
use crate::openapi::Description;
use crate::pace::{AT_ONCE_MAX, ROWS_AT_ONCE_MAX};
use crate::plans::{Plan, text_digest};
use crate::preview::{Preview, Previewed};
use crate::problem::Problem;
use crate::reply::{self, Before, COMMIT, COMPLETENESS, CURSOR, Columns, NEXT, TOTAL, WITHHELD};
use crate::tenant::{Opened, Shown, narrowed};
use crate::unsealed::Unsealed;
use crate::wire::{QueryAnswer, QueryLimits, QueryRequest};
use crate::words::Words;
use axum::http::{HeaderValue, Response, header};
use lineal_engine::schema::Kind;
use lineal_proof::Hash;
use lineal_query::source::Source;
use lineal_query::told::brief_json;
use lineal_query::{
    Answer, Limits, Machine, NodeNo, Parameters, Prepared, Request, StoreView, Table, Value,
    shape_digest,
};
use serde_json::{Value as Json, json};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use utoipa::openapi::schema::Type;

/// What both forms of the endpoint give.
pub(crate) fn describe(it: Description) -> Description {
    it.in_store()
        .rows::<QueryAnswer>("The answer. Lineal-Completeness, Lineal-Total, Lineal-Commit, Lineal-Cursor and Lineal-Next stand in the head, whatever the form.")
        .gives(&[
            "Lineal-Commit",
            "Lineal-Completeness",
            "Lineal-Cursor",
            "Lineal-Next",
            "Lineal-Total",
            "Lineal-Withheld",
        ])
        .problem(422, "The question does not fit this store or these parameters.")
}

/// What the form for POST takes.
pub(crate) fn describe_body(it: Description) -> Description {
    it.body::<QueryRequest>().one_of("QueryRequest", ["query", "plan_id"]).conditional()
}

/// What the form for GET takes.
pub(crate) fn describe_parameters(it: Description) -> Description {
    it.parameter("query", &Type::String, false, "The question; this or `plan_id`")
        .parameter("plan_id", &Type::String, false, "A prepared question of this token")
        .parameter("params", &Type::String, false, "Values of parameters, a JSON object")
        .parameter("limits", &Type::String, false, "Bounds, a JSON object as in POST")
        .number("page", (1, None), false, "Rows of a page, from 1")
        .parameter("cursor", &Type::String, false, "`next` of the page before")
        .parameter(
            "with",
            &Type::String,
            false,
            "More of the form with types, a JSON list as in POST",
        )
        .cached()
}

/// A question in the body.
pub(crate) async fn post(call: Call) -> Result<Response<Given>, Problem> {
    call.only(&[])?;
    let asked: QueryRequest = call.json()?;
    ask(call, asked).await
}

/// A question in the query string.
pub(crate) async fn get(call: Call) -> Result<Response<Given>, Problem> {
    call.only(&["query", "plan_id", "params", "limits", "page", "cursor", "with"])?;
    let asked = QueryRequest {
        query: call.parameter("query")?,
        plan_id: call.parameter("plan_id")?,
        params: object(&call, "params")?,
        limits: object(&call, "limits")?,
        page: call.number("page")?,
        cursor: call.parameter("cursor")?,
        with: object(&call, "with")?,
    };
    ask(call, asked).await
}

fn object<T: Default + serde::de::DeserializeOwned>(call: &Call, name: &str) -> Result<T, Problem> {
    let Some(text) = call.parameter(name)? else { return Ok(T::default()) };
    serde_json::from_str(&text).map_err(|e| Problem::bad_request(format!("`{name}`: {e}")))
}

/// A question on its way to a thread.
struct Asking {
    plan: Result<Arc<Plan>, String>,
    request: QueryRequest,
    form: Form,
    question: Hash,
    cursor: Option<Cursor>,
    /// The commit of the view: `as of` in the question may go back from there.
    commit: u64,
    /// The last commit of the store.
    newest: u64,
    sight: Sight,
    /// Events that were acknowledged and are in no commit yet.
    unsealed: Unsealed,
    /// Shows them.
    preview: Option<Arc<Preview>>,
    /// May it ask for a view of the past? That lacks nothing.
    is_past: bool,
    deadline: Instant,
    now: i64,
    gzip: bool,
}

async fn ask(call: Call, request: QueryRequest) -> Result<Response<Given>, Problem> {
    let sight = call.sight()?;
    let form = Form::wanted(&call.parts.headers)?;
    let tenant = call.tenant()?;
    let plan = match (&request.query, &request.plan_id) {
        (Some(text), None) => Err(text.clone()),
        (None, Some(name)) => {
            Ok(call.app.plans.find(&call.who()?.token.id, name).ok_or_else(|| {
                Problem::not_found("no plan of that name; POST /v1/plans makes it (again)")
            })?)
        }
        _ => return Err(Problem::bad_request("say one of `query` and `plan_id`")),
    };
    if request.page == Some(0) {
        return Err(Problem::bad_request("`page` is 1 at least"));
    }
    let withheld = sight.withheld;
    let (text_digest, words) = plan
        .as_ref()
        .map_or_else(|text| (text_digest(text), Words::of(text)), |plan| (plan.digest, plan.words));
    let question = digest(&tenant, &text_digest, &request, &sight)?;
    let exports = form != Form::Json;
    if exports {
        call.asked.exports();
    }
    // Of what is only counted the values are not kept.
    let is_noted = exports || !withheld;
    let given = (is_noted && !request.params.is_empty()).then(|| json!(request.params).to_string());
    match &plan {
        Ok(plan) => {
            call.asked.question(Arc::clone(&plan.text), Arc::clone(&plan.shape), given);
        }
        Err(text) => {
            call.asked.question(text.as_str().into(), shape_digest(text).into(), given);
        }
    }
    let cursor = request.cursor.as_deref();
    let cursor = cursor.map(|cursor| call.app.seal.open(cursor, &question)).transpose()?;
    let writer = call.app.writer(tenant.name());
    // Uses concern the answers about them alone: others would never be unchanged.
    let about_uses = sight.trail && words.of_uses;
    // Read before the state: what is sealed in between is then in both, and never in neither.
    let keeper = call.app.keeper(tenant.name()).filter(|_| about_uses);
    let unsealed = Unsealed::new(
        writer.map(|writer| writer.intake.pending()).unwrap_or_default(),
        keeper.map_or(0, |keeper| keeper.trail.pending()),
    );
    let opened = match cursor {
        Some(cursor) => tenant.holding(cursor.commit),
        None => tenant.current(),
    };
    // What depends on the time of asking is another answer each time.
    let is_timeless = cursor.is_some() || !words.of_now;
    let commit = cursor.map_or_else(|| opened.commit(), |cursor| cursor.commit);
    let first = cursor.map_or(0, |cursor| cursor.first);
    let tag = is_timeless
        .then(|| tag(opened.store.id(), commit, &question, form, (first, unsealed.bytes())));
    if let Some(tag) = &tag
        && let Some(response) = reply::unchanged(&call.parts.method, &call.parts.headers, tag)?
    {
        return Ok(response.map(Given::from));
    }
    let gzip = accept::takes_gzip(&call.parts.headers);
    let (deadline, now) = (call.deadline, call.app.now());
    let asking = Asking {
        plan,
        request,
        form,
        question,
        cursor,
        commit,
        newest: opened.commit(),
        sight: sight.clone(),
        unsealed,
        preview: writer.map(|writer| Arc::clone(&writer.preview)),
        is_past: words.of_past,
        deadline,
        now,
        gzip,
    };
    let page = match asking.at_once(&call.app, &opened)? {
        Some(page) => page,
        None => {
            let app = Arc::clone(&call.app);
            let asker = &call.who()?.token.id;
            let work = call.app.pool.run(asker, move |machine, stop| {
                let begun = Instant::now();
                let until = Until { stop: &|| stop.is_set(), rows: usize::MAX };
                let page = asking.run(&app, &opened, machine, &until);
                asking.took(begun.elapsed());
                page
            });
            // Without a bound for its rows it is always a page.
            work.await??.ok_or_else(Problem::fault)?
        }
    };
    let mut response = match page.answered {
        Answered::Whole(written) => written.whole(form.media_type()),
        Answered::Lines(answer, before) => {
            let (next, headers) = (page.next.clone(), &call.parts.headers);
            reply::lines(*answer, form, before, next, sight.withheld_words(), headers)?
                .map(Given::from)
        }
    };
    let headers = response.headers_mut();
    if let Some(tag) = tag.filter(|_| !page.cut_by_time && !page.is_passing) {
        reply::give(headers, header::ETAG, tag);
    }
    headers.insert(COMMIT, page.commit.into());
    headers.insert(COMPLETENESS, HeaderValue::from_static(page.completeness));
    headers.insert(TOTAL, page.total.into());
    reply::give(headers, CURSOR, page.again);
    if let Some(next) = page.next {
        reply::give(headers, NEXT, next);
    }
    match sight.withheld_words().as_slice() {
        [] => {}
        [words] => drop(headers.insert(WITHHELD, HeaderValue::from_static(words))),
        several => reply::give(headers, WITHHELD, several.join(", ")),
    }
    Ok(response)
}

/// The value that is given for a parameter.
pub(crate) fn given(name: &str, json: &Json) -> Result<Value, Problem> {
    Value::from_json(json).ok_or_else(|| {
        Problem::bad_request(format!(
            "parameter {name}: text, numbers, true, false and lists of these"
        ))
    })
}

/// Until when a question runs.
struct Until<'a> {
    /// Is it to end now?
    stop: &'a dyn Fn() -> bool,
    /// Rows that are written down, at most.
    rows: usize,
}

impl Asking {
    /// The page of a prepared question that was short of late, made here; none if it is to be made on
    /// a thread of the pool.
    fn at_once(&self, app: &App, opened: &Arc<Opened>) -> Result<Option<Page>, Problem> {
        let Ok(plan) = &self.plan else { return Ok(None) };
        // What a token bound to systems sees may have to be found first, and so may the view of an
        // earlier page. What is told of nodes beside the rows is no part of the question's pace.
        let is_newest = self.commit == opened.commit();
        let is_alone = self.request.with.is_empty();
        // To show what waits may have to be waited for.
        let is_alone = is_alone && !self.is_concerned(&plan.prepared);
        if self.sight.is_bound() || !is_newest || !is_alone || !plan.pace.is_short() {
            return Ok(None);
        }
        let begun = Instant::now();
        let is_late = || begun.elapsed() >= AT_ONCE_MAX;
        let until = Until { stop: &is_late, rows: ROWS_AT_ONCE_MAX };
        let page = app.pool.at_once(|machine| self.run(app, opened, machine, &until))??;
        let page = page.filter(|page| !page.cut_by_time);
        match &page {
            Some(_) => plan.pace.note(begun.elapsed()),
            None => plan.pace.was_long(),
        }
        Ok(page)
    }

    /// Notes how long a prepared question took.
    fn took(&self, took: Duration) {
        if let Ok(plan) = &self.plan {
            plan.pace.note(took);
        }
    }

    /// Prepares, runs and cuts out the page; none where there are more rows than are to be written
    /// down here.
    fn run(
        &self,
        app: &App,
        opened: &Arc<Opened>,
        machine: &mut Machine,
        until: &Until<'_>,
    ) -> Result<Option<Page>, Problem> {
        let understood: Arc<Prepared>;
        let prepared = match &self.plan {
            Ok(plan) => &plan.prepared,
            Err(text) => {
                let plan = app.cache.prepare(text);
                understood = plan.map_err(|mistake| Problem::mistake(&mistake))?;
                &understood
            }
        };
        allowed(prepared, self.sight.withheld)?;
        let parameters = self.parameters(prepared)?;
        let shown = self.shown(prepared, opened)?;
        let opened: &Opened = shown.as_ref().map_or(opened, |shown| &shown.opened);
        let asked = (&**prepared, &parameters, shown.as_deref());
        let whole = self.view(opened)?;
        match self.sight.scoped(opened, &whole)? {
            None => self.answered(app, asked, &*whole, machine, until, |view, node| {
                brief_json(view.snapshot(), node, &|_| true)
            }),
            Some(part) => self.answered(app, asked, &part, machine, until, |view, node| {
                let (whole, node) = (view.whole().snapshot(), view.whole_number(node));
                brief_json(whole, node, &|node| view.sees(node))
            }),
        }
    }

    /// Runs it on what may be seen. `tell` gives a few facts of a node of such a view.
    fn answered<S: Source<Error = lineal_engine::Error>>(
        &self,
        app: &App,
        (prepared, parameters, shown): (&Prepared, &Parameters, Option<&Previewed>),
        view: &S,
        machine: &mut Machine,
        until: &Until<'_>,
        tell: impl Fn(&S, NodeNo) -> Result<Json, lineal_engine::Error>,
    ) -> Result<Option<Page>, Problem> {
        let bounds = &app.config.limits;
        let QueryLimits { rows, edges, events, bytes, seconds } = self.request.limits;
        let least = |wanted: Option<u64>, most: u64| wanted.unwrap_or(most).min(most);
        let mut deadline = self.deadline;
        if let Some(seconds) = seconds
            && let Some(sooner) = Instant::now().checked_add(Duration::from_secs(seconds))
        {
            deadline = deadline.min(sooner);
        }
        let limits = Limits {
            rows: least(rows, bounds.rows),
            edges: least(edges, bounds.edges),
            events: least(events, bounds.events),
            bytes: least(bytes, bounds.bytes),
            deadline: Some(deadline),
            stop: Some(until.stop),
        };
        let request = Request { parameters, limits: &limits, now: self.moment() };
        let finish = |answer: Answer, table: &Table| match answer.rows.len() + table.len() {
            rows if rows > until.rows => Ok(None),
            _ => self.finished(app, (prepared, shown), view, answer, table, tell).map(Some),
        };
        let refused = |error| {
            let lacks = self.lacks(prepared, shown);
            Problem::question(&error).or_unsealed(lacks.as_deref())
        };
        match self.form {
            // Written down at once: its rows need not be lists of their own.
            Form::Json => prepared.look_on(machine, view, &request, finish).map_err(refused)?,
            _ => {
                let answer = prepared.run_on(machine, view, &request).map_err(refused)?;
                finish(answer, &Table::empty())
            }
        }
    }

    /// The page of an answer, some of whose rows may stand in a table.
    fn finished<S: Source<Error = lineal_engine::Error>>(
        &self,
        app: &App,
        (prepared, shown): (&Prepared, Option<&Previewed>),
        view: &S,
        mut answer: Answer,
        table: &Table,
        tell: impl Fn(&S, NodeNo) -> Result<Json, lineal_engine::Error>,
    ) -> Result<Page, Problem> {
        // A view of the past lacks nothing that came after it.
        let is_newest = answer.commit == self.newest;
        let lacks = |count| if is_newest { count } else { 0 };
        let comes_by = |kind| prepared.comes_by(kind);
        let is_passing = is_newest && self.is_concerned(prepared);
        let unsealed = shown.map_or(self.unsealed, |shown| self.unsealed.without(shown.entries));
        let events = lacks(unsealed.concerning(comes_by));
        if let Some(shown) = shown {
            let entries = Unsealed::new(shown.entries, 0).concerning(comes_by);
            answer.warnings.push(self.pending_words(entries));
        }
        let uses = lacks(if prepared.names(Kind::Access) { self.unsealed.uses } else { 0 });
        // Before any form of the answer is made: each of them says it.
        if self.sight.is_bound() && events > 0 {
            // Whose events they are is not known before they are sealed.
            answer.completeness.tell_some_unsealed();
        } else {
            answer.completeness.tell_unsealed(events, uses);
        }
        let before = match self.form {
            Form::Typed => {
                let withheld = self.sight.withheld_words();
                Before::Line(typed::head(&answer, &self.request.with, view, &withheld, tell)?)
            }
            Form::Arrow => Before::Columns(Columns::of(&answer)),
            Form::Json | Form::Ndjson | Form::Csv => Before::Nothing,
        };
        let shown = shown.map_or(0, |shown| shown.number);
        let page = self.page(app, (answer, table), before, shown);
        Ok(Page { is_passing: is_passing || shown > 0, ..page })
    }

    /// What `now()` is: in all pages what it was in the first.
    fn moment(&self) -> i64 {
        self.cursor.map_or(self.now, |cursor| cursor.now)
    }

    fn parameters(&self, prepared: &Prepared) -> Result<Parameters, Problem> {
        let mut parameters = Parameters::new();
        for (name, json) in &self.request.params {
            if !prepared.has_parameter(name) {
                let known = prepared.parameters();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(Problem::bad_request(format!(
                    "the question has no such parameter; it has {known}"
                )));
            }
            parameters.set(name.clone(), given(name, json)?);
        }
        Ok(parameters)
    }

    /// The view of the question: the newest, or that of its first page.
    fn view<'o>(&self, opened: &'o Opened) -> Result<Cow<'o, StoreView>, Problem> {
        let Sight { withheld, trail, restricted, .. } = self.sight;
        let shown = Shown { withheld, trail, restricted };
        match self.cursor {
            Some(cursor) if cursor.commit != opened.commit() => {
                let then = opened.view.as_of_commit(cursor.commit);
                let then = then
                    .map_err(|error| Problem::store(&error))?
                    .ok_or_else(|| Problem::bad_request("the cursor's commit is gone"))?;
                Ok(Cow::Owned(narrowed(then, shown)))
            }
            _ => Ok(Cow::Borrowed(opened.view_for(shown))),
        }
    }
}
