//! Events known again: by their ids, by their lines, in files that were uploaded or written again.

use lineal_engine::clock::SteppingClock;
use lineal_engine::storage::MemoryStorage;
use lineal_engine::{Options, Store};
use lineal_import::{ImportOptions, Limits, LoadedMapping, Progress, Report, import};
use lineal_proof::record::Counts;
use lineal_tests::log_lines::{Line, write};
use lineal_tests::place::Place;
use lineal_tests::sample;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A day, ns.
const DAY: i64 = 86_400_000_000_000;

struct Archive {
    folder: tempfile::TempDir,
}

impl Archive {
    fn new() -> Archive {
        Archive { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join("dt=20260301/hour=00").join(name)
    }

    fn write(&self, name: &str, lines: impl IntoIterator<Item = Line>) {
        write(&self.file(name), lines).unwrap();
    }
}

fn of(report: &Report) -> (u64, u64, u64) {
    let Counts { read, accepted, duplicate, .. } = report.counts();
    (read, accepted, duplicate)
}

fn events(place: &Place) -> u64 {
    place.column("find deployment return events").iter().map(|n| n.parse::<u64>().unwrap()).sum()
}

#[test]
fn of_a_file_that_was_rewritten_only_the_new_events_come() {
    let (place, archive) = (Place::new(), Archive::new());
    archive.write("archive_1.json", (0..20).map(Line::number));
    assert_eq!(of(&place.import(&[archive.path()])), (20, 20, 0));
    archive.write("archive_1.json", (0..30).map(Line::number));
    let report = place.import(&[archive.path()]);
    assert_eq!((of(&report), report.events), ((30, 10, 20), 10));
    assert_eq!(report.sources[0].files_known, 0);
    let [warning] = &report.sources[0].warnings[..] else { panic!("one warning") };
    assert_eq!(
        warning,
        "dt=20260301/hour=00/archive_1.json was imported before with other bytes (commit 1): it was rewritten since"
    );
    assert_eq!(events(&place), 30);
    for number in 0..30 {
        let hash = Line::number(number).hash();
        assert_eq!(place.answer("find inference:$h", &[("h", &hash)]).rows.len(), 1);
    }
    assert!(place.import(&[archive.path()]).brought_nothing());
}

#[test]
fn two_files_of_one_name_in_two_folders_are_not_taken_for_one() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let file = |day: &str| folder.path().join(day).join("export.json");
    write(&file("monday"), (0..5).map(Line::number)).unwrap();
    write(&file("tuesday"), (5..10).map(Line::number)).unwrap();
    place.import(&[&file("monday")]);
    let report = place.import(&[&file("tuesday")]);
    assert_eq!(
        report.sources[0].warnings,
        ["a file called export.json was imported before with other bytes (commit 1)"]
    );
    assert_eq!(events(&place), 10);
    // What another organisation, or a retracted import, called so has nothing to do with it.
    let elsewhere = ImportOptions { source: Some("other".to_owned()), ..ImportOptions::default() };
    write(&file("wednesday"), (10..15).map(Line::number)).unwrap();
    let report = place.import_with(&[&file("wednesday")], &elsewhere);
    assert_eq!(report.sources[0].warnings, [] as [&str; 0]);
    retract(&place, report.import.unwrap(), false);
    write(&file("thursday"), (15..20).map(Line::number)).unwrap();
    let report = place.import_with(&[&file("thursday")], &elsewhere);
    assert_eq!(report.sources[0].warnings, [] as [&str; 0]);
}

#[test]
fn the_same_bytes_under_another_name_are_known_and_the_same_events_are_duplicates() {
    let (place, archive) = (Place::new(), Archive::new());
    archive.write("archive_1.json", (0..20).map(Line::number));
    place.import(&[archive.path()]);
    std::fs::copy(archive.file("archive_1.json"), archive.file("archive_2.json")).unwrap();
    let report = place.import(&[archive.path()]);
    assert!(report.brought_nothing());
    assert_eq!((report.sources[0].files, report.sources[0].files_known), (2, 2));
    // The same events in another order are other bytes.
    archive.write("archive_3.json", (0..20).rev().map(Line::number));
    let report = place.import(&[archive.path()]);
    assert_eq!((of(&report), report.events), ((20, 0, 20), 0));
    assert_eq!(report.sources[0].warnings, [] as [&str; 0]);
    assert_eq!(events(&place), 20);
    // Both files stand for the events now: they live on when the first import is retracted.
    let mut transaction = place.store.begin(None, None).unwrap();
    transaction.add_retract(1, false, None).unwrap();
    transaction.commit().unwrap();
    assert_eq!(events(&place), 20);
}

