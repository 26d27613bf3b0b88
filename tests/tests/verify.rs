//! `verify` finds every changed byte, says what it costs, and goes on; nothing panics on damage.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::schema::{Kind, Relation};
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::verify::{Code, Depth, Report, What, verify, verify_all, verify_until};
use lineal_engine::{Error, NodeDraft, SealedField, Store};
use lineal_proof::frame::{self, SEGMENT_HEADER};
use lineal_proof::{Key, Value};
use lineal_tests::sample::{answers, batch, finish, options, saying, texts};
use std::ops::ControlFlow;
use std::sync::Arc;

fn report(storage: &dyn Storage, depth: Depth) -> Report {
    verify(storage, depth, &mut |_| {}).unwrap()
}

fn codes(report: &Report) -> Vec<Code> {
    report.faults.iter().map(|fault| fault.code).collect()
}

fn shared(memory: &MemoryStorage) -> Arc<dyn Storage> {
    Arc::new(memory.clone())
}

/// A store with everything that `sample` writes.
fn full() -> MemoryStorage {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), options()).unwrap();
    finish(&store).unwrap();
    store.write_indexes().unwrap();
    drop(store);
    memory
}

/// One of each sort of record in as few bytes as can be.
fn small() -> MemoryStorage {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), options()).unwrap();
    let mut tx = store.begin(None, None).unwrap();
    let mut run = NodeDraft::new(Kind::Run, Key::text("4cf1"));
    run.sealed.push(SealedField { field: "user".into(), value: Value::text("a"), actor: None });
    run.link(Relation::TrainedOn, Kind::Dataset, texts(&["loans", "d1", "s3", "{}"]));
    tx.add_node(&saying("s", "f", 1), run).unwrap();
    tx.commit().unwrap();
    let mut tx = store.begin(None, None).unwrap();
    tx.add_batch(batch(7, 0..2));
    tx.commit().unwrap();
    drop(store);
    memory
}

