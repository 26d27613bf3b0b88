//! Which classes of records hold personal data, as declared and as the counters of logs show, and how
//! inputs were hashed.

use super::{KIND, Scope};
use crate::Error;
use crate::report::document::{Block, Gap, Lack, Section, Sentence, Table};
use crate::report::facts::{Facts, ROWS_SHOWN};
use crate::report::words::{self, NOT_RECORDED, share, thousands};
use lineal_engine::NodeNo;
use lineal_engine::event_fields::{EVENT_FIELDS, Group};
use lineal_engine::schema::Kind;
use lineal_proof::{Map, Value};
use std::collections::BTreeMap;

/// What is declared of some things: yes, no, nothing.
#[derive(Default)]
struct Declared {
    yes: Vec<NodeNo>,
    no: u64,
    nothing: Vec<NodeNo>,
}

impl Declared {
    fn of(
        facts: &Facts<'_>,
        nodes: impl Iterator<Item = NodeNo>,
        field: &str,
    ) -> Result<Declared, Error> {
        let mut declared = Declared::default();
        for node in nodes {
            match facts.flag(node, field)? {
                Some(true) => declared.yes.push(node),
                Some(false) => declared.no += 1,
                None => declared.nothing.push(node),
            }
        }
        Ok(declared)
    }

    fn row(&self, facts: &Facts<'_>, what: &str, of: &str) -> Vec<Sentence> {
        let shown = self.yes.iter().copied().take(ROWS_SHOWN);
        let yes = match self.yes.len() {
            0 => Sentence::from("none"),
            _ => facts.cells(shown),
        };
        vec![
            what.into(),
            of.into(),
            self.yes.len().to_string().into(),
            self.no.to_string().into(),
            self.nothing.len().to_string().into(),
            yes,
        ]
    }
}

pub(super) fn section(facts: &Facts<'_>, scope: &Scope) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "classes")?;
    let data = || scope.closure.of_kind(Kind::Dataset).map(|(_, member)| member.node);
    let personal = Declared::of(facts, data(), "personal_data")?;
    let special = Declared::of(facts, data(), "special_categories")?;
    let logs = scope.deployments.nodes.iter().copied();
    let logs = Declared::of(facts, logs, "log_personal_data")?;
    let heads = ["class", "question", "#yes", "#no", "#not declared", "which"];
    let mut table = Table::new("Declared by a person or a source", &heads);
    table.push(personal.row(facts, "data sets", "personal data"), ROWS_SHOWN);
    table.push(special.row(facts, "data sets", "special categories"), ROWS_SHOWN);
    table.push(logs.row(facts, "logs of deployments", "personal data"), ROWS_SHOWN);
    section.push(Block::Table(table));
    let counted = presence(facts, scope)?;
    section = events(section, &counted);
    section = sealed(facts, section, scope)?;
    let mut gaps = Vec::new();
    let undeclared = [
        (&personal, "whether it holds personal data"),
        (&special, "whether it holds special categories"),
        (&logs, "whether its logs hold personal data"),
    ];
    for (declared, what) in undeclared {
        if !declared.nothing.is_empty() {
            let count = thousands(declared.nothing.len() as u64);
            let say = Sentence::new().text(format!("{what}, of {count}: "));
            gaps.push(Gap::new(Lack::Undeclared, facts.first_of(say, &declared.nothing)));
        }
    }
    section.push(Block::Gaps(gaps));
    Ok(section)
}

/// How many rows hold which field, by the counters that batches were given when they were imported.
#[derive(Default)]
struct Presence {
    rows: u64,
    fields: BTreeMap<String, u64>,
}

fn presence(facts: &Facts<'_>, scope: &Scope) -> Result<Presence, Error> {
    let view = facts.snapshot();
    let mut counted = Presence::default();
    for deployment in &scope.deployments.nodes {
        for batch in view.batches_of(*deployment) {
            counted.rows += view.batch(batch).map_or(0, |batch| u64::from(batch.rows));
            let fields = view.fields(batch)?.fields;
            let presence = fields.get("presence").and_then(Value::as_map);
            for (field, count) in presence.into_iter().flat_map(Map::iter) {
                let count = count.as_i64().map_or(0, i64::unsigned_abs);
                *counted.fields.entry(field.to_owned()).or_default() += count;
            }
        }
    }
    Ok(counted)
}

