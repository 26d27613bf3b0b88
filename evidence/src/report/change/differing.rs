//! What two versions rest on, side by side: what differs is shown, what is the same is counted.

use super::{Both, KIND, Side};
use crate::report::document::{Block, Gap, Lack, Reference, Section, Sentence, Table};
use crate::report::facts::{Facts, ROWS_SHOWN};
use crate::report::words::{NOT_RECORDED, recorded, when};
use crate::{Error, Member};
use lineal_engine::schema::{Kind, Relation};
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of lineage that are compared, each with what it is called.
const COMPARED: [(Kind, &str); 3] =
    [(Kind::Dataset, "data set"), (Kind::Code, "code"), (Kind::Model, "model")];
/// What a run does with a data set, by the relation.
const ROLES: [(Relation, &str); 4] = [
    (Relation::TrainedOn, "training"),
    (Relation::ValidatedOn, "validation"),
    (Relation::TestedOn, "test"),
    (Relation::Used, "used"),
];

/// Things of one name on one side.
type Named<'a> = BTreeMap<String, Vec<(usize, &'a Member)>>;

pub(super) fn lineage(facts: &Facts<'_>, both: &Both) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "lineage")?;
    let heads = ["what", "name", "before", "after"];
    let mut table = Table::new("Data sets, code and models that differ", &heads);
    let (mut same, mut gaps) = (0_u64, Vec::new());
    for (kind, what) in COMPARED {
        let (old, new) = (named(&both.old, kind), named(&both.new, kind));
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let (before, after) = (old.get(name), new.get(name));
            if standing(&both.old, before) == standing(&both.new, after) {
                same += 1;
                continue;
            }
            let row = vec![
                what.into(),
                name.as_str().into(),
                told(&both.old, before),
                told(&both.new, after),
            ];
            table.push(row, ROWS_SHOWN);
        }
    }
    let differing = table.rows.len() as u64 + table.omitted;
    section = section.say(format!(
        "Names that differ in what stands behind them: {differing}; the same on both sides: {same}. All that lies \
         upstream is compared, and what evaluations were made on. A digest without an algorithm stands as its source \
         wrote it."
    ));
    section.push(Block::Table(table));
    for side in [&both.old, &both.new] {
        gaps.extend(undigested(side));
    }
    gaps.dedup();
    let mut told = BTreeSet::new();
    for side in [&both.old, &both.new] {
        for (at, member) in side.closure.of_kind(Kind::Dataset) {
            let Some((change, time)) = taken_back(side, at) else { continue };
            if told.insert(member.id.0) {
                let say = Sentence::new().node(Reference::from(member));
                let say = say.text(format!(": withdrawn {} by ", when(time)));
                let change = &side.closure.members[change];
                gaps.push(Gap::new(Lack::Conflict, say.node(Reference::from(change))));
            }
        }
    }
    section.push(Block::Gaps(gaps));
    Ok(section)
}

/// What stands behind a name: which things, each with what the producing runs did with it. What was
/// tested on before and is trained on now differs.
fn standing(
    side: &Side,
    members: Option<&Vec<(usize, &Member)>>,
) -> BTreeSet<(Vec<u8>, Vec<&'static str>)> {
    let members = members.into_iter().flatten();
    members.map(|(place, member)| (member.id.0.to_vec(), roles(side, *place))).collect()
}

/// The members of a kind by their name without a version; the version itself is left out.
fn named(side: &Side, kind: Kind) -> Named<'_> {
    let mut all = Named::new();
    for (at, member) in side.closure.of_kind(kind).filter(|(at, _)| *at != side.closure.root) {
        let name = match kind {
            Kind::Code => member.text("repo").unwrap_or("code").to_owned(),
            // Registered ones stand under registry and name; logged ones under an id of their own.
            Kind::Model => member.text("name").unwrap_or("logged model").to_owned(),
            _ => member.key.part_text(0).unwrap_or_default().to_owned(),
        };
        all.entry(name).or_default().push((at, member));
    }
    all
}

/// Members in a cell, each with its role and digest.
fn told(side: &Side, members: Option<&Vec<(usize, &Member)>>) -> Sentence {
    let Some(members) = members else { return "none".into() };
    let mut sentence = Sentence::new();
    for (at, (place, member)) in members.iter().enumerate() {
        if at > 0 {
            sentence = sentence.text("; ");
        }
        sentence = sentence.node(Reference::from(*member));
        let roles = roles(side, *place);
        if !roles.is_empty() {
            sentence = sentence.text(format!(" ({})", roles.join(", ")));
        }
        if let Some((_, at)) = taken_back(side, *place) {
            sentence = sentence.text(format!(" withdrawn {}", when(at)));
        }
        match (member.digest(), member.text("digest")) {
            (Some((algorithm, digest)), _) => {
                sentence = sentence.text(" ").code(format!("{algorithm}:{digest}"));
            }
            (None, Some(digest)) => {
                sentence = sentence.text(" digest ").code(digest);
            }
            (None, None) if member.kind == Kind::Dataset => {
                sentence = sentence.text(" no digest recorded");
            }
            _ => {}
        }
    }
    sentence
}

