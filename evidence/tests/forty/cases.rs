//! What each rule over the AI Act comes to when one thing is not recorded, or is recorded otherwise: one row
//! a case, and how the bank is spoiled for it.

use crate::world::{DAY, TODAY, UNDIGESTED, World, ago};
use lineal_engine::SealedField;
use lineal_engine::event_fields::EventField;
use lineal_engine::schema::{Kind, Relation};
use lineal_evidence::rules::Status;
use lineal_proof::{Map, Value};

/// A rule, how the bank is spoiled, what the rule then comes to, and what its finding says is missing.
pub(crate) type Case = (&'static str, fn(&mut World), Status, &'static str);

pub(crate) const CASES: &[Case] = &[
    ("SYS-01", |w| w.lacks("system", "provider"), Status::Gap, "provider"),
    ("SYS-02", |w| w.loses("classification"), Status::Gap, "classification"),
    ("SYS-02", |w| w.cuts("system", Relation::DoneBy), Status::Gap, "done_by"),
    ("SYS-02", |w| w.says("system", "declared_at", TODAY + DAY), Status::Conflict, "declared_at"),
    (
        "SYS-02",
        |w| {
            // Not high by Article 6(3) is a class of what stands in Annex III.
            w.says("system", "risk_class", "not_high");
            w.lacks("system", "annex_point");
        },
        Status::Gap,
        "annex_point",
    ),
    ("SYS-03", |w| w.lacks("model", "digest"), Status::Gap, "digest"),
    ("SYS-03", |w| w.cuts("deployment", Relation::Deploys), Status::Conflict, "deploys"),
    ("SYS-03", |w| w.lacks("system", "risk_class"), Status::Undeclared, "risk_class"),
    ("SYS-03", |w| w.says("system", "risk_class", "minimal"), Status::NotApplicable, ""),
    // An import may bring any spelling: it decides nothing.
    ("SYS-03", |w| w.says("system", "risk_class", "high-risk"), Status::Undeclared, "risk_class"),
    ("SYS-02", |w| w.says("system", "risk_class", "High"), Status::Conflict, "risk_class"),
    ("SYS-02", |w| w.says("system", "annex_point", "XYZ"), Status::Conflict, "annex_point"),
    ("CNF-03", |w| w.says("system", "annex_point", "XYZ"), Status::Undeclared, "annex_point"),
    ("RSK-01", |w| w.loses("risk_management"), Status::Gap, "risk_management"),
    ("RSK-01", |w| w.says("risk_management", "time", ago(1)), Status::Gap, "time"),
    ("RSK-01", |w| w.lacks("system", "role"), Status::Undeclared, "role"),
    ("RSK-02", |w| w.says("risk_management", "reviewed_at", ago(3)), Status::Gap, "reviewed_at"),
    ("RSK-02", |w| w.says("risk_management", "reviewed_at", ago(400)), Status::Gap, "reviewed_at"),
    ("RSK-03", |w| w.lacks("evaluation", "thresholds"), Status::Gap, "thresholds"),
    (
        "RSK-03",
        |w| w.says("evaluation", "thresholds_at", ago(40)),
        Status::Conflict,
        "thresholds_at",
    ),
    ("RSK-03", |w| w.says("evaluation", "started", ago(1)), Status::Gap, "started"),
    ("DAT-01", |w| w.cuts("run", Relation::TrainedOn), Status::Gap, "trained_on"),
    ("DAT-01", |w| w.cuts("model", Relation::ProducedBy), Status::Gap, "produced_by"),
    ("DAT-01", |w| w.lacks("train", "digest_kind"), Status::Gap, "digest_kind"),
    ("DAT-01", |w| w.says("system", "trained", false), Status::NotApplicable, ""),
    ("DAT-02", |w| w.says("test", "digest", "train-digest"), Status::Conflict, "tested_on"),
    ("DAT-02", evaluated_on_training_data, Status::Conflict, "tested_on"),
    ("DAT-02", tested_apart, Status::Conflict, "tested_on"),
    ("DAT-01", |w| uses_without_digest(w, Relation::TrainedOn), Status::Gap, "digest"),
    ("DAT-02", |w| uses_without_digest(w, Relation::TrainedOn), Status::Gap, "digest"),
    ("DAT-02", |w| uses_without_digest(w, Relation::TestedOn), Status::Gap, "digest"),
    ("DAT-02", |w| w.cuts("run", Relation::ValidatedOn), Status::Gap, "validated_on"),
    ("DAT-03", |w| w.lacks("valid", "origin"), Status::Gap, "origin"),
    ("DAT-03", |w| w.lacks("valid", "original_purpose"), Status::Gap, "original_purpose"),
    ("DAT-03", |w| is_withdrawn(w, "train", 7), Status::Conflict, "withdrawal"),
    ("DAT-04", |w| w.loses("bias_examination"), Status::Gap, "bias_examination"),
    ("DAT-04", |w| uses_without_digest(w, Relation::TrainedOn), Status::Gap, "digest"),
    // A source that gives none may leave it empty.
    ("DAT-04", |w| w.says("valid", "digest", ""), Status::Gap, "digest"),
    ("DAT-02", |w| w.says("test", "digest", ""), Status::Gap, "digest"),
    ("DAT-05", |w| w.loses("strict_necessity"), Status::Gap, "strict_necessity"),
    ("DAT-05", evaluated_on_special_data, Status::Gap, "strict_necessity"),
    ("DAT-05", |w| w.says("train", "erased_at", TODAY), Status::Conflict, "erased_at"),
    ("DAT-05", |w| w.lacks("train", "erased_at"), Status::Gap, "erased_at"),
    (
        "DAT-05",
        |w| w.lacks("valid", "special_categories"),
        Status::Undeclared,
        "special_categories",
    ),
    ("DAT-05", |w| w.says("train", "special_categories", false), Status::NotApplicable, ""),
    ("DOC-01", |w| w.lacks("technical_documentation", "points"), Status::Gap, "points"),
    ("DOC-01", |w| w.says("technical_documentation", "time", ago(50)), Status::Gap, "time"),
    ("DOC-01", |w| w.lacks("technical_documentation", "digest"), Status::Gap, "digest"),
    // A part of the system is no document about it.
    (
        "DOC-01",
        |w| is_only_part(w, "technical_documentation"),
        Status::Gap,
        "technical_documentation",
    ),
    ("PMM-01", |w| is_only_part(w, "post_market_plan"), Status::Gap, "post_market_plan"),
    ("CNF-01", |w| is_only_part(w, "eu_declaration"), Status::Gap, "eu_declaration"),
    ("RSK-01", |w| is_only_part(w, "risk_management"), Status::Gap, "risk_management"),
    ("DOC-02", |w| w.loses("change"), Status::Gap, "change"),
    // That it was stopped does not say what changed; that another version came does, decided or not.
    ("DOC-02", |w| w.says("change", "type", "stop"), Status::Gap, "change"),
    ("DOC-02", |w| w.says("change", "type", "version"), Status::Met, ""),
    ("DOC-02", |w| w.loses("technical_documentation"), Status::Gap, "technical_documentation"),
    ("DOC-03", |w| w.cuts("run", Relation::Executes), Status::Gap, "code"),
    ("DOC-03", |w| w.lacks("base", "license"), Status::Gap, "supplier_agreement"),
    ("DOC-03", |w| w.lacks("run", "compute"), Status::Gap, "compute"),
    ("DOC-04", |w| w.lacks("evaluation", "metrics"), Status::Conflict, "metrics"),
    ("DOC-04", |w| evaluated_also(w, "train", 0.4), Status::Met, ""),
    ("DOC-04", |w| evaluated_also(w, "test", 0.4), Status::Conflict, "metrics"),
    ("DOC-04", |w| evaluated_also(w, "test", 0.91), Status::Met, ""),
    ("DOC-04", evaluated_well_on_training_data_alone, Status::Conflict, "metrics"),
    ("DOC-04", |w| w.cuts("deployment", Relation::BelongsTo), Status::Gap, "deploys"),
    ("DOC-04", |w| w.loses("instructions_for_use"), Status::Gap, "instructions_for_use"),
    ("OVR-01", |w| w.says("approval", "time", ago(2)), Status::Gap, "approval.time"),
    ("OVR-01", |w| w.loses("approval"), Status::Gap, "approval"),
    ("OVR-01", |w| w.says("approval", "decision", "rejected"), Status::Gap, "approval"),
    ("OVR-01", |w| w.cuts("approval", Relation::Cites), Status::Gap, "cites"),
    (
        "OVR-01",
        |w| w.links("run", Relation::DoneBy, Kind::Actor, "ben"),
        Status::Conflict,
        "authors",
    ),
    ("OVR-01", |w| w.cuts("run", Relation::DoneBy), Status::Gap, "authors"),
    ("OVR-02", |w| w.lacks("deployment", "overseer"), Status::Gap, "overseer"),
    ("OVR-02", |w| w.says("deployment", "overseer_from", ago(5)), Status::Gap, "overseer_from"),
    ("OVR-03", |w| w.without.extend([EventField::Reviewer]), Status::Gap, "reviewer"),
    // Enough events name a reviewer, and none of those that were overridden.
    ("OVR-03", |w| w.names_reviewer = |is_overridden| !is_overridden, Status::Gap, "reviewer"),
    ("OVR-03", |w| w.names_reviewer = |is_overridden| is_overridden, Status::Met, ""),
    (
        "OVR-03",
        |w| w.without.extend([EventField::OversightReviewed, EventField::HumanOverride]),
        Status::Gap,
        "oversight",
    ),
    // What was evaluated, or made of something, is the logged model that the version was registered from.
    ("RSK-03", evaluated_as_logged, Status::Met, ""),
    ("DAT-02", evaluated_as_logged, Status::Met, ""),
    ("DOC-04", evaluated_as_logged, Status::Met, ""),
    ("PRF-01", evaluated_as_logged, Status::Met, ""),
    ("PRF-02", evaluated_as_logged, Status::Met, ""),
    (
        "RSK-03",
        |w| {
            evaluated_as_logged(w);
            w.says("evaluation", "started", ago(1));
        },
        Status::Gap,
        "started",
    ),
    (
        "PRF-01",
        |w| {
            evaluated_as_logged(w);
            w.says("evaluation", "time", ago(1));
        },
        Status::Gap,
        "time",
    ),
    (
        "PRF-01",
        |w| {
            evaluated_as_logged(w);
            w.lacks("evaluation", "by_group");
        },
        Status::Gap,
        "by_group",
    ),
    ("DOC-03", logged_of_an_unlicensed_base, Status::Gap, "supplier_agreement"),
    ("PRF-01", |w| w.cuts("evaluation", Relation::TestedOn), Status::Gap, "tested_on"),
    ("PRF-01", |w| w.lacks("evaluation", "by_group"), Status::Gap, "by_group"),
    (
        "PRF-01",
        |w| {
            // Not applicable, and nobody says why.
            w.lacks("evaluation", "by_group");
            w.says("evaluation", "groups_not_applicable", true);
        },
        Status::Gap,
        "by_group",
    ),
    (
        "PRF-01",
        |w| w.says("evaluation", "model_digest", "sha256:other"),
        Status::Conflict,
        "model_digest",
    ),
    ("PRF-01", |w| w.says("evaluation", "time", ago(1)), Status::Gap, "time"),
    ("PRF-02", |w| w.says("evaluation", "type", "accuracy"), Status::Gap, "robustness"),
    ("PRF-02", |w| w.loses("security_test"), Status::Gap, "security_test"),
    // A system of which no version was deployed.
    ("PRF-02", |w| w.cuts("deployment", Relation::BelongsTo), Status::Gap, "robustness"),
    ("PRF-02", |w| w.cuts("deployment", Relation::BelongsTo), Status::Gap, "security_test"),
    ("LOG-01", |w| w.without.extend([EventField::OutputHash]), Status::Gap, "event fields"),
    (
        "LOG-01",
        |w| w.without.extend([EventField::InputCanonicalization]),
        Status::Gap,
        "event fields",
    ),
    // Each has an id, in one field or the other.
    ("LOG-01", |w| w.id_field = in_turn, Status::Met, ""),
    ("LOG-01", |w| w.id_field = |_| EventField::RequestId, Status::Gap, "event fields"),
    ("LOG-02", |w| w.nodes.retain(|(name, _)| *name != "model"), Status::Gap, "model"),
    ("LOG-02", |w| w.says("deployment", "until", ago(2)), Status::Conflict, "until"),
    ("LOG-02", another_was_declared_there, Status::Conflict, "until"),
    ("LOG-03", |w| w.says("deployment", "from", ago(14)), Status::Gap, "batch"),
    ("LOG-03", runs_without_log, Status::Gap, "batch"),
    ("LOG-03", |w| w.earlier = -20 * DAY, Status::Conflict, "event.time"),
    ("LOG-04", |w| w.silent = 10..16, Status::Gap, "expected_max_gap_hours"),
    ("LOG-05", |w| w.importer = None, Status::Gap, "by -> actor"),
    ("LOG-06", |w| w.verifiers = "anna", Status::Gap, "verified_by"),
    ("LOG-06", |w| w.verifiers = "anna anna", Status::Gap, "verified_by"),
    ("LOG-06", is_exempt, Status::Met, ""),
    ("LOG-06", |w| w.without.extend([EventField::VerifiedBy]), Status::Gap, "verified_by"),
    ("LOG-06", |w| w.without.extend([EventField::SessionEnd]), Status::Gap, "event fields"),
    // Of a log without any match nobody can tell; of a search that found nothing nothing is asked.
    ("LOG-06", |w| w.without.extend([EventField::ReferenceMatch]), Status::Gap, "reference_match"),
    ("LOG-06", |w| w.matched = |number| (number % 2 == 0).then_some("entry 7"), Status::Met, ""),
    ("LOG-06", |w| w.matched = |_| Some("sha256:9f86d081884c7d65"), Status::Gap, "reference_match"),
    ("LOG-06", |w| w.says("system", "annex_point", "III.5(b)"), Status::NotApplicable, ""),
    (
        "LOG-07",
        |w| w.says("deployment", "log_keep_days", Value::float(90.0)),
        Status::Gap,
        "log_keep_days",
    ),
    ("LOG-07", |w| w.lacks("deployment", "log_basis"), Status::Gap, "log_basis"),
    (
        "LOG-08",
        |w| w.says("deployment", "log_erase_days", Value::float(100.0)),
        Status::Conflict,
        "log_erase_days",
    ),
    ("LOG-08", |w| w.without.extend([EventField::InputKeyId]), Status::Gap, "input_key_id"),
    (
        "LOG-08",
        |w| {
            w.earlier = 500 * DAY;
            w.is_held = false;
        },
        Status::Gap,
        "erasure",
    ),
    (
        "LOG-08",
        |w| w.lacks("deployment", "log_personal_data"),
        Status::Undeclared,
        "log_personal_data",
    ),
    // A batch with later events too has some that are past their end.
    ("LOG-08", |w| is_kept_for_days(w, 5), Status::Gap, "erasure"),
    ("LOG-08", |w| is_kept_for_days(w, 11), Status::Met, ""),
    ("LOG-09", |w| w.is_stamped = false, Status::Gap, "timestamp"),
    ("LOG-09", |w| w.earlier = 2 * DAY, Status::Gap, "timestamp"),
    ("PMM-01", |w| w.loses("post_market_plan"), Status::Gap, "post_market_plan"),
    ("PMM-01", |w| w.lacks("post_market_plan", "digest"), Status::Gap, "digest"),
    (
        "PMM-02",
        |w| w.says("monitor", "last_evaluated_at", ago(30)),
        Status::Gap,
        "last_evaluated_at",
    ),
    ("PMM-02", |w| w.loses("monitor"), Status::Gap, "monitor"),
    ("PMM-02", another_monitor_ran, Status::Gap, "last_evaluated_at"),
    // One that was first recorded today watches since today, unless its record claims another time.
    ("PMM-02", |w| w.lacks("monitor", "from"), Status::Gap, "from, until"),
    ("PMM-02", |w| watches_since(w, 9), Status::Gap, "from, until"),
    ("PMM-02", |w| watches_since(w, 11), Status::Met, ""),
    ("INC-01", |w| w.lacks("incident", "reported_at"), Status::Gap, "reported_at"),
    ("INC-01", |w| w.says("incident", "harm_class", "widespread"), Status::Conflict, "reported_at"),
    ("INC-01", |w| w.says("incident", "harm_class", "Death"), Status::Gap, "harm_class"),
    ("INC-01", |w| w.says("incident", "time", ago(8)), Status::Conflict, "time"),
    ("INC-01", |w| w.says("incident", "reported_at", ago(12)), Status::Conflict, "reported_at"),
    ("INC-01", |w| w.says("incident", "declared_serious", false), Status::NotApplicable, ""),
    ("INC-01", |w| is_unreported(w, Kind::Dataset, "train"), Status::Gap, "reported_at"),
    ("INC-01", |w| is_unreported(w, Kind::Model, "logged"), Status::Gap, "reported_at"),
    ("INC-02", |w| happened_before(w, Kind::Model, "logged"), Status::Gap, "authority_informed_at"),
    ("INC-02", |w| w.is_held = false, Status::Gap, "hold"),
    ("INC-02", |w| w.says("incident", "time", ago(11)), Status::Gap, "authority_informed_at"),
    ("INC-02", |w| happened_before(w, Kind::Model, "2"), Status::Gap, "authority_informed_at"),
    (
        "INC-02",
        |w| happened_before(w, Kind::System, "credit"),
        Status::Gap,
        "authority_informed_at",
    ),
    ("INC-03", |w| w.lacks("incident", "corrective_at"), Status::Gap, "corrective_at"),
    ("CNF-01", |w| w.loses("eu_declaration"), Status::Gap, "eu_declaration"),
    // Somebody attached it, and nobody is stated to have signed it.
    ("CNF-01", |w| w.lacks("eu_declaration", "signed_by"), Status::Gap, "signed_by"),
    ("CNF-01", is_approved_in_place_of_signed, Status::Met, ""),
    ("CNF-01", |w| w.says("eu_declaration", "time", ago(140)), Status::Conflict, "time"),
    (
        "CNF-01",
        |w| w.says("system", "conformity_route", "none"),
        Status::Conflict,
        "conformity_route",
    ),
    ("CNF-01", |w| is_assessed_anew(w, Some(15)), Status::Met, ""),
    ("CNF-01", |w| is_assessed_anew(w, None), Status::Gap, "eu_declaration"),
    ("CNF-02", |w| is_assessed_anew(w, Some(15)), Status::Met, ""),
    ("CNF-02", |w| w.lacks("change", "decision"), Status::Gap, "change[decision]"),
    ("CNF-02", |w| w.says("change", "time", ago(1)), Status::Gap, "change.time"),
    ("CNF-02", |w| w.says("change", "decision", "substantial"), Status::Gap, "conformity_at"),
    (
        "CNF-03",
        |w| w.says("system", "registration_at", ago(50)),
        Status::Conflict,
        "registration_at",
    ),
    ("CNF-03", |w| w.says("system", "annex_point", "III.2"), Status::NotApplicable, ""),
    (
        "CNF-04",
        |w| w.says("eu_declaration", "retention_until", ago(-365)),
        Status::Gap,
        "retention_until",
    ),
    ("DPL-01", |w| w.loses("fria"), Status::Gap, "fria"),
    ("DPL-01", |w| w.says("fria", "time", ago(1)), Status::Gap, "fria"),
    // A later update beside one of before the start.
    ("DPL-01", |w| is_written_again(w, "fria", (Kind::Deployment, "2"), 1), Status::Met, ""),
    (
        "DOC-01",
        |w| is_written_again(w, "technical_documentation", (Kind::System, "credit"), 160),
        Status::Met,
        "",
    ),
    ("GPA-01", |w| w.loses("copyright_policy"), Status::Gap, "copyright_policy"),
    ("GPA-01", |w| w.lacks("model", "gpai"), Status::Undeclared, "gpai"),
];

