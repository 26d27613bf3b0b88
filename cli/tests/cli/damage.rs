//! A damaged store and a store from the future are refused by name, with codes of their own.

use crate::program::{ARCHIVE, DATABASE, Folder, HASH, fixture};
use expect_test::expect;

/// CRC-32C, bit by bit: the test makes a file that this version does not write.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 }
        })
    })
}

#[test]
fn a_store_from_the_future_is_refused_by_name() {
    let folder = Folder::with(&[DATABASE]);
    let head = folder.path().join(".lineal/head");
    let mut bytes = std::fs::read(&head).unwrap();
    assert_eq!(&bytes[..8], b"LINHEAD1");
    let last = bytes.len() - 4;
    assert_eq!(bytes[last..], crc32c(&bytes[..last]).to_le_bytes());
    bytes[8] = 99;
    let crc = crc32c(&bytes[..last]).to_le_bytes();
    bytes[last..].copy_from_slice(&crc);
    std::fs::write(&head, &bytes).unwrap();
    let said = folder.run(&["stats"]).all();
    expect![[r#"
        [2]
        error: head has format 99; this version reads up to 1. Use a newer lineal; `lineal migrate` will move older stores
    "#]].assert_eq(&said);
    for command in [["query", "find model"].as_slice(), &["rebuild"], &["imports"]] {
        assert_eq!(folder.run(command).all(), said, "{command:?}");
    }
    // Nothing was changed on the way.
    assert_eq!(std::fs::read(&head).unwrap(), bytes);
}

#[test]
fn a_damaged_segment_ends_with_code_3_and_verify_names_the_place() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    folder.done(&["verify"]);
    let segment = folder.path().join(".lineal/segments/00000001.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    // The name of the run behind version 2, as its record says it.
    let name = b"credit-lr-C0.1";
    let at = bytes.windows(name.len()).position(|found| found == name).unwrap();
    bytes[at] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    // The name stands in a column too, as it was when the record was whole.
    let run = folder.done(&["query", "find run where name = \"credit-lr-C0.1\" return it"]);
    assert!(run.out.contains("run:4cf1c180"), "{run:?}");
    let asks = [
        ["show", "4cf1c180"].as_slice(),
        &["trace", "model:credit-risk-scorer@2"],
        &["query", "find run return it, params"],
        &["rebuild"],
    ];
    for command in asks {
        let run = folder.run(command);
        assert_eq!(run.code, 3, "{command:?}: {run:?}");
        assert!(run.err.contains("segments/00000001.seg is damaged at byte "), "{}", run.err);
    }
    let run = folder.run(&["verify"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.out.contains("segments/00000001.seg, byte "), "{}", run.out);
    let run = folder.run(&["--json", "verify"]);
    assert_eq!(run.code, 3);
    assert!(!run.json()["faults"].as_array().unwrap().is_empty(), "{}", run.out);
}

#[test]
fn a_damaged_container_spares_the_rest_of_the_store() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    let containers = folder.path().join(".lineal/containers");
    for entry in std::fs::read_dir(&containers).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
    assert_eq!(folder.run(&["verify"]).code, 3);
    assert_eq!(folder.run(&["trace", HASH]).code, 3);
    folder.done(&["query", "find dataset upstream of model:credit-risk-scorer@2"]);
}

#[test]
fn a_damaged_index_is_named_with_what_mends_it() {
    let folder = Folder::with(&[DATABASE]);
    let stats = folder.done(&["stats"]).out;
    let index = folder.path().join(".lineal/index");
    let mut names: Vec<String> = std::fs::read_dir(&index)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| name.starts_with("graph-"));
    let path = index.join(&names[0]);
    let good = std::fs::read(&path).unwrap();
    // The first section, the nodes' ids, begins where the directory says.
    let word = |at: usize| u32::from_le_bytes(good[at..at + 4].try_into().unwrap()) as usize;
    let mut bytes = good.clone();
    for section in 0..word(144) {
        let (start, length) = (word(152 + section * 32 + 16), word(152 + section * 32 + 24));
        if section > 0 && length > 0 {
            bytes[start] ^= 1;
        }
    }
    std::fs::write(&path, &bytes).unwrap();
    for command in [
        ["stats"].as_slice(),
        &["imports"],
        &["show", "4cf1c180"],
        &["trace", "run:4cf1c180"],
        &["query", "find run"],
    ] {
        let run = folder.run(command);
        assert_eq!((run.code, run.out.as_str()), (3, ""), "{command:?}: {run:?}");
        let named = format!("index/{} is damaged at byte ", names[0]);
        assert!(run.err.contains(&named) && run.err.contains("lineal rebuild"), "{}", run.err);
    }
    assert_eq!(folder.run(&["verify"]).code, 1, "nothing but what is derived");
    folder.done(&["rebuild"]);
    assert_eq!(folder.done(&["stats"]).out, stats);
}

#[test]
fn what_cannot_be_checked_without_keys_is_said_and_can_be_a_failure() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    folder.done(&["verify", "--require-keys"]);
    assert_eq!(folder.done(&["--json", "verify"]).json()["keys_present"], true);
    let keys = folder.path().join(".lineal/keys");
    let index = std::fs::read(keys.join("index.key")).unwrap();
    std::fs::remove_file(keys.join("index.key")).unwrap();
    let json = folder.done(&["--json", "verify"]).json();
    assert_eq!(json["keys_missing"], serde_json::json!(["keys/index.key"]));
    assert_eq!(folder.run(&["verify", "--require-keys"]).code, 4);
    std::fs::write(keys.join("index.key"), index).unwrap();
    folder.done(&["verify", "--require-keys"]);
    // Keys that are here and of no use are damage, and not only missing.
    let seeds = std::fs::read(keys.join("seeds")).unwrap();
    std::fs::write(keys.join("seeds"), &seeds[..64]).unwrap();
    assert_eq!(folder.run(&["verify", "--require-keys"]).code, 3);
    std::fs::write(keys.join("seeds"), seeds).unwrap();
    std::fs::rename(&keys, folder.path().join("keys elsewhere")).unwrap();
    let run = folder.done(&["verify"]);
    expect!["no fault found in what can be checked without keys; roots of batches and sealed values were not checked"]
        .assert_eq(run.out.lines().last().unwrap_or_default());
    assert_eq!(folder.run(&["verify", "--require-keys"]).code, 4);
    let json = folder.done(&["--json", "verify"]).json();
    assert_eq!((&json["keys_present"], &json["sound"]), (&false.into(), &true.into()));
}

