//! A copy of a store is the store as of the commit that it names, made while a writer commits and packs,
//! and holds the keys only where they were asked for.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::journal::{Journal, Request};
use lineal_engine::schema::Kind;
use lineal_engine::storage::FileStorage;
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{BACKUP_LIST, Error, NodeDraft, Options, Store, receive};
use lineal_proof::{Hash, Key, KeyPart};
use lineal_tests::sample::{STEPS, answers, batch, deployment, options, saying, step};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

/// Reads an archive by what POSIX says of it, and writes its files below a folder; gives their paths.
fn unpack(archive: &[u8], folder: &Path) -> Vec<String> {
    let text = |bytes: &[u8]| {
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        String::from_utf8(bytes[..end].to_vec()).unwrap()
    };
    let number = |bytes: &[u8]| usize::from_str_radix(text(bytes).trim(), 8).unwrap();
    assert_eq!(archive.len() % 512, 0);
    let (mut at, mut paths) = (0, Vec::new());
    while archive[at..at + 512].iter().any(|byte| *byte != 0) {
        let header = &archive[at..at + 512];
        let blank = |at: usize| if (148..156).contains(&at) { 32 } else { usize::from(header[at]) };
        assert_eq!((0..512).map(blank).sum::<usize>(), number(&header[148..156]), "checksum");
        assert_eq!((&header[257..263], header[156]), (&b"ustar\0"[..], b'0'));
        let (path, length) = (text(&header[..100]), number(&header[124..136]));
        let file = folder.join(&path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, &archive[at + 512..at + 512 + length]).unwrap();
        paths.push(path);
        at += 512 + length.next_multiple_of(512);
    }
    assert_eq!(archive.len() - at, 1_024, "two blocks of zeros are the end");
    paths
}

fn archive(store: &Store) -> Vec<u8> {
    let tar = store.backup(false).unwrap().into_tar();
    let said = tar.length();
    let bytes: Vec<u8> = tar.flat_map(|piece| piece.unwrap()).collect();
    assert_eq!(bytes.len() as u64, said, "its length is known before");
    bytes
}

/// The list names each other file with the digest that it has.
fn check_list(folder: &Path) -> usize {
    let list = std::fs::read_to_string(folder.join(BACKUP_LIST)).unwrap();
    let lines: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
    for line in &lines {
        let (digest, path) = line.split_once("  ").unwrap();
        let bytes = std::fs::read(folder.join(path)).unwrap();
        assert_eq!(data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)), digest, "{path}");
    }
    lines.len()
}

fn sample(folder: &Path) -> PathBuf {
    let path = folder.join("store");
    let store = Store::create(&path, options()).unwrap();
    for number in 1..=STEPS {
        step(&store, number).unwrap();
    }
    store.write_indexes().unwrap();
    path
}

#[test]
fn a_copy_answers_as_the_store_and_opens_sealed_values_only_with_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample(folder.path());
    let store = Store::open_read_only(&path).unwrap();
    let all = answers(&store.snapshot().unwrap());
    let copy = |with_keys: bool| {
        let to = folder.path().join(format!("copy-{with_keys}"));
        let backup = store.backup(with_keys).unwrap();
        let mut last = (0, 0);
        backup.write_to(&to, &mut |progress| last = (progress.bytes, progress.all)).unwrap();
        assert_eq!(last, (backup.bytes(), backup.bytes()));
        let again = backup.write_to(&to, &mut |_| {}).unwrap();
        assert_eq!((again.was, again.written), (Some(store.commit()), 0), "nothing is new");
        assert_eq!(check_list(&to) as u64 + 1, backup.files());
        assert!(!to.join("keys").exists(), "keys are never in a copy");
        if with_keys {
            backup.keys().unwrap().restore(&FileStorage::new(&to)).unwrap();
        }
        assert!(!to.join("index").exists() && !to.join("catalog").exists());
        let report = verify(&FileStorage::new(&to), Depth::Full, &mut |_| {}).unwrap();
        assert!(report.is_sound(), "{report:?}");
        assert_eq!(report.commits, store.commit());
        assert_eq!(report.sealed > 0, with_keys, "{report:?}");
        assert_eq!(report.sealed_without_key > 0, !with_keys, "{report:?}");
        to
    };
    let with = Store::open_read_only(copy(true)).unwrap();
    assert_eq!(answers(&with.snapshot().unwrap()), all);
    drop(with);
    // With its keys it goes on as the store would.
    let written = Store::open(folder.path().join("copy-true"), Options::default()).unwrap();
    written.rebuild().unwrap();
    assert_eq!(answers(&written.snapshot().unwrap()), all);
    let without = Store::open_read_only(copy(false)).unwrap();
    assert_eq!((without.commit(), without.id()), (store.commit(), store.id()));
    assert!(matches!(without.actor_key("anna"), Err(Error::NoKey { .. })));
}