/// Another evaluation of the model, on a data set.
fn evaluated_also(world: &mut World, data: &str, accuracy: f64) {
    let mut metrics = Map::new();
    metrics.insert("accuracy", Value::float(accuracy));
    let edges =
        [(Relation::Evaluates, Kind::Model, "2"), (Relation::TestedOn, Kind::Dataset, data)];
    world.gains((Kind::Evaluation, "again"), &[("metrics", Value::Map(metrics))], &edges);
}

/// What is declared was measured on the training data, and on the test data something else.
fn evaluated_well_on_training_data_alone(world: &mut World) {
    world.cuts("evaluation", Relation::TestedOn);
    world.links("evaluation", Relation::TestedOn, Kind::Dataset, "train");
    evaluated_also(world, "test", 0.4);
}

/// A document that belongs to the system and is about nothing of it.
fn is_only_part(world: &mut World, document: &str) {
    world.cuts(document, Relation::Documents);
    world.links(document, Relation::BelongsTo, Kind::System, "credit");
}

/// One more document of a type, of days ago, that says nothing else.
fn is_written_again(world: &mut World, sort: &str, about: (Kind, &str), days: i64) {
    let fields = [
        ("type", Value::from(sort)),
        ("digest", Value::from("b3-2")),
        ("time", Value::from(ago(days))),
        ("retention_until", Value::from(ago(-3_700))),
    ];
    let edges = [(Relation::Documents, about.0, about.1), (Relation::DoneBy, Kind::Actor, "anna")];
    world.gains((Kind::Document, "again"), &fields, &edges);
}

