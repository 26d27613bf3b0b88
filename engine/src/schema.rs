//! The vocabulary of the graph: kinds, relations between kinds, and the fields of each kind.
//!
//! This is the one list that importers write against, the binder checks against and `show kinds`
//! prints. Relations point from the newer record to the older one whose id it holds; their class
//! says whether `upstream` follows them (docs/format.md, section 6).

use std::fmt;

/// What a node is. The order is the order in which a transaction writes its records, so that the
/// target of an edge stands before its user (docs/format.md, section 7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Kind {
    /// A person, team or service account; its key is keyed, its name sealed.
    Actor = 0,
    /// A commit of a source repository.
    Code = 1,
    /// An AI system in the sense of the AI Act, as named by the sources.
    System = 2,
    /// One version of a data set.
    Dataset = 3,
    /// A group of runs.
    Experiment = 4,
    /// One execution: a training, an evaluation, a data preparation.
    Run = 5,
    /// A model version: registered under a name and number, or logged by a run.
    Model = 6,
    /// A document: risk assessment, model card, report.
    Document = 7,
    /// Figures of one model on one data set.
    Evaluation = 8,
    /// A recorded decision about a node.
    Approval = 9,
    /// A model version put to use at an endpoint.
    Deployment = 10,
    /// The events of one deployment from one stretch of a source.
    Batch = 11,
    /// A watch over deployments.
    Monitor = 12,
    /// What a monitor raised.
    Alert = 13,
    /// A serious incident.
    Incident = 14,
    /// A recorded change.
    Change = 15,
    /// What must not be erased, and why.
    Hold = 16,
    /// A recorded erasure.
    Erasure = 17,
    /// A signed head of the log.
    Checkpoint = 18,
    /// One import: derived from its commits, never written as a revision.
    Import = 19,
    /// One event inside a batch: a row, not a graph node.
    Inference = 20,
}

/// All kinds, in the order of their numbers.
pub const KINDS: [Kind; 21] = [
    Kind::Actor,
    Kind::Code,
    Kind::System,
    Kind::Dataset,
    Kind::Experiment,
    Kind::Run,
    Kind::Model,
    Kind::Document,
    Kind::Evaluation,
    Kind::Approval,
    Kind::Deployment,
    Kind::Batch,
    Kind::Monitor,
    Kind::Alert,
    Kind::Incident,
    Kind::Change,
    Kind::Hold,
    Kind::Erasure,
    Kind::Checkpoint,
    Kind::Import,
    Kind::Inference,
];

impl Kind {
    /// The word for this kind in the language and in the records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Actor => "actor",
            Kind::Code => "code",
            Kind::System => "system",
            Kind::Dataset => "dataset",
            Kind::Experiment => "experiment",
            Kind::Run => "run",
            Kind::Model => "model",
            Kind::Document => "document",
            Kind::Evaluation => "evaluation",
            Kind::Approval => "approval",
            Kind::Deployment => "deployment",
            Kind::Batch => "batch",
            Kind::Monitor => "monitor",
            Kind::Alert => "alert",
            Kind::Incident => "incident",
            Kind::Change => "change",
            Kind::Hold => "hold",
            Kind::Erasure => "erasure",
            Kind::Checkpoint => "checkpoint",
            Kind::Import => "import",
            Kind::Inference => "inference",
        }
    }

    /// The kind of that name, ignoring ASCII case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Kind> {
        KINDS.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// What the kind is, in one sentence (`show kinds`).
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Kind::Actor => "a person, team or service account",
            Kind::Code => "a commit of a source repository",
            Kind::System => "an AI system, as the sources name it",
            Kind::Dataset => "one version of a data set",
            Kind::Experiment => "a group of runs",
            Kind::Run => "one execution: training, evaluation, preparation",
            Kind::Model => "a model version, registered or logged by a run",
            Kind::Document => "a document: risk assessment, model card, report",
            Kind::Evaluation => "figures of one model on one data set",
            Kind::Approval => "a recorded decision about a node",
            Kind::Deployment => "a model version put to use at an endpoint",
            Kind::Batch => "the events of one deployment from one stretch of a source",
            Kind::Monitor => "a watch over deployments",
            Kind::Alert => "what a monitor raised",
            Kind::Incident => "a serious incident",
            Kind::Change => "a recorded change",
            Kind::Hold => "what must not be erased, and why",
            Kind::Erasure => "a recorded erasure",
            Kind::Checkpoint => "a signed head of the log",
            Kind::Import => "one import, with what it brought",
            Kind::Inference => "one inference log entry",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which closures follow a relation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Followed by `upstream` and `downstream`: what went into what.
    Lineage,
    /// About a thing: tests, approvals, documents. Followed by `via any` only.
    About,
    /// Succession. Followed only when named.
    Chain,
}