#[test]
fn the_same_commit_is_the_same_archive_and_one_of_damage_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample(folder.path());
    let store = Store::open_read_only(&path).unwrap();
    let bytes = archive(&store);
    assert_eq!(bytes, archive(&Store::open_read_only(&path).unwrap()));
    let to = folder.path().join("unpacked");
    let paths = unpack(&bytes, &to);
    assert_eq!(paths.len() as u64, store.backup(false).unwrap().files());
    assert_eq!(
        paths[paths.len() - 2..],
        [BACKUP_LIST, "head"],
        "what says that it is whole is last"
    );
    check_list(&to);
    assert!(verify(&FileStorage::new(&to), Depth::Full, &mut |_| {}).unwrap().is_sound());
    let container = paths.iter().find(|path| path.starts_with("containers/")).unwrap();
    let mut damaged = std::fs::read(path.join(container)).unwrap();
    damaged[100] ^= 1;
    std::fs::write(path.join(container), damaged).unwrap();
    let store = Store::open_read_only(&path).unwrap();
    let broken = store.backup(false).unwrap().into_tar().find_map(Result::err).unwrap();
    assert!(matches!(&broken, Error::Corrupt { file, .. } if file == container), "{broken}");
    let to = folder.path().join("refused");
    assert!(store.backup(false).unwrap().write_to(&to, &mut |_| {}).is_err());
    assert!(!to.join("head").exists(), "half a copy is no store");
}

/// One commit: as many runs and events as every other.
fn write(store: &Store, number: u32) {
    let mut tx = store.begin(None, None).unwrap();
    for node in 0..10 {
        let key = Key::text(format!("run-{number}-{node}"));
        let mut draft = NodeDraft::new(Kind::Run, key);
        draft.fields.insert("name", "n".repeat(500));
        tx.add_node(&saying("s", "f", 1), draft).unwrap();
    }
    let file = u8::try_from(number).unwrap();
    tx.add_node(&batch(file, 0..0).saying, NodeDraft::new(Kind::Deployment, deployment())).unwrap();
    tx.add_batch(batch(file, number * 3..(number + 1) * 3));
    tx.commit().unwrap();
}

