//! A small bank of which every record is there that the rules ask for, to be spoiled one thing at a time.

#![expect(clippy::unwrap_used, reason = "a bank that cannot be made fails the test")]

use std::collections::BTreeSet;
use std::sync::Arc;

use lineal_engine::clock::SteppingClock;
use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::storage::MemoryStorage;
use lineal_engine::{BatchDraft, HoldScope, NodeDraft, Options, Saying, Store};
use lineal_evidence::check::{Report, RuleResult, Wanted, check};
use lineal_evidence::rules::Pack;
use lineal_proof::{Key, KeyPart, Map, Value};
use lineal_query::StoreView;

/// Today: when the time-stamp authority of the vectors stamped, ns.
pub(crate) const TODAY: i64 = 1_795_353_657_000_000_000;
pub(crate) const HOUR: i64 = 3_600_000_000_000;
pub(crate) const DAY: i64 = 24 * HOUR;
const REPLY: &[u8] = include_bytes!("../../../tests/fixtures/vectors/rfc3161/reply.tsr");
/// Events, one every six hours since the deployment began.
const EVENTS: i64 = 40;

pub(crate) fn ago(days: i64) -> i64 {
    TODAY - days * DAY
}

/// The records, by names of this file.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) nodes: Vec<(&'static str, NodeDraft)>,
    /// Fields that no event has.
    pub(crate) without: BTreeSet<EventField>,
    /// Events that are left out, by number.
    pub(crate) silent: std::ops::Range<i64>,
    /// How much earlier the events happened.
    pub(crate) earlier: i64,
    pub(crate) verifiers: &'static str,
    /// What matched in an event, by its number; nobody verifies what did not.
    pub(crate) matched: fn(i64) -> Option<&'static str>,
    /// Where the id of an event stands, by its number.
    pub(crate) id_field: fn(i64) -> EventField,
    /// Does an event name a reviewer, overridden or not?
    pub(crate) names_reviewer: fn(bool) -> bool,
    pub(crate) is_held: bool,
    pub(crate) is_stamped: bool,
    pub(crate) importer: Option<&'static str>,
    /// The order of staging, for the property that it never shows.
    pub(crate) is_backwards: bool,
    /// Each node in a commit of its own.
    pub(crate) is_apart: bool,
}

fn map(members: &[(&str, Value)]) -> Value {
    let mut map = Map::new();
    for (name, value) in members {
        map.insert(*name, value.clone());
    }
    Value::Map(map)
}

fn texts(words: &[&str]) -> Value {
    Value::List(words.iter().map(|word| Value::from(*word)).collect())
}

fn points(annex: &str, count: usize) -> Value {
    let names: Vec<String> = (1..=count).map(|point| format!("{annex}_{point}")).collect();
    let members: Vec<(&str, Value)> =
        names.iter().map(|name| (name.as_str(), Value::from("section of the file"))).collect();
    map(&members)
}

/// A data set whose key has no digest either.
pub(crate) const UNDIGESTED: &str = "bare";

pub(crate) fn key(kind: Kind, name: &str) -> Key {
    match kind {
        Kind::Dataset => Key::new(vec![
            name.into(),
            match name {
                UNDIGESTED => KeyPart::Null,
                _ => format!("{name}-digest").into(),
            },
            "s3".into(),
            "s3://d".into(),
        ]),
        Kind::Model => Key::new(vec!["prod".into(), "credit".into(), name.into()]),
        Kind::Document => Key::new(vec!["credit".into(), name.into(), "1".into()]),
        Kind::Evaluation => {
            Key::new(vec!["credit".into(), name.into(), "test".into(), "test-digest".into()])
        }
        Kind::Approval => Key::new(vec!["declared".into(), name.into(), "ben".into(), "1".into()]),
        Kind::Deployment => {
            let parts = ["scorer", "prod", "eu-1", "credit", name];
            Key::new(parts.into_iter().map(Into::into).collect())
        }
        Kind::Change => {
            Key::new(vec!["declared".into(), name.into(), "version".into(), "1".into()])
        }
        _ => Key::text(name),
    }
}