#[test]
fn a_verification_ends_wherever_it_is_told_to_and_a_part_of_it_vouches_for_nothing() {
    let storage = shared(&full());
    let run = |end: usize| {
        let mut files = Vec::new();
        let report = verify_until(&storage, &What::default(), &mut |progress| {
            files.push(progress.file);
            if files.len() > end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        (report, files)
    };
    let (report, files) = run(usize::MAX);
    assert!(report.unwrap().is_sound());
    for part in ["segments/", "containers/", "keys/", "index/"] {
        assert!(files.iter().any(|file| file.starts_with(part)), "{part} {files:?}");
    }
    for end in 0..files.len() {
        let (report, told) = run(end);
        assert!(matches!(report, Err(Error::Ended { .. })), "{end}: {report:?}");
        assert_eq!(told.len(), end + 1, "it goes on after it was told to end");
    }
}

#[test]
fn seeds_that_records_need_are_missed_wherever_their_file_was_cut() {
    let seeds = full().read("keys/seeds").unwrap().unwrap().to_vec();
    for length in (96..seeds.len()).rev().step_by(8) {
        let memory = full();
        memory.put("keys/seeds", &seeds[..length], true).unwrap();
        let report = report(&memory, Depth::Full);
        assert!(codes(&report).contains(&Code::SeedsDamaged), "{length}: {report:?}");
    }
}

#[test]
fn a_sound_store_has_no_fault_and_says_what_was_read() {
    let memory = full();
    for depth in [Depth::Fast, Depth::Bytes, Depth::Full] {
        let mut files = Vec::new();
        let report = verify(&memory, depth, &mut |progress| files.push(progress)).unwrap();
        assert_eq!(report.faults, []);
        assert_eq!(report.notes, [] as [&str; 0]);
        assert_eq!((report.commits, report.containers), (5, 2));
        let sealed = if depth == Depth::Fast { (0, 0) } else { (4, 0) };
        assert_eq!((report.sealed, report.sealed_without_key), sealed);
        let rows = if depth == Depth::Full { (2, 60) } else { (0, 0) };
        assert_eq!((report.batches, report.rows), rows);
        let last = files.last().unwrap();
        assert_eq!(last.done, last.total, "{last:?}");
        assert!(last.bytes > 1_000 && last.bytes <= last.bytes_total, "{last:?}");
        assert!(files.iter().any(|step| step.file.starts_with("containers/")));
    }
}

#[test]
fn every_changed_byte_of_the_truth_is_reported_and_nothing_panics() {
    let memory = small();
    assert!(report(&memory, Depth::Full).is_sound());
    let mut flips = 0;
    // Marks of readers say nothing.
    for path in memory.paths().into_iter().filter(|path| !path.starts_with("readers/")) {
        let length = memory.read(&path).unwrap().unwrap().len();
        for at in 0..length {
            let disk = memory.after_power_cut(100);
            disk.damage(&path, |bytes| bytes[at] ^= 1 << (at % 8));
            let depth = if at % 8 == 0 { Depth::Full } else { Depth::Bytes };
            let report = verify(&disk, depth, &mut |_| {});
            let named = match &report {
                Ok(report) => !report.is_sound(),
                Err(error) => error.to_string().contains("format"),
            };
            assert!(named, "{path}, byte {at}: {report:?}");
            // Opened, it answers or says what is wrong.
            if at % 5 == 0 {
                let store = Store::open_on(Arc::new(disk), options());
                if let Ok(view) = store.and_then(|store| store.snapshot()) {
                    for node in 0..view.node_count() {
                        let _ = view.fields(node);
                        let _ = view.name_of(node);
                    }
                    let _ = view.events_by_hash(None, &[1; 32]);
                    let _ = view.events_by_id("e1");
                }
            }
            flips += 1;
        }
    }
    assert!(flips > 4_000, "{flips}");
}

#[test]
fn it_goes_on_after_a_fault_and_names_the_others() {
    let memory = full();
    let container = memory.paths().into_iter().find(|path| path.starts_with("containers/"));
    memory.damage(&container.unwrap(), |bytes| bytes[100] ^= 1);
    memory.damage("keys/actor.key", |bytes| bytes[9] ^= 1);
    memory.damage("keys/seeds", |bytes| bytes[64 + 3] ^= 1);
    memory.damage("head", |bytes| bytes[100] ^= 1);
    let segment = "segments/00000001.seg";
    let second = memory.read(segment).unwrap().unwrap();
    let at = SEGMENT_HEADER + frame::read(&second[SEGMENT_HEADER..]).unwrap().length;
    memory.damage(segment, |bytes| bytes[at + 50] ^= 1);
    memory.damage(segment, |bytes| {
        let last = bytes.len() - 60;
        bytes[last] ^= 1;
    });
    let report = report(&memory, Depth::Full);
    let files: Vec<_> = report.faults.iter().map(|fault| (fault.file.as_str(), fault.at)).collect();
    for expected in ["head", "keys/actor.key", "keys/seeds"] {
        assert!(files.iter().any(|(file, _)| *file == expected), "{files:#?}");
    }
    assert!(files.iter().any(|(file, _)| file.starts_with("containers/")), "{files:#?}");
    assert!(files.contains(&(segment, at as u64)), "{files:#?}");
    assert!(report.commits >= 3 && report.batches == 1, "{report:#?}");
    let text = report.faults.iter().find(|fault| fault.at == at as u64).unwrap().to_string();
    assert!(text.contains("crc32c") && text.contains("where records go on"), "{text}");
}

#[test]
fn what_is_lost_is_named_and_what_was_not_brought_along_is_no_fault() {
    let memory = full();
    let container = memory.paths().into_iter().find(|path| path.starts_with("containers/"));
    let gone = memory.after_power_cut(100);
    gone.remove(&container.unwrap()).unwrap();
    let report_gone = report(&gone, Depth::Fast);
    assert_eq!(report_gone.faults.len(), 1);
    assert!(report_gone.faults[0].lost.contains("rows of 1 batches"), "{:?}", report_gone.faults);
    let Err(error) = Store::open_on(Arc::new(gone), options())
        .and_then(|store| store.snapshot())
        .and_then(|view| view.events_by_id("e1"))
    else {
        panic!("the rows are not there")
    };
    assert!(error.to_string().starts_with("containers/"), "{error}");

    let backup = memory.after_power_cut(100);
    for path in ["keys/signing.key", "keys/index.key", "keys/actor.key", "keys/seeds"] {
        backup.remove(path).unwrap();
    }
    let report_backup = report(&backup, Depth::Full);
    assert_eq!(report_backup.faults, []);
    assert_eq!((report_backup.sealed_without_key, report_backup.batches), (4, 0));
    let store = Store::open_read_only_on(Arc::new(backup)).unwrap();
    let view = store.snapshot().unwrap();
    let Err(error) = view.events_by_hash(None, &[1; 32]) else { panic!("it needs the index key") };
    assert!(error.to_string().contains("keys/index.key"), "{error}");
    assert!(!answers(&view).is_empty());
}

#[test]
fn a_damaged_index_is_no_damage_of_the_truth() {
    let memory = full();
    let before =
        answers(&Store::open_read_only_on(Arc::new(memory.clone())).unwrap().snapshot().unwrap());
    for path in memory.paths().into_iter().filter(|path| path.starts_with("index/")) {
        let length = memory.read(&path).unwrap().unwrap().len();
        for at in [0, 9, 20, length / 3, length / 2, length - 1] {
            let disk = memory.after_power_cut(100);
            disk.damage(&path, |bytes| bytes[at] ^= 0x10);
            let report = report(&disk, Depth::Fast);
            assert!(report.is_sound());
            assert!(report.faults.iter().any(|f| f.file == path && f.derived), "{path} {at}");
            let store = Store::open_read_only_on(Arc::new(disk)).unwrap();
            let view = store.snapshot().unwrap();
            let found = answers(&view);
            // What is met on the way is told, as a question tells it in place of an answer.
            match view.damage() {
                Some(error) => assert!(error.to_string().contains(&path), "{path} {at}: {error}"),
                None => assert_eq!(found, before, "{path} {at}"),
            }
        }
    }
}

#[test]
fn each_sort_of_damage_has_its_own_code() {
    let memory = full();
    let container =
        memory.paths().into_iter().find(|path| path.starts_with("containers/")).unwrap();
    let segment = "segments/00000001.seg";
    let length = memory.read(segment).unwrap().unwrap().len();
    type Damage<'a> = Box<dyn Fn(&MemoryStorage) + 'a>;
    let flip = |path: &'static str, at: usize| -> Damage<'_> {
        Box::new(move |disk| disk.damage(path, |bytes| bytes[at] ^= 1))
    };
    let cases: Vec<(Damage<'_>, Depth, Code)> = vec![
        (Box::new(|disk| disk.remove("head").unwrap()), Depth::Fast, Code::HeadMissing),
        (flip("head", 40), Depth::Fast, Code::HeadDamaged),
        (Box::new(|disk| disk.remove(segment).unwrap()), Depth::Fast, Code::SegmentMissing),
        (flip(segment, 20), Depth::Fast, Code::SegmentHeader),
        (
            Box::new(|disk| disk.damage(segment, |bytes| bytes.truncate(length - 8))),
            Depth::Fast,
            Code::SegmentShort,
        ),
        (flip(segment, SEGMENT_HEADER + 60), Depth::Fast, Code::FrameDamaged),
        (Box::new(|disk| disk.remove(&container).unwrap()), Depth::Fast, Code::ContainerMissing),
        (
            Box::new(|disk| disk.damage(&container, |bytes| bytes.push(0))),
            Depth::Fast,
            Code::ContainerLength,
        ),
        (
            Box::new(|disk| disk.damage(&container, |bytes| bytes[300] ^= 1)),
            Depth::Bytes,
            Code::ContainerBytes,
        ),
        (flip("keys/actor.key", 9), Depth::Fast, Code::KeyDamaged),
        (flip("keys/seeds", 70), Depth::Fast, Code::SeedsDamaged),
        (flip("sealed/00000001.seg", 120), Depth::Fast, Code::SealedDamaged),
        (
            Box::new(|disk| disk.damage("sealed/00000001.seg", |bytes| bytes.truncate(64))),
            Depth::Bytes,
            Code::SealedMissing,
        ),
        (flip("index/ledger.idx", 300), Depth::Fast, Code::DerivedDamaged),
    ];
    for (damage, depth, code) in cases {
        let disk = memory.after_power_cut(100);
        damage(&disk);
        let found = report(&disk, depth);
        assert!(codes(&found).contains(&code), "{code}: {:#?}", found.faults);
        // What a quick look finds, a thorough one does not miss.
        assert!(codes(&report(&disk, Depth::Full)).contains(&code), "{code}");
    }
}

#[test]
fn what_is_older_than_a_commit_is_not_hashed_again() {
    let memory = full();
    let what = |since| What { since, ..What::default() };
    let check =
        |disk: &MemoryStorage, since| verify_all(&shared(disk), &what(since), &mut |_| {}).unwrap();
    let (all, later) = (check(&memory, 0), check(&memory, 3));
    assert_eq!((all.faults.len(), later.faults.len()), (0, 0), "{later:#?}");
    assert_eq!((all.commits, later.commits), (5, 5), "the chain is read from its beginning");
    assert_eq!((all.rows, later.rows), (60, 20), "rows of the batch that came in commit 4");
    // The container of commit 2 is damaged, that of commit 4 is not.
    let old = memory.after_power_cut(100);
    let containers: Vec<_> =
        memory.paths().into_iter().filter(|path| path.starts_with("containers/")).collect();
    let sizes: Vec<usize> =
        containers.iter().map(|path| memory.read(path).unwrap().unwrap().len()).collect();
    let older = &containers[usize::from(sizes[1] > sizes[0])];
    old.damage(older, |bytes| bytes[200] ^= 1);
    assert_eq!(codes(&check(&old, 1)), [Code::ContainerBytes]);
    assert_eq!(codes(&check(&old, 2)), []);
    assert_eq!(codes(&check(&old, 0)), [Code::ContainerBytes]);
}

#[test]
fn one_node_is_checked_with_its_events_and_nothing_else() {
    let memory = full();
    let store = Store::open_read_only_on(shared(&memory)).unwrap();
    let view = store.snapshot().unwrap();
    let id = |kind| view.node_id(view.nodes_of(kind).start);
    let check = |disk: &MemoryStorage, node| {
        let what = What { node: Some(node), ..What::default() };
        verify_all(&shared(disk), &what, &mut |_| {}).unwrap()
    };
    let deployment = check(&memory, id(Kind::Deployment));
    assert_eq!((deployment.faults.len(), deployment.batches, deployment.rows), (0, 2, 60));
    let batch = check(&memory, id(Kind::Batch));
    assert_eq!((batch.faults.len(), batch.batches), (0, 1));
    assert_eq!(check(&memory, id(Kind::Run)).rows, 0);
    let container = memory.paths().into_iter().find(|path| path.starts_with("containers/"));
    memory.damage(&container.unwrap(), |bytes| bytes[200] ^= 1);
    assert_eq!(codes(&check(&memory, id(Kind::Deployment))), [Code::ContainerBytes]);
    assert_eq!(codes(&check(&memory, id(Kind::Run))), [], "its events are none");
}

/// Where a section of a file of sections begins, by its place in the directory, and how long it is.
fn section(bytes: &[u8], number: usize) -> (usize, usize) {
    let word =
        |at: usize| usize::try_from(u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()));
    let entry = 152 + number * 32;
    (word(entry + 16).unwrap(), word(entry + 24).unwrap())
}

/// Makes the checksums of a file of sections fit what is in it: what who knows the form can do.
fn reseal(bytes: &mut [u8]) {
    let word = |bytes: &[u8], at: usize| {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    };
    let sections = word(bytes, 144);
    let mut at = 152 + sections * 32;
    for number in 0..sections {
        let (start, length) = section(bytes, number);
        for block in (0..length).step_by(16_384) {
            let end = length.min(block + 16_384);
            let crc = crc32c(&bytes[start + block..start + end]);
            bytes[at..at + 4].copy_from_slice(&crc.to_le_bytes());
            at += 4;
        }
    }
    let crc = crc32c(&bytes[..at]);
    bytes[at..at + 4].copy_from_slice(&crc.to_le_bytes());
}

/// The Castagnoli checksum, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 * (crc & 1)))
    })
}

