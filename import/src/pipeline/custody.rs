//! Custody: what the bytes of a source hash to, as stored (docs/format.md, section 11).

use super::staging::Session;
use crate::error::{Error, Result};
use crate::plain;
use crate::progress::Progress;
use crate::report::SourceReport;
use lineal_engine::Transaction;
use lineal_proof::record::Source;
use lineal_proof::{Hash, Value, cbor};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Bytes read at once where two threads hash them.
const CHUNK: usize = 1 << 20;
/// Bytes read at once where one thread does: they are still in its core's own cache.
const CHUNK_OF_ONE: usize = 256 << 10;
/// From so many bytes on the two hashes are made side by side.
const SPLIT_FROM: usize = 256 << 10;
/// Files of fewer lines have their digests sealed: few lines can be guessed.
const SEALED_LINES: u64 = 1_000;

/// What is known of a file or tree before it is translated.
#[derive(Clone, Debug)]
pub(super) struct Custody {
    pub(super) files: u64,
    pub(super) size: u64,
    pub(super) sha256: Hash,
    pub(super) blake3: Hash,
    /// The newest modification time, ns.
    pub(super) modified: Option<i64>,
}

/// A label as it is recorded, and the commitment to the plain one where they differ.
pub(super) fn record_label(
    session: &mut Session<'_>,
    digest: &[u8; 16],
    plain: &str,
) -> Result<(String, Vec<(String, Hash)>)> {
    let label = session.people.label(plain)?;
    let mut sealed = Vec::new();
    if label != plain {
        sealed.push(("label".to_owned(), seal(session, digest, "label", &Value::text(plain))?));
    }
    Ok((label, sealed))
}

/// The SHA-256 and the BLAKE3 of a file of so many lines as they are recorded: in the clear, or
/// among what is sealed where its lines could be guessed from them.
pub(super) fn record_digests(
    session: &Session<'_>,
    digest: &[u8; 16],
    custody: &Custody,
    lines: Option<u64>,
    sealed: &mut Vec<(String, Hash)>,
) -> Result<(Option<Hash>, Option<Hash>)> {
    if lines.is_none_or(|lines| lines >= SEALED_LINES) {
        return Ok((Some(custody.sha256), Some(custody.blake3)));
    }
    for (field, hash) in [("blake3", &custody.blake3), ("sha256", &custody.sha256)] {
        let value = Value::Bytes(hash.0.to_vec());
        sealed.push((field.to_owned(), seal(session, digest, field, &value)?));
    }
    Ok((None, None))
}

/// Seals what is said of a source.
fn seal(session: &Session<'_>, digest: &[u8; 16], field: &str, value: &Value) -> Result<Hash> {
    let named = Value::List(vec![Value::text("source"), Value::Bytes(digest.to_vec())]);
    Ok(session.store.seal(&Hash::of(&cbor::encode(&named)), field, value)?)
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> Error + '_ {
    move |source| Error::Io { path: path.to_owned(), source }
}

/// Which hashes are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// Those that are recorded.
    Both,
    /// The same by the thread that asks, beside other work: what waits for it may hold all others.
    BothByOne,
    /// BLAKE3 alone, to see whether bytes are known or still the same: it takes a third of the time.
    Blake3,
    /// SHA-256 alone, which is for the record: it can be made beside what waits for BLAKE3.
    Sha256,
}

/// A file that one commit ends with.
pub(super) struct Whole<'f> {
    pub(super) source: String,
    pub(super) form: &'f str,
    pub(super) digest: [u8; 16],
    pub(super) observed_at: i64,
    /// How many lines it has, where its form has lines.
    pub(super) lines: Option<u64>,
    /// How many records, as far as that is known: what a few say can be guessed, so their digests
    /// are sealed.
    pub(super) records: Option<u64>,
}

/// Records custody of a file with the last transaction that its records are in, and reports it.
pub(super) fn record_whole<'s>(
    session: &mut Session<'s>,
    mut transaction: Transaction<'s>,
    whole: &Whole<'_>,
    custody: &Custody,
    report: SourceReport,
) -> Result<()> {
    let digest = whole.digest;
    let (label, mut sealed) = record_label(session, &digest, &report.label)?;
    let (sha256, blake3) = record_digests(session, &digest, custody, whole.records, &mut sealed)?;
    transaction.add_source(Source {
        source: whole.source.clone(),
        form: whole.form.to_owned(),
        label,
        files: 1,
        lines: whole.lines,
        size: custody.size,
        sha256,
        blake3,
        sealed,
        digest,
        mapping: session.mapping.digest,
        observed_at: whole.observed_at,
        stretches: (0, 1),
        whole: true,
        counts: report.counts,
    });
    session.commit(transaction)?;
    session.add_file(digest, whole.form);
    session.report.sources.push(report);
    Ok(())
}

