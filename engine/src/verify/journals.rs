//! The journals: what was acknowledged and is in no commit yet reads, and is named.

use super::segments::Log;
use super::{Report, Steps};
use crate::error::Result;
use crate::journal::beside::{self, FOLDERS};
use crate::storage::Storage;

/// What damage of a journal costs.
const LOST: &str = "what was acknowledged from there on and is in no commit; a server does not write this store until \
                    the file is put back or taken away";

pub(super) fn check(
    storage: &dyn Storage,
    log: &Log,
    report: &mut Report,
    steps: &mut Steps<'_>,
) -> Result<()> {
    let store = log.store.unwrap_or_default();
    for folder in FOLDERS {
        let files = beside::files(storage, &store, folder)?;
        steps.add(files.len());
        let mut entries = 0;
        for (path, file) in files {
            match file {
                Ok(file) => {
                    entries += file.entries;
                    if file.torn {
                        let at = file.length;
                        report.note(format!(
                            "{path}: what follows byte {at} is no whole frame: it is being written, or a crash left it"
                        ));
                    }
                }
                Err(error) => report.error(&path, &error, LOST),
            }
            steps.done(&path);
        }
        if entries > 0 {
            report.note(format!(
                "{folder}/: {entries} acknowledged {} in no commit yet: the next server that writes this store seals {}",
                if entries == 1 { "entry is" } else { "entries are" },
                if entries == 1 { "it" } else { "them" },
            ));
        }
        report.waiting += entries;
    }
    Ok(())
}
