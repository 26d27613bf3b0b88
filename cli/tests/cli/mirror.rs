//! `lineal mirror`: from a folder, and over HTTP from a live server while imports go on.

use crate::program::{ARCHIVE, DATABASE, Folder};
use crate::serve::Serving;
use std::sync::atomic::{AtomicBool, Ordering};

const QUESTION: &str = "find dataset upstream of model:credit-risk-scorer@3 return it, name";

#[test]
fn a_folder_is_mirrored_asked_and_repaired_from() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    folder.done(&["checkpoint"]);
    let made = folder.done(&["mirror", ".lineal", "mirror"]);
    assert!(
        made.out.contains("up to commit 3") && made.out.contains("signed up to commit 3"),
        "{made:?}"
    );
    let asked = folder.done(&["query", QUESTION]).out;
    assert_eq!(folder.done(&["query", "--store", "mirror", QUESTION]).out, asked);
    let checked = folder.run(&["verify", "--store", "mirror"]);
    assert!(checked.code == 0 && checked.out.contains("no fault found"), "{checked:?}");
    assert!(!folder.path().join("mirror/keys").exists());
    folder.done(&["backup", "mirror", "--check"]);
    let again = folder.done(&["mirror", ".lineal", "mirror", "--json"]).json();
    assert_eq!(
        (&again["was"], &again["commit"], &again["containers"]),
        (&3.into(), &3.into(), &0.into())
    );
    assert_eq!(again["signed"], 3);
    let segment = folder.path().join(".lineal/segments/00000001.seg");
    let mut bytes = std::fs::read(&segment).expect("the segment");
    bytes[300] ^= 1;
    std::fs::write(&segment, bytes).expect("damaged");
    assert_eq!(folder.run(&["verify"]).code, 3);
    let mended = folder.run(&["repair", "--from", "mirror"]);
    assert!(mended.code == 0 && mended.out.contains("no fault is left"), "{mended:?}");
    assert_eq!(folder.done(&["query", QUESTION]).out, asked);
    // A store is no mirror, and an address is no flag.
    let store = folder.run(&["mirror", "mirror", ".lineal"]);
    assert!(store.code == 2 && store.err.contains("is no copy"), "{store:?}");
    let flag = folder.run(&["mirror", "x", "y", "--url", "http://127.0.0.1:1"]);
    assert!(flag.code == 2 && flag.err.contains("lineal mirror URL INTO"), "{flag:?}");
}

#[test]
fn a_store_that_was_put_back_and_continued_is_refused_by_the_first_commit_that_differs() {
    let folder = Folder::with(&[DATABASE]);
    folder.done(&["backup", "copy", "--with-keys", "keys"]);
    folder.done(&["alias", "one", "=", "model:credit-risk-scorer"]);
    folder.done(&["mirror", ".lineal", "mirror"]);
    folder.done(&["restore", "copy", "old", "--with-keys", "keys"]);
    for name in ["two", "three", "four"] {
        folder.done(&["alias", "--store", "old", name, "=", "model:credit-risk-scorer"]);
    }
    let refused = folder.run(&["mirror", "old", "mirror"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("differ from commit 2 on"), "{refused:?}");
    folder.done(&["verify", "--store", "mirror"]);
    // Nor does the one mend the other, although nothing of either is damaged.
    for more in [&[][..], &["--dry-run"]] {
        let arguments = [&["repair", "--store", "old", "--from", "mirror"], more].concat();
        let refused = folder.run(&arguments);
        assert_eq!(refused.code, 3, "{refused:?}");
        assert!(refused.err.contains("differ from commit 2 on"), "{refused:?}");
    }
    folder.done(&["repair", "--store", "old"]);
}

#[test]
fn a_live_server_is_mirrored_while_it_is_written() {
    let folder = Folder::with(&[DATABASE]);
    folder.write("server.toml", "backups = true\nwrite = true\n[stores]\nmain = \".lineal\"\n");
    for role in ["admin", "engineer", "importer"] {
        let made = ["token", "create", "--role", role, "--name", "x", "--config", "server.toml"];
        folder.write(role, folder.done(&made).out);
    }
    let serving = Serving::with(&folder, &["--config", "server.toml"]);
    let url = format!("http://{}", serving.address);
    let mirror = |role: &str, into: &str| {
        folder.run(&["mirror", &url, into, "--json", "--token-file", role])
    };
    let is_over = AtomicBool::new(false);
    let commits = std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..6 {
                let lines: String = (0..400)
                    .map(|line| {
                        format!("{{\"_id\":\"m-{number}-{line}\",\"message\":\"no event\",\"date\":\"2025-11-03T14:00:00Z\",\"service\":\"s\"}}\n")
                    })
                    .collect();
                let name = format!("log-{number}.ndjson");
                folder.write(&name, lines);
                let brought = folder.run(&[
                    "import", "--as", "datadog", &name, "--url", &url, "--token-file", "importer",
                ]);
                assert!(brought.code == 0 || brought.code == 5, "{brought:?}");
            }
            is_over.store(true, Ordering::Relaxed);
        });
        let mut commits = Vec::new();
        let mut is_last = false;
        while !is_last && commits.len() < 60 {
            is_last = is_over.load(Ordering::Relaxed);
            let pulled = mirror("admin", "mirror");
            assert_eq!(pulled.code, 0, "{pulled:?}");
            commits.push(pulled.json()["commit"].as_u64().expect("a number"));
        }
        commits
    });
    assert!(commits.windows(2).all(|pair| pair[0] <= pair[1]), "{commits:?}");
    let refused = mirror("engineer", "other");
    assert!(refused.code == 2 && refused.err.contains("may not"), "{refused:?}");
    assert!(!folder.path().join("other/head").exists());
    serving.end();
    let checked = folder.run(&["verify", "--store", "mirror"]);
    assert!(checked.code == 0 && checked.out.contains("no fault found"), "{checked:?}");
    // What was sealed when the server ended comes from the folder.
    folder.done(&["mirror", ".lineal", "mirror"]);
    let ask = |store: &str| folder.done(&["query", "--store", store, QUESTION]).out;
    assert_eq!(ask("mirror"), ask(".lineal"));
    assert!(!folder.path().join("mirror/keys").exists());
}