/// The new version is a substantial change, was assessed anew, and was declared anew where that is said.
fn is_assessed_anew(world: &mut World, declared: Option<i64>) {
    world.says("change", "decision", "substantial");
    world.says("system", "conformity_at", ago(18));
    if let Some(days) = declared {
        is_written_again(world, "eu_declaration", (Kind::System, "credit"), days);
        let old = world.nodes.iter().find(|(name, _)| *name == "eu_declaration");
        let points = old.and_then(|(_, draft)| draft.fields.get("points").cloned());
        world.says("another", "points", points.unwrap_or(Value::Null));
        world.says("another", "signed_by", "managing director");
    }
}

/// The log must go after so many days, and no hold is over it.
fn is_kept_for_days(world: &mut World, days: i32) {
    world.says("deployment", "log_keep_days", Value::float(1.0));
    world.says("deployment", "log_erase_days", Value::float(f64::from(days)));
    world.is_held = false;
}

/// A deployment of which neither a start nor an event is recorded.
pub(crate) fn runs_without_log(world: &mut World) {
    let edges =
        [(Relation::Deploys, Kind::Model, "2"), (Relation::BelongsTo, Kind::System, "credit")];
    world.gains((Kind::Deployment, "unlogged"), &[], &edges);
}

/// The monitor that watches the whole time rests, and one that began yesterday runs.
fn another_monitor_ran(world: &mut World) {
    world.says("monitor", "last_evaluated_at", ago(30));
    let fields = [
        ("metric", Value::from("psi")),
        ("threshold", Value::float(0.2)),
        ("from", Value::from(ago(1))),
        ("last_evaluated_at", Value::from(ago(1))),
    ];
    let edges = [(Relation::Watches, Kind::Deployment, "2")];
    world.gains((Kind::Monitor, "late"), &fields, &edges);
}