/// The first record that takes a data set back, and its time.
fn taken_back(side: &Side, place: usize) -> Option<(usize, Option<i64>)> {
    let members = &side.closure.members;
    let changes = side.closure.against(place, Relation::Concerns);
    let taken_back = changes.filter(|change| {
        members[*change].kind == Kind::Change && members[*change].text("type") == Some("withdrawal")
    });
    taken_back.map(|change| (change, members[change].number("time"))).min_by_key(|(_, at)| *at)
}

/// What the producing runs did with a thing.
fn roles(side: &Side, place: usize) -> Vec<&'static str> {
    let does = |relation: Relation| {
        side.runs.iter().any(|run| side.closure.along(*run, relation).any(|to| to == place))
    };
    ROLES.into_iter().filter(|(relation, _)| does(*relation)).map(|(_, word)| word).collect()
}

/// Data sets of the producing runs without a digest: of these nobody can tell whether they are the same.
fn undigested(side: &Side) -> Vec<Gap> {
    let data = side.closure.of_kind(Kind::Dataset);
    let bare =
        data.filter(|(at, member)| member.text("digest").is_none() && !roles(side, *at).is_empty());
    bare.map(|(_, member)| {
        let words =
            ": no digest is recorded, so whether two versions hold the same nobody can tell";
        let say = Sentence::new().node(Reference::from(member)).text(words);
        Gap::new(Lack::NotRecorded, say)
    })
    .collect()
}

/// Values by name; more than one where several runs or records say something.
type Values = BTreeMap<String, BTreeSet<String>>;

pub(super) fn parameters(facts: &Facts<'_>, both: &Both) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "parameters")?;
    for (field, what) in [("params", "Parameters"), ("env", "Environment")] {
        let of = |side: &Side| {
            let mut values = Values::new();
            for at in side.runs.iter().chain(&side.models) {
                collect(&mut values, &side.closure.members[*at], field, "");
            }
            values
        };
        let (old, new) = (of(&both.old), of(&both.new));
        if old.is_empty() && new.is_empty() {
            let say = format!("{} of neither version", what.to_lowercase());
            section.push(Block::Gaps(vec![Gap::new(Lack::NotRecorded, say)]));
            continue;
        }
        let (table, same) = compared(&format!("{what} that differ"), &old, &new, false);
        let differing = table.rows.len() as u64 + table.omitted;
        section = section.say(format!("{what} that differ: {differing}; the same: {same}."));
        section.push(Block::Table(table));
    }
    Ok(section)
}

pub(super) fn figures(facts: &Facts<'_>, both: &Both) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "figures")?;
    let of = |side: &Side| {
        let mut values = Values::new();
        for model in &side.models {
            collect(&mut values, &side.closure.members[*model], "metrics", "model: ");
        }
        for run in &side.runs {
            collect(&mut values, &side.closure.members[*run], "metrics", "run: ");
        }
        for evaluation in side.evaluations() {
            let member = &side.closure.members[evaluation];
            let on = side.closure.along(evaluation, Relation::TestedOn);
            let on: Vec<String> = on.map(|data| data_set(&side.closure.members[data])).collect();
            let kind = member.text("type").unwrap_or("evaluation");
            collect(&mut values, member, "metrics", &format!("{kind} on {}: ", on.join(", ")));
        }
        values
    };
    let (old, new) = (of(&both.old), of(&both.new));
    let (table, _) = compared("Figures of both versions", &old, &new, true);
    section.push(Block::Table(table));
    let mut gaps = Vec::new();
    for side in [&both.old, &both.new] {
        if side.evaluations().next().is_none() {
            let name = facts.at(side.node);
            let fix = format!(
                "lineal evaluate {} --on DATASET METRIC=VALUE --by WHO",
                crate::check::quoted(&name.name)
            );
            let say = Sentence::new().node(name).text(": no evaluation of it is recorded");
            gaps.push(Gap::new(Lack::NotRecorded, say).fix(fix));
        }
    }
    section.push(Block::Gaps(gaps));
    Ok(section)
}

/// A data set by its name and version or digest: figures on two versions of it are not side by side.
fn data_set(member: &Member) -> String {
    let name = member.key.part_text(0).unwrap_or_default();
    let recorded = member.text("version").or(member.text("digest"));
    match recorded.or(member.key.part_text(1)).filter(|which| !which.is_empty()) {
        Some(which) => format!("{name} ({which})"),
        None => name.to_owned(),
    }
}

/// Adds the members of a map of a record.
fn collect(values: &mut Values, member: &Member, field: &str, before: &str) {
    for (name, value) in member.map(field).into_iter().flat_map(lineal_proof::Map::iter) {
        values.entry(format!("{before}{name}")).or_default().insert(recorded(value, None));
    }
}

/// Both sides by name, and how many are the same; these are shown too where all are wanted.
fn compared(caption: &str, old: &Values, new: &Values, all: bool) -> (Table, u64) {
    let mut table = Table::new(caption, &["name", "before", "after"]);
    let mut same = 0;
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (before, after) = (old.get(name), new.get(name));
        if before == after {
            same += 1;
            if !all {
                continue;
            }
        }
        let cell = |values: Option<&BTreeSet<String>>| -> Sentence {
            values
                .map_or(NOT_RECORDED.to_owned(), |values| {
                    values.iter().cloned().collect::<Vec<_>>().join("; ")
                })
                .into()
        };
        table.push(vec![name.as_str().into(), cell(before), cell(after)], ROWS_SHOWN);
    }
    (table, same)
}
