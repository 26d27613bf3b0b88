//! Takes out what no sound store holds: keys that would leave their folder, things without an id.

use super::runs::Runs;
use super::store::{Run, Store, Texts, escapes};
use crate::record::{Location, Reject};

/// Drops what is unsound beside the runs, and notes each as a reject.
pub(super) fn drop_unsound(store: &mut Store) {
    let mut rejects = Vec::new();
    for model in &mut store.logged {
        let what = format!("logged model {}", model.id);
        check(&mut model.params, "parameter", &what, &model.at, &mut rejects);
        check(&mut model.tags, "tag", &what, &model.at, &mut rejects);
    }
    store.experiments.retain(|each| named(&each.id, "an experiment", &each.at, &mut rejects));
    store.logged.retain(|model| named(&model.id, "a logged model", &model.at, &mut rejects));
    store.registered.retain(|model| {
        named(&model.name, "a registered model", &Location::default(), &mut rejects)
    });
    store.rejects.append(&mut rejects);
}

/// Drops what is unsound in a run, and notes each as a reject. False where nothing of it can stay.
pub(super) fn drop_unsound_of_run(run: &mut Run, rejects: &mut Vec<Reject>) -> bool {
    let what = format!("run {}", run.id);
    check(&mut run.params, "parameter", &what, &run.at, rejects);
    check(&mut run.tags, "tag", &what, &run.at, rejects);
    run.metrics.retain(|key, _| keep(key, "metric", &what, &run.at, rejects));
    named(&run.id, "a run", &run.at, rejects)
}

/// Rejects of metrics that were dropped when they were read.
pub(super) fn unsound_metrics(runs: &Runs) -> Vec<Reject> {
    let mut rejects = Vec::new();
    if let Runs::Spilled(runs) = runs {
        for (run, name) in runs.unsound_metrics() {
            keep(name, "metric", &format!("run {run}"), runs.at(), &mut rejects);
        }
    }
    rejects
}

fn check(texts: &mut Texts, kind: &str, of: &str, at: &Location, rejects: &mut Vec<Reject>) {
    texts.retain(|key, _| keep(key, kind, of, at, rejects));
}

fn keep(key: &str, kind: &str, of: &str, at: &Location, rejects: &mut Vec<Reject>) -> bool {
    let sound = !escapes(key);
    if !sound {
        let reason = format!(
            "{kind} `{}` of {of} would lead out of its folder; MLflow does not write such keys",
            key.escape_debug()
        );
        rejects.push(Reject { at: at.clone(), reason });
    }
    sound
}

fn named(id: &str, what: &str, at: &Location, rejects: &mut Vec<Reject>) -> bool {
    if id.is_empty() {
        rejects.push(Reject { at: at.clone(), reason: format!("{what} has no id") });
    }
    !id.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_leads_out_is_rejected_and_the_run_stays() {
        let params = Texts::from([("../x".to_owned(), "1".to_owned()), ("lr".into(), "2".into())]);
        let run = Run { id: "r".into(), params, ..Run::default() };
        let (mut runs, mut rejects) = (vec![run, Run::default()], Vec::new());
        runs.retain_mut(|run| drop_unsound_of_run(run, &mut rejects));
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].params.len(), 1);
        assert_eq!(rejects.len(), 2);
    }
}
