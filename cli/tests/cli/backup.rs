//! `lineal backup`: a copy that is a store, as a folder and as an archive, with the keys only if asked for.

use crate::program::{ARCHIVE, DATABASE, Folder};
use crate::serve::Serving;
use std::process::Command;

const QUESTION: &str = "find dataset upstream of model:credit-risk-scorer@3 return it, name";

#[test]
fn a_copy_is_checked_and_asked_like_the_store() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    let asked = folder.done(&["query", QUESTION]).out;
    let made = folder.done(&["backup", "copy"]);
    assert!(made.out.contains("as of commit 2 to copy"), "{made:?}");
    assert!(made.out.contains("without the keys") && made.out.contains("--store copy verify"));
    assert_eq!(folder.done(&["query", "--store", "copy", QUESTION]).out, asked);
    let checked = folder.run(&["verify", "--store", "copy"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.out.contains("checked without keys"), "{checked:?}");
    let again = folder.done(&["backup", "copy"]);
    assert!(again.out.contains("it was of commit 2"), "{again:?}");
    let within = folder.run(&["backup", "copy", "--with-keys", "copy/keys.tar"]);
    assert!(within.code == 2 && within.err.contains("in the copy itself"), "{within:?}");
    let store = folder.run(&["backup", ".lineal"]);
    assert!(store.code == 2 && store.err.contains("is no copy"), "{store:?}");
    let json = folder.done(&["backup", "made", "--with-keys", "made.keys", "--json"]).json();
    assert_eq!((&json["commit"], &json["with_keys"]), (&2.into(), &"made.keys".into()));
    assert!(json["files"].as_u64() > Some(5) && json["bytes"].as_u64() > Some(10_000), "{json}");
    assert_eq!(json["commit_id"].as_str().map(str::len), Some(64));
    let put = folder.done(&["restore", "made", "with-keys", "--with-keys", "made.keys"]);
    assert!(put.out.contains("as of commit 2 into with-keys"), "{put:?}");
    let whole = folder.done(&["verify", "--store", "with-keys", "--require-keys"]);
    assert!(!whole.out.contains("without keys"), "{whole:?}");
    let over = folder.run(&["restore", "made", "with-keys"]);
    assert!(over.code == 2 && over.err.contains("not empty"), "never over a store: {over:?}");
    // What was copied with its keys goes on.
    folder.done(&["rebuild", "--store", "with-keys"]);
    folder.done(&["alias", "--store", "with-keys", "scorer", "=", "model:credit-risk-scorer"]);
}

#[test]
fn a_copy_is_held_to_its_list_and_a_damaged_one_is_not_put_back() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    folder.done(&["backup", "copy", "--with-keys", "safe.keys"]);
    let good = folder.done(&["backup", "copy", "--check", "--with-keys", "safe.keys", "--json"]);
    assert_eq!(
        (&good.json()["faults"], &good.json()["commit"]),
        (&serde_json::json!([]), &2.into())
    );
    let register = folder.path().join("copy/sealed/00000001.seg");
    let bytes = std::fs::read(&register).expect("the register");
    std::fs::write(&register, [&bytes[..100], b"x", &bytes[101..]].concat()).expect("damaged");
    let containers = folder.path().join("copy/containers");
    let mut inside = std::fs::read_dir(&containers).expect("containers");
    let container = inside.next().expect("one").expect("an entry").path();
    let rows = std::fs::read(&container).expect("its bytes");
    std::fs::remove_file(&container).expect("removed");
    folder.write("copy/checkpoints/stray", "x");
    let bad = folder.run(&["backup", "copy", "--check"]);
    assert_eq!(bad.code, 3, "{bad:?}");
    for said in ["is missing", "00000001.seg is damaged", "checkpoints/stray must go"] {
        assert!(bad.out.contains(said), "{said}: {bad:?}");
    }
    let refused = folder.run(&["restore", "copy", "above/it/back"]);
    assert!(
        refused.code == 3 && !folder.path().join("above").exists(),
        "nothing is left: {refused:?}"
    );
    let refused = folder.run(&["restore", "copy", "back"]);
    assert!(refused.code == 3 && refused.err.contains("2 of its files"), "{refused:?}");
    assert!(refused.err.contains("sealed/00000001.seg") && refused.err.contains("(missing)"));
    assert!(!folder.path().join("back").exists() && !folder.path().join("back.restoring").exists());
    // Another run mends what it can see; the list says what it must be.
    std::fs::write(&container, rows).expect("put back");
    folder.done(&["backup", "copy"]);
    let mended = folder.run(&["backup", "copy", "--check"]);
    assert!(mended.code == 0 && mended.out.contains("nothing is there that must go"), "{mended:?}");
    // What the list knows is read again where it is asked for, and the advice says so.
    let mut rows = std::fs::read(&container).expect("its bytes");
    rows[90] ^= 1;
    std::fs::write(&container, rows).expect("damaged");
    let bad = folder.run(&["backup", "copy", "--check"]);
    assert!(bad.code == 3 && bad.out.contains("`lineal backup copy --heal` brings it"), "{bad:?}");
    folder.done(&["backup", "copy", "--heal"]);
    folder.done(&["backup", "copy", "--check"]);
    // Nor do damaged keys take the place of good ones.
    let good = std::fs::read(folder.path().join("safe.keys")).expect("the keys");
    let seeds = folder.path().join(".lineal/keys/seeds");
    let whole = std::fs::read(&seeds).expect("the seeds");
    let flipped = [&whole[..100], &[whole[100] ^ 1], &whole[101..]].concat();
    std::fs::write(&seeds, flipped).expect("damaged");
    let refused = folder.run(&["backup", "copy", "--with-keys", "safe.keys"]);
    assert!(refused.code == 3 && refused.err.contains("keys/seeds"), "{refused:?}");
    assert!(std::fs::read(folder.path().join("safe.keys")).expect("the keys") == good);
    std::fs::write(&seeds, whole).expect("put back");
    folder.done(&["restore", "copy", "above/it/back"]);
    folder.done(&["restore", "copy", "back"]);
    let asked = folder.done(&["query", QUESTION]).out;
    assert_eq!(folder.done(&["query", "--store", "back", QUESTION]).out, asked);
}

