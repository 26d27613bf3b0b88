//! From the events of a file to a deployment's batches.

use super::identity::{Known, Verdict};
use super::sink::Stretch;
use super::staging::Session;
use crate::error::Result;
use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventBlock;
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{BatchDraft, EdgeDraft, NodeDraft, Saying, Transaction};
use lineal_proof::{Key, KeyPart};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What became of the events of a stretch.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Judged {
    pub(super) accepted: u64,
    pub(super) duplicate: u64,
}

/// Rows of one deployment, and what they say of it beside its key.
#[derive(Default)]
struct Group {
    rows: Vec<u32>,
    doubted: Vec<u32>,
    /// Ids given beside the model: of the run, of the logged model.
    beside: BTreeSet<(Option<String>, Option<String>)>,
    systems: BTreeSet<String>,
}

/// Most different pairs of ids beside the model of one deployment in one file: the model is one
/// version, made by one run, so more than a few are a mistake of the source.
const BESIDE_MAX: usize = 16;

/// The fields that make up a deployment's key, in order.
const KEY: [EventField; 5] = [
    EventField::Service,
    EventField::Environment,
    EventField::Endpoint,
    EventField::ModelName,
    EventField::ModelVersion,
];

fn key(block: &EventBlock, row: usize) -> Key {
    let part = |field: &EventField| match block.text(row, *field) {
        Some(text) => KeyPart::from(text),
        None => KeyPart::Null,
    };
    Key(KEY.iter().map(part).collect())
}

/// Where a stretch comes from.
pub(super) struct Origin<'o> {
    pub(super) saying: &'o Saying,
    pub(super) file: [u8; 16],
    pub(super) label: &'o str,
}

/// Judges the events of a stretch and stages the new ones.
pub(super) fn stage(
    session: &mut Session<'_>,
    transaction: &mut Transaction<'_>,
    known: &mut Known,
    origin: &Origin<'_>,
    stretch: Stretch,
) -> Result<Judged> {
    let (block, verdicts) = known.judge(stretch.block);
    let mut judged = Judged::default();
    let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
    for (row, verdict) in verdicts.iter().enumerate() {
        if *verdict == Verdict::Duplicate {
            judged.duplicate += 1;
            continue;
        }
        judged.accepted += 1;
        let conflict = *verdict == Verdict::Conflict;
        session.report.conflicts += u64::from(conflict);
        session.report.events += u64::from(!conflict);
        let group = groups.entry(key(&block, row)).or_default();
        let number = u32::try_from(row).unwrap_or(u32::MAX);
        group.rows.push(number);
        if conflict {
            group.doubted.push(number);
        }
        let id = |field| block.text(row, field);
        let ids = (id(EventField::ModelRun), id(EventField::ModelId));
        let known = |(run, logged): &(Option<String>, Option<String>)| {
            (run.as_deref(), logged.as_deref()) == ids
        };
        if group.beside.len() < BESIDE_MAX && !group.beside.iter().any(known) {
            group.beside.insert((ids.0.map(str::to_owned), ids.1.map(str::to_owned)));
        }
        if let Some(system) = block.text(row, EventField::System)
            && !group.systems.contains(system)
        {
            group.systems.insert(system.to_owned());
        }
    }
    for (deployment, group) in groups {
        stage_group(session, transaction, origin, &block, stretch.number, deployment, group)?;
    }
    Ok(judged)
}

fn stage_group(
    session: &mut Session<'_>,
    transaction: &mut Transaction<'_>,
    origin: &Origin<'_>,
    block: &Arc<EventBlock>,
    stretch: u64,
    deployment: Key,
    group: Group,
) -> Result<()> {
    let mut draft = NodeDraft::new(Kind::Deployment, deployment.clone());
    for (field, part) in [
        ("service", 0),
        ("environment", 1),
        ("endpoint", 2),
        ("model_name", 3),
        ("model_version", 4),
    ] {
        if let Some(text) = deployment.part_text(part) {
            draft.fields.insert(field, text);
        }
    }
    if let (Some(name), Some(version)) = (deployment.part_text(3), deployment.part_text(4)) {
        let claim = Key(vec![KeyPart::Null, name.into(), version.into()]);
        for (run, logged) in &group.beside {
            let beside = [("run", run), ("logged", logged)].into_iter();
            let beside = beside.filter_map(|(name, id)| Some((name.to_owned(), id.clone()?)));
            draft.edges.push(EdgeDraft {
                relation: Relation::Deploys,
                kind: Kind::Model,
                key: claim.clone(),
                beside: beside.collect(),
            });
        }
    }
    for system in &group.systems {
        draft.link(Relation::BelongsTo, Kind::System, Key::text(system));
        let mut node = NodeDraft::new(Kind::System, Key::text(system));
        node.fields.insert("name", system.as_str());
        let staged = transaction.add_node(origin.saying, node)?;
        session.count_node(origin.saying, Kind::System, &staged);
    }
    let staged = transaction.add_node(origin.saying, draft)?;
    session.count_node(origin.saying, Kind::Deployment, &staged);
    transaction.add_batch(BatchDraft {
        saying: origin.saying.clone(),
        deployment,
        file: origin.file,
        stretch,
        label: origin.label.to_owned(),
        block: Arc::clone(block),
        rows: group.rows,
        doubted: group.doubted,
    });
    Ok(())
}