#[test]
fn events_of_a_time_to_come_are_told() {
    let archive = Archive::new();
    archive.write("archive_1.json", (0..20).map(Line::number));
    // All are of the first of March 2026, and the sample's clock stands in 2023.
    let place = Place::new();
    let dry = ImportOptions { dry_run: true, ..ImportOptions::default() };
    for options in [dry, ImportOptions::default()] {
        let report = place.import_with(&[archive.path()], &options);
        let day = report.last_to_come.map(|last| last / DAY);
        assert_eq!((report.events, report.to_come, day), (20, 20, Some(20_513)), "{options:?}");
    }
    let again = place.import(&[archive.path()]);
    assert_eq!((again.to_come, again.last_to_come), (0, None), "nothing was taken");
    // Clocks differ: of tomorrow nothing is said.
    for (today, to_come) in [(20_511, 20), (20_512, 0), (20_513, 0)] {
        let clock = Arc::new(SteppingClock::starting_at(today * DAY));
        let options = Options { clock, ..sample::options() };
        let store = Store::create_on(Arc::new(MemoryStorage::new()), options).unwrap();
        let place = Place { store: Arc::new(store) };
        assert_eq!(place.import(&[archive.path()]).to_come, to_come, "{today}");
    }
}

#[test]
fn two_uploads_in_one_import_are_counted_once() {
    let (place, archive) = (Place::new(), Archive::new());
    archive.write("archive_1.json", (0..20).map(Line::number));
    archive.write("archive_2.json", (10..25).map(Line::number));
    let report = place.import(&[archive.path()]);
    assert_eq!((of(&report), report.events), ((35, 25, 10), 25));
    assert_eq!(events(&place), 25);
}

#[test]
fn without_ids_the_line_and_its_occurrence_are_the_identity() {
    let (place, archive) = (Place::new(), Archive::new());
    let nameless = |number| Line { event_id: None, log_id: None, ..Line::number(number) };
    // The same line twice is two events: nothing says that it is one.
    archive.write("archive_1.json", [1, 1, 2].map(nameless));
    let report = place.import(&[archive.path()]);
    assert_eq!((of(&report), report.events), ((3, 3, 0), 3));
    archive.write("archive_2.json", [1, 2, 1, 1, 3].map(nameless));
    let report = place.import(&[archive.path()]);
    assert_eq!((of(&report), report.events), ((5, 2, 3), 2), "a third 1, and a 3");
    let times = |number| {
        let hash = nameless(number).hash();
        place.answer("find inference:$h", &[("h", &hash)]).rows.len()
    };
    assert_eq!((times(1), times(2), times(3)), (3, 1, 1));
    assert_eq!(events(&place), 5);
}

#[test]
fn the_log_id_is_the_identity_where_there_is_no_event_id() {
    let (place, archive) = (Place::new(), Archive::new());
    let line = |number, second| Line { event_id: None, second, ..Line::number(number) };
    archive.write("archive_1.json", [line(1, 5), line(2, 5)]);
    assert_eq!(place.import(&[archive.path()]).events, 2);
    archive.write("archive_2.json", [line(2, 5), line(3, 5)]);
    assert_eq!(of(&place.import(&[archive.path()])), (2, 1, 1));
    assert_eq!(events(&place), 3);
}

fn retract(place: &Place, import: u64, restore: bool) {
    let mut transaction = place.store.begin(None, None).unwrap();
    transaction.add_retract(import, restore, None).unwrap();
    transaction.commit().unwrap();
}

