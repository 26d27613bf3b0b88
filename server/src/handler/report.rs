//! `GET /v1/report/{kind}`, and `POST` with a retention policy: reports for people, of the kinds that
//! `lineal_evidence::report::KINDS` lists, with the bytes of `lineal report` beside the store. What is given
//! leaves the store for good, so each is in the trail before its first byte.

use super::export::in_a_header;
use super::imports::truth;
use super::sound;
use crate::accept;
use crate::check::within;
use crate::gate::{Call, Sight};
use crate::openapi::Description;
use crate::problem::{NOTHING, Problem};
use crate::reply::{self, COMMIT, COMPLETENESS, TOTAL, WITHHELD, Written};
use crate::tenant::{Opened, Shown};
use crate::unsealed::Waiting;
use crate::wire::ReportBody;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use lineal_evidence::check::AsOf;
use lineal_evidence::report::{
    Basis, Document, Error, KINDS, Made, ReportKind, ReportRequest, Within,
};
use std::time::Instant;
use utoipa::openapi::schema::Type;

/// What a report is called.
const TITLE: HeaderName = HeaderName::from_static("lineal-title");
/// Pictures in it, which Markdown tells in words.
const PICTURES: HeaderName = HeaderName::from_static("lineal-pictures");
/// What a role is not told that reads lineage and no holds.
const REASONS: &str = "why something is held";

/// What a token is not told that is bound to systems.
const OF_OTHERS: &str = "what is not of the systems of this token";

/// What any of the kinds takes here; each says what is not for it.
const KNOWN: [&str; 9] =
    ["target", "old", "new", "as_of", "from", "until", "sample", "names", "format"];

const MARKDOWN: &str = "text/markdown";
const HTML: &str = "text/html";
const JSON: &str = "application/json";
/// The forms by the words for them in `format`; the first is what `*/*` takes, as it is the command's.
const FORMS: [(&str, &str); 3] = [("md", MARKDOWN), ("html", HTML), ("json", JSON)];

pub(crate) fn describe(it: Description) -> Description {
    let text =
        |it: Description, name: &str, what: &str| it.parameter(name, &Type::String, false, what);
    let it = text(it, "target", "What it is about: a node, an id or any name, as at /v1/show");
    let it = text(it, "old", "Of `change`: the model version before");
    let it = text(it, "new", "Of `change`: the one after");
    let when = "As of a commit number or a time, which then counts as today";
    let it = text(it, "as_of", when);
    let it = text(it, "from", "Of `oversight` and `incident`: only events from then on");
    let it = text(it, "until", "Of these: only events before then");
    let it = it.number("sample", (0, None), false, "Of `oversight`: events of each sample");
    let names = "Put the names of persons beside their keys; not of `annex-iv`";
    let it = it.parameter("names", &Type::Boolean, false, names);
    described(it).cached()
}

pub(crate) fn describe_with_policy(it: Description) -> Description {
    described(it.body::<ReportBody>()).earlier().conditional()
}

/// What both have and give.
fn described(it: Description) -> Description {
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    let forms = "The form, `md`, `html` or `json`, in place of Accept";
    it.place("kind", &names.join(", "))
        .parameter("format", &Type::String, false, forms)
        .in_store()
        .forms(
            "The report. Lineal-Title names it, Lineal-Total counts the nodes that it names.",
            &[(MARKDOWN, Type::String), (HTML, Type::String), (JSON, Type::Object)],
        )
        .gives(&[
            "Lineal-Commit",
            "Lineal-Completeness",
            "Lineal-Pictures",
            "Lineal-Title",
            "Lineal-Total",
            "Lineal-Withheld",
        ])
        .problem(406, "No form of the report is acceptable.")
        .problem(409, "Several nodes have that name.")
        .problem(422, "A report of this kind is about something else, or cannot be made of this.")
}

/// Makes a report.
pub(crate) async fn get(call: Call) -> Result<Response<Body>, Problem> {
    let kind = kind(&call)?;
    call.only(&KNOWN)?;
    let text = |name: &str| call.parameter(name);
    let sample = call.number("sample")?.map(usize::try_from).transpose();
    let request = ReportRequest {
        target: text("target")?,
        old: text("old")?,
        new: text("new")?,
        as_of: text("as_of")?,
        from: text("from")?,
        until: text("until")?,
        sample: sample.map_err(|_| Problem::bad_request("`sample` is too large"))?,
        names: truth(&call, "names")?,
        policy: None,
    };
    give(&call, kind, request).await
}