impl Class {
    /// The word for this class (`show relations`).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Class::Lineage => "lineage",
            Class::About => "about",
            Class::Chain => "chain",
        }
    }
}

/// A named, directed link between kinds, with the name of its other direction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[expect(missing_docs, reason = "the table below says what each one is")]
pub enum Relation {
    TrainedOn = 0,
    ValidatedOn = 1,
    Used = 2,
    DerivedFrom = 3,
    ProducedBy = 4,
    RegisteredFrom = 5,
    Executes = 6,
    Deploys = 7,
    ServedBy = 8,
    PartOf = 9,
    TestedOn = 10,
    InExperiment = 11,
    ChildOf = 12,
    Evaluates = 13,
    Approves = 14,
    Cites = 15,
    AuthorizedBy = 16,
    Documents = 17,
    Watches = 18,
    RaisedBy = 19,
    Concerns = 20,
    BelongsTo = 21,
    DoneBy = 22,
    Erases = 23,
    Brought = 24,
    Follows = 25,
    Seals = 26,
}

/// How many relations there are.
pub const RELATION_COUNT: usize = 27;

/// One row of the relation table.
#[derive(Debug)]
pub struct RelationSpec {
    /// The relation.
    pub relation: Relation,
    /// Its name, from the newer record to the older.
    pub name: &'static str,
    /// The name of the other direction.
    pub inverse: &'static str,
    /// Kinds it may start from.
    pub from: &'static [Kind],
    /// Kinds it may lead to.
    pub to: &'static [Kind],
    /// Both ends must be of one kind.
    pub same_kind: bool,
    /// Which closures follow it.
    pub class: Class,
}

const fn row(
    relation: Relation,
    name: &'static str,
    inverse: &'static str,
    from: &'static [Kind],
    to: &'static [Kind],
    class: Class,
) -> RelationSpec {
    RelationSpec { relation, name, inverse, from, to, same_kind: false, class }
}

const fn same(
    relation: Relation,
    name: &'static str,
    inverse: &'static str,
    ends: &'static [Kind],
    class: Class,
) -> RelationSpec {
    RelationSpec { relation, name, inverse, from: ends, to: ends, same_kind: true, class }
}

/// Every kind that is a graph node: not `inference`, whose instances are rows of a batch.
pub const NODE_KINDS: &[Kind] = &[
    Kind::Actor,
    Kind::Code,
    Kind::System,
    Kind::Dataset,
    Kind::Experiment,
    Kind::Run,
    Kind::Model,
    Kind::Document,
    Kind::Evaluation,
    Kind::Approval,
    Kind::Deployment,
    Kind::Batch,
    Kind::Monitor,
    Kind::Alert,
    Kind::Incident,
    Kind::Change,
    Kind::Hold,
    Kind::Erasure,
    Kind::Checkpoint,
    Kind::Import,
];

use Class::{About, Chain, Lineage};