#[test]
fn an_archive_is_whole_or_not_there() {
    let folder = Folder::with(&[DATABASE]);
    let made = folder.done(&["backup", "copy.tar"]);
    assert!(made.out.contains("unpack it into DIR"), "{made:?}");
    assert!(!folder.path().join("copy.tar.part").exists());
    let unpacked = folder.path().join("unpacked");
    std::fs::create_dir(&unpacked).expect("a folder");
    let file = folder.path().join("copy.tar");
    let tar = Command::new("tar").arg("-xf").arg(&file).arg("-C").arg(&unpacked).status();
    assert!(tar.expect("tar runs").success());
    let ask = |store: &str| folder.done(&["query", "--store", store, QUESTION]).out;
    assert_eq!(ask("unpacked"), ask(".lineal"));
    let before = std::fs::read(&file).expect("the archive");
    let again = folder.run(&["backup", "copy.tar"]);
    assert!(again.code == 2 && again.err.contains("never overwritten"), "{again:?}");
    // A container that was damaged is not copied over good ones.
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    let containers = folder.path().join(".lineal/containers");
    let mut inside = std::fs::read_dir(containers).expect("containers");
    let container = inside.next().expect("one").expect("an entry").path();
    let mut bytes = std::fs::read(&container).expect("its bytes");
    bytes[50] ^= 1;
    std::fs::write(&container, bytes).expect("written");
    let refused = folder.run(&["backup", "damaged.tar"]);
    assert!(refused.code == 3 && refused.err.contains("containers/"), "{refused:?}");
    let left = ["damaged.tar", "damaged.tar.part"].map(|name| folder.path().join(name).exists());
    assert_eq!(left, [false, false]);
    assert!(!before.is_empty());
}