/// The version was registered from a logged model.
fn is_registered(world: &mut World, edges: &[(Relation, Kind, &str)]) {
    world.gains((Kind::Model, "logged"), &[], edges);
    world.links("model", Relation::RegisteredFrom, Kind::Model, "logged");
}

fn evaluated_as_logged(world: &mut World) {
    is_registered(world, &[]);
    world.cuts("evaluation", Relation::Evaluates);
    world.links("evaluation", Relation::Evaluates, Kind::Model, "logged");
}

fn logged_of_an_unlicensed_base(world: &mut World) {
    world.cuts("model", Relation::DerivedFrom);
    is_registered(world, &[(Relation::DerivedFrom, Kind::Model, "base")]);
    world.lacks("base", "license");
}

/// Test data that only an evaluation names is of special categories.
fn evaluated_on_special_data(world: &mut World) {
    let fields = [("special_categories", Value::from(true))];
    world.gains((Kind::Dataset, "special"), &fields, &[]);
    world.links("evaluation", Relation::TestedOn, Kind::Dataset, "special");
}

/// The incident concerns this alone, and was not reported.
fn is_unreported(world: &mut World, kind: Kind, part: &str) {
    world.lacks("incident", "reported_at");
    world.cuts("incident", Relation::Concerns);
    world.links("incident", Relation::Concerns, kind, part);
    is_registered(world, &[]);
}

