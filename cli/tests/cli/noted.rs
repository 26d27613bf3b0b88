//! Commands that write a store are in its trail: one entry each, before they do anything, and what they
//! were called with unreadable there.

use crate::program::{ARCHIVE, DATABASE, Folder, fixture};

/// What waits in the trail's journal.
fn waiting(folder: &Folder) -> Vec<u8> {
    std::fs::read(folder.path().join(".lineal/trail/00000001.lnj")).unwrap_or_default()
}

fn times(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).filter(|part| *part == text.as_bytes()).count()
}

#[test]
fn what_writes_is_noted_and_what_reads_or_rehearses_is_not() {
    let folder = Folder::with(&[]);
    let database = fixture(DATABASE).display().to_string();
    folder.done(&["import", "--dry-run", &database]);
    assert!(waiting(&folder).is_empty(), "nothing was written");
    folder.done(&["import", &database]);
    folder.done(&["query", "find model limit 1"]);
    folder.done(&["alias", "zq7secret", "=", "model:credit-risk-scorer"]);
    folder.done(&["backup", "copy"]);
    assert_ne!(folder.run(&["retract", "import:77"]).code, 0);
    let noted = waiting(&folder);
    for (command, count) in
        [("import", 1), ("alias", 1), ("backup", 1), ("retract", 1), ("query", 0)]
    {
        assert_eq!(times(&noted, &format!("lineal {command}")), count, "{command}");
    }
    for secret in ["zq7secret", "mlflow.db", "this machine"] {
        assert_eq!(times(&noted, secret), 0, "{secret}");
    }
    // What waits is in no commit yet and comes along, the copy's own entry last.
    let copied = std::fs::read(folder.path().join("copy/trail/00000001.lnj")).unwrap_or_default();
    assert!(noted.starts_with(&copied) && times(&copied, "lineal backup") == 1);
    assert_eq!(times(&copied, "lineal retract"), 0, "that came later");
}

#[test]
fn a_copy_beside_a_server_that_writes_is_made_and_says_that_it_is_not_in_the_trail() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    let serving = crate::serve::Serving::with(&folder, &["--write"]);
    let copied = folder.done(&["backup", "copy"]);
    assert!(copied.err.contains("not in the store's trail"), "{copied:?}");
    assert!(copied.err.contains("being written by process"), "{copied:?}");
    serving.end();
    assert_eq!(folder.run(&["verify", "--store", "copy"]).code, 0);
}
