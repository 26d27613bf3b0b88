//! A store of two versions with months of events, some of which say nothing of oversight.

#![expect(clippy::unwrap_used, reason = "a bank that cannot be made fails the test")]

use lineal_engine::clock::SteppingClock;
use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::storage::MemoryStorage;
use lineal_engine::{BatchDraft, NodeDraft, NodeNo, Options, Saying, SealedField, Store};
use lineal_evidence::record::time_of;
use lineal_evidence::report::{Block, Document, Facts, Gap, Section, Sentence, Table};
use lineal_proof::{Key, KeyPart, Value};
use lineal_query::StoreView;
use std::sync::Arc;

const DAY: i64 = 86_400_000_000_000;

pub(crate) fn at(day: &str) -> i64 {
    time_of(day).unwrap()
}

/// One event.
#[derive(Clone, Copy)]
pub(crate) struct Event {
    pub(crate) time: Option<i64>,
    pub(crate) overridden: Option<bool>,
    pub(crate) reviewer: Option<&'static str>,
}

/// A store in the making.
pub(crate) struct Bank {
    pub(crate) system: String,
    pub(crate) service: String,
    /// Of version 1 and of version 2.
    pub(crate) events: [Vec<Event>; 2],
    /// What persons are called, sealed, by their keys.
    pub(crate) called: Vec<(&'static str, &'static str)>,
}

fn texts(parts: &[&str]) -> Key {
    Key::new(parts.iter().map(|part| KeyPart::from(*part)).collect())
}

impl Bank {
    /// Version 1: an event a day from January to April 2026, of which one in five of January is
    /// overridden by `ben`. Version 2: ten events of May that say nothing, and two that do.
    pub(crate) fn whole() -> Bank {
        let first = at("2026-01-01");
        let one = (0..120).map(|day| {
            let overridden = day < 31 && day % 5 == 0;
            let reviewer = overridden.then_some("ben");
            Event { time: Some(first + day * DAY), overridden: Some(overridden), reviewer }
        });
        let may = at("2026-05-01");
        let two = (0..12).map(|day| {
            let overridden = match day {
                0 => Some(true),
                1 => Some(false),
                _ => None,
            };
            Event { time: Some(may + day * DAY), overridden, reviewer: None }
        });
        Bank {
            system: "scoring".to_owned(),
            service: "scorer".to_owned(),
            events: [one.collect(), two.collect()],
            called: Vec::new(),
        }
    }

    pub(crate) fn deployment(&self, version: &str) -> Key {
        texts(&[&self.service, "prod", "eu", "credit", version])
    }

    pub(crate) fn store(&self) -> Arc<Store> {
        let clock = Arc::new(SteppingClock::starting_at(at("2026-06-01")));
        let options = Options { clock, ..Options::default() };
        let store = Store::create_on(Arc::new(MemoryStorage::new()), options).unwrap();
        let saying = Saying {
            source: "declared".to_owned(),
            form: "declared".to_owned(),
            observed_at: at("2026-06-01"),
        };
        let mut transaction = store.begin(None, None).unwrap();
        let mut add = |draft: NodeDraft| {
            transaction.add_node(&saying, draft).unwrap();
        };
        if self.called.is_empty() {
            add(NodeDraft::new(Kind::Actor, Key::text("ben")));
        }
        for (key, name) in &self.called {
            let mut person = NodeDraft::new(Kind::Actor, Key::text(*key));
            let (actor, value) = (Some(person.key.clone()), Value::from(*name));
            person.sealed.push(SealedField { field: "name".to_owned(), value, actor });
            add(person);
        }
        let mut system = NodeDraft::new(Kind::System, Key::text(self.system.as_str()));
        system.fields.insert("annex_point", Value::from("III.5(b)"));
        add(system);
        let mut data = NodeDraft::new(Kind::Dataset, texts(&["loans", "d1", "s3", "s3://loans"]));
        data.fields.insert("digest", Value::from("d1"));
        add(data);
        for version in ["1", "2"] {
            let mut run = NodeDraft::new(Kind::Run, Key::text(format!("run-{version}")));
            run.link(
                Relation::TrainedOn,
                Kind::Dataset,
                texts(&["loans", "d1", "s3", "s3://loans"]),
            );
            add(run);
            let mut model = NodeDraft::new(Kind::Model, texts(&["prod", "credit", version]));
            model.fields.insert("version", Value::from(version));
            model.link(Relation::ProducedBy, Kind::Run, Key::text(format!("run-{version}")));
            add(model);
            let mut served = NodeDraft::new(Kind::Deployment, self.deployment(version));
            served.fields.insert("service", Value::from(self.service.as_str()));
            served.link(Relation::Deploys, Kind::Model, texts(&["prod", "credit", version]));
            served.link(Relation::BelongsTo, Kind::System, Key::text(self.system.as_str()));
            add(served);
        }
        transaction.commit().unwrap();
        for (number, version) in [(0, "1"), (1, "2")] {
            let mut transaction = store.begin(None, None).unwrap();
            transaction.add_batch(self.batch(number, version, saying.clone()));
            transaction.commit().unwrap();
        }
        Arc::new(store)
    }

