//! What names data where a run records no dataset input, as no real store looked at does.

use super::super::personal::redacted;
use super::super::store::Texts;
use crate::mapping::mlflow::Hints;

/// More hints than this on one run help nobody.
const HINTS_MAX: usize = 32;
/// A hint is a pointer, not a copy: longer values are cut.
const HINT_CHARS_MAX: usize = 200;

/// Hints from parameters, tags and files beside the store, in that order.
pub(super) fn hints(params: &Texts, tags: &Texts, beside: &[String], rules: &Hints) -> Vec<String> {
    let fits = |key: &str, value: &str| {
        let value = value.trim();
        // MLflow's own tags are about the run itself, unless the mapping names one.
        let value_counts = !key.starts_with("mlflow.");
        !value.is_empty()
            && (rules.keys.is_match(key) || value_counts && rules.values.is_match(value))
    };
    let from = |what: &'static str, texts: &Texts| -> Vec<String> {
        texts
            .iter()
            .filter(|(key, value)| fits(key, value))
            .map(|(key, value)| format!("{what} {key} = {}", shortened(&redacted(value.trim()))))
            .collect()
    };
    let files = beside.iter().map(|file| format!("{file} beside the store"));
    let mut hints = from("param", params);
    hints.extend(from("tag", tags));
    hints.extend(files);
    hints.truncate(HINTS_MAX);
    hints
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(HINT_CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::Mapping;

    fn texts(pairs: &[(&str, &str)]) -> Texts {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn parameters_and_tags_named_like_data_are_hints() {
        let rules = Mapping::embedded().unwrap().mlflow.hints;
        let params = texts(&[
            ("data_path", "/home/maria/train.csv"),
            ("lr", "0.1"),
            ("batch_size", "32"),
            ("input", "s3://lake/loans.parquet"),
        ]);
        let tags = texts(&[
            ("dvc.data", "v3"),
            ("eu_ai_act.training_data_version", "q3"),
            ("mlflow.source.name", "make.csv"),
            ("team", "demo"),
        ]);
        let found = hints(&params, &tags, &["dvc.lock".to_owned()], &rules);
        assert_eq!(
            found,
            [
                "param data_path = ~/train.csv",
                "param input = s3://lake/loans.parquet",
                "tag dvc.data = v3",
                "tag eu_ai_act.training_data_version = q3",
                "dvc.lock beside the store",
            ]
        );
    }
}
