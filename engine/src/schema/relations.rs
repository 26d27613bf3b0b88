//! The relations between kinds: one table, with the name of each in both directions.
//!
//! A relation points from the newer record to the older one whose id it holds.

use super::{Kind, NODE_KINDS};

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
        &[
            Kind::Model,
            Kind::Deployment,
            Kind::Dataset,
            Kind::Document,
            Kind::Run,
            Kind::System,
            Kind::Evaluation,
            Kind::Batch,
            Kind::Incident,
            Kind::Change,
            // Of a waiver: nobody approves an approval.
            Kind::Approval,
        ],
        About,
    ),
    row(
        Relation::Cites,
        "cites",
        "cited_by",
        &[Kind::Approval, Kind::Document, Kind::Change],
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
            Kind::Incident,
            Kind::Change,
        ],
        About,
    ),
    row(Relation::Watches, "watches", "watched_by", &[Kind::Monitor], &[Kind::Deployment], About),
    row(Relation::RaisedBy, "raised_by", "raises", &[Kind::Alert], &[Kind::Monitor], About),
    row(
        Relation::Concerns,
        "concerns",
        "subject_of",
        &[Kind::Alert, Kind::Incident, Kind::Change],
        &[Kind::Deployment, Kind::Inference, Kind::Batch, Kind::Model, Kind::System, Kind::Dataset],
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
            Kind::Dataset,
            Kind::Incident,
            Kind::Change,
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
            Kind::System,
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
