//! Artifacts that a run gives by their names alone: `entity/project/train-data:v3`.

use super::super::fields::set_text;
use super::super::told::{Named, Told};
use super::artifact::node_of;
use super::place::Above;
use super::{FORM, PART, UNPLACED};
use crate::record::Reference;
use lineal_engine::schema::Relation;

/// How an address of an artifact begins.
const ADDRESS: &str = "wandb-artifact:///";
/// Where the file does not say what is named.
const GUESSED: &str = "some artifacts are given by name alone, and nothing here says of which type they are: those \
     with `model` in their names are taken for models, others for data sets";

/// Notes a name; `false` if it names no version.
pub(super) fn note(
    full: &str,
    run: &Reference,
    is_used: bool,
    above: &Above,
    told: &mut Told,
) -> bool {
    let full = full.trim();
    let full = full.strip_prefix(ADDRESS).unwrap_or(full);
    let Some((name, version)) = full.rsplit_once(':') else { return false };
    if name.is_empty() || version.is_empty() || name.contains(':') || version.contains('/') {
        return false;
    }
    let place = above.place();
    let name = match (name.matches('/').count(), &above.entity) {
        (0, _) if !place.is_empty() => format!("{place}/{name}"),
        (1, Some(entity)) => format!("{entity}/{name}"),
        _ => name.to_owned(),
    };
    if !full.contains('/') && !above.is_whole() {
        told.warn(UNPLACED);
    }
    told.named.push(Named { run: run.clone(), name, version: version.to_owned(), is_used });
    true
}

/// Links what is named, when all that the file says of it is known.
pub(super) fn settle(told: &mut Told) {
    for Named { run, name, version, is_used } in std::mem::take(&mut told.named) {
        let [model, data] = [true, false].map(|is_model| node_of(is_model, &name, &version, told));
        let knows = |node: &Reference| told.has(PART, node);
        let is_model = match (knows(&model), knows(&data)) {
            (true, _) => true,
            (_, true) => false,
            (false, false) => {
                told.warn(GUESSED);
                is_called_model(&name)
            }
        };
        let node = if is_model { model } else { data };
        let registry = told.source.clone();
        let record = told.node(PART, &node);
        set_text(record, "name", Some(&name));
        set_text(record, "version", Some(&version));
        if is_model {
            record.set("form", Some("registered"));
            record.set("registry", Some(registry));
        } else {
            record.set("source_type", Some(FORM));
        }
        if is_used {
            told.link(FORM, &run, Relation::Used, &node);
        } else {
            told.link(PART, &node, Relation::ProducedBy, &run);
        }
    }
}

/// Is it called as models are, or does it stand in the registry of them?
fn is_called_model(name: &str) -> bool {
    let own = name.rsplit('/').next().unwrap_or(name);
    own.to_ascii_lowercase().contains("model") || name.contains("/wandb-registry-model/")
}
