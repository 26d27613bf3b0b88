//! What travels: bodies of requests and answers, as types from which OpenAPI is made.

mod evidence;
mod number;
mod upkeep;

pub(crate) use number::MOST as NUMBER_MOST;

pub use evidence::{
    AliasRequest, CheckRequest, CompactRequest, ReportBody, RetentionRequest, RetractRequest,
    VerifyDepth, VerifyRequest,
};
pub use upkeep::{
    RetentionExecution, RetentionProposal, TokenList, TokenMade, TokenRequest, TokenTold,
};

use std::borrow::Cow;

use lineal_proof::record::Decision;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;
use utoipa::openapi::{Object, ObjectBuilder};

/// A question.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryRequest {
    /// The question, in the query language. Either this or `plan_id`.
    pub query: Option<String>,
    /// A question that was prepared by `POST /v1/plans` with the same token.
    pub plan_id: Option<String>,
    /// Values of its parameters by name: text, numbers, true, false and lists of these.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub params: Map<String, Json>,
    /// Bounds of this question; the server's own are not passed.
    #[serde(default)]
    pub limits: QueryLimits,
    /// Rows of a page. JSON is always paged; other forms only where this is given.
    #[serde(default, deserialize_with = "number::if_any")]
    #[schema(minimum = 1)]
    pub page: Option<u64>,
    /// `next` of the page before, or the `Lineal-Cursor` of any page to have it again, maybe in
    /// another form; with the same question.
    pub cursor: Option<String>,
    /// What the form with types says beside the answer.
    #[serde(default)]
    pub with: Vec<With>,
}

/// A statement that is to be proved.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProveRequest {
    /// The statement, such as `event:HASH` or `dataset:x upstream of inference:$hash`.
    #[schema(min_length = 1)]
    pub statement: String,
    /// Values of its parameters by name: text, numbers, true, false and lists of these.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub params: Map<String, Json>,
    /// The signed checkpoint that it is shown against; without, the newest of the store.
    pub checkpoint: Option<String>,
    /// What of each event is kept back. From roles that do not see it the subject group always is.
    pub withhold: Option<Withhold>,
    /// Of what is not recorded: the largest proof that is made; 16 MiB where nothing is said, and 64 MiB at most.
    #[serde(default, deserialize_with = "number::if_any")]
    #[schema(minimum = 1)]
    pub max_bytes: Option<u64>,
}

/// What of an event may be kept back.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Withhold {
    /// What points at a person's data; a commitment stands for it.
    Subject,
}

/// The form of an answer that holds its types, `Accept: application/vnd.lineal.answer+ndjson`: a
/// line that is its head, a line a row, and a last line `{"$answer": ...}`.
pub const TYPED_ANSWER: &str = "application/vnd.lineal.answer+ndjson";

/// The form of an answer that is columns with types: a stream of Arrow's record batches. The
/// metadata of its schema holds, as `lineal.answer`, what is said of the answer.
pub const ARROW_STREAM: &str = "application/vnd.apache.arrow.stream";

/// What the form with types can say beside the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum With {
    /// A few facts of each node, where the answer is nothing but paths.
    Told,
    /// The things of the rows with the edges between them, to be drawn.
    Picture,
}

/// Bounds of one question. What reaches one is cut, and says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryLimits {
    /// Rows, before `skip` and `limit`.
    #[serde(default, deserialize_with = "number::if_any")]
    pub rows: Option<u64>,
    /// Edges followed.
    #[serde(default, deserialize_with = "number::if_any")]
    pub edges: Option<u64>,
    /// Events read.
    #[serde(default, deserialize_with = "number::if_any")]
    pub events: Option<u64>,
    /// Bytes of the rows in memory.
    #[serde(default, deserialize_with = "number::if_any")]
    pub bytes: Option<u64>,
    /// Seconds.
    #[serde(default, deserialize_with = "number::if_any")]
    pub seconds: Option<u64>,
}

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueryAnswer {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The rows of this page, in their total order.
    #[schema(value_type = Vec<Vec<Json>>)]
    pub rows: Vec<Vec<Json>>,
    /// Rows of the whole answer.
    pub total: u64,
    /// What is known of what is missing.
    pub completeness: Completeness,
    /// The last commit that was seen; null where the question is about the language alone.
    pub commit: Option<u64>,
    /// When that commit was recorded.
    pub recorded: Option<String>,
    /// What `now()` was.
    pub now: String,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// Edges followed.
    pub edges_followed: u64,
    /// Events read.
    pub events_read: u64,
    /// BLAKE3 over the columns and the rows of this page.
    pub hash: String,
    /// Types of the columns: `int`, `string`, `timestamp`, `node`, ...; `any` where it may vary.
    pub types: Vec<String>,
    /// The number of the page's first row, from 0.
    pub first: u64,
    /// For the next page; null where this is the last.
    pub next: Option<String>,
    /// What is kept back from this role.
    pub withheld: Vec<String>,
}