#[test]
fn a_damaged_store_is_repaired_from_a_copy_and_keeps_what_was_there() {
    let folder = Folder::with(&[DATABASE]);
    folder.done(&["backup", "copy"]);
    let sound = folder.done(&["repair"]);
    assert!(sound.out.contains("nothing to repair"), "{}", sound.out);
    folder.done(&["import", fixture(ARCHIVE).to_str().unwrap()]);
    let stats = folder.done(&["stats"]).out;
    let segment = folder.path().join(".lineal/segments/00000001.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[900] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    let run = folder.run(&["repair"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.out.contains("--from DIR"), "{}", run.out);
    let told = folder.run(&["--json", "repair", "--dry-run", "--from", "copy"]);
    assert_eq!((told.code, std::fs::read(&segment).unwrap()), (0, bytes.clone()), "{told:?}");
    assert_eq!(told.json()["restored"][0]["file"], "segments/00000001.seg");
    let done = folder.done(&["repair", "--from", "copy"]);
    assert!(done.out.contains("no fault is left"), "{}", done.out);
    let kept = folder.path().join(".lineal/orphans/segments-00000001.seg");
    assert_eq!(std::fs::read(kept).unwrap(), bytes);
    folder.done(&["verify"]);
    assert_eq!(folder.done(&["stats"]).out, stats);
}

#[test]
fn a_head_that_was_put_back_is_brought_up() {
    let folder = Folder::with(&[DATABASE]);
    let head = folder.path().join(".lineal/head");
    let before = std::fs::read(&head).unwrap();
    folder.done(&["import", fixture(ARCHIVE).to_str().unwrap()]);
    folder.done(&["backup", "copy"]);
    let stats = folder.done(&["stats"]).out;
    let now = std::fs::read(&head).unwrap();
    for words in [["repair"].as_slice(), &["repair", "--from", "copy"]] {
        std::fs::write(&head, &before).unwrap();
        let told = folder.done(&[words, &["--dry-run"]].concat());
        assert!(told.out.contains("head would be brought up from commit"), "{words:?}: {told:?}");
        assert_eq!(std::fs::read(&head).unwrap(), before, "{words:?}");
        let done = folder.done(words);
        assert!(done.out.contains("head brought up from commit"), "{words:?}: {done:?}");
        assert!(done.out.contains("no fault is left"), "{words:?}: {done:?}");
        assert_eq!(std::fs::read(&head).unwrap(), now, "{words:?}");
        assert_eq!(folder.done(&["stats"]).out, stats, "{words:?}");
        folder.done(&["verify"]);
    }
}