#[test]
fn of_two_decisions_under_one_id_both_are_kept_and_one_counts() {
    let said = |decision| Line { decision, ..Line::number(7) };
    let hash = said("grant").hash();
    let decisions = |place: &Place| {
        let answer = place.answer("find inference:$h return decision", &[("h", &hash)]);
        answer.rows.iter().map(|row| answer.text(&row[0])).collect::<Vec<_>>()
    };
    let both = |place: &Place, report: &Report| {
        assert_eq!(report.conflicts, 1);
        assert_eq!(events(place), 2, "the other event and one of the two");
        assert_eq!(decisions(place).len(), 1);
        let kept = place.rows("find batch where outweighed > 0 return outweighed");
        assert_eq!(kept, [["1".to_owned()]]);
    };
    // In one file, in one import, in two imports.
    let (place, archive) = (Place::new(), Archive::new());
    archive.write("archive_1.json", [said("grant"), Line::number(8), said("reject")]);
    let report = place.import(&[archive.path()]);
    assert_eq!((of(&report), report.events), ((3, 3, 0), 2));
    both(&place, &report);

    let (place, archive) = (Place::new(), Archive::new());
    archive.write("archive_1.json", [said("grant"), Line::number(8)]);
    archive.write("archive_2.json", [said("reject")]);
    both(&place, &place.import(&[archive.path()]));

    // Which one counts does not depend on which came first, and a retraction gives way.
    let archive = Archive::new();
    archive.write("archive_1.json", [said("grant"), Line::number(8)]);
    archive.write("archive_2.json", [said("reject")]);
    let files = ["archive_1.json", "archive_2.json"].map(|name| archive.file(name));
    let (there, back) = (Place::new(), Place::new());
    there.import(&[&files[0]]);
    let report = there.import(&[&files[1]]);
    assert_eq!((of(&report), report.events), ((1, 1, 0), 0));
    both(&there, &report);
    back.import(&[&files[1]]);
    back.import(&[&files[0]]);
    assert_eq!(decisions(&there), decisions(&back));
    for (import, left) in [(1, "reject"), (2, "grant")] {
        retract(&there, import, false);
        assert_eq!(decisions(&there), [left], "without import {import}");
        retract(&there, import, true);
    }
    // Said a third time it is a duplicate of whichever said it before.
    archive.write("archive_3.json", [said("reject"), said("grant")]);
    assert_eq!(of(&there.import(&[archive.path()])), (2, 0, 2));
    assert_eq!(events(&there), 2);
}

#[test]
fn a_file_that_says_less_takes_nothing_away_from_a_deployment() {
    let line =
        |number, run| Line { model: "bare", version: Some("x"), run, ..Line::number(number) };
    let (place, archive) = (Place::new(), Archive::new());
    place.import_fixtures(&["mlflow-3.17-sqlite"]);
    // No version x of a model called so is registered: the run that the first file names decides.
    archive.write("archive_1.json", [line(1, Some("4cf1c180887a4e388881bec9652668c5"))]);
    archive.write("archive_2.json", [line(2, None)]);
    let ask = |place: &Place, number| {
        let hash = line(number, None).hash();
        let answer = place.answer("find dataset upstream of inference:$h", &[("h", &hash)]);
        (answer.rows.len(), answer.completeness.state())
    };
    place.import(&[&archive.file("archive_1.json")]);
    let before = ask(&place, 1);
    assert!(before.0 > 0, "{before:?}");
    place.import(&[&archive.file("archive_2.json")]);
    assert_eq!(ask(&place, 1), before, "what the first file said still holds");
    assert_eq!(ask(&place, 2), before, "and it holds for the deployment");
}

#[test]
fn rows_of_a_retracted_import_that_come_again_are_all_there() {
    let (place, archive) = (Place::new(), Archive::new());
    archive.write("archive_1.json", (0..10).map(Line::number));
    archive.write("archive_2.json", (5..15).map(Line::number));
    place.import(&[&archive.file("archive_1.json")]);
    place.import(&[&archive.file("archive_2.json")]);
    assert_eq!(events(&place), 15);
    retract(&place, 1, false);
    assert_eq!(events(&place), 10, "the second file vouches for what both hold");
    let again = place.import(&[&archive.file("archive_1.json")]);
    assert_eq!(of(&again), (10, 5, 5));
    assert_eq!(events(&place), 15);
    assert_eq!(place.column("find inference return event_id").len(), 15);
}