fn events(section: Section, counted: &Presence) -> Section {
    let heads = ["field", "what it holds", "#rows that hold it", "group"];
    let mut table = Table::new("Fields of events that point at a person", &heads);
    for spec in EVENT_FIELDS {
        let (group, is_meant) = match spec.group {
            Group::Subject => ("subject: withheld from most roles", true),
            // The one open field that stands for a person: who reviewed.
            Group::Open => ("open: a key of this store", spec.name == "reviewer"),
        };
        let count = counted.fields.get(spec.name).copied().unwrap_or(0);
        if is_meant && count > 0 {
            let row = vec![
                spec.name.into(),
                spec.meaning.into(),
                share(count, counted.rows).into(),
                group.into(),
            ];
            table.push(row, ROWS_SHOWN);
        }
    }
    let mut section = section.say(format!(
        "Recorded of logs: {}, erased ones and those that came twice included. Which of their fields hold \
         something is counted when they are imported; what the field holds is not judged.",
        words::counted(counted.rows, "row")
    ));
    section.push(Block::Table(table));
    section
}

fn sealed(facts: &Facts<'_>, section: Section, scope: &Scope) -> Result<Section, Error> {
    let mut by_kind: BTreeMap<Kind, (u64, u64, u64)> = BTreeMap::new();
    for member in &scope.closure.members {
        let entry = by_kind.entry(member.kind).or_default();
        entry.0 += 1;
        let fields = facts.sealed_count(member.node)? as u64;
        entry.1 += u64::from(fields > 0);
        entry.2 += fields;
    }
    let heads = ["kind", "#records", "#with sealed fields", "#sealed fields"];
    let mut table = Table::new("Sealed fields of other records", &heads);
    for (kind, (records, with, fields)) in by_kind.into_iter().filter(|(_, it)| it.1 > 0) {
        let row = vec![
            kind.name().into(),
            records.to_string().into(),
            with.to_string().into(),
            fields.to_string().into(),
        ];
        table.push(row, ROWS_SHOWN);
    }
    let mut section = section.say(
        "Names, e-mails, notes and reasons are sealed: encrypted under a key of their subject. Erasing that key \
         erases the value in this store; its commitment stays.",
    );
    section.push(Block::Table(table));
    Ok(section)
}

pub(super) fn hashes(facts: &Facts<'_>, scope: &Scope) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "hashes")?;
    let mut gaps = Vec::new();
    let mut table = Table::new(
        "How inputs were hashed before they came here",
        &["algorithm", "canonical form", "#hashes", "#that name a key", "#that name none"],
    );
    let (mut plain, mut all) = (0_u64, 0_u64);
    if !scope.deployments.nodes.is_empty() {
        let question = format!(
            "{}find inference as i served_by deployment as d where d in own and i.input_hash is not null \
             summarize count() as hashes, count(i.input_key_id) as keyed \
             by i.input_algorithm as algorithm, i.input_canonicalization as form",
            scope.deployments.set
        );
        let answer = facts.ask(&question, &scope.deployments.given)?;
        gaps.extend(Facts::doubts(&answer, "how many hashes there are"));
        let place = |name: &str| answer.columns.iter().position(|column| column.name == name);
        let places = ["algorithm", "form", "hashes", "keyed"].map(place);
        for row in &answer.rows {
            let at = |place: usize| places[place].and_then(|place| row.get(place));
            let text = |place: usize| match at(place) {
                Some(lineal_query::Value::Text(text)) => Sentence::from(text.as_str()),
                _ => NOT_RECORDED.into(),
            };
            let number = |place: usize| match at(place) {
                Some(lineal_query::Value::Int(number)) => number.unsigned_abs(),
                _ => 0,
            };
            let (hashes, keyed) = (number(2), number(3));
            (all, plain) = (all + hashes, plain + hashes.saturating_sub(keyed));
            let unkeyed = hashes.saturating_sub(keyed);
            let row = vec![
                text(0),
                text(1),
                hashes.to_string().into(),
                keyed.to_string().into(),
                unkeyed.to_string().into(),
            ];
            table.push(row, ROWS_SHOWN);
        }
    }
    section.push(Block::Table(table));
    section = section.say(match all {
        0 => "No hash of an input is recorded.".to_owned(),
        _ => format!(
            "{} hashes name no key. Whoever can guess an input can test a plain hash of it; with a few million \
             likely inputs that takes seconds to minutes.",
            share(plain, all)
        ),
    });
    section = section.say(
        "A hash, keyed or not, stays personal data for whoever can tell by it whom it is about: by the input, by the \
         key, or by what stands beside it. That something is hashed answers no question of this assessment.",
    );
    section = section.say(
        "In this store hashes are looked up through an index under a key of the store, so that the index alone \
         tells nobody whether a guess is in it; the rows hold the hashes as they came.",
    );
    if plain > 0 {
        let count = thousands(plain);
        let say = format!(
            "{count} hashes of inputs name no key: a keyed hash (HMAC) made at the source, logged with the id of its \
             key, cannot be tested without it"
        );
        gaps.push(Gap::new(Lack::NotRecorded, say));
    }
    section.push(Block::Gaps(gaps));
    Ok(section)
}