/// Makes one under a policy of who asks.
pub(crate) async fn post(call: Call) -> Result<Response<Body>, Problem> {
    let kind = kind(&call)?;
    call.only(&["format"])?;
    let body: ReportBody = call.json()?;
    give(&call, kind, body.into()).await
}

fn kind(call: &Call) -> Result<&'static ReportKind, Problem> {
    call.asked.exports();
    let name = call.places.get("kind").map_or("", String::as_str);
    ReportKind::named(name).ok_or_else(|| {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        Problem::not_found(&format!(
            "the last part of the path is a kind of report: {}",
            names.join(", ")
        ))
    })
}

/// The form that is wanted.
fn form(call: &Call) -> Result<&'static str, Problem> {
    let Some(word) = call.parameter("format")? else {
        let offered = FORMS.map(|(_, media_type)| media_type);
        return accept::preferred(&call.parts.headers, &offered)
            .ok_or_else(|| Problem::not_acceptable_of(&offered));
    };
    let known = FORMS.iter().find(|(known, _)| *known == word);
    let known = known.ok_or_else(|| Problem::bad_request("`format` is md, html or json"))?;
    Ok(known.1)
}

async fn give(
    call: &Call,
    kind: &'static ReportKind,
    request: ReportRequest,
) -> Result<Response<Body>, Problem> {
    let (form, sight, who) = (form(call)?, call.sight()?, call.who()?);
    if sight.is_bound() && !kind.is_confined {
        let confined: Vec<&str> =
            KINDS.iter().filter(|kind| kind.is_confined).map(|kind| kind.name).collect();
        return Err(Problem::forbidden(format!(
            "a report of the kind {} looks past the systems of this token: at what else rests on the same data, at holds and decisions of the whole store. Within them stays {}, of one of them; ask that, /v1/check and /v1/query, or somebody who sees all of it",
            kind.name,
            confined.join(", ")
        )));
    }
    let role = who.token.role;
    if kind.tells_upkeep && !role.reads_trail() {
        return Err(Problem::forbidden(format!(
            "a report of the kind {} tells what was held, erased and given of the whole store: it is for the roles that read that",
            kind.name
        )));
    }
    let tenant = call.tenant()?;
    let (opened, now, waiting) = (tenant.current(), tenant.now(), Waiting::of(call)?);
    // Of a view that is named the report stays as it is; else today is in it, but for those without one.
    let is_fixed = kind.is_timeless || request.as_of.as_deref().is_some_and(|it| it != "now");
    let today = if is_fixed { 0 } else { now };
    let (moment, asked) = (today.to_le_bytes(), format!("{:?}", request.said()));
    let policy = request.policy.clone().unwrap_or_default();
    let systems = sight.systems().unwrap_or_default().join("\n");
    let parts: [&[u8]; 9] = [
        systems.as_bytes(),
        kind.name.as_bytes(),
        form.as_bytes(),
        asked.as_bytes(),
        policy.as_bytes(),
        tenant.name().as_bytes(),
        role.name().as_bytes(),
        &moment,
        opened.store.id(),
    ];
    let tag = reply::tag(opened.commit(), &parts);
    if let Some(response) = reply::unchanged(&call.parts.method, &call.parts.headers, &tag)? {
        return Ok(response);
    }
    let (with_reasons, deadline) = (role.reads_trail(), call.deadline);
    let bounds = call.app.config.limits.clone();
    let gzip = accept::takes_gzip(&call.parts.headers);
    let is_bound = sight.is_bound();
    let work = call.app.pool.run(&who.token.id, move |_, stop| {
        // What is restricted is in no report: it leaves the hands of who may see that.
        let shown = Shown { withheld: sight.withheld, trail: sight.trail, restricted: false };
        let is_over = || stop.is_set() || Instant::now() >= deadline;
        let limits = bounds.of_answers(deadline, &is_over);
        let (store, newest) = (&opened.store, opened.view_for(shown));
        let basis = Basis { store, newest, now, with_reasons, limits, within: None };
        let made = match is_bound {
            true => confined(kind, &request, (&opened, &sight), &basis),
            false => kind.make(&request, &basis).map_err(|error| problem(&error, false)),
        };
        if is_over() {
            // What was asked last may have been cut.
            return Err(Problem::timed_out());
        }
        let Made { document, commit } = made?;
        sound(&opened)?;
        let (nodes, pictures) = (document.references().len(), document.pictures().len());
        let written = written(&document, form, gzip);
        Ok((written, commit, nodes, pictures, document.title))
    });
    let (written, commit, nodes, pictures, title) = work.await??;
    call.asked.results(nodes as u64);
    let mut response = written.response(match form {
        MARKDOWN => "text/markdown; charset=utf-8",
        HTML => "text/html; charset=utf-8",
        other => other,
    });
    let headers = response.headers_mut();
    if form == HTML {
        // It loads nothing and runs nothing, whatever its texts say.
        let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    if is_fixed {
        reply::set(headers, header::ETAG, &tag);
    }
    reply::set(headers, COMMIT, &commit.to_string());
    reply::set(headers, TOTAL, &nodes.to_string());
    reply::set(headers, PICTURES, &pictures.to_string());
    reply::set(headers, TITLE, &in_a_header(&title));
    if !with_reasons && kind.name == "incident" {
        reply::set(headers, WITHHELD, REASONS);
    }
    if is_bound {
        reply::set(headers, WITHHELD, OF_OTHERS);
    }
    if waiting.words(|_| true).is_some() {
        // Reports ask about what is sealed: what waits is in none.
        headers.insert(COMPLETENESS, HeaderValue::from_static("cannot_tell"));
    }
    Ok(response)
}

/// A report for one who is bound to systems: of one of these, made of what they may see and of nothing else.
fn confined(
    kind: &ReportKind,
    request: &ReportRequest,
    (opened, sight): (&Opened, &Sight),
    basis: &Basis<'_>,
) -> Result<Made, Problem> {
    let as_of = match request.as_of.as_deref().filter(|text| !text.is_empty()) {
        None => AsOf::Now,
        Some(text) => AsOf::parse(text).ok_or_else(|| {
            problem(&Error::NoTime { name: "as_of", text: text.to_owned() }, true)
        })?,
    };
    let view = as_of.view(basis.store, basis.newest, basis.now);
    let (view, today) = view.map_err(|error| problem(&Error::Check(error), true))?;
    // In its answers persons stand under keys, as in those of the view itself.
    let part = sight.scoped(opened, &view.clone().with_keys_of_persons())?;
    let part = part.ok_or_else(Problem::fault)?;
    let newest = view.narrowed_as(part.whole().snapshot());
    let (limits, systems) = (basis.limits, sight.systems().unwrap_or_default());
    let part = within(&newest, part, &limits);
    let within = Some(Within { part: &part, systems });
    let request = ReportRequest { as_of: None, ..request.clone() };
    let &Basis { store, with_reasons, .. } = basis;
    let basis = Basis { store, newest: &newest, now: today, with_reasons, limits, within };
    kind.make(&request, &basis).map_err(|error| problem(&error, true))
}

/// The bytes of the command.
fn written(document: &Document, form: &str, gzip: bool) -> Written {
    let text = match form {
        HTML => document.to_html(),
        JSON => document.to_json(),
        _ => document.to_markdown(None),
    };
    // A reply ends its line itself.
    Written::of(text.strip_suffix('\n').unwrap_or(&text).as_bytes().to_vec(), gzip)
}

/// To a token that is bound to systems it is not said what else there is.
fn problem(error: &Error, bare: bool) -> Problem {
    use lineal_evidence::check::Error as Check;
    match error {
        Error::Store(error)
        | Error::Closure(lineal_evidence::Error::Store(error))
        | Error::Check(Check::Store(error)) => Problem::store(error),
        Error::Check(Check::NoCommit { .. }) => Problem::bad_request(error.to_string()),
        Error::Unresolved { why, .. } => Problem::unresolved(why, bare),
        Error::Unseen => Problem::not_found(NOTHING),
        Error::Unconfined { .. } => Problem::forbidden(error.to_string()),
        Error::Event { .. } => Problem::bad_request(
            "that is an event, and no report is about one: name its system, its deployment or its model",
        ),
        Error::NoTime { name, .. } => Problem::bad_request(format!(
            "`{name}` is a time as 2026-03-14 or 2026-03-14T09:00:00Z"
        )),
        Error::Untaken { .. } | Error::Unsaid { .. } | Error::SampleTooLarge { .. } => {
            Problem::bad_request(error.to_string())
        }
        other => Problem::in_words(StatusCode::UNPROCESSABLE_ENTITY, other.to_string()),
    }
}