#[test]
fn lines_from_other_services_and_versions_are_deployments_of_their_own() {
    let (place, archive) = (Place::new(), Archive::new());
    let line = |number: u32| Line {
        service: format!("scorer-{}", number % 3),
        version: [Some("1"), Some("2"), None][number as usize / 3 % 3],
        ..Line::number(number)
    };
    archive.write("archive_1.json", (0..90).map(line));
    let report = place.import(&[archive.path()]);
    assert_eq!(report.nodes["deployment"], (9, 0));
    let rows = place.rows("find deployment return service, model_version, events");
    assert_eq!(rows.len(), 9);
    assert!(rows.iter().all(|row| row[2] == "10"), "{rows:?}");
    assert_eq!(rows.iter().filter(|row| row[1].is_empty()).count(), 3, "{rows:?}");
}

#[test]
fn a_file_that_is_known_under_another_source_or_mapping_is_passed_over_with_a_word() {
    let (place, archive) = (Place::new(), Archive::new());
    archive.write("archive_1.json", (0..20).map(Line::number));
    place.import(&[archive.path()]);
    let warning = |how: &str| {
        format!(
            "1 of the files are known from import:1 {how} and were passed over; to read them again, `lineal retract import:1` first"
        )
    };
    let elsewhere = ImportOptions { source: Some("other".to_owned()), ..ImportOptions::default() };
    let report = place.import_with(&[archive.path()], &elsewhere);
    assert!(report.brought_nothing());
    assert_eq!(report.sources[0].warnings, [warning("as of source `datadog`")]);

    let edited = archive.path().join("edited.toml");
    std::fs::write(&edited, "# Edited.\n").unwrap();
    let edited = LoadedMapping::read(&edited).unwrap();
    let paths = [archive.file("archive_1.json")];
    let again = || {
        let options = ImportOptions::default();
        import(&place.store, &paths, &options, &edited, &Progress::default()).unwrap()
    };
    let report = again();
    assert!(report.brought_nothing());
    assert_eq!(report.sources[0].warnings, [warning("under another mapping")]);
    assert_eq!((events(&place), report.sources[0].files_known), (20, 1));
    retract(&place, 1, false);
    let report = again();
    assert_eq!((events(&place), report.sources[0].warnings.len()), (20, 0));
}

#[test]
fn a_group_of_files_is_cut_where_its_nodes_are_many() {
    let archive = Archive::new();
    for number in 0..6 {
        let line = |line| Line { service: format!("service-{number}"), ..Line::number(line) };
        archive.write(&format!("archive_{number}.json"), (number * 5..number * 5 + 5).map(line));
    }
    let (place, whole) = (Place::new(), Place::new());
    // A system, a deployment and a batch a file, and the system is known after the first.
    let limits = Limits { transaction_nodes: 5, ..Limits::default() };
    let report =
        place.import_with(&[archive.path()], &ImportOptions { limits, ..ImportOptions::default() });
    assert_eq!((report.import, report.commits, report.events), (Some(1), 3, 30));
    whole.import(&[archive.path()]);
    assert_eq!(sample::answers(&place.view()), sample::answers(&whole.view()));
    retract(&place, 1, false);
    assert_eq!(events(&place), 0);
}

#[test]
fn a_reviewer_whom_logs_name_by_e_mail_has_one() {
    let (place, archive) = (Place::new(), Archive::new());
    let mut line: serde_json::Value = serde_json::from_str(&Line::number(1).json()).unwrap();
    line["attributes"]["art12"]["human_oversight"] =
        serde_json::json!({ "override": true, "actor": "anna@bank.example" });
    let path = archive.path().join("a.ndjson");
    std::fs::write(&path, format!("{line}\n")).unwrap();
    place.import(&[&path]);
    let anna = "anna@bank.example".to_owned();
    assert_eq!(place.rows("find actor return name, email"), [[anna.clone(), anna]]);
}

