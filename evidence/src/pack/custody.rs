//! `custody.json`: how what the pack holds came into the store, what was decided about erasing some of
//! it, what is held, and to whom it was handed before.

use super::coverage::Covered;
use super::making::Making;
use super::{Error, Files};
use crate::check::time_text;
use crate::record::heads;
use lineal_engine::schema::Kind;
use lineal_engine::{DecisionInfo, HoldInfo, HoldScope};
use lineal_proof::record::node_id;
use lineal_proof::{Hash, Value};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// The type of the document under which a pack that was handed over is recorded.
pub const PACK_TYPE: &str = "evidence_pack";

/// Adds it.
pub(super) fn add(
    making: &Making<'_>,
    files: &mut Files,
    covered: &[Covered],
) -> Result<(), Error> {
    let (store, view) = (making.store, making.snapshot());
    let mut commits = BTreeSet::new();
    let mut things: BTreeSet<Hash> = BTreeSet::new();
    let mut nodes: BTreeSet<Hash> = BTreeSet::new();
    for member in &making.closure.members {
        nodes.insert(member.id);
        commits.extend(heads(store, view, member.node).into_iter().map(|it| it.commit));
    }
    for covered in covered {
        for batch in &covered.batches {
            nodes.insert(view.node_id(*batch));
            commits.extend(store.revisions(view, *batch).into_iter().map(|it| it.commit));
        }
        things.extend(covered.parts.iter().map(|part| part.revision));
    }
    things.extend(nodes.iter().copied());
    // What came behind the checkpoint is not of it, but may be why something of it is not shown.
    let (decisions, since): (Vec<_>, Vec<_>) =
        store.decisions_about(&things)?.into_iter().partition(|it| it.commit <= making.size());
    let decision = |it: &DecisionInfo| {
        json!({
            "commit": it.commit, "recorded": time_text(it.recorded), "decision": it.decision.name(),
            "basis": it.basis, "reference": it.reference, "decided_by": it.decided_by,
            "executed_by": it.executed_by, "rows": it.rows, "values": it.values,
        })
    };
    let holds = store.holds_at(making.size())?.into_iter();
    let holds = holds.filter(|hold| is_about(hold, &nodes)).map(|hold| {
        let scope = match &hold.scope {
            HoldScope::Store => "all of the store".to_owned(),
            HoldScope::Node(kind, key) => format!("{kind} {}", node_id(kind.name(), key)),
        };
        // The words of who holds it are for those who may read of persons.
        let reason = (!making.disclosure.withholds()).then_some(hold.reason);
        json!({
            "name": hold.name, "scope": scope, "reason": reason, "by": hold.actor,
            "commit": hold.commit, "recorded": time_text(hold.recorded),
        })
    });
    let custody = json!({
        "imports": imports(making, &commits),
        "stated": stated(making, &commits),
        "decisions_on_erasure": decisions.iter().map(decision).collect::<Json>(),
        "decisions_since": since.iter().map(decision).collect::<Json>(),
        "holds": holds.collect::<Json>(),
        "packs_before": packs(making),
        "not_here": "who read the store: that is its trail, which is asked for with `find access`",
    });
    files.json("custody.json", &custody)
}

fn is_about(hold: &HoldInfo, nodes: &BTreeSet<Hash>) -> bool {
    match &hold.scope {
        HoldScope::Store => true,
        HoldScope::Node(kind, key) => nodes.contains(&node_id(kind.name(), key)),
    }
}

/// The imports that brought some of it, each with its files.
fn imports(making: &Making<'_>, commits: &BTreeSet<u64>) -> Json {
    let mut imports: BTreeMap<u64, Vec<Json>> = BTreeMap::new();
    let sources = making.store.sources();
    let meant = |commit: &u64| commits.contains(commit);
    let numbers: BTreeSet<u64> =
        sources.iter().filter(|(commit, ..)| meant(commit)).map(|(_, import, _)| *import).collect();
    for (commit, import, source) in sources {
        if !numbers.contains(&import) || commit > making.size() {
            continue;
        }
        let counts: serde_json::Map<String, Json> = source
            .counts
            .named()
            .into_iter()
            .map(|(name, count)| (name.to_owned(), json!(count)))
            .collect();
        imports.entry(import).or_default().push(json!({
            "commit": commit, "source": source.source, "form": source.form, "file": source.label,
            "files": source.files, "lines": source.lines, "size": source.size,
            "sha256": source.sha256.map(|hash| hash.to_string()),
            "blake3": source.blake3.map(|hash| hash.to_string()),
            "digests_sealed": !source.sealed.is_empty(), "mapping": source.mapping.to_string(),
            "observed_at": time_text(source.observed_at),
            "stretches": { "first": source.stretches.0, "count": source.stretches.1 },
            "whole": source.whole, "counts": counts,
        }));
    }
    let each =
        imports.into_iter().map(|(import, files)| json!({ "import": import, "files": files }));
    each.collect()
}

/// The commits of what was stated by hand: they have no file.
fn stated(making: &Making<'_>, commits: &BTreeSet<u64>) -> Json {
    let with_files: BTreeSet<u64> =
        making.store.sources().iter().map(|(commit, ..)| *commit).collect();
    let without: Vec<u64> = commits.difference(&with_files).copied().collect();
    json!({ "commits": without })
}

/// Packs that were recorded when they were handed over.
fn packs(making: &Making<'_>) -> Json {
    let documents = making.closure.of_kind(Kind::Document);
    let packs = documents.filter(|(_, member)| member.text("type") == Some(PACK_TYPE));
    let told = packs.map(|(_, member)| {
        let time = member.fields.get("time").and_then(Value::as_i64).map(time_text);
        json!({
            "node": member.name, "name": member.text("name"), "manifest_sha256": member.text("sha256"),
            "time": time,
        })
    });
    told.collect()
}
