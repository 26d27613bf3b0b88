//! The fields of each kind: names, types and what they mean.
//!
//! Importers write these names, the binder refuses all others, and `show kinds` prints them. One
//! line a field: to add one, add its line.

use crate::schema::Kind;

/// The type of a field's value (language reference, "Types").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the language's type names")]
pub enum FieldType {
    Text,
    Int,
    Float,
    Bool,
    Time,
    Hash,
    Node,
    List,
    /// An open map of text keys; members are text or float.
    Map,
}

impl FieldType {
    /// The language's word for the type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FieldType::Text => "string",
            FieldType::Int => "int",
            FieldType::Float => "float",
            FieldType::Bool => "bool",
            FieldType::Time => "timestamp",
            FieldType::Hash => "hash",
            FieldType::Node => "node",
            FieldType::List => "list",
            FieldType::Map => "map",
        }
    }
}

/// One field of a kind.
#[derive(Debug)]
pub struct FieldSpec {
    /// The name in the language and in the record.
    pub name: &'static str,
    /// The type of its value.
    pub field_type: FieldType,
    /// What it means, in a few words.
    pub meaning: &'static str,
}

/// Fields of `access` that are sealed: they may point at a person, and no other kind has one of that
/// name.
pub const TRAIL_SEALED: [&str; 3] = ["question", "given", "address"];

macro_rules! common_fields {
    ($($name:literal $field_type:ident $meaning:literal;)*) => {
        /// Fields that every node has. They are derived from the node's records and commits,
        /// except `time`, `tags` and `deleted`, which sources state.
        pub const COMMON_FIELDS: &[FieldSpec] = &[
            $(FieldSpec { name: $name, field_type: FieldType::$field_type, meaning: $meaning },)*
        ];
    };
}

macro_rules! fields_by_kind {
    ($($kind:ident { $($name:literal $field_type:ident $meaning:literal;)* })*) => {
        /// The fields of a kind beyond the common ones. Every other name is an error in a query.
        #[must_use]
        pub fn fields(kind: Kind) -> &'static [FieldSpec] {
            match kind {
                $(Kind::$kind => &[
                    $(FieldSpec {
                        name: $name,
                        field_type: FieldType::$field_type,
                        meaning: $meaning,
                    },)*
                ],)*
            }
        }
    };
}

common_fields! {
    "id" Text "the id of the current revision, `#` and hex";
    "kind" Text "the kind's name";
    "key" Text "the full key, as it can be pasted back";
    "time" Time "when it happened, as the source says";
    "recorded" Time "when this store first took it";
    "updated" Time "when this store last took something new about it";
    "source" Text "the source whose revision stands on top";
    "sources" List "all sources and forms that speak of it";
    "tags" Map "tags that no rule maps, as the source wrote them";
    "missing" Bool "only referred to, never imported";
    "conflict" List "fields on which sources disagree";
    "deleted" Bool "marked deleted in its source";
    "gone" Bool "no longer in the newest full snapshot of its sources";
    "revisions" Int "how many revisions are recorded";
}