struct Making(Vec<(&'static str, NodeDraft)>);

impl Making {
    fn add(
        &mut self,
        name: &'static str,
        (kind, part): (Kind, &str),
        fields: &[(&str, Value)],
        edges: &[(Relation, Kind, &str)],
    ) {
        let mut draft = NodeDraft::new(kind, key(kind, part));
        for (field, value) in fields {
            draft.fields.insert(*field, value.clone());
        }
        for (relation, kind, part) in edges {
            draft.link(*relation, *kind, key(*kind, part));
        }
        self.0.push((name, draft));
    }

    fn document(&mut self, name: &'static str, fields: &[(&str, Value)], about: &[(Kind, &str)]) {
        let mut all = vec![("type", Value::from(name)), ("digest", Value::from("b3"))];
        all.extend(fields.iter().cloned());
        let mut edges: Vec<(Relation, Kind, &str)> =
            about.iter().map(|(kind, part)| (Relation::Documents, *kind, *part)).collect();
        edges.push((Relation::DoneBy, Kind::Actor, "anna"));
        self.add(name, (Kind::Document, name), &all, &edges);
    }
}

impl World {
    /// Everything is there.
    pub(crate) fn whole() -> World {
        use Relation as R;
        let time = |days: i64| Value::from(ago(days));
        let text = |word: &str| Value::from(word);
        let mut made = Making(Vec::new());
        made.add("anna", (Kind::Actor, "anna"), &[("role", text("engineer"))], &[]);
        made.add("ben", (Kind::Actor, "ben"), &[("role", text("approver"))], &[]);
        made.add(
            "system",
            (Kind::System, "credit"),
            &[
                ("provider", text("ACME")),
                ("version", text("3")),
                ("intended_purpose", text("credit scoring")),
                ("role", texts(&["provider", "deployer", "gpai_provider"])),
                ("risk_class", text("high")),
                ("annex_point", text("III.1(a)")),
                ("trained", Value::from(true)),
                ("declared_at", time(210)),
                ("placed_on_market_at", time(100)),
                ("declared_metrics", map(&[("accuracy", Value::float(0.91))])),
                ("conformity_route", text("VI")),
                ("conformity_at", time(130)),
                ("registration", text("EU-1")),
                ("registration_at", time(110)),
            ],
            &[(R::DoneBy, Kind::Actor, "anna")],
        );
        made.add("code", (Kind::Code, "c0ffee"), &[("repo", text("git"))], &[]);
        for name in ["train", "valid", "test"] {
            let special = name == "train";
            let mut fields = vec![
                ("digest", text(&format!("{name}-digest"))),
                ("digest_kind", text("sha256")),
                ("origin", text("own customers")),
                ("collection_method", text("contract")),
                ("personal_data", Value::from(true)),
                ("original_purpose", text("contract")),
                ("known_gaps", text("none under 18")),
                ("special_categories", Value::from(special)),
            ];
            if special {
                fields.extend([
                    ("erased_at", time(5)),
                    ("bias_corrected_at", time(4)),
                    ("retention_until", time(1)),
                ]);
            }
            made.add(name, (Kind::Dataset, name), &fields, &[]);
        }
        made.add(
            "run",
            (Kind::Run, "run-2"),
            &[
                ("params", map(&[("lr", text("0.1"))])),
                ("env", map(&[("gpu", text("1"))])),
                ("compute", map(&[("gpu_hours", text("3"))])),
            ],
            &[
                (R::Executes, Kind::Code, "c0ffee"),
                (R::TrainedOn, Kind::Dataset, "train"),
                (R::ValidatedOn, Kind::Dataset, "valid"),
                (R::TestedOn, Kind::Dataset, "test"),
                (R::DoneBy, Kind::Actor, "anna"),
            ],
        );
        made.add(
            "base",
            (Kind::Model, "base"),
            &[("version", text("base")), ("digest", text("sha256:b")), ("license", text("MIT"))],
            &[],
        );
        made.add("before", (Kind::Model, "1"), &[("version", text("1"))], &[]);
        made.add(
            "model",
            (Kind::Model, "2"),
            &[
                ("version", text("2")),
                ("digest", text("sha256:m")),
                ("gpai", Value::from(true)),
                ("license", text("own")),
            ],
            &[
                (R::ProducedBy, Kind::Run, "run-2"),
                (R::DerivedFrom, Kind::Model, "base"),
                (R::Follows, Kind::Model, "1"),
            ],
        );
        made.add(
            "deployment",
            (Kind::Deployment, "2"),
            &[
                ("service", text("scorer")),
                ("environment", text("prod")),
                ("from", time(10)),
                ("overseer", text("credit officer")),
                ("expected_max_gap_hours", Value::float(24.0)),
                ("log_keep_days", Value::float(184.0)),
                ("log_erase_days", Value::float(400.0)),
                ("log_basis", text("26(6)")),
                ("log_purpose", text("monitoring")),
                ("log_holder", text("deployer")),
                ("log_personal_data", Value::from(true)),
            ],
            &[(R::Deploys, Kind::Model, "2"), (R::BelongsTo, Kind::System, "credit")],
        );
        made.add(
            "evaluation",
            (Kind::Evaluation, "run-2"),
            &[
                ("type", text("robustness")),
                ("metrics", map(&[("accuracy", Value::float(0.91))])),
                ("thresholds", map(&[("accuracy", Value::float(0.9))])),
                ("thresholds_at", time(60)),
                ("started", time(50)),
                ("time", time(49)),
                ("by_group", map(&[("women/accuracy", Value::float(0.9))])),
                ("model_digest", text("sha256:m")),
            ],
            &[
                (R::Evaluates, Kind::Model, "2"),
                (R::TestedOn, Kind::Dataset, "test"),
                (R::DoneBy, Kind::Actor, "anna"),
            ],
        );
        made.add(
            "approval",
            (Kind::Approval, "release"),
            &[("decision", text("granted")), ("time", time(15))],
            &[
                (R::Approves, Kind::Model, "2"),
                (R::Cites, Kind::Evaluation, "run-2"),
                (R::DoneBy, Kind::Actor, "ben"),
            ],
        );
        made.add(
            "monitor",
            (Kind::Monitor, "drift"),
            &[
                ("metric", text("psi")),
                ("threshold", Value::float(0.2)),
                ("from", time(10)),
                ("last_evaluated_at", time(1)),
            ],
            &[(R::Watches, Kind::Deployment, "2")],
        );
        made.add(
            "incident",
            (Kind::Incident, "inc-1"),
            &[
                ("declared_serious", Value::from(true)),
                ("harm_class", text("rights")),
                ("time", time(9)),
                ("aware_at", time(9)),
                ("causal_link_at", time(8)),
                ("reported_at", time(5)),
                ("authority", text("market surveillance")),
                ("member_state", text("DE")),
                ("frozen_commit", Value::from(1_i64)),
                ("corrective_at", time(3)),
                ("notified", texts(&["deployer", "authority"])),
                ("notified_at", time(3)),
                ("closed_at", time(2)),
            ],
            &[(R::Concerns, Kind::Deployment, "2")],
        );
        made.add(
            "change",
            (Kind::Change, "v2"),
            &[("decision", text("not_substantial")), ("time", time(20))],
            &[(R::Concerns, Kind::Model, "2"), (R::DoneBy, Kind::Actor, "anna")],
        );
        made.documents();
        World {
            nodes: made.0,
            without: BTreeSet::new(),
            silent: 0..0,
            earlier: 0,
            verifiers: "anna ben",
            matched: |_| Some("entry 7"),
            id_field: |_| EventField::EventId,
            names_reviewer: |_| true,
            is_held: true,
            is_stamped: true,
            importer: Some("anna"),
            is_backwards: false,
            is_apart: false,
        }
    }

    fn draft(&mut self, name: &str) -> &mut NodeDraft {
        let found = self.nodes.iter_mut().find(|(known, _)| *known == name);
        &mut found.unwrap_or_else(|| panic!("nothing is called {name}")).1
    }

    /// Without a field.
    pub(crate) fn lacks(&mut self, name: &str, field: &str) {
        assert!(self.draft(name).fields.remove(field).is_some(), "{name} has no {field}");
    }

    /// With another value.
    pub(crate) fn says(&mut self, name: &str, field: &str, value: impl Into<Value>) {
        self.draft(name).fields.insert(field, value.into());
    }

    /// Without a node, and what leads to it.
    pub(crate) fn loses(&mut self, name: &str) {
        let draft = self.draft(name).clone();
        self.nodes.retain(|(known, _)| *known != name);
        for (_, other) in &mut self.nodes {
            other.edges.retain(|edge| (edge.kind, &edge.key) != (draft.kind, &draft.key));
        }
    }

    /// Without its edges of a relation.
    pub(crate) fn cuts(&mut self, name: &str, relation: Relation) {
        let edges = &mut self.draft(name).edges;
        let before = edges.len();
        edges.retain(|edge| edge.relation != relation);
        assert!(edges.len() < before, "{name} has no {}", relation.name());
    }

    /// With one more edge.
    pub(crate) fn links(&mut self, name: &str, relation: Relation, kind: Kind, part: &str) {
        self.draft(name).link(relation, kind, key(kind, part));
    }

    /// With one more node.
    pub(crate) fn gains(
        &mut self,
        (kind, part): (Kind, &str),
        fields: &[(&str, Value)],
        edges: &[(Relation, Kind, &str)],
    ) {
        let mut made = Making(std::mem::take(&mut self.nodes));
        made.add("another", (kind, part), fields, edges);
        self.nodes = made.0;
    }

    pub(crate) fn store(&self) -> Arc<Store> {
        let clock = Arc::new(SteppingClock::starting_at(TODAY - HOUR / 2));
        let options = Options { clock, ..Options::default() };
        let storage = MemoryStorage::new();
        let store = Store::create_on(Arc::new(storage), options).unwrap();
        let saying = Saying {
            source: "declared".to_owned(),
            form: "declared".to_owned(),
            observed_at: TODAY - HOUR,
        };
        let mut nodes: Vec<NodeDraft> = self.nodes.iter().map(|(_, draft)| draft.clone()).collect();
        if self.is_backwards {
            nodes.reverse();
        }
        let chunks = if self.is_apart { 1 } else { nodes.len().max(1) };
        for chunk in nodes.chunks(chunks) {
            let mut transaction = store.begin(None, None).unwrap();
            for draft in chunk {
                transaction.add_node(&saying, draft.clone()).unwrap();
            }
            transaction.commit().unwrap();
        }
        let importer = self.importer.map(str::to_owned);
        let mut transaction = store.begin(None, importer).unwrap();
        transaction.add_batch(self.batch(saying));
        transaction.commit().unwrap();
        if self.is_held {
            let scope = HoldScope::Node(Kind::Deployment, key(Kind::Deployment, "2"));
            store.hold("inc-1", &scope, "incident", None).unwrap();
        }
        store.record_log(None, None).unwrap();
        store.checkpoint().unwrap();
        let size = *store.checkpoint_sizes().unwrap().last().unwrap();
        if self.is_stamped {
            store.add_timestamp(size, REPLY).unwrap();
        }
        Arc::new(store)
    }

    fn batch(&self, saying: Saying) -> BatchDraft {
        let mut block = EventBlock::new();
        let from = ago(10) - self.earlier;
        for number in (0..EVENTS).filter(|number| !self.silent.contains(number)) {
            let time = if number + 1 == EVENTS {
                TODAY - HOUR - self.earlier
            } else {
                from + number * 6 * HOUR
            };
            let id = format!("event-{number}");
            let is_overridden = number % 10 == 0;
            let matched = (self.matched)(number);
            for (field, value) in [
                (EventField::Time, EventValue::Int(time)),
                (EventField::Line, EventValue::Int(number + 1)),
                ((self.id_field)(number), EventValue::Text(&id)),
                (EventField::EventType, EventValue::Text("inference")),
                (EventField::ModelVersion, EventValue::Text("2")),
                (EventField::InputHash, EventValue::Hash(&[7; 32])),
                (EventField::InputAlgorithm, EventValue::Text("hmac-sha256")),
                (EventField::InputCanonicalization, EventValue::Text("RFC 8785")),
                (EventField::InputKeyId, EventValue::Text("k1")),
                (EventField::OutputHash, EventValue::Hash(&[8; 32])),
                (EventField::SessionStart, EventValue::Int(time)),
                (EventField::SessionEnd, EventValue::Int(time + 1)),
                (EventField::ReferenceDb, EventValue::Text("watch list")),
                (EventField::ReferenceMatch, EventValue::Text(matched.unwrap_or_default())),
                (EventField::VerifiedBy, EventValue::Text(self.verifiers)),
                (EventField::OversightReviewed, EventValue::Bool(true)),
                (EventField::HumanOverride, EventValue::Bool(is_overridden)),
                (EventField::Reviewer, EventValue::Text("ben")),
            ] {
                let is_named =
                    field != EventField::Reviewer || (self.names_reviewer)(is_overridden);
                let is_matched = matched.is_some()
                    || !matches!(field, EventField::ReferenceMatch | EventField::VerifiedBy);
                if is_named && is_matched && !self.without.contains(&field) {
                    assert!(block.set(field, value), "{field:?} takes such a value");
                }
            }
            block.end_row();
        }
        let rows = (0..u32::try_from(block.rows()).unwrap()).collect();
        BatchDraft {
            saying,
            deployment: key(Kind::Deployment, "2"),
            file: [7; 16],
            stretch: 0,
            label: "log.json".to_owned(),
            block: Arc::new(block),
            rows,
            doubted: Vec::new(),
        }
    }
}

impl Making {
    fn documents(&mut self) {
        let time = |days: i64| ("time", Value::from(ago(days)));
        let kept = ("retention_until", Value::from(ago(100) + 3_700 * DAY));
        let system = (Kind::System, "credit");
        let (model, deployment) = ((Kind::Model, "2"), (Kind::Deployment, "2"));
        self.document("classification", &[], &[system]);
        let reviewed = ("reviewed_at", Value::from(ago(1)));
        self.document("risk_management", &[time(200), reviewed], &[system]);
        self.document(
            "technical_documentation",
            &[time(150), ("points", points("IV", 9)), kept.clone()],
            &[system, model],
        );
        self.document("instructions_for_use", &[], &[system]);
        let signed = ("signed_by", Value::from("managing director"));
        let declared = [time(120), ("points", points("V", 8)), signed, kept];
        self.document("eu_declaration", &declared, &[system]);
        self.document("post_market_plan", &[], &[system, model]);
        self.document("oversight_measures", &[], &[deployment]);
        self.document("security_test", &[], &[model]);
        self.document("fria", &[time(20)], &[deployment]);
        self.document("dpia", &[], &[deployment]);
        self.document("notice_to_persons", &[time(20)], &[deployment]);
        for name in [
            "gpai_technical",
            "downstream_information",
            "copyright_policy",
            "training_content_summary",
        ] {
            self.document(name, &[], &[model]);
        }
        let data = ["train", "valid", "test"].map(|name| (Kind::Dataset, name));
        self.document("bias_examination", &[], &data);
        self.document("strict_necessity", &[], &data[..1]);
        self.document("access_record", &[], &data[..1]);
    }
}

/// The report of a pack over a store, of the bank's system.
pub(crate) fn report(store: &Arc<Store>, pack: &Pack) -> Report {
    let view = StoreView::new(Arc::clone(store)).unwrap();
    let system = pack.needs_system().then(|| "credit".to_owned());
    let wanted = Wanted { system, now: TODAY, ..Wanted::default() };
    check(store, &view, pack, &wanted).unwrap_or_else(|error| panic!("{error}"))
}

/// What one rule comes to.
pub(crate) fn result(world: &World, pack: &Pack, id: &str) -> RuleResult {
    let mut one = pack.clone();
    one.rules.retain(|rule| rule.id == id);
    let rules = report(&world.store(), &one).rules;
    rules.into_iter().next().unwrap_or_else(|| panic!("no rule is called {id}"))
}
