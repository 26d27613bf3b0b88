//! Folders that nothing leads out of. What is read by a path below such a folder lies below it: somebody who may
//! put files there, and links, has nothing else read by it.
//!
//! A fence is for the whole program, by the folder's path, since files are opened on many threads and in many
//! places. Each file is looked at when it is open: what a path led to a moment before says nothing.

use crate::error::{Error, Result};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

/// The folders, by their paths without links.
static FENCES: RwLock<Vec<PathBuf>> = RwLock::new(Vec::new());

/// From now on nothing that is imported by a path below this folder is read from outside of it, whatever links
/// say. Gives the folder's path without links; by that its files are to be named.
///
/// # Errors
/// What the system says of the folder.
pub fn fence(folder: &Path) -> io::Result<PathBuf> {
    let folder = folder.canonicalize()?;
    let mut fences = FENCES.write().unwrap_or_else(PoisonError::into_inner);
    if !fences.contains(&folder) {
        fences.push(folder.clone());
    }
    Ok(folder)
}

/// The narrowest fence around a path.
fn around(path: &Path) -> Option<PathBuf> {
    let fences = FENCES.read().unwrap_or_else(PoisonError::into_inner);
    let around = fences.iter().filter(|folder| path.starts_with(folder));
    around.max_by_key(|folder| folder.components().count()).cloned()
}

/// Is a path below a fence? What opens files by their names, and not by [`crate::plain`], must not do so there.
pub(crate) fn is_around(path: &Path) -> bool {
    around(path).is_some()
}

/// Refuses a file that was opened by a path below a fence and lies outside of it.
///
/// # Errors
/// That it does; or what the system says.
pub(crate) fn check_opened(path: &Path, file: &File) -> io::Result<()> {
    let Some(folder) = around(path) else { return Ok(()) };
    match lies_below(path, file, &folder)? {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "a link leads out of the folder from which imports may be asked for",
        )),
    }
}

/// Where the system says that an open file lies: no name is looked up for that.
#[cfg(target_os = "linux")]
fn lies_below(_path: &Path, file: &File, folder: &Path) -> io::Result<bool> {
    use std::os::fd::AsRawFd;
    let at = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    Ok(at.starts_with(folder))
}

/// Is the open file the one that stands where its path leads to, and does that lie below the folder?
#[cfg(not(target_os = "linux"))]
fn lies_below(path: &Path, file: &File, folder: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let at = path.canonicalize()?;
    let (there, opened) = (fs::symlink_metadata(&at)?, file.metadata()?);
    Ok(at.starts_with(folder) && (there.dev(), there.ino()) == (opened.dev(), opened.ino()))
}

/// Refuses a path below a fence in which a link leads out of it, before anything is read: so that nobody takes what
/// is left out for what is there. What comes behind this look is refused when it is opened.
///
/// # Errors
/// [`Error::LeadsOut`] with the first link, in the order of names.
pub(crate) fn check(path: &Path) -> Result<()> {
    let Some(folder) = around(path) else { return Ok(()) };
    let mut paths = vec![path.to_owned()];
    while let Some(path) = paths.pop() {
        let Ok(about) = fs::symlink_metadata(&path) else { continue };
        if about.is_symlink() {
            // One that leads nowhere is told by whoever opens it.
            match path.canonicalize() {
                Ok(at) if !at.starts_with(&folder) => return Err(Error::LeadsOut { path }),
                _ => continue,
            }
        }
        if about.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            let mut below: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
            // The last is looked at first.
            below.sort_unstable_by(|a, b| b.cmp(a));
            paths.append(&mut below);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plain;
    use std::os::unix::fs::symlink;

    #[test]
    fn nothing_is_read_from_outside_of_a_fence() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = outside.path().join("secret");
        fs::write(&secret, "s").unwrap();
        let root = fence(inside.path()).unwrap();
        fs::create_dir(root.join("a")).unwrap();
        fs::write(root.join("a/own"), "o").unwrap();
        symlink(root.join("a/own"), root.join("link")).unwrap();
        assert_eq!(plain::read(&root.join("link")).unwrap(), b"o", "a link within is followed");
        assert!(check(&root).is_ok());
        symlink(&secret, root.join("a/out")).unwrap();
        symlink(outside.path(), root.join("folder")).unwrap();
        for path in ["a/out", "folder/secret"] {
            let refused = plain::read(&root.join(path)).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "{path}: {refused}");
        }
        assert!(
            matches!(check(&root), Err(Error::LeadsOut { path }) if path == root.join("a/out"))
        );
        // By its own path it is as any file.
        assert_eq!(plain::read(&secret).unwrap(), b"s");
        assert!(is_around(&root.join("a")) && !is_around(&secret));
    }

    #[test]
    fn a_fence_within_another_holds_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = fence(folder.path()).unwrap();
        fs::create_dir(root.join("own")).unwrap();
        fs::write(root.join("theirs"), "t").unwrap();
        let own = fence(&root.join("own")).unwrap();
        symlink(root.join("theirs"), own.join("link")).unwrap();
        assert!(plain::read(&own.join("link")).is_err());
        assert!(plain::read(&root.join("theirs")).is_ok());
    }
}