#[test]
fn a_copy_comes_from_a_server_checked_as_a_folder_and_as_an_archive() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    folder.write("server.toml", "backups = true\nwrite = true\n[stores]\nmain = \".lineal\"\n");
    for role in ["admin", "engineer"] {
        let made = ["token", "create", "--role", role, "--name", "x", "--config", "server.toml"];
        folder.write(role, folder.done(&made).out);
    }
    let serving = Serving::with(&folder, &["--config", "server.toml"]);
    let url = format!("http://{}", serving.address);
    let there = |role: &str, arguments: &[&str]| {
        folder.run(&[&["backup"], arguments, &["--url", &url, "--token-file", role]].concat())
    };
    let asked = folder.done(&["query", QUESTION]).out;
    let made = there("admin", &["copy"]);
    assert!(made.code == 0 && made.out.contains("as of commit 2 to copy"), "{made:?}");
    assert_eq!(folder.done(&["query", "--store", "copy", QUESTION]).out, asked);
    let checked = folder.run(&["verify", "--store", "copy"]);
    assert!(checked.code == 0 && checked.out.contains("no fault found"), "{checked:?}");
    assert!(!folder.path().join("copy/keys").exists());
    let json = there("admin", &["copy.tar", "--json"]);
    assert_eq!((json.code, &json.json()["commit"]), (0, &2.into()), "{json:?}");
    assert!(!folder.path().join("copy.tar.part").exists());
    let unpacked = folder.path().join("unpacked");
    std::fs::create_dir(&unpacked).expect("a folder");
    let file = folder.path().join("copy.tar");
    let tar = Command::new("tar").arg("-xf").arg(&file).arg("-C").arg(&unpacked).status();
    assert!(tar.expect("tar runs").success());
    assert_eq!(folder.done(&["query", "--store", "unpacked", QUESTION]).out, asked);
    let files = json.json()["files"].as_u64();
    let inside = |of: &str| std::fs::read_dir(folder.path().join(of)).expect("it is there").count();
    assert_eq!(
        files,
        Some(
            4 + inside("unpacked/containers") as u64
                + inside("unpacked/trail") as u64
                + inside("unpacked/journal") as u64
        )
    );
    for name in ["copy", "copy.tar"] {
        let again = there("admin", &[name]);
        assert!(again.code == 2 && again.err.contains(name), "never overwritten: {again:?}");
    }
    let keys = there("admin", &["other", "--with-keys", "k"]);
    assert!(keys.code == 2 && keys.err.contains("never gives its keys"), "{keys:?}");
    let role = there("engineer", &["other.tar"]);
    assert!(role.code == 2 && role.err.contains("the role engineer may not"), "{role:?}");
    let left =
        ["other", "other.tar", "other.tar.part"].map(|name| folder.path().join(name).exists());
    assert_eq!(left, [false; 3]);
    serving.end();
}

#[test]
fn a_copy_that_is_ahead_is_refused_by_the_first_commit_that_differs() {
    let folder = Folder::with(&[DATABASE]);
    let alias = |store: &str, name: &str| {
        folder.done(&["alias", "--store", store, name, "=", "model:credit-risk-scorer"]);
    };
    folder.done(&["backup", "early", "--with-keys", "keys"]);
    for name in ["one", "two", "three"] {
        alias(".lineal", name);
    }
    folder.done(&["backup", "copy"]);
    folder.done(&["restore", "early", "old", "--with-keys", "keys"]);
    // Shorter than the copy and nothing else, shorter and continued otherwise, as long, longer.
    for name in ["other", "more", "again", "last"] {
        let refused = folder.run(&["backup", "--store", "old", "copy"]);
        let is_told = refused.err.contains("differ from commit 2 on");
        assert!(refused.code == 3 && is_told, "before {name}: {refused:?}");
        alias("old", name);
    }
}

#[test]
fn a_copy_within_the_store_and_a_commit_that_is_not_there_are_refused() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    for inside in [".lineal/mirror", ".lineal/index/mirror"] {
        let run = folder.run(&["mirror", ".lineal", inside]);
        assert!(run.code == 2 && run.err.contains("lies in the store"), "{inside}: {run:?}");
        assert!(!folder.path().join(inside).exists(), "{inside}");
    }
    for inside in [".lineal/copy", ".lineal/a/b/copy", ".lineal/copy.tar"] {
        let run = folder.run(&["backup", inside]);
        assert!(run.code == 2 && run.err.contains("lies in the store"), "{inside}: {run:?}");
        assert!(!folder.path().join(inside).exists(), "{inside}");
    }
    let run = folder.run(&["verify", "--since", "999"]);
    assert!(run.code == 2 && run.err.contains("--since 999"), "{run:?}");
    let run = folder.run(&["mirror", "nothing-here", "mirror"]);
    assert!(run.code != 0 && !folder.path().join("mirror").exists(), "{run:?}");
    folder.done(&["checkpoint"]);
    let run = folder.run(&["prove", &format!("event:{}/999999", "0".repeat(64))]);
    assert!(run.code == 2 && run.err.contains("999999"), "{run:?}");
    assert!(!run.err.contains("holds no events"), "{run:?}");
}

#[test]
fn a_lost_register_is_told_by_exit_codes_and_the_copy_keeps_its_own() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    folder.done(&["backup", "copy"]);
    let register = |store: &str| folder.path().join(store).join("sealed/00000001.seg");
    std::fs::remove_file(register(".lineal")).expect("removed");
    for look in [&["verify"][..], &["verify", "--fast"], &["backup", "copy"]] {
        assert_eq!(folder.run(look).code, 3, "{look:?}");
    }
    assert!(register("copy").exists());
    folder.done(&["repair", "--from", "copy"]);
    folder.done(&["verify"]);
    folder.done(&["backup", "copy"]);
    folder.done(&["backup", "copy", "--check"]);
}
