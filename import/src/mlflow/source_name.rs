//! What a store is called when nobody says, and what its newest time is.

use super::store::{Run, Store};

/// How many hex digits tell stores apart.
const DIGITS: usize = 8;

/// `mlflow-` and the start of a hash of the time at which the first experiment was made: the same
/// in the database, the REST bodies and the exports of one server.
pub(super) fn of(store: &mut Store) -> String {
    // Ids are numbers, of up to 18 digits in file stores.
    let first =
        store.experiments.iter().min_by_key(|experiment| (experiment.id.len(), &experiment.id));
    let seed = match first {
        Some(experiment) => match experiment.created_ms {
            Some(ms) => Some(ms.to_string()),
            None => Some(experiment.id.clone()),
        },
        None => None,
    };
    let named_by_time = first.is_some_and(|experiment| experiment.created_ms.is_some());
    if !named_by_time {
        store.warnings.push(
            "no experiment with a time of creation was read, so the name given to this source may not be the one that other exports of the same server get; choose one with --source NAME".to_owned(),
        );
    }
    let hash = blake3::hash(seed.unwrap_or_default().as_bytes()).to_hex();
    format!("mlflow-{}", &hash[..DIGITS])
}

/// The newest time of a run, in ms.
pub(super) fn newest_of_run(run: &Run) -> Option<i64> {
    run.started_ms.max(run.ended_ms).max(run.deleted_ms)
}

/// The newest time that the store itself recorded beside the runs, in ms.
pub(super) fn newest_ms(store: &Store) -> Option<i64> {
    let experiments = store.experiments.iter().flat_map(|each| [each.created_ms, each.updated_ms]);
    let logged = store.logged.iter().flat_map(|model| [model.created_ms, model.updated_ms]);
    let names = store.registered.iter().flat_map(|name| [name.created_ms, name.updated_ms]);
    let versions = store
        .registered
        .iter()
        .flat_map(|name| name.versions.iter())
        .flat_map(|version| [version.created_ms, version.updated_ms]);
    experiments.chain(logged).chain(names).chain(versions).flatten().max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mlflow::store::Experiment;

    fn store(experiments: &[(&str, Option<i64>)]) -> Store {
        let experiments = experiments.iter().map(|(id, created_ms)| Experiment {
            id: (*id).to_owned(),
            created_ms: *created_ms,
            ..Experiment::default()
        });
        Store { experiments: experiments.collect(), ..Store::default() }
    }

    #[test]
    fn the_first_experiment_names_the_store() {
        let time = Some(1_795_289_003_898);
        let name = of(&mut store(&[("10", Some(1)), ("0", time), ("2", Some(2))]));
        let expected = blake3::hash(b"1795289003898").to_hex();
        assert_eq!(name, format!("mlflow-{}", &expected[..8]));
        assert_eq!(of(&mut store(&[("10", Some(1)), ("2", time)])), name);
    }

    #[test]
    fn a_store_that_cannot_be_named_well_says_so() {
        for mut store in [store(&[]), store(&[("0", None)])] {
            of(&mut store);
            assert_eq!(store.warnings.len(), 1);
        }
    }
}
