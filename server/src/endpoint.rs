//! The table of endpoints: from it come the router, OpenAPI, the reference page, the matrix of roles
//! in docs/operating.md and the test that walks every endpoint with every role. To add an endpoint,
//! add a row.

use crate::gate::Call;
use crate::handler::{
    aliases, backup, batches, check, erasures, export, handed, health, history, imports, intake,
    keys, marquez, metrics, mirror, names, nodes, plans, prove, public_log, query, records,
    reference, report, retention, schema, show, stats, tokens, trace, trail, upkeep,
};
use crate::held::Given;
use crate::openapi::Description;
use crate::problem::Problem;
use crate::role::Role::{self, *};
use axum::http::Response;
use std::pin::Pin;

/// What an endpoint gives, in the end.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Response<Given>, Problem>> + Send>>;

/// One row of the table.
pub(crate) struct Endpoint {
    /// `GET`, `POST` or `DELETE`.
    pub(crate) method: &'static str,
    /// The path, with `{name}` for a part and `{*name}` for all the rest.
    pub(crate) path: &'static str,
    /// What it does, in a sentence.
    pub(crate) summary: &'static str,
    /// Who may.
    pub(crate) roles: Roles,
    /// Does it.
    pub(crate) handler: fn(Call) -> Answering,
    /// What it takes and gives, for OpenAPI.
    pub(crate) describe: fn(Description) -> Description,
}

/// Who may use an endpoint. What is in no list is refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Roles {
    /// Whoever can reach it: it tells nothing of any store.
    Everybody,
    /// The administrator, or everybody where the configuration says so.
    Metrics,
    /// These roles.
    These(&'static [Role]),
}

impl Roles {
    /// The roles that may; none is everybody.
    pub(crate) fn list(self, open_metrics: bool) -> Option<&'static [Role]> {
        match self {
            Roles::Everybody => None,
            Roles::Metrics => (!open_metrics).then_some(&[Admin]),
            Roles::These(roles) => Some(roles),
        }
    }

    /// In words, for documents.
    pub(crate) fn words(self) -> String {
        match self {
            Roles::Everybody => "everybody, without a token".to_owned(),
            Roles::Metrics => "admin; everybody where `open_metrics` is set".to_owned(),
            Roles::These(roles) => {
                roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(", ")
            }
        }
    }
}

/// Roles that read lineage. The importer writes, and reads no records.
const READERS: Roles =
    Roles::These(&[Engineer, Approver, Investigator, PrivacyOfficer, Auditor, Admin, BreakGlass]);
/// Who brings something in.
const IMPORTERS: Roles = Roles::These(&[Importer]);
/// Who reads the trail of who asked what; a token that is bound to systems does not.
const TRAIL_READERS: Roles = Roles::These(&[PrivacyOfficer, Auditor, Admin]);
/// Who looks after the stores.
const ADMINS: Roles = Roles::These(&[Admin]);
/// Who sees how far imports are.
const WRITERS: Roles = Roles::These(&[Importer, Admin]);
/// Who sees how far a job is whose id they were given.
const JOB_READERS: Roles =
    Roles::These(&[Importer, Engineer, Approver, Investigator, PrivacyOfficer, Admin]);
/// Who may have a job begun, and so cancel it: which jobs these are, the handler tells.
const CANCELLERS: Roles =
    Roles::These(&[Importer, Engineer, Approver, Investigator, PrivacyOfficer, Auditor, Admin]);
/// Who erases, and holds what must stay.
const ERASERS: Roles = Roles::These(&[PrivacyOfficer]);
/// Who hands logs over to others, signed with the log's key: within a case, for a right of somebody's, as an
/// authority, or for all of these. Not who looks for a moment.
const HANDERS: Roles = Roles::These(&[Investigator, PrivacyOfficer, Auditor, Admin]);
/// Who hands packs over: they tell what decisions to erase say.
const PACKERS: Roles = TRAIL_READERS;
/// Who gives names that hold for past and future.
const NAMERS: Roles = Roles::These(&[Engineer, Admin]);
/// Who states something; which of them states what is told by `Record::who`.
const STATERS: Roles = Roles::These(&[Engineer, Approver, Investigator]);
/// Whoever has a token.
const ALL: Roles = Roles::These(&crate::role::ROLES);