/// Hashes one file.
pub(super) fn of_file(path: &Path, wanted: Wanted, progress: Option<&Progress>) -> Result<Custody> {
    let mut file = plain::open(path).map_err(io(path))?;
    let (mut sha256, mut blake3) = (Sha256::new(), blake3::Hasher::new());
    let mut buffer = vec![0; if wanted == Wanted::Both { CHUNK } else { CHUNK_OF_ONE }];
    let mut size = 0;
    loop {
        let count = file.read(&mut buffer).map_err(io(path))?;
        if count == 0 {
            break;
        }
        let read = &buffer[..count];
        match wanted {
            Wanted::Both if count >= SPLIT_FROM => {
                rayon::join(|| sha256.update(read), || blake3.update(read));
            }
            Wanted::Both | Wanted::BothByOne => {
                sha256.update(read);
                blake3.update(read);
            }
            Wanted::Blake3 => {
                blake3.update(read);
            }
            Wanted::Sha256 => sha256.update(read),
        }
        size += count as u64;
        if let Some(progress) = progress {
            progress.add_bytes(count as u64);
        }
    }
    let modified = file.metadata().and_then(|meta| meta.modified()).ok();
    let modified = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok(Custody {
        files: 1,
        size,
        sha256: Hash(sha256.finalize().into()),
        blake3: Hash(*blake3.finalize().as_bytes()),
        modified: modified.and_then(|since| i64::try_from(since.as_nanos()).ok()),
    })
}

/// A custody with the SHA-256 of one that was made beside it.
///
/// # Errors
/// [`Error::Changed`] where the two did not see as much.
pub(super) fn with_sha256(custody: &Custody, other: &Custody, path: &Path) -> Result<Custody> {
    if (custody.files, custody.size) != (other.files, other.size) {
        return Err(Error::Changed { path: path.to_owned() });
    }
    Ok(Custody { sha256: other.sha256, ..custody.clone() })
}

/// Where what was not yet moved into a database lies (sqlite.org/wal.html).
pub(super) fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    PathBuf::from(log)
}

/// Hashes a database: with what was not yet moved into it where there is any, as a listing of both.
pub(super) fn of_database(
    path: &Path,
    wanted: Wanted,
    progress: Option<&Progress>,
) -> Result<Custody> {
    let log = log_of(path);
    if !log.metadata().is_ok_and(|about| about.len() > 0) {
        return of_file(path, wanted, progress);
    }
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    of_listing(vec![(name(path), path.to_owned()), (name(&log), log)], wanted, progress)
}

/// Hashes a tree.
pub(super) fn of_tree(root: &Path, wanted: Wanted, progress: Option<&Progress>) -> Result<Custody> {
    let mut paths = Vec::new();
    walk(root, &mut paths)?;
    of_files_below(root, paths, wanted, progress)
}

/// Hashes these files of a tree.
pub(super) fn of_files_below(
    root: &Path,
    paths: Vec<PathBuf>,
    wanted: Wanted,
    progress: Option<&Progress>,
) -> Result<Custody> {
    let named = paths.into_iter().map(|path| {
        let below = path.strip_prefix(root).unwrap_or(&path);
        let parts = below.components().map(|part| part.as_os_str().to_string_lossy());
        (parts.collect::<Vec<_>>().join("/"), path)
    });
    of_listing(named.collect(), wanted, progress)
}

/// Hashes files: the hashes are those of their listing, so a stranger makes them with two lines of
/// shell.
fn of_listing(
    mut named: Vec<(String, PathBuf)>,
    wanted: Wanted,
    progress: Option<&Progress>,
) -> Result<Custody> {
    named.sort();
    let (mut sha256, mut blake3) = (Sha256::new(), blake3::Hasher::new());
    let mut all = Custody {
        files: 0,
        size: 0,
        sha256: Hash::default(),
        blake3: Hash::default(),
        modified: None,
    };
    for (name, path) in named {
        let file = of_file(&path, wanted, progress)?;
        sha256.update(format!("{}  {name}\n", file.sha256));
        blake3.update(format!("{}  {name}\n", file.blake3).as_bytes());
        all.files += 1;
        all.size += file.size;
        all.modified = all.modified.max(file.modified);
    }
    all.sha256 = Hash(sha256.finalize().into());
    all.blake3 = Hash(*blake3.finalize().as_bytes());
    Ok(all)
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(io(folder))? {
        let entry = entry.map_err(io(folder))?;
        let kind = entry.file_type().map_err(io(folder))?;
        if kind.is_dir() {
            walk(&entry.path(), paths)?;
        } else if kind.is_file() {
            paths.push(entry.path());
        }
    }
    Ok(())
}