/// The relations, in the order of their numbers.
pub const RELATIONS: [RelationSpec; RELATION_COUNT] = [
    row(Relation::TrainedOn, "trained_on", "trains", &[Kind::Run], &[Kind::Dataset], Lineage),
    row(
        Relation::ValidatedOn,
        "validated_on",
        "validates",
        &[Kind::Run],
        &[Kind::Dataset],
        Lineage,
    ),
    row(Relation::Used, "used", "used_by", &[Kind::Run], &[Kind::Dataset, Kind::Model], Lineage),
    same(
        Relation::DerivedFrom,
        "derived_from",
        "source_of",
        &[Kind::Dataset, Kind::Model],
        Lineage,
    ),
    row(
        Relation::ProducedBy,
        "produced_by",
        "produces",
        &[Kind::Dataset, Kind::Model],
        &[Kind::Run],
        Lineage,
    ),
    same(Relation::RegisteredFrom, "registered_from", "registered_as", &[Kind::Model], Lineage),
    row(Relation::Executes, "executes", "executed_by", &[Kind::Run], &[Kind::Code], Lineage),
    row(Relation::Deploys, "deploys", "deployed_by", &[Kind::Deployment], &[Kind::Model], Lineage),
    row(
        Relation::ServedBy,
        "served_by",
        "serves",
        &[Kind::Batch, Kind::Inference],
        &[Kind::Deployment],
        Lineage,
    ),
    row(Relation::PartOf, "part_of", "contains_event", &[Kind::Inference], &[Kind::Batch], About),
    row(
        Relation::TestedOn,
        "tested_on",
        "tests",
        &[Kind::Run, Kind::Evaluation],
        &[Kind::Dataset],
        About,
    ),
    row(
        Relation::InExperiment,
        "in_experiment",
        "has_run",
        &[Kind::Run],
        &[Kind::Experiment],
        About,
    ),
    same(Relation::ChildOf, "child_of", "parent_of", &[Kind::Run], About),
    row(
        Relation::Evaluates,
        "evaluates",
        "evaluated_by",
        &[Kind::Evaluation],
        &[Kind::Model],
        About,
    ),
    row(
        Relation::Approves,
        "approves",
        "approved_by",
        &[Kind::Approval],
        &[Kind::Model, Kind::Deployment, Kind::Dataset, Kind::Document, Kind::Run],
        About,
    ),
    row(
        Relation::Cites,
        "cites",
        "cited_by",
        &[Kind::Approval, Kind::Document],
        &[Kind::Evaluation, Kind::Document, Kind::Dataset, Kind::Model],
        About,
    ),
    row(
        Relation::AuthorizedBy,
        "authorized_by",
        "authorizes",
        &[Kind::Deployment],
        &[Kind::Approval],
        About,
    ),
    row(
        Relation::Documents,
        "documents",
        "documented_by",
        &[Kind::Document],
        &[
            Kind::Model,
            Kind::Dataset,
            Kind::Deployment,
            Kind::Run,
            Kind::Batch,
            Kind::Monitor,
            Kind::Experiment,
            Kind::System,
        ],
        About,
    ),
    row(Relation::Watches, "watches", "watched_by", &[Kind::Monitor], &[Kind::Deployment], About),
    row(Relation::RaisedBy, "raised_by", "raises", &[Kind::Alert], &[Kind::Monitor], About),
    row(
        Relation::Concerns,
        "concerns",
        "subject_of",
        &[Kind::Alert, Kind::Incident],
        &[Kind::Deployment, Kind::Inference, Kind::Batch, Kind::Model],
        About,
    ),
    row(
        Relation::BelongsTo,
        "belongs_to",
        "comprises",
        &[
            Kind::Model,
            Kind::Deployment,
            Kind::Document,
            Kind::Monitor,
            Kind::Run,
            Kind::Experiment,
        ],
        &[Kind::System],
        About,
    ),
    row(
        Relation::DoneBy,
        "done_by",
        "did",
        &[
            Kind::Code,
            Kind::Dataset,
            Kind::Experiment,
            Kind::Run,
            Kind::Model,
            Kind::Document,
            Kind::Evaluation,
            Kind::Approval,
            Kind::Deployment,
            Kind::Monitor,
            Kind::Alert,
            Kind::Incident,
            Kind::Change,
            Kind::Hold,
            Kind::Erasure,
            Kind::Import,
        ],
        &[Kind::Actor],
        About,
    ),
    row(
        Relation::Erases,
        "erases",
        "erased_by",
        &[Kind::Erasure],
        &[Kind::Dataset, Kind::Batch, Kind::Inference],
        About,
    ),
    row(Relation::Brought, "brought", "brought_by", &[Kind::Import], NODE_KINDS, About),
    same(
        Relation::Follows,
        "follows",
        "followed_by",
        &[Kind::Batch, Kind::Model, Kind::Dataset, Kind::Deployment, Kind::Document],
        Chain,
    ),
    row(Relation::Seals, "seals", "sealed_by", &[Kind::Checkpoint], NODE_KINDS, Chain),
];

