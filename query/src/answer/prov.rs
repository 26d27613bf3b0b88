//! A picture as W3C PROV-JSON (<https://www.w3.org/submissions/prov-json/>).
//!
//! Data, models, code, documents, deployments, batches and events are entities, runs and what people
//! did are activities, actors and systems are agents. A relation becomes the PROV relation of its
//! meaning where there is one, else `wasInfluencedBy`; `prov:type` keeps our own word (of decisions
//! `decides_on`, as a rejection approves nothing).

use lineal_engine::schema::{Kind, Relation};
use serde_json::{Map, Value as Json, json};

use super::picture::{Picture, Thing};

/// The name space of our words.
const NAMESPACE: &str = "urn:lineal:";

/// What PROV calls a thing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Entity,
    Activity,
    Agent,
}

fn class(kind: Kind) -> Class {
    match kind {
        Kind::Actor | Kind::System => Class::Agent,
        Kind::Run
        | Kind::Evaluation
        | Kind::Approval
        | Kind::Change
        | Kind::Erasure
        | Kind::Import
        | Kind::Incident => Class::Activity,
        _ => Class::Entity,
    }
}

/// A PROV relation: its name, and what it calls its two ends.
type Said = (&'static str, &'static str, &'static str);

const INFLUENCED: Said = ("wasInfluencedBy", "prov:influencee", "prov:influencer");

/// The PROV relation of a relation between things of these classes.
fn said(relation: Relation, from: Class, to: Class) -> Said {
    use Class::{Activity, Agent, Entity};
    match (relation, from, to) {
        (Relation::ProducedBy, Entity, Activity) => {
            ("wasGeneratedBy", "prov:entity", "prov:activity")
        }
        (
            Relation::TrainedOn
            | Relation::ValidatedOn
            | Relation::TestedOn
            | Relation::Used
            | Relation::Executes
            | Relation::Evaluates
            | Relation::Cites,
            Activity,
            Entity,
        ) => ("used", "prov:activity", "prov:entity"),
        (
            // Not `follows`: what comes after a thing need not be made from it.
            Relation::DerivedFrom | Relation::RegisteredFrom | Relation::Deploys,
            Entity,
            Entity,
        ) => ("wasDerivedFrom", "prov:generatedEntity", "prov:usedEntity"),
        (Relation::DoneBy, Activity, Agent) => ("wasAssociatedWith", "prov:activity", "prov:agent"),
        (Relation::DoneBy | Relation::BelongsTo, Entity, Agent) => {
            ("wasAttributedTo", "prov:entity", "prov:agent")
        }
        (Relation::ChildOf, Activity, Activity) => {
            ("wasInformedBy", "prov:informed", "prov:informant")
        }
        _ => INFLUENCED,
    }
}

/// A name as the local part of a qualified name: what may not stand in one is percent-encoded.
fn qualified(name: &str) -> String {
    let mut out = String::from("lineal:");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn typed(word: &str) -> Json {
    json!({ "$": format!("lineal:{word}"), "type": "prov:QUALIFIED_NAME" })
}

/// Our word for a relation. A decision may be a rejection, and who reads PROV alone does not see it.
fn relation_word(relation: Relation) -> &'static str {
    if relation == Relation::Approves { "decides_on" } else { relation.spec().name }
}

fn described(thing: &Thing) -> Json {
    let mut out = Map::new();
    out.insert("prov:label".to_owned(), json!(thing.name));
    out.insert("prov:type".to_owned(), typed(thing.kind.name()));
    if class(thing.kind) == Class::Activity {
        let (started, ended) = thing.ran;
        for (name, time) in [("prov:startTime", started.or(thing.time)), ("prov:endTime", ended)] {
            if let Some(time) = Thing::written(time) {
                out.insert(name.to_owned(), json!(time));
            }
        }
    } else if let Some(time) = Thing::written(thing.time) {
        out.insert("lineal:time".to_owned(), json!({ "$": time, "type": "xsd:dateTime" }));
    }
    if thing.missing {
        out.insert("lineal:missing".to_owned(), json!(true));
    }
    Json::Object(out)
}

impl Picture {
    /// As PROV-JSON.
    #[must_use]
    pub fn to_prov(&self) -> Json {
        let mut out = Map::new();
        out.insert("prefix".to_owned(), json!({ "lineal": NAMESPACE }));
        let mut put = |section: &str, id: String, value: Json| {
            let section = out.entry(section.to_owned()).or_insert_with(|| json!({}));
            if let Json::Object(section) = section {
                section.insert(id, value);
            }
        };
        for thing in &self.things {
            let section = match class(thing.kind) {
                Class::Entity => "entity",
                Class::Activity => "activity",
                Class::Agent => "agent",
            };
            put(section, qualified(&thing.name), described(thing));
        }
        for (number, line) in self.lines.iter().enumerate() {
            let (Some(from), Some(to)) = (self.things.get(line.from), self.things.get(line.to))
            else {
                continue;
            };
            let (name, subject, object) = said(line.relation, class(from.kind), class(to.kind));
            put(
                name,
                format!("_:r{number}"),
                json!({
                    subject: qualified(&from.name),
                    object: qualified(&to.name),
                    "prov:type": typed(relation_word(line.relation)),
                }),
            );
        }
        Json::Object(out)
    }
}
