//! Who may ask which question.

use crate::problem::Problem;
use lineal_engine::event_fields::Group;
use lineal_query::Prepared;

/// May this question be asked by one from whom the subject group is kept back? What it names of it
/// is said: an empty column would look like nothing recorded.
pub(crate) fn allowed(prepared: &Prepared, withheld: bool) -> Result<(), Problem> {
    let fields = prepared.event_fields().iter().map(|field| field.spec());
    let kept: Vec<&str> =
        fields.filter(|spec| spec.group == Group::Subject).map(|spec| spec.name).collect();
    if withheld && !kept.is_empty() {
        return Err(Problem::forbidden(format!(
            "the question speaks of what points at a person's data ({}), which this role does not see; an investigator does, within a case",
            kept.join(", ")
        )));
    }
    Ok(())
}
