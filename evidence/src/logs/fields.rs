//! The columns: where a row comes from, then the fields of events that may be disclosed.

use lineal_engine::event_fields::{EVENT_FIELDS, EventField, EventFieldSpec, Group};
use lineal_engine::schema::FieldType;
use serde_json::{Value as Json, json};

/// What stands before the fields, with what it means: the same in each row that is there.
pub(super) const PLACE: [(&str, &str); 4] = [
    ("deployment", "the deployment that served the event"),
    ("batch", "the number of the batch in batches.csv"),
    ("row", "the place of the event in its batch, from 0"),
    ("standing", "shown; erased: its content was destroyed; restricted: it is kept and not shown"),
];

/// The fields that are disclosed.
pub(super) struct Columns {
    pub(super) fields: Vec<EventField>,
    pub(super) with_subject_group: bool,
}

impl Columns {
    pub(super) fn of(with_subject_group: bool) -> Columns {
        let is_open = |spec: &&EventFieldSpec| with_subject_group || spec.group == Group::Open;
        let fields = EVENT_FIELDS.iter().filter(is_open).map(|spec| spec.field).collect();
        Columns { fields, with_subject_group }
    }

    /// All names in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        let fields = self.fields.iter().map(|field| field.spec().name);
        PLACE.iter().map(|(name, _)| *name).chain(fields)
    }

    pub(super) fn json(&self) -> Json {
        let place = PLACE.iter().map(|(name, meaning)| {
            let kind = if matches!(*name, "batch" | "row") { "int" } else { "string" };
            json!({ "name": name, "type": kind, "meaning": meaning })
        });
        let fields = self.fields.iter().map(|field| {
            let spec = field.spec();
            // Hashes stand as hexadecimal digits in both forms.
            let kind = if spec.field_type == FieldType::Hash {
                "hexadecimal"
            } else {
                spec.field_type.name()
            };
            let group = if spec.group == Group::Open { "open" } else { "subject" };
            json!({ "name": spec.name, "type": kind, "group": group, "meaning": spec.meaning })
        });
        place.chain(fields).collect()
    }
}
