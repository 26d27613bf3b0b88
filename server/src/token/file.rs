//! The file of tokens: plain JSON of mode 0600, replaced whole.
//!
//! Not in the catalog: sled is the writer's, and one process alone may open it, while a server that
//! only reads runs beside the writer and several servers may share their tokens. A plain file can be
//! replaced by a rename, watched by its time stamp, and read by whoever must say who had access.

use super::Token;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Largest file that is read, in bytes: some ten thousand tokens.
const BYTES_MAX: u64 = 8 << 20;
/// The number of the file's form.
const FORMAT: u32 = 1;

/// Where tokens are kept.
#[derive(Clone, Debug)]
pub struct TokenFile {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: u32,
    tokens: Vec<Token>,
}

/// What tells one state of the file from another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stamp {
    modified: Option<std::time::SystemTime>,
    length: u64,
    #[cfg(unix)]
    inode: u64,
}

impl TokenFile {
    /// The file at this path, which need not be there yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> TokenFile {
        TokenFile { path: path.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All tokens, the revoked and expired ones too, in the order of their making.
    ///
    /// # Errors
    /// [`Error::TokenFile`] if it cannot be read or is no file of tokens. None is no error.
    pub fn read(&self) -> Result<Vec<Token>> {
        let fail = |why: String| Error::TokenFile { path: self.path.clone(), why };
        let length = match fs::metadata(&self.path) {
            Ok(found) => found.len(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(fail(e.to_string())),
        };
        if length > BYTES_MAX {
            return Err(fail(format!("it has {length} bytes, {BYTES_MAX} at most")));
        }
        let text = fs::read(&self.path).map_err(|e| fail(e.to_string()))?;
        let content: Content = serde_json::from_slice(&text).map_err(|e| fail(e.to_string()))?;
        if content.format != FORMAT {
            return Err(fail(format!(
                "its format is {}, this program reads {FORMAT}",
                content.format
            )));
        }
        Ok(content.tokens)
    }

    /// Adds a token.
    ///
    /// # Errors
    /// [`Error::TokenFile`].
    pub fn add(&self, token: Token) -> Result<()> {
        self.change(|tokens| {
            tokens.push(token);
            Ok(())
        })
    }

    /// Adds a token if the file holds none, not even a revoked one. Says whether it did.
    ///
    /// # Errors
    /// [`Error::TokenFile`].
    pub fn add_first(&self, token: Token) -> Result<bool> {
        self.change(|tokens| {
            let first = tokens.is_empty();
            if first {
                tokens.push(token);
            }
            Ok(first)
        })
    }

    /// Revokes the token of an id: from `now` on it is good for nothing. It stays in the list.
    ///
    /// # Errors
    /// [`Error::NoToken`], or [`Error::TokenFile`].
    pub fn revoke(&self, id: &str, now: i64) -> Result<Token> {
        self.change(|tokens| {
            let found = tokens.iter_mut().find(|token| token.id == id);
            let found = found.ok_or_else(|| Error::NoToken { id: id.to_owned() })?;
            found.revoked.get_or_insert(now);
            Ok(found.clone())
        })
    }

    pub(crate) fn stamp(&self) -> Option<Stamp> {
        let found = fs::metadata(&self.path).ok()?;
        Some(Stamp {
            modified: found.modified().ok(),
            length: found.len(),
            #[cfg(unix)]
            inode: std::os::unix::fs::MetadataExt::ino(&found),
        })
    }

    /// Reads, changes and replaces the file, alone: two who change it at once wait for each other.
    fn change<T>(&self, change: impl FnOnce(&mut Vec<Token>) -> Result<T>) -> Result<T> {
        let fail =
            |e: std::io::Error| Error::TokenFile { path: self.path.clone(), why: e.to_string() };
        let lock = private(&self.beside("lock")).map_err(fail)?;
        lock.lock().map_err(fail)?;
        let mut tokens = self.read()?;
        let changed = change(&mut tokens)?;
        let content = Content { format: FORMAT, tokens };
        let mut text = serde_json::to_vec_pretty(&content).map_err(|e| fail(e.into()))?;
        text.push(b'\n');
        let next = self.beside("next");
        // One that a crash left may be readable for others.
        let _ = fs::remove_file(&next);
        let mut file = private(&next).map_err(fail)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(fail)?;
        fs::rename(&next, &self.path).map_err(fail)?;
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail)?;
        }
        Ok(changed)
    }

    fn beside(&self, end: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(end);
        PathBuf::from(name)
    }
}

/// Opens a file that its owner alone may read.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;
    use crate::token::{ALL, Wanted};

    fn token() -> Token {
        let wanted = Wanted {
            name: "ci".to_owned(),
            role: Role::Engineer,
            stores: vec![ALL.to_owned()],
            systems: Vec::new(),
            expires: None,
        };
        Token::create(wanted, 7).unwrap().0
    }

    #[test]
    fn what_is_added_is_read_and_what_is_revoked_stays_listed() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(folder.path().join("tokens.json"));
        assert_eq!(file.read().unwrap(), []);
        let (first, second) = (token(), token());
        assert!(file.add_first(first.clone()).unwrap());
        let before = file.stamp();
        file.add(second.clone()).unwrap();
        assert_ne!(file.stamp(), before, "a server sees that it changed");
        assert!(!file.add_first(token()).unwrap());
        assert!(matches!(file.revoke("nobody", 9), Err(Error::NoToken { .. })));
        assert_eq!(file.revoke(&first.id, 9).unwrap().revoked, Some(9));
        assert_eq!(file.revoke(&first.id, 10).unwrap().revoked, Some(9), "once is enough");
        let read = file.read().unwrap();
        assert_eq!(read, [Token { revoked: Some(9), ..first }, second]);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.json");
        fs::write(folder.path().join("tokens.json.next"), "left by a crash").unwrap();
        TokenFile::new(&path).add(token()).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.json");
        for text in ["", "[]", r#"{"format":2,"tokens":[]}"#, r#"{"format":1,"tokens":[{}]}"#] {
            fs::write(&path, text).unwrap();
            let error = TokenFile::new(&path).read().unwrap_err().to_string();
            assert!(error.contains("tokens.json"), "{error}");
            assert!(TokenFile::new(&path).add(token()).is_err(), "it is not overwritten");
        }
    }
}