/// How complete an answer is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Completeness {
    /// `complete`, `truncated` or `cannot_tell`.
    pub state: String,
    /// The limit that ended it.
    pub truncated_by: Option<String>,
    /// Why it cannot be told, the first of them.
    pub reasons: Vec<String>,
    /// How many reasons there are.
    pub reason_count: u64,
}

/// A question to be prepared.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanRequest {
    /// The question, in the query language.
    #[schema(min_length = 1)]
    pub query: String,
}

/// A prepared question.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanAnswer {
    /// Its name, for this token.
    pub plan_id: String,
    /// The parameters that it wants, without `$`.
    pub parameters: Vec<String>,
    /// The columns of its answer, where they are known before.
    pub columns: Vec<String>,
}

/// A page of the batches of a store.
#[derive(Debug, Serialize, ToSchema)]
pub struct Batches {
    /// The batches, in the order of the store.
    pub batches: Vec<Batch>,
    /// How many there are in all.
    pub total: u64,
    /// For the next page; null where this is the last.
    pub next: Option<String>,
    /// The last commit that was seen.
    pub commit: u64,
}

/// What is known of a batch without opening its rows.
#[derive(Debug, Serialize, ToSchema)]
pub struct Batch {
    /// Its name.
    pub batch: String,
    /// Its deployment.
    pub deployment: String,
    /// Rows in all.
    pub rows: u32,
    /// Events: rows that count.
    pub events: u64,
    /// Human overrides among them.
    pub overrides: u64,
    /// Events marked for Article 12 among them.
    pub art12: u64,
    /// The first event.
    pub first_event: String,
    /// The last event.
    pub last_event: String,
}

/// Names that begin with what was typed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Names {
    /// The first of them, as they can be pasted back.
    pub names: Vec<String>,
    /// Are these all? Not if there are more than are given, or if it took too long.
    pub all: bool,
    /// The last commit that was seen.
    pub commit: u64,
}

/// The imports that a store holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct History {
    /// The imports, in their order.
    pub imports: Vec<ImportMade>,
    /// The last commit that was seen.
    pub commit: u64,
}

/// An import that a store holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportMade {
    /// Its number, that of its first commit.
    pub import: u64,
    /// When it was recorded.
    pub recorded: Option<String>,
    /// Revisions that it brought.
    pub nodes: u64,
    /// Events that it brought.
    pub events: u64,
    /// What only retracted imports had brought before.
    pub brought_back: BroughtBack,
    /// Sources and what was given, the first folder of each.
    pub sources: Vec<String>,
    /// Was it undone?
    pub retracted: bool,
}

/// What an import brought back.
#[derive(Debug, Serialize, ToSchema)]
pub struct BroughtBack {
    /// Nodes.
    pub nodes: u64,
    /// Events.
    pub events: u64,
}

/// The vocabulary: what can be asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Schema {
    /// The card of the query language, for people and language models.
    pub card: String,
    /// The kinds.
    pub kinds: Vec<SchemaKind>,
    /// The relations.
    pub relations: Vec<SchemaRelation>,
}

/// A kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchemaKind {
    /// The word.
    pub name: String,
    /// What it is.
    pub meaning: String,
    /// Its own fields; nodes have the common ones too.
    pub fields: Vec<SchemaField>,
}

/// A field.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchemaField {
    /// The word.
    pub name: String,
    /// Its type.
    pub r#type: String,
    /// What it means.
    pub meaning: String,
}

/// A relation.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchemaRelation {
    /// The word, from the newer to the older.
    pub name: String,
    /// The word for the other direction.
    pub inverse: String,
    /// Kinds that it may go out from.
    pub from: Vec<String>,
    /// Kinds that it may lead to.
    pub to: Vec<String>,
}

/// Why there is no answer (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// A stable name: `urn:lineal:problem:...`.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    /// The status.
    pub status: u16,
    /// What is wrong here, and what to do.
    pub detail: String,
    /// Names this request in the log of the server.
    pub request_id: String,
    /// Of a wrong question: where and how to repair it.
    pub errors: Vec<Mistake>,
}

/// A mistake at one place of a question.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Mistake {
    /// Which kind of mistake (language reference, "Errors").
    pub code: String,
    /// The first byte of the place.
    pub at: usize,
    /// The byte after its last.
    pub end: usize,
    /// What is wrong.
    pub message: String,
    /// What to do, in words.
    pub hint: Option<String>,
    /// The text that, put in the place, repairs it.
    pub replacement: Option<String>,
}

impl Mistake {
    pub(crate) fn of(mistake: &lineal_query::Mistake) -> Mistake {
        Mistake {
            code: mistake.code.name().to_owned(),
            at: mistake.span.at,
            end: mistake.span.end,
            message: mistake.message().into_owned(),
            hint: mistake.hint_text().map(Cow::into_owned),
            replacement: mistake.replacement.clone(),
        }
    }
}