/// The incident concerns this in the place of a deployment, and the deployment began after it.
fn happened_before(world: &mut World, kind: Kind, part: &str) {
    world.says("incident", "time", ago(11));
    world.cuts("incident", Relation::Concerns);
    world.links("incident", Relation::Concerns, kind, part);
    if part == "logged" {
        is_registered(world, &[]);
    }
}

/// A monitor without a start, whose record is of a time.
fn watches_since(world: &mut World, days: i64) {
    world.lacks("monitor", "from");
    world.says("monitor", "time", ago(days));
}

/// The declaration names nobody, and was approved.
fn is_approved_in_place_of_signed(world: &mut World) {
    world.lacks("eu_declaration", "signed_by");
    let fields = [("decision", Value::from("granted")), ("time", Value::from(ago(110)))];
    let edges = [
        (Relation::Approves, Kind::Document, "eu_declaration"),
        (Relation::DoneBy, Kind::Actor, "ben"),
    ];
    world.gains((Kind::Approval, "declaration"), &fields, &edges);
}

/// Its model is evaluated on a copy of the training data under another name.
pub(crate) fn evaluated_on_training_data(world: &mut World) {
    has_copy_of_training_data(world);
    world.links("evaluation", Relation::TestedOn, Kind::Dataset, "copy");
}

