//! What comes again, or for the first time in an older copy, of what was decided about; and rows that do not
//! count.

use super::{folder, holding, lines, with_words};
use crate::program::{DATABASE, Folder};
use serde_json::json;

/// A line of an event with one attribute more.
fn richer(number: u32) -> String {
    lines(number..number + 1).replace("\"art12\":{", "\"art12\":{\"output\":{\"confidence\":0.5},")
}

#[test]
fn what_was_erased_behind_an_older_copy_is_not_brought_back_by_catching_up() {
    let folder = Folder::with(&[DATABASE]);
    let import = |store: &str, lines: String| {
        let run = folder.run_with(&["--store", store, "--json", "import", "-"], lines.as_bytes());
        assert_eq!(run.code, 0, "{run:?}");
        run.json()["counts"].clone()
    };
    assert_eq!(import(".lineal", lines(0..4))["accepted"], 4);
    folder.done(&["backup", "copy", "--with-keys", "copy.keys"]);
    assert_eq!(import(".lineal", lines(4..8))["accepted"], 4);
    folder.done(&with_words(&["erase", "event", "e5"], &[]));
    folder.done(&with_words(&["erase", "event", "e6"], &["--restrict"]));
    let put = ["restore", "copy", "--with-keys", "copy.keys", "--erasures-of", ".lineal"];
    let told = folder.run(&[&put[..], &["back"]].concat());
    assert_eq!(told.code, 5, "{told:?}");
    assert!(told.out.contains("1 erasure since were done again"), "{told:?}");
    assert!(told.out.contains("not done: restricted in commit"), "{told:?}");
    assert!(told.out.contains("(R-117): 1 row not in the copy"), "{told:?}");
    let json = folder.run(&[&put[..], &["other", "--json"]].concat());
    assert_eq!((json.code, &json.json()["erased_again"]), (5, &json!(1)), "{json:?}");
    assert_eq!(json.json()["not_done"][0]["rows"], 1, "{json:?}");
    let caught_up = import("back", lines(4..8));
    assert_eq!((&caught_up["accepted"], &caught_up["suppressed"]), (&json!(3), &json!(1)));
    assert_eq!(folder.run(&["--store", "back", "trace", &"05".repeat(32)]).code, 2);
    assert_eq!(folder.run(&["--store", "back", "verify"]).code, 0);
}

#[test]
fn an_older_copy_is_put_back_with_the_file_of_keys_that_was_replaced_since() {
    let folder = folder();
    folder.done(&["backup", "old", "--with-keys", "my.keys"]);
    folder.done(&with_words(&["erase", "event", "e3"], &[]));
    folder.done(&["backup", "new", "--with-keys", "my.keys"]);
    let put = ["restore", "old", "back", "--with-keys", "my.keys"];
    let told = folder.run(&put);
    assert!(told.code == 3 && told.err.contains("name with --erasures-of a state"), "{told:?}");
    assert!(!told.err.contains("is damaged"), "{told:?}");
    let done = folder.done(&[&put[..], &["--erasures-of", ".lineal", "--json"]].concat()).json();
    assert_eq!(done["erased_again"], 1, "{done}");
    assert_eq!(folder.run(&["--store", "back", "trace", &"03".repeat(32)]).code, 2);
    folder.done(&["--store", "back", "trace", &"04".repeat(32)]);
    assert_eq!(folder.run(&["--store", "back", "verify"]).code, 0);
}

#[test]
fn a_restricted_event_that_comes_with_one_attribute_more_is_not_shown() {
    let folder = folder();
    folder.done(&with_words(&["erase", "event", "e3"], &["--restrict"]));
    let run = folder.run_with(&["--json", "import", "-"], richer(3).as_bytes());
    assert_eq!(run.code, 0, "{run:?}");
    let question = "find inference as i where i.event_id = \"e3\" return i.event_id";
    let asked = folder.done(&["--json", "query", question]).json();
    let state = &asked["completeness"]["state"];
    assert_eq!((&asked["rows"], state), (&json!([]), &json!("cannot_tell")), "{asked}");
    folder.done(&with_words(&["erase", "event", "e3"], &["--lift"]));
    let asked = folder.done(&["--json", "query", question]).json();
    assert_eq!(asked["rows"], json!([["e3"]]), "{asked}");
}

#[test]
fn a_hash_that_only_a_row_has_that_does_not_count_is_told_and_erased() {
    let folder = folder();
    let (old, new) = ("03".repeat(32), "0a".repeat(32));
    let run = folder.run_with(&["--json", "import", "-"], richer(3).replace(&old, &new).as_bytes());
    assert_eq!(run.code, 0, "{run:?}");
    for command in ["show", "trace"] {
        let told = folder.run(&[command, &old]);
        assert!(
            told.code == 2
                && told.err.contains("no event that counts has")
                && told.err.contains("inference:e3"),
            "{told:?}"
        );
    }
    let erase = ["--json", "erase", "event", &old];
    let rehearsed = folder.done(&with_words(&erase, &["--dry-run"])).json();
    assert_eq!((&rehearsed["rows"], &rehearsed["commit"]), (&json!(2), &json!(null)));
    let done = folder.done(&with_words(&erase, &[])).json();
    assert_eq!(done["rows"], 2, "{done}");
    for bytes in [[3_u8; 32], [10; 32]] {
        assert_eq!(holding(&folder, &bytes), Vec::<String>::new());
    }
    assert_eq!(folder.run(&["verify"]).code, 0);
}
