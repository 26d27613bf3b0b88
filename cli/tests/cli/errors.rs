//! Errors as letters to a tired person, each with its exit code.

use crate::program::{ARCHIVE, DATABASE, Folder, HASH, fixture};
use expect_test::{Expect, expect};

fn check(folder: &Folder, arguments: &[&str], expected: &Expect) {
    expected.assert_eq(&folder.run(arguments).all());
}

fn full() -> Folder {
    Folder::with(&[DATABASE, ARCHIVE])
}

#[test]
fn where_there_is_no_store() {
    let folder = Folder::new();
    let expected = expect![[r#"
        [2]
        error: no store here: no .lineal in this folder or above it
          `lineal init` makes one, `--store DIR` or LINEAL_STORE names another, `lineal demo` shows what it is for
    "#]];
    expected.assert_eq(&folder.run(&["stats"]).all());
    let said = folder.run(&["stats"]).all();
    for command in [["imports"].as_slice(), &["verify"], &["query", "find model"], &["rebuild"]] {
        assert_eq!(folder.run(command).all(), said, "{command:?}");
    }
    check(
        &folder,
        &["--store", "nowhere", "stats"],
        &expect![[r#"
        [2]
        error: no store at nowhere; `lineal init nowhere` makes one
    "#]],
    );
    check(
        &folder,
        &["--store", "nowhere", "import", "."],
        &expect![[r#"
        [2]
        error: no store at nowhere; `lineal init nowhere` makes one
    "#]],
    );
}

#[test]
fn a_store_is_made_once() {
    let folder = Folder::new();
    let run = folder.done(&["init", "here"]);
    assert!(run.out.starts_with("new store ") && run.out.contains(" in here\n"), "{}", run.out);
    check(
        &folder,
        &["init", "here"],
        &expect![[r#"
        [2]
        error: here is not empty; a store is made in a new or empty folder
    "#]],
    );
    folder.write("full/file", "x");
    check(
        &folder,
        &["init", "full"],
        &expect![[r#"
        [2]
        error: full is not empty; a store is made in a new or empty folder
    "#]],
    );
}

#[test]
fn a_store_that_is_being_written_says_by_whom_and_since_when() {
    let folder = full();
    let store = folder.path().join(".lineal");
    let _held = lineal_engine::Store::open(&store, lineal_engine::Options::default()).unwrap();
    let run = folder.run(&["import", &fixture(ARCHIVE).display().to_string()]);
    assert_eq!(run.code, 2);
    let holder =
        format!("error: the store is being written by process {} since ", std::process::id());
    let since = run.err.strip_prefix(&holder).unwrap_or_else(|| panic!("{}", run.err));
    let (day, time) = (since.get(..10).unwrap(), since.get(10..20).unwrap());
    assert_eq!(day.matches('-').count(), 2, "{since}");
    assert!(time.starts_with(' ') && time.ends_with('Z') && time.contains(':'), "{since}");
    assert!(run.err.contains("reading is possible meanwhile"), "{}", run.err);
    // And so it is.
    folder.done(&["stats"]);
    folder.done(&["trace", HASH]);
}

#[test]
fn a_command_that_writes_waits_for_one_that_only_notes_itself() {
    let folder = full();
    let store = folder.path().join(".lineal");
    let held = lineal_engine::Store::open(&store, lineal_engine::Options::default()).unwrap();
    let ends = std::thread::spawn(move || {
        // As long as a command takes to note itself, and less than is waited for one holder.
        std::thread::sleep(std::time::Duration::from_millis(100));
        drop(held);
    });
    folder.done(&["import", &fixture(ARCHIVE).display().to_string()]);
    ends.join().unwrap();
}

#[test]
fn nothing_that_can_be_imported() {
    let folder = Folder::with(&[]);
    folder.write("notes/todo.txt", "buy milk");
    check(
        &folder,
        &["import", "notes"],
        &expect![[r#"
            [2]
            error: nothing recognised under notes
              looked for: an MLflow database (mlflow.db), a folder mlruns/, bodies of the MLflow REST API,
              a folder of mlflow-export-import, events of OpenLineage, ClearML (zip, JSON), dvc.lock, *.dvc, in-toto and SLSA,
              CycloneDX, SPDX 3, Croissant, PROV-JSON, W&B exports, monitors and audit events of Datadog,
              Datadog log archives (dt=*/hour=*/*.json.gz), NDJSON, pages of the Logs API
              it holds todo.txt
        "#]],
    );
    check(
        &folder,
        &["import", "notes/todo.txt"],
        &expect![[r#"
            [2]
            error: nothing recognised under notes/todo.txt
              looked for: an MLflow database (mlflow.db), a folder mlruns/, bodies of the MLflow REST API,
              a folder of mlflow-export-import, events of OpenLineage, ClearML (zip, JSON), dvc.lock, *.dvc, in-toto and SLSA,
              CycloneDX, SPDX 3, Croissant, PROV-JSON, W&B exports, monitors and audit events of Datadog,
              Datadog log archives (dt=*/hour=*/*.json.gz), NDJSON, pages of the Logs API
              todo.txt begins like none of these; `--as FORM` takes it as one (mlflow-sqlite, mlflow-file, mlflow-rest, mlflow-export-import, openlineage, clearml, dvc, in-toto, cyclonedx, spdx3, croissant, prov-json, wandb, datadog-watch, datadog)
        "#]],
    );
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    check(
        &folder,
        &["import", "empty"],
        &expect![[r#"
            [2]
            error: nothing recognised under empty
              looked for: an MLflow database (mlflow.db), a folder mlruns/, bodies of the MLflow REST API,
              a folder of mlflow-export-import, events of OpenLineage, ClearML (zip, JSON), dvc.lock, *.dvc, in-toto and SLSA,
              CycloneDX, SPDX 3, Croissant, PROV-JSON, W&B exports, monitors and audit events of Datadog,
              Datadog log archives (dt=*/hour=*/*.json.gz), NDJSON, pages of the Logs API
              the folder is empty
        "#]],
    );
    check(
        &folder,
        &["import", "absent"],
        &expect![[r#"
        [2]
        error: absent is not there
    "#]],
    );
    folder.write("art/0/4cf1/artifacts/model/MLmodel", "flavors: {}");
    check(
        &folder,
        &["import", "art"],
        &expect![[r#"
        [2]
        error: art holds artifacts but no metadata (no meta.yaml): the experiments and runs are in the tracking server's database; point to its .db file, for example mlflow.db
    "#]],
    );
    folder.write("invoices.db", empty_database());
    check(
        &folder,
        &["import", "invoices.db"],
        &expect![[r#"
        [2]
        error: invoices.db is a SQLite database, but not MLflow's: it has no tables `experiments` and `runs`; found no table at all
    "#]],
    );
    check(
        &folder,
        &["import", "-", "notes"],
        &expect![[r#"
        [2]
        error: `-` stands alone: import files in a call of their own
    "#]],
    );
    // None of these left anything behind.
    expect![[r#"
        no imports yet: lineal import PATH...
    "#]]
    .assert_eq(&folder.done(&["imports"]).out);
}

/// A SQLite database without a table: one page, written by hand.
fn empty_database() -> Vec<u8> {
    let mut page = vec![0_u8; 4096];
    page[..16].copy_from_slice(b"SQLite format 3\0");
    page[16..24].copy_from_slice(&[0x10, 0, 1, 1, 0, 64, 32, 32]);
    page[27] = 1;
    page[31] = 1;
    page[47] = 4;
    page[59] = 1;
    page[95] = 1;
    page[100] = 0x0d;
    page[105] = 0x10;
    page
}

#[test]
fn a_gzip_file_that_was_cut() {
    let folder = Folder::with(&[]);
    let path =
        "dt=20251103/hour=14/archive_141503.5016.7fde230e-c506-4316-9772-79a382fb4233.json.gz";
    let bytes = std::fs::read(fixture(ARCHIVE).join(path)).unwrap();
    folder.write("cut.json.gz", &bytes[..bytes.len() / 2]);
    check(
        &folder,
        &["import", "cut.json.gz"],
        &expect![[r#"
            [5]
            import:1, 1 commit in T s
             from          source and form        files   read   accepted   duplicate   rejected   skipped
            ───────────────────────────────────────────────────────────────────────────────────────────────
             cut.json.gz   datadog datadog-logs   1       73     72         0           1          0
            recorded: 3 actors, 2 deployments, 1 system, 72 events
            rejected cut.json.gz: ends at byte 13901 in the middle of its gzip data; the 72 whole lines before were read; fetch the file again, or keep what was read
            2 nodes referred to and not imported: model:credit-risk-scorer@2, model:credit-risk-scorer@3 (`lineal stats` says what would bring them)
            what you can ask now:
              lineal trace cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504
              lineal query 'find model upstream of deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:2'
            imported in part: 1 damaged file, of which only what could be read is in the store: cut.json.gz
        "#]],
    );
    folder.write("other/cut.json.gz", &bytes[..bytes.len() / 3]);
    check(
        &folder,
        &["import", "--strict", "other/cut.json.gz"],
        &expect![[r#"
            [1]
            error: 1 rejected under --strict; nothing was imported. The first: cut.json.gz: ends at byte 9267 in the middle of its gzip data; the 46 whole lines before were read; fetch the file again, or keep what was read
        "#]],
    );
}

#[test]
fn more_rejects_than_events() {
    let folder = Folder::with(&[]);
    let log = r#"{"_id":"1","date":"2026-03-01T00:00:00Z","message":"m"}"#;
    folder.write("bad.ndjson", format!("{log}\n{}", "{\"_id\":\n".repeat(7)));
    check(
        &folder,
        &["import", "bad.ndjson"],
        &expect![[r#"
            [5]
            import:1, 1 commit in T s
             from         source and form        files   read   accepted   duplicate   rejected   skipped
            ──────────────────────────────────────────────────────────────────────────────────────────────
             bad.ndjson   datadog datadog-logs   1       8      0          0           7          1
            skipped 1: no event: none of the mapping's marks
            rejected bad.ndjson, line 2, byte 56: the line is no whole JSON value: it ends at byte 7: expected a value
            rejected bad.ndjson, line 3, byte 64: the line is no whole JSON value: it ends at byte 7: expected a value
            rejected bad.ndjson, line 4, byte 72: the line is no whole JSON value: it ends at byte 7: expected a value
            rejected bad.ndjson, line 5, byte 80: the line is no whole JSON value: it ends at byte 7: expected a value
            rejected bad.ndjson, line 6, byte 88: the line is no whole JSON value: it ends at byte 7: expected a value
            rejected 2 more; --json lists them
            more than half was rejected: `lineal import --explain-mapping` shows what the lines hold
            nothing of bad.ndjson could be read
        "#]],
    );
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let locked = folder.path().join("locked");
    std::fs::create_dir(&locked).unwrap();
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(locked.join("probe"), "x").is_ok() {
        use std::io::Write as _;
        let _ = std::io::stderr().write_all(
            b"skipped: a folder that cannot be written: this user may write everywhere\n",
        );
        return;
    }
    let run = folder.run(&["init", "locked/store"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("locked/store") && run.err.contains("denied"), "{}", run.err);
}

#[test]
fn keys_that_a_shell_ate() {
    let folder = full();
    check(
        &folder,
        &["query", "find dataset upstream of inference:"],
        &expect![[r#"
        [2]
        error: P001 at 1:26: the key after `inference:` is empty
          find dataset upstream of inference:
                                   ^^^^^^^^^^ a shell takes `$name` in double quotes for its own: put the query in single quotes, or give the key with `--param`; a key with blanks is written in quotes
    "#]],
    );
    check(
        &folder,
        &["trace", "inference:"],
        &expect![[r#"
        [2]
        error: empty key after `inference:`; use single quotes round it (in double quotes the shell takes $name for a variable of its own)
    "#]],
    );
    check(
        &folder,
        &["show", "model:"],
        &expect![[r#"
        [2]
        error: empty key after `model:`; use single quotes round it (in double quotes the shell takes $name for a variable of its own)
    "#]],
    );
}

#[test]
fn hashes_and_names_that_nothing_has() {
    let folder = full();
    let hash = "00".repeat(32);
    check(
        &folder,
        &["trace", &hash],
        &expect![[r#"
        [2]
        error: no event has 0000000000000000000000000000000000000000000000000000000000000000
          searched: input hash (every algorithm), event id, request id, log id of 300 events, 2025-11-03 14:00:00 to 14:49:50Z
          hashes are compared byte by byte: another canonical form of the same input has another hash
    "#]],
    );
    check(
        &folder,
        &["query", "find dataset upstream of inference:$h", "--param", &format!("h={hash}")],
        &expect![[r#"
            [2]
            error: R001 at 1:26: no event is recorded with the hash or id `0000000000000000000000000000000000000000000000000000000000000000`
              find dataset upstream of inference:$h
                                       ^^^^^^^^^^^^ searched: indexed hashes, request, event and log ids of 4 batches from 2025-11-03T14:00:00Z to 2025-11-03T14:49:50.299Z
        "#]],
    );
    check(
        &folder,
        &["show", "credit-risk-score"],
        &expect![[r#"
        [2]
        error: nothing is called credit-risk-score
          did you mean model:credit-risk-scorer@1, model:credit-risk-scorer@2, model:credit-risk-scorer@3, model:credit-risk-scorer@4, model:credit-risk-scorer@5?
    "#]],
    );
    check(
        &folder,
        &["show", "model:credit-risk-scorer@77"],
        &expect![[r#"
        [2]
        error: nothing is called model:credit-risk-scorer@77
          did you mean model:credit-risk-scorer@1, model:credit-risk-scorer@2, model:credit-risk-scorer@3, model:credit-risk-scorer@4, model:credit-risk-scorer@5?
    "#]],
    );
    check(
        &folder,
        &["show", "#aaaaaa"],
        &expect![[r#"
        [2]
        error: nothing is called #aaaaaa
          `lineal stats` shows what the store holds
    "#]],
    );
    let empty = Folder::with(&[]);
    check(
        &empty,
        &["trace", &hash],
        &expect![[r#"
        [2]
        error: no event has 0000000000000000000000000000000000000000000000000000000000000000: the store holds no events
          `lineal import DIR` brings log archives
    "#]],
    );
}

#[test]
fn names_that_several_things_have() {
    let folder = full();
    check(
        &folder,
        &["trace", "credit-risk-scorer"],
        &expect![[r#"
        [2]
        error: credit-risk-scorer fits 5 nodes; name one:
          model:credit-risk-scorer@1
          model:credit-risk-scorer@2
          model:credit-risk-scorer@3
          model:credit-risk-scorer@4
          model:credit-risk-scorer@5
    "#]],
    );
    // Two registries with the same name and version.
    let file = fixture("mlflow-2.9-file/mlruns").display().to_string();
    folder.done(&["import", "--source", "lab", &file]);
    check(
        &folder,
        &["trace", "model:credit-risk-scorer@2"],
        &expect![[r#"
        [2]
        error: model:credit-risk-scorer@2 fits 2 nodes; name one:
          model:lab/credit-risk-scorer@2
          model:mlflow-2af522de/credit-risk-scorer@2
    "#]],
    );
    check(
        &folder,
        &["query", "trace model:credit-risk-scorer@2 to dataset"],
        &expect![[r#"
        [2]
        error: R002 at 1:7: `credit-risk-scorer@2` fits 2 nodes
          trace model:credit-risk-scorer@2 to dataset
                ^^^^^^^^^^^^^^^^^^^^^^^^^^ write one of: model:lab/credit-risk-scorer@2, model:mlflow-2af522de/credit-risk-scorer@2
    "#]],
    );
    folder.done(&["trace", "model:lab/credit-risk-scorer@2"]);
}

#[test]
fn wrong_zones_parameters_times_and_numbers() {
    let folder = full();
    check(
        &folder,
        &["--tz", "Mars/Olympus", "stats"],
        &expect![[r#"
        [2]
        error: --tz Mars/Olympus: failed to find time zone `Mars/Olympus` in time zone database; names look like Europe/Berlin or UTC
    "#]],
    );
    check(
        &folder,
        &["query", "find model", "--param", "x=1"],
        &expect![[r#"
        [2]
        error: the question has no parameter $x; it has none
    "#]],
    );
    check(
        &folder,
        &["query", "find model where name = $n", "--param", "m=1"],
        &expect![[r#"
        [2]
        error: the question has no parameter $m; it has n
    "#]],
    );
    check(
        &folder,
        &["query", "find model where name = $n"],
        &expect![[r#"
        [2]
        error: R003 at 1:25: `$n` has no value
          find model where name = $n
                                  ^^ give it with `--param n=…`
    "#]],
    );
    check(
        &folder,
        &["query", "find model where name = $n", "--param", "n"],
        &expect![[r#"
        [2]
        error: n: write name=value
    "#]],
    );
    check(
        &folder,
        &["query", "find model where name = $n", "--param-json", "n={"],
        &expect![[r#"
            [2]
            error: --param-json n: EOF while parsing an object at line 1 column 1
        "#]],
    );
    check(
        &folder,
        &["import", "--observed-at", "yesterday", "x"],
        &expect![[r#"
        [2]
        error: yesterday is no time; write 2026-03-14 or 2026-03-14T09:00:00Z (without a zone it is UTC)
    "#]],
    );
    check(
        &folder,
        &["query", "-f", "absent.lql"],
        &expect![[r#"
        [2]
        error: absent.lql: No such file or directory (os error 2)
    "#]],
    );
    check(
        &folder,
        &["retract", "first"],
        &expect![[r#"
        [2]
        error: first is no import; write import:7 (`lineal imports` lists them)
    "#]],
    );
    check(
        &folder,
        &["retract", "import:99"],
        &expect![[r#"
        [2]
        error: no import 99; `lineal imports` lists them
    "#]],
    );
    check(
        &folder,
        &["alias", "scorer", "=", "credit-risk"],
        &expect![[r#"
        [2]
        error: credit-risk: write kind:key, such as model:prod/credit-risk or actor:anna@example.org
    "#]],
    );
    check(
        &folder,
        &["show", "--as-of", "99", "model:iris@1"],
        &expect![[r#"
        [2]
        error: no commit 99; the store holds 2
    "#]],
    );
}

#[test]
fn mistakes_in_a_question() {
    let folder = full();
    check(
        &folder,
        &["query", "find modell"],
        &expect![[r#"
        [2]
        error: P001 at 1:6: `modell` is not known here
          find modell
               ^^^^^^ did you mean `model`?
    "#]],
    );
    check(
        &folder,
        &["query", "find model where nme = \"x\""],
        &expect![[r#"
        [2]
        error: B002 at 1:18: model has no field `nme`
          find model where nme = "x"
                           ^^^ did you mean `name`?
    "#]],
    );
    check(
        &folder,
        &["--json", "query", "find modell"],
        &expect![[r#"
        [2]
        {"error":{"code":"P001","at":5,"end":11,"message":"`modell` is not known here","hint":"did you mean `model`?","replacement":"model"},"exit":2}
    "#]],
    );
    check(
        &folder,
        &["--json", "stats", "--store", "nowhere"],
        &expect![[r#"
        [2]
        {"error":{"message":"no store at nowhere; `lineal init nowhere` makes one"},"exit":2}
    "#]],
    );
}
