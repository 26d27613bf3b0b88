//! Did anybody write to a file while it was read? What the system says of it before and after.
//!
//! A large file is hashed beside its reading where this tells that both saw the same bytes
//! (docs/architecture.md, 73). Where it cannot tell, the file is hashed before and after.

use crate::error::{Error, Result};
use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// For so long nobody wrote to what is called still. A write moves the time of the last one, and from one that
/// is so long ago it moves it by more than the coarsest clock of a file system (FAT: 2 s).
const STILL_FOR: Duration = Duration::from_secs(10);

/// What the system says of files, also of those that are not there.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Stand(Vec<(PathBuf, Option<Said>)>);

#[derive(PartialEq, Eq, Debug)]
struct Said {
    size: u64,
    modified: Option<SystemTime>,
    /// Which file, and when its bytes or what is said of it last changed: nobody sets that time.
    device: u64,
    inode: u64,
    changed: (i64, i64),
}

impl Said {
    fn of(about: &Metadata) -> Said {
        Said {
            size: about.len(),
            modified: about.modified().ok(),
            device: about.dev(),
            inode: about.ino(),
            changed: (about.ctime(), about.ctime_nsec()),
        }
    }
}

impl Stand {
    /// How files stand.
    ///
    /// # Errors
    /// [`Error::Io`], but not where one is not there.
    pub(super) fn of<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Result<Stand> {
        let one = |path: &'p Path| match path.metadata() {
            Ok(about) => Ok((path.to_owned(), Some(Said::of(&about)))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok((path.to_owned(), None)),
            Err(source) => Err(Error::Io { path: path.to_owned(), source }),
        };
        Ok(Stand(paths.into_iter().map(one).collect::<Result<_>>()?))
    }

    /// Was nothing written for a while before `now` (ns), so that a write would show?
    pub(super) fn is_still(&self, now: i64) -> bool {
        let now = UNIX_EPOCH + Duration::from_nanos(u64::try_from(now).unwrap_or(0));
        self.0.iter().filter_map(|(_, said)| said.as_ref()).all(|said| {
            let since = said.modified.and_then(|then| now.duration_since(then).ok());
            since.is_some_and(|since| since >= STILL_FOR)
        })
    }

    /// Bytes in all.
    pub(super) fn size(&self) -> u64 {
        self.0.iter().filter_map(|(_, said)| said.as_ref()).map(|said| said.size).sum()
    }

    /// # Errors
    /// [`Error::Changed`] where a file does not stand as it did; [`Error::Io`].
    pub(super) fn check(&self) -> Result<()> {
        for (path, said) in &self.0 {
            let now = Stand::of([path.as_path()])?;
            if now.0.first().map(|(_, now)| now) != Some(said) {
                return Err(Error::Changed { path: path.clone() });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_engine::clock::{Clock, SystemClock};
    use std::fs::{self, File};

    fn ago(since: Duration) -> SystemTime {
        let now = Duration::from_nanos(u64::try_from(SystemClock.now()).unwrap());
        UNIX_EPOCH + now - since
    }

    #[test]
    fn a_write_another_file_of_the_name_and_a_new_file_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let (path, log) = (folder.path().join("m.db"), folder.path().join("m.db-wal"));
        let past = ago(STILL_FOR);
        let write = |bytes: &str| {
            fs::write(&path, bytes).unwrap();
            let file = File::options().append(true).open(&path).unwrap();
            file.set_modified(past).unwrap();
            Stand::of([path.as_path(), log.as_path()]).unwrap()
        };
        let stand = write("one");
        assert!(stand.is_still(SystemClock.now()));
        assert_eq!(stand.size(), 3);
        stand.check().unwrap();
        // The same length and the same time of the last write: the time of the last change tells.
        std::thread::sleep(Duration::from_millis(20));
        let other = write("two");
        assert!(matches!(stand.check(), Err(Error::Changed { .. })));
        other.check().unwrap();
        fs::write(&log, "a log").unwrap();
        assert!(matches!(other.check(), Err(Error::Changed { path }) if path == log));
    }

    #[test]
    fn what_was_just_written_or_says_a_time_to_come_is_not_still() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let is_still = |modified: SystemTime| {
            file.as_file().set_modified(modified).unwrap();
            Stand::of([file.path()]).unwrap().is_still(SystemClock.now())
        };
        assert!(is_still(ago(STILL_FOR)));
        assert!(!is_still(ago(Duration::ZERO)));
        assert!(!is_still(ago(Duration::ZERO) + STILL_FOR));
    }
}
