//! The report of a small bank, in the order of Annex IV: as it is written, with hostile names, without a
//! system, and the same whatever the order of recording.

#[path = "forty/world.rs"]
#[expect(dead_code, reason = "the rules' tests spoil the bank in more ways")]
mod world;

use expect_test::expect_file;
use lineal_engine::schema::{Kind, Relation};
use lineal_evidence::report::{Block, Document, Error, Gap, Lack, Section, annex_iv};
use lineal_evidence::rules::Pack;
use lineal_query::StoreView;
use world::{World, ago, key};

/// The report of a node of a bank.
fn made(world: &World, kind: Kind, name: &str) -> Result<Document, Error> {
    let store = world.store();
    let view = StoreView::new(std::sync::Arc::clone(&store)).unwrap();
    let node = view.snapshot().node_with_key(kind, &key(kind, name)).unwrap();
    annex_iv(&store, &view, node)
}

fn of_system(world: &World) -> Document {
    made(world, Kind::System, "credit").unwrap_or_else(|error| panic!("{error}"))
}

/// Everything that lacks, of a section and those below it.
fn gaps(section: &Section) -> Vec<&Gap> {
    let mut all: Vec<&Gap> = Vec::new();
    for block in &section.blocks {
        if let Block::Gaps(gaps) = block {
            all.extend(gaps);
        }
    }
    all.extend(section.sections.iter().flat_map(gaps));
    all
}

/// The section of a point.
fn point<'a>(document: &'a Document, heading: &str) -> &'a Section {
    document.sections.iter().find(|section| section.heading.starts_with(heading)).unwrap()
}

/// Markdown without what is escaped and what stands in code: what is left has a meaning.
fn without_escapes(markdown: &str) -> String {
    let mut bare = String::new();
    let mut letters = markdown.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else {
            bare.push(letter);
        }
    }
    bare.split('`').step_by(2).collect()
}

/// A bank with a gap, a conflict, a silence, a decision that came late, and something undeclared.
fn spoiled() -> World {
    let mut world = World::whole();
    world.lacks("system", "provider");
    world.loses("risk_management");
    world.says("approval", "time", ago(2));
    world.says("evaluation", "model_digest", "sha256:other");
    world.lacks("train", "special_categories");
    world
}

/// And a silence in its log. The salts of a log are random, and so is the revision of its batch, which
/// is named here.
fn silent() -> World {
    let mut world = spoiled();
    world.silent = 10..20;
    world
}

#[test]
fn the_report_of_a_small_bank_as_it_is_written() {
    // The digest of the rules is that of their file.
    let digest = Pack::eu_ai_act().unwrap().digest.to_string();
    let text = of_system(&spoiled()).to_markdown(None).replace(&digest, "DIGEST");
    expect_file!["report/annex-iv.md"].assert_eq(&text);
}

#[test]
fn what_lacks_stands_at_its_point() {
    let document = of_system(&silent());
    let has = |heading: &str, lack: Lack, rule: &str| {
        let found = gaps(point(&document, heading));
        let is_it = |gap: &&&Gap| {
            gap.lack == lack && gap.rule.as_deref().is_some_and(|it| it.starts_with(rule))
        };
        assert!(found.iter().any(|gap| is_it(&gap)), "{heading}: {rule}");
    };
    has("1. ", Lack::Gap, "SYS-01");
    has("2. ", Lack::Conflict, "PRF-01");
    has("2. ", Lack::Gap, "OVR-01");
    has("2. ", Lack::Undeclared, "DAT-05");
    has("5. ", Lack::Gap, "RSK-01");
    has("Logs", Lack::Gap, "LOG-04");
    // The whole bank lacks nothing of this.
    let whole = of_system(&World::whole());
    let rules = whole.sections.iter().flat_map(gaps).filter(|gap| gap.rule.is_some());
    assert_eq!(rules.count(), 0);
}

#[test]
fn a_silence_is_drawn_and_told() {
    let document = of_system(&silent());
    let pictures = document.pictures();
    let coverage = pictures.iter().find(|picture| picture.name == "coverage").unwrap();
    let words: Vec<String> = coverage.words.iter().map(|it| it.plain()).collect();
    let words = words.join("\n");
    assert!(words.contains("no loss and no downtime recorded"), "{words}");
    assert!(coverage.svg.contains("<title"), "{}", coverage.svg);
    assert!(coverage.svg.contains("url(#coverage-hatch)"), "{}", coverage.svg);
}

#[test]
fn a_hostile_name_is_letters_in_every_form() {
    let hostile = "<script>alert(1)</script>|x\n- y [a](javascript:b) \u{202e}";
    let mut world = World::whole();
    world.says("system", "intended_purpose", hostile);
    world.says("model", "stage", hostile);
    world.gains((Kind::Dataset, hostile), &[("digest", "sha256:d".into())], &[]);
    world.links("run", Relation::TrainedOn, Kind::Dataset, hostile);
    let document = of_system(&world);
    let html = document.to_html();
    assert!(html.contains("&lt;script&gt;alert(1)"), "{html}");
    assert!(!html.contains("<script"), "{html}");
    assert!(!html.contains('\u{202e}'), "{html}");
    let markdown = document.to_markdown(None);
    let bare = without_escapes(&markdown);
    assert!(!bare.contains("<script"), "{bare}");
    assert!(!bare.contains("](javascript"), "{bare}");
    for table in markdown.split("\n\n").filter(|block| block.starts_with('|')) {
        let bars = |line: &str| line.replace("\\|", "").matches('|').count();
        let wanted = bars(table.lines().next().unwrap_or_default());
        for line in table.lines() {
            assert_eq!(bars(line), wanted, "{line}");
        }
    }
}

#[test]
fn without_a_system_nothing_is_said_of_the_rules() {
    let mut world = World::whole();
    world.cuts("deployment", Relation::BelongsTo);
    let document = made(&world, Kind::Model, "2").unwrap();
    let found = gaps(point(&document, "1. "));
    assert!(found.iter().any(|gap| gap.lack == Lack::CannotTell), "{found:?}");
    assert!(document.to_markdown(None).contains("none could be evaluated"));
    let all: Vec<&Gap> = document.sections.iter().flat_map(gaps).collect();
    assert!(all.iter().all(|gap| gap.rule.is_none()), "no rule was evaluated");
}

#[test]
fn a_model_and_a_deployment_have_a_report_and_a_data_set_has_none() {
    let model = made(&World::whole(), Kind::Model, "2").unwrap();
    assert!(model.title.contains("model:"), "{}", model.title);
    assert!(model.pictures().len() >= 3);
    made(&World::whole(), Kind::Deployment, "2").unwrap();
    let error = made(&World::whole(), Kind::Dataset, "train").unwrap_err();
    assert!(matches!(error, Error::WrongKind { .. }), "{error}");
}

#[test]
fn the_order_of_recording_does_not_show() {
    let world = spoiled();
    let mut other = world.clone();
    other.is_backwards = true;
    assert_eq!(of_system(&world).to_html(), of_system(&other).to_html());
}

#[test]
fn a_pack_gives_each_name_the_path_of_its_proof() {
    let mut document = of_system(&World::whole());
    document.link_proofs(&mut |node| node.revision.as_ref().map(|id| format!("proofs/{id}.json")));
    let html = document.to_html();
    for node in document.references().into_iter().filter(|node| node.revision.is_some()) {
        let revision = node.revision.as_deref().unwrap_or_default();
        assert!(html.contains(&format!("href=\"proofs/{revision}.json\"")), "{}", node.name);
    }
    assert!(document.to_markdown(None).contains("([proof](proofs/"));
}
