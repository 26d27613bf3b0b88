//! From the events of a file to a deployment's batches.

use super::identity::{Judgement, Known, Verdict};
use super::sink::Stretch;
use super::staging::Session;
use crate::error::Result;
use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventBlock;
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{BatchDraft, EdgeDraft, NodeDraft, Saying, Transaction};
use lineal_proof::{Key, KeyPart};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What became of the events of a stretch.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Judged {
    pub(super) accepted: u64,
    pub(super) duplicate: u64,
    pub(super) suppressed: u64,
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
/// version, made by one run, so more than a few are a mistake of the source. The same holds of the
/// systems that it belongs to.
const BESIDE_MAX: usize = 16;

/// The fields that make up a deployment's key, in order.
const KEY: [EventField; 5] = [
    EventField::Service,
    EventField::Environment,
    EventField::Endpoint,
    EventField::ModelName,
    EventField::ModelVersion,
];

/// What else an event says of its deployment.
const BESIDE: [EventField; 3] = [EventField::ModelRun, EventField::ModelId, EventField::System];

/// The rows of a stretch by their deployment.
#[derive(Default)]
struct Groups {
    groups: Vec<Group>,
    /// Numbers of groups by the bytes of their key.
    numbers: HashMap<Vec<u8>, usize>,
    key: Vec<u8>,
    last: usize,
}

impl Groups {
    fn add(&mut self, block: &EventBlock, row: usize, conflict: bool) {
        let group = self.group_of(block, row);
        let number = u32::try_from(row).unwrap_or(u32::MAX);
        // Neighbours of a deployment nearly always say the same of it.
        let before = group.rows.last().map(|last| *last as usize);
        group.rows.push(number);
        if conflict {
            group.doubted.push(number);
        }
        if before.is_some_and(|before| block.same_texts(before, row, &BESIDE)) {
            return;
        }
        let id = |field| block.text(row, field).map(str::to_owned);
        let ids = (id(EventField::ModelRun), id(EventField::ModelId));
        if group.beside.len() < BESIDE_MAX {
            group.beside.insert(ids);
        }
        if group.systems.len() < BESIDE_MAX {
            group.systems.extend(id(EventField::System));
        }
    }

    fn group_of(&mut self, block: &EventBlock, row: usize) -> &mut Group {
        let last = self.groups.get(self.last).and_then(|group| group.rows.last());
        if !last.is_some_and(|last| block.same_texts(*last as usize, row, &KEY)) {
            self.key.clear();
            for field in KEY {
                let text = block.text(row, field);
                let length = text.map_or(u64::MAX, |text| text.len() as u64);
                self.key.extend_from_slice(&length.to_le_bytes());
                self.key.extend_from_slice(text.unwrap_or_default().as_bytes());
            }
            self.last = match self.numbers.get(&self.key) {
                Some(number) => *number,
                None => {
                    self.numbers.insert(self.key.clone(), self.groups.len());
                    self.groups.push(Group::default());
                    self.groups.len() - 1
                }
            };
        }
        &mut self.groups[self.last]
    }

    /// The groups in the order of their keys.
    fn finish(self, block: &EventBlock) -> BTreeMap<Key, Group> {
        let key_of = |group: &Group| group.rows.first().map(|row| key(block, *row as usize));
        self.groups.into_iter().filter_map(|group| Some((key_of(&group)?, group))).collect()
    }
}

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
    let import = session.report.import;
    let Judgement { block, verdicts, displaced } =
        known.judge(session.store, import, stretch.block)?;
    session.report.displaced += displaced;
    transaction.know_erasures(known.erasures());
    let mut judged = Judged::default();
    let mut groups = Groups::default();
    for (row, verdict) in verdicts.iter().enumerate() {
        if *verdict == Verdict::Duplicate {
            judged.duplicate += 1;
            continue;
        }
        if *verdict == Verdict::Suppressed {
            judged.suppressed += 1;
            continue;
        }
        judged.accepted += 1;
        if let Some(time) = block.int(row, EventField::Time) {
            session.days.add(time);
        }
        let conflict = *verdict == Verdict::Conflict;
        session.report.conflicts += u64::from(conflict);
        session.report.events += u64::from(!conflict);
        groups.add(&block, row, conflict);
    }
    for (deployment, group) in groups.finish(&block) {
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