fields_by_kind! {
    Actor {
        "name" Text "the login or name; sealed";
        "email" Text "the e-mail; sealed";
        "role" Text "the role";
        "org" Text "the organisation";
    }
    Code {
        "commit" Text "the commit";
        "repo" Text "the repository";
        "branch" Text "the branch";
        "dirty" Bool "uncommitted changes were present";
    }
    System {
        "name" Text "the system's id as the sources write it";
        "risk_class" Text "the risk class";
    }
    Dataset {
        "name" Text "the name";
        "version" Text "the version; the digest where the source has none";
        "digest" Text "the digest as the source gives it";
        "digest_kind" Text "how the digest was made";
        "source_type" Text "the kind of place it lies in";
        "uri" Text "the place it lies in";
        "rows" Int "the number of rows";
        "license" Text "the licence";
        "personal_data" Bool "holds personal data";
        "region" Text "the region";
        "split" Text "which split it is";
        "category" Text "the source's own classification";
        "retention_until" Time "kept until";
        "schema" Text "columns, as the source writes them";
        "stats" Map "figures about it";
    }
    Experiment {
        "name" Text "the name";
        "purpose" Text "the purpose";
        "risk_context" Text "the risk context";
        "artifact_location" Text "where artifacts lie";
        "modified" Time "when the source last changed it";
        "note" Text "the description; sealed";
    }
    Run {
        "name" Text "the name";
        "status" Text "FINISHED, FAILED, RUNNING, SCHEDULED, KILLED";
        "started" Time "the start";
        "ended" Time "the end";
        "params" Map "parameters, text as written";
        "metrics" Map "the last value of each metric";
        "series" Map "every point of each metric: step, time, value";
        "env" Map "the environment";
        "user" Text "the user as the source wrote it; sealed";
        "artifact_uri" Text "where artifacts lie";
        "note" Text "free text; sealed";
        "risk_class" Text "the risk class tagged on the run";
        "change_type" Text "the kind of change";
        "change_reason" Text "why; sealed";
        "input_hints" List "places named in parameters or tags where no input is recorded";
        "input_tags" Map "tags of the inputs, by NAME@DIGEST/TAG";
        "deleted_time" Time "when it was marked deleted in its source";
    }
    Model {
        "form" Text "registered or logged";
        "registry" Text "the registry";
        "name" Text "the name";
        "version" Text "the version";
        "digest" Text "a digest of the model's bytes";
        "stage" Text "the stage at the time of the export";
        "aliases" List "aliases at the time of the export";
        "status" Text "the status";
        "model_type" Text "the type";
        "params" Map "parameters";
        "metrics" Map "the last value of each metric";
        "framework" Text "the framework";
        "risk_class" Text "the risk class";
        "intended_purpose" Text "the intended purpose";
        "license" Text "the licence";
        "uri" Text "where it lies";
        "note" Text "the description; sealed";
        "storage" Text "where the registry keeps its copy, if elsewhere";
        "run_link" Text "a link to its run elsewhere";
        "status_message" Text "what the source says of its status; sealed";
        "modified" Time "when the source last changed it";
        "name_tags" Map "tags of the registered name";
        "name_note" Text "the description of the registered name; sealed";
    }
    Document {
        "name" Text "the name";
        "version" Text "the version";
        "type" Text "risk_assessment, model_card, ...";
        "section" Text "the section of the technical documentation";
        "uri" Text "where it lies";
        "digest" Text "blake3 of its bytes, where they were read";
        "size" Int "its size in bytes";
    }
    Evaluation {
        "name" Text "the name";
        "type" Text "the type";
        "metrics" Map "the figures";
        "passed" Bool "whether it passed";
    }
    Approval {
        "decision" Text "granted or rejected";
        "role" Text "the role in which it was decided";
        "reason" Text "why; sealed";
        "article" Text "the article it answers";
        "stage" Text "the stage it is for";
        "expires" Time "the end of its validity";
    }
    Deployment {
        "name" Text "the service";
        "service" Text "the service";
        "environment" Text "the environment";
        "endpoint" Text "the id of the deployment within the service";
        "model_name" Text "the model name it claims";
        "model_version" Text "the model version it claims";
        "region" Text "the region";
        "replicas" Int "how many replicas";
        "until" Time "the declared end";
        "first_event" Time "the first recorded event; derived";
        "last_event" Time "the last recorded event; derived";
        "events" Int "recorded events; derived";
        "overrides" Int "recorded human overrides; derived";
    }
    Batch {
        "name" Text "the label of its source file";
        "first_time" Time "the first event";
        "last_time" Time "the last event";
        "count" Int "events";
        "overrides" Int "human overrides";
        "art12" Int "events marked for Article 12";
        "longest_silence" Int "the longest time between two events, ns";
        "outweighed" Int "rows that another row of the same event outweighs; derived";
        "root" Hash "the Merkle root over the rows";
        "size" Int "bytes of the canonical rows";
        "retention_until" Time "kept until";
    }
    Monitor {
        "name" Text "the name";
        "article" Text "the article it serves";
        "query" Text "the query";
        "threshold" Float "the threshold";
    }
    Alert {
        "severity" Text "the severity";
        "status" Text "the status";
        "resolved" Time "when it was resolved";
    }
    Incident {
        "name" Text "the name";
        "severity" Text "the severity";
    }
    Change {
        "name" Text "the name";
        "reason" Text "why; sealed";
    }
    Hold {
        "reason" Text "why; sealed";
        "until" Time "the end";
    }
    Erasure {
        "reason" Text "why; sealed";
        "request_id" Text "the request";
        "basis" Text "the legal basis";
    }
    Checkpoint {
        "root" Hash "the root of the log";
        "count" Int "commits";
        "signer" Text "who signed";
    }
    Import {
        "number" Int "the number of its first commit";
        "nodes" Int "revisions it brought";
        "events" Int "events it brought";
        "retracted" Bool "undone by a retraction";
    }
    Inference {}
    Access {
        "what" Text "use, count, start, stop, or token made, changed, revoked, gone";
        "token" Text "the id of the token; absent where none was known";
        "role" Text "the role of the token";
        "case" Text "the case within which it was done";
        "store" Text "the store that was used, where the trail stands in another";
        "endpoint" Text "method and path as the server's table has them";
        "plan" Text "a digest of the question's text without its literals";
        "outcome" Text "answered, denied or failed";
        "http_status" Int "the HTTP status of the answer";
        "count" Int "how many uses this stands for";
        "results" Int "rows or things that were given";
        "before" Int "the last commit when it was asked";
        "after" Int "the last commit when it was answered";
        "question" Text "the question, or path and parameters; sealed";
        "given" Text "the values of parameters, as JSON; sealed";
        "address" Text "where it came from; sealed";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::KINDS;

    #[test]
    fn no_kind_names_a_field_twice_or_hides_a_common_one() {
        for kind in KINDS {
            let mut names: Vec<_> =
                COMMON_FIELDS.iter().chain(fields(kind)).map(|field| field.name).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{kind}");
        }
    }

    #[test]
    fn what_is_sealed_of_the_trail_is_of_the_trail_alone() {
        let has = |kind, name: &str| fields(kind).iter().any(|field| field.name == name);
        for name in TRAIL_SEALED {
            let kinds: Vec<Kind> = KINDS.into_iter().filter(|kind| has(*kind, name)).collect();
            assert_eq!(kinds, [Kind::Access], "{name}");
            assert_eq!(crate::event_fields::EventField::parse(name), None);
        }
    }
}
