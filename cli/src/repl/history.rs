//! The history file: where it lies, and what is done about one that a crash or a copy has spoiled.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// More is no history of statements: it is left alone, and nothing is remembered.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// `$XDG_STATE_HOME/lineal/history`, else `~/.local/state/lineal/history`; the folder is made.
pub(super) fn file() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let state = set("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state = state.or_else(|| Some(PathBuf::from(set("HOME")?).join(".local/state")))?;
    let folder = state.join("lineal");
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).ok()?;
    Some(folder.join("history"))
}

/// Leaves out the lines that are no text, and ends the last one. The editor refuses a file with one
/// such line as a whole, and would remember nothing from then on.
///
/// # Errors
/// The file cannot be read or replaced; it is as it was.
pub(super) fn mend(file: &Path) -> io::Result<()> {
    let mut bytes = Vec::new();
    let opened = match std::fs::File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    opened.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(io::Error::other("the history is too long to be one"));
    }
    let sound = sound(&bytes);
    if sound == bytes {
        return Ok(());
    }
    let beside = file.with_extension(format!("{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(&beside)?.write_all(&sound)?;
    std::fs::rename(&beside, file)
}

fn sound(bytes: &[u8]) -> Vec<u8> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let mut out = Vec::with_capacity(bytes.len() + 1);
    for line in lines.filter(|line| std::str::from_utf8(line).is_ok()) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_left_out_and_the_torn_end_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history");
        mend(&file).unwrap();
        assert!(!file.exists(), "nothing to mend");
        std::fs::write(&file, b"#V2\nfind model;\n\xff\xfe\nfind ru").unwrap();
        mend(&file).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"#V2\nfind model;\nfind ru\n");
        let written = std::fs::metadata(&file).unwrap().modified().unwrap();
        mend(&file).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().modified().unwrap(), written);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
    }
}
