//! How the tool that made a run would have recorded which data it read: advice for whoever finds that
//! missing. Nothing here is about what is recorded; it is about where the next export has to say it.

use lineal_engine::Snapshot;
use lineal_engine::schema::Kind;

use crate::source::NodeNo;

/// What behind the name of a form marks that its records say only a part of a thing.
const PART: &str = "-part";

/// A tool, or a format of documents, that speaks of runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tool {
    /// MLflow, in each of its forms.
    Mlflow,
    /// ClearML.
    Clearml,
    /// DVC.
    Dvc,
    /// in-toto: SLSA's provenance, and links.
    InToto,
    /// CycloneDX: its runs are inferred from models.
    Cyclonedx,
    /// SPDX 3.
    Spdx,
    /// W3C PROV-JSON.
    Prov,
    /// Weights & Biases.
    Wandb,
    /// OpenLineage.
    Openlineage,
}

/// Each tool with how its forms are called: by this name, or beginning with it and a dash.
const FORMS: [(Tool, &str); 9] = [
    (Tool::Mlflow, "mlflow"),
    (Tool::Clearml, "clearml"),
    (Tool::Dvc, "dvc"),
    (Tool::InToto, "in-toto"),
    (Tool::Cyclonedx, "cyclonedx"),
    (Tool::Spdx, "spdx3"),
    (Tool::Prov, "prov-json"),
    (Tool::Wandb, "wandb"),
    (Tool::Openlineage, "openlineage"),
];

impl Tool {
    /// The tool whose exports have this form: `mlflow-sqlite`, `clearml`, `openlineage-start`. None of what
    /// people declare, of logs, and of forms that speak of no runs.
    #[must_use]
    pub fn of_form(form: &str) -> Option<Tool> {
        let form = form.strip_suffix(PART).unwrap_or(form);
        let is_so = |name: &str| {
            form.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        FORMS.iter().find(|(_, name)| is_so(name)).map(|(tool, _)| *tool)
    }

    /// The tool that a run is from: of those that speak of it the first, the one on top before others. None
    /// where no tool does, as of a run that people declared.
    #[must_use]
    pub fn of_run(view: &Snapshot, run: NodeNo) -> Option<Tool> {
        view.sources_of(run).into_iter().find_map(|(_, form)| Tool::of_form(form))
    }

    /// The name for programs, which [`Tool::of_form`] reads.
    #[must_use]
    pub fn name(self) -> &'static str {
        FORMS.iter().find(|(tool, _)| *tool == self).map_or("", |(_, name)| name)
    }
}

/// What records an input of runs from now on, by their tool; of a run that no tool speaks of the command
/// that records it, as `lineal check` gives it. `run` is its name, as it can be pasted.
#[must_use]
pub fn input_advice(tool: Option<Tool>, run: &str) -> String {
    let words = match tool {
        Some(Tool::Mlflow) => "mlflow.log_input(dataset, context=\"training\") in the training run",
        // The alias is what ClearML writes the id of the data set under.
        Some(Tool::Clearml) => "Dataset.get(dataset_id=..., alias=\"training\") in the task",
        Some(Tool::Wandb) => "run.use_artifact(\"NAME:VERSION\") in the run",
        Some(Tool::Openlineage) => "the data set among `inputs` in the events of the run",
        Some(Tool::Dvc) => "the data under `deps` of the stage in dvc.yaml, then `dvc repro`",
        Some(Tool::InToto) => {
            "the data with its digest among `resolvedDependencies` of the provenance (`materials` of a link)"
        }
        Some(Tool::Cyclonedx) => "the data among `datasets` of the model's card in the bill",
        Some(Tool::Spdx) => "a relationship `trainedOn` from the model to the data in the document",
        Some(Tool::Prov) => "`used` from the activity to the data in the document",
        None => return declared(run),
    };
    words.to_owned()
}

/// What records for which purpose a run read its data, code between backticks. Only the forms of two tools
/// hold such a role; of others it is for a person to say, with the command that `lineal check` gives.
#[must_use]
pub fn role_advice(tool: Option<Tool>, run: &str) -> String {
    match tool {
        Some(Tool::Mlflow) => "`mlflow.log_input(..., context=\"training\")`".to_owned(),
        Some(Tool::Spdx) => "a relationship `trainedOn` from the model to the data".to_owned(),
        _ => format!("`{}`", declared(run)),
    }
}

fn declared(run: &str) -> String {
    format!("lineal declare node {} --edge trained_on=DATASET --by WHO", quoted(run))
}

/// The name of a run by its id.
#[must_use]
pub fn run_name(id: &str) -> String {
    format!("{}:{}", Kind::Run.name(), lineal_engine::quoted(id, None))
}

/// A word in single quotes, where a shell would read more than letters.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_known_by_each_of_its_forms_and_by_its_own_name() {
        for (form, tool) in [
            ("mlflow-sqlite", Some(Tool::Mlflow)),
            ("mlflow-export-import", Some(Tool::Mlflow)),
            ("clearml-part", Some(Tool::Clearml)),
            ("openlineage-complete", Some(Tool::Openlineage)),
            ("in-toto", Some(Tool::InToto)),
            ("prov-json-part", Some(Tool::Prov)),
            ("mlflowish", None),
            ("declaration", None),
            ("datadog-logs", None),
        ] {
            assert_eq!(Tool::of_form(form), tool, "{form}");
        }
        for (tool, _) in FORMS {
            assert_eq!(Tool::of_form(tool.name()), Some(tool));
        }
    }

    #[test]
    fn only_a_run_of_mlflow_is_told_of_mlflow_and_each_is_told_something() {
        let run = "run:a b";
        for tool in FORMS.into_iter().map(|(tool, _)| Some(tool)).chain([None]) {
            for advice in [input_advice(tool, run), role_advice(tool, run)] {
                assert_eq!(advice.contains("mlflow"), tool == Some(Tool::Mlflow), "{advice}");
            }
        }
        let declared = "lineal declare node 'run:a b' --edge trained_on=DATASET --by WHO";
        assert_eq!(input_advice(None, run), declared);
        // No export of these holds a role.
        for tool in [Tool::Clearml, Tool::Dvc, Tool::Wandb, Tool::Openlineage] {
            assert_eq!(role_advice(Some(tool), run), format!("`{declared}`"));
        }
    }
}
