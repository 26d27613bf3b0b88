//! What each rule over the AI Act comes to when one thing is not recorded, or is recorded otherwise: one row
//! a case, and how the bank is spoiled for it.

use crate::world::{DAY, TODAY, UNDIGESTED, World, ago};
use lineal_engine::SealedField;
use lineal_engine::event_fields::EventField;
use lineal_engine::schema::{Kind, Relation};
use lineal_evidence::rules::Status;
use lineal_proof::Value;

/// A rule, how the bank is spoiled, what the rule then comes to, and what its finding says is missing.
pub(crate) type Case = (&'static str, fn(&mut World), Status, &'static str);

pub(crate) const CASES: &[Case] = &[
    ("SYS-01", |w| w.lacks("system", "provider"), Status::Gap, "provider"),
    ("SYS-02", |w| w.loses("classification"), Status::Gap, "classification"),
    ("SYS-02", |w| w.cuts("system", Relation::DoneBy), Status::Gap, "done_by"),
    ("SYS-02", |w| w.says("system", "declared_at", TODAY + DAY), Status::Conflict, "declared_at"),
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
    ("DAT-05", |w| w.loses("strict_necessity"), Status::Gap, "strict_necessity"),
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
    ("DOC-02", |w| w.loses("change"), Status::Gap, "change"),
    ("DOC-02", |w| w.loses("technical_documentation"), Status::Gap, "technical_documentation"),
    ("DOC-03", |w| w.cuts("run", Relation::Executes), Status::Gap, "code"),
    ("DOC-03", |w| w.lacks("base", "license"), Status::Gap, "supplier_agreement"),
    ("DOC-04", |w| w.lacks("evaluation", "metrics"), Status::Conflict, "metrics"),
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
    ("PRF-01", |w| w.cuts("evaluation", Relation::TestedOn), Status::Gap, "tested_on"),
    ("PRF-01", |w| w.lacks("evaluation", "by_group"), Status::Gap, "by_group"),
    (
        "PRF-01",
        |w| w.says("evaluation", "model_digest", "sha256:other"),
        Status::Conflict,
        "model_digest",
    ),
    ("PRF-01", |w| w.says("evaluation", "time", ago(1)), Status::Gap, "time"),
    ("PRF-02", |w| w.says("evaluation", "type", "accuracy"), Status::Gap, "robustness"),
    ("PRF-02", |w| w.loses("security_test"), Status::Gap, "security_test"),
    ("LOG-01", |w| w.without.extend([EventField::OutputHash]), Status::Gap, "event fields"),
    // Each has an id, in one field or the other.
    ("LOG-01", |w| w.id_field = in_turn, Status::Met, ""),
    ("LOG-01", |w| w.id_field = |_| EventField::RequestId, Status::Gap, "event fields"),
    ("LOG-02", |w| w.nodes.retain(|(name, _)| *name != "model"), Status::Gap, "model"),
    ("LOG-02", |w| w.says("deployment", "until", ago(2)), Status::Conflict, "until"),
    ("LOG-02", another_was_declared_there, Status::Conflict, "until"),
    ("LOG-03", |w| w.says("deployment", "from", ago(14)), Status::Gap, "batch"),
    ("LOG-03", |w| w.earlier = -20 * DAY, Status::Conflict, "event.time"),
    ("LOG-04", |w| w.silent = 10..16, Status::Gap, "expected_max_gap_hours"),
    ("LOG-05", |w| w.importer = None, Status::Gap, "by -> actor"),
    ("LOG-06", |w| w.verifiers = "anna", Status::Gap, "verified_by"),
    ("LOG-06", |w| w.verifiers = "anna anna", Status::Gap, "verified_by"),
    ("LOG-06", is_exempt, Status::Met, ""),
    ("LOG-06", |w| w.without.extend([EventField::ReferenceMatch]), Status::Gap, "event fields"),
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
    ("INC-01", |w| w.lacks("incident", "reported_at"), Status::Gap, "reported_at"),
    ("INC-01", |w| w.says("incident", "harm_class", "widespread"), Status::Conflict, "reported_at"),
    ("INC-01", |w| w.says("incident", "harm_class", "Death"), Status::Gap, "harm_class"),
    ("INC-01", |w| w.says("incident", "time", ago(8)), Status::Conflict, "time"),
    ("INC-01", |w| w.says("incident", "reported_at", ago(12)), Status::Conflict, "reported_at"),
    ("INC-01", |w| w.says("incident", "declared_serious", false), Status::NotApplicable, ""),
    ("INC-02", |w| w.is_held = false, Status::Gap, "hold"),
    ("INC-02", |w| w.says("incident", "time", ago(11)), Status::Gap, "authority_informed_at"),
    ("INC-03", |w| w.lacks("incident", "corrective_at"), Status::Gap, "corrective_at"),
    ("CNF-01", |w| w.loses("eu_declaration"), Status::Gap, "eu_declaration"),
    ("CNF-01", |w| w.says("eu_declaration", "time", ago(140)), Status::Conflict, "time"),
    (
        "CNF-01",
        |w| w.says("system", "conformity_route", "none"),
        Status::Conflict,
        "conformity_route",
    ),
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
    ("GPA-01", |w| w.loses("copyright_policy"), Status::Gap, "copyright_policy"),
    ("GPA-01", |w| w.lacks("model", "gpai"), Status::Undeclared, "gpai"),
];

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
fn another_was_declared_there(world: &mut World) {
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
