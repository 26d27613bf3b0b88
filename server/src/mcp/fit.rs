//! Answers that fit: an assistant pays for each word, and drops what is too long without a word.

use serde_json::{Map, Value as Json, json};

/// Most bytes of one answer, as JSON: some 12,000 words of a model.
pub(super) const ANSWER_BYTES_MAX: usize = 48 << 10;

/// The answer, its lists shortened until it fits. What is left out is counted under `shortened`,
/// and a page that was shortened leads to no next one, since rows would be lost between them.
///
/// # Errors
/// The size of an answer that does not fit with one item in each list.
pub(super) fn fit(mut answer: Json, most: usize) -> Result<Json, usize> {
    let mut whole: Map<String, Json> = Map::new();
    loop {
        let size = answer.to_string().len();
        if size <= most {
            return Ok(answer);
        }
        let lists = answer.as_object_mut().into_iter().flatten();
        let lists = lists.filter_map(|(name, value)| Some((name, value.as_array_mut()?)));
        let longest = lists
            .filter(|(_, list)| list.len() > 1)
            .max_by_key(|(_, list)| list.iter().map(|item| item.to_string().len()).sum::<usize>());
        let Some((name, list)) = longest else { return Err(size) };
        whole.entry(name.clone()).or_insert_with(|| json!(list.len()));
        list.truncate(list.len().div_ceil(2));
        if name == "rows" {
            answer["next"] = Json::Null;
        }
        answer["shortened"] = json!({
            "of": whole,
            "why": "the whole is too long to be told at once: ask for fewer columns or rows, or a narrower question",
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_counted_and_what_fits_stays() {
        let small = json!({ "rows": [[1], [2]], "next": "c" });
        assert_eq!(fit(small.clone(), 100), Ok(small));
        let rows: Vec<Json> = (0..1_000).map(|n| json!([n, "x".repeat(50)])).collect();
        let large = json!({ "rows": rows, "warnings": ["w"], "total": 1_000, "next": "c" });
        let fitted = fit(large, 10_000).unwrap();
        assert!(fitted.to_string().len() <= 10_000);
        let left = fitted["rows"].as_array().unwrap().len();
        assert!(left > 60 && left < 1_000, "{left}");
        assert_eq!(fitted["shortened"]["of"], json!({ "rows": 1_000 }));
        assert_eq!((&fitted["next"], &fitted["warnings"]), (&Json::Null, &json!(["w"])));
        assert!(fit(json!({ "rows": ["x".repeat(500)] }), 100).is_err());
    }
}
