//! The artifacts of a run, where they lie beside its metadata.

use super::super::error::Error;
use super::super::store::{Artifact, Store};
use super::folder::{Folder, Keyed};
use crate::mapping::mlflow::DocumentRule;
use crate::plain;
use std::fs;

/// Longest document that is hashed, so that a data set that is named like one costs no minutes.
const DOCUMENT_BYTES_MAX: u64 = 64 << 20;

/// Lists the artifacts in a folder that are documents, with their hashes.
pub(in super::super) fn artifacts(
    folder: &Folder,
    documents: &[DocumentRule],
    store: &mut Store,
) -> Result<Vec<Artifact>, Error> {
    let files = folder.files(store)?;
    let files =
        files.into_iter().filter(|file| documents.iter().any(|rule| rule.path.is_match(&file.key)));
    Ok(files.filter_map(|file| artifact(file, store)).collect())
}

fn artifact(file: Keyed, store: &mut Store) -> Option<Artifact> {
    let read = || {
        let size = fs::metadata(&file.path)?.len();
        let digest = if size <= DOCUMENT_BYTES_MAX {
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(plain::open(&file.path)?)?;
            Some(hasher.finalize().to_hex().to_string())
        } else {
            None
        };
        Ok::<_, std::io::Error>((size, digest))
    };
    match read() {
        Ok((size, digest)) => Some(Artifact { path: file.key, size, digest, at_file: file.label }),
        Err(error) => {
            store.reject(&file.label, error.to_string());
            None
        }
    }
}