/// A run that only used the model tests it on a copy of the training data.
pub(crate) fn tested_apart(world: &mut World) {
    has_copy_of_training_data(world);
    let edges = [(Relation::Used, Kind::Model, "2"), (Relation::TestedOn, Kind::Dataset, "copy")];
    world.gains((Kind::Run, "run-9"), &[], &edges);
}

/// The run used data of which no digest is recorded.
fn uses_without_digest(world: &mut World, relation: Relation) {
    world.gains((Kind::Dataset, UNDIGESTED), &[], &[]);
    world.links("run", relation, Kind::Dataset, UNDIGESTED);
}

fn has_copy_of_training_data(world: &mut World) {
    let fields = [("digest", Value::from("train-digest")), ("digest_kind", Value::from("sha256"))];
    world.gains((Kind::Dataset, "copy"), &fields, &[]);
}

/// A data set is taken back, days ago.
pub(crate) fn is_withdrawn(world: &mut World, data: &str, days: i64) {
    let fields = [("type", Value::from("withdrawal")), ("time", Value::from(ago(days)))];
    let edges =
        [(Relation::Concerns, Kind::Dataset, data), (Relation::DoneBy, Kind::Actor, "anna")];
    world.gains((Kind::Change, "withdrawal"), &fields, &edges);
}

