//! PROV-JSON of a closure: the picture that the language draws, with the digests of things, so that
//! others meet them by these, and with how people decided.

use crate::Closure;
use lineal_engine::schema::Kind;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The document.
pub(super) fn write(closure: &Closure) -> Json {
    let mut out = closure.picture().to_prov();
    let with_digest = |member: &crate::Member| Some((member.name.clone(), member.digest()?));
    let digests: BTreeMap<String, (&str, String)> =
        closure.members.iter().filter_map(with_digest).collect();
    if let Some(Json::Object(entities)) = out.get_mut("entity") {
        for entity in entities.values_mut() {
            let name = entity["prov:label"].as_str().unwrap_or_default();
            if let Some((algorithm, digest)) = digests.get(name) {
                entity[format!("lineal:{algorithm}")] = json!(digest);
            }
        }
    }
    if let Some(Json::Object(activities)) = out.get_mut("activity") {
        let decisions: BTreeMap<&str, &str> = closure
            .of_kind(Kind::Approval)
            .map(|(_, member)| {
                (member.name.as_str(), member.text("decision").unwrap_or("not recorded"))
            })
            .collect();
        for activity in activities.values_mut() {
            let name = activity["prov:label"].as_str().unwrap_or_default();
            if let Some(decision) = decisions.get(name) {
                activity["lineal:decision"] = json!(decision);
            }
        }
    }
    out
}
