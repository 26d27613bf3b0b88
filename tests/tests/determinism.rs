//! Given the same store id, keys, clock and exports, the same bytes: whatever the number of threads.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]

use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_import::{ImportOptions, Limits};
use lineal_tests::log_lines::{Line, write};
use lineal_tests::place::{ARCHIVES, DATABASE, Place, fixture};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every file of a store after imports under so many threads.
fn bytes(threads: usize, paths: &[PathBuf], limits: Limits) -> BTreeMap<String, Vec<u8>> {
    let storage = MemoryStorage::new();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let place = Place::on(Arc::new(storage.clone()));
        let options = ImportOptions { limits, ..ImportOptions::default() };
        let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        place.import_with(&paths, &options);
    });
    let read = |path: String| {
        let bytes = storage.read(&path).unwrap().unwrap().to_vec();
        (path, bytes)
    };
    storage.paths().into_iter().map(read).collect()
}

fn assert_same(paths: &[PathBuf], limits: Limits) {
    let one = bytes(1, paths, limits);
    for folder in ["segments/", "containers/", "keys/", "sealed/", "head", "index/"] {
        assert!(one.keys().any(|path| path.starts_with(folder)), "{folder}");
    }
    for threads in [1, 4] {
        let other = bytes(threads, paths, limits);
        assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
        for (path, bytes) in &one {
            assert!(*bytes == other[path], "{path} differs with {threads} threads");
        }
    }
}

#[test]
fn the_bundled_exports_give_the_same_bytes_with_one_thread_and_with_four() {
    let names = [DATABASE, "mlflow-3.17-file", "mlflow-2.9-file/mlruns", "rest-3.17"];
    let names = names.into_iter().chain(["export-import-2.9"]).chain(ARCHIVES);
    let paths: Vec<PathBuf> = names.map(fixture).collect();
    assert_same(&paths, Limits::default());
}

#[test]
fn many_files_and_deployments_give_the_same_bytes_with_one_thread_and_with_four() {
    let folder = tempfile::tempdir().unwrap();
    for file in 0..24_u32 {
        let lines = (0..200_u32).map(|line| Line {
            service: format!("scorer-{}", line % 7),
            ..Line::number(file * 150 + line)
        });
        let path = folder.path().join(format!("dt=20260301/hour=00/archive_{file:02}.json"));
        write(&path, lines).unwrap();
    }
    let path = folder.path().to_owned();
    assert_same(std::slice::from_ref(&path), Limits::default());
    // And where they are committed in several groups.
    assert_same(&[path], Limits { group_files: 5, ..Limits::default() });
}
