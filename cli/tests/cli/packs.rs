//! Packs made by processes that share nothing but the store: other threads, another day, another zone,
//! another language. They are the same to the byte.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::program::{ARCHIVE, DATABASE, Folder};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A library that moves each clock that a program asks for by a year and a bit: `LD_PRELOAD` puts it in
/// front of the C library's, which Rust's standard library calls.
const OTHER_DAY: &str = r"
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *now) {
    int done = syscall(SYS_clock_gettime, id, now);
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) now->tv_sec += 400 * 86400 + 12345;
    return done;
}
";

/// Builds it; nothing where there is no C compiler.
fn other_day(folder: &Folder) -> Option<PathBuf> {
    let (source, library) = (folder.write("day.c", OTHER_DAY), folder.path().join("day.so"));
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
    built.is_ok_and(|built| built.success()).then_some(library)
}

/// The year, month and day that `lineal check` takes for today.
fn today(said: &str) -> String {
    let (_, day) = said.split_once("today is ").unwrap_or_else(|| panic!("{said}"));
    day.chars().take(10).collect()
}

/// Every file below a folder, by its path there.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(at) = waiting.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                found.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    found
}

#[test]
fn two_processes_of_other_threads_and_another_day_make_the_same_pack() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    folder.done(&["checkpoint"]);
    let day = if cfg!(target_os = "linux") { other_day(&folder) } else { None };
    if let Some(library) = &day {
        let mut there = folder.command(&["check"]);
        let there = there.env("LD_PRELOAD", library).output().unwrap();
        let there = today(&String::from_utf8_lossy(&there.stdout));
        let here = today(&folder.run(&["check"]).out);
        assert_ne!(there, here, "the other day is none");
    } else {
        eprintln!(
            "SKIPPED (no C compiler, or not Linux): another day; threads and zones are compared"
        );
    }
    for disclosure in ["authority", "third-party"] {
        let make = |name: &str, threads: &str, zone: &str, library: Option<&PathBuf>| {
            let (out, zip) = (format!("{name}-{disclosure}"), format!("{name}-{disclosure}.zip"));
            let model = "model:credit-risk-scorer@3";
            let arguments =
                ["pack", model, "--disclosure", disclosure, "--out", &out, "--zip", &zip];
            let mut command = folder.command(&arguments);
            command.env("RAYON_NUM_THREADS", threads).env("TZ", zone).env("LC_ALL", "C");
            if let Some(library) = library {
                command.env("LD_PRELOAD", library);
            }
            let done = command.output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            (files(&folder.path().join(out)), std::fs::read(folder.path().join(zip)).unwrap())
        };
        let (one, one_zip) = make("one", "1", "UTC", None);
        let (other, other_zip) = make("other", "4", "Pacific/Auckland", day.as_ref());
        assert!(one.len() > 30, "{} files", one.len());
        assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
        for (path, bytes) in &one {
            assert!(bytes == &other[path], "{} of {disclosure} differs", path.display());
        }
        assert!(one_zip == other_zip, "the zips differ");
    }
}
