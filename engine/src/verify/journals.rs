//! Journals: what was acknowledged and waits to be committed (docs/format.md, section 19).

use super::segments::Log;
use super::{Code, Report, Steps};
use crate::error::Result;
use crate::journal;
use crate::storage::Storage;

/// What damage of a journal costs.
const LOST: &str = "entries from there on that were acknowledged and are in no commit yet; commits are \
                    not touched";

pub(super) fn check(
    storage: &dyn Storage,
    log: &Log,
    report: &mut Report,
    steps: &mut Steps<'_>,
) -> Result<()> {
    for folder in journal::FOLDERS {
        let names = storage.list(folder)?;
        steps.add(names.len());
        let files = names.iter().filter(|name| name.ends_with(".lnj"));
        let newest = files.clone().next_back();
        for name in files {
            let path = format!("{folder}/{name}");
            let Some(bytes) = storage.read(&path)? else { continue };
            let store = log.store.unwrap_or_default();
            match journal::check(&path, &bytes, &store) {
                Ok((entries, torn)) => {
                    report.waiting += entries;
                    match torn {
                        Some(torn) if torn.was_durable || newest != Some(name) => {
                            report.fault(Code::JournalDamaged, &path, torn.at, torn.rule, LOST);
                        }
                        Some(torn) => report.note(format!(
                            "{path}: what follows byte {} is no whole frame; the next writer sets it \
                             aside",
                            torn.at
                        )),
                        None => {}
                    }
                }
                Err(error) => report.error(Code::JournalDamaged, &path, &error, LOST),
            }
            steps.done(&path)?;
        }
    }
    Ok(())
}
