//! Files beside a store that say where its data comes from.

use std::path::Path;

/// What DVC writes for each run of a pipeline: the files that went in and came out, with digests.
const LOCK: &str = "dvc.lock";

/// The names of such files in a folder.
pub(super) fn beside(folder: &Path) -> Vec<String> {
    folder.join(LOCK).is_file().then(|| LOCK.to_owned()).into_iter().collect()
}
