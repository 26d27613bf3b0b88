//! The fields of an inference event: names, groups and types.
//!
//! An event is two canonical maps (docs/format.md, section 9): *open* holds what describes the
//! event, *subject* what points at a person's data, so that the second can be withheld or erased
//! while the first stays provable. Containers hold one column a field, in the order of this list.

use crate::schema::FieldType;

/// Which of the two maps a field stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    /// Time, ids of model and deployment, decision, oversight, technical fields.
    Open,
    /// References to input and output, session, whatever no rule maps.
    Subject,
}

/// One field of an event.
#[derive(Debug)]
pub struct EventFieldSpec {
    /// The field.
    pub field: EventField,
    /// Its name in the row, the container's column and the language.
    pub name: &'static str,
    /// The map it stands in.
    pub group: Group,
    /// Text, Int, Float, Bool, Time or Hash.
    pub field_type: FieldType,
    /// What it means.
    pub meaning: &'static str,
}

macro_rules! event_fields {
    ($($variant:ident $name:literal $group:ident $kind:ident $meaning:literal;)*) => {
        /// A field of an event, by its number in the table.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum EventField {
            $(
                #[doc = $meaning]
                $variant,
            )*
        }

        /// The table of fields, in the order of their numbers.
        pub const EVENT_FIELDS: &[EventFieldSpec] = &[
            $(EventFieldSpec {
                field: EventField::$variant,
                name: $name,
                group: Group::$group,
                field_type: FieldType::$kind,
                meaning: $meaning,
            },)*
        ];
    };
}

event_fields! {
    Time "time" Open Time "when the event happened, ns";
    Line "line" Open Int "the line in the source file, from 1";
    LogId "log_id" Open Text "the id of the log line";
    EventId "event_id" Open Text "the id the application gave the event";
    RequestId "request_id" Open Text "the id of the request";
    EventType "event_type" Open Text "inference, override, session_start, ...";
    SchemaVersion "schema_version" Open Text "the version of the event's form";
    System "system" Open Text "the AI system";
    ModelName "model_name" Open Text "the model as the event names it";
    ModelVersion "model_version" Open Text "the model version as the event names it";
    ModelRun "model_run" Open Text "the run that made the model, as the event says";
    ModelId "model_id" Open Text "the logged model, as the event says";
    ModelRegistry "model_registry" Open Text "the registry, as the event says";
    ModelStage "model_stage" Open Text "the stage, as the event says";
    Decision "decision" Open Text "the decision";
    OriginalDecision "original_decision" Open Text "the decision before an override";
    Confidence "confidence" Open Float "the confidence";
    LatencyMs "latency_ms" Open Float "the latency in milliseconds";
    Art12 "art12" Open Bool "marked as an Article 12 record";
    OversightRequired "oversight_required" Open Bool "human oversight was required";
    OversightReviewed "oversight_reviewed" Open Bool "a human reviewed it";
    HumanOverride "human_override" Open Bool "a human overrode the decision";
    Reviewer "reviewer" Open Text "the actor key of the reviewer";
    Service "service" Open Text "the service";
    Environment "environment" Open Text "the environment";
    Region "region" Open Text "the region";
    Endpoint "endpoint" Open Text "the id of the deployment within the service";
    Host "host" Open Text "the host";
    Status "status" Open Text "the level of the log line";
    Error "error" Open Text "the error";
    InputHash "input_hash" Subject Hash "the hash of the input";
    InputAlgorithm "input_algorithm" Subject Text "how the input hash was made";
    InputKeyId "input_key_id" Subject Text "the key of a keyed input hash";
    InputCanonicalization "input_canonicalization" Subject Text "how the input was made canonical";
    OutputHash "output_hash" Subject Hash "the hash of the output";
    OutputAlgorithm "output_algorithm" Subject Text "how the output hash was made";
    Session "session" Subject Text "the session";
    SessionStart "session_start" Subject Time "the start of the session";
    SessionEnd "session_end" Subject Time "the end of the session";
    ReferenceDb "reference_db" Subject Text "the reference database";
    ReferenceDbVersion "reference_db_version" Subject Text "its version";
    ReferenceMatch "reference_match" Subject Text "what matched in it";
    VerifiedBy "verified_by" Subject Text "actor keys of those who verified, separated by blanks";
    SubjectGroup "subject_group" Subject Text "the group of the person concerned";
    OverrideReason "override_reason" Subject Text "why the decision was overridden";
    Rest "rest" Subject Text "what no rule maps, as compact JSON";
}

impl EventField {
    /// The row of this field.
    #[must_use]
    pub fn spec(self) -> &'static EventFieldSpec {
        &EVENT_FIELDS[self as usize]
    }

    /// The field of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<EventField> {
        EVENT_FIELDS.iter().find(|spec| spec.name == name).map(|spec| spec.field)
    }
}