impl Relation {
    /// The row of this relation.
    #[must_use]
    pub fn spec(self) -> &'static RelationSpec {
        &RELATIONS[self as usize]
    }

    /// Its name, from the newer record to the older.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// The relation of that number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Relation> {
        RELATIONS.get(usize::from(number)).map(|spec| spec.relation)
    }

    /// The relation of that name and whether the name is the inverse one; ignores ASCII case.
    #[must_use]
    pub fn parse(name: &str) -> Option<(Relation, Direction)> {
        RELATIONS.iter().find_map(|spec| {
            if spec.name.eq_ignore_ascii_case(name) {
                Some((spec.relation, Direction::Forward))
            } else if spec.inverse.eq_ignore_ascii_case(name) {
                Some((spec.relation, Direction::Inverse))
            } else {
                None
            }
        })
    }

    /// May an edge of this relation lead from a node of kind `from` to one of kind `to`?
    #[must_use]
    pub fn allows(self, from: Kind, to: Kind) -> bool {
        let spec = self.spec();
        spec.from.contains(&from) && spec.to.contains(&to) && (!spec.same_kind || from == to)
    }
}

/// Along an edge as it was written, or against it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Direction {
    /// From the newer record to the older: upstream.
    Forward,
    /// From the older record to the newer: downstream.
    Inverse,
}

/// The type of a field's value (language reference, "Types").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the language's type names")]
pub enum FieldType {
    Text,
    Int,
    Float,
    Bool,
    Time,
    Hash,
    Node,
    List,
    /// An open map of text keys; members are text or float.
    Map,
}

impl FieldType {
    /// The language's word for the type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FieldType::Text => "string",
            FieldType::Int => "int",
            FieldType::Float => "float",
            FieldType::Bool => "bool",
            FieldType::Time => "timestamp",
            FieldType::Hash => "hash",
            FieldType::Node => "node",
            FieldType::List => "list",
            FieldType::Map => "map",
        }
    }
}

/// One field of a kind.
#[derive(Debug)]
pub struct FieldSpec {
    /// The name in the language and in the record.
    pub name: &'static str,
    /// The type of its value.
    pub field_type: FieldType,
    /// What it means, in a few words.
    pub meaning: &'static str,
}

const fn field(name: &'static str, field_type: FieldType, meaning: &'static str) -> FieldSpec {
    FieldSpec { name, field_type, meaning }
}

use FieldType::{Bool, Float, Hash, Int, List, Map, Text, Time};

/// Fields that every node has. They are derived from the node's records and commits, except
/// `time`, `tags` and `deleted`, which sources state.
pub const COMMON_FIELDS: &[FieldSpec] = &[
    field("id", Text, "the id of the current revision, `#` and hex"),
    field("kind", Text, "the kind's name"),
    field("key", Text, "the full key, as it can be pasted back"),
    field("time", Time, "when it happened, as the source says"),
    field("recorded", Time, "when this store first took it"),
    field("updated", Time, "when this store last took something new about it"),
    field("source", Text, "the source whose revision stands on top"),
    field("sources", List, "all sources and forms that speak of it"),
    field("tags", Map, "tags that no rule maps, as the source wrote them"),
    field("missing", Bool, "only referred to, never imported"),
    field("conflict", List, "fields on which sources disagree"),
    field("deleted", Bool, "marked deleted in its source"),
    field("gone", Bool, "no longer in the newest full snapshot of its sources"),
    field("revisions", Int, "how many revisions are recorded"),
];

