//! `report.html`, `report.md` and `annex-iv.json`: the report that belongs to the subject, with the proof of
//! each thing that it names, and the same by the points of Annex IV for programs.

use super::making::Making;
use super::{Error, Files};
use crate::report::{
    Block, Document, Facts, Gap, Incident, Reference, Section, annex_iv_of, incident,
};
use lineal_engine::schema::Kind;
use lineal_query::Limits;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// What may be other people's: of a pack for third parties it is named where the pack is about it.
const OTHERS: [(&str, &str); 4] = [
    ("system", "a system that this pack is not about"),
    ("deployment", "a deployment that this pack is not about"),
    ("incident", "an incident that this pack is not about"),
    ("change", "a change that this pack is not about"),
];
/// How a reference to a document begins.
const DOCUMENT: &str = "document:";

/// Adds them: of an incident its own report, of anything else that in the order of Annex IV.
pub(super) fn add(making: &Making<'_>, files: &mut Files) -> Result<(), Error> {
    let root = making.closure.root();
    let mut document = if root.kind == Kind::Incident {
        let facts = Facts::new(making.store, &making.view, making.today)?;
        let facts = if making.disclosure.withholds() {
            facts.withholding()
        } else {
            facts.naming_persons()
        };
        incident(&facts, root.node, &Incident::default())?
    } else {
        annex_iv_of(
            making.store,
            &making.view,
            root.node,
            Some(&making.closure),
            &Limits::default(),
        )?
    };
    if making.disclosure.withholds() {
        let members = making.closure.members.iter();
        let ids: BTreeSet<String> = members.map(|member| member.id.to_string()).collect();
        document.withhold(&|node| {
            let kind = node.name.split_once(':').map_or("", |(kind, _)| kind);
            let (_, words) = OTHERS.iter().find(|(other, _)| *other == kind)?;
            (!ids.contains(&node.id)).then_some(*words)
        });
    }
    document.link_proofs(&mut |node: &Reference| making.proof_of(node));
    files.add("report.md", document.to_markdown(None).into_bytes())?;
    files.add("report.html", document.to_html().into_bytes())?;
    if root.kind == Kind::Incident {
        return Ok(());
    }
    let points = document.sections.iter().filter(|section| section.source.is_some()).map(point);
    let told = json!({
        "title": document.title, "points": points.collect::<Vec<Json>>(),
        "not_here": "what the documents say, and whether it suffices",
    });
    files.json("annex-iv.json", &told)
}

/// A point: what is recorded for it, which documents, what lacks.
fn point(section: &Section) -> Json {
    let mut gaps = Vec::new();
    lacks(section, &mut gaps);
    let alone = Document { sections: vec![section.clone()], ..Document::new("", "") };
    let (documents, nodes): (Vec<&Reference>, Vec<&Reference>) =
        alone.references().into_iter().partition(|node| node.name.starts_with(DOCUMENT));
    let gaps = gaps.into_iter().map(
        |gap| json!({ "lack": gap.lack, "say": gap.say.plain(), "rule": gap.rule, "fix": gap.fix }),
    );
    json!({
        "point": section.heading, "source": section.source, "nodes": nodes, "documents": documents,
        "not_recorded": gaps.collect::<Vec<Json>>(),
    })
}

fn lacks<'s>(section: &'s Section, found: &mut Vec<&'s Gap>) {
    for block in &section.blocks {
        if let Block::Gaps(gaps) = block {
            found.extend(gaps);
        }
    }
    section.sections.iter().for_each(|below| lacks(below, found));
}
