//! Opening what somebody named: plain files alone. A pipe would hold whoever opens it until somebody writes into it,
//! a device may never end, and both say something else when they are read again, which every import does.

use crate::error::{Error, Result};
use crate::fence;
use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// Does a path lead to a file or a folder, or to nothing? What else there is cannot be imported.
///
/// # Errors
/// [`Error::NotPlain`].
pub fn check_kind(path: &Path) -> Result<()> {
    match other_than_plain(path) {
        Some(what) => Err(Error::NotPlain { path: path.to_owned(), what }),
        None => Ok(()),
    }
}

/// What a path leads to, where that is neither a file nor a folder.
fn other_than_plain(path: &Path) -> Option<&'static str> {
    let kind = fs::metadata(path).ok()?.file_type();
    (!kind.is_file() && !kind.is_dir()).then(|| name(kind))
}

/// Opens a plain file, or one that a link leads to; below a fence, none that lies outside of it.
///
/// # Errors
/// What the system says; or that it is no plain file, or lies outside.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Before it is opened: that alone would wait for the other end of a pipe.
    check(fs::metadata(path)?.file_type())?;
    let file = File::open(path)?;
    // It may be another by now.
    check(file.metadata()?.file_type())?;
    fence::check_opened(path, &file)?;
    Ok(file)
}

/// Reads a plain file whole.
///
/// # Errors
/// As [`open`].
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Is there a plain file at a path, or nothing?
///
/// # Errors
/// That it is no plain file.
pub(crate) fn check_beside(path: &Path) -> io::Result<()> {
    fs::metadata(path).map_or(Ok(()), |about| check(about.file_type()))
}

fn check(kind: FileType) -> io::Result<()> {
    if kind.is_file() {
        return Ok(());
    }
    let what = if kind.is_dir() { "a folder" } else { name(kind) };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {what} and no plain file")))
}

fn name(kind: FileType) -> &'static str {
    if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_a_folder_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        fs::write(&file, "x").unwrap();
        assert_eq!(read(&file).unwrap(), b"x");
        assert!(check_kind(&file).is_ok() && check_kind(folder.path()).is_ok());
        assert!(open(folder.path()).unwrap_err().to_string().contains("a folder"));
        let absent = open(&folder.path().join("b")).unwrap_err();
        assert_eq!(absent.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_is_no_file_is_refused_and_waits_for_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let made = std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap();
        assert!(made.success());
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        std::os::unix::fs::symlink(at("pipe"), at("link")).unwrap();
        let cases = [
            (at("pipe"), "a pipe"),
            (at("link"), "a pipe"),
            (at("socket"), "a socket"),
            ("/dev/zero".into(), "a device"),
        ];
        for (path, what) in cases {
            let refused = check_kind(&path).unwrap_err().to_string();
            assert!(refused.contains(what), "{refused}");
            assert!(open(&path).unwrap_err().to_string().contains(what), "{path:?}");
        }
    }
}