/// The fields of a kind beyond the common ones. Every other name is an error in a query.
#[must_use]
pub fn fields(kind: Kind) -> &'static [FieldSpec] {
    match kind {
        Kind::Actor => &[
            FieldSpec { name: "name", field_type: Text, meaning: "the login or name; sealed" },
            FieldSpec { name: "email", field_type: Text, meaning: "the e-mail; sealed" },
            FieldSpec { name: "role", field_type: Text, meaning: "the role" },
            FieldSpec { name: "org", field_type: Text, meaning: "the organisation" },
        ],
        Kind::Code => &[
            FieldSpec { name: "commit", field_type: Text, meaning: "the commit" },
            FieldSpec { name: "repo", field_type: Text, meaning: "the repository" },
            FieldSpec { name: "branch", field_type: Text, meaning: "the branch" },
            FieldSpec {
                name: "dirty",
                field_type: Bool,
                meaning: "uncommitted changes were present",
            },
        ],
        Kind::System => &[
            FieldSpec {
                name: "name",
                field_type: Text,
                meaning: "the system's id as the sources write it",
            },
            FieldSpec { name: "risk_class", field_type: Text, meaning: "the risk class" },
        ],
        Kind::Dataset => &[
            FieldSpec { name: "name", field_type: Text, meaning: "the name" },
            FieldSpec {
                name: "version",
                field_type: Text,
                meaning: "the version; the digest where the source has none",
            },
            FieldSpec {
                name: "digest",
                field_type: Text,
                meaning: "the digest as the source gives it",
            },
            FieldSpec { name: "digest_kind", field_type: Text, meaning: "how the digest was made" },
            FieldSpec {
                name: "source_type",
                field_type: Text,
                meaning: "the kind of place it lies in",
            },
            FieldSpec { name: "uri", field_type: Text, meaning: "the place it lies in" },
            FieldSpec { name: "rows", field_type: Int, meaning: "the number of rows" },
            FieldSpec { name: "license", field_type: Text, meaning: "the licence" },
            FieldSpec { name: "personal_data", field_type: Bool, meaning: "holds personal data" },
            FieldSpec { name: "region", field_type: Text, meaning: "the region" },
            FieldSpec { name: "split", field_type: Text, meaning: "which split it is" },
            FieldSpec {
                name: "category",
                field_type: Text,
                meaning: "the source's own classification",
            },
            FieldSpec { name: "retention_until", field_type: Time, meaning: "kept until" },
            FieldSpec {
                name: "schema",
                field_type: Text,
                meaning: "columns, as the source writes them",
            },
            FieldSpec { name: "stats", field_type: Map, meaning: "figures about it" },
        ],
        Kind::Experiment => &[
            FieldSpec { name: "name", field_type: Text, meaning: "the name" },
            FieldSpec { name: "purpose", field_type: Text, meaning: "the purpose" },
            FieldSpec { name: "risk_context", field_type: Text, meaning: "the risk context" },
            FieldSpec {
                name: "artifact_location",
                field_type: Text,
                meaning: "where artifacts lie",
            },
        ],
        Kind::Run => &[
            FieldSpec { name: "name", field_type: Text, meaning: "the name" },
            FieldSpec {
                name: "status",
                field_type: Text,
                meaning: "FINISHED, FAILED, RUNNING, SCHEDULED, KILLED",
            },
            FieldSpec { name: "started", field_type: Time, meaning: "the start" },
            FieldSpec { name: "ended", field_type: Time, meaning: "the end" },
            FieldSpec { name: "params", field_type: Map, meaning: "parameters, text as written" },
            FieldSpec {
                name: "metrics",
                field_type: Map,
                meaning: "the last value of each metric",
            },
            FieldSpec {
                name: "series",
                field_type: Map,
                meaning: "every point of each metric: step, time, value",
            },
            FieldSpec { name: "env", field_type: Map, meaning: "the environment" },
            FieldSpec {
                name: "user",
                field_type: Text,
                meaning: "the user as the source wrote it; sealed",
            },
            FieldSpec { name: "artifact_uri", field_type: Text, meaning: "where artifacts lie" },
            FieldSpec { name: "note", field_type: Text, meaning: "free text; sealed" },
            FieldSpec {
                name: "risk_class",
                field_type: Text,
                meaning: "the risk class tagged on the run",
            },
            FieldSpec { name: "change_type", field_type: Text, meaning: "the kind of change" },
            FieldSpec { name: "change_reason", field_type: Text, meaning: "why; sealed" },
            FieldSpec {
                name: "input_hints",
                field_type: List,
                meaning: "places named in parameters or tags where no input is recorded",
            },
        ],
        Kind::Model => &[
            FieldSpec { name: "form", field_type: Text, meaning: "registered or logged" },
            FieldSpec { name: "registry", field_type: Text, meaning: "the registry" },
            FieldSpec { name: "name", field_type: Text, meaning: "the name" },
            FieldSpec { name: "version", field_type: Text, meaning: "the version" },
            FieldSpec {
                name: "digest",
                field_type: Text,
                meaning: "a digest of the model's bytes",
            },
            FieldSpec {
                name: "stage",
                field_type: Text,
                meaning: "the stage at the time of the export",
            },
            FieldSpec {
                name: "aliases",
                field_type: List,
                meaning: "aliases at the time of the export",
            },
            FieldSpec { name: "status", field_type: Text, meaning: "the status" },
            FieldSpec { name: "model_type", field_type: Text, meaning: "the type" },
            FieldSpec { name: "params", field_type: Map, meaning: "parameters" },
            FieldSpec {
                name: "metrics",
                field_type: Map,
                meaning: "the last value of each metric",
            },
            FieldSpec { name: "framework", field_type: Text, meaning: "the framework" },
            FieldSpec { name: "risk_class", field_type: Text, meaning: "the risk class" },
            FieldSpec {
                name: "intended_purpose",
                field_type: Text,
                meaning: "the intended purpose",
            },
            FieldSpec { name: "license", field_type: Text, meaning: "the licence" },
            FieldSpec { name: "uri", field_type: Text, meaning: "where it lies" },
            FieldSpec { name: "note", field_type: Text, meaning: "the description; sealed" },
        ],
        Kind::Document => &[
            FieldSpec { name: "name", field_type: Text, meaning: "the name" },
            FieldSpec { name: "version", field_type: Text, meaning: "the version" },
            FieldSpec {
                name: "type",
                field_type: Text,
                meaning: "risk_assessment, model_card, ...",
            },
            FieldSpec {
                name: "section",
                field_type: Text,
                meaning: "the section of the technical documentation",
            },
            FieldSpec { name: "uri", field_type: Text, meaning: "where it lies" },
            FieldSpec {
                name: "digest",
                field_type: Text,
                meaning: "blake3 of its bytes, where they were read",
            },
            FieldSpec { name: "size", field_type: Int, meaning: "its size in bytes" },
        ],
        Kind::Evaluation => &[
            FieldSpec { name: "name", field_type: Text, meaning: "the name" },
            FieldSpec { name: "type", field_type: Text, meaning: "the type" },
            FieldSpec { name: "metrics", field_type: Map, meaning: "the figures" },
            FieldSpec { name: "passed", field_type: Bool, meaning: "whether it passed" },
        ],
        Kind::Approval => &[
            FieldSpec { name: "decision", field_type: Text, meaning: "granted or rejected" },
            FieldSpec {
                name: "role",
                field_type: Text,
                meaning: "the role in which it was decided",
            },
            FieldSpec { name: "reason", field_type: Text, meaning: "why; sealed" },
            FieldSpec { name: "article", field_type: Text, meaning: "the article it answers" },
            FieldSpec { name: "stage", field_type: Text, meaning: "the stage it is for" },
            FieldSpec { name: "expires", field_type: Time, meaning: "the end of its validity" },
        ],
        Kind::Deployment => &[
            FieldSpec { name: "name", field_type: Text, meaning: "the service" },
            FieldSpec { name: "service", field_type: Text, meaning: "the service" },
            FieldSpec { name: "environment", field_type: Text, meaning: "the environment" },
            FieldSpec {
                name: "endpoint",
                field_type: Text,
                meaning: "the id of the deployment within the service",
            },
            FieldSpec { name: "model_name", field_type: Text, meaning: "the model name it claims" },
            FieldSpec {
                name: "model_version",
                field_type: Text,
                meaning: "the model version it claims",
            },
            FieldSpec { name: "region", field_type: Text, meaning: "the region" },
            FieldSpec { name: "replicas", field_type: Int, meaning: "how many replicas" },
            FieldSpec { name: "until", field_type: Time, meaning: "the declared end" },
            FieldSpec {
                name: "first_event",
                field_type: Time,
                meaning: "the first recorded event; derived",
            },
            FieldSpec {
                name: "last_event",
                field_type: Time,
                meaning: "the last recorded event; derived",
            },
            FieldSpec { name: "events", field_type: Int, meaning: "recorded events; derived" },
            FieldSpec {
                name: "overrides",
                field_type: Int,
                meaning: "recorded human overrides; derived",
            },
        ],
        Kind::Batch => &[
            FieldSpec { name: "name", field_type: Text, meaning: "the label of its source file" },
            FieldSpec { name: "first_time", field_type: Time, meaning: "the first event" },
            FieldSpec { name: "last_time", field_type: Time, meaning: "the last event" },
            FieldSpec { name: "count", field_type: Int, meaning: "events" },
            FieldSpec { name: "overrides", field_type: Int, meaning: "human overrides" },
            FieldSpec { name: "art12", field_type: Int, meaning: "events marked for Article 12" },
            FieldSpec {
                name: "longest_silence",
                field_type: Int,
                meaning: "the longest time between two events, ns",
            },
            FieldSpec { name: "root", field_type: Hash, meaning: "the Merkle root over the rows" },
            FieldSpec { name: "size", field_type: Int, meaning: "bytes of the canonical rows" },
            FieldSpec { name: "retention_until", field_type: Time, meaning: "kept until" },
        ],
        Kind::Monitor => &[
            FieldSpec { name: "name", field_type: Text, meaning: "the name" },
            FieldSpec { name: "article", field_type: Text, meaning: "the article it serves" },
            FieldSpec { name: "query", field_type: Text, meaning: "the query" },
            FieldSpec { name: "threshold", field_type: Float, meaning: "the threshold" },
        ],
        Kind::Alert => &[
            FieldSpec { name: "severity", field_type: Text, meaning: "the severity" },
            FieldSpec { name: "status", field_type: Text, meaning: "the status" },
            FieldSpec { name: "resolved", field_type: Time, meaning: "when it was resolved" },
        ],
        Kind::Incident => &[
            FieldSpec { name: "name", field_type: Text, meaning: "the name" },
            FieldSpec { name: "severity", field_type: Text, meaning: "the severity" },
        ],
        Kind::Change => &[
            FieldSpec { name: "name", field_type: Text, meaning: "the name" },
            FieldSpec { name: "reason", field_type: Text, meaning: "why; sealed" },
        ],
        Kind::Hold => &[
            FieldSpec { name: "reason", field_type: Text, meaning: "why; sealed" },
            FieldSpec { name: "until", field_type: Time, meaning: "the end" },
        ],
        Kind::Erasure => &[
            FieldSpec { name: "reason", field_type: Text, meaning: "why; sealed" },
            FieldSpec { name: "request_id", field_type: Text, meaning: "the request" },
            FieldSpec { name: "basis", field_type: Text, meaning: "the legal basis" },
        ],
        Kind::Checkpoint => &[
            FieldSpec { name: "root", field_type: Hash, meaning: "the root of the log" },
            FieldSpec { name: "count", field_type: Int, meaning: "commits" },
            FieldSpec { name: "signer", field_type: Text, meaning: "who signed" },
        ],
        Kind::Import => &[
            FieldSpec {
                name: "number",
                field_type: Int,
                meaning: "the number of its first commit",
            },
            FieldSpec { name: "nodes", field_type: Int, meaning: "revisions it brought" },
            FieldSpec { name: "events", field_type: Int, meaning: "events it brought" },
            FieldSpec { name: "retracted", field_type: Bool, meaning: "undone by a retraction" },
        ],
        Kind::Inference => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_stand_in_the_order_of_their_numbers() {
        for (number, spec) in RELATIONS.iter().enumerate() {
            assert_eq!(spec.relation as usize, number, "{}", spec.name);
        }
        for (number, kind) in KINDS.iter().enumerate() {
            assert_eq!(*kind as usize, number, "{kind}");
        }
    }

    #[test]
    fn names_are_unique_over_both_directions() {
        let mut names: Vec<_> = RELATIONS.iter().flat_map(|r| [r.name, r.inverse]).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
