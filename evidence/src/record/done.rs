//! Fields that say when something was done: a time that is still to come says that nothing was done yet.
//!
//! Such a time is not taken down, and where an import brought one no rule takes it for done. Of what is planned,
//! as a declared end or the end of keeping, a time to come is what is meant.

use super::error::{Error, Result};
use super::words::time_text;
use lineal_engine::schema::{FieldType, Kind, fields};
use lineal_proof::Map;

/// The fields, of whatever kind.
const DONE: [&str; 21] = [
    "authority_informed_at",
    "aware_at",
    "bias_corrected_at",
    "causal_link_at",
    "closed_at",
    "conformity_at",
    "corrective_at",
    "declared_at",
    "deleted_time",
    "ended",
    "erased_at",
    "last_evaluated_at",
    "modified",
    "notified_at",
    "registration_at",
    "reported_at",
    "resolved",
    "reviewed_at",
    "revoked_at",
    "started",
    "thresholds_at",
];

/// Does a field say when something was done?
pub(crate) fn is_done(field: &str) -> bool {
    DONE.contains(&field)
}

/// The fields of a kind that say so.
pub(crate) fn done_of(kind: Kind) -> impl Iterator<Item = &'static str> {
    let times = fields(kind).iter().filter(|spec| spec.field_type == FieldType::Time);
    times.map(|spec| spec.name).filter(|name| is_done(name))
}

/// Refuses what was done, or happened, at a time that is still to come.
///
/// # Errors
/// [`Error::NotYet`].
pub(super) fn hold(stated: &Map, now: i64) -> Result<()> {
    let is_past = |field: &str| is_done(field) || field == "time";
    for (field, value) in stated.iter().filter(|(field, _)| is_past(field)) {
        if let Some(at) = value.as_i64().filter(|at| *at > now) {
            let (field, at, now) = (field.to_owned(), time_text(at), time_text(now));
            return Err(Error::NotYet { field, at, now });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_engine::schema::KINDS;
    use lineal_proof::Value;
    use std::collections::BTreeSet;

    /// Times that may be to come, or that a source says of its own rows.
    const OTHERS: [&str; 9] = [
        "expires",
        "first_time",
        "from",
        "last_time",
        "overseer_from",
        "overseer_until",
        "placed_on_market_at",
        "retention_until",
        "until",
    ];

    #[test]
    fn each_field_of_a_time_says_what_was_done_or_what_may_be_to_come() {
        let times = KINDS.into_iter().flat_map(|kind| fields(kind).iter());
        let times = times.filter(|spec| spec.field_type == FieldType::Time && !spec.is_derived());
        let times: BTreeSet<&str> = times.map(|spec| spec.name).collect();
        let known: BTreeSet<&str> = DONE.into_iter().chain(OTHERS).collect();
        assert_eq!(times, known);
    }

    #[test]
    fn what_is_still_to_come_was_not_done() {
        let said = |field: &str, at: i64| Map::from_iter([(field.to_owned(), Value::from(at))]);
        assert!(hold(&said("reviewed_at", 10), 10).is_ok());
        assert!(hold(&said("until", 11), 10).is_ok());
        let refused = hold(&said("reviewed_at", 11), 10).unwrap_err().to_string();
        assert!(refused.starts_with("reviewed_at says when something was done"), "{refused}");
        assert_eq!(done_of(Kind::Document).collect::<Vec<_>>(), ["reviewed_at", "revoked_at"]);
    }
}