#[test]
fn pages_of_the_logs_api_of_version_1_are_logs_of_their_ids() {
    let place = Place::new();
    let event = |number: u64| {
        serde_json::json!({ "id": format!("AQ{number}"), "content": {
            "timestamp": "2026-03-01T00:00:00.000Z", "service": "credit-api", "host": "h", "message": "m",
            "tags": ["compliance.art12:true", "env:production"],
            "attributes": { "art12": { "event_id": format!("e{number}"), "timestamp": "2026-03-01T00:00:00Z",
                "system_id": "s", "model": { "name": "credit-risk", "version": "2" },
                "input": { "hash": "ab".repeat(32), "hash_algorithm": "sha256" } } } } })
    };
    let folder = tempfile::tempdir().unwrap();
    let page = |name: &str, first: &str, numbers: &[u64]| {
        let logs: Vec<_> = numbers.iter().map(|number| event(*number)).collect();
        let logs = serde_json::to_string(&logs).unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, format!("{{{first}\"logs\":{logs},\"requestId\":\"r\"}}")).unwrap();
        path
    };
    let one = page("1.json", "\"status\":\"done\",\"nextLogId\":null,", &[1, 2, 3]);
    let two = page("2.json", "", &[3, 4]);
    // Real answers beside them, in which no log is an event.
    let real = lineal_tests::place::fixture("datadog-logs-api-v1");
    let report = place.import(&[&one, &two, &real]);
    assert_eq!(of(&report), (15, 4, 1), "{report:?}");
    assert_eq!(report.counts().skipped, 10);
    assert_eq!(events(&place), 4);
    // A page that names the next one is told, and what is known of it is not.
    let cut = page("4.json", "\"status\":\"done\",\"nextLogId\":\"AQ5\",", &[4]);
    let report = place.import(&[&cut]);
    assert_eq!(of(&report), (1, 0, 1));
    let told = &report.sources[0].warnings;
    assert!(told.len() == 1 && told[0].contains("`nextLogId`"), "{told:?}");
    // A log whose first member is called as one of a page is none.
    let line = folder.path().join("3.json");
    std::fs::write(
        &line,
        "{\"status\":\"done\",\"message\":\"m\",\"date\":\"2026-03-01T00:00:00Z\"}\n",
    )
    .unwrap();
    assert_eq!(of(&place.import(&[&line])), (1, 0, 0));
}

#[test]
fn a_table_of_the_log_explorer_is_read_by_its_columns() {
    let place = Place::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("extract.csv");
    let line = |number: u32| {
        format!(
            "2026-03-01T00:00:0{number}.000Z,h,credit-api,\"said \"\"yes\"\",\nthen\",e{number},credit-risk,2,{},true\n",
            "cd".repeat(32)
        )
    };
    let mut text = "Date,Host,Service,Content,@ai.event_id,@ai.model.name,@ai.model.version,@ai.input.hash,@compliance.art12\n".to_owned();
    text += &(0..3).map(line).collect::<String>();
    text += "2026-03-01T00:00:09Z,too,few\n";
    text += &line(3);
    std::fs::write(&path, &text).unwrap();
    let report = place.import(&[folder.path()]);
    let counts = report.counts();
    assert_eq!((counts.read, counts.accepted, counts.rejected), (5, 4, 1), "{report:?}");
    let reject = &report.sources[0].rejects[0];
    let before = text.split("2026-03-01T00:00:09Z").next().unwrap();
    // By lines of the file: each row before it has two.
    assert_eq!((reject.at.line, reject.at.byte), (8, before.len() as u64), "{reject:?}");
    assert_eq!(reject.reason, "the row has 3 columns where the header has 9");
    assert_eq!(events(&place), 4);
    assert!(place.import(&[folder.path()]).brought_nothing());
    // Exported again with a line more: what is known is known.
    std::fs::write(&path, text + &line(4)).unwrap();
    assert_eq!(of(&place.import(&[&path])), (6, 1, 4));
}