#[test]
fn copies_that_are_made_while_a_writer_commits_and_packs_are_each_whole_as_of_their_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let small = Options { segment_bytes_max: 20_000, ..Options::default() };
    let store = Store::create(&path, small).unwrap();
    // The writer waits until a copy is begun, not until it is made.
    let ((go, goes), (begun, begins)) = (channel::<()>(), channel::<()>());
    let copies = std::thread::scope(|scope| {
        let copying = scope.spawn(|| {
            let mut copies = Vec::new();
            for () in goes {
                let reader = Store::open_read_only(&path).unwrap();
                let tar = reader.backup(false).unwrap().into_tar();
                let commit = tar.backup().commit();
                // The writer goes on between two pieces, and the reader is gone.
                drop(reader);
                begun.send(()).unwrap();
                let mut bytes = Vec::new();
                for piece in tar {
                    bytes.extend(piece.unwrap());
                    std::thread::sleep(Duration::from_millis(1));
                }
                copies.push((commit, bytes));
            }
            copies
        });
        for number in 0..24 {
            write(&store, number);
            if number % 5 == 4 {
                go.send(()).unwrap();
                begins.recv().unwrap();
                store.compact(false, &mut |_| ControlFlow::Continue(())).unwrap();
            }
        }
        drop(go);
        copying.join().unwrap()
    });
    assert_eq!(copies.len(), 4);
    let last = store.commit();
    assert!(copies.iter().all(|(commit, _)| *commit < last), "none beside the writer");
    for (at, (commit, bytes)) in copies.iter().enumerate() {
        let to = folder.path().join(format!("copy-{at}"));
        unpack(bytes, &to);
        check_list(&to);
        let report = verify(&FileStorage::new(&to), Depth::Full, &mut |_| {}).unwrap();
        assert!(report.faults.is_empty() && report.commits == *commit, "{commit}: {report:?}");
        let copy = Store::open_read_only(&to).unwrap();
        let then = store.snapshot_at(*commit).unwrap();
        let now = copy.snapshot().unwrap();
        assert_eq!(now.nodes_of(Kind::Run).len(), then.nodes_of(Kind::Run).len(), "{commit}");
        let events = |view: &lineal_engine::Snapshot| {
            let deployments = view.nodes_of(Kind::Deployment);
            (!deployments.is_empty()).then(|| view.field(deployments.start, "events").unwrap())
        };
        assert_eq!(events(&now), events(&then), "{commit}");
    }
}

#[test]
fn of_the_last_segment_a_copy_takes_what_head_vouches_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample(folder.path());
    let segment = path.join("segments/00000001.seg");
    let whole = std::fs::read(&segment).unwrap();
    // A writer is in the middle of a transaction.
    std::fs::write(&segment, [&whole[..], &[7; 100]].concat()).unwrap();
    let to = folder.path().join("copy");
    let reader = Store::open_read_only(&path).unwrap();
    reader.backup(false).unwrap().write_to(&to, &mut |_| {}).unwrap();
    assert_eq!(std::fs::read(to.join("segments/00000001.seg")).unwrap(), whole);
}

#[test]
fn what_is_packed_while_a_copy_is_made_stays_until_it_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::create(&path, Options::default()).unwrap();
    for number in 0..4 {
        write(&store, number);
    }
    let reader = Store::open_read_only(&path).unwrap();
    let tar = reader.backup(false).unwrap().into_tar();
    // Who asked for it is gone, and the writer packs all that the copy is to hold, twice.
    drop(reader);
    let pack = |number| {
        write(&store, number);
        store.compact(false, &mut |_| ControlFlow::Continue(())).unwrap();
    };
    let containers = || std::fs::read_dir(path.join("containers")).unwrap().count();
    (4..6).for_each(pack);
    let while_copied = containers();
    let bytes: Vec<u8> = tar.flat_map(|piece| piece.unwrap()).collect();
    let to = folder.path().join("copy");
    unpack(&bytes, &to);
    check_list(&to);
    let report = verify(&FileStorage::new(&to), Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound() && report.commits == 4, "{report:?}");
    (6..8).for_each(pack);
    assert!(containers() < while_copied, "nobody needs them now");
}

fn entry(number: u64) -> Request {
    let (form, entries) = ("datadog-logs".to_owned(), vec![format!("live-{number}").into_bytes()]);
    let received = i64::try_from(number).unwrap();
    Request { form, key: None, body: Hash::default(), received, entries, first: 0 }
}

/// Makes a commit of each closed file, as a server's seal does, and removes it.
fn seal(store: &Store, journal: &mut Journal, now: i64) {
    let files = journal.files();
    for number in journal.close(now).unwrap() {
        let mut tx = store.begin(None, None).unwrap();
        for request in files.read(number).unwrap() {
            for entry in request.entries {
                let name = String::from_utf8(entry).unwrap();
                let draft = NodeDraft::new(Kind::Run, Key::text(name));
                tx.add_node(&saying("s", "f", 1), draft).unwrap();
            }
        }
        tx.commit().unwrap();
        files.remove(number).unwrap();
        journal.sealed(number);
    }
}

