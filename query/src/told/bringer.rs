//! Which import would bring what is only referred to: one from the tool whose records refer to it.

use lineal_engine::Snapshot;
use lineal_engine::schema::{Direction, Kind, RELATIONS};

use super::Tool;
use crate::source::NodeNo;

/// Most of what refers to a node that is asked for its tool.
pub(crate) const REFERRERS_MAX: usize = 1_000;

/// The tool that speaks of what refers to a missing node; of several the first of [`Tool`]. Only referrers that
/// `sees` lets through count. None where no tool does, as of a model that logs alone name.
#[must_use]
pub fn tool_of_missing(
    view: &Snapshot,
    node: NodeNo,
    sees: &dyn Fn(NodeNo) -> bool,
) -> Option<Tool> {
    let relations = RELATIONS.iter().map(|spec| spec.relation);
    let ends = relations.flat_map(|relation| view.edges(node, relation, Direction::Inverse));
    let seen = ends.filter(|end| sees(**end)).take(REFERRERS_MAX);
    seen.filter_map(|end| Tool::of_run(view, *end)).min()
}

/// What holds nodes of a kind, by the tools that it may be of: to stand behind *the*, before *that has it*.
#[must_use]
pub fn holder(kind: Kind, tools: &[Tool]) -> String {
    let of_tool = |tool: &Tool| match (tool, kind) {
        (Tool::Mlflow, Kind::Model) => "MLflow registry or tracking store",
        (Tool::Mlflow, _) => "MLflow tracking store",
        (Tool::Clearml, _) => "ClearML export",
        (Tool::Dvc, _) => "DVC repository",
        (Tool::InToto, _) => "in-toto statement",
        (Tool::Cyclonedx, _) => "CycloneDX bill of materials",
        (Tool::Spdx, _) => "SPDX document",
        (Tool::Prov, _) => "PROV document",
        (Tool::Wandb, _) => "W&B export",
        (Tool::Openlineage, _) => "file of OpenLineage events",
    };
    match (tools, kind) {
        ([], Kind::Model) => "registry or tracking store".to_owned(),
        ([], _) => "tracking store".to_owned(),
        (tools, _) => tools.iter().map(of_tool).collect::<Vec<_>>().join(" or "),
    }
}

/// Which import would bring missing nodes of a kind that these tools refer to.
#[must_use]
pub fn bringer(kind: Kind, tools: &[Tool]) -> String {
    match kind {
        Kind::Model | Kind::Run | Kind::Dataset | Kind::Experiment | Kind::Evaluation => {
            format!("import the {} that has it", holder(kind, tools))
        }
        Kind::Deployment | Kind::Batch => "import the log archive that has it".to_owned(),
        _ => "import the source that describes it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_one_of_the_tool_that_refers_and_of_mlflow_for_mlflow_alone() {
        for (kind, tools, words) in [
            (Kind::Run, &[Tool::Mlflow][..], "import the MLflow tracking store that has it"),
            (Kind::Run, &[Tool::Wandb], "import the W&B export that has it"),
            (Kind::Model, &[], "import the registry or tracking store that has it"),
            (Kind::Dataset, &[], "import the tracking store that has it"),
            (
                Kind::Dataset,
                &[Tool::Clearml, Tool::Openlineage],
                "import the ClearML export or file of OpenLineage events that has it",
            ),
            (Kind::Deployment, &[Tool::Wandb], "import the log archive that has it"),
            (Kind::Actor, &[], "import the source that describes it"),
        ] {
            assert_eq!(bringer(kind, tools), words, "{kind} {tools:?}");
        }
    }
}