/// Ids stand in two fields, in turn.
fn in_turn(number: i64) -> EventField {
    if number % 2 == 0 { EventField::EventId } else { EventField::LogId }
}

/// One person verifies, where a law exempts.
fn is_exempt(world: &mut World) {
    world.verifiers = "anna";
    world.says("deployment", "law_exempt", "a law of a member state");
}

/// What a person is called, sealed.
pub(crate) fn is_called(world: &mut World, name: &str, called: &str) {
    for (_, draft) in world.nodes.iter_mut().filter(|(known, _)| *known == name) {
        let (actor, value) = (Some(draft.key.clone()), Value::from(called));
        draft.sealed.push(SealedField { field: "name".to_owned(), value, actor });
    }
}

/// Its events name a version that nobody declared, while another was declared to run in its place.
pub(crate) fn another_was_declared_there(world: &mut World) {
    world.lacks("deployment", "from");
    world.says("deployment", "endpoint", "scorer-1");
    let text = |text: &str| Value::from(text);
    let fields = [
        ("service", text("scorer")),
        ("environment", text("prod")),
        ("endpoint", text("scorer-1")),
        ("from", Value::from(ago(20))),
        ("until", Value::from(ago(1))),
    ];
    let edges = [(Relation::BelongsTo, Kind::System, "credit")];
    world.gains((Kind::Deployment, "1"), &fields, &edges);
}