/// What is to be imported from where the server is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    /// A path below the folder that the server's configuration names.
    pub path: String,
    /// Take it as this form instead of recognising it.
    pub form: Option<String>,
    /// The name of the source, where the usual one will not do.
    pub source: Option<String>,
    /// When the source was in this state, where the export does not say.
    pub observed_at: Option<String>,
    /// Any reject fails the import as a whole.
    #[serde(default)]
    pub strict: bool,
    /// Read and count, write nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// What is to be erased, on whose decision; who asks executes it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureRequest {
    /// Event ids, request ids, log ids, input hashes, or `REVISION/ROW`.
    #[serde(default)]
    pub events: Vec<String>,
    /// Where one of them fits several events, all of these.
    #[serde(default)]
    pub all: bool,
    /// Batches, all rows of which go.
    #[serde(default)]
    pub batches: Vec<String>,
    /// Sealed fields of nodes.
    #[serde(default)]
    pub fields: Vec<ErasureField>,
    /// The legal ground, in words.
    pub basis: String,
    /// The reference of the request, without the identity of who made it.
    pub decision: String,
    /// The login of who decided: another person than who asks.
    pub decided_by: String,
    /// Record a refusal instead; nothing is erased.
    #[serde(default)]
    pub refuse: bool,
    /// Restrict it instead: it stays as it is, and nobody but privacy officers is shown it.
    #[serde(default)]
    pub restrict: bool,
    /// Lift a restriction instead.
    #[serde(default)]
    pub lift: bool,
    /// Say what would be erased, write nothing.
    #[serde(default)]
    pub dry_run: bool,
}

impl ErasureRequest {
    /// What was decided.
    ///
    /// # Errors
    /// A sentence, where two things are.
    pub(crate) fn decision_made(&self) -> Result<Decision, &'static str> {
        match (self.refuse, self.restrict, self.lift) {
            (false, false, false) => Ok(Decision::Erased),
            (true, false, false) => Ok(Decision::Refused),
            (false, true, false) => Ok(Decision::Restricted),
            (false, false, true) => Ok(Decision::Lifted),
            _ => Err("one of `refuse`, `restrict` and `lift` at most"),
        }
    }

    /// Is something destroyed by it?
    pub(crate) fn destroys(&self) -> bool {
        matches!(self.decision_made(), Ok(Decision::Erased))
    }
}

/// A sealed field of a node.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureField {
    /// The node, as `/v1/show` takes it.
    pub node: String,
    /// The field.
    pub field: String,
}

/// A hold, or its end.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldRequest {
    /// What it is called.
    pub name: String,
    /// `store`, or a node as `/v1/show` takes it.
    #[serde(default)]
    pub scope: String,
    /// Why.
    pub reason: String,
    /// Ends it.
    #[serde(default)]
    pub release: bool,
}

/// What a person states.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordRequest {
    /// Who states it: the person of the token, or `token:ID`. Nobody states in another's name.
    #[serde(default)]
    pub by: Option<String>,
    /// Why; sealed.
    #[serde(default)]
    pub reason: Option<String>,
    /// When it happened, if not now: RFC 3339, or a date.
    #[serde(default)]
    pub at: Option<String>,
    /// What is stated: an object with one member, `declare_system`, `attach`, `approve`, ...
    /// (docs/evidence.md, "Record").
    #[schema(schema_with = one_member)]
    pub record: serde_json::Value,
}

/// The schema of an object with one member.
fn one_member() -> Object {
    let object = ObjectBuilder::new().min_properties(Some(1)).max_properties(Some(1));
    let what = "What is stated: an object with one member, `declare_system`, `attach`, `approve`, ... \
                (docs/evidence.md, \"Record\").";
    object.description(Some(what)).build()
}

/// A checkpoint that is to be made.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckpointRequest {
    /// The log's name, for the first checkpoint of a store; it stays.
    pub origin: Option<String>,
}

/// A job of the writer: an import, or the sealing of what was brought live.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportJob {
    /// Its name; it ends with the server that gave it.
    pub id: String,
    /// `import` or `seal`.
    pub kind: String,
    /// `waiting`, `running`, `done` or `failed`.
    pub state: String,
    /// What was given.
    pub label: String,
    /// When it was asked for.
    pub created: String,
    /// How far it is.
    pub progress: ImportProgress,
    /// What was done, as `lineal import --json` says it; null before the end.
    #[schema(value_type = Option<Object>)]
    pub report: Option<Json>,
    /// Why it failed, as a problem; null otherwise.
    #[schema(value_type = Option<Object>)]
    pub problem: Option<Json>,
}

/// How far a job is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportProgress {
    /// What is being done.
    pub phase: String,
    /// Bytes read.
    pub bytes: u64,
    /// Bytes in all.
    pub bytes_total: u64,
    /// Items read.
    pub items: u64,
}

/// Jobs.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportJobs {
    /// The newest first.
    pub imports: Vec<ImportJob>,
}

/// Nothing more is said than that it was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct Acknowledged {}