    fn batch(&self, number: u8, version: &str, saying: Saying) -> BatchDraft {
        let mut block = EventBlock::new();
        for (line, event) in (1..).zip(&self.events[usize::from(number)]) {
            let id = format!("event-{version}-{line}");
            let mut values = vec![
                (EventField::Line, EventValue::Int(line)),
                (EventField::EventId, EventValue::Text(&id)),
                (EventField::ModelVersion, EventValue::Text(version)),
                (EventField::Decision, EventValue::Text("refused")),
                (EventField::InputHash, EventValue::Hash(&[0xab; 32])),
                (EventField::InputAlgorithm, EventValue::Text("sha256")),
                (EventField::Session, EventValue::Text("session-of-a-person")),
            ];
            if let Some(time) = event.time {
                values.push((EventField::Time, EventValue::Int(time)));
            }
            if let Some(overridden) = event.overridden {
                values.push((EventField::HumanOverride, EventValue::Bool(overridden)));
            }
            if let Some(reviewer) = event.reviewer {
                values.push((EventField::Reviewer, EventValue::Text(reviewer)));
            }
            for (field, value) in values {
                assert!(block.set(field, value), "{field:?} takes such a value");
            }
            block.end_row();
        }
        let rows = (0..u32::try_from(block.rows()).unwrap()).collect();
        BatchDraft {
            saying,
            deployment: self.deployment(version),
            file: [number; 16],
            stretch: 0,
            label: format!("log-{version}.json"),
            block: Arc::new(block),
            rows,
            doubted: Vec::new(),
        }
    }
}

/// What a report is asked of a store, at a time.
pub(crate) fn told<T>(
    store: &Arc<Store>,
    now: i64,
    make: impl FnOnce(&Facts<'_>, &dyn Fn(Kind, &str) -> NodeNo) -> T,
) -> T {
    let view = StoreView::new(Arc::clone(store)).unwrap();
    let facts = Facts::new(store, &view, now).unwrap();
    let find = |kind: Kind, name: &str| {
        let found = view.snapshot().find(Some(kind), name);
        assert_eq!(found.len(), 1, "{kind}:{name}");
        found[0]
    };
    make(&facts, &find)
}

fn sections(document: &Document) -> Vec<&Section> {
    let mut all = Vec::new();
    let mut waiting: Vec<&Section> = document.sections.iter().rev().collect();
    while let Some(section) = waiting.pop() {
        all.push(section);
        waiting.extend(section.sections.iter().rev());
    }
    all
}

fn blocks(document: &Document) -> impl Iterator<Item = &Block> {
    sections(document).into_iter().flat_map(|section| &section.blocks)
}

/// The table whose caption begins so.
pub(crate) fn table<'d>(document: &'d Document, caption: &str) -> &'d Table {
    let found = blocks(document).find_map(|block| match block {
        Block::Table(table) if table.caption.starts_with(caption) => Some(table),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no table `{caption}` in\n{}", document.to_markdown(None)))
}

/// The cells of the first row whose first cell contains a text.
pub(crate) fn row(table: &Table, first: &str) -> Vec<String> {
    let mut rows = table.rows.iter().map(|row| row.iter().map(Sentence::plain).collect());
    let found = rows.find(|row: &Vec<String>| row[0].contains(first));
    found.unwrap_or_else(|| panic!("no row `{first}` in {}", table.caption))
}

pub(crate) fn gaps(document: &Document) -> Vec<&Gap> {
    let lists = blocks(document).filter_map(|block| match block {
        Block::Gaps(gaps) => Some(gaps),
        _ => None,
    });
    lists.flatten().collect()
}

/// Is there a gap that says so?
pub(crate) fn has_gap(document: &Document, words: &str) -> bool {
    gaps(document).iter().any(|gap| gap.say.plain().contains(words))
}

/// All sentences of a document, a line each.
pub(crate) fn words(document: &Document) -> String {
    let mut words = String::new();
    document.each_sentence(&mut |sentence| {
        words.push_str(&sentence.plain());
        words.push('\n');
    });
    words
}