#[test]
fn a_derived_file_that_is_whole_and_says_something_else_is_told() {
    let memory = full();
    let check =
        |disk: &MemoryStorage| verify_all(&shared(disk), &What::default(), &mut |_| {}).unwrap();
    let sound = check(&memory);
    assert_eq!((sound.faults, sound.notes), (vec![], vec![]));
    let index: Vec<_> =
        memory.paths().into_iter().filter(|path| path.starts_with("index/")).collect();
    let (mut told, mut silent) = (0, Vec::new());
    // Lists are no files of sections.
    let lists = ["manifest", "runs.idx", "map.idx"];
    for path in index.iter().filter(|path| !lists.iter().any(|list| path.ends_with(list))) {
        let whole = memory.read(path).unwrap().unwrap().to_vec();
        let sections = u32::from_le_bytes(whole[144..148].try_into().unwrap()) as usize;
        for number in 0..sections {
            let (start, length) = section(&whole, number);
            if length == 0 {
                continue;
            }
            let disk = memory.after_power_cut(100);
            disk.damage(path, |bytes| {
                bytes[start + length / 2] ^= 1;
                reseal(bytes);
            });
            let report = check(&disk);
            assert!(report.is_sound(), "{path}, section {number}: {:#?}", report.faults);
            // Read or left aside: one that is not used cannot mislead.
            if report.faults.is_empty() && report.notes.is_empty() {
                silent.push((path.clone(), number));
            } else {
                told += 1;
            }
        }
    }
    assert!(told > 40, "{told} changes were told, not {silent:?}");
    // Of a single run the filter is never asked, and that it covers later commits misleads nobody.
    silent.retain(|(path, number)| !(path.ends_with(".run") && [0, 4].contains(number)));
    assert_eq!(silent, [], "{told} changes were told");
}