/// The one part of a run's key.
fn text_of(key: &Key) -> String {
    let [KeyPart::Text(text)] = key.0.as_slice() else { panic!("{key:?}") };
    text.clone()
}

/// Everything that a copy knows of: what is in its commits, and what waits in its journal.
fn known(copy: &Path) -> BTreeSet<String> {
    let store = Store::open(copy, Options::default()).unwrap();
    let view = store.snapshot().unwrap();
    let runs = view.nodes_of(Kind::Run).map(|run| text_of(&view.key_of(run)));
    let mut known: BTreeSet<String> = runs.collect();
    let mut journal = Journal::open(&store).unwrap();
    let files = journal.files();
    for number in journal.close(0).unwrap() {
        for request in files.read(number).unwrap() {
            let entries = request.entries.into_iter();
            known.extend(entries.map(|entry| String::from_utf8(entry).unwrap()));
        }
    }
    known
}

#[test]
fn what_is_acknowledged_before_a_copy_is_in_its_commits_or_waits_in_its_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::create(&path, Options::default()).unwrap();
    // Opened before anything was sealed: what it knows is behind all along.
    let reader = Store::open_read_only(&path).unwrap();
    let (acknowledged, ended) = (AtomicU64::new(0), AtomicU64::new(0));
    let copies = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut journal = Journal::open(&store).unwrap();
            for number in 0..200 {
                journal.append(&[entry(number)]).unwrap();
                acknowledged.store(number + 1, Ordering::SeqCst);
                if number % 7 == 6 {
                    seal(&store, &mut journal, 0);
                }
            }
            ended.store(1, Ordering::SeqCst);
        });
        let mut copies = Vec::new();
        while ended.load(Ordering::SeqCst) == 0 || copies.is_empty() {
            let before = acknowledged.load(Ordering::SeqCst);
            let to = folder.path().join(format!("copy-{}", copies.len()));
            let backup = reader.backup(true).unwrap();
            backup.write_to(&to, &mut |_| {}).unwrap();
            backup.keys().unwrap().restore(&FileStorage::new(&to)).unwrap();
            copies.push((before, to));
        }
        copies
    });
    for (before, copy) in &copies {
        check_list(copy);
        let report = verify(&FileStorage::new(copy), Depth::Full, &mut |_| {}).unwrap();
        assert!(report.is_sound(), "{report:?}");
        let known = known(copy);
        let missing: Vec<u64> =
            (0..*before).filter(|n| !known.contains(&format!("live-{n}"))).collect();
        assert_eq!(missing, [0_u64; 0], "of {before}, in {}", copy.display());
    }
}

#[test]
fn a_copy_holds_whole_frames_and_verify_names_what_waits_and_what_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::create(&path, Options::default()).unwrap();
    let mut journal = Journal::open(&store).unwrap();
    journal.append(&[entry(1), entry(2)]).unwrap();
    journal.append(&[entry(3)]).unwrap();
    let file = path.join("journal/00000001.lnj");
    let whole = std::fs::read(&file).unwrap();
    // A writer is in the middle of a frame.
    std::fs::write(&file, [&whole[..], b"\x40\0\0\0half"].concat()).unwrap();
    let to = folder.path().join("copy");
    let reader = Store::open_read_only(&path).unwrap();
    reader.backup(false).unwrap().write_to(&to, &mut |_| {}).unwrap();
    assert_eq!(std::fs::read(to.join("journal/00000001.lnj")).unwrap(), whole);
    let checked = |folder: &Path| verify(&FileStorage::new(folder), Depth::Fast, &mut |_| {});
    let of_copy = checked(&to).unwrap();
    assert_eq!((of_copy.waiting, of_copy.is_sound()), (3, true), "{of_copy:?}");
    let of_store = checked(&path).unwrap();
    assert_eq!((of_store.waiting, of_store.is_sound()), (3, true));
    assert!(of_store.notes.iter().any(|note| note.contains("no whole frame")), "{of_store:?}");
    // A frame that was durable, as the one behind it says.
    let mut damaged = whole.clone();
    let at = damaged.windows(6).position(|six| six == b"live-2").unwrap();
    damaged[at] ^= 1;
    std::fs::write(&file, damaged).unwrap();
    let refused = reader.backup(false).unwrap_err();
    assert!(
        matches!(&refused, Error::Corrupt { file, .. } if file == "journal/00000001.lnj"),
        "{refused}"
    );
    let report = checked(&path).unwrap();
    assert!(!report.is_sound() && report.faults[0].file == "journal/00000001.lnj", "{report:?}");
}