macro_rules! does {
    ($handler:path) => {
        |call| Box::pin(async { $handler(call).await.map(|given| given.map(Given::from)) })
    };
}

/// The endpoints.
pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: "GET",
        path: "/healthz",
        summary: "Is the process there?",
        roles: Roles::Everybody,
        handler: does!(health::alive),
        describe: |it| it.text("It is.", "text/plain"),
    },
    Endpoint {
        method: "GET",
        path: "/readyz",
        summary: "Do all stores follow their writers?",
        roles: Roles::Everybody,
        handler: does!(health::ready),
        describe: |it| it.text("It does.", "text/plain").problem(503, "It does not."),
    },
    Endpoint {
        method: "GET",
        path: "/metrics",
        summary: "Counts and times, for Prometheus.",
        roles: Roles::Metrics,
        handler: does!(metrics::text),
        describe: |it| it.text("The metrics.", "text/plain"),
    },
    Endpoint {
        method: "GET",
        path: "/",
        summary: "A page that lists the endpoints.",
        roles: Roles::Everybody,
        handler: does!(reference::page),
        describe: |it| it.text("The page.", "text/html"),
    },
    Endpoint {
        method: "GET",
        path: "/v1/openapi.json",
        summary: "This interface, as OpenAPI 3.1.",
        roles: Roles::Everybody,
        handler: does!(reference::openapi),
        describe: |it| it.object("The document."),
    },
    Endpoint {
        method: "POST",
        path: "/v1/query",
        summary: "Ask a question.",
        roles: READERS,
        handler: does!(query::post),
        describe: |it| query::describe(query::describe_body(it)),
    },
    Endpoint {
        method: "GET",
        path: "/v1/query",
        summary: "Ask a question whose answer may be cached: with If-None-Match it is 304 while nothing was committed.",
        roles: READERS,
        handler: does!(query::get),
        describe: |it| query::describe_parameters(query::describe(it)),
    },
    Endpoint {
        method: "POST",
        path: "/v1/plans",
        summary: "Prepare a question, to be asked by its plan_id with the same token.",
        roles: READERS,
        handler: does!(plans::post),
        describe: |it| {
            it.body::<crate::wire::PlanRequest>()
                .json::<crate::wire::PlanAnswer>("The prepared question.")
                .problem(400, "A mistake in the question.")
        },
    },
    Endpoint {
        method: "GET",
        path: "/v1/nodes/{kind}/{*key}",
        summary: "Everything recorded about a node, or about the events of an inference hash or id.",
        roles: READERS,
        handler: does!(nodes::get),
        describe: nodes::describe,
    },
    Endpoint {
        method: "GET",
        path: "/v1/show",
        summary: "The same about whatever a text names: a node, an id, an input hash, any name.",
        roles: READERS,
        handler: does!(show::get),
        describe: show::describe,
    },
    Endpoint {
        method: "GET",
        path: "/v1/trace",
        summary: "Where a thing comes from: edges upstream, training data, and what is missing.",
        roles: READERS,
        handler: does!(trace::get),
        describe: trace::describe,
    },
    Endpoint {
        method: "POST",
        path: "/v1/prove",
        summary: "Make a proof of a statement, which a stranger can check without this server.",
        roles: READERS,
        handler: does!(prove::post),
        describe: prove::describe,
    },
    Endpoint {
        method: "POST",
        path: "/mcp",
        summary: "The Model Context Protocol over streamable HTTP: query, trace, schema and explain as tools.",
        roles: READERS,
        handler: does!(crate::mcp::post),
        describe: crate::mcp::describe,
    },
    Endpoint {
        method: "GET",
        path: "/v1/stats",
        summary: "What the store holds, counted; and whether a trail is kept.",
        roles: READERS,
        handler: does!(stats::get),
        describe: |it| it.in_store().object("The counts.").gives(&["Lineal-Commit"]).cached(),
    },
    Endpoint {
        method: "GET",
        path: "/v1/history",
        summary: "The imports that the store holds: when, how much, from where, whether retracted.",
        roles: READERS,
        handler: does!(history::get),
        describe: history::describe,
    },
    Endpoint {
        method: "GET",
        path: "/v1/names",
        summary: "Names of nodes that begin with what is typed, for completion.",
        roles: READERS,
        handler: does!(names::get),
        describe: names::describe,
    },
    Endpoint {
        method: "GET",
        path: "/v1/batches",
        summary: "The batches of events, page by page, without opening their rows.",
        roles: READERS,
        handler: does!(batches::get),
        describe: batches::describe,
    },
    Endpoint {
        method: "GET",
        path: "/v1/schema",
        summary: "The vocabulary: kinds, fields, relations, and the card of the query language.",
        roles: ALL,
        handler: does!(schema::get),
        describe: |it| it.json::<crate::wire::Schema>("The vocabulary.").cached(),
    },
    Endpoint {
        method: "POST",
        path: "/v1/imports",
        summary: "Import an uploaded export, or one that lies where the server is.",
        roles: IMPORTERS,
        handler: does!(imports::post),
        describe: imports::describe,
    },
    Endpoint {
        method: "GET",
        path: "/v1/imports",
        summary: "Imports and seals since the server started, and how far they are.",
        roles: WRITERS,
        handler: does!(imports::list),
        describe: |it| it.writes().json::<crate::wire::ImportJobs>("The jobs."),
    },
    Endpoint {
        method: "GET",
        path: "/v1/imports/{id}",
        summary: "How far an import, a seal or an erasure is, and at its end its report.",
        roles: JOB_READERS,
        handler: does!(imports::get),
        describe: |it| {
            it.place("id", "The id of the job").writes().json::<crate::wire::ImportJob>("The job.")
        },
    },
    Endpoint {
        method: "DELETE",
        path: "/v1/imports/{id}",
        summary: "Cancel a job that waits, or an import before its first commit: nothing of it is done. For the token that asked for it, and administrators.",
        roles: CANCELLERS,
        handler: does!(imports::cancel),
        describe: imports::describe_cancel,
    },
    Endpoint {
        method: "GET",
        path: "/v1/checkpoint",
        summary: "The newest checkpoint of the public log, or the one of a size: who signed which commits there are.",
        roles: READERS,
        handler: does!(public_log::checkpoint),
        describe: public_log::describe_checkpoint,
    },
    Endpoint {
        method: "GET",
        path: "/v1/tile/{*path}",
        summary: "A tile of the public log, or a bundle of its entries: static files, as C2SP's tlog-tiles says.",
        roles: READERS,
        handler: does!(public_log::tile),
        describe: public_log::describe_tile,
    },
    Endpoint {
        method: "GET",
        path: "/v1/log/consistency",
        summary: "What shows that the log only grew from one checkpoint to a later one.",
        roles: READERS,
        handler: does!(public_log::consistency),
        describe: public_log::describe_consistency,
    },
    Endpoint {
        method: "GET",
        path: "/v1/log/proof",
        summary: "What shows that a commit stands in the log.",
        roles: READERS,
        handler: does!(public_log::proof),
        describe: public_log::describe_proof,
    },
    Endpoint {
        method: "GET",
        path: "/v1/backup",
        summary: "A copy of the store as of its last commit, where the configuration allows it.",
        roles: ADMINS,
        handler: does!(backup::get),
        describe: backup::describe,
    },
    Endpoint {
        method: "GET",
        path: "/v1/mirror",
        summary: "What a mirror of the store may pull, where the configuration allows it.",
        roles: ADMINS,
        handler: does!(mirror::offer),
        describe: mirror::describe,
    },
    Endpoint {
        method: "GET",
        path: "/v1/mirror/{*path}",
        summary: "Bytes of a segment, a container, the sealed register or a checkpoint, for a mirror.",
        roles: ADMINS,
        handler: does!(mirror::piece),
        describe: mirror::describe_piece,
    },
    Endpoint {
        method: "POST",
        path: "/v1/erasures",
        summary: "Erase events, batches or sealed fields, on a decision that is recorded.",
        roles: ERASERS,
        handler: does!(erasures::post),
        describe: erasures::describe,
    },
    Endpoint {
        method: "GET",
        path: "/v1/erasures",
        summary: "What was decided on requests to erase: erased, restricted, lifted, refused.",
        roles: TRAIL_READERS,
        handler: does!(erasures::list),
        describe: |it| {
            let what = "The decisions, in the order of the log.";
            it.in_store().object(what).gives(&["Lineal-Commit"]).cached()
        },
    },
    Endpoint {
        method: "POST",
        path: "/v1/checkpoint",
        summary: "Sign a checkpoint of all commits.",
        roles: ADMINS,
        handler: does!(erasures::post_checkpoint),
        describe: erasures::describe_checkpoint,
    },
    Endpoint {
        method: "POST",
        path: "/v1/holds",
        summary: "Forbid erasures in a scope, or end that.",
        roles: ERASERS,
        handler: does!(erasures::post_hold),
        describe: erasures::describe_hold,
    },
    Endpoint {
        method: "GET",
        path: "/v1/holds",
        summary: "The holds that stand.",
        roles: TRAIL_READERS,
        handler: does!(erasures::holds),
        describe: |it| it.in_store().object("The holds.").gives(&["Lineal-Commit"]).cached(),
    },
    Endpoint {
        method: "POST",
        path: "/v1/records",
        summary: "Record what a person states: declarations, documents, incidents; an approver's decisions.",
        roles: STATERS,
        handler: does!(records::post),
        describe: records::describe,
    },
    Endpoint {
        method: "POST",
        path: "/v1/records/statement",
        summary: "The statement of an approval or a rejection, to be signed where the key is.",
        roles: Roles::These(&[Approver]),
        handler: does!(records::statement),
        describe: records::describe_statement,
    },
    Endpoint {
        method: "GET",
        path: "/v1/gate",
        summary: "Is the release record of a model version there?",
        roles: READERS,
        handler: does!(records::gate),
        describe: records::describe_gate,
    },
    Endpoint {
        method: "GET",
        path: "/v1/check",
        summary: "Which evidence is recorded and which is missing: as JSON, SARIF or JUnit's XML.",
        roles: READERS,
        handler: does!(check::get),
        describe: check::describe,
    },
    Endpoint {
        method: "POST",
        path: "/v1/check",
        summary: "Record that report, and the rules that it was made by.",
        roles: STATERS,
        handler: does!(check::post),
        describe: check::describe_recording,
    },
    Endpoint {
        method: "GET",
        path: "/v1/export/{form}",
        summary: "What a thing rests on, in a form that tools of others read.",
        roles: READERS,
        handler: does!(export::get),
        describe: export::describe,
    },
    Endpoint {
        method: "GET",
        path: "/v1/export/logs",
        summary: "The events of a system or a deployment as files, with counts and a signed statement, in one zip.",
        roles: HANDERS,
        handler: does!(handed::logs),
        describe: handed::describe_logs,
    },
    Endpoint {
        method: "GET",
        path: "/v1/pack",
        summary: "What is handed to people who check it without us, as of a signed checkpoint, in one zip.",
        roles: PACKERS,
        handler: does!(handed::pack),
        describe: handed::describe_pack,
    },
    Endpoint {
        method: "GET",
        path: "/v1/report/{kind}",
        summary: "A report for people: as Markdown, HTML or JSON.",
        roles: READERS,
        handler: does!(report::get),
        describe: report::describe,
    },
    Endpoint {
        method: "POST",
        path: "/v1/report/{kind}",
        summary: "The same, with a retention policy of who asks.",
        roles: READERS,
        handler: does!(report::post),
        describe: report::describe_with_policy,
    },
    Endpoint {
        method: "GET",
        path: "/v1/keys",
        summary: "The keys that approvals are signed with, and whose they are.",
        roles: READERS,
        handler: does!(keys::get),
        describe: keys::describe,
    },
    Endpoint {
        method: "POST",
        path: "/v1/aliases",
        summary: "Give a name to a node or to all versions of a model, for past and future; or take it back.",
        roles: NAMERS,
        handler: does!(aliases::post),
        describe: aliases::describe,
    },
    Endpoint {
        method: "POST",
        path: "/v1/retention",
        summary: "How long what is kept under a policy, and what is due.",
        roles: TRAIL_READERS,
        handler: does!(retention::post),
        describe: retention::describe,
    },
    Endpoint {
        method: "POST",
        path: "/v1/retention/proposals",
        summary: "Write down what is due of a class, for a second person to read and execute.",
        roles: ERASERS,
        handler: does!(retention::propose),
        describe: retention::describe_propose,
    },
    Endpoint {
        method: "POST",
        path: "/v1/retention/executions",
        summary: "Erase what a proposal lists, if all of it is due; who asks executes what another decided.",
        roles: ERASERS,
        handler: does!(retention::execute),
        describe: retention::describe_execute,
    },
    Endpoint {
        method: "POST",
        path: "/v1/retractions",
        summary: "Undo an import: current views leave out what only it brought; nothing is deleted.",
        roles: ADMINS,
        handler: does!(upkeep::retract),
        describe: upkeep::describe_retract,
    },
    Endpoint {
        method: "POST",
        path: "/v1/compact",
        summary: "Pack small containers of log rows into large ones, and merge the index.",
        roles: ADMINS,
        handler: does!(upkeep::compact),
        describe: upkeep::describe_compact,
    },
    Endpoint {
        method: "POST",
        path: "/v1/verify",
        summary: "Hash the store's files again and name each fault; nothing else is written meanwhile.",
        roles: ADMINS,
        handler: does!(upkeep::verify),
        describe: upkeep::describe_verify,
    },
    Endpoint {
        method: "POST",
        path: "/v1/rebuild",
        summary: "Make everything anew that is derived, while questions go on.",
        roles: ADMINS,
        handler: does!(upkeep::rebuild),
        describe: upkeep::describe_rebuild,
    },
    Endpoint {
        method: "POST",
        path: "/v1/tokens",
        summary: "Make a token, for no more and no longer than the one that asks; its text is shown this once.",
        roles: ADMINS,
        handler: does!(tokens::post),
        describe: tokens::describe,
    },
    Endpoint {
        method: "GET",
        path: "/v1/tokens",
        summary: "The tokens: whom they are for, what they may, when they end; not their texts.",
        roles: ADMINS,
        handler: does!(tokens::list),
        describe: tokens::describe_list,
    },
    Endpoint {
        method: "DELETE",
        path: "/v1/tokens/{id}",
        summary: "Revoke a token; it stays in the list.",
        roles: ADMINS,
        handler: does!(tokens::revoke),
        describe: tokens::describe_revoke,
    },
    Endpoint {
        method: "POST",
        path: "/v1/trail/seal",
        summary: "Make commits of the uses of the store that were noted so far, now.",
        roles: TRAIL_READERS,
        handler: does!(trail::seal),
        describe: intake::describe_seal,
    },
    Endpoint {
        method: "POST",
        path: "/v1/intake/seal",
        summary: "Make commits of what was brought live, now.",
        roles: WRITERS,
        handler: does!(intake::seal),
        describe: intake::describe_seal,
    },
    Endpoint {
        method: "POST",
        path: crate::body::DATADOG_LOGS,
        summary: "Logs, as Datadog's clients send them: durable when they are acknowledged.",
        roles: IMPORTERS,
        handler: does!(intake::datadog_logs),
        describe: intake::describe,
    },
    Endpoint {
        method: "POST",
        path: crate::body::OTLP_LOGS,
        summary: "Logs, as OpenTelemetry's clients send them (OTLP/HTTP): durable when they are acknowledged.",
        roles: IMPORTERS,
        handler: does!(intake::otlp_logs),
        describe: intake::describe_otlp,
    },
    Endpoint {
        method: "POST",
        path: crate::body::OPENLINEAGE,
        summary: "An event, as OpenLineage's clients send it: durable when it is acknowledged.",
        roles: IMPORTERS,
        handler: does!(intake::openlineage_event),
        describe: intake::describe_event,
    },
    Endpoint {
        method: "POST",
        path: crate::body::OPENLINEAGE_BATCH,
        summary: "Events, as OpenLineage's clients send several: all of them or none.",
        roles: IMPORTERS,
        handler: does!(intake::openlineage_batch),
        describe: intake::describe_events,
    },
    Endpoint {
        method: "GET",
        path: crate::body::OPENLINEAGE,
        summary: "Jobs and datasets around one of them, as Marquez gives its graph.",
        roles: READERS,
        handler: does!(marquez::lineage),
        describe: marquez::describe_lineage,
    },
    Endpoint {
        method: "GET",
        path: "/api/v1/namespaces",
        summary: "Namespaces of what events of OpenLineage brought, as Marquez lists them.",
        roles: READERS,
        handler: does!(marquez::namespaces),
        describe: |it| marquez::describe_list(it),
    },
    Endpoint {
        method: "GET",
        path: "/api/v1/namespaces/{namespace}",
        summary: "One of these namespaces.",
        roles: READERS,
        handler: does!(marquez::namespace),
        describe: |it| marquez::describe(it.place("namespace", marquez::NAMESPACE)),
    },
    Endpoint {
        method: "GET",
        path: "/api/v1/namespaces/{namespace}/jobs",
        summary: "The jobs of a namespace, as Marquez lists them.",
        roles: READERS,
        handler: does!(marquez::jobs),
        describe: |it| marquez::describe_list(it.place("namespace", marquez::NAMESPACE)),
    },
    Endpoint {
        method: "GET",
        path: "/api/v1/namespaces/{namespace}/jobs/{job}",
        summary: "A job, with its inputs, outputs and latest run.",
        roles: READERS,
        handler: does!(marquez::job),
        describe: marquez::describe_job,
    },
    Endpoint {
        method: "GET",
        path: "/api/v1/namespaces/{namespace}/jobs/{job}/runs",
        summary: "The runs of a job, the latest first.",
        roles: READERS,
        handler: does!(marquez::runs),
        describe: |it| marquez::describe_job(marquez::describe_pages(it)),
    },
    Endpoint {
        method: "GET",
        path: "/api/v1/namespaces/{namespace}/datasets",
        summary: "The datasets of a namespace, as Marquez lists them.",
        roles: READERS,
        handler: does!(marquez::datasets),
        describe: |it| marquez::describe_list(it.place("namespace", marquez::NAMESPACE)),
    },
    Endpoint {
        method: "GET",
        path: "/api/v1/namespaces/{namespace}/datasets/{dataset}",
        summary: "A dataset, with its columns and facets.",
        roles: READERS,
        handler: does!(marquez::dataset),
        describe: marquez::describe_dataset,
    },
    Endpoint {
        method: "GET",
        path: "/api/v1/jobs/runs/{id}",
        summary: "A run.",
        roles: READERS,
        handler: does!(marquez::run),
        describe: |it| marquez::describe(it.place("id", "The run's UUID")),
    },
];

/// Method, path and roles of every endpoint, where nothing is opened; no roles is everybody.
pub fn endpoints() -> impl Iterator<Item = (&'static str, &'static str, Option<&'static [Role]>)> {
    ENDPOINTS.iter().map(|row| (row.method, row.path, row.roles.list(false)))
}

/// The matrix of roles as a table for documents.
#[must_use]
pub fn role_matrix() -> String {
    let mut out = "| endpoint | who may |\n| --- | --- |\n".to_owned();
    for Endpoint { method, path, roles, .. } in ENDPOINTS {
        out.push_str(&format!("| `{method} {path}` | {} |\n", roles.words()));
    }
    out
}
