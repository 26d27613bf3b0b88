//! Whole numbers in bodies of requests: those that OpenAPI's `int64` has, as every program can say them.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// The largest.
pub(crate) const MOST: u64 = i64::MAX.unsigned_abs();

/// Reads one.
pub(super) fn one<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let number = u64::deserialize(from)?;
    if number > MOST {
        return Err(Error::custom(format_args!("{number} is more than {MOST}")));
    }
    Ok(number)
}

/// Reads one that need not be there.
pub(super) fn if_any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    struct Number(#[serde(deserialize_with = "one")] u64);
    Ok(Option::<Number>::deserialize(from)?.map(|Number(number)| number))
}

#[cfg(test)]
mod tests {
    use crate::wire::{QueryRequest, RetractRequest, VerifyRequest};

    #[test]
    fn a_number_that_openapi_does_not_have_is_refused() {
        let import = |number: &str| format!("{{\"import\":{number}}}");
        let read = |text: String| serde_json::from_str::<RetractRequest>(&text);
        assert_eq!(read(import("9223372036854775807")).unwrap().import, super::MOST);
        let why = read(import("9223372036854775808")).unwrap_err().to_string();
        assert!(why.contains("is more than 9223372036854775807"), "{why}");
        assert!(read(import("null")).is_err());
        let query = |text: &str| serde_json::from_str::<QueryRequest>(text);
        assert_eq!(query("{\"page\":null,\"limits\":{\"rows\":7}}").unwrap().limits.rows, Some(7));
        for wrong in
            ["{\"page\":9223372036854775808}", "{\"limits\":{\"rows\":9223372036854775808}}"]
        {
            assert!(query(wrong).is_err(), "{wrong}");
        }
        assert!(serde_json::from_str::<VerifyRequest>("{\"since\":9223372036854775808}").is_err());
        assert_eq!(serde_json::from_str::<VerifyRequest>("{}").unwrap().since, None);
    }
}
