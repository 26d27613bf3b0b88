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

impl FieldSpec {
    /// Is its value sealed, because it may say something of a person? Its meaning ends with that.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.meaning.ends_with("; sealed")
    }

    /// Does it follow from records, so that nobody states it? Its meaning ends with that.
    #[must_use]
    pub fn is_derived(&self) -> bool {
        self.meaning.ends_with("; derived")
    }
}

/// Fields of `access` that are sealed: they may point at a person, and no other kind has one of that
/// name.
pub const TRAIL_SEALED: [&str; 4] = ["question", "given", "address", "person"];

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
        "reason" Text "why people last stated something of it; sealed";
    }
    Code {
        "commit" Text "the commit";
        "repo" Text "the repository";
        "branch" Text "the branch";
        "dirty" Bool "uncommitted changes were present";
        "reason" Text "why people last stated something of it; sealed";
    }
    System {
        "name" Text "the system's id as the sources write it";
        "risk_class" Text "the risk class";
        "provider" Text "who provides it, an organisation";
        "version" Text "the version of the system";
        "intended_purpose" Text "the intended purpose";
        "role" List "roles of who declares: provider, deployer, importer, distributor, gpai_provider";
        "annex_point" Text "the point of Annex I or III, as III.5(b)";
        "trained" Bool "its models are trained with data";
        "declared_at" Time "when role and class were declared";
        "placed_on_market_at" Time "when it was placed on the market or put into service";
        "declared_metrics" Map "figures that the instructions for use state";
        "conformity_route" Text "the route of the conformity assessment: VI, VII or sectoral";
        "conformity_at" Time "when the conformity assessment ended";
        "registration" Text "the reference in the database of Article 71";
        "registration_at" Time "when it was registered";
        "reason" Text "why people last stated something of it; sealed";
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
        "origin" Text "where the data came from";
        "collection_method" Text "how it was collected";
        "original_purpose" Text "why personal data in it was first collected";
        "known_gaps" Text "what it is known to lack";
        "special_categories" Bool "holds special categories of personal data";
        "bias_corrected_at" Time "when the bias was corrected for which it was kept";
        "erased_at" Time "when it was deleted where it lay";
        "reason" Text "why people last stated something of it; sealed";
    }
    Experiment {
        "name" Text "the name";
        "purpose" Text "the purpose";
        "risk_context" Text "the risk context";
        "artifact_location" Text "where artifacts lie";
        "modified" Time "when the source last changed it";
        "note" Text "the description; sealed";
        "reason" Text "why people last stated something of it; sealed";
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
        "compute" Map "what it was computed on, and for how long";
        "user" Text "the user as the source wrote it; sealed";
        "artifact_uri" Text "where artifacts lie";
        "note" Text "free text; sealed";
        "risk_class" Text "the risk class tagged on the run";
        "change_type" Text "the kind of change";
        "change_reason" Text "why; sealed";
        "input_hints" List "places named in parameters or tags where no input is recorded";
        "input_tags" Map "tags of the inputs, by NAME@DIGEST/TAG";
        "deleted_time" Time "when it was marked deleted in its source";
        "reason" Text "why people last stated something of it; sealed";
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
        "gpai" Bool "a general-purpose AI model";
        "reason" Text "why people last stated something of it; sealed";
    }
    Document {
        "name" Text "the name";
        "version" Text "the version";
        "type" Text "risk_assessment, model_card, ...";
        "section" Text "the section of the technical documentation";
        "uri" Text "where it lies";
        "digest" Text "blake3 of its bytes, where they were read";
        "size" Int "its size in bytes";
        "sha256" Text "SHA-256 of its bytes, where they were read";
        "media_type" Text "the media type of its bytes";
        "content" Text "its bytes, where they were kept; sealed";
        "reviewed_at" Time "the last review";
        "retention_until" Time "kept until";
        "points" Map "points of the annex it answers: where, or why not";
        "signed_by" Text "the role, or the actor key of the person, that signed it";
        "public_key" Text "of a signing key: the key, as OpenSSH writes it";
        "revoked_at" Time "of a signing key: since when it counts no more";
        "replaced_by" Text "of a signing key: the one in its place, as SHA256:...";
        "reason" Text "why; sealed";
    }
    Evaluation {
        "name" Text "the name";
        "type" Text "the type";
        "metrics" Map "the figures";
        "passed" Bool "whether it passed";
        "started" Time "the start";
        "thresholds" Map "thresholds of the figures";
        "thresholds_at" Time "when the thresholds were fixed";
        "by_group" Map "figures by group of persons, by GROUP/FIGURE";
        "groups_not_applicable" Bool "figures by group do not apply";
        "model_digest" Text "the digest of the model that was evaluated";
        "reason" Text "why groups do not apply; sealed";
        "note" Text "free text; sealed";
    }
    Approval {
        "decision" Text "granted, rejected or waived";
        "role" Text "the role in which it was decided";
        "reason" Text "why; sealed";
        "article" Text "the article it answers";
        "stage" Text "the stage it is for";
        "expires" Time "the end of its validity";
        "rule" Text "the rule that a waiver is from";
        "keys_needed" Int "how many distinct keys must approve";
        "subject_revision" Text "the revision that was decided on, hex";
        "key_fingerprint" Text "the key that signed, as SHA256:...";
        "envelope" Text "the signed statement, DSSE as JSON";
        "public_key" Text "the key that signed, as OpenSSH writes it";
        "reason_salt" Text "what the signed digest of the reason is salted with; sealed";
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
        "from" Time "the declared start";
        "overseer" Text "the role, or the actor key of the person, that can stop it";
        "overseer_from" Time "since when it is overseen; absent means from the start";
        "overseer_until" Time "until when it is overseen";
        "expected_max_gap_hours" Float "the longest silence that is expected, hours";
        "log_keep_days" Float "how long its logs are kept at least, days";
        "log_erase_days" Float "after how many days its logs are erased";
        "log_basis" Text "the legal basis for keeping its logs";
        "log_purpose" Text "why its logs are kept";
        "log_holder" Text "the role under whose control its logs are";
        "log_personal_data" Bool "its logs hold personal data";
        "law_exempt" Text "the law that exempts from verification by two persons";
        "reason" Text "why people last stated something of it; sealed";
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
        "reason" Text "why people last stated something of it; sealed";
    }
    Monitor {
        "name" Text "the name";
        "article" Text "the article it serves";
        "query" Text "the query";
        "threshold" Float "the threshold";
        "metric" Text "what it measures";
        "from" Time "the start";
        "until" Time "the end";
        "last_evaluated_at" Time "when it last ran";
        "reason" Text "why people last stated something of it; sealed";
    }
    Alert {
        "severity" Text "the severity";
        "status" Text "the status";
        "resolved" Time "when it was resolved";
        "reason" Text "why people last stated something of it; sealed";
    }
    Incident {
        "name" Text "the name";
        "severity" Text "the severity";
        "declared_serious" Bool "a person declared it serious";
        "harm_class" Text "death, widespread, critical_infrastructure, health, rights, property, environment";
        "aware_at" Time "when the provider or deployer became aware";
        "causal_link_at" Time "when the link to the system was established";
        "reported_at" Time "when it was reported";
        "authority" Text "the authority it was reported to";
        "authority_informed_at" Time "when the authority was told of changes to the system";
        "member_state" Text "the member state where it occurred";
        "frozen_commit" Int "the commit that was frozen for the investigation";
        "corrective_action" Text "what was done about it; sealed";
        "corrective_at" Time "when it was done";
        "notified" List "who was told: deployer, distributor, authority";
        "notified_at" Time "when they were told";
        "closed_at" Time "when it was closed";
        "note" Text "free text; sealed";
        "reason" Text "why people last stated something of it; sealed";
    }
    Change {
        "name" Text "the name";
        "reason" Text "why; sealed";
        "type" Text "version, loss, downtime, withdrawal, stop";
        "decision" Text "substantial, predetermined or not_substantial";
        "from" Time "the start of what it explains";
        "until" Time "the end of what it explains";
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
        "what" Text "use, count, job (its end), start, stop, or token made, changed, revoked, gone, met";
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
        "job" Text "the job that was taken on, or that ended";
        "question" Text "the question, or path and parameters; sealed";
        "given" Text "the values of parameters, or what a write was asked to do, as JSON; sealed";
        "address" Text "where it came from; sealed";
        "person" Text "who it was, as an identity provider says; sealed";
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
