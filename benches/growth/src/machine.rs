//! What the operating system says of this process, of a folder and of the disk. Linux's words.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::Outcome;

/// How often the memory of a process is looked at.
const EVERY: Duration = Duration::from_millis(20);

/// User and system time of this process and its threads in seconds, as Linux counts it: in hundredths.
///
/// # Errors
/// No `/proc`.
pub(crate) fn cpu_seconds() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
    let of = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok());
    let (user, system) = (of(11).ok_or("no user time")?, of(12).ok_or("no system time")?);
    Ok((user + system) / 100.0)
}

/// A line of `/proc/self/status` in KiB; 0 where there is none.
pub(crate) fn status_kib(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}

/// Looks at the memory of this process that is its own, not a mapped file's, and keeps the most.
pub(crate) struct OwnMemory {
    most: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    watch: JoinHandle<()>,
}

impl OwnMemory {
    pub(crate) fn watch() -> OwnMemory {
        let (most, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (into, until) = (Arc::clone(&most), Arc::clone(&over));
        let watch = std::thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                into.fetch_max(status_kib("RssAnon"), Ordering::Relaxed);
                std::thread::sleep(EVERY);
            }
        });
        OwnMemory { most, over, watch }
    }

    /// The most of it, KiB.
    pub(crate) fn most(self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        let _ = self.watch.join();
        self.most.load(Ordering::Relaxed)
    }
}

/// Bytes of all files under a folder; 0 where there is none.
pub(crate) fn bytes_under(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let each = entries.flatten().map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_under(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    each.sum()
}

/// Bytes of the files right in a folder whose names begin so; 0 where there is none.
pub(crate) fn bytes_of(folder: &Path, prefix: &str) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let named = entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)));
    named.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum()
}

/// Bytes that are free on the disk of a folder, as `df` says.
///
/// # Errors
/// There is no `df`, or it speaks otherwise.
pub(crate) fn free_bytes(folder: &Path) -> Outcome<u64> {
    let said = Command::new("df").arg("-Pk").arg(folder).output()?;
    let said = String::from_utf8(said.stdout)?;
    let available = said.lines().nth(1).and_then(|line| line.split_whitespace().nth(3));
    Ok(available.ok_or("df names no free space")?.parse::<u64>()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::{OwnMemory, bytes_of, bytes_under, cpu_seconds, free_bytes, status_kib};

    #[test]
    fn figures_are_there_and_bytes_are_added() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("in")).expect("a folder");
        std::fs::write(folder.path().join("in/file"), [0; 700]).expect("written");
        std::fs::write(folder.path().join("file"), [0; 300]).expect("written");
        assert_eq!(bytes_under(folder.path()), 1_000);
        assert_eq!(bytes_under(&folder.path().join("none")), 0);
        std::fs::write(folder.path().join("in/first"), [0; 40]).expect("written");
        assert_eq!(bytes_of(&folder.path().join("in"), "fil"), 700);
        assert!(free_bytes(folder.path()).expect("df") > 1 << 20);
        assert!(cpu_seconds().expect("proc") >= 0.0);
        assert!(status_kib("VmHWM") >= status_kib("RssAnon") && status_kib("RssAnon") > 0);
    }

    #[test]
    fn the_most_memory_is_kept_after_it_is_given_back() {
        let watch = OwnMemory::watch();
        let held = vec![1_u8; 64 << 20];
        std::thread::sleep(super::EVERY * 4);
        drop(std::hint::black_box(held));
        std::thread::sleep(super::EVERY * 4);
        assert!(watch.most() >= 64 << 10);
    }
}