/// An archive of these files, by the system's own program.
fn packed(folder: &Path, paths: &[String]) -> Vec<u8> {
    let made = std::process::Command::new("tar")
        .args(["--format=ustar", "-cf", "-", "-C"])
        .arg(folder)
        .args(paths)
        .output()
        .unwrap();
    assert!(made.status.success());
    made.stdout
}

#[test]
fn an_archive_that_comes_is_a_store_or_is_refused_before_it_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_read_only(sample(folder.path())).unwrap();
    let bytes = archive(&store);
    let to = folder.path().join("came");
    let came = receive(bytes.as_slice(), Some(&to)).unwrap();
    assert_eq!((came.commit, came.files), (store.commit(), store.backup(false).unwrap().files()));
    assert_eq!(came.bytes, store.backup(false).unwrap().bytes());
    check_list(&to);
    assert!(verify(&FileStorage::new(&to), Depth::Full, &mut |_| {}).unwrap().is_sound());
    assert_eq!(
        receive(bytes.as_slice(), None).unwrap(),
        came,
        "checked alike where nothing is kept"
    );
    assert!(matches!(receive(bytes.as_slice(), Some(&to)), Err(Error::NotEmpty { .. })));
    let number = std::cell::Cell::new(0);
    let refused = |bytes: &[u8]| {
        number.set(number.get() + 1);
        let to = folder.path().join(format!("refused-{}", number.get()));
        let error = receive(bytes, Some(&to)).unwrap_err().to_string();
        assert!(!to.join("head").exists(), "half a copy is no store: {error}");
        assert_eq!(receive(bytes, None).unwrap_err().to_string(), error);
        error
    };
    // What breaks off, wherever: behind the last file there is nothing to lose.
    for end in [0, 700, bytes.len() / 2, bytes.len() - 1_024 - 1_024] {
        refused(&bytes[..end]);
    }
    let at = bytes.windows(11).position(|name| name == b"containers/").unwrap();
    let mut flipped = bytes.clone();
    flipped[at + 512 + 100] ^= 1;
    assert!(refused(&flipped).contains("the SHA-256 of a file is that of the list"));
    let unpacked = folder.path().join("unpacked");
    let paths = unpack(&bytes, &unpacked);
    assert_eq!(receive(packed(&unpacked, &paths).as_slice(), None).unwrap(), came);
    let without: Vec<String> = paths[1..].to_vec();
    assert!(refused(&packed(&unpacked, &without)).contains("a file that the list names came"));
    std::fs::create_dir(unpacked.join("keys")).unwrap();
    std::fs::write(unpacked.join("keys/seeds"), "x").unwrap();
    let more = [&["keys/seeds".to_owned()], &paths[..]].concat();
    assert!(refused(&packed(&unpacked, &more)).contains("its files and no others"));
    std::fs::write(unpacked.join("journal.lnj"), "x").unwrap();
    std::fs::create_dir_all(unpacked.join("journal")).unwrap();
    std::fs::write(unpacked.join("journal/00000009.lnj"), "x").unwrap();
    let more = [&["journal/00000009.lnj".to_owned()], &paths[..]].concat();
    assert!(refused(&packed(&unpacked, &more)).contains("the list names each file once"));
    let swapped = [&paths[paths.len() - 1..], &paths[..paths.len() - 1]].concat();
    assert!(refused(&packed(&unpacked, &swapped)).contains("then the list, then `head`"));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc", unpacked.join("segments/00000009.seg")).unwrap();
        let more = [&["segments/00000009.seg".to_owned()], &paths[..]].concat();
        assert!(refused(&packed(&unpacked, &more)).contains("plain files"));
    }
}
