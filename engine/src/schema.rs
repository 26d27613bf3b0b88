//! The vocabulary of the graph: kinds and the relations between kinds; the fields of each kind
//! stand beside it, in `fields`.
//!
//! This is the one list that importers write against, the binder checks against and `show kinds`
//! prints. Relations point from the newer record to the older one whose id it holds; their class
//! says whether `upstream` follows them (docs/format.md, section 6).

mod relations;

use std::fmt;

pub use crate::fields::{COMMON_FIELDS, FieldSpec, FieldType, TRAIL_SEALED, fields};
pub use relations::{Class, Direction, RELATION_COUNT, RELATIONS, Relation, RelationSpec};

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
    /// One use of the store over the network: the trail. Nothing leads to it or from it.
    Access = 21,
}

/// All kinds, in the order of their numbers.
pub const KINDS: [Kind; 22] = [
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
    Kind::Access,
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
            Kind::Access => "access",
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
            Kind::Access => "one use of this store over the network, or a count of them",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Every kind of the graph, as `node` means it: not `inference`, whose instances are rows of a batch,
/// and not `access`, the trail, which is about the store and no part of anything's lineage.
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
