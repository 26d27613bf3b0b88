//! Questions about the trail, refused where it is not for the asker: an empty answer, or an empty
//! column, would look like nothing recorded.

use lineal_engine::schema::Kind;

use crate::error::{Code, Mistake, Result};
use crate::plan::Plan;
use crate::source::Source;

/// May this question be asked of this view?
pub(super) fn may_ask<S: Source>(plan: &Plan, source: &S) -> Result<()> {
    if source.hides(Kind::Access)
        && let Some(span) = plan.names(Kind::Access)
    {
        let message = "the trail of who asked what is not for this asker";
        return Err(Mistake::new(Code::Trail, span, message)
            .hint(
                "an auditor of the whole store, the privacy officer and the administrator read it",
            )
            .into());
    }
    if source.withholds_subjects()
        && let Some((field, span)) = &plan.sealed_of_trail
    {
        let message =
            format!("`{field}` of the trail may point at a person, and is kept back here");
        return Err(Mistake::new(Code::Trail, *span, message)
            .hint("an auditor of the whole store reads it; the other fields are not kept back")
            .into());
    }
    Ok(())
}
