//! Bytes of a file, mapped into memory or held: the one module with `unsafe`.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

/// Read-only bytes that are cheap to clone.
#[derive(Clone)]
pub struct Bytes(Inner);

#[derive(Clone)]
enum Inner {
    Mapped(Arc<memmap2::Mmap>),
    Held(Arc<Vec<u8>>),
}

impl Bytes {
    /// Bytes held in memory.
    #[must_use]
    pub fn held(bytes: Vec<u8>) -> Bytes {
        Bytes(Inner::Held(Arc::new(bytes)))
    }

    /// Maps a file as it is now.
    ///
    /// # Errors
    /// What the system says.
    #[expect(
        unsafe_code,
        reason = "mapping a file is unsafe by nature; the invariant stands below"
    )]
    pub fn map(file: &File) -> io::Result<Bytes> {
        if file.metadata()?.len() == 0 {
            return Ok(Bytes::held(Vec::new()));
        }
        // SAFETY: the files mapped here are immutable once renamed into place, or segments, of
        // which only bytes below `head` are looked at; the writer never changes or cuts those
        // (docs/format.md, section 12). Other files are not mapped (storage/file.rs). A file cut by somebody else raises SIGBUS, as for any
        // mapped database.
        let map = unsafe { memmap2::Mmap::map(file)? };
        Ok(Bytes(Inner::Mapped(Arc::new(map))))
    }
}

impl Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Inner::Mapped(map) => map,
            Inner::Held(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}
