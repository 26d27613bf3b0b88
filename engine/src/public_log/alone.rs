//! One at a time below `checkpoints/` and `tiles/`: a checkpoint is signed, witnessed and stamped beside a
//! server that holds the writer's lock, so that lock does not keep two of these from each other. Each
//! reads what is there and writes it with one thing more; what the other wrote between would be lost.

use crate::error::{Error, Result};
use crate::storage::Storage;
use std::fs::File;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Within this process, and of a medium in memory.
static ALONE: Mutex<()> = Mutex::new(());

/// While it is held nobody else changes checkpoints.
pub(super) struct Alone {
    /// The store's folder, locked: nothing has to be made, and a crash leaves nothing.
    _folder: Option<File>,
    _here: MutexGuard<'static, ()>,
}

/// Waits until nobody else changes checkpoints: the others take milliseconds.
///
/// # Errors
/// What the medium says of a lock.
pub(super) fn alone(storage: &dyn Storage) -> Result<Alone> {
    let here = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let lock = |root: &std::path::Path| {
        let folder = File::open(root)?;
        folder.lock()?;
        Ok(folder)
    };
    let folder = storage
        .local_path()
        .map(|root| lock(&root).map_err(|error: std::io::Error| Error::io("lock", root, error)));
    Ok(Alone { _folder: folder.transpose()?, _here: here })
}
