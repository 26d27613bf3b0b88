//! `custody.json`: how what the pack holds came into the store, what was decided about erasing some of
//! it, what is held, and to whom it was handed before.

use super::coverage::Covered;
use super::making::Making;
use super::{Error, Files};
use crate::check::time_text;
use crate::record::heads;
use lineal_engine::schema::Kind;
use lineal_engine::{DecisionInfo, HoldInfo, HoldScope, NodeNo, Snapshot};
use lineal_proof::record::{Source, node_id};
use lineal_proof::{Hash, KeyPart, Value};
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
    let mut origins = Origins::default();
    let mut things: BTreeSet<Hash> = BTreeSet::new();
    let mut nodes: BTreeSet<Hash> = BTreeSet::new();
    for member in &making.closure.members {
        nodes.insert(member.id);
        for head in heads(store, view, member.node) {
            origins.spoke.insert((head.commit, head.source, head.form));
        }
    }
    for covered in covered {
        for batch in &covered.batches {
            nodes.insert(view.node_id(*batch));
            let commits = store.revisions(view, *batch).into_iter().map(|it| it.commit);
            let file = file_of(view, *batch);
            origins.read.extend(commits.map(|commit| (commit, file.clone())));
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
        "imports": imports(making, &origins),
        "stated": stated(making, &origins),
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

/// Where what the pack holds came from.
#[derive(Default)]
struct Origins {
    /// The commits of current revisions, with the source and the form that they are of.
    spoke: BTreeSet<(u64, String, String)>,
    /// The commits of batches, each with the keyed digest of the file whose lines they are.
    read: BTreeSet<(u64, Vec<u8>)>,
}

impl Origins {
    fn commits(&self) -> BTreeSet<u64> {
        let spoke = self.spoke.iter().map(|(commit, ..)| *commit);
        spoke.chain(self.read.iter().map(|(commit, _)| *commit)).collect()
    }

    /// Are lines of this file in a batch of the pack?
    fn has_lines_of(&self, commit: u64, source: &Source) -> bool {
        self.read.contains(&(commit, source.digest.to_vec()))
    }

    /// Did revisions of the pack come with this commit from this source, in this form?
    fn has_words_of(&self, commit: u64, source: &Source) -> bool {
        self.spoke.contains(&(commit, source.source.clone(), source.form.clone()))
    }
}

/// The keyed digest of the file that a batch is of: the third part of its key.
fn file_of(view: &Snapshot, batch: NodeNo) -> Vec<u8> {
    match view.key_of(batch).0.get(2) {
        Some(KeyPart::Bytes(digest)) => digest.clone(),
        _ => Vec::new(),
    }
}

/// The imports that brought some of it, each with its files. Of a pack for third parties these are the files
/// that what it holds was read from: by their digest those of logs; of others, whose revisions name no file,
/// all that the commit read of the same source and form. The other files of such an import are counted.
fn imports(making: &Making<'_>, origins: &Origins) -> Json {
    let sources = making.store.sources();
    let commits = origins.commits();
    let is_of_view = |commit: u64| commit <= making.size();
    let numbers: BTreeSet<u64> = sources
        .iter()
        .filter(|(commit, ..)| commits.contains(commit))
        .map(|(_, import, _)| *import)
        .collect();
    // Where the lines of a file are here, what its commit says besides came with these lines.
    let told_by_lines: BTreeSet<(u64, &str, &str)> = sources
        .iter()
        .filter(|(commit, _, source)| origins.has_lines_of(*commit, source))
        .map(|(commit, _, source)| (*commit, source.source.as_str(), source.form.as_str()))
        .collect();
    let is_shown = |commit: u64, source: &Source| {
        let by_lines = (commit, source.source.as_str(), source.form.as_str());
        !making.disclosure.withholds()
            || origins.has_lines_of(commit, source)
            || (origins.has_words_of(commit, source) && !told_by_lines.contains(&by_lines))
    };
    let mut imports: BTreeMap<u64, (Vec<Json>, u64)> = BTreeMap::new();
    for (commit, import, source) in &sources {
        if !numbers.contains(import) || !is_of_view(*commit) {
            continue;
        }
        let (files, others) = imports.entry(*import).or_default();
        match is_shown(*commit, source) {
            true => files.push(file(*commit, source)),
            false => *others += 1,
        }
    }
    let each = imports.into_iter().map(|(import, (files, others))| {
        json!({ "import": import, "files": files, "files_of_other_things": others })
    });
    each.collect()
}

/// What is on record of a file.
fn file(commit: u64, source: &Source) -> Json {
    let counts: serde_json::Map<String, Json> = source
        .counts
        .named()
        .into_iter()
        .map(|(name, count)| (name.to_owned(), json!(count)))
        .collect();
    json!({
        "commit": commit, "source": source.source, "form": source.form, "file": source.label,
        "files": source.files, "lines": source.lines, "size": source.size,
        "sha256": source.sha256.map(|hash| hash.to_string()),
        "blake3": source.blake3.map(|hash| hash.to_string()),
        "digests_sealed": !source.sealed.is_empty(), "mapping": source.mapping.to_string(),
        "observed_at": time_text(source.observed_at),
        "stretches": { "first": source.stretches.0, "count": source.stretches.1 },
        "whole": source.whole, "counts": counts,
    })
}

/// The commits of what was stated by hand: they have no file.
fn stated(making: &Making<'_>, origins: &Origins) -> Json {
    let with_files: BTreeSet<u64> =
        making.store.sources().iter().map(|(commit, ..)| *commit).collect();
    let without: Vec<u64> = origins.commits().difference(&with_files).copied().collect();
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
