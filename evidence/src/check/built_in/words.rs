//! Words that decide which rules apply, and are none of those that decide anything.

use lineal_engine::NodeNo;

use super::Offence;
use crate::check::Error;
use crate::check::ask::Asker;
use crate::check::scope;
use crate::rules::Check;

/// Subjects whose field has another word than it may.
pub(super) fn strange(
    asker: &Asker<'_>,
    check: &Check,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let mut found = Vec::new();
    for node in subjects {
        if let Some(say) = scope::strange(asker, *node, &check.missing)? {
            let say = format!("{say}: what it decides cannot be told");
            found.push(Offence::said(*node, say));
        }
    }
    Ok(found)
}
