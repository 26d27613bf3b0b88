//! What keeps a file or folder from being read at all. A damaged file is no error: its report
//! says so, and what stands before the damage was read.

use std::io;
use std::path::PathBuf;

/// Why reading ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be opened.
    #[error("{label} cannot be opened: {source}; check that it is there and that you may read it")]
    Open {
        /// The file, relative to what was given to `import`.
        label: String,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be read on.
    #[error(
        "{label} cannot be read on after {byte} bytes (decompressed), {whole_lines} whole lines: \
         {source}; the disk or the connection failed, the file itself may be whole"
    )]
    Read {
        /// The file, relative to what was given to `import`.
        label: String,
        /// Decompressed bytes before.
        byte: u64,
        /// Whole lines before.
        whole_lines: u64,
        /// Why.
        source: io::Error,
    },
    /// The sink asked to stop.
    #[error("{label} was not read to its end: the import stopped after {whole_lines} lines of it")]
    Stopped {
        /// The file, relative to what was given to `import`.
        label: String,
        /// Whole lines before.
        whole_lines: u64,
    },
    /// A file or folder cannot be found or listed.
    #[error("{} cannot be listed: {source}; check that it is there and that you may read it", path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// More files than one import takes.
    #[error(
        "{} holds more than {max} log files, the most one import takes; import its parts one \
         after another",
        path.display()
    )]
    TooManyFiles {
        /// The folder.
        path: PathBuf,
        /// The bound.
        max: usize,
    },
    /// Folders inside folders without end.
    #[error("{} lies more than {max} folders deep; give `import` a folder nearer to it", path.display())]
    TooDeep {
        /// The folder.
        path: PathBuf,
        /// The bound.
        max: usize,
    },
}
